package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/ntp"
)

// maxAsked is how many messages of one side of a flow are told that are not about the time.
const maxAsked = 16

func (w *Worker) ntpDatagram(f *flow, dir wire.Dir, p []byte) {
	m := &w.out.ntpMessage
	if ntp.Parse(p, m) != nil {
		w.count.malformed++
		return
	}
	if dir == wire.ToServer && (m.Mode == ntp.Server || m.Answer) && f.packets == [2]uint64{1, 0} {
		w.swap(f) // it answers what was not seen
		dir = wire.ToClient
	}
	n := f.packets[dir]
	if !w.opt.EVE && n > 1 && (n > maxAsked || m.Mode < ntp.Control && !m.Kiss()) {
		return
	}
	w.fillNTP(m)
	w.emit(f, &w.out.ntp)
	w.keepsTime(f, dir, m)
}

func (w *Worker) fillNTP(m *ntp.Message) {
	t := texts{buf: w.out.text[:0]}
	e := &w.out.ntp
	*e = event.NTP{Mode: m.Mode.String(), ModeID: uint64(m.Mode), Version: uint64(m.Version), Stratum: uint64(m.Stratum),
		Unsynced: m.Leap == 3 && m.Mode != ntp.Client, Refused: m.Kiss(), RootDelay: uint64(m.RootDelay), Dispersion: uint64(m.RootDispersion),
		Authenticated: m.Authenticated, KeyID: uint64(m.KeyID), Operation: m.Operation(), Answer: m.Answer,
		Software: event.View(m.Variable("version")), System: event.View(m.Variable("system"))}
	if m.Mode < ntp.Control {
		e.ReferenceID = t.mac(m.Reference[:])
		at := len(t.buf)
		t.buf = m.Source(t.buf)
		e.Reference = t.from(at)
	}
	if m.Poll > 0 && m.Poll < 32 {
		e.Poll = 1 << m.Poll
	}
	if at := m.Transmitted.Unix(); at > 0 && m.Mode != ntp.Client { // what clients send there is often random (RFC 9109)
		e.Time = uint64(at)
	}
	w.out.text = t.buf
}

// keepsTime reports a server of the time, and its software where it tells it.
func (w *Worker) keepsTime(f *flow, dir wire.Dir, m *ntp.Message) {
	e := &w.out.ntp
	w.out.asset = event.Asset{Source: "ntp"}
	switch {
	case m.Mode == ntp.Server && m.Stratum > 0 && m.Stratum < 16 && m.Leap != 3, m.Mode == ntp.Broadcast:
		w.out.asset.Role = "ntp server"
	case m.Mode == ntp.Control && m.Answer && e.Software != "":
		w.out.asset.Software = e.Software
	default:
		return
	}
	w.tellAssetAt(f, f.addr(dir), &w.out.asset)
}
