package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// readers is how many questions SQLite answers at the same time.
const readers = 4

// openSQLite opens two pools on one file: one connection that writes, and some that only read.
func openSQLite(path string) (*DB, error) {
	if err := makeFile(path); err != nil {
		return nil, fmt.Errorf("making the database file: %w", err)
	}
	write, err := sql.Open("sqlite", dsn(path, "_txlock=immediate"))
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	write.SetMaxOpenConns(1) // the single writer of this process; busy_timeout waits for the others
	read, err := sql.Open("sqlite", dsn(path, "_pragma=query_only(1)"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", path, err), write.Close())
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return &DB{
		engine: SQLite,
		path:   path,
		read:   bun.NewDB(read, sqlitedialect.New()),
		write:  bun.NewDB(write, sqlitedialect.New()),
	}, nil
}

// Settle writes what was committed into the database file itself and empties the log before it, so that what was deleted stands in neither. It is
// done as far as readers let it. PostgreSQL looks after that by itself.
func (d *DB) Settle(ctx context.Context) error {
	if d.engine != SQLite {
		return nil
	}
	_, err := d.write.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

// dsn is the driver's address of path. synchronous=FULL: in WAL mode a commit is then synced to the disk before it
// is acknowledged (https://sqlite.org/pragma.html#pragma_synchronous), which costs about half a millisecond.
// secure_delete writes zeros over what is deleted: nobody reads an erased person out of the file.
func dsn(path, more string) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	u.RawQuery = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
		"&_pragma=foreign_keys(1)&_pragma=secure_delete(1)&_pragma=journal_size_limit(67108864)&" + more
	return u.String()
}

// makeFile creates the file for its owner alone, before SQLite would create it for everybody; SQLite gives its
// -wal and -shm files the same mode.
func makeFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// Backup writes a consistent copy of the database to path, which must not exist yet, while everything goes on. The
// copy is complete and synced when Backup returns; a backup that was cut short leaves only path + ".part". It
// returns [ErrEngine] on PostgreSQL, which has pg_dump and its own archiving.
func (d *DB) Backup(ctx context.Context, path string) error {
	if d.engine != SQLite {
		return fmt.Errorf("%w: back %s up with pg_dump", ErrEngine, d.engine)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("backing up to %s: %w", path, errors.Join(err, os.ErrExist))
	}
	part := path + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := makeFile(part); err != nil { // VACUUM INTO accepts an empty file, and keeps its mode
		return err
	}
	if err := d.copyTo(ctx, part); err != nil {
		return errors.Join(fmt.Errorf("backing up to %s: %w", path, err), os.Remove(part))
	}
	if err := syncFile(part); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return syncFile(filepath.Dir(path))
}

// copyTo uses a connection of its own: the readers' may not write, and the writer must not wait for a copy.
func (d *DB) copyTo(ctx context.Context, part string) error {
	c, err := sql.Open("sqlite", dsn(d.path, ""))
	if err != nil {
		return err
	}
	_, err = c.ExecContext(ctx, "VACUUM INTO ?", part)
	return errors.Join(err, c.Close())
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
