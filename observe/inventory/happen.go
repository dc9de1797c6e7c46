package inventory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulwark/event"
	"bulwark/observe/inventory/internal/register"
	"bulwark/platform/clock"
)

// What is told of devices: the activity of an event.
const (
	Appeared     = "New"
	Vanished     = "Vanished"
	Returned     = "Returned"
	Moved        = "Moved"
	AddedAddress = "Added Address"
	Joined       = "Joined"
	Split        = "Split"
	ChangedOwner = "Changed Owner"
	Duplicated   = "Duplicated"
	Several      = "Several"
	Changed      = "Changed"
	Serves       = "Serves"
	Uses         = "Uses"
	Summary      = "Summary"
)

// keptAs is the name of a happening where it is kept with a device; false for changes of identity, which the register tells.
func keptAs(what string) (register.ChangeKind, bool) {
	switch what {
	case Vanished, Returned, Changed, Serves, Uses:
		return register.ChangeKind(strings.ToLower(what)), true
	}
	return "", false
}

// happening is something that is told of a device.
type happening struct {
	what          string
	device, other register.DeviceID
	at            int64
	addr          netip.Addr // where; invalid: where the device is
	attribute     string
	before, after string
	value         string // of the identifier that it rests on
	why           string
}

// tell makes an event of a happening, and keeps it with the device; more than [mostTold] of a kind in an hour are counted.
// The lock for writing is held.
func (i *Inventory) tell(h happening) {
	w := &i.watch
	if hour := w.at / int64(time.Hour); hour != w.hour {
		w.hour = hour
		clear(w.told)
	}
	if w.told[h.what]++; w.told[h.what] > mostTold {
		w.excess[h.what]++
		return
	}
	if len(i.book.register.Traces(h.device)) == 0 {
		return
	}
	v := i.device(h.device)
	if !h.addr.IsValid() {
		h.addr = v.Addresses[0].Addr
	}
	e := &event.Device{Activity: h.what, Number: v.ID, Name: v.Name, Class: v.Class.Name, Attribute: h.attribute, Before: h.before, After: h.after,
		Value: h.value, Other: uint64(h.other), Reason: h.why}
	e.Tier, e.Confirmed = v.Tier.standing().text(), v.Tier.Tier != NotKnown
	i.out.Put(event.Header{Time: h.at, Src: h.addr}, e)
	if kind, ok := keptAs(h.what); ok {
		i.keepChange(Change{Change: register.Change{Kind: kind, Time: h.at, Device: h.device, Other: h.other, Field: register.Field(h.attribute), Addr: h.addr, Why: h.why},
			Before: h.before, After: h.after})
	}
}

// standing is the tier that counts: confirmed, or else proposed.
func (t TierView) standing() Tier {
	if t.Tier != NotKnown {
		return t.Tier
	}
	return t.Proposed
}

// text is a tier in digits; empty when it is not known.
func (t Tier) text() string {
	if t == NotKnown {
		return ""
	}
	return strconv.Itoa(int(t))
}

// summarise tells how many more happened than were told one by one.
func (i *Inventory) summarise() {
	w := &i.watch
	for _, what := range slices.Sorted(maps.Keys(w.excess)) {
		i.out.Put(event.Header{Time: w.at}, &event.Device{Activity: Summary, Attribute: what, Count: uint64(w.excess[what]),
			Reason: fmt.Sprintf("more than %d within an hour are not told one by one", mostTold)})
	}
	clear(w.excess)
}

// unknown is what is told where nothing is known.
const unknown = "unknown"

// appeared is that a device is new, and what it is.
func (i *Inventory) appeared(d register.DeviceID, at int64, addr netip.Addr) happening {
	return happening{what: Appeared, device: d, at: at, addr: addr, attribute: "class", after: cmp.Or(i.device(d).Class.Name, unknown), why: i.knownBy(d)}
}

// called is what a device is called, by its number where it is no more.
func (i *Inventory) called(d register.DeviceID) string {
	if len(i.book.register.Traces(d)) == 0 {
		return fmt.Sprintf("device %d", d)
	}
	return i.device(d).Name
}

// mostNamed is how many values are named at most where all of a device are.
const mostNamed = 16

// shownBefore are the values that a device has shown of a field before a time.
func (i *Inventory) shownBefore(d register.DeviceID, field register.Field, until int64) string {
	var all []string
	for _, t := range i.book.register.Traces(d) {
		for k := range t.Facts {
			if f := &t.Facts[k]; f.Field == field && f.First < until {
				all = append(all, f.Value)
			}
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return strings.Join(all[:min(len(all), mostNamed)], ", ")
}

// knownBy is by what a device is known, the strongest first.
func (i *Inventory) knownBy(d register.DeviceID) string {
	p := picker{i.book.register, i.book.register.Traces(d)}
	for _, f := range [...]register.Field{register.Serial, register.MAC, register.Hostname, register.AE} {
		if all := p.own(f); len(all) > 0 {
			return fmt.Sprintf("known by its %s %s", f, all[0])
		}
	}
	return "known by its address alone"
}

// publish keeps what is told, and then puts it on the bus; what does not get there is tried again the next time. Of a capture
// nothing is kept. The lock is not held.
func (i *Inventory) publish(ctx context.Context) error {
	if !i.out.Waits() {
		return nil
	}
	if i.fleeting {
		i.out.Kept(i.out.Pack())
	} else if err := i.save(ctx); err != nil {
		return fmt.Errorf("keeping events of devices: %w", err)
	}
	_, err := i.out.Send(ctx)
	return err
}

// Where no event comes any more, what waits has settled after a while; that of a capture soon, for it is at its end.
const (
	quiet        = time.Minute
	quietCapture = 2 * time.Second
)

// settleOften tells what has settled while nothing happens.
func (i *Inventory) settleOften(ctx context.Context) {
	wait := quiet
	if i.fleeting {
		wait = quietCapture
	}
	tick := time.NewTicker(wait)
	defer tick.Stop()
	var before uint64
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		i.mu.Lock()
		if i.book.events == before {
			i.settle(i.watch.at)
			i.summarise()
		}
		before = i.book.events
		i.mu.Unlock()
		clock.Wake(i.news)
	}
}

// tellEvery is how often at most what happened is kept and told.
const tellEvery = 2 * time.Second

// tellOften tells what happened, soon after it did.
func (i *Inventory) tellOften(ctx context.Context) {
	wait := tellEvery
	if i.fleeting {
		wait = time.Millisecond
	}
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			return
		case <-i.news:
		}
		if err := i.publish(ctx); err != nil && ctx.Err() == nil {
			i.log.Error("what happened to devices could not be told", "error", err)
		}
		clock.Pause(ctx, wait)
	}
}
