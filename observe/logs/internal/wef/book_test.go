package wef

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"bulwark/platform/db/dbtest"
)

func TestManyMachinesThatWaitTogetherAreAllKept(t *testing.T) {
	b, err := newBook(t.Context(), dbtest.SQLite(t), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	const machines, deliveries = 50, 4
	var all sync.WaitGroup
	for m := range machines {
		all.Go(func() {
			for n := range deliveries {
				k := &Machine{Identity: fmt.Sprint("ward", m), Subscription: "S", Bookmark: fmt.Sprint(n), Seen: int64(n)}
				if err := b.save(k); err != nil {
					t.Error(err)
				}
				if err := b.save(&Machine{Identity: k.Identity, Subscription: "S", Seen: int64(n)}); err != nil { // it lives
					t.Error(err)
				}
				if got, err := b.of(t.Context(), k.Identity); err != nil || got["S"] != k.Bookmark {
					t.Errorf("%s: got %q, %v behind %q", k.Identity, got["S"], err, k.Bookmark)
				}
			}
		})
	}
	all.Wait()
}
