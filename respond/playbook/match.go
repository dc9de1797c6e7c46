package playbook

import (
	"slices"
	"strings"

	"bulwark/content/playbooks"
	"bulwark/event"
)

// Incident is what of an incident bears on what is done.
type Incident struct {
	UID        string
	Title      string
	Status     string // open, contained or closed
	Verdict    string // of a person: true, false, benign; empty: none
	Severity   string
	Risk       float64
	Stages     []string // tactics of ATT&CK
	Techniques []string
	Titles     []string // of what was found in it
	Members    []Member // the heaviest first
}

// Member is whom an incident is about.
type Member struct {
	Entity  string // device:12, address:203.0.113.9, user:x
	Source  bool   // it comes from there
	Target  bool   // it goes against it
	Outside bool   // an address that is no device of the hospital
	Tier    int    // of a device, 0 to 3; another: not known
}

// over reports whether a person said that the incident is none.
func (i *Incident) over() bool {
	return i.Status == "closed" && (i.Verdict == "false" || i.Verdict == "benign")
}

// wanted reports whether a playbook is for an incident.
func wanted(p *playbooks.Playbook, i *Incident) bool {
	return i.Status != "closed" && holds(&p.When, i, true) && !holds(&p.Unless, i, false)
}

// holds reports whether all that is said of a condition holds, or any of it. Of one that says nothing it is whether all would.
func holds(w *playbooks.When, i *Incident, all bool) bool {
	said := []struct{ is, holds bool }{
		{w.Severity != "", rank(i.Severity) >= rank(w.Severity)},
		{w.Risk > 0, i.Risk >= w.Risk},
		{len(w.Techniques) > 0, slices.ContainsFunc(w.Techniques, func(t string) bool {
			return slices.ContainsFunc(i.Techniques, func(o string) bool { return below(o, t) })
		})},
		{len(w.Stages) > 0, slices.ContainsFunc(w.Stages, func(s string) bool { return slices.Contains(i.Stages, s) })},
		{len(w.Words) > 0, slices.ContainsFunc(w.Words, i.says)},
	}
	for _, s := range said {
		if s.is && s.holds != all {
			return !all
		}
	}
	return all
}

func rank(severity string) int { return slices.Index(event.Severities(), severity) }

// below reports whether a technique is another, or a part of it: T1110.003 of T1110.
func below(technique, of string) bool {
	return technique == of || strings.HasPrefix(technique, of+".")
}

func (i *Incident) says(word string) bool {
	word = strings.ToLower(word)
	return slices.ContainsFunc(append([]string{i.Title}, i.Titles...), func(t string) bool { return strings.Contains(strings.ToLower(t), word) })
}

// whom are the members to whom a step is done, the heaviest first, and how many further ones there are.
func whom(s *playbooks.Step, i *Incident) (all []string, more int) {
	if s.Of == "incident" {
		return []string{"incident:" + i.UID}, 0
	}
	for k := range i.Members {
		m := &i.Members[k]
		if !fits(s, m) {
			continue
		}
		if len(all) == s.Targets() {
			more++
			continue
		}
		all = append(all, m.Entity)
	}
	return all, more
}

func fits(s *playbooks.Step, m *Member) bool {
	kind, _, _ := strings.Cut(m.Entity, ":")
	switch s.Of {
	case "outside":
		return m.Outside && kind == "address"
	case "users":
		return kind == "user"
	case "domains":
		return kind == "domain"
	}
	if kind != "device" && (kind != "address" || m.Outside) {
		return false
	}
	if s.Of == "sources" && !m.Source || s.Of == "targets" && !m.Target {
		return false
	}
	return len(s.Tiers) == 0 || kind == "device" && slices.Contains(s.Tiers, m.Tier)
}
