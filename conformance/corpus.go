package conformance

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// archive reads a .tar.zst of the sensor's data as names and contents.
func (b *Bench) archive(name string) (map[string][]byte, error) {
	f, err := os.Open(filepath.Join(b.Data, "sensor", name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	files := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
	}
}

// file is the path of a file of the sensor's data.
func (b *Bench) file(elem ...string) string {
	return filepath.Join(append([]string{b.Data, "sensor"}, elem...)...)
}

// capture puts a capture from an archive where it can be opened. It is overwritten by the next.
func (b *Bench) capture(data []byte) (string, error) {
	path := filepath.Join(b.Scratch, "capture")
	return path, os.WriteFile(path, data, 0o600)
}
