package signature

import "bulwark/event"

// Publishes lists the kinds of events that the room publishes, through the sensor.
func Publishes() []event.Kind { return []event.Kind{event.KindAlert} }

// Reads lists the kinds of events that the room reads from the bus.
func Reads() []event.Kind { return nil }
