package conformance

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bulwark/detect/logrule"
	"bulwark/internal/sigmahq"
	"bulwark/wire/evtx"
	"bulwark/wire/winevent"
)

// An event that is forwarded as XML must look to rules as the same event does in a log file.
func TestForwardedEventsHaveTheFieldsOfThoseInFiles(t *testing.T) {
	data := os.Getenv("BULWARK_DATA")
	if data == "" {
		t.Skip("BULWARK_DATA is not set: logs of Windows are read from there")
	}
	events, different := 0, 0
	for _, archive := range []string{"sigma-regression/regression_data.tar.zst", "evtx-attack/EVTX-ATTACK-SAMPLES.evtx.tar.zst"} {
		files, err := sigmahq.Unpacked(filepath.Join(data, "soc", archive))
		if err != nil {
			t.Fatal(err)
		}
		for name, f := range files {
			if filepath.Ext(name) != ".evtx" {
				continue
			}
			_, err := evtx.Read(bytes.NewReader(f.Data), func(r *evtx.Record) error {
				events++
				if why := forwarded(r); why != "" {
					if different++; different <= 10 {
						t.Errorf("%s, record %d: %s", name, r.ID, why)
					}
				}
				return nil
			})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	t.Logf("%d of %d events are the same", events-different, events)
}

// forwarded says how the fields of a record differ when it comes as XML; "": they do not.
func forwarded(r *evtx.Record) string {
	var e winevent.Event
	text := write(nil, r.Root)
	if err := e.Parse(text); err != nil {
		return err.Error()
	}
	if e.Cut {
		return ""
	}
	got := map[string][]string{}
	for i := 0; i+1 < len(e.Fields); i += 2 {
		got[e.Fields[i]] = append(got[e.Fields[i]], e.Fields[i+1])
	}
	want := logrule.OfWindows(r)
	for _, name := range want.Fields() {
		var values []string
		for _, v := range want.Values(name) {
			values = append(values, v.Text)
		}
		if !slices.Equal(got[name], values) {
			return name + " is " + strings.Join(got[name], "|") + ", not " + strings.Join(values, "|")
		}
		delete(got, name)
	}
	for name := range got {
		return name + " is in the XML alone"
	}
	return ""
}

// write is an element as Windows writes it: each value of an array is an element.
func write(b []byte, e *evtx.Element) []byte {
	if len(e.Children) == 0 && len(e.Values) == 1 && e.Values[0].Array() {
		for _, v := range e.Values[0].List {
			b = element(b, e, v)
		}
		return b
	}
	if len(e.Children) == 0 {
		return element(b, e, e.Text())
	}
	b = open(b, e)
	for _, c := range e.Children {
		b = write(b, c)
	}
	return append(append(append(b, "</"...), e.Name...), '>')
}

func element(b []byte, e *evtx.Element, text string) []byte {
	b = escape(open(b, e), text)
	return append(append(append(b, "</"...), e.Name...), '>')
}

func open(b []byte, e *evtx.Element) []byte {
	b = append(append(b, '<'), e.Name...)
	for _, a := range e.Attributes {
		b = append(append(append(b, ' '), a.Name...), "='"...)
		b = append(escape(b, a.Value.Text), '\'')
	}
	return append(b, '>')
}

// escape keeps characters that XML forbids, as Windows does.
func escape(b []byte, s string) []byte {
	return append(b, strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "'", "&apos;").Replace(s)...)
}
