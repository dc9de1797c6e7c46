package access

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"bulwark/decide/access/policy"
	"bulwark/event"
	"bulwark/platform/clock"
)

// Session is somebody who asks, as identity knows them.
type Session struct {
	ID     string // of the session, not what its cookie holds; empty: none
	Person string // or Machine
	// Machine is the number of a device of the inventory that acts for itself.
	Machine   string
	Methods   []string // RFC 8176
	Assurance int      // 1 one factor, 2 two, 3 two of which one can neither be phished nor copied
	Resistant bool     // to phishing
	Proved    time.Time
	Device    Device
	Address   netip.Addr
	Degraded  bool // directory, centre or database were lost when it was looked at
}

// Device is from what somebody asks.
type Device struct {
	ID                                string // number in the inventory; empty: not known
	Managed, Compliant, Bound, Shared bool
	Unit                              string // where it stands; empty: not known
}

// Handle is an open session. Asking through it what was asked before costs next to nothing.
type Handle struct {
	access *Access
	handle *policy.Handle

	mu      sync.RWMutex
	session Session
	zone    string
	risk    int
	risks   atomic.Uint64 // generation of the risks from which risk is
}

// Open takes up a session.
func (a *Access) Open(s Session) *Handle {
	h := &Handle{access: a, handle: a.engine.Handle(policy.Facts{})}
	h.Renew(s)
	return h
}

// Renew has other facts hold for the session: a step up, another posture.
func (h *Handle) Renew(s Session) {
	a := h.access
	a.needMachine(s.Device.ID)
	generation := a.risksChanged.Load()
	zone, risk := a.zoneOf(s.Address), a.riskOf(s) // before the lock: whoever tells of decisions holds that of the room first
	h.mu.Lock()
	defer h.mu.Unlock()
	h.session, h.zone, h.risk = s, zone, risk
	h.handle.Renew(facts(s, a.networkOf(h.zone), h.risk))
	h.risks.Store(generation)
}

// fresh takes the risk of the device and the address anew where any has changed.
func (h *Handle) fresh() {
	if h.risks.Load() == h.access.risksChanged.Load() {
		return
	}
	h.mu.RLock()
	s, was := h.session, h.risk
	h.mu.RUnlock()
	generation := h.access.risksChanged.Load()
	if h.access.riskOf(s) != was {
		h.Renew(s)
		return
	}
	h.risks.Store(generation)
}

// Close ends whoever watches through it.
func (h *Handle) Close() { h.access.watchers.drop(h) }

// facts are what policies can see of a session.
func facts(s Session, network policy.Attrs, risk int) policy.Facts {
	f := policy.Facts{Principal: policy.ID("Person", s.Person), Context: policy.Attrs{
		"device":   policy.Attrs{"managed": s.Device.Managed, "compliant": s.Device.Compliant, "bound": s.Device.Bound, "shared": s.Device.Shared, "risk": risk},
		"auth":     policy.Attrs{"assurance": s.Assurance, "resistant": s.Resistant, "proved": s.Proved},
		"network":  network,
		"degraded": s.Degraded,
	}}
	if s.Machine != "" {
		f.Principal = policy.ID("Machine", s.Machine)
	}
	if s.Device.ID != "" {
		f.Context["machine"] = policy.ID("Machine", s.Device.ID)
	}
	if s.Device.Unit != "" {
		f.Context["place"] = policy.ID("Unit", s.Device.Unit)
	}
	return f
}

// riskOf is what incidents found of the device and the address of a session.
func (a *Access) riskOf(s Session) int {
	a.mu.RLock()
	defer a.mu.RUnlock()
	n := 0
	if s.Device.ID != "" {
		n = a.risks["device:"+s.Device.ID]
	}
	if s.Address.IsValid() {
		n = max(n, a.risks["address:"+s.Address.Unmap().String()])
	}
	return n
}

// networkOf is a zone as policies see it.
func (a *Access) networkOf(zone string) policy.Attrs {
	return policy.Attrs{"zone": zone, "told": len(a.needs.Config.Zones) > 0}
}

// zoneOf is the network of an address.
func (a *Access) zoneOf(at netip.Addr) string {
	at = at.Unmap()
	best, zone := -1, ""
	for _, z := range a.needs.Config.Zones {
		for _, n := range z.Networks {
			if n.Contains(at) && n.Bits() > best {
				best, zone = n.Bits(), z.Name
			}
		}
	}
	switch {
	case zone != "":
		return zone
	case at.IsPrivate(), at.IsLoopback(), at.IsLinkLocalUnicast():
		return "office"
	}
	return "internet"
}

// Decide answers whether the session may do something to something: Action "readRecord" on Record "...".
func (h *Handle) Decide(action, resource policy.UID) *policy.Decision {
	h.fresh()
	now := h.access.needs.Clock.Now()
	d := h.handle.Decide(action, resource, now)
	h.access.asked.note(h, d, action, resource, now)
	return d
}

// Peek is [Handle.Decide] for whoever does what was decided already: it is not told once more.
func (h *Handle) Peek(action, resource policy.UID) *policy.Decision {
	h.fresh()
	return h.handle.Decide(action, resource, h.access.needs.Clock.Now())
}

// Record tells of one request of a session of which a policy wants a record: what was asked for, without what was sent.
func (h *Handle) Record(request string) {
	a := h.access
	now := a.needs.Clock.Now()
	h.mu.RLock()
	s, zone := h.session, h.zone
	h.mu.RUnlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.digest.number++
	e := &event.Access{Principal: plain(h.handle.Principal()), Session: s.ID, Action: "request", Resource: "Door:" + request, Status: "allow", Obligations: []string{"record"},
		Zone: zone, Device: s.Device.ID, Degraded: s.Degraded, Count: 1, First: uint64(now.UnixNano()), Last: uint64(now.UnixNano()), Number: a.digest.number}
	a.digest.add(e)
	a.out.Put(event.Header{Time: now.UnixNano(), Src: s.Address}, e)
	clock.Wake(a.dirty)
}

// Next is what would turn a no into a yes.
type Next struct {
	Do   string      `json:"do"` // step-up, managed-device, break-glass, approval
	Text policy.Text `json:"text"`
}

// Next tries what would turn a no into a yes: nobody is left before a closed door without the next step.
func (h *Handle) Next(action, resource policy.UID) (all []Next) {
	now := h.access.needs.Clock.Now()
	h.mu.RLock()
	s := h.session
	h.mu.RUnlock()
	a := h.access
	try := func(do string, t policy.Text, more policy.Attrs) bool {
		ok := h.handle.Ask(action, resource, now, more).Allow
		if ok {
			all = append(all, Next{do, t})
		}
		return ok
	}
	proved := policy.Attrs{"assurance": 3, "resistant": true, "proved": now}
	managed := policy.Attrs{"managed": true, "compliant": true, "bound": s.Device.Bound, "shared": false, "risk": 0}
	if try("step-up", policy.Text{EN: "Prove with a passkey that it is you.", FR: "Prouvez votre identité avec une clé d'accès."}, policy.Attrs{"auth": proved}) {
		return all
	}
	if try("managed-device", policy.Text{EN: "Use a device that the hospital looks after.", FR: "Utilisez un poste maîtrisé par l'établissement."}, policy.Attrs{"device": managed}) {
		return all
	}
	if string(resource.Type) == "Record" && h.handle.Ask(policy.ID("Action", "breakGlass"), policy.ID("Patient", string(resource.ID)), now, nil).Allow {
		try("break-glass", policy.Text{EN: "In an emergency, break the glass: it is recorded and reviewed.", FR: "En urgence, brisez la glace : l'accès est enregistré et relu."},
			policy.Attrs{"breakGlass": policy.Attrs{"at": now, "reason": "emergency"}})
	}
	if len(all) == 0 && !a.disabled(s.Person) {
		all = append(all, Next{"approval", policy.Text{EN: "Ask for access for a time: somebody else has to say yes.", FR: "Demandez un accès temporaire : une autre personne doit l'accorder."}})
	}
	return all
}

// Proof is what of a proof would turn a no into a yes.
type Proof int

const (
	// NoProof would: something else is missing.
	NoProof Proof = iota
	// SameProof would, as long as it is fresh: what opened the session, once more.
	SameProof
	// PasskeyProof would, because it is more than what opened the session.
	PasskeyProof
)

// Proof tries what a fresh proof would do about a no.
func (h *Handle) Proof(action, resource policy.UID) Proof {
	now := h.access.needs.Clock.Now()
	h.mu.RLock()
	s := h.session
	h.mu.RUnlock()
	with := func(assurance int, resistant bool) bool {
		return h.handle.Ask(action, resource, now, policy.Attrs{"auth": policy.Attrs{"assurance": assurance, "resistant": resistant, "proved": now}}).Allow
	}
	switch {
	case with(s.Assurance, s.Resistant):
		return SameProof
	case with(3, true):
		return PasskeyProof
	}
	return NoProof
}

// WantsManaged reports whether a no is a yes on a device that the hospital looks after, with a fresh proof at most.
func (h *Handle) WantsManaged(action, resource policy.UID) bool {
	now := h.access.needs.Clock.Now()
	h.mu.RLock()
	s, risk := h.session, h.risk
	h.mu.RUnlock()
	if s.Device.Managed && s.Device.Compliant {
		return false
	}
	return h.handle.Ask(action, resource, now, policy.Attrs{
		"device": policy.Attrs{"managed": true, "compliant": true, "bound": true, "shared": s.Device.Shared, "risk": risk},
		"auth":   policy.Attrs{"assurance": s.Assurance, "resistant": s.Resistant, "proved": now}}).Allow
}

func (a *Access) disabled(person string) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	p := a.people[person]
	return p == nil || p.Disabled
}

// aside is what of the context depends on what is asked about.
func (a *Access) aside(principal, action, resource policy.UID, _ time.Time) policy.Attrs {
	kind := string(resource.Type)
	if kind != "Record" && kind != "App" {
		return nil
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	if kind == "Record" {
		if g := a.activeGlass(string(principal.ID), string(resource.ID)); g != nil {
			return policy.Attrs{"breakGlass": policy.Attrs{"at": g.At, "reason": g.Reason}}
		}
		return nil
	}
	p := a.people[string(principal.ID)]
	if p == nil || p.Vendor == "" {
		return nil
	}
	for _, g := range a.grants {
		if g.Kind == Window && g.Vendor == p.Vendor && g.State == "approved" && g.App == string(resource.ID) && a.needs.Clock.Now().Before(g.Until) {
			return policy.Attrs{"window": policy.Attrs{"vendor": policy.ID("Vendor", g.Vendor), "from": g.From, "until": g.Until}}
		}
	}
	return nil
}

// watchers are those who are told when an answer changes: streams and tunnels that stay open.
type watchers struct {
	mu  sync.Mutex
	all map[*watcher]struct{}
}

type watcher struct {
	h                *Handle
	action, resource policy.UID
	last             *policy.Decision
	fn               func(*policy.Decision)
}

// Watch calls fn when the answer to a question is another, until stop is called or the session is closed: within a second of whatever
// changed it. fn must not block.
func (h *Handle) Watch(action, resource policy.UID, fn func(*policy.Decision)) (stop func()) {
	w := &watcher{h: h, action: action, resource: resource, last: h.Decide(action, resource), fn: fn}
	s := &h.access.watchers
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[*watcher]struct{}{}
	}
	s.all[w] = struct{}{}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.all, w)
	}
}

func (s *watchers) drop(h *Handle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.all {
		if w.h == h {
			delete(s.all, w)
		}
	}
}

// look asks for all who watch again.
func (s *watchers) look() {
	s.mu.Lock()
	all := make([]*watcher, 0, len(s.all))
	for w := range s.all {
		all = append(all, w)
	}
	s.mu.Unlock()
	for _, w := range all {
		d := w.h.Decide(w.action, w.resource)
		if d == w.last {
			continue
		}
		was := w.last
		w.last = d
		if was.Allow != d.Allow || !slices.EqualFunc(was.Obligations, d.Obligations, func(a, b policy.Obligation) bool { return a.String() == b.String() }) {
			w.fn(d)
		}
	}
}
