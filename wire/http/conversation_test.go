package http

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// told collects what a conversation reports.
type told struct {
	lines  []string
	want   func(*Transaction) Want
	bodies map[string]*bytes.Buffer
}

func (h *told) Head(dir wire.Dir, t *Transaction) Want {
	if dir == wire.ToServer {
		h.lines = append(h.lines, fmt.Sprintf("request %d: %s %s %s %s", t.Number, t.Request.Method, t.Request.Target, t.Request.Version, fields(&t.Request.Head)))
	} else {
		h.lines = append(h.lines, fmt.Sprintf("response %d: %s %d %s %s", t.Number, t.Response.Version, t.Response.Status, t.Response.Reason, fields(&t.Response.Head)))
	}
	if h.want == nil {
		return First | Pieces
	}
	return h.want(t)
}

func fields(h *Head) string {
	var b strings.Builder
	for n, v := range h.Fields() {
		fmt.Fprintf(&b, "[%s|%s]", n, v)
	}
	return b.String()
}

func (h *told) Body(dir wire.Dir, t *Transaction, p []byte) {
	if h.bodies == nil {
		h.bodies = map[string]*bytes.Buffer{}
	}
	key := fmt.Sprint(dir, t.Number)
	if h.bodies[key] == nil {
		h.bodies[key] = &bytes.Buffer{}
	}
	h.bodies[key].Write(p)
}

func (h *told) End(t *Transaction) {
	line := fmt.Sprintf("end %d: %s %s %d", t.Number, t.Request.Method, t.Request.Target, t.Response.Status)
	for dir, m := range map[wire.Dir]*Message{0: &t.Request.Message, 1: &t.Response.Message} {
		if !m.Seen {
			continue
		}
		all := ""
		if b := h.bodies[fmt.Sprint(dir, t.Number)]; b != nil {
			all = fmt.Sprintf(" %d:%q", b.Len(), b.Bytes()[:min(b.Len(), 40)])
		}
		part := fmt.Sprintf(" %v{length %d lost %d complete %v first %d odd %x%s}", dir, m.Length, m.Lost, m.Complete, len(m.First), m.Oddities, all)
		if dir == 0 {
			line += part
		} else {
			defer func() { h.lines[len(h.lines)-1] += part }()
		}
	}
	h.lines = append(h.lines, line)
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	h := &told{}
	return &Conversation{}, h, func() string { return strings.Join(h.lines, "\n") + "\n" }
}

// listen plays chunks and checks that they come out the same however they are cut.
func listen(t testing.TB, chunks ...wiretest.Chunk) (string, error) {
	t.Helper()
	c, h, outcome := fresh()
	f := wiretest.Feed[Handler]{T: t, Conversation: c, Handler: h, Scribble: true}
	err := f.Play(chunks)
	wiretest.Splits(t, chunks, fresh)
	return outcome(), err
}

func up(s string) wiretest.Chunk { return wiretest.Chunk{Dir: wire.ToServer, Bytes: []byte(s)} }

func down(s string) wiretest.Chunk { return wiretest.Chunk{Dir: wire.ToClient, Bytes: []byte(s)} }

func gone(dir wire.Dir, n int, s string) wiretest.Chunk {
	return wiretest.Chunk{Dir: dir, Lost: n, Bytes: []byte(s)}
}

func TestConversation(t *testing.T) {
	const get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
	const getSaid = "request 1: GET /a HTTP/1.1 [Host|h]\n"
	for _, c := range []struct {
		does   string
		chunks []wiretest.Chunk
		want   string
		err    error
	}{
		{does: "a request and its response are one transaction", chunks: []wiretest.Chunk{
			up(get), down("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
		}, want: getSaid + "response 1: HTTP/1.1 200 OK [Content-Length|5]\n" +
			"end 1: GET /a 200 to_server{length 0 lost 0 complete true first 0 odd 0} to_client{length 5 lost 0 complete true first 5 odd 0 5:\"hello\"}\n"},
		{does: "pipelined requests are answered in order", chunks: []wiretest.Chunk{
			up("GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /3 HTTP/1.1\r\n\r\n"),
			down("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\nHTTP/1.1 204 N\r\nContent-Length: 9\r\n\r\n"),
		}, want: "request 1: GET /1 HTTP/1.1 \nrequest 2: POST /2 HTTP/1.1 [Content-Length|3]\nrequest 3: GET /3 HTTP/1.1 \n" +
			"response 1: HTTP/1.1 200 OK [Content-Length|1]\n" +
			"end 1: GET /1 200 to_server{length 0 lost 0 complete true first 0 odd 0} to_client{length 1 lost 0 complete true first 1 odd 0 1:\"x\"}\n" +
			"response 2: HTTP/1.1 404 No [Content-Length|0]\n" +
			"end 2: POST /2 404 to_server{length 3 lost 0 complete true first 3 odd 0 3:\"abc\"} to_client{length 0 lost 0 complete true first 0 odd 0}\n" +
			"response 3: HTTP/1.1 204 N [Content-Length|9]\n" +
			"end 3: GET /3 204 to_server{length 0 lost 0 complete true first 0 odd 0} to_client{length 0 lost 0 complete true first 0 odd 0}\n"},
		{does: "chunks are put together, their extensions and trailers left out", chunks: []wiretest.Chunk{
			up(get), down("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n5;name=x\r\nhello\r\n 6\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\nHTTP/1.1 500 E\r\n\r\n"),
		}, want: getSaid + "response 1: HTTP/1.1 200 OK [Transfer-Encoding|gzip, Chunked]\n" +
			"end 1: GET /a 200 to_server{length 0 lost 0 complete true first 0 odd 0} to_client{length 11 lost 0 complete true first 11 odd 4000 11:\"hello world\"}\n" +
			"response 2: HTTP/1.1 500 E \n" +
			"end 2:   500 to_client{length 0 lost 0 complete true first 0 odd 0}\n"},
		{does: "a body without a length ends with the connection", chunks: []wiretest.Chunk{
			up("GET /a HTTP/1.0\r\n\r\n"), down("HTTP/1.0 200 OK\n\nall"), down(" that is"),
		}, want: "request 1: GET /a HTTP/1.0 \nresponse 1: HTTP/1.0 200 OK \n" +
			"end 1: GET /a 200 to_server{length 0 lost 0 complete true first 0 odd 0} to_client{length 11 lost 0 complete true first 11 odd 1 11:\"all that is\"}\n"},
		{does: "HEAD, 304 and 100 have no body", chunks: []wiretest.Chunk{
			up("head /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nPUT /c HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"),
			down("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 304 N\r\nContent-Length: 7\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 C\r\nContent-Length: 0\r\n\r\n"),
		}, want: "request 1: head /a HTTP/1.1 \nrequest 2: GET /b HTTP/1.1 \nrequest 3: PUT /c HTTP/1.1 [Content-Length|1]\n" +
			"response 1: HTTP/1.1 200 OK [Content-Length|5]\n" +
			"end 1: head /a 200 to_server{length 0 lost 0 complete true first 0 odd 0} to_client{length 0 lost 0 complete true first 0 odd 0}\n" +
			"response 2: HTTP/1.1 304 N [Content-Length|7]\n" +
			"end 2: GET /b 304 to_server{length 0 lost 0 complete true first 0 odd 0} to_client{length 0 lost 0 complete true first 0 odd 0}\n" +
			"response 3: HTTP/1.1 201 C [Content-Length|0]\n" +
			"end 3: PUT /c 201 to_server{length 1 lost 0 complete true first 1 odd 0 1:\"x\"} to_client{length 0 lost 0 complete true first 0 odd 0}\n"},
		{does: "a response that comes before the request is whole waits for it", chunks: []wiretest.Chunk{
			up("POST /a HTTP/1.1\r\nContent-Length: 4\r\n\r\nab"), down("HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n"), up("cd"),
		}, want: "request 1: POST /a HTTP/1.1 [Content-Length|4]\nresponse 1: HTTP/1.1 413 Large [Content-Length|0]\n" +
			"end 1: POST /a 413 to_server{length 4 lost 0 complete true first 4 odd 0 4:\"abcd\"} to_client{length 0 lost 0 complete true first 0 odd 0}\n"},
		{does: "what is open at the end is reported", chunks: []wiretest.Chunk{
			up("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHos"), down("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"),
		}, want: getSaid + "response 1: HTTP/1.1 200 OK [Content-Length|5]\nrequest 2: GET /b HTTP/1.1 \n" +
			"end 1: GET /a 200 to_server{length 0 lost 0 complete true first 0 odd 0} to_client{length 3 lost 0 complete false first 3 odd 0 3:\"hel\"}\n" +
			"end 2: GET /b 0 to_server{length 0 lost 0 complete false first 0 odd 0}\n"},
		{does: "a response without a request is reported", chunks: []wiretest.Chunk{
			down("HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n"),
		}, want: "response 1: HTTP/1.1 408 Timeout [Content-Length|0]\nend 1:   408 to_client{length 0 lost 0 complete true first 0 odd 0}\n"},
		{does: "HTTP/0.9 has neither version nor head", chunks: []wiretest.Chunk{
			up("GET /old\r\n"), down("<html>"), down("old</html>"),
		}, want: "request 1: GET /old  \nresponse 1:  0  \n" +
			"end 1: GET /old 0 to_server{length 0 lost 0 complete true first 0 odd 4} to_client{length 16 lost 0 complete true first 16 odd 0 16:\"<html>old</html>\"}\n"},
		{does: "a request without a version but with fields is none of HTTP/0.9", chunks: []wiretest.Chunk{
			up("GET /a\r\nUser-Agent: script\r\n\r\n"), down("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
		}, want: "request 1: GET /a  [User-Agent|script]\nresponse 1: HTTP/1.1 200 OK [Content-Length|0]\n" +
			"end 1: GET /a 200 to_server{length 0 lost 0 complete true first 0 odd 4} to_client{length 0 lost 0 complete true first 0 odd 0}\n"},
		{does: "lenient as servers are: blank lines, bare LF, blanks, folded fields, no colon", chunks: []wiretest.Chunk{
			up("\r\n\n get\t /a b  HTTP/1.1\nHost : h\nX: 1\n  2\r\n\t 3\nodd\n\n"),
		}, want: "request 1: get /a b HTTP/1.1 [Host|h][X|1 2 3][odd|]\n" +
			"end 1: get /a b 0 to_server{length 0 lost 0 complete true first 0 odd 7b}\n"},
		{does: "a status that is no number is told as sent", chunks: []wiretest.Chunk{
			up(get), down("HTTP/1.1 2XX OK\r\nContent-Length: 0\r\n\r\n"),
		}, want: getSaid + "response 1: HTTP/1.1 0 OK [Content-Length|0]\n" +
			"end 1: GET /a 0 to_server{length 0 lost 0 complete true first 0 odd 0} to_client{length 0 lost 0 complete true first 0 odd 2000}\n"},
		{does: "of two lengths the first counts, and the oddity is told", chunks: []wiretest.Chunk{
			up("POST /a HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabc"),
		}, want: "request 1: POST /a HTTP/1.1 [Content-Length|3][Content-Length|5]\n" +
			"end 1: POST /a 0 to_server{length 3 lost 0 complete true first 3 odd 100 3:\"abc\"}\n"},
		{does: "chunks win over a length (request smuggling)", chunks: []wiretest.Chunk{
			up("POST /a HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"),
		}, want: "request 1: POST /a HTTP/1.1 [Content-Length|3][Transfer-Encoding|chunked]\n" +
			"end 1: POST /a 0 to_server{length 1 lost 0 complete true first 1 odd 80 1:\"x\"}\n"},
		{does: "CONNECT turns into what it connects", chunks: []wiretest.Chunk{
			up("CONNECT h:443 HTTP/1.1\r\n\r\n"), down("HTTP/1.1 200 OK\r\n\r\n\x16\x03"),
		}, err: ErrUpgraded, want: "request 1: CONNECT h:443 HTTP/1.1 \nresponse 1: HTTP/1.1 200 OK \n" +
			"end 1: CONNECT h:443 200 to_server{length 0 lost 0 complete true first 0 odd 0} to_client{length 0 lost 0 complete true first 0 odd 0}\n"},
		{does: "a refused CONNECT leaves it HTTP", chunks: []wiretest.Chunk{
			up("CONNECT h:443 HTTP/1.1\r\n\r\n"), down("HTTP/1.1 407 Auth\r\nContent-Length: 0\r\n\r\n"), up("GET /a HTTP/1.1\r\n\r\n"),
		}, want: "request 1: CONNECT h:443 HTTP/1.1 \nresponse 1: HTTP/1.1 407 Auth [Content-Length|0]\n" +
			"end 1: CONNECT h:443 407 to_server{length 0 lost 0 complete true first 0 odd 0} to_client{length 0 lost 0 complete true first 0 odd 0}\n" +
			"request 2: GET /a HTTP/1.1 \nend 2: GET /a 0 to_server{length 0 lost 0 complete true first 0 odd 0}\n"},
		{does: "Upgrade turns into a web socket", chunks: []wiretest.Chunk{
			up("GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"), down("HTTP/1.1 101 Switching\r\nUpgrade: WebSocket\r\n\r\n\x81\x05hello"),
		}, err: ErrUpgraded, want: "request 1: GET /ws HTTP/1.1 [Upgrade|websocket]\nresponse 1: HTTP/1.1 101 Switching [Upgrade|WebSocket]\n" +
			"end 1: GET /ws 101 to_server{length 0 lost 0 complete true first 0 odd 0} to_client{length 0 lost 0 complete true first 0 odd 0}\n"},
		{does: "prior knowledge of HTTP/2 is recognised", chunks: []wiretest.Chunk{up(prefaceText + "\x00\x00")}, err: ErrUpgraded, want: "\n"},
		{does: "what is no HTTP ends the conversation", chunks: []wiretest.Chunk{up("\x16\x03\x01\x02\n\x01")}, err: ErrNoMessage, want: "\n"},
	} {
		t.Run(c.does, func(t *testing.T) {
			got, err := listen(t, c.chunks...)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v\ngot:\n%swant:\n%s", err, c.err, got, c.want)
			}
		})
	}
}

func TestGap(t *testing.T) {
	const gets = "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"
	const first = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
	for _, c := range []struct {
		does   string
		chunks []wiretest.Chunk
		want   []string // what stands in the end lines
	}{
		{"a gap within a body is counted", []wiretest.Chunk{up(gets), down(first + "01"), gone(wire.ToClient, 5, "789HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")},
			[]string{"200", "length 5 lost 5 complete true", "404"}},
		{"a gap over the rest of a body ends it", []wiretest.Chunk{up(gets), down(first + "01"), gone(wire.ToClient, 8, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")},
			[]string{"200", "length 2 lost 8 complete true", "404"}},
		{"behind a gap over more, the next status line is found", []wiretest.Chunk{up(gets), down(first + "01"), gone(wire.ToClient, 80, "binary\x00HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")},
			[]string{"200", "complete false", "404"}},
		{"behind a gap within a head, the next request is found", []wiretest.Chunk{up("GET /1 HTTP/1.1\r\nHo"), gone(wire.ToServer, 30, "x: y\r\n\r\nGET /2 HTTP/1.1\r\n\r\n")},
			[]string{"GET /1", "complete false", "GET /2", "complete true"}},
		{"a gap within a chunk is counted", []wiretest.Chunk{up(gets), down("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n01"), gone(wire.ToClient, 8, "\r\n0\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")},
			[]string{"200", "length 2 lost 8 complete true", "404"}},
	} {
		t.Run(c.does, func(t *testing.T) {
			conversation, h, outcome := fresh()
			f := wiretest.Feed[Handler]{T: t, Conversation: conversation, Handler: h}
			if err := f.Play(c.chunks); err != nil {
				t.Fatal(err)
			}
			got := outcome()
			rest := got
			for _, w := range c.want {
				i := strings.Index(rest, w)
				if i < 0 {
					t.Fatalf("no %q in its place:\n%s", w, got)
				}
				rest = rest[i:]
			}
		})
	}
}

// TestSkip checks that a large body that nobody wants is not shown, and that its end is.
func TestSkip(t *testing.T) {
	const size = 10 << 20
	for _, framing := range []string{"Content-Length: 10485760\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\na00000\r\n"} {
		h := &told{want: func(*Transaction) Want { return 0 }}
		c := &Conversation{}
		head := []byte("HTTP/1.1 200 OK\r\n" + framing)
		done, _, err := c.Decode(wire.ToClient, head, h)
		if done != len(head) || err != nil {
			t.Fatalf("head: got %d, %v", done, err)
		}
		shown, at := 0, 0
		packet := make([]byte, 1460)
		for at < size {
			n := min(len(packet), size-at)
			done, _, err := c.Decode(wire.ToClient, packet[:n], h)
			if err != nil || done == 0 {
				t.Fatalf("at %d: got %d, %v", at, done, err)
			}
			shown += n
			at += done
		}
		if at != size || shown > size/100 {
			t.Errorf("at %d of %d, shown %d", at, size, shown)
		}
		_, _, _ = c.Decode(wire.ToClient, []byte("\r\n0\r\n\r\n"), h)
		c.Close(h)
		if got := h.lines[len(h.lines)-1]; !strings.Contains(got, fmt.Sprintf("length %d lost 0 complete true", size)) {
			t.Errorf("got %s", got)
		}
	}
}

// TestLimits feeds what has no end.
func TestLimits(t *testing.T) {
	for _, c := range []struct{ does, head, again string }{
		{"a request line without an end", "GET /", "a"},
		{"a field without an end", "GET / HTTP/1.1\r\nX: ", "a"},
		{"fields without an end", "GET / HTTP/1.1\r\n", "X: y\r\n"},
		{"a folded field without an end", "GET / HTTP/1.1\r\nX: y\r\n", " y\r\n"},
		{"requests without an answer", "", "GET / HTTP/1.1\r\n\r\n"},
		{"long requests without an answer", "", "GET /" + strings.Repeat("a", 12000) + " HTTP/1.1\r\n\r\n"},
		{"a chunk size without an end", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "0"},
		{"trailers without an end", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n"},
		{"data behind CONNECT without an answer", "CONNECT h:1 HTTP/1.1\r\n\r\n", "a"},
	} {
		t.Run(c.does, func(t *testing.T) {
			h := &told{}
			conversation := &Conversation{}
			f := wiretest.Feed[Handler]{T: t, Conversation: conversation, Handler: h}
			err := f.Send(wire.ToServer, []byte(c.head+strings.Repeat(c.again, 1<<20/len(c.again))))
			if err != nil && !errors.Is(err, ErrUpgraded) {
				t.Fatal(err)
			}
			kept := 0
			for _, q := range append(conversation.queue, conversation.own.free...) {
				kept += cap(q.Request.buf) + 8*cap(q.Request.fields)
			}
			if kept > 400<<10 || len(conversation.queue) > maxPipelined {
				t.Errorf("kept: %d bytes, %d transactions", kept, len(conversation.queue))
			}
		})
	}
}

// TestOracle holds what is read against net/http.
func TestOracle(t *testing.T) {
	var sent bytes.Buffer
	for i := range 20 {
		var body io.Reader
		if i%3 == 1 {
			body = strings.NewReader(strings.Repeat("b", i*500))
		}
		if i%3 == 2 {
			body = struct{ io.Reader }{strings.NewReader(strings.Repeat("c", i*700))} // of unknown length: chunked
		}
		r, err := http.NewRequest([]string{"GET", "POST", "PUT"}[i%3], fmt.Sprintf("http://ehr.example/%d?q=%d", i, i), body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Number", fmt.Sprint(i))
		r.Header.Set("Authorization", "Bearer secret")
		if err := r.Write(&sent); err != nil {
			t.Fatal(err)
		}
	}
	bytesSent := bytes.Clone(sent.Bytes())
	h := &told{}
	f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: h}
	if err := f.Play([]wiretest.Chunk{{Dir: wire.ToServer, Bytes: bytesSent}}); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(&sent)
	for i := range 20 {
		want, err := http.ReadRequest(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(want.Body)
		got := ""
		if b := h.bodies[fmt.Sprint(wire.ToServer, i+1)]; b != nil {
			got = b.String()
		}
		if got != string(body) {
			t.Errorf("request %d: got a body of %d bytes, want %d", i, len(got), len(body))
		}
		line := h.lines[i]
		if !strings.HasPrefix(line, fmt.Sprintf("request %d: %s %s HTTP/1.1", i+1, want.Method, want.RequestURI)) || !strings.Contains(line, "[X-Number|"+want.Header.Get("X-Number")+"]") {
			t.Errorf("request %d: got %s", i, line)
		}
	}
	wiretest.Splits(t, []wiretest.Chunk{{Dir: wire.ToServer, Bytes: bytesSent}}, fresh)
}

func TestRequestParts(t *testing.T) {
	for _, c := range []struct {
		does, head, host string
		port             int
		scheme           string
	}{
		{"the field Host", "GET /a HTTP/1.1\r\nHOST: ehr:8080\r\nAuthorization: Basic c2VjcmV0\r\n\r\n", "ehr", 8080, "Basic"},
		{"an absolute target wins over the field", "GET http://user:pw@ehr.example/a?b HTTP/1.1\r\nHost: other\r\n\r\n", "ehr.example", 0, ""},
		{"the target of CONNECT", "CONNECT ehr.example:443 HTTP/1.1\r\n\r\n", "ehr.example", 443, ""},
		{"an address of IPv6", "GET / HTTP/1.1\r\nHost: [2001:db8::1]:81\r\n\r\n", "[2001:db8::1]", 81, ""},
		{"an address of IPv6 without a port", "GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n", "[2001:db8::1]", 0, ""},
		{"a port that is none", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", "a:b", 0, ""},
		{"none", "GET / HTTP/1.1\r\n\r\n", "", 0, ""},
	} {
		t.Run(c.does, func(t *testing.T) {
			var host, scheme string
			var port int
			h := &told{want: func(t *Transaction) Want {
				b, p := t.Request.Hostname()
				host, port, scheme = string(b), p, string(t.Request.AuthScheme())
				return 0
			}}
			if _, _, err := new(Conversation).Decode(wire.ToServer, []byte(c.head), h); err != nil {
				t.Fatal(err)
			}
			if host != c.host || port != c.port || scheme != c.scheme {
				t.Errorf("got %q %d %q, want %q %d %q", host, port, scheme, c.host, c.port, c.scheme)
			}
		})
	}
}

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		does, p string
		match   wire.Match
		dir     wire.Dir
	}{
		{"a request", "GET / HTTP/1.1\r\n", wire.Yes, wire.ToServer},
		{"five bytes of one", "GET /", wire.Yes, wire.ToServer},
		{"three may become one", "GET", wire.Unsure, wire.ToServer},
		{"a method nobody knows, with a version", "BREW /pot HTTP/1.1\r\n", wire.Yes, wire.ToServer},
		{"a method nobody knows may become one", "BREW /pot", wire.Unsure, wire.ToServer},
		{"a response", "HTTP/1.0 200 OK\r\n", wire.Yes, wire.ToClient},
		{"blank lines before a request", "\r\n\r\nPOST /a HTTP/1.1\r\n", wire.Yes, wire.ToServer},
		{"the preface of HTTP/2", prefaceText, wire.Yes, wire.ToServer},
		{"an absolute target", "GET http://a/ HTTP/1.1\r\n", wire.Yes, wire.ToServer},
		{"SIP is none", "OPTIONS sip:a@b SIP/2.0\r\n", wire.No, wire.ToServer},
		{"RTSP is none", "OPTIONS * RTSP/1.0\r\n", wire.No, wire.ToServer},
		{"SMTP is none", "EHLO mail.example\r\n", wire.No, wire.ToServer},
		{"SSH is none", "SSH-2.0-OpenSSH\r\n", wire.No, wire.ToServer},
		{"TLS is none", "\x16\x03\x01\x00\x80\x01", wire.No, wire.ToServer},
		{"HL7 is none", "\x0bMSH|^~\\&|", wire.No, wire.ToServer},
	} {
		t.Run(c.does, func(t *testing.T) {
			if m, d := Probe([]byte(c.p)); m != c.match || (m != wire.No && d != c.dir) {
				t.Errorf("got %v %v, want %v %v", m, d, c.match, c.dir)
			}
		})
	}
}

const (
	benchRequest = "GET /fhir/Patient?name=x&_count=50 HTTP/1.1\r\nHost: ehr.hospital.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n" +
		"Accept: application/fhir+json\r\nAccept-Encoding: gzip, deflate\r\nAccept-Language: fr-FR,fr;q=0.9\r\nReferer: https://ehr.hospital.example/ward\r\nCookie: session=0123456789abcdef\r\nConnection: keep-alive\r\n\r\n"
	benchResponse = "HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\nServer: nginx/1.24\r\nContent-Type: application/fhir+json; charset=utf-8\r\n" +
		"Content-Length: 1024\r\nConnection: keep-alive\r\nCache-Control: no-store\r\nETag: W/\"3141\"\r\nX-Request-Id: 8f14e45f\r\n\r\n"
)

// silent is a handler that costs nothing.
type silent struct {
	n    int
	want Want
}

func (h *silent) Head(wire.Dir, *Transaction) Want    { h.n++; return h.want }
func (h *silent) Body(wire.Dir, *Transaction, []byte) {}
func (h *silent) End(*Transaction)                    { h.n++ }

func exchange() (request, response []byte) {
	return []byte(benchRequest), []byte(benchResponse + strings.Repeat("x", 1024))
}

func TestNoAllocation(t *testing.T) {
	request, response := exchange()
	var c Conversation
	h := &silent{want: First}
	if n := testing.AllocsPerRun(1000, func() {
		for range 3 {
			_, _, _ = c.Decode(wire.ToServer, request, h)
			_, _, _ = c.Decode(wire.ToClient, response, h)
		}
		c.Close(h)
		c.Reset()
	}); n != 0 || h.n == 0 {
		t.Errorf("got %v allocations, %d calls; want 0", n, h.n)
	}
}

func BenchmarkExchange(b *testing.B) {
	request, response := exchange()
	var c Conversation
	h := &silent{}
	b.SetBytes(int64(len(request) + len(response)))
	b.ReportAllocs()
	for b.Loop() {
		_, _, _ = c.Decode(wire.ToServer, request, h)
		_, _, _ = c.Decode(wire.ToClient, response, h)
	}
	if h.n == 0 {
		b.Fatal("nothing was read")
	}
}

func FuzzConversation(f *testing.F) {
	f.Add([]byte(benchRequest), []byte(benchResponse+strings.Repeat("x", 1024)), uint16(100), uint16(50))
	f.Add([]byte("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /\r\n"), []byte("HTTP/1.1 100 C\r\n\r\nHTTP/1.0 200\n\nabc"), uint16(20), uint16(9))
	f.Add([]byte("CONNECT a:1 HTTP/1.1\r\n\r\n"), []byte("HTTP/1.1 101 C\r\nUpgrade: h2c\r\n\r\nabc"), uint16(20), uint16(9))
	f.Fuzz(func(t *testing.T, upward, downward []byte, at, missing uint16) {
		wiretest.Splits(t, []wiretest.Chunk{{Dir: wire.ToServer, Bytes: upward}, {Dir: wire.ToClient, Bytes: downward}}, fresh)
		from := min(int(at), len(downward))
		to := min(from+int(missing), len(downward))
		c, h, _ := fresh()
		feed := wiretest.Feed[Handler]{T: t, Conversation: c, Handler: h}
		_ = feed.Play([]wiretest.Chunk{
			{Dir: wire.ToServer, Bytes: upward}, {Dir: wire.ToClient, Bytes: downward[:from]}, {Dir: wire.ToClient, Lost: to - from, Bytes: downward[to:]},
		})
		Probe(upward)
	})
}
