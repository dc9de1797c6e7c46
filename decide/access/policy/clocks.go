package policy

import (
	"math"
	"time"

	cedar "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/eval"
)

// A decision that read the time holds until the time makes a difference: the end of a window, 60 minutes after the glass was broken, 12
// hours after the sign-in. Policies read the time in few ways, each a comparison with a moment that does not depend on it. Those moments
// are found when a policy is read, worked out when it is asked, and the next of them is when the decision ends. A policy that reads the
// time in another way makes decisions that are never remembered.

// clocks are the ways in which a policy reads the time.
type clocks struct {
	never   bool     // it does so in a way that is not understood
	minute  bool     // it reads the clock of the hospital
	moments []moment // at which a comparison changes
}

func (c *clocks) any() bool { return c.never || c.minute || len(c.moments) > 0 }

// moment is a time plus a duration (times sign), both without the time in them.
type moment struct {
	at, by ast.IsNode // by nil: at itself
	sign   int64
}

// clocksOf finds where a policy reads the time.
func clocksOf(p *ast.Policy) (c clocks) {
	for _, cond := range p.Conditions {
		c.look(cond.Body)
	}
	return c
}

func (c *clocks) look(n ast.IsNode) {
	ast.Inspect(ast.NewNode(n), func(n ast.IsNode) bool {
		if c.compared(n) {
			return false
		}
		switch t := n.(type) {
		case ast.NodeTypeVariable:
			c.never = c.never || t.Name == "context" // as a whole: the time is in it
		case ast.NodeTypeHas:
			return !isContext(t.Arg)
		case ast.NodeTypeAccess:
			if !isContext(t.Arg) {
				return true
			}
			switch t.Value {
			case "now":
				c.never = true
			case "clock":
				c.minute = true
			}
			return false
		}
		return true
	})
}

func isContext(n ast.IsNode) bool {
	v, ok := n.(ast.NodeTypeVariable)
	return ok && v.Name == "context"
}

func isNow(n ast.IsNode) bool {
	a, ok := n.(ast.NodeTypeAccess)
	return ok && a.Value == "now" && isContext(a.Arg)
}

// compared takes a comparison with the time; false: n is none.
func (c *clocks) compared(n ast.IsNode) bool {
	left, right, ok := sides(n)
	if !ok {
		return false
	}
	for range 2 {
		if m, ok := momentOf(left, right); ok {
			c.moments = append(c.moments, m)
			return true
		}
		left, right = right, left
	}
	return false
}

func sides(n ast.IsNode) (left, right ast.IsNode, ok bool) {
	var b ast.BinaryNode
	switch t := n.(type) {
	case ast.NodeTypeLessThan:
		b = t.BinaryNode
	case ast.NodeTypeLessThanOrEqual:
		b = t.BinaryNode
	case ast.NodeTypeGreaterThan:
		b = t.BinaryNode
	case ast.NodeTypeGreaterThanOrEqual:
		b = t.BinaryNode
	case ast.NodeTypeEquals:
		b = t.BinaryNode
	case ast.NodeTypeNotEquals:
		b = t.BinaryNode
	default:
		return nil, nil, false
	}
	return b.Left, b.Right, true
}

// momentOf is when left, which reads the time, passes right.
func momentOf(left, right ast.IsNode) (moment, bool) {
	if !timeless(right) {
		return moment{}, false
	}
	if isNow(left) {
		return moment{at: folded(right)}, true
	}
	call, ok := left.(ast.NodeTypeExtensionCall)
	if !ok || call.Name != "durationSince" || len(call.Args) != 2 {
		return moment{}, false
	}
	switch from, to := call.Args[0], call.Args[1]; {
	case isNow(from) && timeless(to):
		return moment{folded(to), folded(right), 1}, true
	case isNow(to) && timeless(from):
		return moment{folded(from), folded(right), -1}, true
	}
	return moment{}, false
}

// timeless reports whether n can be worked out here without the time: a literal, or an attribute of what is asked about.
func timeless(n ast.IsNode) bool {
	switch t := n.(type) {
	case ast.NodeValue:
		return true
	case ast.NodeTypeVariable:
		return t.Name != "context"
	case ast.NodeTypeExtensionCall:
		if t.Name != "datetime" && t.Name != "duration" {
			return false
		}
		_, err := eval.Eval(t, eval.Env{})
		return err == nil
	case ast.NodeTypeAccess:
		if isContext(t.Arg) {
			return t.Value != "now" && t.Value != "clock"
		}
		return timeless(t.Arg)
	}
	return false
}

// folded is n worked out where it is a literal.
func folded(n ast.IsNode) ast.IsNode {
	if _, ok := n.(ast.NodeTypeExtensionCall); !ok {
		return n
	}
	v, err := eval.Eval(n, eval.Env{})
	if err != nil {
		return n
	}
	return ast.NodeValue{Value: v}
}

// forever is the end of what does not end.
const forever = math.MaxInt64

// next is when a decision ends that asked a policy: in milliseconds, after now.
func (c *clocks) next(env *environment) int64 {
	if c.never {
		return env.now
	}
	end := int64(forever)
	if c.minute {
		end = env.now - env.now%minute + minute
	}
	for _, m := range c.moments {
		at, ok := millis(env.value(m.at))
		if !ok {
			continue // what cannot be worked out is wrong at any time
		}
		if m.by != nil {
			by, ok := millis(env.value(m.by))
			if !ok {
				continue
			}
			at += m.sign * by
		}
		// One comparison changes at the moment, another right after it.
		for _, t := range [...]int64{at, at + 1} {
			if t > env.now {
				end = min(end, t)
			}
		}
	}
	return end
}

const minute = int64(time.Minute / time.Millisecond)

func millis(v cedar.Value) (int64, bool) {
	switch v := v.(type) {
	case types.Datetime:
		return v.Milliseconds(), true
	case types.Duration:
		return v.ToMilliseconds(), true
	}
	return 0, false
}

// environment is a question as moments are worked out from it.
type environment struct {
	now      int64 // milliseconds
	entities cedar.EntityGetter
	request  *cedar.Request
}

// value is what n is worth; nil: it cannot be worked out.
func (e *environment) value(n ast.IsNode) cedar.Value {
	switch t := n.(type) {
	case ast.NodeValue:
		return t.Value
	case ast.NodeTypeVariable:
		switch t.Name {
		case "principal":
			return e.request.Principal
		case "resource":
			return e.request.Resource
		case "context":
			return e.request.Context
		}
	case ast.NodeTypeAccess:
		switch of := e.value(t.Arg).(type) {
		case cedar.Record:
			v, _ := of.Get(t.Value)
			return v
		case cedar.EntityUID:
			if x, ok := e.entities.Get(of); ok {
				v, _ := x.Attributes.Get(t.Value)
				return v
			}
		}
	}
	return nil
}
