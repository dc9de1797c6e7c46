package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"bulwark/platform/bus"
	"bulwark/platform/store"
)

// parent runs children and kills them.
type parent struct {
	dir     string
	rate    int
	seed    uint64
	command []string // of a child; -child N is put behind it
	log     io.Writer
}

// result is what a torture found.
type result struct {
	kills        int
	acknowledged int // events
	stored       int // rows, with those whose acknowledgement the kill cut off
	lost         int // acknowledged events that are not in the store
	duplicated   int // rows that are there once more than they should
	took         time.Duration
}

func (r result) print(w io.Writer) {
	fmt.Fprintf(w, "RESULT crash_kills %d kills\nRESULT crash_acknowledged %d events\nRESULT crash_lost %d events\n"+
		"RESULT crash_duplicated %d events\n", r.kills, r.acknowledged, r.lost, r.duplicated)
}

// torture kills children until there were enough, and counts.
func (p *parent) torture(ctx context.Context, kills int) (result, error) {
	began := time.Now()
	random := rand.New(rand.NewPCG(p.seed, 0))
	acknowledged := map[string]int{} // events, by the id of their batch
	for n := range kills {
		// Most lives are shorter than it takes a row to become durable; one in five is long enough for it.
		life := time.Duration(random.Int64N(int64(1500 * time.Millisecond)))
		if n%5 == 4 {
			life += time.Duration(random.Int64N(int64(6 * time.Second)))
		}
		if err := p.life(ctx, n, life, acknowledged); err != nil {
			return result{}, fmt.Errorf("child %d: %w", n, err)
		}
		fmt.Fprintf(p.log, "\r%d kills, %d batches acknowledged", n+1, len(acknowledged))
	}
	fmt.Fprintln(p.log)
	r := result{kills: kills}
	for _, n := range acknowledged {
		r.acknowledged += n
	}
	err := p.count(ctx, acknowledged, &r)
	r.took = time.Since(began)
	return r, err
}

// life starts a child, waits until it is ready, and kills it that long after.
func (p *parent) life(ctx context.Context, generation int, life time.Duration, acknowledged map[string]int) error {
	cmd := exec.CommandContext(ctx, p.command[0], append(p.command[1:len(p.command):len(p.command)], "-child", strconv.Itoa(generation))...)
	cmd.Env = append(os.Environ(), "BULWARK_CRASH_CHILD="+strconv.Itoa(generation))
	cmd.Stderr = p.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	ready := false
	for lines.Scan() {
		if !ready {
			ready = lines.Text() == "ready"
			time.AfterFunc(life, func() { _ = cmd.Process.Kill() })
			continue
		}
		id, n, ok := strings.Cut(lines.Text(), " ")
		if events, err := strconv.Atoi(n); ok && err == nil {
			acknowledged[id] = events
		}
	}
	err = cmd.Wait()
	if !ready || cmd.ProcessState.Exited() {
		return fmt.Errorf("it ended by itself: %w", errors.Join(err, lines.Err(), errors.New(cmd.ProcessState.String())))
	}
	return nil
}

// count opens the store as a last restart would, lets it agree with the bus, and compares.
func (p *parent) count(ctx context.Context, acknowledged map[string]int, r *result) error {
	log := slog.New(slog.NewTextHandler(p.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	b, err := bus.Open(ctx, busOptions(p.dir, log))
	if err != nil {
		return err
	}
	defer b.Close()
	s, err := store.Open(storeOptions(p.dir, log))
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.CatchUp(ctx, b); err != nil {
		return err
	}
	s.Flush()
	rows := map[string]int{} // by batch
	seen := map[string]bool{}
	err = s.Each(ctx, store.Query{}, 0, func(row store.Row) error {
		if seen[row.ID] {
			r.duplicated++
			return nil
		}
		seen[row.ID] = true
		id, _, _ := strings.Cut(row.ID, ".")
		rows[id]++
		r.stored++
		return nil
	})
	for id, n := range acknowledged {
		r.lost += n - min(n, rows[id])
	}
	return err
}
