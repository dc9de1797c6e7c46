package db_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
)

// A file that a full disk or a copy has cut short is refused by its name, and stays as it is for whoever mends it.
func TestACutFileIsRefused(t *testing.T) {
	whole := filled(t)
	for _, c := range []struct {
		sentence string
		cut      func([]byte) []byte
	}{
		{"to half of its pages", func(b []byte) []byte { return b[:len(b)/2/4096*4096] }},
		{"within a page", func(b []byte) []byte { return b[:len(b)/2/4096*4096+100] }},
		{"by its last page", func(b []byte) []byte { return b[:len(b)-4096] }},
		{"within its first page", func(b []byte) []byte { return b[:700] }},
		{"to what is no database", func([]byte) []byte { return []byte(strings.Repeat("not a database\n", 100)) }},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "state.db")
			cut := c.cut(bytes.Clone(whole))
			if err := os.WriteFile(file, cut, 0o600); err != nil {
				t.Fatal(err)
			}
			d, err := db.Open(t.Context(), "sqlite:"+file)
			if err == nil {
				err = d.Close()
				t.Errorf("it was opened, and closed with %v", err)
			} else if !strings.Contains(err.Error(), file) {
				t.Errorf("got %v, want it to name %s", err, file)
			}
			if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, cut) {
				t.Errorf("the file is another now: %d bytes, were %d; %v", len(after), len(cut), err)
			}
		})
	}
}

// filled is a database of some hundred pages.
func filled(t *testing.T) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "state.db")
	d, err := db.Open(t.Context(), "sqlite:"+file)
	if err != nil {
		t.Fatal(err)
	}
	err = d.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewRaw("CREATE TABLE thing (id BIGINT PRIMARY KEY, text TEXT)").Exec(ctx); err != nil {
			return err
		}
		for n := range 200 {
			if _, err := tx.NewRaw("INSERT INTO thing VALUES (?, ?)", n, strings.Repeat("x", 2000)).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil { // what is in the log goes into the file
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil || len(whole) < 50*4096 {
		t.Fatalf("%d bytes, %v", len(whole), err)
	}
	return whole
}
