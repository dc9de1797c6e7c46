package identity

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/uptrace/bun"

	"bulwark/platform/web"
)

// Roles of the hospital (clinician, nurse...) and units are what policies read. Those of a directory's people are the directory's; of the others an
// administrator says them.

// ErrRoles means that roles are no words of small letters, digits and hyphens, or units no short names; or too many.
var ErrRoles = errors.New("identity: not roles or units")

// manyRoles is how many roles, and how many units, somebody can have.
const manyRoles = 50

var roleWord = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// place is what somebody does in the hospital, and where.
type place struct{ Roles, Units []string }

// kept is the place as it is kept: in order, nothing twice. Duties of the console are no roles: they are given as duties.
func (p place) kept() (place, error) {
	for _, r := range p.Roles {
		if !roleWord.MatchString(r) || slices.Contains(web.Duties(), web.Duty(r)) {
			return place{}, ErrRoles
		}
	}
	units := []string{}
	for _, u := range p.Units {
		u = strings.ToLower(strings.Join(strings.Fields(u), " "))
		if u == "" || len(u) > 63 || strings.ContainsFunc(u, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) {
			return place{}, ErrRoles
		}
		units = append(units, u)
	}
	roles := append([]string{}, p.Roles...)
	slices.Sort(roles)
	slices.Sort(units)
	p = place{slices.Compact(roles), slices.Compact(units)}
	if len(p.Roles) > manyRoles || len(p.Units) > manyRoles {
		return place{}, ErrRoles
	}
	return p, nil
}

// put gives a person their place.
func (p place) put(ctx context.Context, tx bun.Tx, row *personRow) error {
	roles, err := json.Marshal(p.Roles)
	if err != nil {
		return err
	}
	units, err := json.Marshal(p.Units)
	if err != nil {
		return err
	}
	if _, err := tx.NewUpdate().Model(row).Set("roles = ?", string(roles)).Set("units = ?", string(units)).WherePK().Exec(ctx); err != nil {
		return err
	}
	return refold(ctx, tx, row.ID)
}

// setPlace gives somebody other roles and units.
func (i *Identity) setPlace(ctx context.Context, by Person, id string, p place) error {
	p, err := p.kept()
	if err != nil {
		return err
	}
	a := act{by: by.Actor(), name: "roles", detail: map[string]string{"roles": strings.Join(p.Roles, ","), "units": strings.Join(p.Units, ",")}}
	return i.change(ctx, id, a, func(ctx context.Context, tx bun.Tx, row *personRow) error {
		switch {
		case row.Source != "":
			return ErrOwned
		case len(p.Roles) == 0 && len(row.Duties) == 0:
			return ErrDuties // somebody without either could do nothing
		}
		return p.put(ctx, tx, row)
	})
}

func (i *Identity) postRoles(w http.ResponseWriter, r *http.Request) {
	var in place
	if err := web.ReadJSON(r, &in); err != nil {
		i.fail(w, r, err)
		return
	}
	i.done(w, r, i.setPlace(r.Context(), me(r), r.PathValue("id"), in))
}
