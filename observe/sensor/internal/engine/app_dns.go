package engine

import (
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
	return a.conv.Decode(dir, p, a)
}
func (a *dnsApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *dnsApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *dnsApp) reset()                        { a.conv.Reset(); a.at = at{} }

// Message takes one message of the conversation.
func (a *dnsApp) Message(_ wire.Dir, m *dns.Message, err error) { a.w.tellDNS(a.f, m, err) }

func (w *Worker) dnsDatagram(f *flow, _ wire.Dir, p []byte) {
	w.tellDNS(f, &w.out.message, w.out.message.Parse(p))
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
		Flags: e.Flags[:0], Authorities: e.Authorities[:0]}
	if len(m.Questions) > 0 {
		q := &m.Questions[0]
		e.Hostname, e.Type = event.View(q.Name), q.Type.String()
		if q.Class != dns.ClassIN {
			e.Class = q.Class.String()
		}
	}
	t := texts{buf: w.out.text[:0]}
	w.flagsDNS(e, m.Flags)
	if m.Flags.Response() {
		e.Activity, e.Rcode = "Response", m.Rcode().String()
		for i := range m.Answers {
			r := &m.Answers[i]
			e.Answers = append(e.Answers, t.rdata(r))
			e.AnswerTypes = append(e.AnswerTypes, r.Type.String())
			e.AnswerNames = append(e.AnswerNames, event.View(r.Name))
			e.TTLs = append(e.TTLs, t.number(uint64(r.TTL)))
		}
		for i := range m.Authorities {
			e.Authorities = append(e.Authorities, t.rdata(&m.Authorities[i]))
		}
	}
	if e.Hostname == "" && len(m.Answers) > 0 { // multicast DNS answers nobody's question
		e.Hostname, e.Type = event.View(m.Answers[0].Name), m.Answers[0].Type.String()
	}
	e.Latency = w.latency(f, uint64(m.ID), m.Flags.Response())
	w.out.text = t.buf
	w.emit(f, e)
}

func (w *Worker) flagsDNS(e *event.DNS, f dns.Flags) {
	for _, b := range [...]struct {
		set  bool
		name string
	}{{f.Authoritative(), "aa"}, {f.Truncated(), "tc"}, {f.RecursionDesired(), "rd"}, {f.RecursionAvailable(), "ra"},
		{f.Authentic(), "ad"}, {f.CheckingDisabled(), "cd"}} {
		if b.set {
			e.Flags = append(e.Flags, b.name)
		}
	}
}

// texts builds texts one behind the other in scratch memory. They hold until the event is sent.
type texts struct{ buf []byte }

func (t *texts) from(at int) string { return event.View(t.buf[at:len(t.buf):len(t.buf)]) }

func (t *texts) number(n uint64) string {
	at := len(t.buf)
	t.buf = strconv.AppendUint(t.buf, n, 10)
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
			t.buf = append(append(t.buf, r.Target...), ':')
			t.buf = strconv.AppendUint(t.buf, uint64(s.Port), 10)
		}
	case dns.TypeTXT:
		for s := range r.Text() {
			if len(t.buf) > at {
				t.buf = append(t.buf, ' ')
			}
			t.buf = append(t.buf, s...)
		}
	case dns.TypeSOA:
		t.buf = append(append(append(t.buf, r.Target...), ' '), r.Mailbox...)
	default:
		t.buf = append(t.buf, r.Target...)
	}
	return t.from(at)
}
