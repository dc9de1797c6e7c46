package finding

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"bulwark/content/attack"
	"bulwark/decide/finding/internal/signal"
	"bulwark/event"
	"bulwark/platform/clock"
	"bulwark/platform/ledger"
)

// change is what is new of a finding, for those who look: the more telling stand higher.
type change uint8

const (
	counted change = iota
	rejudged
	worsened
	returned
	created
)

func (c change) String() string {
	return [...]string{"count", "verdict", "severity", "returned", "new"}[c]
}

// self is who does what the program does by itself.
var self = ledger.Program("finding")

// again is how long after a true finding was dealt with it may still be the same.
const again = time.Hour

// quiet is after how long of silence a finding that is open is told again.
const quiet = 30 * time.Minute

// take makes a finding of an alert, or adds to one. The lock is held.
func (f *Findings) take(r *event.Reader, h *event.Header, a *event.Alert) {
	ru := f.ruleOf(a)
	e := signal.EndsOf(h, a, ru.Rule)
	src, dst := f.end(e.Source), f.end(e.Target)
	if a.Rule != "" && !e.Source.IsValid() {
		src = end{Host: signal.Clip(a.Host, maxName)}
	} else if a.Rule != "" && !e.Target.IsValid() {
		dst = end{Host: signal.Clip(a.Host, maxName)}
	}
	var others []signal.Entity
	if a.User != "" {
		others = append(others, signal.Entity{Kind: "user", Value: signal.Clip(a.User, maxName)})
	}
	if a.Record != "" {
		others = append(others, signal.Named(a.Record)...)
	}
	it := f.find(ru, &src, &dst)
	kept := f.suppressing(ru.ID, &src, &dst, others)
	if it == nil {
		if kept != nil {
			f.hold(kept, h.Time)
			return
		}
		it = f.add(ru, &src, &dst, h.Time)
	}
	f.touch(it)
	f.move(it, &src, &dst)
	anew := it.Count > 0 && h.Time-it.Last > int64(quiet)
	it.seen(r, h, a, e, f.named(r.Site))
	it.Source.add(e.Source)
	it.Target.add(e.Target)
	for _, o := range others {
		it.Others = signal.Add(it.Others, o)
	}
	f.witness(it, r, h, a)
	f.weigh(it, ru, kept, h.Time, anew)
}

// ruleOf is the rule of an alert, read anew where it is another than before.
func (f *Findings) ruleOf(a *event.Alert) *rule {
	number := [2]uint64{a.GID, a.SID}
	ru := f.numbered[number]
	if a.Rule != "" {
		ru = f.rules[a.Rule]
	}
	if ru != nil && ru.Rev == a.Rev && ru.Priority == a.Severity && strings.HasPrefix(a.Title, ru.Title) {
		return ru
	}
	s := signal.RuleOf(a)
	if ru != nil && ru.Rev == s.Rev && ru.Priority == s.Priority && ru.Title == s.Title {
		return ru
	}
	ru = f.putRule(s)
	if f.rules[s.ID] == ru && a.Rule == "" {
		f.numbered[number] = ru
	}
	return ru
}

func (f *Findings) putRule(s *signal.Rule) *rule {
	ru := f.makeRule(s)
	if old := f.rules[s.ID]; old != nil || len(f.rules) < 2*f.needs.Config.Most {
		f.rules[s.ID], f.news[s.ID] = ru, ru
	}
	return ru
}

// makeRule is a rule with its techniques.
func (f *Findings) makeRule(s *signal.Rule) *rule {
	ru := &rule{Rule: s, techniques: []attack.Technique{}}
	words := []string{s.ID, s.Title, s.Category}
	if n, ok := signal.Number(s.ID); ok && s.Hospital {
		words = append(words, f.french[uint32(n[1])])
	}
	words = append(words, f.frenchOfLogs[s.ID])
	for _, id := range s.Techniques {
		t := f.attack.Technique(id)
		if !slices.ContainsFunc(ru.techniques, func(o attack.Technique) bool { return o.ID == t.ID }) {
			ru.techniques = append(ru.techniques, t)
			words = append(words, t.ID, t.Was, t.Name)
		}
	}
	for _, t := range ru.techniques {
		for _, x := range t.Tactics {
			ru.addTactic(x)
		}
	}
	for _, id := range s.Tactics {
		if x, ok := f.attack.Tactic(id); ok {
			ru.addTactic(x)
		}
	}
	ru.text = folded(words...)
	return ru
}

func (ru *rule) addTactic(x attack.Tactic) {
	if !slices.Contains(ru.tactics, x) {
		ru.tactics = append(ru.tactics, x)
	}
}

// Bounds of what is remembered of the inventory's answers.
const (
	endsFor  = time.Second
	mostEnds = 4096
)

// end is who is at an address.
func (f *Findings) end(a netip.Addr) end {
	a = a.Unmap()
	if f.needs.Devices == nil || !a.IsValid() {
		return end{Addr: a}
	}
	if now := f.needs.Clock.Now(); now.Sub(f.endsAt) >= endsFor || len(f.ends) >= mostEnds {
		clear(f.ends)
		f.endsAt = now
	}
	id, ok := f.ends[a]
	if !ok {
		id = f.needs.Devices.At(a)
		f.ends[a] = id
	}
	return end{Addr: a, Device: id}
}

// maxName is how long the name of a site, a sensor or a protocol may be, in bytes.
const maxName = 200

// named is a name as it may be kept, each once in memory.
func (f *Findings) named(site string) string {
	if s, ok := f.sites[site]; ok {
		return s
	}
	site = signal.Clip(site, maxName)
	if len(f.sites) < 10_000 {
		f.sites[site] = site
	}
	return site
}

// add makes a new finding, or finds the one into which it is folded.
func (f *Findings) add(ru *rule, src, dst *end, at int64) *item {
	f.fold(ru, src, dst)
	if src.Many || dst.Many {
		if it := f.find(ru, src, dst); it != nil {
			return it
		}
	}
	f.forget()
	f.last++
	it := &item{ID: f.last, Rule: ru.ID, rule: ru, Severity: ru.Severity, Source: *src, Target: *dst, First: at, Last: at,
		Word: word{Status: Open}, born: f.needs.Clock.Now()}
	f.index(it)
	if (src.Device == 0 && !src.Many || dst.Device == 0 && !dst.Many) && len(f.unnamed) < mostUnnamed {
		f.unnamed[it.ID] = it
	}
	return it
}

// seen counts an alert, and takes over where it was.
func (it *item) seen(r *event.Reader, h *event.Header, a *event.Alert, e signal.Ends, site string) {
	it.Count++
	it.First, it.Last = min(it.First, h.Time), max(it.Last, h.Time)
	it.Answer = e.Sender == e.Target && e.Source != e.Target
	it.Site, it.Port, it.Proto, it.Flow = site, e.Port, h.Proto, h.Flow
	if it.App != a.App {
		it.App = signal.Clip(a.App, maxName)
	}
}

// slot is where the event of that place is kept.
func slot(place uint64) int {
	if place <= firstSlots {
		return int(place) - 1
	}
	return firstSlots + int((place-1-firstSlots)%lastSlots)
}

// witness keeps an event as evidence: the first ones, and the last.
func (f *Findings) witness(it *item, r *event.Reader, h *event.Header, a *event.Alert) {
	if len(a.Record) > signal.MaxRecord {
		short := *a
		short.Record = ""
		a = &short
	}
	w := &it.fresh.evidence[slot(it.Count)]
	if w.lent {
		*w = witness{}
	}
	b := &f.batch
	b.Reset(r.Sensor, r.Site, r.ID)
	b.Add(h, a)
	w.place, w.batch, w.uid = it.Count, append(w.batch[:0], b.Bytes()...), r.EventID(w.uid[:0])
}

// weigh says what an alert changes: a finding is new, comes back, is another severity, or has fired anew after a silence or ten times
// as often.
func (f *Findings) weigh(it *item, ru *rule, kept *suppression, at int64, anew bool) {
	worse := it.Severity != ru.Severity
	it.rule, it.Severity = ru, ru.Severity
	now := f.needs.Clock.Now()
	switch {
	case it.Count == 1:
		f.happen(it, happening{Time: now, By: self, What: "created"})
		f.tell(it, created, "Create")
		f.wonder(it)
	case kept != nil:
		f.hold(kept, at)
	case it.Word.Status == Closed && (it.Word.Verdict != True || time.Unix(0, at).After(it.Word.At.Add(again))):
		f.open(it, "returned", now)
	case it.Word.Status == Snoozed && !now.Before(it.Word.Until):
		f.open(it, "woke", now)
	case worse && it.Word.Status == Open:
		f.happen(it, happening{Time: now, By: self, What: "severity", Reason: it.Severity.String()})
		f.tell(it, worsened, "Update")
	case it.Word.Status == Open && (anew || decade(it.Count)):
		f.tell(it, counted, "Update")
	case it.Word.Status == Open:
		f.mark(it, counted)
	}
}

// decade says whether a count is 10, 100, 1,000...
func decade(n uint64) bool {
	for n >= 10 && n%10 == 0 {
		n /= 10
		if n == 1 {
			return true
		}
	}
	return false
}

// open opens a finding again.
func (f *Findings) open(it *item, what string, now time.Time) {
	f.touch(it)
	if it.Word.Verdict != "" {
		it.Before = it.Word
	}
	it.Word = word{Status: Open}
	delete(f.snoozed, it.ID)
	f.happen(it, happening{Time: now, By: self, What: what})
	f.tell(it, returned, "Update")
}

// hold counts what is not shown.
func (f *Findings) hold(s *suppression, at int64) {
	s.Hits++
	s.Last = time.Unix(0, max(at, s.Last.UnixNano())).UTC()
	s.dirty = true
	f.count.kept.Inc()
}

// mark notes what is new for those who look.
func (f *Findings) mark(it *item, c change) {
	if f.needs.Live == nil {
		return
	}
	old, ok := f.told[it.ID]
	switch {
	case ok:
		f.told[it.ID] = max(old, c)
	case len(f.told) < mostMarked:
		f.told[it.ID] = c
	default:
		f.leftOff++
	}
}

const (
	mostMarked  = 1000            // findings that wait to be shown as changed
	mostUnnamed = 10_000          // findings of which an end may yet be named
	unnamedFor  = 2 * time.Minute // and for how long
)

// wake opens what was snoozed for long enough, and names ends that are known meanwhile.
func (f *Findings) wake() {
	now := f.needs.Clock.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, it := range f.snoozed {
		if !now.Before(it.Word.Until) {
			f.open(it, "woke", now)
			clock.Wake(f.dirty)
		}
	}
	for id, it := range f.unnamed {
		src, dst := f.end(it.Source.Addr).Device, f.end(it.Target.Addr).Device
		if src != 0 && it.Source.Device == 0 && !it.Source.Many || dst != 0 && it.Target.Device == 0 && !it.Target.Many {
			f.mark(f.name(it, src, dst), counted)
			clock.Wake(f.dirty)
		}
		if it.Source.Device != 0 && it.Target.Device != 0 || now.Sub(it.born) > unnamedFor {
			delete(f.unnamed, id)
		}
	}
}
