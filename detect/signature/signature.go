// Package signature finds what rules describe in the traffic: rules in Suricata's language, which the field shares. It
// reads them, says of each whether it is loaded, and looks for them inside the sensor's loop ([Eye]).
package signature

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bulwark/content/rules"
)

// Names of sources that nobody names.
const (
	Shipped = "bulwark" // what comes with the program
	Paths   = "paths"   // what stands in the setting rules.paths
)

// Load reads the rules that c names; of those that are fetched, what dir holds of them. On an error the others are there.
func (c *Config) Load(dir string, now time.Time) (*Rules, error) {
	r := &Rules{Vars: VarsOf(c.Variables)}
	var errs []error
	if c.Shipped {
		errs = append(errs, r.addFolder(Shipped, rules.Files(), func(name string) string { return Shipped + "/" + name }))
	}
	if c.learns() && dir != "" {
		errs = append(errs, r.addKnown(dir, c.Learning, now))
	}
	for i := range c.Sources {
		s := &c.Sources[i]
		var err error
		switch {
		case s.Disabled:
		case s.URL != "":
			err = r.addKept(dir, s)
		default:
			err = r.addPath(s.Name, s.Path)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("source %s: %w", s.Name, err))
		}
	}
	for _, path := range c.Paths {
		errs = append(errs, r.addPath(Paths, path))
	}
	return r, errors.Join(errs...)
}

// addShippedClasses adds the classes that come with the program, without its rules.
func (r *Rules) addShippedClasses() error {
	const name = "classification.config"
	text, err := fs.ReadFile(rules.Files(), name)
	if err != nil {
		return err
	}
	return r.add(Shipped, []File{{Name: Shipped + "/" + name, Text: text}})
}

// addPath adds a file, an archive, or of a directory all files that end in .rules, and classification.config,
// reference.config and threshold.config.
func (r *Rules) addPath(source, path string) error {
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	if st.IsDir() {
		return r.addFolder(source, os.DirFS(path), func(name string) string { return filepath.Join(path, name) })
	}
	if st.Size() > maxUnpacked {
		return fmt.Errorf("%w: %s has %d bytes, more than %d", ErrTooLarge, path, st.Size(), maxUnpacked)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	files, err := unpack(f, filepath.Base(path))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for i := range files {
		if name := files[i].Name; name == strings.TrimSuffix(filepath.Base(path), ".gz") { // it is no archive
			files[i].Name = path
		} else {
			files[i].Name = filepath.Join(path, name)
		}
	}
	if len(files) == 1 && files[0].Name == path { // what comes in an archive names nothing outside of it
		for _, list := range listsOf(files[0].Text) {
			name := beside(path, list)
			if text, ok := readList(os.DirFS(filepath.Dir(name)), filepath.Base(name)); ok {
				files = append(files, File{Name: name, Text: text, Data: true})
			}
		}
	}
	return r.add(source, files)
}

// readList reads a list that a rule names. That it is not there, is no file or is too large is told of the rule.
func readList(in fs.FS, name string) ([]byte, bool) {
	st, err := fs.Stat(in, name)
	if err != nil || !st.Mode().IsRegular() || st.Size() > maxUnpacked {
		return nil, false
	}
	text, err := fs.ReadFile(in, name)
	return text, err == nil
}

// addFolder adds what is read of a folder; called says how a file is called.
func (r *Rules) addFolder(source string, in fs.FS, called func(string) string) error {
	var files []File
	err := fs.WalkDir(in, ".", func(name string, d fs.DirEntry, err error) error {
		if k := kindOf(name); err != nil || d.IsDir() || k == noFile || k == mapFile {
			return err
		}
		if st, err := d.Info(); err == nil && st.Size() > maxUnpacked {
			return fmt.Errorf("%w: %s has %d bytes, more than %d", ErrTooLarge, called(name), st.Size(), maxUnpacked)
		}
		text, err := fs.ReadFile(in, name)
		if err != nil {
			return err
		}
		files = append(files, File{Name: called(name), Text: text, Data: kindOf(name) == dataFile})
		for _, list := range listsOf(text) {
			if filepath.IsAbs(list) {
				continue
			}
			list = beside(name, list)
			if text, ok := readList(in, list); ok {
				files = append(files, File{Name: called(list), Text: text, Data: true})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.add(source, files)
}

// add adds files of a source, as long as there is room for them.
func (r *Rules) add(source string, files []File) error {
	size := 0
	for _, f := range slices.Concat(r.Files, r.Logs) {
		size += len(f.Text)
	}
	for _, f := range files {
		if size += len(f.Text); size > maxBundle {
			return fmt.Errorf("%w: with %s all rules together have more than %d bytes", ErrTooLarge, f.Name, maxBundle)
		}
		f.Source = source
		if kindOf(f.Name) == logFile {
			r.Logs = append(r.Logs, f)
		} else {
			r.Files = append(r.Files, f)
		}
	}
	return nil
}
