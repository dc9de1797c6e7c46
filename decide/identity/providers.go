package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"bulwark/decide/identity/federation"
	"bulwark/platform/db"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// People whom an OpenID provider sends. Who they are here is said by a link, a factor of their own: it is made by themselves, by the number of a
// professional or, where the hospital says so, by the login; never by an e-mail address. What the provider proved counts as the hospital says.

const (
	providerFactor factorKind = "provider"
	// byProvider is how a session is opened by what a provider said (it is none of RFC 8176).
	byProvider = "fed"
	// awayLife is how long somebody may be at a provider.
	awayLife = 10 * time.Minute
	// manyLinks is how many accounts of providers one person can have.
	manyLinks = 10
)

var (
	// ErrStranger means that nobody here is joined to an account of a provider.
	ErrStranger = errors.New("identity: nobody here is joined to that account")
	// ErrJoined means that an account of a provider is somebody else's here.
	ErrJoined = errors.New("identity: that account is joined to somebody else")
	// ErrProvider means that there is no provider of that name.
	ErrProvider = errors.New("identity: no such provider")
	// ErrNational means that text is no number of a professional, or somebody else's.
	ErrNational = errors.New("identity: not a national number, or somebody else has it")
)

type arrivalRow struct {
	bun.BaseModel `bun:"table:identity_arrival,alias:v"`
	ID            string                `bun:"id,pk"`
	Person        string                `bun:"person"`
	Factor        string                `bun:"factor"`
	Provider      string                `bun:"provider"`
	Subject       string                `bun:"subject"`
	Session       string                `bun:"session"`
	Token         string                `bun:"token"`
	Methods       []string              `bun:"methods,type:jsonb"`
	Activities    []federation.Activity `bun:"activities,type:jsonb"`
	Activity      string                `bun:"activity"`
	Opened        bool                  `bun:"opened"`
	Created       time.Time             `bun:"created"`
}

func newProviders(n Needs) (map[string]*federation.Provider, error) {
	m := map[string]*federation.Provider{}
	var bad []error
	for _, c := range n.Config.Providers {
		p, err := federation.New(c, n.Clock)
		if err != nil {
			bad = append(bad, fmt.Errorf("identity.providers: %s: %w", c.Name, err))
			continue
		}
		m[c.Name] = p
	}
	return m, errors.Join(bad...)
}

// Providers tells how they stand, in order of their names.
func (i *Identity) Providers() []federation.State {
	all := []federation.State{}
	for _, c := range i.config.Providers {
		all = append(all, i.providers[c.Name].State())
	}
	return all
}

// TestProvider asks a provider now.
func (i *Identity) TestProvider(ctx context.Context, name string) (federation.State, error) {
	p := i.providers[name]
	if p == nil {
		return federation.State{}, ErrProvider
	}
	return p.Test(ctx)
}

// showsTwo tells whether what a provider says can count as two factors.
func (i *Identity) showsTwo(name string) bool {
	p := i.providers[name]
	return p != nil && len(p.Config.TwoFactors) > 0
}

// tellOfProvider has the state of a provider among the warnings, or not.
func (i *Identity) tellOfProvider(p *federation.Provider) {
	if i.health == nil {
		return
	}
	if s := p.State(); s.Fault != "" {
		i.health.Set(&providerAway, health.Args{"provider": s.Label})
	} else {
		i.health.Clear(&providerAway, s.Label)
	}
}

// subjectOf is how the name of an account is kept: it may hold the number of a professional.
func (i *Identity) subjectOf(issuer, subject string) string {
	m := hmac.New(sha256.New, i.subjects[:])
	m.Write([]byte(issuer + "\n" + subject))
	return hex.EncodeToString(m.Sum(nil))
}

// shown is what a provider proved, by the words of RFC 8176 that count here.
func shown(a *federation.Arrival) []string {
	methods := []string{byProvider}
	switch {
	case a.Two && a.Resistant && (slices.Contains(a.Methods, "hwk") || slices.Contains(a.Methods, "sc")):
		methods = append(methods, "hwk", "mfa")
	case a.Two && a.Resistant:
		methods = append(methods, "swk", "mfa")
	case a.Two:
		methods = append(methods, "mfa")
	}
	return methods
}

// arrive notes who came from a provider, and who that is here.
func (i *Identity) arrive(ctx context.Context, p *federation.Provider, a *federation.Arrival) (*arrivalRow, error) {
	var row *arrivalRow
	err := i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		who, f, err := i.whoCame(ctx, tx, p, a)
		if err != nil {
			return err
		}
		id := newID()
		row = &arrivalRow{ID: id, Person: who, Factor: f, Provider: p.Config.Name, Subject: i.subjectOf(a.Issuer, a.Subject), Session: a.Session,
			Token: i.kept.seal("arrival/"+id, []byte(a.Token)), Methods: shown(a), Activities: a.Activities, Created: db.Time(i.clock.Now())}
		if len(a.Activities) == 1 {
			row.Activity = a.Activities[0].ID
		}
		_, err = tx.NewInsert().Model(row).Exec(ctx)
		return err
	})
	return row, err
}

// whoCame is who an account of a provider belongs to here, and by what factor; or ErrStranger.
func (i *Identity) whoCame(ctx context.Context, tx bun.Tx, p *federation.Provider, a *federation.Arrival) (person, factor string, err error) {
	f := &factorRow{}
	err = tx.NewSelect().Model(f).Where("kind = ? AND secret = ?", providerFactor, i.subjectOf(a.Issuer, a.Subject)).Scan(ctx)
	if err == nil {
		if _, err := ablePerson(ctx, tx, f.Person); err != nil {
			return "", "", errors.Join(err, ErrStranger)
		}
		_, err = tx.NewUpdate().Model(f).Set("used = ?", db.Time(i.clock.Now())).WherePK().Exec(ctx)
		return f.Person, f.ID, err
	}
	if !db.NotFound(err) {
		return "", "", err
	}
	row, err := i.newcomer(ctx, tx, p, a)
	if err != nil {
		return "", "", err
	}
	factor, err = i.joinAccount(ctx, tx, row, p.Config.Name, a, ledger.Program("identity"))
	return row.ID, factor, err
}

// newcomer is who comes from a provider for the first time: somebody who is here by the same number or login, or somebody new. Administrators join
// their accounts themselves: what a provider says of logins must not reach that far.
func (i *Identity) newcomer(ctx context.Context, tx bun.Tx, p *federation.Provider, a *federation.Arrival) (*personRow, error) {
	login, loginErr := loginOf(a.Login)
	called, calledErr := loginOf(a.Called) // an address that somebody typed there must join nobody to whom it belongs here
	for _, by := range p.Config.Link {
		q := tx.NewSelect().Model((*personRow)(nil)).Where("disabled IS NULL")
		switch {
		case by == "national" && a.National != "":
			q = q.Where("national = ?", a.National)
		case by == "login" && calledErr == nil:
			q = q.Where("login = ?", called)
		default:
			continue
		}
		row := &personRow{}
		switch err := q.Model(row).Scan(ctx); {
		case err == nil && !slices.Contains(row.Duties, web.Administrator):
			return row, nil
		case err == nil || db.NotFound(err):
		default:
			return nil, err
		}
	}
	if !p.Config.Make || loginErr != nil {
		return nil, ErrStranger
	}
	name, err := nameOf(a.Name)
	if err != nil {
		name = login
	}
	row, err := i.addPerson(ctx, tx, ledger.Program("identity"), login, name, []web.Duty{})
	if errors.Is(err, ErrLoginTaken) {
		return nil, ErrStranger
	}
	if err == nil && a.National != "" {
		err = i.setNational(ctx, tx, row.ID, a.National)
		if errors.Is(err, ErrNational) {
			err = ErrStranger
		}
	}
	return row, err
}

// joinAccount joins an account of a provider to somebody, who has none of that provider yet.
func (i *Identity) joinAccount(ctx context.Context, tx bun.Tx, row *personRow, provider string, a *federation.Arrival, by string) (string, error) {
	key := i.subjectOf(a.Issuer, a.Subject)
	var had []*factorRow
	err := tx.NewSelect().Model(&had).Where("kind = ? AND (secret = ? OR person = ?)", providerFactor, key, row.ID).Scan(ctx)
	if err != nil {
		return "", err
	}
	for _, f := range had {
		switch {
		case f.Person == row.ID && f.Secret == key:
			return f.ID, nil
		case f.Person != row.ID, f.Label == provider, len(had) >= manyLinks:
			return "", ErrJoined
		}
	}
	f := &factorRow{ID: newID(), Person: row.ID, Kind: providerFactor, Label: provider, Secret: key, Created: db.Time(i.clock.Now()), Used: db.Time(i.clock.Now())}
	if _, err := tx.NewInsert().Model(f).Exec(ctx); err != nil {
		return "", err
	}
	return f.ID, i.note(ctx, tx, act{by: by, name: "join-account", on: ledger.Person(row.ID), detail: map[string]string{"provider": provider}})
}

// dropAccount takes an account of a provider from oneself.
func (i *Identity) dropAccount(ctx context.Context, p Person, provider string) error {
	if err := i.proved(p); err != nil {
		return err
	}
	return i.change(ctx, p.ID, act{by: p.Actor(), name: "drop-account", detail: map[string]string{"provider": provider}}, func(ctx context.Context, tx bun.Tx, _ *personRow) error {
		r, err := tx.NewDelete().Model((*factorRow)(nil)).Where("person = ? AND kind = ? AND label = ?", p.ID, providerFactor, provider).Exec(ctx)
		if err := changedOne(r, err, ErrProvider); err != nil {
			return err
		}
		if own, err := tx.NewSelect().Model((*factorRow)(nil)).Where("person = ?", p.ID).Exists(ctx); err != nil || !own {
			return errors.Join(err, ErrLastFactor) // nothing would be left to sign in with
		}
		_, err = tx.NewDelete().Model((*sessionRow)(nil)).Where("id <> ? AND arrival IN (?)", p.Session,
			tx.NewSelect().Model((*arrivalRow)(nil)).Column("id").Where("person = ? AND provider = ?", p.ID, provider)).Exec(ctx)
		return err
	})
}

// openArrival opens the session of somebody who came from a provider, or sends them to the second step where what the provider proved is not enough.
func (i *Identity) openArrival(ctx context.Context, id, activity string, from visitor) (opened, error) {
	var o opened
	err := i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		v := &arrivalRow{}
		err := tx.NewSelect().Model(v).Where("id = ? AND NOT opened", id).Scan(ctx)
		if db.NotFound(err) {
			return ErrStep
		}
		if err != nil {
			return err
		}
		if v.Activity == "" && len(v.Activities) > 0 {
			if !slices.ContainsFunc(v.Activities, func(a federation.Activity) bool { return a.ID == activity }) {
				return errActivity
			}
			v.Activity = activity
		}
		who, err := ablePerson(ctx, tx, v.Person)
		if err != nil {
			return err
		}
		once, err := tx.NewUpdate().Model(v).Set("opened = ?", true).Set("activity = ?", v.Activity).WherePK().Where("NOT opened").Exec(ctx)
		if err := changedOne(once, err, ErrStep); err != nil {
			return err
		}
		o, err = i.afterProvider(ctx, tx, who, v, from)
		return err
	})
	if o.due.Person != "" {
		i.refusals.begin(o.due.Person, from, i.clock.Now())
	}
	return o, err
}

// afterProvider is what an arrival opens.
func (i *Identity) afterProvider(ctx context.Context, tx bun.Tx, who *personRow, v *arrivalRow, from visitor) (opened, error) {
	open := i.open
	if !slices.Contains(v.Methods, "mfa") {
		kinds, err := secondFactors(ctx, tx, who.ID)
		if err != nil {
			return opened{}, err
		}
		if len(kinds) > 0 {
			return opened{person: who.ID, due: step{Person: who.ID, Password: v.Factor, Arrival: v.ID}}, nil
		}
		switch reach, err := i.reach(ctx, tx, who); {
		case err != nil:
			return opened{}, err
		case reach != nil:
			return opened{person: who.ID, due: step{Person: who.ID, Password: v.Factor, Arrival: v.ID, Message: true}}, nil
		}
		if !i.mayDoWithPassword(who.Duties) {
			open = i.openEnrolling
		}
	}
	o, err := open(ctx, tx, who.ID, v.Methods, from)
	if err != nil {
		return opened{}, err
	}
	if err := cameBy(ctx, tx, o, v.ID); err != nil {
		return opened{}, err
	}
	return o, i.note(ctx, tx, act{by: ledger.Person(who.ID), name: "sign-in", detail: v.detail(from)})
}

func (v *arrivalRow) detail(from visitor) map[string]string {
	d := map[string]string{"address": from.address, "method": byProvider, "provider": v.Provider}
	for _, a := range v.Activities {
		if a.ID == v.Activity {
			d["activity"] = a.Profession + " " + a.Place
		}
	}
	return d
}

// cameBy notes how the person of a session came.
func cameBy(ctx context.Context, tx bun.Tx, o opened, arrival string) error {
	_, err := tx.NewUpdate().Model((*sessionRow)(nil)).Set("arrival = ?", arrival).Where("hash = ?", hashOf(o.token)).Exec(ctx)
	return err
}

// proveByProvider renews the session of somebody whom the provider has just asked again.
func (i *Identity) proveByProvider(ctx context.Context, p Person, provider string, a *federation.Arrival) (opened, error) {
	methods := shown(a)
	if !slices.Contains(methods, "mfa") || p.Resistant() && !a.Resistant {
		return opened{}, ErrStep
	}
	var o opened
	err := i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		theirs, err := tx.NewSelect().Model((*factorRow)(nil)).Where("person = ? AND kind = ? AND label = ? AND secret = ?", p.ID, providerFactor, provider, i.subjectOf(a.Issuer, a.Subject)).Exists(ctx)
		if err != nil || !theirs {
			return errors.Join(err, ErrJoined)
		}
		o, err = i.renewed(ctx, tx, p, byProvider+" "+provider, methods...)
		return err
	})
	return o, err
}

// endedThere ends the sessions of whom a provider says that they signed out there.
func (i *Identity) endedThere(ctx context.Context, provider string, e federation.Ended) error {
	return i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		q := tx.NewSelect().Model((*arrivalRow)(nil)).Column("id").Where("provider = ?", provider)
		if e.Session != "" {
			q = q.Where("session = ?", e.Session)
		}
		if e.Subject != "" {
			q = q.Where("subject = ?", i.subjectOf(e.Issuer, e.Subject))
		}
		// Whoever is choosing an activity comes in no more.
		if _, err := tx.NewUpdate().Model((*arrivalRow)(nil)).Set("opened = ?", true).Where("id IN (?)", q).Exec(ctx); err != nil {
			return err
		}
		var over []*sessionRow
		if err := tx.NewSelect().Model(&over).Where("arrival IN (?)", q).Scan(ctx); err != nil {
			return err
		}
		for _, s := range over {
			if _, err := tx.NewDelete().Model(s).WherePK().Exec(ctx); err != nil {
				return err
			}
			if err := endShifts(ctx, tx, s.Person); err != nil { // nor by a tap
				return err
			}
			if err := i.note(ctx, tx, act{by: ledger.Program("identity"), name: "signed-out-there", on: "session:" + s.ID, detail: map[string]string{"provider": provider}}); err != nil {
				return err
			}
		}
		return nil
	})
}

// setNational gives somebody the number of a professional that a provider knows them by; "" takes it away.
func (i *Identity) setNational(ctx context.Context, tx bun.Tx, person, number string) error {
	if number != "" {
		if number = federation.National(number); number == "" {
			return ErrNational
		}
		taken, err := tx.NewSelect().Model((*personRow)(nil)).Where("national = ? AND id <> ?", number, person).Exists(ctx)
		if err != nil || taken {
			return errors.Join(err, ErrNational)
		}
	}
	if _, err := tx.NewUpdate().Model((*personRow)(nil)).Set("national = ?", number).Where("id = ?", person).Exec(ctx); err != nil {
		return err
	}
	return refold(ctx, tx, person)
}

// sweepArrivals deletes those whose session is over.
func sweepArrivals(ctx context.Context, tx bun.Tx, before time.Time) error {
	_, err := tx.NewDelete().Model((*arrivalRow)(nil)).Where("created <= ? AND NOT EXISTS (SELECT 1 FROM identity_session AS s WHERE s.arrival = v.id)", before).Exec(ctx)
	return err
}
