package parse

import (
	"slices"
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

func TestWhatAFormatCanSay(t *testing.T) {
	own := fstest.MapFS{
		"ours.yaml": {Data: []byte("format: ours\nempty: [none]\nmatch: [{words: [\"ours\"]}]\nsteps:\n- read: json\n  named: {args: name}\n  set:\n    user.roles: args.role\n    file.name: args.file.new\n    user.name: account | with(@) | before(@) ?? login\n" +
			"    event.reason: _message\n    dns.answers.ttl: 'answers | all(([0-9]+) A)'\n    source.address: from\n    source.bytes: up\n    destination.bytes: down\n")},
		"based.yaml": {Data: []byte("format: based\nbase: ours\nmatch: [{words: [\"ours\", \"based\"]}]\nsteps:\n- set: {observer.vendor: =us}\n")},
	}
	s, err := Load(own)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, line, field string
		want              []string
	}{
		{"the first that has a value is taken", `{"k":"ours","account":"anna@x","login":"b"}`, "user.name", []string{"anna"}},
		{"what stands behind ?? is asked where the first gives none", `{"k":"ours","account":"anna","login":"b"}`, "user.name", []string{"b"}},
		{"a message within the line is not the line", `{"k":"ours","message":"door open"}`, "event.reason", []string{"door open"}},
		{"a list of names and values has a field for each name", `{"k":"ours","args":[{"name":"x","value":1},{"name":"role","value":"nurse"}]}`, "user.roles", []string{"nurse"}},
		{"other members of such a list stand below the name", `{"k":"ours","args":[{"name":"file","old":"a","new":"b"}]}`, "file.name", []string{"b"}},
		{"all places that match are values", `{"k":"ours","answers":"60 A 192.0.2.1 300 A 192.0.2.2"}`, "dns.answers.ttl", []string{"60", "300"}},
		{"an address has one form", `{"k":"ours","from":"2001:DB8:0:0::1"}`, "source.ip", []string{"2001:db8::1"}},
		{"both directions are added up", `{"k":"ours","up":3,"down":4}`, "network.bytes", []string{"7"}},
		{"one direction is no sum", `{"k":"ours","up":3}`, "network.bytes", nil},
		{"a format has the steps of its base", `{"k":"ours","t":"based","login":"b"}`, "user.name", []string{"b"}},
		{"a format has its own steps too", `{"k":"ours","t":"based","login":"b"}`, "observer.vendor", []string{"us"}},
		{"a format has the empty values of its base", `{"k":"ours","t":"based","login":"none"}`, "user.name", nil},
	} {
		var log event.Log
		s.Reader().Understand([]byte(c.line), Hint{}, &event.Header{}, &log)
		if got := Values(&log, c.field); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %s %q, want %q", c.name, c.field, got, c.want)
		}
	}
}

func TestErrorsNameTheirLine(t *testing.T) {
	for name, text := range map[string]string{
		"x.yaml: parse: bad format: line 4: \"nofilter\" is no filter":                 "format: x\nsteps:\n- set:\n    a: b | nofilter\n",
		"x.yaml: parse: bad format: base \"y\" is no format, or has a base of its own": "format: x\nbase: y\n",
	} {
		_, err := Load(fstest.MapFS{"x.yaml": {Data: []byte(text)}})
		if err == nil || err.Error() != name {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}

func TestAPairWithoutANameTellsNothing(t *testing.T) {
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	var log event.Log
	s.Reader().Understand([]byte(`"=x a=1 b=2 c=3 d=4`), Hint{Format: "kv"}, &event.Header{}, &log)
	if got := Values(&log, "a"); !slices.Equal(got, []string{"1"}) {
		t.Errorf("a is %q, want 1", got)
	}
}

// TestMarksAreLookedForOnce counts: what stands between pairs is found once, however many pairs there are.
func TestMarksAreLookedForOnce(t *testing.T) {
	text := strings.Repeat(`a="`, 1<<16)
	p := pairText{text: text, assign: mark{text: "="}, separator: mark{text: " "}}
	looks := 0
	for p.skip(); p.at < len(text); p.skip() {
		asked := p.separator.asked && p.separator.found >= p.at
		p.next()
		if !asked {
			looks++
		}
	}
	if looks > 1 {
		t.Errorf("the separator was looked for %d times in a text that has none, want 1", looks)
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

func TestNamesOfFieldsAreKnownHoweverTheyAreWritten(t *testing.T) {
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ what, line, field, want string }{
		{"with a line between words", `{"src_ip":"192.0.2.1"}`, "source.ip", "192.0.2.1"},
		{"with capital letters", `{"SrcIP":"192.0.2.1"}`, "source.ip", "192.0.2.1"},
		{"behind another name", `{"a":{"b":{"client-ip":"192.0.2.1"}}}`, "source.ip", "192.0.2.1"},
		{"a whole name before the end of one", `{"a":{"src_ip":"192.0.2.9"},"src_ip":"192.0.2.1"}`, "source.ip", "192.0.2.1"},
		{"not what is no address", `{"src":"lobby"}`, "source.ip", ""},
		{"every value of a list", `{"to":{"recipients":["a@example.org","b@example.org"]}}`, "email.to.address", "a@example.org b@example.org"},
		{"the field itself before what is like it", `{"src_ip":"192.0.2.9","source":{"ip":"192.0.2.1"}}`, "source.ip", "192.0.2.1"},
		{"kept under its own name too", `{"src_ip":"192.0.2.1"}`, "src_ip", "192.0.2.1"},
		{"a little before the object", `gate -: {"src_ip":"192.0.2.1"}`, "source.ip", "192.0.2.1"},
		{"with commas between pairs", `Timestamp="2026-03-05 09:00:00",ClientIpAddress="192.0.2.1",A="1",B="2 3"`, "source.ip", "192.0.2.1"},
		{"among many pairs a value of several words", `a=1 b=2 c=3 d=4 e=Business, Software f=6 src_ip=192.0.2.1`, "source.ip", "192.0.2.1"},
	} {
		var h event.Header
		var log event.Log
		s.Reader().Understand([]byte(c.line), Hint{Received: tested}, &h, &log)
		if got := strings.Join(Values(&log, c.field), " "); got != c.want {
			t.Errorf("%s: %s of %s is %q, want %q", c.what, c.field, c.line, got, c.want)
		}
	}
}
