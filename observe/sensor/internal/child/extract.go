package child

import (
	"slices"

	"bulwark/observe/sensor/internal/engine"
	"bulwark/observe/sensor/internal/link"
)

// limits are what one of n workers may hold.
func (c *crew) limits(n int) engine.Limits {
	f := &c.start.Files
	return engine.Limits{Flows: c.start.Flows / n, Reassembly: c.start.Reassembly / n,
		Files: f.Most / n, Unpacking: f.Memory / n, Unpacked: f.Unpacked, Ratio: f.Ratio}
}

// hashes are the digests that are made of files: where EVE is written those alone that somebody asked for, as Suricata does.
func (c *crew) hashes() engine.Hashes {
	want := engine.SHA256
	asked := c.start.Records.Hashes
	if c.start.EVE && !slices.Contains(asked, "sha256") {
		want = engine.NoHashes
	}
	if c.start.Files.MD5 || slices.Contains(asked, "md5") {
		want |= engine.MD5
	}
	if c.start.Files.SHA1 || slices.Contains(asked, "sha1") {
		want |= engine.SHA1
	}
	return want
}

// extraction is which files are copied; nil where none are.
func (c *crew) extraction(o *outbox) *engine.Extraction {
	e := c.start.Files.Extract
	if e == nil || c.start.Discard {
		return nil
	}
	return &engine.Extraction{To: copies{o}, Types: e.Types, Apps: e.Apps, Read: e.Read, Write: e.Write, Least: e.Least, Most: e.Most}
}

// copies send copies of files to the parent. Live they take at most half of the room in the pipe, so that they never
// push events out of it.
type copies struct{ out *outbox }

// Begin begins a copy.
func (c copies) Begin(id uint64, about []byte) bool {
	return c.send(link.FilePart{Step: link.FileBegin, ID: id, Data: about})
}

// Bytes are the next ones of a copy.
func (c copies) Bytes(id uint64, p []byte) bool {
	for len(p) > 0 {
		n := min(len(p), link.MaxPart)
		if !c.send(link.FilePart{Step: link.FileBytes, ID: id, Data: p[:n]}) {
			c.Drop(id)
			return false
		}
		p = p[n:]
	}
	return true
}

// End ends a copy that is to be kept.
func (c copies) End(id uint64) bool {
	if c.send(link.FilePart{Step: link.FileEnd, ID: id}) {
		return true
	}
	c.Drop(id)
	return false
}

// Drop ends a copy that is not. Where there is no room it is said later: the parent would go on waiting for the rest.
func (c copies) Drop(id uint64) {
	c.out.dropped = append(c.out.dropped, id)
	c.out.tellDropped()
}

// tellDropped says which copies are not to be kept, as far as there is room.
func (o *outbox) tellDropped() {
	for len(o.dropped) > 0 {
		part := link.AppendPart(o.pipe.buffer(), link.FilePart{Step: link.FileDrop, ID: o.dropped[0]})
		if o.start.Wait {
			o.pipe.full <- part
		} else {
			select {
			case o.pipe.full <- part:
			default:
				return // there are at most as many as there are copies under way at a time, and a few
			}
		}
		o.dropped = o.dropped[:copy(o.dropped, o.dropped[1:])]
	}
}

func (c copies) send(part link.FilePart) bool {
	p := c.out.pipe
	if !c.out.start.Wait && len(p.full) > queued/2 || len(c.out.dropped) > 0 {
		return false
	}
	p.full <- link.AppendPart(p.buffer(), part)
	return true
}
