package oidc

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"bulwark/platform/ledger"
)

func TestMethodsOfAnApplicationAreThoseThatThereAre(t *testing.T) {
	h := newHall(t, Settings{})
	for _, test := range []struct {
		what    string
		methods map[string]string
		good    bool
	}{
		{"none", nil, true},
		{"a key in hardware and one in software", map[string]string{"hwk": "urn:x:hwk", "swk": "urn:x:swk"}, true},
		{"a slip", map[string]string{"hkw": "x"}, false},
		{"one that becomes nothing", map[string]string{"hwk": ""}, false},
		{"one that becomes two words", map[string]string{"hwk": "a b"}, false},
		{"one that is too long", map[string]string{"hwk": strings.Repeat("a", 101)}, false},
	} {
		t.Run(test.what, func(t *testing.T) {
			_, _, err := h.Register(t.Context(), ledger.Host, "psc", "PSC", Settings{Redirects: []string{"https://ward.example/back"}, Methods: test.methods})
			if (err == nil) != test.good || err != nil && !errors.Is(err, ErrClient) {
				t.Fatalf("got %v", err)
			}
			if err == nil {
				if err := h.Remove(t.Context(), ledger.Host, "psc"); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	c := &clientRow{Settings: Settings{Methods: map[string]string{"hwk": "strong"}}}
	if got := c.methods([]string{"hwk", "user", "mfa"}); !slices.Equal(got, []string{"strong"}) {
		t.Errorf("got %v", got)
	}
}
