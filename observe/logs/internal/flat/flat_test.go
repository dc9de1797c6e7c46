package flat

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func told(fields []Field) string {
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "%s=%s|", f.Name, f.Value)
	}
	return b.String()
}

func TestRead(t *testing.T) {
	for _, c := range []struct{ does, text, want string }{
		{"nested names are joined", `{"host":{"name":"a","ip":["1","2"]},"n":-1.5e3}`, "host.name=a|host.ip=1|host.ip=2|n=-1.5e3|"},
		{"joined names stay", `{"host.name":"a"}`, "host.name=a|"},
		{"nothing is told of null and of what is empty", `{"a":null,"b":{},"c":[],"d":false}`, "d=false|"},
		{"what is escaped is read", `{"a\u002eb":"C:\\x\ty \u00e9 \ud83d\ude00 \ud83d \q"}`, "a.b=C:\\x\ty é 😀 \uFFFD \\q|"},
		{"objects in lists have the list's name", `{"a":[{"b":1},{"b":2}]}`, "a.b=1|a.b=2|"},
		{"space is passed over", " {\n\"a\" :\t[ 1 , 2 ] }\r\n", "a=1|a=2|"},
	} {
		t.Run(c.does, func(t *testing.T) {
			var r Reader
			fields, err := r.Read([]byte(c.text))
			if got := told(fields); err != nil || got != c.want {
				t.Errorf("got %q, %v\nwant %q", got, err, c.want)
			}
		})
	}
}

func TestWhatIsNoObjectIsRefused(t *testing.T) {
	for _, text := range []string{"", "x", "[]", `{"a"}`, `{"a":}`, `{"a":1`, `{"a":"b`, `{"a":1}x`, `{a:1}`, `{"a":nul}`, `{"a":[1}`,
		strings.Repeat(`{"a":`, 100), strings.Repeat(`{"a":[`, 100)} {
		var r Reader
		if _, err := r.Read([]byte(text)); !errors.Is(err, ErrJSON) {
			t.Errorf("%.40q: got %v, want %v", text, err, ErrJSON)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var r Reader
	for n := range 20_000 {
		if _, err := r.Read(fmt.Appendf(nil, `{"n%d":1}`, n)); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.names) > maxNames {
		t.Errorf("got %d names, want at most %d", len(r.names), maxNames)
	}
	fields, err := r.Read([]byte(`{"a":[` + strings.Repeat("1,", 5000) + `1]}`))
	if err != nil || len(fields) != MostFields || !r.Cut {
		t.Errorf("got %d fields, cut %v, %v", len(fields), r.Cut, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"a":{"b":["c",1,true,null,{"d":"\u00e9\n"}]}}`))
	f.Add([]byte(`{"a":"\ud83d\ude00"}`))
	f.Add([]byte("null")) // encoding/json reads it as an object that is not there
	f.Fuzz(func(t *testing.T, p []byte) {
		var r Reader
		fields, err := r.Read(p)
		var oracle map[string]any
		if json.Unmarshal(p, &oracle) == nil && oracle != nil && err != nil && !strings.Contains(err.Error(), "deep") {
			t.Errorf("%q: got %v, encoding/json reads it", p, err)
		}
		if len(fields) > MostFields {
			t.Errorf("got %d fields", len(fields))
		}
	})
}
