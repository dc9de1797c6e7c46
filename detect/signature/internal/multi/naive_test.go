package multi

import "bytes"

// naive finds the patterns that end in stream[a:b], by trying each place. Of what stands before stream[a:] it sees the
// last `known` bytes; what is before those it takes to match.
func naive(patterns []Pattern, stream []byte, a, b, known int) (ids []uint32) {
	for id, p := range patterns {
		for till := a + 1; till <= b; till++ {
			if stands(p, stream, till, max(a-known, 0)) && !(p.AtEnd && till != b) {
				ids = append(ids, uint32(id))
				break
			}
		}
	}
	return ids
}

func stands(p Pattern, stream []byte, till, known int) bool {
	n := len(p.Bytes)
	from := till - n
	if n == 0 || n > MaxLength || from < 0 || from < p.From || p.To > 0 && till > p.To {
		return false
	}
	hidden := max(known-from, 0)
	got, want := stream[from+hidden:till], p.Bytes[hidden:]
	if !p.Fold {
		return bytes.Equal(got, want)
	}
	return bytes.Equal(lower(got), lower(want))
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
