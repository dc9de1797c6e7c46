package dcerpc

import "strconv"

// Type is what a message is ([C706] 12.6.1, [MS-RPCE] 2.2.2.1).
type Type uint8

// The types.
const (
	Request Type = iota
	Ping
	Response
	FaultType
	Working
	NoCall
	Reject
	Ack
	CLCancel
	FAck
	CancelAck
	BindType
	BindAck
	BindNak
	AlterContext
	AlterContextResponse
	Auth3
	Shutdown
	COCancel
	Orphaned
	RTS // [MS-RPCH] 2.2.3.6: RPC over HTTP
	typeEnd
)

// String is the name EVE uses.
func (t Type) String() string {
	switch t {
	case Request:
		return "REQUEST"
	case Ping:
		return "PING"
	case Response:
		return "RESPONSE"
	case FaultType:
		return "FAULT"
	case Working:
		return "WORKING"
	case NoCall:
		return "NOCALL"
	case Reject:
		return "REJECT"
	case Ack:
		return "ACK"
	case CLCancel:
		return "CL_CANCEL"
	case FAck:
		return "FACK"
	case CancelAck:
		return "CANCEL_ACK"
	case BindType:
		return "BIND"
	case BindAck:
		return "BINDACK"
	case BindNak:
		return "BINDNAK"
	case AlterContext:
		return "ALTER_CONTEXT"
	case AlterContextResponse:
		return "ALTER_CONTEXT_RESP"
	case Auth3:
		return "AUTH3"
	case Shutdown:
		return "SHUTDOWN"
	case COCancel:
		return "CO_CANCEL"
	case Orphaned:
		return "ORPHANED"
	case RTS:
		return "RTS"
	}
	return strconv.Itoa(int(t))
}

// asks says whether t is sent by clients.
func (t Type) asks() bool {
	switch t {
	case Request, Ping, CLCancel, FAck, BindType, AlterContext, Auth3, COCancel, Orphaned:
		return true
	}
	return false
}

// Security is how a conversation is protected ([MS-RPCE] 2.2.1.1.7). The zero value is not at all.
type Security uint8

func (s Security) String() string {
	switch s {
	case 0:
		return ""
	case 9:
		return "SPNEGO"
	case 10:
		return "NTLM"
	case 14:
		return "SChannel"
	case 16:
		return "Kerberos"
	case 68:
		return "Netlogon"
	}
	return strconv.Itoa(int(s))
}

// Level is how much of it is protected ([MS-RPCE] 2.2.1.1.8). The zero value was not said.
type Level uint8

func (l Level) String() string {
	switch l {
	case 0:
		return ""
	case 1:
		return "none"
	case 2:
		return "connect"
	case 3:
		return "call"
	case 4:
		return "packet"
	case 5:
		return "integrity"
	case 6:
		return "privacy"
	}
	return strconv.Itoa(int(l))
}

// Fault is why a call failed ([C706] appendix E, [MS-RPCE] 2.2.2.5 and, for small numbers, [MS-ERREF] 2.2).
type Fault uint32

// refuses says whether f means that the caller is not who it says, or may not.
func (f Fault) refuses() bool { return f == 5 || f == 0x721 }

func (f Fault) String() string {
	switch f {
	case 0:
		return ""
	case 5:
		return "access_denied"
	case 0x6f7:
		return "bad_stub_data"
	case 0x721:
		return "sec_pkg_error"
	case 0x1c010002:
		return "op_rng_error"
	case 0x1c010003:
		return "unk_if"
	case 0x1c010006:
		return "wrong_boot_time"
	case 0x1c01000b:
		return "proto_error"
	case 0x1c010014:
		return "server_too_busy"
	case 0x1c010017:
		return "unsupported_type"
	case 0x1c00001a:
		return "context_mismatch"
	case 0x1c000012:
		return "unspecified"
	case 0x1c000024:
		return "invalid_handle"
	}
	return "0x" + strconv.FormatUint(uint64(f), 16)
}

// Append appends the usual text of u ([C706] A.3) to dst.
func (u UUID) Append(dst []byte) []byte {
	const digits = "0123456789abcdef"
	for i, b := range u {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, digits[b>>4], digits[b&15])
	}
	return dst
}

func (u UUID) String() string { return string(u.Append(nil)) }
