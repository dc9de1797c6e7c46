package identity

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"bulwark/decide/identity/internal/breach"
	"bulwark/platform/clock"
)

// StolenFile is the name, in the data directory, of the list of stolen passwords.
const StolenFile = "stolen-passwords"

// StolenReport is what was read of a list of stolen passwords.
type StolenReport = breach.Report

// StolenList is what the program holds of stolen passwords.
type StolenList struct {
	Entries uint64
	Created time.Time
	Bytes   int
}

// ImportStolen reads a list of stolen passwords (lines of SHA-1 in order, as they are published, or of passwords in clear), or a file that
// another Bulwark made of one, and writes it to the file name. Passwords that were seen less often than seen are left aside. A running program
// takes the new list within seconds. What cannot be read leaves the list that was there.
func ImportStolen(ctx context.Context, list io.Reader, name string, seen uint64, progress func(lines uint64)) (StolenReport, error) {
	b := bufio.NewReader(list)
	if start, _ := b.Peek(64); breach.IsFilter(start) {
		return StolenReport{}, breach.Copy(ctx, b, name)
	}
	return breach.Make(ctx, b, name, breach.Options{Seen: seen, Progress: progress})
}

// ShowStolen tells of the list in a file. Without a file it is empty.
func ShowStolen(name string) (StolenList, error) {
	f, err := breach.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return StolenList{}, nil
	}
	if err != nil {
		return StolenList{}, err
	}
	l := StolenList{f.Entries(), f.Created(), f.Size()}
	return l, errors.Join(f.Verify(), f.Close())
}

// stolen is the list of stolen passwords as it stands in its file. Where there is none, no password is known as stolen.
type stolen struct {
	file  string
	clock clock.Clock
	log   *slog.Logger

	mu     sync.Mutex
	list   *breach.Filter
	opened fs.FileInfo // of list
	looked time.Time
}

// lookForList is how often the file is looked at, so that a new list counts.
const lookForList = 5 * time.Second

// has tells whether a password is in the list. A list that cannot be read is in the log, and refuses nobody: the estimate still stands.
func (s *stolen) has(ctx context.Context, password string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.refresh()
	found := false
	if s.list != nil {
		var asked error
		found, asked = s.list.Has(password)
		err = errors.Join(err, asked)
	}
	if err != nil {
		s.log.WarnContext(ctx, "the list of stolen passwords cannot be read; import it again", "file", s.file, "error", err)
	}
	return found
}

// refresh opens the list anew where the file is another one. The caller holds mu.
func (s *stolen) refresh() error {
	now := s.clock.Now()
	if s.file == "" || (!s.looked.IsZero() && now.Sub(s.looked) < lookForList && now.After(s.looked)) {
		return nil
	}
	s.looked = now
	info, err := os.Stat(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || (s.opened != nil && os.SameFile(info, s.opened) && info.ModTime().Equal(s.opened.ModTime())) {
		return err
	}
	list, err := breach.Open(s.file)
	if err != nil {
		return err
	}
	if s.list != nil {
		err = s.list.Close()
	}
	s.list, s.opened = list, info
	return err
}
