// Package pcre matches Perl-compatible regular expressions against bytes: any bytes, not UTF-8 texts.
//
// The language is that of PCRE2 10.42 without UTF (its pcre2pattern page), in the C locale; lines end with a line feed.
// Not supported, and refused by [Compile]: Unicode properties and \X, the verbs that steer the search ((*ACCEPT),
// (*COMMIT), (*PRUNE), (*SKIP), (*THEN)), other line ends than LF, (?(VERSION. Wider than PCRE2: a look-behind may have
// a variable length within 255 bytes, a hyphen beside a type in a class is a literal, as in Perl.
//
// What is found is what Perl finds: the leftmost place where the expression matches, and there the first way in the
// order of its alternatives and quantifiers.
//
// No expression can stall its caller. Where what can be matched from a place does not depend on the way there (no back
// reference, recursion, conditional on a group, counted group too large to copy, nor long look-around or atomic group),
// the time is linear in the subject: once a search takes long, each choice is tried once at a place. All others stop
// after [Machine].Steps.
package pcre

import (
	"strings"
	"sync"
)

// Flags change how an expression is read. The zero value is Perl's.
type Flags uint16

const (
	Fold          Flags = 1 << iota // i: letters match in either case (ASCII)
	DotAll                          // s: . matches line feeds too
	Multiline                       // m: ^ and $ match at line feeds too
	Extended                        // x: white space and comments in the expression mean nothing
	Anchored                        // A: matches where the search starts, or not at all
	DollarEndOnly                   // E: $ does not match before a line feed that ends the subject
	Ungreedy                        // G: quantifiers are lazy, and greedy with ? (PCRE2_UNGREEDY)

	extendedMore // (?xx)
	noCapture    // (?n)
	dupNames     // (?J)
)

// Outcome is what a search ends with. The zero value is No.
type Outcome uint8

const (
	No    Outcome = iota // no match
	Yes                  // a match
	Limit                // given up: the search took too many steps or too much memory
)

// Regexp is a compiled expression. It does not change and may be used by many goroutines.
type Regexp struct {
	expr   string
	flags  Flags
	groups []string
	prog   *prog // remembers no groups but those it reads itself
	scan   scan
	full   func() *prog // remembers all groups; made when first asked for
}

// Compile reads expr. Errors are [*SyntaxError] and name the offset.
func Compile(expr string, flags Flags) (*Regexp, error) {
	flags &= extendedMore - 1
	expr = strings.Clone(expr) // it is kept, and the rule that it stands in need not be
	root, p, err := parse(expr, flags)
	if err != nil {
		return nil, err
	}
	if flags&Anchored != 0 {
		root = cat(&node{kind: nodeAssert, place: atSearch}, root)
	}
	r := &Regexp{expr: expr, flags: flags, groups: p.groups}
	b, err := build(root, p, false)
	if err != nil {
		return nil, err
	}
	r.prog = b.pr
	r.scan = plan(b)
	r.full = sync.OnceValue(r.capturing)
	return r, nil
}

// capturing is the program that remembers all groups.
func (r *Regexp) capturing() *prog {
	if len(r.groups) == 1 {
		return r.prog
	}
	root, p, err := parse(r.expr, r.flags)
	if err != nil {
		return r.prog // cannot happen: it was read before
	}
	if r.flags&Anchored != 0 {
		root = cat(&node{kind: nodeAssert, place: atSearch}, root)
	}
	b, err := build(root, p, true)
	if err != nil {
		return r.prog
	}
	return b.pr
}

// String is the expression as it was given.
func (r *Regexp) String() string { return r.expr }

// Groups are the names of the groups by number; "" for those without one. The first stands for the whole match.
func (r *Regexp) Groups() []string { return r.groups }

// Linear says whether the time of a search is linear in the subject. Otherwise [Machine].Steps bounds it.
func (r *Regexp) Linear() bool { return r.prog.linear }

// Match searches p from at on, and says where the first match starts and ends. Look-behinds and word boundaries see the
// bytes before at; ^ is the start of p.
func (r *Regexp) Match(m *Machine, p []byte, at int) (start, end int, o Outcome) {
	return m.search(r, r.prog, p, at)
}

// Find is as Match, and fills caps, which it may grow, with pairs of offsets: the whole match, then each group (-1, -1
// where it took no part). Without a match it returns caps[:0].
func (r *Regexp) Find(m *Machine, p []byte, at int, caps []int) ([]int, Outcome) {
	pr := r.full()
	start, end, o := m.search(r, pr, p, at)
	caps = caps[:0]
	if o != Yes {
		return caps, o
	}
	caps = append(caps, start, end)
	for i := 2; i < 2*len(r.groups); i += 2 {
		if i >= pr.ncap {
			caps = append(caps, -1, -1)
			continue
		}
		if from, to := m.slots[i], m.slots[i+1]; from >= 0 && to >= 0 {
			caps = append(caps, int(from), int(to))
			continue
		}
		caps = append(caps, -1, -1)
	}
	return caps, Yes
}
