package directory

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
)

func entry(dn string, pairs ...string) *ldap.Entry {
	m := map[string][]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = append(m[pairs[i]], pairs[i+1])
	}
	return ldap.NewEntry(dn, m)
}

func TestGroupsInGroupsAreFollowedRoundAndRound(t *testing.T) {
	c := &Config{Kind: "ldap", Roles: []Mapping{{"Medecins", "doctor"}, {"cn=soins,ou=g,dc=h", "nurse"}, {"Absents", "absent"}}, Units: []Mapping{{"OU=Urgences,DC=h", "urgences"}}}
	m := newMembership(c, []*ldap.Entry{
		entry("cn=Medecins,ou=g,dc=h", "cn", "Medecins", "member", "cn=Urgentistes,ou=g,dc=h"),
		entry("CN=Urgentistes, OU=g, DC=h", "cn", "Urgentistes", "member", "uid=anne,ou=Nuit,ou=urgences,dc=h", "member", "cn=Soins,ou=g,dc=h"),
		entry("cn=Soins,ou=g,dc=h", "cn", "Soins", "member", "cn=Medecins,ou=g,dc=h", "memberUid", "bob"), // a round
	})
	for _, c2 := range []struct {
		who  *ldap.Entry
		want string
	}{
		{entry("uid=anne,ou=Nuit,ou=Urgences,dc=h", "uid", "anne", "cn", "Anne", "entryUUID", "A-1"), "a-1 doctor,nurse urgences"},
		{entry("uid=bob,ou=x,dc=h", "uid", "BOB", "cn", "Bob", "entryUUID", "b-2"), "b-2 doctor,nurse "},
		{entry("uid=eve,dc=h", "uid", "eve", "cn", "Eve", "entryUUID", "e-3"), "e-3  "},
	} {
		a := c.account(c2.who, m, time.Now())
		if got := a.ID + " " + strings.Join(a.Roles, ",") + " " + strings.Join(a.Units, ","); got != c2.want {
			t.Errorf("%s has %q, want %q", c2.who.DN, got, c2.want)
		}
	}
	if got := m.unknown(); !slices.Equal(got, []string{"absents"}) {
		t.Errorf("unknown = %q", got)
	}
}

func TestWhoIsDisabledOrEndedIsKnown(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, attribute, value string
		want                   bool
	}{
		{"a usual account", "userAccountControl", "512", false},
		{"a disabled one", "userAccountControl", "514", true},
		{"one without end", "accountExpires", "0", false},
		{"one without end, as Windows writes it too", "accountExpires", "9223372036854775807", false},
		{"one that ended yesterday", "accountExpires", "134084736000000000", true},
		{"one that ends in a year", "accountExpires", "134400096000000000", false},
		{"one that OpenLDAP locks for good", "pwdAccountLockedTime", "000001010000Z", true},
		{"one that it locks for a while", "pwdAccountLockedTime", "20261123115900Z", false},
		{"nonsense", "userAccountControl", "many", false},
	} {
		if got := disabled(entry("cn=x", c.attribute, c.value), now); got != c.want {
			t.Errorf("%s: disabled = %v", c.name, got)
		}
	}
}

func TestDirectoriesThatCannotWorkAreRefused(t *testing.T) {
	good := func() Config {
		c := Config{Name: "ad", Servers: []string{"ldaps://dc1"}, Account: "a", Base: "DC=h"}
		if err := c.Password.UnmarshalText([]byte("x")); err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := good(); c.Check() != nil {
		t.Errorf("a good one: %v", c.Check())
	}
	for name, spoil := range map[string]func(*Config){
		"no name": func(c *Config) { c.Name = "" }, "a kind that is none": func(c *Config) { c.Kind = "nis" },
		"no server": func(c *Config) { c.Servers = nil }, "no TLS": func(c *Config) { c.Servers[0] = "ldap://dc1" },
		"nobody to sign on": func(c *Config) { c.Account = "" }, "a base that is none": func(c *Config) { c.Base = "hospital" },
		"a filter that is none": func(c *Config) { c.People = "(objectClass=person" }, "an attribute that is none": func(c *Config) { c.UnitAttribute = "a)(b" },
		"too often": func(c *Config) { c.Every = time.Second }, "a mapping to nothing": func(c *Config) { c.Roles = []Mapping{{"g", ""}} },
	} {
		c := good()
		if spoil(&c); c.Check() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func FuzzGroups(f *testing.F) {
	f.Add("cn=a,dc=h", "cn=b,dc=h", "OU=x,DC=h")
	f.Add("cn=a\\,b,dc=h", "=", ",,")
	f.Fuzz(func(t *testing.T, a, b, of string) {
		c := &Config{Kind: "ldap", Roles: []Mapping{{of, "x"}, {a, "y"}}}
		m := newMembership(c, []*ldap.Entry{entry(a, "cn", b, "member", b), entry(b, "member", a, "memberUid", of)})
		got := c.account(entry(of, "uid", of, "memberOf", b, "entryUUID", "1"), m, time.Now())
		if !slices.IsSorted(got.Roles) {
			t.Errorf("%q", got.Roles)
		}
	})
}
