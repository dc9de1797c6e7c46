// Package copies keeps copies of files that crossed the wire, sealed with the site's key, each content once. What is in
// them is hostile: it is written as it comes and handed out as it is, and never looked into.
package copies

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"bulwark/observe/sensor/internal/link"
	"bulwark/platform/clock"
	"bulwark/platform/vault"
)

// Options are what a store is made from.
type Options struct {
	Dir    string // of its own
	Key    vault.Key
	Bounds vault.Bounds
	Most   int64 // bytes of one copy; what comes beyond is a fault of the child
	Clock  clock.Clock
	// Full is told whether there is room for copies, when that changes.
	Full func(full bool, why error)
}

// Store keeps copies in a folder.
type Store struct {
	Options
	keeper *vault.Keeper
	queue  chan job

	// mu guards what follows.
	mu    sync.Mutex
	open  map[key]int64 // copies that are under way, with the bytes that came of each
	lost  []key         // those that are to be forgotten
	state State
}

// State is what a store knows of itself. Counts are since the start.
type State struct {
	Files   int       `json:"files"`
	Bytes   int64     `json:"bytes"`
	Oldest  time.Time `json:"oldest"`  // zero where there is none
	Kept    uint64    `json:"kept"`    // copies of contents that were not there before
	Again   uint64    `json:"again"`   // copies of contents that were there
	Refused uint64    `json:"refused"` // copies that found no room
	Broken  uint64    `json:"broken"`  // copies whose end never came
}

// key is a copy: children choose numbers of their own.
type key struct{ child, id uint64 }

// job is what is to be written. data is the job's own.
type job struct {
	key
	step link.FileStep
	data []byte
}

const (
	maxOpen   = 512 // copies under way at a time
	maxQueued = 256 // parts that wait for the disk
	maxAbout  = 16 << 10
	kind      = "file"
	incoming  = "in"

	gone link.FileStep = 'g' // the child is gone
)

// Open opens the store in its folder. What a process that died left half done is removed.
func Open(o Options) (*Store, error) {
	k, err := vault.NewKeeper(o.Dir, o.Bounds, o.Clock)
	if err != nil {
		return nil, err
	}
	for _, name := range k.Names() {
		if strings.HasPrefix(name, incoming+string(filepath.Separator)) {
			if err := k.Remove(name); err != nil {
				return nil, err
			}
		}
	}
	return &Store{Options: o, keeper: k, queue: make(chan job, maxQueued), open: map[key]int64{}}, nil
}

// Take takes a part of a copy from a child. It keeps nothing of it, and never waits: what finds no room is counted.
func (s *Store) Take(child uint64, p link.FilePart) {
	k := key{child, p.ID}
	s.mu.Lock()
	defer s.mu.Unlock()
	size, open := s.open[k]
	switch {
	case p.Step == link.FileBegin && (open || len(s.open) >= maxOpen || len(p.Data) > maxAbout || !json.Valid(p.Data)):
		s.state.Refused++
		return
	case p.Step == link.FileBegin:
		s.open[k] = 0
	case !open:
		return
	case size+int64(len(p.Data)) > s.Most:
		s.forget(k)
		return
	default:
		s.open[k] = size + int64(len(p.Data))
	}
	if !s.put(job{key: k, step: p.Step, data: append([]byte(nil), p.Data...)}) {
		s.forget(k)
		return
	}
	if p.Step == link.FileEnd || p.Step == link.FileDrop {
		delete(s.open, k)
	}
}

// forget gives up a copy that found no room.
func (s *Store) forget(k key) {
	delete(s.open, k)
	s.lost = append(s.lost, k)
	s.state.Refused++
}

func (s *Store) put(j job) bool {
	select {
	case s.queue <- j:
		return true
	default:
		return false
	}
}

// Gone forgets what is under way of a child that has ended.
func (s *Store) Gone(child uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.open {
		if k.child == child {
			delete(s.open, k)
			s.lost = append(s.lost, k)
			s.state.Broken++
		}
	}
	s.put(job{step: gone}) // a nudge; where the queue is full there are others
}

// sweepEvery is how often copies that are too old are removed.
const sweepEvery = time.Minute

// Run writes what is taken until ctx ends.
func (s *Store) Run(ctx context.Context) error {
	w := &writer{s: s, open: map[key]*filling{}}
	defer w.close()
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case j := <-s.queue:
			w.do(j)
		case <-tick.C:
			if err := s.keeper.Sweep(); err != nil {
				return fmt.Errorf("removing old copies: %w", err)
			}
		case <-ctx.Done():
			w.rest()
			return nil
		}
		w.forget(s.taken())
	}
}

// taken are the copies that are to be forgotten, once.
func (s *Store) taken() []key {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lost
	s.lost = nil
	return l
}

// State is what the store knows of itself.
func (s *Store) State() State {
	k := s.keeper.Kept()
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.state
	st.Files, st.Bytes, st.Oldest = k.Files, k.Bytes, k.Oldest
	return st
}

func (s *Store) count(n *uint64) {
	s.mu.Lock()
	*n++
	s.mu.Unlock()
}

// Kept is a copy that is kept.
type Kept struct {
	SHA256 string    `json:"sha256"` // of what was copied; it names the copy
	Size   int64     `json:"size"`   // bytes
	Time   time.Time `json:"time"`   // when the copy was first made
	Whole  bool      `json:"whole"`  // false: the process died while it was written
	About
}

// About is what was known of a file when its copy began: of the first file of that content.
type About struct {
	Name     string `json:"name"`
	App      string `json:"app"`
	Type     string `json:"type"`
	Category string `json:"category"`
	Media    string `json:"media"`
	Flow     uint64 `json:"flow"`
}

// ErrNone means that there is no copy of that name.
var ErrNone = errors.New("copies: no such copy is kept")

// List are the copies that are kept, those that came last first, at most n.
func (s *Store) List(n int) []Kept {
	names := s.keeper.Names()
	var all []Kept
	for i := len(names) - 1; i >= 0 && len(all) < n; i-- {
		if k, r, err := s.look(names[i]); err == nil {
			all = append(all, k)
			_ = r.Close() // it was read only
		}
	}
	return all
}

// Find looks for the copy with that SHA-256, or the beginning of one that no other shares.
func (s *Store) Find(sum string) (string, error) {
	sum = strings.ToLower(sum)
	found := ""
	for _, name := range s.keeper.Names() {
		if base := filepath.Base(name); isSum(base) && strings.HasPrefix(base, sum) && len(sum) >= 8 {
			if found != "" {
				return "", fmt.Errorf("%w: several begin with %s", ErrNone, sum)
			}
			found = base
		}
	}
	if found == "" {
		return "", ErrNone
	}
	return found, nil
}

// Get writes a copy to out: as a ZIP archive with [Password], or plain, as it crossed the wire.
func (s *Store) Get(ctx context.Context, sum string, plain bool, out io.Writer) (k Kept, err error) {
	if !isSum(sum) {
		return k, ErrNone
	}
	k, r, err := s.look(place(sum))
	if errors.Is(err, fs.ErrNotExist) {
		return k, ErrNone
	}
	if err != nil {
		return k, err
	}
	defer r.Close()
	in := &cancelled{ctx, io.NewSectionReader(r, r.Size()-k.Size, k.Size)}
	if plain {
		_, err = io.Copy(out, in)
		return k, err
	}
	return k, wrap(out, sum, k.Time, k.Size, in)
}

// cancelled is a reader that ends with its context.
type cancelled struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancelled) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// look opens a copy and reads what it tells of itself.
func (s *Store) look(name string) (k Kept, r *vault.Reader, err error) {
	k.SHA256 = filepath.Base(name)
	if !isSum(k.SHA256) {
		return k, nil, ErrNone
	}
	if r, err = vault.Open(s.keeper.Path(name), s.Key); err != nil {
		return k, nil, err
	}
	var head [4]byte
	n := int64(0)
	if _, err = r.ReadAt(head[:], 0); err == nil {
		n = int64(binary.BigEndian.Uint32(head[:]))
	}
	if err != nil || n > maxAbout || 4+n > r.Size() || r.Kind() != kind {
		return k, nil, errors.Join(vault.ErrFormat, r.Close())
	}
	text := make([]byte, n)
	if _, err = r.ReadAt(text, 4); err == nil {
		err = json.Unmarshal(text, &k.About)
	}
	if err != nil {
		return k, nil, errors.Join(err, r.Close())
	}
	k.Size, k.Time, k.Whole = r.Size()-4-n, r.Created(), r.Whole()
	return k, r, nil
}

// place is where the copy with that SHA-256 stands.
func place(sum string) string { return filepath.Join(sum[:2], sum) }

func isSum(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 32 && strings.ToLower(s) == s
}
