package vault

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"bulwark/platform/clock"
)

// folder is a keeper over an empty folder on a disk of which free bytes are free, before ours.
type folder struct {
	*Keeper
	t     *testing.T
	clock *clock.Manual
	free  int64
}

func newFolder(t *testing.T, b Bounds) *folder {
	t.Helper()
	f := &folder{t: t, clock: clock.NewManual(time.Now()), free: 1 << 30}
	f.reopen(t.TempDir(), b)
	return f
}

func (f *folder) reopen(dir string, b Bounds) {
	f.t.Helper()
	k, err := NewKeeper(dir, b, f.clock)
	if err != nil {
		f.t.Fatal(err)
	}
	k.free = func(string) (int64, error) { return f.free - k.state.Bytes, nil }
	f.Keeper = k
}

// put writes a file of n bytes a minute after the one before.
func (f *folder) put(name string, n int) error {
	f.t.Helper()
	f.clock.Add(time.Minute)
	file, err := f.Create(name, int64(n))
	if err != nil {
		return err
	}
	if _, err := file.Write(make([]byte, n)); err != nil {
		f.t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		f.t.Fatal(err)
	}
	f.Release(name)
	if err := os.Chtimes(f.Path(name), f.clock.Now(), f.clock.Now()); err != nil {
		f.t.Fatal(err)
	}
	return nil
}

func (f *folder) want(names ...string) {
	f.t.Helper()
	if got := f.Names(); !slices.Equal(got, names) {
		f.t.Errorf("kept: got %v, want %v", got, names)
	}
	var there []string
	err := filepath.WalkDir(f.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			name, _ := filepath.Rel(f.dir, path)
			there = append(there, name)
		}
		return err
	})
	slices.Sort(names)
	if err != nil || !slices.Equal(there, names) {
		f.t.Errorf("on disk: got %v, %v, want %v", there, err, names)
	}
}

func (f *folder) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func TestTheOldestGoFirstWhenTheFolderIsFull(t *testing.T) {
	f := newFolder(t, Bounds{Bytes: 100})
	for _, n := range []string{"c", "a", "deep/b"} {
		f.must(f.put(n, 33))
	}
	f.want("c", "a", "deep/b")
	f.must(f.put("d", 40))
	f.want("deep/b", "d")
	if got := f.Kept(); got.Removed != 2 || got.RemovedBytes != 66 || got.Bytes != 73 || got.Files != 2 {
		t.Errorf("got %+v", got)
	}
	if err := f.put("e", 101); !errors.Is(err, ErrFull) {
		t.Errorf("a file that can never fit: got %v, want %v", err, ErrFull)
	}
	f.want("deep/b", "d")
}

func TestFilesGoWhenTheyAreTooOld(t *testing.T) {
	f := newFolder(t, Bounds{Age: 10 * time.Minute})
	f.must(f.put("a", 1))
	f.must(f.put("b", 1))
	f.clock.Add(9*time.Minute + time.Second)
	f.must(f.Sweep())
	f.want("b")
	f.clock.Add(time.Hour)
	f.must(f.Sweep())
	f.want()
}

func TestTheDiskBelongsToOthersToo(t *testing.T) {
	f := newFolder(t, Bounds{Free: 50})
	f.free = 100
	f.must(f.put("a", 20))
	f.must(f.put("b", 20))
	f.must(f.put("c", 20))
	f.want("b", "c")
	f.free = 60 // somebody else wrote
	f.must(f.Sweep())
	f.want()
	f.free = 40
	f.must(f.Sweep())
	if err := f.put("d", 1); !errors.Is(err, ErrFull) {
		t.Errorf("got %v, want %v", err, ErrFull)
	}
	if got := f.Kept().Refused; got != 1 {
		t.Errorf("refused: got %d, want 1", got)
	}
}

func TestAFileThatIsBeingWrittenStays(t *testing.T) {
	f := newFolder(t, Bounds{Bytes: 100, Age: time.Hour})
	one, err := f.Create("one", 60)
	f.must(err)
	defer one.Close()
	if _, err := f.Create("two", 60); !errors.Is(err, ErrFull) {
		t.Errorf("what is reserved was given away: got %v, want %v", err, ErrFull)
	}
	f.clock.Add(2 * time.Hour)
	f.must(f.Sweep())
	f.want("one")
	f.Release("one")
	f.Release("one")
	f.Release("none")
	if got := f.Kept().Bytes; got != 0 {
		t.Errorf("an empty file takes %d bytes, want none", got)
	}
	f.must(f.put("two", 60))
	f.must(f.Remove("one"))
	f.want("two")
	if err := f.Remove("one"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removing twice: got %v", err)
	}
}

func TestAKeeperTakesOverWhatIsThere(t *testing.T) {
	f := newFolder(t, Bounds{})
	for _, n := range []string{"z", "x/y", "a"} {
		f.must(f.put(n, 10))
	}
	f.reopen(f.dir, Bounds{Bytes: 25})
	f.want("z", "x/y", "a")
	f.must(f.Sweep())
	f.want("x/y", "a")
	f.must(os.Remove(f.Path("x/y"))) // by somebody else
	f.must(f.put("b", 15))
	f.want("a", "b")
}

func TestNamesThatLeaveTheFolder(t *testing.T) {
	f := newFolder(t, Bounds{})
	for _, n := range []string{"../a", "/a", "", "b/../../c"} {
		if _, err := f.Create(n, 1); err == nil {
			t.Errorf("%q: got no error", n)
		}
	}
	f.must(f.put("a", 1))
	if _, err := f.Create("a", 1); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file that is there: got %v, want %v", err, fs.ErrExist)
	}
	st, err := os.Stat(f.Path("a"))
	f.must(err)
	if st.Mode().Perm() != 0o600 {
		t.Errorf("mode: got %v, want 0600", st.Mode().Perm())
	}
}

func TestTheSystemTellsItsFreeRoom(t *testing.T) {
	if n, err := freeBytes(t.TempDir()); err != nil || n <= 0 {
		t.Errorf("got %d, %v", n, err)
	}
}

func TestAFileThatGrowsAndIsNamedLater(t *testing.T) {
	f := newFolder(t, Bounds{Bytes: 100})
	f.must(f.put("old", 40))
	one, err := f.Create("in/1", 10)
	f.must(err)
	defer one.Close()
	f.must(f.Grow("in/1", 50))
	f.want("old", "in/1")
	f.must(f.Grow("in/1", 10)) // the old one goes
	f.want("in/1")
	if err := f.Grow("in/1", 100); !errors.Is(err, ErrFull) {
		t.Errorf("growing beyond all: got %v, want %v", err, ErrFull)
	}
	f.must(f.Rename("in/1", "ab/2"))
	f.Release("ab/2")
	f.want("ab/2")
	f.must(f.put("b", 1))
	if err := f.Rename("b", "ab/2"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a name that is taken: got %v, want %v", err, fs.ErrExist)
	}
	if err := f.Rename("b", "../b"); err == nil {
		t.Errorf("a name outside: got no error")
	}
	if !f.Touch("ab/2") || f.Touch("none") {
		t.Errorf("touching: got something else")
	}
	if got := f.Names(); !slices.Equal(got, []string{"b", "ab/2"}) {
		t.Errorf("the order: got %v", got)
	}
}
