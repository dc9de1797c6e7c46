package node

import (
	"net/http"
	"net/netip"
	"slices"
	"sync"

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
}

// mostDoorSessions is how many are known; of more, all are opened anew.
const mostDoorSessions = 5000

// handle is that of a session, with the facts as they are now.
func (d *doors) handle(a *access.Access, s access.Session) *access.Handle {
	d.mu.Lock()
	defer d.mu.Unlock()
	is := d.open[s.ID]
	switch {
	case is != nil && sameFacts(&is.facts, &s):
		return is.handle
	case is != nil:
		is.facts = s
		is.handle.Renew(s)
		return is.handle
	case len(d.open) >= mostDoorSessions || d.open == nil:
		d.open = map[string]*doorSession{}
	}
	is = &doorSession{a.Open(s), s}
	d.open[s.ID] = is
	return is.handle
}

func sameFacts(a, b *access.Session) bool {
	return a.Person == b.Person && a.Assurance == b.Assurance && a.Resistant == b.Resistant && a.Proved.Equal(b.Proved) && a.Address == b.Address && slices.Equal(a.Methods, b.Methods)
}

// judgeRoute is the code with which policies refuse somebody a route that their duties open; empty: they do not. Duties hold from the
// next request on, so that a refusal is looked at again with the directory as it is now.
func (n *Node) judgeRoute(r *http.Request, p identity.Person) string {
	if n.access == nil || r.Pattern == "" {
		return ""
	}
	at, _ := netip.ParseAddr(web.Peer(r))
	h := n.doors.handle(n.access, sessionOf(p, at))
	action, door := policy.ID("Action", "use"), policy.ID("Door", r.Pattern)
	d := h.Decide(action, door)
	if !d.Allow {
		if err := n.access.Refresh(r.Context()); err == nil {
			d = h.Decide(action, door)
		}
	}
	stepUp := slices.ContainsFunc(d.Obligations, func(o policy.Obligation) bool { return o.Do == "step-up" })
	switch {
	case d.Allow && stepUp && n.clock.Now().Sub(p.Proved) >= identity.FreshProof:
		return identity.ProveAgain
	case d.Allow:
		return ""
	}
	switch h.Proof(action, door) {
	case access.SameProof:
		return identity.ProveAgain
	case access.PasskeyProof:
		return identity.PasskeyNeeded
	}
	return "policy-refuses"
}
