package multipart

import (
	"bytes"
	"fmt"
	"io"
	mime "mime/multipart"
	"strings"
	"testing"
)

// keeper writes down what it is handed.
type keeper struct{ strings.Builder }

func (k *keeper) Begin(p *Part) bool {
	fmt.Fprintf(k, "[%s %s]", Parameter(p.Disposition, "filename"), p.Type)
	return !bytes.Contains(p.Disposition, []byte("skip"))
}
func (k *keeper) Bytes(p []byte) { k.Write(p) }
func (k *keeper) End()           { k.WriteString("[end]") }

func split(contentType, body string, n int) string {
	var s Splitter
	k := &keeper{}
	if !s.Reset([]byte(contentType)) {
		return "no boundary"
	}
	for p := []byte(body); len(p) > 0; p = p[min(n, len(p)):] {
		s.Write(append([]byte(nil), p[:min(n, len(p))]...), k)
	}
	return k.String()
}

func TestParts(t *testing.T) {
	const of = `multipart/form-data; boundary="x y"; charset=utf-8`
	for _, c := range []struct{ name, media, body, want string }{
		{"a form with a file", of, "--x y\r\nContent-Disposition: form-data; name=\"a\"; filename=\"C:\\\\r.pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n-\r\n--x\r\n--x y--\r\n",
			"[C:\\\\r.pdf application/pdf]%PDF\r\n-\r\n--x[end]"},
		{"two parts, the first empty", of, "--x y\r\n\r\n\r\n--x y\r\nContent-Type: a/b\r\n\r\nz\r\n--x y--", "[ ][end][ a/b]z[end]"},
		{"a part without even an end of line", of, "--x y\r\n\r\n--x y--", "[ ][end]"},
		{"one that nobody wants", of, "--x y\r\nContent-Disposition: skip\r\n\r\nsecret\r\n--x y\r\n\r\nb\r\n--x y--", "[ ][ ]b[end]"},
		{"a preamble and an epilogue", of, "hello\r\n--x y\r\n\r\na\r\n--x y--\r\n--x y\r\n\r\nno", "[ ]a[end]"},
		{"a body that is cut", of, "--x y\r\n\r\nhalf", "[ ]half"},
		{"a boundary at the end of a piece that is none", of, "--x y\r\n\r\na\r\n--x z\r\r\n--x y--", "[ ]a\r\n--x z\r[end]"},
		{"no boundary", "multipart/form-data", "--x", "no boundary"},
		{"too long a boundary", "multipart/form-data; boundary=" + strings.Repeat("x", 71), "--x", "no boundary"},
	} {
		for n := 1; n <= len(c.body); n++ {
			if got := split(c.media, c.body, n); got != c.want {
				t.Errorf("%s, in pieces of %d: got %q, want %q", c.name, n, got, c.want)
				break
			}
		}
	}
}

func TestBytesThatAreLost(t *testing.T) {
	var s Splitter
	k := &keeper{}
	s.Reset([]byte("multipart/related; boundary=b"))
	s.Write([]byte("--b\r\nContent-Type: a/b\r\n\r\none\r\n--"), k)
	s.Lost()
	s.Write([]byte("more\r\n--b\r\nContent-"), k)
	s.Lost()
	s.Write([]byte("\r\n\r\nhidden\r\n--b\r\n\r\ntwo\r\n--b--"), k)
	if got, want := k.String(), "[ a/b]onemore[end][ ]two[end]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzSplit takes a body apart however it is cut, which must tell the same.
func FuzzSplit(f *testing.F) {
	f.Add("--b\r\nContent-Type: a/b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--", uint8(3))
	f.Fuzz(func(t *testing.T, body string, n uint8) {
		whole := split("multipart/x; boundary=b", body, len(body)+1)
		if cut := split("multipart/x; boundary=b", body, int(n)+1); cut != whole {
			t.Fatalf("in one piece %q, in pieces %q", whole, cut)
		}
	})
}

func TestFormsOfTheStandardLibrary(t *testing.T) {
	var b, want strings.Builder
	w := mime.NewWriter(&b)
	for i, content := range []string{"", "\r\n", "\r\n--", "%PDF", strings.Repeat("\r\n--x", 999)} {
		f, err := w.CreateFormFile("f", fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(f, content)
		fmt.Fprintf(&want, "[%d application/octet-stream]%s[end]", i, content)
	}
	_ = w.Close()
	for _, n := range []int{1, 100, 1448, b.Len()} {
		if got := split(w.FormDataContentType(), b.String(), n); got != want.String() {
			t.Errorf("in pieces of %d: got %q, want %q", n, got, want.String())
		}
	}
}
