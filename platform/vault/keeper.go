package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"bulwark/platform/clock"
)

// Bounds are how much a folder may hold.
type Bounds struct {
	// Bytes is the size of all files together. 0 means no bound.
	Bytes int64
	// Age is how long a file stays after it was last written. 0 means no bound.
	Age time.Duration
	// Free is how many bytes of the disk must stay free for others.
	Free int64
	// Except is a folder below that is not looked into: what is in it is somebody else's. Empty: there is none.
	Except string
}

// Kept is what a folder holds and held, since the start.
type Kept struct {
	Files        int
	Bytes        int64     // with what is reserved for files that are being written
	Oldest       time.Time // when the oldest file was last written; zero where there is none
	Removed      uint64    // files that went because of the bounds
	RemovedBytes uint64
	Refused      uint64 // files that found no room
}

// ErrFull means that there is no room for a file, though everything was removed that may be.
var ErrFull = errors.New("vault: no room on the disk")

// Keeper bounds a folder of files: the oldest go first. Its methods may be called from several goroutines.
type Keeper struct {
	dir    string
	bounds Bounds
	clock  clock.Clock
	free   func(dir string) (int64, error)

	// mu guards what follows.
	mu    sync.Mutex
	files []*kept // the oldest first
	state Kept
}

// kept is one file. One that is held is being written: it stays, and takes what was reserved for it.
type kept struct {
	name string
	size int64
	time time.Time
	held bool
}

// NewKeeper takes over dir, which it makes where it is missing, with all files in it and below.
func NewKeeper(dir string, b Bounds, c clock.Clock) (*Keeper, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making %s: %w", dir, err)
	}
	k := &Keeper{dir: dir, bounds: b, clock: c, free: freeBytes}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrPermission) && path != dir {
			return nil // lost+found, where the folder is a disk of its own
		}
		if err == nil && b.Except != "" && path == filepath.Join(dir, b.Except) {
			return filepath.SkipDir
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return k.found(path, d)
	})
	if err != nil {
		return nil, fmt.Errorf("looking through %s: %w", dir, err)
	}
	slices.SortStableFunc(k.files, func(a, b *kept) int { return a.time.Compare(b.time) })
	return k, nil
}

// found takes over one file.
func (k *Keeper) found(path string, d fs.DirEntry) error {
	name, err := filepath.Rel(k.dir, path)
	if err != nil {
		return err
	}
	st, err := d.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it went meanwhile
	}
	if err != nil {
		return err
	}
	k.files = append(k.files, &kept{name: name, size: st.Size(), time: st.ModTime()})
	k.state.Bytes += st.Size()
	return nil
}

func freeBytes(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// Path is where the file of that name stands.
func (k *Keeper) Path(name string) string { return filepath.Join(k.dir, name) }

// Create makes a new file for its owner alone and reserves room for it, for which old files go. name is relative to the
// folder and may name folders below, which are made. The file is held until [Keeper.Release]. It returns [ErrFull]
// where there is no room, and [fs.ErrExist] where there is such a file.
func (k *Keeper) Create(name string, room int64) (*os.File, error) {
	if !filepath.IsLocal(name) {
		return nil, fmt.Errorf("vault: %q is no name within a folder", name)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.makeRoom(room); err != nil {
		return nil, k.refused(err)
	}
	path := k.Path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, k.refuse(err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, k.refuse(err)
	}
	k.files = append(k.files, &kept{name: name, size: room, time: k.clock.Now(), held: true})
	k.state.Bytes += room
	return f, nil
}

// refused counts a file that found no room.
func (k *Keeper) refused(err error) error {
	k.state.Refused++
	return err
}

// refuse counts a disk that is full and calls it so.
func (k *Keeper) refuse(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		k.state.Refused++
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// Release gives back what was reserved for a file beyond what it takes. From then on it may be removed.
func (k *Keeper) Release(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := k.find(name)
	if i < 0 || !k.files[i].held {
		return
	}
	f := k.files[i]
	st, err := os.Stat(k.Path(name))
	if err != nil { // somebody else removed it
		k.drop(i)
		return
	}
	k.state.Bytes += st.Size() - f.size
	f.size, f.time, f.held = st.Size(), k.clock.Now(), false
	k.files = append(slices.Delete(k.files, i, i+1), f) // it is the newest now
}

// Grow reserves more room for a file that is held.
func (k *Keeper) Grow(name string, room int64) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := k.find(name)
	if i < 0 {
		return fmt.Errorf("growing %s: %w", name, fs.ErrNotExist)
	}
	f := k.files[i]
	if err := k.makeRoom(room); err != nil {
		return k.refused(err)
	}
	f.size += room
	k.state.Bytes += room
	return nil
}

// Rename gives a file another name, below which there must be none yet.
func (k *Keeper) Rename(name, to string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := k.find(name)
	switch {
	case !filepath.IsLocal(to):
		return fmt.Errorf("vault: %q is no name within a folder", to)
	case i < 0:
		return fmt.Errorf("renaming %s: %w", name, fs.ErrNotExist)
	case k.find(to) >= 0:
		return fmt.Errorf("renaming to %s: %w", to, fs.ErrExist)
	}
	if err := os.MkdirAll(filepath.Dir(k.Path(to)), 0o700); err != nil {
		return k.refuse(err)
	}
	if err := os.Rename(k.Path(name), k.Path(to)); err != nil {
		return k.refuse(err)
	}
	k.files[i].name = to
	return nil
}

// Touch makes a file the newest, and reports whether it is there.
func (k *Keeper) Touch(name string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := k.find(name)
	if i < 0 {
		return false
	}
	f := k.files[i]
	f.time = k.clock.Now()
	k.files = append(slices.Delete(k.files, i, i+1), f)
	return os.Chtimes(k.Path(name), f.time, f.time) == nil
}

// Remove removes a file, held or not.
func (k *Keeper) Remove(name string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := k.find(name)
	if i < 0 {
		return fmt.Errorf("removing %s: %w", name, fs.ErrNotExist)
	}
	k.drop(i)
	return gone(os.Remove(k.Path(name)))
}

// Sweep removes what is older or more than the bounds allow. Call it now and then: time passes without new files too.
func (k *Keeper) Sweep() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	err := k.makeRoom(0)
	if errors.Is(err, ErrFull) {
		return nil // others filled the disk; nothing of ours is left to remove
	}
	return err
}

// Names are the files that are there, the oldest first.
func (k *Keeper) Names() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := make([]string, len(k.files))
	for i, f := range k.files {
		all[i] = f.name
	}
	return all
}

// Kept says what the folder holds.
func (k *Keeper) Kept() Kept {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.state
	s.Files = len(k.files)
	if len(k.files) > 0 {
		s.Oldest = k.files[0].time
	}
	return s
}

// makeRoom removes the oldest files until room bytes more are within the bounds.
func (k *Keeper) makeRoom(room int64) error {
	if k.bounds.Bytes > 0 && room > k.bounds.Bytes {
		return fmt.Errorf("%w: %d bytes are more than the %d allowed", ErrFull, room, k.bounds.Bytes)
	}
	now := k.clock.Now()
	for {
		free, err := k.free(k.dir)
		if err != nil {
			return fmt.Errorf("asking for free room: %w", err)
		}
		full := k.bounds.Bytes > 0 && k.state.Bytes+room > k.bounds.Bytes || free-room < k.bounds.Free
		i := slices.IndexFunc(k.files, func(f *kept) bool { return !f.held })
		switch {
		case i < 0 && full:
			return ErrFull
		case i < 0:
			return nil
		case !full && (k.bounds.Age == 0 || now.Sub(k.files[i].time) <= k.bounds.Age):
			return nil
		}
		f := k.files[i]
		if err := gone(os.Remove(k.Path(f.name))); err != nil {
			return fmt.Errorf("removing what is too old: %w", err)
		}
		k.drop(i)
		k.state.Removed++
		k.state.RemovedBytes += uint64(f.size)
	}
}

// find looks for a file from the newest on, or returns -1.
func (k *Keeper) find(name string) int {
	i := len(k.files) - 1
	for i >= 0 && k.files[i].name != name {
		i--
	}
	return i
}

// drop forgets a file.
func (k *Keeper) drop(i int) {
	k.state.Bytes -= k.files[i].size
	k.files = slices.Delete(k.files, i, i+1)
}

// gone takes a file that is not there for removed.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
