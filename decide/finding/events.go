package finding

import "bulwark/event"

// Publishes are the kinds of events that the room puts on the bus.
func Publishes() []event.Kind { return []event.Kind{event.KindFinding} }

// Reads are the kinds that it takes from the bus: what becomes a finding, and which devices turned out to be one.
func Reads() []event.Kind { return []event.Kind{event.KindAlert, event.KindDevice} }
