// Package sigma is the language of Sigma rules (specification v2.1): it reads them into types and says, slowly and plainly, what
// matches. Whoever needs it fast compiles the types; what is said here is what is right.
package sigma

import (
	"fmt"
	"net/netip"
	"regexp"
	"time"
)

// Place is where something stands in a file. Line and Column count from 1; 0 where it is not known.
type Place struct {
	File         string
	Line, Column int
}

func (p Place) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Error is what is wrong with a rule, and where.
type Error struct {
	At   Place
	Path string // of the key, such as detection.selection.Image|endswith; empty: the file as a whole
	Why  string
	// Waits says that the rule is sound, and asks for values that the site has not given.
	Waits bool
}

func (e *Error) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("%s: %s", e.At, e.Why)
	}
	return fmt.Sprintf("%s: %s: %s", e.At, e.Path, e.Why)
}

// Level is how bad it is when a rule matches.
type Level uint8

// The levels. The zero Level is a rule that does not say.
const (
	Unsaid Level = iota
	Informational
	Low
	Medium
	High
	Critical
)

var levels = [...]string{"", "informational", "low", "medium", "high", "critical"}

// Levels are the names of the levels, the least first.
func Levels() []string { return append([]string{}, levels[1:]...) }

func (l Level) String() string { return levels[min(l, Critical)] }

// Head is what every document of the language begins with.
type Head struct {
	At             Place
	Title          string
	ID             string // usually a UUID
	Name           string // by which correlations refer to it
	Status         string // stable, test, experimental, deprecated, unsupported
	Level          Level
	Description    string
	Author         string
	License        string // SPDX; empty: that of the collection
	References     []string
	FalsePositives []string
	Tags           []string // attack.t1059.001, attack.execution, cve.2024-1234...
	Date, Modified time.Time
}

// Source is which log a rule is about. What is empty is any.
type Source struct {
	Product    string // windows, linux...
	Category   string // process_creation...
	Service    string // security, sshd...
	Definition string // what must be switched on, in words
}

// Rule matches one event.
type Rule struct {
	Head
	Source    Source
	Fields    []string // which are worth showing
	Condition *Node    // of several conditions, whether one of them holds
}

// Filter takes matches back from rules.
type Filter struct {
	Head
	Source    Source
	Rules     []string // their ids or names; empty: any that have its source
	Condition *Node    // holds for an event of which the rules say nothing
}

// Document is a rule, a filter or a correlation: one of them is not nil.
type Document struct {
	Rule        *Rule
	Filter      *Filter
	Correlation *Correlation
}

// Op joins nodes of a condition.
type Op uint8

// The ops.
const (
	Leaf Op = iota // Test
	And            // all of Of; of none, true
	Or             // one of Of; of none, false
	Not            // not the only one of Of
)

// Node is a condition, or a part of one.
type Node struct {
	Op   Op
	Of   []*Node
	Test *Test
}

// How says how a test compares.
type How uint8

// The comparisons.
const (
	Like   How = iota // with Pattern
	Search            // with Regexp, which matches anywhere
	Within            // an address, with Net
	Less              // a number, with Number
	LessOrEqual
	Greater
	GreaterOrEqual
	Same     // a number or a part of a time, with Number
	Null     // the field is missing, or is null
	Present  // the field is there
	Absent   // it is not
	Equal    // with the value of the field Other, without regard to case unless Cased
	Begins   // with the value of the field Other
	Ends     // so
	Includes // so
)

// Part is what of a point in time is compared.
type Part uint8

// The parts. The zero Part is none: it is no time that is compared.
const (
	Whole Part = iota
	Minute
	Hour
	Day
	Week // of ISO 8601
	Month
	Year
)

// Test is a comparison of a field.
type Test struct {
	Field   string // empty: anything in the event
	How     How
	Cased   bool
	Part    Part
	Pattern Pattern
	Regexp  *regexp.Regexp
	Net     *netip.Prefix
	Number  float64
	Other   string // a field
}

// Fields adds the names of the fields that a condition asks about.
func (n *Node) Fields(all map[string]bool) {
	for _, x := range n.Of {
		x.Fields(all)
	}
	if n.Op == Leaf {
		all[n.Test.Field], all[n.Test.Other] = true, true
	}
}
