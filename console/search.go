package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"bulwark/platform/store"
)

// row is one event as the front end reads it.
type row struct {
	ID     string         `json:"id"`
	Time   time.Time      `json:"time"`
	Kind   string         `json:"kind"`
	Fields map[string]any `json:"fields"` // texts, and lists of texts
}

func rowOf(r *store.Row) row {
	fields := make(map[string]any, len(r.Fields))
	for _, f := range r.Fields {
		fields[f.Name] = value(f.Value)
	}
	return row{ID: r.ID, Time: r.Time, Kind: r.Kind, Fields: fields}
}

// value takes a list apart, which the store keeps as a JSON array.
func value(text string) any {
	if !strings.HasPrefix(text, `["`) {
		return text
	}
	var list []string
	if json.Unmarshal([]byte(text), &list) != nil {
		return text
	}
	return list
}

type page struct {
	Events []row `json:"events"`
	// Next is what before takes to go on from here; empty at the end.
	Next string `json:"next,omitempty"`
	Took int64  `json:"took_ms"`
}

// cursor is a place in the rows of a query, newest first: those at or before Time, less the first Skip of that Time.
type cursor struct {
	at   time.Time
	skip int
}

func readCursor(text string) (cursor, error) {
	ns, skip, _ := strings.Cut(text, ".")
	at, err := strconv.ParseInt(ns, 10, 64)
	n, err2 := strconv.Atoi(skip)
	if err != nil || err2 != nil || n < 0 || n > maxPage*100 {
		return cursor{}, asked("bad-number")
	}
	return cursor{time.Unix(0, at), n}, nil
}

func (c cursor) String() string { return fmt.Sprintf("%d.%d", c.at.UnixNano(), c.skip) }

const maxPage = 1000 // events a page has at most

func (c *Console) search(w http.ResponseWriter, r *http.Request) { c.list(w, r, "") }

// list is a page of what is searched for, and of that only what a further condition chooses; empty: all.
func (c *Console) list(w http.ResponseWriter, r *http.Request, only string) {
	q, err := c.read(r, 100, maxPage)
	if only != "" {
		q.Query = and(q.Query, only)
	}
	var from cursor
	if before := r.URL.Query().Get("before"); err == nil && before != "" {
		if from, err = readCursor(before); err == nil && from.at.Before(q.To) {
			q.To = from.at.Add(1)
		}
	}
	if err != nil {
		refuse(w, r, err)
		return
	}
	answer(w, r, func(ctx context.Context) (page, error) {
		start := c.Clock.Now()
		rows, err := c.Store.Latest(ctx, q.Query, q.limit+from.skip+1)
		if err != nil {
			return page{}, err
		}
		p := newPage(rows, from, q.limit)
		p.Took = c.Clock.Now().Sub(start).Milliseconds()
		return p, nil
	})
}

func newPage(rows []store.Row, from cursor, limit int) page {
	p := page{Events: []row{}}
	more := len(rows) > limit+from.skip
	rows = rows[min(from.skip, len(rows)):]
	rows = rows[:min(limit, len(rows))]
	for i := range rows {
		p.Events = append(p.Events, rowOf(&rows[i]))
	}
	if more {
		p.Next = next(rows, from).String()
	}
	return p
}

// next is the place after the last of rows, which begin at from.
func next(rows []store.Row, from cursor) cursor {
	last := rows[len(rows)-1].Time
	n := 0
	for i := len(rows) - 1; i >= 0 && rows[i].Time.Equal(last); i-- {
		n++
	}
	if n == len(rows) && last.Equal(from.at) {
		n += from.skip
	}
	return cursor{last, n}
}
