package copies

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bulwark/observe/sensor/internal/link"
	"bulwark/platform/clock"
	"bulwark/platform/vault"
)

const about = `{"name":"a.exe","app":"smb","type":"pe","category":"executable","flow":7}`

func open(t *testing.T, dir string, b vault.Bounds) *Store {
	t.Helper()
	s, err := Open(Options{Dir: dir, Key: vault.Key{7}, Bounds: b, Most: 1 << 20, Clock: clock.System{}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// write has the store write all that it took.
func write(t *testing.T, s *Store) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 { // what waits is done at the end, and a select may find the end first
		if err := s.Run(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// send sends a file in pieces.
func send(s *Store, child, id uint64, content string) {
	s.Take(child, link.FilePart{Step: link.FileBegin, ID: id, Data: []byte(about)})
	for p := content; len(p) > 0; p = p[min(len(p), 30_000):] {
		s.Take(child, link.FilePart{Step: link.FileBytes, ID: id, Data: []byte(p[:min(len(p), 30_000)])})
	}
	s.Take(child, link.FilePart{Step: link.FileEnd, ID: id})
}

func sum(content string) string {
	b := sha256.Sum256([]byte(content))
	return hex.EncodeToString(b[:])
}

func files(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestWhatIsKeptIsHandedOut(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, vault.Bounds{})
	for i, content := range []string{"", "small", strings.Repeat("large", 50_000)} {
		send(s, 1, uint64(i), content)
		write(t, s)
		var out bytes.Buffer
		k, err := s.Get(t.Context(), sum(content), true, &out)
		if err != nil || out.String() != content || k.Size != int64(len(content)) || k.Name != "a.exe" || k.Type != "pe" || !k.Whole || k.Flow != 7 {
			t.Errorf("a file of %d bytes: got %d bytes, %+v, %v", len(content), out.Len(), k, err)
		}
	}
	if all := s.List(10); len(all) != 3 || all[0].SHA256 != sum(strings.Repeat("large", 50_000)) {
		t.Errorf("the list: got %+v", all)
	}
	for _, f := range files(t, dir) {
		b, err := os.ReadFile(f)
		if err != nil || bytes.Contains(b, []byte("large")) || bytes.Contains(b, []byte("a.exe")) {
			t.Errorf("%s is readable without the key (%v)", f, err)
		}
	}
	if got, err := s.Find(sum("small")[:12]); err != nil || got != sum("small") {
		t.Errorf("by the first letters: got %q, %v", got, err)
	}
	again := open(t, dir, vault.Bounds{})
	if all := again.List(10); len(all) != 3 {
		t.Errorf("after a restart: got %d copies, want 3", len(all))
	}
}

func TestTheSameContentIsKeptOnce(t *testing.T) {
	s := open(t, t.TempDir(), vault.Bounds{})
	for i := range uint64(3) {
		send(s, i, i, "the same")
	}
	write(t, s)
	if st := s.State(); st.Files != 1 || st.Kept != 1 || st.Again != 2 {
		t.Errorf("got %+v, want one file", st)
	}
}

func TestWhatDoesNotEndIsForgotten(t *testing.T) {
	part := func(step link.FileStep, id uint64, data string) func(*Store) {
		return func(s *Store) { s.Take(1, link.FilePart{Step: step, ID: id, Data: []byte(data)}) }
	}
	for _, c := range []struct {
		name  string
		steps []func(*Store)
	}{
		{"the child drops it", []func(*Store){part(link.FileBegin, 1, about), part(link.FileBytes, 1, "x"), part(link.FileDrop, 1, "")}},
		{"the child dies", []func(*Store){part(link.FileBegin, 1, about), part(link.FileBytes, 1, "x"), func(s *Store) { s.Gone(1) }}},
		{"this process ends", []func(*Store){part(link.FileBegin, 1, about), part(link.FileBytes, 1, "x")}},
		{"more bytes than a file may have", []func(*Store){part(link.FileBegin, 1, about), part(link.FileBytes, 1, strings.Repeat("x", 1<<20+1)), part(link.FileEnd, 1, "")}},
		{"an end without a beginning", []func(*Store){part(link.FileBytes, 1, "x"), part(link.FileEnd, 1, "")}},
		{"something that says nothing of itself", []func(*Store){part(link.FileBegin, 1, "{"), part(link.FileBytes, 1, "x"), part(link.FileEnd, 1, "")}},
	} {
		dir := t.TempDir()
		s := open(t, dir, vault.Bounds{})
		for _, step := range c.steps {
			step(s)
		}
		write(t, s)
		if st, left := s.State(), files(t, dir); st.Files != 0 || len(left) != 0 {
			t.Errorf("%s: got %+v, and %v on disk", c.name, st, left)
		}
	}
}

func TestAFullDisk(t *testing.T) {
	s := open(t, t.TempDir(), vault.Bounds{Bytes: 3 << 20})
	var told []bool
	s.Full = func(full bool, _ error) { told = append(told, full) }
	for i := range uint64(4) { // each reserves a megabyte
		s.Take(1, link.FilePart{Step: link.FileBegin, ID: i, Data: []byte(about)})
	}
	s.Take(1, link.FilePart{Step: link.FileEnd, ID: 0})
	write(t, s)
	if st := s.State(); st.Refused != 1 || st.Kept != 1 || len(told) != 2 || !told[0] || told[1] {
		t.Errorf("got %+v, told %v; want one refused, and that there is room again", st, told)
	}
}

func TestTheOldestGo(t *testing.T) {
	c := clock.NewManual(time.Now())
	s, err := Open(Options{Dir: t.TempDir(), Key: vault.Key{7}, Bounds: vault.Bounds{Age: time.Hour}, Most: 1 << 20, Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	send(s, 1, 1, "old")
	send(s, 1, 2, "seen again")
	write(t, s)
	c.Add(50 * time.Minute)
	send(s, 1, 3, "seen again")
	write(t, s)
	c.Add(20 * time.Minute)
	send(s, 1, 4, "new")
	write(t, s)
	if got := s.List(9); len(got) != 2 || got[0].SHA256 != sum("new") {
		t.Errorf("got %+v, want the new one and the one that was seen again", got)
	}
}

func TestAProcessThatDied(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, incoming), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, incoming, "1"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, vault.Bounds{})
	send(s, 1, 1, "whole")
	write(t, s)
	if st := s.State(); st.Files != 1 || st.Kept != 1 {
		t.Errorf("got %+v, want one file", st)
	}
}

func TestCopiesAreHandedOutInAnArchive(t *testing.T) {
	tool, err := exec.LookPath("7z")
	unpack := func(name string) *exec.Cmd { return exec.Command(tool, "x", "-so", "-p"+Password, name) }
	if err != nil {
		if tool, err = exec.LookPath("unzip"); err != nil {
			t.Skip("neither 7z nor unzip is installed: there is nothing to open the archive with")
		}
		unpack = func(name string) *exec.Cmd { return exec.Command(tool, "-p", "-P", Password, name) }
	}
	s := open(t, t.TempDir(), vault.Bounds{})
	for i, content := range []string{"x", strings.Repeat("virus", 40_000)} {
		send(s, 1, uint64(i), content)
		write(t, s)
		name := filepath.Join(t.TempDir(), "a.zip")
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(t.Context(), sum(content), false, f); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(name)
		if err != nil || bytes.Contains(b, []byte("virus")) {
			t.Errorf("the archive shows what is in it (%v)", err)
		}
		got, err := unpack(name).Output()
		if err != nil || string(got) != content {
			t.Errorf("%s of %d bytes: got %d, %v", tool, len(content), len(got), err)
		}
	}
}

func TestNamesThatAreNone(t *testing.T) {
	s := open(t, t.TempDir(), vault.Bounds{})
	for _, name := range []string{"", "../../etc/passwd", strings.Repeat("a", 63), strings.Repeat("A", 64), strings.Repeat("a", 64)} {
		if _, err := s.Get(t.Context(), name, true, &bytes.Buffer{}); !errors.Is(err, ErrNone) {
			t.Errorf("%q: got %v, want %v", name, err, ErrNone)
		}
		if _, err := s.Find(name); !errors.Is(err, ErrNone) {
			t.Errorf("finding %q: got %v, want %v", name, err, ErrNone)
		}
	}
}

// FuzzTake has a hostile child send what it wants: nothing may stay that did not end, and nothing beyond the bounds.
func FuzzTake(f *testing.F) {
	f.Add([]byte("b1d1e1b2d2x2d9"))
	f.Fuzz(func(t *testing.T, p []byte) {
		dir := t.TempDir()
		s := open(t, dir, vault.Bounds{Bytes: 8 << 20})
		for ; len(p) >= 2; p = p[2:] {
			data := p[2:min(len(p), 300)]
			if p[0] == byte(link.FileBegin) {
				data = []byte(about)
			}
			s.Take(uint64(p[1]&1), link.FilePart{Step: link.FileStep(p[0]), ID: uint64(p[1]), Data: data})
		}
		write(t, s)
		st := s.State()
		if n := len(files(t, dir)); n != st.Files || st.Kept != uint64(n) {
			t.Errorf("got %d files on disk, %+v", n, st)
		}
	})
}
