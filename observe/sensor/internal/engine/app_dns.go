package engine

import (
	"encoding/hex"
	"strconv"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/dns"
)

// dnsApp is DNS over TCP.
type dnsApp struct {
	conv dns.Conversation
	at
}

func (a *dnsApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	if f.app == DNS && f.atPort(portLLMNR) {
		f.app = LLMNR // RFC 4795 §2.5: the same over TCP
	}
	return a.conv.Decode(dir, p, a)
}
func (a *dnsApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *dnsApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *dnsApp) reset()                        { a.conv.Reset(); a.at = at{} }

// Message takes one message of the conversation.
func (a *dnsApp) Message(dir wire.Dir, m *dns.Message, err error) {
	if a.f.app == LLMNR {
		a.w.tellLLMNR(a.f, m, err)
		return
	}
	a.w.tellDNS(a.f, m, err)
	a.w.look.beside = &a.w.out.dns
	a.w.showFrame(a.f, dir, "dns.pdu", m.Raw(), 0)
	a.w.look.beside = nil
}

// dnsDatagram takes one message. Where the first one seen of a flow is a response, who sent it serves.
func (w *Worker) dnsDatagram(f *flow, dir wire.Dir, p []byte) {
	err := w.out.message.Parse(p)
	if dir == wire.ToServer && err == nil && w.out.message.Flags.Response() && f.packets == [2]uint64{1, 0} && f.conv == 0 {
		if w.header(f); !w.head.Dst.IsMulticast() {
			w.swap(f)
		}
	}
	w.tellDNS(f, &w.out.message, err)
	w.look.beside = &w.out.dns
	w.showFrame(f, dir, "dns.pdu", p, 0)
	w.look.beside = nil
}

// tellDNS reports one message. One that broke off is reported as far as it could be read.
func (w *Worker) tellDNS(f *flow, m *dns.Message, err error) {
	if err != nil {
		w.count.malformed++
		if len(m.Questions) == 0 {
			return
		}
	}
	e := &w.out.dns
	*e = event.DNS{Activity: "Query", ID: uint64(m.ID), Opcode: uint64(m.Flags.Opcode()), RawFlags: uint64(m.Flags),
		Answers: e.Answers[:0], AnswerTypes: e.AnswerTypes[:0], AnswerNames: e.AnswerNames[:0], TTLs: e.TTLs[:0],
		Flags: e.Flags[:0], Authorities: e.Authorities[:0], AuthorityNames: e.AuthorityNames[:0],
		AuthorityTypes: e.AuthorityTypes[:0], AuthorityTTLs: e.AuthorityTTLs[:0], Additionals: e.Additionals[:0],
		AdditionalNames: e.AdditionalNames[:0], AdditionalTypes: e.AdditionalTypes[:0], AdditionalTTLs: e.AdditionalTTLs[:0]}
	t := texts{buf: w.out.text[:0]}
	if len(m.Questions) > 0 {
		q := &m.Questions[0]
		e.Hostname, e.Type = event.View(q.Name), t.recordType(q.Type)
		if q.Class != dns.ClassIN {
			e.Class = q.Class.String()
		}
	}
	e.Flags = appendFlags(e.Flags, m.Flags)
	if m.Flags.Response() {
		e.Activity, e.Rcode = "Response", m.Rcode().String()
		t.section(w, m.Answers, &e.Answers, &e.AnswerTypes, &e.AnswerNames, &e.TTLs)
		if !w.opt.Full {
			for i := range m.Authorities {
				e.Authorities = append(e.Authorities, t.rdata(&m.Authorities[i]))
			}
		}
	} else if w.opt.EVE {
		t.section(w, m.Answers, &e.Answers, &e.AnswerTypes, &e.AnswerNames, &e.TTLs)
	}
	if w.opt.Full && (m.Flags.Response() || w.opt.EVE) {
		t.section(w, m.Authorities, &e.Authorities, &e.AuthorityTypes, &e.AuthorityNames, &e.AuthorityTTLs)
		t.section(w, m.Additionals, &e.Additionals, &e.AdditionalTypes, &e.AdditionalNames, &e.AdditionalTTLs)
	}
	if c := f.app; c == HTTP || c == HTTP2 || c == DoH2 {
		e.Carrier = c.String()
	}
	e.TxID = w.transaction(f)
	if e.Hostname == "" && len(m.Answers) > 0 { // multicast DNS answers nobody's question
		e.Hostname, e.Type = event.View(m.Answers[0].Name), m.Answers[0].Type.String()
	}
	e.Latency = w.latency(f, uint64(m.ID), m.Flags.Response())
	w.out.text = t.buf
	w.emit(f, e)
	if m.Flags.Response() {
		w.ofDomain(f, m)
	}
	w.oddDNS(f, m, err)
}

// oddDNS tells what is wrong with a message, by Suricata's names.
func (w *Worker) oddDNS(f *flow, m *dns.Message, err error) {
	tx := w.out.dns.TxID
	if err != nil {
		switch m.Broken {
		case dns.AuthoritySection:
			w.txAnomaly(f, "invalid_authorities", tx)
		case dns.AdditionalSection:
			w.txAnomaly(f, "invalid_additionals", tx)
		}
	}
	if m.Flags.Z() {
		w.txAnomaly(f, "z_flag_set", tx)
	}
	if o := m.Flags.Opcode(); o == 3 || o > 6 { // not assigned (RFC 8490 assigned 6)
		w.txAnomaly(f, "invalid_opcode", tx)
	}
}

// appendFlags appends the names of the flags that are set.
func appendFlags(dst []string, f dns.Flags) []string {
	for _, b := range [...]struct {
		set  bool
		name string
	}{{f.Authoritative(), "aa"}, {f.Truncated(), "tc"}, {f.RecursionDesired(), "rd"}, {f.RecursionAvailable(), "ra"},
		{f.Authentic(), "ad"}, {f.CheckingDisabled(), "cd"}, {f.Z(), "z"}} {
		if b.set {
			dst = append(dst, b.name)
		}
	}
	return dst
}

// texts builds texts one behind the other in scratch memory. They hold until the event is sent.
type texts struct{ buf []byte }

func (t *texts) from(at int) string { return event.View(t.buf[at:len(t.buf):len(t.buf)]) }

// joined is two texts behind one another.
func (t *texts) joined(first string, rest []byte) string {
	at := len(t.buf)
	t.buf = append(append(t.buf, first...), rest...)
	return t.from(at)
}

// recordType is the mnemonic of a type, or TYPE123.
func (t *texts) recordType(r dns.Type) string {
	at := len(t.buf)
	t.buf = r.Append(t.buf)
	return t.from(at)
}

func (t *texts) number(n uint64) string {
	at := len(t.buf)
	t.buf = strconv.AppendUint(t.buf, n, 10)
	return t.from(at)
}

// section appends the records of a section. The OPT record, which carries no data of the zone, is left out but in EVE,
// which has it where it has options; and there each text of a TXT record is one by itself.
func (t *texts) section(w *Worker, records []dns.Record, data, types, names, ttls *[]string) {
	add := func(r *dns.Record, d string) {
		*data = append(*data, d)
		*types = append(*types, t.recordType(r.Type))
		*names = append(*names, event.View(r.Name))
		*ttls = append(*ttls, t.number(uint64(r.TTL)))
	}
	for i := range records {
		switch r := &records[i]; {
		case r.Type == dns.TypeOPT:
			if w.opt.EVE && len(r.Data) > 0 {
				add(r, t.options(r))
			}
		case r.Type == dns.TypeTXT && w.opt.EVE:
			for s := range r.Text() {
				add(r, event.View(s))
			}
		default:
			add(r, t.rdata(r))
		}
	}
}

// options are those of an OPT record: "10=c0ffee 3=".
func (t *texts) options(r *dns.Record) string {
	at := len(t.buf)
	for code, value := range dns.Options(r.Data) {
		if len(t.buf) > at {
			t.buf = append(t.buf, ' ')
		}
		t.buf = append(strconv.AppendUint(t.buf, uint64(code), 10), '=')
		t.buf = hex.AppendEncode(t.buf, value)
	}
	return t.from(at)
}

// rdata is the data of a record as zone files write it, or empty for a type nobody reads.
func (t *texts) rdata(r *dns.Record) string {
	at := len(t.buf)
	switch r.Type {
	case dns.TypeA, dns.TypeAAAA:
		if a := r.Addr(); a.IsValid() {
			t.buf = a.AppendTo(t.buf)
		}
	case dns.TypeMX:
		t.buf = append(t.buf, r.Target...)
	case dns.TypeSRV:
		if s, ok := r.SRV(); ok {
			t.buf = append(t.numbers(uint32(s.Priority), uint32(s.Weight), uint32(s.Port)), r.Target...)
		}
	case dns.TypeTXT:
		for s := range r.Text() {
			if len(t.buf) > at {
				t.buf = append(t.buf, ' ')
			}
			t.buf = append(t.buf, s...)
		}
	case dns.TypeSOA:
		t.buf = append(append(append(append(t.buf, r.Target...), ' '), r.Mailbox...), ' ')
		if s, ok := r.SOA(); ok {
			t.numbers(s.Serial, s.Refresh, s.Retry, s.Expire, s.Minimum)
		}
		t.buf = t.buf[:len(t.buf)-1]
	case dns.TypeSSHFP:
		if s, ok := r.SSHFP(); ok {
			t.numbers(uint32(s.Algorithm), uint32(s.HashType))
			t.buf = appendHex(t.buf, s.Fingerprint)
		}
	case dns.TypeNULL:
		t.buf = append(t.buf, r.Data...)
	default:
		t.buf = append(t.buf, r.Target...)
	}
	return t.from(at)
}

// numbers appends numbers with a space behind each.
func (t *texts) numbers(all ...uint32) []byte {
	for _, n := range all {
		t.buf = append(strconv.AppendUint(t.buf, uint64(n), 10), ' ')
	}
	return t.buf
}

// appendHex appends b in hexadecimal with colons.
func appendHex(dst, b []byte) []byte {
	for i, c := range b {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}
