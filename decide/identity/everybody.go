package identity

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/uptrace/bun"

	"bulwark/platform/web"
)

// Everybody are all people, as others need to know them: without names.
func (i *Identity) Everybody(ctx context.Context) ([]Known, error) {
	var rows []*personRow
	if remembered, lost := i.everybodyLost(); lost {
		rows = remembered
	} else if err := i.db.Read().NewSelect().Model(&rows).OrderExpr("id").Scan(ctx); err != nil {
		return nil, err
	}
	all := make([]Known, len(rows))
	for n, p := range rows {
		all[n] = Known{ID: p.ID, Login: p.Login, Duties: p.Duties, Roles: p.Roles, Units: p.Units, Disabled: !p.Disabled.IsZero()}
	}
	return all, nil
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
