package match

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"strings"
	"testing"

	"bulwark/detect/signature/internal/field"
	"bulwark/detect/signature/internal/rule"
)

func packed(text string, w io.WriteCloser, to *bytes.Buffer) string {
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return to.String()
}

func gzipOf(text string) string {
	var b bytes.Buffer
	return packed(text, gzip.NewWriter(&b), &b)
}

func zlibOf(text string) string {
	var b bytes.Buffer
	return packed(text, zlib.NewWriter(&b), &b)
}

func TestTransforms(t *testing.T) {
	for _, c := range []struct{ says, name, value, data, want string }{
		{"a dot before a name", "dotprefix", "", "example.org", ".example.org"},
		{"no dot before nothing", "dotprefix", "", "", ""},
		{"no blanks", "strip_whitespace", "", " a\tb\r\nc\v", "abc"},
		{"one blank of each run, the first", "compress_whitespace", "", "a \t b\n", "a b\n"},
		{"no pseudo headers", "strip_pseudo_headers", "", ":path: /\r\nhost: a\r\n:x", "host: a\r\n"},
		{"names of headers in lower case", "header_lowercase", "", "HOST: A:B\r\nX-Y: Z", "host: A:B\r\nx-y: Z"},
		{"escapes of addresses", "url_decode", "", "a%20b+c%2f%zz%4", "a b c/%zz%4"},
		{"a broken escape keeps what follows it", "url_decode", "", "%%41%4+", "%%41%4+"},
		{"lower case", "to_lowercase", "", "AbC@[1", "abc@[1"},
		{"upper case", "to_uppercase", "", "aBc`{1", "ABC`{1"},
		{"MD5", "to_md5", "", " A B C D ", "\xe0\x59\xf8\x30\x43\x69\x58\xb6\x45\x82\x8c\xc2\x33\xc2\x47\x13"},
		{"SHA-1", "to_sha1", "", " A B C D ", "\xc8\xdc\x44\x97\xf7\xe0\x55\xf8\x6b\x88\x90\x52\x08\x2c\x0c\x7b\xdc\xc9\xc8\x89"},
		{"SHA-256", "to_sha256", "", "abc", "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad"},
		{"a registered domain", "domain", "", "www.Example.co.uk", "Example.co.uk"},
		{"a public suffix is no domain", "domain", "", "co.uk", ""},
		{"a name of one label", "domain", "", "localhost", ""},
		{"a public suffix", "tld", "", "www.example.co.uk", "co.uk"},
		{"a key over and over", "xor", "0a0DC8ff", "example.com", "ou\xa9\x92za\xad\xd1ib\xa5"},
		{"a key from an offset on", "xor", "offset 2,01", "aaaa", "aa``"},
		{"a key out of the buffer", "xor", "offset   1,  extract 1 0", "\x01`", "\x01a"},
		{"a key beyond the buffer changes nothing", "xor", "extract 2 9", "ab", "ab"},
		{"base64", "from_base64", "", "Zm9vYmFy", "foobar"},
		{"base64 that ends early", "from_base64", "", "Zm 9v", "f"},
		{"base64 whose other bytes are skipped", "from_base64", "mode rfc2045", "Zm 9v Ym.Fy", "foobar"},
		{"base64 that must be clean", "from_base64", "mode strict", "Zm9v Ym", ""},
		{"base64 without its padding", "from_base64", "mode rfc4648", "Zm9vYg", "foob"},
		{"base64 from an offset on", "from_base64", "offset 6", "/?arg=dGhpc2lzYXRlc3QK", "thisisatest\n"},
		{"some of it", "from_base64", "bytes 6, offset 6", "/?arg=dGhpc2lzYXRlc3QK", "this"},
		{"an offset beyond the buffer changes nothing", "from_base64", "offset 60", "Zm9v", "Zm9v"},
		{"the rest from an offset on", "subslice", "2", "abcdef", "cdef"},
		{"some bytes", "subslice", "2, 3", "abcdef", "cde"},
		{"from the end", "subslice", "-2", "abcdef", "ef"},
		{"up to some from the end", "subslice", "1,-2", "abcdef", "bcd"},
		{"more than there are", "subslice", "2,9", "abcdef", ""},
		{"more than there are, cut", "subslice", "2,9,truncate", "abcdef", "cdef"},
		{"gzip", "gunzip", "", gzipOf("hello"), "hello"},
		{"gzip, no more than asked for", "gunzip", "max-size 3", gzipOf("hello"), "hel"},
		{"gzip that is none", "gunzip", "", "hello", ""},
		{"gzip of much", "gunzip", "max-size=1KiB", gzipOf(strings.Repeat("a", 1<<20)), strings.Repeat("a", 1024)},
		{"zlib", "zlib_deflate", "", zlibOf("hello"), "hello"},
		{"JSON without blanks and escapes", "json_decode", "", ` {"a\tb" : "\u0065\ud83d\ude80 \x"} `, "{\"a\tb\":\"e\xf0\x9f\x9a\x80 \\x\"}"},
		{"JSON with half a surrogate pair", "json_decode", "", `"\ud83dz\u12"`, "\"\xed\xa0\xbdz\\u12\""},
	} {
		chain, err := CompileChain([]rule.Transform{{Name: c.name, Value: c.value}})
		if err != nil {
			t.Errorf("%s: %v", c.says, err)
			continue
		}
		var m Machine
		for range 2 { // what the machine keeps is used again
			if got := string(chain.Apply(&m, []byte(c.data))); got != c.want {
				t.Errorf("%s: got %q, want %q", c.says, got, c.want)
			}
		}
	}
}

func TestTransformsRefused(t *testing.T) {
	for _, c := range []struct{ says, name, value string }{
		{"one that there is not", "to_roman", ""},
		{"a script", "luaxform", "x.lua"},
		{"a value that is not taken", "to_md5", "1"},
		{"a key that is none", "xor", "0a0"},
		{"no key", "xor", "offset 1"},
		{"a key from nowhere", "xor", "extract 1"},
		{"a mode that there is not", "from_base64", "mode 7bit"},
		{"a count that is none", "from_base64", "bytes x"},
		{"a bound of nothing", "gunzip", "max-size 0"},
		{"a bound beyond ours", "gunzip", "max-size 1GiB"},
		{"too many numbers", "subslice", "1,2,3"},
	} {
		if _, err := CompileChain([]rule.Transform{{Name: c.name, Value: c.value}}); !errors.Is(err, ErrTransform) {
			t.Errorf("%s: got %v, want %v", c.says, err, ErrTransform)
		}
	}
}

func TestChain(t *testing.T) {
	ts := []rule.Transform{{Name: "url_decode"}, {Name: "to_lowercase"}, {Name: "dotprefix"}}
	p, err := Compile(&rule.Looked{Transforms: ts, Tests: list(starts(text(".a b")))})
	if err != nil {
		t.Fatal(err)
	}
	var m Machine
	if !p.Match(&m, View{Data: []byte("A%20B")}) {
		t.Error("got no match of what the transforms make, want one")
	}
	changed := p.Chain().Apply(&m, []byte("A%20B"))
	if !p.Match(&m, View{Data: changed, Changed: true}) {
		t.Error("got no match of a buffer that has been changed already, want one")
	}
	other, _ := CompileChain(ts[:2])
	same, _ := CompileChain(ts)
	if same.Key() != p.Chain().Key() || other.Key() == same.Key() {
		t.Errorf("got keys %q, %q and %q, want the same for the same transforms only", same.Key(), p.Chain().Key(), other.Key())
	}
}

func TestBase64(t *testing.T) {
	decoded := &field.Field{Name: "base64_data"}
	for _, c := range []struct {
		says   string
		data   string
		decode *rule.Base64Decode
		want   bool
	}{
		{"what follows a content is decoded", "arg=Zm9vYmFy", &rule.Base64Decode{Relative: true}, true},
		{"the text ends at a byte that is none of it", "arg=Zm9vYmFy&x", &rule.Base64Decode{Relative: true}, true},
		{"some bytes are skipped", "arg=..Zm9vYmFy", &rule.Base64Decode{Relative: true, Offset: 2}, true},
		{"some bytes only", "arg=Zm9vYmFy", &rule.Base64Decode{Relative: true, Count: 4}, false},
		{"from the begin there is no text", "..arg=Zm9vYmFy", &rule.Base64Decode{}, false},
		{"nothing follows", "arg=", &rule.Base64Decode{Relative: true}, false},
		{"the first place decides, as the guide says", "arg=!arg=Zm9vYmFy", &rule.Base64Decode{Relative: true}, false},
	} {
		ps, err := CompileAll([]rule.Looked{
			{Tests: list(text("arg="), c.decode)},
			{Field: decoded, Tests: list(text("foo"), within(text("bar"), 3))},
		})
		if err != nil {
			t.Fatal(err)
		}
		if ps[1] != nil {
			t.Errorf("got a program for base64_data, want it in the one before")
		}
		var m Machine
		if got := ps[0].Match(&m, View{Data: []byte(c.data), Whole: true}); got != c.want {
			t.Errorf("%s: got %v, want %v", c.says, got, c.want)
		}
	}
	if _, err := CompileAll([]rule.Looked{{Field: decoded, Tests: list(text("foo"))}}); !errors.Is(err, ErrBase64) {
		t.Errorf("base64_data alone: got %v, want %v", err, ErrBase64)
	}
}

func TestASN1(t *testing.T) {
	long := func(tag byte, n int) string {
		return string([]byte{tag, 0x82, byte(n >> 8), byte(n)}) + strings.Repeat("\x05", n)
	}
	check(t, []testCase{
		{"a length beyond the bound", "\x04\x05hello", list(&rule.ASN1{Oversize: 4}), true},
		{"a length at the bound", "\x04\x05hello", list(&rule.ASN1{Oversize: 5}), false},
		{"a length in a sequence", "\x30\x07\x04\x05hello", list(&rule.ASN1{Oversize: 6}), true},
		{"an object in a sequence", "\x30\x05\x03\x01\xff\x05\x00", list(&rule.ASN1{BitstringOverflow: true}), true},
		{"more bits are ignored than there are", "\x03\x01\xff", list(&rule.ASN1{BitstringOverflow: true}), true},
		{"seven bits of eight", "\x03\x01\x07", list(&rule.ASN1{BitstringOverflow: true}), false},
		{"a number in letters that is too long", long(9, 257), list(&rule.ASN1{DoubleOverflow: true}), true},
		{"one that is not", long(9, 256), list(&rule.ASN1{DoubleOverflow: true}), false},
		{"the second object", "\x05\x00\x03\x01\xff", list(&rule.ASN1{BitstringOverflow: true}), true},
		{"an object that is not all there", "\x04\x50hello", list(&rule.ASN1{Oversize: 4}), false},
		{"from an offset on", "..\x03\x01\xff", list(&rule.ASN1{BitstringOverflow: true, HasOffset: true, Offset: 2}), true},
		{"from a content on", "ab.\x03\x01\xff", list(text("ab"), &rule.ASN1{BitstringOverflow: true, HasOffset: true, Relative: true, Offset: 1}), true},
		{"before the begin", "ab", list(text("ab"), &rule.ASN1{Oversize: 1, HasOffset: true, Relative: true, Offset: -5}), false},
		{"an object whose end is marked", "\x30\x80\x03\x01\xff\x00\x00", list(&rule.ASN1{BitstringOverflow: true}), true},
		{"one whose mark is missing", "\x30\x80\x03\x01\xff", list(&rule.ASN1{BitstringOverflow: true}), false},
		{"objects without end", strings.Repeat("\x30\x80", 1000), list(&rule.ASN1{Oversize: 1}), false},
	})
}

func TestEntropy(t *testing.T) {
	check(t, []testCase{
		{"of one byte over and over", "aaaaaaa", list(&rule.Entropy{Op: rule.Equal, Value: 0}), true},
		{"of four bytes", "abcdabcd", list(&rule.Entropy{Op: rule.GreaterEqual, Value: 2}), true},
		{"of a part", "aaaaabcd", list(&rule.Entropy{Op: rule.Equal, Value: 2, Offset: 4, Count: 4}), true},
		{"of more than there is", "abcd", list(&rule.Entropy{Op: rule.Greater, Value: 1, Count: 5}), false},
		{"between two values", "abcd", list(&rule.Entropy{Op: rule.Between, Value: 1, Upper: 3}), true},
	})
	p := compiled(t, &sample{tests: list(&rule.Entropy{Op: rule.Greater, Value: 6})})
	got := 0.0
	m := Machine{Entropy: func(_ *rule.Entropy, bits float64) { got = bits }}
	if p.Match(&m, View{Data: []byte("abcd")}) || got != 2 {
		t.Errorf("got a match or was told %v bits, want none and 2", got)
	}
}

func TestDatasets(t *testing.T) {
	known := &rule.Dataset{Name: "known"}
	p, err := Compile(&rule.Looked{Transforms: []rule.Transform{{Name: "to_lowercase"}}, Tests: list(known)})
	if err != nil {
		t.Fatal(err)
	}
	m := Machine{Dataset: func(d *rule.Dataset, value []byte) bool { return d.Name == "known" && string(value) == "abc" }}
	if !p.Match(&m, View{Data: []byte("ABC")}) || p.Match(&m, View{Data: []byte("abd")}) {
		t.Error("got an answer that is not the data set's")
	}
	if p.Match(&Machine{}, View{Data: []byte("abc")}) {
		t.Error("got a match without data sets, want none")
	}
}
