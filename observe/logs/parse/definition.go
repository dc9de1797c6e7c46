package parse

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// ErrFormat means a file that describes no format.
var ErrFormat = errors.New("parse: bad format")

// definition is a file of a format as it is written.
type definition struct {
	Format   string   `yaml:"format"` // its id; that of the file without ending
	Title    string   `yaml:"title"`
	Product  string   `yaml:"product"` // what Sigma calls it
	Category string   `yaml:"category"`
	Service  string   `yaml:"service"`
	Source   []string `yaml:"source"` // where its maker documents it
	Setup    string   `yaml:"setup"`  // an example of what to configure on the product
	Base     string   `yaml:"base"`   // a format whose steps are done first, and whose empty and strip hold where this has none
	Match    []match  `yaml:"match"`
	// Whole says that a text is read with what syslog takes for its header.
	Whole bool `yaml:"whole"`
	// Empty are values that stand for none.
	Empty []string `yaml:"empty"`
	// Keep says that a field is told under its own name too when something was made of it.
	Keep bool `yaml:"keep"`
	// Strip are beginnings of names of fields that are left out.
	Strip []string `yaml:"strip"`
	// Drop says that fields which nothing maps are not told.
	Drop  bool       `yaml:"drop"`
	Steps []stepText `yaml:"steps"`
	Tests []Test     `yaml:"tests"`
}

// match is one way to know a format: all that it says must hold.
type match struct {
	Programs []string `yaml:"programs"` // one of them wrote it, by the header of syslog
	Words    []string `yaml:"words"`    // all of them stand in the line
	Shape    string   `yaml:"shape"`    // json, kv: of makers that nobody knows; asked last
}

// Test is a line of a format with what it says.
type Test struct {
	Line string `yaml:"line"`
	// Fields are those expected, a list where there are several values. @timestamp is the time in RFC 3339.
	Fields map[string]any `yaml:"fields"`
	// Not says that the format must not understand the line.
	Not bool `yaml:"not"`
}

// stepText is one step of reading, in this order: when, read, set, lines, steps.
type stepText struct {
	When  conditions `yaml:"when"`
	Of    string     `yaml:"of"`   // field that is read; default: message
	Read  string     `yaml:"read"` // json, kv, cef, leef, csv, xml, w3c
	Under string     `yaml:"under"`
	// Separator, Assign and Quote are those of kv and csv; default: blank (comma for csv), =, ".
	Separator string   `yaml:"separator"`
	Assign    string   `yaml:"assign"`
	Columns   []string `yaml:"columns"`
	// Named are lists of json whose objects have a name and a value: by the list the member that holds the name. The value is
	// list.name then: parameters of {"name":"door","value":"4"} gives parameters.door.
	Named map[string]string `yaml:"named"`
	// Alike are fields by names that makers write in many ways: clientIp, client_ip and "Client IP" are one. The last parts of longer names
	// count as well (actor.client_ip). A field that has a value keeps it.
	Alike  map[string][]string `yaml:"alike"`
	Regexp string              `yaml:"regexp"`
	Set    assigns             `yaml:"set"`
	Lines  []lineText          `yaml:"lines"`
	Steps  []stepText          `yaml:"steps"`
	First  []stepText          `yaml:"first"` // the first whose conditions and reading hold is done
}

// lineText is a form of a text, and what follows from it.
type lineText struct {
	Like string     `yaml:"like"`
	When conditions `yaml:"when"`
	Set  assigns    `yaml:"set"`
}

type assign struct {
	target string
	from   exprText
	line   int
}

// exprText is where a value comes from: constants, or fields and filters.
type exprText struct {
	constant []string
	from     string
	table    map[string][]string
	reject   bool // a value that the table does not know is none
}

type assigns []assign

func place(n ast.Node, format string, args ...any) error {
	return fmt.Errorf("%w: line %d: %s", ErrFormat, n.GetToken().Position.Line, fmt.Sprintf(format, args...))
}

// UnmarshalYAML keeps the order and the places of the assignments.
func (a *assigns) UnmarshalYAML(n ast.Node) error {
	for _, kv := range pairs(n) {
		e, err := exprOf(kv.Value)
		if err != nil {
			return err
		}
		*a = append(*a, assign{text(kv.Key), e, kv.Key.GetToken().Position.Line})
	}
	return nil
}

func pairs(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

func text(n ast.Node) string {
	var s string
	if err := yaml.NodeToValue(n, &s); err != nil {
		return strings.TrimSpace(n.String())
	}
	return s
}

func texts(n ast.Node) []string {
	if l, ok := n.(*ast.SequenceNode); ok {
		var all []string
		for _, v := range l.Values {
			all = append(all, text(v))
		}
		return all
	}
	return []string{text(n)}
}

// exprOf reads the right side of an assignment: a list is constant, a text that begins with = as well; another text names fields and
// filters; an object has from, map and else.
func exprOf(n ast.Node) (e exprText, err error) {
	switch n.(type) {
	case *ast.SequenceNode:
		e.constant = texts(n)
		return e, nil
	case *ast.MappingNode, *ast.MappingValueNode:
		return tableOf(n)
	}
	s := text(n)
	if rest, ok := strings.CutPrefix(s, "="); ok {
		e.constant = []string{rest}
		return e, nil
	}
	e.from = s
	return e, nil
}

func tableOf(n ast.Node) (e exprText, err error) {
	for _, kv := range pairs(n) {
		switch text(kv.Key) {
		case "from":
			e.from = text(kv.Value)
		case "map", "only":
			e.table, e.reject = map[string][]string{}, text(kv.Key) == "only"
			for _, v := range pairs(kv.Value) {
				e.table[strings.ToLower(text(v.Key))] = texts(v.Value)
			}
		default:
			return e, place(kv.Key, "%q is none of from, map, only", text(kv.Key))
		}
	}
	return e, nil
}

// condition is a test of one field.
type condition struct {
	field  string
	values []string
	line   int
}

type conditions []condition

// UnmarshalYAML keeps the places of the conditions.
func (c *conditions) UnmarshalYAML(n ast.Node) error {
	for _, kv := range pairs(n) {
		*c = append(*c, condition{text(kv.Key), texts(kv.Value), kv.Key.GetToken().Position.Line})
	}
	return nil
}
