package logs

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

//go:embed migrations
var migrations embed.FS

type sourceRow struct {
	bun.BaseModel `bun:"table:logs_source,alias:s"`
	ID            string          `bun:"id,pk"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

// kept is what is kept of a source.
type kept struct {
	key
	Words  Words     `json:"words"`
	Said   bool      `json:"said"` // Words are a person's
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
	Counts Counts    `json:"counts"`
	Rhythm rhythm    `json:"rhythm"`
}

// migrate makes the tables.
func migrate(ctx context.Context, d *db.DB) error {
	own, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	return db.Migrate(ctx, d, "logs", own)
}

// load reads what was kept of sources.
func (t *Sources) load(ctx context.Context) error {
	var rows []sourceRow
	if err := t.db.Read().NewSelect().Model(&rows).Limit(mostSources + 64).Scan(ctx); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, row := range rows {
		var k kept
		if err := json.Unmarshal(row.Doc, &k); err != nil {
			return fmt.Errorf("reading the log source %s: %w", row.ID, err)
		}
		s := t.add(k.key)
		s.words, s.said, s.first, s.last, s.counts, s.rhythm, s.dirty = k.Words, k.Said, k.First, k.Last, k.Counts, k.Rhythm, false
		t.settle(s)
	}
	return nil
}

// save keeps what is new of sources.
func (t *Sources) save(ctx context.Context) error {
	rows, err := t.changed()
	if err != nil || len(rows) == 0 {
		return err
	}
	return t.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return db.Put(ctx, tx, rows, "id", "doc") })
}

// changed are the rows of sources that changed since they were asked for last.
func (t *Sources) changed() (rows []sourceRow, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.byID {
		if !s.dirty {
			continue
		}
		row, err := s.row()
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
		s.dirty = false
	}
	return rows, nil
}

// row is what is kept of a source. Callers hold the mutex of the table.
func (s *source) row() (sourceRow, error) {
	doc, err := json.Marshal(kept{s.key, s.words, s.said, s.first, s.last, s.counts, s.rhythm})
	return sourceRow{ID: s.ID, Doc: doc}, err
}

// say keeps what a person says of a source, and who did.
func (t *Sources) say(ctx context.Context, actor, id string, w Words) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.byID[id]
	if !ok {
		return ErrNoSource
	}
	words, said := s.words, s.said
	s.words, s.said = w, true
	row, err := s.row()
	if err == nil {
		err = t.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			if err := db.Put(ctx, tx, []sourceRow{row}, "id", "doc"); err != nil {
				return err
			}
			_, err := t.ledger.Append(ctx, tx, ledger.Entry{Actor: actor, Act: "logs.source", Object: "log-source:" + id, Outcome: ledger.Done,
				Detail: map[string]string{"name": w.Name, "format": w.Format, "muted": fmt.Sprint(w.Muted), "expected": w.Expected.String()}})
			return err
		})
	}
	if err != nil {
		s.words, s.said = words, said
		return err
	}
	t.settle(s)
	return nil
}
