package dns

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// told collects what a conversation reports.
type told struct{ lines []string }

func (h *told) Message(dir wire.Dir, m *Message, err error) {
	line := fmt.Sprintf("%v %d %v", dir, m.ID, err)
	for _, q := range m.Questions {
		line += fmt.Sprintf(" %s %v?", q.Name, q.Type)
	}
	for i := range m.Answers {
		line += fmt.Sprintf(" %s %s", m.Answers[i].Name, describe(&m.Answers[i]))
	}
	h.lines = append(h.lines, line)
}

func framed(msgs ...[]byte) []byte {
	var b []byte
	for _, m := range msgs {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(m))), m...)
	}
	return b
}

func chunks(t testing.TB) []wiretest.Chunk {
	query, answer := exchange(t)
	return []wiretest.Chunk{
		{Dir: wire.ToServer, Bytes: framed(query, query)},
		{Dir: wire.ToClient, Bytes: framed(answer)},
		{Dir: wire.ToClient, Bytes: framed(answer, make([]byte, 65535), query)},
	}
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	h := &told{}
	return &Conversation{}, h, func() string { return strings.Join(h.lines, "\n") }
}

func TestStreamReadsTheSameHoweverItIsCut(t *testing.T) {
	wiretest.Splits(t, chunks(t), fresh)
}

func TestGap(t *testing.T) {
	_, answer := exchange(t)
	all := framed(answer, answer, answer)
	unit := len(answer) + prefixLen
	for _, c := range []struct {
		does     string
		from, to int // the bytes that are lost
		want     int // messages read
	}{
		{"a gap within a message costs that message", unit + 10, unit + 20, 2},
		{"a gap to the end of a message costs that message", unit + 10, 2 * unit, 2},
		{"a gap over a border costs both", 10, unit + 10, 1},
		{"a gap over the first message costs it alone", 0, unit, 2},
		{"two gaps within a message cost that message", -20, -10, 2},
	} {
		t.Run(c.does, func(t *testing.T) {
			next := max(c.to, 2*unit)
			parts := []wiretest.Chunk{
				{Bytes: all[:max(c.from, 0)]},
				{Lost: c.to - c.from, Bytes: all[max(c.to, 0):next]},
				{Bytes: all[next:]},
			}
			if c.from < 0 {
				parts = []wiretest.Chunk{{Bytes: all[:5]}, {Lost: 10, Bytes: all[15:20]}, {Lost: 5, Bytes: all[25:]}}
			}
			h := &told{}
			f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: h}
			if err := f.Play(parts); err != nil || len(h.lines) != c.want {
				t.Errorf("messages: got %d, %v, want %d: %q", len(h.lines), err, c.want, h.lines)
			}
		})
	}
}

func TestProbe(t *testing.T) {
	query, answer := exchange(t)
	for _, c := range []struct {
		does  string
		p     []byte
		match wire.Match
		dir   wire.Dir
	}{
		{"a query is from the client", framed(query), wire.Yes, wire.ToServer},
		{"an answer is from the server", framed(answer), wire.Yes, wire.ToClient},
		{"two queries in one segment", framed(query, query), wire.Yes, wire.ToServer},
		{"a header alone may become one", framed(query)[:14], wire.Unsure, wire.ToServer},
		{"a header and half a name may become one", framed(query)[:20], wire.Unsure, wire.ToServer},
		{"a header and a question are enough", framed(query)[:2+headerLen+38], wire.Yes, wire.ToServer},
		{"HTTP is none", []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), wire.No, wire.ToServer},
		{"TLS is none", append([]byte{0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3}, bytes.Repeat([]byte{7}, 60)...), wire.No, wire.ToServer},
		{"FINS over TCP is none", []byte("FINS\x00\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), wire.No, wire.ToServer},
		{"HiSLIP is none", []byte("HS\x00\x00\x01\x00RS\x00\x00\x00\x00\x00\x00\x00\x07hislip0"), wire.No, wire.ToServer},
		{"HiSLIP with little in it is none", append([]byte("HS\x11\x00\x00\x00\x00\x01"), make([]byte, 12)...), wire.No, wire.ToServer},
		{"several questions in one message are none", append([]byte{1, 0, 0, 1, 1, 0, 0, 2}, make([]byte, 60)...), wire.No, wire.ToServer},
		{"zeroes are none", make([]byte, 100), wire.No, wire.ToServer},
	} {
		t.Run(c.does, func(t *testing.T) {
			m, d := Probe(c.p)
			if m != c.match || (m != wire.No && d != c.dir) {
				t.Errorf("got %v %v, want %v %v", m, d, c.match, c.dir)
			}
		})
	}
}

func TestConversationAllocatesNothing(t *testing.T) {
	query, answer := exchange(t)
	q, a := framed(query), framed(answer)
	var c Conversation
	h := counter{}
	if n := testing.AllocsPerRun(1000, func() {
		c.Reset()
		_, _, _ = c.Decode(wire.ToServer, q, &h)
		_, _, _ = c.Decode(wire.ToClient, a, &h)
	}); n != 0 || h.n == 0 {
		t.Errorf("got %v allocations, %d messages; want 0 and some", n, h.n)
	}
}

type counter struct{ n int }

func (h *counter) Message(wire.Dir, *Message, error) { h.n++ }

func FuzzConversation(f *testing.F) {
	query, answer := exchange(f)
	f.Add(framed(query, query), framed(answer), uint16(40), uint16(5))
	f.Fuzz(func(t *testing.T, up, down []byte, at, lost uint16) {
		wiretest.Splits(t, []wiretest.Chunk{{Dir: wire.ToServer, Bytes: up}, {Dir: wire.ToClient, Bytes: down}}, fresh)
		from := min(int(at), len(up))
		to := min(from+int(lost), len(up))
		c, h, _ := fresh()
		feed := wiretest.Feed[Handler]{T: t, Conversation: c, Handler: h}
		_ = feed.Play([]wiretest.Chunk{{Bytes: up[:from]}, {Lost: to - from, Bytes: up[to:]}})
	})
}
