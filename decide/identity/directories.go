package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"bulwark/decide/identity/directory"
	"bulwark/decide/identity/kerberos"
	"bulwark/platform/db"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// People who come from a directory: who joins, moves and leaves there does so here. Their accounts are joined by the id that the directory never
// gives again, so that a new name makes nobody new. Their second factors are kept here, and their password there.

var (
	// ErrDirectory means that there is no directory of that name.
	ErrDirectory = errors.New("identity: no such directory")
	// ErrOwned means that the directory has the say about what was to be changed.
	ErrOwned = errors.New("identity: the directory has the say")
	// ErrNotTheirs means that nobody in the directory goes by the login of somebody who is to be joined to it.
	ErrNotTheirs = errors.New("identity: the directory has nobody of that login who is not here yet")
)

// lookForChanges is how often a directory is asked whether anything changed.
const lookForChanges = 15 * time.Second

// manyToldOf bounds the logins that a view names.
const manyToldOf = 100

// DirectoryView is how a directory stands.
type DirectoryView struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Server string `json:"server,omitempty"` // that answered last
	// Read is when everybody was read last; zero: not since the program started.
	Read   time.Time `json:"read,omitzero"`
	Fault  string    `json:"fault,omitempty"` // why it could not be read since; empty: it could
	People int       `json:"people"`          // in it
	Active int       `json:"active"`          // of them, who may sign in
	// What the last reading that changed something did.
	Joined   int       `json:"joined"`
	Moved    int       `json:"moved"`
	Left     int       `json:"left"`
	Returned int       `json:"returned"`
	Changed  time.Time `json:"changed,omitzero"`
	// Leaving is how many are gone from it at once, which waits for a person's word.
	Leaving int `json:"leaving"`
	// Taken are logins of its accounts that somebody else has here: an administrator joins them or leaves them apart.
	Taken []string `json:"taken"`
	// Refused counts entries that cannot be taken: without an id, with a login that is none.
	Refused int `json:"refused"`
	// Unknown are the groups that its mappings name and that it has not.
	Unknown []string `json:"unknown"`
	// Referred counts the parts that it says are on other servers, which nobody asks.
	Referred int `json:"referred"`
}

// source is a directory and how it stands.
type source struct {
	*directory.Directory
	prove   func(ctx context.Context, id, password string) (bool, error) // Directory.Prove
	tickets *kerberos.Acceptor                                           // nil: its people show none
	busy    sync.Mutex                                                   // one reading at a time

	mu   sync.Mutex
	view DirectoryView
	lost time.Time // since when it does not answer; zero: it does
	mark string
	next time.Time
}

func newSources(all []directory.Config) map[string]*source {
	m := map[string]*source{}
	for _, c := range all {
		d := &directory.Directory{Config: c}
		var tickets *kerberos.Acceptor
		if c.Kerberos.On() {
			tickets = kerberos.New(c.Kerberos, c.Kind != "ldap")
		}
		m[c.Name] = &source{Directory: d, prove: d.Prove, tickets: tickets,
			view: DirectoryView{Name: c.Name, Kind: map[bool]string{true: "ldap", false: "ad"}[c.Kind == "ldap"], Taken: []string{}, Unknown: []string{}}}
	}
	return m
}

// Directories tells how they stand, in order of their names.
func (i *Identity) Directories() []DirectoryView {
	all := []DirectoryView{}
	for _, s := range i.sources {
		all = append(all, s.shown())
	}
	slices.SortFunc(all, func(a, b DirectoryView) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func (s *source) shown() DirectoryView {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view
}

// follow reads a directory in steady intervals, and sooner when something changed there, until ctx ends.
func (i *Identity) follow(ctx context.Context, s *source) {
	look := time.NewTicker(lookForChanges)
	defer look.Stop()
	for {
		if err := i.followOnce(ctx, s); err != nil && ctx.Err() == nil {
			i.log.WarnContext(ctx, "a directory cannot be read; people and sessions stay as they are", "directory", s.Config.Name, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

func (i *Identity) followOnce(ctx context.Context, s *source) error {
	mark, changed, err := s.Changed(ctx, s.mark)
	if err != nil {
		i.failed(s, err)
		return err
	}
	s.mark = mark
	if now := i.clock.Now(); changed || s.away() || !now.Before(s.next) {
		_, err = i.SyncDirectory(ctx, s.Config.Name, ledger.Program("identity"), false)
		if err == nil {
			s.next = now.Add(s.Config.Period())
		}
	}
	return err
}

// failed notes that a directory cannot be read.
func (i *Identity) failed(s *source, err error) {
	s.mu.Lock()
	if s.view.Fault == "" {
		s.lost = i.clock.Now()
	}
	s.view.Fault = err.Error()
	s.mu.Unlock()
	i.tellOf(s)
}

// away tells whether a directory could not be read last.
func (s *source) away() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view.Fault != ""
}

// SyncDirectory reads everybody of a directory, and has who joined, moved, left and came back do so here. What would disable many at once waits
// until confirmed.
func (i *Identity) SyncDirectory(ctx context.Context, name, by string, confirmed bool) (DirectoryView, error) {
	s := i.sources[name]
	if s == nil {
		return DirectoryView{}, ErrDirectory
	}
	s.busy.Lock()
	defer s.busy.Unlock()
	read, err := s.Read(ctx, i.clock.Now())
	if err == nil {
		err = i.take(ctx, s, read, by, confirmed)
		if err != nil && i.lose(ctx, err) { // it is not the directory that is lost
			return s.shown(), err
		}
	}
	if err != nil {
		i.failed(s, err)
		return s.shown(), err
	}
	i.tellOf(s)
	s.mu.Lock()
	lost := s.lost
	s.lost = time.Time{}
	s.mu.Unlock()
	if !lost.IsZero() && i.came != nil {
		i.came(Outage{What: "directory", Name: name, From: lost.UTC(), Until: i.clock.Now().UTC()})
	}
	return s.shown(), nil
}

// tellOf has the state of a directory among the warnings, or not.
func (i *Identity) tellOf(s *source) {
	if i.health == nil {
		return
	}
	v := s.shown()
	for w, on := range map[*health.Warnable]bool{&directoryAway: v.Fault != "", &directoryLeaving: v.Leaving > 0} {
		if on {
			i.health.Set(w, health.Args{"directory": v.Name, "leaving": fmt.Sprint(v.Leaving)})
		} else {
			i.health.Clear(w, v.Name)
		}
	}
}

// plan is what a reading changes.
type plan struct {
	joins   []directory.Account
	moves   []move
	leaves  []*personRow
	returns []*personRow
	taken   []string
	refused int
}

type move struct {
	row *personRow
	to  directory.Account
}

// take does what a reading says.
func (i *Identity) take(ctx context.Context, s *source, read *directory.Reading, by string, confirmed bool) error {
	p, active, err := i.planOf(ctx, s, read)
	if err != nil {
		return err
	}
	leaving := 0
	if len(p.leaves) > s.Config.Leaving(active) && !confirmed {
		leaving, p.leaves = len(p.leaves), nil
	}
	kept, err := i.apply(ctx, s, p, by)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v := &s.view
	v.Server, v.Read, v.Fault, v.People, v.Leaving = read.Server, i.clock.Now(), "", len(read.Accounts), leaving
	v.Active = active + len(p.joins) + len(p.returns) - len(p.leaves) + kept
	v.Taken, v.Unknown, v.Refused = p.taken[:min(len(p.taken), manyToldOf)], append([]string{}, read.Unknown...), read.Nameless+p.refused
	v.Referred = read.Referred
	if n := len(p.joins) + len(p.moves) + len(p.leaves) + len(p.returns); n > 0 {
		v.Joined, v.Moved, v.Left, v.Returned, v.Changed = len(p.joins), len(p.moves), len(p.leaves)-kept, len(p.returns), v.Read
	}
	return nil
}

// planOf compares a reading with who is here. active is how many of the directory may sign in here now.
func (i *Identity) planOf(ctx context.Context, s *source, read *directory.Reading) (p plan, active int, err error) {
	var rows []*personRow
	if err := i.db.Read().NewSelect().Model(&rows).Scan(ctx); err != nil {
		return p, 0, err
	}
	here, logins := map[string]*personRow{}, map[string]*personRow{}
	for _, r := range rows {
		logins[r.Login] = r
		if r.Source == s.Config.Name {
			here[r.External] = r
			if r.Disabled.IsZero() {
				active++
			}
		}
	}
	p.taken = []string{}
	for _, a := range read.Accounts {
		if !usable(&a) {
			p.refused++
			continue
		}
		row, holder := here[a.ID], logins[a.Login]
		delete(here, a.ID)
		switch {
		case row == nil && a.Disabled:
		case row == nil && holder == nil:
			p.joins = append(p.joins, a)
			logins[a.Login] = &personRow{} // a second account of that login is refused
		case row == nil && s.Config.Adopt && holder.Source == "" && holder.ID != "" && !slices.Contains(holder.Duties, web.Administrator):
			p.moves = append(p.moves, move{holder, a})
		case row == nil || holder != nil && holder != row:
			p.taken = append(p.taken, a.Login)
		default:
			p.compare(s, row, a)
		}
	}
	for _, r := range here {
		if r.Disabled.IsZero() {
			p.leaves = append(p.leaves, r)
		}
	}
	slices.Sort(p.taken)
	return p, active, nil
}

// usable puts an account in the form that is kept, or refuses it.
func usable(a *directory.Account) bool {
	login, err := loginOf(a.Login)
	if err != nil {
		return false
	}
	a.Login = login
	if a.Name, err = nameOf(a.Name); err != nil {
		a.Name = login
	}
	return len(a.ID) <= 64
}

// compare notes what became of somebody who is here already.
func (p *plan) compare(s *source, row *personRow, a directory.Account) {
	switch {
	case a.Disabled && row.Disabled.IsZero():
		p.leaves = append(p.leaves, row)
		return
	case a.Disabled:
		return
	case row.Ended && !row.Disabled.IsZero():
		p.returns = append(p.returns, row)
	}
	duties := row.Duties
	if s.rulesDuties() {
		duties = a.Duties
	}
	if row.Login != a.Login || row.Name != a.Name || words(row.Duties) != words(duties) || !slices.Equal(row.Roles, a.Roles) || !slices.Equal(row.Units, a.Units) {
		p.moves = append(p.moves, move{row, a})
	}
}

// rulesDuties tells whether a directory has the say about the duties of its people: a mapping gives one.
func (s *source) rulesDuties() bool {
	return slices.ContainsFunc(s.Config.Roles, func(m directory.Mapping) bool { return slices.Contains(web.Duties(), web.Duty(m.To)) })
}

// batch is how many people are written in one transaction.
const batch = 200

// apply writes a plan. kept counts those who stay although they left: the last administrator.
func (i *Identity) apply(ctx context.Context, s *source, p plan, by string) (kept int, err error) {
	var steps []func(ctx context.Context, tx bun.Tx) error
	note := func(tx bun.Tx, ctx context.Context, name, person string) error {
		return i.note(ctx, tx, act{by: by, name: name, on: ledger.Person(person), detail: map[string]string{"directory": s.Config.Name}})
	}
	for _, a := range p.joins {
		steps = append(steps, func(ctx context.Context, tx bun.Tx) error { return i.join(ctx, tx, s, a, by) })
	}
	for _, r := range p.returns {
		steps = append(steps, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewUpdate().Model(r).Set("disabled = NULL").Set("ended = ?", false).WherePK().Exec(ctx)
			return errors.Join(err, note(tx, ctx, "directory-return", r.ID))
		})
	}
	for _, m := range p.moves {
		steps = append(steps, func(ctx context.Context, tx bun.Tx) error {
			return errors.Join(i.move(ctx, tx, s, m), note(tx, ctx, "directory-move", m.row.ID))
		})
	}
	for _, r := range p.leaves {
		steps = append(steps, func(ctx context.Context, tx bun.Tx) error {
			switch err := othersRemain(ctx, tx, r.ID); {
			case errors.Is(err, ErrLastAdministrator) && slices.Contains(r.Duties, web.Administrator):
				kept++
				return nil
			case err != nil && !errors.Is(err, ErrLastAdministrator):
				return err
			}
			_, err := tx.NewUpdate().Model(r).Set("disabled = ?", db.Time(i.clock.Now())).Set("ended = ?", true).WherePK().Exec(ctx)
			return errors.Join(err, endSessions(ctx, tx, r.ID, ""), i.dropLinks(ctx, tx, r.ID), note(tx, ctx, "directory-leave", r.ID))
		})
	}
	for part := range slices.Chunk(steps, batch) {
		before := kept
		err := i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			kept = before // the transaction may be tried again
			for _, do := range part {
				if err := do(ctx, tx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return kept, fmt.Errorf("taking over what %s says: %w", s.Config.Name, err)
		}
	}
	return kept, nil
}

// inDirectory is what stands in the place of the hash of a password that a directory knows.
const inDirectory = "directory:"

// join makes somebody who is new in the directory.
func (i *Identity) join(ctx context.Context, tx bun.Tx, s *source, a directory.Account, by string) error {
	p, err := i.addPerson(ctx, tx, by, a.Login, a.Name, append([]web.Duty{}, a.Duties...))
	if err != nil {
		return err
	}
	if err := i.move(ctx, tx, s, move{p, a}); err != nil {
		return err
	}
	return i.note(ctx, tx, act{by: by, name: "directory-join", on: ledger.Person(p.ID), detail: map[string]string{"directory": s.Config.Name}})
}

// move gives somebody what the directory says of them, and joins them to it where they are not yet.
func (i *Identity) move(ctx context.Context, tx bun.Tx, s *source, m move) error {
	row, err := person(ctx, tx, m.row.ID) // as they are now: a duty that was taken since the reading began does not come back
	if err != nil {
		return err
	}
	m.row = row
	duties := m.row.Duties
	if s.rulesDuties() {
		duties = m.to.Duties
	}
	if slices.Contains(m.row.Duties, web.Administrator) && !slices.Contains(duties, web.Administrator) {
		switch err := othersRemain(ctx, tx, m.row.ID); {
		case errors.Is(err, ErrLastAdministrator):
			duties = m.row.Duties // Bulwark is not left without one
		case err != nil:
			return err
		}
	}
	var texts [3]string
	for n, list := range []any{append([]web.Duty{}, duties...), append([]string{}, m.to.Roles...), append([]string{}, m.to.Units...)} {
		text, err := json.Marshal(list)
		if err != nil {
			return err
		}
		texts[n] = string(text)
	}
	_, err = tx.NewUpdate().Model(m.row).Set("source = ?", s.Config.Name).Set("external = ?", m.to.ID).Set("login = ?", m.to.Login).Set("name = ?", m.to.Name).
		Set("duties = ?", texts[0]).Set("roles = ?", texts[1]).Set("units = ?", texts[2]).WherePK().Exec(ctx)
	if err == nil {
		err = refold(ctx, tx, m.row.ID)
	}
	if err != nil || m.row.Source == s.Config.Name {
		return err
	}
	// Their password is the directory's from now on: what another one opened ends.
	return errors.Join(i.dropLinks(ctx, tx, m.row.ID), endPasswordSessions(ctx, tx, m.row.ID), i.setPassword(ctx, tx, m.row.ID, inDirectory+s.Config.Name))
}

// AdoptPerson joins somebody who is here to the account of their login in a directory.
func (i *Identity) AdoptPerson(ctx context.Context, name, by, login string) error {
	s := i.sources[name]
	if s == nil {
		return ErrDirectory
	}
	s.busy.Lock()
	defer s.busy.Unlock()
	read, err := s.Read(ctx, i.clock.Now())
	if err != nil {
		return err
	}
	p := &personRow{}
	err = i.db.Read().NewSelect().Model(p).Where("login = ?", login).Scan(ctx)
	if db.NotFound(err) {
		return ErrNoPerson
	}
	if err != nil {
		return err
	}
	at := slices.IndexFunc(read.Accounts, func(a directory.Account) bool { return usable(&a) && a.Login == p.Login && !a.Disabled })
	if p.Source != "" || at < 0 {
		return ErrNotTheirs
	}
	a := read.Accounts[at]
	_ = usable(&a)
	known, err := i.db.Read().NewSelect().Model((*personRow)(nil)).Where("source = ? AND external = ?", name, a.ID).Exists(ctx)
	if err != nil || known {
		return errors.Join(err, ErrNotTheirs)
	}
	return i.change(ctx, p.ID, act{by: by, name: "directory-adopt", detail: map[string]string{"directory": name}}, func(ctx context.Context, tx bun.Tx, row *personRow) error {
		return i.move(ctx, tx, s, move{row, a})
	})
}

// ErrAway means that the directory that knows a password does not answer.
var ErrAway = errors.New("identity: the directory does not answer")

// verify tells whether a password is right. Where a directory knows it, as much is computed here as for any other, so that the time tells nothing.
func (i *Identity) verify(ctx context.Context, p *personRow, hash, secret string) (bool, error) {
	name, far := strings.CutPrefix(hash, inDirectory)
	if !far {
		return i.hasher.Verify(ctx, hash, secret)
	}
	s := i.sources[name]
	if s == nil {
		return false, fmt.Errorf("%w: %s is not configured any more", ErrAway, name)
	}
	type answer struct {
		right bool
		err   error
	}
	asked := make(chan answer, 1)
	go func() {
		right, err := s.prove(ctx, p.External, secret)
		asked <- answer{right, err}
	}()
	_, err := i.hasher.Verify(ctx, "", secret)
	got := <-asked
	if err != nil {
		return false, err
	}
	if errors.Is(got.err, directory.ErrAway) {
		i.failed(s, got.err)
		i.log.WarnContext(ctx, "a directory cannot say whether a password is right", "directory", name, "error", got.err)
		return false, ErrAway
	}
	return got.right, got.err
}

func (i *Identity) someAway() bool {
	for _, s := range i.sources {
		if s.away() {
			return true
		}
	}
	return false
}
