package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	incidents "bulwark/decide/incident"
	"bulwark/platform/ledger"
	"bulwark/respond/containment"
	"bulwark/respond/notify"
	"bulwark/respond/playbook"
)

// playbooksDir is the folder of the hospital's own playbooks in the data directory.
const playbooksDir = "playbooks"

// openPlaybooks opens the room of what is done against attacks, where events are kept.
func (n *Node) openPlaybooks(ctx context.Context) (err error) {
	if !n.roles.keeps() {
		return nil
	}
	n.playbooks, err = playbook.New(ctx, playbook.Needs{DB: n.db, Ledger: n.ledger, Clock: n.clock, Log: n.log.With("room", "playbooks"), Own: playbookShelf{os.DirFS(filepath.Join(n.dir, playbooksDir)), filepath.Join(n.dir, playbooksDir)},
		Incidents: playbookIncidents{n}, Acts: playbookActs{n}, Shadow: playbookShadow{n}, Teller: playbookTeller{n}, History: playbookHistory{n}, Since: n.flowsSince, Live: n.showLive,
		Fleeting: n.capture != "", Registry: n.metrics})
	return err
}

// playbookShelf keeps the hospital's own playbooks in a folder of the data directory.
type playbookShelf struct {
	fs.FS
	dir string
}

// Put makes or replaces a file; after a crash it is the old or the new.
func (s playbookShelf) Put(name string, text []byte) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, name+".*.part")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(s.dir, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// Remove removes a file.
func (s playbookShelf) Remove(name string) error { return os.Remove(filepath.Join(s.dir, name)) }

// playbookIncidents are incidents as playbooks see them.
type playbookIncidents struct{ n *Node }

func (p playbookIncidents) Incident(_ context.Context, uid string) (out playbook.Incident, err error) {
	id, err := strconv.ParseUint(uid, 10, 64)
	if err != nil {
		return out, playbook.ErrNoIncident
	}
	d, err := p.n.incidents.Show(id)
	return p.of(&d, err)
}

// of is an incident as playbooks see it.
func (p playbookIncidents) of(d *incidents.Detail, err error) (out playbook.Incident, _ error) {
	if errors.Is(err, incidents.ErrNoIncident) {
		return out, playbook.ErrNoIncident
	}
	if err != nil {
		return out, err
	}
	out = playbook.Incident{UID: strconv.FormatUint(d.ID, 10), Title: d.Title.EN, Status: string(d.Status), Verdict: d.Verdict, Severity: d.Severity, Risk: d.Risk}
	for _, s := range d.Stages {
		out.Stages = append(out.Stages, s.ID)
	}
	for _, t := range d.Techniques {
		out.Techniques = append(out.Techniques, t.ID)
	}
	from, to := map[string]bool{}, map[string]bool{}
	for _, e := range d.Graph.Edges {
		from[e.From], to[e.To] = true, true
		if !slices.Contains(out.Titles, e.Title) {
			out.Titles = append(out.Titles, e.Title)
		}
	}
	for _, e := range d.Entities {
		out.Members = append(out.Members, p.member(e, from[e.ID], to[e.ID]))
	}
	return out, nil
}

// member is an entity of an incident. An address is outside where the inventory does not hold it for ours.
func (p playbookIncidents) member(e incidents.Entity, source, target bool) playbook.Member {
	m := playbook.Member{Entity: e.ID, Source: source, Target: target, Tier: -1}
	if tier, err := strconv.Atoi(e.Tier); err == nil {
		m.Tier = tier
	}
	if e.Kind == "address" {
		if a, err := netip.ParseAddr(e.Value); err == nil {
			m.Outside = !p.n.inventory.Ours(a)
		}
	}
	return m
}

// playbookActs are containments as playbooks ask for them.
type playbookActs struct{ n *Node }

func (p playbookActs) Propose(ctx context.Context, w playbook.Wish) (uint64, error) {
	l, err := p.n.containment.Propose(ctx, containment.Wish{Act: w.Act, Target: w.Target, Minutes: w.Minutes, Reason: w.Reason, Incident: w.Incident,
		Automatic: true, Playbook: w.Playbook, Approve: w.Approve, By: ledger.Program("playbook")})
	switch {
	case err == nil:
		return l.ID, nil
	case errors.Is(err, containment.ErrAlready):
		l, ok := p.n.containment.Live(w.Act, w.Target, "")
		if ok && l.Playbook == w.Playbook && l.Incident == w.Incident {
			return l.ID, nil
		}
		return 0, fmt.Errorf("%w: %w", playbook.ErrNever, err) // what another asked for is not this one's to lift
	case errors.Is(err, containment.ErrWrong):
		_, why, _ := strings.Cut(err.Error(), "asked: ")
		return 0, fmt.Errorf("%w: %s", playbook.ErrNever, why)
	}
	return 0, err
}

func (p playbookActs) Lift(ctx context.Context, lease uint64, reason string) error {
	_, err := p.n.containment.Lift(ctx, ledger.Program("playbook"), lease, reason)
	if errors.Is(err, containment.ErrState) || errors.Is(err, containment.ErrNoLease) {
		return nil
	}
	return err
}

func (p playbookActs) Can() (all []string) {
	for _, x := range p.n.containment.Points() {
		all = append(all, x.Acts...)
	}
	return all
}

// playbookShadow is what is only noted, as playbooks ask.
type playbookShadow struct{ n *Node }

func (p playbookShadow) Live() bool { return p.n.safety.Live() }

func (p playbookShadow) Noted(lease uint64) bool { return p.n.containment.Noted(lease) }

// playbookTeller tells people what a playbook says.
type playbookTeller struct{ n *Node }

func (p playbookTeller) Tell(ctx context.Context, m playbook.Message) error {
	return p.n.notify.Raise(ctx, notify.Happening{About: "playbook:" + m.Incident + ":" + m.Title.EN, Kind: "incident", Severity: m.Severity, At: p.n.clock.Now(),
		Title: notify.Text(m.Title), Text: notify.Text(m.Text), Path: "/incidents/" + m.Incident})
}
