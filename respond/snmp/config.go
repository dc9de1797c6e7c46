package snmp

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"

	"github.com/gosnmp/gosnmp"

	"bulwark/platform/conf"
)

// Config is which switches take their ports out of force, or put them in another VLAN, when they are told to by SNMP.
type Config struct {
	// Switches are the switches. All of them are asked where a device is plugged in.
	Switches []Switch `conf:"switches"`
}

// Switch is one switch, or a stack that answers as one.
type Switch struct {
	// Name is a short word by which people know it. It stands with what is in force: one that is renamed is another.
	Name string `conf:"name"`
	// Address is where it answers: 10.9.0.2.
	Address netip.Addr `conf:"address"`
	// Port is where it answers. 0 means 161.
	Port uint16 `conf:"port"`
	// Version is 3, which signs and encrypts, or 2c, which does neither. Empty means 3.
	Version string `conf:"version"`
	// User is who asks, of version 3.
	User string `conf:"user"`
	// Signs is how the user signs: sha, sha224, sha256, sha384 or sha512. Empty means sha256.
	Signs string `conf:"signs"`
	// SignSecret is the secret with which the user signs.
	SignSecret conf.Secret `conf:"sign_secret"`
	// Encrypts is how the user encrypts: aes, aes192, aes256, or aes192c and aes256c as Cisco extends keys. Empty means aes.
	Encrypts string `conf:"encrypts"`
	// EncryptSecret is the secret with which the user encrypts.
	EncryptSecret conf.Secret `conf:"encrypt_secret"`
	// Community is the word of version 2c by which the switch takes orders. It crosses the network in clear.
	Community conf.Secret `conf:"community"`
	// VLAN is the number of the VLAN of quarantine. 0 means that this switch has none.
	VLAN int `conf:"vlan"`
}

var switchName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// mostSwitches is how many are asked.
const mostSwitches = 200

// Check refuses names that stand twice, and more than can be asked.
func (c *Config) Check() error {
	if len(c.Switches) > mostSwitches {
		return conf.At("switches", fmt.Errorf("%d are more than %d", len(c.Switches), mostSwitches))
	}
	var bad []error
	seen := map[string]bool{}
	for n := range c.Switches {
		if name := c.Switches[n].Name; seen[name] {
			bad = append(bad, conf.At(fmt.Sprintf("switches[%d].name", n), fmt.Errorf("%q is the name of two", name)))
		}
		seen[c.Switches[n].Name] = true
	}
	return errors.Join(bad...)
}

// Check refuses a switch that cannot work.
func (s *Switch) Check() error {
	switch {
	case !switchName.MatchString(s.Name):
		return conf.At("name", fmt.Errorf("%q is not a word of small letters, digits and hyphens", s.Name))
	case !s.Address.IsValid():
		return conf.At("address", errors.New("it says where the switch answers: 10.9.0.2"))
	case s.VLAN < 0 || s.VLAN > 4094:
		return conf.At("vlan", fmt.Errorf("%d is no number of a VLAN, 1 to 4,094", s.VLAN))
	case s.Version == "2c":
		if s.Community.IsZero() {
			return conf.At("community", errors.New("version 2c takes no order without one"))
		}
		return nil
	case s.Version != "" && s.Version != "3":
		return conf.At("version", conf.OneOf(s.Version, "3", "2c"))
	case s.User == "":
		return conf.At("user", errors.New("version 3 asks who it is"))
	case s.SignSecret.IsZero() || s.EncryptSecret.IsZero():
		return conf.At("sign_secret", errors.New("version 3 needs a secret to sign and one to encrypt: sign_secret, encrypt_secret"))
	}
	if _, ok := signers()[s.Signs]; !ok {
		return conf.At("signs", fmt.Errorf("%q is none of sha, sha224, sha256, sha384, sha512", s.Signs))
	}
	if _, ok := ciphers()[s.Encrypts]; !ok {
		return conf.At("encrypts", fmt.Errorf("%q is none of aes, aes192, aes256, aes192c, aes256c", s.Encrypts))
	}
	return nil
}

func signers() map[string]gosnmp.SnmpV3AuthProtocol {
	return map[string]gosnmp.SnmpV3AuthProtocol{"": gosnmp.SHA256, "sha": gosnmp.SHA, "sha224": gosnmp.SHA224, "sha256": gosnmp.SHA256,
		"sha384": gosnmp.SHA384, "sha512": gosnmp.SHA512}
}

func ciphers() map[string]gosnmp.SnmpV3PrivProtocol {
	return map[string]gosnmp.SnmpV3PrivProtocol{"": gosnmp.AES, "aes": gosnmp.AES, "aes192": gosnmp.AES192, "aes256": gosnmp.AES256,
		"aes192c": gosnmp.AES192C, "aes256c": gosnmp.AES256C}
}
