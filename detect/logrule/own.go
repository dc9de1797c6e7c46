package logrule

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"bulwark/platform/ledger"
)

// OwnSet is the name of the set of rules that people write in the console.
const OwnSet = "own"

// Bounds of what people write.
const (
	mostOwn    = 1000
	maxOwnFile = 256 << 10
)

// Faults of writing rules.
var (
	ErrOwn     = errors.New("logrule: no rule of one's own")
	ErrOwnName = errors.New("logrule: no name of a file")
)

var ownName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// ownFiles are the files that people wrote.
func (r *Room) ownFiles() ([]File, error) { return OwnFiles(r.needs.Dir) }

// OwnFiles are those that people wrote in the console, below a folder; none where dir is empty, or there is no such folder.
func OwnFiles(dir string) ([]File, error) {
	if dir == "" {
		return nil, nil
	}
	files, err := Files(OwnSet, os.DirFS(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for k := range files {
		files[k].Name = OwnSet + "/" + files[k].Name
	}
	return files, err
}

// OwnText is a file that somebody wrote.
func (r *Room) OwnText(name string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.files {
		if f.Set == OwnSet && f.Name == OwnSet+"/"+name+".yml" {
			return string(f.Text), nil
		}
	}
	return "", ErrNoRule
}

func (r *Room) ownPath(name string) (string, error) {
	if r.needs.Dir == "" {
		return "", fmt.Errorf("%w: nothing is kept here", ErrOwn)
	}
	if !ownName.MatchString(name) {
		return "", fmt.Errorf("%w: %q is not a word of small letters, digits, _ and -", ErrOwnName, name)
	}
	return filepath.Join(r.needs.Dir, name+".yml"), nil
}

// Write keeps rules of one's own as a file of that name, in place of one that is there, and puts them in force. Rules that cannot be
// asked, or that have the id of one that stands elsewhere, are refused, and what was before stays.
func (r *Room) Write(ctx context.Context, actor, name, text string) error {
	path, err := r.ownPath(name)
	if err != nil {
		return err
	}
	r.writing.Lock()
	defer r.writing.Unlock()
	if err := r.soundOwn(name, text); err != nil {
		return err
	}
	return r.swap(ctx, path, []byte(text), ledger.Entry{Actor: actor, Act: "logrule.write", Object: "logrule-file:" + name, Outcome: ledger.Done,
		Detail: map[string]string{"bytes": fmt.Sprint(len(text))}})
}

// Remove takes a file of one's own away, and its rules out of force.
func (r *Room) Remove(ctx context.Context, actor, name string) error {
	path, err := r.ownPath(name)
	if err != nil {
		return err
	}
	r.writing.Lock()
	defer r.writing.Unlock()
	if _, err := os.Stat(path); err != nil {
		return ErrNoRule
	}
	return r.swap(ctx, path, nil, ledger.Entry{Actor: actor, Act: "logrule.remove", Object: "logrule-file:" + name, Outcome: ledger.Done})
}

// soundOwn refuses what cannot be put in force as a file of that name.
func (r *Room) soundOwn(name, text string) error {
	if len(text) > maxOwnFile {
		return fmt.Errorf("%w: it is larger than %d bytes", ErrOwn, maxOwnFile)
	}
	file := OwnSet + "/" + name + ".yml"
	set, err := LoadFiles([]File{{Set: OwnSet, Name: file, Text: []byte(text)}})
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrOwn, err)
	case len(set.Rejected) > 0:
		return fmt.Errorf("%w: %s", ErrOwn, strings.TrimPrefix(set.Rejected[0].Why, OwnSet+"/"))
	case set.Len() == 0:
		return fmt.Errorf("%w: there is no rule in it", ErrOwn)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	own := map[string]bool{}
	for _, f := range r.files {
		if f.Set == OwnSet {
			own[f.Name] = true
		}
	}
	if !own[file] && len(own) >= mostOwn {
		return fmt.Errorf("%w: there are %d files", ErrOwn, len(own))
	}
	for _, key := range set.keys() {
		if key == "" {
			continue
		}
		if other := r.set.rule(key); other != nil && !strings.HasPrefix(other.File, file+":") {
			return fmt.Errorf("%w: the rule %s stands in %s already", ErrOwn, key, other.File)
		}
	}
	return nil
}

// keys are the names of all rules and correlations.
func (s *Set) keys() (all []string) {
	for _, r := range s.rules {
		all = append(all, r.told.key())
	}
	for _, c := range s.correlations {
		all = append(all, s.about(c).key())
	}
	return all
}

// swap makes a file, or removes it where text is nil, reads the rules anew and notes it. Where any of it cannot be done, what was
// before is put back.
func (r *Room) swap(ctx context.Context, path string, text []byte, note ledger.Entry) error {
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := put(path, text); err != nil {
		return err
	}
	err = r.Reload()
	if err == nil {
		_, err = r.needs.Ledger.Record(ctx, note)
	}
	if err != nil {
		return errors.Join(err, put(path, before), r.Reload())
	}
	return nil
}

// put makes, replaces or (text nil) removes a file; after a crash it is the old or the new.
func put(path string, text []byte) error {
	dir := filepath.Dir(path)
	if text == nil {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return settle(dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+".*.part")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return settle(dir)
}

// settle waits until what was done in a folder is on the disk.
func settle(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
