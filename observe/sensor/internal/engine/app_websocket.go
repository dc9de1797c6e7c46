package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/http"
	"bulwark/wire/websocket"
)

// webSocketApp is a WebSocket connection, behind the request that made it one.
type webSocketApp struct {
	conv websocket.Conversation
	at
	text    []byte // of the request
	request webSocketRequest
	count   webSocketCount
}

// webSocketRequest says where in the text the facts of the request end, in the order of event.WebSocket.
type webSocketRequest struct{ host, url, origin, subprotocol, extensions int }

type webSocketCount struct {
	messages, bytes [2]uint64
	binary          uint64
	code            uint16
}

func (a *webSocketApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	a.conv.Keep = w.look.on()
	return a.conv.Decode(dir, p, a)
}
func (a *webSocketApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }

func (a *webSocketApp) close(w *Worker, f *flow) {
	a.w, a.f = w, f
	if !w.opt.EVE {
		a.tell()
	}
}

func (a *webSocketApp) reset() {
	a.conv.Reset()
	*a = webSocketApp{conv: a.conv, text: a.text[:0]}
}

// upgraded takes over from HTTP/1, where x has asked for it.
func (a *webSocketApp) upgraded(w *Worker, x *http.Transaction) {
	t := texts{buf: a.text[:0]}
	r := &a.request
	host, _ := x.Request.Hostname()
	t.buf = append(t.buf, host...)
	r.host = len(t.buf)
	t.address(w, x.Request.Target)
	r.url = len(t.buf)
	t.address(w, x.Request.Get(http.Origin))
	r.origin = len(t.buf)
	t.buf = append(t.buf, x.Response.Find("sec-websocket-protocol")...)
	r.subprotocol = len(t.buf)
	t.buf = append(t.buf, x.Response.Find("sec-websocket-extensions")...)
	r.extensions = len(t.buf)
	a.text = t.buf
}

// Frame counts a frame; EVE has a record of each.
func (a *webSocketApp) Frame(dir wire.Dir, f *websocket.Frame) {
	c := &a.count
	switch f.Opcode {
	case websocket.Binary:
		c.binary++
		fallthrough
	case websocket.Text:
		c.messages[dir]++
		fallthrough
	case websocket.Continuation:
		c.bytes[dir] += f.Length
	case websocket.Close:
		if c.code == 0 {
			c.code = f.Code
		}
	}
	e := &a.w.out.webSocket
	*e = event.WebSocket{Opcode: f.Opcode.String(), Fin: f.Fin, Server: dir == wire.ToClient}
	if f.Masked {
		e.Mask = uint64(f.Mask) + 1
	}
	a.look(dir, f, e)
	if a.w.opt.EVE {
		a.w.emit(a.f, e)
	}
}

// tell reports what the connection has carried.
func (a *webSocketApp) tell() {
	r, c := &a.request, &a.count
	cut := func(from, to int) string { return event.View(a.text[from:to]) }
	a.w.out.webSocket = event.WebSocket{Host: cut(0, r.host), URL: cut(r.host, r.url), Origin: cut(r.url, r.origin),
		Subprotocol: cut(r.origin, r.subprotocol), Extensions: cut(r.subprotocol, r.extensions),
		MessagesOut: c.messages[wire.ToServer], MessagesIn: c.messages[wire.ToClient],
		BytesOut: c.bytes[wire.ToServer], BytesIn: c.bytes[wire.ToClient], Binary: c.binary, CloseCode: uint64(c.code)}
	a.w.emit(a.f, &a.w.out.webSocket)
}
