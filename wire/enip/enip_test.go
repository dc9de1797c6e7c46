package enip

import (
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

func (h *told) Transaction(x *Transaction) {
	h.lines = append(h.lines, describe(x.Request)+" > "+describe(x.Reply))
}

func describe(m *Message) string {
	if m == nil {
		return "nothing"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%v %s session %d bad %v", m.Command, StatusName(m.Status), m.Session, m.Bad)
	if d := &m.Identity; d.Present {
		fmt.Fprintf(&b, " %s %s %q %d.%d serial %x", VendorName(d.Vendor), DeviceTypeName(d.DeviceType), d.Name, d.Major, d.Minor, d.Serial)
	}
	if m.Service.Present {
		fmt.Fprintf(&b, " service %q", m.Service.Name)
	}
	if m.HasCIP {
		fmt.Fprintf(&b, " seq %d ", m.Sequence)
		cip(&b, &m.CIP)
	}
	return b.String()
}

func cip(b *strings.Builder, c *CIP) {
	class, _ := c.Class()
	fmt.Fprintf(b, "(%s reply %v %s class %s tag %q", ServiceName(c.Service), c.Reply, CIPStatusName(c.Status), ClassName(class), c.Tag)
	for _, s := range c.Path {
		fmt.Fprintf(b, " %s=%d", SegmentName(s.Type), s.Value)
	}
	var part CIP
	for _, p := range append(c.Parts[:len(c.Parts):len(c.Parts)], c.Sent) {
		if p.Present() {
			p.Parse(&part)
			cip(b, &part)
		}
	}
	b.WriteString(")")
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	h := &told{}
	return &Conversation{}, h, func() string { return strings.Join(h.lines, "\n") + "\n" }
}

// message makes a message of a command, a session and data.
func message(c Command, session uint32, status uint32, data string) []byte {
	b := binary.LittleEndian.AppendUint16(nil, uint16(c))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(data)))
	b = binary.LittleEndian.AppendUint32(b, session)
	b = binary.LittleEndian.AppendUint32(b, status)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	return append(b, data...)
}

// packet is the data of a SendRRData with an unconnected item.
func packet(cip string) string {
	return "\x00\x00\x00\x00\x0a\x00\x02\x00\x00\x00\x00\x00\xb2\x00" + string(binary.LittleEndian.AppendUint16(nil, uint16(len(cip)))) + cip
}

// unit is the data of a SendUnitData with a connected item.
func unit(sequence byte, cip string) string {
	return "\x00\x00\x00\x00\x00\x00\x02\x00\xa1\x00\x04\x00\x01\x02\x03\x04\xb1\x00" + string(binary.LittleEndian.AppendUint16(nil, uint16(len(cip)+2))) +
		string([]byte{sequence, 0}) + cip
}

const identity = "\x01\x00\x0c\x00\x27\x00\x01\x00\x00\x02\xaf\x12\x0a\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x0e\x00\x36\x00\x14\x01\x30\x00\x78\x56\x34\x12\x05PLC-5\x03"

func up(b []byte) wiretest.Chunk   { return wiretest.Chunk{Dir: wire.ToServer, Bytes: b} }
func down(b []byte) wiretest.Chunk { return wiretest.Chunk{Dir: wire.ToClient, Bytes: b} }

func dialogue() []wiretest.Chunk {
	return []wiretest.Chunk{
		up(message(ListIdentity, 0, 0, "")), down(message(ListIdentity, 0, 0, identity)),
		up(message(RegisterSession, 0, 0, "\x01\x00\x00\x00")), down(message(RegisterSession, 7, 0, "\x01\x00\x00\x00")),
		up(message(SendRRData, 7, 0, packet("\x0e\x03\x20\x01\x24\x01\x30\x07"))), down(message(SendRRData, 7, 0, packet("\x8e\x00\x00\x00"))),
		up(message(SendUnitData, 7, 0, unit(1, "\x4d\x04\x91\x05Valve\x00\xc1\x00\x01\x00\x01"))),
		up(message(SendUnitData, 7, 0, unit(2, "\x0a\x02\x20\x02\x24\x01\x02\x00\x06\x00\x0c\x00\x03\x02\x20\x01\x24\x01\x4c\x02\x20\x6b\x24\x01"))),
		down(message(SendUnitData, 7, 0, unit(2, "\x8a\x00\x1e\x00\x01\x00\x04\x00\x83\x00\x08\x00"))),
		down(message(SendUnitData, 7, 0, unit(1, "\xcd\x00\x00\x00"))),
		up(message(SendRRData, 7, 0, packet("\x52\x02\x20\x06\x24\x01\x07\xe9\x06\x00\x05\x02\x20\x01\x24\x01\x01\x00\x01\x00"))), down(message(SendRRData, 7, 0, packet("\xd2\x00\x01\x01\x04\x02"))),
		up(message(UnregisterSession, 7, 0, "")),
		up(message(ListServices, 0, 0, "")),
	}
}

func TestDialogue(t *testing.T) {
	want := []string{
		`list_identity success session 0 bad false > list_identity success session 0 bad false Rockwell Automation/Allen-Bradley Programmable Logic Controller "PLC-5" 20.1 serial 12345678`,
		`register_session success session 0 bad false > register_session success session 7 bad false`,
		`sendrr_data success session 7 bad false seq 0 (Get Attributes Single reply false Success class Identity tag "" class=1 instance=1 attribute=7) > sendrr_data success session 7 bad false seq 0 (Get Attributes Single reply true Success class  tag "")`,
		`send_unit_data success session 7 bad false seq 2 (Multiple Service Packet reply false Success class Message Router tag "" class=2 instance=1(Get Attribute List reply false Success class Identity tag "" class=1 instance=1)(Read Data reply false Success class  tag "" class=107 instance=1)) > send_unit_data success session 7 bad false seq 2 (Multiple Service Packet reply true Embedded Service Error class  tag ""(Get Attribute List reply true Service Not Supported class  tag ""))`,
		`send_unit_data success session 7 bad false seq 1 (Write Data reply false Success class  tag "Valve") > send_unit_data success session 7 bad false seq 1 (Write Data reply true Success class  tag "")`,
		`sendrr_data success session 7 bad false seq 0 (Read Data Fragmented reply false Success class Connection Manager tag "" class=6 instance=1(Reset reply false Success class Identity tag "" class=1 instance=1)) > sendrr_data success session 7 bad false seq 0 (Read Data Fragmented reply true Connection Failure class  tag "")`,
		`unregister_session success session 7 bad false > nothing`,
		`list_services success session 0 bad false > nothing`,
	}
	wiretest.Lines(t, dialogue(), want, fresh, func(h Handler) []string { return h.(*told).lines })
}

func TestOddMessages(t *testing.T) {
	wiretest.Odds(t, []wiretest.Odd{
		{"a command that nobody assigned", []wiretest.Chunk{up(message(0x99, 0, 0, ""))}, "", ErrCommand},
		{"a reply to nothing", []wiretest.Chunk{down(message(SendRRData, 7, 3, packet("\x8e\x00\x05\x00")))}, "nothing > sendrr_data incorrect_data", nil},
		{"a path beyond the message", []wiretest.Chunk{down(message(SendRRData, 7, 0, packet("\x0e\x09\x20\x01")))}, "bad true", nil},
		{"a path of unknown segments", []wiretest.Chunk{down(message(SendRRData, 7, 0, packet("\x0e\x01\xff\x01")))}, "bad false", nil},
		{"a packet that is longer than what is read", []wiretest.Chunk{up(message(SendRRData, 7, 0, packet("\x4d\x02\x20\x6b\x24\x01"+strings.Repeat("x", 20000)))), up(message(ListServices, 0, 0, ""))}, "list_services", nil},
		{"a gap ends where a message begins", []wiretest.Chunk{up(message(ListServices, 0, 0, "")), {Lost: 5, Bytes: []byte{1, 2, 3}}, up(message(RegisterSession, 0, 0, "\x01\x00\x00\x00"))}, "register_session", nil},
	}, fresh)
}

func TestMemoryIsBounded(t *testing.T) {
	var c Conversation
	h := &told{}
	for i := range 200 {
		if _, _, err := c.Decode(wire.ToServer, message(SendUnitData, 7, 0, unit(byte(i), "\x4c\x02\x20\x6b\x24\x01"+strings.Repeat("x", 1000))), h); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.open) > maxOpen || len(h.lines) != 200-maxOpen {
		t.Errorf("got %d open, %d told", len(c.open), len(h.lines))
	}
}

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		does string
		p    []byte
		want wire.Match
		dir  wire.Dir
	}{
		{"who is there", message(ListIdentity, 0, 0, ""), wire.Yes, wire.ToServer},
		{"an identity", message(ListIdentity, 0, 0, identity), wire.Yes, wire.ToClient},
		{"a session is asked for", message(RegisterSession, 0, 0, "\x01\x00\x00\x00"), wire.Yes, wire.ToServer},
		{"a session is given", message(RegisterSession, 9, 0, "\x01\x00\x00\x00"), wire.Yes, wire.ToClient},
		{"a reply of CIP", message(SendUnitData, 7, 0, unit(1, "\xcd\x00\x00\x00")), wire.Yes, wire.ToClient},
		{"a beginning", message(ListIdentity, 0, 0, "")[:20], wire.Unsure, wire.Either},
		{"a header without what it announces", message(RegisterSession, 0, 0, "\x01\x00\x00\x00")[:headerSize+1], wire.Unsure, wire.Either},
		{"a part of an identity", message(ListIdentity, 0, 0, identity)[:headerSize+9], wire.Unsure, wire.Either},
		{"a part of a reply of CIP", message(SendUnitData, 7, 0, unit(1, "\xcd\x00\x00\x00"))[:headerSize+9], wire.Unsure, wire.Either},
		{"a session of another version", message(RegisterSession, 0, 0, "\x02\x00\x00\x00"), wire.No, wire.Either},
		{"a status that nobody assigned", message(SendRRData, 0, 99, packet("\x0e\x00")), wire.No, wire.Either},
		{"items that do not fill the message", message(SendRRData, 0, 0, packet("\x0e\x00")+"x"), wire.No, wire.Either},
		{"zeros", make([]byte, 64), wire.No, wire.Either},
	} {
		if got, dir := Probe(c.p); got != c.want || dir != c.dir {
			t.Errorf("%s: got %v %v, want %v %v", c.does, got, dir, c.want, c.dir)
		}
	}
}

type silent struct{ n int }

func (h *silent) Transaction(x *Transaction) { h.n++ }

func TestNoAllocation(t *testing.T) {
	wiretest.AllocatesNothing[Handler](t, &Conversation{}, &silent{}, dialogue())
}

func FuzzConversation(f *testing.F) {
	wiretest.FuzzSides(f, dialogue(), func(up, down []byte) {
		Probe(up)
		Looks(down)
	}, fresh)
}

// TestCaptures reads every conversation that the probe takes for EtherNet/IP, and expects it on its port alone.
func TestCaptures(t *testing.T) {
	corpus.Claims(t, corpus.Claim{Name: "enip", Percent: 90, Ports: []uint16{44818}, Looks: Looks}, Probe, fresh)
}
