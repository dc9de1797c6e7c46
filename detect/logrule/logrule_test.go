package logrule

import (
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"bulwark/wire/evtx"
)

// logged is a record of a Windows log.
func logged(channel, number string, data ...string) *evtx.Record {
	system := &evtx.Element{Name: "System", Children: []*evtx.Element{
		{Name: "EventID", Values: []evtx.Value{{Type: evtx.UInt16, Text: number}}},
		{Name: "Channel", Values: []evtx.Value{{Type: evtx.String, Text: channel}}},
		{Name: "Computer", Values: []evtx.Value{{Type: evtx.String, Text: "pc-7"}}},
		{Name: "Security", Attributes: []evtx.Attribute{{Name: "UserID", Value: evtx.Value{Type: evtx.SID, Text: "S-1-5-18"}}}},
	}}
	body := &evtx.Element{Name: "EventData"}
	for k := 0; k+1 < len(data); k += 2 {
		body.Children = append(body.Children, &evtx.Element{Name: "Data", Attributes: []evtx.Attribute{{Name: "Name", Value: evtx.Value{Text: data[k]}}},
			Values: []evtx.Value{{Type: evtx.String, Text: data[k+1]}}})
	}
	return &evtx.Record{Root: &evtx.Element{Name: "Event", Children: []*evtx.Element{system, body}}}
}

const (
	shell = "title: shell\nid: s\nlevel: high\nlogsource: {product: windows, category: process_creation}\ndetection: {x: {Image|endswith: '\\cmd.exe'}, condition: x}\n"
	audit = "title: audit\nid: a\nname: audit_cleared\nlevel: critical\nlogsource: {product: windows, service: security}\ndetection: {x: {EventID: 1102}, condition: x}\n"
	virus = "title: virus\nid: v\nlogsource: {category: antivirus}\ndetection: {x: {Signature|contains: eicar}, condition: x}\n"
	unix  = "title: unix\nid: u\nlogsource: {product: linux}\ndetection: {x: {EventID: 1102}, condition: x}\n"
	keys  = "title: deleted\nid: k\nlogsource: {product: windows, category: registry_delete}\ndetection: {x: {TargetObject|contains: Run}, condition: x}\n"
)

func set(t *testing.T, files map[string]string) *Set {
	t.Helper()
	dir := fstest.MapFS{}
	for name, text := range files {
		dir[name] = &fstest.MapFile{Data: []byte(text)}
	}
	s, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ids(all []Match) (out []string) {
	for _, m := range all {
		out = append(out, m.Rule.ID)
	}
	return out
}

func TestMatch(t *testing.T) {
	s := set(t, map[string]string{"shell.yml": shell, "sub/audit.yml": audit, "virus.yaml": virus, "unix.yml": unix, "keys.yml": keys, "README.md": "no rule"})
	tests := []struct {
		name string
		in   *evtx.Record
		want []string
	}{
		{"a process that Sysmon tells of", logged("Microsoft-Windows-Sysmon/Operational", "1", "Image", `C:\Windows\System32\CMD.EXE`), []string{"s"}},
		{"one that Windows tells of, under another name", logged("Security", "4688", "NewProcessName", `C:\Windows\System32\cmd.exe`), []string{"s"}},
		{"a process that is another", logged("Security", "4688", "NewProcessName", `C:\cmd.exe.txt`), nil},
		{"another event of the same channel", logged("Security", "1102"), []string{"a"}},
		{"the same number in another channel", logged("System", "1102"), nil},
		{"a virus, by a field that has a space in its name", logged("Microsoft-Windows-Windows Defender/Operational", "1116", "Threat Name", "Virus:DOS/EICAR_Test_File"), []string{"v"}},
		{"a deleted key", logged("Microsoft-Windows-Sysmon/Operational", "12", "EventType", "DeleteValue", "TargetObject", `HKLM\Run\x`), []string{"k"}},
		{"one that was made", logged("Microsoft-Windows-Sysmon/Operational", "12", "EventType", "CreateKey", "TargetObject", `HKLM\Run\x`), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ids(s.Match(OfWindows(tt.in))); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAFilterTakesMatchesBack(t *testing.T) {
	const filter = "title: ours\nlogsource: {product: windows}\nfilter: {rules: [audit_cleared], x: {Computer: pc-7}, condition: not x}\n"
	s := set(t, map[string]string{"audit.yml": audit, "filter.yml": filter})
	if got := s.Match(OfWindows(logged("Security", "1102"))); len(got) != 0 {
		t.Errorf("got %v, want none", ids(got))
	}
}

func TestWhatCannotBeAskedIsListed(t *testing.T) {
	s := set(t, map[string]string{"audit.yml": audit, "bad.yml": "title: x\n", "count.yml": "title: c\ncorrelation: {type: event_count, rules: [nobody], timespan: 5m, condition: {gte: 3}}\n"})
	if s.Len() != 1 || len(s.Rejected) != 2 || s.Rejected[0].Why != "bad.yml:1:1: it has none of detection, correlation, filter" {
		t.Errorf("%d rules, rejected %+v; want one, and two rejected with their places", s.Len(), s.Rejected)
	}
}

func TestCorrelations(t *testing.T) {
	const count = "title: cleared often\nid: c\nlevel: critical\ncorrelation: {type: event_count, rules: [audit_cleared], group-by: [Computer], timespan: 5m, condition: {gte: 3}}\n"
	s := set(t, map[string]string{"audit.yml": audit, "count.yml": count})
	c := s.Correlator()
	var got []Correlated
	for k := range 4 {
		e := OfWindows(logged("Security", "1102"))
		e.Time = time.Date(2026, 11, 22, 3, k, 0, 0, time.UTC)
		all := s.Match(e)
		if len(all) != 1 || !all[0].Silent {
			t.Fatalf("got %+v, want one rule that is there for the correlation alone", all)
		}
		got = append(got, c.Feed(e, all)...)
	}
	if len(got) != 1 || got[0].Rule.ID != "c" || got[0].Events != 3 || got[0].Group["Computer"] != "pc-7" {
		t.Errorf("got %+v, want one of three events on pc-7", got)
	}
}

func TestEventsThatAreJSON(t *testing.T) {
	s := set(t, map[string]string{"shell.yml": shell, "audit.yml": audit, "unix.yml": unix})
	tests := []struct {
		name, in string
		want     []string
	}{
		{"one that says what it is", `{"product":"windows","category":"process_creation","Image":"C:\\cmd.exe"}`, []string{"s"}},
		{"one of a channel of Windows", `{"Channel":"Security","EventID":1102}`, []string{"a"}},
		{"one of another product", `{"product":"linux","EventID":"1102"}`, []string{"u"}},
		{"one of nobody knows what", `{"EventID":1102}`, nil},
	}
	var j JSON
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := j.Read([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if got := ids(s.Match(e)); !slices.Equal(got, tt.want) || !slices.Equal(ids(s.Match(e.Clone())), tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestTimes(t *testing.T) {
	for text, want := range map[string]string{
		"2026-11-23T04:05:06.7891Z":     "2026-11-23T04:05:06.7891Z",
		"2026-11-23T06:05:06+02:00":     "2026-11-23T04:05:06Z",
		"2026-11-23 04:05:06.123":       "2026-11-23T04:05:06.123Z",
		"2026-11-23 04:05:06":           "2026-11-23T04:05:06Z",
		"2026-02-30 04:05:06":           "",
		"2026-11-23 24:05:06":           "",
		"2026-11-23 04:05:06 and after": "",
		"2026/11/23 04:05:06":           "",
		"yesterday":                     "",
	} {
		got, ok := parseTime(text)
		if ok != (want != "") || ok && got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q is %v, %v; want %q", text, got, ok, want)
		}
	}
}
