package policy

import (
	"iter"
	"slices"

	cedar "github.com/cedar-policy/cedar-go"
	public "github.com/cedar-policy/cedar-go/ast"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
)

// The library walks every policy for each question. Most speak of other actions, other resources or other people: their scope cannot
// match. The index sorts each policy by what its scope names (action, resource, principal: an entity, a type, or anything), and a
// question looks at the buckets of what its own three are, or are in. What it finds is never less than what a walk would find to
// match: decisions and reasons are the same, which tests try at random. What a bucket has settled of a scope is not worked out again.

// key is something that a scope names, as a small number.
type key uint32

// anything is the key of a scope that names nothing.
const anything key = 0

// pair is an action and a resource that scopes name.
type pair struct{ action, resource key }

type index struct {
	entities map[UID]key // that something is, or is in
	equal    map[UID]key // that it is
	types    map[types.EntityType]key
	buckets  map[pair]*bucket
	last     key
}

// bucket are the policies of one pair, by what they name of the principal.
type bucket struct{ by map[key][]*Policy }

func newIndex(all []*Policy, left settler) *index {
	x := &index{entities: map[UID]key{}, equal: map[UID]key{}, types: map[types.EntityType]key{}, buckets: map[pair]*bucket{}}
	for _, p := range all {
		p.left = left.settled(p.ast)
		resource, principal := x.scope(p.ast.Resource), x.scope(p.ast.Principal)
		for _, action := range x.actions(p.ast.Action) {
			b := x.buckets[pair{action, resource}]
			if b == nil {
				b = &bucket{map[key][]*Policy{}}
				x.buckets[pair{action, resource}] = b
			}
			b.by[principal] = append(b.by[principal], p)
		}
	}
	return x
}

// scope is the key of what a scope names. Of a type and a group the group is the rarer.
func (x *index) scope(s ast.IsScopeNode) key {
	switch s := s.(type) {
	case ast.ScopeTypeEq:
		return number(x, x.equal, s.Entity)
	case ast.ScopeTypeIn:
		return number(x, x.entities, s.Entity)
	case ast.ScopeTypeIsIn:
		return number(x, x.entities, s.Entity)
	case ast.ScopeTypeIs:
		return number(x, x.types, s.Type)
	}
	return anything
}

// settler makes what is left to work out of policies. What is the same of several is made once: many say the same of different things.
type settler map[string]*cedar.Policy

// settled is what is left of a policy that was found in its bucket: its conditions, and a scope that names a type besides a group; nil:
// nothing, it matches.
func (s settler) settled(p *ast.Policy) *cedar.Policy {
	left := *p
	left.Annotations, left.Action = nil, ast.ScopeTypeAll{}
	_, person := left.Principal.(ast.ScopeTypeIsIn)
	if !person {
		left.Principal = ast.ScopeTypeAll{}
	}
	_, resource := left.Resource.(ast.ScopeTypeIsIn)
	if !resource {
		left.Resource = ast.ScopeTypeAll{}
	}
	if !person && !resource && len(left.Conditions) == 0 {
		return nil
	}
	made := cedar.NewPolicyFromAST((*public.Policy)(&left))
	text := string(made.MarshalCedar())
	if s[text] == nil {
		s[text] = made
	}
	return s[text]
}

func (x *index) actions(s ast.IsScopeNode) []key {
	set, ok := s.(ast.ScopeTypeInSet)
	if !ok {
		return []key{x.scope(s)}
	}
	var all []key
	for _, e := range set.Entities {
		if k := number(x, x.entities, e); !slices.Contains(all, k) {
			all = append(all, k)
		}
	}
	return all
}

// number is the key of something, a new one where it has none.
func number[T comparable](x *index, in map[T]key, of T) key {
	k := in[of]
	if k == anything {
		x.last++
		k = x.last
		in[of] = k
	}
	return k
}

// keys are what scopes can name that is u, its type, or something that it is in.
func (x *index) keys(into []key, u UID, ancestors []UID) []key {
	into = append(into[:0], anything)
	if k := x.types[u.Type]; k != anything {
		into = append(into, k)
	}
	if k := x.equal[u]; k != anything {
		into = append(into, k)
	}
	if k := x.entities[u]; k != anything {
		into = append(into, k)
	}
	for _, a := range ancestors {
		if k := x.entities[a]; k != anything {
			into = append(into, k)
		}
	}
	return into
}

// candidates are the policies whose scope can match, in no order, each once. grouped says that the action is in a group of actions.
func (x *index) candidates(into []*Policy, action, resource, principal []key, grouped bool) []*Policy {
	into = into[:0]
	for _, a := range action {
		for _, r := range resource {
			b := x.buckets[pair{a, r}]
			if b == nil {
				continue
			}
			if len(b.by) <= len(principal) {
				for k, some := range b.by {
					if slices.Contains(principal, k) {
						into = append(into, some...)
					}
				}
				continue
			}
			for _, k := range principal {
				into = append(into, b.by[k]...)
			}
		}
	}
	if grouped { // a set of actions may name an action and a group that it is in
		slices.SortFunc(into, func(a, b *Policy) int { return cmpID(a, b) })
		into = slices.Compact(into)
	}
	return into
}

func cmpID(a, b *Policy) int {
	switch {
	case a.ID < b.ID:
		return -1
	case a.ID > b.ID:
		return 1
	}
	return 0
}

// toAsk is what is left to work out of a policy.
type toAsk struct {
	policy *Policy
	left   *cedar.Policy
}

// questions hands to the library what is left to work out.
type questions []toAsk

// All is what the library asks for.
func (q questions) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, p := range q {
			if !yield(cedar.PolicyID(p.policy.ID), p.left) {
				return
			}
		}
	}
}

// walk hands whole policies to the library.
type walk []*Policy

// All is what the library asks for.
func (w walk) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, p := range w {
			if !yield(cedar.PolicyID(p.ID), p.cedar) {
				return
			}
		}
	}
}

// guardWalk hands guards to the library.
type guardWalk []*guard

// All is what the library asks for.
func (w guardWalk) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, g := range w {
			if !yield(g.name, g.policy) {
				return
			}
		}
	}
}
