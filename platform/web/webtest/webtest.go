// Package webtest checks who gets through a table of routes.
package webtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bulwark/platform/web"
)

// Sign makes r a request of somebody who has duty and no other.
type Sign func(duty web.Duty, r *http.Request)

// CheckRoutes asks for every route as nobody and as somebody with each single duty, and as somebody without any,
// through the guard that the program uses. The handlers are not called: it is the door that is tried. What the
// table says must be what happens, 401 for nobody and 403 for the wrong duty.
func CheckRoutes(t *testing.T, routes []web.Route, guard web.Guard, sign Sign) {
	t.Helper()
	stubs := slices.Clone(routes)
	for i := range stubs {
		stubs[i].Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	}
	mux, err := web.NewMux(stubs, guard)
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range stubs {
		t.Run(route.Method+" "+route.Pattern, func(t *testing.T) {
			visit(t, mux, route, "nobody", nil, want(route, "", true))
			visit(t, mux, route, "somebody without duties", func(r *http.Request) { sign("", r) }, want(route, "", false))
			for _, d := range web.Duties() {
				visit(t, mux, route, string(d), func(r *http.Request) { sign(d, r) }, want(route, d, false))
			}
		})
	}
}

// want is the status that the table promises.
func want(route web.Route, duty web.Duty, nobody bool) int {
	switch {
	case slices.Contains(route.Duties, web.Public):
		return http.StatusNoContent
	case nobody:
		return http.StatusUnauthorized
	case slices.Contains(route.Duties, web.SignedIn), slices.Contains(route.Duties, web.Enrolling), slices.Contains(route.Duties, duty):
		return http.StatusNoContent
	}
	return http.StatusForbidden
}

func visit(t *testing.T, h http.Handler, route web.Route, who string, sign func(*http.Request), want int) {
	t.Helper()
	methods := []string{route.Method}
	if route.Method == http.MethodGet {
		methods = append(methods, http.MethodHead)
	}
	for _, m := range methods {
		r := httptest.NewRequest(m, Path(route.Pattern), nil)
		if sign != nil {
			sign(r)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s by %s = %d, want %d", m, who, w.Code, want)
		}
	}
}

// Path is a path that pattern serves.
func Path(pattern string) string {
	pattern = strings.TrimSuffix(pattern, "{$}")
	pattern = regexp.MustCompile(`\{\w+\.\.\.\}`).ReplaceAllString(pattern, "x/y")
	return regexp.MustCompile(`\{\w+\}`).ReplaceAllString(pattern, "x")
}

// Table writes routes as lines, sorted, to be compared with a file that a person has read: whoever widens access
// changes that file too.
func Table(routes []web.Route) string {
	lines := make([]string, len(routes))
	for i, r := range routes {
		lines[i] = fmt.Sprintln(r)
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
