package breach

import (
	"bytes"
	"crypto/sha1" // the published lists are of SHA-1; nothing rests on its strength
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sort"
	"time"

	"github.com/FastFilter/xorfilter"
	"golang.org/x/sys/unix"
)

const (
	magic       = "BULWARK breach 1"
	headerSize  = len(magic) + 3*8
	shardSize   = 40
	mostShards  = 1 << 16
	mostSegment = 1 << 18 // the longest segment that the construction makes
)

// ErrFile means that a file is no filter, or is damaged.
var ErrFile = errors.New("breach: not a list of stolen passwords")

// Key is what a password is looked up by.
func Key(password string) uint64 {
	sum := sha1.Sum([]byte(password))
	return binary.BigEndian.Uint64(sum[:])
}

// Filter is an open list. Open it with [Open]; its zero value is an empty one. It is safe for concurrent use.
type Filter struct {
	created time.Time
	entries uint64
	shards  []shard
	data    []byte // the whole file, mapped
}

type shard struct {
	first  uint64
	filter xorfilter.BinaryFuse[uint8]
}

// Open maps the list in a file. The head of the file is checked; [Filter.Verify] checks the rest. Whoever replaces the file must do so by
// rename: an open list goes on with the file that it opened.
func Open(name string) (*Filter, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < int64(headerSize+2*sha256.Size) {
		return nil, fmt.Errorf("%w: %s has %d bytes", ErrFile, name, info.Size())
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("mapping %s: %w", name, err)
	}
	out := &Filter{data: data}
	if err := out.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), out.Close())
	}
	return out, nil
}

// read reads the head of the file.
func (f *Filter) read() error {
	if !bytes.HasPrefix(f.data, []byte(magic)) {
		return fmt.Errorf("%w: it begins otherwise", ErrFile)
	}
	head := f.data[len(magic):]
	number := func(at int) uint64 { return binary.BigEndian.Uint64(head[at:]) }
	f.created, f.entries = time.Unix(int64(number(0)), 0).UTC(), number(8)
	n := number(16)
	if n > mostShards || uint64(len(f.data)) < uint64(headerSize+2*sha256.Size)+n*shardSize {
		return fmt.Errorf("%w: %d parts", ErrFile, n)
	}
	end := headerSize + int(n)*shardSize
	if sum := sha256.Sum256(f.data[:end]); !bytes.Equal(sum[:], f.data[end:end+sha256.Size]) {
		return fmt.Errorf("%w: its head is damaged", ErrFile)
	}
	prints := f.data[end+sha256.Size : len(f.data)-sha256.Size]
	for at := headerSize; at < end; at += shardSize {
		s, err := readShard(f.data[at:at+shardSize], prints)
		if err != nil {
			return err
		}
		f.shards = append(f.shards, s)
	}
	return nil
}

// readShard reads the description of a shard. Everything that the look-up relies on is checked: it must not reach outside.
func readShard(b, prints []byte) (shard, error) {
	u64, u32 := binary.BigEndian.Uint64, binary.BigEndian.Uint32
	offset, length, segment, segments := u64(b[16:]), u64(b[24:]), u32(b[32:]), u32(b[36:])
	power := segment > 0 && segment&(segment-1) == 0 && segment <= mostSegment
	if !power || segments == 0 || length >= 1<<31 || (uint64(segments)+2)*uint64(segment) != length {
		return shard{}, fmt.Errorf("%w: %d segments of %d", ErrFile, segments, segment)
	}
	if length > uint64(len(prints)) || offset > uint64(len(prints))-length {
		return shard{}, fmt.Errorf("%w: it is cut", ErrFile)
	}
	return shard{first: u64(b), filter: xorfilter.BinaryFuse[uint8]{
		Seed: u64(b[8:]), SegmentLength: segment, SegmentLengthMask: segment - 1, SegmentCount: segments,
		SegmentCountLength: segments * segment, Fingerprints: prints[offset : offset+length : offset+length],
	}}, nil
}

// Has tells whether a password is in the list, or is one of the 0.4 % that look as if they were. A file that somebody cuts while it is open is an
// error, not the end of the program.
func (f *Filter) Has(password string) (found bool, err error) {
	if len(f.shards) == 0 {
		return false, nil
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil {
			found, err = false, fmt.Errorf("%w: it was cut while it was open", ErrFile)
		}
	}()
	key := Key(password)
	after := sort.Search(len(f.shards), func(i int) bool { return f.shards[i].first > key })
	return after > 0 && f.shards[after-1].filter.Contains(key), nil
}

// Entries is how many passwords the list holds.
func (f *Filter) Entries() uint64 { return f.entries }

// Created is when the list was made.
func (f *Filter) Created() time.Time { return f.created }

// Size is how many bytes the list takes.
func (f *Filter) Size() int { return len(f.data) }

// Verify reads the whole list and compares its checksum.
func (f *Filter) Verify() error {
	if f.data == nil {
		return nil
	}
	start := headerSize + len(f.shards)*shardSize + sha256.Size
	end := len(f.data) - sha256.Size
	h := sha256.New()
	if _, err := io.Copy(h, bytes.NewReader(f.data[start:end])); err != nil {
		return err
	}
	if !bytes.Equal(h.Sum(nil), f.data[end:]) {
		return fmt.Errorf("%w: it is damaged", ErrFile)
	}
	return nil
}

// Close lets the file go. The list must not be asked any more.
func (f *Filter) Close() error {
	data := f.data
	f.data, f.shards = nil, nil
	if data == nil {
		return nil
	}
	return unix.Munmap(data)
}
