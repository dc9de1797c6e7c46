// Package inspect is what the sensor's loop shows to whoever looks into the traffic as it passes: the packets of flows, the
// bytes of streams in their order, what HTTP asks and answers, what files carry, and every record that is told. It holds
// views alone. All of them are valid during the call only.
package inspect

import (
	"io"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/http"
	"bulwark/wire/packet"
)

// Inspector looks into the traffic of one worker. It is not safe for concurrent use; each worker has its own.
type Inspector interface {
	// Packet shows a packet after its flow and its stream took it. f is nil where it belongs to no flow: it could not be
	// decoded that far.
	Packet(f *Flow, p *packet.Packet)
	// Bare shows a packet of TCP without payload by its flags and what is kept of its flow, which is established. It reports
	// whether that was enough: where it was not, Packet is to show it.
	Bare(own uint32, dir wire.Dir, flags uint8) bool
	// Stream shows the next bytes of f.Dir in their order; lost is how many before them are missing.
	Stream(f *Flow, p []byte, lost int)
	// HTTP shows that a message of HTTP has come to a stage, in direction f.Dir.
	HTTP(f *Flow, stage Stage, t *http.Transaction)
	// Body shows the next bytes of the body of a request of HTTP, without chunks, packed as it crosses.
	Body(f *Flow, t *http.Transaction, p []byte)
	// File shows the next bytes of a file, a body of HTTP among them, unpacked. It reports whether it wants more of it.
	File(f *Flow, file File, p []byte) (more bool)
	// Record shows what is about to be told of f, and what else was read of the same message; f is nil where it is of no flow.
	Record(f *Flow, p event.Payload, more *More)
	// Records reports whether it looks at records of a kind at all.
	Records(kind event.Kind) bool
	// Digests are the digests of files that it looks at.
	Digests() Digests
	// Frames reports whether it looks at frames at all.
	Frames() bool
	// Frame shows a part of what a protocol sends, in direction f.Dir.
	Frame(f *Flow, fr *Frame)
	// Notes appends what rules have noted of f, as EVE has it: fields of an object of JSON, without its braces.
	Notes(dst []byte, f *Flow) []byte
	// Count is what it did since it was asked last.
	Count() Count
	// End shows that the conversation of f has ended: nothing more of its stream comes. gone says that the flow itself is
	// forgotten.
	End(f *Flow, gone bool)
}

// Eye makes inspectors in the process that reads packets. Its methods may be called at any time, by several goroutines.
type Eye interface {
	// Look replaces what its inspectors look for by what r says, which is in a form of its own. On an error they go on with
	// what they had.
	Look(r io.Reader) error
	// Inspector makes one for a worker, which takes what it has to tell.
	Inspector(t Teller) Inspector
}

// Digests are digests of files.
type Digests uint8

// The digests.
const (
	MD5 Digests = 1 << iota
	SHA1
	SHA256
)

// Coster is an [Eye] that knows what each thing that it looks for has cost.
type Coster interface {
	// Costs is what it took since it was asked for last, as far as its inspectors were counted, in a form of its own.
	Costs() []byte
}

// Count is what an inspector did.
type Count struct {
	Alerts  uint64 // that it told
	Asked   uint64 // times that a rule was evaluated
	Stopped uint64 // evaluations that were given up at their limit
	Refused uint64 // things that it could not look at, for want of room
	Over    uint64 // alerts that were not told, since a packet had enough of them
	Quiet   uint64 // alerts that were not told, since rules or settings limit how many there are

	Loaded, Failed, Skipped uint64 // rules, as they stand: in force, at fault, not meant for this program
}

// Add adds what was done since; rules are as n says.
func (c *Count) Add(n Count) {
	n.Alerts, n.Asked, n.Stopped, n.Refused = n.Alerts+c.Alerts, n.Asked+c.Asked, n.Stopped+c.Stopped, n.Refused+c.Refused
	n.Over, n.Quiet = n.Over+c.Over, n.Quiet+c.Quiet
	*c = n
}

// More is what a decoder has read of a message beyond what is told of it.
type More struct {
	Values  []Value
	Numbers []Number
	Little  bool   // DCE/RPC: numbers are little-endian
	Tx      uint64 // of the exchange that the message is of, from 1: a rule tells of it once; 0: it is not said
	Turn    bool   // it was said in the direction of the flow that is shown, whatever the record is about
}

// Frame is a part of what a protocol sends, as it was sent.
type Frame struct {
	Name   string // with the protocol before it: sip.pdu
	Bytes  []byte // those that were seen
	Length uint64 // of all of it
	Offset uint64 // in the stream of its direction; of a datagram in that
	ID     uint64 // among the frames of its direction, from 1; 0: they are not counted
}

// Value is bytes by the name that rules have for them.
type Value struct {
	Name  string
	Bytes []byte
}

// Number is a number by the name that rules have for it.
type Number struct {
	Name string
	N    uint64
}

// Reset forgets what was read.
func (m *More) Reset() {
	clear(m.Values)
	*m = More{Values: m.Values[:0], Numbers: m.Numbers[:0]}
}

// Value adds bytes, unless there are none.
func (m *More) Value(name string, b []byte) {
	if b != nil {
		m.Values = append(m.Values, Value{name, b})
	}
}

// Number adds a number.
func (m *More) Number(name string, n uint64) { m.Numbers = append(m.Numbers, Number{name, n}) }

// Stage is how far a message of HTTP has come.
type Stage uint8

// Stages in their order.
const (
	Head  Stage = iota // start line and fields are there
	Whole              // its body is over, too
)

// File is a file on its way.
type File struct {
	Number      uint64 // of the worker, from 1
	App         string // protocol that carries it, by its name in EVE
	Name        []byte // as sent
	TxID        uint64 // place of its request in the connection, from 1
	First, Last bool   // p is its beginning, there is no more of it
}

// Flow is a conversation as it stands with the packet in hand.
type Flow struct {
	ID          uint64
	Time        int64    // of the packet in hand, unix nanoseconds
	First       int64    // of the first packet
	Number      uint64   // of the packet in hand, from 1; 0 where it is not told
	Src, Dst    [16]byte // who began, who answered; IPv4 in the first four bytes
	SrcPort     uint16
	DstPort     uint16
	V6          bool
	Proto       uint8     // IANA number
	Dir         wire.Dir  // of what is shown
	App         string    // its protocol by its name in EVE; "" until it is known
	AppOf       [2]string // of a direction, where it is another
	VLAN        [3]uint16
	Established bool      // both ends have spoken; of TCP: the handshake is over
	Mid         bool      // its beginning was not seen
	Reset       bool      // TCP: the connection was reset or closed
	Loose       bool      // TCP: what the packet in hand carries is no part of a stream
	Pass        bool      // nothing of it is looked into; the inspector says at its end whether it let it pass
	Sealed      bool      // what is in the packet in hand is encrypted: there is nothing to find in it
	Packets     [2]uint64 // by direction
	Bytes       [2]uint64
	Streamed    [2]uint32 // TCP: bytes of each direction that were put in order so far; the inspector counts them
	AppBefore   string    // protocol that led to this one (STARTTLS, a proxy); "": none

	// Size is how long the packet in hand was on the wire, in bytes.
	Size int

	// Packet is the packet in hand; nil where none is: time has run out, or the capture has ended.
	Packet *packet.Packet

	// Said is what is looked at where it is a stream's; the inspector fills it in before it tells.
	Said []byte

	// Own is the inspector's: a number that it keeps for the flow, 0 at first.
	Own *uint32
}

// Teller takes what an inspector has to tell of the flow in hand.
type Teller interface {
	// Tell sends p as an event of f, at the time of the packet in hand; of the packet where f is nil.
	Tell(f *Flow, p event.Payload)
}
