package incident

import (
	"net/netip"
	"slices"
	"strings"

	"bulwark/decide/incident/story"
	"bulwark/event"
	"bulwark/platform/clock"
)

// site is one site, with what people said of what its rules found.
type site struct {
	name string
	*story.Site
	said    map[string]said // by number of the finding
	tally   map[string]*tally
	forgot  uint64
	newSaid map[string]bool // not kept yet
}

// said is what a person said of a finding last.
type said struct {
	Rule    string `json:"rule"`
	Verdict string `json:"verdict"`
}

// tally counts the verdicts on findings of a rule.
type tally struct{ right, wrong int }

// mostSaid is how many findings are remembered with what was said of them.
const mostSaid = 50_000

// site is that of a name.
func (i *Incidents) site(name string) *site {
	s := i.sites[name]
	if s == nil {
		name = own(name)
		s = &site{name: name, Site: story.New(i.set, i.number), said: map[string]said{}, tally: map[string]*tally{}, newSaid: map[string]bool{}}
		i.sites[name] = s
	}
	return s
}

// number is that of the next incident.
func (i *Incidents) number() uint64 {
	i.last++
	return i.last
}

// read takes a batch of findings or containments, which is the one of that number on the bus.
func (i *Incidents) read(seq uint64, batch []byte) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.upTo.Seq = max(i.upTo.Seq, seq)
	defer clock.Wake(i.dirty)
	var r event.Reader
	if err := r.Open(batch); err != nil {
		return err
	}
	var e event.Event
	for r.Next(&e) {
		switch p := e.Payload.(type) {
		case *event.Finding:
			i.count.findings.Inc()
			i.take(i.site(r.Site), &e.Header, p)
		case *event.Containment:
			i.contain(&e.Header, p)
		}
	}
	if len(i.told) > 0 {
		clock.Wake(i.look)
	}
	return r.Err()
}

// take takes in what is told of a finding. The lock is held.
func (i *Incidents) take(s *site, h *event.Header, f *event.Finding) {
	i.learn(s, f)
	if f.Status != "open" || f.Verdict != "" {
		return // a person has said what it is
	}
	sf := i.finding(s, h, f)
	for _, c := range s.Take(&sf) {
		i.note(s, c)
	}
	for _, e := range sf.Subjects {
		i.watch(s, e)
	}
	if n := s.Counts.Pairs + s.Counts.Rules + s.Counts.Entities + s.Counts.Bursts; n > s.forgot {
		i.count.forgotten.Add(float64(n - s.forgot))
		s.forgot = n
	}
}

// learn counts what people say of what a rule finds: how far it is trusted follows.
func (i *Incidents) learn(s *site, f *event.Finding) {
	old, known := s.said[f.UID]
	if old.Verdict == f.Verdict || f.Verdict == "suppress" {
		return
	}
	if !known && len(s.said) >= mostSaid {
		i.count.unsaid.Inc()
		return
	}
	uid := own(f.UID)
	s.count(old, -1)
	s.newSaid[uid] = true
	if f.Verdict == "" {
		delete(s.said, uid)
		return
	}
	now := said{own(f.Rule), own(f.Verdict)}
	s.said[uid] = now
	s.count(now, 1)
}

func (s *site) count(v said, by int) {
	if v.Verdict == "" {
		return
	}
	t := s.tally[v.Rule]
	if t == nil {
		t = &tally{}
		s.tally[v.Rule] = t
	}
	if v.Verdict == "true" {
		t.right += by
	} else {
		t.wrong += by
	}
}

// trust is what verdicts say of a rule: 1 where there are none, less the more its findings were false or allowed, never nothing.
func (s *site) trust(rule string) float64 {
	t := s.tally[rule]
	if t == nil {
		return 1
	}
	return max(0.2, float64(2+t.right)/float64(2+t.right+t.wrong))
}

// care is how much more weighs what happens to a device of each tier; one whose tier is not known is taken for one of tier 1.
var care = map[string]float64{"0": 1.4, "1": 1.2, "": 1.2, "2": 1.1}

// ahead is how far in the future the time of a finding may lie: of more its clock is wrong, and it counts as of now.
const ahead = int64(60e9)

// finding is what is told of a finding, as the core takes it. What it keeps is its own.
func (i *Incidents) finding(s *site, h *event.Header, f *event.Finding) story.Finding {
	at := h.Time
	if now := i.needs.Clock.Now().UnixNano(); at > now+ahead {
		at = now
	}
	out := story.Finding{ID: own(f.UID), At: at, Rule: own(f.Rule), Title: own(f.Title),
		Severity: uint8(max(0, slices.Index(event.Severities(), f.Severity))), Confidence: f.Confidence, Tactics: owned(f.Tactics), Techniques: owned(f.Techniques),
		Count: newly(f.Count), Weight: s.trust(f.Rule)}
	i.entities(&out, h, f.Entities)
	for _, e := range out.Subjects {
		if id, ok := deviceOf(e); ok && i.needs.Devices != nil {
			d, _ := i.needs.Devices.Device(id)
			out.Care = max(out.Care, care[d.Tier])
		}
	}
	return out
}

// newly is how many alerts a finding newly stands for: it is told when it is new, and for each ten times as many.
func newly(count uint64) uint64 {
	for n := count; n >= 10 && n%10 == 0; n /= 10 {
		if n == 10 {
			return count - count/10
		}
	}
	return 1
}

// entities says who of a finding did it, who it was done to, and what else is named. The finding names its source first, as device
// and address, then its target; one that is a device needs no address.
func (i *Incidents) entities(out *story.Finding, h *event.Header, all []string) {
	device := ""
	for _, e := range all {
		kind, value, _ := strings.Cut(e, ":")
		switch kind {
		case "device":
			device = own(e)
		case "address":
			who := own(e)
			if device != "" {
				who, device = device, ""
			}
			out.Subjects = append(out.Subjects, who)
			switch a, err := netip.ParseAddr(value); {
			case err == nil && a == h.Src.Unmap() && out.From == "":
				out.From = who
			case err == nil && a == h.Dst.Unmap() && out.To == "":
				out.To = who
			}
		case "host":
			out.Subjects = append(out.Subjects, own(e))
			if out.From == "" && !h.Src.IsValid() {
				out.From = own(e)
			} else if out.To == "" && !h.Dst.IsValid() {
				out.To = own(e)
			}
		case "user":
			out.Subjects = append(out.Subjects, own(e))
		default:
			out.Names = append(out.Names, own(e))
		}
	}
	if device != "" {
		out.Subjects = append(out.Subjects, device)
	}
	slices.Sort(out.Subjects)
	out.Subjects = slices.Compact(out.Subjects)
}

// mostBytes is how long a word or a title may be.
const mostBytes = 300

// own is a text as it may be kept: its own, no longer than may be, and with nothing that a database refuses.
func own(s string) string {
	if len(s) > mostBytes {
		s = s[:mostBytes]
	}
	return strings.Clone(strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", ""))
}

func owned(all []string) (out []string) {
	for _, s := range all {
		out = append(out, own(s))
	}
	return out
}
