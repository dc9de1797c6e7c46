package policy

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"
)

// Schema says what there is: types of entities with their attributes, and actions.
type Schema struct {
	resolved *resolved.Schema
	check    *validate.Validator
}

// ParseSchema reads a schema in Cedar's own syntax.
func ParseSchema(name, text string) (*Schema, error) {
	var s schema.Schema
	s.SetFilename(name)
	if err := s.UnmarshalCedar([]byte(text)); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	r, err := s.Resolve()
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return &Schema{r, validate.New(r, validate.WithStrict())}, nil
}

// Action is something that can be asked for, and of what types by whom.
type Action struct {
	UID        UID
	Principals []string
	Resources  []string
}

// Actions are all that can be asked for, by name.
func (s *Schema) Actions() (all []Action) {
	for uid, a := range s.resolved.Actions {
		if a.AppliesTo == nil {
			continue
		}
		x := Action{UID: uid}
		for _, t := range a.AppliesTo.Principals {
			x.Principals = append(x.Principals, string(t))
		}
		for _, t := range a.AppliesTo.Resources {
			x.Resources = append(x.Resources, string(t))
		}
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b Action) int { return strings.Compare(a.UID.String(), b.UID.String()) })
	return all
}

// groups are what each action is in, however far up.
func (s *Schema) groups() map[UID][]UID {
	all := map[UID][]UID{}
	for uid := range s.resolved.Actions {
		todo := []UID{uid}
		for len(todo) > 0 {
			for p := range s.resolved.Actions[todo[0]].Entity.Parents.All() {
				if !slices.Contains(all[uid], p) {
					all[uid] = append(all[uid], p)
					todo = append(todo, p)
				}
			}
			todo = todo[1:]
		}
	}
	return all
}

// actionEntities are the actions as entities, in the groups that they are in.
func (s *Schema) actionEntities() (all []Entity) {
	for uid, a := range s.resolved.Actions {
		all = append(all, Entity{UID: uid, Parents: slices.Collect(a.Entity.Parents.All())})
	}
	return all
}

// Types are the types of entities, by name.
func (s *Schema) Types() (all []string) {
	for t := range maps.Keys(s.resolved.Entities) {
		all = append(all, string(t))
	}
	slices.Sort(all)
	return all
}

// CheckEntity refuses an entity that is not as the schema says.
func (s *Schema) CheckEntity(e Entity) error { return s.check.Entity(e.cedar()) }

// faults are what a policy says that the schema does not allow.
func (s *Schema) faults(p *ast.Policy) (all []string) {
	err := s.check.Policy("", p)
	for _, e := range flatten(err) {
		if !slices.Contains(all, e.Error()) {
			all = append(all, e.Error())
		}
	}
	return all
}

func flatten(err error) []error {
	var several interface{ Unwrap() []error }
	if err == nil {
		return nil
	}
	if !errors.As(err, &several) {
		return []error{err}
	}
	var all []error
	for _, e := range several.Unwrap() {
		all = append(all, flatten(e)...)
	}
	return all
}

// Problem is a fault of a file of policies, with its place.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Policy  string `json:"policy,omitempty"`
	Message string `json:"message"`
}

func (p Problem) String() string {
	at := fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Column)
	if p.Policy != "" {
		at += p.Policy + ": "
	}
	return at + p.Message
}

// Error is the problem as an error.
func (p Problem) Error() string { return p.String() }

var parsedAt = regexp.MustCompile(`(?s)^(?:parser error: )?(?:parse error at )?(?:<input>|[^ :]*):(\d+):(\d+):? ?(.*)$`)

// unread is the problem of a text that cannot be read.
func unread(file string, err error) Problem {
	p := Problem{File: file, Line: 1, Column: 1, Message: strings.TrimPrefix(err.Error(), "parser error: ")}
	if m := parsedAt.FindStringSubmatch(err.Error()); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		p.Column, _ = strconv.Atoi(m[2])
		p.Line, p.Column, p.Message = max(p.Line, 1), max(p.Column, 1), m[3]
	}
	return p
}
