package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/frames"
	"bulwark/wire/inspect"
)

// beginFrames begins to cut the frames of a conversation whose protocol has just become known, where anybody looks at them.
func (w *Worker) beginFrames(f *flow, c *conversation) {
	switch {
	case !w.look.on() || !w.look.Frames():
		c.cut = nil
	case c.cut == nil:
		c.cut = frames.New(f.app.String(), func(dir wire.Dir, fr *frames.Frame) { w.cutFrame(f, c, dir, fr) })
	case !c.cut.Turn(f.app.String()):
		c.cut = nil
	}
}

// frames cuts the next bytes of a direction, after the decoder took them.
func (w *Worker) frames(f *flow, c *conversation, dir wire.Dir, p []byte) {
	if c.cut != nil && len(p) > 0 {
		c.cut.Take(dir, p)
	}
}

// knower is a decoder that knows something of the message under way before it is told.
type knower interface{ known() event.Payload }

// cutFrame shows a frame with what is known of its message.
func (w *Worker) cutFrame(f *flow, c *conversation, dir wire.Dir, fr *frames.Frame) {
	w.look.beside = w.knownOf(f)
	w.look.frames = inspect.Frame(*fr)
	w.passFrame(f, dir)
	w.look.beside = nil
}

// datagramFrames cuts a datagram whose decoder keeps state.
func (w *Worker) datagramFrames(f *flow, dir wire.Dir, p []byte) {
	if c := w.conv(f); c.cut != nil {
		c.cut.Datagram(dir, p)
	}
}

// showFrame shows a part of what a protocol sends, that its decoder has cut; offset is its place in the message.
func (w *Worker) showFrame(f *flow, dir wire.Dir, name string, p []byte, offset uint64) {
	if !w.look.on() || len(p) == 0 {
		return
	}
	w.look.frames = inspect.Frame{Name: name, Bytes: p, Length: uint64(len(p)), Offset: offset}
	w.passFrame(f, dir)
}

func (w *Worker) passFrame(f *flow, dir wire.Dir) {
	w.look.inFrame = true
	w.look.Frame(w.view(f, dir), &w.look.frames)
	w.look.inFrame = false
}
