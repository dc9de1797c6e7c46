package pcap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// drain reads a capture to its end, copying the packets.
func drain(r *Reader) ([]Packet, error) {
	var all []Packet
	var p Packet
	for {
		if err := r.Next(&p); err != nil {
			return all, err
		}
		kept := p
		kept.Data = append([]byte{}, p.Data...)
		all = append(all, kept)
	}
}

// readAll reads a capture the way open does, and through a stream that gives one byte at a time; both must agree.
func readAll(t *testing.T, file []byte) ([]Packet, error) {
	t.Helper()
	r, err := FromBytes(file)
	var got []Packet
	if err == nil {
		got, err = drain(r)
	}
	s, serr := NewReader(iotest.OneByteReader(bytes.NewReader(file)))
	var streamed []Packet
	if serr == nil {
		streamed, serr = drain(s)
	}
	if !reflect.DeepEqual(got, streamed) || (err != io.EOF && err.Error() != serr.Error()) || (err == io.EOF) != (serr == io.EOF) {
		t.Fatalf("from memory: %d packets, %v; from a stream: %d packets, %v", len(got), err, len(streamed), serr)
	}
	return got, err
}

func TestReadsEveryVariant(t *testing.T) {
	le, be := order(binary.LittleEndian), order(binary.BigEndian)
	const sec = 1700000000 * int64(1e9)
	data := []byte{1, 2, 3, 4, 5}
	one := func(time int64, orig int, link LinkType, iface int) []Packet {
		return []Packet{{Time: time, Data: data, Orig: orig, Link: link, Interface: iface}}
	}
	ticks := uint64(1700000000_000007)
	second := append(option(le, 2, []byte("eth1")...), option(le, 9, 9)...)
	for _, c := range []struct {
		promise string
		file    []byte
		want    []Packet
	}{
		{"pcap, little-endian, microseconds", classicFile(le, magicMicro, 4, 1, data), one(sec+7000, 6, 1, 0)},
		{"pcap, big-endian, microseconds", classicFile(be, magicMicro, 4, 101, data), one(sec+7000, 6, 101, 0)},
		{"pcap, little-endian, nanoseconds", classicFile(le, magicNano, 4, 1, data), one(sec+7, 6, 1, 0)},
		{"pcap, big-endian, nanoseconds", classicFile(be, magicNano, 4, 1, data), one(sec+7, 6, 1, 0)},
		{"the modified pcap of old Red Hat kernels", classicFile(le, magicModified, 4, 1, data), one(sec+7000, 6, 1, 0)},
		{"a pcap 2.2 has its lengths the other way round", classicFile(le, magicMicro, 2, 1, data), one(sec+7000, 6, 1, 0)},
		{"the FCS bits above the link type are no part of it", slices.Replace(classicFile(le, magicMicro, 4, 1, data), 23, 24, 0x14), one(sec+7000, 6, 1, 0)},
		{"pcapng, enhanced block", slices.Concat(sectionBlock(le), interfaceBlock(le, 1, 0), enhancedBlock(le, 0, ticks, 9, data...)), one(sec+7000, 9, 1, 0)},
		{"pcapng, big-endian", slices.Concat(sectionBlock(be), interfaceBlock(be, 1, 0), enhancedBlock(be, 0, ticks, 9, data...)), one(sec+7000, 9, 1, 0)},
		{"pcapng, obsolete block", slices.Concat(sectionBlock(be), interfaceBlock(be, 113, 0), obsoleteBlock(be, 0, ticks, data...)), one(sec+7000, 5, 113, 0)},
		{"pcapng, simple block: no time, cut by the interface's snapshot length", slices.Concat(sectionBlock(le), interfaceBlock(le, 1, 5), simpleBlock(le, 400, 1, 2, 3, 4, 5, 6, 7, 8)), one(0, 400, 1, 0)},
		{"pcapng, simple block without a snapshot length", slices.Concat(sectionBlock(le), interfaceBlock(le, 1, 0), simpleBlock(le, 5, data...)), one(0, 5, 1, 0)},
		{"pcapng, the second interface counts nanoseconds", slices.Concat(sectionBlock(le), interfaceBlock(le, 1, 0), interfaceBlock(le, 101, 0, second...), enhancedBlock(le, 1, uint64(sec)+3, 5, data...)), one(sec+3, 5, 101, 1)},
		{"pcapng, unknown blocks are skipped", slices.Concat(sectionBlock(le), block(le, 0x0bad, make([]byte, 300000)...), interfaceBlock(le, 1, 0), block(le, 5, 1, 2, 3, 4), enhancedBlock(le, 0, ticks, 5, data...)), one(sec+7000, 5, 1, 0)},
		{"pcapng, a second section of the other byte order numbers its interfaces anew", slices.Concat(sectionBlock(le), interfaceBlock(le, 1, 0), interfaceBlock(le, 1, 0), sectionBlock(be), interfaceBlock(be, 228, 0), enhancedBlock(be, 0, ticks, 5, data...)), one(sec+7000, 5, 228, 0)},
		{"an empty pcap is whole", classicFile(le, magicMicro, 4, 1), nil},
		{"an empty pcapng is whole", sectionBlock(le), nil},
	} {
		t.Run(c.promise, func(t *testing.T) {
			got, err := readAll(t, c.file)
			if err != io.EOF {
				t.Errorf("error: got %v, want io.EOF", err)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestInterfaceNames(t *testing.T) {
	le := order(binary.LittleEndian)
	r, err := FromBytes(slices.Concat(sectionBlock(le), interfaceBlock(le, 1, 96, option(le, 2, []byte("ward-mirror")...)...), enhancedBlock(le, 0, 0, 1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Next(new(Packet)); err != nil {
		t.Fatal(err)
	}
	if i := r.Interfaces()[0]; i.Name != "ward-mirror" || i.Link != LinkEthernet || i.SnapLen != 96 {
		t.Errorf("got %+v, want ward-mirror, ethernet, 96", i)
	}
}

func TestClocks(t *testing.T) {
	for _, c := range []struct {
		promise string
		tsresol uint8
		offset  int64
		ticks   uint64
		want    int64
	}{
		{"seconds", 0, 0, 5, 5e9},
		{"microseconds", 6, 0, 5, 5000},
		{"nanoseconds", 9, 0, 5, 5},
		{"picoseconds are cut to nanoseconds", 12, 0, 5999, 5},
		{"halves of a second", 0x81, 0, 3, 15e8},
		{"binary 2^-32, as NTP has it", 0xa0, 0, 1<<33 + 1<<31, 25e8},
		{"2^-127 reaches nothing", 0xff, 0, 1 << 63, 0},
		{"10^-100 reaches nothing", 100, 0, 1 << 63, 0},
		{"an offset is added", 6, 1700000000, 1, 1700000000*int64(1e9) + 1000},
		{"an offset may be negative", 0, -3, 1, -2e9},
		{"too late for an int64 is its end", 0, 0, 1 << 62, 1<<63 - 1},
		{"too late by the offset is its end", 9, 1 << 60, 1 << 62, 1<<63 - 1},
		{"too early is its beginning", 9, -1 << 60, 0, -1 << 63},
	} {
		k := newClock(c.tsresol)
		k.offsetSeconds(c.offset)
		if got := k.unix(c.ticks); got != c.want {
			t.Errorf("%s: got %d, want %d", c.promise, got, c.want)
		}
	}
}

func TestBadCapturesKeepWhatWasReadable(t *testing.T) {
	le := order(binary.LittleEndian)
	classic := classicFile(le, magicMicro, 4, 1, []byte("first"), []byte("second"))
	ng := slices.Concat(sectionBlock(le), interfaceBlock(le, 1, 0), enhancedBlock(le, 0, 1, 5, []byte("first")...))
	patched := func(file []byte, at int, v uint32) []byte {
		file = slices.Clone(file)
		le.PutUint32(file[at:], v)
		return file
	}
	for _, c := range []struct {
		promise string
		file    []byte
		packets int
		offset  int64
		reason  string
		cause   error
	}{
		{"empty", nil, 0, 0, "the file ends inside the magic number of a capture: 0 of 4 bytes are there", io.ErrUnexpectedEOF},
		{"three bytes", []byte{0xd4, 0xc3, 0xb2}, 0, 0, "3 of 4 bytes", io.ErrUnexpectedEOF},
		{"a text", []byte("GET / HTTP/1.1\r\n"), 0, 0, "the first bytes 47 45 54 20 are neither pcap nor pcapng", ErrFormat},
		{"a cut file header", classic[:20], 0, 0, "the file ends inside the file header: 20 of 24 bytes are there", io.ErrUnexpectedEOF},
		{"an unknown version", patched(classic, 4, 3), 0, 0, "version 3.0", ErrFormat},
		{"a cut packet header", classic[:24+21+8], 1, 24 + 21, "the file ends inside a packet header: 8 of 16 bytes are there", io.ErrUnexpectedEOF},
		{"a cut last packet", classic[:len(classic)-1], 1, 24 + 21, "the file ends inside a packet: 21 of 22 bytes are there", io.ErrUnexpectedEOF},
		{"a length of 4 GiB", patched(classic, 24+21+8, 0xffffffff), 1, 24 + 21, "a packet claims 4294967295 bytes", nil},
		{"a section with a wrong byte order", patched(ng, 8, 1), 0, 0, "the byte-order magic of the section is 0x00000001", nil},
		{"a section of another version", patched(ng, 12, 7), 0, 0, "version 7.0", ErrFormat},
		{"an interface whose end disagrees", patched(ng, 28+16, 99), 0, 28, "says 20 bytes at its start and 99 at its end", nil},
		{"a block of length 4", patched(ng, 48+4, 4), 0, 48, "a block of type 6 claims 4 bytes", nil},
		{"a block of odd length", patched(ng, 48+4, 41), 0, 48, "a block of type 6 claims 41 bytes", nil},
		{"a packet block of 4 GiB", patched(ng, 48+4, 0xfffffffc), 0, 48, "a packet block claims 4294967292 bytes", nil},
		{"an unknown block of 4 GiB", patched(patched(ng, 48, 77), 52, 0xfffffffc), 0, 48, "the file ends inside a block", io.ErrUnexpectedEOF},
		{"an interface nobody described", patched(ng, 48+8, 1), 0, 48, "a packet of interface 1, where 1 are described", nil},
		{"a packet longer than its block", patched(ng, 48+20, 9), 0, 48, "a packet claims 9 bytes in a block that has room for 8", nil},
		{"a cut block", ng[:len(ng)-3], 0, 48, "the file ends inside a packet block: 37 of 40 bytes are there", io.ErrUnexpectedEOF},
	} {
		t.Run(c.promise, func(t *testing.T) {
			got, err := readAll(t, c.file)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if len(got) != c.packets || e.Offset != c.offset || !strings.Contains(e.Reason, c.reason) {
				t.Errorf("got %d packets and %v\nwant %d packets, offset %d, %s", len(got), err, c.packets, c.offset, c.reason)
			}
			if e.Err != c.cause {
				t.Errorf("cause: got %v, want %v", e.Err, c.cause)
			}
		})
	}
}

func TestTheErrorStays(t *testing.T) {
	r, err := FromBytes(classicFile(binary.LittleEndian, magicMicro, 4, 1, []byte("first"))[:42])
	if err != nil {
		t.Fatal(err)
	}
	first, second := r.Next(new(Packet)), r.Next(new(Packet))
	if first == nil || first != second {
		t.Errorf("got %v, then %v, want the same error twice", first, second)
	}
}

func TestReadingFails(t *testing.T) {
	broken := errors.New("the disk is gone")
	file := classicFile(binary.LittleEndian, magicMicro, 4, 1, []byte("first"), []byte("second"))
	r, err := NewReader(io.MultiReader(bytes.NewReader(file[:50]), iotest.ErrReader(broken)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := drain(r)
	if len(got) != 1 || !errors.Is(err, broken) {
		t.Errorf("got %d packets and %v, want 1 and %v", len(got), err, broken)
	}
}

func gzipped(t testing.TB, p []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(p); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstandard(t testing.TB, p []byte, options ...zstd.EOption) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil, options...)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(p, nil)
}

func TestCompressedByMagic(t *testing.T) {
	file := classicFile(binary.LittleEndian, magicMicro, 4, 1, bytes.Repeat([]byte("first"), 1000), []byte("second"))
	want, _ := readAll(t, file)
	skippable := append([]byte{0x53, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9}, zstandard(t, file)...)
	for _, c := range []struct {
		promise string
		file    []byte
		format  string
	}{
		{"gzip", gzipped(t, file), "pcap, gzip"},
		{"two gzip members are one file", append(gzipped(t, file[:100]), gzipped(t, file[100:])...), "pcap, gzip"},
		{"zstd", zstandard(t, file), "pcap, zstd"},
		{"zstd behind a skippable frame", skippable, "pcap, zstd"},
		{"none", file, "pcap"},
	} {
		t.Run(c.promise, func(t *testing.T) {
			got, err := readAll(t, c.file)
			if err != io.EOF || !reflect.DeepEqual(got, want) {
				t.Errorf("got %d packets and %v, want %d and io.EOF", len(got), err, len(want))
			}
			r, err := FromBytes(c.file)
			if err != nil || r.Format() != c.format {
				t.Errorf("format: got %v, %v, want %s", r.Format(), err, c.format)
			}
		})
	}
}

func TestBadCompression(t *testing.T) {
	file := classicFile(binary.LittleEndian, magicMicro, 4, 1, bytes.Repeat([]byte("first"), 1000), []byte("second"))
	flipped := zstandard(t, file)
	flipped[len(flipped)-1] ^= 1 // its checksum
	for _, c := range []struct {
		promise string
		file    []byte
		want    string
	}{
		{"a gzip header alone", gzipped(t, file)[:5], "unpacking"},
		{"a cut gzip says so", gzipped(t, file)[:40], "of the gzip content"},
		{"a zstd whose checksum is wrong", flipped, "of the zstd content"},
		{"gzip of a text", gzipped(t, []byte("GET / HTTP/1.1")), "neither pcap nor pcapng"},
		{"gzip of gzip is not opened twice", gzipped(t, gzipped(t, file)), "neither pcap nor pcapng"},
	} {
		t.Run(c.promise, func(t *testing.T) {
			_, err := readAll(t, c.file)
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an *Error with %q", err, c.want)
			}
		})
	}
}

func TestZstdWindowIsBounded(t *testing.T) {
	// RFC 8878 §3.1.1.1.2: exponent 18 and mantissa 0 ask for a window of 2^28 bytes.
	_, err := FromBytes([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 18 << 3, 1, 0, 0})
	if !errors.Is(err, zstd.ErrWindowSizeExceeded) {
		t.Errorf("got %v, want %v", err, zstd.ErrWindowSizeExceeded)
	}
}

func TestMemoryFollowsTheBytesThatCame(t *testing.T) {
	file := classicFile(binary.LittleEndian, magicMicro, 4, 1, make([]byte, 100))
	binary.LittleEndian.PutUint32(file[24+8:], MaxPacket)
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Next(new(Packet)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("got %v, want %v", err, io.ErrUnexpectedEOF)
	}
	if got := cap(r.in.buf); got > startBuffer {
		t.Errorf("a buffer of %d bytes for %d that came, want at most %d", got, len(file), startBuffer)
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	file := slices.Concat(sectionBlock(binary.LittleEndian), interfaceBlock(binary.LittleEndian, 1, 0),
		bytes.Repeat(enhancedBlock(binary.LittleEndian, 0, 1, 64, make([]byte, 64)...), 2000))
	r, err := FromBytes(file)
	if err != nil {
		t.Fatal(err)
	}
	var p Packet
	allocs := testing.AllocsPerRun(1000, func() {
		if err := r.Next(&p); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 0 {
		t.Errorf("got %v allocations a packet, want 0", allocs)
	}
}

func TestWriterIsReadBack(t *testing.T) {
	var file bytes.Buffer
	w, err := NewWriter(&file, LinkEthernet)
	if err != nil {
		t.Fatal(err)
	}
	want := []Packet{
		{Time: 1700000000_123456789, Data: []byte("frame"), Orig: 1500, Link: LinkEthernet},
		{Time: 0, Data: []byte{}, Orig: 0, Link: LinkEthernet},
	}
	for i := range want {
		if err := w.Write(&want[i]); err != nil {
			t.Fatal(err)
		}
	}
	got, err := readAll(t, file.Bytes())
	if err != io.EOF || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
}

func TestWriterRefusesWhatTheFormatCannotSay(t *testing.T) {
	w, err := NewWriter(io.Discard, LinkEthernet)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		promise string
		p       Packet
	}{
		{"another link type", Packet{Link: LinkRaw}},
		{"a frame too long", Packet{Link: LinkEthernet, Data: make([]byte, MaxPacket+1)}},
		{"a time before 1970", Packet{Link: LinkEthernet, Time: -1}},
		{"a time after 2106", Packet{Link: LinkEthernet, Time: 1 << 62}},
	} {
		if err := w.Write(&c.p); err == nil {
			t.Errorf("%s: got no error", c.promise)
		}
	}
}
