package logrule

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// IsRule reports whether a file of that name holds rules of Sigma.
func IsRule(name string) bool { return path.Ext(name) == ".yml" || path.Ext(name) == ".yaml" }

// Case is events, and what rules must say of them.
type Case struct {
	// Name says what happens.
	Name string `yaml:"name"`
	// Fires are the rules that must tell of it, by identifier or title.
	Fires []string `yaml:"fires"`
	// Silent are those that must not. Missing: all others.
	Silent []string `yaml:"silent"`
	// Events are the events in the order of time.
	Events []Repeated `yaml:"events"`
	// Log is a file of events, beside that of the case, instead: an event log of Windows (.evtx), JSON lines, or lines as a machine wrote them.
	Log string `yaml:"log"`
	// Format is the format of its lines; missing: the one that knows them.
	Format string `yaml:"format"`
	// Rules are files and directories of rules; missing: those that whoever runs the case has.
	Rules []string `yaml:"rules"`
}

// Reader reads the events of a file, with the format that its lines have.
type Reader func(log, format string, fn func(*Event) error) error

// Repeated is an event that happens once, or so many times.
type Repeated struct {
	// Of are its fields. product, category and service say of which log source it is; {n} in a text is its number, from 1.
	Of map[string]any `yaml:"of"`
	// At is when it happens first, from the beginning of the case; missing: a second after what stands before it.
	At string `yaml:"at"`
	// Times is how often it happens; 0 means once.
	Times int `yaml:"times"`
	// Every is how long after each other; missing: a second.
	Every string `yaml:"every"`
}

// mostRepeated is how often an event of a case may happen.
const mostRepeated = 100_000

// each calls fn for the events of a case, with their times.
func (c *Case) each(fn func(at time.Time, fields map[string]any) error) error {
	begun := time.Date(2026, 1, 1, 2, 0, 0, 0, time.UTC)
	now := begun
	for n, r := range c.Events {
		if r.Times < 0 || r.Times > mostRepeated {
			return fmt.Errorf("event %d: times is 0 to %d", n+1, mostRepeated)
		}
		at, err := time.ParseDuration(cmp.Or(r.At, now.Sub(begun).String()))
		every, err2 := time.ParseDuration(cmp.Or(r.Every, "1s"))
		if err := errors.Join(err, err2); err != nil {
			return fmt.Errorf("event %d: %w", n+1, err)
		}
		now = begun.Add(at)
		for k := range max(1, r.Times) {
			if err := fn(now, numbered(r.Of, k+1).(map[string]any)); err != nil {
				return fmt.Errorf("event %d: %w", n+1, err)
			}
			now = now.Add(every)
		}
	}
	return nil
}

// numbered is a value with its number where texts say {n}.
func numbered(v any, n int) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "{n}", strconv.Itoa(n))
	case []any:
		out := make([]any, len(v))
		for k := range v {
			out[k] = numbered(v[k], n)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = numbered(x, n)
		}
		return out
	}
	return v
}

// Cases reads the cases of a folder, each named after its file.
func Cases(dir fs.FS) (all []Case, err error) {
	names, err := fs.Glob(dir, "*.yml")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		of, err := ReadCases(text, name)
		if err != nil {
			return nil, err
		}
		for k := range of {
			of[k].Name = strings.TrimSuffix(name, ".yml") + ": " + of[k].Name
		}
		all = append(all, of...)
	}
	return all, nil
}

// ReadCases reads a file of cases: a list in YAML. name is that of the file, for errors.
func ReadCases(text []byte, name string) (all []Case, err error) {
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&all); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("logrule: %s: %s", name, yaml.FormatError(err, false, false))
	}
	for k := range all {
		if c := &all[k]; (c.Log == "") == (len(c.Events) == 0) {
			return nil, fmt.Errorf("logrule: %s: case %d (%s) needs either events or a log", name, k+1, c.Name)
		}
	}
	return all, nil
}

// AreCases reports whether a file of cases is of events, not of packets.
func AreCases(text []byte) bool {
	var all []map[string]any
	if yaml.Unmarshal(text, &all) != nil {
		return false
	}
	return slices.ContainsFunc(all, func(c map[string]any) bool { return c["events"] != nil || c["log"] != nil })
}

// Try asks the rules of a set about a case, and returns those that should have told of it and did not, and those that should not have.
func (s *Set) Try(c *Case, read Reader) (missing, wrong []string, err error) {
	var fired []*Rule
	correlator := s.Correlator()
	ask := func(e *Event) error {
		matches := s.Match(e)
		for _, m := range matches {
			if !m.Silent && m.Rule.Level != quiet {
				fired = append(fired, m.Rule)
			}
		}
		for _, x := range correlator.Feed(e, matches) {
			fired = append(fired, x.Rule)
		}
		return nil
	}
	if c.Log != "" {
		err = read(c.Log, c.Format, ask)
	} else {
		err = c.made(ask)
	}
	missing, wrong = c.judge(fired)
	return missing, wrong, err
}

// made calls fn for the events that stand in the case.
func (c *Case) made(fn func(*Event) error) error {
	var in JSON
	return c.each(func(at time.Time, fields map[string]any) error {
		text, err := json.Marshal(fields)
		if err != nil {
			return err
		}
		e, err := in.Read(text)
		if err != nil {
			return err
		}
		e.Time = at
		return fn(e)
	})
}

// judge says which rules should have told and did not, and which should not have.
func (c *Case) judge(fired []*Rule) (missing, wrong []string) {
	named := func(names []string, r *Rule) bool {
		return slices.Contains(names, r.key()) || slices.Contains(names, r.Title)
	}
	for _, name := range c.Fires {
		if !slices.ContainsFunc(fired, func(r *Rule) bool { return named([]string{name}, r) }) {
			missing = append(missing, name)
		}
	}
	for _, r := range fired {
		bad := named(c.Silent, r) || c.Silent == nil && !named(c.Fires, r)
		if bad && !slices.Contains(wrong, r.key()) {
			wrong = append(wrong, r.key())
		}
	}
	return missing, wrong
}

// quiet is the level of rules that say what happened, not that it is wrong: nobody is told of them.
const quiet = "informational"
