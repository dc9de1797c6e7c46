package engine

import (
	"bulwark/detect/logrule/internal/names"
	"bulwark/detect/logrule/internal/sigma"
)

// Event is what programs are asked about: values, each of a field. A field may have several, or none.
type Event interface {
	// Len is how many values there are.
	Len() int
	// Name is the field of one.
	Name(k int) string
	// Raw is one as it stands in the log.
	Raw(k int) (string, sigma.Form)
	// Value is one as it is meant. It is valid as long as the event is.
	Value(k int) sigma.Value
	// Whole is a text in which all values stand, each in one piece but for what stands before quotes, strokes and control characters; false:
	// there is none, or it has letters in it that [foreign] tells.
	Whole() (text string, ok bool)
}

// Sheet is an event laid out by the numbers of its names. Its zero value is ready; it is not safe for concurrent use.
type Sheet struct {
	event Event
	first []int32 // by the number of a name: its first value+1; 0: there is none
	next  []int32 // by value: the next one of the same name, +1
	used  []int32 // numbers that first has something for
	// hashes are those of values that were looked up, by value; 0: nobody asked.
	hashes []uint64
}

// Lay takes an event. Names that are not in the table are known to no rule.
func (s *Sheet) Lay(e Event, t *names.Table) {
	for _, n := range s.used {
		s.first[n] = 0
	}
	if len(s.first) != t.Len() {
		s.first = make([]int32, t.Len())
	}
	n := e.Len()
	if cap(s.next) < n {
		s.next, s.hashes = make([]int32, n, 2*n), make([]uint64, n, 2*n)
	}
	s.hashes = s.hashes[:n]
	clear(s.hashes)
	s.event, s.used, s.next = e, s.used[:0], s.next[:n]
	for k := n - 1; k >= 0; k-- {
		name := t.Of(e.Name(k))
		if name < 0 {
			continue
		}
		s.next[k] = s.first[name]
		s.first[name] = int32(k) + 1
		s.used = append(s.used, name)
	}
}

// Append appends the values of a name to a key, each with its end.
func (s *Sheet) Append(key []byte, name int32) []byte {
	for k := s.first[name]; k > 0; k = s.next[k-1] {
		key = append(append(key, s.event.Value(int(k-1)).Text...), 1)
	}
	return append(key, 0)
}

// place is where the values of a rule's field stand: below the first of its names that the event has. -1: there is no such name.
type place [2]int32

// values is the first value of a field, +1; 0: it is missing.
func (s *Sheet) values(p place) int32 {
	if p[0] >= 0 {
		if k := s.first[p[0]]; k > 0 {
			return k
		}
	}
	if p[1] >= 0 {
		return s.first[p[1]]
	}
	return 0
}
