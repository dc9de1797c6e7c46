package snmp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// errStays means that a switch took an order, and has the object as it was.
var errStays = errors.New("it took the order, and has it as it was")

// changes are those of a memo. What is no memo of ours is touched by nobody.
func changes(memo string) (all []change, err error) {
	if memo == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(memo), &all); err != nil {
		return nil, fmt.Errorf("%w: its memo: %w", ErrOrder, err)
	}
	for _, c := range all {
		if !strings.HasPrefix(c.OID, dot1qPvid+".") && !strings.HasPrefix(c.OID, ifAdminStatus+".") {
			return nil, fmt.Errorf("%w: its memo names %q", ErrOrder, c.OID)
		}
	}
	return all, nil
}

// Drive writes what is wanted where it is not so, and what was there before where it is undone. It returns why single ones cannot be.
func (s *Snmp) Drive(ctx context.Context, want, undo []Order) (map[uint64]error, error) {
	if len(s.config.Switches) == 0 {
		return nil, ErrNone
	}
	refused := map[uint64]error{}
	var mu sync.Mutex
	var all sync.WaitGroup
	drive := func(o *Order, fn func(*talk, change) error) {
		all.Go(func() {
			if err := s.at(ctx, o, fn); err != nil {
				mu.Lock()
				refused[o.ID] = err
				mu.Unlock()
			}
		})
	}
	for i := range undo {
		drive(&undo[i], (*talk).putBack)
	}
	all.Wait() // before what is wanted: an order may wait for the port of another
	for i := range want {
		if !want[i].Later {
			drive(&want[i], (*talk).put)
		}
	}
	all.Wait()
	return refused, nil
}

// at calls fn for each change of an order, at its switch.
func (s *Snmp) at(ctx context.Context, o *Order, fn func(*talk, change) error) error {
	all, err := changes(o.Memo)
	if err != nil {
		return err
	}
	var bad error
	for _, c := range all {
		if err := s.atSwitch(ctx, c, fn); err != nil {
			bad = errors.Join(bad, fmt.Errorf("%s, port %s: %w", c.Switch, c.Port, err))
		}
	}
	return bad
}

func (s *Snmp) atSwitch(ctx context.Context, c change, fn func(*talk, change) error) error {
	n := slices.IndexFunc(s.config.Switches, func(w Switch) bool { return w.Name == c.Switch })
	if n < 0 {
		return fmt.Errorf("%w: snmp.switches does not name it any more", ErrOrder)
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	t, err := s.config.Switches[n].dial(ctx)
	if err != nil {
		return err
	}
	defer t.close()
	return fn(t, c)
}

// put writes what is wanted, and reads it back.
func (t *talk) put(c change) error {
	return t.swap(c.OID, c.Want, func(now int) bool { return now != c.Want })
}

// putBack writes what was there before, where it is still as we wrote it: what somebody chose since is theirs.
func (t *talk) putBack(c change) error {
	return t.swap(c.OID, c.Was, func(now int) bool { return now == c.Want })
}

func (t *talk) swap(oid string, n int, due func(now int) bool) error {
	now, err := t.number(oid)
	if err != nil || !due(now) {
		return err
	}
	if err := t.set(oid, n); err != nil {
		return err
	}
	if now, err = t.number(oid); err == nil && now != n {
		return errStays
	}
	return err
}

// Read says which of the orders are in force by what the switches have, and of which it could not be found out.
func (s *Snmp) Read(ctx context.Context, orders []Order) (held map[uint64]bool, unknown map[uint64]error, err error) {
	if len(s.config.Switches) == 0 {
		return nil, nil, ErrNone
	}
	held, unknown = map[uint64]bool{}, map[uint64]error{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range orders {
		o := &orders[i]
		if o.Later {
			continue
		}
		all.Go(func() {
			so := o.Memo != ""
			err := s.at(ctx, o, func(t *talk, c change) error {
				now, err := t.number(c.OID)
				so = so && now == c.Want
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				unknown[o.ID] = err
				return
			}
			held[o.ID] = so
		})
	}
	all.Wait()
	return held, unknown, nil
}
