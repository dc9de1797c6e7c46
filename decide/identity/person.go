package identity

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"golang.org/x/text/unicode/norm"

	"bulwark/platform/db"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

var (
	// ErrNoPerson means that there is nobody of that id.
	ErrNoPerson = errors.New("identity: no such person")
	// ErrLogin means that a login is not one: 2 to 64 of a-z, 0-9 and . _ - @, beginning with a letter or a digit.
	ErrLogin = errors.New("identity: not a login")
	// ErrLoginTaken means that somebody has that login.
	ErrLoginTaken = errors.New("identity: the login is taken")
	// ErrName means that a name is empty, longer than 100 characters, or not printable.
	ErrName = errors.New("identity: not a name")
	// ErrDuties means that duties are missing, unknown or listed twice.
	ErrDuties = errors.New("identity: not a list of duties")
	// ErrLastAdministrator means that nobody would be left to run Bulwark.
	ErrLastAdministrator = errors.New("identity: nobody else is an administrator")
	// ErrSelf means that nobody may do this to themselves.
	ErrSelf = errors.New("identity: not to oneself")
)

// Person is who asks, as the rooms see them.
type Person struct {
	ID     string     // never changes and is never given again
	Login  string     // what they type
	Name   string     // what they are called
	Duties []web.Duty // as of this request
	Roles  []string   // of the hospital: doctor, nurse
	// Session is the id of the session (not what its cookie holds), Methods how it was opened (RFC 8176: "pwd"), and
	// Proved when.
	Session string
	Methods []string
	Proved  time.Time
	// Device is from what they ask, where it proved which it is.
	Device Device
	// Degraded says that the database was lost, or the directory that they come from, when it was looked who asks.
	Degraded bool
	enrol    bool   // must first add a second factor
	renew    string // why they must first choose another password; "": they need not
}

// Has tells whether p has been given d.
func (p Person) Has(d web.Duty) bool { return slices.Contains(p.Duties, d) }

// Actor is p in the ledger.
func (p Person) Actor() string { return ledger.Person(p.ID) }

// LogValue keeps names out of the logs.
func (p Person) LogValue() slog.Value { return slog.StringValue(p.ID) }

type personRow struct {
	bun.BaseModel `bun:"table:identity_person,alias:p"`
	ID            string     `bun:"id,pk"`
	Login         string     `bun:"login"`
	Name          string     `bun:"name"`
	Duties        []web.Duty `bun:"duties,type:jsonb"`
	Created       time.Time  `bun:"created"`
	CreatedBy     string     `bun:"created_by"`
	Disabled      time.Time  `bun:"disabled,nullzero"`
	Source        string     `bun:"source"`
	External      string     `bun:"external"`
	Roles         []string   `bun:"roles,type:jsonb"`
	Units         []string   `bun:"units,type:jsonb"`
	Ended         bool       `bun:"ended"`
	National      string     `bun:"national"`
	Folded        string     `bun:"folded"` // what they are looked for by
	Told          time.Time  `bun:"told,nullzero"`
}

// factorKind is a way to prove who one is.
type factorKind string

const passwordFactor factorKind = "password"

type factorRow struct {
	bun.BaseModel `bun:"table:identity_factor,alias:f"`
	ID            string     `bun:"id,pk"`
	Person        string     `bun:"person"`
	Kind          factorKind `bun:"kind"`
	Label         string     `bun:"label"`
	Secret        string     `bun:"secret"`
	Created       time.Time  `bun:"created"`
	Used          time.Time  `bun:"used,nullzero"`
	Counter       int64      `bun:"counter"` // of the last code of an app that was taken
	Renew         string     `bun:"renew"`   // why a password must be replaced
}

// newID is a new id that sorts by time (RFC 9562, version 7).
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// loginOf is login as it is kept, or [ErrLogin].
func loginOf(login string) (string, error) {
	login = strings.ToLower(strings.TrimSpace(norm.NFKC.String(login)))
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{1,63}$`).MatchString(login) {
		return "", ErrLogin
	}
	return login, nil
}

// nameOf is name as it is kept, or [ErrName].
func nameOf(name string) (string, error) {
	name = strings.Join(strings.Fields(norm.NFC.String(name)), " ")
	bad := strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) })
	if n := utf8.RuneCountInString(name); n == 0 || n > 100 || bad || !utf8.ValidString(name) {
		return "", ErrName
	}
	return name, nil
}

// checkDuties refuses a list that is empty, or holds something twice or something that is no duty.
func checkDuties(duties []web.Duty) error {
	if len(duties) == 0 {
		return ErrDuties
	}
	for k, d := range duties {
		if !slices.Contains(web.Duties(), d) || slices.Contains(duties[:k], d) {
			return fmt.Errorf("%w: %q", ErrDuties, d)
		}
	}
	return nil
}

func words(duties []web.Duty) string {
	out := make([]string, len(duties))
	for i, d := range duties {
		out[i] = string(d)
	}
	return strings.Join(out, ",")
}

func person(ctx context.Context, tx bun.IDB, id string) (*personRow, error) {
	p := &personRow{}
	err := tx.NewSelect().Model(p).Where("id = ?", id).Scan(ctx)
	if db.NotFound(err) {
		return nil, ErrNoPerson
	}
	return p, err
}

// addPerson makes a person, who has no factor yet.
func (i *Identity) addPerson(ctx context.Context, tx bun.Tx, by, login, name string, duties []web.Duty) (*personRow, error) {
	taken, err := tx.NewSelect().Model((*personRow)(nil)).Where("login = ?", login).Exists(ctx)
	if err != nil {
		return nil, err
	}
	if taken {
		return nil, ErrLoginTaken
	}
	p := &personRow{ID: newID(), Login: login, Name: name, Duties: duties, Created: db.Time(i.clock.Now()), CreatedBy: by, Roles: []string{}, Units: []string{}}
	p.Folded = textOf(p)
	_, err = tx.NewInsert().Model(p).Exec(ctx)
	return p, err
}

// setPassword replaces the password of a person.
func (i *Identity) setPassword(ctx context.Context, tx bun.Tx, person, hash string) error {
	if err := dropKind(ctx, tx, person, passwordFactor); err != nil {
		return err
	}
	_, err := tx.NewInsert().Model(&factorRow{
		ID: newID(), Person: person, Kind: passwordFactor, Secret: hash, Created: db.Time(i.clock.Now()),
	}).Exec(ctx)
	return err
}

// dropFactors takes all away by which a person can prove who they are.
func dropFactors(ctx context.Context, tx bun.Tx, person string) error {
	_, err := tx.NewDelete().Model((*factorRow)(nil)).Where("person = ?", person).Exec(ctx)
	return err
}

// dropKind takes the factors of one kind away.
func dropKind(ctx context.Context, tx bun.Tx, person string, kind factorKind) error {
	_, err := tx.NewDelete().Model((*factorRow)(nil)).Where("person = ? AND kind = ?", person, kind).Exec(ctx)
	return err
}

// changedOne is err, or missing where nothing was changed.
func changedOne(r sql.Result, err, missing error) error {
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, missing)
	}
	return nil
}

// administrators counts those who could run Bulwark now, except one person.
func administrators(ctx context.Context, tx bun.IDB, except string) (int, error) {
	var able []personRow
	err := tx.NewSelect().Model(&able).Where("disabled IS NULL AND id <> ?", except).
		Where("EXISTS (SELECT 1 FROM identity_factor AS f WHERE f.person = p.id AND f.kind NOT IN ('badge', 'pin'))").Scan(ctx)
	n := 0
	for _, p := range able {
		if slices.Contains(p.Duties, web.Administrator) {
			n++
		}
	}
	return n, err
}

// othersRemain refuses what would leave Bulwark without an administrator.
func othersRemain(ctx context.Context, tx bun.IDB, without string) error {
	n, err := administrators(ctx, tx, without)
	if err == nil && n == 0 {
		return ErrLastAdministrator
	}
	return err
}

// change reads a person, lets do change them, and notes the act.
func (i *Identity) change(ctx context.Context, id string, a act, do func(ctx context.Context, tx bun.Tx, p *personRow) error) error {
	a.on = ledger.Person(id)
	return i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		p, err := person(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := do(ctx, tx, p); err != nil {
			return err
		}
		return i.note(ctx, tx, a)
	})
}

// setDuties gives a person other duties; they hold from the next request on.
func (i *Identity) setDuties(ctx context.Context, by Person, id string, duties []web.Duty) error {
	if len(duties) > 0 {
		if err := checkDuties(duties); err != nil {
			return err
		}
	}
	a := act{by: by.Actor(), name: "duties", detail: map[string]string{"now": words(duties)}}
	return i.change(ctx, id, a, func(ctx context.Context, tx bun.Tx, p *personRow) error {
		if s := i.sources[p.Source]; s != nil && s.rulesDuties() {
			return ErrOwned
		}
		if len(duties) == 0 && len(p.Roles) == 0 {
			return ErrDuties
		}
		a.detail["before"] = words(p.Duties)
		if !slices.Contains(duties, web.Administrator) {
			if err := othersRemain(ctx, tx, id); err != nil {
				return err
			}
		}
		text, err := json.Marshal(append([]web.Duty{}, duties...))
		if err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model(p).Set("duties = ?", string(text)).WherePK().Exec(ctx)
		return err
	})
}

// disable ends a person's sessions and links, and lets them open no more: not even where their directory has them again.
func (i *Identity) disable(ctx context.Context, by Person, id string) error {
	if by.ID == id {
		return ErrSelf
	}
	return i.change(ctx, id, act{by: by.Actor(), name: "disable"}, func(ctx context.Context, tx bun.Tx, p *personRow) error {
		if err := othersRemain(ctx, tx, id); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Model(p).Set("disabled = ?", db.Time(i.clock.Now())).Set("ended = ?", false).WherePK().Exec(ctx)
		return errors.Join(err, endSessions(ctx, tx, id, ""), i.dropLinks(ctx, tx, id))
	})
}

// enable lets a disabled person sign in again.
func (i *Identity) enable(ctx context.Context, by Person, id string) error {
	return i.change(ctx, id, act{by: by.Actor(), name: "enable"}, func(ctx context.Context, tx bun.Tx, p *personRow) error {
		_, err := tx.NewUpdate().Model(p).Set("disabled = NULL").Set("ended = ?", false).WherePK().Exec(ctx)
		return err
	})
}

// hasOwnPassword refuses what would change the password of somebody whose directory keeps it.
func (i *Identity) hasOwnPassword(ctx context.Context, id string) error {
	p, err := person(ctx, i.db.Read(), id)
	if err == nil && p.Source != "" {
		err = ErrOwned
	}
	return err
}

// changePassword replaces a person's own password, ends their other sessions, and gives this one
// another id. It returns [ErrSignIn] when current is not their password.
func (i *Identity) changePassword(ctx context.Context, p Person, current, next string) (opened, error) {
	if err := i.hasOwnPassword(ctx, p.ID); err != nil {
		return opened{}, err
	}
	if err := i.provePassword(ctx, p, current); err != nil {
		return opened{}, err
	}
	if err := i.acceptable(ctx, next, p); err != nil {
		return opened{}, err
	}
	hash, err := i.hasher.Hash(ctx, next)
	if err != nil {
		return opened{}, err
	}
	var o opened
	err = i.change(ctx, p.ID, act{by: p.Actor(), name: "password"}, func(ctx context.Context, tx bun.Tx, row *personRow) error {
		if !row.Disabled.IsZero() {
			return ErrSignIn
		}
		if err := errors.Join(i.remember(ctx, tx, p.ID), i.setPassword(ctx, tx, p.ID, hash), endSessions(ctx, tx, p.ID, p.Session)); err != nil {
			return err
		}
		o, err = i.renew(ctx, tx, p)
		return err
	})
	return o, err
}
