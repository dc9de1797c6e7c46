package ring

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"bulwark/platform/clock"
	"bulwark/platform/vault"
)

// Segments makes the segments of a ring and removes the oldest. It belongs to the process that holds the site's key.
// Its methods may be called from several goroutines.
type Segments struct {
	keeper *vault.Keeper
	key    vault.Key
	size   int64
	clock  clock.Clock

	// mu guards what follows.
	mu    sync.Mutex
	last  uint64
	given map[uint64]string

	freezing sync.Mutex // held while what is frozen is changed or looked at; before mu
}

// segmentTime is how the name of a segment begins: when it was made, UTC.
const segmentTime = "20060102T150405.000000"

// Bounds of the size of a segment, in bytes. A ring has 64 at least, so that what goes at once is little of it.
const (
	leastSegment   = 4 << 20
	largestSegment = 64 << 20
	leastSegments  = 64
)

// LeastRing is how small a ring may be, in bytes.
const LeastRing = leastSegment * 16

// SegmentSize is the size of the segments of a ring of that many bytes.
func SegmentSize(ring int64) int64 {
	n := min(max(ring/leastSegments, leastSegment), largestSegment)
	return n / int64(Layout().Chunk) * int64(Layout().Chunk)
}

// OpenSegments takes over the folder of a ring. What a crash left is set right: room that was reserved is given back.
func OpenSegments(dir string, key vault.Key, b vault.Bounds, c clock.Clock) (*Segments, error) {
	b.Except = frozenDir
	k, err := vault.NewKeeper(dir, b, c)
	if err != nil {
		return nil, err
	}
	s := &Segments{keeper: k, key: key, size: SegmentSize(b.Bytes), clock: c, given: map[uint64]string{}}
	for _, name := range k.Names() {
		if err := s.tidy(name); err != nil {
			return nil, fmt.Errorf("tidying %s: %w", k.Path(name), err)
		}
	}
	return s, k.Sweep()
}

// tidy removes a segment without packets, and gives back what another reserved.
func (s *Segments) tidy(name string) error {
	st, err := os.Stat(s.keeper.Path(name))
	if err != nil {
		return err
	}
	if st.Size() <= int64(Layout().Chunk) {
		return s.keeper.Remove(name)
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok && sys.Blocks*512 < st.Size()+largestSegment/64 {
		return nil
	}
	return shrink(s.keeper.Path(name), st)
}

// shrink gives back what was reserved behind the end of a file, and leaves its time as it is.
func shrink(path string, st os.FileInfo) error {
	return errors.Join(os.Truncate(path, st.Size()), os.Chtimes(path, time.Time{}, st.ModTime()))
}

// New makes a segment, for which the oldest may go. It returns [vault.ErrFull] where there is no room. The caller hands
// the file on, closes its own, and calls Done when nothing more is written to it.
func (s *Segments) New() (Segment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	name := s.clock.Now().UTC().Format(segmentTime) + fmt.Sprintf("-%d", s.last)
	f, err := s.keeper.Create(name, s.size)
	if err != nil {
		return Segment{}, err
	}
	key, err := vault.Create(f, s.key, vault.Options{Kind: Kind, Created: s.clock.Now(), Layout: Layout()})
	if err == nil {
		err = reserve(f, s.size)
	}
	if err != nil {
		return Segment{}, errors.Join(err, f.Close(), s.keeper.Remove(name))
	}
	s.given[s.last] = name
	return Segment{Number: s.last, File: f, Key: key, Size: s.size}, nil
}

// reserve takes the room of a segment on the disk at once, and makes writes go past the page cache, where the file
// system can do either.
func reserve(f *os.File, size int64) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var full error
	err = raw.Control(func(fd uintptr) {
		const keepSize = 1 // FALLOC_FL_KEEP_SIZE
		if e := unix.Fallocate(int(fd), keepSize, 0, size); errors.Is(e, unix.ENOSPC) || errors.Is(e, unix.EDQUOT) {
			full = fmt.Errorf("%w: %w", vault.ErrFull, e)
		}
		if flags, e := unix.FcntlInt(fd, unix.F_GETFL, 0); e == nil {
			_, _ = unix.FcntlInt(fd, unix.F_SETFL, flags|unix.O_DIRECT) // refused where it cannot be
		}
	})
	return errors.Join(err, full)
}

// Done says that nothing more is written to a segment. A number that was not given out is passed over.
func (s *Segments) Done(number uint64) error {
	s.mu.Lock()
	name, ok := s.given[number]
	delete(s.given, number)
	s.mu.Unlock()
	if !ok {
		return nil
	}
	path := s.keeper.Path(name)
	st, err := os.Stat(path)
	if err != nil {
		s.keeper.Release(name)
		return fmt.Errorf("closing a segment: %w", err)
	}
	if st.Size() <= int64(Layout().Chunk) {
		return s.keeper.Remove(name)
	}
	err = shrink(path, st)
	s.keeper.Release(name)
	return err
}

// Given is how many segments are handed out.
func (s *Segments) Given() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.given)
}

// Abandon is Done of all that are handed out: who filled them is gone.
func (s *Segments) Abandon() error {
	s.mu.Lock()
	var all []uint64
	for n := range s.given {
		all = append(all, n)
	}
	s.mu.Unlock()
	var errs []error
	for _, n := range all {
		errs = append(errs, s.Done(n))
	}
	return errors.Join(errs...)
}

// Sweep removes what is too old.
func (s *Segments) Sweep() error { return s.keeper.Sweep() }

// Files are the files of all segments, the oldest first, with those that are being filled, and before them those that are frozen and
// that the ring has no more.
func (s *Segments) Files() []string {
	s.freezing.Lock()
	defer s.freezing.Unlock()
	s.mu.Lock() // one that is being made has no head yet
	defer s.mu.Unlock()
	names := s.keeper.Names()
	all := s.frozenFiles(names)
	for _, n := range names {
		all = append(all, s.keeper.Path(n))
	}
	return all
}

// Kept says what the ring holds.
func (s *Segments) Kept() vault.Kept { return s.keeper.Kept() }
