package engine

import (
	"bytes"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/dpws"
	"bulwark/wire/http"
)

// dpwsDatagram takes a message of WS-Discovery.
func (w *Worker) dpwsDatagram(f *flow, dir wire.Dir, p []byte) {
	if err := dpws.Parse(p, &w.out.discovery); err != nil {
		w.count.malformed++
		return
	}
	w.tellDPWS(f, dir)
}

// dpws looks for what a device says of itself over HTTP: the response to Get of WS-Transfer.
func (a *exchanges) dpws(x *http.Transaction) {
	r := &x.Response
	if len(r.First) == 0 || !bytes.Contains(r.Get(http.ContentType), []byte("soap+xml")) || dpws.Parse(r.First, &a.w.out.discovery) != nil {
		return
	}
	a.w.tellDPWS(a.f, wire.ToClient)
}

// tellDPWS reports a message that the side dir has sent, where a medical device sends or is sought; of other devices only
// that they are there.
func (w *Worker) tellDPWS(f *flow, dir wire.Dir) {
	m := &w.out.discovery
	activity := ""
	switch string(m.Action) {
	case "Hello", "Bye", "Probe":
		activity = event.View(m.Action)
	case "ProbeMatches", "ResolveMatches":
		activity = "Match"
	case "GetResponse":
		activity = "Metadata"
	default:
		return
	}
	if m.Medical() {
		w.tellMedicalDPWS(f, m, activity)
	}
	class := dpwsClass(m)
	if activity == "Probe" || activity == "Bye" || class == "" && len(m.Manufacturer)+len(m.Model) == 0 {
		return
	}
	w.out.asset = event.Asset{Identifier: event.View(m.Endpoint), Class: class, Vendor: event.View(m.Manufacturer), Model: event.View(m.Model),
		Serial: event.View(m.Serial), Software: event.View(m.Firmware), Hostname: event.View(m.Name), Source: "ws-discovery"}
	w.tellAssetOf(f, dir, &w.out.asset)
}

// dpwsClass is what a device is by its types; empty where they do not tell.
func dpwsClass(m *dpws.Message) string {
	for _, c := range [...]struct{ kind, class string }{{"MedicalDevice", "medical device"}, {"PrintDeviceType", "printer"},
		{"ScanDeviceType", "scanner"}, {"NetworkVideoTransmitter", "network camera"}, {"Computer", "computer"}} {
		if m.Has(c.kind) {
			return c.class
		}
	}
	return ""
}

func (w *Worker) tellMedicalDPWS(f *flow, m *dpws.Message, activity string) {
	e := &w.out.ieee11073
	t := texts{buf: w.out.text[:0]}
	*e = event.IEEE11073{Types: e.Types[:0], Codes: e.Codes[:0], Patients: e.Patients[:0], Activity: activity, Protocol: "20702",
		System: event.View(m.Endpoint), Addresses: event.View(m.XAddrs), Location: event.View(m.Location), Manufacturer: event.View(m.Manufacturer),
		Model: event.View(m.Model), Serial: event.View(m.Serial), Software: event.View(m.Firmware), Name: event.View(m.Name)}
	for _, v := range m.Types {
		e.Types = append(e.Types, event.View(v))
	}
	for _, v := range m.Codes {
		e.Codes = append(e.Codes, event.View(v))
	}
	for _, id := range m.Patients {
		id = id[bytes.LastIndexByte(id, '/')+1:]
		w.learn(nil, id)
		e.Patients = append(e.Patients, t.pseudonym(w, nil, id))
	}
	w.out.text = t.buf
	w.emit(f, e)
}
