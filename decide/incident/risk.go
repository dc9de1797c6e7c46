package incident

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"bulwark/event"
	"bulwark/platform/clock"
)

// watch is an entity of a site that weighs something.
type watch struct{ site, entity string }

// standing is the band in which an entity was told to be, and when.
type standing struct {
	band string
	at   time.Time
}

// tellEvery is how often the risk of one entity is told at most.
const tellEvery = time.Minute

// mostWatched is how many entities are watched until they weigh nothing; of more it is told when they next are found.
const mostWatched = 100_000

// watch tells of an entity that came into another band. The lock is held.
func (i *Incidents) watch(s *site, entity string) {
	now := i.needs.Clock.Now()
	w := watch{s.name, entity}
	risk := s.Risk(entity, i.moment(s))
	is, was := band(risk, i.set), i.watched[w]
	switch {
	case is == cmp.Or(was.band, "none") || now.Sub(was.at) < tellEvery && was.band != "":
		return
	case is == "none":
		delete(i.watched, w)
	case was.band == "" && len(i.watched) >= mostWatched:
		return
	default:
		i.watched[w] = standing{is, now}
	}
	e := &event.Risk{Entity: entity, Score: hundredths(risk), Band: is, Reason: i.riskWhy(s, entity, risk).EN}
	if in := s.Of(entity); in != 0 {
		e.Incident = strconv.FormatUint(in, 10)
	}
	i.risks.Put(event.Header{Time: now.UnixNano()}, e)
	clock.Wake(i.dirty)
}

// moment is the time for which risks are told: now, or that of a capture.
func (i *Incidents) moment(s *site) int64 {
	if i.needs.Fleeting {
		return s.Now()
	}
	return max(i.needs.Clock.Now().UnixNano(), s.Now())
}

// fade looks again at all entities that weigh something.
func (i *Incidents) fade() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for w := range i.watched {
		i.watch(i.site(w.site), w.entity)
	}
}

// Risk is what an entity weighs now.
type Risk struct {
	Entity   string  `json:"entity"`
	Score    float64 `json:"score"`
	Band     string  `json:"band"`
	Incident uint64  `json:"incident,omitempty"`
	Why      Text    `json:"why"`
}

// Risk is what an entity weighs now, at the site where it weighs most.
func (i *Incidents) Risk(entity string) Risk {
	i.mu.RLock()
	defer i.mu.RUnlock()
	return i.risk(entity)
}

func (i *Incidents) risk(entity string) Risk {
	r := Risk{Entity: entity, Band: "none", Why: i.riskWhy(nil, entity, 0)}
	for _, s := range i.sites {
		if v := s.Risk(entity, i.moment(s)); v > r.Score {
			r = Risk{entity, rounded(v), band(v, i.set), s.Of(entity), i.riskWhy(s, entity, v)}
		}
	}
	return r
}

func rounded(v float64) float64 { return float64(hundredths(v)) / 100 }

// mostRisks is how many entities a list of risks has.
const mostRisks = 100

// Risks are the entities that weigh most.
func (i *Incidents) Risks() []Risk {
	i.mu.RLock()
	defer i.mu.RUnlock()
	all := []Risk{}
	for w := range i.watched {
		if r := i.risk(w.entity); r.Band != "none" {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b Risk) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Entity, b.Entity)) })
	all = slices.CompactFunc(all, func(a, b Risk) bool { return a.Entity == b.Entity })
	return all[:min(len(all), mostRisks)]
}
