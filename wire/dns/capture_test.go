package dns

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/internal/corpus"
	"bulwark/wire/wiretest"
)

// older are the events of version 2 of EVE's DNS log for a message: one for each question, or one for the answers.
func older(m *Message) []map[string]any {
	var all []map[string]any
	for i, q := range m.Questions {
		if i > 10 {
			break
		}
		e := eve(m)["dns"].(map[string]any)
		e["version"], e["rrname"], e["rrtype"] = 2, text(q.Name), q.Type.String()
		e["type"] = "query"
		if m.Flags.Response() {
			e["type"] = "answer"
		}
		all = append(all, map[string]any{"event_type": "dns", "dns": e})
	}
	return all
}

// eve is a message as EVE JSON tells it, as far as suricata-verify asks.
func eve(m *Message) map[string]any {
	d := map[string]any{"id": m.ID, "type": "request", "version": 3}
	for name, set := range map[string]bool{
		"qr": m.Flags.Response(), "aa": m.Flags.Authoritative(), "tc": m.Flags.Truncated(), "z": m.Flags.Z(),
		"rd": m.Flags.RecursionDesired(), "ra": m.Flags.RecursionAvailable(),
	} {
		if set {
			d[name] = true
		}
	}
	d["opcode"] = int(m.Flags.Opcode())
	d["tx_id"] = 0
	var queries, answers, authorities, additionals []any
	for _, q := range m.Questions {
		e := map[string]any{"rrname": text(q.Name), "rrtype": q.Type.String()}
		if m.LongName {
			e["rrname_truncated"] = true
		}
		queries = append(queries, e)
	}
	if m.Flags.Response() {
		d["type"] = "response"
		d["flags"] = fmt.Sprintf("%x", uint16(m.Flags))
		d["rcode"] = m.Rcode().String()
		grouped := map[string]any{}
		for i := range m.Answers {
			r := &m.Answers[i]
			e := eveRecord(r)
			answers = append(answers, e)
			if v, ok := e["rdata"]; ok {
				list, _ := grouped[r.Type.String()].([]any)
				grouped[r.Type.String()] = append(list, v)
			}
		}
		d["grouped"] = grouped
	}
	for i := range m.Authorities {
		authorities = append(authorities, eveRecord(&m.Authorities[i]))
	}
	for i := range m.Additionals {
		additionals = append(additionals, eveRecord(&m.Additionals[i]))
	}
	d["queries"], d["answers"], d["authorities"], d["additionals"] = queries, answers, authorities, additionals
	return map[string]any{"event_type": "dns", "dns": d}
}

func text(name []byte) string { return string(AppendUnescaped(nil, name)) }

func eveRecord(r *Record) map[string]any {
	e := map[string]any{"rrname": text(r.Name), "rrtype": r.Type.String(), "ttl": r.TTL}
	switch r.Type {
	case TypeA, TypeAAAA:
		e["rdata"] = r.Addr().StringExpanded()
	case TypeCNAME, TypeNS, TypePTR, TypeMX:
		e["rdata"] = text(r.Target)
	case TypeTXT:
		var s string
		for b := range r.Text() {
			s += string(b)
		}
		e["rdata"] = s
	case TypeNULL:
		var s strings.Builder
		for _, c := range r.Data {
			if c > '~' {
				fmt.Fprintf(&s, `\x%02x`, c)
			} else {
				s.WriteByte(c)
			}
		}
		e["rdata"] = s.String()
	case TypeSRV:
		s, _ := r.SRV()
		e["srv"] = map[string]any{"priority": s.Priority, "weight": s.Weight, "port": s.Port, "name": text(r.Target)}
	case TypeSOA:
		s, _ := r.SOA()
		e["soa"] = map[string]any{
			"mname": text(r.Target), "rname": text(r.Mailbox), "serial": s.Serial, "refresh": s.Refresh,
			"retry": s.Retry, "expire": s.Expire, "minimum": s.Minimum,
		}
	}
	return e
}

type eveHandler struct{ events []map[string]any }

func (h *eveHandler) Message(_ wire.Dir, m *Message, _ error) {
	h.events = append(append(h.events, eve(m)), older(m)...)
}

// eveOf are the events of a capture, as the decoders alone tell them.
func eveOf(t *testing.T, c *corpus.Capture) []map[string]any {
	var h eveHandler
	var m Message
	for _, d := range c.Datagrams {
		if d.Src.Port() == 5353 || d.Dst.Port() == 5353 || d.Src.Port() == 5355 || d.Dst.Port() == 5355 {
			continue // events of their own in EVE
		}
		known := d.Src.Port() == 53 || d.Dst.Port() == 53
		if !known && !LooksLikeDNS(d.Payload) {
			continue
		}
		if err := m.Parse(d.Payload); err == nil || len(m.Questions) > 0 {
			h.Message(0, &m, err)
		}
	}
	for _, s := range c.Streams {
		if first := s.Bytes(wire.ToServer); s.Server.Port() != 53 && s.Server.Port() != 1053 {
			if match, _ := Probe(first); match != wire.Yes {
				continue
			}
		}
		if s.Whole() && len(s.Chunks) < 50 {
			wiretest.Splits(t, s.Chunks, fresh)
		}
		f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: &h}
		_ = f.Play(s.Chunks)
	}
	return h.events
}

// TestSuricataVerify counts, for each check on DNS events, the messages that fulfil what it says of the message.
func TestSuricataVerify(t *testing.T) {
	files := corpus.Folder(t, "sensor", "suricata-verify.tar.zst")
	passed, total := 0, 0
	events := map[string][]map[string]any{}
	for _, f := range corpus.Filters(files, "dns") {
		if f.Count == 0 {
			continue // what must not be logged is for the engine's configuration to say
		}
		match := f.Only("dns.")
		delete(match, "dns.tx_id")
		if _, ok := events[f.Capture]; !ok {
			events[f.Capture] = eveOf(t, corpus.Read(f.Capture, files[f.Capture]))
		}
		n := 0
		for _, e := range events[f.Capture] {
			if corpus.Matches(e, match) {
				n++
			}
		}
		total++
		if n >= f.Count {
			passed++
		} else {
			t.Logf("%s: got %d, want %d of %v", f.Test, n, f.Count, match)
		}
	}
	corpus.Result(t, "dns_suricata_verify", passed, total, 95)
}

// TestProbeOnCaptures holds the probe against the ports, on every datagram of the captures.
func TestProbeOnCaptures(t *testing.T) {
	dnsPort := map[uint16]bool{53: true, 5353: true, 5355: true, 1053: true, 5354: true, 8053: true}
	var onPort, taken, others, wrong int
	var m Message
	said := map[string]bool{}
	for _, folder := range []string{"ndpi.tar.zst", "zeek-traces", "arkime", "generated-hospital"} {
		for _, c := range corpus.Captures(corpus.Folder(t, "sensor", folder)) {
			for _, d := range c.Datagrams {
				yes := LooksLikeDNS(d.Payload)
				switch {
				case dnsPort[d.Src.Port()] || dnsPort[d.Dst.Port()]:
					if m.Parse(d.Payload) != nil {
						continue
					}
					onPort++
					if yes {
						taken++
					} else if !said[c.Name] {
						said[c.Name] = true
						t.Logf("%s: not taken: %s", c.Name, hex.EncodeToString(d.Payload[:min(48, len(d.Payload))]))
					}
				default:
					others++
					if yes {
						wrong++
						if said[c.Name] {
							continue
						}
						said[c.Name] = true
						t.Logf("%s: %v > %v taken: %s", c.Name, d.Src, d.Dst, hex.EncodeToString(d.Payload[:min(48, len(d.Payload))]))
					}
				}
			}
		}
	}
	corpus.Result(t, "dns_probe_recall", taken, onPort, 98)
	t.Logf("RESULT dns_probe_other_ports %d/%d share", wrong, others) // DNS that its users moved elsewhere
}

// TestCaptures decodes everything there is, whole, cut and with flipped bits: no panic, and the same however streams
// are cut.
func TestCaptures(t *testing.T) {
	var m Message
	n := 0
	for _, folder := range []string{"ndpi.tar.zst", "zeek-traces", "arkime", "suricata-verify.tar.zst"} {
		for _, c := range corpus.Captures(corpus.Folder(t, "sensor", folder)) {
			for _, d := range c.Datagrams {
				err := m.Parse(d.Payload)
				if d.Dst.Port() == 53 || d.Src.Port() == 53 {
					compare(t, d.Payload, &m, err)
					n++
				}
				_ = m.Parse(d.Payload[:len(d.Payload)/2])
				flipped := append([]byte(nil), d.Payload...)
				for i := 7; i < len(flipped); i += 11 {
					flipped[i] ^= 1 << (i % 8)
				}
				_ = m.Parse(flipped)
			}
		}
	}
	t.Logf("%d datagrams of port 53 agree with the oracle", n)
}
