package http2

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"

	"bulwark/wire"
	"bulwark/wire/http"
	"bulwark/wire/wiretest"
)

// told collects what a conversation reports.
type told struct {
	lines []string
	body  map[int]string // by transaction, of the response
}

func (h *told) add(format string, a ...any)                { h.lines = append(h.lines, fmt.Sprintf(format, a...)) }
func (h *told) Head(wire.Dir, *http.Transaction) http.Want { return http.First | http.Pieces }
func (h *told) Odd(dir wire.Dir, o Oddity)                 { h.add("odd %d", o) }
func (h *told) Body(dir wire.Dir, t *http.Transaction, p []byte) {
	if h.body == nil {
		h.body = map[int]string{}
	}
	h.body[t.Number] += string(p)
}

func (h *told) Control(dir wire.Dir, c *Control) {
	line := fmt.Sprint(dir)
	if c.Kind == GoAway {
		line += " goaway " + c.Error.String()
	}
	for id, v := range c.Settings {
		line += fmt.Sprintf(" %v=%d", id, v)
	}
	h.lines = append(h.lines, line)
}

func (h *told) End(t *http.Transaction) {
	q, r := &t.Request, &t.Response
	line := fmt.Sprintf("%d: %s %s%s", t.Stream.ID, q.Method, q.Authority(), q.Target)
	if r.Seen {
		line += fmt.Sprintf(" -> %d %s", r.Status, r.Get(http.ContentType))
	}
	if body := h.body[t.Number]; body != "" {
		line += fmt.Sprintf(" %q", body)
	}
	if v := r.Find("grpc-status"); v != nil {
		line += " status " + string(v)
	}
	for dir, n := range t.Stream.Weight {
		if n > 0 {
			line += fmt.Sprintf(" weight %v %d", wire.Dir(dir), n-1)
		}
	}
	for dir, n := range t.Stream.Error {
		if n > 0 {
			line += fmt.Sprintf(" reset %v %v", wire.Dir(dir), ErrorCode(n-1))
		}
	}
	if !q.Complete || !r.Complete {
		line += " cut"
	}
	if r.Lost > 0 {
		line += fmt.Sprintf(" lost %d", r.Lost)
	}
	h.lines = append(h.lines, line)
}

// writer builds the frames of one side.
type writer struct {
	block bytes.Buffer
	enc   *hpack.Encoder
}

func newWriter() *writer {
	w := &writer{}
	w.enc = hpack.NewEncoder(&w.block)
	return w
}

func rawFrame(kind FrameType, flags byte, id uint32, p []byte) []byte {
	b := []byte{byte(len(p) >> 16), byte(len(p) >> 8), byte(len(p)), byte(kind), flags}
	return append(binary.BigEndian.AppendUint32(b, id), p...)
}

func (w *writer) fields(pairs ...string) []byte {
	w.block.Reset()
	for i := 0; i < len(pairs); i += 2 {
		_ = w.enc.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return bytes.Clone(w.block.Bytes())
}

func (w *writer) headers(flags byte, id uint32, pairs ...string) []byte {
	return rawFrame(Headers, flags|flagEndHeaders, id, w.fields(pairs...))
}

func (w *writer) get(id uint32, path string) []byte {
	return w.headers(flagEndStream, id, ":method", "GET", ":scheme", "http", ":authority", "ehr.example", ":path", path, "user-agent", "ward/1")
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	h := &told{}
	c := &Conversation{Pool: &http.Pool{}}
	c.Reset()
	return c, h, func() string { return strings.Join(h.lines, "|") }
}

func TestConversation(t *testing.T) {
	settings := rawFrame(Settings, 0, 0, []byte{0, 1, 0, 0, 16, 0, 0, 4, 0, 1, 0, 0})
	start := append([]byte(preface), rawFrame(Settings, 0, 0, nil)...)
	type chunks = []wiretest.Chunk
	up := func(b ...[]byte) wiretest.Chunk {
		return wiretest.Chunk{Dir: wire.ToServer, Bytes: append(bytes.Clone(start), bytes.Join(b, nil)...)}
	}
	down := func(b ...[]byte) wiretest.Chunk { return wiretest.Chunk{Dir: wire.ToClient, Bytes: bytes.Join(b, nil)} }
	for _, c := range []struct {
		does string
		play func(q, r *writer) chunks
		want string
	}{
		{"a request with its response", func(q, r *writer) chunks {
			return chunks{up(q.get(1, "/a")), down(settings, r.headers(0, 1, ":status", "200", "content-type", "text/plain"), rawFrame(Data, flagEndStream, 1, []byte("hello")))}
		}, `to_client HEADER_TABLE_SIZE=4096 INITIAL_WINDOW_SIZE=65536|1: GET ehr.example/a -> 200 text/plain "hello"`},
		{"two that take turns", func(q, r *writer) chunks {
			return chunks{up(q.get(1, "/a"), q.get(3, "/b")), down(r.headers(0, 3, ":status", "200"), r.headers(0, 1, ":status", "404"),
				rawFrame(Data, 0, 1, []byte("a")), rawFrame(Data, 0, 3, []byte("b")), rawFrame(Data, flagEndStream, 1, []byte("A")), rawFrame(Data, flagEndStream, 3, nil))}
		}, `1: GET ehr.example/a -> 404  "aA"|3: GET ehr.example/b -> 200  "b"`},
		{"padding", func(q, r *writer) chunks {
			block := q.fields(":method", "GET", ":authority", "x", ":path", "/")
			return chunks{up(rawFrame(Headers, flagEndStream|flagEndHeaders|flagPadded|flagPriority, 1, append(append([]byte{2, 0, 0, 0, 0, 99}, block...), 0, 0))),
				down(r.headers(0, 1, ":status", "200"), rawFrame(Data, flagEndStream|flagPadded, 1, []byte("\x03hi\x00\x00\x00")))}
		}, `1: GET x/ -> 200  "hi" weight to_server 99`},
		{"fields that go on", func(q, r *writer) chunks {
			block := q.fields(":method", "GET", ":authority", "ehr.example", ":path", "/long/path")
			return chunks{up(rawFrame(Headers, flagEndStream, 1, block[:5]), rawFrame(Continuation, 0, 1, block[5:9]), rawFrame(Continuation, flagEndHeaders, 1, block[9:])),
				down(r.headers(flagEndStream, 1, ":status", "204"))}
		}, `1: GET ehr.example/long/path -> 204 `},
		{"trailers of gRPC", func(q, r *writer) chunks {
			return chunks{up(q.headers(0, 1, ":method", "POST", ":authority", "x", ":path", "/lab.Orders/Place"), rawFrame(Data, flagEndStream, 1, nil)),
				down(r.headers(0, 1, ":status", "200", "content-type", "application/grpc"), rawFrame(Data, 0, 1, []byte("m")), r.headers(flagEndStream, 1, "grpc-status", "5"))}
		}, `1: POST x/lab.Orders/Place -> 200 application/grpc "m" status 5`},
		{"an interim response", func(q, r *writer) chunks {
			return chunks{up(q.get(1, "/a")), down(r.headers(0, 1, ":status", "103"), r.headers(flagEndStream, 1, ":status", "200"))}
		}, `1: GET ehr.example/a -> 200 `},
		{"a reset", func(q, r *writer) chunks {
			return chunks{up(q.get(1, "/a")), down(rawFrame(ResetStream, 0, 1, []byte{0, 0, 0, 7}))}
		}, `1: GET ehr.example/a reset to_client REFUSED_STREAM cut`},
		{"the end of the connection", func(q, r *writer) chunks {
			return chunks{up(q.get(1, "/a")), down(rawFrame(GoAway, 0, 0, []byte{0, 0, 0, 1, 0, 0, 0, 11}))}
		}, `to_client goaway ENHANCE_YOUR_CALM|1: GET ehr.example/a cut`},
		{"a response that the server foresees", func(q, r *writer) chunks {
			block := r.fields(":method", "GET", ":authority", "ehr.example", ":path", "/style.css")
			return chunks{up(q.get(1, "/a")), down(rawFrame(PushPromise, flagEndHeaders, 1, append([]byte{0, 0, 0, 2}, block...)),
				r.headers(flagEndStream, 1, ":status", "200"), r.headers(0, 2, ":status", "200"), rawFrame(Data, flagEndStream, 2, []byte("css")))}
		}, `1: GET ehr.example/a -> 200 |2: GET ehr.example/style.css -> 200  "css"`},
		{"a side that was not seen", func(q, r *writer) chunks {
			return chunks{down(settings, r.headers(0, 1, ":status", "200"), rawFrame(Data, flagEndStream, 1, []byte("x")))}
		}, `to_client HEADER_TABLE_SIZE=4096 INITIAL_WINDOW_SIZE=65536|1:   -> 200  "x" cut`},
		{"a user in the authority, and another host", func(q, r *writer) chunks {
			return chunks{up(q.headers(flagEndStream, 1, ":method", "GET", ":authority", "a:b@x", ":path", "/", "host", "y"))}
		}, `odd 12|odd 11|1: GET x/ cut`},
		{"an index into nothing", func(q, r *writer) chunks { return chunks{up(rawFrame(Headers, flagEndHeaders, 1, []byte{0xff, 0x00}))} }, `odd 4|1:   cut`},
		{"a number too large", func(q, r *writer) chunks {
			return chunks{up(rawFrame(Headers, flagEndHeaders, 1, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}))}
		}, `odd 5|1:   cut`},
		{"data of no stream", func(q, r *writer) chunks { return chunks{up(rawFrame(Data, 0, 0, []byte("x")))} }, `odd 8`},
		{"a frame that nobody knows", func(q, r *writer) chunks {
			return chunks{up(rawFrame(99, 0, 0, []byte("x")), q.get(1, "/a"))}
		}, `1: GET ehr.example/a cut`},
		{"fields interrupted", func(q, r *writer) chunks {
			return chunks{up(rawFrame(Headers, 0, 1, []byte{0x82}), rawFrame(Ping, 0, 0, make([]byte, 8)))}
		}, `odd 1`},
		{"a stream that is over", func(q, r *writer) chunks {
			return chunks{up(q.get(1, "/a")), down(r.headers(flagEndStream, 1, ":status", "200")), {Dir: wire.ToServer, Bytes: q.get(1, "/b")}}
		}, `1: GET ehr.example/a -> 200 |odd 9`},
		{"a gap in a body", func(q, r *writer) chunks {
			body := rawFrame(Data, flagEndStream, 1, []byte("0123456789"))
			return chunks{up(q.get(1, "/a")), down(r.headers(0, 1, ":status", "200"), body[:12]), {Dir: wire.ToClient, Lost: 5, Bytes: body[17:]}}
		}, `1: GET ehr.example/a -> 200  "01289" lost 5`},
		{"a gap over frames", func(q, r *writer) chunks {
			first, second := r.headers(0, 1, ":status", "200", "x-a", "1"), r.headers(flagEndStream, 3, ":status", "200", "x-a", "1")
			return chunks{up(q.get(1, "/a"), q.get(3, "/b")), down(first[:7]), {Dir: wire.ToClient, Lost: len(first) - 7, Bytes: append(second, rawFrame(Ping, 0, 0, make([]byte, 8))...)}}
		}, `3: GET ehr.example/b -> 200 |1: GET ehr.example/a cut`},
	} {
		t.Run(c.does, func(t *testing.T) {
			conv, h, told := fresh()
			f := wiretest.Feed[Handler]{T: t, Conversation: conv, Handler: h, Scribble: true}
			if err := f.Play(c.play(newWriter(), newWriter())); err != nil {
				t.Fatal(err)
			}
			if got := told(); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
			wiretest.Splits(t, c.play(newWriter(), newWriter()), fresh)
		})
	}
}

// TestHPACK packs fields with another implementation, over tables that grow, shrink and overflow.
func TestHPACK(t *testing.T) {
	w := newWriter()
	var table table
	table.reset()
	table.allow(1 << 20)
	w.enc.SetMaxDynamicTableSizeLimit(maxTable)
	for i := range 400 {
		if i%50 == 10 {
			w.enc.SetMaxDynamicTableSize([]uint32{0, 64, 4096, 1 << 16, 200}[i/50%5])
		}
		pairs := []string{":path", fmt.Sprint("/", i%7), fmt.Sprint("x-", i%13), strings.Repeat("v", i%90), "cookie", fmt.Sprintf("\x00\xff%d", i), "accept", "*/*", "", ""}
		var h http.Head
		block := w.fields(pairs...)
		if o := table.decode(block, (*headSink)(&h)); o != 0 {
			t.Fatalf("block %d: odd %d", i, o)
		}
		var got []string
		for name, value := range h.Fields() {
			got = append(got, string(name), string(value))
		}
		if strings.Join(got, "|") != strings.Join(pairs, "|") {
			t.Fatalf("block %d:\n got %q\nwant %q", i, got, pairs)
		}
		if table.size > table.limit || len(table.bytes) > 4*maxTable {
			t.Fatalf("block %d: %d bytes in a table of %d, %d held", i, table.size, table.limit, len(table.bytes))
		}
	}
}

type headSink http.Head

func (h *headSink) field(name, value []byte) { (*http.Head)(h).AddField(name, value) }
func (h *headSink) resized(int)              {}

// TestStatic holds the table of both sides against another implementation.
func TestStatic(t *testing.T) {
	for i := range static {
		var want hpack.HeaderField
		d := hpack.NewDecoder(4096, func(f hpack.HeaderField) { want = f })
		if _, err := d.Write([]byte{0x80 | byte(i+1)}); err != nil {
			t.Fatal(err)
		}
		if string(static[i].name) != want.Name || string(static[i].value) != want.Value {
			t.Errorf("%d: got %q %q, want %q %q", i+1, static[i].name, static[i].value, want.Name, want.Value)
		}
	}
}

func TestHuffman(t *testing.T) {
	for c := range 256 {
		text := "a" + string([]byte{byte(c)}) + "0"
		got, ok := appendHuffman(nil, hpack.AppendHuffmanString(nil, text))
		if !ok || string(got) != text {
			t.Errorf("got %q %v, want %q", got, ok, text)
		}
	}
	for _, p := range []string{"\x00", "\xff\xff\xff\xff", "\x1f\xff"} {
		if got, ok := appendHuffman(nil, []byte(p)); ok {
			t.Errorf("%x: got %q, want none", p, got)
		}
	}
}

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		does, p string
		match   wire.Match
		dir     wire.Dir
	}{
		{"the preface", preface, wire.Yes, wire.ToServer},
		{"its first bytes", preface[:10], wire.Unsure, wire.ToServer},
		{"settings of a server", string(rawFrame(Settings, 0, 0, []byte{0, 3, 0, 0, 0, 100})), wire.Yes, wire.ToClient},
		{"none set, and an acknowledgment", string(append(rawFrame(Settings, 0, 0, nil), rawFrame(Settings, flagAck, 0, nil)...)), wire.Yes, wire.ToClient},
		{"settings nobody knows", string(rawFrame(Settings, 0, 0, []byte{9, 3, 0, 0, 0, 100})), wire.No, wire.ToClient},
		{"HTTP/1", "GET / HTTP/1.1\r\n", wire.No, wire.ToClient},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", wire.No, wire.ToClient},
		{"SMB", "\x00\x00\x00\x54\xffSMBr", wire.No, wire.ToClient},
		{"zeros", strings.Repeat("\x00", 40), wire.No, wire.ToClient},
	} {
		if m, d := Probe([]byte(c.p)); m != c.match || m != wire.No && d != c.dir {
			t.Errorf("%s: got %v %v, want %v %v", c.does, m, d, c.match, c.dir)
		}
	}
}

type silent struct{}

func (silent) Head(wire.Dir, *http.Transaction) http.Want { return http.First }
func (silent) Body(wire.Dir, *http.Transaction, []byte)   {}
func (silent) End(*http.Transaction)                      {}
func (silent) Control(wire.Dir, *Control)                 {}
func (silent) Odd(wire.Dir, Oddity)                       {}

func TestNoAllocation(t *testing.T) {
	c := Conversation{Pool: &http.Pool{}}
	c.Reset()
	q, r := newWriter(), newWriter()
	if _, _, err := c.Decode(wire.ToServer, []byte(preface), silent{}); err != nil {
		t.Fatal(err)
	}
	id := uint32(1)
	ask, answer := q.get(1, "/fhir/Patient"), append(r.headers(0, 1, ":status", "200", "content-type", "text/plain"), rawFrame(Data, flagEndStream, 1, make([]byte, 2000))...)
	body := len(answer) - 2000 - frameHeader
	exchange := func() {
		binary.BigEndian.PutUint32(ask[5:], id)
		binary.BigEndian.PutUint32(answer[5:], id)
		binary.BigEndian.PutUint32(answer[body+5:], id)
		_, _, _ = c.Decode(wire.ToServer, ask, silent{})
		_, _, _ = c.Decode(wire.ToClient, answer, silent{})
		id += 2
	}
	for range 200 {
		exchange()
	}
	if n := testing.AllocsPerRun(500, exchange); n != 0 || len(c.streams) != 0 {
		t.Errorf("got %v allocations a request and %d open streams, want none", n, len(c.streams))
	}
}

func BenchmarkExchange(b *testing.B) {
	c := Conversation{Pool: &http.Pool{}}
	c.Reset()
	_, _, _ = c.Decode(wire.ToServer, []byte(preface), silent{})
	q, r := newWriter(), newWriter()
	ask, answer := q.get(1, "/fhir/Patient"), append(r.headers(0, 1, ":status", "200", "content-type", "text/plain"), rawFrame(Data, flagEndStream, 1, make([]byte, 1000))...)
	body := len(answer) - 1000 - frameHeader
	b.ReportAllocs()
	for id := uint32(1); b.Loop(); id += 2 {
		binary.BigEndian.PutUint32(ask[5:], id&0x7fffffff)
		binary.BigEndian.PutUint32(answer[5:], id&0x7fffffff)
		binary.BigEndian.PutUint32(answer[body+5:], id&0x7fffffff)
		_, _, _ = c.Decode(wire.ToServer, ask, silent{})
		_, _, _ = c.Decode(wire.ToClient, answer, silent{})
	}
}

func FuzzConversation(f *testing.F) {
	q, r := newWriter(), newWriter()
	f.Add(append([]byte(preface), q.get(1, "/a")...), append(r.headers(0, 1, ":status", "200"), rawFrame(Data, flagEndStream, 1, []byte("x"))...), uint16(20), uint16(9))
	f.Add(append([]byte(preface), rawFrame(Headers, 0, 1, []byte{0x82})...), rawFrame(PushPromise, flagEndHeaders, 1, []byte{0, 0, 0, 2, 0x82}), uint16(3), uint16(2))
	f.Fuzz(func(t *testing.T, upward, downward []byte, at, missing uint16) {
		Probe(upward)
		wiretest.Splits(t, []wiretest.Chunk{{Dir: wire.ToServer, Bytes: upward}, {Dir: wire.ToClient, Bytes: downward}}, fresh)
		from := min(int(at), len(downward))
		to := min(from+int(missing), len(downward))
		c, h, _ := fresh()
		feed := wiretest.Feed[Handler]{T: t, Conversation: c, Handler: h}
		_ = feed.Play([]wiretest.Chunk{
			{Dir: wire.ToServer, Bytes: upward}, {Dir: wire.ToClient, Bytes: downward[:from]}, {Dir: wire.ToClient, Lost: to - from, Bytes: downward[to:]},
		})
	})
}
