package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	slashed "path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"bulwark/detect/logrule"
	"bulwark/internal/sigmahq"
	"bulwark/wire/evtx"
)

// runSigmaExamples asks about an event that is made out of each rule's own condition, and about one like it that must not match; as it is
// and, where JSON can say it, as a line of JSON. Cases are the folders of rules; the figure is of rules.
func runSigmaExamples(_ context.Context, b *Bench) ([]Case, error) {
	s, _, err := b.sigma()
	if err != nil {
		return nil, err
	}
	folders := map[string]*Case{}
	good, all, near := 0, 0, 0
	for x := range s.Examples() {
		file, _, _ := strings.Cut(x.Rule.File, ":")
		dir := slashed.Dir(file)
		if folders[dir] == nil {
			top, _, _ := strings.Cut(dir, "/")
			folders[dir] = &Case{Family: top, Name: dir}
		}
		all++
		if x.Near != nil {
			near++
		}
		if why := witnessed(s, &x); why == "" {
			good++
		} else {
			folders[dir].Why = strings.TrimSpace(folders[dir].Why + " " + slashed.Base(file) + ": " + why)
		}
	}
	fmt.Fprintf(b.figures(), "RESULT sigma_witness %d/%d share\n", good, all)
	fmt.Fprintf(b.figures(), "sigma_witness: %d rules were asked about a near miss, too\n", near)
	return casesOf(folders), nil
}

func casesOf(all map[string]*Case) (cases []Case) {
	for _, c := range all {
		cases = append(cases, *c)
	}
	slices.SortFunc(cases, func(a, b Case) int { return strings.Compare(a.Name, b.Name) })
	return cases
}

// witnessed says how a rule does not do what its example wants; empty: it does.
func witnessed(s *logrule.Set, x *logrule.Example) string {
	fires := func(e *logrule.Event) bool {
		return slices.ContainsFunc(s.Match(e), func(m logrule.Match) bool { return m.Rule == x.Rule })
	}
	switch {
	case x.Fires == nil:
		return "no event was found that could match"
	case !fires(x.Fires):
		return "its event does not match"
	case x.Near != nil && fires(x.Near):
		return "an event matches that must not"
	}
	text, ok := lineOf(x.Fires)
	if !ok {
		return ""
	}
	var j logrule.JSON
	if e, err := j.Read(text); err != nil || !fires(e) {
		return "its event as JSON does not match"
	}
	return ""
}

// lineOf is an event as a line of JSON, where JSON can say it: it has no bytes that are no text (RFC 8259 §8.1).
func lineOf(e *logrule.Event) ([]byte, bool) {
	fields := map[string]string{}
	for name, text := range map[string]string{"product": e.Source.Product, "category": e.Source.Category, "service": e.Source.Service} {
		if text != "" {
			fields[name] = text
		}
	}
	for _, name := range e.Fields() {
		fields[name] = e.Text(name)
		if !utf8.ValidString(fields[name]) {
			return nil, false
		}
	}
	text, err := json.Marshal(fields)
	return text, err == nil
}

// runSigmaCompiled compares what the compiled rules say with what the plain evaluator says, which is slow: of each recorded log it is
// asked about the first events of each kind. Cases are logs, and the folders of the rules out of which events are made.
func runSigmaCompiled(_ context.Context, b *Bench) ([]Case, error) {
	s, _, err := b.sigma()
	if err != nil {
		return nil, err
	}
	d := &differences{set: s, cases: map[string]*Case{}}
	for x := range s.Examples() {
		name := slashed.Dir(x.Rule.File)
		for _, e := range [...]*logrule.Event{x.Fires, x.Near} {
			if e != nil {
				d.compare("witness", name, e)
			}
		}
	}
	for _, archive := range [...]string{"evtx-attack/EVTX-ATTACK-SAMPLES.evtx.tar.zst", "sigma-regression/regression_data.tar.zst"} {
		if err := d.archive(b.soc(archive)); err != nil {
			return nil, err
		}
	}
	names, err := filepath.Glob(b.soc("otrf-windows/*.zst"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := d.lines(name); err != nil {
			return nil, err
		}
	}
	fmt.Fprintf(b.figures(), "RESULT sigma_differences %d events\n", d.wrong)
	fmt.Fprintf(b.figures(), "sigma_differences: %d events were compared, with %d matches\n", d.events, d.matches)
	return casesOf(d.cases), nil
}

// differences are those between the two ways to ask.
type differences struct {
	set                    *logrule.Set
	cases                  map[string]*Case
	events, matches, wrong int
}

func (d *differences) compare(family, name string, e *logrule.Event) {
	c := d.cases[name]
	if c == nil {
		c = &Case{Family: family, Name: name}
		d.cases[name] = c
	}
	var got []*logrule.Rule
	for _, m := range d.set.Match(e) {
		got = append(got, m.Rule)
	}
	want := d.set.Plain(e)
	d.events++
	d.matches += len(want)
	if diff := apart(got, want); diff != "" {
		d.wrong++
		if c.Why == "" {
			c.Why = fmt.Sprintf("EventID %s: %s", e.Text("EventID"), diff)
		}
	}
}

// apart names the first rule that only one of both has.
func apart(got, want []*logrule.Rule) string {
	for _, r := range got {
		if !slices.Contains(want, r) {
			return "compiled, this matches and should not: " + r.ID
		}
	}
	for _, r := range want {
		if !slices.Contains(got, r) {
			return "compiled, this does not match and should: " + r.ID
		}
	}
	return ""
}

// firstOfAKind is how many events of each channel and number of a log are compared.
const firstOfAKind = 2

// seen counts the events of a log by their kind.
type seen map[string]int

func (s seen) enough(e *logrule.Event) bool {
	key := e.Text("Channel") + " " + e.Text("EventID")
	s[key]++
	return s[key] > firstOfAKind
}

func (d *differences) archive(name string) error {
	logs, err := sigmahq.Unpacked(name)
	if err != nil {
		return err
	}
	for name, f := range logs {
		if slashed.Ext(name) != ".evtx" {
			continue
		}
		of := seen{}
		if _, err := evtx.Read(bytes.NewReader(f.Data), func(r *evtx.Record) error {
			if e := logrule.OfWindows(r); !of.enough(e) {
				d.compare("evtx", strings.Join(strings.Fields(name), " "), e)
			}
			return nil
		}); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (d *differences) lines(name string) error {
	of := seen{}
	return eachLine(name, func(e *logrule.Event) {
		if !of.enough(e) {
			d.compare("otrf", filepath.Base(name), e)
		}
	})
}
