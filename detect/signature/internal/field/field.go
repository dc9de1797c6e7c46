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
	Name   string   // http.uri
	Old    []string // names of Suricata 4, which modify the content before them: http_uri
	Sticky []string // other names that stand before what they govern: file.data and file_data
	App    string   // protocol that has it, EVE's name; "": any
	Dir    wire.Dir // Either: whichever direction the flow's rule names
	Kind   Kind
	Enum   map[string]uint64 // names of numbers
	Folds  bool              // its values are given in lower case
	ID     int               // place in the table
}
