package console

import (
	"slices"
	"strings"

	"bulwark/event"
)

// maxSample is how many events of one second are streamed; how many there were is said.
const maxSample = 20

// sample keeps the first events of a second, and counts all.
type sample struct {
	printer event.Printer
	events  []row
	seen    int
}

// liveEvents is a sample of what happened in a second. Seen is how many events there were.
type liveEvents struct {
	Seen   int   `json:"seen"`
	Events []row `json:"events"`
}

func (s *sample) add(r *event.Reader, e *event.Event) {
	s.seen++
	if len(s.events) >= maxSample {
		return
	}
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
	s.events = append(s.events, row{ID: string(r.EventID(nil)), Time: e.When(), Kind: e.Payload.Kind().String(), Fields: fields})
}

func (s *sample) take() liveEvents {
	all := liveEvents{s.seen, s.events}
	s.seen, s.events = 0, nil
	return all
}
