package signature

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulwark/content/attack"
	"bulwark/detect/signature/internal/engine"
	"bulwark/detect/signature/internal/rule"
)

// edition is the rules that are in force with what became of each. It never changes.
type edition struct {
	items    []entry // by id; those without one at the end, by place
	byID     map[ID]int
	setters  map[string][]ID // usable rules that set a bit, by its name
	askers   map[string][]ID // that ask whether it stands
	classes  map[string]rule.Class
	systems  map[string]string // what stands before an id of a system of references
	override []rule.Override
	faults   []State // of files that are no rules
	put      Put
	since    time.Time
	lost     int // rejected rules beyond those that are listed
	skipped  int
}

// States of rules.
const (
	Loaded   = "loaded"
	Rejected = "rejected"
	Disabled = "disabled"
	Noisy    = "noisy"
	Blind    = "blind"
)

// entry is a rule as lists have it.
type entry struct {
	ID
	rev        uint32
	title      string
	source     string
	place      string // file:line:column
	state      string // Loaded, Rejected or Disabled
	reason     Text
	action     string
	protocol   string // as it was written
	app        string // protocol of an application that its traffic must be; "": any
	class      string
	severity   string
	techniques []string
	tactics    []string
	text       string
	rate       float64  // alerts within an hour from which on it is noisy
	unset      []string // bits that it needs and that no usable rule sets
	scene      scene
	search     string // what words are looked for in, lower case
}

// Text is a sentence in both languages.
type Text struct {
	EN string `json:"en"`
	FR string `json:"fr"`
}

// edit makes the edition of rules.
func (b *Rulebook) edit(rules *Rules) (*edition, error) {
	m, err := rules.make()
	if err != nil {
		return nil, err
	}
	e := &edition{byID: map[ID]int{}, setters: map[string][]ID{}, askers: map[string][]ID{}, classes: m.classes, systems: m.systems,
		override: m.overrides, faults: m.faults, lost: m.all.Lost, skipped: m.all.Skipped}
	source := map[string]string{}
	for _, f := range rules.Files {
		source[f.Name] = f.Source
	}
	refused := map[*rule.Rule]error{}
	for _, x := range m.refused {
		refused[x.Rule] = x.Err
	}
	for _, r := range m.all.Rules {
		e.items = append(e.items, b.entry(r, refused[r], source[r.Pos.File], m))
	}
	for _, x := range m.all.Errors {
		if x.Enabled {
			e.items = append(e.items, faulty(x, source[x.Pos.File]))
		}
	}
	slices.SortStableFunc(e.items, compareEntries)
	for i := range e.items {
		x := &e.items[i]
		if x.SID != 0 && x.GID != 0 {
			e.byID[x.ID] = i
		}
		switch x.state {
		case Loaded:
			e.put.Loaded++
		case Rejected:
			e.put.Rejected++
			if e.put.First.Reason == "" {
				e.put.First = State{x.place, x.GID, x.SID, x.reason.EN}
			}
		}
	}
	e.put.Rejected += m.all.Lost
	e.bits(m)
	rules.parsed(m)
	e.put.Rules = rules
	return e, nil
}

func compareEntries(a, b entry) int {
	if (a.GID == 0) != (b.GID == 0) {
		if a.GID == 0 {
			return 1
		}
		return -1
	}
	if c := compareIDs(a.ID, b.ID); c != 0 {
		return c
	}
	return strings.Compare(a.place, b.place)
}

// faulty is a rule that could not be read.
func faulty(x *rule.Error, source string) entry {
	e := entry{source: source, place: x.Pos.String(), state: Rejected, reason: Text{x.Reason, x.Reason}, text: x.Text, title: titleIn(x.Text)}
	e.SID = x.SID
	if !x.Doubled && x.SID != 0 {
		e.GID = 1
	}
	e.index()
	return e
}

// titleIn is the msg of a rule that could not be read.
func titleIn(text string) string {
	_, rest, ok := strings.Cut(text, `msg:"`)
	if !ok {
		return ""
	}
	title, _, _ := strings.Cut(rest, `"`)
	return title
}

func (b *Rulebook) entry(r *rule.Rule, fault error, source string, m *made) entry {
	e := entry{ID: ID{r.GID, r.SID}, rev: r.Rev, title: r.Message, source: source, place: r.Pos.String(), state: Loaded, action: r.Action.String(),
		protocol: r.Proto.Name, app: r.Proto.App, class: r.Class, severity: severityOf(r, m.classes), text: r.Text, rate: noisyRate, scene: sceneOf(r)}
	switch {
	case !r.Enabled:
		e.state, e.reason = Disabled, Text{"It is commented out in its file.", "Elle est en commentaire dans son fichier."}
		if why, ok := m.decided[e.ID]; ok {
			e.reason = why
		}
	case fault != nil:
		e.state, e.reason = Rejected, Text{fault.Error(), fault.Error()}
	}
	for i := range r.Buffers {
		if f := r.Buffers[i].Field; f != nil && f.App != "" && e.app == "" {
			e.app = f.App
		}
	}
	for _, p := range r.Metadata {
		switch p.Key {
		case "mitre_technique_id":
			if t := b.attack.Technique(p.Value); attack.Valid(t.ID) && !slices.Contains(e.techniques, t.ID) && len(e.techniques) < maxTechniques {
				e.techniques = append(e.techniques, t.ID)
				for _, x := range t.Tactics {
					e.tactics = append(e.tactics, x.ID)
				}
			}
		case "noisy_per_hour":
			if n, err := strconv.ParseFloat(p.Value, 64); err == nil && n > 0 {
				e.rate = n
			}
		}
	}
	e.index()
	if source == Shipped {
		e.search += " " + strings.ToLower(b.french[r.SID])
	}
	return e
}

// maxTechniques is how many techniques are taken from one rule.
const maxTechniques = 16

func (e *entry) index() {
	e.search = strings.ToLower(strings.Join([]string{e.title, e.name(), e.class, e.place, e.protocol, e.source,
		strings.Join(e.techniques, " "), fmt.Sprint(e.SID)}, " "))
}

// name is the rule's id; "" where it has no page of its own.
func (e *entry) name() string {
	if e.GID == 0 || e.SID == 0 {
		return ""
	}
	return e.ID.String()
}

// severityOf is how grave it is what a rule tells: what its metadata says, else by the priority of the rule or its class.
func severityOf(r *rule.Rule, classes map[string]rule.Class) string {
	for _, p := range r.Metadata {
		if p.Key == "signature_severity" {
			switch strings.ToLower(p.Value) {
			case "critical":
				return "critical"
			case "major", "high":
				return "high"
			case "medium":
				return "medium"
			case "minor", "low":
				return "low"
			case "informational", "info", "audit":
				return "informational"
			}
		}
	}
	priority := r.Priority
	if priority == 0 {
		priority = classes[r.Class].Priority
	}
	switch priority {
	case 1:
		return "high"
	case 2:
		return "medium"
	case 0, 3:
		return "low"
	}
	return "informational"
}

// bits notes which usable rules set bits and which ask for them, and finds those that wait for what nobody sets.
func (e *edition) bits(m *made) {
	usable := func(r *rule.Rule) *entry {
		if i, ok := e.byID[ID{r.GID, r.SID}]; ok && e.items[i].state == Loaded {
			return &e.items[i]
		}
		return nil
	}
	for _, r := range m.all.Rules {
		x := usable(r)
		if x == nil {
			continue
		}
		for _, bit := range r.Bits {
			for _, name := range bit.Names {
				switch bit.Do {
				case "set", "toggle":
					e.setters[bitName(bit.Of, name)] = append(e.setters[bitName(bit.Of, name)], x.ID)
				case "isset":
					e.askers[bitName(bit.Of, name)] = append(e.askers[bitName(bit.Of, name)], x.ID)
				}
			}
		}
	}
	for _, r := range m.all.Rules {
		x := usable(r)
		for _, bit := range r.Bits {
			if x == nil || bit.Do != "isset" || slices.ContainsFunc(bit.Names, func(name string) bool { return len(e.setters[bitName(bit.Of, name)]) > 0 }) {
				continue
			}
			x.unset = append(x.unset, bit.Names...)
		}
	}
}

// bitName tells apart what is kept of flows from what is kept of addresses.
func bitName(of, name string) string {
	if of == "" || of == "tx" {
		of = "flow"
	}
	return of + "\x00" + name
}

// made is what came of reading and compiling rules.
type made struct {
	all        *rule.Set
	set        *engine.Set
	refused    []engine.Refused
	classes    map[string]rule.Class
	systems    map[string]string
	overrides  []rule.Override
	reputation rule.Reputation
	faults     []State
	decided    map[ID]Text // why a rule is out of force that its file has
	on, off    []ID
}
