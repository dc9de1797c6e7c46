// Package medibus reads MEDIBUS, which Dräger ventilators, anaesthesia workstations and incubators speak on their serial
// ports (Dräger RS 232 MEDIBUS, Protocol Definition, 9028329): here behind a terminal server that puts the serial line on
// TCP.
//
// Everything is text between a first byte and a carriage return, with the sum of what is before as two hexadecimal digits:
//
//	command   ESC code [arguments] checksum CR      1B 51 36 43 0D   initialize communication
//	answer    SOH code [data] checksum CR           01 51 35 32 0D
//
// Either side may ask. The answer to R tells what the device is: an identifier of four digits, a name in quotes and a
// revision. Measurements, alarms and settings are counted and never kept.
package medibus

import (
	"bytes"
	"fmt"

	"bulwark/wire"
)

const (
	esc, soh, cr = 0x1B, 0x01, '\r'
	// maxMessage is beyond the longest answer: a page of measurements.
	maxMessage = 4 << 10
)

// ErrNoise means bytes that are no messages.
var ErrNoise = fmt.Errorf("medibus: no message: %w", wire.ErrMalformed)

// Device is what the answer to an identification request says.
type Device struct {
	ID, Name, Revision []byte
}

// Handler is told what a device says of itself.
type Handler interface {
	// Device is called with each answer to an identification request that names a device; dir is the device's side. Its
	// slices are valid during the call.
	Device(dir wire.Dir, d *Device)
}

// Probe tells whether p begins with a message whose checksum is right. Either side may begin.
func Probe(p []byte) (wire.Match, wire.Dir) {
	if len(p) == 0 {
		return wire.Unsure, wire.Either
	}
	if p[0] != esc && p[0] != soh || len(p) > 1 && !isCode(p[1]) {
		return wire.No, wire.Either
	}
	end := bytes.IndexByte(p[:min(len(p), maxMessage)], cr)
	switch {
	case end < 0 && len(p) < maxMessage && printable(p[1:]):
		return wire.Unsure, wire.Either
	case end >= 4 && printable(p[1:end]) && sound(p[:end]):
		return wire.Yes, wire.Either
	}
	return wire.No, wire.Either
}

// isCode reports whether b is the code of a command (Protocol Definition §3).
func isCode(b byte) bool {
	switch b {
	case 0x30, 0x4A, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x6C, 0x6D:
		return true
	}
	return b >= 0x23 && b <= 0x2E
}

func printable(p []byte) bool {
	for _, b := range p {
		if b < ' ' {
			return false
		}
	}
	return true
}

// sound reports whether the last two bytes are the sum of those before, as hexadecimal digits.
func sound(p []byte) bool {
	var sum byte
	for _, b := range p[:len(p)-2] {
		sum += b
	}
	const digits = "0123456789ABCDEF"
	return p[len(p)-2] == digits[sum>>4] && p[len(p)-1] == digits[sum&15]
}

// Conversation is one connection. Its zero value is ready.
type Conversation struct {
	Messages, BadChecksums int // since it began
	noise                  int
	device                 Device
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() { *c = Conversation{} }

// Decode reads one direction. Waves come between messages as bytes above 0x7F and are passed over.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	for done < len(p) {
		rest := p[done:]
		if rest[0] != esc && rest[0] != soh {
			done++
			if rest[0] < 0x80 {
				c.noise++
			}
			if c.noise > maxMessage {
				return done, 0, ErrNoise
			}
			continue
		}
		end := bytes.IndexByte(rest[:min(len(rest), maxMessage)], cr)
		if end < 0 && len(rest) < maxMessage {
			return done, 0, nil
		}
		if end < 4 {
			done++
			c.noise++
			continue
		}
		c.message(dir, rest[:end], h)
		done += end + 1
	}
	return done, 0, nil
}

func (c *Conversation) message(dir wire.Dir, p []byte, h Handler) {
	c.Messages++
	if !sound(p) {
		c.BadChecksums++
		return
	}
	c.noise = 0
	if p[0] != soh || p[1] != 'R' || len(p) < 12 {
		return
	}
	id, rest, ok := bytes.Cut(p[2:len(p)-2], []byte{'\''})
	if !ok {
		return
	}
	name, revision, ok := bytes.Cut(rest, []byte{'\''})
	if !ok || len(name) == 0 {
		return
	}
	c.device = Device{ID: id, Name: bytes.TrimSpace(name), Revision: bytes.TrimSpace(revision)}
	h.Device(dir, &c.device)
	c.device = Device{}
}

// Gap tells that bytes were lost: reading goes on at the next message.
func (c *Conversation) Gap(wire.Dir, int) error { return nil }

// Close ends the conversation. Nothing is ever open.
func (c *Conversation) Close(Handler) {}
