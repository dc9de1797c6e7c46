package safety

import (
	"slices"
	"strings"
	"time"

	content "bulwark/content/safety"
)

// Request is an act that somebody or something wants, with all that bears on whether it may be done. Its zero value is refused.
type Request struct {
	Effect content.Effect
	// Automatic says that the program wants it, and no person.
	Automatic bool
	// Centre says that the centre of the group proposes it: a person of this site says yes.
	Centre bool
	// Beside are those who must say yes besides whom the matrix asks: what asks for the act says so.
	Beside []content.Needs
	// Before is what it needed when it began, where it is in force and is to last longer: what it has stopped since cannot be seen
	// to stop, so that it needs no less.
	Before []content.Needs
	// Approvals are who said yes so far.
	Approvals []Approval
	Facts     Facts
}

// Approval is the yes of a person.
type Approval struct {
	By string // "person:ID"
	// SOC and Clinical are for whom the person speaks; somebody with both counts for one of them.
	SOC, Clinical bool
}

// Facts are what is known of what an act would do.
type Facts struct {
	Now time.Time
	// Seen says that what would stop could be found out. Otherwise no act from E2 on is automatic.
	Seen bool
	// Touched are the devices of which something would stop, and those at which the act is aimed.
	Touched []Touched
	// Frozen says that nothing is automatic now.
	Frozen bool
	// Shadow says that what would be done automatically is only noted.
	Shadow bool
	// Spent are the devices that were cut automatically lately.
	Spent []Spent
	// Wards and Classes are how many devices there are in each.
	Wards, Classes map[string]int
	// Canary is until when the first act for the same reason is watched; zero: there is none.
	Canary time.Time
}

// Touched is a device of which an act would stop something.
type Touched struct {
	ID        uint64
	Tier      content.Tier // that a person confirmed, or that is proposed; Unknown: neither
	Confirmed bool         // by a person
	Ward      string
	Class     string
	Aimed     bool // the act is aimed at it; the others are at the other end
	Inside    int  // conversations with other devices of the hospital that would stop
	Outside   int  // conversations with the outside that would stop
	Asked     int  // of both those that it began itself: it would miss their answer
	Clinical  int  // of both those by which care is given
	Served    int  // that it only answered, by what carries anything: care, too
	Learnt    int  // conversations by which care was given in the last weeks and that would stop; whether one is open now is not known

	name string // for people
}

// Spent is a device that was cut automatically.
type Spent struct {
	Device      uint64
	Ward, Class string
	At          time.Time
}

// Outcome is what becomes of a request.
type Outcome uint8

// The outcomes. The zero value refuses.
const (
	Refuse Outcome = iota // nobody can say yes
	Ask                   // somebody must say yes
	Wait                  // until Verdict.Until: another act is watched first
	Shadow                // it would be done now, and is only noted
	Allow                 // it may be done now
)

func (o Outcome) String() string {
	return [...]string{"refuse", "ask", "wait", "shadow", "allow"}[min(o, Allow)]
}

// Role is for whom a person says yes.
type Role string

// The roles.
const (
	RoleSOC      Role = "soc"
	RoleClinical Role = "clinical"
)

// Verdict is what becomes of a request, and why.
type Verdict struct {
	Outcome Outcome
	Needs   content.Needs // who must say yes in all
	Missing []Role        // who has not yet
	Cut     bool          // a device of the hospital loses another, or the act is E3 or deeper
	Until   time.Time     // of Wait
	Reasons []Reason
}

// Judge says what becomes of a request under a matrix. What the matrix says can be made stricter here and never looser.
func Judge(r Request, m *content.Matrix) Verdict {
	if m == nil || r.Effect > content.Isolation {
		return Verdict{Reasons: []Reason{why("malformed")}}
	}
	j := judgement{Request: r, matrix: m, v: Verdict{Needs: content.Auto}}
	j.aims()
	for i := range r.Facts.Touched {
		j.device(&r.Facts.Touched[i])
	}
	j.blind()
	if r.Centre {
		j.need(content.SOC, why("centre"))
	}
	for _, n := range r.Beside {
		j.need(n, why("beside"))
	}
	for _, n := range r.Before {
		j.need(n, why("before"))
	}
	if r.Automatic {
		j.automatic()
	}
	j.conclude()
	return j.v
}

// judgement is a verdict in the making.
type judgement struct {
	Request
	matrix *content.Matrix
	v      Verdict
}

// need raises who must say yes, with the reason.
func (j *judgement) need(n content.Needs, x Reason) {
	raised := content.Stricter(j.v.Needs, n)
	if n != content.Auto && !slices.Contains(j.v.Reasons, x) {
		j.v.Reasons = append(j.v.Reasons, x)
	}
	j.v.Needs = raised
}

// aims sees to it that an act is aimed at something: what cuts and is aimed at no device that is known is aimed at one of which
// nothing is known.
func (j *judgement) aims() {
	aimed := slices.ContainsFunc(j.Facts.Touched, func(d Touched) bool { return d.Aimed })
	if j.Effect >= content.Micro && !aimed {
		j.Facts.Touched = append(slices.Clone(j.Facts.Touched), Touched{Tier: content.Unknown, Aimed: true})
		d := j.Facts.Touched[len(j.Facts.Touched)-1]
		j.device(&d)
	}
	j.v.Cut = j.Effect >= content.Micro
}

// handled is the tier as which a device is handled: what no person has confirmed is never less than unknown.
func (d *Touched) handled() content.Tier {
	switch {
	case d.Tier == content.LifeCritical, d.Confirmed && d.Tier <= content.Office:
		return d.Tier
	}
	return content.Unknown
}

// misses reports whether a device loses what it asked for, care, or the outside. One that only answered others misses nothing, unless
// care depends on it and may have been what they asked it for.
func (d *Touched) misses() bool {
	return d.Asked > 0 || d.Clinical > 0 || d.Outside > 0 || d.Served > 0 && d.Tier <= content.ClinicalEssential
}

// felt is how deep an act cuts a device: those at which it is not aimed lose no more than one other.
func (j *judgement) felt(d *Touched) content.Effect {
	if d.Aimed {
		return j.Effect
	}
	return min(j.Effect, content.Narrow)
}

// cut reports whether an act cuts a device: it loses another device of the hospital or a conversation by which care is given, or
// the act is aimed at it and is E3 or deeper.
func (d *Touched) cut(e content.Effect) bool {
	return e >= content.Narrow && (d.Inside > 0 || d.Clinical > 0) || d.Aimed && e >= content.Micro
}

// device asks the matrix for one device, and then what no matrix loosens.
func (j *judgement) device(d *Touched) {
	tier := d.handled()
	of := content.Outside
	switch {
	case d.Clinical > 0:
		of = content.ClinicalUse
	case d.Inside > 0 || j.Effect >= content.Micro:
		of = content.Inside
	}
	cut := d.cut(j.Effect)
	j.v.Cut = j.v.Cut || cut
	if e := j.felt(d); d.Aimed || e <= content.Friction || d.misses() {
		j.need(j.matrix.Cell(tier, e).Needs(of), why("matrix", d.ID, tier, e, of))
	}
	switch {
	case tier == content.LifeCritical && d.Aimed && j.Effect >= content.Quarantine:
		j.need(content.Never, why("life-critical-never", d.ID))
	case tier == content.LifeCritical && cut:
		j.need(content.Both, why("life-critical-cut", d.ID))
	case tier == content.ClinicalSupport && d.Learnt > 0 && j.Effect >= content.Narrow:
		j.need(content.SOC, why("newest-unseen", d.ID))
	case !cut || tier == content.ClinicalSupport || tier == content.Office:
	case !d.Aimed && !d.misses():
		// It serves the device that is cut off, and misses nothing itself.
	case tier == content.ClinicalEssential:
		j.need(content.SOC, why("clinical-essential-cut", d.ID))
	default:
		j.need(content.SOC, why("unconfirmed-cut", d.ID))
	}
}

// blind asks a person where it is not known what would stop.
func (j *judgement) blind() {
	if !j.Facts.Seen && j.Effect >= content.Narrow {
		j.need(content.SOC, why("unseen"))
	}
}

// automatic asks a person for what the program may not do by itself now.
func (j *judgement) automatic() {
	if j.Effect == content.Evidence {
		return
	}
	if j.Facts.Frozen {
		j.need(content.SOC, why("frozen"))
	}
	if j.v.Cut {
		j.budgets()
	}
}

// budgets asks a person for what is more than may be cut automatically.
func (j *judgement) budgets() {
	b := j.matrix.Budgets
	devices, wards, classes := map[uint64]bool{}, map[string]map[uint64]bool{}, map[string]map[uint64]bool{}
	count := func(d uint64, ward, class string) {
		devices[d] = true
		add(wards, ward, d)
		add(classes, class, d)
	}
	for _, s := range j.Facts.Spent {
		if j.Facts.Now.Sub(s.At) < content.Window {
			count(s.Device, s.Ward, s.Class)
		}
	}
	for i := range j.Facts.Touched {
		if d := &j.Facts.Touched[i]; d.Aimed && d.cut(j.Effect) {
			count(d.ID, d.Ward, d.Class)
		}
	}
	if len(devices) > clamp(b.Devices, content.MostDevices) {
		j.need(content.SOC, why("budget-devices"))
	}
	for i := range j.Facts.Touched {
		d := &j.Facts.Touched[i]
		if !d.Aimed || !d.cut(j.Effect) {
			continue
		}
		if d.Ward != "" && len(wards[d.Ward]) > share(b.Ward, j.Facts.Wards[d.Ward]) {
			j.need(content.SOC, why("budget-ward", d.Ward))
		}
		if d.Class != "" && len(classes[d.Class]) > share(b.Class, j.Facts.Classes[d.Class]) {
			j.need(content.SOC, why("budget-class", d.Class))
		}
	}
}

func add(m map[string]map[uint64]bool, key string, d uint64) {
	if key == "" {
		return
	}
	if m[key] == nil {
		m[key] = map[uint64]bool{}
	}
	m[key][d] = true
}

// clamp keeps a budget between nothing and its ceiling, whoever wrote it.
func clamp(n, most int) int { return max(0, min(n, most)) }

// share is how many of some devices a budget of percent allows: one at least, unless it is nothing at all.
func share(percent, of int) int {
	p := clamp(percent, content.MostShare)
	if p == 0 {
		return 0
	}
	return max(1, of*p/100)
}

// conclude says what becomes of it.
func (j *judgement) conclude() {
	v := &j.v
	if v.Needs == content.Never || v.Needs > content.Both {
		v.Needs, v.Outcome = content.Never, Refuse
		return
	}
	v.Missing = missing(v.Needs, j.Approvals)
	switch {
	case len(v.Missing) > 0:
		v.Outcome = Ask
	case v.Needs != content.Auto || !j.Automatic || j.Effect == content.Evidence:
		v.Outcome = Allow
	case j.Facts.Shadow:
		v.Outcome = Shadow
		v.Reasons = append(v.Reasons, why("shadow"))
	case v.Cut && j.Facts.Now.Before(j.Facts.Canary):
		v.Outcome, v.Until = Wait, j.Facts.Canary
		v.Reasons = append(v.Reasons, why("canary"))
	default:
		v.Outcome = Allow
	}
}

// missing are the roles for which nobody has said yes. Each person counts once; only people who are named count.
func missing(n content.Needs, all []Approval) []Role {
	var soc, clinical, either int // people who speak for the one, the other, any of them
	seen := map[string]bool{}
	for _, a := range all {
		if id, ok := strings.CutPrefix(a.By, "person:"); !ok || id == "" || seen[a.By] {
			continue
		}
		seen[a.By] = true
		switch {
		case a.SOC && a.Clinical:
			either++
		case a.SOC:
			soc++
		case a.Clinical:
			clinical++
		}
	}
	var out []Role
	if (n == content.SOC || n == content.Both) && soc == 0 {
		if either == 0 {
			out = append(out, RoleSOC)
		}
		either--
	}
	if (n == content.Clinical || n == content.Both) && clinical == 0 && either <= 0 {
		out = append(out, RoleClinical)
	}
	return out
}
