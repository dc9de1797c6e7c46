package incident

import "bulwark/event"

// Publishes are the kinds of events that the room puts on the bus.
func Publishes() []event.Kind { return []event.Kind{event.KindIncident, event.KindRisk} }

// Reads are the kinds that it takes from the bus.
func Reads() []event.Kind { return []event.Kind{event.KindFinding, event.KindContainment} }
