package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

var (
	// ErrLink means that a one-time link was never made, was used, was replaced, or is too old.
	ErrLink = errors.New("identity: the link is not good any more")
	// ErrSetUp means that there already is an administrator, who invites others.
	ErrSetUp = errors.New("identity: Bulwark is set up")
)

// linkKind is what a one-time link is for.
type linkKind string

const (
	setupLink  linkKind = "setup"
	inviteLink linkKind = "invite"
	resetLink  linkKind = "reset"
)

const (
	setupLife  = 24 * time.Hour
	inviteLife = 72 * time.Hour
)

type linkRow struct {
	bun.BaseModel `bun:"table:identity_link,alias:l"`
	Hash          string    `bun:"hash,pk"`
	Kind          linkKind  `bun:"kind"`
	Person        string    `bun:"person,nullzero"`
	Created       time.Time `bun:"created"`
	Ends          time.Time `bun:"ends"`
	Used          time.Time `bun:"used,nullzero"`
}

// Link is a one-time link as it is handed out, once: only its hash is kept.
type Link struct {
	// Path follows the address of the console: "/invite/...".
	Path string
	// Ends is until when it is good.
	Ends time.Time
}

// newToken is 256 random bits, for a cookie or a path.
func newToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// hashOf is how a token is kept. It is random, so a plain hash is enough.
func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// addLink makes a link, in the place of earlier ones of the same person and, for set-up, of any.
func (i *Identity) addLink(ctx context.Context, tx bun.Tx, kind linkKind, person string) (Link, error) {
	if err := i.dropLinks(ctx, tx, person); err != nil {
		return Link{}, err
	}
	life, path := inviteLife, "/invite/"
	if kind == setupLink {
		life, path = setupLife, "/setup/"
	}
	now, token := db.Time(i.clock.Now()), newToken()
	row := &linkRow{Hash: hashOf(token), Kind: kind, Person: person, Created: now, Ends: now.Add(life)}
	_, err := tx.NewInsert().Model(row).Exec(ctx)
	return Link{path + token, row.Ends}, err
}

// dropLinks deletes the links of a person; those of nobody are the set-up links.
func (i *Identity) dropLinks(ctx context.Context, tx bun.Tx, person string) error {
	q := tx.NewDelete().Model((*linkRow)(nil))
	if person == "" {
		q = q.Where("person IS NULL")
	} else {
		q = q.Where("person = ?", person)
	}
	_, err := q.Exec(ctx)
	return err
}

// link is the link that token opens, or [ErrLink].
func (i *Identity) link(ctx context.Context, tx bun.IDB, token string, kinds ...linkKind) (*linkRow, error) {
	l := &linkRow{}
	err := tx.NewSelect().Model(l).Where("hash = ? AND used IS NULL", hashOf(token)).Where("kind IN (?)", bun.List(kinds)).Scan(ctx)
	if db.NotFound(err) || err == nil && !i.clock.Now().Before(l.Ends) {
		return nil, ErrLink
	}
	return l, err
}

// use marks the link that token opens as used; it is the only one to do so.
func (i *Identity) use(ctx context.Context, tx bun.Tx, token string, kinds ...linkKind) (*linkRow, error) {
	l, err := i.link(ctx, tx, token, kinds...)
	if err != nil {
		return nil, err
	}
	_, err = tx.NewUpdate().Model(l).Set("used = ?", db.Time(i.clock.Now())).WherePK().Exec(ctx)
	return l, err
}

// SetupLink makes the link that makes the first administrator, good once and for 24 hours; earlier ones are void. It
// returns [ErrSetUp] when there is an administrator.
func (i *Identity) SetupLink(ctx context.Context) (Link, error) {
	var l Link
	err := i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		n, err := administrators(ctx, tx, "")
		if err != nil {
			return err
		}
		if n > 0 {
			return ErrSetUp
		}
		if l, err = i.addLink(ctx, tx, setupLink, ""); err != nil {
			return err
		}
		return i.note(ctx, tx, act{by: ledger.Host, name: "setup-link"})
	})
	return l, err
}

// ResetLink makes a link with which the person of that login chooses a new password. It is for whoever holds the
// machine itself, when no administrator can sign in any more. It returns [ErrNoPerson] when there is nobody of that
// login, or when they are disabled.
func (i *Identity) ResetLink(ctx context.Context, login string) (Link, error) {
	login, err := loginOf(login)
	if err != nil {
		return Link{}, err
	}
	p := &personRow{}
	err = i.db.Read().NewSelect().Model(p).Where("login = ? AND disabled IS NULL", login).Scan(ctx)
	if db.NotFound(err) {
		return Link{}, ErrNoPerson
	}
	if err != nil {
		return Link{}, err
	}
	return i.reset(ctx, ledger.Host, p.ID)
}

// setUp makes the first administrator and opens their session.
func (i *Identity) setUp(ctx context.Context, token string, c credentials, from visitor) (opened, error) {
	if _, err := i.link(ctx, i.db.Read(), token, setupLink); err != nil {
		return opened{}, err
	}
	hash, err := i.credentials(ctx, &c)
	if err != nil {
		return opened{}, err
	}
	var o opened
	err = i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := i.use(ctx, tx, token, setupLink); err != nil {
			return err
		}
		if n, err := administrators(ctx, tx, ""); err != nil || n > 0 {
			return errors.Join(err, ErrLink)
		}
		p, err := i.addPerson(ctx, tx, ledger.Host, c.login, c.name, []web.Duty{web.Administrator})
		if err != nil {
			return err
		}
		if err := i.setPassword(ctx, tx, p.ID, hash); err != nil {
			return err
		}
		if o, err = i.afterLink(ctx, tx, p, from); err != nil {
			return err
		}
		return i.note(ctx, tx, act{by: ledger.Person(p.ID), name: "setup", on: ledger.Person(p.ID)})
	})
	return o, err
}

// invite makes a person, and the link with which they choose their password.
func (i *Identity) invite(ctx context.Context, by Person, login, name string, duties []web.Duty, at place) (*personRow, Link, error) {
	var p *personRow
	var l Link
	err := i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		p, l, err = i.inviteIn(ctx, tx, by, invitation{login, name, duties, at.Roles, at.Units})
		return err
	})
	return p, l, err
}

// inviteIn is invite within tx. What is wrong with v is told whole, before anything is written.
func (i *Identity) inviteIn(ctx context.Context, tx bun.Tx, by Person, v invitation) (*personRow, Link, error) {
	login, loginErr := loginOf(v.Login)
	name, nameErr := nameOf(v.Name)
	at, rolesErr := place{v.Roles, v.Units}.kept()
	var dutiesErr error
	if len(v.Duties) > 0 || len(at.Roles) == 0 { // a carer has a role, and no duty of the console
		dutiesErr = checkDuties(v.Duties)
	}
	if err := errors.Join(loginErr, nameErr, dutiesErr, rolesErr); err != nil {
		return nil, Link{}, err
	}
	p, err := i.addPerson(ctx, tx, by.Actor(), login, name, append([]web.Duty{}, v.Duties...))
	if err != nil {
		return nil, Link{}, err
	}
	if err := at.put(ctx, tx, p); err != nil {
		return nil, Link{}, err
	}
	p.Roles, p.Units = at.Roles, at.Units
	l, err := i.addLink(ctx, tx, inviteLink, p.ID)
	if err != nil {
		return nil, Link{}, err
	}
	return p, l, i.note(ctx, tx, act{by: by.Actor(), name: "invite", on: ledger.Person(p.ID), detail: map[string]string{"duties": words(v.Duties)}})
}

// reset takes a person's factors and sessions away, and makes the link with which they choose another.
func (i *Identity) reset(ctx context.Context, by, id string) (Link, error) {
	var l Link
	err := i.change(ctx, id, act{by: by, name: "reset-link"}, func(ctx context.Context, tx bun.Tx, p *personRow) error {
		if !p.Disabled.IsZero() {
			return ErrNoPerson
		}
		if p.Source != "" {
			return ErrOwned
		}
		hadOne, err := tx.NewSelect().Model((*factorRow)(nil)).Where("person = ?", id).Exists(ctx)
		if err != nil {
			return err
		}
		kind := inviteLink
		if hadOne {
			kind = resetLink
		}
		if l, err = i.addLink(ctx, tx, kind, id); err != nil {
			return err
		}
		return errors.Join(i.remember(ctx, tx, id), dropFactors(ctx, tx, id), endSessions(ctx, tx, id, ""))
	})
	return l, err
}

// accept gives the person of an invitation, or of a reset, their password, and opens their session.
func (i *Identity) accept(ctx context.Context, token, secret string, from visitor) (opened, error) {
	p, _, err := i.invited(ctx, token)
	if err != nil {
		return opened{}, err
	}
	if err := i.acceptable(ctx, secret, Person{ID: p.ID, Login: p.Login, Name: p.Name}); err != nil {
		return opened{}, err
	}
	hash, err := i.hasher.Hash(ctx, secret)
	if err != nil {
		return opened{}, err
	}
	var o opened
	err = i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		l, err := i.use(ctx, tx, token, inviteLink, resetLink)
		if err != nil {
			return err
		}
		if p, err = person(ctx, tx, l.Person); err != nil || !p.Disabled.IsZero() {
			return errors.Join(err, ErrLink)
		}
		if err := errors.Join(i.remember(ctx, tx, p.ID), i.setPassword(ctx, tx, p.ID, hash), endSessions(ctx, tx, p.ID, "")); err != nil {
			return err
		}
		if o, err = i.afterLink(ctx, tx, p, from); err != nil {
			return err
		}
		return i.note(ctx, tx, act{by: ledger.Person(p.ID), name: "accept", on: ledger.Person(p.ID), detail: map[string]string{"link": string(l.Kind)}})
	})
	return o, err
}

// afterLink is the session of somebody who has just chosen a password: they have no other factor, so they add one first.
func (i *Identity) afterLink(ctx context.Context, tx bun.Tx, p *personRow, from visitor) (opened, error) {
	if i.mayDoWithPassword(p.Duties) {
		return i.open(ctx, tx, p.ID, byPassword(), from)
	}
	return i.openEnrolling(ctx, tx, p.ID, byPassword(), from)
}

// invited is the person to whom a link was given.
func (i *Identity) invited(ctx context.Context, token string) (*personRow, linkKind, error) {
	l, err := i.link(ctx, i.db.Read(), token, inviteLink, resetLink)
	if err != nil {
		return nil, "", err
	}
	p, err := person(ctx, i.db.Read(), l.Person)
	if err == nil && !p.Disabled.IsZero() {
		err = ErrLink
	}
	return p, l.Kind, err
}

// credentials are what the first administrator chooses.
type credentials struct{ name, login, password string }

// credentials checks c, puts it in the form that is kept, and makes the hash of its password. Every fault is told.
func (i *Identity) credentials(ctx context.Context, c *credentials) (hash string, err error) {
	login, loginErr := loginOf(c.login)
	name, nameErr := nameOf(c.name)
	if err := errors.Join(loginErr, nameErr, i.acceptable(ctx, c.password, Person{Login: c.login, Name: c.name})); err != nil {
		return "", err
	}
	c.login, c.name = login, name
	return i.hasher.Hash(ctx, c.password)
}
