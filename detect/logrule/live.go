package logrule

import (
	"slices"

	"bulwark/detect/logrule/internal/sigma"
	"bulwark/event"
)

// Own is the product that rules name for what Bulwark itself sees. The service is the kind of the event, and the fields are its
// attributes.
const Own = "bulwark"

// Live makes events of rules of those on the bus. Its zero value is ready; it is not safe for concurrent use.
type Live struct {
	printer event.Printer
	event   Event
	body    pairs
}

// Read takes an event. What it returns is valid until the next call, and as long as e is.
func (l *Live) Read(e *event.Event) *Event {
	b := &l.body
	b.names, b.values, b.text = b.names[:0], b.values[:0], b.text[:0]
	l.event = Event{Time: e.When(), body: b}
	p, ok := e.Payload.(*event.Log)
	if !ok {
		l.event.Source = sigma.Source{Product: Own, Service: e.Payload.Kind().String()}
		l.printer.Each(e, b.take)
		l.event.Host = b.Text("device.hostname")
		return &l.event
	}
	l.event.Source, l.event.Host = sigma.Source{Product: p.Product, Category: p.Category, Service: p.Service}, p.Host
	for i := 0; i+1 < len(p.Fields); i += 2 {
		b.add(p.Fields[i], p.Fields[i+1])
	}
	for _, x := range [...][2]string{{"message", p.Message}, {"host.name", p.Host}, {"user.name", p.User}, {"event.code", p.Code},
		{"event.action", p.Action}, {"event.outcome", p.Outcome}, {"process.name", p.App}} {
		if x[1] != "" && !slices.Contains(b.names, x[0]) {
			b.add(x[0], x[1])
		}
	}
	return &l.event
}
