package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/web"
)

const (
	// sessionCookie has the __Host- prefix: a browser then refuses it without Secure, with a Domain, or from plain
	// HTTP (RFC 6265bis §4.1.3.2).
	sessionCookie = "__Host-bulwark"
	// manySessions is how many sessions one person can have; the oldest ends when one more opens.
	manySessions = 20
	// seenEvery is how precisely it is noted when a session was last used.
	seenEvery = time.Minute
	// enrolLife is how long somebody may take to add the second factor that they need.
	enrolLife = 30 * time.Minute
)

// errNoSession means that a cookie opens nothing: it was never made, or it ended.
var errNoSession = errors.New("identity: no session")

type sessionRow struct {
	bun.BaseModel `bun:"table:identity_session,alias:s"`
	Hash          string     `bun:"hash,pk"`
	ID            string     `bun:"id"`
	Person        string     `bun:"person"`
	Methods       []string   `bun:"methods,type:jsonb"`
	Proved        time.Time  `bun:"proved"`
	Created       time.Time  `bun:"created"`
	Seen          time.Time  `bun:"seen"`
	Ends          time.Time  `bun:"ends"`
	Address       string     `bun:"address"`
	Agent         string     `bun:"agent"`
	Enrol         bool       `bun:"enrol"`
	Renew         string     `bun:"renew"`
	Arrival       string     `bun:"arrival"` // how they came from a provider
	Device        string     `bun:"device"`  // to which it is bound; empty: to none
	Who           *personRow `bun:"rel:belongs-to,join:person=id"`
	From          *deviceRow `bun:"rel:belongs-to,join:device=id"`
	degraded      bool       // the database is lost, or the directory of who that is
}

// opened is a session that was just opened, with what its cookie holds; or that of a person whose second step is due.
type opened struct {
	token  string
	person string
	enrol  bool // can do nothing but add a second factor
	renew  bool // can do nothing but choose another password
	due    step
}

// visitor is who asks, before we know who it is.
type visitor struct {
	address string // without the port
	agent   string // what the browser says it is
	known   string // the cookie of a browser that signed in before
	device  string // that proved by a certificate which it is; empty: none did
	place   string // of it, where people share it
	unknown error  // why it is not known which device showed a certificate
}

func (i *Identity) visitorOf(r *http.Request) visitor {
	row, err := i.deviceFrom(r)
	if errors.Is(err, ErrDevice) {
		err = nil
	}
	d := row.asked()
	v := visitor{unknown: err, device: d.ID, place: d.place(), agent: printable(r.UserAgent(), 200), address: web.Peer(r)}
	if c, err := r.Cookie(deviceCookie); err == nil {
		v.known = c.Value
	}
	return v
}

// open opens a session for a person who has just proved who they are, by methods (RFC 8176).
func (i *Identity) open(ctx context.Context, tx bun.Tx, person string, methods []string, from visitor) (opened, error) {
	if from.unknown != nil { // else the session would be bound to none, and its cookie good everywhere
		return opened{}, fmt.Errorf("looking from which device a session is opened: %w", from.unknown)
	}
	now, token := db.Time(i.clock.Now()), newToken()
	_, err := tx.NewInsert().Model(&sessionRow{
		Hash: hashOf(token), ID: newID(), Person: person, Methods: methods, Proved: now,
		Created: now, Seen: now, Ends: now.Add(i.config.longest()), Address: from.address, Agent: from.agent, Device: from.device,
	}).Exec(ctx)
	if err != nil {
		return opened{}, err
	}
	_, err = tx.NewDelete().Model((*sessionRow)(nil)).Where("person = ?", person).
		Where("id NOT IN (?)", tx.NewSelect().Model((*sessionRow)(nil)).Column("id").Where("person = ?", person).
			OrderExpr("id DESC").Limit(manySessions)).Exec(ctx)
	if err != nil {
		return opened{}, err
	}
	return opened{token: token, person: person}, i.onShift(ctx, tx, person, methods, from)
}

// session is the session that token opens, with its person, or errNoSession.
func (i *Identity) session(ctx context.Context, token string) (*sessionRow, error) {
	hash := hashOf(token)
	if s, lost, err := i.remembered(hash); lost {
		return s, err
	}
	s, err := i.readSession(ctx, hash)
	if err != nil && i.lose(ctx, err) {
		s, _, err = i.remembered(hash)
	}
	return s, err
}

// readSession asks the database, which may take so long.
func (i *Identity) readSession(ctx context.Context, hash string) (*sessionRow, error) {
	ctx, cancel := context.WithTimeout(ctx, dbPatience)
	defer cancel()
	s := &sessionRow{}
	err := i.db.Read().NewSelect().Model(s).Relation("Who").Relation("From").Where("s.hash = ?", hash).Scan(ctx)
	if db.NotFound(err) {
		return nil, errNoSession
	}
	if err != nil {
		return nil, err
	}
	if !i.holds(s) {
		return nil, errNoSession
	}
	i.judgeDevice(s.From)
	s.degraded = i.isDegraded(s)
	return s, nil
}

// holds tells whether s is good now: not ended, used lately, and its person not disabled.
func (i *Identity) holds(s *sessionRow) bool {
	now := i.clock.Now()
	return s.Who != nil && s.Who.Disabled.IsZero() && now.Before(s.Ends) && now.Before(s.Seen.Add(i.config.idle()))
}

// touch notes that s was used, where that is not noted yet.
func (i *Identity) touch(ctx context.Context, s *sessionRow) error {
	if i.memory.isLost() {
		i.touchLost(s.Hash)
		return nil
	}
	now := db.Time(i.clock.Now())
	if now.Sub(s.Seen).Abs() < min(seenEvery, i.config.idle()/4) {
		return nil
	}
	err := i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model(s).Set("seen = ?", now).WherePK().Exec(ctx)
		return err
	})
	if i.lose(ctx, err) {
		return nil
	}
	return err
}

// endSessions ends the sessions of a person, all but the one of id except.
func endSessions(ctx context.Context, tx bun.Tx, person, except string) error {
	_, err := tx.NewDelete().Model((*sessionRow)(nil)).Where("person = ? AND id <> ?", person, except).Exec(ctx)
	return errors.Join(err, endShifts(ctx, tx, person))
}

// openEnrolling opens a session that can do nothing but add a second factor.
func (i *Identity) openEnrolling(ctx context.Context, tx bun.Tx, person string, methods []string, from visitor) (opened, error) {
	o, err := i.open(ctx, tx, person, methods, from)
	if err != nil {
		return o, err
	}
	o.enrol = true
	_, err = tx.NewUpdate().Model((*sessionRow)(nil)).Set("enrol = ?", true).Set("ends = ?", db.Time(i.clock.Now()).Add(enrolLife)).
		Where("hash = ?", hashOf(o.token)).Exec(ctx)
	return o, err
}

func (s *sessionRow) asker() Person {
	return Person{
		ID: s.Who.ID, Login: s.Who.Login, Name: s.Who.Name, Duties: s.Who.Duties, Roles: s.Who.Roles,
		Session: s.ID, Methods: s.Methods, Proved: s.Proved, Device: s.From.asked(), Degraded: s.degraded, enrol: s.Enrol, renew: s.Renew,
	}
}

// setSession gives the browser a session. It has no end of its own, so that it goes when the browser is closed; the
// server ends it in any case.
func setSession(w http.ResponseWriter, token string) {
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: token, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func dropSession(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1,
	})
}

// signOut ends the session that token opens; it does not matter whether there is one.
func (i *Identity) signOut(ctx context.Context, token string) error {
	if i.leaveLost(hashOf(token)) {
		return nil
	}
	s, err := i.session(ctx, token)
	if errors.Is(err, errNoSession) {
		return nil
	}
	if err != nil {
		return err
	}
	if s.From.asked().Shared { // whoever goes does not come back by a tap
		err := i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return endShifts(ctx, tx, s.Person) })
		if err != nil {
			return err
		}
	}
	return i.endSession(ctx, s.asker(), s.ID, "sign-out")
}

// endSession ends one session of p's own, or returns errNoSession.
func (i *Identity) endSession(ctx context.Context, p Person, id, name string) error {
	return i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		r, err := tx.NewDelete().Model((*sessionRow)(nil)).Where("person = ? AND id = ?", p.ID, id).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errNoSession)
		}
		return i.note(ctx, tx, act{by: p.Actor(), name: name, on: "session:" + id})
	})
}

// endOthers ends every session of a person but except.
func (i *Identity) endOthers(ctx context.Context, by Person, person, except string) error {
	a := act{by: by.Actor(), name: "end-sessions"}
	return i.change(ctx, person, a, func(ctx context.Context, tx bun.Tx, p *personRow) error {
		return endSessions(ctx, tx, p.ID, except)
	})
}

// printable is s without what cannot be shown, at most n bytes.
func printable(s string, n int) string {
	out := make([]byte, 0, min(len(s), n))
	for _, b := range []byte(s) {
		if b >= 0x20 && b < 0x7f && len(out) < n {
			out = append(out, b)
		}
	}
	return string(out)
}

// From is the person who asks, in the context of a request that came through [Identity.Require].
func From(ctx context.Context) (Person, bool) {
	p, ok := ctx.Value(personKey{}).(Person)
	return p, ok
}

type personKey struct{}

// hasOne tells whether duties allow p: one of p's is among them, or being signed in is enough.
func hasOne(p Person, duties []web.Duty) bool {
	for _, d := range duties {
		if d == web.SignedIn || d == web.Enrolling || p.Has(d) {
			return true
		}
	}
	return false
}
