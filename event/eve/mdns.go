package eve

import (
	"strings"

	"bulwark/event"
)

// mdns writes a message of multicast DNS, or of LLMNR, which Suricata 9 writes alike.
func (w *Writer) mdns(kind string, p *event.MDNS) {
	j := &w.j
	j.open(kind)
	j.str("type", pick(p.Activity == "Response", "response", "request"))
	j.num("id", p.ID)
	j.list("flags", p.Flags)
	j.num("opcode", p.Opcode)
	if kind == "mdns" {
		j.num("rcode", p.Rcode)
	}
	if len(p.Names) > 0 && len(p.Names) == len(p.Types) {
		j.array("queries")
		for i, name := range p.Names {
			j.comma()
			j.open("")
			j.str("rrname", name)
			j.str("rrtype", typeName(p.Types[i]))
			j.close()
		}
		j.end()
	}
	w.keyed("answers", p.AnswerNames, p.AnswerTypes, p.Answers)
	w.keyed("authorities", p.AuthorityNames, p.AuthorityTypes, p.Authorities)
	w.keyed("additionals", p.AdditionalNames, p.AdditionalTypes, p.Additionals)
	j.close()
}

// typeName is the type of a record as a key: in small letters, or its number.
func typeName(t string) string { return strings.ToLower(strings.TrimPrefix(t, "TYPE")) }

// keyed writes a section, the data of each record under the name of its type.
func (w *Writer) keyed(section string, names, types, data []string) {
	if len(names) == 0 || len(types) != len(names) || len(data) != len(names) {
		return
	}
	j := &w.j
	j.array(section)
	for i, t := range types {
		j.comma()
		j.open("")
		j.str("rrname", names[i])
		key, d := typeName(t), data[i]
		parts := strings.Fields(d)
		switch {
		case t == "TXT":
			j.list(key, unquoted(d))
		case structures[t] != nil && len(structures[t]) == len(parts):
			j.open(key)
			w.structure(structures[t], parts)
			j.close()
		case d != "":
			j.key(key)
			j.answer(t, d)
		}
		j.close()
	}
	j.end()
}

// unquoted are the strings of a TXT record, which stand in quotes (RFC 1035 §5.1).
func unquoted(s string) []string {
	var all []string
	var one strings.Builder
	in := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' && in:
			all = append(all, one.String())
			one.Reset()
			in = false
		case c == '"':
			in = true
		case in:
			if c == '\\' && i+1 < len(s) {
				i++
			}
			one.WriteByte(s[i])
		}
	}
	return all
}
