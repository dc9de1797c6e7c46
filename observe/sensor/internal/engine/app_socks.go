package engine

import (
	"errors"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/socks"
)

// socksApp is the beginning of a connection through a SOCKS proxy. What the proxy carries is read as what it is.
type socksApp struct {
	conv socks.Conversation
	at
}

func (a *socksApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	done, need, err := a.conv.Decode(dir, p, a)
	if errors.Is(err, socks.ErrTunnel) {
		err = errAnother
	}
	return done, need, err
}
func (a *socksApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *socksApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *socksApp) reset()                        { a.conv.Reset(); a.at = at{} }

// Request tells who had the proxy connect, and with whom, where a user was named.
func (a *socksApp) Request(r *socks.Request) {
	if len(r.User) == 0 {
		return
	}
	e := &a.w.out.auth
	*e = event.Auth{User: event.View(r.User), Protocol: "SOCKS5", Service: event.View(r.Target), Cleartext: r.Password, Outcome: "success"}
	if r.Version == 4 {
		e.Protocol = "SOCKS4"
	}
	switch {
	case r.Denied:
		e.Outcome, e.Reason = "failure", "sign-on refused"
	case !r.Granted && r.Version == 4: // the user is a part of the request
		e.Outcome, e.Reason = "failure", "request refused"
	}
	a.w.emit(a.f, e)
}
