package logrule

import (
	"bulwark/detect/logrule/internal/record"
	"bulwark/detect/logrule/internal/sigma"
	"cmp"
	"strings"
	"time"
)

// JSON reads events that are JSON objects, one after the other. Its zero value is ready; it is not safe for concurrent use.
type JSON struct {
	record record.Record
	event  Event
}

// Read takes one event. What it returns is valid until the next call. An event says itself of which log source it is, with the fields
// product, category and service; one with a Channel and an EventID is of Windows.
func (j *JSON) Read(text []byte) (*Event, error) {
	if err := j.record.Read(text); err != nil {
		return nil, err
	}
	r := &j.record
	j.event = Event{Source: sigma.Source{Product: r.Text("product"), Category: r.Text("category"), Service: r.Text("service")}, body: r}
	if j.event.Source.Product == "" && r.Text("Channel") != "" && r.Text("EventID") != "" {
		j.event.Source.Product = "windows"
	}
	j.event.Time, j.event.Host = timeOf(r), cmp.Or(r.Text("Computer"), r.Text("Hostname"), r.Text("host.name"))
	return &j.event, nil
}

// timeOf is when an event was, by the fields in which logs usually say so; the zero time where none does.
func timeOf(r *record.Record) time.Time {
	for _, name := range [...]string{"TimeCreated_SystemTime", "@timestamp", "TimeCreated", "UtcTime", "timestamp"} {
		text := r.Text(name)
		if text == "" {
			continue
		}
		for _, form := range [...]string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999"} {
			if t, err := time.Parse(form, text); err == nil {
				return t.UTC()
			}
		}
	}
	return time.Time{}
}

// Clone is an event that stays as it is.
func (e *Event) Clone() *Event {
	f := &fields{values: map[string][]sigma.Value{}}
	for _, name := range e.Fields() {
		for _, v := range e.Values(name) {
			f.add(strings.Clone(name), sigma.Value{Text: strings.Clone(v.Text), Null: v.Null})
		}
	}
	of := sigma.Source{Product: strings.Clone(e.Source.Product), Category: strings.Clone(e.Source.Category), Service: strings.Clone(e.Source.Service)}
	return &Event{Source: of, Time: e.Time, Host: strings.Clone(e.Host), body: f}
}
