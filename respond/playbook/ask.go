package playbook

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"bulwark/content/playbooks"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

// View is a playbook as people see it.
type View struct {
	ID       string              `json:"id"`
	File     string              `json:"file"`
	Shipped  bool                `json:"shipped"`
	On       bool                `json:"on"`
	By       string              `json:"by,omitempty"` // who switched it last, with the reason
	Reason   string              `json:"reason,omitempty"`
	At       time.Time           `json:"at,omitzero"`
	Error    string              `json:"error,omitempty"` // why it cannot be used, with the line
	Stale    string              `json:"stale,omitempty"` // why its file cannot be read, with the line: the last text that could goes on
	Missing  []string            `json:"missing"`         // acts that no enforcement point here does
	Playbook *playbooks.Playbook `json:"playbook,omitempty"`
	Text     string              `json:"text"` // of the file
	Runs     int                 `json:"runs"`
	Last     time.Time           `json:"last,omitzero"` // when it ran last
	Version  string              `json:"version,omitempty"`
	Mode     Mode                `json:"mode,omitempty"`
	Promoted *Promotion          `json:"promoted,omitempty"` // the last word on its mode; nil: there is none
	Fallen   bool                `json:"fallen,omitempty"`   // it was active, and its text changed since
	Tests    []*BackTest         `json:"tests,omitempty"`    // the newest first
}

// List is all playbooks, those that cannot be used too.
func (n *Playbooks) List(ctx context.Context) ([]View, error) {
	off, err := n.switchedOff(ctx)
	if err != nil {
		return nil, err
	}
	shelf := n.shelf.Load()
	files := shelf.files
	all := make([]View, 0, len(files))
	for k := range files {
		f := &files[k]
		v := View{ID: f.Known(), File: f.Name, Shipped: f.Shipped, Text: f.Text, Playbook: f.Playbook, Missing: []string{}}
		if old, ok := shelf.stale[f.Name]; ok && !f.Shipped {
			v.Stale, v.Text = old.Why, old.Text
		}
		if f.Err != nil {
			v.Error = f.Err.Error()
			all = append(all, v)
			continue
		}
		v.Missing = n.missing(f.Playbook)
		s := off[f.ID]
		v.On, v.By, v.Reason, v.At = !s.Off, s.By, s.Reason, s.At
		if v.Runs, v.Last, err = n.ran(ctx, f.ID); err != nil {
			return nil, err
		}
		if err := n.viewMode(ctx, f, &v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// Unread is why one of the playbooks cannot be read, with its file and line; empty: all can.
func (n *Playbooks) Unread() string {
	shelf := n.shelf.Load()
	for k := range shelf.files {
		f := &shelf.files[k]
		if f.Err != nil {
			return f.Err.Error()
		}
		if old, ok := shelf.stale[f.Name]; ok && !f.Shipped {
			return old.Why
		}
	}
	return ""
}

// shownTests is how many back-tests a list shows of a playbook.
const shownTests = 3

// viewMode is the mode of a playbook as people see it, with what it rests on.
func (n *Playbooks) viewMode(ctx context.Context, f *playbooks.File, v *View) error {
	last, err := n.promoted(ctx, f.ID)
	if err != nil {
		return err
	}
	v.Version, v.Mode = version(f), InShadow
	if !last.At.IsZero() {
		v.Promoted = &last
	}
	if last.holds(v.Version) {
		v.Mode = Active
	}
	v.Fallen = last.Active && v.Mode != Active
	tests, err := n.tests(ctx, f.ID)
	v.Tests = tests[:min(len(tests), shownTests)]
	return err
}

// missing are the acts of a playbook that nothing here does.
func (n *Playbooks) missing(p *playbooks.Playbook) []string {
	all := []string{}
	can := n.needs.Acts.Can()
	for _, s := range p.Steps {
		if s.Do == "contain" && !slices.Contains(can, s.Act) && !slices.Contains(all, s.Act) {
			all = append(all, s.Act)
		}
	}
	return all
}

// longReason is how long a reason may be, in bytes.
const longReason = 1000

func checkReason(reason string) error {
	if reason = strings.TrimSpace(reason); reason == "" || len(reason) > longReason {
		return refuse("a reason has between 1 and %d bytes", longReason)
	}
	return nil
}

// Switch switches a playbook on or off. What runs goes on.
func (n *Playbooks) Switch(ctx context.Context, actor, id string, on bool, why string) error {
	if _, err := n.file(id); err != nil {
		return err
	}
	if err := checkReason(why); err != nil {
		return err
	}
	doc, err := json.Marshal(switched{Off: !on, By: actor, Reason: why, At: n.needs.Clock.Now()})
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := db.Put(ctx, tx, []switchRow{{ID: id, Doc: doc}}, "id", "doc"); err != nil {
			return err
		}
		act := map[bool]string{true: "playbook.on", false: "playbook.off"}[on]
		return n.record(ctx, tx, ledger.Entry{Actor: actor, Act: act, Object: "playbook:" + id, Detail: map[string]string{"reason": why}})
	})
}

// Begin runs a playbook for an incident because a person says so.
func (n *Playbooks) Begin(ctx context.Context, actor, id, incident string) (*Run, error) {
	p, err := n.file(id)
	if err != nil {
		return nil, err
	}
	i, err := n.needs.Incidents.Incident(ctx, incident)
	if err != nil {
		return nil, err
	}
	if i.Status == "closed" {
		return nil, refuse("incident %s is closed", incident)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.start(ctx, p, &i, actor); err != nil {
		return nil, err
	}
	runs, err := n.runs(ctx, n.needs.DB.Read(), query{incident: incident, playbook: id})
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	if runs[0].State != Running {
		return nil, refuse("it ran for incident %s before, and is %s", incident, runs[0].State)
	}
	return runs[0], n.goOn(ctx, runs[0], &i)
}

// Cancel ends a run and takes back what it did.
func (n *Playbooks) Cancel(ctx context.Context, actor string, id int64, why string) (*Run, error) {
	if err := checkReason(why); err != nil {
		return nil, err
	}
	return n.change(ctx, actor, id, "playbook.cancel", why, func(r *Run) error {
		if r.State != Running {
			return refuse("the run is %s", r.State)
		}
		r.State, r.Reason = Lifting, why
		return nil
	})
}

// Task notes that a person did what a step asks for, or takes that back.
func (n *Playbooks) Task(ctx context.Context, actor string, id int64, step string, done bool, note string) (*Run, error) {
	if len(note) > longReason {
		return nil, refuse("a note has at most %d bytes", longReason)
	}
	return n.change(ctx, actor, id, "playbook.task", note, func(r *Run) error {
		at := slices.IndexFunc(r.Playbook.Steps, func(s playbooks.Step) bool { return s.ID == step && s.Do == "task" })
		if at < 0 {
			return refuse("the run has no task %q", step)
		}
		r.Steps[at].Done, r.Steps[at].By, r.Steps[at].Note = time.Time{}, actor, note
		if done {
			r.Steps[at].Done = n.needs.Clock.Now()
		}
		return nil
	})
}

// change changes a run with its entry in the ledger, and goes on with it.
func (n *Playbooks) change(ctx context.Context, actor string, id int64, act, why string, do func(*Run) error) (*Run, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	r, err := n.run(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := do(r); err != nil {
		return nil, err
	}
	err = n.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := put(ctx, tx, r); err != nil {
			return err
		}
		return n.record(ctx, tx, ledger.Entry{Actor: actor, Act: act, Object: "incident:" + r.Incident, Detail: map[string]string{"playbook": r.Playbook.ID, "reason": why}})
	})
	if err != nil || r.State != Lifting {
		return r, err
	}
	i := Incident{UID: r.Incident}
	return r, n.goOn(ctx, r, &i)
}
