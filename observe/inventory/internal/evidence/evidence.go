// Package evidence takes from events what they say about devices.
package evidence

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"

	"bulwark/event"
	"bulwark/observe/inventory/internal/register"
)

// Kinds are the kinds of events that say something about devices which no event of [event.KindAsset] says already.
func Kinds() []event.Kind {
	return []event.Kind{event.KindAsset, event.KindFlow, event.KindDHCP, event.KindTLS, event.KindHTTP, event.KindSSH, event.KindDICOM,
		event.KindDICOMweb, event.KindHL7, event.KindFHIR, event.KindSNMP, event.KindMonitor, event.KindMDNS, event.KindNBNS, event.KindIEEE11073,
		event.KindPOCT1A, event.KindASTM, event.KindQUIC}
}

// Reader takes sightings from events. It is not safe for concurrent use.
type Reader struct {
	// See is called for each sighting, which it must not keep. Its strings may point into the event.
	See func(*register.Sighting)

	s     register.Sighting
	lower []byte
	port  []byte
	tcp   ports             // those that rules ask for
	udp   ports             // likewise
	names map[string]string // names of others that programs call, likewise
}

// Want says what rules ask for of what there is too much of to keep all: ports, as "tcp/9100", and names that programs call,
// as "windowsupdate.com" with everything below it.
func (r *Reader) Want(all, names []string) {
	r.tcp, r.udp, r.names = ports{}, ports{}, map[string]string{}
	for _, p := range all {
		transport, number, _ := strings.Cut(p, "/")
		n, err := strconv.ParseUint(number, 10, 16)
		switch {
		case err != nil: // a pattern for several
		case transport == "tcp":
			r.tcp.add(uint16(n))
		case transport == "udp":
			r.udp.add(uint16(n))
		}
	}
	for _, n := range names {
		r.names[n] = n
	}
}

// Sum is a number for all that an event says of devices: of one address the same number means the same facts. It reports false
// for kinds of which that would not be worth while. Flows have a [Reader.Gist]. It must take in whatever [Reader.Read] looks at,
// apart from the time.
func (r *Reader) Sum(e *event.Event) (sum uint64, ok bool) {
	s := Sum(e.Payload.Kind()).Addr(e.Src).Addr(e.Dst)
	switch p := e.Payload.(type) {
	case *event.HTTP:
		s = s.Text(p.UserAgent).Text(p.Host).Text(p.Server)
		if answered(p) {
			s = s.Add(1)
		}
	case *event.TLS:
		s = s.Text(p.JA4).Text(p.SNI).Text(p.SHA256).Text(p.Subject)
	case *event.QUIC:
		s = s.Text(p.JA4).Text(p.SNI)
	case *event.HL7:
		s = s.Text(p.SendingApp).Text(p.Type).Text(p.Trigger).Text(p.Ack).Text(p.ReceivingApp)
	default:
		return 0, false
	}
	return s.Number(), true
}

// Read takes what an event says. Events of other kinds than Kinds say nothing.
func (r *Reader) Read(e *event.Event) {
	r.s = register.Sighting{Time: e.Time}
	switch p := e.Payload.(type) {
	case *event.Asset:
		r.asset(e.Src, p)
	case *event.Flow:
		r.flow(&e.Header, p)
	case *event.DHCP:
		r.dhcp(&e.Header, p)
	case *event.TLS:
		r.from("tls", e.Src).sure(register.Likely).say(register.JA4, p.JA4)
		r.calls(p.SNI)
		r.from("tls", e.Dst).say(register.Cert, p.SHA256)
		r.say(register.Subject, p.Subject)
	case *event.QUIC:
		r.from("quic", e.Src).sure(register.Likely).say(register.JA4, p.JA4)
		r.calls(p.SNI)
	case *event.HTTP:
		r.from("http", e.Src).sure(register.Likely).say(register.Agent, p.UserAgent)
		r.calls(p.Host)
		r.from("http", e.Dst).say(register.Banner, p.Server)
		if answered(p) {
			r.sure(register.Possible).calledAs(p.Host)
		}
	case *event.SSH:
		r.from("ssh", e.Src).sure(register.Certain).say(register.Agent, p.ClientSoftware)
		r.from("ssh", e.Dst).say(register.Banner, p.ServerSoftware)
	case *event.DICOM:
		r.dicom(&e.Header, p)
	case *event.DICOMweb:
		r.from("dicomweb", e.Src).sure(register.Likely).say(register.Agent, p.Client)
		if p.Modality != "" && p.Action == "Store" {
			r.say(register.Modality, p.Modality)
		}
	case *event.HL7:
		r.hl7(&e.Header, p)
	case *event.FHIR:
		r.from("fhir", e.Src).sure(register.Likely).say(register.Agent, p.Client)
		r.say(register.Role, "fhir client")
		if p.Status >= 200 && p.Status < 300 {
			r.from("fhir", e.Dst).say(register.Role, "fhir server")
		}
	case *event.SNMP:
		r.snmp(&e.Header, p)
	case *event.Monitor:
		r.monitor(e.Src, p)
	case *event.MDNS:
		r.mdns(e.Src, p)
	case *event.NBNS:
		r.nbns(e.Src, p)
	case *event.IEEE11073:
		r.from("ieee11073", e.Src).sure(register.Certain).say(register.Location, p.Location)
		for _, t := range p.Types {
			r.say(register.Service, t)
		}
	case *event.POCT1A:
		if !p.FromServer {
			r.from("poct1a", e.Src).sure(register.Certain).say(register.Message, p.Type)
		}
	case *event.ASTM:
		at := e.Src
		if p.FromServer {
			at = e.Dst
		}
		r.from("astm", at).sure(register.Certain).say(register.Message, "ASTM "+p.Activity)
	}
}

// from begins what a protocol says about an address.
func (r *Reader) from(source string, at netip.Addr) *Reader {
	r.s.Source, r.s.At = source, at
	return r
}

func (r *Reader) sure(s register.Sure) *Reader {
	r.s.Sure = s
	return r
}

// say tells one fact; nothing where there is no value or no address that a device can have.
func (r *Reader) say(f register.Field, value string) {
	if value == "" || !r.s.At.IsValid() {
		return
	}
	r.s.Field, r.s.Value = f, value
	r.See(&r.s)
}

// calls tells that a program calls a name, where a rule asks for it or for what it is below.
func (r *Reader) calls(name string) {
	if name == "" || len(r.names) == 0 {
		return
	}
	r.lower = lower(r.lower[:0], name)
	for b := r.lower; len(b) > 0; {
		if n, ok := r.names[string(b)]; ok {
			r.say(register.Calls, n)
			return
		}
		dot := bytes.IndexByte(b, '.')
		if dot < 0 {
			return
		}
		b = b[dot+1:]
	}
}

// lower appends s to b in lower case.
func lower(b []byte, s string) []byte {
	at := len(b)
	b = append(b, s...)
	for i, c := range b[at:] {
		if 'A' <= c && c <= 'Z' {
			b[at+i] = c + 'a' - 'A'
		}
	}
	return b
}

// asset takes a fact that the sensor has read.
func (r *Reader) asset(at netip.Addr, p *event.Asset) {
	r.from(p.Source, at).sure(register.Certain)
	switch { // by their nature not what the device says of itself
	case p.Source == "dicom", p.Source == "dicomweb": // of the device that made the object, which others may pass on
		r.sure(register.Likely)
	case p.Role == "groups of a domain": // shown by what it answers
		r.sure(register.Likely)
	}
	if p.Source != "hl7" { // where it is the name of an identifier, not of the host
		r.hostname(p.Hostname)
	}
	r.say(register.MAC, p.MAC)
	r.say(register.Vendor, p.Vendor)
	r.say(register.Model, p.Model)
	r.serial(p)
	r.say(register.Software, p.Software)
	r.say(register.Role, p.Role)
	r.say(register.AE, p.AETitle)
	r.say(register.Class, p.Class)
	r.calledAs(p.Called)
	if p.Source != "astm" { // where it is what the sender calls itself
		r.say(register.UID, p.Identifier)
	} else {
		r.say(register.App, p.Identifier)
	}
}

// serial tells a serial number. Makers number by model, so the model belongs to it.
func (r *Reader) serial(p *event.Asset) {
	switch {
	case p.Serial == "":
	case p.Model != "":
		r.say(register.Serial, p.Model+"/"+p.Serial)
	default:
		r.say(register.Serial, p.Serial)
	}
}

// hostname tells a name: its first label joins, the rest is the domain.
func (r *Reader) hostname(name string) {
	name = strings.TrimSuffix(name, ".")
	if name == "" {
		return
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return
	}
	r.lower = lower(r.lower[:0], name)
	first, domain, _ := strings.Cut(event.View(r.lower), ".")
	r.say(register.Hostname, first)
	if domain != "" && domain != "local" {
		r.say(register.Domain, domain)
	}
}

// calledAs tells a name that others call it by. An address is none.
func (r *Reader) calledAs(name string) {
	if name == "" {
		return
	}
	if c := name[len(name)-1]; '0' <= c && c <= '9' || c == ']' || strings.IndexByte(name, ':') >= 0 {
		if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
			return
		}
	}
	r.lower = lower(r.lower[:0], name)
	first, _, _ := strings.Cut(event.View(r.lower), ".")
	r.say(register.CalledAs, first)
}

// answered reports whether a server took a request for one of its own.
func answered(p *event.HTTP) bool { return p.Status >= 200 && p.Status < 400 }

// ToMany reports whether an address is of no one device: a group's, or that of all (RFC 919 §7).
func ToMany(a netip.Addr) bool {
	return a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// dicom takes what both ends do. What a stored object says of the device that made it comes as an asset.
func (r *Reader) dicom(h *event.Header, p *event.DICOM) {
	r.from("dicom", h.Src).sure(register.Certain)
	if p.Activity == "Associate" {
		r.say(register.Impl, p.CallingUID)
		r.from("dicom", h.Dst)
		r.say(register.AE, p.CalledAE)
		r.say(register.Impl, p.CalledUID)
		return
	}
	at, other := h.Src, h.Dst
	if p.Source == "acceptor" {
		at, other = other, at
	}
	r.from("dicom", at)
	switch p.Activity {
	case "Store":
		r.say(register.Role, "dicom sends objects")
		r.say(register.Modality, p.Modality)
		r.from("dicom", other).say(register.Role, "dicom keeps objects")
	case "Find", "Move", "Get":
		r.say(register.Role, "dicom asks")
		role := "dicom answers queries"
		for _, c := range p.SOPClasses {
			if strings.Contains(c, "Worklist") {
				role = "dicom worklist"
				r.say(register.Role, "dicom asks for worklists")
			}
		}
		r.from("dicom", other).say(register.Role, role)
	}
}

// hl7 takes who sends which messages to whom.
func (r *Reader) hl7(h *event.Header, p *event.HL7) {
	r.from("hl7", h.Src).sure(register.Certain)
	r.say(register.App, p.SendingApp)
	r.message("sends ", p)
	r.from("hl7", h.Dst)
	if p.Ack == "AA" || p.Ack == "CA" { // it took the name for its own
		r.say(register.App, p.ReceivingApp)
	}
	r.message("takes ", p)
}

func (r *Reader) message(what string, p *event.HL7) {
	if p.Type == "" {
		return
	}
	r.lower = append(append(r.lower[:0], what...), p.Type...)
	if p.Trigger != "" {
		r.lower = append(append(r.lower, '^'), p.Trigger...)
	}
	r.say(register.Message, event.View(r.lower))
}

// snmp takes the engine of who reports: of other messages it is the other side's (RFC 3412 §6.1).
func (r *Reader) snmp(h *event.Header, p *event.SNMP) {
	if strings.HasPrefix(p.Activity, "trap") {
		r.from("snmp", h.Src).sure(register.Certain).say(register.Engine, p.Engine)
	}
}

// monitor takes what a fingerprint has recognised.
func (r *Reader) monitor(at netip.Addr, p *event.Monitor) {
	sure := register.Possible
	switch p.Confidence {
	case "certain":
		sure = register.Certain
	case "likely":
		sure = register.Likely
	}
	r.from("fingerprint "+p.Fingerprint, at).sure(sure).say(register.Class, p.Class)
	r.say(register.Location, p.Location)
}

// mdns takes the services that a device announces as its own: names of the form instance._service._tcp.local.
func (r *Reader) mdns(at netip.Addr, p *event.MDNS) {
	if p.Activity != "Response" {
		return
	}
	r.from("mdns", at).sure(register.Certain)
	for i, n := range p.AnswerNames {
		if i < len(p.AnswerTypes) && p.AnswerTypes[i] == "SRV" {
			r.service(n)
		}
	}
	for i, n := range p.AdditionalNames {
		if i < len(p.AdditionalTypes) && p.AdditionalTypes[i] == "SRV" {
			r.service(n)
		}
	}
}

func (r *Reader) service(name string) {
	if i := strings.Index(name, "._"); i >= 0 {
		if s, _, ok := strings.Cut(name[i+1:], ".local"); ok {
			r.say(register.Service, s)
		}
	}
}

func (r *Reader) nbns(at netip.Addr, p *event.NBNS) {
	if p.Activity != "Announcement" {
		return
	}
	r.from("nbns", at).sure(register.Certain)
	for _, s := range p.Serves {
		r.say(register.Role, s)
	}
	r.say(register.Announces, p.Software)
}
