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
	waiting int   // blocks that are being sealed or on their way to the disk
	closed  bool  // no further block gets a place
	failed  error // of the disk
}

// openSegment begins to fill a segment; its index goes into what was one before.
func openSegment(s Segment, index []byte) (*open, error) {
	l := Layout()
	v, err := vault.NewSealer(s.Key, l)
	if err != nil {
		return nil, fmt.Errorf("opening a segment: %w", err)
	}
	return &open{Segment: s, sealer: v, index: index[:0], limit: s.Size/int64(l.Chunk) - 1}, nil // the head takes one
}

// room reports whether a block of n chunks fits, with the index.
func (o *open) room(n int) bool {
	index := (len(o.index)+entryHead+headSize+maxBloom+footSize)/chunkContent + 2
	return o.next+int64(n+index) <= o.limit
}

// take gives a block its place: the number of its first chunk comes back.
func (o *open) take(b []byte, f bloom) (chunk int64) {
	o.index = binary.LittleEndian.AppendUint64(o.index, uint64(o.next*chunkContent))
	o.index = append(o.index, b[:headSize]...)
	o.index = append(o.index, f...)
	o.blocks++
	chunk = o.next
	o.next += int64(len(b)) / chunkSize
	o.waiting++
	return chunk
}

// finish writes the index and closes the file. It returns what the disk did not take, also before. scratch is room for what
// is sealed, and what comes of it.
func (o *open) finish(scratch *[]byte) error {
	if o.failed != nil {
		return errors.Join(o.failed, o.File.Close())
	}
	buffered(o.File)
	f := foot{blocks: o.blocks, at: o.next * chunkContent, length: int64(len(o.index))}
	b := f.append(o.index)
	whole := len(b) / chunkContent * chunkContent
	sealed := o.sealer.Seal((*scratch)[:0], b[:whole], o.next)
	sealed = o.sealer.SealLast(sealed, b[whole:], o.next+int64(whole/chunkContent))
	o.index, *scratch = b, sealed
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
