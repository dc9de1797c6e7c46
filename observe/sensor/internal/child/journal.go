package child

import "sync"

// journal passes what one worker learns of patients' identifiers on to the others, so that an identifier that one core
// saw in HL7 is known to the core that sees it in a file name. It holds the newest journalSize of them.
type journal struct {
	// mu guards what follows. It is held for a copy only.
	mu   sync.Mutex
	ring [journalSize]learnt
	n    uint64 // how many there ever were
}

const journalSize = 1 << 12

type learnt struct{ authority, id string }

func (j *journal) add(authority, id []byte) {
	e := learnt{string(authority), string(id)}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ring[j.n%journalSize] = e
	j.n++
}

// since hands fn what was added since the count was at, and returns the count now.
func (j *journal) since(at uint64, fn func(authority, id []byte)) uint64 {
	j.mu.Lock()
	n := j.n
	if n == at {
		j.mu.Unlock()
		return n
	}
	if n-at > journalSize {
		at = n - journalSize
	}
	fresh := make([]learnt, 0, n-at)
	for ; at < n; at++ {
		fresh = append(fresh, j.ring[at%journalSize])
	}
	j.mu.Unlock()
	for _, e := range fresh {
		fn([]byte(e.authority), []byte(e.id))
	}
	return n
}
