package inventory

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"bulwark/observe/inventory/internal/links"
	"bulwark/observe/inventory/internal/register"
	"bulwark/observe/inventory/internal/rhythm"
	"bulwark/platform/bus"
)

// load takes up what was kept.
func (i *Inventory) load(ctx context.Context) error {
	return i.db.Snapshot(ctx, func(ctx context.Context, tx bun.Tx) error {
		state := map[string]int64{}
		var states []stateRow
		if err := tx.NewSelect().Model(&states).Scan(ctx); err != nil {
			return err
		}
		for _, s := range states {
			state[s.Name] = s.Value
		}
		i.upTo = bus.Mark{Seq: uint64(state["seq"]), Born: state["born"]}
		i.lastChange = state["change"]
		if err := i.loadRegister(ctx, tx, state); err != nil {
			return err
		}
		if err := i.loadStandings(ctx, tx, state); err != nil {
			return err
		}
		if err := i.loadUses(ctx, tx); err != nil {
			return err
		}
		if err := i.out.Load(ctx, tx, uint64(state["told"])); err != nil {
			return err
		}
		if err := i.loadRhythms(ctx, tx); err != nil {
			return err
		}
		var words []wordRow
		if err := tx.NewSelect().Model(&words).Scan(ctx); err != nil {
			return err
		}
		for _, w := range words {
			i.words[register.DeviceID(w.Device)] = Word{Name: w.Name, Class: w.Class, Tier: Tier(w.Tier), Ward: w.Ward, Owner: w.Owner, Note: w.Note,
				Reference: w.Reference, Confirmed: w.Confirmed.UTC(), By: w.By, Rev: w.Rev}
		}
		return nil
	})
}

func (i *Inventory) loadRhythms(ctx context.Context, tx bun.IDB) error {
	var rows []rhythmRow
	if err := tx.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return err
	}
	for _, w := range rows {
		if err := i.book.rhythms.Put(rhythm.Row{Key: rhythm.Key{Trace: register.TraceID(w.Trace), Serves: w.Serves == 1}, Counts: w.Counts}); err != nil {
			return fmt.Errorf("rhythm of trace %d: %w", w.Trace, err)
		}
	}
	return nil
}

func (i *Inventory) loadStandings(ctx context.Context, tx bun.IDB, state map[string]int64) error {
	i.book.now, i.watch.at, i.watch.awake, i.watch.swept = state["now"], state["now"], state["awake"], state["awake"]
	var rows []standingRow
	if err := tx.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return err
	}
	for _, row := range rows {
		s := &standing{}
		if err := json.Unmarshal(row.Doc, s); err != nil {
			return fmt.Errorf("standing of device %d: %w", row.Device, err)
		}
		i.watch.standings[register.DeviceID(row.Device)] = s
	}
	i.resume()
	var noticed []watchRow
	if err := tx.NewSelect().Model(&noticed).Scan(ctx); err != nil {
		return err
	}
	for _, row := range noticed {
		if err := i.watch.recall(row.Doc); err != nil {
			return fmt.Errorf("what was noticed: %w", err)
		}
	}
	return nil
}

func (i *Inventory) loadUses(ctx context.Context, tx bun.IDB) error {
	var rows []useRow
	if err := tx.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return err
	}
	blocks := make([]links.Block, 0, len(rows))
	for _, row := range rows {
		blocks = append(blocks, links.Block{Number: uint32(row.Block), Doc: row.Doc})
	}
	return i.book.links.Restore(blocks)
}

func (i *Inventory) loadRegister(ctx context.Context, tx bun.IDB, state map[string]int64) error {
	s := register.State{LastTrace: register.TraceID(state["trace"]), LastDevice: register.DeviceID(state["device"])}
	var seen []seenRow
	if err := tx.NewSelect().Model(&seen).Scan(ctx); err != nil {
		return err
	}
	last, err := unpackSeen(seen)
	if err != nil {
		return err
	}
	var traces []traceRow
	if err := tx.NewSelect().Model(&traces).Order("id").Scan(ctx); err != nil {
		return err
	}
	var u register.Unpacker
	for _, row := range traces {
		t, err := u.Trace(row.Doc)
		if err != nil {
			return fmt.Errorf("trace %d: %w", row.ID, err)
		}
		t.ID, t.Device = register.TraceID(row.ID), register.DeviceID(row.Device)
		t.Last, t.Gap = max(row.Seen, last[t.ID].last), max(t.Gap, last[t.ID].gap)
		s.Traces = append(s.Traces, t)
	}
	var shared []sharedRow
	if err := tx.NewSelect().Model(&shared).Scan(ctx); err != nil {
		return err
	}
	for _, x := range shared {
		s.Shared = append(s.Shared, register.Shared{Field: register.Field(x.Field), Value: x.Value, Why: x.Why})
	}
	return i.book.register.Restore(s)
}

// seenEvery is how often at least it is kept when each device was seen last, where nothing else is new of it. It is less than the
// silence after which an address may be taken for left.
const seenEvery = int64(5 * time.Minute)

const seenInBlock = 4096 // traces

// packSeen are the rows that say when each trace was seen last.
func packSeen(r *register.Register) (rows []seenRow) {
	doc := []byte{} // of no trace it is empty, and not absent
	var n int
	var before register.TraceID
	for _, t := range r.State().Traces {
		doc = binary.AppendUvarint(doc, uint64(t.ID-before))
		doc = binary.AppendUvarint(binary.AppendVarint(doc, t.Last), uint64(t.Gap))
		before = t.ID
		if n++; n%seenInBlock == 0 {
			rows = append(rows, seenRow{Block: int64(len(rows)), Doc: doc})
			doc, before = []byte{}, 0
		}
	}
	return append(rows, seenRow{Block: int64(len(rows)), Doc: doc})
}

var errSeen = errors.New("inventory: bad row of when devices were seen")

// presence is when a trace was seen last, and its longest silence.
type presence struct{ last, gap int64 }

func unpackSeen(rows []seenRow) (map[register.TraceID]presence, error) {
	all := map[register.TraceID]presence{}
	for _, row := range rows {
		var id register.TraceID
		for b := row.Doc; len(b) > 0; {
			d, n := binary.Uvarint(b)
			last, m := binary.Varint(b[max(n, 0):])
			if n <= 0 || m <= 0 {
				return nil, errSeen
			}
			gap, k := binary.Uvarint(b[n+m:])
			if k <= 0 {
				return nil, errSeen
			}
			id += register.TraceID(d)
			all[id] = presence{last, int64(gap)}
			b = b[n+m+k:]
		}
	}
	return all, nil
}
