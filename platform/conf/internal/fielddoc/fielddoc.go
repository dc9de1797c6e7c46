// Package fielddoc collects the doc comments of configuration fields from Go source, so that a program can print
// them: comments are not in the binary, and a second text beside the struct would soon say something else.
//
// A field of a named struct type that carries a conf tag is a configuration field. The table has one line a field,
// sorted: import path, type and field, a tab, and the comment with its line ends written as \n.
package fielddoc

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Collect reads all Go files of a module but its tests, and returns the table. The error joins one for each
// configuration field without a comment, named with its place; the table is then whole but for these.
func Collect(module fs.FS, importPath string) ([]byte, error) {
	c := collector{module: module, importPath: importPath}
	if err := fs.WalkDir(module, ".", c.visit); err != nil {
		return nil, err
	}
	slices.Sort(c.lines)
	return []byte(strings.Join(c.lines, "")), errors.Join(c.bare...)
}

type collector struct {
	module     fs.FS
	importPath string
	lines      []string
	bare       []error // fields that nobody documented
}

func (c *collector) visit(name string, d fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	if d.IsDir() {
		return c.enter(name)
	}
	if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
		return nil
	}
	text, err := fs.ReadFile(c.module, name)
	if err != nil || !strings.Contains(string(text), "`conf:") {
		return err
	}
	return c.file(name, text)
}

// enter skips what the go command skips, and what holds no Go of ours.
func (c *collector) enter(dir string) error {
	base := path.Base(dir)
	if dir != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "node_modules") {
		return fs.SkipDir
	}
	if _, err := fs.Stat(c.module, path.Join(dir, "go.mod")); err == nil && dir != "." {
		return fs.SkipDir
	}
	return nil
}

func (c *collector) file(name string, text []byte) error {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if t, ok := n.(*ast.TypeSpec); ok {
			if s, ok := t.Type.(*ast.StructType); ok {
				c.structType(set, path.Join(c.importPath, path.Dir(name))+"."+t.Name.Name, s)
			}
		}
		return true
	})
	return nil
}

func (c *collector) structType(set *token.FileSet, name string, s *ast.StructType) {
	for _, f := range s.Fields.List {
		if !tagged(f) {
			continue
		}
		doc := strings.TrimSpace(f.Doc.Text())
		if doc == "" {
			doc = strings.TrimSpace(f.Comment.Text())
		}
		for _, id := range f.Names {
			if doc == "" {
				c.bare = append(c.bare, fmt.Errorf("%s: %s.%s has no doc comment", set.Position(id.Pos()), name, id.Name))
				continue
			}
			c.lines = append(c.lines, fmt.Sprintf("%s.%s\t%s\n", name, id.Name, strings.ReplaceAll(doc, "\n", `\n`)))
		}
	}
}

func tagged(f *ast.Field) bool {
	if f.Tag == nil {
		return false
	}
	tag, err := strconv.Unquote(f.Tag.Value)
	if err != nil {
		return false
	}
	_, ok := reflect.StructTag(tag).Lookup("conf")
	return ok
}

// Read returns the comments of a table by import path, type and field.
func Read(table string) map[string]string {
	all := map[string]string{}
	for l := range strings.Lines(table) {
		if name, doc, ok := strings.Cut(strings.TrimSuffix(l, "\n"), "\t"); ok {
			all[name] = strings.ReplaceAll(doc, `\n`, "\n")
		}
	}
	return all
}
