package access

import "bulwark/event"

// Publishes are the kinds of events that the room puts on the bus.
func Publishes() []event.Kind { return []event.Kind{event.KindAccess} }

// Reads are the kinds that it takes from the bus: who is cared for where, and what incidents found of whom.
func Reads() []event.Kind { return []event.Kind{event.KindHL7, event.KindRisk} }
