package logrule

import "bulwark/event"

// Publishes are the kinds of events that this room tells.
func Publishes() []event.Kind { return []event.Kind{event.KindAlert} }

// Reads are the kinds that rules may ask about: events of logs, and those of traffic of which rules say product: bulwark.
func Reads() []event.Kind {
	return []event.Kind{event.KindLog, event.KindATNA, event.KindSyslog, event.KindRADIUS, event.KindAuth, event.KindDICOM, event.KindDICOMweb,
		event.KindHL7, event.KindFHIR, event.KindDNS, event.KindHTTP, event.KindTLS, event.KindSMB, event.KindDCERPC, event.KindKerberos,
		event.KindLDAP, event.KindSSH, event.KindRDP, event.KindFile, event.KindSMTP, event.KindFTP, event.KindSNMP, event.KindMySQL,
		event.KindPgSQL, event.KindTDS, event.KindNFS, event.KindDevice}
}
