package breach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Copy takes a filter that was made elsewhere: it writes what it reads to the file name, which is there whole and sound, or as it was.
func Copy(ctx context.Context, from io.Reader, name string) error {
	out, err := os.CreateTemp(filepath.Dir(name), ".breach-*")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	if _, err := io.Copy(out, &cancelled{ctx, from}); err != nil {
		return err
	}
	if err := errors.Join(out.Chmod(0o644), out.Sync(), out.Close()); err != nil {
		return err
	}
	f, err := Open(out.Name())
	if err != nil {
		return err
	}
	if err := errors.Join(f.Verify(), f.Close()); err != nil {
		return fmt.Errorf("what was read: %w", err)
	}
	return os.Rename(out.Name(), name)
}

// cancelled reads until ctx ends.
type cancelled struct {
	ctx  context.Context
	from io.Reader
}

func (c *cancelled) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.from.Read(b)
}

// IsFilter tells whether what begins so is a filter, not a list.
func IsFilter(start []byte) bool {
	return len(start) >= len(magic) && string(start[:len(magic)]) == magic
}
