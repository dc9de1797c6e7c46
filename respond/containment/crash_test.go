package containment

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
)

// crashDir makes this test program contain things in the directory of that name; crashAt is the step, as it is printed, at which it
// kills itself, and crashBase when the time of the test began.
const crashDir, crashAt, crashBase = "BULWARK_TEST_CONTAINMENT", "BULWARK_TEST_CRASH_AT", "BULWARK_TEST_BASE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := contain(dir, os.Getenv(crashAt), os.Getenv(crashBase)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func privateKey() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) }

func writeDoc(id uint64, doc string) func(context.Context, bun.Tx) error {
	return func(ctx context.Context, tx bun.Tx) error {
		return db.Put(ctx, tx, []leaseRow{{ID: int64(id), Doc: doc}}, "id", "doc")
	}
}

// quick is a clock on which a minute passes in twenty milliseconds, the same in every process of a test.
type quick struct{ base time.Time }

const quickness = 3000

func (q quick) Now() time.Time {
	return q.base.Add(time.Since(q.base) * quickness).Round(0)
}

// cupboard is an enforcement point that keeps orders in a file, and lets nothing go by itself.
type cupboard struct {
	name string
	mu   sync.Mutex
}

func (c *cupboard) Name() string                                 { return "cupboard" }
func (c *cupboard) Acts() []string                               { return []string{"isolate"} }
func (c *cupboard) Try(context.Context, Order) ([]string, error) { return nil, nil }

// Prepare says how it was: Drive takes no order that does not bring that.
func (c *cupboard) Prepare(context.Context, Order) (string, error) { return "open", nil }

func (c *cupboard) read() (map[uint64]Order, error) {
	all := map[uint64]Order{}
	text, err := os.ReadFile(c.name)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return nil, err
	}
	return all, json.Unmarshal(text, &all)
}

// Drive writes one order after the other: the program may end between two.
func (c *cupboard) Drive(_ context.Context, want, undo []Order) (map[uint64]error, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all, err := c.read()
	if err != nil {
		return nil, err
	}
	for _, o := range undo {
		delete(all, o.ID)
	}
	for _, o := range want {
		if o.Memo != "open" {
			return nil, errors.New("it was touched before it was asked how it was")
		}
		all[o.ID] = o
	}
	text, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(c.name+".part", text, 0o600); err != nil {
		return nil, err
	}
	return nil, os.Rename(c.name+".part", c.name)
}

func (c *cupboard) Read(_ context.Context, orders []Order) (map[uint64]bool, map[uint64]error, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all, err := c.read()
	held := map[uint64]bool{}
	for _, o := range orders {
		_, held[o.ID] = all[o.ID]
	}
	return held, nil, err
}

// contain has one lease that runs to its end, one that is lifted, one that is released at the bedside, one that a person
// approves and one that is prolonged, and ends when all are over. Each step is printed; at one of them the process kills itself.
func contain(dir, at, base string) error {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	ns, err := strconv.ParseInt(base, 10, 64)
	if err != nil {
		return err
	}
	c := quick{time.Unix(0, ns)}
	d, err := db.Open(ctx, "sqlite:"+filepath.Join(dir, "state.db"))
	if err != nil {
		return err
	}
	tracker := health.NewTracker(c)
	l, err := ledger.Open(ctx, ledger.Needs{DB: d, Clock: c, Origin: "test/ledger", Key: privateKey(), Health: tracker})
	if err != nil {
		return err
	}
	var mu sync.Mutex
	seen := map[string]int{}
	step := func(name string) {
		mu.Lock()
		defer mu.Unlock()
		seen[name]++
		text := fmt.Sprintf("%s/%d", name, seen[name])
		fmt.Println(text)
		if text == at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	j := &judge{}
	r, err := New(ctx, Needs{DB: d, Ledger: l, Clock: c, Log: slog.New(slog.DiscardHandler), Health: tracker, Interlock: j,
		Points: []Point{&cupboard{name: filepath.Join(dir, "cupboard")}}, Beat: 5 * time.Millisecond, Step: step})
	if err != nil {
		return err
	}
	run, end := context.WithCancel(ctx)
	defer end()
	done := make(chan error, 1)
	go func() { done <- r.Run(run) }()
	if err := play(ctx, r, j); err != nil {
		return err
	}
	end()
	return errors.Join(<-done, d.Close())
}

// play asks for what was not asked for before, does what people do, and waits until all is over.
func play(ctx context.Context, r *Containment, j *judge) error {
	have := map[string]bool{}
	for _, l := range r.list(query{limit: mostListed}).Items {
		have[l.Target] = true
	}
	for _, target := range []string{"ends", "lifted", "bedside", "approved", "longer"} {
		if have[target] {
			continue
		}
		j.needs = nil
		if target == "approved" {
			j.needs = []string{"soc"}
		}
		minutes := 15
		if target == "bedside" {
			minutes = 45 // longer than a release
		}
		if _, err := r.Propose(ctx, Wish{Act: "isolate", Target: target, Minutes: minutes, Reason: "x", By: "person:ana"}); err != nil {
			return err
		}
	}
	for {
		over := true
		for _, l := range r.list(query{limit: mostListed}).Items {
			over = over && l.State.Over()
			var err error
			switch {
			case l.Target == "approved" && l.State == Proposed:
				_, err = r.Approve(ctx, Asker{"person:bela", []string{"soc"}}, l.ID, "")
			case l.Target == "longer" && l.State == InForce && l.Longer == nil:
				j.needs = []string{"soc"}
				_, err = r.Prolong(ctx, "person:ana", l.ID, 15, "not clean")
			case l.Target == "longer" && l.longer() != nil:
				_, err = r.Approve(ctx, Asker{"person:bela", []string{"soc"}}, l.ID, "")
			case l.Target == "lifted" && l.State == InForce:
				_, err = r.Lift(ctx, "person:ana", l.ID, "over")
			case l.Target == "bedside" && l.State == InForce && l.Releases == 0:
				_, err = r.Release(ctx, r.code(&l), "10.0.0.9")
			}
			if err != nil && !errors.Is(err, ErrState) && !errors.Is(err, ErrCode) {
				return err
			}
		}
		if over {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not over in time: %+v", r.list(query{limit: mostListed}).Items)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// Wherever the program is killed: after the next start nothing outlives its lease, and nothing is forgotten.
func TestKilledAtEveryStep(t *testing.T) {
	steps := killed(t, "")
	all := map[string]bool{}
	for _, s := range steps { // one of each kind, and the first few of what comes often
		name, n, _ := strings.Cut(s, "/")
		if k, _ := strconv.Atoi(n); k <= 4 {
			all[name+"/"+n] = true
		}
	}
	kills := 0
	for s := range all {
		kills++
		t.Run(s, func(t *testing.T) {
			t.Parallel()
			killed(t, s)
		})
	}
	if kills < 40 {
		t.Errorf("only %d steps were tried", kills)
	}
	t.Logf("killed at %d steps", kills)
}

// killed lets a process contain things, which kills itself at a step, and then another to the end; and looks at what is left.
func killed(t *testing.T, at string) []string {
	t.Helper()
	dir, base := t.TempDir(), fmt.Sprint(time.Now().UnixNano())
	run := func(at string) (steps []string, err error) {
		c := exec.Command(os.Args[0], "-test.run=^$")
		c.Env = append(os.Environ(), crashDir+"="+dir, crashAt+"="+at, crashBase+"="+base)
		c.Stderr = os.Stderr
		out, err := c.StdoutPipe()
		if err != nil {
			return nil, err
		}
		if err := c.Start(); err != nil {
			return nil, err
		}
		for s := bufio.NewScanner(out); s.Scan(); {
			steps = append(steps, s.Text())
		}
		return steps, c.Wait()
	}
	if at != "" {
		if steps, err := run(at); err == nil && slices.Contains(steps, at) {
			t.Fatalf("the process lived on after %s", at)
		}
	}
	steps, err := run("")
	if err != nil {
		t.Fatalf("after the kill: %v; steps %v", err, steps)
	}
	inspect(t, dir, base)
	return steps
}

// inspect looks at what is left when all is over.
func inspect(t *testing.T, dir, base string) {
	t.Helper()
	held, err := (&cupboard{name: filepath.Join(dir, "cupboard")}).read()
	if err != nil || len(held) != 0 {
		t.Errorf("these outlive their leases: %v (%v)", held, err)
	}
	d, err := db.Open(t.Context(), "sqlite:"+filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	r := newRoom(t, d)
	ns, _ := strconv.ParseInt(base, 10, 64)
	want := map[string]State{"ends": Expired, "lifted": Reverted, "bedside": Expired, "approved": Expired, "longer": Expired}
	all := r.list(query{limit: mostListed}).Items
	for _, l := range all {
		if l.State != want[l.Target] && l.State != Expired || l.Since.IsZero() || l.Until.Before(time.Unix(0, ns)) {
			t.Errorf("lease %s is %s since %v, want it %s", l.Target, l.State, l.Since, want[l.Target])
		}
	}
	if len(all) != len(want) {
		t.Errorf("%d leases, want %d: one was forgotten or asked for twice", len(all), len(want))
	}
	r.verify()
}
