// Package delimited reads what is separated by bytes that the sender chose, as the messages of HL7 v2 and ASTM E1394 are.
package delimited

import "bytes"

// Fields walks the fields of a segment or a record forwards.
type Fields struct {
	Rest []byte
	Sep  byte
	N    int // number of the field that Rest begins with
}

// At is field n, which must not stand before one that was asked for already; nil where there are fewer.
func (f *Fields) At(n int) []byte {
	for f.N < n {
		i := bytes.IndexByte(f.Rest, f.Sep)
		if i < 0 {
			f.Rest, f.N = nil, n
			return nil
		}
		f.Rest = f.Rest[i+1:]
		f.N++
	}
	field, _ := Cut(f.Rest, f.Sep)
	return field
}

// Cut is what stands in p before sep and after it. A sep of 0 separates nothing.
func Cut(p []byte, sep byte) (before, after []byte) {
	if sep != 0 {
		if i := bytes.IndexByte(p, sep); i >= 0 {
			return p[:i], p[i+1:]
		}
	}
	return p, nil
}

// Part is the n-th part of p, from 0; nil where there are fewer.
func Part(p []byte, sep byte, n int) []byte {
	for ; n > 0; n-- {
		if _, p = Cut(p, sep); p == nil {
			return nil
		}
	}
	p, _ = Cut(p, sep)
	return p
}
