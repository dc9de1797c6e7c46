package multi

// reach is how many of a pattern's last bytes hold all its windows.
const reach = 23

// Continue looks for the patterns that end behind the first `seen` bytes of p, which were looked at before: p is a piece of a
// stream, with at bytes of it before. From and To count from the stream's begin, AtEnd is the end of p.
func (s *Set) Continue(p []byte, seen int, at uint64, h *Hits) {
	if s == nil {
		h.reset(0, 0)
		return
	}
	h.reset(s.size, len(s.literals))
	if s.all {
		h.everything(s.size)
		return
	}
	s.scan(&scan{set: s, hits: h, p: p, at: int(at), seen: seen})
}
