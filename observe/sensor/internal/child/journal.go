package child

import (
	"sync"

	"bulwark/observe/sensor/internal/engine"
)

// journal passes what one worker learns of patients on to the others, so that an identifier that one core
// saw in HL7 is known to the core that sees it in a file name. It holds the newest journalSize of them.
type journal struct {
	// mu guards what follows. It is held for a copy only.
	mu   sync.Mutex
	ring [journalSize]learnt
	n    uint64 // how many there ever were
}

const journalSize = 1 << 12

// learnt is an identifier with who gave it, or a name alone.
type learnt struct{ authority, id, name string }

// Identifier passes on an identifier of a patient.
func (j *journal) Identifier(authority, id []byte) {
	j.add(learnt{authority: string(authority), id: string(id)})
}

// Name passes on the name of a patient.
func (j *journal) Name(raw []byte) { j.add(learnt{name: string(raw)}) }

func (j *journal) add(e learnt) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ring[j.n%journalSize] = e
	j.n++
}

// since tells to what was added since the count was at, and returns the count now.
func (j *journal) since(at uint64, to engine.Learner) uint64 {
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
		if e.name != "" {
			to.Name([]byte(e.name))
		} else {
			to.Identifier([]byte(e.authority), []byte(e.id))
		}
	}
	return n
}
