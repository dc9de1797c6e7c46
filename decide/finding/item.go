package finding

import (
	"cmp"
	"hash/maphash"
	"net/netip"
	"slices"
	"strings"
	"time"

	"bulwark/decide/finding/internal/signal"
)

// Status is whether a finding is to be looked at.
type Status string

// The statuses.
const (
	Open    Status = "open"
	Snoozed Status = "snoozed"
	Closed  Status = "closed"
)

// Verdict is what a person said of a finding.
type Verdict string

// The verdicts. The last two are none, but what is done.
const (
	True     Verdict = "true"     // it is what the rule says, and was dealt with
	False    Verdict = "false"    // the rule is wrong here
	Benign   Verdict = "benign"   // the rule is right, and it is allowed
	Suppress Verdict = "suppress" // it is not to be shown
	Snooze   Verdict = "snooze"
	Reopen   Verdict = "reopen"
)

// item is a finding as it is held.
type item struct {
	ID       uint64          `json:"-"`
	Rule     string          `json:"rule"`
	Severity signal.Severity `json:"severity"`
	Source   end             `json:"source"`
	Target   end             `json:"target"`
	Answer   bool            `json:"answer,omitempty"` // what matched was sent by the target
	Others   []signal.Entity `json:"others,omitempty"`
	Site     string          `json:"site,omitempty"`
	App      string          `json:"app,omitempty"`
	Port     uint16          `json:"port,omitempty"`
	Proto    uint8           `json:"proto,omitempty"`
	Flow     uint64          `json:"flow,omitempty"`
	First    int64           `json:"first"`
	Last     int64           `json:"last"`
	Count    uint64          `json:"count"`
	Word     word            `json:"word"`
	Before   word            `json:"before,omitzero"` // what was said of it before it came back

	rule  *rule
	fresh *fresh // what is not kept yet; nil: all is
	gen   uint64 // how often it was changed
	pos   int    // place among all
	born  time.Time
}

// word is what people said of a finding last.
type word struct {
	Status  Status    `json:"status"`
	Verdict Verdict   `json:"verdict,omitempty"`
	By      string    `json:"by,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	Scope   Scope     `json:"scope,omitempty"`
}

// fresh is what is new of a finding's evidence and history.
type fresh struct {
	evidence [slots]witness
	history  []happening
}

// Slots of evidence: the first events, and behind them the last in turn.
const (
	firstSlots = 4
	lastSlots  = 4
	slots      = firstSlots + lastSlots
)

// witness is an event that a finding rests on.
type witness struct {
	uid   []byte
	place uint64 // the how-manieth it is, from 1; 0: none
	batch []byte // of this event alone
	lent  bool   // uid and batch are being kept: they are not to be written over
}

// happening is a line of a finding's history.
type happening struct {
	id      uint64
	Time    time.Time `json:"time"`
	By      string    `json:"by"`
	What    string    `json:"what"` // created, returned, woke, severity, verdict, snooze, reopen
	Verdict Verdict   `json:"verdict,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Until   time.Time `json:"until,omitzero"`
	Scope   Scope     `json:"scope,omitempty"`
}

// end is one of those between whom a rule matched: a device, an address, or many.
type end struct {
	Addr   netip.Addr   `json:"addr,omitzero"`
	Device uint64       `json:"device,omitempty"`
	Host   string       `json:"host,omitempty"` // a machine of which a log says no more than its name
	Many   bool         `json:"many,omitempty"`
	Some   []netip.Addr `json:"some,omitempty"` // of many, the first; of a device, where it was before
}

// mostSome is how many of many are named.
const mostSome = 8

// place is what makes two ends one: the device, or else the address.
type place struct {
	addr   netip.Addr
	host   string
	device uint64
	many   bool
}

func (e *end) place() place {
	switch {
	case e.Many:
		return place{many: true}
	case e.Device != 0:
		return place{device: e.Device}
	}
	return place{addr: e.Addr, host: e.Host}
}

// where is the place of an end by its address.
func (e *end) where() place {
	if e.Many {
		return place{many: true}
	}
	return place{addr: e.Addr, host: e.Host}
}

// compatible reports whether one that was known by its address may be another.
func (e *end) compatible(o *end) bool {
	return e.Many == o.Many && (e.Many || e.Addr == o.Addr && e.Host == o.Host && (e.Device == 0 || o.Device == 0 || e.Device == o.Device) || e.Device != 0 && e.Device == o.Device)
}

// said is what people said of a finding last, though it may have come back since.
func (it *item) said() *word {
	if it.Word.Verdict == "" {
		return &it.Before
	}
	return &it.Word
}

type pair struct {
	rule string
	a, b place
}

// key is by what a finding is found.
func (f *Findings) key(rule string, a, b place) uint64 {
	return maphash.Comparable(f.seed, pair{rule, a, b})
}

// find is the finding of a rule between two ends; nil: there is none yet. Where one that was known by its addresses, and one of
// these devices elsewhere, turn out to be the same, they become one.
func (f *Findings) find(ru *rule, src, dst *end) *item {
	it := f.keys[f.key(ru.ID, src.place(), dst.place())]
	if it != nil && it.between(ru.ID, src, dst) && it.Source.where() == src.where() && it.Target.where() == dst.where() {
		return it
	}
	if it != nil && !it.between(ru.ID, src, dst) {
		it = nil
	}
	if o := f.keys[f.key(ru.ID, src.where(), dst.where())]; o != nil && o != it && o.between(ru.ID, src, dst) {
		it = f.name(o, src.Device, dst.Device)
	}
	return it
}

func (it *item) between(rule string, src, dst *end) bool {
	return it.Rule == rule && it.Source.compatible(src) && it.Target.compatible(dst)
}

// name takes over the devices that an item's ends turned out to be. Where there is one between these already the two become one,
// which is returned.
func (f *Findings) name(it *item, src, dst uint64) *item {
	return f.rename(it, cmp.Or(it.Source.Device, src), cmp.Or(it.Target.Device, dst))
}

func (f *Findings) rename(it *item, src, dst uint64) *item {
	if it.Source.Device == src && it.Target.Device == dst {
		return it
	}
	f.touch(it)
	f.unlocate(it)
	it.Source.Device, it.Target.Device = src, dst
	if o := f.keys[f.key(it.Rule, it.Source.place(), it.Target.place())]; o != nil && o.between(it.Rule, &it.Source, &it.Target) {
		return f.merge(o, it)
	}
	f.locate(it)
	return it
}

// unlocate makes an item not found by its ends any more.
func (f *Findings) unlocate(it *item) {
	for _, k := range [...]uint64{f.key(it.Rule, it.Source.where(), it.Target.where()), f.key(it.Rule, it.Source.place(), it.Target.place())} {
		if f.keys[k] == it {
			delete(f.keys, k)
		}
	}
}

// locate makes an item found by its ends: by who they are, and by their addresses.
func (f *Findings) locate(it *item) {
	f.keys[f.key(it.Rule, it.Source.where(), it.Target.where())] = it
	f.keys[f.key(it.Rule, it.Source.place(), it.Target.place())] = it
}

// widths are the keys under which it is counted how many findings one rule makes of one end.
func (f *Findings) widths(it *item) [2]uint64 {
	return [2]uint64{f.key(it.Rule, it.Source.where(), place{many: true}), f.key(it.Rule, place{many: true}, it.Target.where())}
}

// widen counts a finding with each of its ends, or takes it away again.
func (f *Findings) widen(it *item, by int32) {
	if it.Source.Many || it.Target.Many {
		return
	}
	for _, w := range f.widths(it) {
		if f.wide[w] += uint32(by); f.wide[w] == 0 {
			delete(f.wide, w)
		}
	}
}

// index makes an item findable.
func (f *Findings) index(it *item) {
	f.items[it.ID] = it
	it.pos = len(f.every)
	f.every = append(f.every, it)
	f.locate(it)
	f.widen(it, 1)
	if it.Word.Status == Snoozed {
		f.snoozed[it.ID] = it
	}
}

// remove makes an item forgotten.
func (f *Findings) remove(it *item) {
	last := f.every[len(f.every)-1]
	f.every[it.pos], last.pos = last, it.pos
	f.every = f.every[:len(f.every)-1]
	f.unlocate(it)
	f.widen(it, -1)
	for _, m := range [...]map[uint64]*item{f.items, f.snoozed, f.unnamed, f.changed} {
		delete(m, it.ID)
	}
	if f.copying != nil {
		delete(f.copying.due, it.ID)
	}
	delete(f.told, it.ID)
	f.gone = append(f.gone, it.ID)
}

// fold makes one of two ends many, where the rule has found the other with too many already.
func (f *Findings) fold(ru *rule, src, dst *end) {
	most := uint32(f.needs.Config.Wide)
	out := f.wide[f.key(ru.ID, src.where(), place{many: true})]
	in := f.wide[f.key(ru.ID, place{many: true}, dst.where())]
	switch {
	case out >= most && out >= in:
		*dst = end{Many: true}
	case in >= most:
		*src = end{Many: true}
	}
}

// add names one more of many.
func (e *end) add(a netip.Addr) {
	if e.Many {
		e.name(a)
	}
}

func (e *end) name(a netip.Addr) {
	if a.IsValid() && len(e.Some) < mostSome && !slices.Contains(e.Some, a) {
		e.Some = append(e.Some, a)
	}
}

// touch notes that an item will not be as it was kept. It is called before the item is changed: one that is being kept is copied.
func (f *Findings) touch(it *item) {
	if f.copying != nil && f.copying.due[it.ID] == it {
		f.copying.copy(it)
	}
	if it.fresh == nil {
		it.fresh = &fresh{}
	}
	it.gen++
	f.changed[it.ID] = it
}

// happen adds to an item's history.
func (f *Findings) happen(it *item, h happening) {
	f.touch(it)
	f.lastWord++
	h.id = f.lastWord
	if len(it.fresh.history) < mostHistory {
		it.fresh.history = append(it.fresh.history, h)
	}
}

// mostHistory is how many lines of a history wait to be kept, and are shown.
const mostHistory = 200

// folded is a text without case.
func folded(all ...string) string { return strings.ToLower(strings.Join(all, " ")) }
