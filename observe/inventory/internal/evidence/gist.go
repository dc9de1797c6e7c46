package evidence

import (
	"math/bits"
	"net/netip"

	"bulwark/event"
)

// Gist is a number for all that a flow says of the devices at its ends: flows that say the same have the same. It must take
// in whatever [Reader.Read] looks at in a flow, apart from its time.
func (r *Reader) Gist(h *event.Header, p *event.Flow) uint64 {
	var bits uint64
	if ToMany(h.Dst) {
		bits = uint64(h.Ports.Dst) // it tells what is sent to a group
	} else {
		asked, answers := r.portsOf(h, p)
		bits = uint64(asked) | uint64(answers)<<16
	}
	if strange(h, p) {
		bits |= 1 << 33
	}
	if h.Ports.Dst < ephemeral {
		bits |= 1 << 34
	}
	if p.BytesIn != 0 || p.TotalBytesIn != 0 {
		bits |= 1 << 32
	}
	s := Sum(uint64(h.Proto)<<40 | bits).Addr(h.Src).Addr(h.Dst).Text(p.App)
	if p.SrcMAC != p.DstMAC {
		s = s.Text(p.SrcMAC).Text(p.DstMAC)
	}
	return s.Number()
}

// portsOf are the ports of a flow that say something: the one that is asked, or else the one that seems to answer; 0 for none.
func (r *Reader) portsOf(h *event.Header, p *event.Flow) (asked, answers uint16) {
	if r.wanted(h.Proto, h.Ports.Dst) && !refused(h, p) {
		return h.Ports.Dst, 0
	}
	if h.Ports.Dst >= 1024 && (h.Proto == 17 || p.Midstream) && r.wanted(h.Proto, h.Ports.Src) { // what was seen first may be an answer
		return 0, h.Ports.Src
	}
	return 0, 0
}

// Sum mixes what is added to it into one number. It is no digest that withstands somebody who looks for two of a kind.
type Sum uint64

// Add mixes in a number.
func (s Sum) Add(x uint64) Sum {
	hi, lo := bits.Mul64(uint64(s)^0xa0761d6478bd642f, x^0xe7037ed1a0b428db)
	return Sum(hi ^ lo)
}

// Addr mixes in an address.
func (s Sum) Addr(a netip.Addr) Sum {
	b := a.As16()
	return s.Add(word(string(b[:8]))).Add(word(string(b[8:])))
}

// Text mixes in a text, and where it ends.
func (s Sum) Text(t string) Sum {
	n := uint64(len(t))
	for len(t) >= 8 {
		s = s.Add(word(t))
		t = t[8:]
	}
	x := n << 56
	for i := range len(t) {
		x |= uint64(t[i]) << (8 * i)
	}
	return s.Add(x)
}

// Number is what all of it makes.
func (s Sum) Number() uint64 { return uint64(s ^ s>>32) }

func word(t string) uint64 {
	_ = t[7]
	return uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 | uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
}
