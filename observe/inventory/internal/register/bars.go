package register

import (
	"slices"
	"strings"
)

// Bar is an identifier that is not taken for that of the device that shows it.
type Bar struct {
	Field Field
	Value string
	Why   string
}

// bar keeps an identifier from counting for the device of a trace.
func (r *Register) bar(id ident, t *Trace, why string) {
	if slices.ContainsFunc(t.Bars, func(b Bar) bool { return b.Field == id.field && b.Value == id.value }) {
		return
	}
	if len(t.Bars) == maxBars {
		r.unbarOne(ident{t.Bars[0].Field, t.Bars[0].Value}, t)
	}
	r.bars[id] = append(r.bars[id], t.ID)
	t.Bars = append(t.Bars, Bar{id.field, strings.Clone(id.value), why})
	r.touch(t.Device)
	r.news[t.ID] = true
}

// maxBars is how many bars a trace has at most; the oldest goes first.
const maxBars = 64

// unbar takes back all bars of an identifier.
func (r *Register) unbar(id ident) {
	for _, n := range slices.Clone(r.bars[id]) {
		r.unbarOne(id, r.traces[n])
	}
}

func (r *Register) unbarOne(id ident, t *Trace) {
	t.Bars = slices.DeleteFunc(t.Bars, func(b Bar) bool { return b.Field == id.field && b.Value == id.value })
	if left := slices.DeleteFunc(r.bars[id], func(n TraceID) bool { return n == t.ID }); len(left) > 0 {
		r.bars[id] = left
	} else {
		delete(r.bars, id)
	}
	r.touch(t.Device)
	r.news[t.ID] = true
}

// barred is why an identifier does not count for a device; empty when it does.
func (r *Register) barred(id ident, d DeviceID) string {
	if len(r.bars[id]) == 0 {
		return ""
	}
	for _, t := range r.of(d) {
		for _, b := range t.Bars {
			if b.Field == id.field && b.Value == id.value {
				return b.Why
			}
		}
	}
	return ""
}

// reconcile takes back the bars of two devices that turn out to be one after all.
func (r *Register) reconcile(a, b DeviceID) (some bool) {
	for _, pair := range [...][2]DeviceID{{a, b}, {b, a}} {
		for _, t := range r.of(pair[0]) {
			for _, x := range slices.Clone(t.Bars) {
				id := ident{x.Field, x.Value}
				if slices.ContainsFunc(r.of(pair[1]), func(o *Trace) bool { return o.shows(id) }) {
					r.unbarOne(id, t)
					some = true
				}
			}
		}
	}
	return some
}

// parted reports whether a person has said that two devices are two, and why what both show joins neither.
func (r *Register) parted(a, b DeviceID) string {
	for _, t := range r.of(a) {
		for _, x := range t.Bars {
			if strings.HasPrefix(x.Why, splitBy) && r.barred(ident{x.Field, x.Value}, b) == x.Why {
				return x.Why
			}
		}
	}
	return ""
}

const splitBy = "split by "
