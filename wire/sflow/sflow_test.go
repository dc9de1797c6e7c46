package sflow

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func be(values ...any) (p []byte) {
	for _, v := range values {
		switch v := v.(type) {
		case int:
			p = binary.BigEndian.AppendUint32(p, uint32(v))
		case []byte:
			p = append(p, v...)
		}
	}
	return p
}

func framed(form int, body ...any) []byte {
	b := be(body...)
	return be(form, len(b), b)
}

// frame is one of Ethernet with IPv4 and the beginning of TCP, cut behind the ports and flags.
func frame() []byte {
	p := append(make([]byte, 0, 64), 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0)
	p = append(p, 0x45, 0, 5, 0xdc, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2)
	return append(p, 0x9c, 0x40, 1, 0xbb, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 0, 0, 0, 0, 0, 0, 0, 0)
}

func datagram(samples ...[]byte) []byte {
	p := be(5, 1, []byte{10, 9, 9, 9}, 0, 77, 1000, len(samples))
	for _, s := range samples {
		p = append(p, s...)
	}
	return p
}

func sampled(records ...[]byte) []byte {
	body := be(1, 2, 512, 1000, 3, 4, 5, len(records))
	for _, r := range records {
		body = append(body, r...)
	}
	return framed(flowSample, body)
}

func raw() []byte { return framed(rawHeader, ethernet, 1518, 4, len(frame()), frame()) }

func expanded() []byte {
	return framed(expandedFlowSample, 1, 0, 2, 512, 1000, 3, 0, 4, 0, 5, 1, framed(ipv4Data, 100, 17, []byte{10, 0, 0, 1}, []byte{10, 0, 0, 2}, 53, 4000, 0, 0))
}

func read(p []byte) (string, error) {
	var d Datagram
	var out strings.Builder
	err := d.Decode(p, func(s *Sample) {
		fmt.Fprintf(&out, "%v:%d>%v:%d %d %#x %d 1:%d %x %d>%d|", s.Src, s.SrcPort, s.Dst, s.DstPort, s.Proto, s.Flags, s.Bytes, s.Rate, s.SrcMAC, s.In, s.Out)
	})
	return fmt.Sprintf("%v %d %d %s", d.Agent, d.Number, d.Drops, out.String()), err
}

func TestDatagrams(t *testing.T) {
	counters := framed(2, 1, 2, 0)
	for _, c := range []struct {
		does string
		p    []byte
		want string
		err  error
	}{
		{"a packet's first bytes", datagram(counters, sampled(raw())), "10.9.9.9 77 3 10.0.0.1:40000>10.0.0.2:443 6 0x18 1518 1:512 020000000001 4>5|", nil},
		{"what the switch took out itself", datagram(expanded()), "10.9.9.9 77 3 10.0.0.1:53>10.0.0.2:4000 17 0x0 100 1:512 000000000000 4>5|", nil},
		{"counters alone", datagram(counters), "10.9.9.9 77 0 ", nil},
		{"a datagram that ends early", datagram(sampled(raw()))[:120], "10.9.9.9 77 0 ", ErrShort},
		{"another version", be(4, 0, 0), "invalid IP 0 0 ", ErrVersion},
	} {
		if got, err := read(c.p); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: got %q, %v; want %q, %v", c.does, got, err, c.want, c.err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(datagram(sampled(raw()), expanded()))
	f.Fuzz(func(t *testing.T, p []byte) { _, _ = read(p) })
}
