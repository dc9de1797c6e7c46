package incident

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulwark/decide/incident/story"
	"bulwark/event"
)

// Status is what is done about an incident.
type Status string

// The states.
const (
	Open      Status = "open"
	Contained Status = "contained"
	Closed    Status = "closed"
)

// item is an incident with what people said of it.
type item struct {
	Story   *story.Incident `json:"story"`
	Word    word            `json:"word"`
	Into    uint64          `json:"into,omitempty"`    // the incident that it was merged into
	History []line          `json:"history,omitempty"` // the newest last
	Held    []string        `json:"held,omitempty"`    // containments that are in force against it
	Seen    seen            `json:"seen"`              // as it was told last
}

// word is what people said of an incident last.
type word struct {
	Status  Status    `json:"status"`
	Verdict string    `json:"verdict,omitempty"`
	Owner   string    `json:"owner,omitempty"`
	Title   string    `json:"title,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	By      string    `json:"by,omitempty"`
	At      time.Time `json:"at,omitzero"`
}

// line is something that happened to an incident, besides what joined it.
type line struct {
	At     time.Time `json:"at"`
	What   string    `json:"what"` // opened, grew, status, owner, title, merged, split, case
	By     string    `json:"by,omitempty"`
	Text   string    `json:"text,omitempty"` // the new state, owner or title; the number of the other incident
	Reason string    `json:"reason,omitempty"`
}

// seen is what of an incident makes its growth notable.
type seen struct {
	Band       string `json:"band,omitempty"`
	Severity   uint8  `json:"severity,omitempty"`
	Stages     int    `json:"stages,omitempty"`
	Techniques int    `json:"techniques,omitempty"`
	Entities   int    `json:"entities,omitempty"`
	Ended      bool   `json:"ended,omitempty"`
}

// mostLines is how many lines the history of one incident has; the oldest but the first goes.
const mostLines = 300

func (it *item) happen(l line) {
	if len(it.History) >= mostLines {
		it.History = slices.Delete(it.History, 1, 2)
	}
	it.History = append(it.History, l)
}

// note takes over what a finding changed. The lock is held.
func (i *Incidents) note(s *site, c story.Change) {
	it := i.items[c.Incident.ID]
	if it == nil {
		i.forget()
		c.Incident.Site = s.name
		it = &item{Story: c.Incident, Word: word{Status: Open}}
		i.items[c.Incident.ID] = it
		it.happen(line{At: when(c.Incident.Opened), What: "opened", By: self})
	}
	i.changed[c.Incident.ID] = it
	now := it.seen(i.set)
	switch {
	case c.New:
		it.Seen = now
		i.tell(it, "Create", "new")
	case now != it.Seen:
		it.Seen = now
		i.tell(it, "Update", "grown")
	default:
		i.mark(it, "grown")
	}
}

func (it *item) seen(set story.Settings) seen {
	return seen{Band: band(it.Story.Risk, set), Severity: it.severity(), Stages: len(it.Story.Tactics), Techniques: len(it.techniques()),
		Entities: len(it.Story.Entities), Ended: it.Story.Ended}
}

// band is the word for a risk.
func band(risk float64, set story.Settings) string {
	switch {
	case risk >= 2*set.Open:
		return "critical"
	case risk >= set.Open:
		return "high"
	case risk >= set.Open/2:
		return "medium"
	case risk >= 1:
		return "low"
	}
	return "none"
}

// tell tells of an incident: those who look, and the bus. The lock is held.
func (i *Incidents) tell(it *item, activity, change string) {
	i.mark(it, change)
	in := it.Story
	e := &event.Incident{UID: strconv.FormatUint(in.ID, 10), Title: i.title(it).EN, Activity: activity, Status: string(it.Word.Status), Severity: event.SeverityName(it.severity()),
		Risk: hundredths(in.Risk), Verdict: it.Word.Verdict, Stages: slices.Clone(in.Tactics), Techniques: it.techniques(), Entities: slices.Clone(in.Entities),
		Findings: uint64(it.findings()), First: uint64(in.First), Last: uint64(in.Last), Reason: i.why(it).EN}
	if other := cmp.Or(it.Into, in.After); other != 0 {
		e.Other = strconv.FormatUint(other, 10)
	}
	i.out.Put(event.Header{Time: max(in.Last, in.Opened)}, e)
}

func hundredths(risk float64) uint64 { return uint64(100*risk + 0.5) }

// mark notes what is new of an incident, for those who look.
func (i *Incidents) mark(it *item, change string) {
	if i.needs.Live == nil || i.told[it.Story.ID] == "new" {
		return
	}
	i.told[it.Story.ID] = change
}

// contain takes over what became of a containment: an incident is contained while one is in force against it. The lock is held.
func (i *Incidents) contain(h *event.Header, c *event.Containment) {
	id, err := strconv.ParseUint(c.Incident, 10, 63)
	it := i.items[id]
	if err != nil || it == nil || it.Word.Status == Closed {
		return
	}
	n := slices.Index(it.Held, c.UID)
	holds := c.State == "in_force" && c.Enforced
	switch {
	case holds == (n >= 0) || holds && len(it.Held) >= mostHeld:
		return
	case holds:
		it.Held = append(it.Held, own(c.UID))
	default:
		it.Held = slices.Delete(it.Held, n, n+1)
	}
	i.changed[id] = it
	status := Open
	if len(it.Held) > 0 {
		status = Contained
	}
	if it.Word.Status == status {
		return
	}
	it.Word.Status = status
	it.happen(line{At: when(h.Time), What: "status", By: own(c.By), Text: string(status), Reason: own(c.Act + " " + c.Target)})
	i.tell(it, "Update", "said")
}

// mostHeld is how many containments of one incident are counted.
const mostHeld = 1000

// forget makes room for one more incident.
func (i *Incidents) forget() {
	if len(i.items) < i.needs.Config.Most {
		return
	}
	ids := slices.SortedFunc(maps.Keys(i.items), func(a, b uint64) int {
		x, y := i.items[a], i.items[b]
		if (x.Word.Status == Closed) != (y.Word.Status == Closed) {
			if x.Word.Status == Closed {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(x.Story.Last, y.Story.Last), cmp.Compare(a, b))
	})
	for _, id := range ids[:1+len(ids)/100] {
		it := i.items[id]
		i.site(it.Story.Site).End(it.Story)
		delete(i.items, id)
		delete(i.changed, id)
		delete(i.told, id)
		delete(i.cases, id)
		i.gone = append(i.gone, id)
		i.count.forgotten.Inc()
	}
}

// severity is that of the gravest finding in it, context aside.
func (it *item) severity() (worst uint8) {
	for n := range it.Story.Joins {
		if j := &it.Story.Joins[n]; j.Why != story.Context {
			worst = max(worst, j.Severity)
		}
	}
	return worst
}

// findings is how many are in it, context aside.
func (it *item) findings() int {
	all := map[string]bool{}
	for n := range it.Story.Joins {
		if j := &it.Story.Joins[n]; j.Why != story.Context {
			for _, id := range j.Findings {
				all[id] = true
			}
		}
	}
	return len(all)
}

func (it *item) techniques() (all []string) {
	for n := range it.Story.Joins {
		for _, t := range it.Story.Joins[n].Techniques {
			if !slices.Contains(all, t) {
				all = append(all, t)
			}
		}
	}
	return all
}

// members are the entities that are in it, context aside, each with what its findings weigh there, the heaviest first.
func (it *item) members() (all []string) {
	weight := map[string]float64{}
	for n := range it.Story.Joins {
		if j := &it.Story.Joins[n]; j.Why != story.Context {
			weight[j.Entity] += j.Score
		}
	}
	return slices.SortedFunc(maps.Keys(weight), func(a, b string) int { return cmp.Or(cmp.Compare(weight[b], weight[a]), strings.Compare(a, b)) })
}

// deviceOf is the number of a device that is an entity.
func deviceOf(entity string) (uint64, bool) {
	text, ok := strings.CutPrefix(entity, "device:")
	id, err := strconv.ParseUint(text, 10, 63)
	return id, ok && err == nil
}

func when(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// self is who does what the program does by itself.
var self = fmt.Sprint("program:", "incident")
