package wiretest

// SLDC packs bytes as Windows does what it forwards (ECMA-321): scheme 1, one record.
func SLDC(p []byte) []byte {
	const history, longest = 1024, 271
	var w bitWriter
	w.put(0b1111111110101, 13) // reset 1
	last := map[[3]byte]int{}
	for at := 0; at < len(p); {
		n, from := 0, 0
		if at+3 <= len(p) {
			key := [3]byte(p[at:])
			if q, ok := last[key]; ok && at-q <= history {
				from = q
				for n < longest && at+n < len(p) && p[q+n] == p[at+n] {
					n++
				}
			}
		}
		step := max(n, 1)
		if n == 0 {
			w.put(uint64(p[at]), 9)
		} else {
			w.put(1, 1)
			w.length(n)
			w.put(uint64(from%history), 10)
		}
		for range step {
			if at+3 <= len(p) {
				last[[3]byte(p[at:])] = at
			}
			at++
		}
	}
	w.put(0b1111111110100, 13) // end of record
	for len(w.out)%4 != 0 || w.n > 0 {
		w.put(0, 1)
	}
	return w.out
}

type bitWriter struct {
	out []byte
	acc byte
	n   int
}

func (w *bitWriter) put(v uint64, bits int) {
	for i := bits - 1; i >= 0; i-- {
		w.acc = w.acc<<1 | byte(v>>i&1)
		if w.n++; w.n == 8 {
			w.out, w.acc, w.n = append(w.out, w.acc), 0, 0
		}
	}
}

// length writes a match count field.
func (w *bitWriter) length(n int) {
	switch {
	case n < 4:
		w.put(uint64(n-2), 2)
	case n < 8:
		w.put(0b10<<2|uint64(n-4), 4)
	case n < 16:
		w.put(0b110<<3|uint64(n-8), 6)
	case n < 32:
		w.put(0b1110<<4|uint64(n-16), 8)
	default:
		w.put(0b1111<<8|uint64(n-32), 12)
	}
}
