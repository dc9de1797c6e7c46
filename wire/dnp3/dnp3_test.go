package dnp3

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/internal/corpus"
	"bulwark/wire/wiretest"
)

// told collects what a conversation reports.
type told struct{ lines []string }

func (h *told) Message(dir wire.Dir, m *Message) {
	h.lines = append(h.lines, fmt.Sprint(dir, " ", describe(m)))
}
func (h *told) Fault(dir wire.Dir, f Faults) {
	h.lines = append(h.lines, fmt.Sprint(dir, " ", f.Name()))
}

func describe(m *Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d>%d %v seq %d matched %v %q complete %v", m.Link.Src, m.Link.Dst, m.Function, m.Sequence(), m.Matched, m.AppendIndications(nil), m.Complete())
	for o := range m.All {
		fmt.Fprintf(&b, "|g%dv%d q%02x %d-%d x%d", o.Group, o.Variation, o.Qualifier, o.Start, o.Stop, o.Count)
		if a := o.Attribute(); a != nil {
			fmt.Fprintf(&b, " %q", a)
		}
		for p := range o.Points {
			fmt.Fprintf(&b, " [%d/%d", p.Index, p.Prefix)
			for f := range p.Fields {
				switch f.Kind {
				case Text, Bytes:
					fmt.Fprintf(&b, " %s=%q", f.Name, f.Data)
				case Float:
					fmt.Fprintf(&b, " %s=%v", f.Name, f.Float)
				default:
					if f.Int != 0 {
						fmt.Fprintf(&b, " %s=%d", f.Name, f.Int)
					}
				}
			}
			b.WriteString("]")
		}
	}
	return b.String()
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	h := &told{}
	return &Conversation{}, h, func() string { return strings.Join(h.lines, "\n") + "\n" }
}

// frame makes a link frame of what it carries, the transport byte first.
func frame(master bool, dst, src uint16, data string) []byte {
	control := byte(controlPri | 4)
	if master {
		control |= controlDir
	}
	b := []byte{0x05, 0x64, byte(linkFixed + len(data)), control}
	b = binary.LittleEndian.AppendUint16(b, dst)
	b = binary.LittleEndian.AppendUint16(b, src)
	b = binary.LittleEndian.AppendUint16(b, CRC(b))
	for d := []byte(data); len(d) > 0; {
		n := min(block, len(d))
		b = append(b, d[:n]...)
		b = binary.LittleEndian.AppendUint16(b, CRC(d[:n]))
		d = d[n:]
	}
	return b
}

func up(b []byte) wiretest.Chunk   { return wiretest.Chunk{Dir: wire.ToServer, Bytes: b} }
func down(b []byte) wiretest.Chunk { return wiretest.Chunk{Dir: wire.ToClient, Bytes: b} }

func dialogue() []wiretest.Chunk {
	return []wiretest.Chunk{
		up(frame(true, 10, 1, "\xc0\xc1\x01\x3c\x02\x06\x3c\x03\x06")),
		down(frame(false, 1, 10, "\xc0\xc1\x81\x80\x00\x01\x02\x00\x03\x04\x81\x01\x1e\x02\x17\x01\x05\x01\xfe\xff")),
		up(frame(true, 10, 1, "\xc1\xc2\x05\x0c\x01\x28\x01\x00\x07\x00\x03\x01\x64\x00\x00\x00\x64\x00\x00\x00\x00")),
		down(frame(false, 1, 10, "\xc1\xc2\x81\x00\x04")),
		down(frame(false, 1, 10, "\xc2\xf0\x82\x00\x00\x02\x02\x28\x01\x00\x09\x00\x81\x01\x02\x03\x04\x05\x06")),
		up(frame(true, 10, 1, "\xc2\xd0\x00")),
		up(frame(true, 10, 1, "\x43\xc3\x19\x46\x03\x5b\x01\x22\x00\x1a\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00")),
		up(frame(true, 10, 1, "\x84\x00\x04\x01\x00conf.ini")),
		down(frame(false, 1, 10, "\xc4\xc5\x81\x00\x00\x00\xfc\x00\x00\x00\x01\x04Acme")),
	}
}

func TestDialogue(t *testing.T) {
	want := []string{
		`to_server 1>10 read seq 1 matched false [] complete true|g60v2 q06 0-0 x0|g60v3 q06 0-0 x0`,
		`to_client 10>1 response seq 1 matched true ["device_restart"] complete true|g1v2 q00 3-4 x2 [3/0 online=1 state=1] [4/0 online=1]|g30v2 q17 0-0 x1 [0/5 online=1 value=-2]`,
		`to_server 1>10 direct_operate seq 2 matched false [] complete true|g12v1 q28 0-0 x1 [0/7 op_type=3 count=1 ontime=100 offtime=100]`,
		`to_client 10>1 response seq 2 matched true ["parameter_error"] complete true`,
		`to_client 10>1 unsolicited_response seq 0 matched false [] complete true|g2v2 q28 0-0 x1 [0/9 online=1 state=1 timestamp=6618611909121]`,
		`to_server 1>10 confirm seq 0 matched false [] complete true`,
		`to_server 1>10 open_file seq 3 matched false [] complete true|g70v3 q5b 0-0 x1 [0/34 filename_offset=26 filename_size=8 operational_mode=1 maximum_block_size=1024 request_id=1 filename="conf.ini"]`,
		`to_client 10>1 response seq 5 matched false [] complete true|g0v252 q00 0-0 x1 "Acme"`,
	}
	wiretest.Lines(t, dialogue(), want, fresh, func(h Handler) []string { return h.(*told).lines })
}

func TestOddFrames(t *testing.T) {
	spoilt := func(at int) []byte {
		b := frame(true, 10, 1, "\xc0\xc1\x01\x3c\x02\x06")
		b[at] ^= 1
		return b
	}
	wiretest.Odds(t, []wiretest.Odd{
		{"a wrong checksum of the header", []wiretest.Chunk{up(spoilt(4))}, "bad_link_crc", ErrCRC},
		{"a wrong checksum of the data", []wiretest.Chunk{up(spoilt(12))}, "bad_transport_crc", nil},
		{"a link status without data", []wiretest.Chunk{up([]byte{0x05, 0x64, 5, 0xc9, 10, 0, 1, 0, 0, 0})}, "", ErrCRC},
		{"another protocol", []wiretest.Chunk{up([]byte("GET / HTTP/1.1\r\n"))}, "malformed", ErrStart},
		{"a length below the header's", []wiretest.Chunk{up([]byte{0x05, 0x64, 4, 0, 0, 0, 0, 0, 0, 0})}, "len_too_small", ErrLength},
		{"an object of an unknown group", []wiretest.Chunk{up(frame(true, 10, 1, "\xc0\xc1\x02\xfa\x01\x00\x00\x00\x01"))}, "unknown_object", nil},
		{"points that end early", []wiretest.Chunk{down(frame(false, 1, 10, "\xc0\xc1\x81\x00\x00\x1e\x02\x00\x00\x09\x01"))}, "complete false|g30v2 q00 0-9 x10", nil},
		{"a range that counts down", []wiretest.Chunk{down(frame(false, 1, 10, "\xc0\xc1\x81\x00\x00\x1e\x02\x00\x09\x00\x01"))}, "complete false", nil},
		{"a middle part alone", []wiretest.Chunk{up(frame(true, 10, 1, "\x05\x01\x02\x03"))}, "\n", nil},
		{"parts out of order", []wiretest.Chunk{up(frame(true, 10, 1, "\x41\xc3\x02\x50")), up(frame(true, 10, 1, "\x85\x01\x02\x03"))}, "\n", nil},
		{"packed states beyond a byte", []wiretest.Chunk{down(frame(false, 1, 10, "\xc0\xc1\x81\x00\x00\x01\x01\x00\x00\x07\x81"))}, "complete true|g1v1 q00 0-7 x8 [0/0 state=1] [1/0] [2/0] [3/0] [4/0] [5/0] [6/0] [7/0 state=1]", nil},
		{"a user's password", []wiretest.Chunk{up(frame(true, 10, 1, "\xc0\xc1\x1d\x46\x02\x5b\x01\x14\x00\x0c\x00\x04\x00\x10\x00\x04\x00\x00\x00\x00\x00wardpass"))}, `username="ward" password="pass"`, nil},
	}, fresh)
}

func TestAGapEndsWhereAFrameBegins(t *testing.T) {
	conversation, h, outcome := fresh()
	f := wiretest.Feed[Handler]{T: t, Conversation: conversation, Handler: h}
	err := f.Play(append(dialogue()[:1], wiretest.Chunk{Lost: 9, Bytes: []byte("the rest of a frame that was lost")}, dialogue()[2]))
	if got := outcome(); err != nil || !strings.Contains(got, "direct_operate") {
		t.Errorf("got %v %s", err, got)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var c Conversation
	h := &told{}
	seq := byte(0)
	for range 200 {
		transport := seq & 0x3f
		if seq == 0 {
			transport |= 0x40
		}
		_, _, _ = c.Decode(wire.ToServer, frame(true, 10, 1, string(transport)+strings.Repeat("x", 200)), h)
		seq = seq&0x3f + 1
	}
	for i := range 300 {
		_, _, _ = c.Decode(wire.ToServer, frame(true, uint16(i), 1, "\xc0\xc1\x01\x3c\x02\x06"), h)
	}
	if cap(c.sides[0].bytes) > 2*maxMessage || len(c.asked) > maxAsked {
		t.Errorf("got %d bytes and %d requests", cap(c.sides[0].bytes), len(c.asked))
	}
}

func TestFormsNameEveryBit(t *testing.T) {
	for group := range 256 {
		for variation := range 256 {
			for _, f := range strings.Fields(form(uint8(group), uint8(variation))) {
				set, ok := strings.CutPrefix(f, "%")
				if !ok {
					continue
				}
				bits := 0
				for _, name := range flags(set) {
					if name[0] <= '9' {
						bits += int(name[0] - '0')
					} else {
						bits++
					}
				}
				if bits != 8 {
					t.Errorf("group %d variation %d: %s has %d bits", group, variation, f, bits)
				}
			}
		}
	}
}

func TestProbe(t *testing.T) {
	whole := frame(true, 10, 1, "\xc0\xc1\x01\x3c\x02\x06")
	for _, c := range []struct {
		does string
		p    []byte
		want wire.Match
		dir  wire.Dir
	}{
		{"a master", whole, wire.Yes, wire.ToServer},
		{"an outstation", frame(false, 1, 10, "\xc0\xc1\x81\x00\x00"), wire.Yes, wire.ToClient},
		{"a beginning", whole[:9], wire.Unsure, wire.Either},
		{"the start bytes alone", whole[:2], wire.Unsure, wire.Either},
		{"a wrong checksum", append([]byte{5, 100, 9, 9}, whole[4:]...), wire.No, wire.Either},
		{"another byte", []byte{5, 101}, wire.No, wire.Either},
	} {
		if got, dir := Probe(c.p); got != c.want || dir != c.dir {
			t.Errorf("%s: got %v %v, want %v %v", c.does, got, dir, c.want, c.dir)
		}
	}
}

type silent struct{ n int }

func (h *silent) Message(_ wire.Dir, m *Message) {
	for o := range m.All {
		for p := range o.Points {
			for f := range p.Fields {
				h.n += int(f.Int)
			}
		}
	}
}
func (h *silent) Fault(wire.Dir, Faults) {}

func TestNoAllocation(t *testing.T) {
	wiretest.AllocatesNothing[Handler](t, &Conversation{}, &silent{}, dialogue())
}

func BenchmarkMessage(b *testing.B) {
	p := dialogue()[1].Bytes
	var c Conversation
	h := &silent{}
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		_, _, _ = c.Decode(wire.ToClient, p, h)
	}
}

func FuzzConversation(f *testing.F) {
	wiretest.FuzzSides(f, dialogue(), func(up, _ []byte) { Probe(up) }, fresh)
}

// FuzzObjects reads objects that no checksum guards.
func FuzzObjects(f *testing.F) {
	for _, c := range dialogue() {
		var l Link
		if l.parse(c.Bytes) == nil {
			data, _ := appendData(nil, c.Bytes)
			f.Add(data[2:])
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 3 {
			return
		}
		m := Message{Control: b[0], Function: Function(b[1]), Objects: bytes.Clone(b[2:])}
		describe(&m)
	})
}

// TestCaptures reads every conversation that the probe takes for DNP3, and expects it where it is spoken alone.
func TestCaptures(t *testing.T) {
	corpus.Claims(t, corpus.Claim{Name: "dnp3", Percent: 80, Ports: []uint16{20000}, Looks: Looks}, Probe, fresh)
}

func TestTooManyObjectsAndPoints(t *testing.T) {
	const header = "\x01\x02\x06" // of no points
	for _, c := range []struct {
		what string
		m    Message
		want Faults
	}{
		{"as many headers as there may be", Message{Function: Read, Objects: []byte(strings.Repeat(header, 3))}, 0},
		{"one more", Message{Function: Read, Objects: []byte(strings.Repeat(header, 4))}, TooManyObjects},
		{"more points than there may be", Message{Function: 0x81, Objects: []byte("\x01\x01\x01\x00\x00\xff\xff")}, TooManyPoints},
		{"an object that nobody knows", Message{Function: 0x81, Objects: []byte("\xfa\xfa\x07\x01")}, Unknown},
	} {
		if got := c.m.fault(3); got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, got.Name(), c.want.Name())
		}
	}
}
