package signature

import (
	"bytes"
	"path/filepath"
	"testing"
)

func FuzzUnpack(f *testing.F) {
	f.Add([]byte("alert tcp any any -> any any (sid:1;)\n"))
	f.Add([]byte("\x1f\x8b\x08\x00"))
	f.Add(bytes.Repeat([]byte("ustar"), 200))
	f.Fuzz(func(t *testing.T, text []byte) {
		files, err := unpack(bytes.NewReader(text), "a.rules")
		if err != nil {
			return
		}
		for _, x := range files {
			if !filepath.IsLocal(x.Name) {
				t.Errorf("got %q, want a path that stays inside", x.Name)
			}
		}
	})
}

func FuzzReadCases(f *testing.F) {
	f.Add([]byte("- name: a\n  capture: b\n  fires: [1, \"3:4 x2\"]\n  vars: {A: b}\n"))
	f.Add([]byte("- &a [*a]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		cases, err := ReadCases(text, "c.yaml")
		for i := range cases {
			if err == nil && cases[i].Capture == "" {
				t.Error("got a case without a capture")
			}
		}
	})
}

func FuzzUnbundle(f *testing.F) {
	var one bytes.Buffer
	r := &Rules{Files: []File{{Name: "a.rules", Text: []byte("alert tcp any any -> any any (sid:1;)\n")}}, Off: []ID{{1, 1}}}
	if err := r.Bundle(&one); err != nil {
		f.Fatal(err)
	}
	f.Add(one.Bytes())
	f.Fuzz(func(_ *testing.T, text []byte) {
		if r, err := unbundle(bytes.NewReader(text)); err == nil && len(text) < 1<<16 {
			_, _, _ = r.Check()
		}
	})
}
