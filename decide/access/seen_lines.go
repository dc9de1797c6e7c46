package access

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulwark/decide/access/policy"
	"bulwark/event"
	"bulwark/platform/store"
)

// SeenLine is somebody who saw the record, or asked to: equal ones that follow within half an hour are one.
type SeenLine struct {
	At    time.Time `json:"at"` // the first
	Last  time.Time `json:"last"`
	Count uint64    `json:"count"`
	// Source is decision (Bulwark's), system (what another system told of itself) or network (what was seen between machines).
	Source  string      `json:"source"`
	Who     SeenWho     `json:"who"`
	What    policy.Text `json:"what"`
	Where   policy.Text `json:"where"`
	Through policy.Text `json:"through"`
	// Why is why it was allowed, or refused, by the policies of those ids.
	Why      []policy.Text `json:"why"`
	Policies []string      `json:"policies"`
	Glass    *SeenGlass    `json:"glass,omitempty"`
	// Mark is explained, review (somebody still looks at it), unjustified, refused (nothing was seen) or elsewhere (not decided by Bulwark).
	Mark string      `json:"mark"`
	Said policy.Text `json:"said"` // why it is marked so
}

// SeenWho is who it was. Name is empty where staff is not named, Number tells them apart then.
type SeenWho struct {
	Number   int         `json:"number,omitempty"`
	Name     string      `json:"name,omitempty"`
	Function policy.Text `json:"function"`
	Units    []string    `json:"units"`
}

// SeenGlass is the break-glass under which it was.
type SeenGlass struct {
	Reason  string `json:"reason"`
	Text    string `json:"text,omitempty"`
	State   string `json:"state"`
	Verdict string `json:"verdict,omitempty"`
}

// mergeSeen is within what time equal lines are one; between machines it is a day.
const mergeSeen = 30 * time.Minute

// seenMaker makes lines of events.
type seenMaker struct {
	a      *Access
	r      *SeenReport
	query  string
	names  map[string]string
	merged map[string]int // number of the newest line of a key
	rows   int
}

func (a *Access) seenMaker(ctx context.Context, r *SeenReport) (*seenMaker, error) {
	m := &seenMaker{a: a, r: r, merged: map[string]int{}}
	var of, in []string
	for _, p := range r.Patients {
		of = append(of, "patient.uid:="+strconv.Quote(p))
		in = append(in, "atna.patients:"+strconv.Quote(p))
	}
	m.query = "((kind:access or kind:dicom or kind:dicomweb or kind:fhir or kind:hl7) (" + strings.Join(of, " or ") + ")) or (kind:atna (" + strings.Join(in, " or ") + "))"
	if r.Names && a.needs.Staff != nil {
		var err error
		if m.names, err = a.needs.Staff.Names(ctx); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// row takes an event into the report.
func (m *seenMaker) row(row store.Row) error {
	var l SeenLine
	within := mergeSeen
	switch row.Kind {
	case event.KindAccess.String():
		l = m.decision(&row)
	case event.KindATNA.String():
		l = m.system(&row)
	default:
		l, within = m.network(&row), 24*time.Hour
	}
	if l.At.Before(m.r.From) || !l.At.Before(m.r.Until) {
		return nil
	}
	m.a.seen.mu.Lock()
	defer m.a.seen.mu.Unlock()
	m.rows++
	m.r.Events = m.rows
	key := l.key()
	if n, ok := m.merged[key]; ok {
		if was := &m.r.Lines[n]; was.At.Sub(l.Last) < within {
			was.At, was.Count = earlier(was.At, l.At), was.Count+l.Count
			return nil
		}
	}
	if len(m.r.Lines) >= mostSeenLines || m.rows >= mostSeenRows {
		m.r.Cut = l.Last
		return errFull
	}
	m.merged[key] = len(m.r.Lines)
	m.r.Lines = append(m.r.Lines, l)
	return nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// key is the same for lines that say the same.
func (l *SeenLine) key() string {
	c := *l
	c.At, c.Last, c.Count = time.Time{}, time.Time{}, 0
	text, _ := json.Marshal(c) // it is made of texts and numbers
	return string(text)
}

// decision is a line of what Bulwark decided.
func (m *seenMaker) decision(row *store.Row) SeenLine {
	l := SeenLine{Source: "decision", At: row.Time.UTC(), Last: row.Time.UTC(), Count: max(number(row.Value("count")), 1), Policies: list(row.Value("access.policies")), Why: []policy.Text{}}
	if n := number(row.Value("start_time")); n > 0 {
		l.At = time.Unix(0, int64(n)).UTC()
	}
	if n := number(row.Value("end_time")); n > 0 {
		l.Last = time.Unix(0, int64(n)).UTC()
	}
	l.Who = m.who(row.Value("access.principal"))
	l.What = seenWhat(row.Value("access.action"))
	l.Where = m.where(row.Value("access.zone"), row.Value("device.uid"))
	l.Through = policy.Text{EN: "Bulwark", FR: "Bulwark"}
	for _, id := range l.Policies {
		if t, ok := m.a.whyOf(id); ok {
			l.Why = append(l.Why, t)
		}
	}
	refused := row.Value("status") != "allow"
	if refused {
		l.What = seenTried(row.Value("access.action"))
	}
	if reason := row.Value("message"); len(l.Why) == 0 && reason != "" && !refused {
		l.Why = append(l.Why, seenReason(strings.TrimSuffix(reason, ".")))
	}
	m.mark(&l, row)
	return l
}

// mark says whether it is explained.
func (m *seenMaker) mark(l *SeenLine, row *store.Row) {
	id := row.Value("access.break_glass")
	g := m.a.glassOf(id, row, l.At)
	switch {
	case row.Value("status") != "allow":
		l.Mark, l.Said = "refused", saidRefused()
	case g != nil:
		l.Glass = &SeenGlass{Reason: g.Reason, Text: g.Text, State: g.State}
		if g.Review != nil {
			l.Glass.Verdict = g.Review.Verdict
		}
		l.Mark, l.Said = saidGlass(g)
	case id != "":
		l.Mark, l.Said = "review", saidGlassGone()
	case row.Value("access.is_degraded") == "true":
		l.Mark, l.Said = saidDegraded(m.a.lookedAt(l.At))
	default:
		l.Mark, l.Said = "explained", saidRule()
	}
}

// glassOf is the break-glass under which something was decided, or that it was about; nil: none is kept.
func (a *Access) glassOf(id string, row *store.Row, at time.Time) *Glass {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if g := a.glasses[id]; g != nil {
		return clone(g)
	}
	person, ok := strings.CutPrefix(row.Value("access.principal"), "Person:")
	if !ok || row.Value("access.action") != "breakGlass" {
		return nil
	}
	for _, g := range a.glasses { // it was broken once that was decided
		if d := g.At.Sub(at); g.Person == person && g.Patient == row.Value("patient.uid") && d > -time.Second && d < merge {
			return clone(g)
		}
	}
	return nil
}

// lookedAt reports whether somebody looked at what was decided while something was lost at a time.
func (a *Access) lookedAt(at time.Time) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return slices.ContainsFunc(a.outageList(), func(o *Outage) bool { return !at.Before(o.From) && at.Before(o.Until) && o.Review != nil })
}

// whyOf is the reason of a policy, as it is now.
func (a *Access) whyOf(id string) (policy.Text, bool) {
	for _, p := range a.engine.Set().Policies {
		if p.ID == id {
			return p.Why, true
		}
	}
	return policy.Text{}, false
}

// who is somebody, by name or by what they do.
func (m *seenMaker) who(principal string) SeenWho {
	kind, id, _ := strings.Cut(principal, ":")
	if kind == "Machine" {
		return SeenWho{Name: m.machine(id), Function: policy.Text{EN: "A machine", FR: "Une machine"}, Units: []string{}}
	}
	if kind != "Person" {
		return SeenWho{Function: policy.Text{EN: "Somebody at the console of the machine", FR: "Une personne à la console de la machine"}, Units: []string{}}
	}
	m.a.mu.RLock()
	p := m.a.people[id]
	m.a.mu.RUnlock()
	w := SeenWho{Units: []string{}, Function: policy.Text{EN: "Somebody who is no longer known here", FR: "Une personne qui n’est plus connue ici"}}
	if p != nil {
		w.Function, w.Units = functionOf(p.Roles), append(w.Units, p.Units...)
		w.Name = m.names[id]
	}
	if w.Name == "" {
		w.Number = m.number(id)
	}
	return w
}

// number tells somebody who is not named from others, in this report alone.
func (m *seenMaker) number(id string) int {
	m.a.seen.mu.Lock()
	defer m.a.seen.mu.Unlock()
	if m.r.numbers[id] == 0 {
		m.r.numbers[id] = len(m.r.numbers) + 1
	}
	return m.r.numbers[id]
}

func (m *seenMaker) machine(is string) string {
	if m.a.needs.Staff == nil || is == "" {
		return is
	}
	if name := m.a.needs.Staff.Machine(is); name != "" {
		return name
	}
	return is
}

// where is from where it was.
func (m *seenMaker) where(zone, device string) policy.Text {
	t := zoneWords(zone)
	if device != "" {
		name := m.machine(device)
		t.EN, t.FR = t.EN+", workstation "+name, t.FR+", poste "+name
	}
	return t
}

// system is a line of what another system told of itself in an audit message.
func (m *seenMaker) system(row *store.Row) SeenLine {
	l := SeenLine{Source: "system", At: row.Time.UTC(), Last: row.Time.UTC(), Count: 1, Policies: []string{}, Why: []policy.Text{}, Mark: "elsewhere"}
	l.Who = SeenWho{Units: []string{}, Function: policy.Text{EN: "An account of that system", FR: "Un compte de ce système"}}
	if users := list(row.Value("user.names")); len(users) > 0 {
		m.a.mu.RLock()
		id := m.a.byLogin[strings.ToLower(users[0])]
		m.a.mu.RUnlock()
		switch {
		case id != "":
			l.Who = m.who("Person:" + id)
		case m.r.Names:
			l.Who.Name = users[0]
		default:
			l.Who.Number = m.number("account " + users[0])
		}
	}
	l.What = seenWhat("atna " + row.Value("atna.action"))
	from := row.Value("atna.source")
	l.Through = policy.Text{EN: from, FR: from}
	l.Where = sameText(strings.Join(list(row.Value("atna.nodes")), ", "))
	l.Said = saidSystem()
	if row.Value("atna.is_break_glass") == "true" {
		l.Mark, l.Said = "review", saidSystemGlass()
	}
	return l
}

func sameText(s string) policy.Text { return policy.Text{EN: s, FR: s} }

// network is a line of what machines exchanged about the patient.
func (m *seenMaker) network(row *store.Row) SeenLine {
	l := SeenLine{Source: "network", At: row.Time.UTC(), Last: row.Time.UTC(), Count: 1, Policies: []string{}, Why: []policy.Text{}, Mark: "elsewhere", Said: saidNetwork()}
	l.Who = SeenWho{Name: m.machine(row.Value(event.AttrSrcIP)), Function: policy.Text{EN: "A system", FR: "Un système"}, Units: []string{}}
	l.What = exchanged(row)
	l.Where = sameText(row.Value(event.AttrSrcIP))
	through := protocolOf(row.Kind)
	if to := m.machine(row.Value(event.AttrDstIP)); to != "" {
		through += " → " + to
	}
	l.Through = sameText(through)
	return l
}

// number is a number as the store has it; what is none is 0.
func number(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// list are the elements of a list as the store has it.
func list(s string) []string {
	all := []string{}
	if s == "" || json.Unmarshal([]byte(s), &all) != nil && !strings.HasPrefix(s, "[") {
		return append([]string{}, strings.Fields(s)...)
	}
	return all
}
