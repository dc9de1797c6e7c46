package ledger

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"bulwark/platform/clock"
	"bulwark/platform/db"
)

// crashDatabase makes this test program append to the database of that name until it is killed.
const crashDatabase = "BULWARK_TEST_LEDGER"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashDatabase); path != "" {
		if err := appendForEver(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// appendForEver prints the number of each entry once it is acknowledged.
func appendForEver(path string) error {
	ctx := context.Background()
	d, err := db.Open(ctx, "sqlite:"+path)
	if err != nil {
		return err
	}
	l, err := Open(ctx, Needs{DB: d, Clock: clock.System{}, Origin: origin, Key: seed('k')})
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		seq, err := l.Record(ctx, entry(i))
		if err != nil {
			return err
		}
		fmt.Println(seq)
	}
}

// TestAcknowledgedEntriesSurviveAKill kills a process that appends, again and again, after more and more entries.
func TestAcknowledgedEntriesSurviveAKill(t *testing.T) {
	const kills = 10
	path := filepath.Join(t.TempDir(), "state.db")
	acknowledged := int64(-1)
	for k := range kills {
		last, err := killedAfter(path, k*k)
		if err != nil {
			t.Fatal(err)
		}
		d, err := db.Open(t.Context(), "sqlite:"+path)
		if err != nil {
			t.Fatal(err)
		}
		r := verified(t, opened(t, d))
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		if !r.Whole() || last <= acknowledged || r.Size <= last {
			t.Fatalf("kill %d: %d entries, faults %+v; want more than the %d acknowledged, and whole", k, r.Size, r.Faults, last)
		}
		acknowledged = last
	}
	t.Logf("%d kills, %d entries acknowledged, 0 lost", kills, acknowledged+1)
}

// killedAfter lets a process acknowledge n entries more, kills it, and returns the last one it acknowledged.
func killedAfter(path string, n int) (last int64, err error) {
	c := exec.Command(os.Args[0], "-test.run=^$")
	c.Env = append(os.Environ(), crashDatabase+"="+path)
	var said strings.Builder
	c.Stderr = &said
	out, err := c.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := c.Start(); err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(out)
	for range n + 1 {
		if !lines.Scan() {
			break
		}
		if last, err = strconv.ParseInt(lines.Text(), 10, 64); err != nil {
			break
		}
	}
	killed := c.Process.Kill() // SIGKILL
	for lines.Scan() {         // acknowledged before the kill
		if seq, err := strconv.ParseInt(lines.Text(), 10, 64); err == nil {
			last = seq
		}
	}
	_ = c.Wait() // says that it was killed
	if said.Len() > 0 {
		return last, fmt.Errorf("the process said: %s", said.String())
	}
	return last, killed
}
