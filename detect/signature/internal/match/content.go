package match

// content is bytes that must be in a window of the buffer, or must not.
type content struct {
	needle
	not      bool
	again    bool // when a later test fails, it is looked for further on
	relative bool // its window counts from the end of the test before
	single   bool // nothing bounds it
	bounded  bool // depth
	near     bool // within
	atEnd    bool

	offset, depth    amount
	distance, within amount
}

// content evaluates a content whose first place decides; end is where the next relative test counts from.
func (r *run) content(c *content, pos int) (v verdict, end int) {
	from, to, v := c.window(r, pos)
	if v != yes {
		if c.not && v == no {
			return yes, pos
		}
		return v, pos
	}
	if r.spend(to - from) {
		return never, pos
	}
	at := c.find(r.view.Data, from, to)
	switch {
	case c.not && at < 0:
		return yes, pos
	case c.not && c.single:
		return never, pos
	case c.not:
		return no, pos
	case at < 0:
		return c.missed(), pos
	}
	return yes, at + len(c.text)
}

// missed is the verdict on a content that is not there: where it stands by itself no other place of a content before it
// can mend that.
func (c *content) missed() verdict {
	if c.relative {
		return no
	}
	return never
}

// window is where the content must stand. The verdict is no where there is no room, which a negated content likes, and
// never where the window has passed.
func (c *content) window(r *run, pos int) (from, to int, v verdict) {
	if c.relative {
		from, to, v = c.behind(r, pos)
	} else {
		from, to, v = c.placed(r)
	}
	if v != yes {
		return 0, 0, v
	}
	to = min(to, len(r.view.Data))
	if from > to || to <= 0 {
		return 0, 0, no
	}
	return from, to, yes
}

// behind is the window of distance and within.
func (c *content) behind(r *run, pos int) (from, to int, v verdict) {
	way := c.distance.distance(r.m)
	from, to = max(pos+way, 0), farAway
	if !c.near {
		return from, to, yes
	}
	to = pos + way + c.within.length(r.m)
	if r.view.Offset == 0 || pos != 0 {
		return from, to, yes
	}
	// Nothing has been found in this part of the stream yet: the window counts from the stream's begin.
	if uint64(max(to, 0)) <= r.view.Offset {
		return 0, 0, never
	}
	return from, to - int(r.view.Offset), yes
}

// placed is the window of offset and depth, which count from the begin of the stream.
func (c *content) placed(r *run) (from, to int, v verdict) {
	from, to = c.offset.length(r.m), farAway
	if c.bounded {
		to = from + c.depth.length(r.m)
	}
	if r.view.Offset == 0 {
		return from, to, yes
	}
	if c.bounded && uint64(to) <= r.view.Offset {
		return 0, 0, never
	}
	if c.bounded {
		to -= int(r.view.Offset)
	}
	return int(uint64(from) - min(uint64(from), r.view.Offset)), to, yes
}

// find is where the content stands first in data[from:to], or -1.
func (c *content) find(data []byte, from, to int) int {
	n := len(c.text)
	if to-from < n {
		return -1
	}
	if c.atEnd {
		at := len(data) - n
		if to < len(data) || at < from || !c.is(data[at:]) {
			return -1
		}
		return at
	}
	at := c.index(data[from:to])
	if at < 0 {
		return -1
	}
	return from + at
}
