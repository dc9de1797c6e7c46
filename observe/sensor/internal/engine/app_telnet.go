package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/telnet"
)

// telnetApp is a telnet connection, up to its sign-on.
type telnetApp struct {
	conv  telnet.Conversation
	clear bool // a password was seen
	at
}

func (a *telnetApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	return a.conv.Decode(dir, p, a)
}
func (a *telnetApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *telnetApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *telnetApp) reset()                        { a.conv.Reset(); a.clear = false; a.at = at{} }

// SignOn reports an attempt whose outcome the machine's words tell. Of others only that a password was seen is kept.
func (a *telnetApp) SignOn(s *telnet.SignOn, _ *telnet.Session) {
	a.clear = a.clear || s.Password
	if s.Outcome == telnet.NotTold {
		return
	}
	e := &a.w.out.auth
	*e = event.Auth{User: event.View(s.User), Protocol: "telnet", Service: "telnet", Cleartext: s.Password, Outcome: "success"}
	if s.Outcome == telnet.Refused {
		e.Outcome = "failure"
	}
	a.w.emit(a.f, e)
}

// Session reports the connection at its end.
func (a *telnetApp) Session(s *telnet.Session) {
	w, e := a.w, &a.w.out.telnet
	t := texts{buf: w.out.text[:0]}
	*e = event.Telnet{Banner: t.masked(w, s.Banner), Terminal: event.View(s.Terminal), Prompts: uint64(s.Prompts), SignOns: uint64(s.SignOns),
		Sealed: s.Sealed, Cleartext: a.clear}
	w.out.text = t.buf
	w.emit(a.f, e)
}
