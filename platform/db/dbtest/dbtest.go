// Package dbtest gives tests a database of each engine: an empty SQLite file always, and a PostgreSQL server of
// their own where one is installed.
package dbtest

import (
	"path/filepath"
	"testing"

	"bulwark/platform/db"
)

// Each runs test once on SQLite and once on PostgreSQL, each time on an empty database. Where PostgreSQL is not
// installed its half is skipped and says so. Starting the server takes about a second: call Each once a package and
// give it sub-tests.
func Each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, PostgreSQL(t)) })
}

// SQLite is an empty SQLite database in a folder that goes with the test.
func SQLite(t testing.TB) *db.DB {
	t.Helper()
	return open(t, "sqlite:"+filepath.Join(t.TempDir(), "state.db"))
}

// PostgreSQL is an empty database on a server that lives as long as the test, reached by a Unix socket only. It
// skips the test where PostgreSQL is not installed.
func PostgreSQL(t testing.TB) *db.DB {
	t.Helper()
	return open(t, startPostgreSQL(t))
}

func open(t testing.TB, url string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("closing the database: %v", err)
		}
	})
	return d
}
