package eve

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"bulwark/event"
)

// wantsDNS reports whether the options leave a message in: by its direction, and by the type of its question.
func (w *Writer) wantsDNS(p *event.DNS) bool {
	if p.Activity == "Response" && w.NoDNSResponses || p.Activity != "Response" && w.NoDNSRequests {
		return false
	}
	return len(w.DNSTypes) == 0 || slices.ContainsFunc(w.DNSTypes, func(t string) bool { return strings.EqualFold(t, p.Type) })
}

func (w *Writer) dns(p *event.DNS) {
	j := &w.j
	response := p.Activity == "Response"
	j.open("dns")
	if !w.DNS2 {
		j.num("version", 3)
		j.str("type", pick(response, "response", "request"))
	} else {
		j.num("version", 2)
		j.str("type", pick(response, "answer", "query"))
	}
	if p.TxID > 0 {
		j.num("tx_id", p.TxID-1)
	}
	j.num("id", p.ID)
	if response || !w.DNS2 {
		j.str("flags", strconv.FormatUint(p.RawFlags, 16))
		if response {
			j.truth("qr", true)
		}
		for _, f := range p.Flags {
			switch f {
			case "aa", "tc", "rd", "ra", "z":
				j.truth(f, true)
			}
		}
	}
	j.num("opcode", p.Opcode)
	if p.Hostname != "" || p.Type != "" {
		w.question(p)
	}
	if p.Rcode == "" && !w.DNS2 {
		j.str("rcode", "NOERROR") // as the header of a question has it
	}
	j.some("rcode", p.Rcode)
	if !w.NoDNSDetails {
		w.records("answers", p.AnswerNames, p.AnswerTypes, p.TTLs, p.Answers)
	}
	w.grouped(p)
	w.records("authorities", p.AuthorityNames, p.AuthorityTypes, p.AuthorityTTLs, p.Authorities)
	w.records("additionals", p.AdditionalNames, p.AdditionalTypes, p.AdditionalTTLs, p.Additionals)
	j.close()
}

func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

func (w *Writer) question(p *event.DNS) {
	j := &w.j
	if w.DNS2 {
		j.str("rrname", p.Hostname)
		j.str("rrtype", p.Type)
		return
	}
	j.array("queries")
	j.open("")
	j.str("rrname", p.Hostname)
	j.str("rrtype", p.Type)
	if len(p.Hostname) == maxName {
		j.truth("rrname_truncated", true)
	}
	j.close()
	j.end()
}

// records writes a section. Lists that do not belong together are left out.
func (w *Writer) records(section string, names, types, ttls, data []string) {
	if len(types) == 0 || len(names) != len(types) || len(ttls) != len(types) || len(data) != len(types) {
		return
	}
	j := &w.j
	j.array(section)
	for i, t := range types {
		j.comma()
		j.open("")
		j.str("rrname", names[i])
		j.str("rrtype", t)
		j.raw("ttl", ttls[i])
		if len(names[i]) == maxName {
			j.truth("rrname_truncated", true)
		}
		if t == "OPT" {
			w.options(data[i])
		} else {
			w.rdata(t, data[i])
		}
		j.close()
	}
	j.end()
}

// maxName is where names are cut, by Suricata too.
const maxName = 1025

// options writes the options of EDNS: "10=c0ffee 3=".
func (w *Writer) options(data string) {
	j := &w.j
	j.array("opt")
	for o := range strings.FieldsSeq(data) {
		code, value, _ := strings.Cut(o, "=")
		j.comma()
		j.open("")
		j.raw("code", code)
		j.str("data", value)
		j.close()
	}
	j.end()
}

// rdata writes the data of a record: structures of some types, text of the others.
func (w *Writer) rdata(kind, data string) {
	j := &w.j
	names := structures[kind]
	if names == nil {
		if data != "" {
			j.key("rdata")
			j.answer(kind, data)
		}
		if len(data) == maxName && slices.Contains([]string{"CNAME", "MX", "NS", "PTR"}, kind) {
			j.truth("rdata_truncated", true)
		}
		return
	}
	if parts := strings.Fields(data); len(parts) == len(names) {
		j.open(strings.ToLower(kind))
		w.structure(names, parts)
		j.close()
	}
}

// answer writes data that is one text; an IPv6 address in full, as Suricata does.
func (j *object) answer(kind, data string) {
	if a, err := netip.ParseAddr(data); err == nil && kind == "AAAA" {
		j.buf = append(append(append(j.buf, '"'), a.StringExpanded()...), '"')
		return
	}
	j.quoted(data)
}

func (w *Writer) structure(names, parts []string) {
	for i, n := range names {
		if strings.HasPrefix(n, "#") {
			w.j.raw(n[1:], parts[i])
		} else {
			w.j.str(n, parts[i])
		}
	}
}

// structures name the parts of the data of some types, in the order of zone files; # marks numbers.
var structures = map[string][]string{
	"SOA":   {"mname", "rname", "#serial", "#refresh", "#retry", "#expire", "#minimum"},
	"SRV":   {"#priority", "#weight", "#port", "name"},
	"SSHFP": {"#algo", "#type", "fingerprint"},
}

// groups are the types that Suricata groups.
var groups = []string{"A", "AAAA", "CNAME", "MX", "NS", "NULL", "PTR", "SOA", "SRV", "SSHFP", "TXT"}

// grouped writes the data of the answers by type.
func (w *Writer) grouped(p *event.DNS) {
	j := &w.j
	if len(p.Answers) == 0 || len(p.AnswerTypes) != len(p.Answers) || w.NoDNSGroups {
		return
	}
	j.open("grouped")
	for i, t := range p.AnswerTypes {
		if p.Answers[i] == "" || slices.Index(p.AnswerTypes, t) != i || !slices.Contains(groups, t) {
			continue
		}
		j.array(t)
		for k, a := range p.Answers {
			if p.AnswerTypes[k] != t {
				continue
			}
			j.comma()
			parts := strings.Fields(a)
			if names := structures[t]; len(names) == len(parts) && names != nil {
				j.open("")
				w.structure(names, parts)
				j.close()
			} else {
				j.answer(t, a)
			}
		}
		j.end()
	}
	j.close()
}
