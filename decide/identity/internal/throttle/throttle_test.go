package throttle

import (
	"fmt"
	"testing"
	"time"

	"bulwark/platform/clock"
)

func rule() Rule {
	return Rule{Free: 3, First: time.Second, Longest: 5 * time.Second, Forget: time.Hour, Keys: 100}
}

func started() (*Table, *clock.Manual) {
	c := clock.NewManual(time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC))
	return New(rule(), c), c
}

func TestEachFailureWaitsLongerUpToALimit(t *testing.T) {
	table, c := started()
	for i, want := range []time.Duration{0, 0, 0, time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second} {
		if got := table.Begin("a"); got != want {
			t.Fatalf("attempt %d waits %v, want %v", i, got, want)
		}
		if want > 0 {
			c.Add(want)
			if got := table.Begin("a"); got != 0 {
				t.Fatalf("attempt %d, after its wait, waits %v, want 0", i, got)
			}
		}
	}
}

func TestSuccessForgivesEverything(t *testing.T) {
	table, _ := started()
	for range 3 {
		table.Begin("a")
	}
	table.Succeeded("a")
	if got := table.Begin("a"); got != 0 {
		t.Errorf("wait = %v, want 0", got)
	}
}

func TestWhatIsTakenBackDoesNotCount(t *testing.T) {
	table, _ := started()
	for range 20 {
		if got := table.Begin("a"); got != 0 {
			t.Fatalf("wait = %v, want 0", got)
		}
		table.TakeBack("a")
	}
	table.TakeBack("never seen")
}

func TestTimeForgives(t *testing.T) {
	table, c := started()
	for range 3 {
		table.Begin("a")
	}
	c.Add(time.Hour)
	for i := range 3 {
		if got := table.Begin("a"); got != 0 {
			t.Errorf("attempt %d after an hour waits %v, want 0", i, got)
		}
	}
}

func TestAClockSetBackDoesNotLockAnybodyOut(t *testing.T) {
	table, c := started()
	for range 3 {
		table.Begin("a")
	}
	c.Add(-24 * time.Hour)
	if got := table.Begin("a"); got != time.Second {
		t.Errorf("wait = %v, want 1s", got)
	}
	c.Add(time.Second)
	if got := table.Begin("a"); got != 0 {
		t.Errorf("a second later the wait is %v, want 0", got)
	}
}

func TestTheTableIsBounded(t *testing.T) {
	table, _ := started()
	for i := range 1000 {
		table.Begin(fmt.Sprint(i))
	}
	if len(table.keys) != 100 || table.recent.Len() != 100 {
		t.Errorf("keys = %d, %d; want 100", len(table.keys), table.recent.Len())
	}
}
