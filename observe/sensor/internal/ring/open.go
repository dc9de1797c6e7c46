package ring

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"bulwark/platform/vault"
)

// open is the segment that is being filled.
type open struct {
	Segment
	vault  *vault.Writer
	index  []byte
	blocks int
	unsafe uint64 // packets that may not be on the disk yet
	limit  int64  // bytes of content
}

func openSegment(s Segment) (*open, error) {
	l := Layout()
	v, err := vault.NewWriter(s.File, s.Key, l)
	if err != nil {
		return nil, fmt.Errorf("opening a segment: %w", err)
	}
	chunks := s.Size/int64(l.Chunk) - 1 // the head takes one
	return &open{Segment: s, vault: v, limit: chunks * int64(l.Content())}, nil
}

// room reports whether a block of n bytes fits, with the index.
func (o *open) room(n int) bool {
	left := o.limit - o.vault.Size() - int64(len(o.index)) - footSize
	return left >= int64(n+entryHead+headSize+maxBloom)
}

// write appends a block.
func (o *open) write(b []byte, h *head, soon bool) error {
	o.index = binary.LittleEndian.AppendUint64(o.index, uint64(o.vault.Size()))
	o.index = append(o.index, b[:headSize]...)
	o.index = append(o.index, b[h.filter():h.end()]...)
	o.blocks++
	o.unsafe += uint64(h.packets)
	if _, err := o.vault.Write(b); err != nil {
		return fmt.Errorf("writing packets: %w", err)
	}
	if !soon {
		return nil
	}
	if err := o.vault.Flush(); err != nil {
		return fmt.Errorf("writing packets: %w", err)
	}
	o.unsafe = 0
	return nil
}

// close writes the index and closes the file.
func (o *open) close() error {
	if err := o.vault.Flush(); err != nil {
		return fmt.Errorf("writing packets: %w", err)
	}
	o.unsafe = 0
	buffered(o.File)
	f := foot{blocks: o.blocks, at: o.vault.Size(), length: int64(len(o.index))}
	_, err := o.vault.Write(f.append(o.index))
	if err = errors.Join(err, o.vault.Close()); err != nil {
		return fmt.Errorf("writing the index of a segment: %w", err)
	}
	return o.File.Close()
}

// buffered ends the writing past the page cache: the end of a file is no whole page.
func buffered(f *os.File) {
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { // what cannot be changed is refused at the write
		if flags, err := unix.FcntlInt(fd, unix.F_GETFL, 0); err == nil && flags&unix.O_DIRECT != 0 {
			_, _ = unix.FcntlInt(fd, unix.F_SETFL, flags&^unix.O_DIRECT)
		}
	})
}
