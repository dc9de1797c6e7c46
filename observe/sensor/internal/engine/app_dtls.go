package engine

import (
	"bulwark/wire"
	"bulwark/wire/stun"
	"bulwark/wire/tls"
)

// dtlsApp is a DTLS association, as far as it is in clear.
type dtlsApp struct {
	conv tls.Datagrams
	tlsTale
}

// The records of DTLS come in datagrams: see dtlsDatagram.
func (a *dtlsApp) decode(*Worker, *flow, wire.Dir, []byte) (int, int, error) { return 0, 0, nil }
func (a *dtlsApp) gap(wire.Dir, int) error                                   { return nil }

func (a *dtlsApp) furnish(w *Worker)        { a.conv.Certificates, a.conv.Space = &w.certificates, &w.space }
func (a *dtlsApp) close(w *Worker, f *flow) { a.w, a.f = w, f; a.conv.Close(a) }
func (a *dtlsApp) reset()                   { a.conv.Reset(); a.tlsTale = tlsTale{} }

// Step tells of a handshake when Suricata would write its record.
func (a *dtlsApp) Step(dir wire.Dir, step tls.Step, s *tls.Session) {
	a.look(dir, step, s)
	if step == tls.ServerDone && a.w.opt.EVE && !s.AsksClient && !a.told {
		a.tell(a.fill(s))
	}
}

// Session takes the handshake when no more can be read of it.
func (a *dtlsApp) Session(s *tls.Session) {
	if e := a.fill(s); !a.told {
		a.tell(e)
	}
}

func (w *Worker) dtlsDatagram(f *flow, dir wire.Dir, p []byte) {
	a, ok := w.stateful(f, DTLS).(*dtlsApp)
	if !ok {
		return
	}
	p = relayed(p)
	if side := tls.Speaker(p); side != wire.Either && side != dir && a.heard == [2]int64{} && f.told == 0 {
		w.turn(f, w.conv(f)) // in WebRTC who offers a connection may be its server
		dir = side
	}
	a.stand(w, f, dir)
	if err := a.conv.Datagram(dir, p, a); err != nil {
		w.count.malformed++
		w.giveUp(f)
		return
	}
	if a.conv.Done() {
		w.giveUp(f) // what follows cannot be read
	}
}

// relayed is what a relay carries in the datagram p; p itself where it is none of a relay's.
func relayed(p []byte) []byte {
	if in := stun.Carried(p); in != nil {
		return in
	}
	return p
}

// maxUnshaken is how many packets behind STUN are searched for the handshake of DTLS, which may never come.
const maxUnshaken = 4096

// stunDatagram looks for DTLS between the ends that STUN has found a way for (RFC 8827 §6.5).
func (w *Worker) stunDatagram(f *flow, dir wire.Dir, p []byte) {
	if !tls.LooksDTLS(relayed(p)) {
		if f.packets[0]+f.packets[1] > maxUnshaken {
			f.marks |= markIgnored
		}
		return
	}
	f.app, f.before = DTLS, STUN
	w.apps[DTLS].Flows++
	w.dtlsDatagram(f, dir, p)
}
