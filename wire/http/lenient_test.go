package http

import (
	"strings"
	"testing"

	"bulwark/wire/wiretest"
)

// TestWhatBrowsersShow holds what is made of responses that break the rules: the body must be what a browser shows.
func TestWhatBrowsersShow(t *testing.T) {
	const head, chunks = "HTTP/1.1 200 OK\r\n", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
	for _, c := range []struct{ does, answer, body string }{
		{"CR and form feeds may stand before the size of a chunk", head + "Transfer-Encoding: chunked\r\n\r\n\r2\r\nhe\r\n\f3\r\nllo\r\n0\r\n\r\n", "hello"},
		{"so may blank lines", head + "Transfer-Encoding: chunked\r\n\r\n\n\r\n" + chunks, "hello"},
		{"a body that is said to be in chunks and is not", head + "Transfer-Encoding: chunked\r\n\r\nhello", "hello"},
		{"such a body with a length beside", head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello", "hello"},
		{"such a body with lines", head + "Transfer-Encoding: chunked\r\n\r\nhello\r\nworld\r\n", "hello\r\nworld\r\n"},
		{"such a body after a chunk", head + "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\nyou\r\n", "heyou\r\n"},
		{"a folded field", head + "Transfer-Encoding: \r\n chunked\r\n\r\n" + chunks, "hello"},
		{"a field that is folded over an empty line", head + "Transfer-Encoding: \r\n \r\n chunked \r\n \r\nX: y\r\n\r\n" + chunks, "hello"},
		{"a field behind CR alone", head + "X: y\rTransfer-Encoding: chunked\r\n\r\n" + chunks, "hello"},
		{"all fields behind CR alone", "HTTP/1.1 200 ok\rX: y\rTransfer-Encoding: chunked\rZ: z\r\n\n" + chunks, "hello"},
		{"a field in the status line", "HTTP/1.1 200\rTransfer-Encoding:chunked\r\nX: y\r\n\r\n" + chunks, "hello"},
		{"a field behind blanks and CR", head + "X: y\r\n\r \rTransfer-Encoding: chunked\r\n\r\n" + chunks, "hello"},
		{"a field behind a blank is one of its own", head + "X: y\r\n Transfer-Encoding: chunked\r\n\r\n" + chunks, "hello"},
		{"a colon on the next line", head + "Transfer-Encoding\r\n :chunked\r\n\r\n" + chunks, "hello"},
		{"a colon behind CR", head + "Transfer-Encoding\r :chunked\r\n\r\n" + chunks, "hello"},
		{"a value behind a zero on the next line", head + "Transfer-Encoding:\n\x00chunked\r\n\r\n" + chunks, "hello"},
		{"zeros in a name and in a value", head + "Transfer\x00-Encoding: chu\x00nked\r\n\r\n" + chunks, "hello"},
		{"a vertical tab behind a name", head + "Transfer-Encoding\v:chunked\r\n\r\n" + chunks, "hello"},
		{"a line of blanks that ends the head", head + "Transfer-Encoding: chunked\n\t\n" + chunks, "hello"},
		{"a line of blanks and the empty line", head + "Transfer-Encoding: chunked\n \n\n" + chunks, "hello"},
		{"a body behind 102", "HTTP/1.1 102 P\r\nContent-Length: 5\r\n\r\nhello", "hello"},
		{"a body behind 204", "HTTP/1.1 204 N\r\nContent-Length: 5\r\n\r\nhello", "hello"},
		{"chunks behind 304", "HTTP/1.1 304 N\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, "hello"},
		{"no body behind 102, but the response", "HTTP/1.1 102 P\r\nContent-Length: 9\r\n\r\n" + head + "Content-Length: 5\r\n\r\nhello", "hello"},
		{"a blank before the status line", " " + head + "Content-Length: 5\r\n\r\nhello", "hello"},
		{"a blank and CR before it", " \r" + head + "Content-Length: 5\r\n\r\nhello", "hello"},
		{"a line before it", "SIP/2.0 200 ok\r\n" + head + "Content-Length: 5\r\n\r\nhello", "hello"},
		{"no status line at all", "hello", "hello"},
		{"no status line, and more than a line", "<html>\n<body>", "<html>\n<body>"},
	} {
		t.Run(c.does, func(t *testing.T) {
			chunks := []wiretest.Chunk{up("GET /a HTTP/1.1\r\n\r\n"), down(c.answer)}
			got, err := listen(t, chunks...)
			if want := `:"` + strings.NewReplacer("\r", `\r`, "\n", `\n`).Replace(c.body) + `"`; err != nil || !strings.Contains(got, want) {
				t.Errorf("error %v, want body %s, got\n%s", err, want, got)
			}
			wiretest.Splits(t, chunks, fresh)
		})
	}
}

func TestJoin(t *testing.T) {
	var h Head
	h.reset()
	for _, line := range []string{"Content-Encoding: gzip", "Via: x", "content-encoding: deflate"} {
		h.add([]byte(line+"\r\n"), []byte(line))
	}
	if got := string(h.Join(nil, ContentEncoding)); got != "gzip, deflate" {
		t.Errorf("got %q, want both", got)
	}
	if got := string(h.Join(nil, Via)); got != "x" {
		t.Errorf("got %q, want the only one", got)
	}
	if got := h.Join(nil, Host); len(got) != 0 {
		t.Errorf("got %q of a field that is not there", got)
	}
}
