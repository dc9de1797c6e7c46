package ledger

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"bulwark/internal/crash"
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
func killedAfter(path string, n int) (int64, error) {
	last, err := crash.After(crashDatabase, path, n+1)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(last, 10, 64)
}
