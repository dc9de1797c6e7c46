package match

import (
	"math"

	"bulwark/detect/signature/internal/rule"
)

// entropy evaluates the keyword of that name.
func (r *run) entropy(t *rule.Entropy) bool {
	data := r.view.Data
	if t.Offset > 0 {
		if t.Offset > len(data) {
			return false
		}
		data = data[t.Offset:]
	}
	if t.Count > 0 {
		if t.Count > len(data) {
			return false
		}
		data = data[:t.Count]
	}
	v := shannon(data)
	if r.m.Entropy != nil {
		r.m.Entropy(t, v)
	}
	switch t.Op {
	case rule.Equal:
		return v == t.Value
	case rule.NotEqual:
		return v != t.Value
	case rule.Less:
		return v < t.Value
	case rule.LessEqual:
		return v <= t.Value
	case rule.Greater:
		return v > t.Value
	case rule.GreaterEqual:
		return v >= t.Value
	case rule.Between:
		return t.Value < v && v < t.Upper
	case rule.Within:
		return t.Value <= v && v <= t.Upper
	}
	return false
}

// shannon is the entropy of data in bits a byte, 0 to 8.
func shannon(data []byte) float64 {
	var counts [256]uint32
	for _, b := range data {
		counts[b]++
	}
	v := 0.0
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / float64(len(data))
			v -= p * math.Log2(p)
		}
	}
	return v
}
