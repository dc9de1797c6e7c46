package playbook

import "bulwark/event"

// Publishes are the kinds of events that the room puts on the bus: none.
func Publishes() []event.Kind { return nil }

// Reads are the kinds that it takes from the bus.
func Reads() []event.Kind { return []event.Kind{event.KindIncident} }
