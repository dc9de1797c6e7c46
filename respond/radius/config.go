package radius

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"bulwark/platform/conf"
)

// Config is which switches, access points and controllers let a device go, or put it elsewhere, when they are told to (RFC 5176).
type Config struct {
	// NAS are the switches, access points and controllers that obey.
	NAS []NAS `conf:"nas"`
}

// NAS is one that obeys, or many with the same secret.
type NAS struct {
	// Name is a short word by which people know it.
	Name string `conf:"name"`
	// Address is where it listens: 10.9.0.2, or 10.9.0.0/24 for all of a network. One of a network is asked where the sensor, or
	// the accounting that it sees, knows at which of them a device is; a single one is asked where nobody knows, too.
	Address Addresses `conf:"address"`
	// Port is where it listens. 0 means 3799.
	Port uint16 `conf:"port"`
	// Secret is what it shares with this program. It takes orders from whoever has it.
	Secret conf.Secret `conf:"secret"`
	// Signed refuses answers without a Message-Authenticator. Not all switches send one.
	Signed bool `conf:"signed"`
	// VLAN is the number or name of the VLAN of quarantine.
	VLAN string `conf:"vlan"`
	// Filter is the name of the filter of quarantine (Filter-Id), which the switch must know.
	Filter string `conf:"filter"`
	// Attributes are others of quarantine, as the maker of the switch documents them: number=text of a standard attribute, or
	// vendor:number=text, like 9:1=subscriber:command=reauthenticate; 0x and hexadecimal digits for bytes.
	Attributes []Attribute `conf:"attributes"`
	// Release are the attributes of the CoA-Request that ends quarantine. Empty means that the device is thrown off
	// (Disconnect-Request) and signs on again, so that the RADIUS server says where it belongs.
	Release []Attribute `conf:"release"`
	// MAC is how it writes the address of a device (Calling-Station-Id): dashes (00-11-22-AA-BB-CC), colons (00:11:22:aa:bb:cc),
	// dots (0011.22aa.bbcc) or plain (001122aabbcc). Empty means dashes.
	MAC string `conf:"mac"`
}

const defaultPort = 3799

var nasName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Check refuses names that stand twice, and more than can be asked.
func (c *Config) Check() error {
	if len(c.NAS) > 1000 {
		return conf.At("nas", fmt.Errorf("%d are more than 1,000: give those with one secret as a network", len(c.NAS)))
	}
	var bad []error
	seen := map[string]bool{}
	for n := range c.NAS {
		if name := c.NAS[n].Name; seen[name] {
			bad = append(bad, conf.At(fmt.Sprintf("nas[%d].name", n), fmt.Errorf("%q is the name of two", name)))
		}
		seen[c.NAS[n].Name] = true
	}
	return errors.Join(bad...)
}

// Check refuses a NAS that cannot work.
func (n *NAS) Check() error {
	switch {
	case !nasName.MatchString(n.Name):
		return conf.At("name", fmt.Errorf("%q is not a word of small letters, digits and hyphens", n.Name))
	case !n.Address.prefix.IsValid():
		return conf.At("address", errors.New("it says where the switch listens: 10.9.0.2, or 10.9.0.0/24"))
	case n.Secret.IsZero():
		return conf.At("secret", errors.New("the switch takes no order without one"))
	case len(n.VLAN) > 250 || len(n.Filter) > 250:
		return conf.At("vlan", errors.New("VLAN and filter have at most 250 bytes"))
	case n.MAC != "":
		if err := conf.OneOf(n.MAC, "dashes", "colons", "dots", "plain"); err != nil {
			return conf.At("mac", err)
		}
	}
	return nil
}

// quarantines reports whether it knows where to put a device.
func (n *NAS) quarantines() bool { return n.VLAN != "" || n.Filter != "" || len(n.Attributes) > 0 }

// Addresses are one address or a network of them.
type Addresses struct{ prefix netip.Prefix }

// UnmarshalText reads 10.9.0.2 or 10.9.0.0/24.
func (a *Addresses) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "" {
		*a = Addresses{}
		return nil
	}
	if one, err := netip.ParseAddr(s); err == nil && one.Zone() == "" {
		a.prefix = netip.PrefixFrom(one.Unmap(), one.Unmap().BitLen())
		return nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return fmt.Errorf("%q is neither an address nor a network, like 10.9.0.2 or 10.9.0.0/24", s)
	}
	a.prefix = p.Masked()
	return nil
}

// MarshalText is the address as it is written.
func (a Addresses) MarshalText() ([]byte, error) {
	switch {
	case !a.prefix.IsValid():
		return nil, nil
	case a.prefix.IsSingleIP():
		return []byte(a.prefix.Addr().String()), nil
	}
	return []byte(a.prefix.String()), nil
}

// Attribute is one that a message carries.
type Attribute struct {
	vendor uint32 // IANA number; 0: of the standard
	kind   uint8
	value  []byte
	shown  string
}

// UnmarshalText reads 11=Quarantine, 9:1=subscriber:command=reauthenticate, 64=0x0000000d.
func (a *Attribute) UnmarshalText(text []byte) error {
	name, value, ok := strings.Cut(string(text), "=")
	vendor, kind, vendored := strings.Cut(name, ":")
	if !vendored {
		vendor, kind = "0", name
	}
	maker, err := strconv.ParseUint(vendor, 10, 32)
	number, err2 := strconv.ParseUint(kind, 10, 8)
	if !ok || err != nil || err2 != nil || number == 0 || vendored && maker == 0 || value == "" {
		return fmt.Errorf("%q is no attribute, like 11=Quarantine or 9:1=subscriber:command=reauthenticate", text)
	}
	*a = Attribute{vendor: uint32(maker), kind: uint8(number), value: []byte(value), shown: string(text)}
	if digits, ok := strings.CutPrefix(value, "0x"); ok {
		if a.value, err = hex.DecodeString(digits); err != nil {
			return fmt.Errorf("%q: %w", text, err)
		}
	}
	if len(a.value) > 247 {
		return fmt.Errorf("%q has more than 247 bytes", name)
	}
	return nil
}

// MarshalText is the attribute as it is written.
func (a Attribute) MarshalText() ([]byte, error) { return []byte(a.shown), nil }
