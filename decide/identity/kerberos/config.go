package kerberos

import (
	"errors"
	"net/netip"
	"regexp"

	"bulwark/platform/conf"
)

// Config says how people of a directory are recognised by the session of their workstation. Its zero value says that they are not.
type Config struct {
	// Realm is that of the directory, in capitals: AD.HOSPITAL.EXAMPLE. Empty means that nobody signs in by a ticket.
	Realm string `conf:"realm"`
	// Keytab is a file with the keys of the console's service, HTTP/bulwark.hospital.example: those of AES alone are used. Only its owner may read it.
	Keytab string `conf:"keytab"`
	// Networks are where workstations of the domain are. Empty means everywhere.
	Networks []netip.Prefix `conf:"networks"`
}

var realm = regexp.MustCompile(`^[A-Z0-9][A-Z0-9.-]{0,253}$`)

// On tells whether anybody signs in by a ticket.
func (c *Config) On() bool { return c.Realm != "" }

// Check refuses a realm that is none, and one without keys.
func (c *Config) Check() error {
	var bad []error
	if c.On() && !realm.MatchString(c.Realm) {
		bad = append(bad, conf.At("realm", errors.New("is not a realm in capitals, as AD.HOSPITAL.EXAMPLE")))
	}
	if c.On() != (c.Keytab != "") {
		bad = append(bad, conf.At("keytab", errors.New("realm and keytab are given together")))
	}
	return errors.Join(bad...)
}

// Serves tells whether people of an address sign in by tickets.
func (c *Config) Serves(address string) bool {
	if !c.On() || len(c.Networks) == 0 {
		return c.On()
	}
	a, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	a = a.Unmap()
	for _, n := range c.Networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}
