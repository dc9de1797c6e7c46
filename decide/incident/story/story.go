// Package story puts findings together to incidents. It is pure: it has no clock, no goroutine and no chance in it; the same
// findings in the same order make the same incidents, and each join has its reason.
//
//	finding -> burst (rule, entity) -> score (novelty learnt, severity, volume) -> risk of the entity, which fades
//	        -> opens an incident, or joins one: by its entity, one that both name, the rule, or by time where that is rare
package story

// Finding is what is known of a finding when it is told.
type Finding struct {
	ID         string
	At         int64 // unix nanoseconds
	Rule       string
	Title      string
	From, To   string   // entities: who did it, and to whom; empty: not known
	Severity   uint8    // 0 informational to 4 critical
	Confidence uint64   // 0-100; 0: the rule does not say
	Tactics    []string // of ATT&CK
	Techniques []string // likewise
	Subjects   []string // entities that carry its risk; none: it is counted, and no more
	Names      []string // further entities: they link, and carry no risk
	Count      uint64   // how many alerts it newly stands for; 0: 1
	Weight     float64  // what verdicts of people say of its rule; 0: 1
	Care       float64  // how much depends on the subjects; 0: 1
}

// Incident is a story: what belongs together, and why.
type Incident struct {
	ID       uint64   `json:"id"`
	Site     string   `json:"site,omitempty"`
	Opened   int64    `json:"opened"` // when it was raised, unix nanoseconds; it holds what led to it, too
	First    int64    `json:"first"`
	Last     int64    `json:"last"`
	Ended    bool     `json:"ended,omitempty"` // nothing joins it any more by itself
	Risk     float64  `json:"risk"`
	After    uint64   `json:"after,omitempty"` // the incident that it continues; 0: none
	Joins    []Join   `json:"joins"`
	LeftOff  int      `json:"left_off,omitempty"` // further ones, which found no room
	Entities []string `json:"entities"`
	Rules    []string `json:"rules"`
	Tactics  []string `json:"tactics,omitempty"` // in the order in which they were seen
}

// Join is a burst in an incident, and why it is there.
type Join struct {
	Burst    uint64   `json:"burst"`
	Rule     string   `json:"rule"`
	Entity   string   `json:"entity"`
	Findings []string `json:"findings,omitempty"` // the first of the burst
	Told
	At    int64   `json:"at"` // when the burst began, unix nanoseconds
	Score float64 `json:"score"`
	New   Novelty `json:"new"`
	Why   Why     `json:"why"`
	Via   string  `json:"via,omitempty"` // the entity or the rule that links it
	Risk  float64 `json:"risk"`          // of its entity when it joined
}

// Told is what the first finding of a burst says.
type Told struct {
	Title      string   `json:"title,omitempty"`
	From       string   `json:"from,omitempty"` // entities: who did it, and to whom
	To         string   `json:"to,omitempty"`
	Names      []string `json:"names,omitempty"` // entities that it names besides
	Severity   uint8    `json:"severity"`
	Tactics    []string `json:"tactics,omitempty"`
	Techniques []string `json:"techniques,omitempty"`
}

// Novelty is how new a burst was when it began.
type Novelty string

// How new.
const (
	ToSite   Novelty = "site"
	ToEntity Novelty = "entity"
	Known    Novelty = "known"
	Learning Novelty = "learning" // the site was not learnt yet, and all is new
)

// Why is the reason of a join.
type Why string

// The reasons, the strongest first.
const (
	Opened   Why = "opened"  // with it the risk of its entity reached the bar
	Built    Why = "built"   // it is part of the risk with which its entity came in
	OfEntity Why = "entity"  // its entity is in the incident
	Shared   Why = "shared"  // it names an entity that is in the incident
	OfRule   Why = "rule"    // its rule fired in the incident shortly before
	OfTime   Why = "time"    // its entity reached the bar at the same time, where that is rare
	Context  Why = "context" // it is rare, and happened while a grave incident went on
	ByHand   Why = "hand"    // a person put it there
)

// Change is what a finding changed of an incident.
type Change struct {
	Incident *Incident
	New      bool // it is opened by it
	From     int  // the joins from here on are new
}

// Bounds of one incident.
const (
	mostJoins    = 1000
	mostEntities = 500
	mostRules    = 500
	mostIDs      = 32 // findings that are named of a burst
)

// has says whether a burst is in the incident.
func (in *Incident) has(b uint64) int {
	for n := range in.Joins {
		if in.Joins[n].Burst == b {
			return n
		}
	}
	return -1
}
