package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	cedar "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
)

// Text is in both languages.
type Text struct {
	EN string `json:"en"`
	FR string `json:"fr"`
}

// File is a text with policies.
type File struct{ Name, Text string }

// Policy is one statement.
type Policy struct {
	ID          string
	Forbid      bool
	Why         Text
	Obligations []Obligation
	// Place is where it begins, Source its text.
	File         string
	Line, Column int
	Source       string
	// Roles are the groups of which the scope asks that the principal is in one; none: anybody.
	Roles []UID

	cedar  *cedar.Policy
	left   *cedar.Policy // what the index leaves to work out; nil: nothing
	rest   *cedar.Policy // what the guard leaves of it besides
	member membership    // or this is what it leaves
	ast    *ast.Policy
	clocks clocks
	guard  *guard // nil: it shares none
}

// named are entities as a policy writes them.
var named = regexp.MustCompile(`([A-Za-z_]\w*)::"((?:[^"\\]|\\.)*)"`)

// Named are the entities that the text of a policy names, whatever for.
func (p *Policy) Named() (all []UID) {
	for _, m := range named.FindAllStringSubmatch(p.Source, -1) {
		all = append(all, ID(m[1], m[2]))
	}
	return all
}

// Set is policies that were read, checked and indexed. It does not change.
type Set struct {
	Policies []*Policy // by id
	Schema   *Schema

	byID   map[string]*Policy
	index  *index
	groups map[UID][]UID // of actions
}

// Limits of what is read.
const (
	mostPolicies = 50_000
	mostProblems = 200 // are told at once
	mostDepth    = 50
	mostWords    = 5000
)

// Load reads policies. With problems there is no set: what cannot be read or checked decides nothing.
func Load(files []File, s *Schema) (*Set, []Problem) {
	set := &Set{Schema: s, byID: map[string]*Policy{}, groups: s.groups()}
	var bad []Problem
	for _, f := range files {
		bad = append(bad, set.read(f)...)
	}
	if len(set.Policies) > mostPolicies {
		bad = append(bad, Problem{File: files[0].Name, Line: 1, Column: 1, Message: fmt.Sprintf("%d policies in all, more than %d", len(set.Policies), mostPolicies)})
	}
	if len(bad) > 0 {
		return nil, bad[:min(len(bad), mostProblems)]
	}
	slices.SortFunc(set.Policies, func(a, b *Policy) int { return strings.Compare(a.ID, b.ID) })
	left := settler{}
	set.index = newIndex(set.Policies, left)
	addGuards(set.Policies, set.index, left)
	return set, nil
}

// Policy is one by its id; nil: there is none.
func (s *Set) Policy(id string) *Policy { return s.byID[id] }

// read adds the policies of a file.
func (s *Set) read(f File) (bad []Problem) {
	if bad := tooDeep(f); bad != nil {
		return []Problem{*bad}
	}
	list, err := cedar.NewPolicyListFromBytes(f.Name, []byte(f.Text))
	if err != nil {
		return []Problem{unread(f.Name, err)}
	}
	for n, c := range list {
		end := len(f.Text)
		if n+1 < len(list) {
			end = list[n+1].Position().Offset
		}
		at := c.Position()
		source := statement(f.Text[at.Offset:end])
		p := &Policy{File: f.Name, Line: at.Line, Column: at.Column, Source: source, cedar: c, ast: (*ast.Policy)(c.AST()), Forbid: c.Effect() == cedar.Forbid}
		say := func(from int, message string) {
			line, column := lineOf(f.Text, at.Offset+from)
			bad = append(bad, Problem{File: f.Name, Line: line, Column: column, Policy: p.ID, Message: message})
		}
		p.annotate(say)
		if was := s.byID[p.ID]; was != nil && p.ID != "" {
			say(found(tokenize(source), 5, `"`+p.ID+`"`), fmt.Sprintf("the id is taken by the policy at %s:%d", was.File, was.Line))
		}
		for _, message := range s.Schema.faults(p.ast) {
			say(placeOf(source, message), message)
		}
		p.Roles = groupsOf(p.ast.Principal)
		p.clocks = clocksOf(p.ast)
		s.Policies = append(s.Policies, p)
		s.byID[p.ID] = p
	}
	return bad
}

// tooDeep refuses what would take the library too deep, or too long: it recurses, and nobody writes such policies.
func tooDeep(f File) *Problem {
	depth, words := 0, 0
	for _, t := range tokenize(f.Text) {
		words++
		switch t.text {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			depth--
		case ";":
			words = 0
		}
		if depth > mostDepth || words > mostWords {
			line, column := lineOf(f.Text, t.at)
			return &Problem{File: f.Name, Line: line, Column: column, Message: fmt.Sprintf("a policy has at most %d words, and at most %d brackets in each other", mostWords, mostDepth)}
		}
	}
	return nil
}

// statement is a policy's text without what follows its semicolon.
func statement(text string) string {
	for _, t := range tokenize(text) {
		if t.text == ";" {
			return text[:t.at+1]
		}
	}
	return strings.TrimSpace(text)
}

// annotate takes what stands before the policy: its id, its reason and what it asks.
func (p *Policy) annotate(say func(at int, message string)) {
	all := tokenize(p.Source)
	key := func(name string) int { return found(all, len(all), name) }
	notes := p.cedar.Annotations()
	p.ID = string(notes["id"])
	if p.ID != "" && !isWord(p.ID) {
		say(key("id"), fmt.Sprintf("the id %q is not made of small letters, digits and hyphens", p.ID))
	}
	for k, v := range notes {
		text := string(v)
		switch k {
		case "why":
			p.Why.EN = text
		case "why_fr":
			p.Why.FR = text
		case "obligation":
			var err error
			if p.Obligations, err = parseObligations(text); err != nil {
				say(key("obligation"), err.Error())
			}
		case "id", "source", "license", "note":
		default:
			say(key(string(k)), fmt.Sprintf("@%s is none of @id, @why, @why_fr, @obligation, @source, @license, @note", k))
		}
	}
	if p.ID == "" {
		say(0, `there is no @id("..."): decisions are told by it`)
	}
	if p.Why.EN == "" {
		say(0, `there is no @why("..."): whoever is refused or looked at must be told why`)
	}
	if p.Why.FR == "" {
		p.Why.FR = p.Why.EN
	}
}

// groupsOf are the groups that a scope names.
func groupsOf(scope ast.IsScopeNode) []UID {
	switch s := scope.(type) {
	case ast.ScopeTypeEq:
		return []UID{s.Entity}
	case ast.ScopeTypeIn:
		return []UID{s.Entity}
	case ast.ScopeTypeIsIn:
		return []UID{s.Entity}
	}
	return nil
}
