package conformance

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"bulwark/wire/packet"
	"bulwark/wire/pcap"
)

// segment is a frame of a capture, and where its parts stand when it is a TCP segment with payload.
type segment struct {
	pcap.Packet
	ip, tcp, payload, end int       // offsets in Data; payload is 0 when it is none
	flow                  [2]string // the ends, from who sent it; empty when it is not TCP
	begins, ends          bool      // a SYN, a RST
}

// segments reads a capture as far as it is readable. first is its link type; frames of another are left out.
func segments(data []byte) (all []segment, link pcap.LinkType, err error) {
	r, err := pcap.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, 0, err
	}
	for {
		var s segment
		if err := r.Next(&s.Packet); err != nil {
			if errors.Is(err, io.EOF) || len(all) > 0 {
				return all, link, nil
			}
			return nil, 0, err
		}
		if len(all) == 0 {
			link = s.Link
		}
		if s.Link != link {
			continue
		}
		s.Data = slices.Clone(s.Data)
		s.find()
		all = append(all, s)
	}
}

// find looks for the headers of a whole TCP segment with payload that is not itself within a tunnel. NFLOG states the
// length of a packet once more, and is left alone.
func (s *segment) find() {
	var p packet.Packet
	if s.Link == pcap.LinkNFLog || packet.Decode(s.Link, s.Data, &p) != packet.OK || p.Fragment || p.Proto != packet.TCP {
		return
	}
	ports := func(a, b uint16) string { return string([]byte{byte(a >> 8), byte(a), byte(b >> 8), byte(b)}) }
	s.flow = [2]string{string(p.Src[:]) + string(p.Dst[:]), ports(p.SrcPort, p.DstPort)}
	s.begins, s.ends = p.Flags&packet.SYN != 0, p.Flags&packet.RST != 0
	if len(p.Payload) == 0 || s.begins || s.ends || p.Flags&packet.URG != 0 {
		return
	}
	at := cap(s.Data) - cap(p.Payload)
	tcp := headerBefore(at, func(tcp, size int) bool {
		return s.Data[tcp+12]>>4 == byte(size/4) && binary.BigEndian.Uint16(s.Data[tcp:]) == p.SrcPort && binary.BigEndian.Uint32(s.Data[tcp+4:]) == p.Seq
	})
	ip := headerBefore(tcp, func(ip, size int) bool {
		if p.V6 {
			return size == 40 && s.Data[ip]>>4 == 6 && s.Data[ip+6] == packet.TCP
		}
		return s.Data[ip] == 0x40|byte(size/4) && s.Data[ip+9] == packet.TCP && bytes.Equal(s.Data[ip+12:ip+16], p.Src[:4])
	})
	if tcp <= 0 || ip < 0 {
		return
	}
	s.ip, s.tcp, s.payload, s.end = ip, tcp, at, at+len(p.Payload)
}

// headerBefore is where a header of 20 to 60 bytes begins that ends at end; -1 where is tells of none.
func headerBefore(end int, is func(at, size int) bool) int {
	for size := 20; size <= 60 && size <= end; size += 4 {
		if is(end-size, size) {
			return end - size
		}
	}
	return -1
}

func (s *segment) whole() bool { return s.payload > 0 }
func (s *segment) len() int    { return s.end - s.payload }

// part is the segment that carries only the bytes from, to of the payload of s. FIN and PSH stay with its last byte.
func (s *segment) part(from, to int) segment {
	d := append(slices.Clone(s.Data[:s.payload]), s.Data[s.payload+from:s.payload+to]...)
	ip := d[s.ip:]
	if ip[0]>>4 == 6 {
		binary.BigEndian.PutUint16(ip[4:], uint16(len(ip)-40))
	} else {
		binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
	}
	tcp := d[s.tcp:]
	binary.BigEndian.PutUint32(tcp[4:], binary.BigEndian.Uint32(tcp[4:])+uint32(from))
	if to < s.len() {
		tcp[13] &^= packet.FIN | packet.PSH
	}
	p := *s
	p.Data, p.Orig, p.end = d, len(d), s.payload+to-from
	return p
}

// split cuts every segment to pieces: of one byte, as far as no more than most come of it.
func split(all []segment) []segment {
	const most = 200
	var out []segment
	for i := range all {
		s := &all[i]
		if !s.whole() {
			out = append(out, *s)
			continue
		}
		size := (s.len() + most - 1) / most
		for at := 0; at < s.len(); at += size {
			out = append(out, s.part(at, min(at+size, s.len())))
		}
	}
	return out
}

// turned turns the order of the segments around that one side sent without a word of the other; one alone is halved. Where
// the SYN of a side was not seen nobody can know what is its first byte: the first that comes is, and its order is kept.
func turned(all []segment) []segment {
	const most, bytes = 8, 64 << 10 // more than waits for what is missing is a loss
	var out []segment
	begun := map[[2]string]bool{}
	for i := 0; i < len(all); {
		if s := &all[i]; s.ends {
			clear(begun)
		} else {
			begun[s.flow] = begun[s.flow] || s.begins
		}
		n, size := 0, 0
		for begun[all[i].flow] && i+n < len(all) && n < most && size < bytes && all[i+n].whole() && all[i+n].flow == all[i].flow && (n == 0 || all[i+n].follows(&all[i+n-1])) {
			size += all[i+n].len()
			n++
		}
		switch s := &all[i]; {
		case n == 1 && s.len() > 1:
			out = append(out, s.part(s.len()/2, s.len()), s.part(0, s.len()/2))
		case n > 1:
			run := slices.Clone(all[i : i+n])
			slices.Reverse(run)
			for k := range run {
				run[k].Time = all[i+k].Time
			}
			out = append(out, run...)
		default:
			n = 1
			out = append(out, *s)
		}
		i += n
	}
	return out
}

// follows reports whether s begins where b ends.
func (s *segment) follows(b *segment) bool {
	seq := func(x *segment) uint32 { return binary.BigEndian.Uint32(x.Data[x.tcp+4:]) }
	return seq(s) == seq(b)+uint32(b.len())
}

// repeated sends every segment twice, and its second half once more.
func repeated(all []segment) []segment {
	var out []segment
	for i := range all {
		s := &all[i]
		out = append(out, *s)
		if s.whole() {
			out = append(out, *s, s.part(s.len()/2, s.len()))
		}
	}
	return out
}

// appendPCAP appends the frames as a capture.
func appendPCAP(w io.Writer, link pcap.LinkType, all []segment) error {
	out, err := pcap.NewWriter(w, link)
	if err != nil {
		return err
	}
	for i := range all {
		p := all[i].Packet
		p.Time = max(p.Time, 0)
		if err := out.Write(&p); err != nil {
			return err
		}
	}
	return nil
}
