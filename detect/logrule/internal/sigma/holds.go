package sigma

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Value is one of an event.
type Value struct {
	Text string
	Null bool
}

// Form is how a value stands in a log.
type Form uint8

// The forms.
const (
	Plain   Form = iota // as it is
	Escaped             // as a text of JSON, with backslashes
	Nothing             // null
)

// Event is what conditions are asked of. A field may have several values.
type Event interface {
	// Values are those of a field; none where it is missing. They are valid until the next question.
	Values(field string) []Value
	// Every are all values, of whatever field.
	Every() []Value
}

// Holds reports whether a condition holds for an event. It is the reference: plain, and slow.
func (n *Node) Holds(e Event) bool {
	switch n.Op {
	case And:
		return !slices.ContainsFunc(n.Of, func(x *Node) bool { return !x.Holds(e) })
	case Or:
		return slices.ContainsFunc(n.Of, func(x *Node) bool { return x.Holds(e) })
	case Not:
		return !n.Of[0].Holds(e)
	}
	return n.Test.Holds(e)
}

// Holds reports whether one of the field's values is as the test wants it.
func (t *Test) Holds(e Event) bool {
	var values []Value
	if t.Field == "" {
		values = e.Every()
	} else {
		values = e.Values(t.Field)
	}
	switch t.How {
	case Present:
		return len(values) > 0
	case Absent:
		return len(values) == 0
	case Null:
		return !slices.ContainsFunc(values, func(v Value) bool { return !v.Null })
	case Equal, Begins, Ends, Includes:
		values = slices.Clone(values) // the next question may take their place
		return slices.ContainsFunc(e.Values(t.Other), func(o Value) bool {
			return !o.Null && slices.ContainsFunc(values, func(v Value) bool { return !v.Null && t.Relates(v.Text, o.Text) })
		})
	}
	return slices.ContainsFunc(values, func(v Value) bool { return !v.Null && t.One(v.Text) })
}

// Relates compares with the value of another field.
func (t *Test) Relates(a, b string) bool {
	switch {
	case a == b:
		return true
	case t.How == Equal && len(a) != len(b) && ascii(a) && ascii(b):
		return false // which is so of most
	}
	if !t.Cased {
		a, b = strings.ToLower(a), strings.ToLower(b)
	}
	switch t.How {
	case Begins:
		return strings.HasPrefix(a, b)
	case Ends:
		return strings.HasSuffix(a, b)
	case Includes:
		return strings.Contains(a, b)
	}
	return a == b
}

func ascii(s string) bool {
	for k := range len(s) {
		if s[k] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// One reports whether one value, which is not null, is as the test wants it. It is for tests that compare with something given.
func (t *Test) One(s string) bool {
	switch t.How {
	case Like:
		if !t.Cased {
			s = strings.ToLower(s)
		}
		return t.Pattern.Match(s)
	case Search:
		return t.Regexp.MatchString(s)
	case Within:
		a, err := netip.ParseAddr(s)
		return err == nil && t.Net.Contains(a.Unmap().WithZone(""))
	}
	x, ok := Number(s)
	if t.Part != Whole {
		x, ok = t.Part.of(s)
	}
	return ok && t.compare(x)
}

func (t *Test) compare(x float64) bool {
	switch t.How {
	case Less:
		return x < t.Number
	case LessOrEqual:
		return x <= t.Number
	case Greater:
		return x > t.Number
	case GreaterOrEqual:
		return x >= t.Number
	}
	return x == t.Number
}

// Number reads a number, hexadecimal too, as Windows writes some.
func Number(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if h, ok := strings.CutPrefix(strings.ToLower(s), "0x"); ok {
		n, err := strconv.ParseUint(h, 16, 64)
		return float64(n), err == nil
	}
	x, err := strconv.ParseFloat(s, 64)
	return x, err == nil
}

// forms are how points in time are written in logs.
var forms = [...]string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", time.DateOnly}

// of is the part of a point in time, as it is written: no zone is converted.
func (p Part) of(s string) (float64, bool) {
	for _, form := range forms {
		t, err := time.Parse(form, s)
		if err != nil {
			continue
		}
		_, week := t.ISOWeek()
		return float64([...]int{Whole: 0, Minute: t.Minute(), Hour: t.Hour(), Day: t.Day(), Week: week, Month: int(t.Month()), Year: t.Year()}[p]), true
	}
	return 0, false
}
