package identity

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"bulwark/decide/identity/internal/onetime"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// What is shown after the password: a code of an app, or one on paper. A passkey needs neither it nor the password (passkey.go).

const (
	totpFactor     factorKind = "totp"
	recoveryFactor factorKind = "recovery"
	// manyCodes is how many codes on paper somebody gets at once.
	manyCodes = 10
	// stepLife is how long after the password the second step may come.
	stepLife = 10 * time.Minute
	// stepCookie says whose password was right, until the second step.
	stepCookie = "__Host-bulwark-step"
)

var (
	// ErrCode means that a code is not right, or was used before.
	ErrCode = errors.New("identity: the code is not right")
	// ErrStep means that the password was typed too long ago, or is another one now.
	ErrStep = errors.New("identity: sign in from the start")
	// ErrLastFactor means that somebody who needs a second factor would have none.
	ErrLastFactor = errors.New("identity: no other second factor is left")
)

// by is what a first factor is called in a session (RFC 8176).
func (f *factorRow) by() string {
	if f.Kind == providerFactor {
		return byProvider
	}
	return "pwd"
}

// step is whose password was right; the cookie of that name holds it, sealed.
type step struct {
	Person   string `json:"person"`
	Password string `json:"password"`     // id of the factor, a password or an account of a provider: another password is another factor
	By       string `json:"by,omitempty"` // what was shown, where it is not what the factor is called
	Arrival  string `json:"arrival,omitempty"`
	// Message says that a code is sent for it, Sent which was.
	Message bool      `json:"message,omitempty"`
	Sent    *sentCode `json:"sent,omitempty"`
}

// secondFactors are the kinds that somebody has beside the password. Codes on paper alone are none: they stand in for another.
func secondFactors(ctx context.Context, tx bun.IDB, person string) (kinds []factorKind, err error) {
	err = tx.NewSelect().Model((*factorRow)(nil)).Column("kind").Distinct().Where("person = ?", person).
		Where("kind IN (?)", bun.List([]factorKind{passkeyFactor, totpFactor})).Scan(ctx, &kinds)
	return kinds, err
}

// mayDoWithPassword tells whether the hospital lets somebody sign in with a password alone: each of their duties is listed for that.
func (i *Identity) mayDoWithPassword(duties []web.Duty) bool {
	for _, d := range duties {
		if !slices.Contains(i.config.PasswordAlone, string(d)) {
			return false
		}
	}
	return len(duties) > 0
}

// codeKey is under what attempts at codes are counted: apart for a browser that the person has used before.
func (i *Identity) codeKey(person string, from visitor) string {
	if nonce, ok := i.device.knows(from.known, person); ok {
		return "known:" + nonce
	}
	return "person:" + person
}

// withCode does what a right code of somebody allows, in the transaction in which the code is used up. Guessing is slowed down.
func (i *Identity) withCode(ctx context.Context, person, typed string, from visitor, do func(ctx context.Context, tx bun.Tx, p *personRow, kind factorKind) error) error {
	return i.withUse(ctx, person, from, func(ctx context.Context, tx bun.Tx) (factorKind, error) { return i.useCode(ctx, tx, person, typed) }, do)
}

// withUse is [Identity.withCode] with a way to use a code up.
func (i *Identity) withUse(ctx context.Context, person string, from visitor, use func(ctx context.Context, tx bun.Tx) (factorKind, error),
	do func(ctx context.Context, tx bun.Tx, p *personRow, kind factorKind) error) error {
	key := i.codeKey(person, from)
	if wait := i.codes.Begin(key); wait > 0 {
		return &WaitError{wait}
	}
	var who *personRow
	err := i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		if who, err = ablePerson(ctx, tx, person); err != nil {
			return err
		}
		kind, err := use(ctx, tx)
		if err != nil {
			return err
		}
		return do(ctx, tx, who, kind)
	})
	switch {
	case err == nil:
		i.codes.Succeeded(key)
	case errors.Is(err, ErrCode):
		i.refusals.addStep(who, from)
	default:
		i.codes.TakeBack(key) // it was no guess
	}
	return err
}

// ablePerson is somebody who is not disabled, or ErrStep.
func ablePerson(ctx context.Context, tx bun.IDB, id string) (*personRow, error) {
	p, err := person(ctx, tx, id)
	if errors.Is(err, ErrNoPerson) || err == nil && !p.Disabled.IsZero() {
		return nil, ErrStep
	}
	return p, err
}

// useCode uses a code of somebody up, or returns [ErrCode]. What was typed says by its length which kind it is.
func (i *Identity) useCode(ctx context.Context, tx bun.Tx, person, typed string) (factorKind, error) {
	code := onetime.Digits(typed)
	switch len(code) {
	case onetime.PaperDigits:
		return recoveryFactor, i.usePaper(ctx, tx, person, code)
	case onetime.PassDigits:
		return passFactor, i.usePass(ctx, tx, person, code)
	}
	f := &factorRow{}
	err := tx.NewSelect().Model(f).Where("person = ? AND kind = ?", person, totpFactor).Scan(ctx)
	if db.NotFound(err) {
		return "", ErrCode
	}
	if err != nil {
		return "", err
	}
	secret, err := i.kept.open("totp/"+person, f.Secret)
	if err != nil {
		return "", err
	}
	number, ok := onetime.Match(secret, code, i.clock.Now(), f.Counter)
	if !ok {
		return "", ErrCode
	}
	// Of two requests with the same code one is first, and the other finds the number taken.
	r, err := tx.NewUpdate().Model((*factorRow)(nil)).Set("counter = ?", number).Set("used = ?", db.Time(i.clock.Now())).
		Where("id = ? AND counter < ?", f.ID, number).Exec(ctx)
	return totpFactor, changedOne(r, err, ErrCode)
}

// usePaper takes a code on paper away, or returns [ErrCode] where there is none like it.
func (i *Identity) usePaper(ctx context.Context, tx bun.Tx, person, code string) error {
	r, err := tx.NewDelete().Model((*factorRow)(nil)).
		Where("person = ? AND kind = ? AND secret = ?", person, recoveryFactor, i.paperHash(person, code)).Exec(ctx)
	return changedOne(r, err, ErrCode)
}

// paperHash is how a code on paper is kept. The key is not in the database, so that whoever reads the database cannot try codes out.
func (i *Identity) paperHash(person, code string) string {
	m := hmac.New(sha256.New, i.paper[:])
	m.Write([]byte(person + "." + code))
	return hex.EncodeToString(m.Sum(nil))
}

// secondStep opens the session of somebody whose password was right and who shows a code.
func (i *Identity) secondStep(ctx context.Context, s step, typed string, from visitor) (opened, error) {
	var o opened
	use := func(ctx context.Context, tx bun.Tx) (factorKind, error) { return i.useCode(ctx, tx, s.Person, typed) }
	if s.Message && s.Sent != nil {
		use = func(ctx context.Context, tx bun.Tx) (factorKind, error) { return i.useMessage(ctx, tx, s, typed) }
	}
	err := i.withUse(ctx, s.Person, from, use, func(ctx context.Context, tx bun.Tx, p *personRow, kind factorKind) error {
		first := &factorRow{}
		err := tx.NewSelect().Model(first).Where("id = ? AND person = ? AND kind IN (?)", s.Password, p.ID, bun.List([]factorKind{passwordFactor, providerFactor})).Scan(ctx)
		if db.NotFound(err) {
			return ErrStep
		}
		if err != nil {
			return err
		}
		name, by := "sign-in", cmp.Or(s.By, first.by())
		switch kind {
		case passFactor:
			name = "recover"
			o, err = i.openEnrolling(ctx, tx, p.ID, []string{by}, from)
		case messageFactor:
			o, err = i.open(ctx, tx, p.ID, []string{by, byMessage}, from)
		default:
			o, err = i.open(ctx, tx, p.ID, []string{by, "otp", "mfa"}, from)
		}
		if err == nil && first.Kind == passwordFactor {
			o, err = i.holdBack(ctx, tx, p, o)
		}
		if err == nil && s.Arrival != "" {
			err = cameBy(ctx, tx, o, s.Arrival)
		}
		if err != nil {
			return err
		}
		return i.note(ctx, tx, act{by: ledger.Person(p.ID), name: name,
			detail: map[string]string{"address": from.address, "method": by + " " + string(kind)}})
	})
	if err == nil {
		i.messages.Succeeded(s.Person) // whoever signs in again and again in a shift waits for no code
		i.refusals.finish(s.Person, from)
	}
	return o, err
}

// newPaper gives somebody codes on paper in the place of those of before. They are shown this once.
func (i *Identity) newPaper(ctx context.Context, p Person) ([]string, error) {
	var codes []string
	err := i.change(ctx, p.ID, act{by: p.Actor(), name: "recovery-codes"}, func(ctx context.Context, tx bun.Tx, _ *personRow) error {
		kinds, err := secondFactors(ctx, tx, p.ID)
		if err != nil || len(kinds) == 0 {
			return errors.Join(err, errProve) // codes stand in for a factor that there must be
		}
		if err := dropKind(ctx, tx, p.ID, recoveryFactor); err != nil {
			return err
		}
		codes = codes[:0]
		for range manyCodes {
			c := onetime.NewPaper()
			row := &factorRow{ID: newID(), Person: p.ID, Kind: recoveryFactor, Secret: i.paperHash(p.ID, onetime.Digits(c)), Created: db.Time(i.clock.Now())}
			if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
				return err
			}
			codes = append(codes, c)
		}
		return nil
	})
	return codes, err
}

// addTOTP keeps the secret that somebody's app took, in the place of one of before, once the app shows a right code.
func (i *Identity) addTOTP(ctx context.Context, p Person, secret []byte, typed string) (opened, error) {
	key := "new:" + p.ID
	if wait := i.codes.Begin(key); wait > 0 {
		return opened{}, &WaitError{wait}
	}
	number, ok := onetime.Match(secret, onetime.Digits(typed), i.clock.Now(), 0)
	if !ok {
		return opened{}, ErrCode
	}
	i.codes.Succeeded(key)
	var o opened
	err := i.change(ctx, p.ID, act{by: p.Actor(), name: "totp"}, func(ctx context.Context, tx bun.Tx, _ *personRow) (err error) {
		if o, err = i.enrolled(ctx, tx, p, "otp", "mfa"); err != nil {
			return err
		}
		if err := dropKind(ctx, tx, p.ID, totpFactor); err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(&factorRow{ID: newID(), Person: p.ID, Kind: totpFactor, Secret: i.kept.seal("totp/"+p.ID, secret),
			Created: db.Time(i.clock.Now()), Counter: number}).Exec(ctx)
		return err
	})
	return o, err
}

// dropTOTP takes the app of somebody away; with the last second factor the codes on paper go, too.
func (i *Identity) dropTOTP(ctx context.Context, p Person) error {
	if err := i.proved(p); err != nil {
		return err
	}
	return i.change(ctx, p.ID, act{by: p.Actor(), name: "drop-totp"}, func(ctx context.Context, tx bun.Tx, row *personRow) error {
		if err := dropKind(ctx, tx, p.ID, totpFactor); err != nil {
			return err
		}
		return i.stillSafe(ctx, tx, row)
	})
}

// stillSafe refuses to leave somebody without a second factor who needs one.
func (i *Identity) stillSafe(ctx context.Context, tx bun.Tx, p *personRow) error {
	kinds, err := secondFactors(ctx, tx, p.ID)
	switch {
	case err != nil || len(kinds) > 0:
		return err
	case !i.mayDoWithPassword(p.Duties):
		return ErrLastFactor
	}
	return dropKind(ctx, tx, p.ID, recoveryFactor)
}

// enrolled makes the session of somebody who has just added a factor worth what they proved, under a new id, where it was opened with
// one factor; other sessions, which the password alone opened, end with the first second factor. It must come before the factor is kept.
func (i *Identity) enrolled(ctx context.Context, tx bun.Tx, p Person, methods ...string) (opened, error) {
	kinds, err := secondFactors(ctx, tx, p.ID)
	if err != nil {
		return opened{}, err
	}
	if len(kinds) == 0 {
		if err := endSessions(ctx, tx, p.ID, p.Session); err != nil {
			return opened{}, err
		}
	} else if p.enrol {
		return opened{}, ErrStep // somebody else was first: sign in with that factor
	}
	if p.Assurance() > 1 {
		return opened{}, nil
	}
	return i.renew(ctx, tx, p, methods...)
}

// renew gives a session another id, and notes what was proved now beside what was before. It returns errNoSession where it has ended.
func (i *Identity) renew(ctx context.Context, tx bun.Tx, p Person, methods ...string) (opened, error) {
	s := &sessionRow{}
	err := tx.NewSelect().Model(s).Where("id = ? AND person = ?", p.Session, p.ID).Scan(ctx)
	if db.NotFound(err) {
		return opened{}, errNoSession
	}
	if err != nil {
		return opened{}, err
	}
	for _, m := range methods {
		if !slices.Contains(s.Methods, m) {
			s.Methods = append(s.Methods, m)
		}
	}
	token, now := newToken(), db.Time(i.clock.Now())
	if s.Enrol {
		s.Enrol, s.Ends = false, now.Add(i.config.longest())
	}
	if asked, ok := ctx.Value(requestKey{}).(*request); ok {
		i.live.spare(asked)
	}
	text, err := json.Marshal(s.Methods)
	if err != nil {
		return opened{}, err
	}
	r, err := tx.NewUpdate().Model((*sessionRow)(nil)).Set("hash = ?", hashOf(token)).Set("methods = ?", string(text)).Set("proved = ?", now).
		Set("seen = ?", now).Set("ends = ?", s.Ends).Set("enrol = ?", s.Enrol).Where("hash = ?", s.Hash).Exec(ctx)
	return opened{token: token, person: p.ID}, changedOne(r, err, errNoSession)
}

// lendStep gives the browser what it brings back with the second step.
func (i *Identity) lendStep(w http.ResponseWriter, s step) error {
	text, err := i.carried.lend("step", s, i.clock.Now().Add(stepLife))
	if err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{
		Name: stepCookie, Value: text, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(stepLife / time.Second),
	})
	return nil
}

func dropStep(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{Name: stepCookie, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1})
}

// stepOf is whose password was right in r's browser a moment ago, or [ErrStep].
func (i *Identity) stepOf(r *http.Request) (step, error) {
	c, err := r.Cookie(stepCookie)
	if err != nil {
		return step{}, ErrStep
	}
	var s step
	if err := i.carried.takeBack("step", c.Value, i.clock.Now(), &s); err != nil {
		return step{}, ErrStep
	}
	return s, nil
}
