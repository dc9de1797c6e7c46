package inventory

import (
	"fmt"
	"slices"
	"strings"

	"bulwark/observe/inventory/internal/links"
	"bulwark/observe/inventory/internal/register"
)

// lean is how much of care leans on a device, as the conversations show.
type lean struct {
	users int    // clinical devices that use what it serves
	apps  uint32 // of theirs, as bits of their places in [vital]
	talks uint64 // its conversations in clinical protocols
	bytes uint64 // and what they carried, without images
	first int64  // when the first of them was
	last  int64
}

// From how much on a device is essential to care, whatever it is.
const (
	manyUsers = 3       // clinical devices that use it
	manyTalks = 500     // clinical conversations a day
	manyBytes = 1 << 20 // of messages a day: about a thousand
)

// clinical reports whether a protocol is one that devices of care speak.
func clinical(app string) bool {
	switch app {
	case "dicom", "dicomweb", "hl7", "fhir", "astm", "poct1a", "ieee11073":
		return true
	}
	return false
}

// vital are the protocols whose users stop working well without the other end, in their order.
func vital() [17]string {
	return [...]string{"astm", "dicom", "dicomweb", "dns", "fhir", "hl7", "ieee11073", "krb5", "ldap", "mysql", "nfs", "ntp", "pgsql", "poct1a",
		"radius", "smb", "tds"}
}

// needed reports whether a device that uses a protocol stops working well without the other end.
func needed(app string) bool {
	all := vital()
	_, ok := slices.BinarySearch(all[:], app)
	return ok
}

// lean finds out how much leans on each device, when there was anything new; of a large inventory once a minute. The lock
// for writing is held.
func (i *Inventory) lean() {
	if i.leans != nil && (i.leansOf == i.book.events || i.book.links.Len() > 5000 && i.book.now-i.leansAt < settling) {
		return
	}
	l := leaning{i: i, of: map[register.TraceID]int32{0: outside}, places: map[register.DeviceID]int32{}, devices: []register.DeviceID{0}, care: []verdictOfCare{no},
		leans: make([]lean, 1)}
	i.book.links.Of(needed, l.use)
	l.sum()
	i.leans = map[register.DeviceID]*lean{}
	for n := range l.leans {
		if x := &l.leans[n]; *x != (lean{}) {
			i.leans[l.devices[n]] = x
		}
	}
	i.leanings++
	i.leansOf, i.leansAt = i.book.events, i.book.now
}

// leaning is what is added up while it is found out how much leans on each device. Devices have places from 1; what is outside
// has the first.
type leaning struct {
	i       *Inventory
	of      map[register.TraceID]int32 // places of the devices of traces
	places  map[register.DeviceID]int32
	devices []register.DeviceID
	care    []verdictOfCare
	leans   []lean
	arcs    []arc
}

// arc is a protocol that one device uses of another.
type arc struct {
	from, to int32
	app      uint8 // place in vital
}

// verdictOfCare is whether care depends on a device.
type verdictOfCare uint8

const (
	unasked verdictOfCare = iota // nobody has asked
	yes
	no
)

// Places of no device.
const (
	outside   int32 = 0
	forgotten int32 = -1
)

// place is that of the device of a trace.
func (l *leaning) place(t register.TraceID) int32 {
	n, ok := l.of[t]
	if ok {
		return n
	}
	n = forgotten
	if d := l.i.book.register.DeviceOf(t); d != 0 {
		if n, ok = l.places[d]; !ok {
			n = int32(len(l.devices))
			l.places[d] = n
			l.devices, l.care, l.leans = append(l.devices, d), append(l.care, unasked), append(l.leans, lean{})
		}
	}
	l.of[t] = n
	return n
}

// use notes what one end uses of the other.
func (l *leaning) use(k links.Key, u *links.Use) {
	a := arc{from: l.place(k.From), to: l.place(k.To)}
	if a.from == forgotten || a.to == forgotten || a.from == a.to {
		return
	}
	all := vital()
	app, _ := slices.BinarySearch(all[:], k.App)
	a.app = uint8(app)
	if clinical(k.App) {
		for _, n := range [...]int32{a.from, a.to} {
			if n != outside {
				l.care[n] = yes
				l.leans[n].count(k.App, u)
			}
		}
	}
	if a.from != outside && a.to != outside {
		l.arcs = append(l.arcs, a)
	}
}

// sum counts the clinical devices that use each.
func (l *leaning) sum() {
	ends := make([]int32, len(l.devices)+1) // of the arcs to each, once they stand by where they lead
	for _, a := range l.arcs {
		ends[a.to+1]++
	}
	for n := range l.devices {
		ends[n+1] += ends[n]
	}
	sorted := make([]arc, len(l.arcs))
	for _, a := range l.arcs {
		sorted[ends[a.to]] = a
		ends[a.to]++
	}
	counted := make([]int32, len(l.devices)) // for whom each user was counted last
	for _, a := range sorted {
		if !l.ofCare(a.from) {
			continue
		}
		x := &l.leans[a.to]
		x.apps |= 1 << a.app
		if counted[a.from] != a.to {
			counted[a.from] = a.to
			x.users++
		}
	}
}

// ofCare reports whether care depends on a device.
func (l *leaning) ofCare(n int32) bool {
	if l.care[n] == unasked {
		l.care[n] = no
		if l.i.ofCare(l.devices[n]) {
			l.care[n] = yes
		}
	}
	return l.care[n] == yes
}

func (l *lean) count(app string, u *links.Use) {
	l.talks += u.Conversations
	if app != "dicom" && app != "dicomweb" {
		l.bytes += u.Out + u.In
	}
	if l.first == 0 || u.First < l.first {
		l.first = u.First
	}
	l.last = max(l.last, u.Last)
}

// ofCare reports whether a device's class is one on which care depends.
func (i *Inventory) ofCare(d register.DeviceID) bool {
	name := i.words[d].Class
	if name == "" {
		name = i.verdict(d).Class
	}
	c := i.class(name)
	return c != nil && Tier(c.Tier) <= ClinicalEssential
}

// raise is the tier that is proposed of a device whose class says tier, and why. What leans on a device makes it essential,
// never life-critical: that is a matter of what it does to a patient.
func (l *lean) raise(tier Tier, why string) (Tier, string) {
	if l == nil || tier == LifeCritical || tier == ClinicalEssential {
		return tier, why
	}
	days := max(1, (l.last-l.first+dayLong-1)/dayLong)
	talks, bytes := l.talks/uint64(days), l.bytes/uint64(days)
	switch n := l.users; {
	case n >= manyUsers:
		return ClinicalEssential, fmt.Sprintf("%d clinical devices use its %s", n, l.protocols())
	case talks >= manyTalks:
		return ClinicalEssential, fmt.Sprintf("%d clinical conversations a day", talks)
	case bytes >= manyBytes:
		return ClinicalEssential, fmt.Sprintf("%d KiB of clinical messages a day", bytes>>10)
	case n > 0 && tier == Office:
		return ClinicalSupport, fmt.Sprintf("a clinical device uses its %s", l.protocols())
	}
	return tier, why
}

// protocols are those of its clinical users.
func (l *lean) protocols() string {
	var all []string
	for n, app := range vital() {
		if l.apps&(1<<n) != 0 {
			all = append(all, app)
		}
	}
	return strings.Join(all, ", ")
}

const dayLong = int64(24 * 3600e9) // nanoseconds
