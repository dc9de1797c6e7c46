package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
)

type contactRow struct {
	bun.BaseModel `bun:"table:notify_contact,alias:c"`
	ID            string          `bun:"id,pk"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

type rotaRow struct {
	bun.BaseModel `bun:"table:notify_rota,alias:r"`
	ID            string          `bun:"id,pk"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

type policyRow struct {
	bun.BaseModel `bun:"table:notify_policy,alias:p"`
	ID            string          `bun:"id,pk"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

type noticeRow struct {
	bun.BaseModel `bun:"table:notify_notice,alias:n"`
	ID            int64           `bun:"id,pk"`
	About         string          `bun:"about"`
	State         string          `bun:"state"`
	Due           int64           `bun:"due"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

type messageRow struct {
	bun.BaseModel `bun:"table:notify_message,alias:m"`
	ID            int64           `bun:"id,pk"`
	Notice        int64           `bun:"notice"`
	Contact       string          `bun:"contact"`
	Channel       string          `bun:"channel"`
	State         string          `bun:"state"`
	Due           int64           `bun:"due"`
	Made          int64           `bun:"made"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

// errand is what is kept of a message beside its columns.
type errand struct {
	To       string    `json:"to,omitempty"`
	Language string    `json:"language"`
	Tries    int       `json:"tries,omitempty"`
	At       time.Time `json:"at,omitzero"`
	Error    string    `json:"error,omitempty"`
	Over     bool      `json:"over,omitempty"` // it says that what the notice is about is over
}

// read takes a document out of its row.
func read[T any](doc json.RawMessage) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(doc, v); err != nil {
		return nil, fmt.Errorf("reading a row of notify: %w", err)
	}
	return v, nil
}

// table reads all rows of a table by their ids.
func table[T any, R any](ctx context.Context, tx bun.IDB, row func(*R) (string, json.RawMessage)) (map[string]*T, error) {
	var rows []R
	if err := tx.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return nil, err
	}
	all := make(map[string]*T, len(rows))
	for k := range rows {
		id, doc := row(&rows[k])
		v, err := read[T](doc)
		if err != nil {
			return nil, err
		}
		all[id] = v
	}
	return all, nil
}

// book reads whom to reach.
func readBook(ctx context.Context, tx bun.IDB) (b book, err error) {
	if b.contacts, err = table[Contact](ctx, tx, func(r *contactRow) (string, json.RawMessage) { return r.ID, r.Doc }); err != nil {
		return b, err
	}
	if b.rotas, err = table[Rota](ctx, tx, func(r *rotaRow) (string, json.RawMessage) { return r.ID, r.Doc }); err != nil {
		return b, err
	}
	b.policies, err = table[Policy](ctx, tx, func(r *policyRow) (string, json.RawMessage) { return r.ID, r.Doc })
	return b, err
}

// following is the number after the last of a table.
func following(ctx context.Context, tx bun.IDB, model any) (id int64, err error) {
	err = tx.NewSelect().Model(model).ColumnExpr("COALESCE(MAX(id), 0) + 1").Scan(ctx, &id)
	return id, err
}

// putNotice keeps a notice; one without a number is given the next.
func putNotice(ctx context.Context, tx bun.Tx, n *Notice) (err error) {
	if n.ID == 0 {
		if n.ID, err = following(ctx, tx, (*noticeRow)(nil)); err != nil {
			return err
		}
	}
	doc, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return db.Put(ctx, tx, []noticeRow{{ID: n.ID, About: n.About, State: string(n.State), Due: n.Due.UnixMilli(), Doc: doc}}, "id", "about", "state", "due", "doc")
}

// newest is the last notice of something; nil: there is none.
func newest(ctx context.Context, tx bun.IDB, about string) (*Notice, error) {
	var row noticeRow
	err := tx.NewSelect().Model(&row).Where("about = ?", about).Order("id DESC").Limit(1).Scan(ctx)
	if db.NotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return read[Notice](row.Doc)
}

// notice is the one of that number.
func notice(ctx context.Context, tx bun.IDB, id int64) (*Notice, error) {
	var row noticeRow
	err := tx.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	if db.NotFound(err) {
		return nil, ErrNoNotice
	}
	if err != nil {
		return nil, err
	}
	return read[Notice](row.Doc)
}

// putMessages keeps messages; those without a number are given one.
func putMessages(ctx context.Context, tx bun.Tx, all []messageRow) error {
	id, err := following(ctx, tx, (*messageRow)(nil))
	if err != nil {
		return err
	}
	for k := range all {
		if all[k].ID == 0 {
			all[k].ID = id
			id++
		}
	}
	return db.Put(ctx, tx, all, "id", "state", "due", "doc")
}

// mostNotices is how many notices are kept; the oldest go with their messages.
const mostNotices = 10_000

// forget makes room.
func forget(ctx context.Context, tx bun.Tx) error {
	last, err := following(ctx, tx, (*noticeRow)(nil))
	if err != nil || last <= mostNotices {
		return err
	}
	if _, err := tx.NewDelete().Model((*messageRow)(nil)).Where("notice < ?", last-mostNotices).Exec(ctx); err != nil {
		return err
	}
	_, err = tx.NewDelete().Model((*noticeRow)(nil)).Where("id < ?", last-mostNotices).Exec(ctx)
	return err
}
