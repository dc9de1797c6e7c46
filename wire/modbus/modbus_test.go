package modbus

import (
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
	h.lines = append(h.lines, fmt.Sprintf("%s > %s mismatch %v flooded %v", describe(x.Request), describe(x.Reply), x.Mismatch, x.Flooded))
}

func describe(m *Message) string {
	if m == nil {
		return "nothing"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d unit %d %v(%d) %s", m.Transaction, m.Unit, m.Function, m.Raw, m.Category())
	if m.Refused {
		fmt.Fprintf(&b, " refused %s", ExceptionName(m.Exception))
	}
	for _, p := range []struct {
		name string
		Part
	}{{"read", m.Read}, {"write", m.Write}} {
		if p.Set {
			fmt.Fprintf(&b, " %s %d+%d %x %x/%x", p.name, p.Address, p.Quantity, p.Data, p.And, p.Or)
		}
	}
	if m.Sub != 0 || m.Data != nil {
		fmt.Fprintf(&b, " sub %d data %x", m.Sub, m.Data)
	}
	fmt.Fprintf(&b, " %s %s", m.Function.Access().AppendNames(nil), m.Errors.AppendNames(nil))
	return b.String()
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	h := &told{}
	return &Conversation{}, h, func() string { return strings.Join(h.lines, "\n") + "\n" }
}

// adu is a message of a transaction to unit 1.
func adu(transaction byte, pdu string) []byte {
	return append([]byte{0, transaction, 0, 0, 0, byte(len(pdu) + 1), 1}, pdu...)
}

func up(b []byte) wiretest.Chunk   { return wiretest.Chunk{Dir: wire.ToServer, Bytes: b} }
func down(b []byte) wiretest.Chunk { return wiretest.Chunk{Dir: wire.ToClient, Bytes: b} }

const identity = "\x2b\x0e\x01\x01\x00\x00\x03\x00\x04Acme\x01\x02P7\x02\x031.2"

// dialogue is each form of function once.
func dialogue() []wiretest.Chunk {
	return []wiretest.Chunk{
		up(adu(1, "\x03\x00\x10\x00\x02")), down(adu(1, "\x03\x04\x00\x01\x00\x02")),
		up(append(adu(2, "\x01\x00\x00\x00\x09"), adu(3, "\x05\x00\x07\xff\x00")...)), down(adu(3, "\x05\x00\x07\xff\x00")), down(adu(2, "\x01\x02\xff\x01")),
		up(adu(4, "\x10\x00\x20\x00\x02\x04\x00\x0a\x01\x02")), down(adu(4, "\x10\x00\x20\x00\x02")),
		up(adu(5, "\x16\x00\x04\x00\xf2\x00\x25")), down(adu(5, "\x16\x00\x04\x00\xf2\x00\x25")),
		up(adu(6, "\x17\x00\x03\x00\x01\x00\x0e\x00\x01\x02\x00\xff")), down(adu(6, "\x17\x02\x00\xfe")),
		up(adu(7, "\x06\x00\x01\x00\x03")), down(adu(7, "\x86\x02")),
		up(adu(8, "\x2b\x0e\x01\x00")), down(adu(8, identity)),
		up(adu(9, "\x08\x00\x01\xff\x00")), down(adu(9, "\x08\x00\x01\xff\x00")),
		up(adu(10, "\x11")), down(adu(10, "\x11\x05Pump\xff")),
		up(adu(11, "\x03\x00\x00\x00\x01")),
	}
}

func TestDialogue(t *testing.T) {
	want := []string{
		"1 unit 1 RdHoldRegs(3) PUBLIC_ASSIGNED read 16+2  0/0 READ | HOLDING NONE > 1 unit 1 RdHoldRegs(3) PUBLIC_ASSIGNED read 0+0 00010002 0/0 READ | HOLDING NONE mismatch false flooded false",
		"3 unit 1 WrSingleCoil(5) PUBLIC_ASSIGNED write 7+65280  0/0 WRITE | COILS | SINGLE | WRITE_SINGLE NONE > 3 unit 1 WrSingleCoil(5) PUBLIC_ASSIGNED write 7+65280  0/0 WRITE | COILS | SINGLE | WRITE_SINGLE NONE mismatch false flooded false",
		"2 unit 1 RdCoils(1) PUBLIC_ASSIGNED read 0+9  0/0 READ | COILS NONE > 2 unit 1 RdCoils(1) PUBLIC_ASSIGNED read 0+0 ff01 0/0 READ | COILS NONE mismatch false flooded false",
		"4 unit 1 WrMultRegs(16) PUBLIC_ASSIGNED write 32+2 000a0102 0/0 WRITE | HOLDING | MULTIPLE | WRITE_MULTIPLE NONE > 4 unit 1 WrMultRegs(16) PUBLIC_ASSIGNED write 32+2  0/0 WRITE | HOLDING | MULTIPLE | WRITE_MULTIPLE NONE mismatch false flooded false",
		"5 unit 1 MaskWrReg(22) PUBLIC_ASSIGNED write 4+0  f2/25 WRITE | HOLDING NONE > 5 unit 1 MaskWrReg(22) PUBLIC_ASSIGNED write 4+0  f2/25 WRITE | HOLDING NONE mismatch false flooded false",
		"6 unit 1 RdWrMultRegs(23) PUBLIC_ASSIGNED read 3+1  0/0 write 14+1 00ff 0/0 READ | WRITE | HOLDING | MULTIPLE | WRITE_MULTIPLE NONE > 6 unit 1 RdWrMultRegs(23) PUBLIC_ASSIGNED read 0+0 00fe 0/0 READ | WRITE | HOLDING | MULTIPLE | WRITE_MULTIPLE NONE mismatch false flooded false",
		"7 unit 1 WrSingleReg(6) PUBLIC_ASSIGNED write 1+3  0/0 WRITE | HOLDING | SINGLE | WRITE_SINGLE NONE > 7 unit 1 WrSingleReg(134) PUBLIC_ASSIGNED refused IllegalDataAddr WRITE | HOLDING | SINGLE | WRITE_SINGLE NONE mismatch false flooded false",
		"8 unit 1 MEI(43) PUBLIC_ASSIGNED sub 14 data 0100 NONE NONE > 8 unit 1 MEI(43) PUBLIC_ASSIGNED sub 14 data 01010000030004" + "41636d6501025037" + "0203312e32 NONE NONE mismatch false flooded false",
		"9 unit 1 Diagnostic(8) PUBLIC_ASSIGNED sub 1 data ff00 NONE NONE > 9 unit 1 Diagnostic(8) PUBLIC_ASSIGNED sub 1 data ff00 NONE NONE mismatch false flooded false",
		"10 unit 1 ReportServerID(17) PUBLIC_ASSIGNED sub 0 data  NONE NONE > 10 unit 1 ReportServerID(17) PUBLIC_ASSIGNED sub 0 data 0550756d70ff NONE NONE mismatch false flooded false",
		"11 unit 1 RdHoldRegs(3) PUBLIC_ASSIGNED read 0+1  0/0 READ | HOLDING NONE > nothing mismatch false flooded false",
	}
	wiretest.Lines(t, dialogue(), want, fresh, func(h Handler) []string { return h.(*told).lines })
}

func TestOddMessages(t *testing.T) {
	wiretest.Odds(t, []wiretest.Odd{
		{"a reply to nothing", []wiretest.Chunk{down(adu(1, "\x03\x02\x00\x01"))}, "nothing > 1 unit 1 RdHoldRegs", nil},
		{"a reply of another size than asked for", []wiretest.Chunk{up(adu(1, "\x03\x00\x00\x00\x02")), down(adu(1, "\x03\x02\x00\x01"))}, "mismatch true", nil},
		{"a coil that is neither on nor off", []wiretest.Chunk{up(adu(1, "\x05\x00\x00\x12\x34"))}, "DATA_VALUE", nil},
		{"nothing to read", []wiretest.Chunk{up(adu(1, "\x03\x00\x00\x00\x00"))}, "DATA_VALUE", nil},
		{"bytes behind the data", []wiretest.Chunk{up(adu(1, "\x03\x00\x00\x00\x01\x99"))}, "DATA_LENGTH", nil},
		{"a request that ends early", []wiretest.Chunk{up(adu(1, "\x10\x00\x00"))}, "DATA_LENGTH", nil},
		{"function 0", []wiretest.Chunk{up(adu(1, "\x00"))}, "Unknown(0) NONE", nil},
		{"a function of the user", []wiretest.Chunk{up(adu(1, "\x41\x01"))}, "Unknown(65) USER_DEFINED sub 0 data 01", nil},
		{"an exception that the function cannot have", []wiretest.Chunk{up(adu(1, "\x08\x00\x00\x00\x00")), down(adu(1, "\x88\x03"))}, "EXC_CODE", nil},
		{"another protocol in the header", []wiretest.Chunk{up([]byte{0, 1, 0, 1, 0, 2, 1, 3})}, "", ErrProtocol},
		{"a length that is too long", []wiretest.Chunk{up([]byte{0, 1, 0, 0, 1, 2, 1, 3})}, "", ErrLength},
		{"a gap ends where a message begins", []wiretest.Chunk{up(adu(1, "\x03\x00\x00\x00\x01")), {Lost: 5, Bytes: []byte{1, 2, 3}}, up(adu(2, "\x06\x00\x01\x00\x03"))}, "WrSingleReg", nil},
	}, fresh)
}

func TestFloodIsBounded(t *testing.T) {
	var c Conversation
	h := &told{}
	for i := range 300 {
		if _, _, err := c.Decode(wire.ToServer, adu(byte(i), "\x03\x00\x00\x00\x01"), h); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.open) != maxOpen || len(h.lines) != 300-maxOpen || !strings.Contains(h.lines[0], "flooded true") {
		t.Errorf("got %d open, %d told, first %s", len(c.open), len(h.lines), h.lines[0])
	}
}

func TestIdentity(t *testing.T) {
	var m Message
	if err := Parse(adu(1, identity), true, &m); err != nil {
		t.Fatal(err)
	}
	if id, ok := m.Identity(); !ok || string(id.Vendor) != "Acme" || string(id.ProductCode) != "P7" || string(id.Revision) != "1.2" {
		t.Errorf("got %v %q", ok, id)
	}
	if _, ok := (&Message{Reply: true, Function: Encapsulated, Sub: DeviceIdentification, Data: []byte{1, 1, 0, 0, 9, 0, 200}}).Identity(); ok {
		t.Error("an object that is cut is taken for one")
	}
}

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		does string
		p    []byte
		want wire.Match
		dir  wire.Dir
	}{
		{"a request", adu(1, "\x10\x00\x20\x00\x01\x02\x00\x0a"), wire.Yes, wire.ToServer},
		{"a reply", adu(1, "\x03\x04\x00\x01\x00\x02"), wire.Yes, wire.ToClient},
		{"a refusal", adu(1, "\x83\x02"), wire.Yes, wire.ToClient},
		{"what could be either", adu(1, "\x05\x00\x07\xff\x00"), wire.Yes, wire.Either},
		{"a beginning", adu(1, "\x03\x00\x10\x00\x02")[:7], wire.Unsure, wire.Either},
		{"a quantity nobody may ask for", adu(1, "\x03\x00\x10\x01\x00"), wire.No, wire.Either},
		{"a function that nobody assigned", adu(1, "\x63\x00"), wire.No, wire.Either},
		{"bytes behind the message", append(adu(1, "\x03\x00\x10\x00\x02"), 1, 2, 3), wire.No, wire.Either},
		{"a DICOM association that is refused", []byte{3, 0, 0, 0, 0, 4, 0, 1, 1, 7}, wire.No, wire.Either},
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

func BenchmarkTransaction(b *testing.B) {
	chunks := dialogue()[:2]
	var c Conversation
	h := &silent{}
	b.SetBytes(int64(len(chunks[0].Bytes) + len(chunks[1].Bytes)))
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range chunks {
			_, _, _ = c.Decode(p.Dir, p.Bytes, h)
		}
	}
}

func FuzzConversation(f *testing.F) {
	wiretest.FuzzSides(f, dialogue(), func(up, down []byte) {
		Probe(up)
		var m Message
		if Parse(down, true, &m) == nil {
			m.Identity()
			m.ServerID()
		}
	}, fresh)
}

// TestCaptures reads every stream that the probe takes for Modbus, and expects it on the port of Modbus alone.
func TestCaptures(t *testing.T) {
	corpus.Claims(t, corpus.Claim{Name: "modbus", Percent: 90, Ports: []uint16{502, 40000}}, Probe, fresh)
}
