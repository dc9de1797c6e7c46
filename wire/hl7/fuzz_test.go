package hl7

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

func seeds() [][]byte {
	ack := "MSH|^~\\&|B|F|A|F|20261102||ACK^A01|2|P|2.5\rMSA|AE|1\rERR|||207|E\r"
	adt := "MSH|^~\\&|A|F^0003B1FFFEB5B648^EUI-64|B|F|20261102||ADT^A01^ADT_A01|1|P|2.5|||AL|NE||8859/1\r" +
		"PID|1|2|3^^^H&1.2&ISO^MR~4||A\\T\\B^C\rPV1||I|W^1^2^F\rOBX|1||||||||||||||||||e^n^u^t\rPRT||||||||||d|\r"
	siu := "MSH|^~\\&|A|F|B|F|202611021126||SIU^S12|1|P|2.5\rSCH|P|F||||||||min|^^30^202611101000^\rPID|||3\rAIL|1||W^R|||2026|||5|h\rAIP|1||D1~D2\r"
	return [][]byte{
		[]byte(siu), []byte(adt), []byte(ack), []byte("\x0b" + adt + "\x1c\r\x0b" + ack + "\x1c\r"), []byte("BHS|^~\\&|\r" + adt + adt + "BTS|1\r"),
		[]byte("MSH|^~\\&|A\n\rPID|||1\n"), []byte("\x0bMSH|||||\x0bMSH|\x1c\x1c\r"), []byte("MSH\xff\xfe\x00\x01\x02|\\X\\\\F\\"),
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	var m Message
	f.Fuzz(func(t *testing.T, message []byte) {
		if Parse(message, &m) == nil && (m.Segments == 0 || m.Bytes == 0 || len(m.arena) > maxArena || m.Care.Lasts < 0) {
			t.Errorf("segments %d, bytes %d, arena %d", m.Segments, m.Bytes, len(m.arena))
		}
	})
}

func FuzzConversation(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s, append([]byte{startBlock}, s...), uint16(0))
	}
	f.Fuzz(func(t *testing.T, up, down []byte, lost uint16) {
		wiretest.Splits(t, []wiretest.Chunk{
			{Dir: wire.ToServer, Bytes: up}, {Dir: wire.ToClient, Bytes: down},
			{Dir: wire.ToServer, Lost: int(lost), Bytes: down}, {Dir: wire.ToClient, Bytes: up},
		}, fresh)
	})
}

type ignore struct{}

func (ignore) Exchange(*Exchange) {}

// equipment is OBX-15 to OBX-18.
const equipment = "||||cobas^^urn:oid:1.2.3"

// result is a laboratory result of n observations in its frame, and its acknowledgment.
func result(n int, equipment string) (message, ack []byte) {
	var b bytes.Buffer
	b.WriteString("\x0bMSH|^~\\&|LAB|HOSP|EHR|HOSP|20261102080002||ORU^R01|MSG000002|P|2.4\r")
	b.WriteString("PID|||584765^^^HOSP^MR||DURAND^PAUL||19550203|M\rOBR|1|845439^EHR|1045813^LAB|15545^GLUCOSE\r")
	for i := range n {
		fmt.Fprintf(&b, "OBX|%d|NM|1554-0^ANALYTE %d^POST||192|mg/dl|70_105|H|||F|||20261102080002%s\r", i, i, equipment)
	}
	b.WriteString("\x1c\r")
	return b.Bytes(), []byte("\x0bMSH|^~\\&|EHR|HOSP|LAB|HOSP|20261102080000||ACK|1|P|2.5\rMSA|AA|MSG000002\r\x1c\r")
}

// BenchmarkHL7 decodes a result of 40 observations and its acknowledgment, with and without the equipment's name.
func BenchmarkHL7(b *testing.B) {
	for name, equipment := range map[string]string{"plain": "", "equipment": equipment} {
		b.Run(name, func(b *testing.B) {
			message, ack := result(40, equipment)
			var c Conversation
			b.SetBytes(int64(len(message) + len(ack)))
			b.ReportAllocs()
			for b.Loop() {
				c.Decode(wire.ToServer, message, ignore{})
				c.Decode(wire.ToClient, ack, ignore{})
			}
		})
	}
}

// BenchmarkHL7Document decodes a message that carries a document of 1 MiB.
func BenchmarkHL7Document(b *testing.B) {
	message, _ := result(1, "")
	message = append(message[:len(message)-2], "OBX|2|ED|PDF||^^^Base64^"+strings.Repeat("QUJD", 1<<18)+"\r\x1c\r"...)
	var c Conversation
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	for b.Loop() {
		for p := message; len(p) > 0; {
			n := min(len(p), wire.MaxPending)
			done, _, _ := c.Decode(wire.ToServer, p[:n], ignore{})
			p = p[done:]
		}
	}
}

func TestDecodingDoesNotAllocate(t *testing.T) {
	message, ack := result(40, equipment)
	var c Conversation
	var h Handler = ignore{}
	got := testing.AllocsPerRun(100, func() {
		c.Decode(wire.ToServer, message, h)
		c.Decode(wire.ToClient, ack, h)
	})
	if got != 0 {
		t.Errorf("an exchange costs %v allocations, want 0", got)
	}
}
