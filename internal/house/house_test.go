// Package house keeps the storeys true. It has no code but its tests; each failure says what to do.
package house

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "bulwark"

// storeys from the top. A package imports lower storeys and its own room only.
var storeys = []struct {
	name  string
	rooms []string // root folders of the storey
}{
	{"cmd", []string{"cmd", "lab", "e2e", "conformance"}},
	{"node", []string{"node"}},
	{"console", []string{"console", "web"}},
	{"rooms", []string{"observe", "detect", "decide", "respond", "learn"}},
	{"platform", []string{"platform"}},
	{"wire", []string{"wire"}},
	{"event", []string{"event"}},
}

// everywhere are packages that every storey may import: data, and what tests share.
var everywhere = map[string]bool{"content": true, "internal": true}

type listed struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", module+"/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// place is the storey of a package, counted from the top, and its room: "observe/sensor", or the root folder.
func place(path string) (storey int, room string, known bool) {
	parts := strings.Split(strings.TrimPrefix(path, module+"/"), "/")
	for i, s := range storeys {
		for _, r := range s.rooms {
			if parts[0] == r {
				room = r
				if s.name == "rooms" && len(parts) > 1 {
					room = r + "/" + parts[1]
				}
				return i, room, true
			}
		}
	}
	return 0, "", everywhere[parts[0]]
}

func TestPackagesImportLowerStoreysAndTheirOwnRoomOnly(t *testing.T) {
	for _, p := range packages(t) {
		at, room, known := place(p.ImportPath)
		if !known {
			t.Errorf("%s stands in no storey: add its root folder to the list above, and to ARCHITECTURE.md", p.ImportPath)
		}
		for _, i := range append(append(p.Imports, p.TestImports...), p.XTestImports...) {
			if !strings.HasPrefix(i, module+"/") {
				continue
			}
			below, its, ok := place(i)
			if !ok || room == "" || its == "" || room == its {
				continue
			}
			if below < at {
				t.Errorf("%s imports %s of the storey %q above it: declare the interface you need, and let node fill it",
					p.ImportPath, i, storeys[below].name)
			}
			if below == at && storeys[at].name == "rooms" {
				t.Errorf("%s imports the room %s: meet on the bus, or declare an interface for node to fill", p.ImportPath, its)
			}
		}
	}
}

func TestDecodersArePure(t *testing.T) {
	banned := map[string]string{"os": "opens nothing", "net": "opens nothing (net/netip is fine)", "log": "logs nothing",
		"log/slog": "logs nothing", "net/http": "opens nothing"}
	for _, p := range packages(t) {
		if !strings.HasPrefix(p.ImportPath, module+"/wire") && p.ImportPath != module+"/event" ||
			strings.HasSuffix(p.ImportPath, "wiretest") || strings.HasPrefix(p.ImportPath, module+"/wire/internal/") {
			continue
		}
		for _, i := range p.Imports {
			if why, bad := banned[i]; bad {
				t.Errorf("%s imports %s: a decoder %s", p.ImportPath, i, why)
			}
		}
	}
}

// root is the folder of the module.
const root = "../.."

// sources calls fn for every Go file of the project that is not generated.
func sources(t *testing.T, fn func(path string, f *ast.File, set *token.FileSet)) {
	t.Helper()
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case ".git", "node_modules", "testdata", "dist":
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		f, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		if !ast.IsGenerated(f) {
			fn(path, f, set)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNothingHappensAtImport(t *testing.T) {
	sources(t, func(path string, f *ast.File, set *token.FileSet) {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%v: init runs behind everybody's back: let node call New", set.Position(fn.Pos()))
			}
		}
	})
}

func TestNamesSayWhatAThingIs(t *testing.T) {
	sources(t, func(path string, f *ast.File, set *token.FileSet) {
		switch f.Name.Name {
		case "util", "utils", "common", "helpers", "misc", "base":
			t.Errorf("%s: package %s says nothing: name it after what it is", path, f.Name.Name)
		}
	})
}

func TestFilesAndFunctionsFitTheHead(t *testing.T) {
	const maxFile, maxFunc = 900, 110
	sources(t, func(path string, f *ast.File, set *token.FileSet) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		if n := set.Position(f.End()).Line; n > maxFile {
			t.Errorf("%s has %d lines, more than %d: split it by what it speaks of", path, n, maxFile)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			if n := set.Position(fn.End()).Line - set.Position(fn.Pos()).Line; n > maxFunc {
				t.Errorf("%v: %s has %d lines, more than %d", set.Position(fn.Pos()), fn.Name.Name, n, maxFunc)
			}
		}
	})
}

func TestEveryDependencyHasItsReason(t *testing.T) {
	mod, err := os.ReadFile(root + "/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(root + "/docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mod)) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "require ")
		name, rest, ok := strings.Cut(line, " ")
		if !ok || !strings.HasPrefix(rest, "v") || strings.Contains(rest, "// indirect") || strings.HasPrefix(name, "//") {
			continue
		}
		if !strings.Contains(string(page), name) {
			t.Errorf("%s is not in docs/dependencies.md: say what it does for us, and what we would write without it", name)
		}
	}
}
