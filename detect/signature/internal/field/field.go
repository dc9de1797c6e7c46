// Package field is the list of what rules can look at: each named as the rules name it, with the protocol that has it and
// the direction in which it is said.
package field

import "bulwark/wire"

// Kind says what values of a field are.
type Kind uint8

// Kinds of fields.
const (
	Bytes   Kind = iota // one run of bytes
	Many                // several, each looked at on its own (dns.query, http.request_header, ...)
	Integer             // a number, or several
)

// Field is a thing that rules can look at.
type Field struct {
	Name    string   // http.uri
	Old     []string // names of Suricata 4, which modify the content before them: http_uri
	Sticky  []string // other names that stand before what they govern: file.data and file_data
	App     string   // protocol that has it, EVE's name; "": any
	Dir     wire.Dir // Either: whichever direction the flow's rule names
	Kind    Kind
	Enum    map[string]uint64 // names of numbers
	Flags   map[string]uint64 // names of bits of a number
	Bits    int               // of an Integer: 8, 16, 32 or 64; 0: 32
	Several bool              // an Integer that may have several values at once
	Folds   bool              // its values are given in lower case
	Packet  bool              // it is of a packet, not of what packets make up
	File    bool              // it is of a file, whatever carries it
	ID      int               // place in the table
}

// table holds all fields; the place of a field is its ID.
var table = build(
	packets(), http(), http2(), websocket(), quic(), tls(), ja(), ssh(), ike(), dns(), dhcp(), ntp(), snmp(), files(), smtp(), email(),
	imap(), sip(), sdp(), smb(), krb5(), ldap(), ftp(), nfs(), rfb(), databases(), mqtt(), modbus(), dnp3(), enip(),
	dicom(), hl7(), fhir(), laboratory(),
)

// names leads from every name to the field's place.
var names = index(table)

func build(families ...[]Field) []Field {
	var all []Field
	for _, f := range families {
		all = append(all, f...)
	}
	for i := range all {
		all[i].ID = i
	}
	return all
}

func index(all []Field) map[string]int {
	m := map[string]int{}
	for i := range all {
		f := &all[i]
		m[f.Name] = i
		for _, n := range f.Old {
			m[n] = i
		}
		for _, n := range f.Sticky {
			m[n] = i
		}
	}
	return m
}

// Lookup finds a field by any of its names; nil: there is none.
func Lookup(name string) *Field {
	i, ok := names[name]
	if !ok {
		return nil
	}
	return &table[i]
}

// Count is how many fields there are.
func Count() int { return len(table) }

// At is the field with an ID.
func At(id int) *Field { return &table[id] }
