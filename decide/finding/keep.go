package finding

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"bulwark/decide/finding/internal/signal"
)

type itemRow struct {
	bun.BaseModel `bun:"table:finding_item,alias:i"`
	ID            int64           `bun:"id,pk"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

type ruleRow struct {
	bun.BaseModel `bun:"table:finding_rule,alias:r"`
	ID            string          `bun:"id,pk"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

type evidenceRow struct {
	bun.BaseModel `bun:"table:finding_evidence,alias:e"`
	Finding       int64  `bun:"finding,pk"`
	Slot          int64  `bun:"slot,pk"`
	UID           string `bun:"uid"`
	Place         int64  `bun:"place"`
	Batch         []byte `bun:"batch"`
}

type historyRow struct {
	bun.BaseModel `bun:"table:finding_history,alias:h"`
	ID            int64           `bun:"id,pk"`
	Finding       int64           `bun:"finding"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

type suppressionRow struct {
	bun.BaseModel `bun:"table:finding_suppression,alias:s"`
	ID            int64           `bun:"id,pk"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

type outRow struct {
	bun.BaseModel `bun:"table:finding_outbox,alias:o"`
	ID            int64  `bun:"id,pk"`
	Batch         []byte `bun:"batch"`
}

type stateRow struct {
	bun.BaseModel `bun:"table:finding_state,alias:t"`
	Name          string `bun:"name,pk"`
	Value         int64  `bun:"value"`
}

// Bounds of what is written.
const (
	rowsAtOnce = 500     // in one statement: SQLite takes 32,766 values in one
	mostLines  = 500_000 // lines of histories in all; the oldest go
)

// pending is what is to be kept, as it stood at one moment.
type pending struct {
	items        []itemRow
	gens         map[*item]uint64 // as of when
	rules        []ruleRow
	fromRules    map[string]*rule
	evidence     []evidenceRow
	history      []historyRow
	suppressions []suppressionRow
	hits         map[*suppression]uint64
	gone, lifted []uint64
	parcels      []outRow
	sent         []uint64
	state        []stateRow
	seq          uint64
}

func (p *pending) empty(before uint64) bool {
	return len(p.items)+len(p.rules)+len(p.suppressions)+len(p.gone)+len(p.lifted)+len(p.parcels)+len(p.sent) == 0 && p.seq == before
}

// Keep keeps what was found. Run does so by itself.
func (f *Findings) Keep(ctx context.Context) error { return f.keep(ctx) }

// keep keeps what changed since it was last kept, and how far the bus was read, in one transaction. Where that fails the next
// writes it again.
func (f *Findings) keep(ctx context.Context) error {
	f.saving.Lock()
	defer f.saving.Unlock()
	f.mu.Lock()
	if f.needs.Fleeting {
		f.out.pack()
		f.out.kept(len(f.out.packed), len(f.out.sent))
		f.mu.Unlock()
		return nil
	}
	p, err := f.collect()
	before := f.keptSeq
	f.mu.Unlock()
	if err != nil || p.empty(before) {
		return err
	}
	if err := f.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return p.write(ctx, tx) }); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept(p)
	return nil
}

// collect takes what is to be kept. The lock is held.
func (f *Findings) collect() (*pending, error) {
	f.out.pack()
	p := &pending{gens: map[*item]uint64{}, fromRules: map[string]*rule{}, hits: map[*suppression]uint64{}, gone: slices.Clone(f.gone), lifted: slices.Clone(f.lifted), sent: slices.Clone(f.out.sent), seq: f.seq}
	for _, it := range f.changed {
		if err := p.add(it); err != nil {
			return nil, err
		}
	}
	for id, ru := range f.news {
		doc, err := json.Marshal(ru.Rule)
		if err != nil {
			return nil, err
		}
		p.rules, p.fromRules[id] = append(p.rules, ruleRow{ID: id, Doc: doc}), ru
	}
	for _, all := range f.judged {
		for _, s := range all {
			if !s.dirty {
				continue
			}
			doc, err := json.Marshal(s)
			if err != nil {
				return nil, err
			}
			p.suppressions = append(p.suppressions, suppressionRow{ID: int64(s.ID), Doc: doc})
			p.hits[s] = s.Hits
		}
	}
	for _, x := range f.out.packed {
		p.parcels = append(p.parcels, outRow{ID: int64(x.id), Batch: x.batch})
	}
	p.state = []stateRow{{Name: "seq", Value: int64(f.seq)}, {Name: "finding", Value: int64(f.last)}, {Name: "line", Value: int64(f.lastWord)},
		{Name: "suppression", Value: int64(f.lastJudge)}, {Name: "told", Value: int64(f.out.last)}, {Name: "born", Value: f.born}}
	return p, nil
}

// add takes a finding with what is new of it.
func (p *pending) add(it *item) error {
	doc, err := json.Marshal(it)
	if err != nil {
		return err
	}
	p.items, p.gens[it] = append(p.items, itemRow{ID: int64(it.ID), Doc: doc}), it.gen
	if it.fresh == nil {
		return nil
	}
	for n := range it.fresh.evidence {
		if w := &it.fresh.evidence[n]; w.place != 0 {
			p.evidence = append(p.evidence, evidenceRow{Finding: int64(it.ID), Slot: int64(n), UID: signal.Clip(string(w.uid), maxName), Place: int64(w.place), Batch: bytes.Clone(w.batch)})
		}
	}
	for _, h := range it.fresh.history {
		doc, err := json.Marshal(h)
		if err != nil {
			return err
		}
		p.history = append(p.history, historyRow{ID: int64(h.id), Finding: int64(it.ID), Doc: doc})
	}
	return nil
}

// kept forgets what needs not be kept any more. The lock is held.
func (f *Findings) kept(p *pending) {
	f.out.kept(len(p.parcels), len(p.sent))
	f.gone, f.lifted, f.keptSeq = f.gone[len(p.gone):], f.lifted[len(p.lifted):], p.seq
	for it, gen := range p.gens {
		if it.gen == gen { // nothing is new since
			it.fresh = nil
			delete(f.changed, it.ID)
		}
	}
	for s, hits := range p.hits {
		s.dirty = s.Hits != hits
	}
	for id, ru := range p.fromRules {
		if f.news[id] == ru {
			delete(f.news, id)
		}
	}
}

func (p *pending) write(ctx context.Context, tx bun.Tx) error {
	for _, x := range [...]struct {
		model  any
		column string
		ids    []uint64
	}{{(*itemRow)(nil), "id", p.gone}, {(*evidenceRow)(nil), "finding", p.gone}, {(*historyRow)(nil), "finding", p.gone},
		{(*suppressionRow)(nil), "id", p.lifted}, {(*outRow)(nil), "id", p.sent}} {
		if err := drop(ctx, tx, x.model, x.column, x.ids); err != nil {
			return err
		}
	}
	if err := put(ctx, tx, p.items, "id", "doc"); err != nil {
		return err
	}
	if err := put(ctx, tx, p.rules, "id", "doc"); err != nil {
		return err
	}
	if err := put(ctx, tx, p.evidence, "finding, slot", "uid", "place", "batch"); err != nil {
		return err
	}
	if err := put(ctx, tx, p.suppressions, "id", "doc"); err != nil {
		return err
	}
	if err := put(ctx, tx, p.parcels, "id", "batch"); err != nil {
		return err
	}
	if err := p.writeHistory(ctx, tx); err != nil {
		return err
	}
	return put(ctx, tx, p.state, "name", "value")
}

func (p *pending) writeHistory(ctx context.Context, tx bun.Tx) error {
	if len(p.history) == 0 {
		return nil
	}
	if err := put(ctx, tx, p.history, "id", "doc"); err != nil {
		return err
	}
	var last int64
	for _, h := range p.history {
		last = max(last, h.ID)
	}
	_, err := tx.NewDelete().Model((*historyRow)(nil)).Where("id <= ?", last-mostLines).Exec(ctx)
	return err
}

// drop deletes the rows of a table with these numbers.
func drop(ctx context.Context, tx bun.Tx, model any, column string, ids []uint64) error {
	for some := range slices.Chunk(ids, rowsAtOnce) {
		args := []any{bun.Ident(column)}
		for _, id := range some {
			args = append(args, int64(id))
		}
		if _, err := tx.NewDelete().Model(model).Where("? IN ("+strings.Repeat(", ?", len(some))[2:]+")", args...).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// put inserts rows, or takes the place of those with the same key.
func put[T any](ctx context.Context, tx bun.Tx, rows []T, key string, columns ...string) error {
	for some := range slices.Chunk(rows, rowsAtOnce) {
		q := tx.NewInsert().Model(&some).On("CONFLICT (" + key + ") DO UPDATE")
		for _, c := range columns {
			q = q.Set("? = EXCLUDED.?", bun.Ident(c), bun.Ident(c))
		}
		if _, err := q.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
