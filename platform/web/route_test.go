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
		{"a route without duties", Route{"GET", "/x", nil, h}, "no duties"},
		{"an unknown duty", Route{"GET", "/x", []Duty{"janitor"}, h}, `no such duty: "janitor"`},
		{"public beside a duty", Route{"GET", "/x", []Duty{Public, Reader}, h}, "stands alone"},
		{"signed-in beside a duty", Route{"GET", "/x", []Duty{Reader, SignedIn}, h}, "stands alone"},
		{"any method", Route{"", "/x", []Duty{Reader}, h}, "method"},
		{"a pattern with a host", Route{"GET", "evil/x", []Duty{Reader}, h}, "does not start with /"},
		{"a route without a handler", Route{"GET", "/x", []Duty{Reader}, nil}, "no handler"},
		{"a malformed pattern", Route{"GET", "/{", []Duty{Reader}, h}, "bad wildcard"},
		{"a collision", Route{"GET", "/taken", []Duty{Reader}, h}, "conflicts"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewMux([]Route{{"GET", "/taken", []Duty{Public}, h}, tt.route}, closed{})
			if !errors.Is(err, ErrRoute) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("NewMux = %v, want %v with %q", err, ErrRoute, tt.want)
			}
		})
	}
}

func TestNewMuxPutsTheGuardBeforeAllButPublic(t *testing.T) {
	mux, err := NewMux([]Route{
		{"GET", "/open", []Duty{Public}, said("open")},
		{"GET", "/any", []Duty{SignedIn}, said("any")},
		{"POST", "/people", []Duty{Administrator}, said("people")},
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
