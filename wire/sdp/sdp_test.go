package sdp

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

const example = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nk=clear:hush\r\n" +
	"m=audio 30000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3\r\nm=video 30002 RTP/AVP 31\r\nc=IN IP4 192.0.2.9"

func TestParse(t *testing.T) {
	var d Description
	if err := Parse([]byte(example), &d); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", First(d.Session(), 'o'), First(d.Session(), 'c'))
	for lines := range d.Media {
		fmt.Fprintf(&b, "|%s %s", lines[0].Value, First(lines, 'c'))
	}
	if got, want := b.String(), "- 1 2 IN IP4 192.0.2.1 IN IP4 192.0.2.1|audio 30000 RTP/SAVP 0 |video 30002 RTP/AVP 31 IN IP4 192.0.2.9"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	b.Reset()
	for _, l := range d.Lines {
		if n, secret := l.Secret(); secret {
			fmt.Fprintf(&b, "%s ", l.Value[:n])
		}
	}
	if got, want := b.String(), "clear: crypto:1 AES_CM_128_HMAC_SHA1_80 inline: "; got != want {
		t.Errorf("secrets: got %s, want %s", got, want)
	}
}

func TestOddDescriptions(t *testing.T) {
	for _, c := range []struct {
		does, p string
		err     error
		lines   int
	}{
		{"nothing", "", ErrMalformed, 0},
		{"another version", "v=1\n", ErrMalformed, 0},
		{"a line of another form", "v=0\nhello\n", ErrMalformed, 1},
		{"line feeds alone, and empty lines", "v=0\n\ns=x\n", nil, 2},
		{"lines without end", "v=0\n" + strings.Repeat("a=x\n", 1000), nil, maxLines},
	} {
		var d Description
		if err := Parse([]byte(c.p), &d); !errors.Is(err, c.err) || len(d.Lines) != c.lines {
			t.Errorf("%s: got %v, %d lines; want %v, %d", c.does, err, len(d.Lines), c.err, c.lines)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(example))
	f.Fuzz(func(t *testing.T, b []byte) {
		var d Description
		_ = Parse(b, &d)
		for lines := range d.Media {
			First(lines, 'a')
		}
		for _, l := range d.Lines {
			l.Secret()
		}
	})
}
