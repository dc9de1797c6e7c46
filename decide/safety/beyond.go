package safety

import (
	"context"
	"fmt"
	"time"

	content "bulwark/content/safety"
)

// How long before now it is looked where a person signed on, and who asked for a name; and at how many places at most.
const (
	shift      = 12 * time.Hour
	month      = 30 * 24 * time.Hour
	mostPlaces = 50
)

// user finds the devices at which a person signed on: those lose a person. Where care may be given by one of them, what locks an
// account is as deep as cutting the device off.
func (w *weighing) user(ctx context.Context, name string) {
	w.person = true
	at, err := w.s.needs.Flows.SignedOn(ctx, name, w.now.Add(-shift), w.now)
	if err != nil {
		w.fail(err)
		return
	}
	care := false
	for _, a := range at {
		if !w.devices.Ours(a) {
			continue
		}
		if len(w.addresses) == mostPlaces {
			w.fail(fmt.Errorf("%s signed on at more than %d places", name, mostPlaces))
			break
		}
		w.addresses = append(w.addresses, a)
		d, known := w.device(a)
		t := w.touch(a, true)
		t.Inside++
		if cares(d, known) {
			t.Clinical++
			care = true
		}
	}
	if care && w.act.Act != "remove-group" {
		w.effect = content.Isolation
	}
}

// domain finds who asked for a name lately: those do not reach it any more.
func (w *weighing) domain(ctx context.Context, name string) {
	x := Window{Name: "month", From: w.now.Add(-month).UTC(), To: w.now.UTC()}
	flows, more, err := w.s.needs.Flows.Asked(ctx, name, x.From, x.To)
	if err != nil {
		w.fail(err)
		return
	}
	if x.More = more; more {
		w.fail(fmt.Errorf("more devices asked for %s than can be looked at", name))
	}
	for i := range flows {
		f := &flows[i]
		if !w.devices.Ours(f.Client) {
			continue
		}
		d, known := w.device(f.Client)
		t := w.touch(f.Client, false)
		t.Asked++
		t.Outside++
		x.Conversations += f.Conversations
		clinical := cares(d, known)
		if clinical {
			t.Clinical++
			x.Clinical += f.Conversations
		}
		w.flows = append(w.flows, FlowView{Device: d.ID, Peer: name, App: "dns", Proto: protoName(f.Proto), Port: f.Port, Asked: true, Clinical: clinical,
			Conversations: f.Conversations, Last: f.Last.UTC(), Windows: []string{x.Name}})
	}
	w.windows = append(w.windows, x)
}

// cares reports whether care may depend on a device: it is not known to be of the office.
func cares(d Device, known bool) bool { return !known || d.Tier != int(content.Office) }
