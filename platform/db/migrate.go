package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// ErrPrefix means that a migration creates a table that does not start with its room's name.
var ErrPrefix = errors.New("db: a table must start with its room's name")

// Migrate brings the tables of one room up to date. migrations holds goose files at its root
// (00001_people.sql, with "-- +goose Up"), each applied once and in one transaction; which ones were is kept in the
// table ROOM_migrations. Two processes that start together take turns.
func Migrate(ctx context.Context, d *DB, room string, migrations fs.FS) error {
	if err := checkTables(room, migrations); err != nil {
		return err
	}
	options := []goose.ProviderOption{
		goose.WithTableName(room + "_migrations"),
		goose.WithDisableGlobalRegistry(true),
	}
	dialect := goose.DialectSQLite3
	if d.engine == PostgreSQL {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		dialect = goose.DialectPostgres
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, d.write.DB, migrations, options...)
	if err != nil {
		return fmt.Errorf("reading the migrations of %s: %w", room, err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrating the tables of %s: %w", room, err)
	}
	return nil
}

// checkTables refuses a room that creates a table under another room's name.
func checkTables(room string, migrations fs.FS) error {
	created := regexp.MustCompile(`(?i)\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?"?(\w+)`)
	own := regexp.MustCompile("^" + regexp.QuoteMeta(room) + "_[a-z]")
	files, err := fs.Glob(migrations, "*.sql")
	if err != nil {
		return err
	}
	for _, name := range files {
		text, err := fs.ReadFile(migrations, name)
		if err != nil {
			return err
		}
		for _, m := range created.FindAllSubmatch(text, -1) {
			if !own.Match(m[1]) {
				return fmt.Errorf("%w: %s: %s creates %s", ErrPrefix, room, name, m[1])
			}
		}
	}
	return nil
}
