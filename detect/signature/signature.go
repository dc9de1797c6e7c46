// Package signature finds what rules describe in the traffic: rules in Suricata's language, which the field shares. It
// reads them, says of each whether it is loaded, and looks for them inside the sensor's loop ([Eye]).
package signature

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Load reads rule files: each path is one, or a directory, of which all files that end in .rules are read, and the
// classification.config.
func Load(paths []string) (*Rules, error) {
	r := &Rules{}
	for _, path := range paths {
		st, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		names := []string{path}
		if st.IsDir() {
			if names, err = ruleFiles(path); err != nil {
				return nil, err
			}
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			r.Files = append(r.Files, File{Name: name, Text: text})
		}
	}
	slices.SortStableFunc(r.Files, func(a, b File) int { // classes first
		switch x, y := isClassification(a.Name), isClassification(b.Name); {
		case x && !y:
			return -1
		case y && !x:
			return 1
		}
		return 0
	})
	return r, nil
}

func ruleFiles(dir string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && (strings.HasSuffix(path, ".rules") || isClassification(path)) {
			names = append(names, path)
		}
		return err
	})
	return names, err
}

func isClassification(name string) bool { return filepath.Base(name) == "classification.config" }
