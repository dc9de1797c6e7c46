package incident

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"bulwark/content/attack"
	"bulwark/decide/incident/story"
	"bulwark/event"
)

// Incident is an incident as people see it.
type Incident struct {
	ID         uint64             `json:"id"`
	Title      Text               `json:"title"`
	Status     Status             `json:"status"`
	Verdict    string             `json:"verdict,omitempty"`
	Owner      string             `json:"owner,omitempty"`
	By         string             `json:"by,omitempty"`
	Reason     string             `json:"reason,omitempty"`
	Said       time.Time          `json:"said,omitzero"`
	Severity   string             `json:"severity"`
	Risk       float64            `json:"risk"`
	Band       string             `json:"band"`
	Stages     []attack.Tactic    `json:"stages"`
	Techniques []attack.Technique `json:"techniques"`
	Entities   []Entity           `json:"entities"`
	Findings   int                `json:"findings"`
	Context    int                `json:"context"`
	First      time.Time          `json:"first"`
	Last       time.Time          `json:"last"`
	Opened     time.Time          `json:"opened"`
	Ended      bool               `json:"ended,omitempty"`
	After      uint64             `json:"after,omitempty"`
	Into       uint64             `json:"merged_into,omitempty"`
	Case       uint64             `json:"case,omitempty"`
	Site       string             `json:"site"`
	Why        Text               `json:"why"`
}

// Entity is somebody or something that an incident is about.
type Entity struct {
	ID     string  `json:"id"`
	Kind   string  `json:"kind"`
	Value  string  `json:"value"`
	Device uint64  `json:"device,omitempty"`
	Name   string  `json:"name,omitempty"`
	Class  string  `json:"class,omitempty"`
	Tier   string  `json:"tier,omitempty"`
	Ward   string  `json:"ward,omitempty"`
	Risk   float64 `json:"risk,omitempty"`
	Band   string  `json:"band,omitempty"`
}

// entity is an entity as people see it. The lock is held.
func (i *Incidents) entity(id string) Entity {
	kind, value, _ := strings.Cut(id, ":")
	e := Entity{ID: id, Kind: kind, Value: value}
	if n, ok := deviceOf(id); ok {
		e.Device = n
		if i.needs.Devices != nil {
			if d, ok := i.needs.Devices.Device(n); ok {
				e.Name, e.Class, e.Tier, e.Ward = d.Name, d.Class, d.Tier, d.Ward
			}
		}
	}
	return e
}

// weighed is an entity with its risk. The lock is held.
func (i *Incidents) weighed(id string) Entity {
	e := i.entity(id)
	if r := i.risk(id); r.Score > 0 {
		e.Risk, e.Band = r.Score, r.Band
	}
	return e
}

// mostShown is how many entities of an incident a list names.
const mostShown = 50

// view is an incident as people see it. The lock is held.
func (i *Incidents) view(it *item) Incident {
	in := it.Story
	v := Incident{ID: in.ID, Title: i.title(it), Status: it.Word.Status, Verdict: it.Word.Verdict, Owner: it.Word.Owner, By: it.Word.By, Reason: it.Word.Reason,
		Said: it.Word.At, Severity: event.SeverityName(it.severity()), Risk: rounded(in.Risk), Band: band(in.Risk, i.set), Stages: []attack.Tactic{}, Techniques: []attack.Technique{},
		Entities: []Entity{}, Findings: it.findings(), First: when(in.First), Last: when(in.Last), Opened: when(in.Opened), Ended: in.Ended, After: in.After, Into: it.Into,
		Case: i.cases[in.ID], Site: in.Site, Why: i.why(it)}
	for _, id := range in.Tactics {
		if x, ok := i.attack.Tactic(id); ok {
			v.Stages = append(v.Stages, x)
		}
	}
	for _, id := range it.techniques() {
		v.Techniques = append(v.Techniques, i.attack.Technique(id))
	}
	names := it.members()
	for n := range in.Joins {
		if in.Joins[n].Why == story.Context {
			v.Context++
			continue
		}
		for _, e := range in.Joins[n].Names {
			if !slices.Contains(names, e) && len(names) < mostShown {
				names = append(names, e)
			}
		}
	}
	for _, e := range names[:min(len(names), mostShown)] {
		v.Entities = append(v.Entities, i.weighed(e))
	}
	return v
}

// Detail is an incident with all that is known of it.
type Detail struct {
	Incident
	Story    []Sentence `json:"story"`
	Graph    Graph      `json:"graph"`
	Timeline []Moment   `json:"timeline"`
	Joins    []Join     `json:"joins"`
	LeftOff  int        `json:"left_off"`
	Clinical Clinical   `json:"clinical"`
	Acts     []any      `json:"acts"` // containments that answer it
}

// Join is a finding in an incident, and why it is there.
type Join struct {
	Burst    uint64        `json:"burst"`
	Findings []string      `json:"findings"`
	Rule     string        `json:"rule"`
	Title    string        `json:"title"`
	Severity string        `json:"severity"`
	Entity   string        `json:"entity"`
	From     string        `json:"from,omitempty"`
	To       string        `json:"to,omitempty"`
	At       time.Time     `json:"at"`
	Score    float64       `json:"score"`
	Risk     float64       `json:"risk"`
	New      story.Novelty `json:"new"`
	Why      story.Why     `json:"why"`
	Via      string        `json:"via,omitempty"`
	Because  Text          `json:"because"`
	Stages   []string      `json:"stages,omitempty"`
}

// Graph is who did what to whom.
type Graph struct {
	Nodes []Entity `json:"nodes"`
	Edges []Edge   `json:"edges"`
}

// Edge is what a rule found between two.
type Edge struct {
	From     string    `json:"from"`
	To       string    `json:"to"`
	Rule     string    `json:"rule"`
	Title    string    `json:"title"`
	Severity string    `json:"severity"`
	Count    int       `json:"count"` // bursts
	First    time.Time `json:"first"`
	Why      Text      `json:"why"`
}

// Moment is something that happened to an incident.
type Moment struct {
	At      time.Time `json:"at"`
	What    string    `json:"what"`
	Text    Text      `json:"text"`
	By      string    `json:"by,omitempty"`
	Finding string    `json:"finding,omitempty"`
}

// Show is an incident with all that is known of it.
func (i *Incidents) Show(id uint64) (Detail, error) {
	acts := []any{}
	if i.needs.Acts != nil {
		acts = append(acts, i.needs.Acts.Of(id)...)
	}
	i.mu.RLock()
	defer i.mu.RUnlock()
	it := i.items[id]
	if it == nil {
		return Detail{}, fmt.Errorf("%w: %d", ErrNoIncident, id)
	}
	d := Detail{Incident: i.view(it), Story: i.tale(it), Graph: i.graph(it), LeftOff: it.Story.LeftOff, Clinical: i.clinical(it), Joins: []Join{}, Acts: acts}
	for n := range it.Story.Joins {
		j := &it.Story.Joins[n]
		d.Joins = append(d.Joins, Join{Burst: j.Burst, Findings: append([]string{}, j.Findings...), Rule: j.Rule, Title: cmp.Or(j.Title, j.Rule), Severity: event.SeverityName(j.Severity),
			Entity: j.Entity, From: j.From, To: j.To, At: when(j.At), Score: rounded(j.Score), Risk: rounded(j.Risk), New: j.New, Why: j.Why, Via: j.Via,
			Because: i.because(j), Stages: j.Tactics})
	}
	slices.SortStableFunc(d.Joins, func(a, b Join) int { return a.At.Compare(b.At) })
	d.Timeline = i.timeline(it)
	return d, nil
}

// graph draws an incident: its entities, and what rules found between them; what names another entity is an edge, too.
func (i *Incidents) graph(it *item) Graph {
	g := Graph{Nodes: []Entity{}, Edges: []Edge{}}
	drawn := map[string]bool{}
	node := func(e string) {
		if !drawn[e] {
			drawn[e] = true
			g.Nodes = append(g.Nodes, i.weighed(e))
		}
	}
	edges := map[string]int{}
	counted := map[string]bool{}
	edge := func(j *story.Join, from, to string) {
		node(from)
		node(to)
		id := from + "\x1f" + to + "\x1f" + j.Rule
		once := fmt.Sprint(id, "\x1f", j.At) // both ends of a finding have a join
		if n, ok := edges[id]; ok {
			if !counted[once] {
				g.Edges[n].Count++
			}
			counted[once] = true
			return
		}
		counted[once] = true
		edges[id] = len(g.Edges)
		g.Edges = append(g.Edges, Edge{from, to, j.Rule, cmp.Or(j.Title, j.Rule), event.SeverityName(j.Severity), 1, when(j.At), i.because(j)})
	}
	for n := range it.Story.Joins {
		j := &it.Story.Joins[n]
		node(j.Entity)
		from := cmp.Or(j.From, j.Entity)
		if j.To != "" && j.To != from {
			edge(j, from, j.To)
		}
		for _, name := range j.Names {
			edge(j, from, name)
		}
	}
	return g
}

// timeline is what happened to an incident, in order.
func (i *Incidents) timeline(it *item) (all []Moment) {
	for _, j := range it.telling() {
		m := Moment{At: when(j.At), What: "finding", Text: i.sentence(j)}
		if len(j.Findings) > 0 {
			m.Finding = j.Findings[0]
		}
		all = append(all, m)
	}
	for _, l := range it.History {
		all = append(all, Moment{At: l.At, What: l.What, Text: l.text(), By: l.By})
	}
	slices.SortStableFunc(all, func(a, b Moment) int { return a.At.Compare(b.At) })
	return all
}

var statuses = map[string]Text{"open": {"open", "ouvert"}, "contained": {"contained", "contenu"}, "closed": {"closed", "clos"},
	"closed true": {"closed as true", "clos, confirmé"}, "closed false": {"closed as a false alarm", "clos, fausse alerte"}, "closed benign": {"closed as allowed", "clos, permis"}}

// text is a line of a history as a sentence.
func (l *line) text() Text {
	var t Text
	switch l.What {
	case "opened":
		t = Text{"The incident was raised.", "L’incident a été ouvert."}
	case "status":
		s := statuses[l.Text]
		t = Text{"It was set to " + s.EN + ".", "Son état : " + s.FR + "."}
	case "owner":
		t = Text{"It was given to " + l.Text + ".", "Confié à " + l.Text + "."}
		if l.Text == "" {
			t = Text{"It was given back.", "Il n’est plus confié à personne."}
		}
	case "title":
		t = Text{"It was called “" + l.Text + "”.", "Nommé « " + l.Text + " »."}
	case "merged":
		t = Text{"Merged: incident " + l.Text + ".", "Fusionné : incident " + l.Text + "."}
	case "split":
		t = Text{"Split: incident " + l.Text + ".", "Séparé : incident " + l.Text + "."}
	}
	if l.Reason != "" {
		t = t.plus(both(" " + l.Reason))
	}
	return t
}
