package engine

import (
	"bytes"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/dns"
)

const portLLMNR = 5355

// mdnsDatagram takes one message of multicast DNS.
func (w *Worker) mdnsDatagram(f *flow, dir wire.Dir, p []byte) {
	m := &w.out.message
	if !w.fillMDNS(m, m.Parse(p)) {
		return
	}
	w.emit(f, &w.out.mdns)
	if m.Flags.Response() {
		w.announced(f, dir, m)
	}
}

// llmnrDatagram takes one message of LLMNR. Where the first one seen of a flow is a response, who sent it serves.
func (w *Worker) llmnrDatagram(f *flow, dir wire.Dir, p []byte) {
	m := &w.out.message
	err := m.Parse(p)
	if dir == wire.ToServer && m.Flags.Response() && f.packets == [2]uint64{1, 0} {
		w.swap(f)
	}
	w.tellLLMNR(f, m, err)
}

func (w *Worker) tellLLMNR(f *flow, m *dns.Message, err error) {
	if !w.fillMDNS(m, err) {
		return
	}
	e := &w.out.mdns
	e.Flags = e.Flags[:0]
	for _, b := range [...]struct { // RFC 4795 §2.1.1: other bits than those of DNS
		set  bool
		name string
	}{{m.Flags.Authoritative(), "c"}, {m.Flags.Truncated(), "tc"}, {m.Flags.RecursionDesired(), "t"}} {
		if b.set {
			e.Flags = append(e.Flags, b.name)
		}
	}
	w.emit(f, (*event.LLMNR)(e))
	w.oddLLMNR(f, m)
	if m.Flags.Response() {
		w.named(f, m.Answers, "llmnr")
	}
}

// oddLLMNR tells what RFC 4795 §2.1.1 forbids, by Suricata's names.
func (w *Worker) oddLLMNR(f *flow, m *dns.Message) {
	if m.Flags.Opcode() != dns.OpQuery {
		w.anomalyOf(f, "invalid_opcode")
	}
	if m.Flags&0x00f0 != 0 {
		w.anomalyOf(f, "z_flag_set")
	}
}

// anomalyOf tells an anomaly of the protocol of f.
func (w *Worker) anomalyOf(f *flow, what string) {
	w.out.anomaly = event.Anomaly{Type: "applayer", Event: what, App: f.app.String()}
	w.emit(f, &w.out.anomaly)
}

// fillMDNS fills the event of a message. It reports false for one of which nothing could be read.
func (w *Worker) fillMDNS(m *dns.Message, err error) bool {
	if err != nil {
		w.count.malformed++
		if len(m.Questions)+len(m.Answers) == 0 {
			return false
		}
	}
	e := &w.out.mdns
	*e = event.MDNS{Activity: "Query", ID: uint64(m.ID), Opcode: uint64(m.Flags.Opcode()), Rcode: uint64(m.Flags.Rcode()),
		Names: e.Names[:0], Types: e.Types[:0], Flags: e.Flags[:0],
		Answers: e.Answers[:0], AnswerNames: e.AnswerNames[:0], AnswerTypes: e.AnswerTypes[:0], TTLs: e.TTLs[:0],
		Authorities: e.Authorities[:0], AuthorityNames: e.AuthorityNames[:0], AuthorityTypes: e.AuthorityTypes[:0],
		AuthorityTTLs: e.AuthorityTTLs[:0], Additionals: e.Additionals[:0], AdditionalNames: e.AdditionalNames[:0],
		AdditionalTypes: e.AdditionalTypes[:0], AdditionalTTLs: e.AdditionalTTLs[:0]}
	if m.Flags.Response() {
		e.Activity = "Response"
	}
	e.Flags = appendFlags(e.Flags, m.Flags)
	t := texts{buf: w.out.text[:0]}
	for i := range m.Questions {
		e.Names = append(e.Names, t.unescaped(m.Questions[i].Name))
		e.Types = append(e.Types, m.Questions[i].Type.String())
	}
	t.told(m.Answers, &e.Answers, &e.AnswerTypes, &e.AnswerNames, &e.TTLs)
	t.told(m.Authorities, &e.Authorities, &e.AuthorityTypes, &e.AuthorityNames, &e.AuthorityTTLs)
	t.told(m.Additionals, &e.Additionals, &e.AdditionalTypes, &e.AdditionalNames, &e.AdditionalTTLs)
	w.out.text = t.buf
	return true
}

// told appends the records of a section with names as they are read, not as zone files escape them.
func (t *texts) told(records []dns.Record, data, types, names, ttls *[]string) {
	for i := range records {
		r := &records[i]
		if r.Type == dns.TypeOPT {
			continue
		}
		*names = append(*names, t.unescaped(r.Name))
		*types = append(*types, t.recordType(r.Type))
		*ttls = append(*ttls, t.number(uint64(r.TTL)))
		switch r.Type {
		case dns.TypeTXT, dns.TypeHINFO:
			*data = append(*data, t.quoted(r))
		case dns.TypePTR, dns.TypeCNAME, dns.TypeNS:
			*data = append(*data, t.unescaped(r.Target))
		default:
			*data = append(*data, t.rdata(r))
		}
	}
}

func (t *texts) unescaped(name []byte) string {
	if bytes.IndexByte(name, '\\') < 0 {
		return event.View(name)
	}
	at := len(t.buf)
	t.buf = dns.AppendUnescaped(t.buf, name)
	return t.from(at)
}

// quoted is the strings of a TXT or HINFO record as zone files write them (RFC 1035 §5.1): each in quotes.
func (t *texts) quoted(r *dns.Record) string {
	at := len(t.buf)
	for s := range r.Text() {
		if len(t.buf) > at {
			t.buf = append(t.buf, ' ')
		}
		t.buf = append(t.buf, '"')
		for _, c := range s {
			if c == '"' || c == '\\' {
				t.buf = append(t.buf, '\\')
			}
			t.buf = append(t.buf, c)
		}
		t.buf = append(t.buf, '"')
	}
	return t.from(at)
}
