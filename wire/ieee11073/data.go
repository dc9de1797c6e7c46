package ieee11073

import (
	"bytes"
	"iter"

	"bulwark/wire/internal/octets"
)

// Choice is what a PRST carries (20601 §7.5, ROSE): an operation asked for, its result, an error, a rejection.
type Choice uint16

// The operations.
const (
	EventReport          Choice = 0x0100
	ConfirmedEventReport Choice = 0x0101
	Get                  Choice = 0x0103
	Set                  Choice = 0x0104
	ConfirmedSet         Choice = 0x0105
	Action               Choice = 0x0106
	ConfirmedAction      Choice = 0x0107
	EventReported        Choice = 0x0201
	Got                  Choice = 0x0203
	HasSet               Choice = 0x0205
	Acted                Choice = 0x0207
	Failed               Choice = 0x0300
	Rejected             Choice = 0x0400
)

// The attributes of a device that are read (11073-10101 partition MDC_PART_OBJ, 20601 annex A).
const (
	attrModel      = 0x0928 // MDC_ATTR_ID_MODEL: maker and model
	attrProduction = 0x092D // MDC_ATTR_ID_PROD_SPECN: serial number and versions
	attrSystemID   = 0x0984 // MDC_ATTR_SYS_ID
)

// notiConfig is the event by which a device tells its configuration: MDC_NOTI_CONFIG.
const notiConfig = 0x0D1C

// Data is what a PRST says.
type Data struct {
	Choice   Choice
	InvokeID uint16
	Event    uint16 // of an event report: its type
	Config   bool   // it is the device's configuration
	Measures bool   // it is a scan report: measurements
}

// data reads the body of a PRST.
func (d *Data) data(body []byte, dev *Device) error {
	*d = Data{}
	c := cursor{octets.Of(body)}
	c.U16() // length of the octets
	d.InvokeID, d.Choice = c.U16(), Choice(c.U16())
	inner := cursor{octets.Of(c.octets())}
	if c.Short {
		return ErrShort
	}
	switch d.Choice {
	case EventReport, ConfirmedEventReport:
		inner.Take(2 + 4) // handle of the object, time
		d.Event = inner.U16()
		d.Config, d.Measures = d.Event == notiConfig, d.Event != notiConfig
	case Got:
		inner.U16() // handle
		dev.Read(inner.Rest)
	}
	return nil
}

// Device is what the attributes of a device say of it. Its slices point into memory of the conversation.
type Device struct {
	Maker, Model, Serial, Hardware, Software, Firmware []byte

	arena []byte
}

// Reset forgets the device; its memory is kept.
func (d *Device) Reset() { *d = Device{arena: d.arena[:0]} }

func (d *Device) known() bool { return len(d.Maker)+len(d.Model)+len(d.Serial) > 0 }

const (
	maxText  = 128
	maxArena = 2 << 10
)

// keep copies a text, which some end with a zero and what was behind it, or with blanks.
func (d *Device) keep(v []byte) []byte {
	if i := bytes.IndexByte(v, 0); i >= 0 {
		v = v[:i]
	}
	v = bytes.TrimSpace(v)
	v = v[:min(len(v), maxText, maxArena-len(d.arena))]
	start := len(d.arena)
	d.arena = append(d.arena, v...)
	return d.arena[start:len(d.arena):len(d.arena)]
}

// Attributes walks an AttributeList (20601 §A.2.4): its count, its length, and each attribute with its number and value. It
// ends where the list does, or ends early.
func Attributes(list []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		c := cursor{octets.Of(list)}
		count, _ := c.U16(), c.U16()
		for i := 0; i < int(count); i++ {
			id, value := c.U16(), c.octets()
			if c.Short || !yield(id, value) {
				return
			}
		}
	}
}

// Read takes what an AttributeList says of the device.
func (d *Device) Read(list []byte) {
	if len(d.arena) > maxArena/2 {
		d.Reset() // told again and again
	}
	for id, value := range Attributes(list) {
		c := cursor{octets.Of(value)}
		switch id {
		case attrModel:
			d.Maker, d.Model = d.keep(c.octets()), d.keep(c.octets())
		case attrProduction:
			d.production(&c)
		}
	}
}

// production reads a ProductionSpec (20601 A.3.6): of each entry the kind, the component and the text.
func (d *Device) production(c *cursor) {
	count, _ := c.U16(), c.U16()
	for i := 0; i < int(count) && !c.Short; i++ {
		kind := c.U16()
		c.U16()
		text := c.octets()
		switch kind {
		case 1:
			if len(d.Serial) == 0 { // of several parts the first is the device
				d.Serial = d.keep(text)
			}
		case 3:
			d.Hardware = d.keep(text)
		case 4:
			d.Software = d.keep(text)
		case 5:
			d.Firmware = d.keep(text)
		}
	}
}
