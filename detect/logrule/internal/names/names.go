// Package names numbers the names of fields that are known, so that an event's are looked up once.
package names

import (
	"math/bits"
)

// Table is names with their numbers, which count from 0. It is not changed once it is made, and may be used by many at once.
type Table struct {
	all   []string
	slots []int32 // number+1 by hash; 0: free
	shift uint
}

// New makes a table. A name that is given twice has its first number.
func New(all ...string) *Table {
	size := bits.Len(uint(4*len(all) + 8))
	t := &Table{all: all, slots: make([]int32, 1<<size), shift: uint(64 - size)}
	for n, name := range all {
		if at, found := t.find(name); !found {
			t.slots[at] = int32(n) + 1
		}
	}
	return t
}

// Len is how many names there are.
func (t *Table) Len() int { return len(t.all) }

// Of is the number of a name; -1: it is not known.
func (t *Table) Of(name string) int32 {
	at, _ := t.find(name)
	return t.slots[at] - 1
}

// find is the slot of a name, or the free one where it would be.
func (t *Table) find(name string) (at uint64, found bool) {
	for at = hash(name) >> t.shift; ; at = (at + 1) & uint64(len(t.slots)-1) {
		n := t.slots[at]
		if n == 0 {
			return at, false
		}
		if t.all[n-1] == name {
			return at, true
		}
	}
}

// hash mixes the first and the last eight bytes of a name with its length. The names of a table are known: nobody can choose them so that
// they collide.
func hash(s string) uint64 {
	const a, b = 0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9
	n := len(s)
	switch {
	case n >= 8:
		x := load(s[:8]) ^ bits.RotateLeft64(load(s[n-8:]), 23)
		return (x ^ uint64(n)) * a
	case n >= 4:
		x := uint64(load4(s[:4])) | uint64(load4(s[n-4:]))<<32
		return (x ^ uint64(n)) * b
	case n > 0:
		return (uint64(s[0]) | uint64(s[n/2])<<8 | uint64(s[n-1])<<16 | uint64(n)<<24) * a
	}
	return 0
}

func load(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func load4(s string) uint32 {
	_ = s[3]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}
