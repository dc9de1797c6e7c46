package engine

import (
	"bytes"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/dicom"
	"bulwark/wire/dicomweb"
	"bulwark/wire/http"
)

// count counts what a body of DICOM over the web carries, and reports whether it does.
func (a *exchanges) count(b *httpFiles, dir wire.Dir, p []byte) bool {
	m := message(dir, b.t)
	if m.Length == int64(len(p)) { // the first piece
		b.counted[dir] = dicomweb.Plausible(b.t.Request.Target) && !m.Has(http.ContentEncoding)
		if b.counted[dir] {
			b.counts[dir].Begin(m.Get(http.ContentType))
		}
	}
	if b.counted[dir] {
		b.counts[dir].Write(p)
	}
	return b.counted[dir]
}

// describeWeb reports whether an exchange is DICOM over the web, and learns the patients in it, so that they are known
// wherever they stand in the address.
func (a *exchanges) describeWeb(x *http.Transaction) bool {
	q, r := &x.Request, &x.Response
	if !dicomweb.Plausible(q.Target) || !dicomweb.Describe(&dicomweb.Exchange{Method: q.Method, Target: q.Target,
		RequestType: q.Get(http.ContentType), Accept: q.Get(http.Accept), ResponseType: r.Get(http.ContentType)}, &a.w.out.dicomWebIn) {
		return false
	}
	for name, value := range dicomweb.Keys(a.w.out.dicomWebIn.Query) {
		a.w.out.question = dicomweb.AppendValue(a.w.out.question[:0], value)
		a.learnMeaning(dicomweb.MeaningOf(name), a.w.out.question)
	}
	for meaning, value := range dicomweb.Patients(r.First) {
		a.learnMeaning(meaning, value)
	}
	return true
}

func (a *exchanges) learnMeaning(m dicomweb.Meaning, value []byte) {
	switch {
	case bytes.ContainsAny(value, `*?\`):
	case m == dicomweb.ID:
		a.w.learn(nil, value)
	case m == dicomweb.Name:
		a.w.learnName(value)
	}
}

// dicomWeb reports a request of DICOM over the web.
func (a *exchanges) dicomWeb(x *http.Transaction, t *texts) {
	w, in, q, r := a.w, &a.w.out.dicomWebIn, &x.Request, &x.Response
	h, e := &w.out.http, &w.out.dicomWeb
	*e = event.DICOMweb{Service: in.Service.String(), Action: in.Action, Level: in.Level, StudyUID: event.View(in.Study),
		SeriesUID: event.View(in.Series), InstanceUID: event.View(in.Instance), Frames: event.View(in.Frames), Keys: e.Keys[:0],
		Accept: event.View(q.Get(http.Accept)), RequestType: h.RequestType, ContentType: event.View(r.Get(http.ContentType)),
		Status: h.Status, RequestBytes: h.RequestLength, Bytes: h.Length, Client: h.UserAgent, Host: h.Host,
		Base: t.masked(w, in.Base), Latency: h.Latency}
	for name, value := range dicomweb.Keys(in.Query) {
		if len(e.Keys) < maxWebKeys && in.Service != dicomweb.URI {
			t.webKey(w, e, name, value)
		}
	}
	a.dicomWebCounts(x, in)
	a.object(x, in, t)
	w.emit(a.f, e)
}

// maxWebKeys is how many keys of a query are told.
const maxWebKeys = 32

// webKey adds a key of a query, with its value where that is of no person, or as a pseudonym.
func (t *texts) webKey(w *Worker, e *event.DICOMweb, name, value []byte) {
	at := len(t.buf)
	t.buf = append(append(t.buf, name...), '=')
	from := len(t.buf)
	t.buf = dicomweb.AppendValue(t.buf, value)
	plain := t.buf[from:len(t.buf):len(t.buf)]
	wild := bytes.ContainsAny(plain, "*?")
	switch meaning := dicomweb.MeaningOf(name); {
	case dicomweb.Shown(name):
	case wild:
		t.buf = append(t.buf[:from], '*')
	case meaning == dicomweb.ID:
		t.buf = w.opt.Patients.Patient(t.buf, nil, plain)
		t.buf = t.buf[:from+copy(t.buf[from:], t.buf[from+len(plain):])]
		if string(name) == "PatientID" || string(name) == "00100020" {
			e.Patient = t.from(from)
		}
	case meaning == dicomweb.Name:
		t.buf = w.opt.Patients.Name(t.buf, plain)
		t.buf = t.buf[:from+copy(t.buf[from:], t.buf[from+len(plain):])]
	default:
		t.buf = t.buf[:from]
	}
	e.Keys = append(e.Keys, t.from(at))
}

// dicomWebCounts fills in what the bodies were counted to carry.
func (a *exchanges) dicomWebCounts(x *http.Transaction, in *dicomweb.Interaction) {
	e := &a.w.out.dicomWeb
	for i := range a.files {
		b := a.files[i]
		if b.t != x {
			continue
		}
		if in.Action != "Store" {
			e.Results = uint64(b.counts[wire.ToClient].Objects())
			return
		}
		stored, failed := b.counts[wire.ToClient].Stored()
		e.Results, e.Failed = uint64(stored), uint64(failed)
		if stored+failed == 0 && x.Response.Status/100 == 2 {
			e.Results = uint64(b.counts[wire.ToServer].Objects())
		}
	}
}

// object fills in what the first object of a body says, and reports the device that stores what it has made.
func (a *exchanges) object(x *http.Transaction, in *dicomweb.Interaction, t *texts) {
	e, d := &a.w.out.dicomWeb, &a.w.out.elements
	m := &x.Response.Message
	if in.Action == "Store" {
		m = &x.Request.Message
	}
	first := m.First
	if !bytes.Equal(mediaType(m.Get(http.ContentType)), []byte("application/dicom")) {
		first = dicomweb.FirstObject(first)
	}
	var ok bool
	if a.w.out.arena, ok = dicom.ParseFile(first, a.w.out.arena[:0], d); !ok {
		return
	}
	if id := t.patient(a.w, d); e.Patient == "" {
		e.Patient = id
	}
	e.Modality = event.View(d.Modality)
	if in.Action == "Store" && len(d.Manufacturer) > 0 {
		a.w.out.asset = event.Asset{Vendor: event.View(d.Manufacturer), Model: event.View(d.Model), Serial: event.View(d.SerialNumber),
			Software: event.View(d.SoftwareVersions), Hostname: event.View(d.Station), Role: "dicom source of images", Source: "dicomweb"}
		a.w.tellAsset(a.f, &a.w.out.asset)
	}
}
