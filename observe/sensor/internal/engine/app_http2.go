package engine

import (
	"strconv"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/http"
	"bulwark/wire/http2"
)

// http2App is HTTP/2 in the clear.
type http2App struct {
	conv http2.Conversation
	exchanges
}

func (a *http2App) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.begin(w, f, dir)
	return a.conv.Decode(dir, p, a)
}
func (a *http2App) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *http2App) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *http2App) reset()                        { a.conv.Reset(); a.forget() }

func (a *http2App) begin(w *Worker, f *flow, dir wire.Dir) {
	a.stand(w, f, dir)
	a.conv.Pool, a.skipper = &w.transactions, &a.conv
}

// upgraded takes over from HTTP/1, where x has asked for it.
func (a *http2App) upgraded(before *httpApp, x *http.Transaction) {
	a.begin(before.w, before.f, wire.ToServer)
	a.conv.Reset()
	a.known = true
	a.conv.Upgraded(&x.Request, a)
	a.known = false
}

// Control takes a frame about the whole connection: EVE has a record of each.
func (a *http2App) Control(dir wire.Dir, c *http2.Control) {
	if !a.w.opt.EVE {
		return
	}
	e := &a.w.out.http
	*e = event.HTTP{RequestHeaders: e.RequestHeaders[:0], ResponseHeaders: e.ResponseHeaders[:0], Version: "HTTP/2", TxID: uint64(c.Number),
		RequestSettings: e.RequestSettings[:0], ResponseSettings: e.ResponseSettings[:0]}
	list, code := &e.RequestSettings, &e.RequestReset
	if dir == wire.ToClient {
		list, code = &e.ResponseSettings, &e.ResponseReset
	}
	if c.Kind == http2.GoAway {
		*code = c.Error.String()
	}
	t := texts{buf: a.w.out.text[:0]}
	for id, v := range c.Settings {
		at := len(t.buf)
		t.buf = append(append(t.buf, id.String()...), '=')
		t.buf = strconv.AppendUint(t.buf, uint64(v), 10)
		*list = append(*list, t.from(at))
	}
	a.w.out.text = t.buf
	a.w.emit(a.f, e)
}

// Odd tells what is wrong with a frame.
func (a *http2App) Odd(_ wire.Dir, o http2.Oddity) { a.w.appAnomaly(a.f, http2Anomaly(o)) }

// http2Anomaly is Suricata's name of an oddity.
func http2Anomaly(o http2.Oddity) string {
	switch o {
	case http2.InvalidFrameHeader:
		return "invalid_frame_header"
	case http2.InvalidFrameData:
		return "invalid_frame_data"
	case http2.InvalidFrameLength:
		return "invalid_frame_length"
	case http2.IntegerOverflow:
		return "header_integer_overflow"
	case http2.LongFrame:
		return "long_frame_data"
	case http2.LongBlock:
		return "reassembly_limit_reached"
	case http2.DataOfNoStream:
		return "data_stream_zero"
	case http2.StreamReused:
		return "stream_id_reuse"
	case http2.TooManyStreams:
		return "too_many_streams"
	case http2.HostMismatch:
		return "authority_host_mismatch"
	case http2.UserInURI:
		return "userinfo_in_uri"
	}
	return "invalid_header"
}

// stream fills in what HTTP/2 adds to a request.
func stream(e *event.HTTP, x *http.Transaction) {
	s := &x.Stream
	e.StreamID = uint64(s.ID)
	e.RequestPriority, e.ResponsePriority = uint64(s.Weight[wire.ToServer]), uint64(s.Weight[wire.ToClient])
	if c := s.Error[wire.ToServer]; c > 0 {
		e.RequestReset = http2.ErrorCode(c - 1).String()
	}
	if c := s.Error[wire.ToClient]; c > 0 {
		e.ResponseReset = http2.ErrorCode(c - 1).String()
	}
}
