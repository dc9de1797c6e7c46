package engine

import (
	"encoding/binary"

	"bulwark/wire"
)

// Seen is a flow that the packet in hand belongs to, as a recorder of packets needs it.
type Seen struct {
	ID        uint64 // of the flow; 0: the packet belongs to none, only its addresses are known (a fragment, say)
	Bytes     uint64 // of the flow so far, on the wire, with this packet
	Encrypted bool   // what its packets carry cannot be read, but for the handshake
	Over      bool   // of one that is encrypted: of this direction nothing more can be read
	Clinical  bool   // it carries messages of medical devices or of the record, which are worth keeping to the last byte
	key       *key
}

// Said is what the innermost packet in hand carries, and whether the server of its conversation sent it. The payload
// lies in the frame, but for a datagram that came in fragments. It is valid until the next packet.
func (w *Worker) Said() (payload []byte, back bool) { return w.said, w.back }

// Ends are the two ends of the flow, the lower first, with the port of each.
func (s *Seen) Ends() (lo, hi *[16]byte, loPort, hiPort uint16) {
	return &s.key.lo, &s.key.hi, uint16(s.key.ports), uint16(s.key.ports >> 16)
}

// Transport is the IANA protocol number, and whether the addresses are of IPv6.
func (s *Seen) Transport() (proto uint8, v6 bool) { return s.key.proto, s.key.v6 }

// note remembers that the packet in hand belongs to flow n.
func (w *Worker) note(n uint32) {
	if w.noted < len(w.notes) {
		w.notes[w.noted] = n
		w.noted++
	}
}

// Seen appends the flows of the packet that was handed in last: the outermost first, behind it those that it carries.
// They are valid until the next packet.
func (w *Worker) Seen(into []Seen) []Seen {
	p := &w.pkt
	if w.noted == 0 && p.Proto != 0 || w.noted > 0 && p.Carrier() { // a tunnel is told by what it carries
		keyOf(p, 0, &w.bare)
		w.bare.ports = 0
		into = append(into, Seen{key: &w.bare})
	}
	for _, n := range w.notes[:w.noted] {
		f := w.table.at(n)
		if f.marks&markLive == 0 {
			continue // it made room for one that it carries
		}
		into = append(into, Seen{})
		s := &into[len(into)-1] // filled in place: a copy would wait for its parts
		s.ID, s.Bytes, s.key = f.id, f.bytes[0]+f.bytes[1], &f.key
		s.Encrypted, s.Clinical = f.encrypted(), f.clinical()
		s.Over = s.Encrypted && w.over(f)
	}
	return into
}

// over tells whether the decoder of a flow reads nothing more of the direction in hand.
func (w *Worker) over(f *flow) bool {
	switch {
	case f.key.proto == esp: // its handshake is IKE's
		return true
	case f.app == IKE: // RFC 3948 §2.2: where ESP has its number a message of IKE has zeros
		return len(w.said) > 4 && binary.BigEndian.Uint32(w.said) != 0
	}
	if f.marks&markIgnored != 0 || f.conv == 0 {
		return f.marks&markIgnored != 0
	}
	dir := wire.ToServer
	if w.back {
		dir = wire.ToClient
	}
	const all = 1 << 40 // bytes that are to be passed over: the rest
	return w.conv(f).half[dir].skip > all
}

// esp is the protocol number of IPsec's encrypted payload (RFC 4303).
const esp = 50

func (f *flow) encrypted() bool {
	switch f.app {
	case TLS, SSH, QUIC, DTLS, WireGuard:
		return true
	case IKE: // behind a translator ESP has the ports of the handshake
		return f.atPort(portFloated)
	}
	return f.key.proto == esp
}

func (f *flow) clinical() bool {
	switch f.app {
	case HL7, ASTM, POCT1A, IEEE11073, IntelliVue, CARESCAPE, MEDIBUS:
		return true
	}
	return false
}
