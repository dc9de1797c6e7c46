package rule

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"bulwark/internal/gunzip"
)

// TestFiles says what is read out of files.
func TestFiles(t *testing.T) {
	const head = "alert tcp any any -> any any "
	for _, c := range []struct{ name, text, want string }{
		{"comments and empty lines", "# a comment\n\n   \n" + head + "(sid:1;)\n", "1@4 "},
		{"ends of lines of Windows", head + "(sid:1;)\r\n" + head + "(sid:2;)\r\n", "1@1 2@2 "},
		{"no end of line", head + "(sid:1;)", "1@1 "},
		{"a rule that is commented out", "#" + head + "(sid:1;)\n# " + head + "(sid:2;)", "(1)@1 (2)@2 "},
		{"prose that looks like one", "# alert tcp (see sid) is how rules begin", ""},
		{"prose", "# alert the administrator\n", ""},
		{"continued lines", "alert tcp any any -> \\\n  any any (msg:\"a\"; \\\r\n\tsid:1;)\n" + head + "(sid:2;)", "1@1 2@4 "},
		{"a place in a continued line", head + "(msg:\"a\"; \\\n  \\\n nocase; sid:1;)", "error f:3:2: sid 1: nocase has no content before it "},
		{"a continued line at the end", head + "(sid:1;) \\", "1@1 "},
		{"a mark of UTF-8", "\xef\xbb\xbf" + head + "(sid:1;)", "1@1 "},
		{"a rule that asks for another version", head + "(requires: version >= 10; newkeyword:1; sid:1;)\n" + head + "(requires: version >= 7.0.3 < 8 | >= 8.0.1, feature ja3, keyword dns.query; sid:2;)\n" +
			head + "(requires: feature unheard; sid:3;)\n" + head + "(requires: nonsense; sid:4;)",
			"2@2 skipped f:1:41: sid 1: requires version >= 10 skipped f:3:41: sid 3: requires feature unheard error f:4:41: sid 4: requires: a kind and what is required are wanted, not \"nonsense\" "},
		{"a newer revision", head + "(sid:1; rev:1;)\n" + head + "(sid:1; rev:2;)\n" + head + "(sid:1; rev:2;)",
			"1@2 error f:1:1: sid 1: left out: f:2:1 has the same sid in revision 2 error f:3:1: sid 1: left out: f:2:1 has the same sid in revision 2 "},
		{"another group", head + "(sid:1;)\n" + head + "(gid:2; sid:1;)", "1@1 1@2 "},
		{"a newer one that is commented out", head + "(sid:1; rev:1;)\n#" + head + "(sid:1; rev:2;)", "1@1 error f:2:2: sid 1: left out: f:1:1 has the same sid in revision 1 "},
		{"an older one that was commented out", "#" + head + "(sid:1; rev:2;)\n" + head + "(sid:1; rev:1;)", "1@2 error f:1:2: sid 1: left out: f:2:1 has the same sid in revision 1 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s Set
			if err := s.Read(NewParser(Options{}), strings.NewReader(c.text), "f"); err != nil {
				t.Fatal(err)
			}
			if got := describeSet(&s); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func describeSet(s *Set) string {
	var b strings.Builder
	for _, r := range s.Rules {
		if r.Enabled {
			fmt.Fprintf(&b, "%d@%d ", r.SID, r.Pos.Line)
		} else {
			fmt.Fprintf(&b, "(%d)@%d ", r.SID, r.Pos.Line)
		}
	}
	for _, e := range s.Errors {
		kind := "error"
		if e.Skipped {
			kind = "skipped"
		}
		fmt.Fprintf(&b, "%s %v ", kind, e)
	}
	return b.String()
}

// TestLongLines says that what is too long is rejected without being kept.
func TestLongLines(t *testing.T) {
	long := "alert tcp any any -> any any (msg:\"" + strings.Repeat("x", MaxLine) + "\"; sid:1;)"
	for _, c := range []struct{ name, text string }{
		{"one line", long},
		{"one line that continues", strings.ReplaceAll(long, "xxxxxxxx", "xxxxxxxxx\\\n")},
		{"a line of many buffers", strings.Replace(long, "xxx", strings.Repeat("y", 10*MaxLine), 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules, errs, err := Parse(strings.NewReader(c.text+"\nalert tcp any any -> any any (sid:2;)\n"), "f", Options{})
			if err != nil || len(rules) != 1 || rules[0].SID != 2 || len(errs) != 1 {
				t.Fatalf("got %d rules, faults %v, %v; want rule 2 and one fault", len(rules), errs, err)
			}
			if want := fmt.Sprintf("the rule is longer than %d bytes", MaxLine); errs[0].Reason != want || errs[0].Pos.Line != 1 || len(errs[0].Text) > maxText {
				t.Errorf("got %v with %d bytes of text, want %s", errs[0], len(errs[0].Text), want)
			}
		})
	}
}

// TestManyFaults says that a large file of nonsense fills no memory.
func TestManyFaults(t *testing.T) {
	var s Set
	text := io.MultiReader(strings.NewReader(strings.Repeat("x\n", MaxErrors+5)), strings.NewReader("alert tcp any any -> any any (sid:1;)\n"))
	if err := s.Read(NewParser(Options{}), text, "f"); err != nil {
		t.Fatal(err)
	}
	if len(s.Errors) != MaxErrors || s.Lost != 5 || len(s.Rules) != 1 {
		t.Errorf("got %d faults, %d lost, %d rules; want %d, 5, 1", len(s.Errors), s.Lost, len(s.Rules), MaxErrors)
	}
}

// TestManyRules says that a set has an end.
func TestManyRules(t *testing.T) {
	s := &Set{Rules: make([]*Rule, MaxRules), places: map[[2]uint32]int{}}
	e := s.Add(&Rule{GID: 1, SID: 1, Pos: Pos{"f", 1, 1}})
	if e == nil || !strings.Contains(e.Reason, "limit") {
		t.Errorf("got %v, want a fault that tells of the limit", e)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("disk full") }

func TestReadersThatFail(t *testing.T) {
	_, _, err := Parse(io.MultiReader(strings.NewReader("alert tcp any any -> any any (sid:1;)\n"), broken{}), "f", Options{})
	if err == nil || err.Error() != "reading f: disk full" {
		t.Errorf("got %v, want reading f: disk full", err)
	}
}

// TestClassesAndReferences says what is read of both files.
func TestClassesAndReferences(t *testing.T) {
	classes, errs, err := Classes(strings.NewReader("# x\n\nconfig classification: bad-unknown,Potentially Bad Traffic, 2\nconfig classification:a,b,c\n"+
		"config classification: bad-unknown,Again,1\nnonsense\n"), "c")
	got := fmt.Sprintf("%v %v %v", classes, errs, err)
	want := `map[bad-unknown:{bad-unknown Potentially Bad Traffic 2}] [c:4:27: "c" is no priority (1 to 255) c:5:24: class "bad-unknown" is given twice ` +
		"c:6:1: the line does not begin with `config classification:`] <nil>"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	systems, errs, err := ReferenceSystems(strings.NewReader("config reference: cve       http://cve.example/?name=\nconfig reference: url\n"), "r")
	got = fmt.Sprintf("%v %v %v", systems, errs, err)
	want = "map[cve:http://cve.example/?name=] [r:2:19: a reference is a name and an address with a space between] <nil>"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestOverrides says what lines of threshold.config stand for.
func TestOverrides(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"suppress always", "suppress gen_id 1, sig_id 5", "0 1 5  any {Limit:false Threshold:false Backoff:false Track: Count:0 Seconds:0 Multiplier:0 Unique:} 0 0"},
		{"suppress one end", "suppress gen_id 1, sig_id 5, track by_src, ip [10.0.0.0/8,!10.0.0.0/9]",
			"0 1 5 by_src 10.128.0.0-10.255.255.255 {Limit:false Threshold:false Backoff:false Track:by_src Count:0 Seconds:0 Multiplier:0 Unique:} 0 0"},
		{"threshold", "threshold gen_id 1, sig_id 5, type limit, track by_rule, count 3, seconds 10",
			"1 1 5 by_rule any {Limit:true Threshold:false Backoff:false Track:by_rule Count:3 Seconds:10 Multiplier:0 Unique:} 0 0"},
		{"rate_filter over two lines", "rate_filter gen_id 0, sig_id 0, track by_both, \\\n count 1, seconds 60, new_action drop, timeout 9",
			"2 0 0 by_both any {Limit:false Threshold:false Backoff:false Track:by_both Count:1 Seconds:60 Multiplier:0 Unique:} 2 9"},
		{"an unknown kind", "surpress gen_id 1", `f:1:1: "surpress" is none of suppress, event_filter, threshold, rate_filter`},
		{"something missing", "event_filter gen_id 1, sig_id 5, type limit, track by_src, count 1", "f:1:1: seconds is missing"},
		{"something that does not belong", "suppress gen_id 1, sig_id 5, count 1", `f:1:1: "count" does not belong here`},
		{"track alone", "suppress gen_id 1, sig_id 5, track by_src", "f:1:1: suppress: track and ip stand together"},
		{"a variable that is not there", "suppress gen_id 1, sig_id 5, track by_src, ip $NOBODY", `f:1:47: no address variable is named "NOBODY"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			overrides, errs, err := NewParser(Options{}).Overrides(strings.NewReader(c.text), "f")
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, o := range overrides {
				got += fmt.Sprintf("%d %d %d %s %s %+v %d %d", o.Kind, o.GID, o.SID, o.Track, describeAddresses(o.IP), o.Limit, o.Action, o.Timeout)
			}
			for _, e := range errs {
				got += e.Error()
			}
			if got != c.want {
				t.Errorf("%s\n got %s\nwant %s", c.text, got, c.want)
			}
		})
	}
}

// TestLargeFile says that a file of 100 MB is read to its end, with memory for what it holds alone.
func TestLargeFile(t *testing.T) {
	if testing.Short() {
		t.Skip("100 MB are read only in the long run")
	}
	line := []byte("# " + strings.Repeat("alert, said the guide, ", 40) + "\n")
	n := 0
	r := io.LimitReader(repeated{line, &n}, 100<<20)
	rules, errs, err := Parse(r, "f", Options{})
	if err != nil || len(rules) != 0 || len(errs) != 0 {
		t.Errorf("got %d rules, %d faults, %v; want none", len(rules), len(errs), err)
	}
}

// repeated gives a line over and over.
type repeated struct {
	line []byte
	at   *int
}

func (r repeated) Read(p []byte) (int, error) {
	n := copy(p, r.line[*r.at:])
	*r.at = (*r.at + n) % len(r.line)
	return n, nil
}

func BenchmarkParse(b *testing.B) {
	text := []byte(strings.Repeat(`alert http $HOME_NET any -> $EXTERNAL_NET any (msg:"ET TEST of a length as they have"; flow:established,to_server; `+
		`http.method; content:"POST"; http.uri; content:"/gate.php?id="; fast_pattern; pcre:"/^[a-f0-9]{32}$/R"; http.header; content:!"Referer|3a|"; `+
		`reference:url,example.org/a; classtype:trojan-activity; sid:1; rev:3; metadata:created_at 2020_01_01, updated_at 2020_01_01;)`+"\n", 1000))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if rules, errs, _ := Parse(bytes.NewReader(text), "f", Options{}); len(rules) != 1000 || len(errs) > 0 {
			b.Fatal(len(rules), errs)
		}
	}
}

// BenchmarkRuleSets reads whole rule sets of the field, and tells how much of the memory stays in use.
func BenchmarkRuleSets(b *testing.B) {
	data := os.Getenv("BULWARK_DATA")
	if data == "" {
		b.Skip("BULWARK_DATA is not set: the outside rules are not there")
	}
	for _, name := range []string{"et_open_2019-04_suricata4", "et_open_2025-08_suricata5"} {
		b.Run(name, func(b *testing.B) {
			text := unpacked(b, filepath.Join(data, "sensor", "rules", name+".rules.gz"))
			var rules []*Rule
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				rules, _, _ = Parse(bytes.NewReader(text), name, Options{})
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(len(rules)), "rules")
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB-kept")
		})
	}
}

func unpacked(tb testing.TB, path string) []byte {
	tb.Helper()
	text, err := gunzip.File(path)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}
