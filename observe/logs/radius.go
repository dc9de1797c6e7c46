package logs

import (
	"errors"
	"fmt"
	"net/netip"

	"bulwark/observe/logs/internal/accounting"
	"bulwark/platform/conf"
)

// RADIUS is where switches, access points and gateways account for who is there.
type RADIUS struct {
	// Listen is the address to listen at: :1813. Empty: not at all.
	Listen string `conf:"listen"`
	// Clients are those who may send. Of several that fit, the narrowest counts.
	Clients []RADIUSClient `conf:"clients"`
}

// RADIUSClient is who may send.
type RADIUSClient struct {
	// Address is an address or a network: 10.0.0.7, 10.0.0.0/24.
	Address string `conf:"address"`
	// Secret is what both share, best with file: and a path.
	Secret conf.Secret `conf:"secret"`
}

// Check refuses to listen to nobody.
func (r *RADIUS) Check() error {
	bad := checkAddress("listen", r.Listen)
	if r.Listen != "" && len(r.Clients) == 0 {
		bad = errors.Join(bad, conf.At("clients", errors.New("nobody may send: name an address and a secret")))
	}
	return bad
}

// Check refuses addresses that are none, and secrets that are missing.
func (c *RADIUSClient) Check() error {
	var bad []error
	if _, err := c.network(); err != nil {
		bad = append(bad, conf.At("address", fmt.Errorf("%q is neither an address nor a network, like 10.0.0.0/24", c.Address)))
	}
	if c.Secret.IsZero() {
		bad = append(bad, conf.At("secret", errors.New("it is missing")))
	}
	return errors.Join(bad...)
}

func (c *RADIUSClient) network() (netip.Prefix, error) {
	if a, err := netip.ParseAddr(c.Address); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(c.Address)
}

func (l *Logs) openRADIUS(c *Config) error {
	if c.RADIUS.Listen == "" {
		return nil
	}
	o := accounting.Options{Listen: c.RADIUS.Listen, Patients: l.patients, Log: l.needs.Log}
	for i := range c.RADIUS.Clients {
		k := &c.RADIUS.Clients[i]
		from, err := k.network()
		if err != nil {
			return err
		}
		secret, err := k.Secret.Reveal()
		if err != nil {
			return fmt.Errorf("the secret of %s: %w", k.Address, err)
		}
		o.Clients = append(o.Clients, accounting.Client{From: from, Secret: []byte(secret)})
	}
	i, err := accounting.New(o)
	if err != nil {
		return err
	}
	l.add(i, Door{"udp", i.Addr().String()})
	return nil
}
