package inventory

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"bulwark/content/classes"
	"bulwark/content/names"
	"bulwark/content/systems"
	"bulwark/observe/inventory/internal/links"
	"bulwark/observe/inventory/internal/register"
)

// Device is a device as people and exports see it.
type Device struct {
	ID        uint64    `json:"id"`
	Name      string    `json:"name"` // what people call it, else what it calls itself, else its address
	Class     Class     `json:"class"`
	Tier      TierView  `json:"tier"`
	Addresses []Address `json:"addresses"`
	MACs      []string  `json:"macs,omitempty"`
	Hostnames []string  `json:"hostnames,omitempty"`
	called    string    // the one name that others call it by
	AETitles  []string  `json:"ae_titles,omitempty"`
	Vendor    string    `json:"vendor,omitempty"`
	Card      string    `json:"card,omitempty"` // who made its network card, where the maker of the device is not known
	Model     string    `json:"model,omitempty"`
	Serial    string    `json:"serial,omitempty"`
	OS        string    `json:"os,omitempty"` // operating system, by the evidence
	OSSure    string    `json:"os_sure,omitempty"`
	OSWhy     []string  `json:"os_why,omitempty"`
	Software  []string  `json:"software,omitempty"`
	Serves    []string  `json:"serves,omitempty"`
	Uses      []string  `json:"uses,omitempty"`
	First     time.Time `json:"first_seen"`
	Last      time.Time `json:"last_seen"`
	Several   bool      `json:"several,omitempty"` // several devices speak behind its address
	Word      Word      `json:"word"`
	Facts     []Fact    `json:"facts,omitempty"`  // in the detail only
	Rhythm    *Rhythm   `json:"rhythm,omitempty"` // in the detail only: of what it serves and uses
	When      *When     `json:"when,omitempty"`   // likewise
}

// Class is what a device is taken for.
type Class struct {
	Name     string   `json:"name"`           // empty: unknown
	By       string   `json:"by"`             // person or evidence
	Sure     string   `json:"sure,omitempty"` // certain, likely or possible
	Why      []string `json:"why,omitempty"`
	Rival    string   `json:"rival,omitempty"` // what it may be instead
	Evidence string   `json:"evidence,omitempty"`
}

// TierView is how much care depends on a device.
type TierView struct {
	Tier      Tier      `json:"tier"` // -1: not known, handled as 1
	Proposed  Tier      `json:"proposed"`
	Why       string    `json:"why,omitempty"`
	Confirmed time.Time `json:"confirmed,omitzero"`
	By        string    `json:"by,omitempty"`
}

// Address is where a device is or was.
type Address struct {
	Trace uint64     `json:"trace"`
	Addr  netip.Addr `json:"address"`
	First time.Time  `json:"first_seen"`
	Last  time.Time  `json:"last_seen"`
	Now   bool       `json:"now"` // it is still its own
}

// Fact is one thing that is known, with where from.
type Fact struct {
	Field  string     `json:"field"`
	Value  string     `json:"value"`
	Source string     `json:"source"`
	Sure   string     `json:"sure"`
	Addr   netip.Addr `json:"address"`
	First  time.Time  `json:"first_seen"`
	Last   time.Time  `json:"last_seen"`
	Count  uint32     `json:"count"`
	Shared string     `json:"shared,omitempty"` // why it is not taken for the device's own
}

// factsOf hand the facts of a device to the classes: those that it has told or shown, the maker of its network cards as
// "oui", "crowd" where several devices speak behind its address, and as "place" whether that is the first or the last of its
// 256, where the way out is by custom.
type factsOf struct {
	i      *Inventory
	traces []*register.Trace
}

func (f factsOf) Each(fn func(field, value string) bool) {
	for _, t := range f.traces {
		if t.Crowd != "" && !fn("crowd", string(t.Crowd)) || t.Addr.Is4() && !fn("place", place(t.Addr)) {
			return
		}
		for i := range t.Facts {
			x := &t.Facts[i]
			if !fn(string(x.Field), x.Value) {
				return
			}
			if x.Field == register.MAC && f.i.book.register.Shared(t.Device, x.Field, x.Value) == "" && !fn("oui", f.i.makers.Of(x.Value)) {
				return
			}
		}
	}
}

// place is where an address is in its network of 256, by its last number.
func place(a netip.Addr) string {
	switch a.As4()[3] {
	case 1:
		return "first"
	case 254:
		return "last"
	}
	return "between"
}

// judged is a verdict with the version of the facts that it rests on.
type judged struct {
	version uint64
	classes.Verdict
	system systems.Verdict
}

// verdict is what the evidence says of a device. The lock for writing is held.
func (i *Inventory) verdict(d register.DeviceID) judged {
	v := i.book.register.Version(d)
	if j, ok := i.verdicts[d]; ok && j.version == v {
		return j
	}
	facts := factsOf{i, i.book.register.Traces(d)}
	j := judged{v, i.judges.Judge(facts), i.systems.Judge(facts)}
	i.verdicts[d] = j
	return j
}

// Show is one device with all its facts.
func (i *Inventory) Show(id uint64) (Device, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.lean()
	traces := i.book.register.Traces(register.DeviceID(id))
	if len(traces) == 0 {
		return Device{}, fmt.Errorf("%w: %d", ErrNoDevice, id)
	}
	d := i.view(register.Device{ID: register.DeviceID(id), Traces: traces})
	week := i.rhythm(traces, true, false)
	d.Rhythm, d.When = &week, week.when(known(traces))
	for _, t := range traces {
		for _, f := range t.Facts {
			d.Facts = append(d.Facts, Fact{Field: string(f.Field), Value: f.Value, Source: f.Source, Sure: f.Sure.String(), Addr: t.Addr,
				First: at(f.First), Last: at(f.Last), Count: f.Count, Shared: i.book.register.Shared(t.Device, f.Field, f.Value)})
		}
	}
	return d, nil
}

func at(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// seen fills in where and when a device was seen.
func (v *Device) seen(traces []*register.Trace) {
	v.First, v.Last, v.Several, v.Addresses = time.Time{}, time.Time{}, false, make([]Address, 0, len(traces))
	for _, t := range traces {
		if v.First.IsZero() || at(t.First).Before(v.First) {
			v.First = at(t.First)
		}
		if at(t.Last).After(v.Last) {
			v.Last = at(t.Last)
		}
		v.Several = v.Several || t.Crowd != ""
		v.Addresses = append(v.Addresses, Address{Trace: uint64(t.ID), Addr: t.Addr, First: at(t.First), Last: at(t.Last), Now: !t.Over})
	}
	slices.SortStableFunc(v.Addresses, func(a, b Address) int { return cmp.Or(compare(b.Now, a.Now), b.Last.Compare(a.Last)) })
}

func (i *Inventory) view(d register.Device) Device {
	v := Device{ID: uint64(d.ID), Word: i.words[d.ID]}
	v.seen(d.Traces)
	p := picker{i.book.register, d.Traces}
	v.MACs, v.Hostnames, v.AETitles = p.own(register.MAC), p.own(register.Hostname), p.own(register.AE)
	if called := p.own(register.CalledAs); len(called) == 1 && !i.book.register.Generic(called[0]) { // of several none is its own
		v.called = called[0]
	}
	v.Vendor, v.Model = p.best(register.Vendor), p.best(register.Model)
	if v.Vendor == "" && len(v.MACs) > 0 && !v.Several {
		v.Card = i.makers.Of(v.MACs[0])
	}
	v.Serial = p.best(register.Serial)
	if _, serial, ok := strings.Cut(v.Serial, "/"); ok {
		v.Serial = serial
	}
	v.Software, v.Serves, v.Uses = p.all(register.Software), p.all(register.Serves), p.all(register.Uses)
	i.judge(&v, d.ID)
	v.Name = i.name(&v)
	return v
}

func compare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// judge fills in class and tier.
func (i *Inventory) judge(v *Device, d register.DeviceID) {
	j := i.verdict(d)
	if !v.Several { // else it is that of one of them
		v.OS, v.OSSure, v.OSWhy = j.system.Name, sureOf(j.system.Points), j.system.Why
	}
	verdict := j.Verdict
	v.Class = Class{Name: verdict.Class, By: "evidence", Why: verdict.Why, Rival: verdict.Rival, Evidence: verdict.Class}
	v.Class.Sure = sureOf(verdict.Points)
	if v.Word.Class != "" {
		v.Class.Name, v.Class.By, v.Class.Sure, v.Class.Rival = v.Word.Class, "person", register.Certain.String(), ""
	}
	v.Tier = i.tier(v, d)
}

// sureOf is how sure it is what points speak for; empty for none.
func sureOf(points int) string {
	switch {
	case points >= classes.Settled:
		return register.Certain.String()
	case points >= classes.Likely:
		return register.Likely.String()
	case points > 0:
		return register.Possible.String()
	}
	return ""
}

// tier is how much care depends on a device of the class that v has.
func (i *Inventory) tier(v *Device, d register.DeviceID) TierView {
	t := TierView{Tier: NotKnown, Proposed: NotKnown}
	if c := i.class(v.Class.Name); c != nil {
		t.Proposed = Tier(c.Tier)
		if t.Proposed != NotKnown {
			t.Why = "usual for " + c.Name
		}
	}
	t.Proposed, t.Why = i.leans[d].raise(t.Proposed, t.Why)
	if v.Word.Rev > 0 && v.Word.Tier != NotKnown {
		t.Tier, t.Confirmed, t.By = v.Word.Tier, v.Word.Confirmed, v.Word.By
	}
	return t
}

// name is what a device is called in a list: what people say, what it calls itself, what its maker does, or who made it and
// where it is. Names that tell no device from another are left out.
func (i *Inventory) name(v *Device) string {
	if v.Word.Name != "" {
		return v.Word.Name
	}
	own := slices.DeleteFunc(slices.Clone(v.Hostnames), i.book.register.Generic)
	for _, h := range own {
		if strings.Trim(h, "0123456789abcdef-") != "" { // not a number that serves as a name
			return h
		}
	}
	switch {
	case len(own) > 0:
		return own[0]
	case len(v.AETitles) > 0:
		return v.AETitles[0]
	case v.Model != "" && v.Serial != "":
		return v.Model + " " + v.Serial
	case v.Model != "":
		return v.Model
	case v.called != "":
		return v.called
	case len(v.Addresses) > 0:
		return strings.TrimLeft(names.Short(cmp.Or(v.Vendor, v.Card))+" "+v.Addresses[0].Addr.String(), " ")
	}
	return fmt.Sprint(v.ID)
}

// picker takes values out of the facts of a device.
type picker struct {
	register *register.Register
	traces   []*register.Trace
}

// best is the value that is surest, then the one seen last.
func (p picker) best(f register.Field) string {
	var best *register.Fact
	for _, t := range p.traces {
		for j := range t.Facts {
			if x := &t.Facts[j]; x.Field == f && (best == nil || cmp.Or(cmp.Compare(x.Sure, best.Sure), cmp.Compare(x.Last, best.Last), cmp.Compare(x.Value, best.Value)) > 0) {
				best = x
			}
		}
	}
	if best == nil {
		return ""
	}
	return best.Value
}

// all are the values of a field, the surest first.
func (p picker) all(f register.Field) []string {
	sure := map[string]register.Sure{}
	for _, t := range p.traces {
		for j := range t.Facts {
			if x := &t.Facts[j]; x.Field == f {
				sure[x.Value] = max(sure[x.Value], x.Sure)
			}
		}
	}
	return slices.SortedFunc(maps.Keys(sure), func(a, b string) int { return cmp.Or(cmp.Compare(sure[b], sure[a]), cmp.Compare(a, b)) })
}

// own are the values of an identifier that nobody else has.
func (p picker) own(f register.Field) []string {
	return slices.DeleteFunc(p.all(f), func(v string) bool { return p.register.Shared(p.traces[0].Device, f, v) != "" })
}

// Use is a service that a device gives or takes.
type Use struct {
	App           string    `json:"app"`
	Device        uint64    `json:"device"` // the other end; 0: outside the hospital
	Name          string    `json:"name"`
	Class         string    `json:"class,omitempty"`
	Gives         bool      `json:"gives"` // the device is the one that serves
	Conversations uint64    `json:"conversations"`
	BytesOut      uint64    `json:"bytes_out"` // by the one who uses it
	BytesIn       uint64    `json:"bytes_in"`
	First         time.Time `json:"first_seen"`
	Last          time.Time `json:"last_seen"`
	Hours         [24]int   `json:"hours"` // conversations by hour of the day, UTC
}

// Uses are what a device gives and takes, the most used first.
func (i *Inventory) Uses(id uint64) ([]Use, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.lean()
	own := i.book.register.Traces(register.DeviceID(id))
	if len(own) == 0 {
		return nil, fmt.Errorf("%w: %d", ErrNoDevice, id)
	}
	mine := map[register.TraceID]bool{}
	for _, t := range own {
		mine[t.ID] = true
	}
	type key struct {
		app   string
		other register.DeviceID
		gives bool
	}
	sums := map[key]*Use{}
	i.book.links.All(func(k links.Key, u *links.Use) {
		gives := mine[k.To]
		if gives == mine[k.From] {
			return // between others, or with itself
		}
		other := k.To
		if gives {
			other = k.From
		}
		with := key{k.App, i.book.register.DeviceOf(other), gives}
		s := sums[with]
		if s == nil {
			s = &Use{App: k.App, Device: uint64(with.other), Gives: gives, First: at(u.First)}
			sums[with] = s
		}
		s.Conversations, s.BytesOut, s.BytesIn = s.Conversations+u.Conversations, s.BytesOut+u.Out, s.BytesIn+u.In
		if f := at(u.First); f.Before(s.First) {
			s.First = f
		}
		if l := at(u.Last); l.After(s.Last) {
			s.Last = l
		}
		for h, n := range u.Hours {
			s.Hours[h] += int(n)
		}
	})
	all := []Use{}
	for _, u := range sums {
		if u.Device != 0 {
			d := i.device(register.DeviceID(u.Device))
			u.Name, u.Class = d.Name, d.Class.Name
		}
		all = append(all, *u)
	}
	slices.SortFunc(all, func(a, b Use) int {
		return cmp.Or(cmp.Compare(b.Conversations, a.Conversations), cmp.Compare(b.BytesOut+b.BytesIn, a.BytesOut+a.BytesIn),
			cmp.Compare(a.Device, b.Device), cmp.Compare(a.App, b.App))
	})
	return all, nil
}

// At is the number of the device that is at an address now; 0: none is known.
func (i *Inventory) At(addr netip.Addr) uint64 {
	i.mu.RLock()
	defer i.mu.RUnlock()
	if t := i.book.register.Current(addr); t != nil {
		return uint64(t.Device)
	}
	return 0
}

// Caller is a name by which a program of a device calls itself.
type Caller struct {
	Protocol  string // dicom: the title of an application entity; hl7: of an application that sends or takes messages; dhcp: the address of a server
	Name      string
	First     time.Time // when it was heard first
	Confirmed bool      // a person has confirmed the device since
}

// Callers are the names by which programs of devices call themselves.
func (i *Inventory) Callers() (all []Caller) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	i.book.register.Each(func(d register.DeviceID, traces []*register.Trace) {
		confirmed := i.words[d].Confirmed
		for _, t := range traces {
			for k := range t.Facts {
				f := &t.Facts[k]
				if name := callsItself(t, f); name != "" {
					first := time.Unix(0, f.First).UTC()
					all = append(all, Caller{Protocol: f.Source, Name: name, First: first, Confirmed: confirmed.After(first)})
				}
			}
		}
	})
	return all
}

// callsItself is the name of a caller in a fact; "": there is none. Routers pass on what DHCP servers behind them say.
func callsItself(t *register.Trace, f *register.Fact) string {
	switch {
	case f.Source == "dicom" && f.Field == register.AE, f.Source == "hl7" && f.Field == register.App:
		return f.Value
	case f.Source == "dhcp" && f.Field == register.Role && (f.Value == "dhcp server" || f.Value == "default router"):
		return t.Addr.String()
	}
	return ""
}

// Addresses are those at which devices are, sorted.
func (i *Inventory) Addresses() []netip.Addr {
	i.mu.RLock()
	defer i.mu.RUnlock()
	all := []netip.Addr{}
	i.book.register.Each(func(_ register.DeviceID, traces []*register.Trace) {
		for _, t := range traces {
			all = append(all, t.Addr)
		}
	})
	slices.SortFunc(all, netip.Addr.Compare)
	return all
}

// Ward is where people say that a device stands; empty: they did not say.
func (i *Inventory) Ward(id uint64) string {
	i.mu.RLock()
	defer i.mu.RUnlock()
	return i.words[register.DeviceID(id)].Ward
}

// Named says what a device is called, what it is taken for, and how much care depends on it, in a digit, as far as that is known;
// false: there is none of that number.
func (i *Inventory) Named(id uint64) (name, class, tier string, ok bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.book.register.Traces(register.DeviceID(id))) == 0 {
		return "", "", "", false
	}
	d := i.device(register.DeviceID(id))
	return d.Name, d.Class.Name, d.Tier.standing().text(), true
}

// Of is a device as lists show it; false: there is none of that number.
func (i *Inventory) Of(id uint64) (Device, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.book.register.Traces(register.DeviceID(id))) == 0 {
		return Device{}, false
	}
	return *i.device(register.DeviceID(id)), true
}

// Ours reports whether an address can be a device of the hospital.
func (i *Inventory) Ours(a netip.Addr) bool { return i.book.ours(a) } // the networks never change

// Called is the address of the one device that calls itself by a name now, or where none does that others call by it; the zero
// address: there is none, or several. What follows the first dot of the name does not count.
func (i *Inventory) Called(name string) netip.Addr {
	label, _, _ := strings.Cut(strings.ToLower(name), ".")
	if at := i.the(register.Hostname, label); at.IsValid() {
		return at
	}
	return i.calledAs(label)
}

// calledAs is the address of the one device that others call by a name. It looks at all of them.
func (i *Inventory) calledAs(label string) (found netip.Addr) {
	if label == "" {
		return found
	}
	i.mu.RLock()
	defer i.mu.RUnlock()
	var of register.DeviceID
	several := false
	i.book.register.Each(func(d register.DeviceID, traces []*register.Trace) {
		for _, t := range traces {
			if says, _ := t.Says(register.CalledAs, label); !says || t.Over {
				continue
			}
			several = several || of != 0 && of != d
			of, found = d, t.Addr
		}
	})
	if several {
		return netip.Addr{}
	}
	return found
}

// Wearing is the address of the one device that has a hardware address now, however it is written; the zero address: there is none,
// or several do.
func (i *Inventory) Wearing(mac string) netip.Addr {
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune(":-. ", r) {
			return -1
		}
		return r
	}, mac)
	raw, err := hex.DecodeString(digits)
	if err != nil || len(raw) != 6 {
		return netip.Addr{}
	}
	return i.the(register.MAC, net.HardwareAddr(raw).String())
}

// the is the address of the one device that shows an identifier now.
func (i *Inventory) the(f register.Field, value string) netip.Addr {
	i.mu.RLock()
	defer i.mu.RUnlock()
	var found *register.Trace
	for _, t := range i.book.register.Showing(f, value) {
		if found != nil && found.Device != t.Device {
			return netip.Addr{}
		}
		if found == nil || t.Last > found.Last {
			found = t
		}
	}
	if found == nil {
		return netip.Addr{}
	}
	return found.Addr
}
