package engine

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"bulwark/detect/logrule/internal/record"
)

func sieveOf(texts ...string) *sieve {
	var b Book
	var all []entry
	for _, x := range texts {
		all = append(all, entry{text: x})
	}
	return b.sieve(all)
}

// What stands in an event, in whatever place and case, passes the sieve.
func TestASieveHoldsNothingBack(t *testing.T) {
	texts := []string{"sekurlsa::", `\mimilib.dll`, "eo.oe.kiwi", "kiwi legit printer"}
	s := sieveOf(texts...)
	for _, text := range texts {
		for pad := range 20 {
			value := strings.Repeat("x", pad) + strings.ToUpper(text) + strings.Repeat(`"`, pad%3)
			line, err := json.Marshal(map[string]any{"a": pad, "b": []string{"", value}})
			if err != nil {
				t.Fatal(err)
			}
			var r record.Record
			if err := r.Read(line); err != nil {
				t.Fatal(err)
			}
			if whole, ok := r.Whole(); !ok || !s.may(whole) || !s.may(value) {
				t.Errorf("%s is held back (%v)", line, ok)
			}
		}
	}
	for _, other := range []string{"", "kiwi", "sekurlsa:", "SEKURLS::", "kiwi legit print", strings.Repeat("xyz ", 40)} {
		if s.may(other) {
			t.Errorf("%q passes", other)
		}
	}
	if sieveOf("sekurlsa::", `\a/b`) != nil {
		t.Error("a text of which no piece is long enough has a sieve")
	}
}

// Letters that are ASCII in lower case alone, and letters that are written as numbers, are no business of a sieve.
func TestWhatASieveCannotReadIsTold(t *testing.T) {
	for c := rune(0x80); c <= unicode.MaxRune; c++ {
		if unicode.ToLower(c) < 0x80 && !foreign(string(c)) {
			t.Errorf("%U becomes %U, and is not foreign", c, unicode.ToLower(c))
		}
	}
	for line, want := range map[string]bool{`{"a":"kiwi é","b":1}`: true, `{"a":"\\u006biwi"}`: true, `{"a":"\u006biwi"}`: false, "{\"a\":\"\u212aiwi\"}": false, "{\"a\":\"k\u0130wi\"}": false} {
		var r record.Record
		if err := r.Read([]byte(line)); err != nil {
			t.Fatal(err)
		}
		if _, ok := r.Whole(); ok != want {
			t.Errorf("%s is whole: %v, want %v", line, ok, want)
		}
	}
}
