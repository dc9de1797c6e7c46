package eve

import (
	"strings"

	"bulwark/event"
)

// ours is the object at the top of a record in which all stands that Suricata does not write: it has no field of that
// name. Of a kind that it does not have, kind names it; of one that it has, the rest is what its object has no room for.
const ours = "bulwark"

// own writes a kind that Suricata does not have: its attributes by the last part of their names, under its own key.
func (w *Writer) own(e *event.Event) {
	j := &w.j
	kind := e.Payload.Kind().String()
	w.kind(kind)
	j.open(kind)
	bare := event.Event{Payload: e.Payload}
	w.printer.Each(&bare, func(name string, v event.Value) {
		name = strings.TrimPrefix(name, kind+".")
		j.key(strings.ReplaceAll(name, ".", "_"))
		j.buf = event.AppendJSONValue(j.buf, v)
	})
	j.close()
}

// kind marks a record of a kind that Suricata does not have.
func (w *Writer) kind(name string) {
	w.j.open(ours)
	w.j.str("kind", name)
	w.j.close()
}

// more writes of a kind that Suricata has what it does not tell. It is the last of a record.
func (w *Writer) more(e *event.Event) {
	switch p := e.Payload.(type) {
	case *event.DCERPC:
		w.call(p)
	case *event.DHCP:
		if p.Version == 6 {
			w.dhcp6(p)
		}
	case *event.LDAP:
		if p.Filter != "" {
			w.j.open(ours)
			w.j.str("filter", p.Filter)
			w.j.close()
		}
	}
}
