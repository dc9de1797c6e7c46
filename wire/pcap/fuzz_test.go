package pcap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"
)

// FuzzReader checks that any bytes end in io.EOF or an *Error inside the file, that memory stays within its bound,
// and that the mapped and the streamed way agree.
func FuzzReader(f *testing.F) {
	for _, o := range []order{binary.LittleEndian, binary.BigEndian} {
		f.Add(classicFile(o, magicMicro, 4, 1, []byte("first"), []byte("second")))
		f.Add(classicFile(o, magicNano, 3, 1, []byte("first")))
		f.Add(classicFile(o, magicModified, 2, 1, []byte("first")))
		f.Add(slices.Concat(sectionBlock(o), interfaceBlock(o, 1, 4, option(o, 9, 0x8a)...), enhancedBlock(o, 0, 1<<40, 5, 1, 2, 3),
			simpleBlock(o, 9, 1, 2, 3, 4), obsoleteBlock(o, 0, 9, 1), block(o, 77, 1, 2, 3)))
	}
	f.Add(gzipped(f, classicFile(binary.LittleEndian, magicMicro, 4, 1, []byte("first"))))
	f.Add(zstandard(f, classicFile(binary.LittleEndian, magicMicro, 4, 1, []byte("first"))))
	f.Fuzz(func(t *testing.T, file []byte) {
		mapped, mapErr := tally(t, func() (*Reader, error) { return FromBytes(file) })
		streamed, streamErr := tally(t, func() (*Reader, error) { return NewReader(bytes.NewReader(file)) })
		if mapped != streamed || mapErr != streamErr {
			t.Errorf("mapped %+v, %s; streamed %+v, %s", mapped, mapErr, streamed, streamErr)
		}
	})
}

// sums is what is compared of two readings.
type sums struct {
	packets, bytes int
	time           int64
	link           LinkType
	orig           int
}

// tally reads up to 10,000 packets, so that a small compressed file cannot keep the fuzzer busy.
func tally(t *testing.T, open func() (*Reader, error)) (s sums, reason string) {
	r, err := open()
	var p Packet
	for err == nil && s.packets < 10_000 {
		if err = r.Next(&p); err == nil {
			s.packets++
			s.bytes += len(p.Data)
			s.time += p.Time
			s.link += p.Link
			s.orig += p.Orig
		}
	}
	var e *Error
	switch {
	case err == nil || err == io.EOF:
	case !errors.As(err, &e) || e.Offset < 0:
		t.Fatalf("got %v, want an *Error with an offset", err)
	default:
		reason = e.Error()
	}
	if r != nil && r.in.src != nil && cap(r.in.buf) > 4<<20 {
		t.Fatalf("a buffer of %d bytes", cap(r.in.buf))
	}
	return s, reason
}
