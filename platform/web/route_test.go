package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// closed refuses everybody.
type closed struct{}

func (closed) Require([]Duty, http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
}

func said(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) })
}

func TestNewMuxRefuses(t *testing.T) {
	h := said("x")
	tests := []struct {
		name  string
		route Route
		want  string
	}{
		{"a route without duties", Route{Method: "GET", Pattern: "/x", Duties: nil, Handler: h}, "no duties"},
		{"an unknown duty", Route{Method: "GET", Pattern: "/x", Duties: []Duty{"janitor"}, Handler: h}, `no such duty: "janitor"`},
		{"public beside a duty", Route{Method: "GET", Pattern: "/x", Duties: []Duty{Public, Reader}, Handler: h}, "stands alone"},
		{"signed-in beside a duty", Route{Method: "GET", Pattern: "/x", Duties: []Duty{Reader, SignedIn}, Handler: h}, "stands alone"},
		{"any method", Route{Method: "", Pattern: "/x", Duties: []Duty{Reader}, Handler: h}, "method"},
		{"a pattern with a host", Route{Method: "GET", Pattern: "evil/x", Duties: []Duty{Reader}, Handler: h}, "does not start with /"},
		{"a route without a handler", Route{Method: "GET", Pattern: "/x", Duties: []Duty{Reader}, Handler: nil}, "no handler"},
		{"a malformed pattern", Route{Method: "GET", Pattern: "/{", Duties: []Duty{Reader}, Handler: h}, "bad wildcard"},
		{"a collision", Route{Method: "GET", Pattern: "/taken", Duties: []Duty{Reader}, Handler: h}, "conflicts"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewMux([]Route{{Method: "GET", Pattern: "/taken", Duties: []Duty{Public}, Handler: h}, tt.route}, closed{})
			if !errors.Is(err, ErrRoute) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("NewMux = %v, want %v with %q", err, ErrRoute, tt.want)
			}
		})
	}
}

func TestNewMuxPutsTheGuardBeforeAllButPublic(t *testing.T) {
	mux, err := NewMux([]Route{
		{Method: "GET", Pattern: "/open", Duties: []Duty{Public}, Handler: said("open")},
		{Method: "GET", Pattern: "/any", Duties: []Duty{SignedIn}, Handler: said("any")},
		{Method: "POST", Pattern: "/people", Duties: []Duty{Administrator}, Handler: said("people")},
	}, closed{})
	if err != nil {
		t.Fatal(err)
	}
	for target, want := range map[string]int{
		"GET /open": 200, "GET /any": 403, "POST /people": 403, "POST /open": 405, "GET /people": 405, "GET /none": 404,
	} {
		method, path, _ := strings.Cut(target, " ")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		if w.Code != want {
			t.Errorf("%s = %d, want %d", target, w.Code, want)
		}
	}
}
