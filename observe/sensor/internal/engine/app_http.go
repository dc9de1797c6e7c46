package engine

import (
	"bytes"
	"errors"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/fhir"
	"bulwark/wire/http"
)

// httpApp is HTTP/1, and the FHIR in it.
type httpApp struct {
	conv   http.Conversation
	bodies map[*http.Transaction]*[2]*body // by direction; when EVE is written
	at
}

func (a *httpApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	a.conv.Pool = &w.transactions
	done, need, err := a.conv.Decode(dir, p, a.handler())
	if errors.Is(err, http.ErrUpgraded) {
		err = errAnother
	}
	return done, need, err
}
func (a *httpApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *httpApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a.handler()) }
func (a *httpApp) reset()                        { a.conv.Reset(); clear(a.bodies); a.at = at{} }

func (a *httpApp) handler() http.Handler {
	if a.w.opt.EVE {
		return (*httpBodies)(a)
	}
	return a
}

// Head wants the first bytes of bodies that may hold a FHIR resource.
func (a *httpApp) Head(dir wire.Dir, t *http.Transaction) http.Want {
	m := &t.Request.Message
	if dir == wire.ToClient {
		m = &t.Response.Message
	}
	media := m.Get(http.ContentType)
	if bytes.Contains(media, []byte("json")) || bytes.Contains(media, []byte("xml")) || bytes.Contains(media, []byte("urlencoded")) {
		return http.First
	}
	return 0
}

// Body is not asked for.
func (a *httpApp) Body(wire.Dir, *http.Transaction, []byte) {}

// End takes a request with its response.
func (a *httpApp) End(x *http.Transaction) {
	w, e := a.w, &a.w.out.http
	t := texts{buf: w.out.text[:0]}
	q, r := &x.Request, &x.Response
	isFHIR := a.describe(x)
	*e = event.HTTP{RequestHeaders: e.RequestHeaders[:0], ResponseHeaders: e.ResponseHeaders[:0], Method: event.View(q.Method), Version: event.View(q.Version), TxID: uint64(x.Number),
		URL: t.masked(w, q.Target), UserAgent: event.View(q.Get(http.UserAgent)), Referrer: t.masked(w, q.Get(http.Referer)),
		XFF: event.View(q.Get(http.XForwardedFor)), AuthScheme: event.View(q.AuthScheme()),
		RequestType: event.View(q.Get(http.ContentType)), RequestLength: uint64(q.Length),
		Status: uint64(r.Status), ContentType: event.View(mediaType(r.Get(http.ContentType))), Length: uint64(r.Length),
		Location: t.masked(w, r.Get(http.Location)), Server: event.View(r.Get(http.Server))}
	if !q.Seen {
		e.Version = event.View(r.Version)
	}
	host, port := q.Hostname()
	e.Host, e.Port = event.View(host), uint64(port)
	if r.Seen {
		e.Latency = a.took()
	}
	if w.opt.Full {
		e.Range = event.View(r.Get(http.ContentRange))
		if r.Status == 0 {
			e.Reason = event.View(r.Code)
		}
		e.RequestHeaders = t.headers(w, e.RequestHeaders, &q.Head)
		e.ResponseHeaders = t.headers(w, e.ResponseHeaders, &r.Head)
	}
	w.out.text = t.buf
	w.emit(a.f, e)
	if isFHIR {
		a.fhir(x, &t)
	}
	if !w.opt.EVE {
		a.file(x, &t)
	}
	w.out.text = t.buf
}

// mediaType is a content type without its parameters.
func mediaType(v []byte) []byte {
	if i := bytes.IndexByte(v, ';'); i >= 0 {
		v = v[:i]
	}
	return bytes.TrimSpace(v)
}

// describe reports whether an exchange is an interaction with a FHIR server, and learns the patients in it, so that
// they are known wherever they stand in the address.
func (a *httpApp) describe(x *http.Transaction) bool {
	w, q, r := a.w, &x.Request, &x.Response
	sent, came := q.Get(http.ContentType), r.Get(http.ContentType)
	ok := fhir.Describe(&fhir.Exchange{Method: q.Method, Target: q.Target, RequestType: sent, Accept: q.Get(http.Accept),
		RequestBody: q.First, Status: r.Status, ResponseType: came, ResponseBody: r.First}, &w.out.interaction)
	if !ok {
		return false
	}
	ids := fhir.AppendPatientIDs(w.out.ids[:0], sent, q.First)
	ids = fhir.AppendPatientIDs(ids, came, r.First)
	for _, id := range ids {
		w.learn(nil, id)
	}
	clear(ids)
	w.out.ids = ids
	return true
}

// fhir reports an interaction with a FHIR server.
func (a *httpApp) fhir(x *http.Transaction, t *texts) {
	w, in, q := a.w, &a.w.out.interaction, &x.Request
	h, e := &w.out.http, &w.out.fhir
	*e = event.FHIR{Resource: either(in.Type, in.Resource), Interaction: in.Kind.String(), Operation: event.View(in.Operation),
		Params: e.Params[:0], Status: h.Status, Outcome: event.View(in.Code), Client: h.UserAgent, Host: h.Host,
		Base: t.masked(w, in.Base), Latency: h.Latency}
	if in.Total > 0 {
		e.Results = uint64(in.Total)
	} else {
		e.Results = uint64(in.Entries)
	}
	for _, p := range in.Params {
		e.Params = append(e.Params, event.View(p))
	}
	id := patientOf(in, q.Target)
	if len(id) > 0 {
		at := len(t.buf)
		t.buf = w.opt.Patients.Patient(t.buf, nil, id)
		e.Patient = t.from(at)
	}
	switch {
	case in.Type == "Patient" || in.Compartment == "Patient":
		e.ResourceID = e.Patient
	case len(in.ID) > 0:
		e.ResourceID = t.masked(w, in.ID)
	}
	w.emit(a.f, e)
}

// patientOf is the id of the patient that an interaction names: in its path, or as the value of patient= or subject=.
func patientOf(in *fhir.Interaction, target []byte) []byte {
	if (in.Type == "Patient" || in.Compartment == "Patient") && len(in.ID) > 0 {
		return in.ID
	}
	_, query, _ := bytes.Cut(target, []byte("?"))
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, []byte("&"))
		name, value, _ := bytes.Cut(pair, []byte("="))
		name, _, _ = bytes.Cut(name, []byte(":"))
		switch string(name) {
		case "patient", "subject":
			return bytes.TrimPrefix(bytes.TrimPrefix(value, []byte("Patient/")), []byte("Patient%2F"))
		}
	}
	return nil
}

// file reports a body that is a document or a program, not a page or one of its parts.
func (a *httpApp) file(x *http.Transaction, t *texts) {
	r := &x.Response
	if r.Length == 0 || r.Status != 200 || isPagePart(mediaType(r.Get(http.ContentType))) && !r.Has(http.ContentDisposition) {
		return
	}
	name := x.Request.Target
	name, _, _ = bytes.Cut(name, []byte("?"))
	if i := bytes.LastIndexByte(name, '/'); i >= 0 && i+1 < len(name) {
		name = name[i+1:]
	}
	a.w.out.file = event.File{Name: t.masked(a.w, name), App: "http", Size: uint64(r.Length), Activity: "Read",
		Type: event.View(mediaType(r.Get(http.ContentType))), Complete: r.Complete && r.Lost == 0}
	a.w.emit(a.f, &a.w.out.file)
}

func isPagePart(media []byte) bool {
	for _, prefix := range [...]string{"text/", "image/", "font/", "audio/", "video/", "application/json", "application/javascript",
		"application/x-javascript", "application/xml", "application/fhir", "application/font", "application/ocsp", "application/manifest"} {
		if len(media) >= len(prefix) && string(media[:len(prefix)]) == prefix {
			return true
		}
	}
	return len(media) == 0
}
