package s7

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/internal/corpus"
	"bulwark/wire/tpkt"
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
	fmt.Fprintf(&b, "%s plus %v kind %d error %04x", m.Name(), m.Plus, m.Kind, m.ErrorCode)
	for i := range m.Items {
		fmt.Fprintf(&b, " %s", m.Items[i].AppendAddress(nil))
	}
	if m.Block != nil || m.Service != nil {
		fmt.Fprintf(&b, " block %q service %q", m.Block, m.Service)
	}
	if m.List != 0 {
		fmt.Fprintf(&b, " list %04x/%04x record 1 %q 7 %q", m.List, m.Index, m.Record(1), m.Record(7))
	}
	if m.Order != nil {
		fmt.Fprintf(&b, " order %q release %q", m.Order, m.Release)
	}
	return b.String()
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	h := &told{}
	return &Conversation{}, h, func() string { return strings.Join(h.lines, "\n") + "\n" }
}

func bytesOf(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// packet carries data.
func packet(data []byte) []byte {
	n := len(data) + 7
	return append([]byte{3, 0, byte(n >> 8), byte(n), 2, 0xf0, 0x80}, data...)
}

// message is a message of S7comm in a packet; errors is empty but for an acknowledgement.
func message(kind Kind, reference byte, errors, parameters, data string) []byte {
	e, p, d := bytesOf(errors), bytesOf(parameters), bytesOf(data)
	b := []byte{protocolS7, byte(kind), 0, 0, 0, reference, byte(len(p) >> 8), byte(len(p)), byte(len(d) >> 8), byte(len(d))}
	return packet(append(append(append(b, e...), p...), d...))
}

// plus is a message of S7comm-plus in a packet.
func plus(body []byte) []byte {
	b := append([]byte{protocolPlus, 1, byte(len(body) >> 8), byte(len(body))}, body...)
	return packet(append(b, protocolPlus, 1, 0, 0))
}

const (
	connect = "03000016 11 e0 0000 0001 00 c0010a c1020100 c2020102"
	confirm = "03000016 11 d0 0001 0002 00 c0010a c1020100 c2020102"
)

func hexText(s string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = ' '
	}
	copy(b, s)
	return hex.EncodeToString(b)
}

func up(b []byte) wiretest.Chunk   { return wiretest.Chunk{Dir: wire.ToServer, Bytes: b} }
func down(b []byte) wiretest.Chunk { return wiretest.Chunk{Dir: wire.ToClient, Bytes: b} }

func dialogue() []wiretest.Chunk {
	modules := "ff09 0044 0011 0000 001c 0002 0001" + hexText("6ES7 315-2EH14-0AB0", 20) + "00c0 0004 0001" + "0007" + hexText("", 20) + "00c0 5603 0206"
	return []wiretest.Chunk{
		up(bytesOf(connect)), down(bytesOf(confirm)),
		up(message(Job, 1, "", "f000 0001 0001 01e0", "")), down(message(AckData, 1, "0000", "f000 0001 0001 00f0", "")),
		up(message(Job, 2, "", "0402 120a10 02 0004 0001 84 000020 120a10 01 0001 0000 83 000053", "")), down(message(AckData, 2, "0000", "0402", "ff040020 01020304 ff03000101")),
		up(message(Job, 3, "", "0501 120a10 02 0001 0000 82 000000", "0004 0008 55")), down(message(AckData, 3, "8104", "0501", "")),
		up(message(UserData, 4, "", "000112 04 11 44 01 00", "ff09 0004 0011 0000")), down(message(UserData, 4, "", "000112 08 12 84 01 01 0000 0000", modules)),
		up(message(Job, 5, "", "28 00000000 0000 fd 0000 09 505f50524f4752414d", "")), down(message(Ack, 5, "0000", "", "")),
		up(message(Job, 6, "", "29 0000000000 09 505f50524f4752414d", "")), down(message(AckData, 6, "0000", "29", "")),
		up(message(Job, 7, "", "1a 00 0000 00000000 09 5f30413030303031 50 0d 31303030303134343030303036", "")), down(message(AckData, 7, "0000", "1a", "")),
		up(message(Job, 8, "", "28 00000000 0000 fd 000a 01 00 3041 3030303031 50 05 5f494e5345", "")),
		down(plus([]byte("\x32\x00\x00\x04\xca\x00\x00\x00\x01stuff\x15\x1a1;6ES7 212-1BE40-0XB0 ;V4.1\x00more"))),
	}
}

func TestDialogue(t *testing.T) {
	want := []string{
		`setup_communication plus false kind 1 error 0000 > setup_communication plus false kind 3 error 0000`,
		`read_variable plus false kind 1 error 0000 DB1.4 x4 M10.3 > read_variable plus false kind 3 error 0000`,
		`write_variable plus false kind 1 error 0000 Q0 > write_variable plus false kind 3 error 8104`,
		`read_system_list plus false kind 7 error 0000 list 0011/0000 record 1 "" 7 "" > read_system_list plus false kind 7 error 0000 list 0011/0000 record 1 "6ES7 315-2EH14-0AB0 \x00\xc0\x00\x04\x00\x01" 7 "                    \x00\xc0V\x03\x02\x06"`,
		`plc_start plus false kind 1 error 0000 block "" service "P_PROGRAM" >  plus false kind 2 error 0000`,
		`plc_stop plus false kind 1 error 0000 block "" service "P_PROGRAM" > plc_stop plus false kind 3 error 0000`,
		`request_download plus false kind 1 error 0000 block "_0A00001P" service "" > request_download plus false kind 3 error 0000`,
		`nothing > create_object plus true kind 0 error 0000 order "6ES7 212-1BE40-0XB0" release "V4.1"`,
		`plc_control plus false kind 1 error 0000 block "\x01\x000A00001P" service "_INSE" > nothing`,
	}
	c := wiretest.Lines(t, dialogue(), want, fresh, func(h Handler) []string { return h.(*told).lines })
	if got := c.(*Conversation).Called(); string(got) != "\x01\x02" {
		t.Errorf("called: got %x, want 0102", got)
	}
}

func TestOddMessages(t *testing.T) {
	cut := packet(bytesOf("32010000 0001 0008 0000 f000"))
	wiretest.Odds(t, []wiretest.Odd{
		{"parameters beyond the packet", []wiretest.Chunk{up(cut)}, "\n", nil},
		{"items that are cut", []wiretest.Chunk{up(message(Job, 1, "", "0405 120a10 02", ""))}, "read_variable", nil},
		{"an answer to nothing", []wiretest.Chunk{down(message(AckData, 9, "0000", "04", ""))}, "nothing > read_variable", nil},
		{"a packet of another version", []wiretest.Chunk{up([]byte{4, 0, 0, 7, 2, 0xf0, 0x80})}, "\n", tpkt.ErrVersion},
		{"a message in two units", []wiretest.Chunk{up(bytesOf("03000011 02 f0 00 32010000 0001 0008 0000")), up(bytesOf("0300000f 02 f0 80 f000000100010 1e0")), up(message(Job, 2, "", "04 00", ""))}, "read_variable", nil},
		{"a gap ends where a packet begins", []wiretest.Chunk{up(message(Job, 1, "", "0400", "")), {Lost: 9, Bytes: []byte("rest")}, up(message(Job, 2, "", "29 0000000000 00", ""))}, "plc_stop", nil},
	}, fresh)
}

func TestProbe(t *testing.T) {
	setup := message(Job, 1, "", "f000 0001 0001 01e0", "")
	for _, c := range []struct {
		does string
		p    []byte
		want wire.Match
		dir  wire.Dir
	}{
		{"a connection and a message", append(bytesOf(connect), setup...), wire.Yes, wire.ToServer},
		{"a message alone", setup, wire.Yes, wire.ToServer},
		{"an answer", message(AckData, 1, "0000", "f000 0001 0001 00f0", ""), wire.Yes, wire.ToClient},
		{"a connection alone", bytesOf(connect), wire.Unsure, wire.ToServer},
		{"a message of the newer kind", plus([]byte("\x31\x00\x00\x04\xca\x00\x00\x00\x01")), wire.Yes, wire.ToServer},
		{"the connection of Remote Desktop", bytesOf("03000013 0e e0 0000 0000 00 0100080003000000"), wire.No, wire.Either},
		{"another protocol in the same layers", append(bytesOf(connect), bytesOf("0300000b 02 f0 80 0d 02 05 06")...), wire.No, wire.Either},
		{"bytes that a message does not count", packet(bytesOf("32010000 0001 0002 0000 f000 ffff")), wire.No, wire.Either},
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
		var m Message
		if Parse(down, &m) == nil {
			describe(&m)
		}
	}, fresh)
}

// TestCaptures reads every stream that the probe takes for S7, and expects it on its port alone.
func TestCaptures(t *testing.T) {
	corpus.Claims(t, corpus.Claim{Name: "s7", Percent: 100, Ports: []uint16{102}}, Probe, fresh)
}
