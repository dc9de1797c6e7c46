package engine

import (
	"errors"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/rfb"
)

// rfbApp is the beginning of a VNC session.
type rfbApp struct {
	conv rfb.Conversation
	at
}

func (a *rfbApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	done, need, err := a.conv.Decode(dir, p, a)
	if errors.Is(err, rfb.ErrTLS) {
		err = errAnother
	}
	return done, need, err
}
func (a *rfbApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *rfbApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *rfbApp) reset()                        { a.conv.Reset(); a.at = at{} }

// Session reports how a session began.
func (a *rfbApp) Session(s *rfb.Session, unknown bool) {
	w, e, p := a.w, &a.w.out.rfb, &s.Format
	*e = event.RFB{Offered: e.Offered[:0], ServerVersion: version(&s.Server), ClientVersion: version(&s.Client), Subtype: uint64(s.Subtype),
		Challenged: s.Challenged, Reason: event.View(s.Reason), Screen: s.HasScreen, Width: uint64(s.Width), Height: uint64(s.Height),
		BitsPerPixel: uint64(p.BitsPerPixel), Depth: uint64(p.Depth), BigEndian: p.BigEndian, TrueColor: p.TrueColour,
		RedMax: uint64(p.RedMax), GreenMax: uint64(p.GreenMax), BlueMax: uint64(p.BlueMax),
		RedShift: uint64(p.RedShift), GreenShift: uint64(p.GreenShift), BlueShift: uint64(p.BlueShift)}
	t := texts{buf: w.out.text[:0]}
	e.Name = t.masked(w, s.Name)
	for _, o := range s.Offered {
		e.Offered = append(e.Offered, o.String())
	}
	if s.HasChosen {
		e.Security, e.SecurityName = uint64(s.Chosen)+1, s.Chosen.String()
	}
	if s.HasShared {
		e.Shared = map[bool]string{true: "true", false: "false"}[s.Shared]
	}
	e.Result = rfbResult(&t, s)
	w.out.text = t.buf
	w.emit(a.f, e)
	if unknown {
		w.appAnomaly(a.f, "unimplemented_security_type")
	}
	a.signOn(s, e)
}

func version(v *[8]byte) string {
	if v[0] == 0 {
		return ""
	}
	return event.View(v[:7])
}

func rfbResult(t *texts, s *rfb.Session) string {
	switch s.Result {
	case rfb.OK:
		return "OK"
	case rfb.Failed:
		return "FAIL"
	case rfb.TooMany:
		return "TOOMANY"
	case rfb.Unknown:
		at := len(t.buf)
		t.buf = append(t.buf, "UNKNOWN ("...)
		t.number(uint64(s.Code))
		t.buf = append(t.buf, ')')
		return t.from(at)
	}
	return ""
}

// signOn reports a password that was proven or not. VNC authentication knows no users; where none is asked for nothing is
// proven.
func (a *rfbApp) signOn(s *rfb.Session, e *event.RFB) {
	if !s.Answered || s.Result == rfb.NoResult {
		return
	}
	o := &a.w.out.auth
	*o = event.Auth{User: event.View(s.User), Protocol: "VNC", Service: "rfb", Outcome: "success", Cleartext: s.Clear}
	if s.Result != rfb.OK {
		o.Outcome, o.Reason = "failure", either(e.Reason, e.Result)
	}
	a.w.emit(a.f, o)
}
