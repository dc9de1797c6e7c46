package ring

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"bulwark/platform/vault"
)

// open is a segment that is being filled.
type open struct {
	Segment
	sealer  *vault.Sealer
	next    int64 // the number of the next chunk
	limit   int64 // how many chunks there may be
	index   []byte
	blocks  int
	batches int   // that are filled or on their way to the disk
	closed  bool  // no further block gets a place
	failed  error // of the disk
}

func openSegment(s Segment) (*open, error) {
	l := Layout()
	v, err := vault.NewSealer(s.Key, l)
	if err != nil {
		return nil, fmt.Errorf("opening a segment: %w", err)
	}
	return &open{Segment: s, sealer: v, limit: s.Size/int64(l.Chunk) - 1}, nil // the head takes one
}

// room reports whether a block of n bytes fits, with the index.
func (o *open) room(n int) bool {
	content := int64(Layout().Content())
	index := int64(len(o.index)+entryHead+headSize+maxBloom+footSize)/content + 2
	return o.next+int64(n)/content+index <= o.limit
}

// take gives a block its place: the number of its first chunk comes back.
func (o *open) take(b []byte, h *head) (chunk int64) {
	content := int64(Layout().Content())
	o.index = binary.LittleEndian.AppendUint64(o.index, uint64(o.next*content))
	o.index = append(o.index, b[:headSize]...)
	o.index = append(o.index, b[h.filter():h.end()]...)
	o.blocks++
	chunk = o.next
	o.next += int64(len(b)) / content
	return chunk
}

// finish writes the index and closes the file. It returns what the disk did not take, also before.
func (o *open) finish() error {
	if o.failed != nil {
		return errors.Join(o.failed, o.File.Close())
	}
	buffered(o.File)
	content := Layout().Content()
	f := foot{blocks: o.blocks, at: o.next * int64(content), length: int64(len(o.index))}
	b := f.append(o.index)
	whole := len(b) / content * content
	sealed := o.sealer.Seal(nil, b[:whole], o.next)
	sealed = o.sealer.SealLast(sealed, b[whole:], o.next+int64(whole/content))
	_, err := io.NewOffsetWriter(o.File, o.sealer.Place(o.next)).Write(sealed)
	if err = errors.Join(err, o.File.Close()); err != nil {
		return fmt.Errorf("writing the index of a segment: %w", err)
	}
	return nil
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
