package policy

import (
	"slices"
	"strconv"

	cedar "github.com/cedar-policy/cedar-go"
	public "github.com/cedar-policy/cedar-go/ast"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
)

// Many policies about one thing begin with the same condition: the sign-in is older than an hour, the way in is the internet. A guard is
// such a beginning that several policies share. It is worked out once for a question, and where it is false none of them can match.

// guard is the first condition of several policies.
type guard struct {
	name   cedar.PolicyID
	policy *cedar.Policy // permits where the condition holds
	clocks clocks
	shared int
}

// leastShared is how many policies share a guard at least.
const leastShared = 4

// addGuards finds what the policies of a set share.
func addGuards(all []*Policy, x *index, left settler) {
	guards := map[string]*guard{}
	of := make([]*guard, len(all))
	for n, p := range all {
		first := firstCondition(p.ast)
		if first == nil {
			continue
		}
		made := ast.Permit().When(ast.NewNode(first))
		c := cedar.NewPolicyFromAST((*public.Policy)(made))
		text := string(c.MarshalCedar())
		g := guards[text]
		if g == nil {
			g = &guard{name: cedar.PolicyID(strconv.Itoa(n)), policy: c, clocks: clocksOf(made)}
			guards[text] = g
		}
		g.shared++
		of[n] = g
	}
	for n, p := range all {
		if of[n] != nil && of[n].shared >= leastShared {
			p.guard = of[n]
			p.clocks = clocksOf(without(p.ast))
			rest := without(p.ast)
			if p.member = x.membershipOf(rest); p.member.group == anything {
				p.rest = left.settled(rest)
			}
		}
	}
}

// firstCondition is what is asked first beside the scope: where it is false the policy does not match, whatever else it says.
func firstCondition(p *ast.Policy) ast.IsNode {
	if len(p.Conditions) == 0 || p.Conditions[0].Condition != ast.ConditionWhen {
		return nil
	}
	n := p.Conditions[0].Body
	for {
		and, ok := n.(ast.NodeTypeAnd)
		if !ok {
			return n
		}
		n = and.Left
	}
}

// without is a policy but for its first condition.
func without(p *ast.Policy) *ast.Policy {
	left := *p
	var rest ast.IsNode
	for n := p.Conditions[0].Body; ; {
		and, ok := n.(ast.NodeTypeAnd)
		if !ok {
			break
		}
		if rest == nil {
			rest = and.Right
		} else {
			rest = ast.NewNode(and.Right).And(ast.NewNode(rest)).AsIsNode()
		}
		n = and.Left
	}
	left.Conditions = nil
	if rest != nil { // before those that follow it: what it rules out may not be worked out in them
		left.Conditions = append(left.Conditions, ast.ConditionType{Condition: ast.ConditionWhen, Body: rest})
	}
	left.Conditions = append(left.Conditions, p.Conditions[1:]...)
	return &left
}

// membership is a condition that asks only whether the principal is in a group, which the index knows.
type membership struct {
	group key // anything: it is not of that form
	out   bool
}

// membershipOf is the one condition of a policy whose scope the index has settled.
func (x *index) membershipOf(p *ast.Policy) membership {
	_, person := p.Principal.(ast.ScopeTypeIsIn)
	_, resource := p.Resource.(ast.ScopeTypeIsIn)
	if person || resource || len(p.Conditions) != 1 {
		return membership{}
	}
	in, ok := p.Conditions[0].Body.(ast.NodeTypeIn)
	if !ok {
		return membership{}
	}
	who, isVariable := in.Left.(ast.NodeTypeVariable)
	group, isValue := in.Right.(ast.NodeValue)
	if !isVariable || !isValue || who.Name != "principal" {
		return membership{}
	}
	u, ok := group.Value.(UID)
	if !ok {
		return membership{}
	}
	return membership{number(x, x.entities, u), p.Conditions[0].Condition == ast.ConditionUnless}
}

// guards are those of the candidates, each once.
func (w *work) guardsOf() []*guard {
	w.guards = w.guards[:0]
next:
	for _, p := range w.candidates {
		if p.guard == nil {
			continue
		}
		for _, g := range w.guards {
			if g == p.guard {
				continue next
			}
		}
		w.guards = append(w.guards, p.guard)
	}
	return w.guards
}

// narrow settles the candidates whose guard is worked out: where it is false they do not match, where it is true the rest of them is
// left to look at, which may be nothing.
func (w *work) narrow(r cedar.Request, principal []key) {
	w.left, w.matched = w.left[:0], w.matched[:0]
	var why cedar.Diagnostic
	if len(w.guardsOf()) > 0 {
		_, why = cedar.Authorize(guardWalk(w.guards), &w.reading, r)
	}
	ask := func(p *Policy, left *cedar.Policy) {
		if left == nil {
			w.matched = append(w.matched, p)
			return
		}
		w.left = append(w.left, toAsk{p, left})
	}
	for _, p := range w.candidates {
		switch {
		case p.guard == nil:
			ask(p, p.left)
		case slices.ContainsFunc(why.Reasons, func(x cedar.DiagnosticReason) bool { return x.PolicyID == p.guard.name }):
			if p.member.group == anything {
				ask(p, p.rest)
			} else if slices.Contains(principal, p.member.group) != p.member.out {
				w.matched = append(w.matched, p)
			}
		case slices.ContainsFunc(why.Errors, func(x cedar.DiagnosticError) bool { return x.PolicyID == p.guard.name }):
			ask(p, p.left)
		}
	}
}
