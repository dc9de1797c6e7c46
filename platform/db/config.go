package db

import (
	"fmt"
	"path/filepath"

	"bulwark/platform/conf"
)

// Config is where the program's state is kept.
type Config struct {
	// URL is the address of the database: sqlite:PATH, or postgres://USER:PASSWORD@HOST/NAME?sslmode=verify-full for a
	// server of the hospital's own. Empty means the file state.db in the data directory.
	URL conf.Secret `conf:"url"`
}

// Address is what [Open] takes, where dir is the data directory.
func (c Config) Address(dir string) (string, error) {
	if c.URL.IsZero() {
		return "sqlite:" + filepath.Join(dir, "state.db"), nil
	}
	url, err := c.URL.Reveal()
	if err != nil {
		return "", fmt.Errorf("reading the address of the database: %w", err)
	}
	return url, nil
}
