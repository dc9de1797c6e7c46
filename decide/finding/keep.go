package finding

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/uptrace/bun"

	"bulwark/decide/finding/internal/signal"
	"bulwark/platform/db"
	"bulwark/platform/outbox"
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

type stateRow struct {
	bun.BaseModel `bun:"table:finding_state,alias:t"`
	Name          string `bun:"name,pk"`
	Value         int64  `bun:"value"`
}

// mostLines is how many lines of histories are kept in all; the oldest go.
const mostLines = 500_000

// pending is what is to be kept, as it stood at one moment.
type pending struct {
	items        []snapshot
	evidence     []lentWitness
	history      []lentLine
	rules        []*rule
	suppressions []saidOf
	gone, lifted []uint64
	post         outbox.Post
	state        []stateRow
	seq          uint64
}

// snapshot is a finding as it stood. Its lists are those of the finding, which are added to and never written over.
type snapshot struct {
	item
	of *item
}

// lentWitness and lentLine are what is new of a finding.
type lentWitness struct {
	finding int64
	slot    int
	witness
}

type lentLine struct {
	finding int64
	happening
}

// saidOf is a suppression as it stood.
type saidOf struct {
	suppression
	of *suppression
}

func (p *pending) empty(before uint64) bool {
	return len(p.items)+len(p.rules)+len(p.suppressions)+len(p.gone)+len(p.lifted) == 0 && p.post.Empty() && p.seq == before
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
		f.out.Kept(f.out.Pack())
		f.mu.Unlock()
		return nil
	}
	p := f.collect()
	before := f.keptSeq
	f.mu.Unlock()
	if p.empty(before) {
		return nil
	}
	if err := f.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return p.write(ctx, tx) }); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept(p)
	return nil
}

// collect takes what is to be kept. The lock is held: what takes long is done by whoever writes it.
func (f *Findings) collect() *pending {
	p := &pending{post: f.out.Pack(), gone: slices.Clone(f.gone), lifted: slices.Clone(f.lifted), seq: f.seq}
	p.items = make([]snapshot, 0, len(f.changed))
	for _, it := range f.changed {
		p.items = append(p.items, snapshot{item: *it, of: it})
		if it.fresh != nil {
			p.lend(int64(it.ID), it.fresh)
		}
	}
	for _, ru := range f.news {
		p.rules = append(p.rules, ru)
	}
	for _, all := range f.judged {
		for _, s := range all {
			if s.dirty {
				p.suppressions = append(p.suppressions, saidOf{*s, s})
			}
		}
	}
	p.state = []stateRow{{Name: "seq", Value: int64(f.seq)}, {Name: "finding", Value: int64(f.last)}, {Name: "line", Value: int64(f.lastWord)},
		{Name: "suppression", Value: int64(f.lastJudge)}, {Name: "told", Value: int64(p.post.Last)}, {Name: "born", Value: f.born}}
	return p
}

// lend takes what is new of a finding.
func (p *pending) lend(id int64, n *fresh) {
	for k := range n.evidence {
		if w := &n.evidence[k]; w.place != 0 {
			w.lent = true
			p.evidence = append(p.evidence, lentWitness{id, k, *w})
		}
	}
	for _, h := range n.history {
		p.history = append(p.history, lentLine{id, h})
	}
}

// kept forgets what needs not be kept any more. The lock is held.
func (f *Findings) kept(p *pending) {
	f.out.Kept(p.post)
	f.gone, f.lifted, f.keptSeq = f.gone[len(p.gone):], f.lifted[len(p.lifted):], p.seq
	for n := range p.items {
		if it := p.items[n].of; it.gen == p.items[n].gen { // nothing is new since
			it.fresh = nil
			delete(f.changed, it.ID)
		}
	}
	for n := range p.suppressions {
		s := p.suppressions[n].of
		s.dirty = s.Hits != p.suppressions[n].Hits
	}
	for _, ru := range p.rules {
		if f.news[ru.ID] == ru {
			delete(f.news, ru.ID)
		}
	}
}

func (p *pending) write(ctx context.Context, tx bun.Tx) error {
	for _, x := range [...]struct {
		model  any
		column string
		ids    []uint64
	}{{(*itemRow)(nil), "id", p.gone}, {(*evidenceRow)(nil), "finding", p.gone}, {(*historyRow)(nil), "finding", p.gone},
		{(*suppressionRow)(nil), "id", p.lifted}} {
		if err := db.Drop(ctx, tx, x.model, x.ids, x.column, func(id uint64) []any { return []any{int64(id)} }); err != nil {
			return err
		}
	}
	if err := putAs(ctx, tx, p.items, func(x *snapshot) (itemRow, error) {
		doc, err := json.Marshal(&x.item)
		return itemRow{ID: int64(x.ID), Doc: doc}, err
	}, "id", "doc"); err != nil {
		return err
	}
	if err := putAs(ctx, tx, p.rules, func(x **rule) (ruleRow, error) {
		doc, err := json.Marshal((*x).Rule)
		return ruleRow{ID: (*x).ID, Doc: doc}, err
	}, "id", "doc"); err != nil {
		return err
	}
	if err := putAs(ctx, tx, p.evidence, func(x *lentWitness) (evidenceRow, error) {
		return evidenceRow{Finding: x.finding, Slot: int64(x.slot), UID: signal.Clip(string(x.uid), maxName), Place: int64(x.place), Batch: x.batch}, nil
	}, "finding, slot", "uid", "place", "batch"); err != nil {
		return err
	}
	if err := putAs(ctx, tx, p.suppressions, func(x *saidOf) (suppressionRow, error) {
		doc, err := json.Marshal(&x.suppression)
		return suppressionRow{ID: int64(x.ID), Doc: doc}, err
	}, "id", "doc"); err != nil {
		return err
	}
	if err := p.post.Write(ctx, tx); err != nil {
		return err
	}
	if err := p.writeHistory(ctx, tx); err != nil {
		return err
	}
	return db.Put(ctx, tx, p.state, "name", "value")
}

func (p *pending) writeHistory(ctx context.Context, tx bun.Tx) error {
	if len(p.history) == 0 {
		return nil
	}
	if err := putAs(ctx, tx, p.history, func(x *lentLine) (historyRow, error) {
		doc, err := json.Marshal(&x.happening)
		return historyRow{ID: int64(x.id), Finding: x.finding, Doc: doc}, err
	}, "id", "doc"); err != nil {
		return err
	}
	var last int64
	for n := range p.history {
		last = max(last, int64(p.history[n].id))
	}
	_, err := tx.NewDelete().Model((*historyRow)(nil)).Where("id <= ?", last-mostLines).Exec(ctx)
	return err
}

// putAs inserts things as rows, some at a time.
func putAs[T, R any](ctx context.Context, tx bun.Tx, all []T, row func(*T) (R, error), key string, columns ...string) error {
	rows := make([]R, 0, min(len(all), db.RowsAtOnce))
	for some := range slices.Chunk(all, db.RowsAtOnce) {
		rows = rows[:0]
		for n := range some {
			r, err := row(&some[n])
			if err != nil {
				return err
			}
			rows = append(rows, r)
		}
		if err := db.Put(ctx, tx, rows, key, columns...); err != nil {
			return err
		}
	}
	return nil
}
