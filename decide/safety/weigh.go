package safety

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	content "bulwark/content/safety"
)

// Act is what somebody wants to do.
type Act struct {
	Act    string // one of actTypes
	Target string // device:12, address:10.0.0.7, incident:7, user:jdurand, domain:evil.example
	Scope  string // of block: a peer, or peer:port/tcp; of remove-group: the group
}

// Asked is an act with what bears on it besides what the network shows.
type Asked struct {
	Act
	Automatic bool
	Centre    bool            // the centre of the group proposes it
	Beside    []content.Needs // who must say yes besides whom the matrix asks
	Approvals []Approval
	Spent     []Spent
	Canary    time.Time       // since when another act for the same reason is in force
	Since     time.Time       // it has been in force since, and is to last longer; zero: it begins
	Before    []content.Needs // what it needed then
	Shadow    bool            // it is only noted, whatever holds of the rest: what asks for it is not trusted yet
}

// Kept is a conversation that goes on although a device is isolated.
type Kept struct {
	Client, Server netip.Addr
	Proto          uint8
	Port           uint16
}

// Weighed is what the interlock found out about an act, and its verdict.
type Weighed struct {
	Verdict   Verdict
	Effect    content.Effect
	Name      string // of the target
	Addresses []netip.Addr
	MACs      []string
	Keep      []Kept
	Cuts      []Spent // devices that it would cut
	Preview   Preview
}

// clinicalApps are the protocols by which care is given, as flows name them.
func clinicalApps() []string {
	return []string{"dicom", "dicomweb", "hl7", "fhir", "astm", "poct1a", "ieee11073", "dpws", "intellivue", "carescape", "medibus"}
}

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrWrong, fmt.Sprintf(format, args...))
}

// Weigh finds out what an act would stop, and judges it.
func (s *Safety) Weigh(ctx context.Context, a Asked) (Weighed, error) {
	now := Facts{Now: s.needs.Clock.Now(), Frozen: len(s.Frozen()) > 0, Shadow: !s.Live() || a.Shadow}
	return s.weigh(ctx, a, s.needs.Devices, toLook, now)
}

// Rehearse weighs an act as it would have been weighed at a moment of the past, by the matrix as it is, had nothing been frozen and
// automation been live. then knows who was where at that moment.
func (s *Safety) Rehearse(ctx context.Context, a Asked, at time.Time, then Devices) (Weighed, error) {
	return s.weigh(ctx, a, then, toRehearse, Facts{Now: at})
}

// weigh finds out what an act would stop; of the facts the moment is given, and what holds of automation.
func (s *Safety) weigh(ctx context.Context, a Asked, devices Devices, within time.Duration, facts Facts) (Weighed, error) {
	s.mu.RLock()
	m := s.matrix
	s.mu.RUnlock()
	w := weighing{s: s, m: m, devices: devices, within: within, act: a.Act, since: a.Since, now: facts.Now}
	if err := w.aim(); err != nil {
		return Weighed{}, err
	}
	if w.effect >= content.Narrow {
		w.look(ctx)
	}
	out := Weighed{Effect: w.effect, Name: w.name, Addresses: w.addresses, MACs: w.macs, Keep: w.keep, Preview: w.preview()}
	facts.Seen, facts.Touched, facts.Spent = w.why == "", w.touched, a.Spent
	facts.Wards, facts.Classes = devices.Crowds()
	r := Request{Effect: w.effect, Automatic: a.Automatic, Centre: a.Centre, Beside: a.Beside, Before: a.Before, Approvals: a.Approvals, Facts: facts}
	if !a.Canary.IsZero() {
		r.Facts.Canary = a.Canary.Add(m.Canary)
	}
	out.Verdict = Judge(r, m)
	for i := range w.touched {
		if d := &w.touched[i]; d.Aimed && d.cut(w.effect) {
			out.Cuts = append(out.Cuts, Spent{Device: d.ID, Ward: d.Ward, Class: d.Class})
		}
	}
	return out, nil
}

// weighing is finding out about one act.
type weighing struct {
	s       *Safety
	m       *content.Matrix
	devices Devices
	within  time.Duration // how long may be looked
	act     Act
	since   time.Time // it has been in force since
	now     time.Time

	effect    content.Effect
	name      string
	addresses []netip.Addr
	macs      []string
	peer      netip.Addr // of a block
	proto     uint8
	port      uint16
	keep      []Kept
	person    bool   // it is aimed at a person
	why       string // it could not be found out what would stop
	windows   []Window
	flows     []FlowView
	links     []LinkView
	touched   []Touched
	sides     map[string]int // place of a device in touched
	names     map[string]Device
	people    []string
}

// aim finds the addresses at which an act is aimed.
func (w *weighing) aim() (err error) {
	w.sides, w.names = map[string]int{}, map[string]Device{}
	t, ok := typeOf(w.act.Act)
	if !ok {
		return wrong("%q is no act", w.act.Act)
	}
	w.effect = t.effect
	kind, value, _ := strings.Cut(w.act.Target, ":")
	switch {
	case !slices.Contains(t.targets, kind):
		return wrong("%s is not aimed at %q, but at %s", w.act.Act, w.act.Target, strings.Join(t.targets, ", "))
	case value == "":
		return wrong("%q is no target: device:12 or address:10.0.0.7", w.act.Target)
	case w.act.Scope != "" && !t.scope:
		return wrong("%s has no scope", w.act.Act)
	case w.act.Scope == "" && t.scope:
		return wrong("%s needs a scope", w.act.Act)
	case kind == "device":
		err = w.aimDevice(value)
	case kind == "address":
		err = w.aimAddress(value)
	default: // what is not on the network by itself; whom it touches is found out by [weighing.look]
		w.name = value
		return nil
	}
	if err != nil {
		return err
	}
	switch ours := w.devices.Ours(w.addresses[0]); {
	case t.outside && (ours || kind == "device"):
		return wrong("a device of the hospital is not banned: isolate it, or block a peer")
	case !t.outside && !ours:
		return wrong("%s is not the hospital's: only a ban is aimed outside", w.addresses[0])
	case w.act.Act == "block":
		w.peer, w.proto, w.port, err = ParseScope(w.act.Scope)
	}
	if err == nil && !t.outside {
		for _, a := range w.addresses {
			w.touch(a, true)
		}
	}
	return err
}

func (w *weighing) aimDevice(value string) error {
	id, err := strconv.ParseUint(value, 10, 63)
	if err != nil {
		return wrong("%q is no number of a device", value)
	}
	d, ok := w.devices.Device(id)
	if !ok {
		return wrong("there is no device %d", id)
	}
	if len(d.Addresses) == 0 {
		return wrong("device %d has no address now", id)
	}
	w.name, w.addresses, w.macs = d.Name, d.Addresses, d.MACs
	return nil
}

func (w *weighing) aimAddress(value string) error {
	a, err := netip.ParseAddr(value)
	if err != nil || a.Zone() != "" {
		return wrong("%q is no address", value)
	}
	w.addresses = []netip.Addr{a.Unmap()}
	if d, ok := w.devices.At(a.Unmap()); ok {
		w.name, w.macs = d.Name, d.MACs
	}
	return nil
}

// ParseScope reads the peer of a block: 10.0.0.9, 10.0.0.9:445/tcp, [2001:db8::9]:445/udp. Without a port proto is 0.
func ParseScope(scope string) (peer netip.Addr, proto uint8, port uint16, err error) {
	text, name, ported := strings.Cut(scope, "/")
	if !ported {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" {
			return peer, 0, 0, wrong("scope %q is none of 10.0.0.9, 10.0.0.9:445/tcp", scope)
		}
		return a.Unmap(), 0, 0, nil
	}
	ap, err := netip.ParseAddrPort(text)
	if err != nil || ap.Port() == 0 || name != "tcp" && name != "udp" {
		return peer, 0, 0, wrong("scope %q is none of 10.0.0.9, 10.0.0.9:445/tcp", scope)
	}
	proto = 6
	if name == "udp" {
		proto = 17
	}
	return ap.Addr().Unmap(), proto, ap.Port(), nil
}

// The times that are looked at.
const (
	lately  = 15 * time.Minute
	week    = 7 * 24 * time.Hour
	aWindow = time.Hour // of last week
	toLook  = 5 * time.Second
	// toRehearse is how long nobody waits for what may be contained.
	toRehearse = time.Minute
	// mostKept and mostShown bound what is kept of a device, and what is told.
	mostKept, mostShown = 500, 200
)

// look asks what was said lately and at this hour last week, and of a device that is isolated what it says by which care is given.
func (w *weighing) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, w.within)
	defer cancel()
	switch kind, value, _ := strings.Cut(w.act.Target, ":"); {
	case w.act.Act == "isolate":
		w.learn(ctx)
	case kind == "domain":
		w.domain(ctx, value)
		return
	case kind == "user":
		w.user(ctx, value)
		if len(w.addresses) == 0 {
			return
		}
	}
	for _, x := range w.times() {
		flows, more, err := w.s.needs.Flows.Flows(ctx, w.addresses, x.From, x.To, nil)
		if err != nil {
			w.fail(err)
		}
		if err != nil && len(flows) == 0 {
			continue
		}
		if x.More = more; more {
			w.fail(fmt.Errorf("there are more conversations than can be looked at"))
		}
		for i := range flows {
			w.flow(&x, &flows[i])
		}
		x.From, x.To = x.From.UTC(), x.To.UTC()
		w.windows = append(w.windows, x)
	}
	people, err := w.s.needs.Flows.People(ctx, w.addresses, w.now.Add(-lately), w.now)
	if err != nil {
		w.fail(err)
	}
	w.people = people
	w.remember()
}

// times are those that are looked at. Of what is in force the time before it began is one: since then there is little left to see.
func (w *weighing) times() []Window {
	all := []Window{{Name: "now", From: w.now.Add(-lately), To: w.now}, {Name: "last_week", From: w.now.Add(-week - aWindow/2), To: w.now.Add(-week + aWindow/2)}}
	if w.since.IsZero() {
		return all
	}
	if all[0].From.Before(w.since) {
		all[0].From = w.since
	}
	return append([]Window{{Name: "before", From: w.since.Add(-lately), To: w.since}}, all...)
}

// fail notes that something could not be found out.
func (w *weighing) fail(err error) {
	if w.why == "" {
		w.why = err.Error()
	}
}

// learn finds the conversations that go on: those of a week by which care is given.
func (w *weighing) learn(ctx context.Context) {
	flows, more, err := w.s.needs.Flows.Flows(ctx, w.addresses, w.now.Add(-week), w.now, append(clinicalApps(), append(encrypted(), w.m.Clinical...)...))
	if err != nil || more {
		w.fail(cmp.Or(err, fmt.Errorf("it has more clinical conversations than can be kept")))
	}
	slices.SortFunc(flows, func(a, b Flow) int { return cmp.Compare(b.Conversations, a.Conversations) })
	for i := range flows {
		f := &flows[i]
		if k := (Kept{f.Client, f.Server, f.Proto, f.Port}); w.clinical(f) && (f.Proto == 6 || f.Proto == 17) && !slices.Contains(w.keep, k) {
			if len(w.keep) == mostKept {
				w.fail(fmt.Errorf("it has more than %d clinical conversations", mostKept))
				return
			}
			w.keep = append(w.keep, k)
		}
	}
}

// encrypted are the protocols that hide what is said.
func encrypted() []string { return []string{"tls", "dtls", "quic"} }

// clinical reports whether care is given by a conversation.
func (w *weighing) clinical(f *Flow) bool {
	return w.care(f.App, func() bool {
		return slices.ContainsFunc([]netip.Addr{f.Client, f.Server}, func(a netip.Addr) bool {
			d, ok := w.device(a)
			return ok && essential(d)
		})
	})
}

// anything are the protocols that carry whatever programs say to each other; what is not recognised is one of them. Care is given by
// some: the record that is a web page or a program on a database.
func anything() []string {
	return []string{"", "http", "http2", "websocket", "tds", "pgsql", "mysql", "rdp", "rfb"}
}

// emptyAnswer is what a conversation has at least to whose client nothing was said: the packets that open and close it. One that
// looks for open ports is such.
const emptyAnswer = 300

// serves reports whether the one who answers a conversation may give care by it.
func serves(f *Flow) bool {
	return (f.Proto == 6 || f.Proto == 17) && slices.Contains(anything(), f.App) && f.Answered > emptyAnswer*f.Conversations
}

// care reports whether care is given by a protocol. One that is encrypted may be such where care depends on one of its ends.
func (w *weighing) care(app string, depends func() bool) bool {
	return slices.Contains(clinicalApps(), app) || slices.Contains(w.m.Clinical, app) || slices.Contains(encrypted(), app) && depends()
}

// essential reports whether care depends on a device.
func essential(d Device) bool {
	return d.Tier == int(content.LifeCritical) || d.Tier == int(content.ClinicalEssential)
}

// device is who is at an address.
func (w *weighing) device(a netip.Addr) (Device, bool) {
	d, ok := w.names[a.String()]
	if !ok {
		d, _ = w.devices.At(a)
		w.names[a.String()] = d
	}
	return d, d.ID != 0
}

// stops reports whether an act stops a conversation.
func (w *weighing) stops(f *Flow) bool {
	switch w.act.Act {
	case "block":
		far := f.Server
		if slices.Contains(w.addresses, f.Server) {
			far = f.Client
		}
		return far == w.peer && (w.proto == 0 || w.proto == f.Proto && w.port == f.Port && f.Server == w.peer)
	case "disable-account", "revoke-sessions", "remove-group": // nothing is cut on the network; the person cannot go on giving care by it
		return w.clinical(f)
	case "isolate":
		return !slices.Contains(w.keep, Kept{f.Client, f.Server, f.Proto, f.Port})
	}
	return true
}

// flow takes one conversation of a window.
func (w *weighing) flow(x *Window, f *Flow) {
	if many(f.Server) || many(f.Client) {
		return
	}
	stops, clinical := w.stops(f), w.clinical(f)
	if !stops && w.act.Act != "isolate" {
		return
	}
	w.show(x, f, stops, clinical)
	if !stops {
		return
	}
	x.Conversations += f.Conversations
	if clinical {
		x.Clinical += f.Conversations
	}
	for _, side := range [...]struct {
		self, other netip.Addr
		asked       bool
	}{{f.Client, f.Server, true}, {f.Server, f.Client, false}} {
		if !w.devices.Ours(side.self) {
			continue
		}
		aimed := slices.Contains(w.addresses, side.self)
		if w.person && !aimed {
			continue // it loses nobody: others go on asking it
		}
		d := w.touch(side.self, aimed)
		if w.devices.Ours(side.other) {
			d.Inside++
		} else {
			d.Outside++
		}
		if side.asked {
			d.Asked++
		} else if serves(f) {
			d.Served++
		}
		if clinical {
			d.Clinical++
		}
	}
}

// many reports whether an address is that of several, whom nobody cuts off.
func many(a netip.Addr) bool {
	return !a.IsValid() || a.IsMulticast() || a.IsUnspecified() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// touch is the device at an address among those that are touched.
func (w *weighing) touch(a netip.Addr, aimed bool) *Touched {
	d, known := w.device(a)
	key := a.String()
	if known {
		key = strconv.FormatUint(d.ID, 10)
	}
	n, ok := w.sides[key]
	if !ok {
		n = len(w.touched)
		w.sides[key] = n
		t := Touched{ID: d.ID, Tier: content.Unknown, Confirmed: known && d.Confirmed, Ward: d.Ward, Class: d.Class, name: d.Name}
		if known && d.Tier >= int(content.LifeCritical) && d.Tier <= int(content.Office) {
			t.Tier = content.Tier(d.Tier)
		}
		if t.name == "" {
			t.name = a.String()
		}
		w.touched = append(w.touched, t)
	}
	w.touched[n].Aimed = w.touched[n].Aimed || aimed
	return &w.touched[n]
}
