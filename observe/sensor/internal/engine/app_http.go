package engine

import (
	"bytes"
	"errors"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/http"
	"bulwark/wire/inspect"
)

// httpApp is HTTP/1.
type httpApp struct {
	conv http.Conversation
	exchanges
	next   application // reads what follows a change of protocol; nil where that is to be found out
	nextOf App

	toldOdd uint64 // what is odd and was told of
}

func (a *httpApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	a.conv.Pool, a.conv.Excess, a.skipper = &w.transactions, w.opt.EVE, &a.conv
	done, need, err := a.conv.Decode(dir, p, a)
	if errors.Is(err, http.ErrUpgraded) {
		err = errAnother
	}
	return done, need, err
}
func (a *httpApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *httpApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *httpApp) unread(dir wire.Dir, n int64)  { a.conv.Unread(dir, n) }
func (a *httpApp) reset()                        { a.conv.Reset(); a.forget(); a.next, a.toldOdd = nil, 0 }
func (a *httpApp) heir() (App, application)      { return a.nextOf, a.next }

// End takes a request with its response. The one that changes the protocol says what follows.
func (a *httpApp) End(x *http.Transaction) {
	a.exchanges.End(x)
	a.odd(x)
	if x.Response.Status != 101 || a.next != nil {
		return
	}
	switch {
	case a.conv.Tunnel() == http.HTTP2 && x.Request.Seen && !a.w.off(HTTP2, "tcp"):
		next := a.w.applicationOf(HTTP2).(*http2App)
		next.upgraded(a, x)
		a.nextOf, a.next = HTTP2, next
	case a.conv.Tunnel() == http.WebSocket:
		next := a.w.applicationOf(WebSocket).(*webSocketApp)
		next.upgraded(a.w, x)
		a.nextOf, a.next = WebSocket, next
	}
}

// exchanges turns requests with their responses into events, whatever version of HTTP carried them.
type exchanges struct {
	known   bool         // rules were asked about the request in hand, when HTTP/1 carried it
	files   []*httpFiles // of the requests in hand that carry some
	skipper interface {
		Skip(wire.Dir, *http.Transaction)
	}
	at
}

// forget drops what is under way.
func (a *exchanges) forget() {
	for _, b := range a.files {
		for dir := range b.files {
			b.files[dir].reset()
			if s := b.parts[dir]; s != nil {
				a.w.files.parts.put(s)
			}
		}
		a.w.giveBody(b)
	}
	*a = exchanges{files: a.files[:0]}
}

// Head wants the first bytes of bodies that may hold a FHIR resource, and those that may be files as they come. What is
// packed is not looked into to see whether it is more than the part of a page that it is said to be.
func (a *exchanges) Head(dir wire.Dir, t *http.Transaction) http.Want {
	m := message(dir, t)
	media := m.Get(http.ContentType)
	t.Mark[dir] = a.w.clock
	if a.f.app == HTTP2 && dir == wire.ToServer && asksDNS(t) {
		a.f.app = DoH2
	}
	if !a.known {
		a.w.showHTTP(a.f, dir, inspect.Head, t)
	}
	want := http.Want(0)
	if isRead(media) {
		want = http.First
	}
	if !m.Has(http.ContentEncoding) || a.isFile(dir, t) || a.w.look.on() {
		want |= http.Pieces
	}
	return want
}

// isRead reports whether the first bytes of a body of a media type are read.
func isRead(media []byte) bool {
	for _, s := range [...]string{"json", "xml", "urlencoded", "dns-message", "multipart/related", "application/dicom"} {
		if bytes.Contains(media, []byte(s)) {
			return true
		}
	}
	return false
}

// End takes a request with its response.
func (a *exchanges) End(x *http.Transaction) {
	w, e := a.w, &a.w.out.http
	t := texts{buf: w.out.text[:0]}
	question, answer := a.dohMessages(x)
	isFHIR, isDICOM := a.describe(x), a.describeWeb(x)
	w.fillHTTP(e, &t, x)
	e.DNS = len(question)+len(answer) > 0
	if x.Stream.ID != 0 {
		stream(e, x)
		a.grpc(e, x)
	}
	w.out.text = t.buf
	w.emit(a.f, e)
	if isFHIR {
		a.fhir(x, &t)
	}
	if isDICOM {
		a.dicomWeb(x, &t)
	}
	w.out.text = t.buf
	a.doh(question, answer)
	a.dpws(x)
	a.signOn(x)
	a.tellFiles(x)
	w.showHTTP(a.f, w.inHand(), inspect.Whole, x)
}

// fillHTTP makes the event of a request as far as it and its response have come.
func (w *Worker) fillHTTP(e *event.HTTP, t *texts, x *http.Transaction) {
	q, r := &x.Request, &x.Response
	*e = event.HTTP{RequestHeaders: e.RequestHeaders[:0], ResponseHeaders: e.ResponseHeaders[:0],
		RequestSettings: e.RequestSettings[:0], ResponseSettings: e.ResponseSettings[:0], Method: event.View(q.Method), Version: event.View(q.Version), TxID: uint64(x.Number),
		URL: t.address(w, q.Target), UserAgent: event.View(q.Get(http.UserAgent)), Referrer: t.address(w, q.Get(http.Referer)),
		XFF: event.View(q.Get(http.XForwardedFor)), AuthScheme: event.View(q.AuthScheme()),
		RequestType: event.View(q.Get(http.ContentType)), RequestLength: uint64(q.Length),
		Status: uint64(r.Status), ContentType: event.View(mediaType(r.Get(http.ContentType))), Length: uint64(r.Length),
		Location: t.address(w, r.Get(http.Location)), Server: event.View(r.Get(http.Server))}
	if !q.Seen {
		e.Version = event.View(r.Version)
	}
	host, port := q.Hostname()
	e.Host, e.Port = event.View(host), uint64(port)
	if q.Seen && r.Seen {
		e.Latency = uint64(max(x.Mark[wire.ToClient]-x.Mark[wire.ToServer], 0))
	}
	if w.opt.Full {
		e.Range = event.View(r.Get(http.ContentRange))
		if r.Status == 0 {
			e.Reason = event.View(r.Code)
		}
		if !w.opt.EVE || w.opt.Records.Headers || e.Version == "HTTP/2" {
			e.RequestHeaders = t.headers(w, e.RequestHeaders, &q.Head)
			e.ResponseHeaders = t.headers(w, e.ResponseHeaders, &r.Head)
		}
	}
}

// mediaType is a content type without its parameters.
func mediaType(v []byte) []byte {
	if i := bytes.IndexByte(v, ';'); i >= 0 {
		v = v[:i]
	}
	return bytes.TrimSpace(v)
}
