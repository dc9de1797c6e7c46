package identity

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/web"
)

// readAgain is how old a list of people may be although the ledger has nothing new: somebody may have changed the database by hand.
const readAgain = 15 * time.Second

// register is the list of people as it was read last. Access asks each second, and they seldom change.
type register struct {
	mu   sync.Mutex // guards what follows
	size int64      // of the ledger before it was read: every change of a person is in it
	read time.Time
	all  []Known
}

// Everybody are all people, as others need to know them: without names. The list is the caller's, what it holds is shared.
func (i *Identity) Everybody(ctx context.Context) ([]Known, error) {
	if remembered, lost := i.everybodyLost(); lost {
		return briefly(remembered), nil
	}
	size, err := i.ledger.Size(ctx)
	if err != nil {
		return nil, err
	}
	r, now := &i.register, i.clock.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all != nil && r.size == size && now.Sub(r.read).Abs() < readAgain {
		return slices.Clone(r.all), nil
	}
	var rows []*personRow
	err = i.db.Read().NewSelect().Model(&rows).Column("id", "login", "name", "national", "duties", "roles", "units", "disabled").OrderExpr("id").Scan(ctx)
	if err != nil {
		return nil, err
	}
	r.all, r.size, r.read = briefly(rows), size, now
	return slices.Clone(r.all), nil
}

func briefly(rows []*personRow) []Known {
	all := make([]Known, len(rows))
	for n, p := range rows {
		all[n] = Known{ID: p.ID, Login: p.Login, Name: p.Name, National: p.National, Duties: p.Duties, Roles: p.Roles, Units: p.Units, Disabled: !p.Disabled.IsZero()}
	}
	return all
}

// Names are what people are called, by id.
func (i *Identity) Names(ctx context.Context) (map[string]string, error) {
	var rows []*personRow
	if err := i.db.Read().NewSelect().Model(&rows).Column("id", "name").Scan(ctx); err != nil {
		return nil, err
	}
	all := make(map[string]string, len(rows))
	for _, p := range rows {
		all[p.ID] = p.Name
	}
	return all, nil
}

// Known is somebody who is known.
type Known struct {
	ID, Login string
	Name      string
	National  string // empty: none is known
	Duties    []web.Duty
	Roles     []string // of the hospital: doctor, nurse
	Units     []string
	Disabled  bool
}

// TakeDuty takes a duty from a person: the last one is not taken, nor that of the last administrator.
func (i *Identity) TakeDuty(ctx context.Context, actor, id string, duty web.Duty, reason string) error {
	a := act{by: actor, name: "duties", detail: map[string]string{"reason": reason}}
	return i.change(ctx, id, a, func(ctx context.Context, tx bun.Tx, p *personRow) error {
		left := slices.DeleteFunc(slices.Clone(p.Duties), func(d web.Duty) bool { return d == duty })
		a.detail["before"], a.detail["now"] = words(p.Duties), words(left)
		if err := checkDuties(left); err != nil {
			return err
		}
		if !slices.Contains(left, web.Administrator) {
			if err := othersRemain(ctx, tx, id); err != nil {
				return err
			}
		}
		text, err := json.Marshal(left)
		if err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model(p).Set("duties = ?", string(text)).WherePK().Exec(ctx)
		return err
	})
}
