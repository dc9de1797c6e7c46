package demo

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"bulwark/wire/pcap"
)

func TestCapture(t *testing.T) {
	whole := Capture()
	if limit := 2_500_000; len(whole) > limit {
		t.Errorf("got %d bytes, want at most %d", len(whole), limit)
	}
	r, err := pcap.NewReader(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	var p pcap.Packet
	packets, first, last := 0, int64(0), int64(0)
	for err = r.Next(&p); err == nil; err = r.Next(&p) {
		if packets == 0 {
			first = p.Time
		}
		if p.Time < last {
			t.Fatalf("packet %d goes back in time", packets)
		}
		packets, last = packets+1, p.Time
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if span := time.Duration(last - first); packets < 10_000 || span < 30*time.Minute {
		t.Errorf("got %d packets over %v, want 10,000 over half an hour", packets, span)
	}
}
