package ring

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"bulwark/platform/vault"
)

// memory is room for the blocks of a writer, outside of the collector's heap: in huge pages where the system has any, of
// which the kernel pins one where it would pin 512 for a write past the page cache.
type memory struct {
	mapped [][]byte
	free   [][]byte // of a block each
}

// hugePage is the size of a huge page on the processors that are supported.
const hugePage = 2 << 20

// blockSize is the room of a block.
const blockSize = blockChunks * chunkSize

// grow adds room for n blocks at least.
func (m *memory) grow(n int) {
	size := (n*blockSize + hugePage - 1) &^ (hugePage - 1)
	b, err := unix.Mmap(-1, 0, size+hugePage, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err == nil {
		m.mapped = append(m.mapped, b)
		at := int(-uintptr(unsafe.Pointer(&b[0])) & (hugePage - 1))
		b = b[at : at+size]
		_ = unix.Madvise(b, unix.MADV_HUGEPAGE) // small pages do as well
	} else {
		b = vault.Aligned(size)
		b = b[:cap(b)]
	}
	for ; len(b) >= blockSize; b = b[blockSize:] {
		m.free = append(m.free, b[:blockSize:blockSize])
	}
}

// take is room for one block; nil when all is taken.
func (m *memory) take() []byte {
	n := len(m.free)
	if n == 0 {
		return nil
	}
	b := m.free[n-1] // the one that is warm
	m.free = m.free[:n-1]
	return b
}

// give takes the room of a block back.
func (m *memory) give(b []byte) { m.free = append(m.free, b[:blockSize]) }

// close unmaps all. Nothing of it may be used any more.
func (m *memory) close() {
	for _, b := range m.mapped {
		_ = unix.Munmap(b) // it was mapped
	}
	m.mapped, m.free = nil, nil
}
