// Package gunzip reads compressed files whole, for tests and benches: those that come from outside have no bound.
package gunzip

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
)

// File is what a file holds once it is unpacked (RFC 1952).
func File(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return io.ReadAll(z)
}
