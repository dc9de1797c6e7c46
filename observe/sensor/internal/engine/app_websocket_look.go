package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/websocket"
)

// look shows a frame to who looks into the traffic.
func (a *webSocketApp) look(dir wire.Dir, f *websocket.Frame, e *event.WebSocket) {
	w := a.w
	if !w.look.on() {
		return
	}
	more := &w.look.more
	more.Number("websocket.opcode", uint64(f.Opcode))
	flags := uint64(0)
	if f.Fin {
		flags |= 0x80
	}
	if f.Compressed {
		flags |= 0x40
	}
	more.Number("websocket.flags", flags)
	if f.Masked {
		more.Number("websocket.mask", uint64(f.Mask))
	}
	more.Value("websocket.payload", f.Message)
	w.showTurn(a.f, dir, e)
	w.look.beside = e
	w.showFrame(a.f, dir, "websocket.pdu", f.Raw, 0)
	w.showFrame(a.f, dir, "websocket.header", f.Head, 0)
	if n := len(f.Head); len(f.Raw) > n {
		w.showFrame(a.f, dir, "websocket.data", f.Raw[n:], uint64(n))
	}
	w.look.beside = nil
}
