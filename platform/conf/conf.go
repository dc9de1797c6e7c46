// Package conf reads the one configuration file, and describes it.
//
// Configuration is a struct beside the code that reads it. A field is a key when it carries a conf tag, and its
// documentation is its doc comment:
//
//	// Config is what the sensor is told.
//	type Config struct {
//		// Interfaces are watched. Empty means the one that the default route leaves by.
//		Interfaces []string `conf:"interfaces"`
//		// Ring is the memory of one capture ring; there is one per core.
//		Ring conf.Size `conf:"ring"`
//		// Tick is how often a quiet link is looked after.
//		Tick time.Duration `conf:"tick"`
//	}
//
//	func (c *Config) Check() error {
//		if c.Ring < 1<<20 {
//			return conf.At("ring", fmt.Errorf("%v is less than 1MiB", c.Ring))
//		}
//		return nil
//	}
//
// The struct as it is before loading holds the defaults. [Load] lays the file over them, then the environment
// (BULWARK_SENSOR_RING=512MiB), then asks every struct that has a Check method. Nothing is guessed: a key that no
// struct reads, a value of the wrong kind and a failed check are each a [Problem] with its line and dotted path,
// and all of them are told at once:
//
//	bulwark.yaml:12: detect.dlp.rules[3].severity: "hgh" is none of low, medium, high
//
// Values are text, numbers, true or false, durations (1m30s, 90d), a [Size] (256MiB), a [Secret], anything that
// has UnmarshalText (netip.Prefix, slog.Level), structs, lists and maps of these. A type with UnmarshalText may list
// what it takes in a method Choices() []string, for the description; [OneOf] makes its error. A key with nothing
// behind it keeps its default. Anchors, aliases, tags and second documents are refused: one value stands in one place.
//
// [Describe] writes the whole configuration as a commented file, and [Document] as a Markdown page. Both take their
// words from the doc comments, which `go generate ./platform/conf` collects into comments.tsv; a test fails when
// that table is older than the structs.
package conf

//go:generate go run ./internal/fielddoc/gen ../.. comments.tsv

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// MaxFile is the largest configuration file that is read, in bytes.
const MaxFile = 1 << 20

// Problem is one thing that is wrong with the configuration.
type Problem struct {
	// Source is the name of the file, or of the environment variable.
	Source string
	// Line is where in the file, from 1. 0 means in no line: the default, or the environment.
	Line int
	// Path is the key with those above it: detect.dlp.rules[3].severity. Empty for the file as a whole.
	Path string
	// Err is what is wrong.
	Err error
}

func (p *Problem) Error() string {
	where := p.Source
	if p.Line > 0 {
		where = fmt.Sprintf("%s:%d", p.Source, p.Line)
	}
	if p.Path != "" {
		where += ": " + p.Path
	}
	return where + ": " + p.Err.Error()
}

// Unwrap returns what is wrong, without the place.
func (p *Problem) Unwrap() error { return p.Err }

// Load lays the YAML of r, known to people as name, over the struct that cfg points to, then the variables of
// environ ("BULWARK_SENSOR_RING=1GiB", others ignored), then calls every Check. A nil r is an empty file.
//
// The error joins a [*Problem] for each fault, in the order of the file. cfg is then filled in part: do not use it.
func Load(r io.Reader, name string, cfg any, environ ...string) error {
	l := &loader{file: name, lines: map[string]int{}, variables: map[string]string{}}
	root := reflect.ValueOf(cfg).Elem()
	if r != nil {
		l.load(r, root)
	}
	l.override(environ, root)
	if len(l.problems) == 0 {
		l.check("", root)
	}
	slices.SortStableFunc(l.problems, func(a, b *Problem) int { return cmp.Compare(a.Line, b.Line) })
	all := make([]error, len(l.problems))
	for i, p := range l.problems {
		all[i] = p
	}
	return errors.Join(all...)
}

// loader is one Load.
type loader struct {
	file      string
	lines     map[string]int    // where each path that the file sets is
	variables map[string]string // which variable set a path
	variable  string            // the variable being read; empty while reading the file
	problems  []*Problem
}

// load reads the file into the root struct.
func (l *loader) load(r io.Reader, root reflect.Value) {
	text, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err == nil && len(text) > MaxFile {
		err = fmt.Errorf("the file is longer than %v", Size(MaxFile))
	}
	if err != nil {
		l.problem("", 0, err)
		return
	}
	if body := l.parse(text); body != nil {
		l.section("", body, root)
	}
}

// parse returns the body of a text with one document, or nil for an empty one or one that is no YAML.
func (l *loader) parse(text []byte) ast.Node {
	file, err := parser.ParseBytes(text, 0)
	var syntax *yaml.SyntaxError
	switch {
	case errors.As(err, &syntax):
		l.problem("", syntax.Token.Position.Line, errors.New(syntax.Message))
		return nil
	case err != nil:
		l.problem("", 0, err)
		return nil
	}
	var body ast.Node
	for _, d := range file.Docs {
		if d.Body == nil {
			continue
		}
		if body != nil {
			l.problem("", line(d.Body), errors.New("a second document in one file"))
			return nil
		}
		body = d.Body
	}
	return body
}

// problem records what is wrong at path. Line 0 stands for the line of the path, or of the nearest key above it.
func (l *loader) problem(path string, line int, err error) {
	p := &Problem{Source: l.file, Line: line, Path: path, Err: err}
	if l.variable != "" {
		p.Source, p.Line = l.variable, 0
	} else if line == 0 {
		p.Source, p.Line = l.place(path)
	}
	l.problems = append(l.problems, p)
}

// place is the source and line of a path, or of what is nearest above it.
func (l *loader) place(path string) (source string, line int) {
	for ; path != ""; path = parent(path) {
		if v, ok := l.variables[path]; ok {
			return v, 0
		}
		if n, ok := l.lines[path]; ok {
			return l.file, n
		}
	}
	return l.file, 0
}

// parent is the path without its last key or index.
func parent(path string) string {
	for i := len(path) - 1; i > 0; i-- {
		if path[i] == '.' || path[i] == '[' {
			return path[:i]
		}
	}
	return ""
}
