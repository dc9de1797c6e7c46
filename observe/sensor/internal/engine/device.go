package engine

import (
	"fmt"
	"slices"

	"bulwark/content/devices"
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/astm"
	"bulwark/wire/hl7"
)

// devicePrints are the fingerprints of vendors' devices, by what is looked at.
type devicePrints struct {
	decoders  map[string]*devices.Fingerprint
	hl7, astm []*devices.Fingerprint
}

// load reads the fingerprints that are part of the program.
func (d *devicePrints) load() {
	all, err := devices.All()
	if err != nil {
		panic(fmt.Sprintf("reading the fingerprints of this program: %v", err)) // a test of content/devices reads each
	}
	d.decoders = map[string]*devices.Fingerprint{}
	for i := range all {
		switch f := &all[i]; {
		case f.Match.Decoder != "":
			d.decoders[f.Match.Decoder] = f
		case f.Match.Protocol == "hl7":
			d.hl7 = append(d.hl7, f)
		case f.Match.Protocol == "astm":
			d.astm = append(d.astm, f)
		}
	}
}

// tellDevice reports a device that was known again, at the side dir of f, unless it was told lately. The event in hand holds
// what it said of itself.
func (w *Worker) tellDevice(f *flow, dir wire.Dir, print *devices.Fingerprint, source string) {
	e := &w.out.monitor
	e.Fingerprint, e.Vendor, e.Product, e.Class = print.Name, print.Vendor, print.Product, print.Class
	e.Confidence = either(e.Confidence, print.Confidence)
	w.header(f)
	e.UsualPort = slices.Contains(print.Ports, w.head.Ports.Dst) || slices.Contains(print.Ports, w.head.Ports.Src)
	w.out.asset = event.Asset{MAC: e.MAC, Hostname: either(e.Name, e.Location), Vendor: e.Vendor, Model: either(e.Model, e.Product), Serial: e.Serial,
		Software: e.Software, Class: e.Class, Source: source}
	at := w.addressOf(f, dir)
	if !w.factIsFresh(at, &w.out.asset) {
		return
	}
	w.emit(f, e)
	w.header(f)
	w.head.Src = at
	w.opt.Sink.Event(&w.head, &w.out.asset)
}

// hl7Device reports the device or gateway that a message of the side dir names as its sender, where a fingerprint knows it.
func (w *Worker) hl7Device(f *flow, dir wire.Dir, m *hl7.Message) {
	facility := event.View(m.SendingFacility.Name())
	for _, print := range w.devices.hl7 {
		value := event.View(m.SendingApplication.Namespace)
		if print.Match.Field == "sending-application-id" {
			value = event.View(m.SendingApplication.UniversalID)
		}
		if value == "" || !print.Match.Names(value, facility) {
			continue
		}
		w.out.monitor = event.Monitor{Activity: "Name", Reason: "HL7 sending application"}
		if print.Layout["facility"] == "model" {
			w.out.monitor.Model = facility
		}
		w.tellDevice(f, dir, print, "hl7")
		return
	}
}

// astmDevice reports the analyser that a header of the side dir names, where a fingerprint knows how to read it.
func (w *Worker) astmDevice(f *flow, dir wire.Dir, m *astm.Message) bool {
	for _, print := range w.devices.astm {
		if !print.Match.Names(event.View(m.Part(m.Sender, max(print.Match.Part, 1)-1)), "") {
			continue
		}
		e := &w.out.monitor
		*e = event.Monitor{Activity: "Name", Reason: "ASTM sender"}
		for part, means := range print.Layout {
			n, ok := part.(uint64)
			if !ok || n == 0 {
				continue
			}
			v := event.View(m.Part(m.Sender, int(n)-1))
			switch means {
			case "model":
				e.Model = v
			case "software":
				e.Software = v
			case "serial":
				e.Serial = v
			case "name":
				e.Name = v
			}
		}
		w.tellDevice(f, dir, print, "astm")
		return true
	}
	return false
}
