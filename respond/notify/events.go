package notify

import "bulwark/event"

// Publishes are the kinds of events that the room puts on the bus: none.
func Publishes() []event.Kind { return nil }

// Reads are the kinds that it takes from the bus.
func Reads() []event.Kind { return nil }

// happening is what an event says that people may have to be told of.
func happening(*event.Event) (Happening, bool) { return Happening{}, false }
