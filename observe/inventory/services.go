package inventory

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"bulwark/observe/inventory/internal/links"
	"bulwark/observe/inventory/internal/register"
)

// ErrNoService says that nobody was seen to give a service.
var ErrNoService = errors.New("inventory: no such service")

// Service is what devices use of others: the archive of images, names, time.
type Service struct {
	Name      string     `json:"name"`
	Providers []Provider `json:"providers"` // the most used first
	Given     int        `json:"given"`     // by how many devices
	Users     int        `json:"users"`     // devices that use it
	Clinical  int        `json:"clinical"`  // of them on how many care depends
	Outside   bool       `json:"outside"`   // a device outside the hospital gives it too
	usage
}

// Provider is a device that gives a service.
type Provider struct {
	ID       uint64   `json:"id"`
	Name     string   `json:"name"`
	Class    string   `json:"class,omitempty"`
	Tier     TierView `json:"tier"`
	Ward     string   `json:"ward,omitempty"`
	Users    int      `json:"users"`
	Clinical int      `json:"clinical"`
	usage
}

// usage is how much and when something is used.
type usage struct {
	Apps          []string  `json:"apps"` // protocols, the most used first
	Conversations uint64    `json:"conversations"`
	Bytes         uint64    `json:"bytes"` // in both directions
	First         time.Time `json:"first_seen"`
	Last          time.Time `json:"last_seen"`
	Hours         [24]int   `json:"hours"` // conversations by hour of the day, UTC
}

// mostProviders are told of a service; Given tells how many there are.
const mostProviders = 100

// services are the names of services in the order in which they are told, those of care first. The last one takes what has
// no name of its own.
var services = [...]string{"pacs", "ehr", "hl7-engine", "laboratory", "monitoring", "images", "messages", "records", "directory", "dns", "time", "dhcp", "file",
	"database", "access", "print", "mail", "telephony", "web", "plant", "remote", "watch", "other"}

// serviceOf is the service that a device of a class gives by a protocol; none where the protocol serves nobody.
func serviceOf(app, class string) string {
	switch {
	case signal(app) || app == "mdns" || app == "llmnr" || app == "wsd" || app == "stun":
		return ""
	case class == "pacs" && (app == "dicom" || app == "dicomweb"):
		return "pacs"
	case class == "ehr server" && (clinical(app) || browsed(app)):
		return "ehr"
	case class == "hl7 engine" && clinical(app):
		return "hl7-engine"
	case class == "laboratory system" && clinical(app):
		return "laboratory"
	case (class == "printer" || class == "print server") && !browsed(app) && app != "snmp" && app != "dns":
		return "print"
	case browsed(app):
		return "web"
	}
	switch app {
	case "dicom", "dicomweb":
		return "images"
	case "hl7", "astm", "poct1a":
		return "messages"
	case "fhir":
		return "records"
	case "ieee11073", "intellivue", "carescape", "medibus":
		return "monitoring"
	case "ldap", "krb5":
		return "directory"
	case "dns", "nbns":
		return "dns"
	case "ntp":
		return "time"
	case "dhcp", "dhcpv6":
		return "dhcp"
	case "smb", "nfs", "ftp", "ftp-data", "tftp":
		return "file"
	case "pgsql", "mysql", "tds":
		return "database"
	case "radius":
		return "access"
	case "smtp", "imap", "pop3":
		return "mail"
	case "sip":
		return "telephony"
	case "modbus", "dnp3", "bacnet", "s7", "enip", "mqtt":
		return "plant"
	case "ssh", "rdp", "rfb", "telnet":
		return "remote"
	case "snmp", "syslog":
		return "watch"
	}
	return "other"
}

// browsed reports whether a protocol is one by which pages and what stands behind them are reached.
func browsed(app string) bool {
	switch app {
	case "http", "http2", "tls", "quic", "websocket", "doh2":
		return true
	}
	return false
}

// gathering sums the uses of one service, or of one provider of it.
type gathering struct {
	users       map[register.DeviceID]bool
	apps        map[string]uint64
	first, last int64
	sum         usage
}

func newGathering() *gathering {
	return &gathering{users: map[register.DeviceID]bool{}, apps: map[string]uint64{}}
}

func (g *gathering) add(from register.DeviceID, app string, u *links.Use) {
	if from != 0 {
		g.users[from] = true
	}
	g.apps[app] += u.Conversations
	g.sum.Conversations += u.Conversations
	g.sum.Bytes += u.Out + u.In
	for h, n := range u.Hours {
		g.sum.Hours[h] += int(n)
	}
	if g.first == 0 || u.First < g.first {
		g.first = u.First
	}
	g.last = max(g.last, u.Last)
}

// usage is the sum. clinical tells whether care depends on a user.
func (g *gathering) usage(clinical func(register.DeviceID) bool) (u usage, users, ofCare int) {
	u = g.sum
	u.Apps, u.First, u.Last = byUse(g.apps), at(g.first), at(g.last)
	for d := range g.users {
		if clinical(d) {
			ofCare++
		}
	}
	return u, len(g.users), ofCare
}

// Services are the services of the hospital: who gives each, who uses it, how much and when; those of care first.
func (i *Inventory) Services() []Service {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.lean()
	sums := map[string]*gathering{}
	given := map[string]map[register.DeviceID]*gathering{}
	outside := map[string]bool{}
	i.eachService(func(name string, e edge) {
		if sums[name] == nil {
			sums[name], given[name] = newGathering(), map[register.DeviceID]*gathering{}
		}
		sums[name].add(e.from, e.app, e.use)
		if e.to == 0 {
			outside[name] = true
			return
		}
		p := given[name][e.to]
		if p == nil {
			p = newGathering()
			given[name][e.to] = p
		}
		p.add(e.from, e.app, e.use)
	})
	ofCare := i.careOf()
	all := []Service{}
	for _, name := range services {
		if len(given[name]) == 0 {
			continue // nobody within the hospital gives it
		}
		s := Service{Name: name, Outside: outside[name], Given: len(given[name])}
		s.usage, s.Users, s.Clinical = sums[name].usage(ofCare)
		s.Providers = i.providers(given[name], ofCare)
		all = append(all, s)
	}
	return all
}

// careOf tells whether care depends on a device, each device asked once. The lock for writing is held.
func (i *Inventory) careOf() func(register.DeviceID) bool {
	known := map[register.DeviceID]bool{}
	return func(d register.DeviceID) bool {
		care, ok := known[d]
		if !ok {
			care = i.device(d).Tier.handled() <= ClinicalEssential
			known[d] = care
		}
		return care
	}
}

// eachService calls fn with each use that is of a service. A lock for writing is held.
func (i *Inventory) eachService(fn func(name string, e edge)) {
	classes := map[register.DeviceID]string{}
	i.eachUse(func(from, to register.DeviceID, app string, u *links.Use) {
		class, ok := classes[to]
		if !ok && to != 0 {
			class = i.device(to).Class.Name
			classes[to] = class
		}
		if name := serviceOf(app, class); name != "" {
			fn(name, edge{from, to, app, u})
		}
	})
}

func (i *Inventory) providers(given map[register.DeviceID]*gathering, ofCare func(register.DeviceID) bool) []Provider {
	all := make([]Provider, 0, len(given))
	for d, g := range given {
		v := i.device(d)
		p := Provider{ID: v.ID, Name: v.Name, Class: v.Class.Name, Tier: v.Tier, Ward: v.Word.Ward}
		p.usage, p.Users, p.Clinical = g.usage(ofCare)
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b Provider) int {
		return cmp.Or(cmp.Compare(b.Users, a.Users), cmp.Compare(b.Conversations, a.Conversations), cmp.Compare(a.ID, b.ID))
	})
	return all[:min(len(all), mostProviders)]
}

// ServiceDependents are who would miss something if all devices that give a service stopped giving it.
func (i *Inventory) ServiceDependents(name string) (Dependents, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.lean()
	type given struct {
		to  register.DeviceID
		app string
	}
	lost := map[given]bool{}
	i.eachService(func(n string, e edge) {
		if n == name && e.to != 0 {
			lost[given{e.to, e.app}] = true
		}
	})
	if len(lost) == 0 {
		return Dependents{}, fmt.Errorf("%w: %q", ErrNoService, name)
	}
	return i.stop(func(e edge) bool { return lost[given{e.to, e.app}] }), nil
}
