package engine

import (
	"bytes"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/dicom"
)

// dicomApp is a DICOM association.
type dicomApp struct {
	conv    dicom.Conversation
	objects [2]dicomObject // under way, by the side that stores
	name    []byte         // scratch
	at
}

func (a *dicomApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	a.conv.Objects = a
	return a.conv.Decode(dir, p, a)
}
func (a *dicomApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *dicomApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }

func (a *dicomApp) reset() {
	for i := range a.objects {
		a.objects[i].file.reset()
	}
	a.conv.Reset()
	a.objects, a.at = [2]dicomObject{}, at{}
}

var dicomActivities = [...]string{dicom.Requested: "Request", dicom.Accepted: "Associate", dicom.Rejected: "Reject",
	dicom.Released: "Release", dicom.Aborted: "Abort", dicom.Dropped: "Drop"}

// Association takes an association when it begins and when it has ended.
func (a *dicomApp) Association(x *dicom.Association) {
	w, e := a.w, &a.w.out.dicom
	w.out.dicomReset(x)
	e.Activity = dicomActivities[x.State]
	e.Result = x.Outcome()
	e.Source = "requestor"
	t := texts{buf: w.out.text[:0]}
	for i := range x.Contexts {
		c := &x.Contexts[i]
		e.SOPClasses = appendNew(e.SOPClasses, dicom.SOPClassName(c.AbstractSyntax))
		e.SOPClassUIDs = appendNew(e.SOPClassUIDs, c.AbstractSyntax)
		if c.Accepted() {
			e.TransferSyntaxes = appendNew(e.TransferSyntaxes, dicom.TransferSyntaxName(c.TransferSyntax))
		} else if c.Answered {
			e.Rejected++
		}
	}
	e.CallingUID, e.CallingVersion = x.Requestor.ImplementationUID, x.Requestor.ImplementationVersion
	e.CalledUID, e.CalledVersion = x.Acceptor.ImplementationUID, x.Acceptor.ImplementationVersion
	e.MaxPDU = uint64(x.Requestor.MaxPDU)
	if x.Ended() {
		for _, n := range x.Operations {
			e.Messages += uint64(n.Requests)
		}
		e.Studies, e.Series, e.Instances = uint64(x.Studies), uint64(x.Series), uint64(x.Stored)
		e.Bytes = x.Bytes[0] + x.Bytes[1]
	}
	w.out.text = t.buf
	w.emit(a.f, e)
	if x.State == dicom.Accepted {
		w.out.asset = event.Asset{AETitle: x.CallingAE, Software: x.Requestor.ImplementationVersion, Role: "dicom scu", Source: "dicom"}
		w.tellAsset(a.f, &w.out.asset)
	}
}

// dicomReset clears the event of the association before, and fills in who speaks.
func (p *payloads) dicomReset(x *dicom.Association) {
	p.dicomClear()
	p.dicom.CallingAE, p.dicom.CalledAE = x.CallingAE, x.CalledAE
}

// dicomClear empties the event of DICOM; its lists keep their memory.
func (p *payloads) dicomClear() {
	e := &p.dicom
	*e = event.DICOM{SOPClasses: e.SOPClasses[:0], TransferSyntaxes: e.TransferSyntaxes[:0], Keys: e.Keys[:0],
		SOPClassUIDs: e.SOPClassUIDs[:0]}
}

// appendNew appends s unless it is empty or there.
func appendNew(list []string, s string) []string {
	if s == "" {
		return list
	}
	for _, l := range list {
		if l == s {
			return list
		}
	}
	return append(list, s)
}

var dicomOperations = [...]string{dicom.UnknownOperation: "Unknown", dicom.CEcho: "Echo", dicom.CFind: "Find",
	dicom.CGet: "Get", dicom.CMove: "Move", dicom.CStore: "Store", dicom.NEventReport: "Event Report",
	dicom.NGet: "N-Get", dicom.NSet: "N-Set", dicom.NAction: "N-Action", dicom.NCreate: "N-Create", dicom.NDelete: "N-Delete"}

// Command takes an operation with its answers.
func (a *dicomApp) Command(c *dicom.Command) {
	if o := &a.objects[c.Dir]; o.command == c {
		o.end(false)
	}
	w, e, d := a.w, &a.w.out.dicom, &c.Data
	w.out.dicomReset(c.Association)
	t := texts{buf: w.out.text[:0]}
	e.Activity = dicomOperations[c.Operation]
	e.Source = "requestor"
	if c.Dir == wire.ToClient {
		e.Source = "acceptor"
	}
	e.SOPClasses = appendNew(e.SOPClasses, dicom.SOPClassName(c.SOPClass))
	e.SOPClassUIDs = appendNew(e.SOPClassUIDs, c.SOPClass)
	e.TransferSyntaxes = appendNew(e.TransferSyntaxes, dicom.TransferSyntaxName(c.TransferSyntax))
	if c.Answered || c.Pending > 0 {
		e.StatusCode, e.Status = uint64(c.Status)+1, c.Status.String()
	}
	e.Bytes = c.RequestBytes + c.ResponseBytes
	e.Destination, e.InstanceUID = event.View(c.Destination), event.View(c.SOPInstance)
	e.StudyUID, e.SeriesUID = event.View(d.StudyInstanceUID), event.View(d.SeriesInstanceUID)
	e.Modality, e.Manufacturer, e.Model = event.View(d.Modality), event.View(d.Manufacturer), event.View(d.Model)
	e.SerialNumber, e.Software = event.View(d.SerialNumber), event.View(d.SoftwareVersions)
	e.Station, e.Institution, e.Level = event.View(d.Station), event.View(d.Institution), event.View(d.Level)
	switch c.Operation {
	case dicom.CFind:
		e.Instances = uint64(c.Pending)
	case dicom.CMove, dicom.CGet:
		e.Instances = uint64(c.Completed)
	case dicom.CStore:
		e.Instances = 1
	}
	for _, k := range d.Keys {
		e.Keys = append(e.Keys, t.key(k))
	}
	e.Patient = t.patient(w, d)
	w.out.text = t.buf
	w.emit(a.f, e)
	a.device(c)
}

// key is an attribute that a query asks for: with = where it names a value, with * where it has a wildcard.
func (t *texts) key(k dicom.Key) string {
	if k.Match == dicom.Universal {
		return k.Tag.String()
	}
	at := len(t.buf)
	t.buf = append(t.buf, k.Tag.String()...)
	if k.Match == dicom.Wildcard {
		t.buf = append(t.buf, '*')
	} else {
		t.buf = append(t.buf, '=')
	}
	return t.from(at)
}

// patient is the pseudonym of whom a data set is about; of a query that has wildcards there is none.
func (t *texts) patient(w *Worker, d *dicom.Elements) string {
	if d.Keys == nil {
		w.learnName(d.PatientName)
	}
	if len(d.PatientID) == 0 || bytes.ContainsAny(d.PatientID, `*?\`) {
		return ""
	}
	if d.Keys == nil {
		w.learn(d.Issuer, d.PatientID)
	}
	at := len(t.buf)
	t.buf = w.opt.Patients.Patient(t.buf, d.Issuer, d.PatientID)
	return t.from(at)
}

// device reports the device that made a stored object, where it is the one that sends: not a viewer that is given what
// it asked for (C-GET), nor an archive, which passes on what it was given itself.
func (a *dicomApp) device(c *dicom.Command) {
	d := &c.Data
	if c.Operation != dicom.CStore {
		return
	}
	from, to := a.ends(c.Dir)
	a.w.archives[a.archive(to)] = to
	if c.Dir != wire.ToServer || len(c.Originator) > 0 || len(d.Manufacturer) == 0 || a.w.archives[a.archive(from)] == from {
		return
	}
	a.w.out.asset = event.Asset{Vendor: event.View(d.Manufacturer), Model: event.View(d.Model),
		Serial: event.View(d.SerialNumber), Software: event.View(d.SoftwareVersions), Hostname: event.View(d.Station),
		AETitle: c.Association.CallingAE, Role: "dicom source of images", Source: "dicom"}
	a.w.tellAsset(a.f, &a.w.out.asset)
}

// archives are addresses that were sent objects to keep. One that another took the place of is learnt again with the
// next object.
type archives [archiveSlots][16]byte

const archiveSlots = 1 << 10

func (a *dicomApp) archive(addr [16]byte) int {
	return int(mum(be64(addr[:8])^a.w.opt.Seed, be64(addr[8:])^0xa0761d6478bd642f) & (archiveSlots - 1))
}

// ends are the addresses of who asked, when dir is the side that did, and of who was asked.
func (a *dicomApp) ends(dir wire.Dir) (from, to [16]byte) {
	from, to = a.f.key.lo, a.f.key.hi
	if a.f.origin == high {
		from, to = to, from
	}
	if dir == wire.ToClient {
		from, to = to, from
	}
	return from, to
}
