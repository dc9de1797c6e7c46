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
	conv  http.Conversation
	files []httpFiles // of the requests in hand that carry some
	name  []byte      // scratch
	at
}

func (a *httpApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	a.conv.Pool, a.conv.Excess = &w.transactions, w.opt.EVE
	done, need, err := a.conv.Decode(dir, p, a)
	if errors.Is(err, http.ErrUpgraded) {
		err = errAnother
	}
	return done, need, err
}
func (a *httpApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *httpApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }

func (a *httpApp) reset() {
	a.conv.Reset()
	for i := range a.files {
		for dir := range a.files[i].files {
			a.files[i].files[dir].reset()
		}
	}
	a.files = a.files[:0]
	a.at = at{}
}

// Head wants the first bytes of bodies that may hold a FHIR resource, and those that may be files as they come. What is
// packed is not looked into to see whether it is more than the part of a page that it is said to be.
func (a *httpApp) Head(dir wire.Dir, t *http.Transaction) http.Want {
	m := message(dir, t)
	media := m.Get(http.ContentType)
	want := http.Want(0)
	if bytes.Contains(media, []byte("json")) || bytes.Contains(media, []byte("xml")) || bytes.Contains(media, []byte("urlencoded")) {
		want = http.First
	}
	if !m.Has(http.ContentEncoding) || a.isFile(dir, t) {
		want |= http.Pieces
	}
	return want
}

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
	w.out.text = t.buf
	a.dpws(x)
	a.tellFiles(x)
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
