package inventory

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"bulwark/observe/inventory/internal/register"
)

// Defaults are the settings of an inventory that nobody configured.
func Defaults() Config {
	return Config{Addresses: 1 << 16, Silence: 24 * time.Hour, Learning: 7 * 24 * time.Hour}
}

// Times of the watch; nanoseconds of event time.
const (
	settling   = int64(time.Minute)      // until what was seen is told: a device that has moved must not be told as new
	sweepEvery = int64(10 * time.Minute) // how often it is looked who has fallen silent
	blind      = int64(10 * time.Minute) // a longer pause of everything is the sensor's, not the devices'
	acquainted = int64(time.Hour)        // until another version or class is a change, and not one fact more
	leanEvery  = int64(time.Hour)        // how often at least it is found out what leans on a device
	regular    = int64(24 * time.Hour)   // a device that was around for less may go untold
	firstWeek  = int64(7 * 24 * time.Hour)
	weekend    = int64(72 * time.Hour) // a silence that nobody wonders at before the first weekend is known
)

// Bounds of what is told and of what waits.
const (
	mostWaiting = 10_000
	mostTold    = 100 // of a kind of happening within an hour; more are counted
	mostJudged  = 2000
)

// standing is what is usual for a device, and what was told of it.
type standing struct {
	Born  int64  // when it was first seen
	Usual int64  `json:",omitempty"` // its longest pause, of those that the sensor was awake for
	Gone  bool   `json:",omitempty"` // it was told as vanished, or went untold
	Mute  bool   `json:",omitempty"` // and went untold
	Class string `json:",omitempty"` // what it was last taken for
	Tier  string `json:",omitempty"` // how much care was last taken to depend on it, 0 to 3; empty: not known

	last  int64 // when it was last seen, at the last sweep
	awake int64 // the watch's time then
}

// watch finds out what happens to devices. It is part of the inventory, under its lock.
type watch struct {
	silence, learning int64

	at, awake, swept int64 // time of the last event; time that the sensor has watched; that of the last sweep
	standings        map[register.DeviceID]*standing
	dirty            map[register.DeviceID]bool // standings to keep; false: they are gone
	learnt           map[register.DeviceID]bool // of which something new is known since the last sweep
	waiting          []hint
	told             map[string]int // happenings of a kind in this hour
	excess           map[string]int
	kept             []byte // what was noticed, as it is kept
	hour             int64
}

// hint is something that may have happened to a device. What it is worth shows when it has settled.
type hint struct {
	What   string
	At     int64
	Trace  register.TraceID
	Other  register.DeviceID `json:",omitempty"`
	Field  register.Field    `json:",omitempty"`
	Value  string            `json:",omitempty"`
	Source string            `json:",omitempty"`
}

func newWatch(c Config) watch {
	d := Defaults()
	return watch{silence: int64(cmp.Or(c.Silence, d.Silence)), learning: int64(cmp.Or(c.Learning, d.Learning)),
		standings: map[register.DeviceID]*standing{}, dirty: map[register.DeviceID]bool{}, learnt: map[register.DeviceID]bool{},
		told: map[string]int{}, excess: map[string]int{}}
}

func (w *watch) wait(h hint) {
	if len(w.waiting) < mostWaiting {
		w.waiting = append(w.waiting, h)
	}
}

// witness takes a change of identity. The lock is held.
func (i *Inventory) witness(c *register.Change) {
	w := &i.watch
	r := i.book.register
	h := hint{At: c.Time, Other: c.Other, Field: c.Field, Value: c.Value}
	if t := r.Current(c.Addr); t != nil {
		h.Trace = t.ID
	}
	switch c.Kind {
	case register.Appeared:
		h.What = Appeared
		w.wait(h)
	case register.Changed:
		h.What = ChangedOwner
		w.wait(h)
	case register.Moved, register.Joined:
		i.joined(c, h)
	case register.Split:
		i.parted(c)
	case register.Twice:
		i.tell(happening{what: Duplicated, device: c.Device, other: c.Other, at: c.Time, attribute: string(c.Field), value: c.Value,
			before: i.called(c.Device), after: i.called(c.Other), why: c.Why})
	case register.Crowded:
		i.tell(happening{what: Several, device: c.Device, at: c.Time, attribute: string(c.Field), addr: c.Addr,
			before: i.called(c.Device), after: i.shownBefore(c.Device, c.Field, math.MaxInt64), why: c.Why})
	case register.Dropped:
		w.leave(c.Device)
	}
}

// joined takes a device that turned out to be another. One that was known is told; one that has just come has moved.
func (i *Inventory) joined(c *register.Change, h hint) {
	w := &i.watch
	w.learnt[c.Device] = true
	old := w.standings[c.Other]
	if mine := w.standings[c.Device]; mine == nil && old != nil {
		w.standings[c.Device], w.dirty[c.Device] = old, true
	} else if old != nil {
		mine.Born = min(mine.Born, old.Born)
		w.dirty[c.Device] = true
	}
	known := old != nil
	w.leave(c.Other)
	if known && c.Kind == register.Joined {
		i.tell(happening{what: Joined, device: c.Device, other: c.Other, at: c.Time, addr: c.Addr, attribute: string(c.Field), value: c.Value,
			before: i.called(c.Other), after: i.called(c.Device), why: "known by its " + string(c.Field) + " " + c.Value})
		return
	}
	newest := slices.MaxFunc(i.book.register.Traces(c.Device), func(a, b *register.Trace) int { return cmp.Compare(a.First, b.First) })
	h.What, h.Trace = Moved, newest.ID
	w.wait(h)
}

// parted takes a device that turned out to be two.
func (i *Inventory) parted(c *register.Change) {
	w := &i.watch
	w.learnt[c.Device], w.learnt[c.Other] = true, true
	mine := w.standings[c.Device]
	if mine == nil {
		return // the one is as new as the other
	}
	s := *mine
	w.standings[c.Other], w.dirty[c.Other] = &s, true
	i.tell(happening{what: Split, device: c.Device, other: c.Other, at: c.Time, addr: c.Addr, attribute: string(c.Field), value: c.Value,
		before: i.called(c.Device), after: i.called(c.Other), why: c.Why})
}

func (w *watch) leave(d register.DeviceID) {
	if w.standings[d] != nil {
		delete(w.standings, d)
		w.dirty[d] = false
	}
	delete(w.learnt, d)
}

// learnt takes a fact that is new of a trace. The lock is held.
func (i *Inventory) learnt(t *register.Trace, f *register.Fact) {
	w := &i.watch
	s := w.standings[t.Device]
	if s == nil {
		return // all of it is new
	}
	w.learnt[t.Device] = true
	h := hint{At: f.First, Trace: t.ID, Field: f.Field, Value: f.Value, Source: f.Source}
	age := f.First - s.Born
	switch f.Field {
	case register.Software, register.Model, register.Announces:
		if age < acquainted {
			return
		}
		h.What = Changed
	case register.Serves:
		h.What = Serves
	case register.Uses:
		h.What = Uses
	default:
		return
	}
	if h.What == Changed || age >= w.learning {
		w.wait(h)
	}
}

// advance tells what has settled by the time of the last event, and looks now and then who has fallen silent. The lock
// is held.
func (i *Inventory) advance() {
	w := &i.watch
	if now := i.book.now; now != w.at {
		if w.at != 0 && now > w.at {
			w.awake += min(now-w.at, blind)
		}
		w.at = now
	}
	i.settle(w.at - settling)
	if w.awake-w.swept >= sweepEvery {
		w.swept = w.awake
		i.sweep()
	}
}

// settle tells what was seen until then.
func (i *Inventory) settle(until int64) {
	w := &i.watch
	n := 0
	for n < len(w.waiting) && (w.waiting[n].At <= until || w.waiting[n].At > w.at+settling) {
		n++
	}
	if n == 0 {
		return
	}
	due := slices.Clone(w.waiting[:n])
	w.waiting = slices.Delete(w.waiting, 0, n)
	for k := range due {
		i.weigh(&due[k])
	}
}

// weigh tells a hint when it still holds.
func (i *Inventory) weigh(h *hint) {
	w := &i.watch
	t := i.book.register.Trace(h.Trace)
	if t == nil {
		return
	}
	s := w.standings[t.Device]
	x := happening{what: h.What, device: t.Device, at: h.At, addr: t.Addr}
	switch {
	case h.What == Appeared:
		if s == nil {
			i.welcome(t.Device, t.First)
			i.tell(i.appeared(t.Device, h.At, t.Addr))
		}
		return
	case s == nil:
		return
	case h.What == Moved:
		i.tellMove(h, t)
		return
	case h.What == ChangedOwner:
		if h.Other == t.Device || len(i.book.register.Traces(h.Other)) == 0 {
			return
		}
		x.other, x.attribute, x.value, x.before, x.after = h.Other, string(h.Field), h.Value, i.called(h.Other), i.called(t.Device)
	default:
		before, known := i.before(t, h)
		if known || h.What == Changed && before == "" {
			return
		}
		if h.What != Changed {
			before = i.shownBefore(t.Device, h.Field, h.At)
		}
		x.attribute, x.before, x.after, x.why = string(h.Field), before, h.Value, "by "+h.Source
	}
	i.tell(x)
}

// tellMove tells that a device is at another address, or at one more. A device's first address of a family is no move, nor
// is one more that it has made up in the same network (RFC 8981).
func (i *Inventory) tellMove(h *hint, t *register.Trace) {
	var last *register.Trace
	for _, o := range i.book.register.Traces(t.Device) {
		if o.ID == t.ID || o.Addr.Is4() != t.Addr.Is4() || o.First > t.First || o.Addr == t.Addr {
			continue
		}
		if t.Addr.Is6() && (o.Addr.IsLinkLocalUnicast() || network64(o.Addr) == network64(t.Addr)) {
			return
		}
		if last == nil || o.Last > last.Last {
			last = o
		}
	}
	if last == nil || t.Addr.IsLinkLocalUnicast() && t.Addr.Is6() {
		return
	}
	x := happening{what: Moved, device: t.Device, at: h.At, addr: t.Addr, attribute: "address", value: h.Value, before: last.Addr.String(), after: t.Addr.String(),
		why: "known by its " + string(h.Field) + " " + h.Value}
	if !last.Over && last.Last > t.First {
		x.what = AddedAddress
	}
	i.tell(x)
}

func network64(a netip.Addr) netip.Prefix {
	p, _ := a.Prefix(64) // an IPv6 address has one
	return p
}

// before is what was known of a device's field before a hint, by the same source; known says that the value itself was.
func (i *Inventory) before(t *register.Trace, h *hint) (value string, known bool) {
	var best *register.Fact
	for _, o := range i.book.register.Traces(t.Device) {
		for k := range o.Facts {
			f := &o.Facts[k]
			if f.Field != h.Field || f.First >= h.At {
				continue
			}
			if f.Value == h.Value {
				return "", true
			}
			if f.Source == h.Source && (best == nil || cmp.Or(cmp.Compare(alike(f.Value, h.Value), alike(best.Value, h.Value)), cmp.Compare(f.Last, best.Last)) > 0) {
				best = f
			}
		}
	}
	if best == nil || h.What != Changed {
		return "", false
	}
	return best.Value, false
}

// alike is how many bytes two values begin with alike: another version of the same program has most.
func alike(a, b string) (n int) {
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// welcome begins the standing of a device.
func (i *Inventory) welcome(d register.DeviceID, born int64) {
	w := &i.watch
	w.standings[d] = &standing{Born: born, Class: i.verdict(d).Class, Tier: i.device(d).Tier.standing().text(), last: w.at, awake: w.awake}
	w.dirty[d] = true
}

// sweep looks at all devices: who has fallen silent, who is back, who is taken for another class.
func (i *Inventory) sweep() {
	w := &i.watch
	var silent, back, new []register.DeviceID
	i.book.register.Each(func(d register.DeviceID, traces []*register.Trace) {
		first, last := register.Span(traces)
		s := w.standings[d]
		switch {
		case s == nil:
			if first < w.at-settling {
				new = append(new, d)
			}
		case last > s.last:
			pause := w.awake - s.awake
			if s.Gone {
				back = append(back, d)
			}
			if pause > 2*sweepEvery && pause > s.Usual-s.Usual/64 {
				s.Usual = max(pause, s.Usual-s.Usual/64)
				w.dirty[d] = true
			}
			if !s.Gone {
				s.last, s.awake = last, w.awake
			}
		case !s.Gone && w.awake-s.awake > w.patience(s):
			silent = append(silent, d)
		}
	})
	for _, all := range [...][]register.DeviceID{silent, back, new} {
		slices.Sort(all)
	}
	i.silent(silent)
	i.back(back)
	for _, d := range new {
		all := i.book.register.Traces(d)
		i.welcome(d, all[0].First)
		i.tell(i.appeared(d, w.at, all[len(all)-1].Addr))
	}
	if w.at-i.leansAt >= leanEvery {
		i.lean()
	}
	i.reclass()
	i.summarise()
}

// patience is how long a device may be silent.
func (w *watch) patience(s *standing) int64 {
	p := max(w.silence, s.Usual+s.Usual/2)
	if w.at-s.Born < firstWeek {
		p = max(p, min(weekend, 3*w.silence))
	}
	return p
}

func (i *Inventory) silent(all []register.DeviceID) {
	w := &i.watch
	for _, d := range all {
		s := w.standings[d]
		s.Gone, s.Mute = true, s.last-s.Born < regular && !i.confirmed(d)
		w.dirty[d] = true
		if !s.Mute {
			i.tell(happening{what: Vanished, device: d, at: w.at, attribute: "last seen", before: at(s.last).Format(time.RFC3339), after: "silent",
				why: "not seen for " + spell(w.awake-s.awake) + "; its longest pause was " + spell(s.Usual)})
		}
	}
}

func (i *Inventory) back(all []register.DeviceID) {
	w := &i.watch
	for _, d := range all {
		s := w.standings[d]
		if !s.Mute {
			i.tell(happening{what: Returned, device: d, at: w.at, attribute: "last seen", before: at(s.last).Format(time.RFC3339), after: at(w.at).Format(time.RFC3339),
				why: "it was away for " + spell(w.awake-s.awake)})
		}
		s.Gone, s.Mute, s.last, s.awake = false, false, w.at, w.awake
		w.dirty[d] = true
	}
}

// spell is a span of time in whole minutes, as "3h20m".
func spell(ns int64) string {
	return cmp.Or(strings.TrimSuffix(time.Duration(ns).Truncate(time.Minute).String(), "0s"), "0m")
}

// reclass tells which devices are taken for another class than before, of those of which something new is known.
func (i *Inventory) reclass() {
	w := &i.watch
	all := slices.Sorted(maps.Keys(w.learnt))
	for _, d := range all[:min(len(all), mostJudged)] {
		delete(w.learnt, d)
		s := w.standings[d]
		if s == nil || len(i.book.register.Traces(d)) == 0 {
			continue
		}
		i.retier(d, s, w.at, "")
		v := i.verdict(d)
		if v.Class == "" || v.Class == s.Class {
			continue
		}
		if s.Class != "" && w.at-s.Born >= acquainted {
			i.tell(happening{what: Changed, device: d, at: w.at, attribute: "class", before: s.Class, after: v.Class, why: strings.Join(v.Why, "; ")})
		}
		s.Class = v.Class
		w.dirty[d] = true
	}
}

// retier tells that more or less care depends on a device than was taken, once it is known for a while.
func (i *Inventory) retier(d register.DeviceID, s *standing, now int64, why string) {
	t := i.device(d).Tier
	tier := t.standing().text()
	if tier == s.Tier {
		return
	}
	if why == "" {
		why = t.Why
	}
	if now-s.Born >= acquainted || t.Tier != NotKnown {
		i.tell(happening{what: Changed, device: d, at: now, attribute: "tier", before: cmp.Or(s.Tier, unknown), after: cmp.Or(tier, unknown), why: why})
	}
	s.Tier = tier
	i.watch.dirty[d] = true
}

// resume takes up the devices' silence where it was.
func (i *Inventory) resume() {
	w := &i.watch
	i.book.register.Each(func(d register.DeviceID, traces []*register.Trace) {
		_, last := register.Span(traces)
		if s := w.standings[d]; s != nil {
			s.last, s.awake = last, max(0, w.awake-max(0, w.at-last))
		}
	})
}

// noticed is what a watch has noticed and not told yet, as it is kept.
type noticed struct {
	Waiting []hint              `json:",omitempty"`
	Learnt  []register.DeviceID `json:",omitempty"`
	Told    map[string]int      `json:",omitempty"`
	Excess  map[string]int      `json:",omitempty"`
	Hour    int64
}

// remember is what was noticed and is not told yet.
func (w *watch) remember() ([]byte, error) {
	n := noticed{Waiting: w.waiting, Learnt: slices.Sorted(maps.Keys(w.learnt)), Told: w.told, Excess: w.excess, Hour: w.hour}
	return json.Marshal(n)
}

// recall takes up what was noticed.
func (w *watch) recall(doc []byte) error {
	var n noticed
	if err := json.Unmarshal(doc, &n); err != nil {
		return err
	}
	w.waiting = n.Waiting
	for _, d := range n.Learnt {
		w.learnt[d] = true
	}
	maps.Copy(w.told, n.Told)
	maps.Copy(w.excess, n.Excess)
	w.hour = n.Hour
	return nil
}

// collect hands out the standings to keep, and what was noticed where it is another than was kept.
func (w *watch) collect(p *pending) error {
	doc, err := w.remember()
	if err != nil {
		return err
	}
	if p.whole || !bytes.Equal(doc, w.kept) {
		p.watch = []watchRow{{Name: "noticed", Doc: doc}}
		w.kept = doc
	}
	if p.whole {
		for d := range w.standings {
			w.dirty[d] = true
		}
	}
	for _, d := range slices.Sorted(maps.Keys(w.dirty)) {
		s := w.standings[d]
		if s == nil {
			p.left = append(p.left, d)
			continue
		}
		doc, err := json.Marshal(s)
		if err != nil {
			return err
		}
		p.stands = append(p.stands, standingRow{Device: int64(d), Doc: doc})
	}
	clear(w.dirty)
	return nil
}
