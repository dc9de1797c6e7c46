package inventory

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// page is a part of a list.
type page struct {
	Devices []Device          `json:"devices"`
	Total   int               `json:"total"`  // that match
	All     int               `json:"all"`    // that there are
	Facets  map[string][]tick `json:"facets"` // of those that match the words
}

// tick is a value of a facet with how many devices have it.
type tick struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

const mostListed = 500

// choose is the part of a list that q asks for: q are words that must all stand somewhere in what a list shows; class,
// tier, vendor and ward narrow it to any of their values; since to devices first seen then or later; sort is last (usual),
// first, name or tier; from and limit say which part.
func choose(every []*shown, q url.Values) page {
	found := filter(every, strings.Fields(strings.ToLower(q.Get("q"))))
	if since, err := time.Parse(time.RFC3339, q.Get("since")); err == nil {
		found = slices.DeleteFunc(found, func(x *shown) bool { return x.device.First.Before(since) })
	}
	p := page{All: len(every), Facets: facets(found)}
	found = slices.DeleteFunc(found, func(x *shown) bool {
		v := x.device
		return !anyOf(q["class"], v.Class.Name) || !anyOf(q["vendor"], v.maker()) || !anyOf(q["ward"], v.Word.Ward) ||
			!anyOf(q["tier"], tierTick(v.Tier)) && !anyOf(q["tier"], tierWord(v.Tier))
	})
	order(found, q.Get("sort"))
	p.Total = len(found)
	from, _ := strconv.Atoi(q.Get("from"))
	from = min(max(from, 0), len(found))
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil || limit < 0 || limit > mostListed {
		limit = mostListed
	}
	p.Devices = make([]Device, 0, limit)
	for _, x := range found[from:min(from+limit, len(found))] {
		p.Devices = append(p.Devices, *x.device)
	}
	return p
}

func anyOf(wanted []string, v string) bool { return len(wanted) == 0 || slices.Contains(wanted, v) }

// order sorts a list, which stands by when its devices were seen last.
func order(all []*shown, by string) {
	switch by {
	case "first":
		slices.SortStableFunc(all, func(a, b *shown) int { return b.device.First.Compare(a.device.First) })
	case "name":
		names := make(map[*shown]string, len(all))
		for _, x := range all {
			names[x] = strings.ToLower(x.device.Name)
		}
		slices.SortStableFunc(all, func(a, b *shown) int { return strings.Compare(names[a], names[b]) })
	case "tier":
		slices.SortStableFunc(all, func(a, b *shown) int { return cmp.Compare(a.device.Tier.weight(), b.device.Tier.weight()) })
	}
}

// weight orders tiers by how much care depends on a device, as far as it is known: the confirmed one, else the proposed
// one, else clinical-essential, as which the unknown is handled. What is confirmed stands before what is proposed.
func (t TierView) weight() int {
	switch {
	case t.Tier != NotKnown:
		return 3 * int(t.Tier)
	case t.Proposed != NotKnown:
		return 3*int(t.Proposed) + 1
	}
	return 3*int(ClinicalEssential) + 2
}

// maker is who made the device, as far as it is known.
func (v *Device) maker() string { return cmp.Or(v.Vendor, v.Card) }

// filter keeps the devices in which all words stand.
func filter(all []*shown, words []string) []*shown {
	return slices.DeleteFunc(slices.Clone(all), func(x *shown) bool {
		return slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(x.text, word) })
	})
}

// text is what a search looks through.
func (v *Device) text() string {
	var b strings.Builder
	add := func(all ...string) {
		for _, s := range all {
			b.WriteString(strings.ToLower(s))
			b.WriteByte(' ')
		}
	}
	add(v.Name, v.Class.Name, v.Vendor, v.Card, v.Model, v.Serial, v.OS, v.Word.Ward, v.Word.Owner, v.Word.Reference, v.Word.Note)
	add(v.MACs...)
	add(v.Hostnames...)
	add(v.AETitles...)
	add(v.Software...)
	add(v.Serves...)
	for _, a := range v.Addresses {
		add(a.Addr.String())
	}
	return b.String()
}

// tierWord is the tier as exports have it.
func tierWord(t TierView) string {
	if t.Tier == NotKnown {
		return "unconfirmed"
	}
	return strconv.Itoa(int(t.Tier))
}

// tierTick is the tier as facets have it: "1" is confirmed, "1?" proposed, "?" not known.
func tierTick(t TierView) string {
	switch {
	case t.Tier != NotKnown:
		return strconv.Itoa(int(t.Tier))
	case t.Proposed != NotKnown:
		return [...]string{"0?", "1?", "2?", "3?"}[t.Proposed]
	}
	return "?"
}

func facets(all []*shown) map[string][]tick {
	counts := map[string]map[string]int{"class": {}, "tier": {}, "vendor": {}, "ward": {}}
	for i := range all {
		v := all[i].device
		counts["class"][v.Class.Name]++
		counts["tier"][tierTick(v.Tier)]++
		counts["vendor"][v.maker()]++
		counts["ward"][v.Word.Ward]++
	}
	out := map[string][]tick{}
	for name, values := range counts {
		ticks := []tick{}
		for v, n := range values {
			ticks = append(ticks, tick{v, n})
		}
		slices.SortFunc(ticks, func(a, b tick) int { return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value)) })
		out[name] = ticks[:min(len(ticks), 50)]
	}
	return out
}
