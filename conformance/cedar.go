package conformance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"bulwark/decide/access/policy"
	"bulwark/decide/access/policy/policytest"
)

// How much is asked.
const (
	cedarHospitals = 150 // small hospitals, each with policies of its own
	cedarQuestions = 40  // about each
	cedarStrict    = 80  // sets of policies of which it is asked whether the schema allows them
)

// cedarEngine is the official engine, which runs beside us.
type cedarEngine struct {
	in  *bufio.Writer
	out *bufio.Scanner
	end func() error
}

func openCedar(ctx context.Context) (*cedarEngine, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, &Skip{"node is not installed"}
	}
	dir := filepath.Join("conformance", "cedar")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "@cedar-policy")); err != nil {
		return nil, &Skip{"the official engine is not there: run npm ci in conformance/cedar"}
	}
	cmd := exec.CommandContext(ctx, node, filepath.Join(dir, "oracle.mjs"))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	e := &cedarEngine{in: bufio.NewWriter(in), out: bufio.NewScanner(out)}
	e.out.Buffer(nil, 64<<20)
	e.end = func() error { in.Close(); return cmd.Wait() }
	return e, nil
}

// ask hands over a question and reads the answer.
func (e *cedarEngine) ask(question, answer any) error {
	text, err := json.Marshal(question)
	if err != nil {
		return err
	}
	if _, err := e.in.Write(append(text, '\n')); err != nil {
		return err
	}
	if err := e.in.Flush(); err != nil {
		return err
	}
	if !e.out.Scan() {
		return fmt.Errorf("the official engine says nothing: %w", e.out.Err())
	}
	return json.Unmarshal(e.out.Bytes(), answer)
}

// runCedar asks the official engine what ours was asked, of random hospitals: decisions, the policies that decided, those that could
// not be worked out; and which policies the schema allows.
func runCedar(ctx context.Context, b *Bench) (cases []Case, err error) {
	engine, err := openCedar(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if ended := engine.end(); err == nil {
			err = ended
		}
	}()
	agreed := 0
	for seed := range uint64(cedarHospitals) {
		c, n, err := engine.decide(seed)
		if err != nil {
			return nil, err
		}
		agreed += n
		cases = append(cases, c)
	}
	for seed := range uint64(cedarStrict) {
		c, err := engine.strict(seed)
		if err != nil {
			return nil, err
		}
		cases = append(cases, c)
	}
	if b.Figures != nil {
		fmt.Fprintf(b.Figures, "RESULT cedar_decisions %d/%d share\n", agreed, cedarHospitals*cedarQuestions)
	}
	return cases, nil
}

// cedarAnswer is what the official engine says.
type cedarAnswer struct {
	Allow  bool
	By     []string
	Errors []string
	Failed string
}

func (e *cedarEngine) decide(seed uint64) (c Case, agreed int, err error) {
	c = Case{Family: "decisions", Name: fmt.Sprintf("hospital %d", seed)}
	r := policytest.NewRandom(seed)
	all := policy.NewEntities()
	all.Put(r.Entities()...)
	set, bad := policy.Load([]policy.File{{Name: "random.cedar", Text: r.Policies(5 + r.IntN(60))}}, policytest.Schema())
	if len(bad) > 0 {
		return c, 0, bad[0]
	}
	ours := policy.NewEngine(set, all, nil, nil)
	var question struct {
		Policies map[string]string `json:"policies"`
		Entities json.RawMessage   `json:"entities"`
		Requests []json.RawMessage `json:"requests"`
	}
	question.Policies = map[string]string{}
	for _, p := range set.Policies {
		question.Policies[p.ID] = p.Source
	}
	if question.Entities, err = all.JSON(all.All()...); err != nil {
		return c, 0, err
	}
	var decided []*policy.Decision
	for range cedarQuestions {
		q := r.Question()
		h := ours.Handle(policy.Facts{Principal: q.Principal, Context: q.Context})
		text, err := h.JSON(q.Action, q.Resource, q.Now)
		if err != nil {
			return c, 0, err
		}
		question.Requests = append(question.Requests, text)
		decided = append(decided, h.Decide(q.Action, q.Resource, q.Now))
	}
	var answer struct{ Answers []cedarAnswer }
	if err := e.ask(question, &answer); err != nil {
		return c, 0, err
	}
	for n, d := range decided {
		if why := unlike(d, &answer.Answers[n]); why == "" {
			agreed++
		} else if c.Why == "" {
			c.Why = fmt.Sprintf("question %d: %s", n, why)
		}
	}
	return c, agreed, nil
}

// unlike says how a decision of ours is another than that of the official engine; empty: it is not.
func unlike(d *policy.Decision, a *cedarAnswer) string {
	var failed []string
	for _, x := range d.Errors {
		id, _, _ := strings.Cut(x, ":")
		failed = append(failed, id)
	}
	switch {
	case a.Failed != "":
		return a.Failed
	case d.Allow != a.Allow:
		return fmt.Sprintf("we say %v", d.Allow)
	case !slices.Equal(d.IDs(), a.By):
		return fmt.Sprintf("we say by %v, they by %v", d.IDs(), a.By)
	case !slices.Equal(failed, a.Errors):
		return fmt.Sprintf("%v fail here, %v there", failed, a.Errors)
	}
	return ""
}

// mistakes are planted into policies, the first that fits.
var mistakes = [][2]string{{"context.auth.assurance", "context.auth.asurance"}, {"context.device.managed", "context.device.managd"}, {`== "clinical"`, "== 7"},
	{"context.degraded", "context.degraded.x"}, {`Role::"`, `Rolle::"`}, {"context has window && ", ""}, {"context has breakGlass && ", ""}, {"context has place && ", ""},
	{"principal is Person && principal.", "principal."}, {"resource.patient.sensitive", "resource.patient.sensitive > 1"}, {"Action::\"open\"", "Action::\"opne\""}}

func (e *cedarEngine) strict(seed uint64) (Case, error) {
	c := Case{Family: "strict", Name: fmt.Sprintf("policies %d", seed)}
	r := policytest.NewRandom(seed)
	r.Entities()
	text := r.Policies(1 + r.IntN(6))
	if seed%2 == 1 {
		at := r.IntN(len(mistakes))
		for n := range mistakes {
			m := mistakes[(at+n)%len(mistakes)]
			if strings.Contains(text, m[0]) {
				text = strings.Replace(text, m[0], m[1], 1)
				break
			}
		}
	}
	_, bad := policy.Load([]policy.File{{Name: "random.cedar", Text: text}}, policytest.Schema())
	var answer struct {
		Valid  bool
		Errors []string
	}
	question := map[string]any{"schema": policytest.SchemaText(), "policies": statements(text)}
	if err := e.ask(question, &answer); err != nil {
		return c, err
	}
	if answer.Valid != (len(bad) == 0) {
		c.Why = fmt.Sprintf("they say %v %v, we %v", answer.Valid, answer.Errors, bad)
	}
	return c, nil
}

// statements are the policies of a text, by number.
func statements(text string) map[string]string {
	all := map[string]string{}
	for n, s := range bytes.Split([]byte(text), []byte("@id(")) {
		if n > 0 {
			all[fmt.Sprint(n)] = "@id(" + string(s)
		}
	}
	return all
}
