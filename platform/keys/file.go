package keys

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// secretLimit bounds what is read from a key or certificate file, in bytes.
const secretLimit = 1 << 20

// readSecret reads a file that must belong to its owner alone.
func readSecret(path string) ([]byte, error) {
	s, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if s.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s has mode %v", ErrReadable, path, s.Mode().Perm())
	}
	return readBounded(path, s.Size())
}

func readBounded(path string, size int64) ([]byte, error) {
	if size > secretLimit {
		return nil, fmt.Errorf("keys: %s is larger than 1 MiB", path)
	}
	return os.ReadFile(path)
}

// writeNew makes the file path with text, for its owner alone, and only if there is none: after a crash at any
// instant the file is whole or absent. It returns [fs.ErrExist] when there is one.
func writeNew(path string, text []byte) error {
	part, err := writePart(path, text)
	if err != nil {
		return err
	}
	// Unlike a rename, a link never replaces.
	err = os.Link(part, path)
	return errors.Join(err, os.Remove(part), syncFolder(path))
}

// replace makes or replaces the file path with text, for its owner alone; after a crash it is the old or the new.
func replace(path string, text []byte) error {
	part, err := writePart(path, text)
	if err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return syncFolder(path)
}

// writePart writes text beside path, synced, and returns where. CreateTemp makes files of mode 0600.
func writePart(path string, text []byte) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part")
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

func syncFolder(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
