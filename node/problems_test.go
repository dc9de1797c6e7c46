package node

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// spoken are the files whose texts the console shows beside a containment, an enforcement point or a preview.
func spoken(t *testing.T) (all []string) {
	t.Helper()
	for _, pattern := range []string{"../respond/filter/*.go", "../respond/radius/*.go", "../respond/snmp/*.go", "../respond/directory/*.go", "../respond/sinkhole/*.go", "../respond/action/*.go",
		"../respond/containment/*.go", "../decide/safety/*.go", "../platform/ldaps/*.go", "point_*.go", "response.go", "asked.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, f := range files {
			if !strings.HasSuffix(f, "_test.go") && filepath.Base(f) != "config.go" { // what is wrong there stops the start
				all = append(all, f)
			}
		}
	}
	return all
}

var (
	joins = regexp.MustCompile(`^([a-z]+: |%[wsv]: )+|(: %[wsv])+$`)
	verbs = regexp.MustCompile(`%(\.\d)?[a-z]`)
	plain = regexp.MustCompile(`^(servers|devices|resolvers|never)\[|^serial=|^containment/|^longer_|^release |^%[sd](?:[., ]+| to )\(?%[sd]\)?$`) // paths and names
)

// sentences are the texts of a file that are made of a format, or are an error.
func sentences(t *testing.T, file string) (all []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		if !ok || len(c.Args) == 0 {
			return true
		}
		name := ""
		switch x := c.Fun.(type) {
		case *ast.SelectorExpr:
			name = x.Sel.Name
		case *ast.Ident:
			name = x.Name
		}
		l, literal := c.Args[0].(*ast.BasicLit)
		if !literal || name != "Errorf" && name != "New" && name != "Sprintf" && name != "wrong" {
			return true
		}
		if text, err := strconv.Unquote(l.Value); err == nil {
			all = append(all, text)
		}
		return true
	})
	return all
}

// Whatever an enforcement point says can be read in French; and the table says nothing that nobody says any more.
func TestProblemsAreInFrench(t *testing.T) {
	text, err := os.ReadFile("../content/problems/fr.tsv")
	if err != nil {
		t.Fatal(err)
	}
	french := map[string]string{}
	for n, line := range strings.Split(string(text), "\n") {
		en, fr, ok := strings.Cut(line, "\t")
		if strings.HasPrefix(line, "#") || line == "" {
			continue
		}
		if !ok || fr == "" || en == fr || french[en] != "" {
			t.Errorf("line %d: %q is not a text and its French", n+1, line)
		}
		for k := range verbs.FindAllString(en, -1) {
			if !strings.Contains(fr, "{"+strconv.Itoa(k+1)+"}") {
				t.Errorf("line %d: %q leaves value %d away", n+1, fr, k+1)
			}
		}
		french[en] = fr
	}
	var source strings.Builder
	for _, file := range spoken(t) {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(b)
		for _, s := range sentences(t, file) {
			s = joins.ReplaceAllString(s, "")
			if strings.Trim(verbs.ReplaceAllString(s, ""), " :,()/-%") == "" || plain.MatchString(s) || french[s] != "" {
				continue
			}
			t.Errorf("%s: %q has no French in content/problems/fr.tsv", file, s)
		}
	}
	source.WriteString(errNoRing.Error())
	for en := range french {
		en = strings.TrimSuffix(en, " %s") // which may be joined to it
		if quoted := strconv.Quote(en); !strings.Contains(source.String(), en) && !strings.Contains(source.String(), quoted[1:len(quoted)-1]) && !ringSays(en) {
			t.Errorf("nobody says %q", en)
		}
	}
}

// ringSays reports whether it is a text of the packet ring, which a lease that keeps packets hands on.
func ringSays(en string) bool {
	files, _ := filepath.Glob("../observe/sensor/internal/ring/*.go")
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil && strings.Contains(string(b), strings.ReplaceAll(en, `"`, `\"`)) {
			return true
		}
	}
	return false
}
