package eve

import (
	"cmp"
	"slices"
	"strings"

	"bulwark/event"
)

// stats writes the counters, each in the object that the parts of its name lead to, those that Suricata does not have in
// an object of ours; of a record without them what it has itself.
func (w *Writer) stats(p *event.Stats) {
	j := &w.j
	if len(p.Counters) == 0 || len(p.Counters) != len(p.Counts) {
		w.own(&event.Event{Payload: p})
		return
	}
	order := make([]int, 0, len(p.Counters))
	for i := range p.Counters {
		if !w.NoZeros || p.Counts[i] != "0" {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(p.Counters[a], p.Counters[b]) })
	isOurs := func(i int) bool { return strings.HasPrefix(p.Counters[i], ours+".") }
	j.open("stats")
	j.num("uptime", p.Interval/1e9)
	w.counters(p, slices.DeleteFunc(slices.Clone(order), isOurs))
	j.close()
	w.counters(p, slices.DeleteFunc(order, func(i int) bool { return !isOurs(i) }))
}

// counters writes some counters, in order.
func (w *Writer) counters(p *event.Stats, order []int) {
	j := &w.j
	var open []string
	for _, i := range order {
		parts := strings.Split(p.Counters[i], ".")
		path, leaf := parts[:len(parts)-1], parts[len(parts)-1]
		same := 0
		for same < len(open) && same < len(path) && open[same] == path[same] {
			same++
		}
		for range len(open) - same {
			j.close()
		}
		for _, name := range path[same:] {
			j.open(name)
		}
		open = append(open[:same:same], path[same:]...)
		j.raw(leaf, p.Counts[i])
	}
	for range open {
		j.close()
	}
}
