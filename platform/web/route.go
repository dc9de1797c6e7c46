// Package web is the ground that every page and every answer over HTTP stands on: the server with its limits, the
// headers that a browser obeys, the refusal of requests forged by other sites, request ids, metrics, and the table
// of routes in which whoever may use a route is said beside it.
package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Duty is what a person has been given to do in Bulwark. A person can have several.
type Duty string

const (
	// Administrator runs Bulwark itself: people, settings, updates.
	Administrator Duty = "administrator"
	// Analyst investigates what was found, and proposes what to do.
	Analyst Duty = "analyst"
	// BiomedicalEngineer answers for the medical devices: what they are, and what may be done to them.
	BiomedicalEngineer Duty = "biomedical-engineer"
	// Approver says yes or no to acts that need a second person.
	Approver Duty = "approver"
	// Reader looks, and changes nothing.
	Reader Duty = "reader"
	// Auditor looks at what others decided and did: the ledger, decisions, reviews, sessions. Nothing of the network is shown to them.
	Auditor Duty = "auditor"
	// HelpDesk helps people who have no say in Bulwark to sign in again.
	HelpDesk Duty = "help-desk"

	// SignedIn stands in a route for whoever is signed in, whatever the duties. Nobody is given it.
	SignedIn Duty = "signed-in"
	// Enrolling stands in a route for whoever is signed in, even if they must still add a second factor before anything else. Policies
	// do not refuse such a route. Nobody is given it.
	Enrolling Duty = "enrolling"
	// Public stands in a route for everybody, signed in or not. Nobody is given it.
	Public Duty = "public"
)

// Duties lists the duties that a person can be given.
func Duties() []Duty {
	return append(Watchers(), Auditor, HelpDesk)
}

// Watchers lists the duties to which what happens on the network is shown.
func Watchers() []Duty {
	return []Duty{Administrator, Analyst, BiomedicalEngineer, Approver, Reader}
}

// Route is one door of the program and who may use it.
type Route struct {
	// Method is the one HTTP method; GET answers HEAD too.
	Method string
	// Pattern is the path in the syntax of [http.ServeMux], without method and host: "/api/people/{id}".
	Pattern string
	// Duties are the duties of which a person needs one; or [SignedIn], [Enrolling] or [Public] alone. Without any the
	// table is refused, so a route that nobody thought about cannot exist.
	Duties  []Duty
	Handler http.Handler
	// Foreign lets pages of other sites send it. It must change nothing: the browser sends whatever cookies it has.
	Foreign bool
	// Body is the largest request body, in bytes. 0 means 64 KiB.
	Body int64
}

// defaultBody is how large a request body may be where the route does not say, in bytes.
const defaultBody = 64 << 10

func (r Route) String() string {
	words := make([]string, len(r.Duties))
	for i, d := range r.Duties {
		words[i] = string(d)
	}
	return fmt.Sprintf("%s %s %s", r.Method, r.Pattern, strings.Join(words, ","))
}

// Guard knows who asks.
type Guard interface {
	// Require passes a request on to next when whoever asks has one of duties, and refuses it otherwise. It is
	// never asked about [Public].
	Require(duties []Duty, next http.Handler) http.Handler
}

// ErrRoute means that a route cannot be served as it was declared; nothing is served then.
var ErrRoute = errors.New("web: bad route")

// NewMux serves routes, each behind guard. It refuses the whole table, naming every bad route, when one has no
// duties or unknown ones, mixes [Public], [Enrolling] or [SignedIn] with others, has no handler, or collides with another.
func NewMux(routes []Route, guard Guard) (*http.ServeMux, error) {
	mux := http.NewServeMux()
	var bad []error
	for _, r := range routes {
		if err := r.check(); err != nil {
			bad = append(bad, fmt.Errorf("%w: %s: %w", ErrRoute, r, err))
			continue
		}
		h := http.MaxBytesHandler(r.Handler, cmp.Or(r.Body, defaultBody))
		if !slices.Contains(r.Duties, Public) {
			h = guard.Require(r.Duties, h)
		}
		if err := add(mux, r.Method+" "+r.Pattern, h); err != nil {
			bad = append(bad, fmt.Errorf("%w: %s: %w", ErrRoute, r, err))
		}
	}
	return mux, errors.Join(bad...)
}

func (r Route) check() error {
	switch {
	case !slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, r.Method):
		return fmt.Errorf("method %q is none of GET, POST, PUT, PATCH, DELETE", r.Method)
	case !strings.HasPrefix(r.Pattern, "/"):
		return fmt.Errorf("pattern %q does not start with /", r.Pattern)
	case r.Handler == nil:
		return errors.New("no handler")
	case len(r.Duties) == 0:
		return errors.New("no duties: say who may use it")
	}
	for _, d := range r.Duties {
		alone := d == Public || d == SignedIn || d == Enrolling
		if alone && len(r.Duties) > 1 {
			return fmt.Errorf("%q stands alone or not at all", d)
		}
		if !alone && !slices.Contains(Duties(), d) {
			return fmt.Errorf("no such duty: %q", d)
		}
	}
	return nil
}

// add turns the panic of [http.ServeMux] over a malformed or colliding pattern into an error.
func add(mux *http.ServeMux, pattern string, h http.Handler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	mux.Handle(pattern, h)
	return nil
}

// Foreign are the routes that pages of other sites may send, as [Needs] takes them.
func Foreign(routes []Route) (patterns []string) {
	for _, r := range routes {
		if r.Foreign {
			patterns = append(patterns, r.Method+" "+r.Pattern)
		}
	}
	return patterns
}
