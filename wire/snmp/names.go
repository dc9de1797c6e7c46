package snmp

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

// errorNames are the error states (RFC 3416 §3).
var errorNames = [...]string{"noError", "tooBig", "noSuchName", "badValue", "readOnly", "genErr", "noAccess", "wrongType",
	"wrongLength", "wrongEncoding", "wrongValue", "noCreation", "inconsistentValue", "resourceUnavailable", "commitFailed",
	"undoFailed", "authorizationError", "notWritable", "inconsistentName"}

// ErrorName is the name of an error status; empty for none.
func ErrorName(n int64) string {
	switch {
	case n == 0:
		return ""
	case n > 0 && int(n) < len(errorNames):
		return errorNames[n]
	}
	return "error " + strconv.FormatInt(n, 10)
}

var trapNames = [...]string{"coldStart", "warmStart", "linkDown", "linkUp", "authenticationFailure", "egpNeighborLoss", "enterpriseSpecific"}

// snmpTraps is 1.3.6.1.6.3.1.1.5, below which the traps of version 1 stand in version 2 (RFC 3418 §2), from 1.
const snmpTraps = "\x2b\x06\x01\x06\x03\x01\x01\x05"

// TrapName is the kind of a trap as all versions call it; empty for another trap of version 2 and for what is none.
func (m *Message) TrapName() string {
	switch m.PDU {
	case TrapV1:
		if m.Generic >= 0 && int(m.Generic) < len(trapNames) {
			return trapNames[m.Generic]
		}
	case TrapV2, InformRequest:
		if n := len(snmpTraps); len(m.Trap) == n+1 && string(m.Trap[:n]) == snmpTraps && m.Trap[n] >= 1 && int(m.Trap[n]) < len(trapNames) {
			return trapNames[m.Trap[n]-1]
		}
	}
	return ""
}

// usmStats is 1.3.6.1.6.3.15.1.1, below which the reports of USM stand (RFC 3414 §5).
const usmStats = "\x2b\x06\x01\x06\x03\x0f\x01\x01"

var usmNames = [...]string{"", "unsupported security level", "not in time window", "unknown user", "unknown engine", "wrong digest", "decryption error"}

// ReportName is why an engine reports to have refused a message; empty for what is no report of USM.
func (m *Message) ReportName() string {
	if m.PDU != Report || len(m.Bindings) == 0 {
		return ""
	}
	n := len(usmStats)
	if o := m.Bindings[0].Name; len(o) > n && string(o[:n]) == usmStats && int(o[n]) < len(usmNames) {
		return usmNames[o[n]]
	}
	return ""
}

// Default reports whether the community is one that devices are delivered with, or that everybody tries first.
func (m *Message) Default() bool {
	switch string(m.Community) {
	case "public", "private", "Public", "Private", "PUBLIC", "PRIVATE", "admin", "manager", "monitor", "community", "default",
		"password", "security", "snmp", "snmpd", "cisco", "ILMI", "read", "write", "internal", "secret", "guest", "test", "root", "system":
		return true
	}
	return false
}

// EngineID names an engine of version 3 for good (RFC 3411 §5, SnmpEngineID). Nil is none.
type EngineID []byte

// formats of what follows the enterprise in an engine id.
const (
	formatIPv4 = 1
	formatIPv6 = 2
	formatMAC  = 3
	formatText = 4
)

func (e EngineID) modern() bool { return len(e) >= 5 && e[0]&0x80 != 0 }

// Enterprise is the IANA number of the engine's maker; 0 where the id is too short.
func (e EngineID) Enterprise() uint32 {
	if len(e) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(e) &^ (1 << 31)
}

// MAC is the link address in the id; nil where it holds none.
func (e EngineID) MAC() []byte {
	if e.modern() && e[4] == formatMAC && len(e) == 11 {
		return e[5:]
	}
	return nil
}

// Addr is the address in the id; invalid where it holds none.
func (e EngineID) Addr() netip.Addr {
	switch {
	case e.modern() && e[4] == formatIPv4 && len(e) == 9:
		return netip.AddrFrom4([4]byte(e[5:]))
	case e.modern() && e[4] == formatIPv6 && len(e) == 21:
		return netip.AddrFrom16([16]byte(e[5:]))
	}
	return netip.Addr{}
}

// Text is the text in the id; nil where it holds none.
func (e EngineID) Text() []byte {
	if e.modern() && e[4] == formatText {
		return e[5:]
	}
	return nil
}
