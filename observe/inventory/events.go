package inventory

import (
	"bulwark/event"
	"bulwark/observe/inventory/internal/evidence"
)

// Publishes are the kinds of events that the inventory puts on the bus.
func Publishes() []event.Kind { return []event.Kind{event.KindDevice} }

// Reads are the kinds that it takes from the bus.
func Reads() []event.Kind { return evidence.Kinds() }
