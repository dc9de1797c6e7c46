// Package sigmahq unpacks what SigmaHQ gives out, whole and in memory, for tests and benches: what comes from outside has no bound.
package sigmahq

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"testing/fstest"

	"github.com/klauspost/compress/zstd"
)

// Archive is the name of the rules, in the folder sigma-rules.
const Archive = "sigma-8eaafff1f.tar.zst"

// Unpacked are the files of a tar archive in zstd.
func Unpacked(name string) (fstest.MapFS, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d, err := zstd.NewReader(f)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	all := fstest.MapFS{}
	for r := tar.NewReader(d); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all[path.Clean(h.Name)] = &fstest.MapFile{Data: text}
	}
}

// Rules are the files of an archive that are in the folders of the rules in force.
func Rules(name string) (fstest.MapFS, error) {
	all, err := Unpacked(name)
	if err != nil {
		return nil, err
	}
	active := fstest.MapFS{}
	for name, f := range all {
		if top, _, _ := strings.Cut(name, "/"); slices.Contains([]string{"rules", "rules-emerging-threats", "rules-threat-hunting"}, top) {
			active[name] = f
		}
	}
	return active, nil
}
