package identity

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bulwark/platform/keys"
)

// lossy is a site with a snapshot, whose database is lost when the test says so.
func lossy(t *testing.T) (*site, string) {
	t.Helper()
	s := sqliteSite(t)
	dir := t.TempDir()
	k, err := keys.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s.memory.keeper = k.Signed(filepath.Join(dir, "people.snapshot"), "people")
	s.memory.spool.path = filepath.Join(dir, "people.spool")
	return s, dir
}

func TestASnapshotOfThreeDaysAgoOpensNothing(t *testing.T) {
	s, _ := lossy(t)
	s.administrator()
	if err := s.readMemory(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, _ := s.Everybody(t.Context())
	if !s.lose(t.Context(), errors.New("gone")) || s.lose(t.Context(), ErrNoPerson) {
		t.Fatal("what loses the database is not told from an answer")
	}
	s.clock.Add(oldestSnapshot)
	if h, lost, err := s.keyHolder(all[0].ID, "localhost"); !lost || err != nil || h.row.Login != "alix" {
		t.Errorf("after 72 hours: %v %v", lost, err)
	}
	s.clock.Add(time.Millisecond)
	if _, _, err := s.keyHolder(all[0].ID, "localhost"); !errors.Is(err, ErrLost) {
		t.Errorf("after more: %v", err)
	}
}

func TestASessionThatWasEndedIsNotRememberedAndOneThatIsOpenIs(t *testing.T) {
	s, _ := lossy(t)
	b := s.administrator()
	other := s.browser()
	want(t, "a second session", other.signIn("alix", good, ""), 303)
	want(t, "ending the others", b.call("DELETE", "/api/sessions", nil, nil), 204)
	if !s.memory.dirty {
		t.Error("what was written is not read again")
	}
	if err := s.lookAfterMemory(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.lose(t.Context(), errors.New("gone"))
	want(t, "the open one", b.call("GET", "/api/me", nil, nil), 200)
	want(t, "the ended one", other.call("GET", "/api/me", nil, nil), 401)
	want(t, "signing out", b.call("POST", "/api/sign-out", nil, nil), 204)
	if len(s.memory.sessions) != 0 {
		t.Error("who signed out is remembered")
	}
	if err := s.lookAfterMemory(t.Context()); err != nil || s.memory.isLost() {
		t.Fatalf("the database that answers is lost: %v", err)
	}
	if acts := strings.Join(s.acts(), "\n"); !strings.Contains(acts, "database-lost done\nsign-out done\ndatabase-back done") {
		t.Errorf("the ledger has\n%s", acts)
	}
}

func TestWhatWaitsOutlivesTheProgramAndIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spool")
	s := spool{path: path, key: [32]byte{1}}
	for _, name := range []string{"one", "two", "three"} {
		s.add(record{Act: &spooledAct{By: "host", Name: name}})
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	forged := lines[0] + strings.Replace(lines[1], "two", "six", 1) + lines[2][:len(lines[2])/2]
	if err := os.WriteFile(path, []byte(forged), 0o600); err != nil {
		t.Fatal(err)
	}
	after := spool{path: path, key: [32]byte{1}}
	if err := after.load(); err != nil || len(after.all) != 1 || after.all[0].Act.Name != "one" || after.dropped != 2 {
		t.Errorf("got %+v, %d dropped, %v", after.all, after.dropped, err)
	}
	if err := after.clear(1); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
	if err := os.WriteFile(path, []byte(lines[0]+lines[1][:len(lines[1])/2]), 0o600); err != nil { // it was killed while it wrote the second
		t.Fatal(err)
	}
	killed := spool{path: path, key: [32]byte{1}}
	if err := killed.load(); err != nil {
		t.Fatal(err)
	}
	killed.add(record{Act: &spooledAct{By: "host", Name: "four"}})
	again := spool{path: path, key: [32]byte{1}}
	if err := again.load(); err != nil || len(again.all) != 2 || again.all[1].Act.Name != "four" || again.dropped != 1 {
		t.Errorf("what was added behind half a line: got %+v, %d dropped, %v", again.all, again.dropped, err)
	}
	full := spool{key: [32]byte{1}, size: mostSpoolLen}
	if full.add(record{Ended: "x"}); full.dropped != 1 || len(full.all) != 0 {
		t.Errorf("a full spool took one more: %+v", full)
	}
}

func TestWhatWaitedIsWrittenOnce(t *testing.T) {
	s, _ := lossy(t)
	b := s.administrator()
	if err := s.readMemory(t.Context()); err != nil {
		t.Fatal(err)
	}
	var row sessionRow
	if err := s.db.Read().NewSelect().Model(&row).Limit(1).Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.lose(t.Context(), errors.New("gone"))
	s.memory.mu.Lock()
	row.ID, row.Hash = newID(), hashOf("opened meanwhile")
	s.memory.spool.add(record{Session: &row})
	s.memory.mu.Unlock()
	old, err := os.ReadFile(s.memory.spool.path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.lookAfterMemory(t.Context()); err != nil || s.memory.isLost() {
		t.Fatal(err)
	}
	want(t, "ending all others", b.call("DELETE", "/api/sessions", nil, nil), 204)
	if err := os.WriteFile(s.memory.spool.path, old, 0o600); err != nil { // a crash before it was removed, or somebody
		t.Fatal(err)
	}
	if err := s.memory.spool.load(); err != nil || len(s.memory.spool.all) != 2 {
		t.Fatalf("%d wait: %v", len(s.memory.spool.all), err)
	}
	if err := s.lookAfterMemory(t.Context()); err != nil {
		t.Fatal(err)
	}
	if back, err := s.db.Read().NewSelect().Model((*sessionRow)(nil)).Where("hash = ?", row.Hash).Exists(t.Context()); err != nil || back {
		t.Errorf("a session that was ended is there again: %v", err)
	}
	if n := strings.Count(strings.Join(s.acts(), "\n"), "database-lost"); n != 1 {
		t.Errorf("the ledger has it %d times", n)
	}
}
