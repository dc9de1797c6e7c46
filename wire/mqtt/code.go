package mqtt

import "strconv"

// CodeName is the name of a return code (version 3.1.1 §3.2.2.3) or of a reason code (version 5 §2.4).
func CodeName(t Type, version, code uint8) string {
	if version != 5 && t == Connack {
		names := [...]string{"accepted", "unacceptable protocol version", "identifier rejected", "server unavailable",
			"bad user name or password", "not authorized"}
		if int(code) < len(names) {
			return names[code]
		}
		return strconv.Itoa(int(code))
	}
	if name := reason(code); name != "" {
		return name
	}
	return strconv.Itoa(int(code))
}

// Failed reports whether a code means that what was asked for was refused: in version 5 those from 0x80 on, which
// include the 0x80 of a SUBACK of version 3.1.1.
func Failed(t Type, version, code uint8) bool {
	if version != 5 && t == Connack {
		return code != 0
	}
	return code >= 0x80
}

// Refused reports whether a code of a CONNACK is about who the client is, and not about what the broker can do.
func Refused(version, code uint8) bool {
	if version != 5 {
		return code == 4 || code == 5
	}
	switch code {
	case 0x86, 0x87, 0x8a, 0x8c:
		return true
	}
	return false
}

func reason(code uint8) string {
	switch code {
	case 0x00:
		return "success"
	case 0x01:
		return "granted qos 1"
	case 0x02:
		return "granted qos 2"
	case 0x04:
		return "disconnect with will message"
	case 0x10:
		return "no matching subscribers"
	case 0x11:
		return "no subscription existed"
	case 0x18:
		return "continue authentication"
	case 0x19:
		return "re-authenticate"
	}
	if i := int(code) - 0x80; i >= 0 && i < len(failures) {
		return failures[i]
	}
	return ""
}

// failures are the names of the reason codes from 0x80 on.
var failures = [...]string{
	"unspecified error", "malformed packet", "protocol error", "implementation specific error",
	"unsupported protocol version", "client identifier not valid", "bad user name or password", "not authorized",
	"server unavailable", "server busy", "banned", "server shutting down", "bad authentication method",
	"keep alive timeout", "session taken over", "topic filter invalid", "topic name invalid",
	"packet identifier in use", "packet identifier not found", "receive maximum exceeded", "topic alias invalid",
	"packet too large", "message rate too high", "quota exceeded", "administrative action", "payload format invalid",
	"retain not supported", "qos not supported", "use another server", "server moved",
	"shared subscriptions not supported", "connection rate exceeded", "maximum connect time",
	"subscription identifiers not supported", "wildcard subscriptions not supported",
}
