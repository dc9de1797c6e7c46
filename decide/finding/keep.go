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
	due          map[uint64]*item // of items, still to be copied
	items        []*snapshot
	merged       []merger
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
	return len(p.items)+len(p.merged)+len(p.rules)+len(p.suppressions)+len(p.gone)+len(p.lifted) == 0 && p.post.Empty() && p.seq == before
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
	p := f.begin()
	before := f.keptSeq
	f.mu.Unlock()
	f.little(func() bool { return f.copySome(p) })
	if p.empty(before) {
		return nil
	}
	err := f.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return p.write(ctx, tx) })
	if err == nil {
		f.mu.Lock()
		f.kept(p)
		f.mu.Unlock()
	}
	rest := p.items
	f.little(func() bool {
		n := min(len(rest), atOnce)
		f.settle(rest[:n], err == nil)
		rest = rest[n:]
		return len(rest) > 0
	})
	return err
}

// atOnce is how many findings are copied while the lock is held: alerts wait for it.
const atOnce = 1000

// little does something with the lock held, which is let go between, while there is more to do.
func (f *Findings) little(some func() (more bool)) {
	for more := true; more; {
		f.mu.Lock()
		more = some()
		f.mu.Unlock()
	}
}

// collect takes all that is to be kept. The lock is held.
func (f *Findings) collect() *pending {
	p := f.begin()
	for f.copySome(p) {
	}
	return p
}

// begin takes what is to be kept, as it stands. Findings are copied by [Findings.copySome], and each before it is changed.
func (f *Findings) begin() *pending {
	p := &pending{post: f.out.Pack(), due: f.changed, merged: slices.Clone(f.merged), gone: slices.Clone(f.gone), lifted: slices.Clone(f.lifted), seq: f.upTo.Seq}
	p.items, p.evidence = make([]*snapshot, 0, len(p.due)), make([]lentWitness, 0, len(p.due))
	f.changed, f.copying = map[uint64]*item{}, p
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
	p.state = []stateRow{{Name: "seq", Value: int64(f.upTo.Seq)}, {Name: "finding", Value: int64(f.last)}, {Name: "line", Value: int64(f.lastWord)},
		{Name: "suppression", Value: int64(f.lastJudge)}, {Name: "told", Value: int64(p.post.Last)}, {Name: "born", Value: f.upTo.Born}}
	return p
}

// copySome copies some of what is to be kept, and reports whether there is more. The lock is held.
func (f *Findings) copySome(p *pending) (more bool) {
	n := 0
	for _, it := range p.due {
		if n++; n > atOnce {
			return true
		}
		p.copy(it)
	}
	f.copying = nil
	return false
}

func (p *pending) copy(it *item) {
	delete(p.due, it.ID)
	p.items = append(p.items, &snapshot{item: *it, of: it})
	if it.fresh != nil {
		p.lend(int64(it.ID), it.fresh)
	}
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

// settle forgets what needs not be kept of findings any more, or that they are to be kept again. The lock is held.
func (f *Findings) settle(some []*snapshot, kept bool) {
	for _, s := range some {
		switch it := s.of; {
		case !kept && f.items[it.ID] == it:
			f.changed[it.ID] = it
		case kept && it.gen == s.gen: // nothing is new since
			it.fresh = nil
		}
	}
}

// kept forgets what needs not be kept any more, but of findings. The lock is held.
func (f *Findings) kept(p *pending) {
	f.out.Kept(p.post)
	f.gone, f.lifted, f.keptSeq = f.gone[len(p.gone):], f.lifted[len(p.lifted):], p.seq
	f.merged = f.merged[len(p.merged):]
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
	if err := p.writeMerged(ctx, tx); err != nil {
		return err
	}
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
	if err := putAs(ctx, tx, p.items, func(x **snapshot) (itemRow, error) {
		doc, err := json.Marshal(&(*x).item)
		return itemRow{ID: int64((*x).ID), Doc: doc}, err
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
