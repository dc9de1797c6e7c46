package access

import (
	"slices"
	"time"

	"bulwark/decide/access/policy"
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
			}
		}
	}
	return all
}

// nobody is a patient of whom nothing is known.
var nobody patient

// stayingAs is what is known of a patient. The lock is held.
func (a *Access) stayingAs(id string) *patient {
	if p := a.patients[id]; p != nil {
		return p
	}
	return &nobody
}
