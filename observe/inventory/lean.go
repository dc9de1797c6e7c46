package inventory

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"bulwark/observe/inventory/internal/links"
	"bulwark/observe/inventory/internal/register"
)

// lean is how much of care leans on a device, as the conversations show.
type lean struct {
	users map[register.DeviceID]bool // clinical devices that use what it serves
	apps  map[string]bool            // of theirs
	talks uint64                     // its conversations in clinical protocols
	bytes uint64                     // and what they carried, without images
	first int64                      // when the first of them was
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

// needed reports whether a device that uses a protocol stops working well without the other end.
func needed(app string) bool {
	switch app {
	case "krb5", "ldap", "dns", "smb", "nfs", "ntp", "radius", "pgsql", "mysql", "tds":
		return true
	}
	return clinical(app)
}

// lean finds out how much leans on each device, when there was anything new; of a large inventory once a minute. The lock
// for writing is held.
func (i *Inventory) lean() {
	if i.leans != nil && (i.leansOf == i.book.events || i.book.links.Len() > 5000 && i.book.now-i.leansAt < settling) {
		return
	}
	care := map[register.DeviceID]bool{}
	i.eachUse(func(from, to register.DeviceID, app string, _ *links.Use) {
		for _, d := range [...]register.DeviceID{from, to} {
			if _, known := care[d]; d != 0 && (!known || clinical(app)) {
				care[d] = clinical(app) || i.ofCare(d)
			}
		}
	})
	all := map[register.DeviceID]*lean{}
	i.eachUse(func(from, to register.DeviceID, app string, u *links.Use) {
		if to != 0 && care[from] && needed(app) {
			l := leanOf(all, to)
			l.users[from], l.apps[app] = true, true
		}
		if !clinical(app) {
			return
		}
		for _, d := range [...]register.DeviceID{from, to} {
			if d != 0 {
				leanOf(all, d).count(app, u)
			}
		}
	})
	i.leans, i.leansOf, i.leansAt = all, i.book.events, i.book.now
}

func leanOf(all map[register.DeviceID]*lean, d register.DeviceID) *lean {
	l := all[d]
	if l == nil {
		l = &lean{users: map[register.DeviceID]bool{}, apps: map[string]bool{}}
		all[d] = l
	}
	return l
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
	switch n := len(l.users); {
	case n >= manyUsers:
		return ClinicalEssential, fmt.Sprintf("%d clinical devices use its %s", n, strings.Join(slices.Sorted(maps.Keys(l.apps)), ", "))
	case talks >= manyTalks:
		return ClinicalEssential, fmt.Sprintf("%d clinical conversations a day", talks)
	case bytes >= manyBytes:
		return ClinicalEssential, fmt.Sprintf("%d KiB of clinical messages a day", bytes>>10)
	case n > 0 && tier == Office:
		return ClinicalSupport, fmt.Sprintf("a clinical device uses its %s", strings.Join(slices.Sorted(maps.Keys(l.apps)), ", "))
	}
	return tier, why
}

const dayLong = int64(24 * 3600e9) // nanoseconds
