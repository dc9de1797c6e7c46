package access

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"bulwark/decide/access/policy"
	"bulwark/event"
	"bulwark/platform/clock"
	"bulwark/platform/ledger"
)

// Every decision is an event. Equal ones of a session within ten seconds of the first are one, with how many they were: a decision is
// remembered in its handle as long as it holds, and counts there how often it was given. Longer would be fewer events, and more that a
// crash takes with it.

// asked are decisions of which no event tells yet.
type asked struct {
	mu  sync.Mutex
	all []told
}

// told is a decision with who was given it.
type told struct {
	h                *Handle
	d                *policy.Decision
	action, resource policy.UID
	first            time.Time
	degraded         bool // the session was when it was decided
}

// mostAsked is how many wait at most: then they are told at once.
const mostAsked = 2000

// note counts a decision.
func (s *asked) note(h *Handle, d *policy.Decision, action, resource policy.UID, now time.Time) {
	if d.Asked.Add(1) > 1 {
		return
	}
	h.mu.RLock()
	degraded := h.session.Degraded
	h.mu.RUnlock()
	s.mu.Lock()
	s.all = append(s.all, told{h, d, action, resource, now, degraded})
	full := len(s.all) >= mostAsked
	s.mu.Unlock()
	if full {
		h.access.tell(now)
	}
}

// merge is how long after the first of them equal decisions are one event.
const merge = 10 * time.Second

// take gives those that were first given until then, and forgets them; those of a time to come, too, which a clock that was set back leaves.
func (s *asked) take(until, now time.Time) []told {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < len(s.all) && (!s.all[n].first.After(until) || s.all[n].first.After(now)) {
		n++
	}
	all := s.all[:n:n]
	s.all = s.all[n:]
	return all
}

// use is when a policy let somebody do something last: what nobody uses can be taken away.
type use struct {
	Person string    `json:"person"`
	Policy string    `json:"policy"`
	Last   time.Time `json:"last"`
	Count  uint64    `json:"count"`
}

// mostUses is how many are kept.
const mostUses = 200_000

// digest is what the ledger is told of the events of an hour.
type digest struct {
	begin         time.Time
	first, number uint64 // of events
	allow, deny   uint64
	sum           [sha256.Size]byte
}

// tell makes events of all that was decided since it last did.
func (a *Access) tell(now time.Time) { a.tellUntil(now, now) }

// tellUntil makes events of what was first decided until then.
func (a *Access) tellUntil(until, now time.Time) {
	all := a.asked.take(until, now)
	if len(all) == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range all {
		n := t.d.Asked.Swap(0)
		t.h.mu.RLock()
		e := a.eventOf(&t, n, now)
		address := t.h.session.Address
		t.h.mu.RUnlock()
		a.count.decisions.Add(float64(n))
		if !t.d.Allow {
			a.count.refused.Add(float64(n))
		}
		if e.Degraded {
			a.degraded.add(n, t.d.Allow)
		}
		a.used(&t, e, n, now)
		a.digest.add(e)
		a.out.Put(event.Header{Time: now.UnixNano(), Src: address}, e)
	}
	clock.Wake(a.dirty)
}

// eventOf is a decision as an event. The locks are held.
func (a *Access) eventOf(t *told, n uint64, now time.Time) *event.Access {
	s := &t.h.session
	p := t.h.handle.Principal()
	a.digest.number++
	e := &event.Access{Principal: plain(p), Session: s.ID, Action: string(t.action.ID), Resource: plain(t.resource), Status: "deny", Policies: t.d.IDs(), Reason: t.d.Why().EN,
		Zone: t.h.zone, Device: s.Device.ID, Degraded: t.degraded, Count: n, First: uint64(t.first.UnixNano()), Last: uint64(now.UnixNano()), Number: a.digest.number}
	if t.d.Allow {
		e.Status = "allow"
	}
	for _, o := range t.d.Obligations {
		e.Obligations = append(e.Obligations, o.String())
	}
	if t.resource.Type == "Record" || t.resource.Type == "Patient" {
		e.Patient = string(t.resource.ID)
		if g := a.glassAt(s.Person, e.Patient, t.first); g != nil && t.d.Allow && slices.Contains(e.Policies, "break-glass") {
			e.Glass = g.ID
			g.Used += n
			a.unkept[itemKey{"glass", g.ID}] = g
		}
	}
	return e
}

// plain is an entity as events name it.
func plain(u policy.UID) string { return string(u.Type) + ":" + string(u.ID) }

// used notes what let somebody do something. The lock is held.
func (a *Access) used(t *told, e *event.Access, n uint64, now time.Time) {
	if !t.d.Allow || t.h.session.Person == "" {
		return
	}
	for _, id := range e.Policies {
		k := t.h.session.Person + " " + id
		u := a.uses[k]
		if u == nil {
			if len(a.uses) >= mostUses {
				a.count.forgotten.Inc()
				continue
			}
			u = &use{Person: t.h.session.Person, Policy: id}
			a.uses[k] = u
		}
		u.Last, u.Count = now.UTC().Truncate(time.Millisecond), u.Count+n
		a.unkept[itemKey{"use", k}] = u
	}
}

// add takes an event into the digest: the sum of all before, and its own line.
func (d *digest) add(e *event.Access) {
	if d.first == 0 {
		d.first = e.Number
	}
	if e.Status == "allow" {
		d.allow += e.Count
	} else {
		d.deny += e.Count
	}
	h := sha256.New()
	h.Write(d.sum[:])
	fmt.Fprintf(h, "%d %s %s %s %s %s %d %d %s %q %q\n", e.Number, e.Principal, e.Session, e.Action, e.Resource, e.Status, e.Count, e.Last, strings.Join(e.Policies, ","),
		e.Reason, e.Obligations)
	h.Sum(d.sum[:0])
}

// tellDigest writes the digest of an hour to the ledger: whoever changes an event behind the program's back is found out.
func (a *Access) tellDigest(ctx context.Context, now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	d := &a.digest
	if now.Sub(d.begin) < time.Hour || d.first == 0 || a.needs.Fleeting {
		return nil
	}
	e := ledger.Entry{Actor: ledger.Program("access"), Act: "access.digest", Object: "access/decisions", Outcome: ledger.Done, Detail: map[string]string{
		"from": d.begin.UTC().Format(time.RFC3339), "until": now.UTC().Format(time.RFC3339), "first": fmt.Sprint(d.first), "last": fmt.Sprint(d.number),
		"allow": fmt.Sprint(d.allow), "deny": fmt.Sprint(d.deny), "sha256": hex.EncodeToString(d.sum[:])}}
	if err := a.write(ctx, nil, e); err != nil {
		return err
	}
	a.digest = digest{begin: now, number: d.number, sum: d.sum}
	return nil
}

// unusedFor is after what time something that was never used is proposed to be taken away.
const unusedFor = 90 * 24 * time.Hour

// Unused is a role that somebody has and has not used.
type Unused struct {
	Person string    `json:"person"`
	Role   string    `json:"role"`
	Last   time.Time `json:"last,omitzero"` // zero: never, as far as is known
	Since  time.Time `json:"since"`         // since when they have it, so far as is known
	Opens  []string  `json:"opens"`         // policies that name the role
}

// Unused lists roles that people have for 90 days and did not use in that time, so far as decisions were noted.
func (a *Access) Unused() []Unused {
	now := a.needs.Clock.Now()
	byRole := map[string][]string{}
	for _, p := range a.engine.Set().Policies {
		for _, u := range p.Roles {
			if u.Type == "Role" && !p.Forbid {
				byRole[string(u.ID)] = append(byRole[string(u.ID)], p.ID)
			}
		}
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	all := []Unused{}
	for id, p := range a.people {
		for _, role := range p.Roles {
			x := Unused{Person: id, Role: role, Opens: byRole[role]}
			for _, policy := range x.Opens {
				if u := a.uses[id+" "+policy]; u != nil && u.Last.After(x.Last) {
					x.Last = u.Last
				}
			}
			if h := a.tenures[id]; h != nil {
				x.Since = h.Since[role]
			}
			if len(x.Opens) > 0 && !p.Disabled && now.Sub(x.Last) >= unusedFor && now.Sub(x.Since) >= unusedFor {
				all = append(all, x)
			}
		}
	}
	slices.SortFunc(all, func(x, y Unused) int {
		return cmp.Or(x.Last.Compare(y.Last), strings.Compare(x.Person, y.Person), strings.Compare(x.Role, y.Role))
	})
	return all
}

// Recertify keeps a role that was proposed to be taken away, or takes it away.
func (a *Access) Recertify(ctx context.Context, actor, person, role, reason string, keep bool) error {
	if keep {
		a.mu.Lock()
		defer a.mu.Unlock()
		p := a.people[person]
		if p == nil || !slices.Contains(p.Roles, role) {
			return ErrNone
		}
		changes := map[itemKey]any{}
		now := a.needs.Clock.Now().UTC().Truncate(time.Millisecond)
		for _, x := range a.engine.Set().Policies {
			if slices.ContainsFunc(x.Roles, func(u policy.UID) bool { return u == policy.ID("Role", role) }) {
				u := &use{Person: person, Policy: x.ID, Last: now}
				a.uses[person+" "+x.ID] = u
				changes[itemKey{"use", person + " " + x.ID}] = u
			}
		}
		return a.write(ctx, changes, ledger.Entry{Actor: actor, Act: "access.recertify", Object: ledger.Person(person), Outcome: ledger.Done, Detail: map[string]string{"role": role, "reason": reason}})
	}
	taker, ok := a.needs.Directory.(Roles)
	if !ok {
		return fmt.Errorf("%w: roles come from a directory that is changed elsewhere", ErrAsk)
	}
	return taker.Take(ctx, actor, person, role, reason)
}
