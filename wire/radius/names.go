package radius

import "strconv"

func (c Code) String() string {
	switch c {
	case AccessRequest:
		return "access_request"
	case AccessAccept:
		return "access_accept"
	case AccessReject:
		return "access_reject"
	case AccountingRequest:
		return "accounting_request"
	case AccountingResponse:
		return "accounting_response"
	case AccessChallenge:
		return "access_challenge"
	case StatusServer:
		return "status_server"
	case DisconnectRequest:
		return "disconnect_request"
	case DisconnectACK:
		return "disconnect_ack"
	case DisconnectNAK:
		return "disconnect_nak"
	case CoARequest:
		return "coa_request"
	case CoAACK:
		return "coa_ack"
	case CoANAK:
		return "coa_nak"
	}
	return "code_" + strconv.Itoa(int(c))
}

// numbered is the name of a number; empty for none.
func numbered[T ~uint8 | ~uint32](names []string, n T) string {
	if uint64(n) < uint64(len(names)) {
		return names[n]
	}
	return ""
}

var statusNames = [...]string{1: "start", 2: "stop", 3: "interim", 7: "on", 8: "off", 9: "tunnel start", 10: "tunnel stop",
	11: "tunnel reject", 12: "tunnel link start", 13: "tunnel link stop", 14: "tunnel link reject", 15: "failed"}

// StatusName is what a report of accounting is about (RFC 2866 §5.1); empty for none.
func StatusName(n uint32) string { return numbered(statusNames[:], n) }

var serviceNames = [...]string{1: "login", 2: "framed", 3: "callback login", 4: "callback framed", 5: "outbound", 6: "administrative",
	7: "nas prompt", 8: "authenticate only", 9: "callback nas prompt", 10: "call check", 11: "callback administrative",
	17: "authorize only", 18: "framed management"}

// ServiceName is what a user asks for or gets (RFC 2865 §5.6); empty for none.
func ServiceName(n uint32) string { return numbered(serviceNames[:], n) }

var portTypeNames = [...]string{0: "async", 1: "sync", 2: "isdn", 5: "virtual", 15: "ethernet", 16: "xdsl", 17: "cable",
	18: "wireless", 19: "wireless 802.11", 20: "token ring", 21: "fddi", 30: "pppoa", 31: "pppoeoa", 32: "pppoeoe", 33: "pppoeovlan",
	34: "pppoeoqinq", 35: "pon", 36: "wireless 802.16"}

// PortTypeName is the kind of port that a user is at (RFC 2865 §5.41); empty for none.
func PortTypeName(n uint32) string { return numbered(portTypeNames[:], n) }

var causeNames = [...]string{1: "user request", 2: "lost carrier", 3: "lost service", 4: "idle timeout", 5: "session timeout",
	6: "admin reset", 7: "admin reboot", 8: "port error", 9: "nas error", 10: "nas request", 11: "nas reboot", 12: "port unneeded",
	13: "port preempted", 14: "port suspended", 15: "service unavailable", 16: "callback", 17: "user error", 18: "host request",
	19: "supplicant restart", 20: "reauthentication failure", 21: "port reinitialized", 22: "port administratively disabled"}

// CauseName is why a session ended (RFC 2866 §5.10, RFC 3580 §2.3); empty for none.
func CauseName(n uint32) string { return numbered(causeNames[:], n) }

// ErrorName is why a request of a server was refused, or that it was done (RFC 5176 §3.5, IANA registry "Error-Cause
// Attribute Values"); empty for none.
func ErrorName(n uint32) string {
	switch n {
	case 201:
		return "session context removed"
	case 202:
		return "invalid EAP packet"
	case 401:
		return "unsupported attribute"
	case 402:
		return "missing attribute"
	case 403:
		return "NAS identification mismatch"
	case 404:
		return "invalid request"
	case 405:
		return "unsupported service"
	case 406:
		return "unsupported extension"
	case 407:
		return "invalid attribute value"
	case 501:
		return "administratively prohibited"
	case 502:
		return "request not routable"
	case 503:
		return "session context not found"
	case 504:
		return "session context not removable"
	case 505:
		return "other proxy processing error"
	case 506:
		return "resources unavailable"
	case 507:
		return "request initiated"
	case 508:
		return "multiple session selection unsupported"
	case 509:
		return "location info required"
	}
	return ""
}

// EAPTypeName is the name of a type of EAP; empty for 0.
func EAPTypeName(n uint8) string {
	switch n {
	case 0:
		return ""
	case eapIdentity:
		return "identity"
	case eapNotification:
		return "notification"
	case eapNAK:
		return "nak"
	case eapMD5:
		return "EAP-MD5"
	case 5:
		return "EAP-OTP"
	case 6:
		return "EAP-GTC"
	case eapTLS:
		return "EAP-TLS"
	case eapLEAP:
		return "LEAP"
	case 18:
		return "EAP-SIM"
	case eapTTLS:
		return "EAP-TTLS"
	case 23:
		return "EAP-AKA"
	case eapPEAP:
		return "PEAP"
	case eapMSCHAP2:
		return "EAP-MSCHAPv2"
	case eapFAST:
		return "EAP-FAST"
	case 47:
		return "EAP-PSK"
	case 48:
		return "EAP-SAKE"
	case 49:
		return "EAP-IKEv2"
	case 50:
		return "EAP-AKA'"
	case 51:
		return "EAP-GPSK"
	case 52:
		return "EAP-pwd"
	case 53:
		return "EAP-EKE"
	case eapTEAP:
		return "TEAP"
	case eapExpanded:
		return "expanded"
	}
	return "type " + strconv.Itoa(int(n))
}

// Proves reports whether a type of EAP is a method by which somebody proves who it is.
func (e *EAP) Proves() bool { return e.Type > eapNAK && e.Type != eapExpanded }
