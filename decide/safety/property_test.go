package safety

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	content "bulwark/content/safety"
)

const randomCases = 100_000

// Whatever a matrix says, and whatever is asked: a life-critical device is not cut without two named persons of the two kinds, nor
// put in quarantine at all; nothing on which care depends or that nobody confirmed is cut without a person; and what is cut
// automatically stays within the budgets. The expectations here are written without a look at how the judge comes to its verdicts.
func TestInterlock(t *testing.T) {
	rnd := rand.New(rand.NewPCG(20261122, 0))
	shipped, _ := content.Shipped()
	w := world{rnd: rnd, shipped: *shipped, now: noon, wards: map[string]int{"A": 4, "B": 40, "C": 300}, classes: map[string]int{"workstation": 200, "pump": 60, "pacs": 2}}
	var cuts, allowed, automatic, tier0 int
	for range randomCases {
		m, r := w.matrix(), w.request()
		v := Judge(r, m)
		if v.Outcome != Allow {
			continue
		}
		allowed++
		if broken := w.harm(&r, m); broken != "" {
			t.Fatalf("%s:\nrequest %+v\nmatrix %+v\nverdict %+v", broken, r, m, v)
		}
		for i := range r.Facts.Touched {
			if d := &r.Facts.Touched[i]; d.Tier == content.LifeCritical && loses(&r, d) {
				cuts++
				if !twoPersons(r.Approvals) {
					tier0++
				}
			}
		}
		if r.Automatic && len(r.Approvals) == 0 {
			automatic++
			w.spend(&r)
		}
	}
	if cuts == 0 || automatic < randomCases/100 {
		t.Fatalf("%d cases tried nothing: %d cuts of life-critical devices, %d automatic acts of %d", randomCases, cuts, automatic, allowed)
	}
	t.Logf("%d acts allowed, %d of them automatic, %d cuts of life-critical devices with two approvals", allowed, automatic, cuts)
	t.Logf("RESULT interlock_cases %d cases", randomCases)
	t.Logf("RESULT interlock_tier0_cuts %d cuts", tier0)
}

// loses says, plainly, whether an act cuts a device.
func loses(r *Request, d *Touched) bool {
	return r.Effect >= content.Micro && d.Aimed || r.Effect >= content.Narrow && d.Inside+d.Clinical > 0
}

// twoPersons reports whether one person spoke for the security team and another for the medical devices.
func twoPersons(all []Approval) bool {
	for _, a := range all {
		for _, b := range all {
			if a.SOC && b.Clinical && a.By != b.By && named(a.By) && named(b.By) {
				return true
			}
		}
	}
	return false
}

func named(by string) bool { return len(by) > len("person:") && by[:len("person:")] == "person:" }

func anyPerson(all []Approval) bool {
	for _, a := range all {
		if named(a.By) && (a.SOC || a.Clinical) {
			return true
		}
	}
	return false
}

// harm is which promise an act that was allowed breaks.
func (w *world) harm(r *Request, m *content.Matrix) string {
	byPerson := anyPerson(r.Approvals)
	aimed := false
	for i := range r.Facts.Touched {
		d := &r.Facts.Touched[i]
		aimed = aimed || d.Aimed
		cut := loses(r, d)
		free := d.Confirmed && (d.Tier == content.ClinicalSupport || d.Tier == content.Office)
		needed := d.Aimed || d.Asked > 0 || d.Clinical > 0 || d.Outside > 0 || d.Served > 0 && (d.Tier == content.LifeCritical || d.Tier == content.ClinicalEssential)
		switch {
		case d.Tier == content.LifeCritical && d.Aimed && r.Effect >= content.Quarantine:
			return "a life-critical device is cut off"
		case d.Tier == content.LifeCritical && cut && !twoPersons(r.Approvals):
			return "a life-critical device is cut without two persons"
		case r.Effect >= content.Narrow && d.Learnt > 0 && d.Confirmed && d.Tier == content.ClinicalSupport && !byPerson:
			return "the program may cut care that cannot be seen yet"
		case cut && !free && needed && !byPerson:
			return "what only a person may cut is cut by the program"
		}
	}
	switch {
	case slices.ContainsFunc(r.Beside, func(n content.Needs) bool { return n != content.Auto }) && !byPerson:
		return "what asks for a person besides the matrix is done without"
	case slices.Contains(r.Before, content.SOC) && !byPerson, slices.Contains(r.Before, content.Clinical) && !byPerson, slices.Contains(r.Before, content.Both) && !twoPersons(r.Approvals),
		slices.Contains(r.Before, content.Never):
		return "what is in force lasts longer with less than it needed"
	case r.Centre && !byPerson:
		return "what the centre proposes is done without a person of the site"
	case r.Effect > content.Isolation:
		return "what is no effect is done"
	case r.Effect >= content.Micro && !aimed && !byPerson:
		return "the program cuts what it does not know"
	case r.Effect >= content.Narrow && !r.Facts.Seen && !byPerson:
		return "the program cuts without knowing what"
	case r.Automatic && !byPerson && r.Effect > content.Evidence && r.Facts.Frozen:
		return "the program acts although it is frozen"
	case r.Automatic && !byPerson && r.Effect > content.Evidence && r.Facts.Shadow:
		return "the program acts in shadow mode"
	case r.Automatic && !byPerson && w.beyond(r, m):
		return "a budget is exceeded"
	}
	return ""
}

// beyond reports whether an automatic act exceeds a budget.
func (w *world) beyond(r *Request, m *content.Matrix) bool {
	all := map[uint64]Spent{}
	for _, s := range r.Facts.Spent {
		if r.Facts.Now.Sub(s.At) < 10*time.Minute {
			all[s.Device] = s
		}
	}
	fresh := 0
	for i := range r.Facts.Touched {
		if d := &r.Facts.Touched[i]; d.Aimed && loses(r, d) {
			all[d.ID] = Spent{Device: d.ID, Ward: d.Ward, Class: d.Class}
			fresh++
		}
	}
	if fresh == 0 {
		return false
	}
	wards, classes := map[string]int{}, map[string]int{}
	for _, s := range all {
		wards[s.Ward]++
		classes[s.Class]++
	}
	if len(all) > max(0, min(50, m.Budgets.Devices)) {
		return true
	}
	for i := range r.Facts.Touched {
		d := &r.Facts.Touched[i]
		if d.Aimed && loses(r, d) && (over(wards[d.Ward], m.Budgets.Ward, w.wards[d.Ward]) || over(classes[d.Class], m.Budgets.Class, w.classes[d.Class])) {
			return true
		}
	}
	return false
}

func over(n, percent, of int) bool {
	if percent <= 0 {
		return n > 0
	}
	return n > 1 && n*100 > min(percent, 50)*of
}

// world makes requests at random, one after the other.
type world struct {
	rnd            *rand.Rand
	shipped        content.Matrix
	now            time.Time
	spent          []Spent
	wards, classes map[string]int
}

func (w *world) spend(r *Request) {
	for i := range r.Facts.Touched {
		if d := &r.Facts.Touched[i]; d.Aimed && loses(r, d) {
			w.spent = append(w.spent, Spent{Device: d.ID, Ward: d.Ward, Class: d.Class, At: r.Facts.Now})
		}
	}
	w.spent = w.spent[max(0, len(w.spent)-200):]
}

// matrix is the one that is shipped, or as a hostile hand leaves it: everything automatic, or anything at all.
func (w *world) matrix() *content.Matrix {
	m := w.shipped
	kind := w.rnd.IntN(4)
	if kind == 0 {
		return &m
	}
	cell := func() content.Cell {
		var c content.Cell
		for i := range c {
			c[i] = content.Auto
			if kind > 1 {
				c[i] = content.Needs(w.rnd.IntN(8))
			}
		}
		return c
	}
	row := func() content.Row {
		return content.Row{E0: cell(), E1: cell(), E2: cell(), E3: cell(), E4: cell(), E5: cell()}
	}
	m.Tiers = content.Rows{LifeCritical: row(), ClinicalEssential: row(), ClinicalSupport: row(), Office: row(), Unknown: row()}
	m.Budgets = content.Budgets{Devices: w.rnd.IntN(2000) - 200, Ward: w.rnd.IntN(2000) - 200, Class: w.rnd.IntN(2000) - 200}
	m.Canary = time.Duration(w.rnd.IntN(100)-50) * time.Second
	return &m
}

func (w *world) request() Request {
	w.now = w.now.Add(time.Duration(w.rnd.IntN(60)) * time.Second)
	chance := func(of int) bool { return w.rnd.IntN(of) == 0 }
	r := Request{Effect: content.Effect(w.rnd.IntN(7)), Automatic: !chance(3), Centre: chance(8),
		Facts: Facts{Now: w.now, Seen: !chance(8), Frozen: chance(8), Shadow: chance(8), Wards: w.wards, Classes: w.classes, Spent: w.spent}}
	if chance(8) {
		r.Beside = append(r.Beside, content.Needs(w.rnd.IntN(8)))
	}
	if chance(4) {
		r.Before = append(r.Before, content.Needs(w.rnd.IntN(5)))
	}
	if chance(8) {
		r.Facts.Canary = w.now.Add(time.Duration(w.rnd.IntN(120)-60) * time.Second)
	}
	for range w.rnd.IntN(5) {
		r.Facts.Touched = append(r.Facts.Touched, Touched{ID: uint64(w.rnd.IntN(500)), Tier: content.Tier(w.rnd.IntN(6)), Confirmed: !chance(3),
			Ward: pick(w.rnd, "A", "B", "C"), Class: pick(w.rnd, "workstation", "pump", "pacs"),
			Aimed: chance(2), Inside: w.rnd.IntN(3), Outside: w.rnd.IntN(2), Asked: w.rnd.IntN(2), Clinical: max(0, w.rnd.IntN(4)-2), Served: max(0, w.rnd.IntN(4)-1), Learnt: max(0, w.rnd.IntN(4)-2)})
	}
	for range max(0, w.rnd.IntN(8)-4) {
		r.Approvals = append(r.Approvals, Approval{By: pick(w.rnd, "person:1", "person:2", "person:3", "person:", "host", ""), SOC: chance(2), Clinical: chance(2)})
	}
	return r
}

func pick(rnd *rand.Rand, all ...string) string { return all[rnd.IntN(len(all))] }
