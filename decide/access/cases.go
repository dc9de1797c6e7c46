package access

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"bulwark/decide/access/policy"
)

// Cases are questions with the answers that policies must give, about a small hospital of their own.
type Cases struct {
	Hospital struct {
		People map[string]struct {
			Roles     []string `yaml:"roles"`
			OnDuty    []string `yaml:"on_duty"`
			CareTeams []string `yaml:"care_teams"`
			Vendor    string   `yaml:"vendor"`
			Disabled  bool     `yaml:"disabled"`
			Risk      int      `yaml:"risk"`
		} `yaml:"people"`
		Patients map[string]struct {
			Units     []string `yaml:"units"`
			Sensitive bool     `yaml:"sensitive"`
		} `yaml:"patients"`
		Machines map[string]struct {
			Class string `yaml:"class"`
			Risk  int    `yaml:"risk"`
		} `yaml:"machines"`
		Applications map[string]struct {
			Groups    []string `yaml:"groups"`
			Assurance int      `yaml:"assurance"`
		} `yaml:"applications"`
	} `yaml:"hospital"`
	Cases []Case `yaml:"cases"`
}

// Case is one question.
type Case struct {
	Name  string   `yaml:"name"`
	Who   string   `yaml:"who"`
	Do    string   `yaml:"do"`
	On    string   `yaml:"on"`
	Each  []string `yaml:"each"`  // instead: one case for each of these
	Areas []string `yaml:"areas"` // of a door
	With  struct {
		Managed    *bool  `yaml:"managed"`
		Compliant  *bool  `yaml:"compliant"`
		Bound      bool   `yaml:"bound"`
		Shared     bool   `yaml:"shared"`
		Resistant  bool   `yaml:"resistant"`
		Degraded   bool   `yaml:"degraded"`
		Untold     bool   `yaml:"untold"` // the hospital has not said which networks are its own
		Assurance  int    `yaml:"assurance"`
		DeviceRisk int    `yaml:"device_risk"`
		Zone       string `yaml:"zone"`
		Proved     string `yaml:"proved"`
		BreakGlass string `yaml:"break_glass"`
		Window     string `yaml:"window"`
		Opens      string `yaml:"opens"` // the window, from now; it lasts two hours and opened an hour ago where nothing is said
	} `yaml:"with"`
	Want string   `yaml:"want"`
	By   []string `yaml:"by"`   // policies that must be among those that decide
	Asks []string `yaml:"asks"` // obligations that must be among those asked
}

// ParseCases reads a file of cases.
func ParseCases(text string) (*Cases, error) {
	var c Cases
	if err := yaml.UnmarshalWithOptions([]byte(text), &c, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("reading the cases: %w", err)
	}
	var all []Case
	for _, x := range c.Cases {
		if len(x.Each) == 0 {
			all = append(all, x)
		}
		for _, on := range x.Each {
			one := x
			one.Name, one.On, one.Each = x.Name+": "+on, on, nil
			all = append(all, one)
		}
	}
	c.Cases = all
	return &c, nil
}

// Outcome is what came of a case.
type Outcome struct {
	Name  string `json:"name"`
	Wrong string `json:"wrong,omitempty"` // what is not as it must be; empty: all is
}

// Try asks the cases of a set.
func (c *Cases) Try(set *policy.Set, now time.Time) []Outcome {
	all := policy.NewEntities()
	all.Put(c.entities()...)
	e := policy.NewEngine(set, all, nil, nil)
	out := make([]Outcome, 0, len(c.Cases))
	for n := range c.Cases {
		x := &c.Cases[n]
		wrong, err := c.try(e, x, now)
		if err != nil {
			wrong = err.Error()
		}
		out = append(out, Outcome{x.Name, wrong})
	}
	return out
}

func (c *Cases) entities() (all []policy.Entity) {
	for name, p := range c.Hospital.People {
		parents := uids("Role", p.Roles)
		if p.Vendor != "" {
			parents = append(parents, policy.ID("Vendor", p.Vendor))
		}
		all = append(all, policy.Entity{UID: policy.ID("Person", name), Parents: parents, Attrs: policy.Attrs{
			"onDuty": uids("Unit", p.OnDuty), "careTeams": uids("Patient", p.CareTeams), "disabled": p.Disabled, "risk": p.Risk}})
	}
	for name, p := range c.Hospital.Patients {
		patient := policy.ID("Patient", name)
		all = append(all, patientEntity(name, p.Units, p.Sensitive), policy.Entity{UID: policy.ID("Record", name), Attrs: policy.Attrs{"patient": patient}})
	}
	for name, m := range c.Hospital.Machines {
		all = append(all, policy.Entity{UID: policy.ID("Machine", name), Parents: uids("MachineClass", []string{m.Class}), Attrs: policy.Attrs{"tier": 1, "risk": m.Risk}})
	}
	for name, a := range c.Hospital.Applications {
		all = append(all, policy.Entity{UID: policy.ID("App", name), Parents: uids("AppGroup", a.Groups), Attrs: policy.Attrs{"assurance": max(a.Assurance, 1)}})
	}
	for _, x := range c.Cases {
		if x.Do == "use" {
			all = append(all, policy.Entity{UID: policy.ID("Door", x.On), Parents: uids("Area", x.Areas)})
		}
	}
	return all
}

func (c *Cases) try(e *policy.Engine, x *Case, now time.Time) (wrong string, err error) {
	who := policy.ID("Person", x.Who)
	if _, machine := c.Hospital.Machines[x.Who]; machine {
		who = policy.ID("Machine", x.Who)
	} else if _, person := c.Hospital.People[x.Who]; !person {
		return "", fmt.Errorf("nobody in the hospital of the cases is called %q", x.Who)
	}
	on, err := resourceOf(e.Set(), x.Do, x.On)
	if err != nil {
		return "", err
	}
	if _, known := e.Entities.Parents(on); !known {
		return "", fmt.Errorf("%v is not in the hospital of the cases", on)
	}
	s, err := x.situation()
	if err != nil {
		return "", err
	}
	d := e.Handle(policy.Facts{Principal: who, Context: s.attrs(now)}).Decide(policy.ID("Action", x.Do), on, now)
	return x.compare(d), nil
}

// resourceOf is what is meant by a name that is asked about by an action.
func resourceOf(set *policy.Set, action, name string) (policy.UID, error) {
	for _, a := range set.Schema.Actions() {
		if string(a.UID.ID) == action {
			return policy.ID(a.Resources[0], name), nil
		}
	}
	return policy.UID{}, fmt.Errorf("%q is no action", action)
}

func (x *Case) situation() (situation, error) {
	s, w := usual(), &x.With
	s.Bound, s.Shared, s.Resistant, s.Degraded, s.DeviceRisk, s.Window, s.Untold = w.Bound, w.Shared, w.Resistant, w.Degraded, w.DeviceRisk, w.Window, w.Untold
	if w.Managed != nil {
		s.Managed = *w.Managed
	}
	if w.Compliant != nil {
		s.Compliant = *w.Compliant
	}
	if w.Assurance != 0 {
		s.Assurance = w.Assurance
	}
	if w.Zone != "" {
		s.Zone = w.Zone
	}
	for _, told := range []struct {
		text string
		into *time.Duration
	}{{w.Proved, &s.Proved}, {w.BreakGlass, &s.Glass}, {w.Opens, &s.Opens}} {
		if told.text == "" {
			continue
		}
		d, err := time.ParseDuration(told.text)
		if err != nil {
			return s, fmt.Errorf("%q is no time, like 10m", told.text)
		}
		*told.into = d
	}
	return s, nil
}

// compare says what of an answer is not as it must be.
func (x *Case) compare(d *policy.Decision) string {
	var wrong []string
	got := "deny"
	if d.Allow {
		got = "allow"
	}
	if got != x.Want {
		wrong = append(wrong, fmt.Sprintf("got %s (%s), want %s", got, strings.Join(d.IDs(), ", "), x.Want))
	}
	for _, id := range x.By {
		if !slices.Contains(d.IDs(), id) {
			wrong = append(wrong, fmt.Sprintf("%s did not decide, but %s", id, strings.Join(d.IDs(), ", ")))
		}
	}
	for _, o := range x.Asks {
		if !slices.ContainsFunc(d.Obligations, func(have policy.Obligation) bool { return have.String() == o }) {
			wrong = append(wrong, fmt.Sprintf("%s is not asked", o))
		}
	}
	wrong = append(wrong, d.Errors...)
	return strings.Join(wrong, "; ")
}

func uids(kind string, names []string) []policy.UID {
	all := make([]policy.UID, len(names))
	for n, name := range names {
		all[n] = policy.ID(kind, name)
	}
	return all
}

// patientEntity is a patient in some units.
func patientEntity(id string, units []string, sensitive bool) policy.Entity {
	in := uids("Unit", units)
	return policy.Entity{UID: policy.ID("Patient", id), Parents: in, Attrs: policy.Attrs{"units": in, "sensitive": sensitive}}
}
