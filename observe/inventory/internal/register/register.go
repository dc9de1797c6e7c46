// Package register joins what is seen at addresses into devices.
//
// What it holds together is a graph. Its nodes are traces: an address for as long as one thing is behind it. Its edges are
// identifiers, such as a link address, a serial number or a host name: traces that show the same one belong to the same
// device, unless the identifier turns out to be shared by several, or somebody has said otherwise. Because every join
// rests on an identifier that is kept, it can be explained, and it can be taken back when the identifier loses its worth.
package register

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// Field is what a fact is about. Its values are the names that people and exports see.
type Field string

// The fields. Those above the line are identifiers.
const (
	MAC      Field = "mac"      // link address, aa:bb:cc:dd:ee:ff
	Serial   Field = "serial"   // serial number, with the model before it where that is known: "Symbia T2/1026"
	UID      Field = "uid"      // identifier that a maker gives once: EUI-64, DICOM device UID, IEEE 11073 system id, WS-Discovery endpoint
	Engine   Field = "engine"   // SNMP engine id (RFC 3411 §5)
	HostKey  Field = "host_key" // digest of an SSH host key
	GUID     Field = "guid"     // identifier of an SMB client or server
	Cert     Field = "cert"     // SHA-256 of a certificate that it serves
	Hostname Field = "hostname" // first label, lower case
	AE       Field = "ae"       // DICOM AE title

	Domain    Field = "domain"
	OUI       Field = "oui" // maker of the network card
	Vendor    Field = "vendor"
	Model     Field = "model"
	Software  Field = "software"
	Class     Field = "class" // what it is for, by its own word or by a fingerprint
	Serves    Field = "serves"
	Uses      Field = "uses"
	Port      Field = "port"      // port that it answers at, where its number says something: tcp/9100
	AsksPort  Field = "asks_port" // likewise that it asks others at
	Role      Field = "role"
	Modality  Field = "modality"
	SOP       Field = "sop" // DICOM SOP class
	Impl      Field = "implementation"
	Message   Field = "message"     // HL7 message type
	App       Field = "application" // HL7 application, or what a program calls itself
	Agent     Field = "user_agent"
	Banner    Field = "banner"
	JA4       Field = "ja4"
	DHCP      Field = "dhcp_options" // option order of a client
	DHCPID    Field = "dhcp_vendor"
	Service   Field = "service" // announced by multicast DNS or WS-Discovery
	Location  Field = "location"
	Announces Field = "announces"   // version of Windows that it announces to its workgroup: 6.1
	Calls     Field = "calls"       // name of a service that its programs call, as rules have it: windowsupdate.com
	Subject   Field = "certificate" // subject of a certificate that it serves
	CalledAs  Field = "called_as"   // first label of a name that others call it by, lower case: it may have several
)

// Sure is how far a fact is to be believed.
type Sure uint8

// From an indication to what a device says of itself in so many words.
const (
	Possible Sure = iota + 1
	Likely
	Certain
)

func (s Sure) String() string {
	return [...]string{"", "possible", "likely", "certain"}[min(s, Certain)]
}

// Sighting is one fact about whatever is at an address now.
type Sighting struct {
	At     netip.Addr
	Time   int64 // unix nanoseconds
	Field  Field // empty: the address was merely in use
	Value  string
	Source string // protocol that it was read from
	Sure   Sure
}

// Fact is what is known of a trace, with where from.
type Fact struct {
	Field       Field
	Value       string
	Source      string
	Sure        Sure
	First, Last int64 // unix nanoseconds
	Count       uint32
}

// Bounds of what is kept, whatever is sent.
const (
	maxFacts   = 256 // of a trace
	maxValue   = 256 // bytes of a value
	maxTraces  = 24  // of a device; older ones are folded
	maxPresent = 16  // addresses of a device at a time
	maxSharers = 64  // traces that an identifier joins; with more it says nothing
)

// TraceID numbers traces from 1.
type TraceID uint64

// DeviceID numbers devices from 1. It outlives addresses, names and network cards.
type DeviceID uint64

// Trace is an address for as long as one thing is behind it.
type Trace struct {
	ID          TraceID
	Addr        netip.Addr
	Device      DeviceID
	First, Last int64 // unix nanoseconds
	Over        bool  // the address is another's now
	Heir        bool  `json:",omitempty"` // the address was another's before
	Crowd       Field // several devices speak behind the address, as values of this field show; empty for one
	Gap         int64 // its longest silence
	Bars        []Bar
	Facts       []Fact

	round uint64 // in which it was found to hold together with others
}

// Here reports whether a trace is still what is at its address. It holds of nothing, too.
func (t *Trace) Here() bool { return t == nil || !t.Over }

// Seen notes that a trace was there. It may be nothing.
func (t *Trace) Seen(at int64) {
	if t != nil {
		t.seen(at)
	}
}

// Has reports whether a fact of the field is known, and its value last seen.
func (t *Trace) Has(f Field) (string, bool) {
	var best *Fact
	for i := range t.Facts {
		if x := &t.Facts[i]; x.Field == f && (best == nil || cmp.Or(cmp.Compare(x.Sure, best.Sure), cmp.Compare(x.Last, best.Last)) > 0) {
			best = x
		}
	}
	if best == nil {
		return "", false
	}
	return best.Value, true
}

// Says reports whether a fact says so, and whether one that is certain does.
func (t *Trace) Says(field Field, value string) (says, certain bool) {
	for i := range t.Facts {
		if f := &t.Facts[i]; f.Field == field && f.Value == value {
			says, certain = true, certain || f.Sure == Certain
		}
	}
	return says, certain
}

// add keeps a fact. fresh reports that it was not known; out is what went to make room for it, if anything did.
func (t *Trace) add(s *Sighting) (f *Fact, fresh bool, out Fact) {
	for i := range t.Facts {
		if f := &t.Facts[i]; f.Field == s.Field && f.Value == s.Value && f.Source == s.Source {
			f.Last = max(f.Last, s.Time)
			f.Sure = max(f.Sure, s.Sure)
			f.Count++
			return f, false, out
		}
	}
	if len(t.Facts) == maxFacts {
		out = t.forget()
	}
	t.Facts = append(t.Facts, Fact{Field: s.Field, Value: strings.Clone(s.Value), Source: strings.Clone(s.Source), Sure: s.Sure, First: s.Time, Last: s.Time, Count: 1})
	return &t.Facts[len(t.Facts)-1], true, out
}

// forget makes room for a fact: the one not seen for the longest time goes, identifiers last.
func (t *Trace) forget() Fact {
	i := 0
	for j := range t.Facts {
		a, b := &t.Facts[j], &t.Facts[i]
		if ka, kb := a.Field.joins(), b.Field.joins(); ka != kb {
			if kb {
				i = j
			}
		} else if a.Last < b.Last {
			i = j
		}
	}
	out := t.Facts[i]
	t.Facts = slices.Delete(t.Facts, i, i+1)
	return out
}

// shows reports whether a fact says so.
func (t *Trace) shows(id ident) bool {
	return slices.ContainsFunc(t.Facts, func(f Fact) bool { return f.Field == id.field && f.Value == id.value })
}
