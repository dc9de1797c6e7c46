package engine

import (
	"bulwark/detect/signature/internal/rule"
	"bulwark/wire"
)

// suppression keeps a rule from telling of some addresses; set -1: of all.
type suppression struct {
	track string // by_src, by_dst, by_either; "": whoever
	set   int
}

// overrides are lines of threshold.config by the rules that they are about.
type overrides struct {
	of  map[[2]uint32][]*rule.Override
	all []*rule.Override // of a generator, or of everything
}

func newOverrides(all []rule.Override) overrides {
	o := overrides{of: map[[2]uint32][]*rule.Override{}}
	for i := range all {
		x := &all[i]
		if x.GID == 0 || x.SID == 0 {
			o.all = append(o.all, x)
			continue
		}
		key := [2]uint32{x.GID, x.SID}
		o.of[key] = append(o.of[key], x)
	}
	return o
}

// override gives c what threshold.config says of it. A limit of the rule itself gives way to one of that rule, and stands
// above one that is meant for many (Suricata: SetupThresholdRule).
func (s *Set) override(c *compiled, o *overrides) {
	c.Threshold, c.Detection = c.Rule.Threshold, c.Rule.Detection
	for _, x := range o.all {
		if x.About(c.GID, c.SID) && !(x.Kind == rule.EventFilter && (c.Threshold != nil || c.Detection != nil)) {
			s.overrideBy(c, x)
		}
	}
	for _, x := range o.of[[2]uint32{c.GID, c.SID}] {
		s.overrideBy(c, x)
	}
}

func (s *Set) overrideBy(c *compiled, x *rule.Override) {
	switch x.Kind {
	case rule.Suppress:
		set := -1
		if x.Track != "" {
			set = s.addresses.intern(&x.IP)
		}
		c.suppress = append(c.suppress, suppression{x.Track, set})
	case rule.EventFilter:
		limit := x.Limit
		c.Threshold, c.Detection = &limit, nil
	case rule.RateFilter:
		switch { // dropping and rejecting is done to packets, to which a watcher does nothing
		case x.Action == rule.Pass:
			c.rates = append(c.rates, x)
		case x.Action == rule.Alert && c.Action == rule.Pass:
			c.raises = append(c.raises, x)
		}
	}
}

// suppressed reports whether a rule that holds is not to be told, because of whom it is about or of how often it held.
func (w *Watcher) suppressed(c *compiled) bool {
	if len(c.suppress) == 0 && len(c.rates) == 0 {
		return false
	}
	v := &w.view
	var src, dst members
	if v.st != nil {
		src, dst = v.st.src, v.st.dst
		if v.dir == wire.ToClient {
			src, dst = dst, src
		}
	}
	for _, s := range c.suppress {
		switch {
		case s.track == "":
			return true
		case v.st == nil: // nobody knows whom the packet is about
		case s.track == "by_src" && src.has(s.set), s.track == "by_dst" && dst.has(s.set), s.track == "by_either" && (src.has(s.set) || dst.has(s.set)):
			return true
		}
	}
	for _, x := range c.rates {
		if v.f != nil && w.rated(c, x) {
			return true
		}
	}
	return false
}

// raised reports whether what a rule lets pass is told nevertheless, because it holds too often.
func (w *Watcher) raised(c *compiled) bool {
	for _, x := range c.raises {
		if w.view.f != nil && w.rated(c, x) {
			return true
		}
	}
	return false
}

// rated reports whether a rule holds too often to be told, now or since shortly.
func (w *Watcher) rated(c *compiled, x *rule.Override) bool {
	now := w.view.f.Time
	over := w.thresholdKey(c, &x.Limit, 'R')
	if w.shared.memory.has(over, now) {
		return true
	}
	if w.shared.memory.count(w.thresholdKey(c, &x.Limit, 'r'), now, x.Limit.Seconds) <= x.Limit.Count {
		return false
	}
	w.shared.memory.set(over, true, now+int64(x.Timeout)*1e9)
	return true
}
