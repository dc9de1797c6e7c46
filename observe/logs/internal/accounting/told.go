package accounting

import (
	"bytes"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"bulwark/event"
	"bulwark/observe/logs/internal/intake"
	"bulwark/platform/pseudonym"
	"bulwark/wire/radius"
)

const maxText = 256 // bytes of an attribute that is told

// reader makes events of messages. It is of one goroutine.
type reader struct {
	patients *pseudonym.Pseudonyms
	message  radius.Message
}

// read appends the events of a message: what it says, and which device is at an address.
func (r *reader) read(p []byte, base intake.Record, out []intake.Record) []intake.Record {
	m := &r.message
	if radius.Parse(p, m) != nil && len(m.Session) == 0 && m.Status == 0 {
		return out
	}
	h := event.Header{Time: base.Received.Add(-time.Duration(min(m.Delay, 86_400)) * time.Second).UnixNano(), Src: base.Sender, Proto: 17,
		Ports: event.Ports{Dst: 1813}}
	base.Event, base.Size = &event.Event{Header: h, Payload: r.told(m)}, len(p)
	out = append(out, base)
	if a := r.device(m); a != nil {
		h.Src, h.Proto, h.Ports = m.Address, 0, event.Ports{}
		if !h.Src.IsValid() {
			h.Src = m.Address6
		}
		base.Event, base.Beside = &event.Event{Header: h, Payload: a}, true
		out = append(out, base)
	}
	return out
}

func (r *reader) told(m *radius.Message) *event.RADIUS {
	e := &event.RADIUS{Activity: m.Code.String(), ID: uint64(m.ID), User: r.masked(m.User), NASID: text(m.NASID), NAS: addr(m.NAS), NASPort: uint64(m.Port),
		NASPortID: text(m.PortID), Service: radius.ServiceName(m.Service), Signed: m.Signed, IP: addr(m.Address), VLAN: text(m.VLAN),
		Filter: text(m.Filter), Timeout: uint64(m.Timeout), Status: radius.StatusName(m.Status), Session: text(m.Session),
		MultiSession: text(m.MultiSession), BytesIn: m.In.Count(), BytesOut: m.Out.Count(), PacketsIn: uint64(m.PacketsIn),
		PacketsOut: uint64(m.PacketsOut), Duration: uint64(m.Duration), Cause: radius.CauseName(m.Cause), Connect: text(m.Connect)}
	if m.HasType {
		e.PortType = radius.PortTypeName(m.PortType)
	}
	if e.IP == "" {
		e.IP = addr(m.Address6)
	}
	if m.Prefix6.IsValid() {
		e.Prefix = m.Prefix6.String()
	}
	calling, called := radius.ParseStation(m.Calling), radius.ParseStation(m.Called)
	e.MAC, e.Calling = mac(calling), text(calling.Rest)
	e.CalledMAC, e.Called = mac(called), text(called.Rest)
	if e.SSID = text(called.SSID); e.SSID == "" {
		e.SSID = text(m.SSID())
	}
	for i := range m.Vendors {
		if s := vendor(&m.Vendors[i]); s != "" {
			e.Vendors = append(e.Vendors, s)
		}
	}
	return e
}

// device is which device came in at an address, and who signed on with it; nil where nothing of that is told, or it is gone.
func (r *reader) device(m *radius.Message) *event.Asset {
	const stop = 2
	calling := radius.ParseStation(m.Calling)
	at := m.Address.IsValid() && !m.Address.IsUnspecified() || m.Address6.IsValid()
	if !at || m.Status == stop || m.Code != radius.AccountingRequest || !calling.IsMAC && len(m.User) == 0 {
		return nil
	}
	a := &event.Asset{MAC: mac(calling), Source: "radius"}
	if host, ok := bytes.CutPrefix(m.User, []byte("host/")); ok {
		a.Hostname = text(host)
	} else if !radius.ParseStation(m.User).IsMAC {
		user := m.User
		if _, after, ok := bytes.Cut(user, []byte(`\`)); ok {
			user = after
		}
		user, _, _ = bytes.Cut(user, []byte("@"))
		a.User = r.masked(user)
	}
	return a
}

// vendor is an attribute of a maker, name=value; "" for one that is not known or is a secret.
func vendor(v *radius.Vendor) string {
	name, form := v.Known()
	switch {
	case form == radius.Text, form == radius.Pair && v.Told():
		return name + "=" + text(v.Value)
	case form == radius.Number:
		if n, ok := v.Number(); ok {
			return name + "=" + strconv.FormatUint(uint64(n), 10)
		}
	case form == radius.Address && len(v.Value) == 4:
		return name + "=" + netip.AddrFrom4([4]byte(v.Value)).String()
	}
	return ""
}

func (r *reader) masked(p []byte) string {
	return string(r.patients.Text(nil, p[:min(len(p), maxText)]))
}

// text is an attribute as a text, whose letters that are none are left out.
func text(p []byte) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == '\uFFFD' {
			return -1
		}
		return c
	}, string(p[:min(len(p), maxText)]))
}

func addr(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func mac(s radius.Station) string {
	if !s.IsMAC {
		return ""
	}
	return net.HardwareAddr(s.MAC[:]).String()
}
