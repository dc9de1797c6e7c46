// Package parse understands lines of logs. What it knows of a product's format is data: the files of content/logparsers, and those of a
// folder of one's own (docs/guide/parsers.md tells how to write one).
//
// A line is taken out of its envelope (syslog), the formats that may know it are found in one pass over it, and the first that reads it
// names its fields: by ECS, beside those of the product's own names that stand for nothing else.
package parse

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"bulwark/content/logparsers"

	"github.com/goccy/go-yaml"
)

// Set is the formats that are known. It is safe for concurrent use.
type Set struct {
	formats  []*format
	byID     map[string]*format
	names    []string // of fields, by symbol
	symbols  map[string]int32
	programs map[string][]*format
	narrowed map[string]bool // programs of which some lines are known by their words first
	ways     []way
	words    *finder
	byWord   [][]int32 // by word: the ways that ask for it
	shapes   []way     // asked last
	common   common
}

// way is one way to know a format.
type way struct {
	format *format
	list   []int32 // words that must be there
	weight int     // bytes of those: what says more is asked first
	shape  string  // json, kv
	// programs are those of which one must have written the line besides; none: any.
	programs []string
}

// Format is a format as people see it.
type Format struct {
	ID      string
	Title   string
	Product string
	Setup   string   // an example of what to configure on the product
	Source  []string // where its maker documents it
	Tests   []Test
}

// Hint is what is known of a line beside its text.
type Hint struct {
	Format   string // that a setting says it has; "": the one that knows it
	Sender   netip.Addr
	Stream   string
	Zone     *time.Location // of times that name none; nil: UTC
	Received time.Time
}

// format is a format as lines are read with it.
type format struct {
	Format
	category, service string
	whole, drop, keep bool
	empty, strip      []string
	steps             []step
}

// step is what is done with a line, in the order of its fields.
type step struct {
	when      []test
	of        int32 // field that is read; -1: the text
	shape     shape
	under     string
	separator string
	assign    string
	columns   []string
	named     map[string]string
	alike     alike
	re        *regexp.Regexp
	groups    []int32 // symbols of the groups of re
	set       []setting
	lines     []line
	steps     []step
	first     []step
}

type setting struct {
	target int32
	more   bool // add to what is there
	kind   kind
	from   *expr
}

type line struct {
	forms []form
	when  []test
	set   []setting
}

// Load reads the formats that come with the program, and then those of folders, of which a file writes over the format of its name.
// Errors name the file and the line.
func Load(own ...fs.FS) (*Set, error) {
	defs := map[string]*definition{}
	for _, from := range append([]fs.FS{logparsers.Files()}, own...) {
		if err := readFolder(from, defs); err != nil {
			return nil, err
		}
	}
	c := newCompiler()
	for _, id := range sortedKeys(defs) {
		if err := c.format(defs[id], defs[defs[id].Base]); err != nil {
			return nil, fmt.Errorf("%s.yaml: %w", id, err)
		}
	}
	return c.done(), nil
}

func sortedKeys[V any](of map[string]V) []string { return slices.Sorted(maps.Keys(of)) }

func readFolder(from fs.FS, defs map[string]*definition) error {
	names, err := fs.Glob(from, "*.yaml")
	if err != nil {
		return err
	}
	for _, name := range names {
		data, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		d := new(definition)
		if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(d); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if id := strings.TrimSuffix(path.Base(name), ".yaml"); d.Format != id {
			return fmt.Errorf("%s: %w: format is %q, not the file's name", name, ErrFormat, d.Format)
		}
		defs[d.Format] = d
	}
	return nil
}

// Formats are all of them, in the order of their ids.
func (s *Set) Formats() []Format {
	all := make([]Format, len(s.formats))
	for i, f := range s.formats {
		all[i] = f.Format
	}
	return all
}
