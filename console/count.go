package console

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulwark/event"
	"bulwark/platform/store"
)

type line struct {
	Value  string   `json:"value"`
	Points []uint64 `json:"points"`
}

type histogram struct {
	Start time.Time `json:"start"` // of the first step
	Step  int64     `json:"step_ms"`
	N     int       `json:"buckets"`
	Total uint64    `json:"total"`
	Lines []line    `json:"series"`
}

// histogram counts events over time by kind, or by protocol (by=app_name).
func (c *Console) histogram(w http.ResponseWriter, r *http.Request) {
	q, err := c.read(r, 0, 0)
	by := cmp.Or(r.URL.Query().Get("by"), event.AttrKind)
	n := 96
	if text := r.URL.Query().Get("buckets"); err == nil && text != "" {
		if n, err = strconv.Atoi(text); err != nil || n < 1 || n > 500 {
			err = asked("bad-number")
		}
	}
	if err == nil && by != event.AttrKind && by != "app_name" {
		err = asked("bad-field")
	}
	if err != nil {
		refuse(w, r, err)
		return
	}
	answer(w, r, func(ctx context.Context) (histogram, error) {
		g := newGrid(q.From, q.To, stepFor(q.To.Sub(q.From), n, time.Second))
		buckets, err := c.Store.Histogram(ctx, q.Query, g.step, by, "")
		if err != nil {
			return histogram{}, err
		}
		h := histogram{Start: g.start, Step: g.step.Milliseconds(), N: g.n, Lines: []line{}}
		for value, points := range g.lines(buckets) {
			h.Lines = append(h.Lines, line{value, points})
			for _, p := range points {
				h.Total += p
			}
		}
		slices.SortFunc(h.Lines, func(a, b line) int { return strings.Compare(a.Value, b.Value) })
		return h, nil
	})
}

type count struct {
	Value string `json:"value"`
	N     uint64 `json:"n"`
}

type facet struct {
	Field  string  `json:"field"`
	Values []count `json:"values"`
}

// facets tells the most frequent values of several attributes, in the order in which they were asked for.
func (c *Console) facets(w http.ResponseWriter, r *http.Request) {
	q, err := c.read(r, 10, 100)
	fields := strings.Split(r.URL.Query().Get("fields"), ",")
	if err == nil && (len(fields) > 40 || slices.ContainsFunc(fields, c.unknown)) {
		err = asked("bad-field")
	}
	if err != nil {
		refuse(w, r, err)
		return
	}
	type facets struct {
		Facets []facet `json:"facets"`
	}
	answer(w, r, func(ctx context.Context) (facets, error) {
		found, err := c.Store.Facets(ctx, q.Query, fields, q.limit)
		if err != nil {
			return facets{}, err
		}
		all := facets{Facets: []facet{}}
		for _, name := range fields {
			f := facet{Field: name}
			for _, v := range found[name] {
				if v.Value != "" {
					f.Values = append(f.Values, count{v.Value, v.N})
				}
			}
			if f.Values != nil {
				all.Facets = append(all.Facets, f)
			}
		}
		return all, nil
	})
}

// values tells the most frequent values of an attribute that begin so, for the search box.
func (c *Console) values(w http.ResponseWriter, r *http.Request) {
	q, err := c.read(r, 10, 50)
	field, start := r.URL.Query().Get("field"), r.URL.Query().Get("start")
	if err == nil && c.unknown(field) {
		err = asked("bad-field")
	}
	if err != nil {
		refuse(w, r, err)
		return
	}
	type values struct {
		Values []count `json:"values"`
	}
	answer(w, r, func(ctx context.Context) (values, error) {
		narrow := q.Query
		if start != "" && !strings.ContainsAny(start, "()|\"* \t\\") {
			if with := and(q.Query, field+":"+start+"*"); parses(with.Text) {
				narrow = with
			}
		}
		// More are asked for than are shown: elements of lists are counted apart, and the case may differ.
		found, err := c.Store.Top(ctx, narrow, field, "", 20*q.limit)
		return values{Values: beginning(found, start, q.limit)}, err
	})
}

func parses(text string) bool {
	_, err := store.Parse(text)
	return err == nil
}

// beginning are the first n values that begin with start, lists taken apart, most frequent first.
func beginning(found []store.Count, start string, n int) []count {
	sums := map[string]uint64{}
	for _, f := range found {
		list, ok := value(f.Value).([]string)
		if !ok {
			list = []string{f.Value}
		}
		for _, v := range list {
			if len(v) >= len(start) && strings.EqualFold(v[:len(start)], start) {
				sums[v] += f.N
			}
		}
	}
	all := make([]count, 0, len(sums))
	for v, n := range sums {
		all = append(all, count{v, n})
	}
	slices.SortFunc(all, func(a, b count) int { return cmp.Or(cmp.Compare(b.N, a.N), strings.Compare(a.Value, b.Value)) })
	return all[:min(n, len(all))]
}

type peer struct {
	Src      string   `json:"src"`
	Dst      string   `json:"dst"`
	BytesOut uint64   `json:"bytes_out"`
	BytesIn  uint64   `json:"bytes_in"`
	Events   uint64   `json:"events"`
	Apps     []string `json:"apps"`
}

// peers tells which pairs exchanged most bytes, and over what.
func (c *Console) peers(w http.ResponseWriter, r *http.Request) {
	q, err := c.read(r, 100, 1000)
	if err != nil {
		refuse(w, r, err)
		return
	}
	type peers struct {
		Peers []peer `json:"peers"`
	}
	answer(w, r, func(ctx context.Context) (peers, error) {
		pipes := fmt.Sprintf(`stats by (%q, %q) sum("traffic.bytes_out") o, sum("traffic.bytes_in") i, count() n%s `+
			`| math (o default 0) + (i default 0) as s | sort by (s desc, n desc) limit %d`, event.AttrSrcIP, event.AttrDstIP, spoken(), q.limit)
		rows, err := c.Store.Rows(ctx, and(q.Query, event.AttrSrcIP+":* "+event.AttrDstIP+":*"), pipes, q.limit)
		all := peers{Peers: []peer{}}
		for i := range rows {
			all.Peers = append(all.Peers, peerOf(&rows[i]))
		}
		slices.SortStableFunc(all.Peers, func(a, b peer) int {
			return cmp.Or(cmp.Compare(b.BytesOut+b.BytesIn, a.BytesOut+a.BytesIn), cmp.Compare(b.Events, a.Events), cmp.Compare(a.Src+a.Dst, b.Src+b.Dst))
		})
		return all, err
	})
}

// protocols are the kinds that are what two ends speak, rather than about what was spoken.
func protocols() []event.Kind {
	return []event.Kind{event.KindDNS, event.KindTLS, event.KindHTTP, event.KindSMB, event.KindKerberos, event.KindLDAP, event.KindDHCP,
		event.KindSSH, event.KindDICOM, event.KindHL7, event.KindFHIR}
}

// spoken counts the events of each protocol. (uniq_values would name them all, but the library panics when it merges
// its results from several storages.)
func spoken() string {
	var b strings.Builder
	for _, k := range protocols() {
		fmt.Fprintf(&b, `, count() if (kind:=%q or app_name:=%q) %q`, k, k, k)
	}
	return b.String()
}

func peerOf(r *store.Row) peer {
	p := peer{Src: r.Value(event.AttrSrcIP), Dst: r.Value(event.AttrDstIP), BytesOut: number(r, "o"), BytesIn: number(r, "i"),
		Events: number(r, "n"), Apps: []string{}}
	for _, k := range protocols() {
		if number(r, k.String()) > 0 {
			p.Apps = append(p.Apps, k.String())
		}
	}
	return p
}

// number is a whole number of a statistic; 0 where there is none. A sum beyond 2^53 is written as a float.
func number(r *store.Row, name string) uint64 {
	f, err := strconv.ParseFloat(r.Value(name), 64)
	if err != nil || !(f >= 0) {
		return 0
	}
	return uint64(f)
}
