package outbox

import (
	"context"

	"github.com/uptrace/bun"
)

// table has an id, which is the number of a batch, and the batch.
func (b *Box) table() bun.Ident { return bun.Ident(b.needs.Room + "_outbox") }

// Write keeps a post, in the transaction in which the state is.
func (p *Post) Write(ctx context.Context, tx bun.Tx) error {
	if len(p.sent) > 0 {
		if _, err := tx.NewRaw("DELETE FROM ? WHERE id IN (?)", p.table, bun.List(p.sent)).Exec(ctx); err != nil {
			return err
		}
	}
	if len(p.rows) == 0 {
		return nil
	}
	_, err := tx.NewInsert().Model(&p.rows).ModelTableExpr("?", p.table).On("CONFLICT (id) DO UPDATE").Set("batch = EXCLUDED.batch").Exec(ctx)
	return err
}

// Load takes up the batches that may not be on the bus yet. last is the number of the last one ever made.
func (b *Box) Load(ctx context.Context, tx bun.IDB, last uint64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last = last
	return tx.NewSelect().Model(&b.ready).ModelTableExpr("? AS ?", b.table(), bun.Ident("row")).Order("id").Scan(ctx)
}
