package console

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulwark/platform/store"
	"bulwark/platform/web"
)

// question is what every question about events has: which rows, and how many answers.
type question struct {
	store.Query
	limit int
}

// usual is the range of a question that names none.
const usual = 15 * time.Minute

// read reads q, from, to and limit. The range is never open, so that no question walks the whole store by mistake.
func (c *Console) read(r *http.Request, limit, most int) (question, error) {
	p := r.URL.Query()
	q := question{Query: store.Query{Text: p.Get("q"), Hidden: c.Hidden(r)}, limit: limit}
	var err error
	if q.To, err = instant(p.Get("to"), c.Clock.Now()); err != nil {
		return q, err
	}
	if q.From, err = instant(p.Get("from"), q.To.Add(-usual)); err != nil {
		return q, err
	}
	if !q.From.Before(q.To) {
		return q, asked("bad-time")
	}
	if _, err := store.Parse(q.Text); err != nil { // the pages add terms of their own: positions are the person's
		return q, err
	}
	if q.Text = p.Get("q"); !counters(q.Text) {
		q.Query = and(q.Query, "-kind:stats")
	}
	if text := p.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > most {
			return q, asked("bad-number")
		}
		q.limit = n
	}
	return q, nil
}

// counters tells whether a search is about the sensor's counters, which otherwise are no part of the traffic.
func counters(text string) bool {
	return strings.Contains(text, "stats") || strings.Contains(text, "sensor.")
}

func instant(text string, otherwise time.Time) (time.Time, error) {
	if text == "" {
		return otherwise, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return t, asked("bad-time")
	}
	return t, nil
}

// and is the query with one more condition.
func and(q store.Query, more string) store.Query {
	if q.Text != "" {
		more += " (" + q.Text + ")"
	}
	q.Text = more
	return q
}

// answer asks the store in bounded time and answers what it said.
func answer[T any](w http.ResponseWriter, r *http.Request, ask func(context.Context) (T, error)) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	v, err := ask(ctx)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		refuse(w, r, err)
		return
	}
	web.JSON(w, http.StatusOK, v)
}

// stepFor is a step of time that a person can name and that cuts width into about n parts.
func stepFor(width time.Duration, n int, least time.Duration) time.Duration {
	steps := []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
		time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}
	want := max(width/time.Duration(max(n, 1)), least)
	i, _ := slices.BinarySearch(steps, want)
	if i == len(steps) {
		return 30 * 24 * time.Hour
	}
	return steps[i]
}

// grid is a range of time cut into steps, aligned as the store aligns them: to multiples of the step since 1970.
type grid struct {
	start time.Time
	step  time.Duration
	n     int
}

func newGrid(from, to time.Time, step time.Duration) grid {
	start := floor(from, step)
	return grid{start: start, step: step, n: int((to.Sub(start) + step - 1) / step)}
}

func floor(t time.Time, step time.Duration) time.Time {
	ns := t.UnixNano()
	return time.Unix(0, ns-(ns%int64(step)+int64(step))%int64(step)).UTC()
}

// at is the place of t in the grid; false where it is outside.
func (g grid) at(t time.Time) (int, bool) {
	i := int(t.Sub(g.start) / g.step)
	return i, i >= 0 && i < g.n && !t.Before(g.start)
}

// lines are the buckets as one dense line a value.
func (g grid) lines(buckets []store.Bucket) map[string][]uint64 {
	lines := map[string][]uint64{}
	for _, b := range buckets {
		i, ok := g.at(b.Start)
		if !ok {
			continue
		}
		if lines[b.Value] == nil {
			lines[b.Value] = make([]uint64, g.n)
		}
		lines[b.Value][i] += b.N
	}
	return lines
}
