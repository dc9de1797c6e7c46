package node

import (
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"bulwark/decide/access"
	"bulwark/decide/access/policy"
	"bulwark/decide/identity"
	"bulwark/platform/web"
)

// doors are the sessions of the console as access knows them: duties open a route, and policies may still refuse it. The zero value
// knows none.
type doors struct {
	mu   sync.Mutex
	open map[string]*doorSession // by session
}

// doorSession is a session with the facts by which it was opened.
type doorSession struct {
	handle *access.Handle
	facts  access.Session

	mu     sync.Mutex               // guards what follows
	used   map[policy.UID]bool      // doors
	lost   map[policy.UID]time.Time // doors that it may not use any more, from when on
	noted  map[string]noted         // by policy and obligation
	toldAt map[string]time.Time     // by policy
}

// use is what is done to a door.
var use = policy.ID("Action", "use")

// mostDoorSessions is how many are known; of more, all are opened anew.
const mostDoorSessions = 5000

// of is a session, with the facts as they are now.
func (d *doors) of(a *access.Access, s access.Session) *doorSession {
	d.mu.Lock()
	defer d.mu.Unlock()
	is := d.open[s.ID]
	switch {
	case is != nil && sameFacts(&is.facts, &s):
		return is
	case is != nil:
		is.facts = s
		is.handle.Renew(s)
		return is
	case len(d.open) >= mostDoorSessions || d.open == nil:
		d.open = map[string]*doorSession{}
	}
	is = &doorSession{handle: a.Open(s), facts: s}
	d.open[s.ID] = is
	return is
}

// doorSession is the session of who asks.
func (n *Node) doorSession(r *http.Request, p identity.Person) *doorSession {
	at, _ := netip.ParseAddr(web.Peer(r))
	return n.doors.of(n.access, sessionOf(p, at))
}

func sameFacts(a, b *access.Session) bool {
	return a.Person == b.Person && a.Assurance == b.Assurance && a.Resistant == b.Resistant && a.Proved.Equal(b.Proved) && a.Address == b.Address && a.Device == b.Device && a.Degraded == b.Degraded && slices.Equal(a.Methods, b.Methods)
}

// judgeRoute is the code with which policies refuse somebody a route that their duties open; empty: they do not. Duties hold from the
// next request on, so that a refusal is looked at again with the directory as it is now.
func (n *Node) judgeRoute(r *http.Request, p identity.Person) string {
	if n.access == nil || r.Pattern == "" {
		return ""
	}
	s, door := n.doorSession(r, p), policy.ID("Door", r.Pattern)
	h := s.handle
	d := h.Decide(use, door)
	if !d.Allow {
		if err := n.access.Refresh(r.Context()); err == nil {
			d = h.Decide(use, door)
		}
	}
	now := n.clock.Now()
	stepUp := slices.ContainsFunc(d.Obligations, func(o policy.Obligation) bool { return o.Do == "step-up" })
	switch {
	case d.Allow && stepUp && now.Sub(p.Proved) >= identity.FreshProof:
		return identity.ProveAgain
	case d.Allow:
		s.allowed(door)
		return ""
	case s.spared(d, door, now):
		return ""
	}
	return proofOf(h, use, door)
}

// proofOf is the code of a refusal: what of a proof would do about it, if any.
func proofOf(h *access.Handle, action, resource policy.UID) string {
	switch h.Proof(action, resource) {
	case access.SameProof:
		return identity.ProveAgain
	case access.PasskeyProof:
		return identity.PasskeyNeeded
	}
	if h.WantsManaged(action, resource) {
		return "managed-device"
	}
	return "policy-refuses"
}
