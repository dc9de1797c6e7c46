package rules_test

import (
	"cmp"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"bulwark/content/attack"
	"bulwark/content/rules"
)

var update = flag.Bool("update", false, "write the table in the guide anew")

// line is a rule as a test sees it.
type line struct {
	file, text, msg string
	sid             int
	technique       string
	tactic          string
	helper          bool // it only sets what another asks for
}

var (
	msgOf  = regexp.MustCompile(`msg:"([^"]*)"`)
	sidOf  = regexp.MustCompile(`; sid:(\d+);`)
	techOf = regexp.MustCompile(`mitre_technique_id (T[0-9.]+)`)
	tactOf = regexp.MustCompile(`mitre_tactic_id (TA\d+)`)
)

func all(t *testing.T) []line {
	t.Helper()
	var lines []line
	for _, dir := range []fs.FS{rules.Files(), rules.Known()} {
		lines = append(lines, in(t, dir)...)
	}
	return lines
}

// in are the rules of a folder.
func in(t *testing.T, dir fs.FS) (lines []line) {
	t.Helper()
	names, err := fs.Glob(dir, "*.rules")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), "# ") {
			t.Errorf("%s does not begin with a comment that says what its rules are about", name)
		}
		for s := range strings.Lines(string(text)) {
			if s = strings.TrimPrefix(s, "#"); !strings.HasPrefix(s, "alert ") {
				continue
			}
			l := line{file: name, text: s, helper: strings.Contains(s, " noalert;")}
			l.msg = first(msgOf, s)
			l.sid, _ = strconv.Atoi(first(sidOf, s))
			l.technique, l.tactic = first(techOf, s), first(tactOf, s)
			lines = append(lines, l)
		}
	}
	return lines
}

func first(r *regexp.Regexp, s string) string {
	if m := r.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}

func TestEveryRuleSaysWhatItIs(t *testing.T) {
	known := attack.Load()
	seen := map[int]bool{}
	for _, l := range all(t) {
		where := fmt.Sprintf("%s %d", l.file, l.sid)
		if l.sid < 9_000_000 || l.sid > 9_009_999 || seen[l.sid] {
			t.Errorf("%s: its number is not one of 9000000 to 9009999, or given twice", where)
		}
		seen[l.sid] = true
		if l.msg == "" || !strings.Contains(l.text, "classtype:") || !strings.Contains(l.text, "created_at ") {
			t.Errorf("%s: it needs a msg, a classtype and created_at", where)
		}
		if l.helper {
			continue
		}
		for _, word := range []string{"priority:", "reference:", "signature_severity ", "confidence "} {
			if !strings.Contains(l.text, word) {
				t.Errorf("%s has no %s", where, word)
			}
		}
		x := known.Technique(l.technique)
		if x.Name == "" || x.Was != "" || !slices.ContainsFunc(x.Tactics, func(y attack.Tactic) bool { return y.ID == l.tactic }) {
			t.Errorf("%s: technique %q and tactic %q are not of the ATT&CK that content/attack holds", where, l.technique, l.tactic)
		}
	}
}

// The marks between which the table stands in the guide.
const begin, end = "<!-- shipped rules: go test ./content/rules -update -->\n", "<!-- end of shipped rules -->\n"

func TestTheGuideListsTheRules(t *testing.T) {
	const path = "../../docs/guide/rules.md"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", path)
	}
	want := before + begin + table(all(t)) + end + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(page) {
		t.Errorf("the table in %s is not that of the rules: go test ./content/rules -update", path)
	}
}

func table(lines []line) string {
	var b strings.Builder
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(a.sid, b.sid) })
	file := ""
	for _, l := range lines {
		if l.helper {
			continue
		}
		if l.file != file {
			file = l.file
			fmt.Fprintf(&b, "\n**%s**\n\n| number | what it tells | ATT&CK |\n|---|---|---|\n", strings.TrimSuffix(file, ".rules"))
		}
		fmt.Fprintf(&b, "| %d | %s | %s |\n", l.sid, l.msg, l.technique)
	}
	return b.String() + "\n"
}

// The console reads the titles in French by the number of the rule; each rule that tells of something has one.
func TestEveryRuleHasItsTitleInFrench(t *testing.T) {
	text, err := os.ReadFile("titles.fr.tsv")
	if err != nil {
		t.Fatal(err)
	}
	titles := map[int]string{}
	for l := range strings.Lines(string(text)) {
		number, title, ok := strings.Cut(strings.TrimRight(l, "\n"), "\t")
		sid, err := strconv.Atoi(number)
		switch {
		case strings.HasPrefix(l, "#"):
		case !ok || err != nil || title == "" || titles[sid] != "":
			t.Errorf("%q is no line of a number and a title, or a second one", l)
		case strings.ContainsAny(title, "'\t") || strings.Contains(title, " :"):
			t.Errorf("%q: an apostrophe is ’, and a colon stands behind a space that does not break", title)
		default:
			titles[sid] = title
		}
	}
	for _, l := range all(t) {
		if !l.helper && titles[l.sid] == "" {
			t.Errorf("rule %d has no title in French: %s", l.sid, l.msg)
		}
		delete(titles, l.sid)
	}
	for sid, title := range titles {
		t.Errorf("there is no rule %d: %s", sid, title)
	}
}
