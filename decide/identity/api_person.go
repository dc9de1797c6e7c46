package identity

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// queryOf is what a request chooses people by.
func queryOf(r *http.Request) (peopleQuery, error) {
	v := r.URL.Query()
	q := peopleQuery{Words: v.Get("q"), Source: v.Get("source"), Role: v.Get("role"), Unit: v.Get("unit"), Duty: v.Get("duty"), State: v.Get("state"),
		Sort: v.Get("sort"), Cursor: v.Get("cursor")}
	var err error
	if text := v.Get("limit"); text != "" {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 || q.Limit > manyPeople {
			return q, ErrQuery
		}
	}
	return q, nil
}

func (i *Identity) getPeople(w http.ResponseWriter, r *http.Request) {
	q, err := queryOf(r)
	var page peoplePage
	var by choices
	if err == nil {
		page, err = i.page(r.Context(), q)
	}
	if err == nil && q.Cursor == "" { // the first page says what there is to choose by
		by, err = i.choicesOf(r.Context())
	}
	if err != nil {
		i.fail(w, r, err)
		return
	}
	web.JSON(w, http.StatusOK, struct {
		peoplePage
		choices
		Duties []web.Duty `json:"duties"`
	}{page, by, web.Duties()})
}

// getPeopleFile gives the chosen people as a table, and notes it.
func (i *Identity) getPeopleFile(w http.ResponseWriter, r *http.Request) {
	q, err := queryOf(r)
	if err == nil {
		q.Limit, q.Cursor = manyPeople, ""
		_, err = i.chosen(i.db.Read().NewSelect(), q)
	}
	if err == nil {
		err = i.db.Write(r.Context(), func(ctx context.Context, tx bun.Tx) error {
			return i.note(ctx, tx, act{by: me(r).Actor(), name: "export-people"})
		})
	}
	if err != nil {
		i.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="people.csv"`)
	out := csv.NewWriter(w)
	defer out.Flush()
	_ = out.Write([]string{"name", "login", "duties", "roles", "units", "directory", "state", "since", "seen"})
	for {
		page, err := i.page(r.Context(), q)
		if err != nil {
			panic(http.ErrAbortHandler) // half a table must not look whole
		}
		for _, p := range page.People {
			seen := ""
			if p.Seen != nil {
				seen = p.Seen.Format(time.RFC3339)
			}
			line := []string{p.Name, p.Login, words(p.Duties), strings.Join(p.Roles, ","), strings.Join(p.Units, ","), p.Source, p.State, p.Created.Format(time.RFC3339), seen}
			for n := range line {
				line[n] = cell(line[n])
			}
			_ = out.Write(line)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return
		}
	}
}

// cell is text that no spreadsheet takes for a formula.
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// factorAnswer is a factor of somebody, without its secret.
type factorAnswer struct {
	Kind    factorKind `json:"kind"`
	Label   string     `json:"label,omitempty"`
	Created time.Time  `json:"created"`
	Used    *time.Time `json:"used,omitempty"`
	Renew   string     `json:"renew,omitempty"` // why a password must be replaced
	Model   string     `json:"model,omitempty"` // of a passkey, where it is published
	// Outside is why the hospital's rules would not take the passkey now: synced, unproved, withdrawn, model or level.
	Outside string `json:"outside,omitempty"`
}

// signedAnswer is a sign-in of somebody.
type signedAnswer struct {
	Time    time.Time `json:"time"`
	Address string    `json:"address,omitempty"`
	Method  string    `json:"method,omitempty"`
}

// getPerson tells all that is known of somebody; of the rest of their sessions the help desk is told nothing.
func (i *Identity) getPerson(w http.ResponseWriter, r *http.Request) {
	ctx, p := r.Context(), me(r)
	row, err := person(ctx, i.db.Read(), r.PathValue("id"))
	if err != nil {
		i.fail(w, r, err)
		return
	}
	told, err := i.told(ctx, []*personRow{row})
	if err != nil {
		i.fail(w, r, err)
		return
	}
	out := struct {
		Person  personAnswer   `json:"person"`
		Factors []factorAnswer `json:"factors"`
		// Rules says that the directory has the say about their duties too.
		Rules bool `json:"rules"`
		// Messages says that they may show a code that is sent to them, which is weak.
		Messages bool           `json:"messages"`
		Badge    *badgeAnswer   `json:"badge,omitempty"`
		Sessions []openSession  `json:"sessions,omitempty"`
		Signed   []signedAnswer `json:"signed,omitempty"`
	}{Person: told[0], Messages: i.config.Messages.on(row)}
	if s := i.sources[row.Source]; s != nil {
		out.Rules = s.rulesDuties()
	}
	if out.Factors, err = i.factorsOf(ctx, row); err == nil && p.Has(web.Administrator) {
		if out.Sessions, _, err = i.openSessions(ctx, p, sessionQuery{Person: row.ID}); err == nil {
			out.Signed, err = i.signedOf(ctx, row.ID)
		}
		if err == nil {
			var badge badgeAnswer
			badge, err = i.badgeAndPIN(ctx, row.ID)
			out.Badge = &badge
		}
	}
	if err != nil {
		i.fail(w, r, err)
		return
	}
	web.JSON(w, http.StatusOK, out)
}

// factorsOf lists the factors of somebody; codes on paper are as many as are left.
func (i *Identity) factorsOf(ctx context.Context, p *personRow) ([]factorAnswer, error) {
	var rows []*factorRow
	err := i.db.Read().NewSelect().Model(&rows).Column("kind", "label", "created", "used", "renew", "secret").Where("person = ?", p.ID).OrderExpr("kind, created").Scan(ctx)
	out := []factorAnswer{}
	for _, f := range rows {
		a := factorAnswer{Kind: f.Kind, Label: f.Label, Created: f.Created, Renew: f.Renew}
		if !f.Used.IsZero() {
			a.Used = &f.Used
		}
		if f.Kind == passkeyFactor {
			var k passkey
			if err := json.Unmarshal([]byte(f.Secret), &k); err != nil {
				return nil, err
			}
			a.Outside, _ = i.models.outside(i.rulesFor(p.Duties, p.Roles), &k.Credential, i.clock.Now()) // that nobody can say is a warning
			a.Model = i.models.nameOf(k.Credential.Authenticator.AAGUID)
		}
		out = append(out, a)
	}
	return out, err
}

// manySigned is how many of the last sign-ins of somebody are told.
const manySigned = 10

func (i *Identity) signedOf(ctx context.Context, id string) ([]signedAnswer, error) {
	page, err := i.ledger.List(ctx, ledger.Query{Actor: ledger.Person(id), Act: "identity.sign-in", Limit: manySigned})
	out := []signedAnswer{}
	for _, e := range page.Entries {
		out = append(out, signedAnswer{e.Time, e.Detail["address"], e.Detail["method"]})
	}
	return out, err
}

// edited is what is changed of somebody in one act; what is nil stays.
type edited struct {
	Duties   *[]web.Duty
	Roles    *[]string
	Units    *[]string
	National *string
}

// edit changes somebody in one act: all of it or nothing.
func (i *Identity) edit(ctx context.Context, by Person, id string, e edited) error {
	a := act{by: by.Actor(), name: "edit", detail: map[string]string{}}
	return i.change(ctx, id, a, func(ctx context.Context, tx bun.Tx, p *personRow) error {
		duties, at := p.Duties, place{p.Roles, p.Units}
		if e.Duties != nil {
			duties = *e.Duties
		}
		if e.Roles != nil {
			at.Roles = *e.Roles
		}
		if e.Units != nil {
			at.Units = *e.Units
		}
		at, err := at.kept()
		switch s := i.sources[p.Source]; {
		case err != nil:
			return err
		case p.Source != "" && (!slices.Equal(at.Roles, p.Roles) || !slices.Equal(at.Units, p.Units)),
			s != nil && s.rulesDuties() && words(duties) != words(p.Duties):
			return ErrOwned
		}
		if len(duties) > 0 || len(at.Roles) == 0 { // somebody with neither could do nothing
			if err := checkDuties(duties); err != nil {
				return err
			}
		}
		if slices.Contains(p.Duties, web.Administrator) && !slices.Contains(duties, web.Administrator) {
			if err := othersRemain(ctx, tx, id); err != nil {
				return err
			}
		}
		a.detail["before"], a.detail["now"], a.detail["roles"], a.detail["units"] = words(p.Duties), words(duties), strings.Join(at.Roles, ","), strings.Join(at.Units, ",")
		text, err := json.Marshal(append([]web.Duty{}, duties...))
		if err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model(p).Set("duties = ?", string(text)).WherePK().Exec(ctx); err != nil {
			return err
		}
		if e.National != nil && *e.National != p.National {
			a.detail["national"] = "changed"
			if err := i.setNational(ctx, tx, id, *e.National); err != nil {
				return err
			}
		}
		return at.put(ctx, tx, p)
	})
}

func (i *Identity) postEdit(w http.ResponseWriter, r *http.Request) {
	var in edited
	err := web.ReadJSON(r, &in)
	if err == nil {
		err = i.edit(r.Context(), me(r), r.PathValue("id"), in)
	}
	i.done(w, r, err)
}

// manyInvited bounds who is invited at once.
const manyInvited = 200

// invitation is somebody who is to be invited.
type invitation struct {
	Login  string     `json:"login"`
	Name   string     `json:"name"`
	Duties []web.Duty `json:"duties"`
	Roles  []string   `json:"roles"`
	Units  []string   `json:"units"`
}

// invitedAnswer is what became of an invitation: what is wrong with it, or its link.
type invitedAnswer struct {
	Login  string      `json:"login"`
	Faults []string    `json:"faults,omitempty"`
	Link   *linkAnswer `json:"link,omitempty"`
}

// postSeveral invites several people: all, or none where one line is wrong. Dry: nobody, it says what is wrong.
func (i *Identity) postSeveral(w http.ResponseWriter, r *http.Request) {
	var in struct {
		People []invitation
		Dry    bool
	}
	err := web.ReadJSON(r, &in)
	if err == nil && (len(in.People) == 0 || len(in.People) > manyInvited) {
		err = ErrQuery
	}
	var out []invitedAnswer
	wrong := false
	if err == nil {
		out, wrong, err = i.inviteSeveral(r.Context(), me(r), in.People, in.Dry)
	}
	if err != nil {
		i.fail(w, r, err)
		return
	}
	for n := range out {
		if l := out[n].Link; l != nil {
			*l = i.urlOf(r, Link{l.URL, l.Ends})
		}
	}
	web.JSON(w, http.StatusOK, map[string]any{"people": out, "done": !in.Dry && !wrong})
}

// errTriedOnly takes back what was only tried.
var errTriedOnly = errors.New("identity: only tried")

func (i *Identity) inviteSeveral(ctx context.Context, by Person, all []invitation, dry bool) (out []invitedAnswer, wrong bool, err error) {
	err = i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		out, wrong = nil, false // the transaction may be tried again
		for _, v := range all {
			a := invitedAnswer{Login: v.Login}
			_, l, err := i.inviteIn(ctx, tx, by, v)
			if a.Faults = faultsOf(err); err != nil && len(a.Faults) == 0 {
				return err
			}
			wrong = wrong || err != nil
			if err == nil && !dry {
				a.Link = &linkAnswer{l.Path, l.Ends}
			}
			out = append(out, a)
		}
		if dry || wrong {
			return errTriedOnly
		}
		return nil
	})
	if errors.Is(err, errTriedOnly) {
		err = nil
		for n := range out {
			out[n].Link = nil
		}
	}
	return out, wrong, err
}

// faultsOf are the codes of what a person got wrong.
func faultsOf(err error) (codes []string) {
	for _, f := range apiFaults() {
		if err != nil && f.field != "" && errors.Is(err, f.err) {
			codes = append(codes, f.code)
		}
	}
	return codes
}
