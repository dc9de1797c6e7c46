package access

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/ledger"
	"bulwark/platform/outbox"
)

// itemKey names a piece of what is kept.
type itemKey struct{ kind, id string }

type itemRow struct {
	bun.BaseModel `bun:"table:access_item,alias:i" json:"-"`
	Kind          string          `bun:"kind,pk" json:"kind"`
	ID            string          `bun:"id,pk" json:"id"`
	Doc           json.RawMessage `bun:"doc,type:jsonb" json:"doc"`
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

// patience is how long the database may take to keep what care waits for.
const patience = 2 * time.Second

// keepOrWait is [Access.write] for what care cannot wait for: while the database is lost it stands in memory, and in what [Needs.Wait] keeps.
// The lock is held.
func (a *Access) keepOrWait(ctx context.Context, changes map[itemKey]any, e ledger.Entry) error {
	if a.needs.Wait == nil {
		return a.write(ctx, changes, e)
	}
	rows, _, err := rowsOf(changes)
	if err != nil {
		return err
	}
	kept, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	wait := func(err error) bool {
		if !a.needs.Wait(ctx, err, e, kept) {
			return false
		}
		maps.Copy(a.unkept, changes)
		return true
	}
	if wait(nil) {
		return nil
	}
	limit, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := a.write(limit, changes, e); err != nil && !wait(err) {
		return err
	}
	return nil
}

// takeWaited takes up what waited for the database when the program ended. What is kept already is as new or newer.
func (a *Access) takeWaited() error {
	for _, text := range a.needs.Waited {
		var rows []itemRow
		if err := json.Unmarshal(text, &rows); err != nil {
			return err
		}
		for _, r := range rows {
			k := itemKey{r.Kind, r.ID}
			if _, waits := a.unkept[k]; r.Kind != "glass" || a.glasses[r.ID] != nil && !waits {
				continue
			}
			if err := a.take(&r); err != nil {
				return err
			}
			a.unkept[k] = a.glasses[r.ID]
		}
	}
	return nil
}

// errKeeping means that somebody keeps what memory holds already.
var errKeeping = errors.New("access: it is being kept")

// Settle keeps what memory holds, at once.
func (a *Access) Settle(ctx context.Context) error {
	if !a.saving.TryLock() { // by somebody whom a database that is silent may hold up for long
		return errKeeping
	}
	defer a.saving.Unlock()
	return a.keepHeld(ctx)
}

func putItems(ctx context.Context, tx bun.Tx, changes map[itemKey]any) error {
	rows, gone, err := rowsOf(changes)
	if err != nil {
		return err
	}
	if err := db.Put(ctx, tx, rows, "kind, id", "doc"); err != nil {
		return err
	}
	return db.Drop(ctx, tx, (*itemRow)(nil), gone, "kind, id", func(k itemKey) []any { return []any{k.kind, k.id} })
}

// rowsOf are the rows of what is kept, and the keys of what is dropped.
func rowsOf(changes map[itemKey]any) (rows []itemRow, gone []itemKey, err error) {
	for k, v := range changes {
		if v == nil {
			gone = append(gone, k)
			continue
		}
		doc, err := json.Marshal(v)
		if err != nil {
			return nil, nil, err
		}
		rows = append(rows, itemRow{Kind: k.kind, ID: k.id, Doc: doc})
	}
	return rows, gone, nil
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
	return a.keepHeld(ctx)
}

func (a *Access) keepHeld(ctx context.Context) error {
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
		a.tie()
		for id, p := range a.patients {
			a.number(id, p, now)
			a.nameAll(id, p)
		}
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
		if err := into(a.glasses, row); err != nil {
			return err
		}
		g := a.glasses[row.ID]
		delete(a.glasses, row.ID)
		a.putGlass(g)
		return nil
	case "outage":
		return into(a.outages, row)
	case "stay":
		return into(a.patients, row)
	case "use":
		return into(a.uses, row)
	case "held":
		return into(a.tenures, row)
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
