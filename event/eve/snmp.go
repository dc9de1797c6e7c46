package eve

import (
	"strings"

	"bulwark/event"
)

// snmp writes a message. Its community stands in the record where the event has it.
func (w *Writer) snmp(p *event.SNMP) {
	j := &w.j
	j.open("snmp")
	j.num("version", p.Version)
	j.str("pdu_type", p.Activity)
	if p.Activity != "encrypted" {
		j.some("error", upperFirst(p.Error))
		if p.Activity == "trap_v1" {
			j.str("trap_type", upperFirst(p.Trap))
			j.str("trap_oid", p.TrapOID)
			j.some("trap_address", p.Agent)
		}
		j.list("vars", p.OIDs)
		j.some("community", p.Community)
		j.some("usm", p.User)
	}
	j.close()
}

// upperFirst is a name of ASN.1 as Rust writes it: noSuchName, NoSuchName.
func upperFirst(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
