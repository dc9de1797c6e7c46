package child

import (
	"sync"

	"bulwark/observe/sensor/internal/engine"
	"bulwark/wire"
)

// journal passes what one worker learns of patients on to the others, so that an identifier that one core
// saw in HL7 is known to the core that sees it in a file name. It holds the newest journalSize of them.
type journal struct {
	// mu guards what follows. It is held for a copy only.
	mu    sync.Mutex
	ring  [journalSize]learnt
	n     uint64     // how many there ever were
	space wire.Space // of their texts
}

const (
	journalSize = 1 << 12
	// maxLearnt is how much of one is passed on, in bytes. Nobody learns longer names or identifiers.
	maxLearnt = 1 << 10
)

// learnt is an identifier behind who gave it, or a name.
type learnt struct {
	text []byte
	from *ear // who learnt it
	kind
}

// kind says what a text is.
type kind struct{ length, authority int } // of the text and of the authority before the identifier; -1: it is a name

const aName = -1

// ear is how a worker hears what others have learnt and tells them what it learns.
type ear struct {
	journal *journal
	at      uint64 // how much of the journal was read
	texts   []byte // what was heard last, one behind the other
	kinds   []kind // of them
}

// Identifier passes on an identifier of a patient.
func (e *ear) Identifier(authority, id []byte) {
	if len(authority)+len(id) <= maxLearnt {
		e.journal.add(e, authority, id, len(authority))
	}
}

// Name passes on the name of a patient.
func (e *ear) Name(raw []byte) { e.journal.add(e, nil, raw[:min(len(raw), maxLearnt)], aName) }

func (j *journal) add(from *ear, authority, text []byte, length int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	l := &j.ring[j.n%journalSize]
	l.text = j.space.Append(j.space.Append(l.text[:0], authority), text)
	l.from, l.kind = from, kind{len(l.text), length}
	j.n++
}

// listen tells to what others have added since the last time.
func (e *ear) listen(to engine.Learner) {
	e.copy()
	rest := e.texts
	for _, k := range e.kinds {
		text := rest[:k.length]
		rest = rest[k.length:]
		if k.authority == aName {
			to.Name(text)
		} else {
			to.Identifier(text[:k.authority], text[k.authority:])
		}
	}
}

func (e *ear) copy() {
	e.texts, e.kinds = e.texts[:0], e.kinds[:0]
	j := e.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	e.at = max(e.at, j.n-min(j.n, journalSize))
	for ; e.at < j.n; e.at++ {
		if l := &j.ring[e.at%journalSize]; l.from != e {
			e.texts, e.kinds = append(e.texts, l.text...), append(e.kinds, l.kind)
		}
	}
}
