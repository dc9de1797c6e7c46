package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	lumber "github.com/elastic/go-lumber/client/v2"

	"bulwark/observe/logs/internal/wef/weftest"
	"bulwark/platform/clock"
	"bulwark/platform/store"
)

// each kill comes after this long at the latest.
const patience = 1500 * time.Millisecond

// portion is how many events a sender that is to be acknowledged sends at a time.
const portion = 20

// line is the text of an event that is looked for in the end.
func line(sender string, n int) string { return fmt.Sprintf("killed-%s-%07d", sender, n) }

var told = regexp.MustCompile(`killed-[a-z]+-\d{7}`)

// sender sends portions, the same again until one is acknowledged.
type sender struct {
	name  string
	send  func(ctx context.Context, first int) error
	acked int // events that were acknowledged, from the first
}

// work sends until the context ends.
func (s *sender) work(ctx context.Context) {
	for ctx.Err() == nil {
		once, stop := context.WithTimeout(ctx, 10*time.Second)
		err := s.send(once, s.acked)
		stop()
		if err == nil {
			s.acked += portion
			continue
		}
		clock.Pause(ctx, 50*time.Millisecond)
	}
}

// kills ends the program so many times without warning while senders work, and looks whether all that was acknowledged is there.
func (b *bench) kills(n int) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	token, err := b.token(ctx)
	if err != nil {
		return err
	}
	all := []*sender{{name: "bulk", send: b.sendBulk(token)}, {name: "otlp", send: b.sendOTLP(token)}, {name: "lumberjack", send: sendLumberjack}, {name: "wef", send: b.sendForwarded()}}
	var wait sync.WaitGroup
	for _, s := range all {
		wait.Go(func() { s.work(ctx) })
	}
	for range n {
		clock.Pause(ctx, time.Duration(rand.Int64N(int64(patience))))
		if err := b.program.Process.Kill(); err != nil {
			return err
		}
		_ = b.program.Wait() // it was killed
		if err := b.start(); err != nil {
			return err
		}
	}
	clock.Pause(ctx, patience)
	stop()
	wait.Wait()
	if err := b.settle(); err != nil {
		return err
	}
	b.stop()
	return b.count(n, all)
}

// settle waits until nothing more comes into the store.
func (b *bench) settle() error {
	last, since := -1.0, time.Now()
	for time.Since(since) < 3*time.Second {
		rows, err := b.metric("bulwark_store_rows_total")
		if err != nil {
			return err
		}
		if rows != last {
			last, since = rows, time.Now()
		}
		clock.Pause(context.Background(), 100*time.Millisecond)
	}
	return nil
}

// count looks for each acknowledged event in the store.
func (b *bench) count(kills int, all []*sender) error {
	s, err := store.Open(store.Options{Dir: filepath.Join(b.dir, "data", "store")})
	if err != nil {
		return err
	}
	defer s.Close()
	found := map[string]int{}
	err = s.Each(context.Background(), store.Query{Text: "kind:log"}, 1<<30, func(r store.Row) error {
		for _, f := range r.Fields {
			if name := told.FindString(f.Value); name != "" {
				found[name]++
				break
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	acked, lost, again := 0, 0, 0
	for _, s := range all {
		gone, twice := 0, 0
		for n := range s.acked {
			switch k := found[line(s.name, n)]; {
			case k == 0:
				gone++
			case k > 1:
				twice++
			}
		}
		fmt.Printf("%s: %d events were acknowledged, %d of them are lost, %d are there more than once\n", s.name, s.acked, gone, twice)
		acked, lost, again = acked+s.acked, lost+gone, again+twice
	}
	fmt.Printf("RESULT intake_kills %d count\nRESULT intake_kills_acknowledged %d events\nRESULT intake_kills_lost %d events\nRESULT intake_kills_doubled %d events\n", kills, acked, lost, again)
	if lost > 0 {
		return fmt.Errorf("%d events are lost", lost)
	}
	return nil
}

func (b *bench) sendBulk(token string) func(context.Context, int) error {
	c := trusting()
	return func(ctx context.Context, first int) error {
		var body bytes.Buffer
		for n := range portion {
			fmt.Fprintf(&body, "{\"create\":{\"_index\":\"logs\"}}\n{\"@timestamp\":\"2026-05-01T10:00:00Z\",\"host\":{\"name\":\"ehr\"},\"message\":%q}\n", line("bulk", first+n))
		}
		_, err := ask(ctx, c, "https://"+bulks+"/_bulk", "application/x-ndjson", token, body.Bytes())
		return err
	}
}

func (b *bench) sendOTLP(token string) func(context.Context, int) error {
	c := trusting()
	return func(ctx context.Context, first int) error {
		var records []string
		for n := range portion {
			records = append(records, fmt.Sprintf(`{"timeUnixNano":"1777629600000000000","body":{"stringValue":%q}}`, line("otlp", first+n)))
		}
		body := `{"resourceLogs":[{"resource":{"attributes":[{"key":"host.name","value":{"stringValue":"ehr"}}]},"scopeLogs":[{"logRecords":[` + strings.Join(records, ",") + `]}]}]}`
		_, err := ask(ctx, c, "https://"+bulks+"/v1/logs", "application/json", token, []byte(body))
		return err
	}
}

// sendLumberjack sends by the library of Beats, with a connection for each portion.
func sendLumberjack(ctx context.Context, first int) error {
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	c, err := lumber.SyncDialWith(func(network, address string) (net.Conn, error) { return d.DialContext(ctx, network, address) }, beats, lumber.Timeout(5*time.Second))
	if err != nil {
		return err
	}
	defer c.Close()
	var events []any
	for n := range portion {
		events = append(events, map[string]any{"@timestamp": "2026-05-01T10:00:00Z", "host": map[string]any{"name": "ehr"}, "message": line("lumberjack", first+n)})
	}
	got, err := c.Send(events)
	if err == nil && got != portion {
		err = fmt.Errorf("%d of %d were acknowledged", got, portion)
	}
	return err
}

func (b *bench) sendForwarded() func(context.Context, int) error {
	m := weftest.NewMachine("pc-1.example.org", "https://"+windows, b.authority.client("pc-1.example.org"))
	return func(ctx context.Context, first int) error {
		offers, err := m.Enumerate(ctx)
		if err != nil {
			return err
		}
		if len(offers.Offers) == 0 {
			return fmt.Errorf("no subscription is offered, status %d", offers.Status)
		}
		var events []string
		for n := range portion {
			events = append(events, strings.ReplaceAll(weftest.Logon("pc-1.example.org", first+n+1), "m.durand", line("wef", first+n)))
		}
		a, err := m.Deliver(ctx, &offers.Offers[0], weftest.Bookmark("Security", first+portion), events...)
		if err == nil && a.Status >= 300 {
			err = fmt.Errorf("a delivery was answered with %d", a.Status)
		}
		return err
	}
}
