// Package wire is the contract that every decoder of network bytes below it keeps.
//
// A decoder package (wire/dns, wire/dicom...) is pure: bytes in, structs out. It opens nothing, logs
// nothing, keeps no clock and starts no goroutine. It is fuzzed, and its memory is bounded whatever it is fed.
//
// A datagram protocol offers
//
//	func Parse(p []byte, m *Message) error      // reuses the slices of m; m may point into p
//
// A stream protocol offers a conversation whose zero value is ready:
//
//	func Probe(p []byte) (Match, Dir)           // are these the first bytes of this protocol, and from which side?
//	type Conversation struct{ ... }
//	func (c *Conversation) Decode(dir Dir, p []byte, h Handler) (done, need int, err error)
//	func (c *Conversation) Gap(dir Dir, n int) error
//	func (c *Conversation) Close(h Handler)     // both sides have ended: report what is still open
//	func (c *Conversation) Reset()              // ready for another conversation; keeps its buffers
//
// Decode is given the bytes of one direction in order. It returns how many it is done with; the caller gives the
// rest again with more bytes behind them. done may exceed len(p): the caller then skips the bytes that follow
// without showing them (a body nobody reads). need is how many bytes, counted from p[done:], must be there before
// Decode is called again; 0 means any more. A caller keeps at most [MaxPending] bytes a direction, so a unit that
// may be longer must be consumed piece by piece. An error ends the decoding of the conversation.
//
// Gap tells that n bytes of one direction were lost at the present position; bytes that the caller kept for the
// direction and drops count among them. An error means that the conversation cannot go on without them ([ErrLost]).
//
// Handler is an interface of one to three methods, declared by the decoder package. What it is handed is valid
// during the call only: slices may point into the packet.
package wire

import "errors"

// Dir is the side that sent the bytes.
type Dir uint8

const (
	// ToServer marks the bytes of the side that asks.
	ToServer Dir = iota
	// ToClient marks the bytes of the side that answers.
	ToClient
	// Either is a probe's answer when both sides begin alike (SSH).
	Either
)

// Other is the opposite direction of d.
func (d Dir) Other() Dir { return d ^ 1 }

func (d Dir) String() string {
	switch d {
	case ToServer:
		return "to_server"
	case ToClient:
		return "to_client"
	}
	return "either"
}

// Match is a probe's answer. The zero value says no.
type Match uint8

const (
	// No means that the bytes are not this protocol, whatever follows.
	No Match = iota
	// Unsure means that they may be, and that more bytes would tell.
	Unsure
	// Yes means that they are.
	Yes
)

// MaxPending is how many undecoded bytes a caller keeps per direction, in bytes.
const MaxPending = 64 << 10

var (
	// ErrLost means that a gap left the decoder without a place to go on from.
	ErrLost = errors.New("wire: synchronisation lost")
	// ErrMalformed means that the bytes break the protocol; decoders wrap it with the place and the rule.
	ErrMalformed = errors.New("wire: malformed")
)
