package signature

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// What is fetched is kept in DIR/sources/NAME: a folder for each state of it, named after its digest, and source.json, which
// says which of them is in force. A folder is filled under another name, written through to the disk and renamed; only then
// does source.json, replaced as a whole, name it. Whoever is interrupted anywhere finds the one before.

const (
	sourcesDir = "sources"
	sourceFile = "source.json"
)

// kept is what is known of a source that is fetched.
type kept struct {
	Current  string    `json:"current"`            // folder that is in force; "": none was fetched yet
	Previous string    `json:"previous,omitempty"` // the one before
	Digest   string    `json:"digest"`             // SHA-256 of what was fetched
	Verified string    `json:"verified,omitempty"`
	Tag      string    `json:"tag,omitempty"`
	URL      string    `json:"url"` // where it came from
	Updated  time.Time `json:"updated,omitzero"`
	Checked  time.Time `json:"checked,omitzero"`
	Reason   string    `json:"reason,omitempty"` // why the last attempt failed
	Failed   int       `json:"failed,omitempty"` // attempts that failed since the last that did not
	Unnoted  []note    `json:"unnoted,omitempty"`
}

// retry is after how long a source is asked again that could not be brought up to date; it doubles each time, up to its interval.
const retry = time.Minute

// due is when a source is to be asked again.
func (k *kept) due(interval time.Duration) time.Time {
	wait := interval
	if k.Failed > 0 && k.Failed < 20 {
		wait = min(interval, retry<<(k.Failed-1))
	}
	return k.Checked.Add(wait)
}

// errNeverFetched means that a source has not been fetched yet; what else there is can be read.
var errNeverFetched = errors.New("it has never been fetched: bulwark rules update does it")

func folderOf(dir, name string) string { return filepath.Join(dir, sourcesDir, name) }

func loadKept(dir, name string) (kept, error) {
	var k kept
	text, err := os.ReadFile(filepath.Join(folderOf(dir, name), sourceFile))
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &k)
	}
	if err == nil && k.Current != "" && !filepath.IsLocal(k.Current) {
		err = fmt.Errorf("%q is no folder", k.Current)
	}
	return k, err
}

func (k *kept) save(dir, name string) error {
	text, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(folderOf(dir, name), sourceFile), text)
}

// addKept adds what is kept of a source that is fetched. One that never was has none, and that is no error: it is said where
// sources are listed.
func (r *Rules) addKept(dir string, s *Source) error {
	if dir == "" {
		return nil
	}
	k, err := loadKept(dir, s.Name)
	if err != nil || k.Current == "" {
		return err
	}
	path := filepath.Join(folderOf(dir, s.Name), k.Current)
	if _, err := os.Stat(path); err != nil {
		return err
	}
	return r.addFolder(s.Name, os.DirFS(path), func(name string) string { return s.Name + "/" + name })
}

// store writes files into a new folder of a source, and returns its name. It is whole, or it is not there.
func store(dir, name, digest string, files []File) (string, error) {
	home := folderOf(dir, name)
	if err := os.MkdirAll(home, 0o700); err != nil {
		return "", err
	}
	clean(home, func(base string) bool { return base == sourceFile || filepath.Ext(base) != ".new" })
	part, err := os.MkdirTemp(home, "*.new")
	if err != nil {
		return "", err
	}
	folder := digest[:16]
	err = fill(part, files)
	if err == nil {
		err = os.RemoveAll(filepath.Join(home, folder)) // of an attempt that was given up: source.json does not name it
	}
	if err == nil {
		err = os.Rename(part, filepath.Join(home, folder))
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(part))
	}
	return folder, syncDir(home)
}

// fill writes files into a folder, through to the disk.
func fill(folder string, files []File) error {
	dirs := map[string]bool{folder: true}
	for _, f := range files {
		path := filepath.Join(folder, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		for d := filepath.Dir(path); len(d) > len(folder); d = filepath.Dir(d) {
			dirs[d] = true
		}
		if err := writeThrough(path, f.Text); err != nil {
			return err
		}
	}
	for d := range dirs {
		if err := syncDir(d); err != nil {
			return err
		}
	}
	return nil
}

func writeThrough(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// clean removes what is not to stay in a folder. What cannot be removed is tried again next time.
func clean(home string, stays func(base string) bool) {
	all, err := os.ReadDir(home)
	if err != nil {
		return
	}
	for _, e := range all {
		if !stays(e.Name()) {
			_ = os.RemoveAll(filepath.Join(home, e.Name()))
		}
	}
}
