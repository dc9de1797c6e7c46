package sensor

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"bulwark/observe/sensor/internal/link"
	"bulwark/platform/health"
)

// pace is how a folder is looked at.
type pace struct {
	look   time.Duration // between two looks
	settle time.Duration // how long a capture must not have grown, when there is a further one, to count as whole
	save   time.Duration // how often what was read is written down while a capture is followed
}

func usualPace() pace { return pace{look: time.Second, settle: 2 * time.Second, save: 2 * time.Second} }

// folder follows the captures that somebody writes into a folder, one after the other.
type folder struct {
	s      *Sensor
	c      Child
	dir    string
	worker int
	pace   pace
	ended  chan struct{} // holds one when a capture was read: the next may be

	// mu guards what follows.
	mu    sync.Mutex
	notes notes
	now   *followed // nil between two captures
	saved time.Time
}

// followed is the capture that is being read.
type followed struct {
	trace
	told bool // it was said to be whole
}

// trace is a capture of the folder.
type trace struct {
	name  string
	size  int64
	mod   time.Time
	begin string // a digest of its first bytes: a name may be used again
}

// note is what is remembered of a capture.
type note struct {
	Size    int64     `json:"size"`
	Mod     time.Time `json:"mod"`
	Begin   string    `json:"begin"`
	Packets uint64    `json:"packets"` // that were read
	Whole   bool      `json:"whole"`
}

// notes are what is remembered of a folder, by name of capture. They outlive the program in a small file.
type notes map[string]note

// readNotes reads what was written down. What is not readable is forgotten: captures are read again then.
func readNotes(file string) notes {
	n := notes{}
	text, err := os.ReadFile(file)
	if file == "" || err != nil || json.Unmarshal(text, &n) != nil || n == nil {
		return notes{}
	}
	return n
}

// save writes them down: after a crash it is the old or the new.
func (n notes) save(file string) error {
	if file == "" {
		return nil
	}
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	part := file + ".part"
	if err := os.WriteFile(part, text, 0o600); err != nil {
		return err
	}
	return os.Rename(part, file)
}

// due tells whether a capture is to be read, and how many of its packets were read before.
func (n notes) due(c *trace) (skip uint64, due bool) {
	x, known := n[c.name]
	if !known || x.Begin != c.begin || c.size < x.Size {
		return 0, true
	}
	return x.Packets, !x.Whole || c.size > x.Size
}

// next is the capture to read now: the one that was written to the longest ago. Those that were written to at the same
// moment go by name, in which numbers count as numbers.
func (n notes) next(all []trace) (c trace, skip uint64, ok bool) {
	slices.SortFunc(all, func(a, b trace) int {
		return cmp.Or(a.mod.Compare(b.mod), Naturally(a.name, b.name))
	})
	for i := range all {
		if skip, ok = n.due(&all[i]); ok {
			return all[i], skip, true
		}
	}
	return c, 0, false
}

// Naturally compares names as people do: trace9 stands before trace10.
func Naturally(a, b string) int {
	for a != "" && b != "" {
		x, y := digits(a), digits(b)
		if x == "" || y == "" {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		p, q := strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		if c := cmp.Or(cmp.Compare(len(p), len(q)), cmp.Compare(p, q), cmp.Compare(len(x), len(y))); c != 0 {
			return c
		}
		a, b = a[len(x):], b[len(y):]
	}
	return cmp.Compare(len(a), len(b))
}

// digits is the number that s begins with.
func digits(s string) string {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i]
}

// least is how long a file must be to be looked at: the head of a pcap file.
const least = 24

// list lists the captures of a folder. Files that are hidden or still too short are no captures yet.
func (n notes) list(dir string) ([]trace, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []trace
	for _, e := range entries {
		if !e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		st, err := e.Info()
		if err != nil || st.Size() < least {
			continue // it went meanwhile, or has only begun
		}
		c := trace{name: e.Name(), size: st.Size(), mod: st.ModTime()}
		if x := n[c.name]; x.Whole && x.Size == c.size && x.Mod.Equal(c.mod) {
			c.begin = x.Begin // it was not touched since
		} else if c.begin, err = beginning(dir, c.name); err != nil {
			continue
		}
		all = append(all, c)
	}
	return all, nil
}

// beginning is a digest of the first bytes of a file, as far as they never change while it grows.
func beginning(dir, name string) (string, error) {
	f, err := os.OpenInRoot(dir, name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b := make([]byte, least)
	if _, err := io.ReadFull(f, b); err != nil {
		return "", err
	}
	more := make([]byte, 16) // the head of the first packet, with its time
	n, err := io.ReadFull(f, more)
	if n == len(more) {
		b = append(b, more...)
	} else if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8]), nil
}

// run follows the folder until ctx ends.
func (f *folder) run(ctx context.Context) {
	look := time.NewTicker(f.pace.look)
	defer look.Stop()
	for {
		if err := f.look(); err != nil {
			f.s.opt.Health.Set(&folderGone, health.Args{"folder": f.dir, "reason": reasonOf(err)})
		} else {
			f.s.opt.Health.Clear(&folderGone, "")
		}
		select {
		case <-ctx.Done():
			f.mu.Lock()
			f.save(true)
			f.mu.Unlock()
			return
		case <-f.ended:
		case <-look.C:
		}
	}
}

// reasonOf leaves out of an error what the person knows: the folder.
func reasonOf(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// look looks at the folder once.
func (f *folder) look() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	all, err := f.notes.list(f.dir)
	if err != nil {
		return err
	}
	f.forget(all)
	if f.now != nil {
		return f.follow(all)
	}
	c, skip, ok := f.notes.next(all)
	if !ok {
		return nil
	}
	file, err := os.OpenInRoot(f.dir, c.name) // it may have become a link to somewhere else meanwhile
	if err != nil {
		return err
	}
	defer file.Close()
	f.now = &followed{trace: c}
	f.notes[c.name] = note{Size: c.size, Mod: c.mod, Begin: c.begin, Packets: skip}
	if err := send(f.c, link.Order{Source: &link.Source{Name: c.name, Growing: true, Worker: f.worker, Skip: skip}}, file); err != nil {
		return err
	}
	return f.follow(all)
}

// forget drops what is remembered of captures that are gone.
func (f *folder) forget(all []trace) {
	there := map[string]bool{}
	for i := range all {
		there[all[i].name] = true
	}
	for name := range f.notes {
		if !there[name] {
			delete(f.notes, name)
		}
	}
}

// follow looks whether the capture that is read is whole: it went, another took its name, or it no longer grows while
// there is a further one.
func (f *folder) follow(all []trace) error {
	now := f.s.opt.Clock.Now()
	i := slices.IndexFunc(all, func(c trace) bool { return c.name == f.now.name })
	further := slices.ContainsFunc(all, func(c trace) bool {
		_, due := f.notes.due(&c)
		return due && c.name != f.now.name
	})
	whole := i < 0
	if i >= 0 {
		c := all[i]
		if c.begin != f.now.begin && f.now.size >= least+16 || c.size < f.now.size {
			whole = true
		} else {
			f.now.trace = c
		}
		whole = whole || further && now.Sub(c.mod) >= f.pace.settle
	}
	f.save(false)
	if !whole || f.now.told {
		return nil
	}
	f.now.told = true
	return send(f.c, link.Order{Whole: f.now.name}, nil)
}

// heard takes a report of the child about a capture. It tells whether it was about one.
func (f *folder) heard(r link.Report) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now == nil || r.Source != f.now.name { // the child may say any name
		return false
	}
	n := note{Size: f.now.size, Mod: f.now.mod, Begin: f.now.begin, Packets: r.Read, Whole: r.Ended && f.now.told || r.Error != ""}
	if _, there := f.notes[f.now.name]; there {
		f.notes[f.now.name] = n
	}
	f.s.followed(f.dir, r)
	if !r.Ended {
		return true
	}
	if n.Whole {
		f.whole(r)
	}
	f.now = nil
	f.save(false)
	select {
	case f.ended <- struct{}{}:
	default:
	}
	return true
}

// followed counts what was read of a folder.
func (s *Sensor) followed(dir string, r link.Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.state.Interfaces {
		if n := &s.state.Interfaces[i]; n.Name == dir {
			n.Packets += r.Packets
			n.Bytes += r.Bytes
			n.Lost += r.Lost
		}
	}
}

// whole tells of a capture that was read to its end, or as far as it is readable.
func (f *folder) whole(r link.Report) {
	if r.Error != "" {
		f.s.opt.Health.Set(&captureBroken, health.Args{"name": f.now.name, "reason": r.Error, "packets": fmt.Sprint(r.Read)})
	}
	out := FileReport{Name: filepath.Join(f.dir, f.now.name), Packets: r.Read}
	if r.Error != "" {
		out.Err = errors.New(r.Error)
	}
	f.s.done(out)
}

// save writes down what was read, now or when it is time.
func (f *folder) save(must bool) {
	now := f.s.opt.Clock.Now()
	if !must && now.Sub(f.saved) < f.pace.save {
		return
	}
	f.saved = now
	if err := f.notes.save(f.s.opt.Notes); err != nil {
		f.s.opt.Log.Error("writing down which captures were read", "error", err)
	}
}
