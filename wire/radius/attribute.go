package radius

import (
	"encoding/binary"
	"net/netip"
)

// Types of attribute (IANA registry "RADIUS Attribute Types"), those that are read or that say what a message is.
const (
	userName             = 1
	userPassword         = 2
	chapPassword         = 3
	nasAddress           = 4
	nasPort              = 5
	serviceType          = 6
	framedAddress        = 8
	filterID             = 11
	replyMessage         = 18
	state                = 24
	class                = 25
	vendorSpecific       = 26
	sessionTimeout       = 27
	calledStation        = 30
	callingStation       = 31
	nasID                = 32
	proxyState           = 33
	acctStatus           = 40
	acctDelay            = 41
	acctInput            = 42
	acctOutput           = 43
	acctSession          = 44
	acctTime             = 46
	acctInputPackets     = 47
	acctOutputPackets    = 48
	acctCause            = 49
	acctMulti            = 50
	acctInputHigh        = 52
	acctOutputHigh       = 53
	eventTimestamp       = 55
	egressVLAN           = 56
	portType             = 61
	tunnelType           = 64
	arapPassword         = 70
	connectInfo          = 77
	eapMessage           = 79
	messageAuthenticator = 80
	tunnelGroup          = 81
	portID               = 87
	nasAddress6          = 95
	framedPrefix6        = 97
	errorCause           = 101
	digestResponse       = 103
	operatorName         = 126
	framedAddress6       = 168
)

const (
	tunnelVLAN = 13 // RFC 3580 §3.31
	callCheck  = 10 // RFC 2865 §5.6: the address of the device is all that is asked about
)

// fits reports whether an attribute of a type may have n bytes: numbers and addresses have four, some have bounds of their
// own.
func fits(kind uint8, n int) bool {
	switch kind {
	case nasAddress, nasPort, serviceType, 7, framedAddress, 9, 10, 12, 13, 14, 15, 16, sessionTimeout, 28, 29, 37, 38,
		acctStatus, acctDelay, acctInput, acctOutput, 45, acctTime, acctInputPackets, acctOutputPackets, acctCause, 51,
		acctInputHigh, acctOutputHigh, eventTimestamp, egressVLAN, portType, 62, tunnelType, 65, 83, errorCause:
		return n == 4
	case messageAuthenticator, nasAddress6, framedAddress6:
		return n == 16
	case userPassword:
		return n >= 16 && n <= 128 && n%16 == 0 // RFC 2865 §5.2
	case chapPassword:
		return n == 17
	case framedPrefix6:
		return n >= 2 && n <= 18
	case vendorSpecific:
		return n >= 4
	}
	return n > 0 || kind == eapMessage || kind == class
}

// attribute reads one attribute, of a length that fits.
func (m *Message) attribute(kind uint8, v []byte) {
	switch kind {
	case userPassword:
		m.Method = max(m.Method, ByPassword)
	case chapPassword:
		m.Method = max(m.Method, ByCHAP)
	case arapPassword, digestResponse:
		m.Method = max(m.Method, ByOther)
	case state:
		m.State = true
	case messageAuthenticator:
		m.Signed = true
	case eapMessage:
		if len(m.eap)+len(v) <= maxEAP {
			m.eap = append(m.eap, v...)
		}
	case vendorSpecific:
		m.vendor(v)
	case tunnelGroup:
		m.tunnel(v)
	case tunnelType:
		m.Tunnel = binary.BigEndian.Uint32(v) & 0xffffff // a tag stands before it (RFC 2868 §3.1)
	case framedPrefix6:
		m.prefix(v)
	default:
		if !m.text(kind, v) && !m.address(kind, v) && len(v) == 4 {
			m.number(kind, binary.BigEndian.Uint32(v))
		}
	}
}

// text reads an attribute that is text.
func (m *Message) text(kind uint8, v []byte) bool {
	var to *[]byte
	switch kind {
	case userName:
		to = &m.User
	case calledStation:
		to = &m.Called
	case callingStation:
		to = &m.Calling
	case nasID:
		to = &m.NASID
	case portID:
		to = &m.PortID
	case connectInfo:
		to = &m.Connect
	case operatorName:
		to = &m.Operator
	case filterID:
		to = &m.Filter
	case replyMessage:
		to = &m.Text
	case acctSession:
		to = &m.Session
	case acctMulti:
		to = &m.MultiSession
	default:
		return false
	}
	if *to == nil {
		*to = v
	}
	return true
}

// address reads an attribute that is an address.
func (m *Message) address(kind uint8, v []byte) bool {
	switch kind {
	case nasAddress:
		m.NAS = netip.AddrFrom4([4]byte(v))
	case nasAddress6:
		if !m.NAS.IsValid() {
			m.NAS = netip.AddrFrom16([16]byte(v))
		}
	case framedAddress:
		// RFC 2865 §5.8: these let the user, or the device that asks, choose
		if n := binary.BigEndian.Uint32(v); n != 0xffffffff && n != 0xfffffffe {
			m.Address = netip.AddrFrom4([4]byte(v))
		}
	case framedAddress6:
		m.Address6 = netip.AddrFrom16([16]byte(v))
	default:
		return false
	}
	return true
}

// number reads an attribute that is a number.
func (m *Message) number(kind uint8, n uint32) {
	switch kind {
	case nasPort:
		m.Port, m.HasPort = n, true
	case serviceType:
		m.Service = n
	case portType:
		m.PortType, m.HasType = n, true
	case sessionTimeout:
		m.Timeout = n
	case errorCause:
		m.ErrorCode = n
	case eventTimestamp:
		m.Timestamp = n
	case acctStatus:
		m.Status = n
	case acctDelay:
		m.Delay = n
	case acctInput:
		m.In.Low = n
	case acctInputHigh:
		m.In.High = n
	case acctOutput:
		m.Out.Low = n
	case acctOutputHigh:
		m.Out.High = n
	case acctTime:
		m.Duration = n
	case acctInputPackets:
		m.PacketsIn = n
	case acctOutputPackets:
		m.PacketsOut = n
	case acctCause:
		m.Cause = n
	}
}

// tunnel reads the number or name of a VLAN. A first byte up to 0x1f is a tag (RFC 2868 §3.6).
func (m *Message) tunnel(v []byte) {
	if v[0] <= 0x1f {
		v = v[1:]
	}
	if m.VLAN == nil && len(v) > 0 {
		m.VLAN = v
	}
}

// prefix reads a prefix of IPv6: a reserved byte, its length in bits, and its bytes (RFC 3162 §2.3).
func (m *Message) prefix(v []byte) {
	var a [16]byte
	copy(a[:], v[2:])
	if v[1] <= 128 {
		m.Prefix6 = netip.PrefixFrom(netip.AddrFrom16(a), int(v[1]))
	}
}

// vendor reads what a maker defined: its number, then attributes of a byte of type and one of length, as nearly all do (RFC
// 2865 §5.26). Others are left alone.
func (m *Message) vendor(v []byte) {
	maker := binary.BigEndian.Uint32(v)
	for v = v[4:]; len(v) >= 2 && v[1] >= 2 && int(v[1]) <= len(v); v = v[v[1]:] {
		a := Vendor{Maker: maker, Type: v[0], Value: v[2:v[1]]}
		if maker == Microsoft {
			m.microsoft(a)
		}
		if len(m.Vendors) < maxVendors {
			m.Vendors = append(m.Vendors, a)
		}
	}
}

// microsoft reads how a user proves itself (RFC 2548 §2).
func (m *Message) microsoft(a Vendor) {
	switch a.Type {
	case msCHAPResponse:
		m.Method = max(m.Method, ByMSCHAP)
	case msCHAP2Response:
		m.Method = max(m.Method, ByMSCHAP2)
	}
}
