package playbook

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"bulwark/content/playbooks"
)

// Past is an incident of the past.
type Past struct {
	UID     string
	Title   playbooks.Text
	Verdict string      // of a person: true, false, benign; empty: none
	Moments []time.Time // when it opened and grew
}

// History knows the past, and what the interlock would have said then.
type History interface {
	// Past are the incidents that opened or grew within a time. Of one that was open before, all its moments.
	Past(ctx context.Context, from, to time.Time) ([]Past, error)
	// At is an incident as it was at a moment.
	At(ctx context.Context, uid string, at time.Time) (Incident, error)
	// Rehearse weighs an act as it would have been weighed. An error that is [ErrNever] means that it could not have been.
	Rehearse(ctx context.Context, r Rehearsal) (Rehearsed, error)
}

// Rehearsal is an act of the past that never was.
type Rehearsal struct {
	Act, Target string
	Approve     string // who must say yes besides whom the matrix asks
	At          time.Time
	Spent       []Cut
	Canary      time.Time // when an act was last done that cut something; zero: none
}

// Cut is a device that would have been cut off.
type Cut struct {
	Device      uint64
	Ward, Class string
	At          time.Time
}

// Reason is why the interlock says what it says.
type Reason struct {
	Code string `json:"code"`
	EN   string `json:"en"`
	FR   string `json:"fr"`
}

// Touched is a device that would have lost something, or at which the act is aimed.
type Touched struct {
	ID        uint64
	Name      string
	Tier      int // another than 0 to 3: not known
	Confirmed bool
	Ward      string
	Class     string
	Aimed     bool
	Clinical  bool // it would have lost conversations by which care is given
}

// Rehearsed is what the interlock would have said.
type Rehearsed struct {
	Outcome       string // allow, ask, wait, refuse
	Needs         string
	Cut           bool
	Until         time.Time // of wait
	Why           []Reason
	Name          string
	Touched       []Touched
	Conversations uint64 // that would have stopped, in the quarter of an hour before and the same hour a week before
	Clinical      uint64 // of them those by which care is given
	Seen          bool   // it is known what would have stopped
	Cuts          []Cut
}

// rehearsal is a playbook that is played over the past, in the order of time.
type rehearsal struct {
	of    *playbooks.Playbook
	from  History
	to    time.Time
	since time.Time // events are kept since then
	test  *BackTest
	queue []turn
	past  []Past
	began map[string]bool      // by incident
	done  map[string][]string  // targets of each step, by incident and step
	live  map[string]time.Time // until when, by act and target
	cuts  []Cut
	last  time.Time                  // when something was last cut
	seen  map[string]map[string]bool // devices, by act
	tried int
}

// turn is something that happens at a moment: an incident grows, or an act that waited is weighed again.
type turn struct {
	at   time.Time
	past int   // place of the incident
	act  *Item // nil: the incident grows
}

// Bounds of a back-test.
const (
	mostMoments = 200_000
	mostActs    = 5_000
	mostItems   = 500
	aProposal   = 24 * time.Hour   // how long an act waits for a yes
	aBudget     = 10 * time.Minute // how long a cut counts
)

// play plays the playbook over incidents; told is called after each moment.
func (p *rehearsal) play(ctx context.Context, past []Past, from time.Time, told func()) error {
	p.past = past
	p.began, p.done, p.live, p.seen = map[string]bool{}, map[string][]string{}, map[string]time.Time{}, map[string]map[string]bool{}
	left := make([]int, len(past)) // moments that are still to come
	for n := range past {
		for _, at := range past[n].Moments {
			if !at.Before(from) && at.Before(p.to) {
				p.queue = append(p.queue, turn{at: at, past: n})
				left[n]++
			}
		}
	}
	if len(p.queue) > mostMoments {
		return refuse("incidents grew %d times, and at most %d are played over: choose fewer days", len(p.queue), mostMoments)
	}
	slices.SortStableFunc(p.queue, func(a, b turn) int { return a.at.Compare(b.at) })
	for len(p.queue) > 0 {
		t := p.queue[0]
		p.queue = p.queue[1:]
		if err := p.turn(ctx, t); err != nil {
			return err
		}
		if t.act == nil {
			if left[t.past]--; left[t.past] == 0 {
				p.test.Looked++
			}
		}
		told()
	}
	return ctx.Err()
}

func (p *rehearsal) turn(ctx context.Context, t turn) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if t.act != nil {
		return p.weigh(ctx, t.past, t.act, t.at)
	}
	past := &p.past[t.past]
	i, err := p.from.At(ctx, past.UID, t.at)
	if errors.Is(err, ErrNoIncident) {
		return nil // it was forgotten meanwhile
	}
	if err != nil {
		return err
	}
	if !p.began[past.UID] {
		if !wanted(p.of, &i) {
			return nil
		}
		p.begin(past)
	}
	for k := range p.of.Steps {
		if s := &p.of.Steps[k]; s.Do == "contain" {
			if err := p.contain(ctx, t, s, &i); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *rehearsal) begin(past *Past) {
	p.began[past.UID] = true
	p.test.Runs++
	switch past.Verdict {
	case "":
		p.test.Unsaid++
	case "false", "benign":
		p.test.Wrong++
	}
}

// contain asks for the acts of a step, as a run does.
func (p *rehearsal) contain(ctx context.Context, t turn, s *playbooks.Step, i *Incident) error {
	key := i.UID + " " + s.ID
	all, _ := whom(s, i)
	for _, entity := range all {
		if slices.Contains(p.done[key], entity) || len(p.done[key]) >= s.Targets() {
			continue
		}
		p.done[key] = append(p.done[key], entity)
		past := &p.past[t.past]
		act := &Item{At: t.at, Incident: i.UID, Title: past.Title, Verdict: past.Verdict, Step: s.ID, Act: s.Act, Target: entity, minutes: s.Minutes, approve: s.Approve}
		if err := p.weigh(ctx, t.past, act, t.at); err != nil {
			return err
		}
	}
	return nil
}

// weigh has an act weighed as it would have been at a moment.
func (p *rehearsal) weigh(ctx context.Context, past int, x *Item, at time.Time) error {
	if p.tried++; p.tried > mostActs {
		return refuse("it asks for more than %d acts: no hospital wants that", mostActs)
	}
	key := x.Act + " " + x.Target
	if until := p.live[key]; until.After(at) {
		x.Outcome, x.Why = "impossible", []Reason{{"already", "It is so already, for another incident.", "C'est déjà le cas, pour un autre incident."}}
		p.note(x)
		return nil
	}
	p.cuts = slices.DeleteFunc(p.cuts, func(c Cut) bool { return at.Sub(c.At) >= aBudget })
	got, err := p.from.Rehearse(ctx, Rehearsal{Act: x.Act, Target: x.Target, Approve: x.approve, At: at, Spent: p.cuts, Canary: p.last})
	if errors.Is(err, ErrNever) {
		why := reason(err)
		x.Outcome, x.Why = "impossible", []Reason{{"never", why, why}}
		p.note(x)
		return nil
	}
	if err != nil {
		return err
	}
	x.take(&got, at, p.since)
	switch {
	case got.Outcome == "wait" && got.Until.Before(p.to):
		p.later(turn{at: later(got.Until, at), past: past, act: x})
		return nil
	case got.Outcome == "allow":
		p.live[key] = at.Add(time.Duration(x.minutes) * time.Minute)
		for _, c := range got.Cuts {
			c.At = at
			p.cuts = append(p.cuts, c)
		}
		if got.Cut {
			p.last = at
		}
	case got.Outcome == "ask":
		p.live[key] = at.Add(aProposal)
	}
	p.note(x)
	p.count(x, &got)
	return nil
}

// later is a moment, or the second after another where it is not behind that.
func later(t, than time.Time) time.Time {
	if t.After(than) {
		return t
	}
	return than.Add(time.Second)
}

// later puts a turn into its place.
func (p *rehearsal) later(t turn) {
	n, _ := slices.BinarySearchFunc(p.queue, t, func(a, b turn) int {
		if a.at.After(b.at) {
			return 1
		}
		return -1 // behind those of the same moment
	})
	p.queue = slices.Insert(p.queue, n, t)
}

// note keeps an act with what became of it.
func (p *rehearsal) note(x *Item) {
	t := p.test
	switch x.Outcome {
	case "allow":
		t.Done++
	case "ask", "wait":
		t.Asked++
	default:
		t.Refused++
	}
	if x.Outcome != "impossible" && !x.Seen {
		t.Blind++
	}
	if len(t.Items) >= mostItems {
		t.More++
		return
	}
	t.Items = append(t.Items, *x)
}

// count counts an act under its kind.
func (p *rehearsal) count(x *Item, got *Rehearsed) {
	n := slices.IndexFunc(p.test.Acts, func(a ActCount) bool { return a.Act == x.Act })
	if n < 0 {
		n = len(p.test.Acts)
		p.test.Acts = append(p.test.Acts, ActCount{Act: x.Act})
		p.seen[x.Act] = map[string]bool{}
	}
	a := &p.test.Acts[n]
	switch x.Outcome {
	case "allow":
		a.Done++
	case "ask", "wait":
		a.Asked++
		return
	default:
		a.Refused++
		return
	}
	a.Clinical += got.Clinical
	seen := p.seen[x.Act]
	once := func(what string) bool {
		was := seen[what]
		seen[what] = true
		return !was
	}
	for _, d := range got.Touched {
		if d.Ward != "" && once("ward "+d.Ward) {
			a.Wards++
		}
		if d.Clinical || d.Aimed && (d.Tier == 0 || d.Tier == 1) {
			if once("clinical " + d.Name) {
				a.ClinicalDevices++
			}
		}
		if countsTargets(x) || !d.Aimed || !once("device "+d.Name) {
			continue
		}
		a.Devices++
		if !d.Confirmed {
			a.Unconfirmed++
		}
	}
	if countsTargets(x) && once(x.Target) {
		a.Devices++
	}
}

// countsTargets reports whether what an act is aimed at is counted, and not the devices that it touches: addresses outside, domains, accounts,
// incidents.
func countsTargets(x *Item) bool {
	kind, _, _ := strings.Cut(x.Target, ":")
	return x.Act == "ban" || kind != "device" && kind != "address"
}
