package logs

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/uptrace/bun"

	"bulwark/observe/logs/internal/tail"
	"bulwark/platform/db"
)

type placeRow struct {
	bun.BaseModel `bun:"table:logs_place,alias:p"`
	Path          string          `bun:"path,pk"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

// places keep how far files are read.
type places struct{ db *db.DB }

// Load is what was kept, by path.
func (p places) Load(ctx context.Context) (map[string]tail.Place, error) {
	var rows []placeRow
	if err := p.db.Read().NewSelect().Model(&rows).Scan(ctx); err != nil {
		return nil, err
	}
	all := map[string]tail.Place{}
	for _, row := range rows {
		var at tail.Place
		if err := json.Unmarshal(row.Doc, &at); err != nil {
			return nil, fmt.Errorf("reading how far %s is read: %w", row.Path, err)
		}
		all[row.Path] = at
	}
	return all, nil
}

// Save keeps how far the file of a path is read.
func (p places) Save(ctx context.Context, path string, at tail.Place) error {
	doc, err := json.Marshal(at)
	if err != nil {
		return err
	}
	return p.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		return db.Put(ctx, tx, []placeRow{{Path: path, Doc: doc}}, "path", "doc")
	})
}
