package node

import (
	"context"
	"net/netip"
	"slices"

	"bulwark/decide/access/policy"
	"bulwark/decide/identity"
	"bulwark/decide/identity/oidc"
)

// open is what is done to an application.
var open = policy.ID("Action", "open")

// judgeApplication says by what policies keep somebody from an application that signs people in here. What they asked of it before holds for the time that
// a refusal gives.
func (n *Node) judgeApplication(ctx context.Context, v oidc.Visit) oidc.Refusal {
	if n.access == nil {
		return oidc.Refusal{}
	}
	n.access.PutApplication(v.Application)
	at, _ := netip.ParseAddr(v.Address)
	s, app, now := n.doors.of(n.access, sessionOf(v.Who, at)), policy.ID("App", v.Application), n.clock.Now()
	ask := s.handle.Peek
	if v.Entering { // told once, and not each time that the application asks
		ask = s.handle.Decide
	}
	d := ask(open, app)
	if !d.Allow && v.Entering { // the directory may know them since a moment ago
		if err := n.access.Refresh(ctx); err == nil {
			d = ask(open, app)
		}
	}
	stepUp := slices.ContainsFunc(d.Obligations, func(o policy.Obligation) bool { return o.Do == "step-up" })
	switch {
	case d.Allow && stepUp && v.Entering && now.Sub(v.Who.Proved) >= identity.FreshProof:
		return refusalOf(d, identity.ProveAgain)
	case d.Allow:
		s.allowed(app)
		return oidc.Refusal{}
	case s.spared(d, app, now):
		return oidc.Refusal{}
	}
	no := refusalOf(d, proofOf(s.handle, open, app))
	for _, x := range s.handle.Next(open, app) {
		no.Next = append(no.Next, oidc.Text(x.Text))
	}
	return no
}

func refusalOf(d *policy.Decision, code string) oidc.Refusal {
	return oidc.Refusal{Code: code, Policies: d.IDs(), Why: oidc.Text(d.Why())}
}
