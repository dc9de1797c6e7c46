package engine

import (
	"net/netip"
	"strconv"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/dhcp"
)

func (w *Worker) dhcpDatagram(f *flow, _ wire.Dir, p []byte) {
	m := &w.out.dhcpMessage
	if err := dhcp.Parse(p, m); err != nil {
		w.count.malformed++
		return
	}
	t := texts{buf: w.out.text[:0]}
	e := &w.out.dhcp
	*e = event.DHCP{Message: m.Type.String(), XID: uint64(m.XID), MAC: t.mac(m.MAC), ClientID: t.hex(m.ClientID),
		Hostname: event.View(m.HostName), FQDN: event.View(m.FQDN), Assigned: t.addr(m.YourIP), Requested: t.addr(m.Requested),
		Server: t.addr(m.ServerID), Relay: t.addr(m.Relay), Lease: uint64(m.Lease), Vendor: event.View(m.VendorClass),
		Params: t.codes(m.Params), Routers: e.Routers[:0], Resolvers: e.Resolvers[:0], Domain: event.View(m.Domain),
		NextServer: t.addr(m.NextServer), ClientIP: t.addr(m.ClientIP), Subnet: t.addr(m.SubnetMask),
		Renewal: uint64(m.Renewal), Rebinding: uint64(m.Rebinding), Leases: e.Leases[:0], Port: t.printable(m.CircuitID), BootFile: event.View(m.BootFile)}
	for a := range m.Routers.All() {
		e.Routers = append(e.Routers, t.addr(a))
	}
	for a := range m.Resolvers.All() {
		e.Resolvers = append(e.Resolvers, t.addr(a))
	}
	w.out.text = t.buf
	w.emit(f, e)
	w.leaseholder(f, e, m)
}

// leaseholder reports the device that asks for an address, at the address that it has or wants.
func (w *Worker) leaseholder(f *flow, e *event.DHCP, m *dhcp.Message) {
	if m.Reply || m.Type != dhcp.Request && m.Type != dhcp.Inform {
		return
	}
	at := m.ClientIP
	if !at.IsValid() || at.IsUnspecified() {
		at = m.Requested
	}
	w.out.asset = event.Asset{MAC: e.MAC, Hostname: either(e.Hostname, e.FQDN), Software: e.Vendor, Source: "dhcp"}
	w.tellAssetAt(f, at, &w.out.asset)
}

// addr is an address as text; empty for none.
func (t *texts) addr(a netip.Addr) string {
	if !a.IsValid() || a.IsUnspecified() {
		return ""
	}
	at := len(t.buf)
	t.buf = a.AppendTo(t.buf)
	return t.from(at)
}

// mac is a hardware address with colons between its bytes.
func (t *texts) mac(b []byte) string {
	at := len(t.buf)
	for i, v := range b {
		if i > 0 {
			t.buf = append(t.buf, ':')
		}
		t.buf = append(t.buf, hexDigits[v>>4], hexDigits[v&15])
	}
	return t.from(at)
}

// printable is text, or what is not text in hexadecimal.
func (t *texts) printable(b []byte) string {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return t.hex(b)
		}
	}
	return event.View(b)
}

// hex is b in hexadecimal with colons; empty for none.
func (t *texts) hex(b []byte) string { return t.mac(b[:min(len(b), 64)]) }

// codes is the list of options asked for, in their order, with commas.
func (t *texts) codes(b []byte) string {
	at := len(t.buf)
	for i, v := range b {
		if i > 0 {
			t.buf = append(t.buf, ',')
		}
		t.buf = strconv.AppendUint(t.buf, uint64(v), 10)
	}
	return t.from(at)
}
