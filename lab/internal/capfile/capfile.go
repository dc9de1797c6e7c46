// Package capfile reads and writes the capture files that the lab mixes: pcap and pcapng of any byte order.
//
// It is small on purpose: whole packets with a time and a link type, one after the other, from a stream. It keeps
// what was readable of a damaged file. The sensor has a reader of its own, made for speed.
package capfile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// Link types (tcpdump.org/linktypes.html) that the lab can turn into Ethernet.
const (
	LinkEthernet = 1
	LinkRawBSD   = 12
	LinkRawBSD2  = 14
	LinkRaw      = 101
	LinkIPv4     = 228
	LinkIPv6     = 229
)

// MaxPacket is the largest packet that is read, in bytes. A longer one ends the file.
const MaxPacket = 1 << 18

var (
	// ErrMagic means that the first bytes are those of no capture file.
	ErrMagic = errors.New("capfile: not a capture file")
	// ErrMalformed means that the file breaks off or contradicts itself.
	ErrMalformed = errors.New("capfile: malformed")
)

// Packet is one captured frame. Data is valid until the next call of Next.
type Packet struct {
	// Time is nanoseconds since 1970, UTC.
	Time int64
	// Link is the link type of the interface that saw the packet.
	Link int
	Data []byte
}

// Reader reads packets one after the other.
type Reader struct {
	r     *bufio.Reader
	order binary.ByteOrder
	buf   []byte
	next  func(*Packet) error

	// pcap
	link int
	unit int64

	// pcapng: the interfaces of the present section
	ifaces []iface
}

type iface struct {
	link int
	// perSecond is how many units of a time stamp make a second.
	perSecond uint64
}

// NewReader reads the header of r and returns [ErrMagic] when it is no capture.
func NewReader(r io.Reader) (*Reader, error) {
	c := &Reader{r: bufio.NewReaderSize(r, 1<<16)}
	magic, err := c.r.Peek(4)
	if err != nil {
		return nil, ErrMagic
	}
	if bytes.Equal(magic, []byte{0x0a, 0x0d, 0x0d, 0x0a}) {
		c.next = c.nextBlock
		return c, nil
	}
	return c, c.pcapHeader(magic)
}

// Next reads the next packet into p. The end of the file is [io.EOF]; a file that breaks off gives [ErrMalformed].
func (c *Reader) Next(p *Packet) error { return c.next(p) }

// pcapHeader reads the 24 bytes that open a pcap file (draft-ietf-opsawg-pcap §4).
func (c *Reader) pcapHeader(magic []byte) error {
	c.order, c.unit = pcapMagic(magic)
	if c.order == nil {
		return ErrMagic
	}
	var h [24]byte
	if _, err := io.ReadFull(c.r, h[:]); err != nil {
		return fmt.Errorf("%w: header: %w", ErrMalformed, err)
	}
	// The upper bits of the last word tell the frame check sequence.
	c.link = int(c.order.Uint32(h[20:]) & 0x0fffffff)
	c.next = c.nextRecord
	return nil
}

// pcapMagic tells the byte order and the nanoseconds of one unit of the fraction. A nil order means no pcap.
func pcapMagic(m []byte) (binary.ByteOrder, int64) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(m) {
		case 0xa1b2c3d4:
			return order, 1000
		case 0xa1b23c4d:
			return order, 1
		}
	}
	return nil, 0
}

func (c *Reader) nextRecord(p *Packet) error {
	var h [16]byte
	if _, err := io.ReadFull(c.r, h[:]); err != nil {
		return endOr(err)
	}
	n := c.order.Uint32(h[8:])
	if n > MaxPacket {
		return fmt.Errorf("%w: packet of %d bytes", ErrMalformed, n)
	}
	data, err := c.take(int(n))
	if err != nil {
		return err
	}
	*p = Packet{
		Time: int64(c.order.Uint32(h[:]))*int64(time.Second) + int64(c.order.Uint32(h[4:]))*c.unit,
		Link: c.link, Data: data,
	}
	return nil
}

// Block types of pcapng (draft-ietf-opsawg-pcapng §4).
const (
	blockInterface = 1
	blockPacket    = 2
	blockSimple    = 3
	blockEnhanced  = 6
	blockSection   = 0x0a0d0d0a
)

func (c *Reader) nextBlock(p *Packet) error {
	for {
		kind, body, err := c.block()
		if err != nil {
			return err
		}
		switch kind {
		case blockInterface:
			c.addInterface(body)
		case blockEnhanced, blockPacket, blockSimple:
			ok, err := c.packet(kind, body, p)
			if ok || err != nil {
				return err
			}
		}
	}
}

// block reads one block and, where it opens a section, its byte order.
func (c *Reader) block() (kind uint32, body []byte, err error) {
	h, err := c.r.Peek(12)
	if err != nil {
		if len(h) == 0 {
			return 0, nil, io.EOF
		}
		return 0, nil, fmt.Errorf("%w: block cut", ErrMalformed)
	}
	if binary.BigEndian.Uint32(h) == blockSection {
		if c.order = sectionOrder(h[8:]); c.order == nil {
			return 0, nil, fmt.Errorf("%w: byte-order magic", ErrMalformed)
		}
		c.ifaces = c.ifaces[:0]
	}
	if c.order == nil {
		return 0, nil, fmt.Errorf("%w: block before the section header", ErrMalformed)
	}
	kind = c.order.Uint32(h)
	n := c.order.Uint32(h[4:])
	if n < 12 || n%4 != 0 || n > MaxPacket+1024 {
		return 0, nil, fmt.Errorf("%w: block of %d bytes", ErrMalformed, n)
	}
	whole, err := c.take(int(n))
	if err != nil {
		return 0, nil, err
	}
	return kind, whole[8 : n-4], nil
}

func sectionOrder(m []byte) binary.ByteOrder {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if order.Uint32(m) == 0x1a2b3c4d {
			return order
		}
	}
	return nil
}

// addInterface reads an interface description block (§4.2). A file has at most 4,096 of them; more are ignored.
func (c *Reader) addInterface(body []byte) {
	if len(body) < 8 || len(c.ifaces) >= 4096 {
		return
	}
	f := iface{link: int(c.order.Uint16(body)), perSecond: 1e6}
	for o := body[8:]; len(o) >= 4; {
		code, n := c.order.Uint16(o), int(c.order.Uint16(o[2:]))
		if code == 0 || n > len(o)-4 {
			break
		}
		if code == 9 && n == 1 { // if_tsresol
			f.perSecond = resolution(o[4])
		}
		o = o[min(len(o), 4+(n+3)&^3):]
	}
	c.ifaces = append(c.ifaces, f)
}

// resolution is the number of units in a second: a power of ten or, with the top bit, of two. Impossible values
// mean microseconds.
func resolution(b byte) uint64 {
	if b&0x80 != 0 {
		if b&0x7f > 62 {
			return 1e6
		}
		return 1 << (b & 0x7f)
	}
	if b > 18 {
		return 1e6
	}
	u := uint64(1)
	for range b {
		u *= 10
	}
	return u
}

// packet reads one of the three blocks that carry packets. ok is false when the interface is unknown.
func (c *Reader) packet(kind uint32, body []byte, p *Packet) (ok bool, err error) {
	head := map[uint32]int{blockEnhanced: 20, blockPacket: 20, blockSimple: 4}[kind]
	if len(body) < head {
		return false, fmt.Errorf("%w: packet block of %d bytes", ErrMalformed, len(body))
	}
	var id, n int
	var stamp uint64
	switch kind {
	case blockSimple:
		n = min(int(c.order.Uint32(body)), len(body)-head)
	case blockEnhanced:
		id = int(c.order.Uint32(body))
	case blockPacket:
		id = int(c.order.Uint16(body))
	}
	if kind != blockSimple {
		stamp = uint64(c.order.Uint32(body[4:]))<<32 | uint64(c.order.Uint32(body[8:]))
		n = int(c.order.Uint32(body[12:]))
	}
	if n < 0 || n > len(body)-head {
		return false, fmt.Errorf("%w: packet of %d bytes in a block of %d", ErrMalformed, n, len(body))
	}
	if id >= len(c.ifaces) {
		return false, nil
	}
	f := c.ifaces[id]
	*p = Packet{Time: nanoseconds(stamp, f.perSecond), Link: f.link, Data: body[head : head+n]}
	return true, nil
}

func nanoseconds(stamp, perSecond uint64) int64 {
	sec, rest := stamp/perSecond, stamp%perSecond
	return int64(sec)*int64(time.Second) + int64(float64(rest)*1e9/float64(perSecond))
}

// take reads n bytes into the reader's buffer.
func (c *Reader) take(n int) ([]byte, error) {
	if cap(c.buf) < n {
		c.buf = make([]byte, n)
	}
	b := c.buf[:n]
	if _, err := io.ReadFull(c.r, b); err != nil {
		return nil, fmt.Errorf("%w: packet cut", ErrMalformed)
	}
	return b, nil
}

func endOr(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return fmt.Errorf("%w: packet header cut", ErrMalformed)
}
