package ring

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Segments are frozen by a second name, a hard link below the ring's folder: when the ring removes the first the packets stay, also
// when the program is killed between two. Each freeze has a folder of its number, and in it a file that says what belongs to it.
const (
	frozenDir  = "frozen"
	frozenList = "frozen.json"
)

// ErrFrozenMost means that a span takes more than may be frozen.
var ErrFrozenMost = errors.New("ring: that is more than may be frozen")

// ErrNoPackets means that the ring has nothing of a span.
var ErrNoPackets = errors.New("ring: no packets of that time are kept")

// Frozen is what is held of a span.
type Frozen struct {
	Since    time.Time       `json:"since"`
	Until    time.Time       `json:"until"`
	Segments []FrozenSegment `json:"segments"` // the oldest first
}

// FrozenSegment is one file that is held, sealed as it was.
type FrozenSegment struct {
	Name   string    `json:"name"`
	From   time.Time `json:"from"` // about when its packets are of
	To     time.Time `json:"to"`
	Bytes  int64     `json:"bytes"`
	SHA256 string    `json:"sha256,omitempty"` // of the file; empty where nobody asked, or it is being filled
}

// Freeze holds the segments that may have packets of a span, those that came since it was called last too. What may be held
// of all spans together is most bytes: beyond that, of those that are not held yet, the newest are, and the error is [ErrFrozenMost].
func (s *Segments) Freeze(id uint64, since, until time.Time, most int64) error {
	s.freezing.Lock()
	defer s.freezing.Unlock()
	had, err := s.frozen(id)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	want, err := s.spanning(since, until)
	if err != nil {
		return err
	}
	if len(want) == 0 && len(had.Segments) == 0 {
		return ErrNoPackets
	}
	sizes, err := s.frozenSizes()
	if err != nil {
		return err
	}
	all := Frozen{Since: since, Until: until, Segments: slices.Clone(had.Segments)}
	var full error
	for _, w := range slices.Backward(want) {
		sizes[w.Name] = w.Bytes
		if !in(had.Segments, w.Name) && sum(sizes) > most {
			delete(sizes, w.Name)
			full = fmt.Errorf("%w: of what is older than %s not all is", ErrFrozenMost, w.To.UTC().Format(time.RFC3339))
			break
		}
		if err := s.hold(id, w.Name); err != nil {
			return err
		}
		all.put(w)
	}
	return errors.Join(s.list(id, all), full)
}

// put adds a segment, or takes the place of what was known of it.
func (f *Frozen) put(w FrozenSegment) {
	if i := slices.IndexFunc(f.Segments, func(x FrozenSegment) bool { return x.Name == w.Name }); i >= 0 {
		f.Segments[i] = w
		return
	}
	f.Segments = append(f.Segments, w)
	slices.SortFunc(f.Segments, func(a, b FrozenSegment) int { return strings.Compare(a.Name, b.Name) })
}

func in(all []FrozenSegment, name string) bool {
	return slices.ContainsFunc(all, func(x FrozenSegment) bool { return x.Name == name })
}

func sum(sizes map[string]int64) (n int64) {
	for size := range maps.Values(sizes) {
		n += size
	}
	return n
}

// spanning are the segments of the ring that may have packets of a span.
func (s *Segments) spanning(since, until time.Time) (all []FrozenSegment, err error) {
	s.mu.Lock()
	given := slices.Collect(maps.Values(s.given))
	s.mu.Unlock()
	for _, name := range s.keeper.Names() {
		st, err := os.Stat(s.keeper.Path(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // it went meanwhile
		}
		if err != nil {
			return nil, err
		}
		x := FrozenSegment{Name: name, From: made(name), To: st.ModTime(), Bytes: st.Size()}
		if slices.Contains(given, name) {
			x.To, x.Bytes = s.clock.Now(), s.size
		}
		if !x.From.After(until) && !x.To.Before(since) {
			all = append(all, x)
		}
	}
	return all, nil
}

// made is when a segment was, by its name; zero where that does not say it.
func made(name string) time.Time {
	text, _, _ := strings.Cut(name, "-")
	t, err := time.Parse(segmentTime, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

func (s *Segments) frozenPath(id uint64, name string) string {
	return filepath.Join(s.keeper.Path(frozenDir), strconv.FormatUint(id, 10), name)
}

// hold gives a segment its second name. One that went, and was not held, is gone.
func (s *Segments) hold(id uint64, name string) error {
	to := s.frozenPath(id, name)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	err := os.Link(s.keeper.Path(name), to)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		if _, there := os.Stat(to); there == nil {
			return nil
		}
	}
	return err
}

// list writes what belongs to a freeze.
func (s *Segments) list(id uint64, f Frozen) error {
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	name := s.frozenPath(id, frozenList)
	if err := os.WriteFile(name+".part", text, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".part", name)
}

// frozen is what belongs to a freeze, by its list; an error that is [fs.ErrNotExist]: there is none.
func (s *Segments) frozen(id uint64) (f Frozen, err error) {
	text, err := os.ReadFile(s.frozenPath(id, frozenList))
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return f, fmt.Errorf("what is frozen as %d: %w", id, err)
	}
	for _, x := range f.Segments {
		if !filepath.IsLocal(x.Name) || strings.ContainsRune(x.Name, filepath.Separator) {
			return Frozen{}, fmt.Errorf("what is frozen as %d: %q is no name", id, x.Name)
		}
	}
	return f, nil
}

// Holds reports whether all of a freeze is there.
func (s *Segments) Holds(id uint64) (bool, error) {
	s.freezing.Lock()
	defer s.freezing.Unlock()
	f, err := s.frozen(id)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, x := range f.Segments {
		if _, err := os.Stat(s.frozenPath(id, x.Name)); err != nil {
			return false, ignoreGone(err)
		}
	}
	return true, nil
}

// ignoreGone takes a file that is not there for no error.
func ignoreGone(err error) error {
	if gone(err) {
		return nil
	}
	return err
}

// FrozenIDs are the numbers of all freezes.
func (s *Segments) FrozenIDs() (all []uint64, err error) {
	entries, err := os.ReadDir(s.keeper.Path(frozenDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if id, err := strconv.ParseUint(e.Name(), 10, 64); err == nil {
			all = append(all, id)
		}
	}
	return all, err
}

// Thaw ends a freeze.
func (s *Segments) Thaw(id uint64) error {
	s.freezing.Lock()
	defer s.freezing.Unlock()
	return os.RemoveAll(s.frozenPath(id, ""))
}

// frozenSizes are the sizes of all segments that are held, each once.
func (s *Segments) frozenSizes() (map[string]int64, error) {
	ids, err := s.FrozenIDs()
	if err != nil {
		return nil, err
	}
	sizes := map[string]int64{}
	for _, id := range ids {
		f, err := s.frozen(id)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, x := range f.Segments {
			sizes[x.Name] = max(x.Bytes, sizes[x.Name])
		}
	}
	return sizes, nil
}

// FrozenBytes is what all freezes take, with what the ring still has of it.
func (s *Segments) FrozenBytes() int64 {
	s.freezing.Lock()
	defer s.freezing.Unlock()
	sizes, err := s.frozenSizes()
	if err != nil {
		return 0
	}
	return sum(sizes)
}

// frozenFiles are the files that are held and that the ring has no more.
func (s *Segments) frozenFiles(has []string) (all []string) {
	ids, err := s.FrozenIDs()
	if err != nil {
		return nil
	}
	seen := map[string]bool{}
	for _, name := range has {
		seen[name] = true
	}
	for _, id := range ids {
		f, err := s.frozen(id)
		if err != nil {
			continue
		}
		for _, x := range f.Segments {
			if !seen[x.Name] {
				seen[x.Name] = true
				all = append(all, s.frozenPath(id, x.Name))
			}
		}
	}
	return all
}

// Sums is what is held as id, with the SHA-256 of each file that is not being filled.
func (s *Segments) Sums(ctx context.Context, id uint64) (Frozen, error) {
	s.freezing.Lock()
	f, err := s.frozen(id)
	s.freezing.Unlock()
	if err != nil {
		return f, err
	}
	s.mu.Lock()
	given := slices.Collect(maps.Values(s.given))
	s.mu.Unlock()
	for i := range f.Segments {
		x := &f.Segments[i]
		if x.SHA256 == "" && !slices.Contains(given, x.Name) {
			if err := x.sum(ctx, s.frozenPath(id, x.Name)); err != nil {
				return f, err
			}
		}
	}
	return f, nil
}

// sum makes the sum of a file.
func (x *FrozenSegment) sum(ctx context.Context, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	stop := context.AfterFunc(ctx, func() { file.Close() })
	defer stop()
	h := sha256.New()
	if x.Bytes, err = io.Copy(h, file); err != nil {
		return errors.Join(ctx.Err(), err)
	}
	x.SHA256 = hex.EncodeToString(h.Sum(nil))
	return nil
}
