package logrule

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"bulwark/detect/logrule/internal/sigma"
)

// Fault is a mistake of this program that an event, or a rule, brought to light. It costs that rule its say on that event, and nothing else.
type Fault struct {
	Rule *Rule  // nil: it was no rule's
	Why  string // without a text of the event
	At   string // where in the program
}

// mostFaults is how many rules may fail on one event; beyond, nothing is said of it.
const mostFaults = 8

// faultOf makes one of what was recovered.
func faultOf(why any) Fault {
	f := Fault{Why: fmt.Sprintf("%T", why), At: string(debug.Stack())}
	if err, ok := why.(runtime.Error); ok {
		f.Why = err.Error()
	}
	return f
}

// ask is what matches, and the log sources that the event is of. A rule that fails on the event is passed over.
func (s *Set) ask(e *Event, r *run) ([]Match, []sigma.Source) {
	for range mostFaults {
		all, of, well := s.tryAsk(e, r)
		if well {
			r.engine.Skip = r.engine.Skip[:0]
			return all, of
		}
	}
	r.engine.Skip = r.engine.Skip[:0]
	return nil, nil
}

// tryAsk asks all rules but those that failed before. It is false where one fails, which is noted then.
func (s *Set) tryAsk(e *Event, r *run) (all []Match, of []sigma.Source, well bool) {
	r.engine.Rule = -1
	defer func() {
		if why := recover(); why != nil {
			f := faultOf(why)
			if n := r.engine.Rule; n >= 0 {
				f.Rule = s.rules[n].told
				r.engine.Skip = append(r.engine.Skip, n)
			}
			s.fault(f)
			r.engine.Recover()
		}
	}()
	all, of = s.askAll(e, r)
	return all, of, true
}

func (s *Set) fault(f Fault) {
	if s.Faulty != nil {
		s.Faulty(f)
	}
}
