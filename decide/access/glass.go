package access

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"bulwark/decide/access/policy"
	"bulwark/platform/ledger"
)

// Glass is a glass that somebody broke: emergency access to the record of one patient.
type Glass struct {
	ID      string    `json:"id"`
	Person  string    `json:"person"`
	Session string    `json:"session,omitempty"`
	Patient string    `json:"patient"`
	Reason  string    `json:"reason"` // one of Reasons
	Text    string    `json:"text,omitempty"`
	At      time.Time `json:"at"`
	Ends    time.Time `json:"ends"`
	// Units are those in which the person was on duty, or works.
	Units []string `json:"units"`
	// State is open, waiting (for its review), explained (by data that came later) or reviewed (by a person).
	State  string     `json:"state"`
	Due    time.Time  `json:"due"`
	Notify []string   `json:"notify,omitempty"`
	Told   time.Time  `json:"told,omitzero"` // when those of Notify were told
	Used   uint64     `json:"used"`          // decisions under it
	Why    []Mark     `json:"why"`           // what explains it, or makes it stand out
	Rank   int        `json:"rank"`          // of those that wait: the highest is looked at first
	Review *GlassWord `json:"review,omitempty"`
}

// Mark is something that speaks for or against a break-glass.
type Mark struct {
	policy.Text
	Weight int `json:"weight"` // 0: it explains it
}

// GlassWord is what a person said of a break-glass.
type GlassWord struct {
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Verdict string    `json:"verdict"` // justified or abuse
	Text    string    `json:"text,omitempty"`
}

// Reasons are why a glass may be broken, to choose from.
func Reasons() []string {
	return []string{"emergency", "transfer", "on-call", "consultation", "administrative", "other"}
}

// GlassLife is how long a broken glass opens a record.
const GlassLife = time.Hour

const (
	mostGlasses = 20_000
	longText    = 500 // characters
	dataBefore  = 24 * time.Hour
	dataAfter   = 72 * time.Hour
	glassKept   = 3 * 365 * 24 * time.Hour
)

// GlassAsk asks to break the glass for a patient.
type GlassAsk struct {
	Patient string `json:"patient"` // pseudonym
	Reason  string `json:"reason"`
	Text    string `json:"text"`
}

// BreakGlass opens the record of a patient for an hour, where a policy allows it. It is in the ledger before it opens anything.
func (h *Handle) BreakGlass(ctx context.Context, ask GlassAsk) (*Glass, error) {
	a := h.access
	if !pseudonym(ask.Patient) || !slices.Contains(Reasons(), ask.Reason) {
		return nil, fmt.Errorf("%w: breaking the glass needs a patient, and a reason among %s", ErrAsk, strings.Join(Reasons(), ", "))
	}
	ask.Text = strings.TrimSpace(ask.Text)
	if n := utf8.RuneCountInString(ask.Text); n > longText || ask.Reason == "other" && n < 10 {
		return nil, fmt.Errorf("%w: say why in at most %d characters; the reason other needs at least 10", ErrAsk, longText)
	}
	h.mu.RLock()
	s := h.session
	h.mu.RUnlock()
	a.know(ask.Patient)
	d := h.Decide(policy.ID("Action", "breakGlass"), policy.ID("Patient", ask.Patient))
	now := a.needs.Clock.Now().UTC().Truncate(time.Millisecond)
	a.mu.Lock()
	defer a.mu.Unlock()
	entry := ledger.Entry{Actor: ledger.Person(s.Person), Act: "access.break-glass", Outcome: ledger.Refused, Detail: map[string]string{"patient": ask.Patient, "reason": ask.Reason}}
	if !d.Allow {
		entry.Object = "patient:" + ask.Patient
		if err := a.keepOrWait(ctx, nil, entry); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %s", ErrRefuse, d.Why().EN)
	}
	if g := a.activeGlass(s.Person, ask.Patient); g != nil {
		return clone(g), nil
	}
	if len(a.glasses) >= mostGlasses {
		a.forgetGlasses()
	}
	g := &Glass{ID: uuid.Must(uuid.NewV7()).String(), Person: s.Person, Session: s.ID, Patient: ask.Patient, Reason: ask.Reason, Text: ask.Text, At: now, Ends: now.Add(GlassLife),
		Units: a.unitsOf(s.Person, now), State: "open", Due: now.Add(72 * time.Hour), Why: []Mark{}}
	for _, o := range d.Obligations {
		switch o.Do {
		case "review":
			g.Due = now.Add(o.Within)
		case "notify":
			g.Notify = o.Who
		}
	}
	entry.Object, entry.Outcome = "glass:"+g.ID, ledger.Done
	if err := a.keepOrWait(ctx, map[itemKey]any{{"glass", g.ID}: g}, entry); err != nil {
		return nil, err
	}
	a.putGlass(g)
	a.entities.Touch(policy.ID("Person", s.Person))
	a.expect(now)
	a.show("glass")
	return clone(g), nil
}

// know makes a patient known of whom no message has told yet: care does not wait for messages.
func (a *Access) know(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.patients[id] == nil && a.room() {
		a.patients[id] = &patient{}
		a.putPatient(id, a.needs.Clock.Now())
	}
}

func clone(g *Glass) *Glass {
	c := *g
	c.Units, c.Why, c.Notify = slices.Clone(g.Units), slices.Clone(g.Why), slices.Clone(g.Notify)
	return &c
}

// unitsOf are where somebody works or is on duty. The lock is held.
func (a *Access) unitsOf(person string, at time.Time) (all []string) {
	all = []string{}
	if p := a.people[person]; p != nil {
		all = append(all, p.Units...)
	}
	for _, d := range a.tiesOf(person).duties {
		if d.From.Before(at.Add(12*time.Hour)) && d.Until.After(at.Add(-12*time.Hour)) && !slices.Contains(all, d.Unit) {
			all = append(all, d.Unit)
		}
	}
	return all
}

// endGlasses ends those whose hour is over. The lock is held.
func (a *Access) endGlasses(now time.Time) {
	for _, g := range a.glasses {
		if g.State == "open" && !now.Before(g.Ends) {
			g.State = g.over()
			a.unkept[itemKey{"glass", g.ID}] = g
			a.entities.Touch(policy.ID("Person", g.Person))
		}
	}
}

// over is the state of a glass that opens nothing any more.
func (g *Glass) over() string {
	if g.Review != nil { // somebody looked while it was open
		return "reviewed"
	}
	return "waiting"
}

// EndGlass closes a glass before its hour is over: whoever broke it may, and the machine itself.
func (a *Access) EndGlass(ctx context.Context, actor, id string) (*Glass, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	g := a.glasses[id]
	if g == nil {
		return nil, ErrNone
	}
	if actor != ledger.Person(g.Person) && actor != ledger.Host {
		return nil, fmt.Errorf("%w: somebody else broke it", ErrRefuse)
	}
	if g.State != "open" {
		return clone(g), nil
	}
	next := clone(g)
	next.State, next.Ends = g.over(), a.needs.Clock.Now().UTC().Truncate(time.Millisecond)
	return a.setGlass(ctx, next, a.keepOrWait, ledger.Entry{Actor: actor, Act: "access.close-glass", Object: "glass:" + id, Outcome: ledger.Done})
}

// setGlass keeps a glass as it is now, by a way to write. The lock is held.
func (a *Access) setGlass(ctx context.Context, g *Glass, write func(context.Context, map[itemKey]any, ledger.Entry) error, e ledger.Entry) (*Glass, error) {
	if err := write(ctx, map[itemKey]any{{"glass", g.ID}: g}, e); err != nil {
		return nil, err
	}
	a.putGlass(g)
	a.entities.Touch(policy.ID("Person", g.Person))
	a.show("glass")
	return clone(g), nil
}

// ReviewGlass takes what a person says of a break-glass. Nobody reviews their own.
func (a *Access) ReviewGlass(ctx context.Context, actor, id, verdict, text string) (*Glass, error) {
	if verdict != "justified" && verdict != "abuse" || utf8.RuneCountInString(text) > longText || verdict == "abuse" && strings.TrimSpace(text) == "" {
		return nil, fmt.Errorf("%w: a review says justified or abuse, the latter with its reason", ErrAsk)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	g := a.glasses[id]
	switch {
	case g == nil:
		return nil, ErrNone
	case actor == ledger.Person(g.Person):
		return nil, fmt.Errorf("%w: nobody reviews their own break-glass", ErrRefuse)
	}
	next := clone(g)
	next.Review = &GlassWord{actor, a.needs.Clock.Now().UTC().Truncate(time.Millisecond), verdict, strings.TrimSpace(text)}
	if next.State != "open" {
		next.State = "reviewed"
	}
	return a.setGlass(ctx, next, a.write, ledger.Entry{Actor: actor, Act: "access.review-glass", Object: "glass:" + id, Outcome: ledger.Done, Detail: map[string]string{"verdict": verdict, "text": next.Review.Text}})
}

// Glasses are those of some states, those that wait by rank, then the newest first.
func (a *Access) Glasses(states ...string) []*Glass {
	a.mu.RLock()
	defer a.mu.RUnlock()
	all := []*Glass{}
	for _, g := range a.glasses {
		if len(states) == 0 || slices.Contains(states, g.State) {
			all = append(all, clone(g))
		}
	}
	slices.SortFunc(all, func(x, y *Glass) int {
		return cmp.Or(cmp.Compare(y.Rank, x.Rank), y.At.Compare(x.At), strings.Compare(x.ID, y.ID))
	})
	return all
}

// forgetGlasses makes room: those that were looked at and are oldest go, and where there are none those that wait longest. That they were broken stands in
// the ledger. The lock is held.
func (a *Access) forgetGlasses() {
	done := func(g *Glass) int {
		if g.State == "explained" || g.State == "reviewed" {
			return 0
		}
		return 1
	}
	all := slices.DeleteFunc(slices.Collect(maps.Values(a.glasses)), func(g *Glass) bool { return g.State == "open" })
	slices.SortFunc(all, func(x, y *Glass) int { return cmp.Or(cmp.Compare(done(x), done(y)), x.At.Compare(y.At)) })
	for _, g := range all[:min(len(all), 1+mostGlasses/100)] {
		a.dropGlass(g.ID)
		a.unkept[itemKey{"glass", g.ID}] = nil
		if done(g) == 1 {
			a.count.unreviewed.Inc()
		} else {
			a.count.forgotten.Inc()
		}
	}
}

// show tells those who look at the console that something is other than it was, and not what: not all of them may know.
func (a *Access) show(what string) {
	if a.needs.Live != nil {
		a.needs.Live("access", map[string]any{"what": what})
	}
}
