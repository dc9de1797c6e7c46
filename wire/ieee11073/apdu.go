// Package ieee11073 decodes the exchange protocol of personal and ward health devices, ISO/IEEE 11073-20601, over TCP:
// thermometers, blood pressure meters, scales, oximeters, glucose meters and the managers that collect from them.
//
// Everything is an APDU in the medical device encoding rules (MDER): big-endian integers, strings and lists behind their
// length, nothing optional.
//
//	| type, 2 bytes | length, 2 bytes | body |
//	E2 00 AARQ   E3 00 AARE   E4 00 RLRQ   E5 00 RLRE   E6 00 ABRT   E7 00 PRST
//
// A device (agent) asks for an association and says who it is: its system-id, an EUI-64, and the number of its
// configuration, which for a standard configuration tells what it is. The manager accepts or refuses. PRST then carries
// the configuration, measurements, and the attributes of the device: maker, model, serial number. Measurements are counted
// and never kept.
package ieee11073

import (
	"fmt"
	"strconv"

	"bulwark/wire"
	"bulwark/wire/internal/octets"
)

// Type is the kind of an APDU (20601 §7.1).
type Type uint16

// The kinds of APDU.
const (
	AARQ Type = 0xE200 // request of an association
	AARE Type = 0xE300 // its answer
	RLRQ Type = 0xE400 // request of its end
	RLRE Type = 0xE500 // the answer
	ABRT Type = 0xE600 // broken off
	PRST Type = 0xE700 // data
)

func (t Type) known() bool { return t >= AARQ && t <= PRST && t&0xFF == 0 }

var (
	// ErrAPDU means bytes that are no APDU.
	ErrAPDU = fmt.Errorf("ieee11073: no APDU: %w", wire.ErrMalformed)
	// ErrShort means an APDU that ends before what it announces.
	ErrShort = fmt.Errorf("ieee11073: APDU ends early: %w", wire.ErrMalformed)
)

const (
	headLen = 4
	// maxAPDU is 20601 §7.2: 63 KiB from agent to manager, 8 KiB the other way.
	maxAPDU = 63 << 10
	// proto20601 is the data protocol of devices; the other identifiers belong to a maker or to none (§7.3).
	proto20601 = 0x5079
)

// Association is what one side says of itself in AARQ or AARE (PhdAssociationInformation).
type Association struct {
	Result          uint16 // of an answer
	Protocol        uint16 // identifier of the data protocol; 20601
	ProtocolVersion uint32
	SystemType      uint32 // 0x80000000 manager, 0x00800000 agent
	SystemID        []byte // EUI-64
	ConfigID        uint16
}

// Results of an association (§7.3.2).
var results = [...]string{"accepted", "rejected-permanent", "rejected-transient", "accepted-unknown-config", "rejected-no-common-protocol",
	"rejected-no-common-parameter", "rejected-unknown", "rejected-unauthorized", "rejected-unsupported-assoc-version"}

// ResultText is the name of the result.
func (a *Association) ResultText() string {
	if int(a.Result) < len(results) {
		return results[a.Result]
	}
	return "result_" + strconv.Itoa(int(a.Result))
}

// Specialization is what a standard configuration says that the device is, after 11073-104xx: configuration n stands in
// the standard whose last two digits are n/100 (20601 annex). Empty for an extended configuration, from 16384 on.
func Specialization(config uint16) string {
	switch config / 100 {
	case 4:
		return "pulse oximeter"
	case 6:
		return "electrocardiograph"
	case 7:
		return "blood pressure monitor"
	case 8:
		return "thermometer"
	case 15:
		return "weighing scale"
	case 17:
		return "glucose meter"
	case 18:
		return "coagulation meter"
	case 19:
		return "insulin pump"
	case 20:
		return "body composition analyser"
	case 21:
		return "peak flow monitor"
	case 24:
		return "sleep apnoea breathing therapy"
	case 25:
		return "continuous glucose monitor"
	}
	return ""
}

// cursor takes the fields of an APDU.
type cursor struct{ octets.Reader }

// octets is a string behind its length.
func (c *cursor) octets() []byte { return c.Take(int(c.U16())) }

// request reads the body of an AARQ (§7.3.1): of several data protocols that are offered, 20601 or else the first.
func (a *Association) request(body []byte) error {
	*a = Association{}
	c := cursor{octets.Of(body)}
	c.U32() // version of the association
	count, _ := c.U16(), c.U16()
	for i := 0; i < int(count) && !c.Short; i++ {
		id, info := c.U16(), c.octets()
		if i == 0 || id == proto20601 {
			a.Protocol = id
			a.information(info)
		}
	}
	if c.Short {
		return ErrShort
	}
	return nil
}

// response reads the body of an AARE (§7.3.2).
func (a *Association) response(body []byte) error {
	*a = Association{}
	c := cursor{octets.Of(body)}
	a.Result, a.Protocol = c.U16(), c.U16()
	if info := c.octets(); len(info) > 0 {
		a.information(info)
	}
	if c.Short {
		return ErrShort
	}
	return nil
}

// information reads what a side says of itself. A maker's own protocol has another form and is left alone.
func (a *Association) information(p []byte) {
	if a.Protocol != proto20601 {
		return
	}
	c := cursor{octets.Of(p)}
	a.ProtocolVersion = c.U32()
	c.Take(2 + 4 + 4) // encoding rules, version of the nomenclature, functional units
	a.SystemType = c.U32()
	a.SystemID, a.ConfigID = c.octets(), c.U16()
}
