package main

import (
	"bufio"
	"context"
	"crypto/tls"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"bulwark/observe/logs/internal/wef/weftest"
)

// lines are a format and a line of it, each: those of the formats that were understood when this measurement was first taken, so that it stays the
// same work when more are.
//
//go:embed lines.tsv
var lines string

// samples are these lines, each behind a header of syslog.
func samples() (all []string) {
	host, last := -1, ""
	for l := range strings.SplitSeq(strings.TrimSuffix(lines, "\n"), "\n") {
		format, line, _ := strings.Cut(l, "\t")
		if format != last {
			host, last = host+1, format
		}
		if !strings.HasPrefix(line, "<") {
			line = fmt.Sprintf("<134>1 %s host-%d %s 1 - - %s", time.Now().UTC().Format(time.RFC3339Nano), host, format, line)
		}
		all = append(all, line)
	}
	return all
}

// each runs fn for so many senders at a time.
func each(n int, fn func(s int) error) error {
	bad := make([]error, n)
	var wait sync.WaitGroup
	for s := range n {
		wait.Go(func() { bad[s] = fn(s) })
	}
	wait.Wait()
	return errors.Join(bad...)
}

// senders is how many send at a time.
const senders = 8

// syslog sends lines over TLS.
func (b *bench) syslog(ctx context.Context, n int) (wire int64, err error) {
	var mu sync.Mutex
	err = each(senders, func(s int) error {
		d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
		c, err := d.DialContext(ctx, "tcp", syslogs)
		if err != nil {
			return err
		}
		defer c.Close()
		w, sum := bufio.NewWriterSize(c, 64<<10), int64(0)
		for i := s; i < n; i += senders {
			k, err := fmt.Fprintf(w, "%d %s", len(b.lines[i%len(b.lines)]), b.lines[i%len(b.lines)])
			if err != nil {
				return err
			}
			sum += int64(k)
		}
		mu.Lock()
		wire += sum
		mu.Unlock()
		return w.Flush()
	})
	return wire, err
}

// batch is how many events one request carries.
const batch = 1000

// bulk sends documents as Filebeat does.
func (b *bench) bulk(ctx context.Context, n int) (wire int64, err error) {
	token, err := b.token(ctx)
	if err != nil {
		return 0, err
	}
	var mu sync.Mutex
	err = each(senders, func(s int) error {
		c := trusting()
		for at := s * batch; at < n; at += senders * batch {
			body, err := b.documents(at, min(at+batch, n))
			if err != nil {
				return err
			}
			mu.Lock()
			wire += int64(len(body))
			mu.Unlock()
			if err := post(ctx, c, "https://"+bulks+"/_bulk", token, body); err != nil {
				return err
			}
		}
		return nil
	})
	return wire, err
}

// documents are events as Filebeat writes them.
func (b *bench) documents(from, to int) (body []byte, err error) {
	for i := from; i < to; i++ {
		doc, err := json.Marshal(map[string]any{"@timestamp": time.Now().UTC().Add(time.Duration(i)), "message": b.lines[i%len(b.lines)],
			"host": map[string]any{"name": fmt.Sprintf("host-%d", i%50)}, "agent": map[string]any{"type": "filebeat", "version": "8.15.0"},
			"log": map[string]any{"file": map[string]any{"path": "/var/log/app.log"}, "offset": i}, "ecs": map[string]any{"version": "8.0.0"}})
		if err != nil {
			return nil, err
		}
		body = append(append(append(body, "{\"create\":{\"_index\":\"logs\"}}\n"...), doc...), '\n')
	}
	return body, nil
}

// machines is how many machines with Windows forward.
const machines = 8

// forwarded is how many events one delivery carries.
const forwarded = 100

// wef has machines forward events of sign-ons.
func (b *bench) wef(ctx context.Context, n int) (wire int64, err error) {
	var mu sync.Mutex
	err = each(machines, func(s int) error {
		name := fmt.Sprintf("pc-%d.example.org", s)
		m := weftest.NewMachine(name, "https://"+windows, b.authority.client(name))
		offers, err := m.Enumerate(ctx)
		if err != nil {
			return err
		}
		if len(offers.Offers) == 0 {
			return fmt.Errorf("no subscription is offered, status %d", offers.Status)
		}
		o := &offers.Offers[0]
		for at := s * forwarded; at < n; at += machines * forwarded {
			var events []string
			size := 0
			for i := at; i < min(at+forwarded, n); i++ {
				events = append(events, weftest.Logon(name, i+1))
				size += len(events[len(events)-1])
			}
			mu.Lock()
			wire += int64(size)
			mu.Unlock()
			a, err := m.Deliver(ctx, o, weftest.Bookmark("Security", at+len(events)), events...)
			if err != nil {
				return err
			}
			if a.Status >= 300 {
				return fmt.Errorf("a delivery was answered with %d", a.Status)
			}
		}
		return nil
	})
	return wire, err
}
