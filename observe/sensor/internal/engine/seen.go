package engine

// Seen is a flow that the packet in hand belongs to, as a recorder of packets needs it.
type Seen struct {
	ID        uint64 // of the flow; 0: the packet belongs to none, only its addresses are known (a fragment, say)
	Bytes     uint64 // of the flow so far, on the wire, with this packet
	Encrypted bool   // what its packets carry cannot be read
	key       *key
}

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
		into = append(into, Seen{ID: f.id, Bytes: f.bytes[0] + f.bytes[1], Encrypted: f.encrypted(), key: &f.key})
	}
	return into
}

// esp is the protocol number of IPsec's encrypted payload (RFC 4303).
const esp = 50

func (f *flow) encrypted() bool {
	switch f.app {
	case TLS, SSH:
		return true
	}
	return f.key.proto == esp
}
