package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
)

// Query chooses entries. Empty fields choose everything.
type Query struct {
	// Actor, Act and Object must be equal; an Act that ends in a dot chooses all acts of that room.
	Actor, Act, Object string
	Outcome            Outcome
	// Since and Until bound the time: since <= t < until.
	Since, Until time.Time
	// Before is the number below which entries are listed, as [Page.Next] gave it; nil starts at the newest.
	Before *int64
	// Limit is how many are listed at most: 0 means 100, and 1000 is the most.
	Limit int
}

// Page is a part of the ledger, the newest entry first.
type Page struct {
	Entries []Entry `json:"entries"`
	// Next is where the next page begins; nil at the end.
	Next *int64 `json:"next,omitempty"`
	// Size is how many entries the whole ledger has.
	Size int64 `json:"size"`
}

// Size is how many entries the ledger has.
func (l *Ledger) Size(ctx context.Context) (int64, error) {
	h, err := head(ctx, l.db.Read())
	return h.Size, err
}

// List reads a page of what q chooses. It trusts the database: [Ledger.Verify] is what checks it.
func (l *Ledger) List(ctx context.Context, q Query) (Page, error) {
	h, err := head(ctx, l.db.Read())
	if err != nil {
		return Page{}, err
	}
	limit := int64(min(max(q.Limit, 0), 1000))
	if limit == 0 {
		limit = 100
	}
	var rows []row
	if err := l.choose(q, &rows).Limit(limit + 1).Scan(ctx); err != nil {
		return Page{}, fmt.Errorf("listing the ledger: %w", err)
	}
	p := Page{Size: h.Size, Entries: []Entry{}}
	if int64(len(rows)) > limit {
		rows = rows[:limit]
		p.Next = &rows[limit-1].Seq
	}
	for _, r := range rows {
		e, err := decode([]byte(r.Record))
		if err != nil {
			return Page{}, fmt.Errorf("%w %d: %w", ErrUnread, r.Seq, err)
		}
		p.Entries = append(p.Entries, e)
	}
	return p, nil
}

func (l *Ledger) choose(q Query, rows *[]row) *bun.SelectQuery {
	s := l.db.Read().NewSelect().Model(rows).OrderExpr("seq DESC")
	for column, value := range map[string]string{"actor": q.Actor, "object": q.Object, "outcome": string(q.Outcome)} {
		if value != "" {
			s = s.Where("? = ?", bun.Ident(column), value)
		}
	}
	if strings.HasSuffix(q.Act, ".") {
		s = s.Where("substr(act, 1, ?) = ?", len(q.Act), q.Act)
	} else if q.Act != "" {
		s = s.Where("act = ?", q.Act)
	}
	if q.Before != nil {
		s = s.Where("seq < ?", *q.Before)
	}
	if !q.Since.IsZero() {
		s = s.Where("at >= ?", db.Time(q.Since))
	}
	if !q.Until.IsZero() {
		s = s.Where("at < ?", db.Time(q.Until))
	}
	return s
}
