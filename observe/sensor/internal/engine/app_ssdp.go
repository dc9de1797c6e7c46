package engine

import (
	"bytes"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/dns"
	"bulwark/wire/ssdp"
)

// ssdpDatagram takes a message of SSDP: what a device says that it is, and with which program somebody looks for devices.
func (w *Worker) ssdpDatagram(f *flow, dir wire.Dir, p []byte) {
	var m ssdp.Message
	if ssdp.Parse(p, &m) != nil {
		w.count.malformed++
		return
	}
	t := texts{buf: w.out.text[:0]}
	o := &w.out.asset
	*o = event.Asset{Source: "ssdp"}
	switch m.Kind {
	case ssdp.Search:
		o.Software = event.View(m.Agent)
	case ssdp.Alive, ssdp.Answer:
		o.Software = event.View(m.Server)
		if d := m.Device(); len(d) > 0 && len(d) <= maxKindName {
			o.Role = t.joined("upnp ", d)
		}
	}
	w.out.text = t.buf
	if o.Software != "" || o.Role != "" {
		w.tellAssetOf(f, dir, o)
	}
}

// maxKindName is the longest name of a kind of device that is told; bytes.
const maxKindName = 48

// ofDomain tells what an answer shows of the hosts of a domain.
func (w *Worker) ofDomain(f *flow, m *dns.Message) {
	if len(m.Additionals) > 0 {
		w.controllers(f, m)
	}
	if len(m.Questions) == 1 && m.Questions[0].Type == typeTKEY && m.Rcode() == 0 && len(m.Answers) > 0 {
		w.out.asset = event.Asset{Role: "takes updates of names by Kerberos", Source: "dns"}
		w.tellAssetOf(f, wire.ToClient, &w.out.asset)
	}
}

// typeTKEY is the record by which a client that signs on with Kerberos and a server agree on a key (RFC 2930, RFC 3645).
const typeTKEY = 249

// controllers tells which hosts the names of a domain say are its controllers: those that _ldap._tcp.dc._msdcs and its like lead to
// ([MS-ADTS] §6.3.2.3), where the answer has their addresses too.
func (w *Worker) controllers(f *flow, m *dns.Message) {
	for i := range m.Answers[:min(len(m.Answers), maxAnnounced)] {
		r := &m.Answers[i]
		if r.Type != dns.TypeSRV || !ofControllers(r.Name) {
			continue
		}
		if a := addressOf(m, r.Target); a.IsValid() {
			w.out.asset = event.Asset{Role: "domain controller by name", Source: "dns"}
			w.tellAssetAt(f, a, &w.out.asset)
		}
	}
}

// ofControllers reports whether only controllers of a domain register the name of a service.
func ofControllers(name []byte) bool {
	const shortest = len("_ldap._tcp.dc._msdcs.x")
	if len(name) < shortest || name[0] != '_' {
		return false
	}
	var small [64]byte
	n := copy(small[:], name)
	for i, c := range small[:n] {
		if 'A' <= c && c <= 'Z' {
			small[i] = c + 'a' - 'A'
		}
	}
	for _, s := range [...]string{"_ldap._tcp.", "_kerberos._tcp."} {
		if begins(small[:n], s) {
			return bytes.Contains(small[:n], []byte("dc._msdcs.")) // dc, pdc, and those of a site
		}
	}
	return false
}

func begins(p []byte, s string) bool { return len(p) >= len(s) && string(p[:len(s)]) == s }
