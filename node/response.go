package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	content "bulwark/content/safety"
	"bulwark/decide/identity"
	"bulwark/decide/safety"
	"bulwark/event"
	"bulwark/observe/inventory"
	"bulwark/platform/ledger"
	"bulwark/platform/store"
	"bulwark/respond/containment"
)

// openResponse opens the clinical interlock and the leases, where events are kept. Where a capture is shown nothing can be enforced.
func (n *Node) openResponse(ctx context.Context) (err error) {
	if !n.roles.keeps() {
		return nil
	}
	n.safety, err = safety.New(ctx, safety.Needs{DB: n.db, Ledger: n.ledger, Clock: n.clock, Log: n.log.With("room", "safety"), Health: n.health,
		Devices: interlockDevices{n.inventory}, Flows: interlockFlows{n}, Links: interlockLinks{n.inventory}, File: filepath.Join(n.dir, "safety.yaml"), Whole: n.ledgerWhole, Live: n.showLive, Revert: n.revert,
		Spent: func() int { return n.containment.Spent() }, Unread: n.unreadPlaybook})
	if err != nil {
		return err
	}
	points, err := n.points()
	if err != nil {
		return err
	}
	n.containment, err = containment.New(ctx, containment.Needs{Config: n.config.Containment, DB: n.db, Ledger: n.ledger, Clock: n.clock,
		Log: n.log.With("room", "containment"), Health: n.health, Interlock: interlock{n}, Points: points, Effects: safety.EffectsOf, Codes: n.keys.Derive("bedside"),
		Publisher: teller{n}, Site: n.config.Site, Live: n.showLive, Registry: n.metrics,
		Alarm: func(ctx context.Context, why string) {
			if err := n.safety.Freeze(ctx, "tampered", ledger.Program("containment"), why); err != nil {
				n.log.Error("automation could not be frozen", "error", err)
			}
		}})
	return err
}

// unreadPlaybook is why a playbook cannot be read; before playbooks were read none is known.
func (n *Node) unreadPlaybook() string {
	if n.playbooks == nil {
		return ""
	}
	return n.playbooks.Unread()
}

// revert ends a containment that did harm.
func (n *Node) revert(ctx context.Context, uid, reason string) error {
	id, err := strconv.ParseUint(uid, 10, 63)
	if err != nil {
		return err
	}
	_, err = n.containment.Lift(ctx, ledger.Program("safety"), id, reason)
	return err
}

// ledgerWhole reports whether nothing was found wrong with the ledger.
func (n *Node) ledgerWhole() bool {
	for _, w := range n.health.Warnings() {
		if w.ID == "ledger.not-whole" {
			return false
		}
	}
	return true
}

// asks is who asks about containments: for whom they say yes follows from their duties.
func asks(r *http.Request) (containment.Asker, error) {
	p, ok := identity.From(r.Context())
	if !ok {
		return containment.Asker{}, errors.New("node: nobody is signed in")
	}
	a := containment.Asker{Actor: p.Actor()}
	soc, clinical := safety.Roles(p.Duties)
	if soc {
		a.Roles = append(a.Roles, string(safety.RoleSOC))
	}
	if clinical {
		a.Roles = append(a.Roles, string(safety.RoleClinical))
	}
	return a, nil
}

// hostAsks is whoever asks at the machine itself: nobody by name, so they say yes for nobody.
func hostAsks(*http.Request) (containment.Asker, error) {
	return containment.Asker{Actor: ledger.Host}, nil
}

// interlock is the clinical interlock as containments ask it.
type interlock struct{ n *Node }

func (i interlock) Weigh(ctx context.Context, a containment.Ask) (out containment.Weighed, err error) {
	ask := safety.Asked{Act: safety.Act{Act: a.Act, Target: a.Target, Scope: a.Scope}, Automatic: a.Automatic, Centre: a.Centre, Canary: a.Canary}
	if ask.Beside, err = beside(a.Approve); err != nil {
		return out, err
	}
	if a.Needed != "" {
		ask.Since = a.Since
		if ask.Before, err = beside(a.Needed); err != nil {
			return out, err
		}
	}
	for _, x := range a.Approvals {
		if x.Yes {
			ask.Approvals = append(ask.Approvals, safety.Approval{By: x.By, SOC: slices.Contains(x.Roles, string(safety.RoleSOC)), Clinical: slices.Contains(x.Roles, string(safety.RoleClinical))})
		}
	}
	for _, c := range a.Spent {
		ask.Spent = append(ask.Spent, safety.Spent{Device: c.Device, Ward: c.Ward, Class: c.Class, At: c.At})
	}
	if ask.Automatic { // what no playbook asks for that a person made active is only noted
		active, err := i.n.playbooks.Active(ctx, a.Playbook)
		if err != nil {
			return out, err
		}
		ask.Shadow = !active
	}
	got, err := i.n.safety.Weigh(ctx, ask)
	if errors.Is(err, safety.ErrWrong) {
		_, why, _ := strings.Cut(err.Error(), "asked: ")
		return out, fmt.Errorf("%w: %s", containment.ErrWrong, why)
	}
	if err != nil {
		return out, err
	}
	v := got.Verdict.View()
	out = containment.Weighed{Effect: got.Effect.String(), Name: got.Name, Addresses: got.Addresses, MACs: got.MACs,
		Verdict: containment.Verdict{Outcome: v.Outcome, Needs: v.Needs, Cut: v.Cut, Until: v.Until, Missing: []string{}, Reasons: []containment.Reason{}}}
	for _, m := range v.Missing {
		out.Verdict.Missing = append(out.Verdict.Missing, string(m))
	}
	for _, r := range v.Reasons {
		out.Verdict.Reasons = append(out.Verdict.Reasons, containment.Reason{Code: r.Code, EN: r.EN, FR: r.FR})
	}
	for _, k := range got.Keep {
		out.Keep = append(out.Keep, containment.Kept(k))
	}
	for _, c := range got.Cuts {
		out.Cuts = append(out.Cuts, containment.Cut{Device: c.Device, Ward: c.Ward, Class: c.Class})
	}
	out.Preview, err = got.Preview.JSON()
	return out, err
}

// beside is who must say yes besides whom the matrix asks, as the interlock has it.
func beside(text string) ([]content.Needs, error) {
	if text == "" {
		return nil, nil
	}
	n, err := content.ParseNeeds(text)
	return []content.Needs{n}, err
}

// interlockDevices is the inventory as the interlock asks it.
type interlockDevices struct{ i *inventory.Inventory }

func (d interlockDevices) Ours(a netip.Addr) bool { return d.i.Ours(a) }

func (d interlockDevices) At(a netip.Addr) (safety.Device, bool) { return d.Device(d.i.At(a)) }

func (d interlockDevices) Device(id uint64) (safety.Device, bool) {
	v, ok := d.i.Of(id)
	if !ok {
		return safety.Device{}, false
	}
	out := safety.Device{ID: v.ID, Name: v.Name, Class: v.Class.Name, Ward: v.Word.Ward, MACs: v.MACs, Tier: int(v.Tier.Tier), Confirmed: v.Tier.Tier != inventory.NotKnown && !v.Tier.Confirmed.IsZero()}
	if v.Tier.Tier == inventory.NotKnown {
		out.Tier = int(v.Tier.Proposed)
	}
	for _, a := range v.Addresses {
		if a.Now {
			out.Addresses = append(out.Addresses, a.Addr)
		}
	}
	return out, true
}

func (d interlockDevices) Crowds() (wards, classes map[string]int) {
	wards, classes = map[string]int{}, map[string]int{}
	for _, v := range d.i.All() {
		wards[v.Word.Ward]++
		classes[v.Class.Name]++
	}
	return wards, classes
}

// interlockLinks is the inventory as the interlock asks it who used what of whom.
type interlockLinks struct{ i *inventory.Inventory }

func (l interlockLinks) Links(device uint64) (all []safety.Link, err error) {
	uses, err := l.i.Uses(device)
	for _, u := range uses {
		all = append(all, safety.Link{App: u.App, Peer: u.Device, Gives: u.Gives, First: u.First, Last: u.Last})
	}
	return all, err
}

// interlockFlows is the store as the interlock asks it.
type interlockFlows struct{ n *Node }

// mostFlows is how many groups of conversations are looked at.
const mostFlows = 5000

// asText is a list of addresses as a search has it.
func asText(all []netip.Addr) string {
	var out []string
	for _, a := range all {
		out = append(out, strconv.Quote(a.String()))
	}
	return "(" + strings.Join(out, " or ") + ")"
}

// Flows groups the conversations by ends, protocol and port. Messages by which care is given are told as they come, conversations when
// they last for a minute or are over: what only a message shows is a conversation, too. Where nothing at all was kept lately, what is
// said now cannot be known.
func (f interlockFlows) Flows(ctx context.Context, of []netip.Addr, from, to time.Time, apps []string) (all []safety.Flow, more bool, err error) {
	if f.n.store == nil {
		return nil, false, errors.New("no events are kept here")
	}
	care, err := f.care(ctx, of, from, to)
	if err != nil {
		return nil, false, err
	}
	rows, err := f.n.store.Rows(ctx, store.Query{Text: "kind:flow ip:" + asText(of), From: from, To: to},
		`stats by ("app_name", `+byEnds+`) `+ofConversations+`, sum("traffic.bytes_out") bytes_out, sum("traffic.bytes_in") bytes_in`, mostFlows+1)
	if err != nil {
		return nil, false, err
	}
	carried, told := map[farEnds]string{}, map[farEnds]bool{}
	for _, x := range care {
		carried[endsOf(x)] = x.App
	}
	for i := range rows {
		x, ok := conversationOf(&rows[i])
		if !ok {
			continue
		}
		if app := carried[endsOf(x)]; app == "fhir" || app == "dicomweb" { // over HTTP
			x.App = app
		}
		told[endsOf(x)] = true
		all = append(all, x)
	}
	for _, x := range care {
		if !told[endsOf(x)] {
			all = append(all, x)
		}
	}
	all = slices.DeleteFunc(all, func(x safety.Flow) bool { return apps != nil && !slices.Contains(apps, x.App) })
	return all, len(all) > mostFlows, f.fresh(ctx, to)
}

// silence is for how long a hospital says nothing at most: a sensor that hears less hears nothing.
const silence = 5 * time.Minute

// fresh is why what is said at a moment that has just come cannot be known; nil: it can.
func (f interlockFlows) fresh(ctx context.Context, at time.Time) error {
	now := f.n.clock.Now()
	if now.Sub(at) > time.Minute {
		return nil
	}
	rows, err := f.n.store.Rows(ctx, store.Query{Text: "kind:flow", From: now.Add(-silence), To: now}, "limit 1", 1)
	if err == nil && len(rows) == 0 {
		err = fmt.Errorf("no conversation of anybody was kept in the last %d minutes: see whether a sensor hears the network", int(silence/time.Minute))
	}
	return err
}

// conversationOf reads one group.
func conversationOf(r *store.Row) (x safety.Flow, ok bool) {
	var err, err2 error
	x.Client, err = netip.ParseAddr(r.Value("src_endpoint.ip"))
	x.Server, err2 = netip.ParseAddr(r.Value("dst_endpoint.ip"))
	port, _ := strconv.ParseUint(r.Value("dst_endpoint.port"), 10, 16)
	x.Client, x.Server = x.Client.Unmap(), x.Server.Unmap()
	x.App, x.Port = r.Value("app_name"), uint16(port)
	switch proto := r.Value("connection_info.protocol_name"); proto {
	case "tcp":
		x.Proto = 6
	case "udp":
		x.Proto = 17
	case "icmp":
		x.Proto = 1
	default:
		n, _ := strconv.ParseUint(proto, 10, 8)
		x.Proto = uint8(n)
	}
	number := func(name string) uint64 {
		n, _ := strconv.ParseUint(r.Value(name), 10, 64)
		return n
	}
	x.Conversations, x.Answered = number("n"), number("bytes_in")
	x.Bytes = number("bytes_out") + x.Answered
	x.Last, _ = time.Parse(time.RFC3339Nano, r.Value("last"))
	return x, err == nil && err2 == nil
}

const (
	byEnds          = `"src_endpoint.ip", "dst_endpoint.ip", "connection_info.protocol_name", "dst_endpoint.port"`
	ofConversations = `count_uniq_hash("connection_info.uid") n, max(_time) last`
	ofCare          = "kind:(dicom dicomweb hl7 fhir astm poct1a ieee11073)" // as [safety.Reads] has them
)

// farEnds tell conversations apart.
type farEnds struct {
	client, server netip.Addr
	port           uint16
}

func endsOf(x safety.Flow) farEnds { return farEnds{x.Client, x.Server, x.Port} }

// care are the conversations that messages show by which care is given.
func (f interlockFlows) care(ctx context.Context, of []netip.Addr, from, to time.Time) (all []safety.Flow, err error) {
	rows, err := f.n.store.Rows(ctx, store.Query{Text: ofCare + " ip:" + asText(of), From: from, To: to},
		`stats by ("`+event.AttrKind+`", `+byEnds+`) `+ofConversations, mostFlows+1)
	for i := range rows {
		if x, ok := conversationOf(&rows[i]); ok {
			x.App = rows[i].Kind
			all = append(all, x)
		}
	}
	return all, err
}

// mostPeople is how many people are told.
const mostPeople = 20

func (f interlockFlows) People(ctx context.Context, at []netip.Addr, from, to time.Time) (all []string, err error) {
	if f.n.store == nil {
		return nil, nil
	}
	people, err := f.n.store.Top(ctx, store.Query{Text: "kind:auth src:" + asText(at), From: from, To: to}, "user.name", "", mostPeople)
	for _, p := range people {
		all = append(all, p.Value)
	}
	return all, err
}
