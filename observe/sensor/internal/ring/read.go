package ring

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"bulwark/platform/vault"
)

// place is a block in a segment, as the index tells of it.
type place struct {
	file string
	at   int64
	head
	bloom bloom
}

// index lists the blocks of a segment. One that was closed says them at its end; of another, or one that lost its end,
// the chain of blocks is walked as far as it is readable.
func index(file string, v *vault.Reader) ([]place, error) {
	if v.Whole() {
		if all, err := closing(file, v); err == nil {
			return all, nil
		}
	}
	return walk(file, v)
}

// closing reads the index at the end of a segment.
func closing(file string, v *vault.Reader) ([]place, error) {
	b := make([]byte, footSize)
	if v.Size() < footSize {
		return nil, ErrFormat
	}
	if _, err := v.ReadAt(b, v.Size()-footSize); err != nil {
		return nil, err
	}
	f, ok := readFoot(b, v.Size())
	if !ok || f.length > largestSegment {
		return nil, ErrFormat
	}
	b = make([]byte, f.length)
	if _, err := v.ReadAt(b, f.at); err != nil {
		return nil, err
	}
	var all []place
	for len(b) > 0 {
		if len(b) < entryHead+headSize {
			return nil, ErrFormat
		}
		p := place{file: file, at: int64(binary.LittleEndian.Uint64(b))}
		var err error
		if p.head, err = readHead(b[entryHead:]); err != nil {
			return nil, err
		}
		b = b[entryHead+headSize:]
		if p.head.bloom > len(b) || p.at < 0 || p.at+int64(p.size) > f.at {
			return nil, ErrFormat
		}
		p.bloom, b = bloom(b[:p.head.bloom]), b[p.head.bloom:]
		all = append(all, p)
	}
	if len(all) != f.blocks {
		return nil, ErrFormat
	}
	return all, nil
}

// walk follows the chain of blocks. An error tells where it broke; what stands before comes with it.
func walk(file string, v *vault.Reader) ([]place, error) {
	var all []place
	b := make([]byte, headSize)
	for at := int64(0); at+headSize <= v.Size(); {
		if _, err := v.ReadAt(b, at); err != nil {
			return all, err
		}
		h, err := readHead(b)
		if err != nil {
			if binary.LittleEndian.Uint32(b) == 0 || at > 0 && v.Whole() {
				err = nil // the index, whose foot did not serve
			}
			return all, err
		}
		if at+int64(h.size) > v.Size() {
			return all, nil // it is being written, or was cut
		}
		p := place{file: file, at: at, head: h, bloom: make(bloom, h.bloom)}
		if _, err := v.ReadAt(p.bloom, at+int64(h.filter())); err != nil {
			return all, err
		}
		all = append(all, p)
		at += int64(h.size)
	}
	return all, nil
}

// cursor walks the packets of one worker, block after block, and stands at one that is asked for.
type cursor struct {
	key    vault.Key
	places []place // that are left
	vault  *vault.Reader
	open   string // the file of vault
	buf    []byte
	left   []byte // records that were not looked at yet
	base   int64  // of their times
	match  []bool // by entry of the table
	want   *matcher
	frame  []byte // scratch

	at   record
	name string // of the interface
	data []byte
}

// next moves to the next packet that is asked for. io.EOF is the end. After another error it goes on with the block
// after.
func (c *cursor) next() error {
	for {
		for len(c.left) > 0 {
			r, data, left, err := readRecord(c.left)
			if c.left = left; err != nil {
				return err
			}
			r.time += c.base
			if c.takes(&r, data) {
				return nil
			}
		}
		if len(c.places) == 0 {
			return io.EOF
		}
		p := c.places[0]
		c.places = c.places[1:]
		if err := c.load(&p); err != nil {
			c.left = nil
			return fmt.Errorf("%s at %d: %w", p.file, p.at, err)
		}
	}
}

// takes decides a packet, and makes it the current one.
func (c *cursor) takes(r *record, data []byte) bool {
	w := c.want
	if r.time < w.since || r.time > w.until {
		return false
	}
	if w.byFlow() && (int(r.flow) >= len(c.match) || !c.match[r.flow]) {
		return false
	}
	if r.flags&flagTagged != 0 {
		c.frame = appendTagged(c.frame[:0], data, r.tpid, r.tci)
		r.size += len(c.frame) - len(data)
		data = c.frame
	}
	if !w.frame(r.link, data) {
		return false
	}
	c.at, c.data = *r, data
	return true
}

// load reads a block.
func (c *cursor) load(p *place) error {
	if c.open != p.file {
		v, err := vault.Open(p.file, c.key)
		if err != nil {
			return err
		}
		c.close()
		c.vault, c.open = v, p.file
	}
	if cap(c.buf) < p.size {
		c.buf = make([]byte, p.size)
	}
	b := c.buf[:p.size]
	if _, err := c.vault.ReadAt(b, p.at); err != nil {
		return err
	}
	h, err := readHead(b)
	if err != nil {
		return err
	}
	c.name, c.base, c.left = h.name, h.base, b[headSize:h.records]
	c.match = c.want.flows(c.match[:0], b[h.table():h.filter()])
	return nil
}

func (c *cursor) close() {
	if c.vault != nil {
		c.vault.Close() // it was read only
		c.vault, c.open = nil, ""
	}
}

// gone tells that a segment was removed between the look into its index and now: it was the oldest.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) }
