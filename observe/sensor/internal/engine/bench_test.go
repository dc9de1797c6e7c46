package engine

import (
	"errors"
	"io"
	"os"
	"syscall"
	"testing"

	"bulwark/event"
	"bulwark/platform/pseudonym"
	"bulwark/wire/pcap"
)

// encoder is the sink of the benchmarks: it encodes events into batches, which it throws away.
type encoder struct {
	batch  event.Batch
	events int
	bytes  int
	kinds  map[event.Kind]int
}

func (e *encoder) Event(h *event.Header, p event.Payload) {
	if e.batch.Len() == 0 || e.batch.Len() == 500 {
		e.bytes += e.batch.Size()
		e.batch.Reset("bench", "", uint64(e.events))
	}
	e.batch.Add(h, p)
	e.events++
	e.kinds[p.Kind()]++
}

// BenchmarkCapture runs the whole loop over the capture that BULWARK_BENCH_PCAP names.
func BenchmarkCapture(b *testing.B) {
	path := os.Getenv("BULWARK_BENCH_PCAP")
	if path == "" {
		b.Skip("BULWARK_BENCH_PCAP is not set: make bench-capture makes the capture")
	}
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(st.Size()), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	var e *encoder
	var n, bytes int
	for b.Loop() {
		e = &encoder{kinds: map[event.Kind]int{}}
		n, bytes = walk(b, data, New(Options{Sink: e, Seed: 1, Patients: pseudonym.New([32]byte{1}), FirstFlow: 1, FlowStep: 1}))
	}
	took := b.Elapsed().Seconds() / float64(b.N)
	b.ReportMetric(float64(n)/took/1e6, "Mpps")
	b.ReportMetric(float64(bytes)*8/took/1e9, "Gbit/s")
	b.ReportMetric(float64(e.events), "events")
	b.Logf("%d packets, %d bytes, events %v, %d bytes", n, bytes, e.kinds, e.bytes)
}

func walk(tb testing.TB, data []byte, w *Worker) (packets, bytes int) {
	r, err := pcap.FromBytes(data)
	if err != nil {
		tb.Fatal(err)
	}
	var p pcap.Packet
	for {
		if err := r.Next(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			tb.Fatal(err)
		}
		packets++
		bytes += p.Orig
		w.Packet(p.Time, p.Link, p.Orig, 0, p.Data)
	}
	w.Close()
	return packets, bytes
}
