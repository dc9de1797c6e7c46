package access

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/ledger"
	"bulwark/platform/outbox"
)

// itemKey names a piece of what is kept.
type itemKey struct{ kind, id string }

type itemRow struct {
	bun.BaseModel `bun:"table:access_item,alias:i"`
	Kind          string          `bun:"kind,pk"`
	ID            string          `bun:"id,pk"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

type stateRow struct {
	bun.BaseModel `bun:"table:access_state,alias:s"`
	Name          string `bun:"name,pk"`
	Value         int64  `bun:"value"`
}

// write keeps what a person changed, with its entry in the ledger, in one transaction. nil drops a piece. The lock is held.
func (a *Access) write(ctx context.Context, changes map[itemKey]any, e ledger.Entry) error {
	if a.needs.Fleeting {
		return nil
	}
	err := a.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := putItems(ctx, tx, changes); err != nil {
			return err
		}
		_, err := a.needs.Ledger.Append(ctx, tx, e)
		return err
	})
	if err == nil {
		for k := range changes {
			delete(a.unkept, k) // what waited is older
		}
	}
	return err
}

func putItems(ctx context.Context, tx bun.Tx, changes map[itemKey]any) error {
	var rows []itemRow
	var gone []itemKey
	for k, v := range changes {
		if v == nil {
			gone = append(gone, k)
			continue
		}
		doc, err := json.Marshal(v)
		if err != nil {
			return err
		}
		rows = append(rows, itemRow{Kind: k.kind, ID: k.id, Doc: doc})
	}
	if err := db.Put(ctx, tx, rows, "kind, id", "doc"); err != nil {
		return err
	}
	return db.Drop(ctx, tx, (*itemRow)(nil), gone, "kind, id", func(k itemKey) []any { return []any{k.kind, k.id} })
}

// pending is what is to be kept, as it stood at one moment.
type pending struct {
	docs map[itemKey]any
	out  outbox.Post
	seq  uint64
	born int64
}

// keep keeps what was learnt since it last did, with the events that follow, in one transaction.
func (a *Access) keep(ctx context.Context) error {
	a.saving.Lock()
	defer a.saving.Unlock()
	a.mu.Lock()
	p := pending{docs: map[itemKey]any{}, out: a.out.Pack(), seq: a.upTo.Seq, born: a.upTo.Born}
	var err error
	for k, v := range a.unkept {
		p.docs[k] = nil
		if v == nil {
			continue
		}
		var doc json.RawMessage
		if doc, err = json.Marshal(v); err != nil {
			break
		}
		p.docs[k] = doc
	}
	nothing := len(p.docs) == 0 && p.out.Empty() && p.seq == a.keptSeq
	taken := a.unkept
	if err == nil && !nothing {
		a.unkept = map[itemKey]any{}
	}
	a.mu.Unlock()
	if err != nil || nothing {
		return err
	}
	if !a.needs.Fleeting {
		err = a.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return p.write(ctx, tx) })
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		maps.Copy(taken, a.unkept) // what changed meanwhile is newer
		a.unkept = taken
		return err
	}
	a.out.Kept(p.out)
	a.keptSeq = p.seq
	return nil
}

func (p *pending) write(ctx context.Context, tx bun.Tx) error {
	if err := putItems(ctx, tx, p.docs); err != nil {
		return err
	}
	if err := p.out.Write(ctx, tx); err != nil {
		return err
	}
	state := []stateRow{{Name: "seq", Value: int64(p.seq)}, {Name: "born", Value: p.born}, {Name: "batch", Value: int64(p.out.Last)}}
	return db.Put(ctx, tx, state, "name", "value")
}

// load takes up what was kept.
func (a *Access) load(ctx context.Context) error {
	return a.needs.DB.Snapshot(ctx, func(ctx context.Context, tx bun.Tx) error {
		var rows []itemRow
		if err := tx.NewSelect().Model(&rows).Scan(ctx); err != nil {
			return err
		}
		for n := range rows {
			if err := a.take(&rows[n]); err != nil {
				return fmt.Errorf("reading %s %s: %w", rows[n].Kind, rows[n].ID, err)
			}
		}
		var state []stateRow
		if err := tx.NewSelect().Model(&state).Scan(ctx); err != nil {
			return err
		}
		last := uint64(0)
		for _, s := range state {
			switch s.Name {
			case "seq":
				a.upTo.Seq, a.keptSeq = uint64(s.Value), uint64(s.Value)
			case "born":
				a.upTo.Born = s.Value
			case "batch":
				last = uint64(s.Value)
			}
		}
		now := a.needs.Clock.Now()
		for id := range a.patients {
			a.putPatient(id, now)
		}
		return a.out.Load(ctx, tx, last)
	})
}

// take takes up one piece.
func (a *Access) take(row *itemRow) error {
	switch row.Kind {
	case "duty":
		return into(a.duties, row)
	case "team":
		return into(a.teams, row)
	case "grant":
		return into(a.grants, row)
	case "glass":
		return into(a.glasses, row)
	case "outage":
		return into(a.outages, row)
	case "stay":
		return into(a.patients, row)
	case "use":
		return into(a.uses, row)
	}
	return nil // of a later version
}

func into[T any](all map[string]*T, row *itemRow) error {
	v := new(T)
	if err := json.Unmarshal(row.Doc, v); err != nil {
		return err
	}
	all[row.ID] = v
	return nil
}
