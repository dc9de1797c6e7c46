package policy_test

import (
	"fmt"
	"testing"

	"bulwark/decide/access/policy"
	"bulwark/decide/access/policy/policytest"
)

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{200, 10_000} {
		hospital := policytest.NewHospital(1)
		all := policy.NewEntities()
		all.Put(hospital.Entities()...)
		set, bad := policy.Load([]policy.File{{Name: "x", Text: hospital.Policies(n)}}, policytest.Schema())
		if len(bad) > 0 {
			b.Fatal(bad[0])
		}
		e := policy.NewEngine(set, all, nil, nil)
		type asked struct {
			q policytest.Question
			h *policy.Handle
		}
		var questions []asked
		for range 4000 {
			q := hospital.Question()
			questions = append(questions, asked{q, e.Handle(policy.Facts{Principal: q.Principal, Context: q.Context})})
		}
		b.Run(fmt.Sprintf("anew/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				x := &questions[i%len(questions)]
				x.h.Ask(x.q.Action, x.q.Resource, x.q.Now, nil)
			}
		})
		b.Run(fmt.Sprintf("remembered/%d", n), func(b *testing.B) {
			for i := range b.N {
				x := &questions[i%len(questions)]
				x.h.Decide(x.q.Action, x.q.Resource, x.q.Now)
			}
		})
		if n == 200 {
			b.Run(fmt.Sprintf("walk/%d", n), func(b *testing.B) {
				b.ReportAllocs()
				for i := range b.N {
					x := &questions[i%len(questions)]
					x.h.Walk(x.q.Action, x.q.Resource, x.q.Now, nil)
				}
			})
		}
	}
}
