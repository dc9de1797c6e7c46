package signature

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"sync"
	"time"

	"bulwark/event"
	"bulwark/platform/bus"
)

// firedFile is where it is kept what fired.
const firedFile = "fired.json"

// firing is how often a rule fired, and when. Hours are a ring by the hour of the day.
type firing struct {
	Count uint64    `json:"count"`
	Last  time.Time `json:"last"`
	hours [24]hour
}

// keptFired is what fired, with how far the bus was read that told of it: whoever is killed goes on there, and counts nothing twice.
type keptFired struct {
	bus.Mark
	Rules map[string]*firing `json:"rules"`
}

type hour struct {
	at           int64 // hours since 1970
	count, alone uint32
}

// Noise.
const (
	noisyRate   = 60.0 // alerts of a rule within an hour from which on it is noisy, unless its metadata says noisy_per_hour
	mostlyAlone = 0.8  // of them so many of which no other rule spoke
	together    = 10 * time.Minute
	maxPairs    = 1 << 16
	maxFired    = 250_000
	keepEvery   = 20 * time.Second
	seeEvery    = 10 * time.Minute
)

func (f *firing) note(at time.Time, alone bool) {
	f.Count++
	if at.After(f.Last) {
		f.Last = at
	}
	h := at.Unix() / 3600
	x := &f.hours[uint64(h)%24]
	if x.at != h {
		*x = hour{at: h}
	}
	x.count++
	if alone {
		x.alone++
	}
}

// rate is the most that it fired within one of the last hours, and how much of that alone.
func (f *firing) rate(now time.Time) (most, alone float64) {
	newest := now.Unix() / 3600
	for i := range f.hours {
		h := &f.hours[i]
		if h.count > 0 && newest-h.at < int64(len(f.hours)) && float64(h.count) > most {
			most, alone = float64(h.count), float64(h.alone)/float64(h.count)
		}
	}
	return most, alone
}

// pairs are which rules spoke last of two ends. What was not spoken of for longest goes first, by halves.
type pairs struct {
	now, before map[pair]spoken
}

type pair struct{ a, b netip.Addr }

type spoken struct {
	id ID
	at time.Time
}

func newPairs() pairs { return pairs{now: map[pair]spoken{}} }

// alone notes that a rule speaks of two ends, and reports whether no other did of late.
func (p *pairs) alone(a, b netip.Addr, id ID, at time.Time) bool {
	if b.Less(a) {
		a, b = b, a
	}
	key := pair{a, b}
	s, ok := p.now[key]
	if !ok {
		s, ok = p.before[key]
	}
	if len(p.now) >= maxPairs/2 {
		p.before, p.now = p.now, map[pair]spoken{}
	}
	other := ok && s.id != id && at.Sub(s.at) < together
	p.now[key] = spoken{id, at}
	return !other
}

// alert notes that a rule fired. The lock is held.
func (b *Rulebook) alert(h *event.Header, a *event.Alert) {
	id := ID{uint32(a.GID), uint32(a.SID)}
	at := time.Unix(0, h.Time).UTC()
	f := b.fired[id]
	if f == nil {
		if len(b.fired) >= maxFired {
			return
		}
		f = &firing{}
		b.fired[id] = f
	}
	f.note(at, b.pairs.alone(h.Src, h.Dst, id, at))
	b.unkept = true
}

// Run follows what fires until ctx ends.
func (b *Rulebook) Run(ctx context.Context, from *bus.Bus) error {
	done := make(chan error, 1)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	upTo, err := from.Resume(ctx, b.upTo)
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.upTo = upTo
	b.mu.Unlock()
	go func() {
		done <- from.Follow(ctx, []string{event.KindAlert.Subject()}, upTo.Next(), func(_ context.Context, m *bus.Message) error {
			b.batch(m.Seq, m.Batch)
			return nil
		})
	}()
	keep, see := time.NewTicker(keepEvery), time.NewTicker(seeEvery)
	var wait sync.WaitGroup
	defer wait.Wait()
	defer stop()
	defer keep.Stop()
	defer see.Stop()
	b.see(ctx)
	b.learn(ctx)
	b.noteLate(ctx)
	for {
		select {
		case err := <-done:
			return errors.Join(err, b.keepFired())
		case <-keep.C:
			if err := b.keepFired(); err != nil {
				b.Log.ErrorContext(ctx, "keeping what fired", "error", err)
			}
			wait.Go(func() { b.updateDue(ctx) })
			b.noteLate(ctx)
			if b.Poll != nil {
				if err := b.Poll(); err != nil {
					b.Log.WarnContext(ctx, "asking what rules cost", "error", err)
				}
			}
		case <-see.C:
			b.see(ctx)
			b.learn(ctx)
		}
	}
}

// batch notes the alerts of a batch, which is the one of that number on the bus. One that cannot be read is none of this room's.
func (b *Rulebook) batch(seq uint64, batch []byte) {
	var r event.Reader
	var e event.Event
	b.mu.Lock()
	defer b.mu.Unlock()
	b.upTo.Seq = max(b.upTo.Seq, seq)
	if r.Open(batch) != nil {
		return
	}
	for r.Next(&e) {
		if a, ok := e.Payload.(*event.Alert); ok {
			b.alert(&e.Header, a)
		}
	}
}

// see asks what is seen.
func (b *Rulebook) see(ctx context.Context) {
	if b.Seen == nil {
		return
	}
	seen, err := b.Seen(ctx)
	if err != nil {
		b.Log.WarnContext(ctx, "asking what is seen", "error", err)
		return
	}
	b.mu.Lock()
	b.seen = seen
	b.mu.Unlock()
}

func (b *Rulebook) loadFired() error {
	if b.Fleeting {
		return nil
	}
	text, err := os.ReadFile(b.path(firedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var kept keptFired
	if err := json.Unmarshal(text, &kept); err != nil {
		return fmt.Errorf("%s: %w", b.path(firedFile), err)
	}
	b.upTo = kept.Mark
	for name, f := range kept.Rules {
		if id, err := ParseID(name); err == nil && f != nil {
			b.fired[id] = f
		}
	}
	return nil
}

// keepFired writes down what fired, where something did.
func (b *Rulebook) keepFired() error {
	b.mu.Lock()
	if !b.unkept || b.Fleeting {
		b.mu.Unlock()
		return nil
	}
	kept := keptFired{Mark: b.upTo, Rules: make(map[string]*firing, len(b.fired))}
	for id, f := range b.fired {
		c := *f
		kept.Rules[id.String()] = &c
	}
	b.unkept = false
	b.mu.Unlock()
	text, err := json.Marshal(kept)
	if err == nil {
		err = replaceFile(b.path(firedFile), text)
	}
	if err != nil { // the next time writes it
		b.mu.Lock()
		b.unkept = true
		b.mu.Unlock()
	}
	return err
}

// Costs takes over what rules took, as the process that looks for them tells it. It trusts no byte of it.
func (b *Rulebook) Costs(text []byte) {
	all, err := ReadCosts(text)
	if err != nil {
		b.Log.Warn("what rules cost cannot be read", "error", err)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, c := range all {
		if _, ok := b.now.byID[id]; !ok {
			continue
		}
		was := b.counts[id]
		b.counts[id] = Cost{was.Checked + c.Checked, was.Matched + c.Matched, was.Sampled + c.Sampled, was.Nanos + c.Nanos}
	}
}
