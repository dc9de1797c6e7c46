package engine

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePage is the size of a huge page on the processors that are supported.
const hugePage = 2 << 20

// huge asks for the whole huge pages within b to be such, where the system gives them only to those who ask (Linux
// MADV_HUGEPAGE). A table that is read at random takes a walk through the page tables for each look otherwise.
func huge(b []uint64) {
	const word = 8
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b)))&(hugePage-1)) / word
	size := (len(b) - skip) * word &^ (hugePage - 1)
	if size <= 0 {
		return
	}
	_ = unix.Madvise(unsafe.Slice((*byte)(unsafe.Pointer(&b[skip])), size), unix.MADV_HUGEPAGE) // small pages do as well
}
