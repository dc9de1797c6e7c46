package engine

import (
	"strings"

	"bulwark/detect/signature/internal/field"
	"bulwark/detect/signature/internal/match"
	"bulwark/wire"
	"bulwark/wire/frames"
	"bulwark/wire/http"
	"bulwark/wire/inspect"
)

// frameName is a frame with its protocol before it, as the sensor shows it; "": it shows none of that name.
func frameName(app, name string) string {
	if app == "http" || app == "" && strings.HasPrefix(name, "http.") {
		app = "http1"
	}
	name = strings.TrimPrefix(name, "http.")
	for _, full := range [...]string{name, app + "." + name} {
		if frames.Known(full) || strings.HasSuffix(full, ".stream") {
			return full
		}
	}
	return ""
}

// settleFrames is for a rule about frames: of one name, with nothing else but the payload.
func (c *compiled) settleFrames() error {
	for i := range c.looks {
		l := &c.looks[i]
		switch {
		case l.frame == "":
			return unsupported("frames with other fields")
		case c.frame != "" && c.frame != l.frame:
			return unsupported("several frames together")
		}
		c.frame = l.frame
	}
	c.about = aboutFrame
	return nil
}

// isFrame reports whether a field is the frames.
func isFrame(f *field.Field) bool { return f != nil && f.Name == "frame" }

// Frames reports whether there are rules about frames.
func (w *Watcher) Frames() bool {
	w.current()
	return len(w.set.frames) > 0
}

// Frame shows a part of what a protocol sends.
func (w *Watcher) Frame(f *inspect.Flow, fr *inspect.Frame) {
	w.current()
	set := w.set.frames[fr.Name]
	if set == nil {
		return
	}
	st := w.state(f)
	if st == nil || st.passed {
		return
	}
	w.view = view{f: f, st: st, dir: f.Dir, frame: fr}
	all := append(w.all[:0], set.always...)
	for _, g := range set.list {
		w.found = w.found[:0]
		w.scanOne(g, fr.Bytes)
		all = append(all, w.found...)
	}
	w.all = ordered(all)
	for _, n := range w.all {
		w.ask(n)
	}
}

// framed reports whether what a rule says of the frame in hand holds.
func (w *Watcher) framed(l *look) bool {
	return w.view.frame != nil && w.view.frame.Name == l.frame &&
		l.program.Match(&w.machine, match.View{Data: w.view.frame.Bytes, Whole: true})
}

// httpFrame asks the rules about a whole message of HTTP/1: its head as it was sent, and its body, unpacked.
func (w *Watcher) httpFrame(f *inspect.Flow, st *state, dir wire.Dir, t *http.Transaction, tx *transaction) {
	name := "http1.request"
	if dir == wire.ToClient {
		name = "http1.response"
	}
	if w.set.frames[name] == nil || f.App != "http" {
		return
	}
	all := append([]byte(nil), message(dir, t).Raw()...)
	w.view = view{f: f, st: st, dir: dir, tx: tx}
	if dir == wire.ToServer {
		all = append(all, tx.body...)
	} else if g := w.bodyFile(); g != nil {
		all = append(all, g.data...)
	}
	was := f.Dir
	f.Dir = dir
	w.Frame(f, &inspect.Frame{Name: name, Bytes: all, Length: uint64(len(all))})
	f.Dir = was
}
