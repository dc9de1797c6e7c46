package pcap

import (
	"math"
	"math/bits"
)

// clock turns the ticks of a pcapng interface into Unix nanoseconds (draft-ietf-opsawg-pcapng §4.2,
// if_tsresol and if_tsoffset). The zero value is not ready: use newClock.
type clock struct {
	mul    uint64 // nanoseconds per tick, when a tick is at least one; else 0
	div    uint64 // ticks per nanosecond, when a decimal tick is shorter; else 0
	shift  uint   // binary resolution: a second has 1<<shift ticks; used when both are 0
	offset int64  // nanoseconds to add
}

// newClock makes the clock of an if_tsresol octet: the exponent of a negative power, of 2 when its top bit is set,
// else of 10. Without the option it is 6: microseconds.
func newClock(tsresol uint8) clock {
	exp := uint(tsresol & 0x7f)
	switch {
	case tsresol&0x80 != 0:
		return clock{shift: exp}
	case exp <= 9:
		return clock{mul: pow10(9 - exp)}
	case exp <= 28:
		return clock{div: pow10(exp - 9)}
	}
	return clock{div: math.MaxUint64} // finer than 64 bits of ticks can reach: all times are the offset
}

func pow10(n uint) uint64 {
	v := uint64(1)
	for range n {
		v *= 10
	}
	return v
}

// unix is the time of a tick count. What lies beyond the range of an int64 becomes its end.
func (c clock) unix(ticks uint64) int64 {
	var hi, lo uint64
	switch {
	case c.mul != 0:
		hi, lo = bits.Mul64(ticks, c.mul)
	case c.div != 0:
		lo = ticks / c.div
	default:
		hi, lo = bits.Mul64(ticks, 1e9)
		hi, lo = shiftRight(hi, lo, c.shift)
	}
	if hi != 0 || lo > math.MaxInt64 {
		lo = math.MaxInt64
	}
	return addClamped(int64(lo), c.offset)
}

func shiftRight(hi, lo uint64, n uint) (uint64, uint64) {
	if n >= 64 {
		return 0, hi >> (n - 64)
	}
	return hi >> n, lo>>n | hi<<(64-n)
}

func addClamped(a, b int64) int64 {
	sum := a + b
	switch {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	}
	return sum
}

// offsetSeconds sets if_tsoffset, in seconds.
func (c *clock) offsetSeconds(s int64) {
	switch {
	case s > math.MaxInt64/int64(1e9):
		c.offset = math.MaxInt64
	case s < math.MinInt64/int64(1e9):
		c.offset = math.MinInt64
	default:
		c.offset = s * 1e9
	}
}
