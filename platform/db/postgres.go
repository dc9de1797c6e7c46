package db

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// writerLock is the key of the PostgreSQL advisory lock that gives one writer its turn: "bulwark" in ASCII.
const writerLock int64 = 0x62756c7761726b

// openPostgreSQL opens one pool on the server at url (pgx's syntax: postgres://user:password@host/name?sslmode=...).
func openPostgreSQL(url string) (*DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrURL, err) // pgx hides the password in its message
	}
	config.RuntimeParams["application_name"] = "bulwark"
	config.RuntimeParams["timezone"] = "UTC"
	// A process that hangs between two statements must not keep the writer's turn for ever.
	config.RuntimeParams["idle_in_transaction_session_timeout"] = "60s"
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(4)
	b := bun.NewDB(pool, pgdialect.New())
	return &DB{engine: PostgreSQL, read: b, write: b}, nil
}

// lock waits for the writer's turn. SQLite gave it when the transaction began (_txlock=immediate). PostgreSQL keeps
// it until the end of tx, and each later statement sees what the writers before committed (READ COMMITTED).
func (d *DB) lock(ctx context.Context, tx bun.Tx) error {
	if d.engine == SQLite {
		return nil
	}
	_, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(?)", writerLock)
	return err
}
