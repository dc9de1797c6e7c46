package playbook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"bulwark/content/playbooks"
	"bulwark/platform/conf"
)

// CACAO is a playbook as others read it: CACAO Security Playbooks 2.0 (OASIS), its parts that are used here.
type CACAO struct {
	Type        string               `json:"type"`
	SpecVersion string               `json:"spec_version"`
	ID          string               `json:"id"`
	Name        string               `json:"name"`
	Description string               `json:"description,omitempty"`
	Types       []string             `json:"playbook_types,omitempty"`
	CreatedBy   string               `json:"created_by"`
	Created     time.Time            `json:"created"`
	Modified    time.Time            `json:"modified"`
	Start       string               `json:"workflow_start"`
	Workflow    map[string]CACAOStep `json:"workflow"`
	Agents      map[string]CACAONode `json:"agent_definitions,omitempty"`
	Definitions map[string]CACAONode `json:"extension_definitions,omitempty"`
	Extensions  map[string]CACAOOurs `json:"playbook_extensions,omitempty"`
	Revoked     bool                 `json:"revoked,omitempty"`
	Variables   json.RawMessage      `json:"playbook_variables,omitempty"`
}

// CACAOStep is a step of a workflow.
type CACAOStep struct {
	Type         string               `json:"type"`
	Name         string               `json:"name,omitempty"`
	Description  string               `json:"description,omitempty"`
	OnCompletion string               `json:"on_completion,omitempty"`
	OnSuccess    string               `json:"on_success,omitempty"`
	OnFailure    string               `json:"on_failure,omitempty"`
	Commands     []CACAOCommand       `json:"commands,omitempty"`
	Agent        string               `json:"agent,omitempty"`
	Extensions   map[string]CACAOOurs `json:"step_extensions,omitempty"`
}

// CACAOCommand is what an action does.
type CACAOCommand struct {
	Type    string `json:"type"`
	Command string `json:"command,omitempty"`
}

// CACAONode is an agent, or the definition of an extension.
type CACAONode struct {
	Type      string `json:"type"`
	Name      string `json:"name"`
	CreatedBy string `json:"created_by,omitempty"`
	Schema    string `json:"schema,omitempty"`
	Version   string `json:"version,omitempty"`
}

// CACAOOurs is what others do not know: the whole playbook, or the step, as it stands in a file of ours.
type CACAOOurs struct {
	Playbook *playbooks.Playbook `json:"bulwark_playbook,omitempty"`
	Step     *playbooks.Step     `json:"bulwark_step,omitempty"`
}

// extension is the identifier of what is ours in CACAO.
const extension = "extension-definition--7d1f4a52-5c1e-5b7e-9a3c-6d1b0f1f2e90"

// named is an identifier that is the same each time.
func named(kind, of string) string {
	return kind + "--" + uuid.NewSHA1(uuid.NameSpaceURL, []byte("bulwark:"+kind+":"+of)).String()
}

// written is when the form of exports was last changed: exports of one playbook are the same each time.
func written() time.Time { return time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC) }

// Export writes a playbook in CACAO 2.0. Each step is a manual action, which any program or person can follow, and holds beside it
// what it is here.
func Export(p *playbooks.Playbook) *CACAO {
	agent, by, begin, end := named("organization", "hospital"), named("identity", "bulwark"), named("start", p.ID), named("end", p.ID)
	c := &CACAO{Type: "playbook", SpecVersion: "cacao-2.0", ID: named("playbook", p.ID), Name: p.Title.EN, Description: p.About.EN, Types: []string{"mitigation"},
		CreatedBy: by, Created: written(), Modified: written(), Start: begin, Workflow: map[string]CACAOStep{end: {Type: "end"}},
		Agents:      map[string]CACAONode{agent: {Type: "organization", Name: "The hospital's own team"}},
		Definitions: map[string]CACAONode{extension: {Type: "extension-definition", Name: "Bulwark", CreatedBy: by, Schema: "docs/formats/playbook.md", Version: "1"}},
		Extensions:  map[string]CACAOOurs{extension: {Playbook: p}}}
	next := end
	for k := len(p.Steps) - 1; k >= 0; k-- {
		s := &p.Steps[k]
		id := named("action", p.ID+"/"+s.ID)
		c.Workflow[id] = CACAOStep{Type: "action", Name: s.Title.EN, OnCompletion: next, Agent: agent, Commands: []CACAOCommand{{"manual", inWords(s)}},
			Extensions: map[string]CACAOOurs{extension: {Step: s}}}
		next = id
	}
	c.Workflow[begin] = CACAOStep{Type: "start", OnCompletion: next}
	return c
}

// inWords is a step as a person could do it.
func inWords(s *playbooks.Step) string {
	if s.Do != "contain" {
		return s.Title.EN
	}
	return fmt.Sprintf("%s: %s, for %d minutes, %s of the incident, at most %d; as far as the clinical interlock allows.", s.Title.EN, s.Act, s.Minutes, s.Of, s.Targets())
}

// ReadAny reads a playbook of ours, or one of CACAO 2.0.
func ReadAny(text []byte, name string) (*playbooks.Playbook, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) || !bytes.Contains(text, []byte(`"spec_version"`)) {
		return playbooks.Read(text, name)
	}
	return Import(text)
}

// errCACAO means that a playbook of CACAO cannot be run here.
var errCACAO = errors.New("playbook: this playbook cannot be run here")

func cannot(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errCACAO, fmt.Sprintf(format, args...))
}

// Import reads CACAO 2.0. What cannot be run here is refused by the name of its step: nothing is left out in silence. Manual actions
// become tasks of people.
func Import(text []byte) (*playbooks.Playbook, error) {
	var c CACAO
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&c); err != nil {
		return nil, cannot("it is no CACAO: %v", err)
	}
	if c.Type != "playbook" || c.SpecVersion != "cacao-2.0" {
		return nil, cannot("it is %q of version %q, and not a playbook of cacao-2.0", c.Type, c.SpecVersion)
	}
	if c.Revoked {
		return nil, cannot("its author revoked it")
	}
	p := &playbooks.Playbook{Form: playbooks.Version, ID: wordOf(c.Name), Title: both(c.Name), About: both(c.Description), Source: c.ID, License: "as its author says",
		When: playbooks.When{Severity: "critical"}}
	if ours := c.Extensions[extension].Playbook; ours != nil {
		own := *ours
		own.Steps, p = nil, &own
	}
	if len(bytes.TrimSpace(c.Variables)) > 2 {
		return nil, cannot("it has variables")
	}
	steps, err := c.steps()
	if err != nil {
		return nil, err
	}
	p.Steps = steps
	return sound(p)
}

// sound is a playbook that was checked as one from a file is.
func sound(p *playbooks.Playbook) (*playbooks.Playbook, error) {
	again, err := playbooks.Read(playbooks.Write(p), "playbook")
	var problem *conf.Problem
	if errors.As(err, &problem) {
		return nil, cannot("%s: %v", problem.Path, problem.Err)
	}
	return again, err
}

// steps are those of the workflow, in the order in which each leads to the next.
func (c *CACAO) steps() (all []playbooks.Step, err error) {
	seen := map[string]bool{}
	for id := c.Start; ; {
		s, ok := c.Workflow[id]
		if !ok {
			return nil, cannot("there is no step %q", id)
		}
		if seen[id] {
			return nil, cannot("step %q leads back to itself", id)
		}
		seen[id] = true
		next := s.OnCompletion
		if next == "" {
			next = s.OnSuccess
		}
		switch {
		case s.OnFailure != "" || s.OnSuccess != "" && s.OnCompletion != "":
			return nil, cannot("step %q (%s) goes different ways", id, s.Name)
		case s.Type == "end" || s.Type == "action" && next == "":
		case s.Type != "start" && s.Type != "action":
			return nil, cannot("step %q (%s) is of type %q", id, s.Name, s.Type)
		}
		if s.Type == "action" {
			step, err := s.step(id, len(all))
			if err != nil {
				return nil, err
			}
			all = append(all, step)
		}
		if s.Type == "end" || next == "" {
			if left := len(c.Workflow) - len(seen); left > 0 && s.Type == "end" {
				return nil, cannot("%d steps are never come to", left)
			}
			return all, nil
		}
		id = next
	}
}

// step is an action: ours as it was, or else a task.
func (s *CACAOStep) step(id string, k int) (playbooks.Step, error) {
	if ours := s.Extensions[extension].Step; ours != nil {
		return *ours, nil
	}
	var lines []string
	for _, c := range s.Commands {
		if c.Type != "manual" {
			return playbooks.Step{}, cannot("step %q (%s) has a command of type %q", id, s.Name, c.Type)
		}
		lines = append(lines, c.Command)
	}
	text := strings.TrimSpace(s.Name + "\n" + s.Description + "\n" + strings.Join(lines, "\n"))
	if text == "" {
		return playbooks.Step{}, cannot("step %q says nothing", id)
	}
	return playbooks.Step{ID: fmt.Sprintf("step-%d", k+1), Do: "task", Title: both(text)}, nil
}

func both(text string) playbooks.Text { return playbooks.Text{EN: text, FR: text} }

// wordOf makes a word of a name.
func wordOf(name string) string {
	w := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
	w = strings.Trim(w, "-")
	for strings.Contains(w, "--") {
		w = strings.ReplaceAll(w, "--", "-")
	}
	return w[:min(len(w), 60)]
}
