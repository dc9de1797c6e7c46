package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"bulwark/detect/logrule/internal/sigma"
)

// log is an event.
type log map[string][]sigma.Value

func (l log) Values(field string) []sigma.Value { return l[field] }

func (l log) Every() (all []sigma.Value) {
	for _, f := range [...]string{"EventID", "a", "b", "c"} {
		all = append(all, l[f]...)
	}
	return all
}

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
		p := Compile(all, known)
		var run Run
		for range 60 {
			e := happening(r)
			e["EventID"] = []sigma.Value{known["EventID"]}
			got := p.Match(&run, e, nil)
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
	p := Compile(all, nil)
	var run Run
	got := p.Match(&run, log{"a": {{Text: "run Tool0123 now"}}, "b": {{Text: "c.EXE"}}}, nil)
	if !slices.Equal(got, []int{123}) || run.Asked != 1 || p.Always() != 0 {
		t.Errorf("rules %v match, %d were asked; want rule 123 alone", got, run.Asked)
	}
}
