package pseudonym

// Learn remembers an identifier that was seen where it is certain to be a patient's, in DICOM or HL7, so that
// [Pseudonyms.Text] knows it again in a URL or a file name and gives it the same pseudonym. Identifiers of fewer
// than 5 letters and digits, or without a digit, are not learnt: too much else looks like them. The newest 65,536 are remembered.
// Of the same identifier of two authorities the first one counts, unless it had none.
func (p *Pseudonyms) Learn(authority, id []byte) {
	sum, n, parts := p.known.digest(id)
	if n < minLearned || n > maxLearned || !hasDigit(id) {
		return
	}
	if old := p.known.find(sum); old != nil && (old.authority || len(authority) == 0) {
		return
	}
	e := entry{sum: sum, authority: len(authority) > 0}
	p.Patient(e.pseudonym[:0], authority, id)
	p.known.put(e)
	p.known.lengths |= 1 << n
	p.known.parts = max(p.known.parts, min(parts, maxParts))
}

const (
	minLearned = 5 // letters and digits
	maxLearned = 63
	// capacity is how many identifiers, and how many names, are remembered; slots is the size of their index, twice as many.
	capacity = 1 << 16
	slots    = 2 * capacity
	// maxParts is of how many words, separated by one byte each, a learnt identifier may be made.
	maxParts = 8
)

// learned is a set of identifiers, or of names, of bounded size, the oldest out first. It holds keyed digests, never what they are of.
type learned struct {
	seed    uint64
	lengths uint64 // bit n: an identifier of n letters and digits was learnt
	parts   int    // the most words a learnt identifier is made of
	ring    []entry
	next    int      // the oldest entry, once the ring is full
	index   []uint32 // open addressing with linear probing: 1 + place in ring; 0 is free
	// maybe has a bit for each sum that is known and for some that were: small enough for the processor's cache, it spares
	// most of what is not known a look at the index.
	maybe []uint64
	stale int // sums forgotten since maybe was made
}

type entry struct {
	sum       uint64
	pseudonym [Size]byte
	authority bool
	role      role // of a name
	again     bool // seen again since the ring came by: it stays for one more turn
}

// digest is a keyed hash of the letters and digits of id, in upper case; how many they are, and in how many words.
// Separators do not count: 12-345 and 12345 are the same digits to a person.
func (l *learned) digest(id []byte) (sum uint64, n, parts int) {
	sum = l.seed
	inside := false
	for _, b := range id {
		if class[b]&wordByte == 0 {
			inside = false
			continue
		}
		if !inside {
			parts++
		}
		inside = true
		n++
		sum = mix(sum, b)
	}
	return finishMix(sum), n, parts
}

func mix(sum uint64, b byte) uint64 { return (sum ^ uint64(upper(b))) * 0x100000001B3 }

func finishMix(sum uint64) uint64 {
	sum ^= sum >> 32
	sum *= 0xD6E8FEB86659FD93
	return sum ^ sum>>32
}

func (l *learned) find(sum uint64) *entry {
	if l.index == nil || l.maybe[sum>>maybeShift]>>(sum>>maybeBit&63)&1 == 0 {
		return nil
	}
	for slot := sum % slots; ; slot = (slot + 1) % slots {
		at := l.index[slot]
		if at == 0 {
			return nil
		}
		if e := &l.ring[at-1]; e.sum == sum {
			return e
		}
	}
}

func (l *learned) put(e entry) {
	if l.index == nil {
		l.index, l.maybe = make([]uint32, slots), make([]uint64, maybeWords)
	}
	if old := l.find(e.sum); old != nil {
		*old = e
		return
	}
	at := l.next
	if len(l.ring) < capacity {
		at = len(l.ring)
		l.ring = append(l.ring, e)
	} else {
		for ; l.ring[at].again; at = l.next {
			l.ring[at].again = false
			l.next = (at + 1) % capacity
		}
		l.remove(l.ring[at].sum)
		l.ring[at] = e
		l.refresh()
		l.next = (l.next + 1) % capacity
	}
	l.mark(e.sum)
	slot := e.sum % slots
	for l.index[slot] != 0 {
		slot = (slot + 1) % slots
	}
	l.index[slot] = uint32(at + 1)
}

const (
	maybeWords = 1 << 13 // of 64 bits: 8 a sum
	maybeShift = 64 - 13
	maybeBit   = maybeShift - 6
)

func (l *learned) mark(sum uint64) { l.maybe[sum>>maybeShift] |= 1 << (sum >> maybeBit & 63) }

// refresh makes maybe anew once half of what it has bits for may be forgotten.
func (l *learned) refresh() {
	if l.stale++; l.stale < capacity/2 {
		return
	}
	l.stale = 0
	clear(l.maybe)
	for i := range l.ring {
		l.mark(l.ring[i].sum)
	}
}

// remove frees the slot of sum and moves back what probing had pushed behind it (Knuth 6.4, algorithm R).
func (l *learned) remove(sum uint64) {
	slot := sum % slots
	for l.ring[l.index[slot]-1].sum != sum {
		slot = (slot + 1) % slots
	}
	free := slot
	for {
		slot = (slot + 1) % slots
		at := l.index[slot]
		if at == 0 {
			break
		}
		home := l.ring[at-1].sum % slots
		if (slot-home)%slots >= (slot-free)%slots {
			l.index[free] = at
			free = slot
		}
	}
	l.index[free] = 0
}

func hasDigit(p []byte) bool {
	for _, b := range p {
		if '0' <= b && b <= '9' {
			return true
		}
	}
	return false
}
