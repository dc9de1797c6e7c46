// Package directory reads people from a hospital's directory, Active Directory or another that speaks LDAP, and asks it whether a password is
// theirs. It changes nothing there.
package directory

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"bulwark/decide/identity/kerberos"
	"bulwark/platform/conf"
	"bulwark/platform/ldaps"
	"bulwark/platform/web"
)

// Config is one directory.
type Config struct {
	// Name is a short word by which the console and the ledger call it.
	Name string `conf:"name"`
	// Kind is ad (Active Directory, Samba) or ldap (OpenLDAP and others with inetOrgPerson). Empty means ad.
	Kind string `conf:"kind"`
	// Servers are ldaps://dc1.ad.hospital.example and its like. The first that answers is used.
	Servers []string `conf:"servers"`
	// Authority is a file with the certificates (PEM) that signed those of the servers. Empty means those this machine trusts.
	Authority string `conf:"authority"`
	// Account is who reads there: bulwark@ad.hospital.example, or a DN. It needs no right but to read.
	Account string `conf:"account"`
	// Password is that account's.
	Password conf.Secret `conf:"password"`
	// Base is below what people are looked for: OU=Staff,DC=ad,DC=hospital,DC=example.
	Base string `conf:"base"`
	// Groups is below what groups are looked for. Empty means the same.
	Groups string `conf:"groups"`
	// People is the filter of who is a person. Empty means the usual one of the kind.
	People string `conf:"people"`
	// Roles give whoever is in a group, or below an organisational unit, a role: a duty of the console (administrator, analyst...) or a role of the
	// hospital that policies name (doctor, nurse...).
	Roles []Mapping `conf:"roles"`
	// Units put whoever is in a group, or below an organisational unit, into a unit of the hospital.
	Units []Mapping `conf:"units"`
	// UnitAttribute is the attribute whose value, in small letters, is a person's unit: department. Empty means none.
	UnitAttribute string `conf:"unit_attribute"`
	// Adopt joins accounts to people of the same login whom an administrator invited before. Otherwise an administrator confirms each.
	Adopt bool `conf:"adopt"`
	// Every is how often all people are read. 0 means 10 minutes. Changes are looked for every 15 seconds beside that.
	Every time.Duration `conf:"every"`
	// Kerberos says how its people are recognised by the session of their workstation. Empty means that they are not.
	Kerberos kerberos.Config `conf:"kerberos"`
	// Leave is how many percent of its people may be gone or disabled at once before that waits for a person's word. 0 means 10.
	Leave int `conf:"leave"`
}

// Mapping says what whoever is in a group has.
type Mapping struct {
	// From is the group, by name or DN, or the DN of an organisational unit.
	From string `conf:"from"`
	// To is what they have: a role, or a unit.
	To string `conf:"to"`
}

var (
	word = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	// attribute is a name of one (RFC 4512, 1.4).
	attribute = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,62}$`)
)

// Check refuses a directory that cannot be read.
func (c *Config) Check() error {
	var bad []error
	no := func(at string, err error) { bad = append(bad, conf.At(at, err)) }
	if !word.MatchString(c.Name) {
		no("name", fmt.Errorf("%q is not a word of small letters, digits and hyphens", c.Name))
	}
	if !slices.Contains([]string{"", "ad", "ldap"}, c.Kind) {
		no("kind", fmt.Errorf("%q is neither ad nor ldap", c.Kind))
	}
	if len(c.Servers) == 0 {
		no("servers", errors.New("is empty"))
	}
	for n, s := range c.Servers {
		if err := ldaps.CheckServer(s); err != nil {
			no(fmt.Sprintf("servers[%d]", n), err)
		}
	}
	if c.Account == "" || c.Password.IsZero() { // without a password a server takes anybody for nobody (RFC 4513, 5.1.2)
		no("account", errors.New("needs a name and its password"))
	}
	if _, err := ldap.ParseDN(c.Base); err != nil || c.Base == "" {
		no("base", fmt.Errorf("%q is no DN", c.Base))
	}
	if _, err := ldap.ParseDN(c.Groups); err != nil {
		no("groups", fmt.Errorf("%q is no DN", c.Groups))
	}
	if _, err := ldap.CompileFilter(c.filter()); err != nil {
		no("people", err)
	}
	if c.UnitAttribute != "" && !attribute.MatchString(c.UnitAttribute) {
		no("unit_attribute", fmt.Errorf("%q is no attribute", c.UnitAttribute))
	}
	if e := c.every(); e < time.Minute || e > 24*time.Hour {
		no("every", errors.New("is not between 1 minute and 24 hours"))
	}
	if c.Leave < 0 || c.Leave > 100 {
		no("leave", errors.New("is not between 0 and 100"))
	}
	for name, list := range map[string][]Mapping{"roles": c.Roles, "units": c.Units} {
		for n, m := range list {
			if strings.TrimSpace(m.From) == "" || !word.MatchString(m.To) {
				no(fmt.Sprintf("%s[%d]", name, n), fmt.Errorf("needs a group in from, and a word of small letters, digits and hyphens in to"))
			}
		}
	}
	if err := c.Kerberos.Check(); err != nil {
		no("kerberos", err)
	}
	return errors.Join(bad...)
}

// Period is how often all people are read.
func (c *Config) Period() time.Duration { return c.every() }

func (c *Config) every() time.Duration { return cmp.Or(c.Every, 10*time.Minute) }

// Leaving is how many of n people may leave at once.
func (c *Config) Leaving(n int) int { return max(10, n*cmp.Or(c.Leave, 10)/100) }

func (c *Config) ad() bool { return c.Kind != "ldap" }

// filter is who is a person.
func (c *Config) filter() string {
	switch {
	case c.People != "":
		return c.People
	case c.ad(): // 805306368 is a user, neither a computer nor a trust (MS-SAMR, 2.2.1.9)
		return "(&(objectCategory=person)(sAMAccountType=805306368))"
	}
	return "(objectClass=inetOrgPerson)"
}

// isGroup is what is a group.
func (c *Config) isGroup() string {
	if c.ad() {
		return "(objectClass=group)"
	}
	return "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))"
}

// split parts roles into duties of the console and roles of the hospital.
func split(roles []string) (duties []web.Duty, rest []string) {
	for _, r := range roles {
		if slices.Contains(web.Duties(), web.Duty(r)) {
			duties = append(duties, web.Duty(r))
		} else {
			rest = append(rest, r)
		}
	}
	return duties, rest
}
