package dicomweb

import "bytes"

// Counter counts what a body carries, as it comes: the objects of a list of JSON, or the parts of a multipart body; and
// in the answer to STOW-RS the instances that it names. Its zero value counts nothing.
type Counter struct {
	kind    kind
	objects int // objects of the outermost list, or parts
	named   int // instances that the answer to STOW-RS names
	failed  int // those of them that were not stored

	depth  int  // of JSON
	list   bool // the outermost value is a list
	text   bool // within a string
	escape bool // behind a backslash in it
	word   [9]byte
	n      int // bytes of the string so far

	line [74]byte // of multipart: the line that begins a part (RFC 2046 §5.1.1: a boundary has at most 70 characters)
	len  int
	tail [160]byte // the last bytes of what came
	kept int
	over bool // the line that ends the last part was seen
}

type kind uint8

const (
	countNothing kind = iota
	countJSON
	countParts
)

// Begin makes c ready for a body of a media type.
func (c *Counter) Begin(media []byte) {
	*c = Counter{}
	switch {
	case bytes.Contains(media, []byte("json")):
		c.kind = countJSON
	case bytes.HasPrefix(media, []byte("multipart/")):
		_, boundary, ok := bytes.Cut(media, []byte("boundary="))
		boundary, _, _ = bytes.Cut(boundary, []byte(";"))
		boundary = bytes.Trim(boundary, "\" ")
		if ok && len(boundary) > 0 && len(boundary) <= 70 {
			c.kind = countParts
			c.len = copy(c.line[:], "--")
			c.len += copy(c.line[c.len:], boundary)
		}
	}
}

// Write counts on.
func (c *Counter) Write(p []byte) {
	switch c.kind {
	case countJSON:
		c.json(p)
	case countParts:
		c.parts(p)
	}
}

// Objects is how many objects or parts there are.
func (c *Counter) Objects() int { return c.objects }

// Stored is how many instances an answer to STOW-RS says were stored, and how many were not (PS3.18 §10.5.3).
func (c *Counter) Stored() (stored, failed int) { return max(c.named-c.failed, 0), c.failed }

func (c *Counter) json(p []byte) {
	for _, b := range p {
		if c.text {
			c.string(b)
			continue
		}
		switch b {
		case '"':
			c.text, c.n = true, 0
		case '[', '{':
			c.depth++
			c.list = c.list || b == '[' && c.depth == 1
			if b == '{' && c.depth == 2 && c.list {
				c.objects++
			}
		case ']', '}':
			c.depth--
		}
	}
}

// string takes a byte of a string, and looks for the tags of an instance and of why it was not stored.
func (c *Counter) string(b byte) {
	switch {
	case c.escape:
		c.escape = false
	case b == '\\':
		c.escape = true
	case b == '"':
		c.text = false
		if c.n == 8 {
			switch string(c.word[:8]) {
			case "00081155": // Referenced SOP Instance UID
				c.named++
			case "00081197": // Failure Reason
				c.failed++
			}
		}
		return
	}
	if c.n < len(c.word) {
		c.word[c.n] = b
		c.n++
	}
}

// parts looks for the lines that begin parts. One that ends the last part is not counted, and nothing behind it.
func (c *Counter) parts(p []byte) {
	if c.over {
		return
	}
	most := c.len + 1 // of a line with the two bytes behind it, all but one
	if c.kept > 0 {
		n := copy(c.tail[c.kept:c.kept+min(most, len(c.tail)-c.kept)], p)
		c.search(c.tail[:c.kept+n])
		if n == len(p) && c.kept+n < 2*most {
			c.keep(c.tail[:c.kept+n], most)
			return
		}
	}
	c.search(p)
	c.keep(p, most)
}

// keep keeps the last bytes, of which a line may be the beginning.
func (c *Counter) keep(p []byte, most int) {
	c.kept = copy(c.tail[:], p[max(len(p)-most, 0):])
}

// search counts the lines in p that are there with the two bytes behind them.
func (c *Counter) search(p []byte) {
	line := c.line[:c.len]
	for !c.over {
		i := bytes.Index(p, line)
		if i < 0 || i+len(line)+2 > len(p) {
			return
		}
		p = p[i+len(line):]
		if p[0] == '-' && p[1] == '-' {
			c.over = true
		} else {
			c.objects++
		}
	}
}
