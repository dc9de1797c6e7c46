package evidence

import (
	"net/netip"
	"strconv"

	"bulwark/event"
	"bulwark/observe/inventory/internal/register"
)

// flow takes who serves and uses what, and the link addresses. Those are a router's for everybody behind it, which the
// register finds out. Whatever it looks at is in the flow's [Gist] too.
func (r *Reader) flow(h *event.Header, p *event.Flow) {
	if p.SrcMAC != p.DstMAC { // else it was put in later: nobody sends frames to himself
		r.from("flow", h.Src).sure(register.Likely).say(register.MAC, p.SrcMAC)
	}
	r.from("flow", h.Src).sure(register.Likely)
	if ToMany(h.Dst) {
		r.say(register.Role, groupRole(h))
		if r.wanted(h.Proto, h.Ports.Dst) {
			r.say(register.AsksPort, r.portName(h.Proto, h.Ports.Dst))
		}
		return
	}
	r.say(register.Uses, p.App)
	if strange(h, p) {
		r.say(register.Role, "begins connections")
	}
	asked, answers := r.portsOf(h, p)
	if answers != 0 {
		port := r.portName(h.Proto, answers)
		r.say(register.Port, port)
		r.from("flow", h.Dst).say(register.AsksPort, port)
		r.from("flow", h.Src)
	}
	if asked != 0 {
		r.say(register.AsksPort, r.portName(h.Proto, asked))
	}
	if p.BytesIn == 0 && p.TotalBytesIn == 0 {
		return // nobody answered: there may be nobody
	}
	r.from("flow", h.Dst)
	if p.SrcMAC != p.DstMAC {
		r.say(register.MAC, p.DstMAC)
	}
	r.say(register.Serves, p.App)
	switch {
	case asked != 0:
		r.say(register.Port, r.portName(h.Proto, asked))
	case strange(h, p) && h.Ports.Dst < ephemeral:
		r.say(register.Role, "answers connections")
	}
	if routing(h.Proto) {
		r.say(register.Role, "routing protocol")
		r.from("flow", h.Src).say(register.Role, "routing protocol")
	}
}

// Flags of TCP (RFC 9293 §3.1), and the first of the ports that Linux gives to those who begin (ip(7)).
const (
	syn, rst, push = 0x02, 0x04, 0x08
	ephemeral      = 32768
)

// strange reports whether something was said on a connection that no decoder knows.
func strange(h *event.Header, p *event.Flow) bool {
	return p.App == "" && h.Proto == 6 && p.FlagsIn&(syn|push) == syn|push
}

// refused reports whether the other side of a TCP connection did nothing but refuse it.
func refused(h *event.Header, p *event.Flow) bool {
	if h.Proto != 6 {
		return false
	}
	return p.FlagsIn&(syn|push) == 0 || p.FlagsIn&rst != 0 && p.FlagsIn&syn == 0
}

// groupRole is what sending to a group tells of the sender; empty for nothing.
func groupRole(h *event.Header) string {
	if routing(h.Proto) {
		return "routing protocol"
	}
	if h.Proto == 17 {
		switch h.Ports.Dst {
		case 520, 521, 646, 711, 1985, 2029, 3222: // RIP, RIPng, LDP, TDP, HSRP, HSRP for IPv6, GLBP
			return "routing protocol"
		case 1900: // UPnP Device Architecture 2.0 §1
			return "searches by ssdp"
		case 5355: // RFC 4795
			return "searches by llmnr"
		}
	}
	return ""
}

// routing reports whether a protocol is one that only routers speak: EIGRP, OSPF, PIM, VRRP, IS-IS over IPv4.
func routing(proto uint8) bool {
	switch proto {
	case 88, 89, 103, 112, 124:
		return true
	}
	return false
}

// ports are a set of port numbers.
type ports [1 << 16 / 64]uint64

func (p *ports) add(n uint16)      { p[n/64] |= 1 << (n % 64) }
func (p *ports) has(n uint16) bool { return p[n/64]&(1<<(n%64)) != 0 }

// wanted reports whether a rule asks for the number of a port: facts stay few where only those are told.
func (r *Reader) wanted(proto uint8, n uint16) bool {
	switch proto {
	case 6:
		return r.tcp.has(n)
	case 17:
		return r.udp.has(n)
	}
	return false
}

// portName is a port as "tcp/9100". It is valid until the next of these.
func (r *Reader) portName(proto uint8, p uint16) string {
	name := "tcp/"
	if proto == 17 {
		name = "udp/"
	}
	r.port = strconv.AppendUint(append(r.port[:0], name...), uint64(p), 10)
	return event.View(r.port)
}

// dhcp takes a lease: the surest sign of who is at an address.
func (r *Reader) dhcp(h *event.Header, p *event.DHCP) {
	switch p.Message {
	case "offer", "ack", "reply", "advertise":
		r.leased(p)
	case "request", "discover", "inform", "solicit", "renew":
		at := h.Src
		if a, err := netip.ParseAddr(p.Requested); err == nil && at.IsUnspecified() && p.Message == "request" {
			at = a
		}
		if at.IsUnspecified() {
			return
		}
		r.from("dhcp", at).sure(register.Likely)
		r.hostname(p.Hostname)
		r.say(register.MAC, p.MAC)
		r.say(register.DHCP, p.Params)
		r.say(register.DHCPID, p.Vendor)
	}
}

// leased takes what a DHCP server says: of itself, of the routers that it hands out, and of who has the address.
func (r *Reader) leased(p *event.DHCP) {
	if a, err := netip.ParseAddr(p.Server); err == nil {
		r.from("dhcp", a).sure(register.Certain).say(register.Role, "dhcp server")
	}
	for _, router := range p.Routers {
		if a, err := netip.ParseAddr(router); err == nil {
			r.from("dhcp", a).sure(register.Certain).say(register.Role, "default router")
		}
	}
	if p.Message != "ack" && p.Message != "reply" {
		return
	}
	if a, err := netip.ParseAddr(p.Assigned); err == nil && !a.IsUnspecified() {
		r.from("dhcp", a).sure(register.Certain)
		r.hostname(p.Hostname) // before the card, which a docking station shows for one laptop after the other
		r.say(register.MAC, p.MAC)
	}
}
