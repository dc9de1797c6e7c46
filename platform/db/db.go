// Package db opens the database that holds the program's state: people, sessions, leases, cases, the ledger.
// It is a SQLite file beside the program, or a PostgreSQL server when one address in the configuration says so;
// models, migrations and guarantees are the same.
//
// Writes happen one at a time, on both engines, in [DB.Write]. What it acknowledged is on the disk. A transaction
// that reads and then writes therefore never races with another: no lost update, no write skew. Reads go beside
// it, through [DB.Read], and never wait for a writer.
//
// One migration set serves both engines as long as it keeps to: ids made by the program (TEXT), the types TEXT,
// BIGINT, BOOLEAN, BYTEA, JSONB and TIMESTAMPTZ, and no automatic numbering. A room's tables start with its name.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// Engine is the kind of database behind a [DB].
type Engine uint8

const (
	// SQLite is the embedded engine.
	SQLite Engine = iota + 1
	// PostgreSQL is the external one.
	PostgreSQL
)

func (e Engine) String() string {
	switch e {
	case SQLite:
		return "sqlite"
	case PostgreSQL:
		return "postgres"
	}
	return "none"
}

var (
	// ErrURL means that the address of the database is neither sqlite:PATH nor postgres://...
	ErrURL = errors.New("db: address is neither sqlite:PATH nor postgres://HOST/NAME")
	// ErrEngine means that the engine cannot do what was asked; its own tools must.
	ErrEngine = errors.New("db: the engine does not offer this")
)

// DB is an open database. Make it with [Open]; it is safe for concurrent use.
type DB struct {
	engine Engine
	path   string // SQLite's file
	read   *bun.DB
	write  *bun.DB // the same pool as read on PostgreSQL, a pool of one connection on SQLite
}

// Open opens the database at url, creating the file of "sqlite:PATH" (mode 0600) where there is none, and waits
// until it answers. It does not create a PostgreSQL database.
func Open(ctx context.Context, url string) (*DB, error) {
	var d *DB
	var err error
	switch scheme, rest, _ := strings.Cut(url, ":"); {
	case scheme == "sqlite" && rest != "":
		d, err = openSQLite(rest)
	case scheme == "postgres" || scheme == "postgresql":
		d, err = openPostgreSQL(url)
	default:
		return nil, ErrURL // the address may hold a password: it is not quoted
	}
	if err != nil {
		return nil, err
	}
	if err := errors.Join(d.write.PingContext(ctx), d.read.PingContext(ctx)); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the %s database%s: %w", d.engine, d.where(), err), d.Close())
	}
	return d, nil
}

// where names SQLite's file in an error; the address of a server may hold a password, and is not told.
func (d *DB) where() string {
	if d.path == "" {
		return ""
	}
	return " " + d.path
}

// Engine tells which engine answers.
func (d *DB) Engine() Engine { return d.engine }

// Read is where questions are asked. On SQLite it refuses to write.
func (d *DB) Read() bun.IDB { return d.read }

// Write runs change in a transaction, alone: no other Write, of this process or another, runs beside it. It
// commits when change returns nil and has then reached the disk; otherwise nothing has happened. change must use tx
// for everything, reads included, and must not call Write.
func (d *DB) Write(ctx context.Context, change func(ctx context.Context, tx bun.Tx) error) error {
	return d.write.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := d.lock(ctx, tx); err != nil {
			return fmt.Errorf("waiting for the writer's turn: %w", err)
		}
		return change(ctx, tx)
	})
}

// Snapshot runs look over one unchanging state of the database, whatever is written meanwhile.
func (d *DB) Snapshot(ctx context.Context, look func(ctx context.Context, tx bun.Tx) error) error {
	var o *sql.TxOptions // SQLite: a read transaction is a snapshot
	if d.engine == PostgreSQL {
		o = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	return d.read.RunInTx(ctx, o, look)
}

// Close lets go of every connection.
func (d *DB) Close() error {
	if d.read == d.write {
		return d.read.Close()
	}
	return errors.Join(d.read.Close(), d.write.Close())
}

// Time is t as the database keeps it: UTC, whole milliseconds, without a monotonic reading. What was written with
// it is read back equal.
func Time(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// NotFound tells whether err says that a row was asked for and is not there.
func NotFound(err error) bool { return errors.Is(err, sql.ErrNoRows) }
