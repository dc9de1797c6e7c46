package match

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bulwark/detect/signature/internal/field"
	"bulwark/detect/signature/internal/rule"
	"bulwark/internal/gunzip"
)

// outside reads the rules of the outside data.
func outside(t testing.TB) map[string][]*rule.Rule {
	dir := os.Getenv("BULWARK_DATA")
	if dir == "" {
		t.Skip("BULWARK_DATA is not set: no rules to compile")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "sensor", "rules", "*suricata*.rules.gz"))
	out := map[string][]*rule.Rule{}
	for _, name := range files {
		text, err := gunzip.File(name)
		if err != nil {
			t.Fatal(err)
		}
		rules, _, err := rule.Parse(bytes.NewReader(text), name, rule.Options{})
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(name)] = rules
	}
	return out
}

// elsewhere reports whether the tests of a buffer are of numbers or of a keyword's own, which the engine evaluates.
func elsewhere(l *rule.Looked) bool {
	if l.Field != nil && l.Field.Kind == field.Integer {
		return true
	}
	for _, t := range l.Tests {
		switch t.(type) {
		case *rule.Own, *rule.Number:
			return true
		}
	}
	return false
}

func TestOutsideRulesCompile(t *testing.T) {
	for name, rules := range outside(t) {
		programs, refused, fast := 0, 0, 0
		for _, r := range rules {
			var mine []rule.Looked
			for i := range r.Buffers {
				if !elsewhere(&r.Buffers[i]) {
					mine = append(mine, r.Buffers[i])
				}
			}
			ps, err := CompileAll(mine)
			if err != nil {
				if refused++; refused <= 10 {
					t.Logf("%s: sid %d: %v", name, r.SID, err)
				}
				continue
			}
			some := false
			for _, p := range ps {
				if p == nil {
					continue
				}
				programs++
				some = some || len(p.Fast()) > 0
			}
			if some {
				fast++
			}
		}
		t.Logf("%s: %d rules, %d programs, %d rules refused, %d with a candidate", name, len(rules), programs, refused, fast)
		if refused*1000 > len(rules) {
			t.Errorf("%s: got %d rules of %d refused, want at most one in a thousand", name, refused, len(rules))
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	for name, rules := range outside(b) {
		if !strings.Contains(name, "2019") {
			continue
		}
		for b.Loop() {
			for _, r := range rules {
				if _, err := CompileAll(r.Buffers); err != nil && !errors.Is(err, ErrUnsupported) {
					b.Logf("sid %d: %v", r.SID, err)
				}
			}
		}
	}
}

// BenchmarkOutsideRules asks all programs of the outside rules, one after another, about one buffer.
func BenchmarkOutsideRules(b *testing.B) {
	for name, rules := range outside(b) {
		for _, s := range []struct{ says, data string }{{"address", address}, {"headers", headers}, {"page of 32 KiB", body()}} {
			programs := programsOf(rules)
			b.Run(name+", "+s.says, func(b *testing.B) {
				m, v := &Machine{}, View{Data: []byte(s.data), Whole: true, Changed: true}
				b.ReportAllocs()
				for b.Loop() {
					for _, p := range programs {
						m.Begin()
						p.Match(m, v)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(programs)), "ns/program")
				b.ReportMetric(float64(m.Exhausted)/float64(b.N), "exhausted/op")
			})
		}
	}
}

func programsOf(rules []*rule.Rule) []*Program {
	var out []*Program
	for _, r := range rules {
		ps, err := CompileAll(r.Buffers)
		if err != nil {
			continue
		}
		for _, p := range ps {
			if p != nil {
				out = append(out, p)
			}
		}
	}
	return out
}
