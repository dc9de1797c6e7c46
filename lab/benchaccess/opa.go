package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	cedar "github.com/cedar-policy/cedar-go"
)

// The same hospital for Open Policy Agent, in two forms: as one would write Rego (few rules, the grants are data that is looked up by action and resource;
// it answers yes or no and does not say which grant it was), and with a rule for each policy.

// common are the seven statements that every hospital has, and what both forms share.
const regoCommon = `package hospital

default allow := false

allow if {
	permit
	not forbid
}

person := data.people[input.principal]

record := data.records[input.resource]

clinician if person.roles.clinician

within(minutes) if input.now - input.auth.proved <= minutes * 60000

enough(level) if input.auth.assurance >= level

enough(_) if input.network.zone == "clinical"

care if {
	some unit, _ in person.duty
	record.units[unit]
}

care if person.teams[record.patient]

permit if {
	input.action in {"readRecord", "writeRecord"}
	clinician
	input.auth.assurance >= 2
	care
}

permit if {
	input.action == "readRecord"
	clinician
	input.now - input.breakGlass.at <= 3600000
	input.network.zone != "internet"
}

permit if {
	input.action == "tunnel"
	person.roles["vendor-technician"]
	data.apps[input.resource]["AppGroup maintenance"]
	person.vendors[input.window.vendor]
	input.now >= input.window.from
	input.now < input.window.until
	input.auth.resistant
}

permit if {
	input.action == "tunnel"
	input.resource == "pacs"
	data.machines[input.principal].modality
	input.device.bound
	input.network.zone == "biomedical"
}

forbid if {
	person
	input.action in {"writeRecord", "exportRecord", "administer", "tunnel"}
	not sound
}

sound if {
	input.device.managed
	input.device.compliant
}

forbid if {
	person
	input.network.zone == "internet"
	not strong
}

strong if {
	input.auth.resistant
	within(720)
}

forbid if {
	data.machines[input.principal]
	not bound
}

bound if {
	input.action == "tunnel"
	input.device.bound
}
`

// regoLookups are the grants as data.
const regoLookups = `
permit if {
	some at, _ in data.apps[input.resource]
	some role, _ in person.roles
	some level in data.grants[input.action][at][role]
	enough(level)
}

forbid if {
	person
	some at, _ in data.apps[input.resource]
	some rule in data.fresh[input.action][at]
	not within(rule.minutes)
	not person.roles[rule.but]
}
`

var statement = regexp.MustCompile(`^@id\("((?:grant|fresh)-\d+)"\) @why\("x"\) (permit|forbid) \(principal (?:in Role::"([^"]+)"|is Person), action (.+), resource (?:==|in) (App|AppGroup)::"([^"]+)"\) when \{ (.+?) \}(?: unless \{ principal in Role::"([^"]+)" \})?;$`)

var (
	quoted = regexp.MustCompile(`Action::"(\w+)"`)
	digits = regexp.MustCompile(`\d+`)
)

// regoOf translates policies: data and lookups, or a rule each.
func regoOf(policies string, ruleEach bool, data map[string]any) (string, error) {
	grants, fresh := map[string]map[string]map[string][]int{}, map[string]map[string][]any{}
	b := strings.Builder{}
	b.WriteString(regoCommon)
	n := 0
	for line := range strings.Lines(policies) {
		if !strings.HasPrefix(line, `@id("grant-`) && !strings.HasPrefix(line, `@id("fresh-`) {
			continue
		}
		m := statement.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			return "", fmt.Errorf("no Rego for %q", line)
		}
		n++
		at := m[5] + " " + m[6]
		number, err := strconv.Atoi(digits.FindString(strings.TrimPrefix(m[7], "context.")))
		if err != nil {
			return "", err
		}
		var actions []string
		for _, a := range quoted.FindAllStringSubmatch(m[4], -1) {
			actions = append(actions, strconv.Quote(a[1]))
			if m[2] == "permit" {
				add(grants, a[1], at)[m[3]] = append(grants[a[1]][at][m[3]], number)
			} else {
				if fresh[a[1]] == nil {
					fresh[a[1]] = map[string][]any{}
				}
				fresh[a[1]][at] = append(fresh[a[1]][at], map[string]any{"minutes": number * 60, "but": m[8]})
			}
		}
		if !ruleEach {
			continue
		}
		is := "input.action in {" + strings.Join(actions, ", ") + "}"
		if len(actions) == 1 {
			is = "input.action == " + actions[0]
		}
		on := fmt.Sprintf("data.apps[input.resource][%q]", at)
		if m[5] == "App" {
			on = fmt.Sprintf("input.resource == %q\n\tinput.action in {\"open\", \"administer\", \"tunnel\"}", m[6])
		}
		if m[2] == "permit" {
			fmt.Fprintf(&b, "\npermit if {\n\t%s\n\t%s\n\tperson.roles[%q]\n\tenough(%d)\n}\n", is, on, m[3], number)
		} else {
			fmt.Fprintf(&b, "\nforbid if {\n\t%s\n\t%s\n\tperson\n\tnot within(%d)\n\tnot person.roles[%q]\n}\n", is, on, number*60, m[8])
		}
	}
	if n == 0 {
		return "", fmt.Errorf("there are no policies")
	}
	if !ruleEach {
		b.WriteString(regoLookups)
		data["grants"], data["fresh"] = grants, fresh
	}
	return strings.Replace(b.String(), "package hospital\n", "package hospital\n\nimport rego.v1\n", 1), nil
}

func add(grants map[string]map[string]map[string][]int, action, at string) map[string][]int {
	if grants[action] == nil {
		grants[action] = map[string]map[string][]int{}
	}
	if grants[action][at] == nil {
		grants[action][at] = map[string][]int{}
	}
	return grants[action][at]
}

// dataOf are the entities as Rego looks them up: sets are objects.
func (s *side) dataOf() map[string]any {
	people, apps, records, machines := map[string]any{}, map[string]any{}, map[string]any{}, map[string]any{}
	set := func(v cedar.Value) map[string]bool {
		all := map[string]bool{}
		if v, ok := v.(cedar.Set); ok {
			for u := range v.All() {
				all[string(u.(cedar.EntityUID).ID)] = true
			}
		}
		return all
	}
	attr := func(e cedar.Entity, name string) cedar.Value {
		v, _ := e.Attributes.Get(cedar.String(name))
		return v
	}
	for uid, e := range s.entities {
		in := map[string]map[string]bool{}
		for p := range e.Parents.All() {
			kind := string(p.Type)
			if in[kind] == nil {
				in[kind] = map[string]bool{}
			}
			in[kind][string(p.ID)] = true
		}
		switch uid.Type {
		case "Person":
			people["Person "+string(uid.ID)] = map[string]any{"roles": in["Role"], "vendors": in["Vendor"], "duty": set(attr(e, "onDuty")), "teams": set(attr(e, "careTeams"))}
		case "App":
			at := map[string]bool{"App " + string(uid.ID): true}
			for g := range in["AppGroup"] {
				at["AppGroup "+g] = true
			}
			apps[string(uid.ID)] = at
		case "Record":
			patient := attr(e, "patient").(cedar.EntityUID)
			records[string(uid.ID)] = map[string]any{"patient": string(patient.ID), "units": set(attr(s.entities[patient], "units"))}
		case "Machine":
			machines["Machine "+string(uid.ID)] = in["MachineClass"]
		}
	}
	return map[string]any{"people": people, "apps": apps, "records": records, "machines": machines}
}

// inputOf is a question as Rego has it: times in milliseconds.
func inputOf(a *asked) map[string]any {
	flat := func(name string) map[string]any {
		all := map[string]any{}
		if v, ok := a.request.Context.Get(cedar.String(name)); ok {
			for k, x := range v.(cedar.Record).All() {
				switch x := x.(type) {
				case cedar.Boolean:
					all[string(k)] = bool(x)
				case cedar.Long:
					all[string(k)] = int64(x)
				case cedar.String:
					all[string(k)] = string(x)
				case cedar.Datetime:
					all[string(k)] = x.Milliseconds()
				}
			}
		}
		return all
	}
	in := map[string]any{"principal": string(a.request.Principal.Type) + " " + string(a.request.Principal.ID), "action": string(a.request.Action.ID), "resource": string(a.request.Resource.ID),
		"device": flat("device"), "auth": flat("auth"), "network": flat("network"), "now": a.Now.UnixMilli()}
	if g := flat("breakGlass"); len(g) > 0 {
		in["breakGlass"] = g
	}
	return in
}

// peer is a running benchopa with a hospital.
type peer struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	took []float64
}

// startOPA starts program with the hospital of a side.
func (s *side) startOPA(program, name string, ruleEach bool) (*peer, error) {
	data := s.dataOf()
	text, err := regoOf(s.text, ruleEach, data)
	if err != nil {
		return nil, err
	}
	questions := make([]map[string]any, len(s.questions))
	for n := range s.questions {
		questions[n] = inputOf(&s.questions[n])
	}
	doc, err := json.Marshal(map[string]any{"rego": text, "data": data, "questions": questions})
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "benchopa")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "hospital.json")
	if err := os.WriteFile(file, doc, 0o600); err != nil {
		return nil, err
	}
	p := &peer{name: name, cmd: exec.Command(program, file)}
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	began := time.Now()
	if ready, err := p.out.ReadString('\n'); err != nil || ready != "ready\n" {
		return nil, fmt.Errorf("%s does not start: %q, %w", name, ready, err)
	}
	fmt.Fprintf(os.Stderr, "%s is ready after %v\n", name, time.Since(began).Round(time.Millisecond))
	return p, s.agrees(p)
}

func (p *peer) ask(line string) (string, error) {
	if _, err := fmt.Fprintln(p.in, line); err != nil {
		return "", err
	}
	answer, err := p.out.ReadString('\n')
	return strings.TrimSpace(answer), err
}

// agrees refuses a peer that gives another answer to a question.
func (s *side) agrees(p *peer) error {
	got, err := p.ask("check")
	if err != nil || len(got) != len(s.questions) {
		return fmt.Errorf("%s: %d answers, %w", p.name, len(got), err)
	}
	differ, yes := 0, 0
	for n := range s.questions {
		q := &s.questions[n]
		d := q.handle.Ask(q.Action, q.Resource, q.Now, nil)
		if d.Allow {
			yes++
		}
		if d.Allow != (got[n] == '1') {
			differ++
		}
	}
	if differ > 0 || yes == 0 {
		return fmt.Errorf("%s answers %d of %d questions otherwise (%d are allowed)", p.name, differ, len(got), yes)
	}
	return nil
}

// run asks some questions, and notes what each took.
func (p *peer) run(times int) error {
	text, err := p.ask(fmt.Sprint("run ", times))
	if err != nil {
		return err
	}
	ns, err := strconv.ParseFloat(text, 64)
	p.took = append(p.took, ns/float64(times)/1000)
	return err
}

func (p *peer) end() error {
	p.in.Close()
	return p.cmd.Wait()
}

// startPeers starts OPA in both forms with both hospitals; none where no program is named.
func startPeers(program string, small, large *side) (all []*peer, err error) {
	if program == "" {
		return nil, nil
	}
	for _, x := range []struct {
		s        *side
		name     string
		ruleEach bool
	}{{small, "200 lookups", false}, {small, "200 rules", true}, {large, "10000 lookups", false}, {large, "10000 rules", true}} {
		p, err := x.s.startOPA(program, x.name, x.ruleEach)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// tellPeers tells what they took, and the ratio of the quicker form at 200 policies to ours.
func tellPeers(out io.Writer, all []*peer, small, large float64) error {
	took := map[string]float64{}
	for _, p := range all {
		slices.Sort(p.took)
		took[p.name] = p.took[len(p.took)/2]
		fmt.Fprintf(out, "Open Policy Agent, %s: %.1f us\n", p.name, took[p.name])
		if err := p.end(); err != nil {
			return err
		}
	}
	if len(all) > 0 {
		fmt.Fprintf(out, "RESULT access_vs_opa %.1f ratio\n", min(took["200 lookups"], took["200 rules"])/small)
		fmt.Fprintf(out, "RESULT access_vs_opa_10000 %.1f ratio\n", min(took["10000 lookups"], took["10000 rules"])/large)
	}
	return nil
}
