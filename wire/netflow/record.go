package netflow

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// record is one that is read.
type record struct {
	*sets
	flow        *Flow
	sampler     uint64 // number of the sampler; with hasSampler
	hasSampler  bool
	interval    uint64 // packets that are looked at...
	space       uint64 // ...and that are not, between them
	started     int64  // by clocks that IPFIX has beside those of the flow
	first, last uint32
	uptimes     bool // first and last are milliseconds since the exporter started
}

// read reads a record, and returns what follows.
func (r *record) read(t *template, p []byte) ([]byte, error) {
	for _, f := range t.fields {
		n := int(f.length)
		if f.length == variable {
			if len(p) < 1 {
				return nil, ErrShort
			}
			n, p = int(p[0]), p[1:]
			if n == 255 {
				if len(p) < 2 {
					return nil, ErrShort
				}
				n, p = int(binary.BigEndian.Uint16(p)), p[2:]
			}
		}
		if len(p) < n {
			return nil, ErrShort
		}
		if !f.foreign {
			r.take(f, p[:n])
		}
		p = p[n:]
	}
	return p, nil
}

// take takes an element (IANA registry "IP Flow Information Export (IPFIX) Entities"; version 9 has the same numbers up to 127).
func (r *record) take(f field, v []byte) {
	x := r.flow
	if f.reverse {
		r.takeBack(f.element, v)
		return
	}
	switch f.element {
	case 8, 12, 27, 28:
		r.address(f.element, v)
	case 1, 85: // octets since the record before, or of the whole flow
		x.Bytes = number(v)
	case 2, 86:
		x.Packets = number(v)
	case 23: // as they left the exporter
		x.Bytes = max(x.Bytes, number(v))
	case 24:
		x.Packets = max(x.Packets, number(v))
	case 231: // initiatorOctets, responderOctets, initiatorPackets, responderPackets
		x.Bytes = number(v)
	case 232:
		x.BytesBack, x.Both = number(v), true
	case 298:
		x.Packets = number(v)
	case 299:
		x.PacketsBack, x.Both = number(v), true
	case 4:
		x.Proto = uint8(number(v))
	case 6:
		x.Flags = uint8(number(v))
	case 7, 180, 182:
		x.SrcPort = uint16(number(v))
	case 11, 181, 183:
		x.DstPort = uint16(number(v))
	case 32, 139: // type << 8 | code of ICMP, of ICMPv6
		if n := uint16(number(v)); n != 0 {
			x.SrcPort, x.DstPort = n>>8, n&0xFF
		}
	case 10:
		x.In = uint32(number(v))
	case 14:
		x.Out = uint32(number(v))
	case 58, 243:
		x.VLAN = uint16(number(v)) & 0xFFF
	case 56:
		copy(x.SrcMAC[:], v)
	case 80, 57:
		copy(x.DstMAC[:], v)
	case 136:
		x.Reason = uint8(number(v))
	default:
		if !r.clock(f.element, v) {
			r.sampling(f.element, v)
		}
	}
}

// takeBack takes an element of the other direction.
func (r *record) takeBack(element uint16, v []byte) {
	switch element {
	case 1, 85:
		r.flow.BytesBack, r.flow.Both = number(v), true
	case 2, 86:
		r.flow.PacketsBack, r.flow.Both = number(v), true
	case 6:
		r.flow.FlagsBack = uint8(number(v))
	}
}

func (r *record) address(element uint16, v []byte) {
	a, ok := netip.AddrFromSlice(v)
	if !ok {
		return
	}
	if element == 8 || element == 27 {
		r.flow.Src = a.Unmap()
	} else {
		r.flow.Dst = a.Unmap()
	}
}

// clock takes an element that tells a time.
func (r *record) clock(element uint16, v []byte) bool {
	x, n := r.flow, int64(number(v))
	switch element {
	case 22:
		r.first, r.uptimes = uint32(n), true
	case 21:
		r.last, r.uptimes = uint32(n), true
	case 150:
		x.Start = n * int64(time.Second)
	case 151:
		x.End = n * int64(time.Second)
	case 152:
		x.Start = n * int64(time.Millisecond)
	case 153:
		x.End = n * int64(time.Millisecond)
	case 154, 156:
		x.Start = ntp(uint64(n))
	case 155, 157:
		x.End = ntp(uint64(n))
	case 158: // microseconds before the message was sent
		x.Start = r.now - n*int64(time.Microsecond)
	case 159:
		x.End = r.now - n*int64(time.Microsecond)
	case 160:
		r.started = n * int64(time.Millisecond)
	case 322, 323: // of an event of a firewall, in seconds and in milliseconds
		if x.End = n * int64(time.Second); element == 323 {
			x.End = n * int64(time.Millisecond)
		}
	default:
		return false
	}
	return true
}

// ntp is a time of NTP: seconds since 1900 and their fraction (RFC 7011 §6.1.9).
func ntp(v uint64) int64 {
	const from1900 = 2208988800
	return (int64(v>>32)-from1900)*int64(time.Second) + int64((v&0xFFFFFFFF)*uint64(time.Second)>>32)
}

// sampling takes an element that tells how packets are sampled.
func (r *record) sampling(element uint16, v []byte) {
	switch element {
	case 34, 50: // samplingInterval, samplerRandomInterval
		r.interval, r.space = 1, sub(number(v), 1)
	case 305:
		r.interval = number(v)
	case 306:
		r.space = number(v)
	case 48, 302: // samplerId, selectorId
		r.sampler, r.hasSampler = number(v), true
	}
}

func sub(a, b uint64) uint64 {
	if a < b {
		return 0
	}
	return a - b
}

// rate is one packet of how many is looked at; 0: not told.
func (r *record) rate() uint64 {
	if r.interval == 0 || r.space > 1<<32 {
		return 0
	}
	return (r.interval + r.space) / r.interval
}

// settle keeps what a record of options tells of the exporter.
func (r *record) settle() {
	if r.started != 0 {
		r.domain.started = r.started
	}
	rate := r.rate()
	switch {
	case rate == 0:
	case !r.hasSampler:
		r.domain.sampling = rate
	default:
		if r.domain.samplers == nil {
			r.domain.samplers = map[uint64]uint64{}
		}
		if _, known := r.domain.samplers[r.sampler]; known || len(r.domain.samplers) < maxSamplers {
			r.domain.samplers[r.sampler] = rate
		}
	}
}

// finish completes a flow, and reports whether it is one: it has two ends.
func (r *record) finish() bool {
	x := r.flow
	if !x.Src.IsValid() || !x.Dst.IsValid() {
		return false
	}
	x.icmp()
	switch {
	case r.uptimes && !r.is10:
		x.Start, x.End = back(r.now, r.uptime, r.first), back(r.now, r.uptime, r.last)
	case r.uptimes:
		from := r.started
		if from == 0 {
			from = r.domain.started
		}
		if from != 0 {
			x.Start, x.End = from+int64(r.first)*int64(time.Millisecond), from+int64(r.last)*int64(time.Millisecond)
		}
	}
	if x.End == 0 {
		x.End = r.now
	}
	if x.Start == 0 || x.Start > x.End {
		x.Start = x.End
	}
	if x.Sampling = r.rate(); x.Sampling == 0 && r.hasSampler {
		x.Sampling = r.domain.samplers[r.sampler]
	}
	if x.Sampling == 0 {
		x.Sampling = r.domain.sampling
	}
	return true
}

// number is an unsigned number of any length up to 8 bytes (RFC 7011 §6.2: it may be shorter than its type); 0 for a longer one.
func number(v []byte) (n uint64) {
	if len(v) > 8 {
		return 0
	}
	for _, b := range v {
		n = n<<8 | uint64(b)
	}
	return n
}
