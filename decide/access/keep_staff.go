package access

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulwark/event"
	"bulwark/platform/clock"
	"bulwark/platform/conf"
	"bulwark/platform/ledger"
	"bulwark/platform/store"
)

// What is known of staff, who are known here by the id that identity drew for them: how long it is kept, what one of them may ask for, and what is
// forgotten with them (docs/decisions/0090-staff-data.md). Decisions themselves are events: store.findings says how long these are kept.

// Keep is how long what people did about access is kept. What waits for its review stays until that.
type Keep struct {
	// Glasses is how long a break-glass that was looked at is kept. 0 means 3 years.
	Glasses time.Duration `conf:"glasses"`
	// Grants is how long something that was granted for a time is kept after its end. 0 means 1 year.
	Grants time.Duration `conf:"grants"`
	// Outages is how long a time in which something was lost is kept after it was looked at. 0 means 1 year.
	Outages time.Duration `conf:"outages"`
	// Rosters is how long a line of the duty roster is kept after its end. 0 means 90 days.
	Rosters time.Duration `conf:"rosters"`
	// Teams is how long it is kept that somebody was in the care team of a patient. 0 means 1 year.
	Teams time.Duration `conf:"teams"`
	// Uses is how long it is kept when a policy let somebody do something last. 0 means 1 year.
	Uses time.Duration `conf:"uses"`
}

const (
	aDay  = 24 * time.Hour
	aYear = 365 * aDay
)

// Check refuses what would forget reviews at once, and what would keep for ever.
func (k *Keep) Check() error {
	var bad []error
	for name, d := range map[string]time.Duration{"glasses": k.Glasses, "grants": k.Grants, "outages": k.Outages, "rosters": k.Rosters, "teams": k.Teams, "uses": k.Uses} {
		if d != 0 && (d < 30*aDay || d > 20*aYear) {
			bad = append(bad, conf.At(name, errors.New("is neither 0 nor between 30 days and 20 years")))
		}
	}
	if d := k.Uses; d != 0 && d < unusedFor {
		bad = append(bad, conf.At("uses", errors.New("is shorter than the 90 days after which a role counts as unused")))
	}
	return errors.Join(bad...)
}

// mostPurged is how many pieces of a kind go at a time; the others go an hour later.
const mostPurged = 5000

// purge forgets what is too old, with an entry in the ledger and an event that say how much.
func (a *Access) purge(ctx context.Context, now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	k := &a.needs.Config.Keep
	over := func(ended time.Time, keep, otherwise time.Duration) bool {
		return !ended.IsZero() && now.Sub(ended) > cmp.Or(keep, otherwise)
	}
	gone := map[itemKey]any{}
	count := map[string]string{}
	drop := func(kind string, ids []string) {
		if len(ids) > 0 {
			count[kind] = strconv.Itoa(len(ids))
		}
		for _, id := range ids {
			gone[itemKey{kind, id}] = nil
		}
	}
	drop("glass", old(a.glasses, func(g *Glass) bool {
		return (g.State == "explained" || g.State == "reviewed") && over(g.At, k.Glasses, glassKept)
	}))
	drop("grant", old(a.grants, func(g *Grant) bool { return over(g.Until, k.Grants, aYear) }))
	drop("outage", old(a.outages, func(o *Outage) bool { return o.Review != nil && over(o.Until, k.Outages, aYear) }))
	drop("duty", old(a.duties, func(d *Duty) bool { return over(d.Until, k.Rosters, 90*aDay) }))
	drop("team", old(a.teams, func(t *Team) bool { return over(t.Until, k.Teams, aYear) }))
	drop("use", old(a.uses, func(u *use) bool { return over(u.Last, k.Uses, aYear) }))
	if len(gone) == 0 {
		return nil
	}
	if err := a.write(ctx, gone, ledger.Entry{Actor: ledger.Program("access"), Act: "access.purge", Object: "access/kept", Outcome: ledger.Done, Detail: count}); err != nil {
		return err
	}
	a.dropItems(gone)
	a.happened(&event.Access{Principal: "Program:access", Action: "purge", Resource: "Kept:access", Reason: "It was kept as long as it serves.", Count: uint64(len(gone))}, now)
	return nil
}

// old are the ids of what is over, some at a time.
func old[T any](all map[string]*T, over func(*T) bool) (ids []string) {
	for id, x := range all {
		if len(ids) < mostPurged && over(x) {
			ids = append(ids, id)
		}
	}
	return ids
}

// dropItems forgets pieces that are not kept any more. The lock is held.
func (a *Access) dropItems(gone map[itemKey]any) {
	for key := range gone {
		switch key.kind {
		case "glass":
			a.dropGlass(key.id)
		case "grant":
			delete(a.grants, key.id)
		case "outage":
			delete(a.outages, key.id)
		case "duty":
			delete(a.duties, key.id)
		case "team":
			delete(a.teams, key.id)
		case "use":
			delete(a.uses, key.id)
		}
		delete(a.unkept, key)
	}
	a.tie()
}

// happened tells an event. The lock is held.
func (a *Access) happened(e *event.Access, now time.Time) {
	a.digest.number++
	e.Status, e.First, e.Last, e.Number = "allow", uint64(now.UnixNano()), uint64(now.UnixNano()), a.digest.number
	a.digest.add(e)
	a.out.Put(event.Header{Time: now.UnixNano()}, e)
	clock.Wake(a.dirty)
}

// Happened tells, as an event, what became of the data of staff: erase, export, purge. actor and on are as the ledger has them.
func (a *Access) Happened(actor, act, on string, n uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.happened(&event.Access{Principal: entityOf(actor), Action: act, Resource: entityOf(on), Reason: "Staff data", Count: n}, a.needs.Clock.Now())
}

// entityOf is an actor of the ledger as events name it.
func entityOf(actor string) string {
	kind, id, ok := strings.Cut(actor, ":")
	if !ok || kind == "" {
		return actor
	}
	return strings.ToUpper(kind[:1]) + kind[1:] + ":" + id
}

// Obliged says what keeps a person from being forgotten: a break-glass that nobody has looked at, something granted that goes on.
func (a *Access) Obliged(person string) (all []string) {
	now := a.needs.Clock.Now()
	a.mu.RLock()
	defer a.mu.RUnlock()
	for _, g := range a.glasses {
		if g.Person == person && (g.State == "open" || g.State == "waiting") {
			all = append(all, "break-glass-review")
			break
		}
	}
	for _, g := range a.grants {
		if g.Person == person && now.Before(g.Until) && (g.State == "asked" || g.State == "approved") {
			all = append(all, "grant")
			break
		}
	}
	return all
}

// Forget forgets a person who was erased: roster, care teams, what they used. What others must be able to check later stays under their id alone;
// where words (login, name, number) stand in what was written of it, they are struck out.
func (a *Access) Forget(ctx context.Context, actor, person string, words []string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	changes := map[itemKey]any{}
	for _, id := range old(a.duties, func(d *Duty) bool { return d.Person == person }) {
		changes[itemKey{"duty", id}] = nil
	}
	for _, id := range old(a.teams, func(t *Team) bool { return t.Person == person }) {
		changes[itemKey{"team", id}] = nil
	}
	for _, id := range old(a.uses, func(u *use) bool { return u.Person == person }) {
		changes[itemKey{"use", id}] = nil
	}
	struck := a.strikeOut(words)
	maps.Copy(changes, struck)
	if len(changes) == 0 {
		return nil
	}
	err := a.write(ctx, changes, ledger.Entry{Actor: actor, Act: "access.forget", Object: ledger.Person(person), Outcome: ledger.Done, Detail: map[string]string{"pieces": strconv.Itoa(len(changes))}})
	if err != nil {
		return err
	}
	for key, x := range struck {
		switch x := x.(type) {
		case *Glass:
			a.putGlass(x)
		case *Grant:
			a.grants[key.id] = x
		case *Outage:
			a.outages[key.id] = x
		}
		delete(changes, key)
	}
	a.dropItems(changes)
	return nil
}

// strikeOut has words stand in nothing that people wrote. The lock is held.
func (a *Access) strikeOut(words []string) map[itemKey]any {
	changes := map[itemKey]any{}
	if len(words) == 0 {
		return changes
	}
	quoted := make([]string, len(words))
	for n, w := range words {
		quoted[n] = regexp.QuoteMeta(w)
	}
	is := regexp.MustCompile(`(?i)(^|[^\p{L}\p{N}])(` + strings.Join(quoted, "|") + `)($|[^\p{L}\p{N}])`)
	without := func(s string) string {
		for is.MatchString(s) {
			s = is.ReplaceAllString(s, "$1…$3")
		}
		return s
	}
	review := func(w *GlassWord) *GlassWord {
		if w == nil || !is.MatchString(w.Text) {
			return w
		}
		c := *w
		c.Text = without(c.Text)
		return &c
	}
	for id, g := range a.glasses {
		if c := clone(g); is.MatchString(g.Text) || review(g.Review) != g.Review {
			c.Text, c.Review = without(g.Text), review(g.Review)
			changes[itemKey{"glass", id}] = c
		}
	}
	for id, g := range a.grants {
		if is.MatchString(g.Reason) {
			c := *g
			c.Reason = without(g.Reason)
			changes[itemKey{"grant", id}] = &c
		}
	}
	for id, o := range a.outages {
		if r := review(o.Review); r != o.Review {
			c := *o
			c.Review = r
			changes[itemKey{"outage", id}] = &c
		}
	}
	return changes
}

// Own is what is known here of a person, as they may ask for it. Of patients it says nothing: these are not theirs.
type Own struct {
	Duties    []Duty        `json:"duty_roster"`
	CareTeams int           `json:"care_teams"` // of how many patients
	Grants    []Grant       `json:"grants"`
	Glasses   []OwnGlass    `json:"break_glass"`
	Decisions []OwnDecision `json:"decisions"`
	Cut       bool          `json:"decisions_cut,omitempty"` // there are more, of before
}

// OwnGlass is a break-glass, without its patient.
type OwnGlass struct {
	At     time.Time  `json:"at"`
	Ends   time.Time  `json:"ends"`
	Reason string     `json:"reason"`
	Text   string     `json:"text,omitempty"`
	State  string     `json:"state"`
	Review *GlassWord `json:"review,omitempty"`
}

// OwnDecision is a decision, without its patient.
type OwnDecision struct {
	At       time.Time `json:"at"`
	Action   string    `json:"action"`
	On       string    `json:"on"`
	Status   string    `json:"status"`
	Policies []string  `json:"policies"`
	Zone     string    `json:"network,omitempty"`
	Count    uint64    `json:"count"`
}

// mostOwn is how many decisions are told.
const mostOwn = 50_000

// OwnData is what is known of a person.
func (a *Access) OwnData(ctx context.Context, person string) (*Own, error) {
	o := a.ownItems(person)
	if a.needs.Events == nil {
		return o, nil
	}
	err := a.needs.Events.Each(ctx, store.Query{Text: "kind:access access.principal:=" + strconv.Quote("Person:"+person)}, mostOwn+1, func(r store.Row) error {
		if len(o.Decisions) >= mostOwn {
			o.Cut = true
			return nil
		}
		on := r.Value("access.resource")
		if r.Value("patient.uid") != "" {
			on, _, _ = strings.Cut(on, ":")
		}
		o.Decisions = append(o.Decisions, OwnDecision{r.Time.UTC(), r.Value("access.action"), on, r.Value("status"), list(r.Value("access.policies")), r.Value("access.zone"), number(r.Value("count"))})
		return nil
	})
	return o, err
}

func (a *Access) ownItems(person string) *Own {
	a.mu.RLock()
	defer a.mu.RUnlock()
	o := &Own{Duties: []Duty{}, Grants: []Grant{}, Glasses: []OwnGlass{}, Decisions: []OwnDecision{}}
	for _, d := range a.duties {
		if d.Person == person {
			o.Duties = append(o.Duties, *d)
		}
	}
	for _, t := range a.teams {
		if t.Person == person {
			o.CareTeams++
		}
	}
	for _, g := range a.grants {
		if g.Person == person || g.By == ledger.Person(person) {
			o.Grants = append(o.Grants, *g)
		}
	}
	for _, g := range a.glasses {
		if g.Person == person {
			o.Glasses = append(o.Glasses, OwnGlass{g.At, g.Ends, g.Reason, g.Text, g.State, g.Review})
		}
	}
	slices.SortFunc(o.Duties, func(x, y Duty) int { return x.From.Compare(y.From) })
	slices.SortFunc(o.Glasses, func(x, y OwnGlass) int { return x.At.Compare(y.At) })
	slices.SortFunc(o.Grants, func(x, y Grant) int { return x.At.Compare(y.At) })
	return o
}
