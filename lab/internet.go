package lab

import (
	"net/netip"
	"os"
	"path/filepath"
)

// newHost makes the folder of a host whose namespace exists.
func (n *Network) newHost(name string, addr netip.Addr) (*Host, error) {
	h := &Host{Name: name, Addr: addr, ns: Prefix + name, dir: filepath.Join(n.Dir, name)}
	return h, os.Mkdir(h.dir, 0o755)
}

// forward makes a namespace a router.
func forward(ns string) error {
	return inNamespace(ns, func() error {
		return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0)
	})
}
