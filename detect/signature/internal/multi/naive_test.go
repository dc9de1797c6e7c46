package multi

import "bytes"

// naive finds the patterns that end in stream[a:b], by trying each place. What is before stream[known:] is not known.
func naive(patterns []Pattern, stream []byte, known, a, b int) (ids []uint32) {
	for id, p := range patterns {
		for till := a + 1; till <= b; till++ {
			if stands(p, stream, known, till) && !(p.AtEnd && till != b) {
				ids = append(ids, uint32(id))
				break
			}
		}
	}
	return ids
}

func stands(p Pattern, stream []byte, known, till int) bool {
	n := len(p.Bytes)
	from := till - n
	if n == 0 || n > MaxLength || from < known || from < p.From || p.To > 0 && till > p.To {
		return false
	}
	if !p.Fold {
		return bytes.Equal(stream[from:till], p.Bytes)
	}
	return bytes.Equal(lower(stream[from:till]), lower(p.Bytes))
}

// lower turns ASCII letters to lower case, and leaves all other bytes.
func lower(p []byte) []byte {
	out := bytes.Clone(p)
	for i, b := range out {
		if 'A' <= b && b <= 'Z' {
			out[i] = b + 0x20
		}
	}
	return out
}
