package signature

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"bulwark/detect/signature/internal/rule"
)

// Sights are what is seen of the network: a rule that looks elsewhere is blind.
type Sights struct {
	Apps  map[string]time.Time // when each protocol was seen last, by its name in EVE; nil: nothing is known
	Ports []uint16             // that conversations went to, sorted; nil: not known
	Hosts []netip.Addr         // of the hospital's own that were seen, sorted; nil: not known
	From  time.Time            // since when it is known
}

// Times of what is seen.
const (
	unseenAfter = 7 * 24 * time.Hour
	unseenLeast = time.Hour // for so long it must be known what is seen
)

// scene is what of the network a rule is about. Nil is anything.
type scene struct {
	ports []rule.PortRange // of either end
	hosts [2][]rule.Range  // of the hospital's own, at one end and at the other
}

// sceneOf is where a rule looks. What it asks of addresses outside is not where it looks, but what it waits for.
func sceneOf(r *rule.Rule) (s scene) {
	if r.Proto.Transport == 6 || r.Proto.Transport == 17 {
		if len(r.DestPorts.Out)+len(r.SourcePorts.Out) == 0 && (r.Dest.Any() || private(r.Dest.In) || r.Source.Any() && len(r.SourcePorts.In) > 0) {
			s.ports = slices.Concat(r.SourcePorts.In, r.DestPorts.In)
		}
	}
	for n, a := range [...]*rule.Addresses{&r.Source, &r.Dest} {
		if private(a.In) {
			s.hosts[n] = a.In
		}
	}
	return s
}

// private reports whether addresses are all of those that a hospital gives to its own (RFC 1918, RFC 4193).
func private(all []rule.Range) bool {
	for _, r := range all {
		if !r.First.IsPrivate() || !r.Last.IsPrivate() {
			return false
		}
	}
	return len(all) > 0
}

// unseen reports whether a rule looks where nothing has been seen.
func (b *Rulebook) unseen(e *entry, now time.Time) (Text, bool) {
	if b.seen.Apps == nil || now.Sub(b.seen.From) < unseenLeast {
		return Text{}, false
	}
	since := b.seen.From
	if week := now.Add(-unseenAfter); since.Before(week) {
		since = week
	}
	day := since.Format("2006-01-02 15:04")
	if e.app != "" && !b.spoken(e.app, since) {
		return Text{fmt.Sprintf("No %s has been seen since %s.", strings.ToUpper(e.app), day),
			fmt.Sprintf("Aucun trafic %s n'a été vu depuis le %s.", strings.ToUpper(e.app), day)}, true
	}
	if len(e.scene.ports) > 0 && b.seen.Ports != nil && !slices.ContainsFunc(e.scene.ports, b.asked) {
		return Text{fmt.Sprintf("No conversation with port %s has been seen since %s.", portsText(e.scene.ports), day),
			fmt.Sprintf("Aucune conversation avec le port %s n'a été vue depuis le %s.", portsText(e.scene.ports), day)}, true
	}
	for _, hosts := range e.scene.hosts {
		if len(hosts) > 0 && b.seen.Hosts != nil && !slices.ContainsFunc(hosts, b.populated) {
			return Text{fmt.Sprintf("Nobody is known at %s.", rangesText(hosts)), fmt.Sprintf("Personne n'est connu à l'adresse %s.", rangesText(hosts))}, true
		}
	}
	return Text{}, false
}

// spoken reports whether a protocol was seen since a time.
func (b *Rulebook) spoken(app string, since time.Time) bool {
	all := appNames(app)
	for _, name := range all {
		if at, ok := b.seen.Apps[name]; ok && !at.Before(since) {
			return true
		}
	}
	return len(all) == 0
}

func (b *Rulebook) asked(p rule.PortRange) bool {
	n, _ := slices.BinarySearch(b.seen.Ports, p.First)
	return n < len(b.seen.Ports) && b.seen.Ports[n] <= p.Last
}

func (b *Rulebook) populated(r rule.Range) bool {
	n, _ := slices.BinarySearchFunc(b.seen.Hosts, r.First, netip.Addr.Compare)
	return n < len(b.seen.Hosts) && b.seen.Hosts[n].Compare(r.Last) <= 0
}

// mostNamed is how many ports or ranges of addresses a sentence names.
const mostNamed = 3

func portsText(all []rule.PortRange) string {
	return named(all, func(p rule.PortRange) string {
		if p.First == p.Last {
			return fmt.Sprint(p.First)
		}
		return fmt.Sprintf("%d-%d", p.First, p.Last)
	})
}

func rangesText(all []rule.Range) string {
	return named(all, func(r rule.Range) string {
		if r.First == r.Last {
			return r.First.String()
		}
		return r.First.String() + "-" + r.Last.String()
	})
}

func named[T any](all []T, name func(T) string) string {
	var words []string
	for _, x := range all[:min(len(all), mostNamed)] {
		words = append(words, name(x))
	}
	if len(all) > mostNamed {
		words = append(words, "...")
	}
	return strings.Join(words, ", ")
}

// appNames are the names under which the sensor tells of a protocol of rules.
func appNames(app string) []string {
	switch app {
	case "http", "http1", "http2", "fhir", "websocket":
		return []string{"http", "http2", "fhir", "dicomweb", "websocket", "doh2", app}
	case "tls", "ssl":
		return []string{"tls", "ssl", "dicom", "https"}
	case "dns":
		return []string{"dns", "doh2", "mdns", "llmnr"}
	case "smtp", "email":
		return []string{"smtp"}
	case "file", "ip":
		return nil
	}
	return []string{app}
}
