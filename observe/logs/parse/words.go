package parse

// finder finds all of many words in one pass over a text (Aho and Corasick, 1975).
type finder struct {
	classes [256]uint8 // of bytes: those in no word are 0
	width   int
	next    []int32 // by state and class
	found   [][]int32
}

// newFinder makes one; words are known by their place in the list.
func newFinder(words []string) *finder {
	f := &finder{width: 1}
	for _, w := range words {
		for i := 0; i < len(w); i++ {
			if f.classes[w[i]] == 0 && f.width < 255 {
				f.classes[w[i]] = uint8(f.width)
				f.width++
			}
		}
	}
	f.state()
	for n, w := range words {
		f.insert(w, int32(n))
	}
	f.connect()
	return f
}

func (f *finder) state() int32 {
	for range f.width {
		f.next = append(f.next, -1)
	}
	f.found = append(f.found, nil)
	return int32(len(f.found) - 1)
}

func (f *finder) insert(w string, n int32) {
	at := int32(0)
	for i := 0; i < len(w); i++ {
		k := int(at)*f.width + int(f.classes[w[i]])
		if f.next[k] < 0 {
			made := f.state()
			f.next[k] = made
		}
		at = f.next[k]
	}
	f.found[at] = append(f.found[at], n)
}

// connect makes every state know where each byte leads.
func (f *finder) connect() {
	fail := make([]int32, len(f.found))
	queue := make([]int32, 0, len(f.found))
	for c := range f.width {
		if n := f.next[c]; n > 0 {
			queue = append(queue, n)
		} else {
			f.next[c] = 0
		}
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		for c := range f.width {
			k := int(s)*f.width + c
			behind := f.next[int(fail[s])*f.width+c]
			if n := f.next[k]; n >= 0 {
				fail[n] = behind
				f.found[n] = append(f.found[n], f.found[behind]...)
				queue = append(queue, n)
			} else {
				f.next[k] = behind
			}
		}
	}
}

// each calls with the words that stand in a text; one may come several times.
func (f *finder) each(text string, call func(word int32)) {
	s := int32(0)
	for i := 0; i < len(text); i++ {
		s = f.next[int(s)*f.width+int(f.classes[text[i]])]
		for _, w := range f.found[s] {
			call(w)
		}
	}
}
