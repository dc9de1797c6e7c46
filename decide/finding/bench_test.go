package finding

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"bulwark/platform/db/dbtest"
)

const many = 100_000

// full is a room with as many findings as there may be, of 500 rules.
func full(b *testing.B) *Findings {
	b.Helper()
	f, _ := open(b, dbtest.SQLite(b), Needs{Config: Config{Most: many, Wide: 100_000}})
	a := &alerts{}
	for n := range many {
		a.at = morning.Add(time.Duration(n) * time.Second)
		a.add(uint64(n%500), fmt.Sprintf("10.%d.%d.1", n>>14&63, n>>6&255), fmt.Sprintf("10.200.%d.%d", n>>8&255, n&255))
		if a.batch.Len() == 5000 {
			hear(b, f, a)
		}
	}
	if a.batch.Len() > 0 {
		hear(b, f, a)
	}
	return f
}

func BenchmarkLists(b *testing.B) {
	f := full(b)
	for _, q := range []string{"status=open", "q=rule+77+10.3.", "entity=10.200.7.7", "severity=medium&technique=T1210&sort=severity"} {
		b.Run(q, func(b *testing.B) {
			for range b.N {
				page(b, f, q)
			}
		})
	}
	b.Run("facets", func(b *testing.B) {
		for range b.N {
			f.facets(&query{status: []string{"open"}})
		}
	})
}

// BenchmarkFull is what as many findings as there may be take in memory.
func BenchmarkFull(b *testing.B) {
	for range b.N {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		f := full(b)
		if err := f.keep(b.Context()); err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
		runtime.KeepAlive(f)
	}
}

// BenchmarkFlood is what an alert costs that is one of a flood.
func BenchmarkFlood(b *testing.B) {
	f, _ := open(b, dbtest.SQLite(b), Needs{})
	a := &alerts{}
	for range 5000 {
		a.add(1, "10.0.0.1", "10.0.0.2")
	}
	batch := a.batch.Bytes()
	b.ReportAllocs()
	for n := range b.N {
		if err := f.read(uint64(n), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/5000, "ns/alert")
}

// BenchmarkKeep is what it costs to keep all, once.
func BenchmarkKeep(b *testing.B) {
	for range b.N {
		b.StopTimer()
		f := full(b)
		b.StartTimer()
		if err := f.keep(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
