package event

import (
	"math"
	"time"
)

// Nanos are the unix nanoseconds of a time; of one before 1677 or after 2262, which they do not hold, the nearest that they do. A clock
// that is wrong by centuries is then still wrong to its own side.
func Nanos(t time.Time) int64 {
	switch {
	case t.Before(time.Unix(0, math.MinInt64)):
		return math.MinInt64
	case t.After(time.Unix(0, math.MaxInt64)):
		return math.MaxInt64
	}
	return t.UnixNano()
}
