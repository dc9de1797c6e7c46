package identity

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"bulwark/decide/identity/directory"
	"bulwark/decide/identity/federation"
	"bulwark/decide/identity/saml"
	"bulwark/platform/conf"
	"bulwark/platform/web"
)

// Config is how people sign in.
type Config struct {
	// Hospital is the name of the hospital, shown on the sign-in page. Passwords made of it are refused.
	Hospital string `conf:"hospital"`
	// Words are words of the place that passwords must not be made of: the town, the group, the names of buildings.
	Words []string `conf:"words"`
	// Idle is how long a session lasts without a request. 0 means 30 minutes.
	Idle time.Duration `conf:"idle"`
	// Longest is how long a session lasts at most. 0 means 12 hours.
	Longest time.Duration `conf:"longest"`
	// Directories are where people come from beside those whom administrators invite: Active Directory, LDAP.
	Directories []directory.Config `conf:"directories"`
	// Providers are OpenID providers that people can sign in with: that of the hospital, Pro Santé Connect.
	Providers []federation.Config `conf:"providers"`
	// SAML are SAML 2.0 identity providers that people can sign in with.
	SAML []saml.Config `conf:"saml"`
	// Passkeys are rules of which passkeys are taken.
	Passkeys Passkeys `conf:"passkeys"`
	// Messages are codes by text message or mail: weak, and off unless they are given.
	Messages Messages `conf:"messages"`
	// Posture is what a device must report of itself to be taken for sound.
	Posture Posture `conf:"posture"`
	// Station is how people use workstations that they share.
	Station Station `conf:"station"`
	// Keep is how long what is known of staff is kept.
	Keep Keep `conf:"keep"`
	// PasswordAlone are the duties whose people may sign in with a password alone: whoever has only duties of this list. Weak: the
	// console warns of it. Empty means that everybody needs a second factor.
	PasswordAlone []string `conf:"password_alone"`
	// PasswordAge is how old a password may become, where a rule that binds the hospital asks for it. 0 means any age: it is renewed on evidence
	// alone, as NIST SP 800-63B-4 and the ANSSI advise.
	PasswordAge time.Duration `conf:"password_age"`
	// PasswordAgeFor are the duties whose people PasswordAge concerns. Empty means everybody.
	PasswordAgeFor []string `conf:"password_age_for"`
}

// Check refuses sessions that would never end, or end at once.
func (c *Config) Check() error {
	var bad []error
	if i := c.idle(); i < time.Minute || i > 24*time.Hour {
		bad = append(bad, conf.At("idle", errors.New("is not between 1 minute and 24 hours")))
	}
	if l := c.longest(); l < c.idle() || l > 7*24*time.Hour {
		bad = append(bad, conf.At("longest", errors.New("is not between idle and 7 days")))
	}
	for n := range c.Directories {
		if slices.ContainsFunc(c.Directories[:n], func(d directory.Config) bool { return d.Name == c.Directories[n].Name }) {
			bad = append(bad, conf.At(fmt.Sprintf("directories[%d].name", n), fmt.Errorf("%q is the name of two directories", c.Directories[n].Name)))
		}
	}
	for n := range c.Providers {
		if slices.ContainsFunc(c.Providers[:n], func(p federation.Config) bool { return p.Name == c.Providers[n].Name }) {
			bad = append(bad, conf.At(fmt.Sprintf("providers[%d].name", n), fmt.Errorf("%q is the name of two providers", c.Providers[n].Name)))
		}
	}
	for n := range c.SAML {
		same := func(name string) bool { return name == c.SAML[n].Name }
		if slices.ContainsFunc(c.SAML[:n], func(p saml.Config) bool { return same(p.Name) }) || slices.ContainsFunc(c.Providers, func(p federation.Config) bool { return same(p.Name) }) {
			bad = append(bad, conf.At(fmt.Sprintf("saml[%d].name", n), fmt.Errorf("%q is the name of two providers", c.SAML[n].Name)))
		}
	}
	if err := c.Messages.Check(); err != nil {
		bad = append(bad, conf.At("messages", err))
	}
	if err := c.Passkeys.Check(); err != nil {
		bad = append(bad, conf.At("passkeys", err))
	}
	if a := c.PasswordAge; a != 0 && (a < 30*24*time.Hour || a > 5*365*24*time.Hour) {
		bad = append(bad, conf.At("password_age", errors.New("is neither 0 nor between 30 days and 5 years")))
	}
	for name, list := range map[string][]string{"password_alone": c.PasswordAlone, "password_age_for": c.PasswordAgeFor} {
		for n, d := range list {
			if !slices.Contains(web.Duties(), web.Duty(d)) {
				bad = append(bad, conf.At(fmt.Sprintf("%s[%d]", name, n), fmt.Errorf("%q is no duty", d)))
			}
		}
	}
	return errors.Join(bad...)
}

func (c *Config) idle() time.Duration    { return cmp.Or(c.Idle, 30*time.Minute) }
func (c *Config) longest() time.Duration { return cmp.Or(c.Longest, 12*time.Hour) }

// context are the words that passwords must not be made of; names are those of the console.
func (c *Config) context(names []string) []string {
	return slices.Concat([]string{c.Hospital}, names, c.Words)
}
