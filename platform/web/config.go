package web

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"bulwark/platform/conf"
)

// Config is where the console is reached.
type Config struct {
	// Listen is the address and port that the console listens on. Empty means port 8443, on this machine alone as
	// long as there are no names, and on every address as soon as there are.
	Listen string `conf:"listen"`
	// Names are the host names and addresses that people type to reach the console, beside localhost. A request for
	// any other host is refused. The first one stands in the links that are handed out.
	Names []string `conf:"names"`
	// MetricsToken is the bearer token that /metrics asks for when it is not asked from this machine. Empty means
	// that it answers this machine alone.
	MetricsToken conf.Secret `conf:"metrics_token"`
}

// defaultPort is the console's port.
const defaultPort = "8443"

// Check refuses names that cannot be host names and an address that cannot be listened on.
func (c *Config) Check() error {
	var bad []error
	for i, n := range c.Names {
		if _, err := netip.ParseAddr(n); err != nil && !hostName(n) {
			bad = append(bad, conf.At(fmt.Sprintf("names[%d]", i), fmt.Errorf("%q is neither a host name nor an address", n)))
		}
	}
	if c.Listen != "" {
		if _, port, err := net.SplitHostPort(c.Listen); err != nil || port == "" {
			bad = append(bad, conf.At("listen", fmt.Errorf("%q is not an address and a port, like 10.0.0.5:8443", c.Listen)))
		}
	}
	return errors.Join(bad...)
}

// hostName follows RFC 1123 §2.1: letters, digits and hyphens between dots.
func hostName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "-") != label {
			return false
		}
		if strings.ContainsFunc(label, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-')
		}) {
			return false
		}
	}
	return true
}

// Addresses are the addresses to listen on.
func (c *Config) Addresses() []string {
	switch {
	case c.Listen != "":
		return []string{c.Listen}
	case len(c.Names) > 0:
		return []string{":" + defaultPort}
	}
	return []string{"127.0.0.1:" + defaultPort, "[::1]:" + defaultPort} // a browser may mean either by localhost
}

// known tells whether host, without a port, is one of the names under which the console is reached.
func (c *Config) known(host string) bool {
	return loopbackName(host) || slices.ContainsFunc(c.Names, func(n string) bool { return strings.EqualFold(n, host) })
}

// public tells whether host is a configured DNS name.
func (c *Config) public(host string) bool {
	_, err := netip.ParseAddr(host)
	return err != nil && !loopbackName(host) && c.known(host)
}

// loopbackName tells whether host names this machine to itself.
func loopbackName(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

// hostOf is the host of a Host header or of an address, without its port and brackets.
func hostOf(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	return strings.Trim(host, "[]")
}
