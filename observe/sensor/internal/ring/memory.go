package ring

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"bulwark/platform/vault"
)

// memory is room for the batches of a writer, outside of the collector's heap: in huge pages where the system has any,
// of which the kernel pins one where it would pin 512 for a write past the page cache.
type memory struct {
	mapped []byte
	free   [][]byte // of a batch each
	left   []byte   // that was not handed out yet
}

// hugePage is the size of a huge page on the processors that are supported.
const hugePage = 2 << 20

// newMemory maps room for n batches.
func newMemory(n int) *memory {
	m := new(memory)
	b, err := unix.Mmap(-1, 0, n*batchSize+hugePage, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		m.left = vault.Aligned(n * batchSize)
		m.left = m.left[:cap(m.left)]
		return m
	}
	at := int(-uintptr(unsafe.Pointer(&b[0])) & (hugePage - 1))
	m.mapped, m.left = b, b[at:at+n*batchSize]
	_ = unix.Madvise(m.left, unix.MADV_HUGEPAGE) // small pages do as well
	return m
}

// take is room for one batch; nil when all are taken.
func (m *memory) take() []byte {
	if n := len(m.free); n > 0 {
		b := m.free[n-1] // the one that is warm
		m.free = m.free[:n-1]
		return b
	}
	if len(m.left) < batchSize {
		return nil
	}
	b := m.left[:0:batchSize]
	m.left = m.left[batchSize:]
	return b
}

// give takes a batch back.
func (m *memory) give(b []byte) { m.free = append(m.free, b[:0]) }

// close unmaps all. Nothing of it may be used any more.
func (m *memory) close() {
	m.free, m.left = nil, nil
	if m.mapped != nil {
		_ = unix.Munmap(m.mapped) // it was mapped
		m.mapped = nil
	}
}
