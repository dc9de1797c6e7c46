package inventory

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/uptrace/bun"

	"bulwark/observe/inventory/internal/register"
	"bulwark/observe/inventory/internal/rhythm"
	"bulwark/platform/db"
	"bulwark/platform/outbox"
)

type traceRow struct {
	bun.BaseModel `bun:"table:inventory_trace,alias:t"`
	ID            int64  `bun:"id,pk"`
	Device        int64  `bun:"device"`
	Seen          int64  `bun:"seen"`
	Doc           []byte `bun:"doc"`
}

type seenRow struct {
	bun.BaseModel `bun:"table:inventory_seen,alias:e"`
	Block         int64  `bun:"block,pk"`
	Doc           []byte `bun:"doc"`
}

type sharedRow struct {
	bun.BaseModel `bun:"table:inventory_shared,alias:s"`
	Field         string `bun:"field,pk"`
	Value         string `bun:"value,pk"`
	Why           string `bun:"why"`
}

type useRow struct {
	bun.BaseModel `bun:"table:inventory_use,alias:u"`
	Block         int64  `bun:"block,pk"`
	Doc           []byte `bun:"doc"`
}

type rhythmRow struct {
	bun.BaseModel `bun:"table:inventory_rhythm,alias:r"`
	Trace         int64  `bun:"trace,pk"`
	Serves        int64  `bun:"serves,pk"`
	Counts        []byte `bun:"counts"`
}

type watchRow struct {
	bun.BaseModel `bun:"table:inventory_watch,alias:w"`
	Name          string `bun:"name,pk"`
	Doc           []byte `bun:"doc"`
}

type changeRow struct {
	bun.BaseModel `bun:"table:inventory_change,alias:c"`
	ID            int64           `bun:"id,pk"`
	Time          int64           `bun:"time"`
	Device        int64           `bun:"device"`
	Other         int64           `bun:"other"`
	Kind          string          `bun:"kind"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

type stateRow struct {
	bun.BaseModel `bun:"table:inventory_state,alias:i"`
	Name          string `bun:"name,pk"`
	Value         int64  `bun:"value"`
}

// Change is something that happened to a device: to its identity, or else to what it does.
type Change struct {
	register.Change
	Before string `json:",omitempty"`
	After  string `json:",omitempty"`
}

// change is a change with its number.
type change struct {
	id int64
	Change
}

type standingRow struct {
	bun.BaseModel `bun:"table:inventory_standing,alias:n"`
	Device        int64           `bun:"device,pk"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

// pending is what is to be kept, as it stood at one moment.
type pending struct {
	traces  []traceRow
	gone    []register.TraceID
	shared  []sharedRow
	all     bool // shared are all
	whole   bool // all that there is, in place of what was kept
	taken   int  // how many of the changes
	uses    []useRow
	seen    []seenRow
	rhythms []rhythmRow
	post    outbox.Post
	watch   []watchRow
	still   []rhythm.Key // that are no more
	changes []changeRow
	words   map[register.DeviceID]Word
	state   []stateRow
	stands  []standingRow
	left    []register.DeviceID // that have no standing any more
}

// Keep keeps what was learnt. Run does so by itself.
func (i *Inventory) Keep(ctx context.Context) error { return i.save(ctx) }

func (i *Inventory) save(ctx context.Context) error { return i.keep(ctx, false) }

// keep keeps what changed since it was last kept, and how far the bus was read, in one transaction. Where that fails the
// next writes all there is. last says that there may be no next: then it is kept, too, when each device was seen.
func (i *Inventory) keep(ctx context.Context, last bool) error {
	i.saving.Lock()
	defer i.saving.Unlock()
	p, err := i.collect(last)
	if err == nil {
		err = i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return p.write(ctx, tx) })
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.whole = err != nil
	if err == nil {
		i.out.Kept(p.post)
		i.changes, i.moved = i.changes[p.taken:], nil
	}
	return err
}

// collect takes what is to be kept, under the lock.
func (i *Inventory) collect(last bool) (*pending, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	news := i.book.register.News()
	if i.whole || len(news.Gone) > 0 {
		i.book.forget()
	}
	uses := i.book.links.Changed()
	weeks, still := i.book.rhythms.Changed()
	if i.whole {
		news, uses, weeks = i.book.register.Everything(), i.book.links.Everything(), i.book.rhythms.Everything()
	}
	p := &pending{post: i.out.Pack(), gone: news.Gone, all: news.Shared != nil, whole: i.whole, taken: len(i.changes), words: maps.Clone(i.moved), still: still}
	for _, t := range news.Traces {
		p.traces = append(p.traces, traceRow{ID: int64(t.ID), Device: int64(t.Device), Seen: t.Last, Doc: t.Append(nil)})
	}
	if i.whole || last || i.watch.at-i.seenAt >= seenEvery || i.watch.at < i.seenAt {
		p.seen, i.seenAt = packSeen(i.book.register), i.watch.at
	}
	for _, s := range news.Shared {
		p.shared = append(p.shared, sharedRow{Field: string(s.Field), Value: s.Value, Why: s.Why})
	}
	for _, b := range uses {
		p.uses = append(p.uses, useRow{Block: int64(b.Number), Doc: b.Doc})
	}
	for _, w := range weeks {
		p.rhythms = append(p.rhythms, rhythmRow{Trace: int64(w.Trace), Serves: oneIf(w.Serves), Counts: w.Counts})
	}
	for _, c := range i.changes {
		doc, err := json.Marshal(c.Change)
		if err != nil {
			return nil, err
		}
		p.changes = append(p.changes, changeRow{ID: c.id, Time: c.Time, Device: int64(c.Device), Other: int64(c.Other), Kind: string(c.Kind), Doc: doc})
	}
	if err := i.watch.collect(p); err != nil {
		return nil, err
	}
	p.state = []stateRow{{Name: "now", Value: i.watch.at}, {Name: "awake", Value: i.watch.awake}, {Name: "seq", Value: int64(i.upTo.Seq)}, {Name: "born", Value: i.upTo.Born}, {Name: "change", Value: i.lastChange}, {Name: "told", Value: int64(p.post.Last)},
		{Name: "trace", Value: int64(news.LastTrace)}, {Name: "device", Value: int64(news.LastDevice)}}
	return p, nil
}

func (p *pending) write(ctx context.Context, tx bun.Tx) error {
	if p.whole {
		for _, m := range [...]any{(*traceRow)(nil), (*useRow)(nil), (*rhythmRow)(nil), (*standingRow)(nil)} {
			if _, err := tx.NewDelete().Model(m).Where("1 = 1").Exec(ctx); err != nil {
				return err
			}
		}
	}
	if err := p.remove(ctx, tx); err != nil {
		return err
	}
	if p.all {
		if _, err := tx.NewDelete().Model((*sharedRow)(nil)).Where("1 = 1").Exec(ctx); err != nil {
			return err
		}
	}
	if err := db.Put(ctx, tx, p.traces, "id", "device", "seen", "doc"); err != nil {
		return err
	}
	if err := db.Put(ctx, tx, p.shared, "field, value", "why"); err != nil {
		return err
	}
	if err := db.Put(ctx, tx, p.seen, "block", "doc"); err != nil {
		return err
	}
	if err := db.Put(ctx, tx, p.uses, "block", "doc"); err != nil {
		return err
	}
	if err := p.post.Write(ctx, tx); err != nil {
		return err
	}
	if err := db.Put(ctx, tx, p.watch, "name", "doc"); err != nil {
		return err
	}
	if err := db.Put(ctx, tx, p.rhythms, "trace, serves", "counts"); err != nil {
		return err
	}
	if err := db.Put(ctx, tx, p.stands, "device", "doc"); err != nil {
		return err
	}
	if err := p.writeChanges(ctx, tx); err != nil {
		return err
	}
	for d, w := range p.words {
		if err := putWord(ctx, tx, d, w); err != nil {
			return err
		}
	}
	return db.Put(ctx, tx, p.state, "name", "value")
}

// remove takes away what is no more.
func (p *pending) remove(ctx context.Context, tx bun.Tx) error {
	if err := db.Drop(ctx, tx, (*traceRow)(nil), p.gone, "id", func(id register.TraceID) []any { return []any{id} }); err != nil {
		return err
	}
	if err := db.Drop(ctx, tx, (*standingRow)(nil), p.left, "device", func(d register.DeviceID) []any { return []any{d} }); err != nil {
		return err
	}
	if len(p.seen) > 0 {
		if _, err := tx.NewDelete().Model((*seenRow)(nil)).Where("1 = 1").Exec(ctx); err != nil {
			return err
		}
	}
	return db.Drop(ctx, tx, (*rhythmRow)(nil), p.still, "trace, serves", func(k rhythm.Key) []any { return []any{k.Trace, oneIf(k.Serves)} })
}

func oneIf(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// mostChanges is how many changes are kept in all; the oldest go.
const mostChanges = 500_000

func (p *pending) writeChanges(ctx context.Context, tx bun.Tx) error {
	if len(p.changes) == 0 {
		return nil
	}
	if err := db.Put(ctx, tx, p.changes, "id", "doc"); err != nil {
		return err
	}
	last := p.changes[len(p.changes)-1].ID
	_, err := tx.NewDelete().Model((*changeRow)(nil)).Where("id <= ?", last-mostChanges).Exec(ctx)
	return err
}
