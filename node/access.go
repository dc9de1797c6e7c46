package node

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulwark/decide/access"
	"bulwark/decide/identity"
	"bulwark/observe/inventory"
	"bulwark/platform/pseudonym"
	"bulwark/platform/web"
)

// policiesDir is the folder of the hospital's own access policies in the data directory.
const policiesDir = "policies"

// openAccess opens the room that decides who may do what, where events are kept.
func (n *Node) openAccess(ctx context.Context) (err error) {
	if !n.roles.keeps() {
		return nil
	}
	dir := filepath.Join(n.dir, policiesDir)
	zone := time.Local
	if name := n.config.Inventory.Zone; name != "" {
		if zone, err = time.LoadLocation(name); err != nil {
			return err
		}
	}
	n.staffBook = newStaffBook(n.keys.Derive("pseudonym"))
	n.access, err = access.New(ctx, access.Needs{Config: n.config.Access, DB: n.db, Ledger: n.ledger, Clock: n.clock, Log: n.log.With("room", "access"), Health: n.health,
		Directory: accessDirectory{n}, Own: playbookShelf{os.DirFS(dir), dir}, Publisher: teller{n}, Pseudonym: n.patientOf, PseudonymBy: n.patientBy, Events: n.store, Staff: staff{n}, Machines: n.machines, Zone: zone, Site: n.config.Site,
		Fleeting: n.capture != "", Live: n.showLive, Registry: n.metrics, Broken: n.tellBroken,
		Wait: n.identity.Wait, Waited: n.identity.Waited()})
	if err != nil {
		return err
	}
	all, err := n.provider.Clients(ctx)
	for _, c := range all {
		n.access.PutApplication(c.ID)
	}
	return err
}

// patientOf is how events call the patient of an identifier.
func (n *Node) patientOf(identifier string) string { return n.patientBy("", identifier) }

// patientBy is how events call the patient of an identifier that an authority gave.
func (n *Node) patientBy(authority, identifier string) string {
	return string(pseudonym.New(n.keys.Derive("pseudonym")).Patient(nil, []byte(authority), []byte(identifier)))
}

// staff is what people and machines are called.
type staff struct{ n *Node }

func (s staff) Names(ctx context.Context) (map[string]string, error) { return s.n.identity.Names(ctx) }

// Machine takes the number of a device, or an address.
func (s staff) Machine(is string) string {
	id, err := strconv.ParseUint(is, 10, 63)
	if at, bad := netip.ParseAddr(is); bad == nil {
		id, err = s.n.inventory.At(at), nil
	}
	if err != nil || id == 0 {
		return ""
	}
	name, _, _, _ := s.n.inventory.Named(id)
	return name
}

// machines are the devices of the inventory as policies know them.
func (n *Node) machines() []access.Machine {
	if n.inventory == nil {
		return nil
	}
	known := n.inventory.All()
	all := make([]access.Machine, len(known))
	for i := range known {
		d := &known[i]
		tier := d.Tier.Tier
		if tier == inventory.NotKnown {
			tier = d.Tier.Proposed
		}
		all[i] = access.Machine{ID: strconv.FormatUint(d.ID, 10), Class: d.Class.Name, Unit: strings.ToLower(d.Word.Ward), Tier: int(tier)}
		if tier == inventory.NotKnown {
			all[i].Tier = 4
		}
	}
	return all
}

// accessDirectory are the people of the console.
type accessDirectory struct{ n *Node }

func (d accessDirectory) People(ctx context.Context) ([]access.Person, error) {
	known, err := d.n.identity.Everybody(ctx)
	all := make([]access.Person, len(known))
	for i := range known {
		p := &known[i]
		m := d.n.staffBook.of(p)
		all[i] = access.Person{ID: p.ID, Login: p.Login, Roles: append(dutyNames(p.Duties), p.Roles...), Units: p.Units, Disabled: p.Disabled,
			Staff: m.numbers, Names: m.names, Families: m.families}
	}
	return all, err
}

func (d accessDirectory) Take(ctx context.Context, actor, person, role, reason string) error {
	return d.n.identity.TakeDuty(ctx, actor, person, web.Duty(role), reason)
}

func dutyNames(duties []web.Duty) []string {
	all := make([]string, len(duties))
	for i, d := range duties {
		all[i] = string(d)
	}
	return all
}

// ownAccess is the session of who asks, as access sees it.
func (n *Node) ownAccess(r *http.Request) (*access.Handle, error) {
	p, ok := identity.From(r.Context())
	if !ok {
		return nil, errors.New("node: nobody is signed in")
	}
	at, _ := netip.ParseAddr(web.Peer(r))
	return n.access.Open(sessionOf(p, at)), nil
}

// sessionOf is a session of the console as access sees it.
func sessionOf(p identity.Person, at netip.Addr) access.Session {
	d := p.Device
	managed := d.ID != "" && !d.Service // a person who signs in with the certificate of a modality has taken it from there
	from := access.Device{ID: d.Inventory, Managed: managed, Bound: managed, Compliant: managed && d.Sound, Shared: d.Shared, Unit: d.Unit}
	return access.Session{ID: p.Session, Person: p.ID, Device: from, Methods: p.Methods, Assurance: p.Assurance(), Resistant: p.Resistant(), Proved: p.Proved, Address: at, Degraded: p.Degraded}
}

// putDoors tells access of the routes of the console, each in the areas of its duties.
func (n *Node) putDoors() {
	doors := map[string][]string{}
	for _, r := range n.routes {
		name := r.Method + " " + r.Pattern
		switch {
		case slices.Contains(r.Duties, web.Enrolling): // of some, identity asks by itself
			doors[name] = []string{string(web.SignedIn)}
		case !slices.Contains(r.Duties, web.Public):
			doors[name] = dutyNames(r.Duties)
		}
		if n.config.Access.Managed && doors[name] != nil && managedAlone(r) {
			doors[name] = append(doors[name], managedArea)
		}
	}
	n.access.PutDoors(doors)
}

// settle writes what rooms kept in memory while the database was lost.
func (n *Node) settle(ctx context.Context) error {
	if n.access == nil {
		return nil
	}
	return n.access.Settle(ctx)
}

// cameBack puts a time without the database or a directory into the queue of what is looked at.
func (n *Node) cameBack(o identity.Outage) {
	if n.access == nil {
		return
	}
	err := n.access.PutOutage(context.Background(), access.Outage{What: o.What, Name: o.Name, From: o.From, Until: o.Until, SignIns: o.SignIns, Dropped: o.Dropped})
	if err != nil {
		n.log.Error("what was decided while something was lost could not be put up for review", "error", err)
	}
}
