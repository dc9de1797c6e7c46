package logs

import "bulwark/event"

// Publishes are the kinds of events that this room tells: logs; flows that switches tell; audit messages, and the sign-ons in them;
// alerts of other sensors; messages of RADIUS accounting, and the devices in them.
func Publishes() []event.Kind {
	return []event.Kind{event.KindLog, event.KindFlow, event.KindATNA, event.KindAuth, event.KindAlert, event.KindRADIUS, event.KindAsset}
}
