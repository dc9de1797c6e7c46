package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/ssh"
)

// sshApp is an SSH connection, until it is encrypted.
type sshApp struct {
	conv ssh.Conversation
	at
}

func (a *sshApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	done, need, err := a.conv.Decode(dir, p, a)
	if err == nil && a.conv.Done() {
		err = errOver
	}
	return done, need, err
}
func (a *sshApp) furnish(w *Worker)             { a.conv.Space = &w.space }
func (a *sshApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *sshApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *sshApp) reset()                        { a.conv.Reset(); a.at = at{} }

// Step is told what the greeting has learnt; one event at its end says it all.
func (a *sshApp) Step(dir wire.Dir, _ ssh.Step, s *ssh.Session) { a.look(dir, s) }

// Session takes the greeting when no more can be read of it.
func (a *sshApp) Session(s *ssh.Session) { a.w.emit(a.f, a.fill(s)) }

func (a *sshApp) known() event.Payload { return a.fill(a.conv.Session()) }

// fill is what both sides have said so far.
func (a *sshApp) fill(s *ssh.Session) *event.SSH {
	e := &a.w.out.ssh
	*e = event.SSH{ClientVersion: event.View(s.Client.Protocol), ClientSoftware: event.View(s.Client.Software),
		ServerVersion: event.View(s.Server.Protocol), ServerSoftware: event.View(s.Server.Software),
		Kex: event.View(s.Kex), Cipher: event.View(s.CipherOut), HostKey: event.View(s.HostKey)}
	t := texts{buf: a.w.out.text[:0]}
	if s.Client.HASSH[0] != 0 {
		e.ClientHASSH = event.View(s.Client.HASSH[:])
		if a.w.opt.Full {
			at := len(t.buf)
			t.buf = s.Client.Offer.AppendHASSH(t.buf)
			e.ClientHASSHText = t.from(at)
		}
	}
	if s.Server.HASSH[0] != 0 {
		e.ServerHASSH = event.View(s.Server.HASSH[:])
		if a.w.opt.Full {
			at := len(t.buf)
			t.buf = s.Server.Offer.AppendHASSHServer(t.buf)
			e.ServerHASSHText = t.from(at)
		}
	}
	a.w.out.text = t.buf
	return e
}
