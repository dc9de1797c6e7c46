package safety

import "bulwark/event"

// Publishes are the kinds of events that the room puts on the bus.
func Publishes() []event.Kind { return nil }

// Reads are the kinds that it takes from the bus: acts, and the messages by which care is given.
func Reads() []event.Kind {
	return []event.Kind{event.KindContainment, event.KindDICOM, event.KindDICOMweb, event.KindHL7, event.KindFHIR, event.KindASTM, event.KindPOCT1A, event.KindIEEE11073}
}
