package pcap

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func TestWhatIsWrittenAsPcapngIsReadBack(t *testing.T) {
	var out bytes.Buffer
	w, err := NewNGWriter(&out, "a program")
	if err != nil {
		t.Fatal(err)
	}
	type packet struct {
		name string
		Packet
		dir Direction
	}
	want := []packet{
		{"eth0", Packet{Time: 1_763_796_373_123_456_789, Data: []byte("abc"), Orig: 3, Link: LinkEthernet}, DirectionUnknown},
		{"eth1", Packet{Time: 1, Data: []byte("abcd"), Orig: 1500, Link: LinkEthernet}, Outbound},
		{"eth0", Packet{Time: 0, Data: nil, Orig: 60, Link: LinkEthernet}, Inbound},
		{"eth0", Packet{Time: 1 << 62, Data: []byte("abcde"), Orig: 5, Link: LinkRaw}, DirectionUnknown},
		{"", Packet{Time: 5, Data: bytes.Repeat([]byte("x"), MaxPacket), Orig: MaxPacket, Link: LinkEthernet}, DirectionUnknown},
	}
	for i := range want {
		if err := w.Write(want[i].name, &want[i].Packet, want[i].dir); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Note("not whole"); err != nil {
		t.Fatal(err)
	}
	r, err := NewReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	var p Packet
	for i, x := range want {
		if err := r.Next(&p); err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
		name := r.Interfaces()[p.Interface].Name
		if name != x.name || p.Time != x.Time || !bytes.Equal(p.Data, x.Data) || p.Orig != x.Orig || p.Link != x.Link {
			t.Errorf("packet %d: got %s %d, %d of %d bytes, %v; want %+v", i, name, p.Time, len(p.Data), p.Orig, p.Link, x)
		}
	}
	if err := r.Next(&p); err != io.EOF {
		t.Errorf("the end: got %v", err)
	}
}

func TestWhatPcapngCannotSayIsRefused(t *testing.T) {
	w, err := NewNGWriter(io.Discard, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]Packet{"too long": {Data: make([]byte, MaxPacket+1)}, "before 1970": {Time: -1}} {
		if err := w.Write("", &p, 0); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	broken := errors.New("broken pipe")
	if _, err := NewNGWriter(writing(func([]byte) (int, error) { return 0, broken }), ""); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

type writing func([]byte) (int, error)

func (w writing) Write(p []byte) (int, error) { return w(p) }
