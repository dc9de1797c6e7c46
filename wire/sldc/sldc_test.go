package sldc

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"bulwark/wire/wiretest"
)

func TestWhatWasPackedComesOutAgain(t *testing.T) {
	tests := []struct{ name, text string }{
		{"nothing", ""},
		{"a byte", "a"},
		{"a word that comes again", "abcdabcdabcd"},
		{"one byte for long", strings.Repeat("x", 5000)},
		{"copies of every length", lengths()},
		{"what lies further back than the history", strings.Repeat("0123456789abcdef", 3) + strings.Repeat("z", 1021) + "0123456789abcdef"},
		{"all bytes", all()},
	}
	for _, tt := range tests {
		got, err := Append([]byte("before"), wiretest.SLDC([]byte(tt.text)), 1<<20)
		if err != nil || string(got) != "before"+tt.text {
			t.Errorf("%s: got %.60q, %v", tt.name, got, err)
		}
	}
}

func lengths() string {
	var b strings.Builder
	text := strings.Repeat("abcdefghijklmnopqrstuvwxyz0123456789", 8)
	for n := 2; n < 272; n++ {
		b.WriteString(text[:n] + string(rune('A'+n%26)))
	}
	return b.String()
}

func all() string {
	var b []byte
	for range 3 {
		for c := range 256 {
			b = append(b, byte(c), 0xff)
		}
	}
	return string(b)
}

// bits is a record written by hand: its bits as ones and zeros, blanks between symbols.
func bits(s string) []byte {
	s = strings.ReplaceAll(s, " ", "")
	s += strings.Repeat("0", (8-len(s)%8)%8)
	out := make([]byte, len(s)/8)
	for i, c := range s {
		out[i/8] |= byte(c-'0') << (7 - i%8)
	}
	return out
}

func TestSymbols(t *testing.T) {
	const reset1, reset2, end = "1111111110101", "1111111110110", "1111111110100"
	tests := []struct {
		name, bits, want string
		err              error
	}{
		{"literals of scheme 1", reset1 + " 001100001 001100010 " + end, "ab", nil},
		{"a copy that runs into itself", reset1 + " 001100001 1 1000 0000000000 " + end, "aaaaa", nil},
		{"literals of scheme 2, a byte of ones with a zero behind it", reset2 + " 01100001 111111110 01100010 " + end, "a\xffb", nil},
		{"a change of scheme keeps the history", reset2 + " 01100001 01100010 1111111110001 1 00 0000000000 " + end, "abab", nil},
		{"marks that say nothing", reset1 + " 1111111110000 1111111110011 1111111111111 001100001 " + end, "a", nil},
		{"what follows the end is not looked at", reset1 + " 001100001 " + end + " 0101010101010101", "a", nil},
		{"data before a scheme is chosen", "001100001 " + end, "", ErrFormat},
		{"a record without end", reset1 + " 001100001", "a\x00", ErrFormat},
		{"a copy of what was not there", reset1 + " 001100001 1 00 0000000101 " + end, "a", ErrFormat},
		{"a copy across a reset", reset1 + " 001100001 001100001 " + reset1 + " 1 00 0000000000 " + end, "aa", ErrFormat},
		{"a reserved control symbol", reset1 + " 1111111111000 " + end, "", ErrFormat},
		{"nothing at all", "", "", ErrFormat},
	}
	for _, tt := range tests {
		got, err := Append(nil, bits(tt.bits), 100)
		if !errors.Is(err, tt.err) || tt.err == nil && string(got) != tt.want || !strings.HasPrefix(tt.want, strings.TrimRight(string(got), "\x00")) {
			t.Errorf("%s: got %q, %v; want %q, %v", tt.name, got, err, tt.want, tt.err)
		}
	}
}

func TestWhatIsTooLongIsCut(t *testing.T) {
	got, err := Append(nil, wiretest.SLDC(bytes.Repeat([]byte{'a'}, 1000)), 10)
	if !errors.Is(err, ErrLong) || string(got) != "aaaaaaaaaa" {
		t.Errorf("got %q, %v", got, err)
	}
}

func FuzzAppend(f *testing.F) {
	f.Add(wiretest.SLDC([]byte("abcabcabc")))
	f.Add(wiretest.SLDC([]byte(all())))
	f.Fuzz(func(t *testing.T, p []byte) {
		if got, _ := Append(nil, p, 4096); len(got) > 4096 {
			t.Errorf("%d bytes came of %s", len(got), hex.EncodeToString(p))
		}
		if got, err := Append(nil, wiretest.SLDC(p), len(p)); err != nil || !bytes.Equal(got, p) {
			t.Errorf("packed and unpacked: got %x, %v", got, err)
		}
	})
}
