// Package tail takes in lines of files as they are written, through rotation: a file that is renamed is read to its end, one that is
// copied and truncated is begun anew, and what was read before is not read again. How far each is read is kept when its lines are safe.
package tail

import (
	"context"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bulwark/observe/logs/internal/intake"
	"bulwark/platform/clock"
)

// name is the intake's.
const name = "file"

// Bounds of what is read.
const (
	mostFiles = 1024 // at a time
	mostPast  = 4096 // files that are remembered
	maxLine   = 1 << 20
	blockSize = 256 << 10
	lookEvery = time.Second
)

// Pattern is which files are read.
type Pattern struct {
	Path   string // file, or with * and ? several
	Format string // parser that their lines are for; "": the one that knows them
}

// Places keep how far files are read.
type Places interface {
	// Load is what was kept, by path.
	Load(ctx context.Context) (map[string]Place, error)
	// Save keeps how far the file of a path is read.
	Save(ctx context.Context, path string, p Place) error
}

// Options are what an intake is made of.
type Options struct {
	Files  []Pattern
	Places Places
	Clock  clock.Clock
	Log    *slog.Logger
}

// Intake is the way by which files come. Make it with [New].
type Intake struct {
	intake.Tally
	opts Options
	past map[string]Place // how far files were read that are not open, by path
	open map[identity]*file
}

// New makes an intake. Nothing is read before Run.
func New(o Options) *Intake { return &Intake{opts: o, open: map[identity]*file{}} }

// Name is the intake's name.
func (*Intake) Name() string { return name }

// Run reads until ctx ends.
func (i *Intake) Run(ctx context.Context, to intake.Sink) (err error) {
	if i.past, err = i.opts.Places.Load(ctx); err != nil {
		return err
	}
	defer func() {
		for _, f := range i.open {
			f.Close()
		}
	}()
	for {
		i.look(ctx)
		if err := i.read(ctx, to); err != nil {
			return err
		}
		if !clock.Pause(ctx, lookEvery) {
			return ctx.Err()
		}
	}
}

// packed are the endings of files that were compressed when they were full: they were read before.
var packed = [...]string{".gz", ".xz", ".bz2", ".zst", ".lz4", ".Z", ".zip"}

func isPacked(path string) bool {
	return slices.ContainsFunc(packed[:], func(end string) bool { return strings.HasSuffix(path, end) })
}

// look finds the files that there are now.
func (i *Intake) look(ctx context.Context) {
	for _, f := range i.open {
		f.gone++
	}
	for _, p := range i.opts.Files {
		paths, _ := filepath.Glob(p.Path) // the pattern was checked
		for _, path := range paths {
			if !isPacked(path) {
				i.found(ctx, path, p.Format)
			}
		}
	}
}

// found opens a file that is new, and notes where one is that was renamed.
func (i *Intake) found(ctx context.Context, path, format string) {
	id, size, ok := identify(path)
	if !ok {
		return
	}
	if f, known := i.open[id]; known {
		f.gone, f.path = 0, path
		return
	}
	if p, known := i.past[path]; known && p.Identity == id && p.Offset == size {
		return // read to its end, and not written since
	}
	if len(i.open) >= mostFiles {
		i.Add("too many files", 1)
		return
	}
	f, err := open(path, format)
	if err != nil {
		i.Add("cannot be opened", 1)
		i.opts.Log.DebugContext(ctx, "a file of logs cannot be opened", "path", path, "error", err)
		return
	}
	i.resume(f)
	i.open[f.place.Identity] = f
}

// resume finds how far a file was read: under this name, or as another that it was renamed or copied from.
func (i *Intake) resume(f *file) {
	if p, ok := i.past[f.path]; ok && f.is(p) {
		f.place = p
		return
	}
	for _, o := range i.open {
		if f.rotated(o.path) && f.copied(o.place) {
			f.place.Offset = o.place.Offset
			return
		}
	}
	for path, p := range i.past {
		if f.rotated(path) && (f.is(p) || f.copied(p)) {
			f.place.Offset = p.Offset
			return
		}
	}
	// Where something else has the name now, what was not read of the file before may stand under another.
	if p, ok := i.past[f.path]; ok {
		i.follow(f.path, p, f.format)
	}
}

// follow opens the file that once had a path and was read in part, where it stands now.
func (i *Intake) follow(path string, p Place, format string) {
	others, _ := filepath.Glob(glob(path) + "*")
	for _, other := range others {
		if other == path || isPacked(other) || len(i.open) >= mostFiles {
			continue
		}
		f, err := open(other, format)
		if err != nil {
			continue
		}
		if _, known := i.open[f.place.Identity]; known || !f.is(p) && !f.copied(p) {
			f.Close()
			continue
		}
		f.place.Offset, f.gone, f.stream = p.Offset, 1, path
		i.open[f.place.Identity] = f
		return
	}
}

// glob has a path stand for itself in a pattern.
func glob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// read hands over what is new in all files.
func (i *Intake) read(ctx context.Context, to intake.Sink) error {
	for _, f := range slices.SortedFunc(maps.Values(i.open), func(a, b *file) int { return strings.Compare(a.path, b.path) }) {
		if err := i.readOne(ctx, f, to); err != nil {
			return err
		}
	}
	return nil
}

// goneFor is how many looks a file is gone before it is not waited for any more.
const goneFor = 3

// readOne hands over what is new in a file.
func (i *Intake) readOne(ctx context.Context, f *file, to intake.Sink) error {
	if before, cut := f.truncated(); cut {
		i.follow(f.path, before, f.format)
	}
	last := f.gone >= goneFor
	for ctx.Err() == nil {
		skip := f.skip
		n, err := f.fill(i.opts.Clock.Now(), last)
		if err != nil {
			i.Add("cannot be read", 1)
			i.opts.Log.WarnContext(ctx, "a file of logs cannot be read", "path", f.path, "error", err)
			last = true
			break
		}
		if n == 0 {
			break
		}
		if len(f.records) > 0 {
			if err := to.Take(ctx, f.records); err != nil {
				i.opts.Log.WarnContext(ctx, "lines of a file are read again later", "path", f.path, "error", err)
				f.skip = skip
				return nil // from where it was
			}
		}
		f.taken(n)
		if err := i.opts.Places.Save(ctx, f.path, f.place); err != nil {
			return err
		}
		i.remember(f)
	}
	if last {
		f.Close()
		delete(i.open, f.place.Identity)
		i.remember(f)
	}
	return nil
}

// remember notes how far a file is read, for when it is found again.
func (i *Intake) remember(f *file) {
	if len(i.past) >= mostPast {
		for path := range i.past { // any: those that still grow are open
			delete(i.past, path)
			break
		}
	}
	i.past[f.path] = f.place
}
