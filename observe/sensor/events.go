package sensor

import "bulwark/event"

// Publishes are the kinds of events that the sensor puts on the bus.
func Publishes() []event.Kind {
	return []event.Kind{
		event.KindFlow,
		event.KindDNS,
		event.KindTLS,
		event.KindHTTP,
		event.KindSMB,
		event.KindDCERPC,
		event.KindNFS,
		event.KindKerberos,
		event.KindLDAP,
		event.KindDHCP,
		event.KindSSH,
		event.KindDICOM,
		event.KindHL7,
		event.KindFHIR,
		event.KindASTM,
		event.KindPOCT1A,
		event.KindQUIC,
		event.KindWebSocket,
		event.KindDICOMweb,
		event.KindIEEE11073,
		event.KindSMTP,
		event.KindMonitor,
		event.KindFTP,
		event.KindFTPData,
		event.KindIMAP,
		event.KindPOP3,
		event.KindRDP,
		event.KindRFB,
		event.KindTelnet,
		event.KindPgSQL,
		event.KindFile,
		event.KindAuth,
		event.KindAsset,
		event.KindAnomaly,
		event.KindStats,
		event.KindMDNS,
		event.KindLLMNR,
		event.KindMQTT,
		event.KindNBNS,
		event.KindIKE,
		event.KindTFTP,
		event.KindNTP,
		event.KindSNMP,
		event.KindModbus,
		event.KindDNP3,
		event.KindARP,
		event.KindENIP,
		event.KindBACnet,
		event.KindS7,
		event.KindSIP,
		event.KindSyslog,
		event.KindATNA,
	}
}

// Reads are the kinds that the sensor takes from the bus: none.
func Reads() []event.Kind { return nil }
