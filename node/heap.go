package node

import (
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// hugeHeap is how much of the memory of the process that reads packets lies in huge pages, where the system has them: about what
// lives while it looks at traffic with many rules. What is more is scattered, and would take whole pages for a few bytes.
const hugeHeap = 192 << 20

// growHuge makes the next size bytes that the heap grows by lie in huge pages where the system gives them only to those who ask
// (Linux MADV_HUGEPAGE). Rules and what is kept of flows are read at random: of small pages each look takes a walk through the page tables.
//
// The runtime has no such setting. It does use again the addresses of what was let go, and the system remembers what was asked for these.
func growHuge(size int) {
	b := make([]byte, size)                 // never touched: it takes no memory
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE) // small pages do as well
	debug.FreeOSMemory()
}
