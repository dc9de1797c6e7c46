package parse

import (
	"strings"
	"testing"
	"testing/fstest"

	"bulwark/event"
)

func TestOwnFormatWritesOver(t *testing.T) {
	own := fstest.MapFS{"sudo.yaml": {Data: []byte("format: sudo\ntitle: ours\nmatch: [{words: [\"OURS \"]}]\nsteps:\n- lines: [{like: \"OURS {user.name:word}\"}]\n")}}
	s, err := Load(own)
	if err != nil {
		t.Fatal(err)
	}
	var log event.Log
	if !s.Reader().Understand([]byte("OURS anna"), Hint{}, &event.Header{}, &log) || log.Format != "sudo" || log.User != "anna" {
		t.Errorf("got format %q of %q, want sudo of anna", log.Format, log.User)
	}
}

func TestErrorsNameTheirLine(t *testing.T) {
	for name, text := range map[string]string{
		"x.yaml: parse: bad format: line 4: \"nofilter\" is no filter": "format: x\nsteps:\n- set:\n    a: b | nofilter\n",
	} {
		_, err := Load(fstest.MapFS{"x.yaml": {Data: []byte(text)}})
		if err == nil || err.Error() != name {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}

func FuzzUnderstand(f *testing.F) {
	s, err := Load()
	if err != nil {
		f.Fatal(err)
	}
	for _, form := range s.Formats() {
		for i := range form.Tests {
			f.Add([]byte(form.Tests[i].Line), "")
			f.Add([]byte(form.Tests[i].Line), form.ID)
		}
	}
	r := s.Reader()
	f.Fuzz(func(t *testing.T, line []byte, id string) {
		var log event.Log
		r.Understand(line, Hint{Format: id, Stream: id}, &event.Header{}, &log)
		if len(log.Fields) > 2*mostFields || len(log.Message) > mostMessage {
			t.Errorf("got %d fields, message of %d bytes: over the bounds", len(log.Fields)/2, len(log.Message))
		}
	})
}

func TestALineThatRepeatsItselfIsGivenUp(t *testing.T) {
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	r := s.Reader()
	for _, form := range s.Formats() {
		for i := range form.Tests {
			line := strings.Repeat(form.Tests[i].Line+" ", 1+(1<<20)/len(form.Tests[i].Line))
			var log event.Log
			r.Understand([]byte(line), Hint{}, &event.Header{}, &log)
			if most := mostEffort + 2*len(line); r.effort > most {
				t.Errorf("%s: %d bytes were looked at of a line of %d, want at most %d", form.ID, r.effort, len(line), most)
			}
		}
	}
}
