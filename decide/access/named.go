package access

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"bulwark/decide/access/policy"
	"bulwark/platform/ledger"
)

// People whom messages name as those who look after a patient are in the care team of that patient as long as the stay lasts. Messages
// have numbers of people; what access has are pseudonyms of these, and of the numbers of those who are in the directory.

// mostOfOne is how many patients are known whom one person looks after.
const mostOfOne = 2000

// nameAll notes who is named in the stays of a patient. The lock is held.
func (a *Access) nameAll(id string, p *patient) {
	for n := range p.Stays {
		for _, who := range p.Stays[n].Staff {
			of := a.named[who]
			if of == nil {
				of = map[string]struct{}{}
				a.named[who] = of
			}
			if _, known := of[id]; !known && len(of) >= mostOfOne {
				a.count.forgotten.Inc()
				continue
			}
			of[id] = struct{}{}
		}
	}
}

// unname forgets a patient for those who are named. The lock is held.
func (a *Access) unname(id string, p *patient) {
	for n := range p.Stays {
		for _, who := range p.Stays[n].Staff {
			delete(a.named[who], id)
			if len(a.named[who]) == 0 {
				delete(a.named, who)
			}
		}
	}
}

// putNamed puts those who are named in the stays of a patient among the entities. The lock is held.
func (a *Access) putNamed(p *patient, now time.Time) {
	var put []string
	for n := range p.Stays {
		for _, who := range p.Stays[n].Staff {
			if id := a.byStaff[who]; id != "" && !slices.Contains(put, id) {
				put = append(put, id)
				a.putPerson(id, now)
			}
		}
	}
}

// names reports whether a stay that goes on names one of these numbers.
func (p *patient) names(staff []string, now time.Time) bool {
	return slices.ContainsFunc(p.Stays, func(s Stay) bool {
		return during(s.From, s.Until, now) && now.Sub(s.From) < longestStayKnown && s.of(staff)
	})
}

// of reports whether a stay names one of these numbers.
func (s *Stay) of(staff []string) bool {
	return slices.ContainsFunc(s.Staff, func(who string) bool { return slices.Contains(staff, who) })
}

// inCareOf are those whom messages say somebody looks after now. The lock is held.
func (a *Access) inCareOf(p *Person, now time.Time) (all []policy.UID) {
	for _, who := range p.Staff {
		for id := range a.named[who] {
			known := a.patients[id]
			if known == nil || known.over(now) {
				delete(a.named[who], id)
			} else if known.names(p.Staff, now) {
				all = append(all, policy.ID("Patient", id))
				if known.Number != "" && a.numbers[known.Number] == id {
					all = append(all, policy.ID("Patient", known.Number))
				}
			}
		}
	}
	return all
}

// nobody is a patient of whom nothing is known.
var nobody patient

// number notes by what number a patient is asked for where the authority is not said. A number that two have stands for nobody. The lock is held.
func (a *Access) number(id string, p *patient, now time.Time) {
	if p.Number == "" || p.Number == id {
		return
	}
	switch has, known := a.numbers[p.Number]; {
	case !known:
		a.numbers[p.Number] = id
	case has != id && has != "":
		a.numbers[p.Number] = ""
		if a.patients[p.Number] != nil {
			a.putPatient(p.Number, now)
		} else {
			a.entities.Drop(policy.ID("Patient", p.Number), policy.ID("Record", p.Number))
		}
	}
}

func (a *Access) unnumber(id string, p *patient) {
	if a.numbers[p.Number] == id {
		delete(a.numbers, p.Number)
		a.entities.Drop(policy.ID("Patient", p.Number), policy.ID("Record", p.Number))
	}
}

// known is the patient whom a pseudonym means: one of whom messages tell, where it is a number alone that is theirs alone. The lock is held.
func (a *Access) known(id string) string {
	if p := a.patients[id]; p == nil || len(p.Stays) == 0 {
		if other := a.numbers[id]; other != "" && a.patients[other] != nil {
			return other
		}
	}
	return id
}

// stayingAs is what is known of a patient. The lock is held.
func (a *Access) stayingAs(id string) *patient {
	if p := a.patients[a.known(id)]; p != nil {
		return p
	}
	return &nobody
}

// sensitive reports whether a record is marked, under its number alone too. The lock is held.
func (a *Access) sensitive(p *patient) bool {
	if p.Sensitive || p.Number == "" {
		return p.Sensitive
	}
	alone := a.patients[p.Number]
	return alone != nil && alone.Sensitive && a.numbers[p.Number] != ""
}

// MarkSensitive marks the record of a patient as sensitive, or takes the mark away.
func (a *Access) MarkSensitive(ctx context.Context, actor, patient string, on bool, reason string) error {
	reason = strings.TrimSpace(reason)
	if !pseudonym(patient) || reason == "" || utf8.RuneCountInString(reason) > longText {
		return fmt.Errorf("%w: a mark needs a patient, and why in at most %d characters", ErrAsk, longText)
	}
	a.know(patient)
	a.mu.Lock()
	defer a.mu.Unlock()
	id := a.known(patient)
	was := a.patients[id]
	if was == nil {
		return fmt.Errorf("%w: there is no room for one more patient", ErrRefuse)
	}
	is := *was
	is.Sensitive = on
	word := "yes"
	if !on {
		word = "no"
	}
	err := a.write(ctx, map[itemKey]any{{"stay", id}: &is}, ledger.Entry{Actor: actor, Act: "access.sensitive", Object: "patient:" + id, Outcome: ledger.Done,
		Detail: map[string]string{"sensitive": word, "reason": reason}})
	if err != nil {
		return err
	}
	was.Sensitive = on
	a.putPatient(id, a.needs.Clock.Now())
	return nil
}
