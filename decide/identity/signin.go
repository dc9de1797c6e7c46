package identity

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"bulwark/decide/identity/internal/password"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

// byPassword is how a session is opened with a password alone.
func byPassword() []string { return []string{"pwd"} }

// ErrSignIn means that login and password do not belong together, or to anybody.
var ErrSignIn = errors.New("identity: login or password is not right")

// WaitError means that too many attempts failed, and how long the next one has to wait.
type WaitError struct{ Wait time.Duration }

func (e *WaitError) Error() string {
	return fmt.Sprintf("identity: wait %v", e.Wait.Round(time.Second))
}

// signIn opens a session for whoever knows the password. Whether the login exists, is a directory's or disabled, or the password is
// wrong, it answers the same after the same work: [ErrSignIn], or [ErrAway] while a directory does not answer.
func (i *Identity) signIn(ctx context.Context, login, secret string, from visitor) (opened, error) {
	login, _ = loginOf(login) // what is no login is nobody's
	p, hash, err := i.byLogin(ctx, login)
	if err != nil {
		return opened{}, err
	}
	key := i.attemptKey(login, p, from)
	if wait := i.begin(key); wait > 0 {
		i.refusals.add(nil, from)
		return opened{}, &WaitError{wait}
	}
	begun := i.clock.Now()
	others, stop := i.askOthers(ctx, hash, secret)
	defer stop()
	right, err := i.verify(ctx, p, hash, secret)
	if err != nil && !errors.Is(err, ErrAway) {
		i.takeBack(key) // it was never tried
		return opened{}, err
	}
	if !right { // an attempt that no directory heard counts too: else how often one may try tells whose login it is
		others()
		i.inStep(ctx, begun)
		if i.someAway() {
			return opened{}, ErrAway
		}
		i.refusals.add(p, from)
		return opened{}, ErrSignIn
	}
	o, err := i.welcome(ctx, p, hash, secret, from)
	if o.due.Person != "" {
		i.refusals.begin(o.due.Person, from, i.clock.Now())
	}
	if err == nil {
		i.takeBack(key)
		i.logins.Succeeded(key.login)
	}
	return o, err
}

// byLogin is the person who can sign in with login and the hash of their password; nobody and "" where there is none.
func (i *Identity) byLogin(ctx context.Context, login string) (p *personRow, hash string, err error) {
	p, f := &personRow{}, &factorRow{}
	err = i.db.Read().NewSelect().Model(p).Where("login = ? AND disabled IS NULL", login).Scan(ctx)
	if err == nil {
		err = i.db.Read().NewSelect().Model(f).Where("person = ? AND kind = ?", p.ID, passwordFactor).Scan(ctx)
	}
	if db.NotFound(err) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("looking for a login: %w", err)
	}
	return p, f.Secret, nil
}

// attempt is under what an attempt is counted.
type attempt struct {
	login   string
	network string // "" for a browser that is known: others of its address do not concern it
}

// attemptKey is under what the attempts on a login are counted: apart for a browser that the person has used before.
func (i *Identity) attemptKey(login string, p *personRow, from visitor) attempt {
	if p != nil {
		if nonce, ok := i.device.knows(from.known, p.ID); ok {
			return attempt{login: "known:" + nonce}
		}
	}
	return attempt{"login:" + login, network(from.address)}
}

// begin asks all limits for an attempt.
func (i *Identity) begin(a attempt) (wait time.Duration) {
	if ok, wait := i.everybody.Allow(""); !ok {
		return max(wait, time.Second)
	}
	if a.network != "" {
		if wait := i.addresses.Begin(a.network); wait > 0 {
			return wait
		}
	}
	wait = i.logins.Begin(a.login)
	if wait > 0 && a.network != "" {
		i.addresses.TakeBack(a.network)
	}
	return wait
}

// takeBack forgives one attempt that was no wrong guess.
func (i *Identity) takeBack(a attempt) {
	i.logins.TakeBack(a.login)
	i.addresses.TakeBack(a.network)
}

// network is address, or the /64 that an IPv6 address shares with others of the same host.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// welcome opens the session of somebody whose password was right.
func (i *Identity) welcome(ctx context.Context, p *personRow, hash, secret string, from visitor) (opened, error) {
	better := ""
	if !strings.HasPrefix(hash, inDirectory) && i.hasher.Outdated(hash) {
		var err error
		if better, err = i.hasher.Hash(ctx, secret); err != nil {
			return opened{}, err
		}
	}
	var o opened
	err := i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		// Between the check of the password and now, it may have been taken away.
		same, err := tx.NewSelect().Model((*factorRow)(nil)).Where("person = ? AND secret = ?", p.ID, hash).
			Where("EXISTS (SELECT 1 FROM identity_person AS p WHERE p.id = f.person AND p.disabled IS NULL)").Exists(ctx)
		if err != nil || !same {
			return errors.Join(err, ErrSignIn)
		}
		if better != "" {
			if err := i.setPassword(ctx, tx, p.ID, better); err != nil {
				return err
			}
		}
		_, err = tx.NewUpdate().Model((*factorRow)(nil)).Set("used = ?", db.Time(i.clock.Now())).
			Where("person = ? AND kind = ?", p.ID, passwordFactor).Exec(ctx)
		if err != nil {
			return err
		}
		if err := i.knownStolen(ctx, tx, p.ID, secret); err != nil {
			return err
		}
		o, err = i.afterFirst(ctx, tx, p, "pwd", from)
		return err
	})
	return o, err
}

// afterFirst is what a right password opens, or what a directory says in its place: the second step, where somebody has a second factor; else a session, in which nothing
// can be done but to add one where the hospital does not let them in with a password alone.
func (i *Identity) afterFirst(ctx context.Context, tx bun.Tx, p *personRow, by string, from visitor) (opened, error) {
	kinds, err := secondFactors(ctx, tx, p.ID)
	if err != nil {
		return opened{}, err
	}
	if len(kinds) > 0 {
		f := &factorRow{}
		err := tx.NewSelect().Model(f).Where("person = ? AND kind = ?", p.ID, passwordFactor).Scan(ctx)
		return opened{person: p.ID, due: step{Person: p.ID, Password: f.ID, By: by}}, err
	}
	reach, err := i.reach(ctx, tx, p)
	if err != nil {
		return opened{}, err
	}
	if reach != nil {
		f := &factorRow{}
		err := tx.NewSelect().Model(f).Where("person = ? AND kind = ?", p.ID, passwordFactor).Scan(ctx)
		return opened{person: p.ID, due: step{Person: p.ID, Password: f.ID, By: by, Message: true}}, err
	}
	open := i.openEnrolling
	if i.mayDoWithPassword(p.Duties) {
		open = i.open
	}
	o, err := open(ctx, tx, p.ID, []string{by}, from)
	if err == nil {
		o, err = i.holdBack(ctx, tx, p, o)
	}
	if err != nil {
		return opened{}, err
	}
	return o, i.note(ctx, tx, act{by: ledger.Person(p.ID), name: "sign-in", detail: map[string]string{"address": from.address, "method": by}})
}

// provePassword checks the password of somebody who is signed in, and slows guessing down like a sign-in.
func (i *Identity) provePassword(ctx context.Context, p Person, secret string) error {
	key := "person:" + p.ID
	if wait := i.logins.Begin(key); wait > 0 {
		return &WaitError{wait}
	}
	row, hash, err := i.byLogin(ctx, p.Login)
	if err != nil {
		return err
	}
	right, err := i.verify(ctx, row, hash, secret)
	switch {
	case errors.Is(err, password.ErrBusy), errors.Is(err, ErrAway):
		i.logins.TakeBack(key)
		return err
	case err != nil:
		return err
	case !right:
		return ErrSignIn
	}
	i.logins.Succeeded(key)
	return nil
}
