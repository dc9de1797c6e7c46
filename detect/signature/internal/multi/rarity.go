package multi

// rarity knows how rare windows are.
type rarity struct{}

func (s *Set) rarity() *rarity { return &rarity{} }

// choose is where in a pattern the windows begin that a pass shall look for: the last place whose windows and what
// follows them fit a stream's carry.
func (r *rarity) choose(value []byte, k kind) int {
	switch k.place {
	case start:
		return 0
	case end:
		return len(value) - int(k.width)
	}
	return len(value) - int(k.width) - int(k.stride) + 1
}
