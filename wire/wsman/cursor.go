package wsman

import (
	"bytes"

	"bulwark/wire/internal/markup"
)

var (
	cdata    = []byte("<![CDATA[")
	cdataEnd = []byte("]]>")
)

// cursor goes over the tags of elements.
type cursor struct{ rest []byte }

// next is the next tag of an element.
func (c *cursor) next() (markup.Tag, bool) {
	for {
		i := bytes.IndexByte(c.rest, '<')
		if i < 0 {
			return markup.Tag{}, false
		}
		n := markup.End(c.rest[i:])
		if n == 0 {
			return markup.Tag{}, false
		}
		t := markup.Parse(c.rest[i : i+n])
		c.rest = c.rest[i+n:]
		if len(t.Name) > 0 {
			return t, true
		}
	}
}

// inner is what stands between a tag and the one that closes it, behind which the cursor then is.
func (c *cursor) inner(t markup.Tag) ([]byte, bool) {
	if t.Close {
		return nil, false
	}
	if t.Empty {
		return nil, true
	}
	whole := c.rest
	for depth := 1; depth > 0; {
		before := len(c.rest)
		t, ok := c.next()
		switch {
		case !ok:
			return nil, false
		case t.Close:
			depth--
		case !t.Empty:
			depth++
		}
		if depth == 0 {
			from := len(whole) - before
			at := len(whole) - len(c.rest)
			return whole[:from+bytes.LastIndexByte(whole[from:at], '<')], true
		}
	}
	return nil, false
}

// plain is the text of an element without children.
func plain(p []byte) string {
	return string(bytes.TrimSpace(markup.AppendContent(nil, p)))
}
