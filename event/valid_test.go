package event

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAValueOnOneLineIsValid(t *testing.T) {
	for _, c := range []struct {
		what, text string
		want       bool
	}{
		{"an object", `{"a":[1,-0.5e+3,true,false,null,"\u00e9\n"],"b":{}}`, true},
		{"a number alone", "0", true},
		{"spaces between its parts", ` { "a" : [ ] } `, true},
		{"a line end between its parts", "{\"a\":\n1}", false},
		{"a line end in a text", "\"a\nb\"", false},
		{"a text that does not end", `"a\"`, false},
		{"two values", `{} {}`, false},
		{"a number that begins with 0", "01", false},
		{"a comma too many", `[1,]`, false},
		{"nothing", "", false},
		{"what is nested as deep as may be", strings.Repeat("[", maxNested+1) + strings.Repeat("]", maxNested+1), true},
		{"what is nested deeper", strings.Repeat("[", maxNested+2) + strings.Repeat("]", maxNested+2), false},
	} {
		if got := ValidJSON(c.text); got != c.want {
			t.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
}

func FuzzValidJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,-0.5e+3,true,false,null,"\u00e9\n"],"b":{}}`, `[1,]`, `"\ud800"`, `{"a" :1}`, `-`, `1e`, `[[]`, "\"\x80\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, want := ValidJSON(s), json.Valid([]byte(s))
		if got && !want || want && !got && !strings.ContainsAny(s, "\r\n") && strings.Count(s, "[")+strings.Count(s, "{") < maxNested {
			t.Errorf("%q: got %v, want %v", s, got, want)
		}
	})
}

func FuzzJSONString(f *testing.F) {
	for _, s := range []string{"", "plain text of some length", "seven77\"", "1234567\\", "12345678\x1f\x20", "\x80\xff12345678", "é12345678", "\"!\"!\"!\"!", "\x1f!\x1f!\x1f! \x7f"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := AppendJSONString(nil, s)
		var got string
		if err := json.Unmarshal(text, &got); err != nil || got != strings.ToValidUTF8(s, "\ufffd") && utf8.ValidString(s) {
			t.Errorf("%q: got %s, %v", s, text, err)
		}
	})
}
