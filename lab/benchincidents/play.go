package main

import (
	"cmp"
	"slices"
	"strconv"

	"bulwark/decide/incident/story"
)

// told is how long an alert goes on to be the same finding, in seconds.
const told = 1800

// truth is what the labels say of a finding: alerts of one rule on one host without a gap.
type truth struct {
	events, phases map[string]int
	joined         int64 // when it was first in an incident, unix seconds; 0: never
}

// labelled says whether any of its alerts belongs to the attack, or came while a step of it went on.
func (t *truth) labelled() bool { return len(t.events)+len(t.phases) > 0 }

// class is a kind of event of the attack.
type class struct {
	name          string
	first, caught int64 // unix seconds; caught: when it was in the attack's incident, 0: never
	anywhere      bool  // it is in some incident
}

// outcome is what became of a site.
type outcome struct {
	site      *site
	incidents []*story.Incident // the gravest first
	findings  map[string]*truth
	classes   []*class
	rank      int // of the attack's incident, from 1; 0: there is none
	purity    float64
}

// play plays a site.
func play(s *site, set story.Settings) outcome {
	o := outcome{site: s, findings: map[string]*truth{}}
	var last uint64
	core := story.New(set, func() uint64 { last++; return last })
	type key struct{ name, host string }
	ids, seen := map[key]string{}, map[key]int64{}
	classes := map[string]*class{}
	for n := range s.alerts {
		a := &s.alerts[n]
		k := key{a.name, a.host}
		if at, ok := seen[k]; !ok || a.at-at > told {
			ids[k] = strconv.Itoa(n)
			o.findings[ids[k]] = &truth{events: map[string]int{}, phases: map[string]int{}}
		}
		seen[k] = a.at
		f := finding(a, ids[k])
		o.take(core.Take(&f), a.at)
		o.label(a, o.findings[ids[k]], classes)
	}
	o.judge(classes)
	return o
}

// finding is an alert as the core takes it.
func finding(a *alert, id string) story.Finding {
	return story.Finding{ID: id, At: a.at * 1e9, Rule: a.name, Severity: judged(a.name), Subjects: []string{"device:" + a.host}}
}

// take notes what a finding changed.
func (o *outcome) take(changed []story.Change, at int64) {
	for _, c := range changed {
		if c.New {
			o.incidents = append(o.incidents, c.Incident)
		}
		for _, j := range c.Incident.Joins[c.From:] {
			for _, id := range j.Findings {
				if t := o.findings[id]; t.joined == 0 {
					t.joined = at
				}
			}
		}
	}
}

// label counts the labels of an alert.
func (o *outcome) label(a *alert, t *truth, classes map[string]*class) {
	if a.phase != "" {
		t.phases[a.phase]++
	}
	if a.event == "" {
		return
	}
	t.events[a.event]++
	if classes[a.event] == nil {
		classes[a.event] = &class{name: a.event, first: a.at}
	}
}

// judge compares what was made of the site with its labels. The attack's incident is the one that holds most classes of its events.
func (o *outcome) judge(classes map[string]*class) {
	slices.SortStableFunc(o.incidents, func(a, b *story.Incident) int { return cmp.Compare(b.Risk, a.Risk) })
	for _, c := range classes {
		o.classes = append(o.classes, c)
	}
	slices.SortFunc(o.classes, func(a, b *class) int { return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.name, b.name)) })
	most := 0
	for n, in := range o.incidents {
		events, pure := o.contents(in)
		for e := range events {
			classes[e].anywhere = true
		}
		if len(events) > most {
			most, o.rank, o.purity = len(events), n+1, pure
		}
	}
	if o.rank > 0 {
		o.clock(o.incidents[o.rank-1], classes)
	}
}

// clock says when each class was in the attack's incident.
func (o *outcome) clock(attack *story.Incident, classes map[string]*class) {
	for _, j := range attack.Joins {
		for _, id := range j.Findings {
			t := o.findings[id]
			for e := range t.events {
				if c := classes[e]; c.caught == 0 || t.joined < c.caught {
					c.caught = max(t.joined, c.first)
				}
			}
		}
	}
}

// contents are the classes of events in an incident, and the share of what is in it that the labels give to the attack.
func (o *outcome) contents(in *story.Incident) (events map[string]int, pure float64) {
	events = map[string]int{}
	labelled := 0
	for _, j := range in.Joins {
		if slices.ContainsFunc(j.Findings, func(id string) bool { return o.findings[id].labelled() }) {
			labelled++
		}
		for _, id := range j.Findings {
			for e, n := range o.findings[id].events {
				events[e] += n
			}
		}
	}
	return events, float64(labelled) / float64(len(in.Joins))
}
