package inventory

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"bulwark/observe/inventory/internal/register"
	"bulwark/platform/ledger"
)

// Merge makes one device of two, because a person says so. It returns the one that stays.
func (i *Inventory) Merge(ctx context.Context, actor string, a, b uint64) (Device, error) {
	err := i.change(ctx, ledger.Entry{Actor: actor, Act: "inventory.merge", Object: fmt.Sprintf("device/%d", a), Outcome: ledger.Done,
		Detail: map[string]string{"with": fmt.Sprint(b)}}, func(now int64) error {
		if err := i.book.register.Merge(register.DeviceID(a), register.DeviceID(b), actor, now); err != nil {
			return fmt.Errorf("%w: %w", ErrNoDevice, err)
		}
		return nil
	})
	if err != nil {
		return Device{}, err
	}
	return i.Show(min(a, b))
}

// Split makes a device of its own of some addresses of one, because a person says so. It returns the new one.
func (i *Inventory) Split(ctx context.Context, actor string, id uint64, traces []uint64) (Device, error) {
	var out register.DeviceID
	list := make([]register.TraceID, 0, len(traces))
	for _, t := range traces {
		list = append(list, register.TraceID(t))
	}
	err := i.change(ctx, ledger.Entry{Actor: actor, Act: "inventory.split", Object: fmt.Sprintf("device/%d", id), Outcome: ledger.Done,
		Detail: map[string]string{"traces": fmt.Sprint(traces)}}, func(now int64) (err error) {
		out, err = i.book.register.Split(register.DeviceID(id), list, actor, now)
		return err
	})
	if err != nil {
		return Device{}, err
	}
	return i.Show(uint64(out))
}

// change does what a person asks, with its entry in the ledger.
func (i *Inventory) change(ctx context.Context, e ledger.Entry, do func(now int64) error) error {
	i.mu.Lock()
	now := i.clock.Now().UnixNano()
	if i.fleeting && i.book.now != 0 {
		now = i.book.now // a capture ends when it ends, whatever people do with it later
	}
	err := do(now)
	i.mu.Unlock()
	if err != nil {
		return err
	}
	if _, err := i.ledger.Record(ctx, e); err != nil {
		return err
	}
	if i.fleeting {
		return nil
	}
	return i.save(ctx)
}

// Happening is something that happened to a device.
type Happening struct {
	Time   time.Time  `json:"time"`
	Kind   string     `json:"kind"`
	Other  uint64     `json:"other,omitempty"`
	Field  string     `json:"field,omitempty"`
	Value  string     `json:"value,omitempty"`
	Before string     `json:"before,omitempty"`
	After  string     `json:"after,omitempty"`
	Addr   netip.Addr `json:"address,omitzero"`
	Why    string     `json:"why,omitempty"`
}

const mostHappenings = 200

// Changes are what happened to a device, the last first.
func (i *Inventory) Changes(ctx context.Context, id uint64) ([]Happening, error) {
	var rows []changeRow
	err := i.db.Read().NewSelect().Model(&rows).Where("device = ? OR other = ?", int64(id), int64(id)).
		Order("time DESC", "id DESC").Limit(mostHappenings).Scan(ctx)
	if err != nil {
		return nil, err
	}
	all := []Happening{}
	add := func(c Change) {
		h := Happening{Before: c.Before, After: c.After, Time: at(c.Time), Kind: string(c.Kind), Other: uint64(c.Other), Field: string(c.Field), Value: c.Value, Addr: c.Addr, Why: c.Why}
		if uint64(c.Other) == id {
			h.Other = uint64(c.Device)
		}
		all = append(all, h)
	}
	i.mu.RLock()
	for _, c := range slices.Backward(i.changes) {
		if uint64(c.Device) == id || uint64(c.Other) == id {
			add(c.Change)
		}
	}
	i.mu.RUnlock()
	for _, row := range rows {
		var c Change
		if err := json.Unmarshal(row.Doc, &c); err != nil {
			return nil, fmt.Errorf("change %d: %w", row.ID, err)
		}
		add(c)
	}
	return all[:min(len(all), mostHappenings)], nil
}
