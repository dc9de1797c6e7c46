package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/uptrace/bun"

	"bulwark/decide/identity/federation"
	"bulwark/platform/db"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// Degraded mode: while the database is lost, sessions that were open go on from memory, and passkeys open new ones from the signed
// snapshot of the site. Whatever else needs the database is refused as before. What is done meanwhile is marked, spooled, and written
// when the database is back. Passwords and codes open nothing then: each of them counts once, or is slowed down, by what was lost.

// Keeper keeps one file that cannot be made or changed by others.
type Keeper interface {
	Put([]byte) error
	Get() ([]byte, error)
}

// Outage is a time in which something was lost.
type Outage struct {
	What    string // database or directory
	Name    string // of the directory
	From    time.Time
	Until   time.Time
	SignIns int // by passkeys
	Dropped int // acts that found no room to wait
}

const (
	// oldestSnapshot is how old the snapshot may be that opens sessions, and how long a session goes on that the database does not confirm.
	oldestSnapshot = 72 * time.Hour
	// snapshotEvery is how often it is written where nothing has changed.
	snapshotEvery = 10 * time.Minute
	// rememberEvery is how often the database is read again where nobody here has changed it.
	rememberEvery = 15 * time.Second
	// dbPatience is how long the database may take to say whose session that is.
	dbPatience = 2 * time.Second
)

// ErrLost means that the database is lost, and that what was asked for cannot be done without it.
var ErrLost = errors.New("identity: the database is lost")

// memory is what goes on without the database.
type memory struct {
	keeper Keeper // nil: there is no degraded mode

	mu       sync.Mutex
	lost     time.Time // since when the database is; zero: it is there
	problem  error     // what is wrong with it
	people   map[string]*personRow
	sessions map[string]*sessionRow // by hash
	devices  []*deviceRow           // that are not revoked
	asOf     time.Time              // when they were read
	snapshot *snapshot              // that opens sessions while the database is lost
	refused  error                  // why none does
	written  string                 // what the snapshot was made of, without its time
	at       time.Time              // when it was written
	spool    spool
	signIns  int
	dirty    bool
}

// snapshot is who may sign in, and by what: nothing in it is secret.
type snapshot struct {
	At       time.Time         `json:"at"`
	People   []snapshotPerson  `json:"people"`
	Passkeys []snapshotPasskey `json:"passkeys"`
	byPerson map[string][]int  // passkeys
	person   map[string]*personRow
}

type snapshotPerson struct {
	ID       string   `json:"id"`
	Login    string   `json:"login"`
	Name     string   `json:"name"`
	Duties   []string `json:"duties"`
	Roles    []string `json:"roles"`
	Units    []string `json:"units"`
	Source   string   `json:"source,omitempty"`
	Disabled bool     `json:"disabled,omitempty"`
}

type snapshotPasskey struct {
	ID     string  `json:"id"`
	Person string  `json:"person"`
	Key    passkey `json:"key"`
}

// database is the database, which says when something was written.
type database struct {
	*db.DB
	wrote func()
}

// Write is [db.DB.Write].
func (s *database) Write(ctx context.Context, change func(ctx context.Context, tx bun.Tx) error) error {
	err := s.DB.Write(ctx, change)
	if err == nil && s.wrote != nil {
		s.wrote()
	}
	return err
}

// wrote notes that what is remembered is old.
func (m *memory) wrote() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dirty = true
}

// isLost tells whether the database is.
func (m *memory) isLost() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.lost.IsZero()
}

// stale tells whether what is remembered is to be read again.
func (m *memory) stale(now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lost.IsZero() && (m.dirty || now.Sub(m.asOf).Abs() >= rememberEvery)
}

// readMemory reads who there is and whose sessions are open, and writes the snapshot where it is another or old.
func (i *Identity) readMemory(ctx context.Context) error {
	m := i.memory
	if m.keeper == nil {
		return nil
	}
	now := i.clock.Now()
	m.mu.Lock()
	m.dirty = false
	m.mu.Unlock()
	var people []*personRow
	var sessions []*sessionRow
	var factors []*factorRow
	var devices []*deviceRow
	ctx, cancel := context.WithTimeout(ctx, 5*dbPatience)
	defer cancel()
	err := i.db.Snapshot(ctx, func(ctx context.Context, tx bun.Tx) error {
		at := db.Time(now)
		return errors.Join(tx.NewSelect().Model(&people).OrderExpr("id").Scan(ctx),
			tx.NewSelect().Model(&sessions).Relation("From").Where("s.ends > ? AND s.seen > ?", at, at.Add(-i.config.idle())).Scan(ctx),
			tx.NewSelect().Model(&devices).Where("revoked IS NULL").Scan(ctx),
			tx.NewSelect().Model(&factors).Where("kind = ?", passkeyFactor).OrderExpr("id").Scan(ctx))
	})
	if err != nil {
		return err
	}
	s, err := newSnapshot(now, people, factors)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.people, m.sessions, m.asOf = s.person, map[string]*sessionRow{}, now
	m.devices = devices
	for _, x := range sessions {
		x.Who = s.person[x.Person]
		m.sessions[x.Hash] = x
	}
	return m.keep(s)
}

func newSnapshot(now time.Time, people []*personRow, factors []*factorRow) (*snapshot, error) {
	s := &snapshot{At: now.UTC(), People: []snapshotPerson{}, Passkeys: []snapshotPasskey{}, person: map[string]*personRow{}}
	for _, p := range people {
		s.person[p.ID] = p
		duties := make([]string, len(p.Duties))
		for n, d := range p.Duties {
			duties[n] = string(d)
		}
		s.People = append(s.People, snapshotPerson{p.ID, p.Login, p.Name, duties, p.Roles, p.Units, p.Source, !p.Disabled.IsZero()})
	}
	for _, f := range factors {
		var k passkey
		if err := json.Unmarshal([]byte(f.Secret), &k); err != nil {
			return nil, fmt.Errorf("reading passkey %s: %w", f.ID, err)
		}
		s.Passkeys = append(s.Passkeys, snapshotPasskey{f.ID, f.Person, k})
	}
	return s, nil
}

// keep writes the snapshot. The lock is held.
func (m *memory) keep(s *snapshot) error {
	at := s.At
	s.At = time.Time{}
	same, err := json.Marshal(s)
	s.At = at
	if err != nil || string(same) == m.written && at.Sub(m.at).Abs() < snapshotEvery {
		return err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := m.keeper.Put(text); err != nil {
		return fmt.Errorf("keeping the snapshot: %w", err)
	}
	m.written, m.at = string(same), at
	return nil
}

// open takes up the snapshot as it is kept. The lock is held.
func (m *memory) open() {
	m.snapshot = nil
	text, err := m.keeper.Get()
	s := &snapshot{byPerson: map[string][]int{}, person: map[string]*personRow{}}
	if err == nil {
		err = json.Unmarshal(text, s)
	}
	if m.refused = err; err != nil {
		return
	}
	for _, p := range s.People {
		row := &personRow{ID: p.ID, Login: p.Login, Name: p.Name, Duties: dutiesOf(p.Duties), Roles: p.Roles, Units: p.Units, Source: p.Source}
		if p.Disabled {
			row.Disabled = s.At
		}
		s.person[p.ID] = row
	}
	for n, k := range s.Passkeys {
		s.byPerson[k.Person] = append(s.byPerson[k.Person], n)
	}
	m.snapshot = s
}

// good is the snapshot where it may open sessions at a time. The lock is held.
func (m *memory) good(now time.Time) (*snapshot, error) {
	switch {
	case m.snapshot == nil:
		return nil, errors.Join(ErrLost, m.refused)
	case now.Sub(m.snapshot.At).Abs() > oldestSnapshot:
		return nil, fmt.Errorf("%w, and the snapshot is of %s", ErrLost, m.snapshot.At.Format(time.RFC3339))
	}
	return m.snapshot, nil
}

// lose notes that the database is lost, where an error says so, and tells whether it is.
func (i *Identity) lose(ctx context.Context, err error) bool {
	m := i.memory
	if m.keeper == nil || err == nil || ctx.Err() != nil || known(err) {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.lost.IsZero() {
		return true
	}
	m.lost, m.problem, m.signIns = i.clock.Now(), err, 0
	m.open()
	i.log.ErrorContext(ctx, "the database is lost: open sessions go on, passkeys open others", "error", err, "snapshot_refused", m.refused)
	i.spoolAct(act{by: ledger.Program("identity"), name: "database-lost"})
	i.warnLost()
	return true
}

// warnLost says how it stands. The lock of the memory is held.
func (i *Identity) warnLost() {
	if i.health == nil {
		return
	}
	m := i.memory
	of := "none"
	if s, err := m.good(i.clock.Now()); err == nil {
		of = s.At.Format(time.RFC3339)
	}
	i.health.Set(&databaseLost, health.Args{"since": m.lost.UTC().Format(time.RFC3339), "snapshot": of, "waiting": strconv.Itoa(len(m.spool.all)), "dropped": strconv.Itoa(m.spool.dropped)})
}

// known tells whether an error is an answer, and not the database's.
func known(err error) bool {
	var wait *WaitError
	return errors.As(err, &wait) || errors.Is(err, errNoSession) || slices.ContainsFunc(apiFaults(), func(f apiFault) bool { return errors.Is(err, f.err) })
}

// spoolAct has an act wait for the ledger. The lock of the memory is held.
func (i *Identity) spoolAct(a act) {
	if a.detail == nil {
		a.detail = map[string]string{}
	}
	a.detail["degraded"] = "database"
	i.memory.spool.add(record{At: i.clock.Now().UTC(), Act: &spooledAct{a.by, a.name, a.on, a.refused, a.detail}})
}

// Wait has what another room did wait for the database, with what the room keeps of it, where err or what came before it says that the
// database is lost. It tells whether it does.
func (i *Identity) Wait(ctx context.Context, err error, e ledger.Entry, kept json.RawMessage) bool {
	if err != nil && !i.lose(ctx, err) {
		return false
	}
	m := i.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lost.IsZero() {
		return false
	}
	now := i.clock.Now().UTC()
	if e.Time.IsZero() {
		e.Time = now
	}
	e.Detail = maps.Clone(e.Detail)
	if e.Detail == nil {
		e.Detail = map[string]string{}
	}
	e.Detail["degraded"] = "database"
	return m.spool.add(record{At: now, Entry: &e, Kept: kept})
}

// Waited is what other rooms had wait ([Identity.Wait]) and a program did not see written that ended meanwhile, the oldest first.
func (i *Identity) Waited() (all []json.RawMessage) {
	i.memory.mu.Lock()
	defer i.memory.mu.Unlock()
	for _, r := range i.memory.spool.all {
		if r.Kept != nil {
			all = append(all, r.Kept)
		}
	}
	return all
}

// remembered is a session that goes on without the database; ok is false where the database is there.
func (i *Identity) remembered(hash string) (s *sessionRow, ok bool, err error) {
	m := i.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lost.IsZero() {
		return nil, false, nil
	}
	is := m.sessions[hash]
	if is == nil || !i.holds(is) || i.clock.Now().Sub(m.asOf).Abs() > oldestSnapshot {
		return nil, true, errNoSession
	}
	c := *is
	if is.From != nil {
		d := *is.From
		c.From = &d
		i.judgeDevice(c.From)
	}
	c.degraded = true
	return &c, true, nil
}

// deviceLost is a device by the number of its certificate as it was read last; lost is false where the database is there.
func (i *Identity) deviceLost(number string) (d *deviceRow, lost bool) {
	m := i.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lost.IsZero() {
		return nil, false
	}
	for _, x := range m.devices {
		if x.Serial == number || x.Before == number {
			c := *x
			i.judgeDevice(&c)
			return &c, true
		}
	}
	return nil, true
}

// touchLost notes that a session is used while the database is lost.
func (i *Identity) touchLost(hash string) {
	m := i.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.sessions[hash]; s != nil {
		s.Seen = db.Time(i.clock.Now())
	}
}

// keyHolder is somebody with their passkeys as the snapshot has them; ok is false where the database is there.
func (i *Identity) keyHolder(id, name string) (h *holder, ok bool, err error) {
	m := i.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lost.IsZero() {
		return nil, false, nil
	}
	s, err := m.good(i.clock.Now())
	if err != nil {
		return nil, true, err
	}
	p := s.person[id]
	// What was read last may be newer than the snapshot, and who was disabled in between stays so.
	if now := m.people[id]; p == nil || !p.Disabled.IsZero() || m.people != nil && (now == nil || !now.Disabled.IsZero()) {
		return nil, true, ErrNoPerson
	}
	h = &holder{row: p}
	for _, n := range s.byPerson[id] {
		if k := &s.Passkeys[n].Key; k.Name == name {
			h.keys = append(h.keys, k.Credential)
		}
	}
	return h, true, nil
}

// welcomeLost opens the session of whoever showed a passkey while the database is lost, in memory.
func (i *Identity) welcomeLost(p *personRow, key *webauthn.Credential, from visitor) (opened, error) {
	m := i.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	s, err := m.good(i.clock.Now())
	if err != nil {
		return opened{}, err
	}
	n := slices.IndexFunc(s.Passkeys, func(k snapshotPasskey) bool {
		return k.Person == p.ID && string(k.Key.Credential.ID) == string(key.ID)
	})
	if n < 0 {
		return opened{}, ErrPasskey
	}
	k := &s.Passkeys[n]
	copied := key.Authenticator.CloneWarning || k.Key.Credential.Authenticator.CloneWarning
	k.Key.Credential = *key // the next one that shows a counter of before is a copy
	k.Key.Credential.Authenticator.CloneWarning = copied
	text, err := json.Marshal(k.Key)
	if err != nil {
		return opened{}, err
	}
	now := db.Time(i.clock.Now())
	m.spool.add(record{At: now, Factor: k.ID, Secret: string(text)})
	if copied {
		i.spoolAct(act{by: ledger.Person(p.ID), name: "passkey-copied", refused: true, on: "passkey:" + k.ID, detail: map[string]string{"address": from.address}})
		return opened{}, ErrPasskey
	}
	methods, token := methodsOf(key), newToken()
	row := sessionRow{Hash: hashOf(token), ID: newID(), Person: p.ID, Methods: methods, Proved: now, Created: now, Seen: now, Ends: now.Add(i.config.longest()), Address: from.address, Agent: from.agent, Device: from.device}
	m.spool.add(record{At: now, Session: &row})
	i.spoolAct(act{by: ledger.Person(p.ID), name: "sign-in", detail: map[string]string{"address": from.address, "method": strings.Join(methods, " ")}})
	mine := row
	mine.Who = p
	if n := slices.IndexFunc(m.devices, func(d *deviceRow) bool { return d.ID == from.device }); n >= 0 {
		mine.From = m.devices[n]
	}
	m.sessions[row.Hash] = &mine
	m.signIns++
	return opened{token: token, person: p.ID}, nil
}

// leaveLost ends a session in memory; ok is false where the database is there.
func (i *Identity) leaveLost(hash string) (ok bool) {
	m := i.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lost.IsZero() {
		return false
	}
	if s := m.sessions[hash]; s != nil {
		delete(m.sessions, hash)
		r := record{At: i.clock.Now().UTC(), Ended: hash}
		if s.From.asked().Shared { // whoever goes does not come back by a tap
			r.Shifts = s.Person
		}
		m.spool.add(r)
		i.spoolAct(act{by: ledger.Person(s.Person), name: "sign-out", on: "session:" + s.ID})
	}
	return true
}

// everybodyLost are all people as they were read last; ok is false where the database is there.
func (i *Identity) everybodyLost() (all []*personRow, ok bool) {
	m := i.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lost.IsZero() {
		return nil, false
	}
	return slices.SortedFunc(maps.Values(m.people), func(a, b *personRow) int { return strings.Compare(a.ID, b.ID) }), true
}

// isDegraded tells whether the database is lost, or what says who may have that session: the directory of its person, or a provider that
// opened it.
func (i *Identity) isDegraded(s *sessionRow) bool {
	if s.Who == nil || i.memory.isLost() {
		return s.Who != nil
	}
	if from := i.sources[s.Who.Source]; from != nil && from.away() {
		return true
	}
	return slices.Contains(s.Methods, byProvider) && slices.ContainsFunc(i.Providers(), func(p federation.State) bool { return p.Fault != "" })
}

// lookAfterMemory reads the database again, or tries whether it is back: once a tick of [Identity.Run].
func (i *Identity) lookAfterMemory(ctx context.Context) error {
	m := i.memory
	if m.keeper == nil {
		return nil
	}
	m.mu.Lock()
	back := !m.lost.IsZero() || len(m.spool.all) > 0
	m.mu.Unlock()
	if back {
		if err := i.reconcile(ctx); err != nil {
			m.mu.Lock()
			defer m.mu.Unlock()
			if !m.lost.IsZero() {
				i.warnLost()
			}
			return nil // it is still lost, which was said
		}
	}
	if !m.stale(i.clock.Now()) {
		return nil
	}
	err := i.readMemory(ctx)
	if err != nil && i.lose(ctx, err) {
		return nil
	}
	return err
}

// reconcile writes what waits, which shows that the database is back.
func (i *Identity) reconcile(ctx context.Context) error {
	m := i.memory
	m.mu.Lock()
	all, lost, dropped, signIns := slices.Clone(m.spool.all), m.lost, m.spool.dropped, m.signIns
	m.mu.Unlock()
	limit, cancel := context.WithTimeout(ctx, 5*dbPatience)
	defer cancel()
	now := i.clock.Now()
	if i.settle != nil {
		if err := i.settle(limit); err != nil {
			return err
		}
	}
	err := i.db.Write(limit, func(ctx context.Context, tx bun.Tx) error {
		left, err := fresh(ctx, tx, all)
		if err != nil {
			return err
		}
		for _, r := range left {
			if err := i.write(ctx, tx, r); err != nil {
				return err
			}
		}
		detail := map[string]string{"waited": strconv.Itoa(len(left)), "dropped": strconv.Itoa(dropped), "sign_ins": strconv.Itoa(signIns)}
		if !lost.IsZero() {
			detail["since"] = lost.UTC().Format(time.RFC3339)
		}
		return i.note(ctx, tx, act{by: ledger.Program("identity"), name: "database-back", detail: detail})
	})
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.lost, m.problem, m.dirty = time.Time{}, nil, true
	err = m.spool.clear(len(all))
	m.mu.Unlock()
	if i.health != nil {
		i.health.Clear(&databaseLost, "")
	}
	i.log.InfoContext(ctx, "the database is back", "waited", len(all), "dropped", dropped)
	if i.came != nil && !lost.IsZero() {
		i.came(Outage{What: "database", From: lost.UTC(), Until: now.UTC(), SignIns: signIns, Dropped: dropped})
	}
	return err
}

// write does what waited. A session whose person was taken away or disabled meanwhile is not taken over; that it was opened is noted all the same.
func (i *Identity) write(ctx context.Context, tx bun.Tx, r record) error {
	switch {
	case r.Act != nil:
		return i.note(ctx, tx, act{at: r.At, by: r.Act.By, name: r.Act.Name, on: r.Act.On, refused: r.Act.Refused, detail: r.Act.Detail})
	case r.Entry != nil:
		_, err := i.ledger.Append(ctx, tx, *r.Entry)
		return err
	case r.Session != nil:
		p, err := person(ctx, tx, r.Session.Person)
		if errors.Is(err, ErrNoPerson) || err == nil && !p.Disabled.IsZero() {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(r.Session).On("CONFLICT (hash) DO NOTHING").Exec(ctx)
		return err
	case r.Ended != "":
		_, err := tx.NewDelete().Model((*sessionRow)(nil)).Where("hash = ?", r.Ended).Exec(ctx)
		if r.Shifts != "" {
			err = errors.Join(err, endShifts(ctx, tx, r.Shifts))
		}
		return err
	case r.Factor != "":
		_, err := tx.NewUpdate().Model((*factorRow)(nil)).Set("secret = ?", r.Secret).Set("used = ?", db.Time(r.At)).Where("id = ? AND kind = ?", r.Factor, passkeyFactor).Exec(ctx)
		return err
	}
	return nil
}

func dutiesOf(words []string) []web.Duty {
	all := make([]web.Duty, len(words))
	for n, w := range words {
		all[n] = web.Duty(w)
	}
	return all
}
