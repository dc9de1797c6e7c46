package sigma

import (
	"strings"
	"testing"
)

// log is an event of one value a field.
type log map[string]string

func (l log) Values(field string) []Value {
	v, ok := l[field]
	if !ok {
		return nil
	}
	return []Value{{Text: v, Null: v == "\x00"}}
}

func (l log) Every() (all []Value) {
	for f := range l {
		all = append(all, l.Values(f)...)
	}
	return all
}

func TestPatterns(t *testing.T) {
	tests := []struct {
		name, pattern, text string
		want                bool
	}{
		{"a text is itself", `cmd.exe`, `cmd.exe`, true},
		{"and nothing longer", `cmd.exe`, `cmd.exe `, false},
		{"a star is anything", `*\cmd.exe`, `C:\Windows\cmd.exe`, true},
		{"and nothing", `*cmd.exe`, `cmd.exe`, true},
		{"a question mark is one letter", `c?d`, `cmd`, true},
		{"of several bytes too", `c?d`, `céd`, true},
		{"and no less", `c?d`, `cd`, false},
		{"a star that has to take more", `*ab*ac`, `abababac`, true},
		{"a backslash before a letter is a backslash", `C:\Windows`, `C:\Windows`, true},
		{"two are one", `\\\\server`, `\\server`, true},
		{"before a star it makes it plain", `a\*b`, `a*b`, true},
		{"so that it is no wildcard", `a\*b`, `axb`, false},
		{"two before a star are a backslash and a wildcard", `a\\*`, `a\anything`, true},
		{"nothing is the empty text", ``, ``, true},
		{"and no other", ``, `x`, false},
		{"a star alone is everything", `*`, ``, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := ParsePattern(tt.pattern)
			if got := p.Match(tt.text); got != tt.want {
				t.Errorf("%q matches %q: %v, want %v", tt.pattern, tt.text, got, tt.want)
			}
			if again := ParsePattern(p.String()); again.Match(tt.text) != tt.want {
				t.Errorf("%q became %q, which matches otherwise", tt.pattern, p)
			}
		})
	}
}

// rule is one of a search and the condition that it holds.
func ruleOf(search string) string {
	return "title: t\nlogsource: {product: windows}\ndetection:\n  s:\n" + search + "\n  condition: s\n"
}

func holds(t *testing.T, text string, e Event) bool {
	t.Helper()
	all, err := Read([]byte(text), "r.yml", Options{Placeholders: map[string][]string{"admins": {"anne", "b*b"}}})
	if err != nil {
		t.Fatal(err)
	}
	return all[0].Rule.Condition.Holds(e)
}

func TestModifiers(t *testing.T) {
	tests := []struct {
		name, search string
		yes, no      log
	}{
		{"case does not count", "    a: CMD", log{"a": "cmd"}, log{"a": "cmdx"}},
		{"unless it is asked for", "    a|cased: CMD", log{"a": "CMD"}, log{"a": "cmd"}},
		{"one of a list", "    a: [x, y]", log{"a": "y"}, log{"a": "z"}},
		{"all of a list", "    a|contains|all: [x, y]", log{"a": "yx"}, log{"a": "x"}},
		{"the begin", "    a|startswith: ab", log{"a": "abc"}, log{"a": "cab"}},
		{"the end", "    a|endswith: bc", log{"a": "abc"}, log{"a": "bcd"}},
		{"a number in a text", "    a: 4624", log{"a": "4624"}, log{"a": "46240"}},
		{"less than a number", "    a|lt: 10", log{"a": "9.5"}, log{"a": "10"}},
		{"a hexadecimal number", "    a|gte: 16", log{"a": "0x10"}, log{"a": "0xf"}},
		{"a network", "    a|cidr: 10.0.0.0/8", log{"a": "10.1.2.3"}, log{"a": "11.1.2.3"}},
		{"an expression anywhere", "    a|re: 'b+c'", log{"a": "abbc"}, log{"a": "ABC"}},
		{"one without regard to case", "    a|re|i: 'b+c'", log{"a": "ABC"}, log{"a": "ac"}},
		{"a field that is there", "    a|exists: true", log{"a": ""}, log{"b": "1"}},
		{"one that is not", "    a|exists: false", log{"b": "1"}, log{"a": "1"}},
		{"null is missing", "    a: null", log{"b": "1"}, log{"a": ""}},
		{"another value", "    a|neq: x", log{"a": "y"}, log{"a": "x"}},
		{"another field's value", "    a|fieldref: b", log{"a": "X", "b": "x"}, log{"a": "x", "b": "y"}},
		{"its end", "    a|fieldref|endswith: b", log{"a": "yx", "b": "x"}, log{"a": "xy", "b": "x"}},
		{"base64", "    a|base64: foo", log{"a": "Zm9v"}, log{"a": "foo"}},
		{"base64 wherever it begins", "    a|base64offset|contains: 'http://'", log{"a": "eGh0dHA6Ly9h"}, log{"a": "http://"}},
		{"UTF-16 in base64", "    a|wide|base64offset|contains: IEX", log{"a": "xx" + "SQBFAFgA"}, log{"a": "IEX"}},
		{"dashes of any kind", "    a|windash|contains: ' -enc '", log{"a": "x /enc y"}, log{"a": "x +enc y"}},
		{"a dash of the typesetter", "    a|windash|contains: ' -enc '", log{"a": "x –enc y"}, log{"a": "x-enc y"}},
		{"placeholders, in which stars are plain", "    a|expand: '%admins%'", log{"a": "b*b"}, log{"a": "bob"}},
		{"the hour of a time", "    a|hour: 3", log{"a": "2026-11-22T03:59:00Z"}, log{"a": "2026-11-22T04:00:00Z"}},
		{"texts anywhere", "    - needle\n    - pin", log{"a": "x", "b": "hayNEEDLEhay"}, log{"a": "hay"}},
		{"one of several searches", "    - a: x\n    - b: y", log{"b": "y"}, log{"a": "y"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := ruleOf(tt.search)
			if !holds(t, text, tt.yes) {
				t.Errorf("%s does not match %v", tt.search, tt.yes)
			}
			if holds(t, text, tt.no) {
				t.Errorf("%s matches %v", tt.search, tt.no)
			}
		})
	}
}

func TestConditions(t *testing.T) {
	tests := []struct {
		condition string
		a, b, c   bool
		want      bool
	}{
		{"a and b or c", false, true, true, true},
		{"a and (b or c)", false, true, true, false},
		{"not a and b", false, true, false, true},
		{"not (a or b)", false, false, true, true},
		{"1 of them", false, true, false, true},
		{"all of them", true, true, false, false},
		{"any of a*", true, false, false, true},
		{"a AND NOT b", true, false, false, true},
		{"not not a", true, false, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.condition, func(t *testing.T) {
			e := log{}
			for f, is := range map[string]bool{"a": tt.a, "b": tt.b, "c": tt.c} {
				if is {
					e[f] = "1"
				}
			}
			text := "title: t\nlogsource: {product: x}\ndetection: {a: {a: 1}, b: {b: 1}, c: {c: 1}, condition: " + tt.condition + "}\n"
			if got := holds(t, text, e); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestWhatIsWrongIsSaidWithItsPlace(t *testing.T) {
	const head = "title: t\nlogsource: {product: x}\n"
	tests := []struct{ name, text, want string }{
		{"no rule", "", "r.yml: it holds no rule"},
		{"no YAML", "a: [", "r.yml:2:1: "},
		{"no title", "logsource: {}\ndetection: {a: {b: c}, condition: a}", "r.yml:1:1: title: it is missing"},
		{"a level that there is not", head + "level: hgh\ndetection: {a: {b: c}, condition: a}", `r.yml:3:8: level: "hgh" is none of informational, low, medium, high, critical`},
		{"a modifier that there is not", head + "detection:\n  a:\n    b|endwith: c\n  condition: a", `r.yml:5:5: detection.a.b|endwith: there is no modifier "endwith"`},
		{"a search that there is not", head + "detection:\n  a: {b: c}\n  condition: a and d", `r.yml:5:14: detection.condition: there is no search "d"`},
		{"a parenthesis too few", head + "detection:\n  a: {b: c}\n  condition: (a", "r.yml:5:14: detection.condition: a parenthesis is not closed"},
		{"a word too many", head + "detection:\n  a: {b: c}\n  condition: a a", `r.yml:5:14: detection.condition: "a" is one word too many`},
		{"counting of older Sigma", head + "detection:\n  a: {b: c}\n  condition: a | count() > 5", `a correlation says it since version 2.1`},
		{"an expression that is none", head + "detection:\n  a:\n    b|re: '('\n  condition: a", "r.yml:5:5: detection.a.b|re: error parsing regexp"},
		{"a key twice", head + "detection:\n  a:\n    b: 1\n    b: 2\n  condition: a", `given twice`},
		{"a placeholder of unknown values", head + "detection:\n  a:\n    b|expand: '%x%'\n  condition: a", "%x% asks for values that are yours to give"},
		{"a correlation without a span", "title: t\ncorrelation: {type: event_count, rules: [a], condition: {gte: 3}}", "correlation.timespan: it is missing"},
		{"a span that is none", "title: t\ncorrelation: {type: event_count, rules: [a], timespan: 5x, condition: {gte: 3}}", `"5x" is no span such as 30s, 5m, 1h or 7d`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read([]byte(tt.text), "r.yml", Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestOneBadDocumentLosesNoOther(t *testing.T) {
	all, err := Read([]byte(ruleOf("    a: 1")+"---\ntitle: x\n---\n"+ruleOf("    b: 1")), "r.yml", Options{})
	if len(all) != 2 || err == nil {
		t.Errorf("got %d documents and %v, want 2 and an error", len(all), err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(ruleOf("    a|windash|contains: ' -enc '"), "x -enc y")
	f.Add(ruleOf("    a|base64offset|contains: [x, '?*']"), "x")
	f.Add("title: t\ncorrelation: {type: event_count, rules: [a], timespan: 5m, condition: {gte: 3}}", "")
	f.Fuzz(func(_ *testing.T, text, value string) {
		all, _ := Read([]byte(text), "r.yml", Options{})
		for _, d := range all {
			if d.Rule != nil {
				d.Rule.Condition.Holds(log{"a": value})
			}
		}
	})
}
