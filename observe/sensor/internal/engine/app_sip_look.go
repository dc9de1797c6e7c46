package engine

import (
	"bytes"
	"strconv"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/sdp"
	"bulwark/wire/sip"
)

// show shows a message to who looks into the traffic.
func (a *sipApp) show(dir wire.Dir, m *sip.Message) {
	w := a.w
	if !w.look.on() {
		return
	}
	e := &w.out.sip
	t := texts{buf: w.out.text[:0]}
	*e = event.SIP{Media: e.Media[:0], Method: event.View(m.Method), Code: uint64(m.Code), FromServer: dir == wire.ToClient,
		Record: t.sipRecord(a, m)}
	more := &w.look.more
	if m.Response {
		more.Value("sip.stat_code", m.CodeText)
		more.Value("sip.stat_msg", m.Reason)
		more.Value("sip.response_line", m.Line)
	} else {
		more.Value("sip.method", m.Method)
		more.Value("sip.uri", m.URI)
		more.Value("sip.request_line", m.Line)
	}
	more.Value("sip.protocol", m.Version)
	more.Value("sip.from", m.From)
	more.Value("sip.to", m.To)
	more.Value("sip.via", m.Via)
	more.Value("sip.user_agent", m.UserAgent)
	more.Value("sip.content_type", m.ContentType)
	if m.Length >= 0 {
		at := len(t.buf)
		t.buf = strconv.AppendInt(t.buf, int64(m.Length), 10)
		more.Value("sip.content_length", t.buf[at:len(t.buf):len(t.buf)])
	}
	if sdp.Parse(m.Body, &a.sdp) == nil {
		a.showDescription()
	}
	w.out.text = t.buf
	w.showTurn(a.f, dir, e)
	a.frames(dir, m, e)
}

// frames shows the parts of a message.
func (a *sipApp) frames(dir wire.Dir, m *sip.Message, e *event.SIP) {
	w := a.w
	w.look.beside = e
	line, head, body := "sip.request.line", "sip.request.headers", "sip.request.body"
	if m.Response {
		line, head, body = "sip.response.line", "sip.response.headers", "sip.response.body"
	}
	w.showFrame(a.f, dir, "sip.pdu", m.Raw, 0)
	at := len(m.Raw) - len(m.Body) - len(m.Head)
	w.showFrame(a.f, dir, line, m.Raw[:at], 0)
	w.showFrame(a.f, dir, head, bytes.TrimSuffix(m.Head, []byte("\r\n")), uint64(at))
	w.showFrame(a.f, dir, body, m.Body, uint64(len(m.Raw)-len(m.Body)))
	w.look.beside = nil
}

// showDescription adds the lines of the description in hand.
func (a *sipApp) showDescription() {
	more := &a.w.look.more
	for _, l := range a.sdp.Session() {
		more.Value(sdpNames[l.Type], l.Value)
	}
	for lines := range a.sdp.Media {
		for _, l := range lines {
			more.Value(mediaNames[l.Type], l.Value)
		}
	}
}

// sdpNames are the names of the lines of a description in rules (RFC 8866 section 5), mediaNames those of a medium in it.
var (
	sdpNames = map[byte]string{
		'o': "sdp.origin", 's': "sdp.session_name", 'i': "sdp.session_info", 'u': "sdp.uri", 'e': "sdp.email", 'p': "sdp.phone_number",
		'c': "sdp.connection_data", 'b': "sdp.bandwidth", 't': "sdp.time", 'r': "sdp.repeat_time", 'z': "sdp.timezone",
		'k': "sdp.encryption_key", 'a': "sdp.attribute",
	}
	mediaNames = map[byte]string{
		'm': "sdp.media.media", 'i': "sdp.media.media_info", 'c': "sdp.media.connection_data", 'k': "sdp.media.encryption_key",
		'b': "sdp.media.bandwidth", 'a': "sdp.media.attribute",
	}
)
