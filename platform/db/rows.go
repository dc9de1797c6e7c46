package db

import (
	"context"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

// RowsAtOnce is how many rows one statement writes: SQLite takes 32,766 values in one.
const RowsAtOnce = 500

// Put inserts rows of a table, or takes the place of those with the same key: columns are those that are written over. key is
// one column, or several with commas between.
func Put[T any](ctx context.Context, tx bun.Tx, rows []T, key string, columns ...string) error {
	for some := range slices.Chunk(rows, RowsAtOnce) {
		q := tx.NewInsert().Model(&some).On("CONFLICT (" + key + ") DO UPDATE")
		for _, c := range columns {
			q = q.Set("? = EXCLUDED.?", bun.Ident(c), bun.Ident(c))
		}
		if _, err := q.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Drop deletes the rows of model's table with these keys; values are those of a key, one for each of the columns.
func Drop[K any](ctx context.Context, tx bun.Tx, model any, keys []K, columns string, values func(K) []any) error {
	for some := range slices.Chunk(keys, RowsAtOnce) {
		var args []any
		for _, k := range some {
			args = append(args, values(k)...)
		}
		row := "(" + strings.Repeat(", ?", len(args)/len(some))[2:] + ")"
		rows := strings.Repeat(", "+row, len(some))[2:]
		if _, err := tx.NewDelete().Model(model).Where("("+columns+") IN (VALUES "+rows+")", args...).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
