package event

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

// The head of a batch: magic, count, index of the first event, base time, batch id, then sensor and site with their
// lengths.
const (
	magic    = "BWE1"
	countAt  = 4
	firstAt  = 6
	baseAt   = 8
	idAt     = 16
	headSize = 24
)

// MaxBatch is the largest batch a [Reader] accepts, in bytes; the bus carries at most 1 MiB compressed.
const MaxBatch = 4 << 20

// MaxEvents is how many events one batch holds at most. It is below 1<<16.
const MaxEvents = 10_000

// Batch builds the bytes of a batch. Its zero value is empty; call Reset before the first Add.
// It is not safe for concurrent use.
type Batch struct {
	c    coder
	base int64
	n    uint32
}

// Reset begins a new batch and keeps the memory. id must rise from batch to batch of one sensor; the program uses
// microseconds of the clock, moved on where two would be equal.
func (b *Batch) Reset(sensor, site string, id uint64) {
	buf := append(b.c.buf[:0], magic...)
	buf = binary.LittleEndian.AppendUint32(buf, 0)
	buf = binary.LittleEndian.AppendUint64(buf, 0)
	buf = binary.LittleEndian.AppendUint64(buf, id)
	b.c.buf = appendBytes(appendBytes(buf, sensor), site)
	b.n, b.base = 0, 0
}

// Len is the number of events in the batch.
func (b *Batch) Len() int { return int(b.n) }

// Size is the number of bytes of the batch so far.
func (b *Batch) Size() int { return len(b.c.buf) }

// Bytes are the batch. They belong to b until its next Reset.
func (b *Batch) Bytes() []byte {
	binary.LittleEndian.PutUint32(b.c.buf[countAt:], b.n)
	binary.LittleEndian.PutUint64(b.c.buf[baseAt:], uint64(b.base))
	return b.c.buf
}

const (
	hasFlow = 1 << iota
	hasSrc
	hasDst
	hasPorts
	hasVLAN
	src6
	dst6
	hasPacket
)

// Bits of the VLAN id that say that an inner one, a third one, and link addresses follow, and that the packet in hand
// went from Dst to Src.
const (
	hasInner = 1 << (15 - iota)
	hasThird
	hasMACs
	isBack
	tagBits = hasInner | hasThird | hasMACs | isBack
)

// Add appends one event. It copies what h and p point to and allocates nothing once the buffer has grown.
func (b *Batch) Add(h *Header, p Payload) {
	if b.n == 0 {
		b.base = h.Time
	}
	b.n++
	at := len(b.c.buf)
	buf := append(b.c.buf, 0, 0, 0, byte(p.Kind())) // 3 bytes of length
	buf = b.appendHeader(buf, h)
	b.c.op, b.c.buf = opEncode, buf
	p.fields(&b.c)
	b.c.str(noteField, "", &h.Notes)
	n := len(b.c.buf) - at - 3
	b.c.buf[at], b.c.buf[at+1], b.c.buf[at+2] = byte(n), byte(n>>8), byte(n>>16)
}

func (b *Batch) appendHeader(buf []byte, h *Header) []byte {
	at := len(buf)
	var flags byte
	buf = append(buf, 0, h.Proto)
	buf = binary.AppendVarint(buf, h.Time-b.base)
	if h.Flow != 0 {
		flags |= hasFlow
		buf = binary.AppendUvarint(buf, h.Flow)
	}
	if h.Src.IsValid() {
		flags |= hasSrc
		buf, flags = appendAddr(buf, h.Src, flags, src6)
	}
	if h.Dst.IsValid() {
		flags |= hasDst
		buf, flags = appendAddr(buf, h.Dst, flags, dst6)
	}
	if h.Ports != (Ports{}) {
		flags |= hasPorts
		buf = append(buf, byte(h.Ports.Src), byte(h.Ports.Src>>8), byte(h.Ports.Dst), byte(h.Ports.Dst>>8))
	}
	if macs := h.SrcMAC != [6]byte{} || h.DstMAC != [6]byte{}; h.VLAN != 0 || macs || h.Back {
		flags |= hasVLAN
		buf = appendLink(buf, h, macs)
	}
	if h.Packet != 0 {
		flags |= hasPacket
		buf = binary.AppendUvarint(buf, h.Packet)
	}
	buf[at] = flags
	return buf
}

// appendLink writes the tags of a frame, and its link addresses where macs says so.
func appendLink(buf []byte, h *Header, macs bool) []byte {
	vlan := h.VLAN
	if h.Inner != 0 {
		vlan |= hasInner
	}
	if h.Third != 0 {
		vlan |= hasThird
	}
	if macs {
		vlan |= hasMACs
	}
	if h.Back {
		vlan |= isBack
	}
	buf = binary.LittleEndian.AppendUint16(buf, vlan)
	if h.Inner != 0 {
		buf = binary.LittleEndian.AppendUint16(buf, h.Inner)
	}
	if h.Third != 0 {
		buf = binary.LittleEndian.AppendUint16(buf, h.Third)
	}
	if macs {
		buf = append(append(buf, h.SrcMAC[:]...), h.DstMAC[:]...)
	}
	return buf
}

func appendAddr(buf []byte, a netip.Addr, flags, six byte) ([]byte, byte) {
	if a.Is4() {
		v := a.As4()
		return append(buf, v[:]...), flags
	}
	v := a.As16()
	return append(buf, v[:]...), flags | six
}

// Reader walks the events of a batch. The batch's bytes must not change while it is in use.
type Reader struct {
	Sensor string // who saw it
	Site   string // where
	ID     uint64 // the batch's id, rising per sensor

	b     []byte
	at    int
	n     uint32
	first uint32
	left  uint32
	base  int64
	kinds [kindEnd]*bound
	none  bound // of the kinds that are not known
	err   error
}

// Open begins to read a batch; r may be used again for another. It returns [ErrBatch] where the head is malformed.
func (r *Reader) Open(b []byte) error {
	r.b, r.at, r.left, r.err = nil, 0, 0, nil
	if len(b) < headSize || len(b) > MaxBatch || string(b[:4]) != magic {
		return malformed(0, "no "+magic+" head of at most "+strconv.Itoa(MaxBatch)+" bytes")
	}
	r.n, r.first = uint32(binary.LittleEndian.Uint16(b[countAt:])), uint32(binary.LittleEndian.Uint16(b[firstAt:]))
	if r.first+r.n > MaxEvents {
		return malformed(countAt, "too many events")
	}
	r.base = int64(binary.LittleEndian.Uint64(b[baseAt:]))
	r.ID = binary.LittleEndian.Uint64(b[idAt:])
	sensor, rest, ok := cutBytes(b[headSize:])
	if !ok {
		return malformed(headSize, "cut sensor name")
	}
	site, rest, ok := cutBytes(rest)
	if !ok {
		return malformed(headSize, "cut site name")
	}
	r.Sensor, r.Site = string(sensor), string(site)
	r.b, r.at, r.left = b, len(b)-len(rest), r.n
	return nil
}

// Len is the number of events that the head of the batch promises.
func (r *Reader) Len() int { return int(r.n) }

// Index is the place of the event that Next read last in the batch, from 0, or in the one it was split from.
func (r *Reader) Index() int { return int(r.first+r.n-r.left) - 1 }

// First is the place of the first event: 0 unless the batch was split from a larger one.
func (r *Reader) First() int { return int(r.first) }

// EventID names the event that Next read last, everywhere and for good.
func (r *Reader) EventID(dst []byte) []byte {
	dst = append(append(dst, r.Sensor...), '-')
	dst = strconv.AppendUint(dst, r.ID, 36)
	return strconv.AppendInt(append(dst, '.'), int64(r.Index()), 10)
}

// Err is what ended the walk; nil at a proper end.
func (r *Reader) Err() error { return r.err }

// Next reads the next event into e and reports whether there was one. e.Payload belongs to r, must not be changed, and holds
// until the next call; its strings hold as long as the batch's bytes.
func (r *Reader) Next(e *Event) bool {
	for r.left > 0 && r.err == nil {
		body, ok := r.cut()
		if !ok {
			r.err = malformed(r.at, "cut event")
			return false
		}
		rest, ok := r.header(body[1:], &e.Header)
		to := r.bound(Kind(body[0]))
		if !ok || !to.read(rest) {
			r.err = malformed(r.at, "bad event")
			return false
		}
		r.left--
		r.at += 3 + len(body)
		e.Notes = to.notes
		if e.Payload = to.payload; e.Payload != nil { // nil: a kind of a newer version
			return true
		}
	}
	return false
}

func (r *Reader) cut() ([]byte, bool) {
	b := r.b[r.at:]
	if len(b) < 4 {
		return nil, false
	}
	n := int(b[0]) | int(b[1])<<8 | int(b[2])<<16
	if n < 3 || n > len(b)-3 {
		return nil, false
	}
	return b[3 : 3+n], true
}

func (r *Reader) bound(k Kind) *bound {
	if k >= kindEnd {
		return &r.none
	}
	if r.kinds[k] == nil {
		r.kinds[k] = new(bound)
		r.kinds[k].bind(New(k))
	}
	return r.kinds[k]
}

func (r *Reader) header(b []byte, h *Header) ([]byte, bool) {
	*h = Header{}
	flags := b[0]
	h.Proto = b[1]
	b = b[2:]
	dt, k := binary.Varint(b)
	if k <= 0 {
		return nil, false
	}
	h.Time, b = r.base+dt, b[k:]
	if flags&hasFlow != 0 {
		if h.Flow, k = binary.Uvarint(b); k <= 0 {
			return nil, false
		}
		b = b[k:]
	}
	ok := true
	if flags&hasSrc != 0 {
		h.Src, b, ok = cutAddr(b, flags&src6 != 0)
	}
	if ok && flags&hasDst != 0 {
		h.Dst, b, ok = cutAddr(b, flags&dst6 != 0)
	}
	if !ok {
		return nil, false
	}
	if flags&hasPorts != 0 {
		if len(b) < 4 {
			return nil, false
		}
		h.Ports = Ports{Src: binary.LittleEndian.Uint16(b), Dst: binary.LittleEndian.Uint16(b[2:])}
		b = b[4:]
	}
	if flags&hasVLAN != 0 {
		if b, ok = cutLink(b, h); !ok {
			return nil, false
		}
	}
	if flags&hasPacket != 0 {
		if h.Packet, k = binary.Uvarint(b); k <= 0 {
			return nil, false
		}
		b = b[k:]
	}
	return b, true
}

func cutLink(b []byte, h *Header) ([]byte, bool) {
	if len(b) < 2 {
		return nil, false
	}
	tags := binary.LittleEndian.Uint16(b)
	h.VLAN, h.Back, b = tags&^tagBits, tags&isBack != 0, b[2:]
	for _, t := range [...]struct {
		bit uint16
		to  *uint16
	}{{hasInner, &h.Inner}, {hasThird, &h.Third}} {
		if tags&t.bit == 0 {
			continue
		}
		if len(b) < 2 {
			return nil, false
		}
		*t.to, b = binary.LittleEndian.Uint16(b), b[2:]
	}
	if tags&hasMACs != 0 {
		if len(b) < 12 {
			return nil, false
		}
		h.SrcMAC, h.DstMAC, b = [6]byte(b), [6]byte(b[6:]), b[12:]
	}
	return b, true
}

func cutAddr(b []byte, six bool) (netip.Addr, []byte, bool) {
	if six {
		if len(b) < 16 {
			return netip.Addr{}, nil, false
		}
		return netip.AddrFrom16([16]byte(b)), b[16:], true
	}
	if len(b) < 4 {
		return netip.Addr{}, nil, false
	}
	return netip.AddrFrom4([4]byte(b)), b[4:], true
}

// Split cuts a batch in two with about as many events each, which keep their ids. It returns [ErrBatch] where the batch
// is malformed or has fewer than two events.
func Split(batch []byte) (a, b []byte, err error) {
	var r Reader
	if err := r.Open(batch); err != nil {
		return nil, nil, err
	}
	if r.n < 2 {
		return nil, nil, malformed(countAt, "nothing to split")
	}
	head, half := r.at, r.n/2
	for range half {
		body, ok := r.cut()
		if !ok {
			return nil, nil, malformed(r.at, "cut event")
		}
		r.at += 3 + len(body)
	}
	a = append(a, batch[:r.at]...)
	b = append(append(b, batch[:head]...), batch[r.at:]...)
	binary.LittleEndian.PutUint16(a[countAt:], uint16(half))
	binary.LittleEndian.PutUint16(b[countAt:], uint16(r.n-half))
	binary.LittleEndian.PutUint16(b[firstAt:], uint16(r.first+half))
	return a, b, nil
}
