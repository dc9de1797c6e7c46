package inventory

import (
	"encoding/binary"
	"os"
	"testing"
)

func BenchmarkBook(b *testing.B) {
	data, err := os.ReadFile(os.Getenv("BATCHES"))
	if err != nil {
		b.Skip(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		k := newBook(nil)
		for p := data; len(p) > 4; {
			n := binary.LittleEndian.Uint32(p)
			if err := k.read(p[4 : 4+n]); err != nil {
				b.Fatal(err)
			}
			p = p[4+n:]
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(k.events), "ns/event")
		b.Logf("%d events, %d spared, %d devices, %d uses", k.events, k.spared, k.register.Devices(), k.links.Len())
	}
}
