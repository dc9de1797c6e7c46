package corpus

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// Filter is one `filter` check of a suricata-verify test: how many events must match.
type Filter struct {
	Test    string // directory
	Capture string // path of the capture among the files
	Args    []string
	Count   int
	Match   map[string]any
}

// Result logs a figure, and fails the test where it is below percent. Which captures are at hand may differ.
func Result(t testing.TB, name string, passed, total, percent int) {
	t.Helper()
	t.Logf("RESULT %s %d/%d share", name, passed, total)
	if passed*100 < total*percent {
		t.Errorf("%s: got %d of %d, want at least %d %%", name, passed, total, percent)
	}
}

type testYAML struct {
	PCAP     string `yaml:"pcap"`
	Args     []string
	Requires map[string]any
	Checks   []struct {
		Filter *struct {
			Count    int
			Requires map[string]any
			Match    map[string]any
		}
	}
}

// Filters are the checks of the suricata-verify tests among files whose event_type is the one given, that a Suricata
// of today must fulfil.
func Filters(files map[string][]byte, eventType string) []Filter {
	var all []Filter
	for name, b := range files {
		if path.Base(name) != "test.yaml" {
			continue
		}
		var t testYAML
		if yaml.Unmarshal(b, &t) != nil || old(t.Requires) {
			continue
		}
		dir := path.Dir(name)
		for _, c := range t.Checks {
			if c.Filter == nil || old(c.Filter.Requires) || c.Filter.Match["event_type"] != eventType {
				continue
			}
			all = append(all, Filter{
				Test: dir, Capture: captureOf(files, dir, t.PCAP), Args: t.Args, Count: c.Filter.Count, Match: c.Filter.Match,
			})
		}
	}
	return all
}

func captureOf(files map[string][]byte, dir, named string) string {
	if named != "" {
		return path.Join(dir, named)
	}
	for name, b := range files {
		if path.Dir(name) == dir && IsCapture(b) {
			return name
		}
	}
	return ""
}

// old tells whether a check is for versions before 8 alone.
func old(requires map[string]any) bool {
	v, ok := requires["lt-version"]
	if !ok {
		return false
	}
	major, err := strconv.Atoi(strings.Split(fmt.Sprint(v), ".")[0])
	return err == nil && major <= 8
}

// Only keeps of the conditions those whose key begins with a prefix.
func (f *Filter) Only(prefixes ...string) map[string]any {
	m := map[string]any{}
	for k, v := range f.Match {
		for _, p := range prefixes {
			if strings.HasPrefix(k, p) {
				m[k] = v
			}
		}
	}
	return m
}

// Matches tells whether an event fulfils all conditions, as suricata-verify judges them.
func Matches(event map[string]any, match map[string]any) bool {
	for key, want := range match {
		if !matches(event, key, want) {
			return false
		}
	}
	return true
}

var indexed = regexp.MustCompile(`^(.*?)\[(\d+)\]$`)

func matches(event map[string]any, key string, want any) bool {
	switch key {
	case "has-key":
		_, ok := Lookup(event, fmt.Sprint(want))
		return ok
	case "not-has-key":
		_, ok := Lookup(event, fmt.Sprint(want))
		return !ok
	}
	suffix := ""
	if i := strings.LastIndex(key, "__"); i > 0 {
		key, suffix = strings.TrimSuffix(key[:i], "."), key[i:]
	}
	got, ok := Lookup(event, key)
	if !ok {
		return false
	}
	switch suffix {
	case "":
		return fmt.Sprint(got) == fmt.Sprint(want)
	case "__len":
		return fmt.Sprint(length(got)) == fmt.Sprint(want)
	case "__find", "__contains":
		return strings.Contains(fmt.Sprint(got), fmt.Sprint(want))
	case "__startswith":
		return strings.HasPrefix(fmt.Sprint(got), fmt.Sprint(want))
	case "__endswith":
		return strings.HasSuffix(fmt.Sprint(got), fmt.Sprint(want))
	}
	return false
}

func length(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []any:
		return len(v)
	}
	return -1
}

// Lookup follows a dotted path with [i] indices through maps and lists.
func Lookup(v any, key string) (any, bool) {
	for part := range strings.SplitSeq(key, ".") {
		index := -1
		if m := indexed.FindStringSubmatch(part); m != nil {
			part = m[1]
			index, _ = strconv.Atoi(m[2])
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[part]; !ok {
			return nil, false
		}
		if index >= 0 {
			list, ok := v.([]any)
			if !ok || index >= len(list) {
				return nil, false
			}
			v = list[index]
		}
	}
	return v, true
}
