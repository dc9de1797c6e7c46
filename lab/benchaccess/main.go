// Command benchaccess measures what a decision about access costs: by the index, as remembered, and by the library as it is shipped,
// which walks every policy, in the same hospital with the same questions. Runs are interleaved and counted in CPU time of this process, with
// what the collector takes. Open Policy Agent, which is a program of its own (lab/benchopa), is asked the same questions between them where it is named.
// Its last lines are RESULT lines.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	cedar "github.com/cedar-policy/cedar-go"

	"bulwark/decide/access/policy"
	"bulwark/decide/access/policy/policytest"
)

func main() {
	rounds := flag.Int("rounds", 5, "how often each is run; the median counts")
	questions := flag.Int("questions", 4000, "how many questions")
	opa := flag.String("opa", "", "the `program` built of lab/benchopa")
	flag.Parse()
	if err := run(os.Stdout, *rounds, *questions, *opa); err != nil {
		fmt.Fprintln(os.Stderr, "benchaccess:", err)
		os.Exit(1)
	}
}

// side is a hospital with so many policies.
type side struct {
	text      string
	questions []asked
	set       *cedar.PolicySet
	entities  cedar.EntityMap
}

// asked is a question as both take it.
type asked struct {
	policytest.Question
	handle  *policy.Handle
	request cedar.Request
}

func newSide(policies, questions int) (*side, error) {
	h := policytest.NewHospital(1)
	all := policy.NewEntities()
	all.Put(h.Entities()...)
	text := h.Policies(policies)
	set, bad := policy.Load([]policy.File{{Name: "hospital.cedar", Text: text}}, policytest.Schema())
	if len(bad) > 0 {
		return nil, bad[0]
	}
	e := policy.NewEngine(set, all, nil, nil)
	s := &side{text: text, entities: cedar.EntityMap{}}
	doc, err := all.JSON(all.All()...)
	if err != nil {
		return nil, err
	}
	if err := s.entities.UnmarshalJSON(doc); err != nil {
		return nil, err
	}
	if s.set, err = cedar.NewPolicySetFromBytes("hospital.cedar", []byte(text)); err != nil {
		return nil, err
	}
	for range questions {
		q := h.Question()
		a := asked{Question: q, handle: e.Handle(policy.Facts{Principal: q.Principal, Context: q.Context})}
		doc, err := a.handle.JSON(q.Action, q.Resource, q.Now)
		if err != nil {
			return nil, err
		}
		if a.request, err = request(doc); err != nil {
			return nil, err
		}
		s.questions = append(s.questions, a)
	}
	return s, nil
}

// differ counts questions to which both give another answer.
func (s *side) differ() (n int) {
	for i := range s.questions {
		q := &s.questions[i]
		want, _ := cedar.Authorize(s.set, s.entities, q.request)
		if d := q.handle.Ask(q.Action, q.Resource, q.Now, nil); d.Allow != bool(want) {
			n++
		}
	}
	return n
}

func (s *side) indexed() {
	for i := range s.questions {
		q := &s.questions[i]
		q.handle.Ask(q.Action, q.Resource, q.Now, nil)
	}
}

func (s *side) remembered() {
	for range 50 {
		for i := range s.questions {
			q := &s.questions[i]
			q.handle.Decide(q.Action, q.Resource, q.Now)
		}
	}
}

// walked asks every tenth question: it takes long.
func (s *side) walked() {
	for i := 0; i < len(s.questions); i += 10 {
		cedar.Authorize(s.set, s.entities, s.questions[i].request)
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func run(out io.Writer, rounds, questions int, opa string) (err error) {
	small, err := newSide(200, questions)
	if err != nil {
		return err
	}
	large, err := newSide(10_000, questions)
	if err != nil {
		return err
	}
	if n := small.differ(); n > 0 {
		return fmt.Errorf("%d of %d answers differ", n, questions)
	}
	small.remembered()
	peers, err := startPeers(opa, small, large)
	if err != nil {
		return err
	}
	runs := []struct {
		do    func()
		times int // questions in one run
		took  []float64
	}{{do: small.indexed, times: questions}, {do: small.walked, times: questions / 10}, {do: large.indexed, times: questions}, {do: small.remembered, times: 50 * questions}}
	for range rounds {
		for n := range runs {
			r := &runs[n]
			before := cpu()
			r.do()
			r.took = append(r.took, float64(cpu()-before)/float64(r.times)/1000)
		}
		for _, p := range peers {
			if err := p.run(questions / 4); err != nil {
				return err
			}
		}
	}
	median := func(n int) float64 { slices.Sort(runs[n].took); return runs[n].took[len(runs[n].took)/2] }
	fmt.Fprintf(out, "%d questions, %d entities, medians of %d rounds, CPU time\n", questions, len(small.entities), rounds)
	fmt.Fprintf(out, "RESULT access_decision_us_200 %.2f us\n", median(0))
	fmt.Fprintf(out, "RESULT access_decision_us_10000 %.2f us\n", median(2))
	fmt.Fprintf(out, "RESULT access_vs_cedar_go %.1f ratio\n", median(1)/median(0))
	fmt.Fprintf(out, "RESULT access_growth_10000_over_200 %.2f ratio\n", median(2)/median(0))
	fmt.Fprintf(out, "RESULT access_cached_us %.3f us\n", median(3))
	return tellPeers(out, peers, median(0), median(2))
}
