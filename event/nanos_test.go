package event

import (
	"math"
	"testing"
	"time"
)

func TestNanosOfWrongClocks(t *testing.T) {
	for _, c := range []struct {
		year int
		want int64
	}{{1, math.MinInt64}, {1970, 0}, {2026, 1767225600e9}, {9999, math.MaxInt64}} {
		if got := Nanos(time.Date(c.year, 1, 1, 0, 0, 0, 0, time.UTC)); got != c.want {
			t.Errorf("%d: got %d, want %d", c.year, got, c.want)
		}
	}
}
