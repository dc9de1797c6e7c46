package engine

import (
	"bulwark/event"
	"bulwark/wire/radius"
)

// radiusAsked remembers the requests of RADIUS that wait for an answer: who asked for what, when, and how often. One that
// another took the place of has no answer: nothing else is lost.
type radiusAsked [radiusSlots]radiusAsk

type radiusAsk struct {
	flow     uint64
	at       int64
	asked    [16]byte // authenticator of the request
	answered [16]byte // and of its answer; zero until it comes
	code     radius.Code
	id       uint8
	again    uint32
	method   radius.Method
	eapType  uint8
	service  uint32
	mac      [6]byte
	isMAC    bool
	user     short
	domain   short
	host     short
	nas      short
	ssid     short
}

const (
	radiusSlots = 1 << 11
	radiusWait  = 60 * second // a request that comes later is another one
)

// short is a text of at most 96 bytes.
type short struct {
	b [96]byte
	n uint8
}

func (s *short) set(b []byte) { s.n = uint8(copy(s.b[:], b)) }

func (s *short) bytes() []byte { return s.b[:s.n] }

// radiusAsk is the place of the request that a message is or answers.
func (w *Worker) radiusAsk(f *flow, m *radius.Message) *radiusAsk {
	if w.radius == nil {
		w.radius = new(radiusAsked)
	}
	return &w.radius[mum(f.id^w.opt.Seed, uint64(m.ID)^0xa0761d6478bd642f)&(radiusSlots-1)]
}

// askRADIUS notes a request; fresh is false when it was sent again.
func (w *Worker) askRADIUS(f *flow, m *radius.Message) (fresh bool) {
	a := w.radiusAsk(f, m)
	if a.flow == f.id && a.id == m.ID && a.code == m.Code && a.asked == [16]byte(m.Authenticator) && w.clock-a.at < radiusWait {
		a.again++
		return false
	}
	*a = radiusAsk{flow: f.id, at: w.clock, asked: [16]byte(m.Authenticator), code: m.Code, id: m.ID, method: m.Method,
		eapType: m.EAP.Type, service: m.Service}
	calling := radius.ParseStation(m.Calling)
	a.mac, a.isMAC = calling.MAC, calling.IsMAC
	if user := radius.ParseStation(m.User); user.IsMAC && a.isMAC && user.MAC == a.mac && m.Method < radius.ByMSCHAP {
		a.method = radius.ByAddress
	}
	a.user.set(m.User)
	a.domain.set(m.Domain())
	a.host.set(m.Machine())
	a.nas.set(m.NASID)
	a.ssid.set(ssidOf(m))
	return true
}

// answerRADIUS is the request that an answer belongs to, nil when it was not seen; fresh is false when the answer was sent
// again.
func (w *Worker) answerRADIUS(f *flow, m *radius.Message) (a *radiusAsk, fresh bool) {
	a = w.radiusAsk(f, m)
	if a.flow != f.id || a.id != m.ID || !m.Code.Answers(a.code) {
		return nil, true
	}
	if a.answered == [16]byte(m.Authenticator) {
		return a, false
	}
	a.answered = [16]byte(m.Authenticator)
	return a, true
}

// protocol is how the user of a request proves itself.
func (a *radiusAsk) protocol() string { return radiusProtocol(a.method, a.eapType) }

func radiusProtocol(m radius.Method, eapType uint8) string {
	if e := (radius.EAP{Type: eapType}); m == radius.ByEAP && e.Proves() {
		return radius.EAPTypeName(eapType)
	}
	return m.String()
}

// ssidOf is the name of the wireless network that a request tells; nil for none.
func ssidOf(m *radius.Message) []byte {
	if s := radius.ParseStation(m.Called); len(s.SSID) > 0 {
		return s.SSID
	}
	return m.SSID()
}

// signOnRADIUS reports how a sign-on ended.
func (w *Worker) signOnRADIUS(f *flow, m *radius.Message, a *radiusAsk) {
	if m.Code != radius.AccessAccept && m.Code != radius.AccessReject || a.code != radius.AccessRequest {
		return
	}
	t := texts{buf: w.out.text}
	name := a.user.bytes()
	if len(m.User) > 0 {
		name = m.User // RFC 2865 §5.1: what is told outside of a tunnel often is nobody
	}
	user, domain := userAndDomain(name)
	if len(domain) == 0 {
		domain = a.domain.bytes()
	}
	e := &w.out.auth
	*e = event.Auth{User: t.masked(w, user), Domain: event.View(domain), Protocol: a.protocol(), Outcome: outcomeOf(m.Code == radius.AccessAccept),
		Service: either(event.View(a.ssid.bytes()), either(radius.ServiceName(a.service), "network access")), Host: event.View(a.host.bytes()),
		Via: event.View(a.nas.bytes())}
	e.Protocol = either(e.Protocol, "RADIUS")
	if a.isMAC {
		e.MAC = t.mac(a.mac[:])
	}
	if m.Code == radius.AccessReject {
		e.Reason = either(m.Refusal(), t.masked(w, m.Text))
	}
	w.out.text = t.buf
	w.emit(f, e)
}

// userAndDomain parts DOMAIN\user and user@domain.
func userAndDomain(b []byte) (user, domain []byte) {
	for i, c := range b {
		switch c {
		case '\\':
			return b[i+1:], b[:i]
		case '@':
			return b[:i], b[i+1:]
		}
	}
	return b, nil
}
