package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func told(r *Record) (out []string) {
	for k := range r.Len() {
		name, v := r.Name(k), r.Value(k)
		out = append(out, fmt.Sprintf("%s=%s", name, v.Text))
	}
	return out
}

func TestRead(t *testing.T) {
	tests := []struct {
		name, in string
		want     []string
	}{
		{"texts, numbers and words", `{"a":"x", "b" : 12 ,"c":true,"d":-1.5e3}`, []string{"a=x", "b=12", "c=true", "d=-1.5e3"}},
		{"backslashes", `{"a":"C:\\x\ty\"\/\u00e9\ud83d\ude00"}`, []string{"a=C:\\x\ty\"/é😀"}},
		{"half a letter", `{"a":"\ud83dx"}`, []string{"a=\ufffdx"}},
		{"objects in it", `{"a":{"b":{"c":1},"d":2},"e":3}`, []string{"a.b.c=1", "a.d=2", "e=3"}},
		{"lists", `{"a":["x",1,{"b":2}],"c":[]}`, []string{"a=x", "a=1", "a.b=2"}},
		{"nothing", `{}`, nil},
		{"null", `{"a":null}`, []string{"a="}},
	}
	var r Record
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := r.Read([]byte(tt.in)); err != nil || !slices.Equal(told(&r), tt.want) {
				t.Errorf("got %q, %v; want %q", told(&r), err, tt.want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	var r Record
	for _, in := range []string{``, `[]`, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":"x`, `{"a":x}`, `{"a":1}}`, `{a:1}`, `{"a":1,}`, strings.Repeat(`{"a":`, 100)} {
		if err := r.Read([]byte(in)); !errors.Is(err, ErrJSON) {
			t.Errorf("Read(%.20q) = %v, want %v", in, err, ErrJSON)
		}
	}
}

// Whatever is JSON for the standard library is for us, with the same texts.
func FuzzRead(f *testing.F) {
	f.Add(`{"a":"x\u00e9","b":[1,null,{"c":true}]}`)
	f.Fuzz(func(t *testing.T, in string) {
		var r Record
		err := r.Read([]byte(in))
		for k := range r.Len() {
			r.Value(k)
		}
		var m map[string]string
		if json.Unmarshal([]byte(in), &m) != nil || m == nil || err != nil || strings.ContainsRune(in, '\ufffd') {
			return
		}
		for k := range r.Len() {
			name, v := r.Name(k), r.Value(k)
			if want, ok := m[name]; ok && !v.Null && want != v.Text && !strings.ContainsRune(want, '\ufffd') && strings.Count(in, name) == 1 {
				t.Errorf("%s is %q, want %q", name, v.Text, want)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	in := []byte(`{"EventID":1,"Image":"C:\\Windows\\System32\\conhost.exe","CommandLine":"C:\\Windows\\System32\\conhost.exe 0xffffffff -ForceV1","User":"CORP\\svc-backup","ProcessId":42368}`)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	var r Record
	for b.Loop() {
		if err := r.Read(in); err != nil {
			b.Fatal(err)
		}
	}
}
