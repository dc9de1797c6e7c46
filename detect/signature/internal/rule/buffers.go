package rule

import (
	"slices"

	"bulwark/detect/signature/internal/field"
	"bulwark/wire"
)

// group is a Looked that is being built.
type group struct {
	Looked
	listed bool // it stands among the buffers of the rule
}

// payload is the group of what looks at the payload.
func (b *builder) payload() *group {
	for _, g := range b.buffers {
		if g.Field == nil {
			return g
		}
	}
	g := &group{Looked: Looked{Dir: wire.Either, Pos: b.line.pos(b.at)}, listed: true}
	b.buffers = append(b.buffers, g)
	return g
}

// of is the group of a field without transforms, for the older keywords: one a field.
func (b *builder) of(f *field.Field) *group {
	for _, g := range b.buffers {
		if g.Field == f && len(g.Transforms) == 0 && g.Pick == nil {
			return g
		}
	}
	g := &group{Looked: Looked{Field: f, Dir: f.Dir, Pos: b.line.pos(b.at)}, listed: true}
	b.buffers = append(b.buffers, g)
	return g
}

// stick makes a field govern what follows.
func (b *builder) stick(f *field.Field) error {
	if err := b.closeSticky(); err != nil {
		return err
	}
	if err := b.speaks(f.App); err != nil {
		return err
	}
	b.sticky = &group{Looked: Looked{Field: f, Dir: f.Dir, Pos: b.line.pos(b.at)}}
	return nil
}

// closeSticky checks that something was asked of the buffer that governed until here.
func (b *builder) closeSticky() error {
	if g := b.sticky; g != nil && len(g.Tests) == 0 && !g.listed {
		return faultf(b.at, "nothing is asked of %s before another buffer, or the end of the rule, comes", g.Field.Name)
	}
	return nil
}

// here is the group that a test at this place belongs to.
func (b *builder) here() *group {
	if b.sticky == nil {
		return b.payload()
	}
	if !b.sticky.listed {
		b.list()
	}
	return b.sticky
}

// list takes the sticky group among the buffers, or joins it with one of the same field. A field of several values gets a
// group each time that it is named (Suricata 7 on: multi-buffer matching).
func (b *builder) list() {
	b.sticky.listed = true
	if b.sticky.Field.Kind != field.Many {
		for _, g := range b.buffers {
			if g.Field == b.sticky.Field && g.Dir == b.sticky.Dir && slices.Equal(g.Transforms, b.sticky.Transforms) {
				b.sticky = g
				return
			}
		}
	}
	b.buffers = append(b.buffers, b.sticky)
}

// relative is the group that a test belongs to which is relative to the newest match, as Suricata has it: that of the
// sticky buffer, else that of the newest test that moves the place.
func (b *builder) relative(yes bool) *group {
	if b.sticky == nil && yes && b.newest != nil {
		return b.newest
	}
	return b.here()
}

// add puts a test that moves the place into a group.
func (b *builder) add(g *group, t Test) {
	g.Tests = append(g.Tests, t)
	b.newest = g
}

// speaks notes that a keyword is of an application's protocol, and checks that the rule is not of another.
func (b *builder) speaks(app string) error {
	if app == "" || b.rule.Proto.App == app {
		return nil
	}
	if b.rule.Proto.App == "" {
		if t := b.rule.Proto.Transport; t != 0 && !carries(app, t) {
			return faultf(b.at, "%s is of %s, which %s does not carry", b.option, app, b.rule.Proto.Name)
		}
		b.rule.Proto.App = app
		return nil
	}
	both, ok := common(b.rule.Proto.App, app)
	if !ok {
		return faultf(b.at, "%s is of %s but the rule is of %s", b.option, app, b.rule.Proto.App)
	}
	b.rule.Proto.App = both
	return nil
}
