// Package signature finds what rules describe in the traffic: rules in Suricata's language, which the field shares. It
// reads them, says of each whether it is loaded, and looks for them inside the sensor's loop ([Eye]).
package signature

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"bulwark/content/rules"
)

// Names of sources that nobody names.
const (
	Shipped = "bulwark" // what comes with the program
	Paths   = "paths"   // what stands in the setting rules.paths
)

// addShipped adds the rules that come with the program.
func (r *Rules) addShipped() error {
	return r.addFiles(Shipped, rules.Files(), ".", func(name string) string { return Shipped + "/" + name })
}

// addPath adds a file, or of a directory all files that end in .rules, and the classification.config.
func (r *Rules) addPath(path string) error {
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	if st.IsDir() {
		return r.addFiles(Paths, os.DirFS(path), ".", func(name string) string { return filepath.Join(path, name) })
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	r.Files = append(r.Files, File{Name: path, Text: text, Source: Paths})
	return nil
}

// addFiles adds what is read of a folder; called says how a file is called.
func (r *Rules) addFiles(source string, in fs.FS, dir string, called func(string) string) error {
	return fs.WalkDir(in, dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".rules") && !isClassification(name) {
			return err
		}
		text, err := fs.ReadFile(in, name)
		if err != nil {
			return err
		}
		r.Files = append(r.Files, File{Name: called(name), Text: text, Source: source})
		return nil
	})
}

func isClassification(name string) bool { return filepath.Base(name) == "classification.config" }
