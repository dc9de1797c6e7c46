package pcap

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"testing"
)

// mix is a capture whose sizes are those of a ward: 41 % small, 26 % full, the rest between; mean about 530 bytes.
func mix(packets int) []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	frames := make([][]byte, packets)
	for i := range frames {
		n := 64 + rnd.IntN(960)
		switch rnd.IntN(4) {
		case 0, 1:
			n = 60
		case 2:
			n = 1024 + rnd.IntN(490)
		}
		frames[i] = make([]byte, n)
	}
	return classicFile(binary.LittleEndian, magicNano, 4, 1, frames...)
}

func BenchmarkWalk(b *testing.B) {
	const packets = 200_000
	classic := mix(packets)
	var ng []byte
	ng = append(ng, sectionBlock(binary.LittleEndian)...)
	ng = append(ng, interfaceBlock(binary.LittleEndian, 1, 0)...)
	r, err := FromBytes(classic)
	var p Packet
	for err == nil {
		if err = r.Next(&p); err == nil {
			ng = append(ng, enhancedBlock(binary.LittleEndian, 0, 1, p.Orig, p.Data...)...)
		}
	}
	for _, c := range []struct {
		name string
		open func() (*Reader, error)
	}{
		{"pcap/mapped", func() (*Reader, error) { return FromBytes(classic) }},
		{"pcap/stream", func() (*Reader, error) { return NewReader(bytes.NewReader(classic)) }},
		{"pcapng/mapped", func() (*Reader, error) { return FromBytes(ng) }},
		{"pcapng/stream", func() (*Reader, error) { return NewReader(bytes.NewReader(ng)) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(classic)))
			touched := byte(0)
			for b.Loop() {
				r, err := c.open()
				var p Packet
				for err == nil {
					if err = r.Next(&p); err == nil {
						touched += p.Data[0]
					}
				}
				if err != io.EOF {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*packets/b.Elapsed().Seconds()/1e6, "Mpps")
		})
	}
}
