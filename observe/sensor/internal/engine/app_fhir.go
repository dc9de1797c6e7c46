package engine

import (
	"bytes"

	"bulwark/event"
	"bulwark/wire/fhir"
	"bulwark/wire/http"
)

// describe reports whether an exchange is an interaction with a FHIR server, and learns the patients in it, so that
// they are known wherever they stand in the address.
func (a *exchanges) describe(x *http.Transaction) bool {
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
func (a *exchanges) fhir(x *http.Transaction, t *texts) {
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
