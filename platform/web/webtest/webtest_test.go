package webtest

import "testing"

func TestPath(t *testing.T) {
	for pattern, want := range map[string]string{
		"/": "/", "/{$}": "/", "/api/people/{id}/disable": "/api/people/x/disable", "/auth/static/{file...}": "/auth/static/x/y",
	} {
		if got := Path(pattern); got != want {
			t.Errorf("Path(%q) = %q, want %q", pattern, got, want)
		}
	}
}
