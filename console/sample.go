package console

import (
	"slices"
	"strings"

	"bulwark/event"
)

// What is streamed of the events of one second; how many there were is said. The bound by kind keeps a chatty
// protocol from crowding out the others.
const (
	maxSample = 20
	maxOfKind = 4
)

// sample keeps the first events of a second, and counts all.
type sample struct {
	printer event.Printer
	events  []row
	kinds   map[event.Kind]int
	seen    int
}

// liveEvents is a sample of what happened in a second. Seen is how many events there were.
type liveEvents struct {
	Seen   int   `json:"seen"`
	Events []row `json:"events"`
}

func (s *sample) add(r *event.Reader, e *event.Event) {
	s.seen++
	kind := e.Payload.Kind()
	if len(s.events) >= maxSample || s.kinds[kind] >= maxOfKind {
		return
	}
	if s.kinds == nil {
		s.kinds = map[event.Kind]int{}
	}
	s.kinds[kind]++
	fields := map[string]any{event.AttrSensor: r.Sensor}
	s.printer.Each(e, func(name string, v event.Value) {
		if v.Type == event.List {
			list := slices.Clone(v.List)
			for i := range list {
				list[i] = strings.Clone(list[i])
			}
			fields[name] = list
			return
		}
		fields[name] = string(v.AppendText(nil))
	})
	s.events = append(s.events, row{ID: string(r.EventID(nil)), Time: e.When(), Kind: kind.String(), Fields: fields})
}

func (s *sample) take() liveEvents {
	all := liveEvents{s.seen, s.events}
	s.seen, s.events, s.kinds = 0, nil, nil
	return all
}
