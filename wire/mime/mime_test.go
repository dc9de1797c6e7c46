package mime

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// told collects the files of a message.
type told struct {
	lines []string
	data  strings.Builder
}

func (h *told) Open(a *Attachment) bool {
	h.lines = append(h.lines, fmt.Sprintf("file %q %s", a.Name, a.Type))
	return true
}

func (h *told) Data(p []byte, lost int) {
	if lost > 0 {
		fmt.Fprintf(&h.data, "[%d lost]", lost)
	}
	h.data.Write(p)
}

func (h *told) End(whole bool) {
	h.lines = append(h.lines, fmt.Sprintf("%q whole %v", h.data.String(), whole))
	h.data.Reset()
}

func outcome(m *Parser, h *told) string {
	var b strings.Builder
	for f := range fieldCount {
		if m.Fields[f] != nil {
			fmt.Fprintf(&b, "%s: %s\n", f, m.Fields[f])
		}
	}
	for _, r := range m.Received {
		fmt.Fprintf(&b, "received: %s\n", r)
	}
	for _, l := range h.lines {
		fmt.Fprintf(&b, "%s\n", l)
	}
	for _, u := range m.URLs {
		fmt.Fprintf(&b, "url %s\n", u)
	}
	if m.Oddities != 0 {
		fmt.Fprintf(&b, "odd %b\n", m.Oddities)
	}
	return b.String()
}

// play feeds a message cut into pieces of at most n bytes.
func play(m *Parser, text string, n int) string {
	h := &told{}
	m.Reset()
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for p := []byte(text); len(p) > 0; {
		k := min(1+r.IntN(n), len(p))
		piece := append([]byte(nil), p[:k]...)
		m.Write(piece, h)
		for i := range piece {
			piece[i] = 0xA5
		}
		p = p[k:]
	}
	m.Close(true, h)
	return fmt.Sprintf("%s%x %d", outcome(m, h), m.BodyMD5, m.Size)
}

const multi = "Content-Type: multipart/mixed; boundary=\"x y\"\n\npreamble http://not.example\n--x y\n"

var messages = []struct{ name, text, want string }{
	{"a text", "From: Anna <a@x>\nTo: b@y,\n\tc@y\nSubject: one\n two\n\nSee http://x.example/a?b, or https://y.example.\n",
		"from: Anna <a@x>\nto: b@y,\tc@y\nsubject: one two\nurl http://x.example/a?b\nurl https://y.example\n"},
	{"the hops it came by", "Received: from b\nReceived: from a\nX-Mailer: Pump 2\n\n", "x-mailer: Pump 2\nreceived: from b\nreceived: from a\n"},
	{"a file in base64", multi + "Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\naGVs\nbG8=\n--x y--\nepilogue\n",
		"file \"a.pdf\" application/pdf\n\"hello\" whole true\n"},
	{"a file in quoted-printable", multi + "Content-Disposition: attachment; filename=\"a b.txt\"\nContent-Transfer-Encoding: quoted-printable\n\n=41=\nb=3d  \nlast\n--x y--\n",
		"file \"a b.txt\" \n\"Ab=\\r\\nlast\" whole true\n"},
	{"a file as it is", multi + "Content-Disposition: attachment; filename=a\n\none\n\ntwo\n\n--x y--\n", "file \"a\" \n\"one\\r\\n\\r\\ntwo\\r\\n\" whole true\n"},
	{"an attachment without a name", multi + "Content-Disposition: attachment\nContent-Type: image/png\n\np\n--x y\n\ntext ftp://f.example\n--x y--\n",
		"file \"\" image/png\n\"p\" whole true\nurl ftp://f.example\n"},
	{"a uuencoded file in a text", "\nlook:\nbegin 644 a.bin\n#86)C\n`\nend\nbye http://z.example\n",
		"file \"a.bin\" \n\"abc\" whole true\nurl http://z.example\n"},
	{"a uuencoded part", multi + "Content-Type: application/x; name=n\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 other\n#86)C\n`\nend\n--x y--\n",
		"file \"n\" application/x\n\"abc\" whole true\n"},
	{"a message in the message", multi + "Content-Type: message/rfc822; name=fwd\n\nFrom: inner@x\nContent-Type: multipart/alternative; boundary=z\n\n--z\nContent-Type: text/html\n\n<a href=\"http://in.example\">\n--z--\n--x y--\n",
		"url http://in.example\n"},
	{"a message in the message with an encoding that is not its own", "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nFrom: inner@x\nContent-Disposition: attachment; filename=a\n\nhello\n",
		"file \"a\" \n\"hello\" whole true\n"},
	{"a message in the message that is encoded all the same", "Content-Type: message/rfc822\nContent-Disposition: attachment; filename=a\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n",
		"file \"a\" message/rfc822\n\"hello\" whole true\n"},
	{"an inner boundary that begins like the outer one", "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=ab\n\n--ab\nContent-Disposition: attachment; filename=f\n\nx\n--ab--\n--a\nContent-Disposition: attachment; filename=g\n\ny\n--a--\n",
		"file \"f\" \n\"x\" whole true\nfile \"g\" \n\"y\" whole true\n"},
	{"a name in pieces", multi + "Content-Disposition: attachment; filename*0*=utf-8'de'b%C3%BCro; filename*1=\"-2\"; filename*2*=%2epdf\n\nx\n--x y--\n",
		"file \"büro-2.pdf\" \n\"x\" whole true\n"},
	{"a name in another character set", multi + "Content-Disposition: attachment; filename*=iso-8859-1''b%FCro\n\nx\n--x y--\n", "file \"büro\" \n\"x\" whole true\n"},
	{"a name in encoded words", multi + "Content-Type: application/x; name=\"=?utf-8?B?YsO8cm8=?= =?utf-8?Q?_2?=\"\n\nx\n--x y--\n", "file \"büro 2\" application/x\n\"x\" whole true\n"},
	{"an address across a soft line break", "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nhttp://x.exa=\nmple/=3Fq\n", "url http://x.example/?q\n"},
	{"an address in base64", "Content-Type: text/html\nContent-Transfer-Encoding: base64\n\naHR0cDovL3guZXhhbXBs\nZS9h\n", "url http://x.example/a\n"},
	{"base64 with what does not belong", "Content-Disposition: attachment; filename=a\nContent-Transfer-Encoding: base64\n\naGVs\x01\nbG8=\n", "file \"a\" \n\"hello\" whole true\nodd 1\n"},
	{"no boundary where there should be", "Content-Type: multipart/mixed\n\nhttp://x.example\n", ""},
	{"a part without a body", multi + "Content-Type: text/plain\n--x y\n\nhttp://x.example\n--x y--\n", "url http://x.example\n"},
	{"a field that is too long", "X-" + strings.Repeat("a", 80) + ": b\nSubject: " + strings.Repeat("s", 2100) + "\n\n",
		"subject: " + strings.Repeat("s", 2100) + "\nodd 110100\n"},
}

func TestMessages(t *testing.T) {
	m := &Parser{}
	for _, c := range messages {
		text := strings.ReplaceAll(c.text, "\n", "\r\n")
		got := play(m, text, 1<<20)
		if body := got[:strings.LastIndexByte(got, '\n')+1]; body != c.want {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, body, c.want)
		}
		for _, n := range []int{1, 3, 40, 1460} {
			if other := play(m, text, n); other != got {
				t.Errorf("%s in pieces of %d:\ngot  %q\nwant %q", c.name, n, other, got)
			}
		}
	}
}

func TestWhatIsLostIsTold(t *testing.T) {
	m, h := &Parser{}, &told{}
	m.Write([]byte("Content-Disposition: attachment; filename=a\r\n\r\none\r\n"), h)
	m.Gap(7, h)
	m.Write([]byte("two\r\nthree"), h)
	m.Close(false, h)
	want := "file \"a\" \n\"one\\r\\n[7 lost]two\\r\\nthree\" whole false\n"
	if got := outcome(m, h); got != want || m.Lost != 7 {
		t.Errorf("got %q, %d lost; want %q, 7", got, m.Lost, want)
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"a word", "=?iso-8859-1?Q?M=FCller?= x", "Müller x"},
		{"two words with a blank between", "=?utf-8?q?a?= =?utf-8?b?Yg==?=", "ab"},
		{"words and text", "=?utf-8?q?a_b?= c =?utf-8?q?d?=", "a b c d"},
		{"a character set of Japan", "=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "日本"},
		{"one that nobody knows", "=?x-none?q?a=FF?=", "a\xff"},
		{"no word", "a =? b ?= c", "a =? b ?= c"},
		{"cut short", "=?utf-8?q?a", "=?utf-8?q?a"},
	} {
		if got := string(AppendWords(nil, []byte(c.in))); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"one", "a@x", "a@x"},
		{"two", "A <a@x>, b@x", "A <a@x>|b@x"},
		{"a comma in a name", `"Last, First" <a@x>, b@x`, `"Last, First" <a@x>|b@x`},
		{"a comma in a comment", "a@x (one, two), b@x", "a@x (one, two)|b@x"},
		{"empty ones", " , a@x,,", "a@x"},
	} {
		var got []string
		for a := range Addresses([]byte(c.in)) {
			got = append(got, string(a))
		}
		if s := strings.Join(got, "|"); s != c.want {
			t.Errorf("%s: got %q, want %q", c.name, s, c.want)
		}
	}
}

func FuzzParser(f *testing.F) {
	for _, c := range messages {
		f.Add(c.text, uint16(40))
	}
	f.Fuzz(func(t *testing.T, text string, n uint16) {
		m := &Parser{}
		want := play(m, text, 1<<20)
		if got := play(m, text, 1+int(n)); got != want {
			t.Fatalf("the outcome depends on where the bytes are cut\ngot  %q\nwant %q", got, want)
		}
		if len(m.kept) > maxKept || len(m.levels) > maxDepth {
			t.Fatalf("got %d bytes kept and %d levels, want at most %d and %d", len(m.kept), len(m.levels), maxKept, maxDepth)
		}
		m.Write([]byte(text), &told{})
		m.Gap(int(n), &told{})
		m.Close(false, &told{})
	})
}

func FuzzWords(f *testing.F) {
	f.Add("=?iso-8859-1?Q?M=FCller?= =?utf-8?b?Yg==?=")
	f.Fuzz(func(t *testing.T, v string) { AppendWords(nil, []byte(v)) })
}

func TestNothingIsAllocated(t *testing.T) {
	text := []byte(strings.ReplaceAll(messages[2].text+messages[0].text, "\n", "\r\n"))
	m := &Parser{}
	read := func() {
		m.Write(text, quiet{})
		m.Close(true, quiet{})
		m.Reset()
	}
	read()
	if n := testing.AllocsPerRun(100, read); n > 0 {
		t.Errorf("got %v allocations a message, want 0", n)
	}
}

type quiet struct{}

func (quiet) Open(*Attachment) bool { return true }
func (quiet) Data([]byte, int)      {}
func (quiet) End(bool)              {}
