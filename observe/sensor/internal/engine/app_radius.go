package engine

import (
	"bytes"
	"net/netip"
	"strconv"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/radius"
	"bulwark/wire/tls"
)

// radiusApp is RADIUS over TCP.
type radiusApp struct {
	conv radius.Conversation
	at
}

func (a *radiusApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	return a.conv.Decode(dir, p, a)
}
func (a *radiusApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *radiusApp) close(*Worker, *flow)          {}
func (a *radiusApp) reset()                        { a.conv.Reset(); a.at = at{} }

// Message takes one message.
func (a *radiusApp) Message(dir wire.Dir, m *radius.Message, err error) {
	if err != nil {
		a.w.count.malformed++
	}
	a.w.takeRADIUS(a.f, dir, m)
}

func (w *Worker) radiusDatagram(f *flow, dir wire.Dir, p []byte) {
	m := &w.out.radiusMessage
	if radius.Parse(p, m) != nil {
		w.count.malformed++
		if m.Code == 0 {
			return
		}
	}
	if dir == wire.ToServer && m.Code.Answer() && f.packets == [2]uint64{1, 0} {
		w.swap(f) // it answers what was not seen
		dir = wire.ToClient
	}
	w.takeRADIUS(f, dir, m)
}

// takeRADIUS takes one message, of which Authenticator is there.
func (w *Worker) takeRADIUS(f *flow, dir wire.Dir, m *radius.Message) {
	if !m.Code.Answer() {
		if w.askRADIUS(f, m) && !m.EAP.Continues() {
			w.fillRADIUS(m, nil)
			w.emit(f, &w.out.radius)
			w.seenByRADIUS(f, dir, m, nil)
		}
		return
	}
	a, fresh := w.answerRADIUS(f, m)
	if !fresh {
		return
	}
	if !m.EAP.Continues() {
		w.fillRADIUS(m, a)
		w.emit(f, &w.out.radius)
	}
	if a != nil {
		w.signOnRADIUS(f, m, a)
		w.seenByRADIUS(f, dir, m, a)
	}
}

func (w *Worker) fillRADIUS(m *radius.Message, a *radiusAsk) {
	t := texts{buf: w.out.text[:0]}
	e := &w.out.radius
	*e = event.RADIUS{Activity: m.Code.String(), ID: uint64(m.ID), User: t.masked(w, m.User), NASID: event.View(m.NASID), NAS: t.addr(m.NAS),
		NASPort: uint64(m.Port), NASPortID: t.printable(m.PortID), Service: radius.ServiceName(m.Service), Protocol: radiusProtocol(m.Method, m.EAP.Type),
		Signed: m.Signed, IP: t.addr(m.Address), VLAN: event.View(m.VLAN), Filter: event.View(m.Filter), Timeout: uint64(m.Timeout),
		Status: radius.StatusName(m.Status), Session: t.printable(m.Session), MultiSession: t.printable(m.MultiSession),
		BytesIn: m.In.Count(), BytesOut: m.Out.Count(), PacketsIn: uint64(m.PacketsIn), PacketsOut: uint64(m.PacketsOut),
		Duration: uint64(m.Duration), Cause: radius.CauseName(m.Cause), Connect: event.View(m.Connect),
		Vendors: e.Vendors[:0], EAPWants: e.EAPWants[:0]}
	t.stations(e, m)
	if m.HasType {
		e.PortType = radius.PortTypeName(m.PortType)
	}
	if e.IP == "" {
		e.IP = t.addr(m.Address6)
	}
	if m.Prefix6.IsValid() {
		at := len(t.buf)
		t.buf = m.Prefix6.AppendTo(t.buf)
		e.Prefix = t.from(at)
	}
	e.Text = either(radius.ErrorName(m.ErrorCode), either(m.Refusal(), t.masked(w, m.Text)))
	for i := range m.Vendors {
		t.vendorAttribute(e, &m.Vendors[i])
	}
	w.fillEAP(&t, e, m)
	if a != nil {
		e.Latency, e.Again = uint64(max(w.clock-a.at, 0)), uint64(a.again)
		if m.EAP.Type == 0 {
			e.Protocol = a.protocol()
		}
	}
	w.out.text = t.buf
}

// stations tells from where a device comes and what it reached.
func (t *texts) stations(e *event.RADIUS, m *radius.Message) {
	if s := radius.ParseStation(m.Calling); s.IsMAC {
		e.MAC = t.mac(s.MAC[:])
	} else {
		e.Calling = t.printable(s.Rest)
	}
	if s := radius.ParseStation(m.Called); s.IsMAC {
		e.CalledMAC = t.mac(s.MAC[:])
	} else {
		e.Called = t.printable(s.Rest)
	}
	e.SSID = t.printable(ssidOf(m))
}

// vendorAttribute tells an attribute of a maker, where it is known and no secret.
func (t *texts) vendorAttribute(e *event.RADIUS, v *radius.Vendor) {
	name, form := v.Known()
	if len(v.Value) == 0 {
		return
	}
	at := len(t.buf)
	t.buf = append(append(t.buf, name...), '=')
	switch form {
	case radius.Text:
		t.buf = append(t.buf, v.Value...)
	case radius.Number:
		n, ok := v.Number()
		if !ok {
			return
		}
		t.buf = strconv.AppendUint(t.buf, uint64(n), 10)
	case radius.Address:
		if len(v.Value) != 4 {
			return
		}
		t.buf = netip.AddrFrom4([4]byte(v.Value)).AppendTo(t.buf)
	case radius.Pair:
		if !v.Told() {
			return
		}
		t.buf = append(t.buf, v.Value...)
	default:
		return
	}
	e.Vendors = append(e.Vendors, t.from(at))
}

func (w *Worker) fillEAP(t *texts, e *event.RADIUS, m *radius.Message) {
	x := &m.EAP
	if x.Code == 0 {
		return
	}
	at := len(t.buf)
	t.buf = append(t.buf, x.Code.String()...)
	if x.Type != 0 {
		t.buf = append(append(t.buf, ' '), radius.EAPTypeName(x.Type)...)
	}
	e.EAP = t.from(at)
	e.EAPIdentity = t.masked(w, either2(x.Identity, nameIn(x)))
	for _, wanted := range x.Wants {
		if wanted != 0 { // RFC 3748 §5.3.1: none
			e.EAPWants = append(e.EAPWants, radius.EAPTypeName(wanted))
		}
	}
	if hello := x.Hello(); hello != nil && w.out.radiusHello.Parse(hello) == nil {
		w.out.radiusJA4 = w.out.radiusHello.JA4(tls.OverTCP)
		e.JA4, e.ServerName = event.View(w.out.radiusJA4[:]), event.View(w.out.radiusHello.ServerName)
	}
}

// nameIn is the name that a device tells within a method; a server's own is no identity.
func nameIn(x *radius.EAP) []byte {
	if x.Code == radius.EAPResponse {
		return x.Name
	}
	return nil
}

// seenByRADIUS reports what messages tell of devices: the one that comes in, the one that asks, and the server.
func (w *Worker) seenByRADIUS(f *flow, dir wire.Dir, m *radius.Message, a *radiusAsk) {
	switch m.Code {
	case radius.AccountingRequest:
		w.nasRADIUS(f, dir, m)
		if m.Status != 2 { // it is gone by then
			w.cameInByRADIUS(f, m.Address, radius.ParseStation(m.Calling), m.User)
		}
	case radius.AccessRequest:
		w.nasRADIUS(f, dir, m)
	case radius.AccessAccept, radius.AccessReject, radius.AccountingResponse:
		w.out.asset = event.Asset{Role: "radius server", Source: "radius"}
		w.tellAssetAt(f, f.addr(dir), &w.out.asset)
		if m.Code == radius.AccessAccept {
			w.cameInByRADIUS(f, m.Address, radius.Station{MAC: a.mac, IsMAC: a.isMAC}, either2(m.User, a.user.bytes()))
		}
	}
}

// nasRADIUS reports the device that asks, at the address that it says it has: a proxy may stand between.
func (w *Worker) nasRADIUS(f *flow, dir wire.Dir, m *radius.Message) {
	at := m.NAS
	if !at.IsValid() || at.IsUnspecified() || at.IsLoopback() {
		at = f.addr(dir)
	}
	t := texts{buf: w.out.text}
	w.out.asset = event.Asset{Hostname: t.printable(m.NASID), Vendor: m.Maker(), Role: "network access server", Source: "radius"}
	if m.HasType && m.PortType == 19 {
		w.out.asset.Role = "wireless access point"
	}
	w.out.text = t.buf
	w.tellAssetAt(f, at, &w.out.asset)
}

// cameInByRADIUS reports a device that came in, at the address that it has: its hardware address, who signed on with it,
// and its name where it signed on for itself.
func (w *Worker) cameInByRADIUS(f *flow, at netip.Addr, s radius.Station, name []byte) {
	if !at.IsValid() || at.IsUnspecified() || !s.IsMAC && len(name) == 0 {
		return
	}
	t := texts{buf: w.out.text}
	w.out.asset = event.Asset{Source: "radius"}
	if s.IsMAC {
		w.out.asset.MAC = t.mac(s.MAC[:])
	}
	if host, ok := bytes.CutPrefix(name, []byte("host/")); ok {
		w.out.asset.Hostname = event.View(host)
	} else if u := radius.ParseStation(name); !u.IsMAC {
		user, _ := userAndDomain(name)
		w.out.asset.User = t.masked(w, user)
	}
	w.out.text = t.buf
	w.tellAssetAt(f, at, &w.out.asset)
}
