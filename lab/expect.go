package lab

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Expectation is one thing that a sensor on the mirror port must say, or must not, as data.
type Expectation struct {
	// Name is a sentence.
	Name string
	// Kind is the kind of event; empty means any.
	Kind string
	// Match holds what must be true of an event's attributes. A string, a number or a truth must be equal; a text
	// must be in a list where the attribute is one; a [Predicate] decides for itself.
	Match map[string]any
	// Min and Max are how many events may match. Max 0 means any number, unless Never is set.
	Min, Max int
	// Never says that no event may match. It fails when there is no event of the kind, for then nothing is proved.
	Never bool
	// Known says why it is known not to be so yet. It counts as failed, but does not fail the run.
	Known string
}

// anyAttribute, as a name in Match, means that some attribute of the event is so.
const anyAttribute = "*"

// Predicate decides on the value of an attribute: nil when it is not there, else a string, float64, bool or []any.
type Predicate struct {
	says string
	ok   func(v any) bool
}

// Result is what became of an expectation.
type Result struct {
	Expectation
	Passed bool
	// Reason says why it failed.
	Reason string
}

// judged is an expectation with what was counted for it so far.
type judged struct {
	Expectation
	count int
	// kind is how many events of the kind there were.
	kind int
	// nearest describes the event that failed in the fewest attributes.
	nearest string
	missing int
}

// Check reads JSON lines of events and judges the expectations, and that no identifier of a patient is in any of them.
func Check(events io.Reader, expected []Expectation) ([]Result, error) {
	all := make([]*judged, len(expected))
	for i, e := range expected {
		all[i] = &judged{Expectation: e, missing: len(e.Match) + 1}
	}
	leaks := newLeaks()
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, 16<<20)
	n := 0
	for lines.Scan() {
		n++
		var event map[string]any
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			return nil, fmt.Errorf("event %d: %w", n, err)
		}
		for _, j := range all {
			j.see(event)
		}
		leaks.see(event)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	var results []Result
	for _, j := range all {
		results = append(results, j.result())
	}
	return append(results, leaks.results(n)...), nil
}

func (j *judged) see(event map[string]any) {
	if j.Kind != "" && event["kind"] != j.Kind {
		return
	}
	j.kind++
	missing := 0
	var why []string
	for _, name := range sortedKeys(j.Match) {
		if !matches(j.Match[name], name, event) {
			missing++
			why = append(why, fmt.Sprintf("%s is %s", name, show(event[name])))
		}
	}
	if missing == 0 {
		j.count++
		return
	}
	if missing < j.missing {
		j.missing, j.nearest = missing, strings.Join(why, ", ")
	}
}

func (j *judged) result() Result {
	r := Result{Expectation: j.Expectation}
	switch {
	case j.Never && j.kind == 0:
		r.Reason = "proves nothing: there are no such events at all"
	case j.Never && j.count > 0:
		r.Reason = fmt.Sprintf("got %d events, want none", j.count)
	case j.count < j.Min:
		r.Reason = fmt.Sprintf("got %d events, want at least %d", j.count, j.Min)
		if j.nearest != "" {
			r.Reason += "; in the nearest one " + j.nearest
		}
	case j.Max > 0 && j.count > j.Max:
		r.Reason = fmt.Sprintf("got %d events, want at most %d", j.count, j.Max)
	default:
		r.Passed = true
	}
	return r
}

func matches(want any, name string, event map[string]any) bool {
	if name != anyAttribute {
		return holds(want, event[name])
	}
	for _, v := range event {
		if holds(want, v) {
			return true
		}
	}
	return false
}

// holds tells whether an attribute is as it must be. Numbers and truths may be written as texts: the store keeps them so.
func holds(want, got any) bool {
	switch w := want.(type) {
	case Predicate:
		return w.ok(got)
	case int:
		n, ok := number(got)
		return ok && n == float64(w)
	case bool:
		return got == w || got == strconv.FormatBool(w)
	case string:
		if list, ok := got.([]any); ok {
			return slices.Contains(list, any(w))
		}
	}
	return got == want
}

func number(v any) (n float64, ok bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case string:
		n, err := strconv.ParseFloat(v, 64)
		return n, err == nil
	}
	return 0, false
}

func show(v any) string {
	if v == nil {
		return "absent"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if len(b) > 120 {
		b = append(b[:117], "..."...)
	}
	return string(b)
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// leaks looks for the identifiers of the lab's patients in everything.
type leaks struct {
	secrets []string
	found   map[string]string
}

func newLeaks() *leaks {
	l := &leaks{found: map[string]string{}}
	for _, s := range Identifiers() {
		l.secrets = append(l.secrets, strings.ToLower(s))
	}
	return l
}

func (l *leaks) see(event map[string]any) {
	for name, v := range event {
		text, ok := v.(string)
		if !ok {
			text = show(v)
			if list, ok := v.([]any); ok {
				text = fmt.Sprint(list...)
			}
		}
		text = strings.ToLower(text)
		for _, s := range l.secrets {
			if strings.Contains(text, s) && l.found[s] == "" {
				l.found[s] = fmt.Sprintf("kind %v, %s", event["kind"], name)
			}
		}
	}
}

// results is one result a patient. Nothing seen is nothing proved: without events none passes.
func (l *leaks) results(events int) []Result {
	var all []Result
	for _, p := range Patients {
		r := Result{Expectation: Expectation{Name: "no event names the patient of record " + p.MRN, Never: true}, Passed: events > 0}
		if events == 0 {
			r.Reason = "there are no events"
		}
		for _, s := range []string{p.Family, p.Given, p.MRN, p.Accession} {
			if where := l.found[strings.ToLower(s)]; where != "" {
				r.Passed = false
				r.Reason = fmt.Sprintf("%q is in clear in %s", s, where)
			}
		}
		all = append(all, r)
	}
	return all
}

// Print writes a line for each result and the figure of that name at the end. It tells whether all passed but those
// that are known not to.
func Print(w io.Writer, figure string, results []Result) bool {
	passed, ok := 0, true
	for _, r := range results {
		switch {
		case r.Passed:
			passed++
			fmt.Fprintf(w, "passed  %s\n", r.Name)
		case r.Known != "":
			fmt.Fprintf(w, "known   %s: %s (%s)\n", r.Name, r.Reason, r.Known)
		default:
			ok = false
			fmt.Fprintf(w, "FAILED  %s: %s\n", r.Name, r.Reason)
		}
	}
	fmt.Fprintf(w, "RESULT %s %d/%d share\n", figure, passed, len(results))
	return ok
}

// Contains wants a text, or one member of a list, that contains part.
func Contains(part string) Predicate {
	return anyText("contains "+part, func(s string) bool { return strings.Contains(s, part) })
}

// BeginsWith wants a text, or one member of a list, that begins so.
func BeginsWith(part string) Predicate {
	return anyText("begins with "+part, func(s string) bool { return strings.HasPrefix(s, part) })
}

// OneOf wants a text, or one member of a list, that is one of these.
func OneOf(texts ...string) Predicate {
	return anyText("is one of "+strings.Join(texts, ", "), func(s string) bool { return slices.Contains(texts, s) })
}

// notOf wants a text that is not this one.
func notOf(text string) Predicate {
	return Predicate{"is not " + text, func(v any) bool { return v != text }}
}

// AtLeast wants a number that is n or more.
func AtLeast(n float64) Predicate {
	return Predicate{fmt.Sprintf("at least %v", n), func(v any) bool { f, ok := number(v); return ok && f >= n }}
}

// Present wants the attribute to be there.
func Present() Predicate {
	return Predicate{"present", func(v any) bool { return v != nil && v != "" && v != "0" }}
}

// Absent wants it not to be there.
func Absent() Predicate {
	return Predicate{"absent", func(v any) bool { return v == nil || v == "" || v == false || v == 0.0 || v == "false" || v == "0" }}
}

func anyText(says string, ok func(string) bool) Predicate {
	return Predicate{says, func(v any) bool {
		if s, is := v.(string); is {
			return ok(s)
		}
		list, _ := v.([]any)
		return slices.ContainsFunc(list, func(v any) bool { s, is := v.(string); return is && ok(s) })
	}}
}
