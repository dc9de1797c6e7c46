package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bulwark/event"
	"bulwark/platform/bus"
	"bulwark/platform/store"
	"bulwark/platform/store/internal/load"
)

// question is one of the queries of a hunt; ask returns how many rows, values or buckets came back, or the number
// that was asked for.
type question struct {
	name string
	ask  func(context.Context) (int, error)
}

// questions are those of the notes' table.
func (w *work) questions() []question {
	s := w.s
	all := func(text string) store.Query { return store.Query{Text: text, From: w.from, To: w.to} }
	day := func(text string) store.Query {
		return store.Query{Text: text, From: w.from.Add(24 * time.Hour), To: w.to}
	}
	rare, common := load.Outside(120_000).String(), load.Host(40).String()
	domain := load.Domain(49_900)
	count := func(q store.Query) func(context.Context) (int, error) {
		return func(ctx context.Context) (int, error) {
			n, err := s.Count(ctx, q)
			return int(n), err
		}
	}
	latest := func(q store.Query) func(context.Context) (int, error) {
		return func(ctx context.Context) (int, error) {
			r, err := s.Latest(ctx, q, 100)
			return len(r), err
		}
	}
	pipes := func(q store.Query, pipes string) func(context.Context) (int, error) {
		return func(ctx context.Context) (int, error) {
			r, err := s.Rows(ctx, q, pipes, 1000)
			return len(r), err
		}
	}
	return []question{
		{"count_24h", count(day(""))},
		{"rare_ip", latest(day("ip:" + rare))},
		{"common_ip_latest", latest(day("ip:" + common))},
		{"common_ip_count", count(day("ip:" + common))},
		{"url_substring_count", count(all("url:*evil-load*"))},
		{"url_substring_rows", latest(all("kind:http url:*evil-load*"))},
		{"url_word", count(all("url:cgi-bin"))},
		{"full_text", count(all(domain))},
		{"top_dst_bytes", func(ctx context.Context) (int, error) {
			c, err := s.Top(ctx, day("kind:flow"), event.AttrDstIP, "traffic.bytes_out", 10)
			return len(c), err
		}},
		{"auth_failures", pipes(all("kind:auth outcome:failure"),
			`stats by (user.name) count() c, count_uniq("src_endpoint.ip") u | sort by (c desc) limit 10`)},
		{"histogram_5m", func(ctx context.Context) (int, error) {
			h, err := s.Histogram(ctx, all(""), 5*time.Minute, event.AttrKind, "")
			return len(h), err
		}},
		{"pivot", pipes(all("kind:flow"), `filter "src_endpoint.ip":in(kind:="dns" "query.hostname":="`+load.Domain(3)+
			`" | fields "src_endpoint.ip") | stats by ("dst_endpoint.ip") sum("traffic.bytes_out") s | sort by (s desc) limit 10`)},
		{"distinct_domains", func(ctx context.Context) (int, error) {
			n, err := s.Distinct(ctx, day("kind:dns"), "query.hostname")
			return int(n), err
		}},
		{"facets_6", func(ctx context.Context) (int, error) {
			f, err := s.Facets(ctx, day(""), []string{"kind", "app_name", "connection_info.protocol_name", event.AttrSrcIP,
				event.AttrDstIP, event.AttrDstPort}, 10)
			return len(f), err
		}},
		{"latest", latest(all(""))},
	}
}

// query asks each question, alone and then while events come in.
func (w *work) query(ctx context.Context) error {
	if err := w.round(ctx, ""); err != nil {
		return err
	}
	if w.o.rate > 0 {
		ctx, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- w.stream(ctx) }()
		err := w.round(ctx, "_ingest")
		stop()
		if e := <-ended; err == nil && ctx.Err() == nil {
			err = e
		}
		if err != nil {
			return err
		}
	}
	fmt.Printf("RESULT store_rss_mb %.0f MiB\n", peakRSS())
	return nil
}

func (w *work) round(ctx context.Context, suffix string) error {
	for _, q := range w.questions() {
		if !strings.Contains(q.name, w.o.only) {
			continue
		}
		times := make([]time.Duration, 0, w.o.rounds)
		n, cpu := 0, processCPU()
		for range w.o.rounds {
			began := time.Now()
			var err error
			if n, err = q.ask(ctx); err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
			times = append(times, time.Since(began))
		}
		slices.Sort(times)
		cpu = (processCPU() - cpu) / time.Duration(w.o.rounds)
		fmt.Printf("%-22s %9d found, %.1f ms CPU with all that ran beside it\nRESULT store_query_%s%s_ms %.1f ms\n", q.name, n, float64(cpu.Microseconds())/1000, q.name, suffix,
			float64(times[len(times)/2].Microseconds())/1000)
	}
	return nil
}

// stream publishes events of now at the rate until ctx ends, and tells how fast it really was.
func (w *work) stream(ctx context.Context) error {
	p, err := w.b.Publisher(bus.PublisherOptions{})
	if err != nil {
		return err
	}
	l := load.New(w.to, time.Second/time.Duration(w.o.rate))
	to := load.Batcher{Sensor: "stream", Site: "north", Size: 500}
	to.Put = func(k event.Kind, _ uint64, batch []byte, _ int) error {
		return p.Publish(ctx, k.Subject(), batch, nil)
	}
	const tick = 20 * time.Millisecond
	t := time.NewTicker(tick)
	defer t.Stop()
	began, i := time.Now(), 0
	var h event.Header
	for {
		select {
		case <-ctx.Done():
			fmt.Printf("RESULT store_ingest_during_queries_eps %.0f events/s wall\n", float64(i)/time.Since(began).Seconds())
			end, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer stop()
			p.Close(end)
			return nil
		case <-t.C:
		}
		for want := int(time.Since(began).Seconds() * float64(w.o.rate)); i < want; i++ {
			e := l.Event(i+w.o.n, &h)
			if err := to.Add(&h, e); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}
