// Package event is the one language of Bulwark: what happened, in a form that rooms, machines and people share.
//
// An [Event] is a [Header] (when, between whom) and a typed [Payload] (what). Attribute names are the paths of
// OCSF (https://schema.ocsf.io) as flat dotted keys; what OCSF lacks (DICOM, HL7, FHIR) follows its style.
// docs/events.md lists every attribute, with its EVE JSON and ECS names.
//
// Events travel and are stored in a [Batch]: compact, versioned, and encoded without allocation.
// The layout of its bytes is drawn in docs/formats/event.md.
package event

import (
	"net/netip"
	"strconv"
	"time"
)

// Kind says what an event is about. Its names are EVE's event_type where EVE has one. Zero is no event.
type Kind uint8

// The kinds, in the order of their codes, which never change.
const (
	KindNone Kind = iota
	KindFlow
	KindDNS
	KindTLS
	KindHTTP
	KindSMB
	KindKerberos
	KindLDAP
	KindDHCP
	KindSSH
	KindDICOM
	KindHL7
	KindFHIR
	KindFile
	KindAuth
	KindAsset
	KindAnomaly
	KindStats
	KindHealth
	KindFinding
	kindEnd
)

var kindNames = [kindEnd]string{"", "flow", "dns", "tls", "http", "smb", "krb5", "ldap", "dhcp", "ssh",
	"dicom", "hl7", "fhir", "fileinfo", "auth", "asset", "anomaly", "stats", "health", "finding"}

// String is the name of the kind in searches, in EVE and on the bus; empty for an unknown kind.
func (k Kind) String() string {
	if k >= kindEnd {
		return ""
	}
	return kindNames[k]
}

// Subject is where events of the kind travel on the bus.
func (k Kind) Subject() string { return "ev." + k.String() }

// KindOf is the kind of that name, or KindNone.
func KindOf(name string) Kind {
	for k := KindNone + 1; k < kindEnd; k++ {
		if kindNames[k] == name {
			return k
		}
	}
	return KindNone
}

// Kinds lists all kinds in the order of their codes.
func Kinds() []Kind {
	all := make([]Kind, 0, kindEnd-1)
	for k := KindNone + 1; k < kindEnd; k++ {
		all = append(all, k)
	}
	return all
}

// Header is what all events share. Its zero value has no time and is about no flow.
type Header struct {
	Time  int64      // unix nanoseconds at which it happened, by the clock of the packet
	Flow  uint64     // the flow it belongs to, unique per sensor; 0 when it belongs to none
	Src   netip.Addr // who began the conversation; invalid when not known
	Dst   netip.Addr
	Ports Ports
	Proto uint8  // IANA protocol number; 0 when not known
	VLAN  uint16 // outer VLAN id; 0 when untagged
	Inner uint16 // inner VLAN id; 0 when there is none

	// Packet is the number of the packet in hand in a capture that is read from files, from 1; 0 when not told.
	Packet uint64
}

// Ports are the transport ports of both ends; for ICMP type and code.
type Ports struct{ Src, Dst uint16 }

// When is the time of the event in UTC.
func (h *Header) When() time.Time { return time.Unix(0, h.Time).UTC() }

// Payload is one of the payload types of this package.
type Payload interface {
	Kind() Kind
	fields(*coder)
}

// Event is one thing that happened. Strings of an event that a [Reader] hands out point into the batch.
type Event struct {
	Header
	Payload Payload
}

// ProtoName is the name of an IANA protocol number as EVE writes it, in lower case.
func ProtoName(p uint8) string {
	switch p {
	case 1:
		return "icmp"
	case 2:
		return "igmp"
	case 6:
		return "tcp"
	case 17:
		return "udp"
	case 47:
		return "gre"
	case 50:
		return "esp"
	case 58:
		return "ipv6-icmp"
	case 132:
		return "sctp"
	}
	return strconv.Itoa(int(p))
}
