package signature

import (
	"errors"
	"fmt"
	"io"
	"runtime/metrics"
)

// ErrMemory means that rules take more memory than they may.
var ErrMemory = errors.New("signature: too many rules")

func errMemory() error {
	return fmt.Errorf("%w: they take more than %d MiB of memory", ErrMemory, Memory>>20)
}

// crowded begins to watch the memory of the process, and reports by what it returns whether so many bytes more live in it.
func crowded(most uint64) func() bool {
	from := live()
	return func() bool { return live() > from+most }
}

// live is how many bytes the last collection left.
func live() uint64 {
	s := [1]metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	if metrics.Read(s[:]); s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return s[0].Value.Uint64()
}

// while reads as long as there is room for what is made of it.
type while struct {
	io.Reader
	full func() bool
}

func (r *while) Read(p []byte) (int, error) {
	if r.full() {
		return 0, errMemory()
	}
	return r.Reader.Read(p)
}
