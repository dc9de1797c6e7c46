package engine

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/dhcp6"
)

func (w *Worker) dhcp6Datagram(f *flow, dir wire.Dir, p []byte) {
	m := &w.out.dhcp6Message
	if err := dhcp6.Parse(p, m); err != nil {
		w.count.malformed++
		if m.Client == nil {
			return
		}
	}
	if dir == wire.ToServer && m.Type.FromServer() && f.packets == [2]uint64{1, 0} {
		w.swap(f) // it answers what was sent to all servers
		dir = wire.ToClient
	}
	t := texts{buf: w.out.text[:0]}
	e := &w.out.dhcp
	*e = event.DHCP{Version: 6, Message: m.Type.String(), XID: uint64(m.XID), MAC: t.hex(m.Hardware), ClientID: t.hex(m.Client),
		ServerDUID: t.hex(m.Server), FQDN: event.View(m.FQDN), Vendor: t.printable(m.VendorClass), Params: t.codes16(m.Params),
		Domain: event.View(m.Domains), Relay: t.addr(m.Relay), Peer: t.addr(m.Peer), Relays: uint64(m.Relays),
		Enterprise: uint64(m.Enterprise), Status: uint64(m.Status), Port: t.printable(m.Interface), BootFile: event.View(m.BootFile),
		Routers: e.Routers[:0], Resolvers: e.Resolvers[:0], Leases: e.Leases[:0]}
	if m.Relays > 0 {
		e.RelayType = m.Outer.String()
	}
	if e.Enterprise == 0 {
		e.Enterprise = uint64(m.Client.Enterprise())
	}
	for b := m.Resolvers; len(b) >= 16; b = b[16:] {
		e.Resolvers = append(e.Resolvers, t.addr(netip.AddrFrom16([16]byte(b))))
	}
	for i := range m.Leases {
		e.Leases = append(e.Leases, t.lease(&m.Leases[i]))
	}
	if len(m.Leases) > 0 {
		e.Lease = uint64(m.Leases[0].Valid)
	}
	w.out.text = t.buf
	w.emit(f, e)
	w.leaseholder6(f, dir, e, m)
}

// leaseholder6 reports the client at the addresses that it is given, and at the one from which it speaks.
func (w *Worker) leaseholder6(f *flow, dir wire.Dir, e *event.DHCP, m *dhcp6.Message) {
	w.out.asset = event.Asset{MAC: e.MAC, Hostname: e.FQDN, Software: e.Vendor, Source: "dhcp"}
	if m.Type == dhcp6.Reply {
		for i := range m.Leases {
			if l := &m.Leases[i]; l.Bits == 0 && l.Valid > 0 {
				w.tellAssetAt(f, l.Addr, &w.out.asset)
			}
		}
		return
	}
	at := m.Peer
	if !at.IsValid() {
		at = f.addr(dir)
	}
	if !m.Type.FromServer() {
		w.tellAssetAt(f, at, &w.out.asset)
	}
}

// lease is an address, or a prefix with its length.
func (t *texts) lease(l *dhcp6.Lease) string {
	at := len(t.buf)
	t.buf = l.Addr.AppendTo(t.buf)
	if l.Bits > 0 {
		t.buf = strconv.AppendUint(append(t.buf, '/'), uint64(l.Bits), 10)
	}
	return t.from(at)
}

// codes16 is a list of options of two bytes each, with commas.
func (t *texts) codes16(b []byte) string {
	at := len(t.buf)
	for ; len(b) >= 2; b = b[2:] {
		if len(t.buf) > at {
			t.buf = append(t.buf, ',')
		}
		t.buf = strconv.AppendUint(t.buf, uint64(binary.BigEndian.Uint16(b)), 10)
	}
	return t.from(at)
}
