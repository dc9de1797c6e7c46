// Package intellivue reads the data export of Philips IntelliVue patient monitors and Avalon fetal monitors, as far as it
// tells which monitor is there and who collects from it (IntelliVue Data Export Interface Programming Guide, 4535 642 59271
// and 4535 645 88011: UDP, port 24105; announcements to port 24005).
//
// A monitor announces itself by a connect indication. A collector asks for an association with a session header and the
// object identifiers of IEEE 1073; the monitor accepts, then says what it is (MDS create event) and answers polls with
// numbers and waves, which are not read.
//
//	announcement   | nomenclature 00 00 01 00 | 00 01 | length | event report 0D 17: attributes |
//	session        | 0D asks, 0E accepts, 0C refuses, 09 ends, 19 aborts | length | ... |
//	data           | E1 00 00 02 | kind | length | ... |
package intellivue

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"bulwark/wire"
	"bulwark/wire/ieee11073"
)

// ErrOther means a datagram that is none of the data export.
var ErrOther = fmt.Errorf("intellivue: another datagram: %w", wire.ErrMalformed)

// Kind is what a datagram is.
type Kind uint8

// The kinds of datagram.
const (
	Announcement Kind = iota + 1 // connect indication
	Asked                        // a collector asks for an association
	Accepted
	Refused
	Created // the monitor says what it is
	Data    // anything else of an association
)

func (k Kind) String() string {
	return [...]string{"", "Announce", "Ask", "Accept", "Refuse", "Identify", "Data"}[k]
}

// Message is what a datagram tells. Its slices point into the datagram or into memory of the message.
type Message struct {
	Kind   Kind
	Device ieee11073.Device
	Label  []byte  // of the bed, as the monitor shows it
	MAC    []byte  // six bytes
	IP     [4]byte // the monitor's own word of its address; zero where it says none
}

// Attributes, by the nomenclature of the guide.
const (
	attrBedLabel = 0x091E
	attrNetwork  = 0xF100
	attrLabel    = 0xF135 // bed label of an announcement
)

const (
	connectIndication = 0x0D17
	mdsCreate         = 0x0D06
	eventReport       = 0x0000
	confirmedReport   = 0x0001
)

// ieee1073 begins the object identifiers of the presentation header: 1.2.840.10004.
const ieee1073 = "\x2A\x86\x48\xCE\x14\x02\x01"

// Looks tells whether p is a datagram of the data export.
func Looks(p []byte) bool { return kind(p) != 0 }

func kind(p []byte) Kind {
	if len(p) < 14 {
		return 0
	}
	switch p[0] {
	case 0x00:
		if k, _ := report(p, 4); k == connectIndication && (string(p[:4]) == "\x00\x00\x01\x00" || string(p[:4]) == "\x00\x01\x00\x00") {
			return Announcement
		}
	case 0xE1:
		if string(p[:4]) != "\xE1\x00\x00\x02" || !fits(p, 4) {
			return 0
		}
		if k, _ := report(p, 4); k == mdsCreate {
			return Created
		}
		return Data
	case 0x0D, 0x0E, 0x0C:
		if !bytes.Contains(p[:min(len(p), 160)], []byte(ieee1073)) || !sessionFits(p) {
			return 0
		}
		switch p[0] {
		case 0x0D:
			return Asked
		case 0x0E:
			return Accepted
		}
		return Refused
	}
	return 0
}

// sessionFits reports whether the length of a session header is that of the datagram: one byte, or FF and two.
func sessionFits(p []byte) bool {
	if p[1] == 0xFF {
		return int(binary.BigEndian.Uint16(p[2:])) == len(p)-4
	}
	return int(p[1]) == len(p)-2
}

// fits reports whether an ROapdus at p[at:] has a known kind and a length that is the rest of the datagram.
func fits(p []byte, at int) bool {
	if len(p) < at+4 {
		return false
	}
	switch binary.BigEndian.Uint16(p[at:]) {
	case 1, 2, 3, 5: // ROIV, RORS, ROER, ROLRS
		return int(binary.BigEndian.Uint16(p[at+2:])) == len(p)-at-4
	}
	return false
}

// report is the type of the event report at p[at:] and what it carries; 0 where there is none.
func report(p []byte, at int) (uint16, []byte) {
	const head = 4 + 6 + 6 + 4 + 4 // ROapdus, ROIVapdu, object, time, type and length
	if !fits(p, at) || len(p) < at+head || p[at+1] != 1 {
		return 0, nil
	}
	if c := binary.BigEndian.Uint16(p[at+6:]); c != eventReport && c != confirmedReport {
		return 0, nil
	}
	p = p[at+20:]
	n := int(binary.BigEndian.Uint16(p[2:]))
	return binary.BigEndian.Uint16(p), p[4:min(len(p), 4+n)]
}

// Parse reads a datagram into m, whose memory it reuses.
func Parse(p []byte, m *Message) error {
	m.Device.Reset()
	*m = Message{Device: m.Device, Label: m.Label[:0], Kind: kind(p)}
	switch m.Kind {
	case 0:
		return ErrOther
	case Announcement:
		_, list := report(p, 4)
		m.attributes(list)
	case Created:
		if _, info := report(p, 4); len(info) > 6 { // behind the object that was created
			m.attributes(info[6:])
		}
	}
	return nil
}

func (m *Message) attributes(list []byte) {
	m.Device.Read(list)
	for id, value := range ieee11073.Attributes(list) {
		switch {
		case id == attrNetwork && len(value) >= 10:
			m.MAC, m.IP = value[:6], [4]byte(value[6:10])
		case id == attrLabel:
			m.label(value)
		case id == attrBedLabel && len(value) > 2:
			m.label(value[2:]) // a String: behind its length
		}
	}
}

// label reads text in UTF-16, up to a zero.
func (m *Message) label(p []byte) {
	m.Label = m.Label[:0]
	for ; len(p) >= 2 && len(m.Label) < 96; p = p[2:] {
		c := rune(binary.BigEndian.Uint16(p))
		if c == 0 {
			break
		}
		if utf16.IsSurrogate(c) {
			c = utf8.RuneError
		}
		m.Label = utf8.AppendRune(m.Label, c)
	}
	m.Label = bytes.TrimSpace(m.Label)
}
