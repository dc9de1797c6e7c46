package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"bulwark/detect/logrule/internal/names"
	"bulwark/detect/logrule/internal/record"
	"bulwark/detect/logrule/internal/sigma"
)

// log is an event.
type log map[string][]sigma.Value

var table = names.New("EventID", "a", "b", "c")

func (l log) Values(field string) []sigma.Value { return l[field] }

func (l log) Every() (all []sigma.Value) {
	for _, f := range [...]string{"EventID", "a", "b", "c"} {
		all = append(all, l[f]...)
	}
	return all
}

func (l log) Len() int { return len(l.Every()) }

func (l log) Name(k int) string {
	for _, f := range [...]string{"EventID", "a", "b", "c"} {
		if k -= len(l[f]); k < 0 {
			return f
		}
	}
	return ""
}

func (l log) Value(k int) sigma.Value { return l.Every()[k] }

func (l log) Raw(k int) (string, sigma.Form) {
	if v := l.Value(k); !v.Null {
		return v.Text, sigma.Plain
	}
	return "", sigma.Nothing
}

func (l log) Whole() (string, bool) { return "", false }

var words = [...]string{"cmd", "cmd.exe", `\cmd.exe`, "-enc", "whoami", "x", "", "Ä", "powershell", "shell", "İ", "a b"}

func word(r *rand.Rand) string { return words[r.IntN(len(words))] }

// search is a search of one to three keys.
func search(r *rand.Rand) string {
	var keys []string
	for _, f := range []string{"a", "b", "c", "EventID"}[:1+r.IntN(4)] {
		mod := [...]string{"", "|contains", "|startswith", "|endswith", "|contains|all", "|cased", "|re", "|neq", "|contains|cased"}[r.IntN(9)]
		v := fmt.Sprintf("['%s', '%s']", word(r), word(r))
		switch {
		case f == "EventID":
			mod, v = "", fmt.Sprint(r.IntN(3))
		case mod == "" && r.IntN(4) == 0:
			v = fmt.Sprintf("'%s*%s?'", word(r), word(r))
		case mod == "" && r.IntN(6) == 0:
			v = "null"
		case mod == "|re":
			v = fmt.Sprintf("'%s.+%s'", strings.ReplaceAll(word(r), `\`, `\\`), "ell")
		}
		keys = append(keys, fmt.Sprintf("%s%s: %s", f, mod, v))
	}
	if r.IntN(8) == 0 {
		return fmt.Sprintf("['%s', '%s']", word(r)+"m", word(r)+"e")
	}
	return "{" + strings.Join(keys, ", ") + "}"
}

func rules(t *testing.T, r *rand.Rand, n int) (all []Rule) {
	for k := range n {
		condition := [...]string{"x", "x and not y", "x or y", "1 of them", "all of them", "not (x or y) or z", "(x or y) and not z"}[r.IntN(7)]
		text := fmt.Sprintf("title: t\nlogsource: {product: windows}\ndetection:\n  x: %s\n  y: %s\n  z: %s\n  condition: %s\n", search(r), search(r), search(r), condition)
		docs, err := sigma.Read([]byte(text), "r.yml", sigma.Options{})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		all = append(all, Rule{k, docs[0].Rule.Condition})
	}
	return all
}

func happening(r *rand.Rand) log {
	l := log{"EventID": {{Text: fmt.Sprint(r.IntN(3))}}}
	for _, f := range [...]string{"a", "b", "c"} {
		for range r.IntN(3) {
			text := word(r) + word(r) + [...]string{"", " ", "ell"}[r.IntN(3)]
			l[f] = append(l[f], sigma.Value{Text: strings.ToUpper(text[:len(text)/2]) + text[len(text)/2:], Null: r.IntN(9) == 0})
		}
	}
	return l
}

// What is compiled says of an event what the plain evaluator says.
func TestCompiledSaysWhatIsRight(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	asked, matched := 0, 0
	for range 60 {
		all := rules(t, r, 40)
		known := map[string]sigma.Value{"EventID": {Text: fmt.Sprint(r.IntN(3))}}
		book := Book{Names: table}
		p := book.Compile(all, Class{Known: known})
		var run Run
		for range 60 {
			e := happening(r)
			e["EventID"] = []sigma.Value{known["EventID"]}
			run.Lay(e, table)
			got := p.Match(&run, nil)
			var want []int
			for k := range all {
				if all[k].Condition.Holds(e) {
					want = append(want, k)
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("of %v: got %v, want %v", e, got, want)
			}
			asked, matched = asked+len(all), matched+len(want)
		}
	}
	if matched == 0 || matched == asked {
		t.Errorf("%d of %d matched: nothing was shown", matched, asked)
	}
}

// Rules that look for texts are asked only where one of these is found.
func TestFewRulesAreAsked(t *testing.T) {
	var all []Rule
	for k := range 1000 {
		text := fmt.Sprintf("title: t\nlogsource: {product: windows}\ndetection:\n  x:\n    a|contains: tool%04d\n    b|endswith: '.exe'\n  condition: x\n", k)
		docs, err := sigma.Read([]byte(text), "r.yml", sigma.Options{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, Rule{k, docs[0].Rule.Condition})
	}
	book := Book{Names: table}
	p := book.Compile(all, Class{})
	var run Run
	run.Lay(log{"a": {{Text: "run Tool0123 now"}}, "b": {{Text: "c.EXE"}}}, table)
	got := p.Match(&run, nil)
	if !slices.Equal(got, []int{123}) || run.Asked != 1 || p.Always() != 0 {
		t.Errorf("rules %v match, %d were asked; want rule 123 alone", got, run.Asked)
	}
}

func TestLoweredIsAsTheStandardLibraryHasIt(t *testing.T) {
	var r Run
	for _, s := range []string{"", "a", "ABC", "C:\\Windows\\System32\\CMD.EXE [@Z`z{", "abcdefgH", "abcdefghÄÖ", "İstanbul KELVIN \u212a", "\xff\xfeABCDEFGH\x80Z", "Microsoft® Windows® Operating System"} {
		if got, want := strings.Clone(r.lowered(s)), strings.ToLower(s); got != want {
			t.Errorf("%q becomes %q, want %q", s, got, want)
		}
	}
}

// A field that has a further name is asked for by it, and by its own where the event does not have that.
func TestFieldsHaveFurtherNames(t *testing.T) {
	docs, err := sigma.Read([]byte("title: t\nlogsource: {product: windows}\ndetection: {x: {a|endswith: cmd.exe}, y: {a: null}, condition: x and not y}\n"), "r.yml", sigma.Options{})
	if err != nil {
		t.Fatal(err)
	}
	book := Book{Names: table}
	p := book.Compile([]Rule{{7, docs[0].Rule.Condition}}, Class{Names: map[string]string{"a": "b"}})
	var run Run
	for _, tt := range []struct {
		name string
		in   log
		want int
	}{
		{"by the further name", log{"b": {{Text: "CMD.exe"}}}, 1},
		{"by its own", log{"a": {{Text: "cmd.EXE"}}}, 1},
		{"the further name goes before", log{"a": {{Text: "cmd.exe"}}, "b": {{Text: "x"}}}, 0},
		{"once more, from memory", log{"b": {{Text: "CMD.exe"}}}, 1},
		{"null is nothing", log{"b": {{Null: true}}}, 0},
	} {
		run.Lay(tt.in, table)
		if got := p.Match(&run, nil); len(got) != tt.want {
			t.Errorf("%s: %d rules match, want %d", tt.name, len(got), tt.want)
		}
	}
}

// What is remembered is forgotten when there is no room, and never mistaken for something else.
func TestMemoryIsBounded(t *testing.T) {
	var m memo
	for k := range 200_000 {
		text := fmt.Sprintf("%0*d", 1+k%300, k%5000)
		var hash uint64
		known, key := m.get(uint32(k%3), 0, text, &hash, sigma.Plain)
		want := []int32{int32(len(text)), int32(k % 3)}
		if known != nil && (!slices.Equal(m.of(known), want) || known.clean != (k%5 == 0)) {
			t.Fatalf("of %q is remembered %v, want %v", text, m.of(known), want)
		}
		m.put(key, want, k%5 == 0)
	}
	if len(m.groups) > memoGroups || len(m.slots) != memoSlots {
		t.Errorf("%d groups and %d values are remembered", len(m.groups), len(m.slots))
	}
}

// Of values that come again it is known whether a keyword may be in them; that must not hide one.
func TestKeywordsAreFoundInValuesThatComeAgain(t *testing.T) {
	docs, err := sigma.Read([]byte("title: t\nlogsource: {product: windows}\ndetection: {k: ['sekurlsa::logonpasswords'], x: {a|endswith: cmd.exe}, condition: k or x}\n"), "r.yml", sigma.Options{})
	if err != nil {
		t.Fatal(err)
	}
	book := Book{Names: table}
	p := book.Compile([]Rule{{7, docs[0].Rule.Condition}}, Class{})
	var run Run
	var r record.Record
	for range 3 {
		for line, want := range map[string]int{
			`{"a":"x SEKURLSA::LogonPasswords","b":"1"}`:                     1,
			`{"a":"nothing of it","b":"1"}`:                                  0,
			`{"a":"nothing of it","b":"c:\\cmd.exe"}`:                        0,
			`{"a":"nothing of it","c":"sekurlsa::logonpasswords"}`:           1,
			`{"a":"c:\\cmd.exe","b":"1"}`:                                    1,
			`{"a":"nothing \u006ff it","b":"sekurlsa::logonpass\u0077ords"}`: 1,
		} {
			if err := r.Read([]byte(line)); err != nil {
				t.Fatal(err)
			}
			run.Lay(&r, table)
			if got := p.Match(&run, nil); len(got) != want {
				t.Errorf("%s: %d rules match, want %d", line, len(got), want)
			}
		}
	}
}

// An expression without a text that it must have wakes its rule where it holds, and is counted as its cost.
func TestExpressionsWakeTheirRules(t *testing.T) {
	docs, err := sigma.Read([]byte(`{title: t, logsource: {product: windows}, detection: {x: {a|re: '[0-9]{3}\s[a-f]{2}'}, y: {b: quiet}, condition: x and not y}}`), "r.yml", sigma.Options{})
	if err != nil {
		t.Fatal(err)
	}
	book := Book{Names: table}
	p := book.Compile([]Rule{{0, docs[0].Rule.Condition}}, Class{})
	if p.Always() != 0 {
		t.Errorf("%d rules are asked about every event", p.Always())
	}
	run := Run{Costs: make([]Cost, 1)}
	for range 3 {
		for _, tt := range []struct {
			in   log
			want int
		}{{log{"a": {{Text: "x 123 af"}}}, 1}, {log{"a": {{Text: "123 xx"}}}, 0}, {log{"a": {{Text: "123 ab"}}, "b": {{Text: "quiet"}}}, 0}, {log{"b": {{Text: "123 ab"}}}, 0}} {
			run.Lay(tt.in, table)
			if got := p.Match(&run, nil); len(got) != tt.want {
				t.Errorf("%v: %d rules match, want %d", tt.in, len(got), tt.want)
			}
		}
	}
	if got := run.Costs[0].Asked; got < 3+6 || got > 9+6 { // values that come again need not be asked again
		t.Errorf("the rule cost %d questions, want one for each value and one for each event that woke it", got)
	}
}
