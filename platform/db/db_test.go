package db_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/conf"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
)

type incident struct {
	bun.BaseModel `bun:"table:trial_incident"`
	ID            string          `bun:",pk"`
	Severity      int64           `bun:"severity"`
	Owner         *string         `bun:"owner"`
	Tags          []string        `bun:"tags,type:jsonb"`
	Facts         json.RawMessage `bun:"facts,type:jsonb"`
	Hash          []byte          `bun:"hash"`
	Open          bool            `bun:"open"`
	Opened        time.Time       `bun:"opened"`
}

type note struct {
	bun.BaseModel `bun:"table:trial_note"`
	ID            string `bun:",pk"`
	Incident      string `bun:"incident"`
}

func migrations() fstest.MapFS {
	return fstest.MapFS{
		"00001_incident.sql": {Data: []byte(`-- +goose Up
CREATE TABLE trial_incident (id TEXT PRIMARY KEY, severity BIGINT NOT NULL, owner TEXT, tags JSONB, facts JSONB,
	hash BYTEA, open BOOLEAN NOT NULL, opened TIMESTAMPTZ NOT NULL);`)},
		"00002_note.sql": {Data: []byte(`-- +goose Up
CREATE TABLE trial_note (id TEXT PRIMARY KEY, incident TEXT NOT NULL REFERENCES trial_incident (id));
CREATE INDEX trial_note_incident ON trial_note (incident);`)},
	}
}

func TestBothEngines(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for range 2 { // the second time there is nothing to do
			if err := db.Migrate(t.Context(), d, "trial", migrations()); err != nil {
				t.Fatal(err)
			}
		}
		t.Run("what is written is read back equal", func(t *testing.T) { readBack(t, d) })
		t.Run("an error undoes the whole change", func(t *testing.T) { undo(t, d) })
		t.Run("a note without its incident is refused", func(t *testing.T) { foreignKey(t, d) })
		t.Run("changes that read then write do not lose one another", func(t *testing.T) { noLostUpdate(t, d) })
		t.Run("times sort and compare in the database", func(t *testing.T) { times(t, d) })
	})
}

func insert(ctx context.Context, d *db.DB, in ...*incident) error {
	return d.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&in).Exec(ctx)
		return err
	})
}

func find(ctx context.Context, d *db.DB, id string) (*incident, error) {
	got := &incident{}
	return got, d.Read().NewSelect().Model(got).Where("id = ?", id).Scan(ctx)
}

func readBack(t *testing.T, d *db.DB) {
	owner := "Zoé"
	paris := time.FixedZone("CET", 3600)
	want := &incident{
		ID: "a", Severity: 3, Owner: &owner, Tags: []string{"dicom", "é"}, Facts: json.RawMessage(`{"bytes": 12}`),
		Hash: []byte{0, 1, 0xff}, Open: true, Opened: db.Time(time.Date(2026, 11, 22, 2, 30, 0, 123456789, paris)),
	}
	if err := insert(t.Context(), d, want); err != nil {
		t.Fatal(err)
	}
	got, err := find(t.Context(), d, "a")
	if err != nil {
		t.Fatal(err)
	}
	if !got.Opened.Equal(want.Opened) {
		t.Errorf("opened = %v, want %v", got.Opened, want.Opened)
	}
	if *got.Owner != owner || strings.Join(got.Tags, ",") != "dicom,é" || string(got.Hash) != string(want.Hash) || !got.Open {
		t.Errorf("got %+v, want %+v", got, want)
	}
	var facts struct{ Bytes int }
	if err := json.Unmarshal(got.Facts, &facts); err != nil || facts.Bytes != 12 {
		t.Errorf("facts = %s (%v), want 12 bytes", got.Facts, err)
	}
	if _, err := find(t.Context(), d, "nobody"); !db.NotFound(err) {
		t.Errorf("finding what is not there = %v, want not found", err)
	}
}

func undo(t *testing.T, d *db.DB) {
	stop := errors.New("stop")
	err := d.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&incident{ID: "undone", Opened: db.Time(time.Now())}).Exec(ctx); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Errorf("Write = %v, want %v", err, stop)
	}
	if _, err := find(t.Context(), d, "undone"); !db.NotFound(err) {
		t.Errorf("finding the undone row = %v, want not found", err)
	}
}

func foreignKey(t *testing.T, d *db.DB) {
	err := d.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&note{ID: "n", Incident: "none"}).Exec(ctx)
		return err
	})
	if err == nil {
		t.Error("a note on no incident was accepted, want an error")
	}
}

func noLostUpdate(t *testing.T, d *db.DB) {
	if err := insert(t.Context(), d, &incident{ID: "count", Opened: db.Time(time.Now())}); err != nil {
		t.Fatal(err)
	}
	const writers, rounds = 8, 20
	var wait sync.WaitGroup
	for range writers {
		wait.Go(func() {
			for range rounds {
				if err := addOne(t.Context(), d); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	got, err := find(t.Context(), d, "count")
	if err != nil {
		t.Fatal(err)
	}
	if got.Severity != writers*rounds {
		t.Errorf("count = %d, want %d", got.Severity, writers*rounds)
	}
}

func addOne(ctx context.Context, d *db.DB) error {
	return d.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		var n int64
		if err := tx.NewSelect().Table("trial_incident").Column("severity").Where("id = 'count'").Scan(ctx, &n); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Table("trial_incident").Set("severity = ?", n+1).Where("id = 'count'").Exec(ctx)
		return err
	})
}

func times(t *testing.T, d *db.DB) {
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, plus := range []time.Duration{0, 500 * time.Millisecond, 520 * time.Millisecond, time.Second} {
		if err := insert(t.Context(), d, &incident{ID: "time" + string(rune('0'+i)), Opened: start.Add(plus)}); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	err := d.Read().NewSelect().Table("trial_incident").Column("id").
		Where("opened > ?", start).Where("opened <= ?", start.Add(time.Second)).OrderExpr("opened").Scan(t.Context(), &ids)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(ids, " "), "time1 time2 time3"; got != want {
		t.Errorf("after the start = %q, want %q", got, want)
	}
}

func TestMigrateRefusesATableOfAnotherRoom(t *testing.T) {
	d := dbtest.SQLite(t)
	for _, table := range []string{"incident_case", "trial", "trialist_x"} {
		fs := fstest.MapFS{"00001_x.sql": {Data: []byte("-- +goose Up\nCREATE TABLE IF NOT EXISTS " + table + " (id TEXT);")}}
		if err := db.Migrate(t.Context(), d, "trial", fs); !errors.Is(err, db.ErrPrefix) {
			t.Errorf("creating %s = %v, want %v", table, err, db.ErrPrefix)
		}
	}
}

func TestOpenRefusesAnAddressItDoesNotKnow(t *testing.T) {
	for _, url := range []string{"", "sqlite:", "mysql://root:secret@db/x", "/var/lib/state.db"} {
		_, err := db.Open(t.Context(), url)
		if !errors.Is(err, db.ErrURL) {
			t.Errorf("Open(%q) = %v, want %v", url, err, db.ErrURL)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("Open(%q) tells the password: %v", url, err)
		}
	}
	_, err := db.Open(t.Context(), "postgres://u:secret@[::1/x")
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("Open of a broken address = %v, want an error without the password", err)
	}
}

func TestSQLiteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new folder", "état 100%?.db")
	d, err := db.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := db.Migrate(t.Context(), d, "trial", migrations()); err != nil {
		t.Fatal(err)
	}
	if err := insert(t.Context(), d, &incident{ID: "a", Opened: db.Time(time.Now())}); err != nil {
		t.Fatal(err)
	}
	t.Run("it belongs to its owner alone", func(t *testing.T) {
		for _, end := range []string{"", "-wal", "-shm"} {
			s, err := os.Stat(path + end)
			if err != nil {
				t.Fatal(err)
			}
			if s.Mode().Perm() != 0o600 {
				t.Errorf("mode of %s = %v, want 0600", s.Name(), s.Mode().Perm())
			}
		}
	})
	t.Run("it keeps its promises", func(t *testing.T) { pragmas(t, d) })
	t.Run("the reading side refuses to write", func(t *testing.T) {
		if _, err := d.Read().NewDelete().Table("trial_incident").Where("id = 'a'").Exec(t.Context()); err == nil {
			t.Error("a delete through Read was accepted, want an error")
		}
	})
	t.Run("a backup holds what was written", func(t *testing.T) { backup(t, d) })
}

func pragmas(t *testing.T, d *db.DB) {
	err := d.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"} {
			var got string
			if err := tx.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil {
				return err
			}
			if got != want {
				t.Errorf("%s = %s, want %s", pragma, got, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func backup(t *testing.T, d *db.DB) {
	path := filepath.Join(t.TempDir(), "backup.db")
	if err := d.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if s, err := os.Stat(path); err != nil || s.Mode().Perm() != 0o600 {
		t.Errorf("backup: %v, %v; want mode 0600", s, err)
	}
	copied, err := db.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	if _, err := find(t.Context(), copied, "a"); err != nil {
		t.Errorf("finding the row in the backup: %v", err)
	}
	if err := d.Backup(t.Context(), path); !errors.Is(err, os.ErrExist) {
		t.Errorf("backing up over a file = %v, want %v", err, os.ErrExist)
	}
}

func BenchmarkWriteDurably(b *testing.B) {
	d := dbtest.SQLite(b)
	if err := db.Migrate(b.Context(), d, "trial", migrations()); err != nil {
		b.Fatal(err)
	}
	if err := insert(b.Context(), d, &incident{ID: "count", Opened: db.Time(time.Now())}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := addOne(b.Context(), d); err != nil {
			b.Fatal(err)
		}
	}
}

func TestConfigAddress(t *testing.T) {
	for want, c := range map[string]db.Config{
		"sqlite:/var/lib/bulwark/state.db": {},
		"postgres://db/bulwark":            {URL: conf.NewSecret("postgres://db/bulwark")},
	} {
		if got, err := c.Address("/var/lib/bulwark"); got != want || err != nil {
			t.Errorf("Address = %q, %v; want %q", got, err, want)
		}
	}
}
