package oidc

import (
	"slices"
	"strings"

	"bulwark/decide/identity"
)

// The levels that an application can ask for by acr: the assurance of NIST SP 800-63B-4, then a second factor that no false page can
// take, then the same in hardware (phr and phrh of OpenID Connect EAP ACR Values 1.0).
const (
	phishingResistant = 4
	topLevel          = 5
)

// level is what a name of acr asks for; 0 for a name that is not known.
func (c *clientRow) level(name string) int {
	if n, ok := c.Settings.Levels[name]; ok {
		return n
	}
	return 1 + slices.Index([]string{"aal1", "aal2", "aal3", "phr", "phrh"}, name)
}

// reached tells whether what somebody proved is enough for a level.
func reached(p identity.Person, level int) bool {
	hardware := slices.Contains(p.Methods, "hwk")
	switch level {
	case phishingResistant:
		return p.Resistant() && p.Assurance() >= 2
	case topLevel:
		return hardware && p.Assurance() >= 3
	}
	return p.Assurance() >= level
}

// wanted is the first level of those that are asked for that the names tell, and its name. OpenID Connect Core 3.1.2.1: in order of
// preference.
func (c *clientRow) wanted(names []string, p identity.Person) (name string, level int) {
	for _, n := range names {
		l := c.level(n)
		if l == 0 {
			continue
		}
		if reached(p, l) {
			return n, l
		}
		if level == 0 {
			name, level = n, l
		}
	}
	if level < c.Settings.Least {
		return name, c.Settings.Least
	}
	return name, level
}

// acr is what the ID token says: the name that was asked for, else the level that was reached.
func (c *clientRow) acr(names []string, p identity.Person) string {
	if name, level := c.wanted(names, p); name != "" && reached(p, level) {
		return name
	}
	return []string{"aal1", "aal1", "aal2", "aal3"}[min(max(p.Assurance(), 0), 3)]
}

// knownMethods are the values of amr that sessions have here: of RFC 8176, and fed for another provider.
func knownMethods() []string {
	return []string{"fed", "hwk", "mfa", "otp", "pin", "pwd", "sc", "sms", "swk", "user", "wia"}
}

// methods are values of amr as the application knows them.
func (c *clientRow) methods(amr []string) []string {
	if len(c.Settings.Methods) == 0 {
		return amr
	}
	out := []string{}
	for _, m := range amr {
		if name := c.Settings.Methods[m]; name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func words(text string) []string { return strings.Fields(text) }
