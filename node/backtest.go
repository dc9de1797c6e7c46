package node

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulwark/content/playbooks"
	"bulwark/decide/safety"
	"bulwark/observe/inventory"
	"bulwark/respond/playbook"
)

// flowsSince is from when on conversations are kept.
func (n *Node) flowsSince() time.Time {
	if n.store == nil {
		return n.clock.Now()
	}
	kept, forgotten := n.store.Stats().Oldest, n.clock.Now().Add(-n.config.Store.Flows)
	if kept.Before(forgotten) {
		return forgotten
	}
	return kept
}

// playbookHistory is the past as playbooks are tested over it.
type playbookHistory struct{ n *Node }

func (h playbookHistory) Past(_ context.Context, from, to time.Time) (all []playbook.Past, _ error) {
	for _, p := range h.n.incidents.Past(from, to) {
		all = append(all, playbook.Past{UID: strconv.FormatUint(p.ID, 10), Title: playbooks.Text(p.Title), Verdict: p.Verdict, Moments: p.Moments})
	}
	return all, nil
}

func (h playbookHistory) At(_ context.Context, uid string, at time.Time) (playbook.Incident, error) {
	id, err := strconv.ParseUint(uid, 10, 64)
	if err != nil {
		return playbook.Incident{}, playbook.ErrNoIncident
	}
	d, err := h.n.incidents.ShowAt(id, at)
	return playbookIncidents(h).of(&d, err)
}

func (h playbookHistory) Rehearse(ctx context.Context, r playbook.Rehearsal) (out playbook.Rehearsed, err error) {
	ask := safety.Asked{Act: safety.Act{Act: r.Act, Target: r.Target}, Automatic: true, Canary: r.Canary}
	if ask.Beside, err = beside(r.Approve); err != nil {
		return out, err
	}
	for _, c := range r.Spent {
		ask.Spent = append(ask.Spent, safety.Spent(c))
	}
	got, err := h.n.safety.Rehearse(ctx, ask, r.At, then(h.n.inventory, r.At))
	if errors.Is(err, safety.ErrWrong) {
		_, why, _ := strings.Cut(err.Error(), "asked: ")
		return out, fmt.Errorf("%w: %s", playbook.ErrNever, why)
	}
	if err != nil {
		return out, err
	}
	v := got.Verdict.View()
	out = playbook.Rehearsed{Outcome: v.Outcome, Needs: v.Needs, Cut: v.Cut, Until: v.Until, Name: got.Name, Seen: got.Preview.Seen, Why: []playbook.Reason{}}
	for _, x := range v.Reasons {
		out.Why = append(out.Why, playbook.Reason{Code: x.Code, EN: x.EN, FR: x.FR})
	}
	for _, w := range got.Preview.Windows {
		out.Conversations += w.Conversations
		out.Clinical += w.Clinical
	}
	for _, d := range got.Preview.Devices {
		out.Touched = append(out.Touched, playbook.Touched{ID: d.ID, Name: d.Name, Tier: d.Tier, Confirmed: d.Confirmed, Ward: d.Ward, Class: d.Class, Aimed: d.Aimed, Clinical: d.Clinical > 0})
	}
	for _, c := range got.Cuts {
		out.Cuts = append(out.Cuts, playbook.Cut(c))
	}
	return out, nil
}

// devicesThen are the devices where they were at a moment. What people say of them is what they say now.
type devicesThen struct {
	interlockDevices
	at    map[netip.Addr]uint64
	homes map[uint64][]netip.Addr
}

// then are the devices as they were.
func then(i *inventory.Inventory, at time.Time) devicesThen {
	d := devicesThen{interlockDevices{i}, map[netip.Addr]uint64{}, map[uint64][]netip.Addr{}}
	for _, v := range i.All() {
		for _, a := range v.Addresses {
			if a.First.After(at) || !a.Now && a.Last.Before(at) || slices.Contains(d.homes[v.ID], a.Addr) {
				continue
			}
			d.homes[v.ID] = append(d.homes[v.ID], a.Addr)
			if _, taken := d.at[a.Addr]; !taken || a.Now {
				d.at[a.Addr] = v.ID
			}
		}
	}
	return d
}

func (d devicesThen) Device(id uint64) (safety.Device, bool) {
	out, ok := d.interlockDevices.Device(id)
	out.Addresses = d.homes[id]
	return out, ok
}

func (d devicesThen) At(a netip.Addr) (safety.Device, bool) { return d.Device(d.at[a]) }
