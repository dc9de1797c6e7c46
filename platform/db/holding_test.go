package db_test

import (
	"context"
	"maps"
	"testing"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
)

func TestAWordIsFoundWhereverItStands(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			for _, s := range []string{
				`CREATE TABLE a_text (id TEXT PRIMARY KEY, n BIGINT)`, `CREATE TABLE a_doc (id BIGINT PRIMARY KEY, doc JSONB)`, `CREATE TABLE a_bytes (id BIGINT PRIMARY KEY, b BYTEA)`,
				`INSERT INTO a_text VALUES ('analyst', 1), ('Ana', 2), ('x.ana@y', 3)`, `INSERT INTO a_doc VALUES (1, '{"by": "ana"}'), (2, '{"by": "banana"}')`,
			} {
				if _, err := tx.ExecContext(ctx, s); err != nil {
					return err
				}
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO a_bytes VALUES (?, ?)`, 1, []byte("\x01 Ana Roux \x02"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.Holding(t.Context(), []string{"ana", "Ana Roux"})
		if want := map[string]int{"a_text": 2, "a_doc": 1, "a_bytes": 1}; err != nil || !maps.Equal(got, want) {
			t.Errorf("got %v, %v; want %v", got, err, want)
		}
		if got, err := d.Holding(t.Context(), []string{"100%"}); err != nil || len(got) > 0 {
			t.Errorf("of a word that stands nowhere: %v, %v", got, err)
		}
	})
}
