package engine

import (
	"strconv"

	"bulwark/event"
	"bulwark/wire"
)

// Copies take copies of files. What they are handed is theirs during the call only.
type Copies interface {
	// Begin begins a copy; about says what it is, as JSON. false: there is no room for it.
	Begin(id uint64, about []byte) bool
	// Bytes are the next ones of a copy. false: it is lost, and nothing more of it is to come.
	Bytes(id uint64, p []byte) bool
	// End ends a copy, which is to be kept.
	End(id uint64) bool
	// Drop ends a copy that is not to be kept.
	Drop(id uint64)
}

// Extraction says which files are copied.
type Extraction struct {
	To    Copies
	Types []string // names and categories of package filetype; "all" is all
	Apps  []string // protocols that carry them; empty: all
	Read  bool     // those that the asking side is sent
	Write bool     // those that it sends
	Least uint64   // bytes that a file must have
	Most  uint64   // bytes that are copied of one; at least filetype.Head
}

const (
	copyPiece = 32 << 10 // bytes that are gathered before they are handed on
	maxCopies = 256      // copies under way at a time
)

// wants reports whether a file is to be copied.
func (e *Extraction) wants(c *content) bool {
	if c.dir == wire.ToClient && !e.Read || c.dir == wire.ToServer && !e.Write {
		return false
	}
	return names(e.Types, c.kind.String(), c.kind.Category()) && (len(e.Apps) == 0 || names(e.Apps, c.facts.App, c.facts.App))
}

// names reports whether a or b is in list; "all" names everything.
func names(list []string, a, b string) bool {
	for _, n := range list {
		if n == "all" || n != "" && (n == a || n == b) {
			return true
		}
	}
	return false
}

// copied is the copy of a file that is under way.
type copied struct {
	id    uint64
	on    bool
	size  uint64
	cut   bool   // more than it may have came
	sum   string // digest of what was copied, where it was cut
	piece []byte // of the worker's pool
}

// decide begins a copy of the file if one is wanted, with the bytes that came before those in hand.
func (c *content) decide(before []byte) {
	w, e := c.w, c.w.opt.Extract
	if e == nil || c.lost > 0 || uint64(len(before)) < c.size || !e.wants(c) {
		return
	}
	if w.files.copies >= maxCopies {
		w.files.refused++
		return
	}
	x := texts{buf: w.files.text[:0]}
	about := c.about(&x)
	w.files.text = x.buf
	w.files.lastCopy++
	id := w.opt.FirstFlow + w.files.lastCopy*w.opt.FlowStep
	if !e.To.Begin(id, about) {
		w.files.refused++
		return
	}
	w.files.copies++
	c.copy = copied{id: id, on: true, piece: w.pool.get(copyPiece)}
	if c.copyBytes(before[:c.size]); c.copy.piece == nil && c.copy.on {
		c.dropCopy()
	}
}

// about is what a copy tells of itself: what the file's event will tell, as far as it is known.
func (c *content) about(x *texts) []byte {
	name := c.name(x)
	at := len(x.buf)
	b := append(x.buf, `{"name":`...)
	b = event.AppendJSONString(b, name)
	for _, f := range [...]struct{ key, value string }{{"app", c.facts.App}, {"type", c.kind.String()}, {"category", c.kind.Category()},
		{"media", event.View(mediaType(c.facts.Type))}} {
		b = append(append(append(b, `,"`...), f.key...), `":`...)
		b = event.AppendJSONString(b, f.value)
	}
	b = strconv.AppendUint(append(b, `,"flow":`...), c.f.id, 10)
	b = strconv.AppendInt(append(b, `,"time":`...), c.w.clock, 10)
	x.buf = append(b, '}')
	return x.buf[at:]
}

// copyBytes copies the next bytes, as far as there may be so many.
func (c *content) copyBytes(p []byte) {
	k := &c.copy
	if room := c.w.opt.Extract.Most - k.size; uint64(len(p)) > room {
		p = p[:room]
		k.cut = true
	}
	k.size += uint64(len(p))
	for len(p) > 0 && k.on {
		n := min(len(p), cap(k.piece)-len(k.piece))
		if n == 0 && !c.handOn() {
			return
		}
		k.piece = append(k.piece, p[:n]...)
		p = p[n:]
	}
}

// handOn hands the gathered bytes on.
func (c *content) handOn() bool {
	k := &c.copy
	if len(k.piece) > 0 && !c.w.opt.Extract.To.Bytes(k.id, k.piece) {
		c.w.files.refused++
		c.endCopy()
		return false
	}
	k.piece = k.piece[:0]
	return cap(k.piece) > 0
}

// finishCopy keeps the copy of a file that is over, and returns its name: the digest of what was copied.
func (c *content) finishCopy(x *texts) string {
	k := &c.copy
	if !k.on {
		return ""
	}
	if c.size < c.w.opt.Extract.Least {
		c.dropCopy()
		return ""
	}
	if !c.handOn() {
		return ""
	}
	id := k.id
	c.endCopy()
	if !c.w.opt.Extract.To.End(id) {
		c.w.files.refused++
		return ""
	}
	if k.cut {
		return k.sum
	}
	return c.sums.text(x, SHA256, c.sums.sha256)
}

// dropCopy forgets the copy of a file that is not to be kept.
func (c *content) dropCopy() {
	if c.copy.on {
		c.w.opt.Extract.To.Drop(c.copy.id)
		c.endCopy()
	}
}

func (c *content) endCopy() {
	c.w.pool.put(c.copy.piece)
	c.copy.piece, c.copy.on = nil, false
	c.w.files.copies--
}

// digest adds p to the digests, and notes that of what was copied where the copy ends within p.
func (c *content) digest(p []byte) {
	k := &c.copy
	if k.on && k.cut && k.sum == "" {
		n := k.size - c.size // of p that were copied
		c.sums.write(p[:n])
		k.sum = string(appendPlainHex(nil, c.sums.sha256.Sum(nil)))
		p = p[n:]
	}
	c.sums.write(p)
}
