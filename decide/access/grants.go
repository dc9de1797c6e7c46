package access

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"bulwark/decide/access/policy"
	"bulwark/platform/ledger"
)

// What is granted for a time.
const (
	Elevation = "elevation" // a role, to a person
	Window    = "window"    // an application, to a vendor
	Act       = "act"       // one act that needs a second person, once
)

// Grant is something that somebody may do for a time, once others said yes.
type Grant struct {
	ID     string    `json:"id"`
	Kind   string    `json:"kind"`
	Person string    `json:"person,omitempty"`
	Role   string    `json:"role,omitempty"`
	Vendor string    `json:"vendor,omitempty"`
	App    string    `json:"app,omitempty"`
	Act    string    `json:"act,omitempty"` // as it was refused, with a sum of what is sent
	Reason string    `json:"reason"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	// State is asked, approved, refused or ended.
	State string `json:"state"`
	Yes   []Yes  `json:"yes"`
}

// Yes is what somebody said of a grant.
type Yes struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
	OK bool      `json:"ok"`
}

// needed is how many others must say yes: two for whoever comes from outside.
func (g *Grant) needed() int {
	if g.Kind == Window {
		return 2
	}
	return 1
}

// How long something is granted at most.
const (
	longestElevation = 12 * time.Hour
	longestWindow    = 24 * time.Hour
	longestAct       = time.Hour
)

// AskGrant asks for a grant. Actor is who asks; they may ask for others.
func (a *Access) AskGrant(ctx context.Context, actor string, g Grant) (*Grant, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if g.Kind == Elevation && a.people[g.Person] == nil {
		g.Person = a.byLogin[g.Person]
	}
	now := a.needs.Clock.Now().UTC().Truncate(time.Millisecond)
	longest := longestElevation
	switch g.Kind {
	case Window:
		longest = longestWindow
	case Act: // one's own, from now on
		longest = longestAct
		g.Person, g.From, g.Until = strings.TrimPrefix(actor, "person:"), now, now.Add(longest)
	}
	if g.From.IsZero() {
		g.From = now
	}
	g.Reason = strings.TrimSpace(g.Reason)
	right := g.Kind == Elevation && g.Person != "" && word(g.Role) && g.Vendor+g.App+g.Act == "" || g.Kind == Window && word(g.Vendor) && word(g.App) && g.Person+g.Role+g.Act == "" ||
		g.Kind == Act && a.people[g.Person] != nil && g.Act != "" && len(g.Act) <= longText && g.Role+g.Vendor+g.App == ""
	switch {
	case !right:
		return nil, fmt.Errorf("%w: an elevation names a person and a role, a window a vendor and an application, an act what was refused", ErrAsk)
	case g.Reason == "" || utf8.RuneCountInString(g.Reason) > longText:
		return nil, fmt.Errorf("%w: say why, in at most %d characters", ErrAsk, longText)
	case !g.Until.After(g.From) || !g.Until.After(now) || g.Until.Sub(g.From) > longest || g.From.Sub(now) > 31*24*time.Hour:
		return nil, fmt.Errorf("%w: it ends after it begins, within %d hours, and begins within 31 days", ErrAsk, int(longest.Hours()))
	case len(a.grants) >= mostGrants:
		return nil, fmt.Errorf("%w: there are %d of them already", ErrAsk, mostGrants)
	}
	g.ID, g.By, g.At, g.State, g.Yes = uuid.Must(uuid.NewV7()).String(), actor, now, "asked", []Yes{}
	return a.setGrant(ctx, actor, &g, "ask")
}

// AnswerGrant takes a yes or a no. Nobody says yes to what they asked for themselves, or get.
func (a *Access) AnswerGrant(ctx context.Context, actor, id string, yes bool) (*Grant, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	was := a.grants[id]
	switch {
	case was == nil:
		return nil, ErrNone
	case was.State != "asked":
		return nil, fmt.Errorf("%w: it is %s already", ErrAsk, was.State)
	case yes && (actor == was.By || actor == ledger.Person(was.Person) || actor == ledger.Host):
		return nil, fmt.Errorf("%w: somebody else has to say yes, by name", ErrRefuse)
	case slices.ContainsFunc(was.Yes, func(y Yes) bool { return y.By == actor }):
		return nil, fmt.Errorf("%w: two different persons have to say yes", ErrRefuse)
	}
	g := *was
	g.Yes = append(slices.Clone(was.Yes), Yes{actor, a.needs.Clock.Now().UTC().Truncate(time.Millisecond), yes})
	if g.From, g.State = was.From, "asked"; !yes {
		g.State = "refused"
		return a.setGrant(ctx, actor, &g, "refuse")
	}
	if len(g.Yes) >= g.needed() {
		g.State = "approved"
	}
	return a.setGrant(ctx, actor, &g, "approve")
}

// EndGrant ends a grant before its time.
func (a *Access) EndGrant(ctx context.Context, actor, id string) (*Grant, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	was := a.grants[id]
	if was == nil {
		return nil, ErrNone
	}
	g := *was
	g.State = "ended"
	return a.setGrant(ctx, actor, &g, "end")
}

// Spend uses up the yes that somebody was given for one act; false: there is none.
func (a *Access) Spend(ctx context.Context, person, act string) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, was := range a.grants {
		if was.Kind == Act && was.Person == person && was.Act == act && was.State == "approved" && a.needs.Clock.Now().Before(was.Until) {
			g := *was
			g.State = "used"
			_, err := a.setGrant(ctx, ledger.Person(person), &g, "use")
			return err == nil, err
		}
	}
	return false, nil
}

// setGrant keeps a grant with its entry. The lock is held.
func (a *Access) setGrant(ctx context.Context, actor string, g *Grant, act string) (*Grant, error) {
	e := ledger.Entry{Actor: actor, Act: "access." + act + "-" + g.Kind, Object: "grant:" + g.ID, Outcome: ledger.Done,
		Detail: map[string]string{"reason": g.Reason, "until": g.Until.UTC().Format(time.RFC3339), "state": g.State}}
	for k, v := range map[string]string{"person": g.Person, "role": g.Role, "vendor": g.Vendor, "app": g.App, "act": g.Act} {
		if v != "" {
			e.Detail[k] = v
		}
	}
	if err := a.write(ctx, map[itemKey]any{{"grant", g.ID}: g}, e); err != nil {
		return nil, err
	}
	a.grants[g.ID] = g
	now := a.needs.Clock.Now()
	a.putPerson(g.Person, now)
	for id, p := range a.people {
		if g.Vendor != "" && p.Vendor == g.Vendor {
			a.entities.Touch(policy.ID("Person", id))
		}
	}
	a.expect(now)
	c := *g
	a.show("grant")
	return &c, nil
}

// Grants are all, the newest first.
func (a *Access) Grants() []*Grant {
	a.mu.RLock()
	defer a.mu.RUnlock()
	all := make([]*Grant, 0, len(a.grants))
	for _, g := range a.grants {
		c := *g
		if c.State == "approved" && !a.needs.Clock.Now().Before(c.Until) {
			c.State = "ended"
		}
		all = append(all, &c)
	}
	slices.SortFunc(all, func(x, y *Grant) int { return strings.Compare(y.ID, x.ID) })
	return all
}
