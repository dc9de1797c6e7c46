package conformance

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulwark/event"
	logparse "bulwark/observe/logs/parse"

	"github.com/klauspost/compress/zstd"
)

// intakeTest is a line of a log with the document that it should become.
type intakeTest struct {
	Format string `json:"format"`
	Input  struct {
		Message string
		Log     struct {
			Syslog struct{ AppName string }
		}
	}
	Expected json.RawMessage `json:"expected"`
}

// line is the line with the header of syslog that the test says it came with.
func (t *intakeTest) line() string {
	if app := t.Input.Log.Syslog.AppName; app != "" {
		return "<14>1 - - " + app + " - - - " + t.Input.Message
	}
	return t.Input.Message
}

// received is when the lines are said to be received: late enough in the year that days without one are of it.
var received = time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)

// runLogParsers reads the lines of others' parser tests, each as its format, and compares the fields of ECS. Cases are a format's field:
// it passes where every line that should have it has its value.
func runLogParsers(_ context.Context, b *Bench) ([]Case, error) {
	packed, err := os.ReadFile(b.soc("log-parsers/sekoia-intake-tests.jsonl.zst"))
	if err != nil {
		return nil, err
	}
	set, err := logparse.Load()
	if err != nil {
		return nil, err
	}
	j := newParserJudge(set)
	if err := j.all(packed); err != nil {
		return nil, err
	}
	fmt.Fprintf(b.figures(), "RESULT logparser_fields %d/%d share\n", j.ecs.good, j.ecs.all)
	fmt.Fprintf(b.figures(), "RESULT logparser_fields_named %d/%d share\n", j.named.good, j.named.all)
	fmt.Fprintf(b.figures(), "RESULT logparser_fields_with_makers_own %d/%d share\n", j.ecs.good+j.own.good, j.ecs.all+j.own.all)
	if b.Report != nil {
		j.report(b)
	}
	return j.cases(), nil
}

// share is how many of all are right.
type share struct{ good, all int }

func (s *share) count(good bool) {
	s.all++
	if good {
		s.good++
	}
}

// parserJudge gathers how far lines become what they should.
type parserJudge struct {
	reader           *logparse.Reader
	ids              map[string]string // formats of ours
	ecs, own, named  share
	formats          map[string]*share            // of the fields of ECS
	fields           map[string]map[string]string // format, field: the first fault; empty: none
	understood, read map[string]int
}

func newParserJudge(set *logparse.Set) *parserJudge {
	j := &parserJudge{reader: set.Reader(), ids: map[string]string{}, formats: map[string]*share{}, fields: map[string]map[string]string{},
		understood: map[string]int{}, read: map[string]int{}}
	for _, f := range set.Formats() {
		j.ids[f.ID] = f.ID
	}
	return j
}

func (j *parserJudge) all(packed []byte) error {
	d, err := zstd.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	defer d.Close()
	s := bufio.NewScanner(d)
	s.Buffer(nil, 8<<20)
	for s.Scan() {
		var t intakeTest
		if err := json.Unmarshal(s.Bytes(), &t); err != nil {
			return err
		}
		if err := j.one(&t); err != nil {
			return err
		}
	}
	return s.Err()
}

// one reads one line and compares its fields.
func (j *parserJudge) one(t *intakeTest) error {
	d := json.NewDecoder(bytes.NewReader(t.Expected))
	d.UseNumber()
	var doc map[string]any
	if err := d.Decode(&doc); err != nil {
		return err
	}
	want := map[string][]string{}
	flattened("", doc, want)
	var h event.Header
	var log event.Log
	id := parserOf(t.Format)
	j.read[t.Format]++
	if j.reader.Understand([]byte(t.line()), logparse.Hint{Format: id, Received: received}, &h, &log) {
		j.understood[t.Format]++
	}
	got := map[string][]string{}
	for i := 0; i+1 < len(log.Fields); i += 2 {
		got[log.Fields[i]] = append(got[log.Fields[i]], log.Fields[i+1])
	}
	if h.Time != 0 {
		got["@timestamp"] = []string{h.When().Format(time.RFC3339Nano)}
	}
	j.compare(t.Format, id, want, got)
	return nil
}

func (j *parserJudge) compare(format, id string, want, got map[string][]string) {
	if j.formats[format] == nil {
		j.formats[format], j.fields[format] = &share{}, map[string]string{}
	}
	for name, w := range want {
		if !compared(name) {
			continue
		}
		good := slices.EqualFunc(sortedTexts(w), sortedTexts(got[name]), sameText)
		if !isECS(name) {
			j.own.count(good)
			continue
		}
		j.ecs.count(good)
		j.formats[format].count(good)
		if _, generic := shapesOnly[id]; !generic {
			j.named.count(good)
		}
		if old, ok := j.fields[format][name]; !ok || old == "" {
			j.fields[format][name] = ""
			if !good {
				j.fields[format][name] = fmt.Sprintf("%d values are not the %d expected", len(got[name]), len(w))
			}
		}
	}
}

func flattened(prefix string, v any, out map[string][]string) {
	switch v := v.(type) {
	case map[string]any:
		for name, in := range v {
			flattened(strings.TrimPrefix(prefix+"."+name, "."), in, out)
		}
	case []any:
		for _, in := range v {
			flattened(prefix, in, out)
		}
	case nil:
	default:
		out[prefix] = append(out[prefix], fmt.Sprint(v))
	}
}

// compared reports whether a field counts: not the line itself, nor what is gathered from other fields or is of whoever wrote the tests.
func compared(name string) bool {
	if name == "message" || name == "event.original" || strings.HasPrefix(name, "related.") || strings.HasPrefix(name, "sekoiaio.") {
		return false
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	return last != "registered_domain" && last != "top_level_domain" && last != "subdomain"
}

// ecsSets are the field sets of ECS 8 at the root of a document, and those of Winlogbeat.
const ecsSets = " @timestamp agent client cloud container data_stream destination device dll dns ecs email error event faas file group host http labels log " +
	"network observer orchestrator organization package process registry rule server service source span tags threat tls trace transaction url user " +
	"user_agent vlan volume vulnerability winlog "

func isECS(name string) bool {
	first, _, _ := strings.Cut(name, ".")
	return strings.Contains(ecsSets, " "+first+" ")
}

func sortedTexts(all []string) []string {
	all = slices.Clone(all)
	slices.Sort(all)
	return all
}

// sameText reports whether two values are one: as texts, numbers or times.
func sameText(a, b string) bool {
	if a == b {
		return true
	}
	x, err := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	if err == nil && err2 == nil {
		return math.Abs(x-y) < 1e-9*max(1, math.Abs(x))
	}
	t, err := time.Parse(time.RFC3339Nano, a)
	u, err2 := time.Parse(time.RFC3339Nano, b)
	return err == nil && err2 == nil && t.Sub(u).Abs() < time.Millisecond
}

func (j *parserJudge) cases() (all []Case) {
	for format, fields := range j.fields {
		for name, why := range fields {
			all = append(all, Case{Family: format, Name: format + " " + name, Why: why})
		}
	}
	slices.SortFunc(all, func(a, b Case) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// report writes the share of each format, the largest first.
func (j *parserJudge) report(b *Bench) {
	names := make([]string, 0, len(j.formats))
	for name := range j.formats {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(j.formats[b].all, j.formats[a].all), strings.Compare(a, b))
	})
	for _, name := range names {
		s := j.formats[name]
		fmt.Fprintf(b.Report, "%-50s %-22s lines %d/%d fields %d/%d %.1f %%\n", name, parserOf(name), j.understood[name], j.read[name], s.good, s.all,
			100*float64(s.good)/float64(max(s.all, 1)))
	}
}
