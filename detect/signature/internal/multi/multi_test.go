package multi

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestScanFinds(t *testing.T) {
	long := strings.Repeat("abcdefghij", 25) + "12345" // 255 bytes
	p := func(s string) Pattern { return Pattern{Bytes: []byte(s)} }
	fold := func(s string) Pattern { return Pattern{Bytes: []byte(s), Fold: true} }
	for _, c := range []struct {
		name     string
		patterns []Pattern
		buffer   string
		want     []uint32
	}{
		{"no pattern finds nothing", nil, "GET / HTTP/1.1", nil},
		{"an empty buffer holds nothing", []Pattern{p("a"), p("abcd")}, "", nil},
		{"a pattern that is the buffer", []Pattern{p("cmd.exe")}, "cmd.exe", []uint32{0}},
		{"a pattern longer than the buffer", []Pattern{p("cmd.exe")}, "cmd.ex", nil},
		{"a pattern of each short length", []Pattern{p("a"), p("bc"), p("def"), p("ghij")}, "abcdefghij", []uint32{0, 1, 2, 3}},
		{"each of two equal patterns is told", []Pattern{p("select"), fold("select"), p("select")}, "select", []uint32{0, 1, 2}},
		{"a pattern is told once", []Pattern{p("aa")}, "aaaaaaaa", []uint32{0}},
		{"another case is another pattern", []Pattern{p("Evil"), p("evil")}, "Evil", []uint32{0}},
		{"a folded pattern in any case", []Pattern{fold("User-Agent|"), fold("x")}, "uSER-aGENT|X", []uint32{0, 1}},
		{"folding touches letters only", []Pattern{fold("ab@["), fold("AB`{")}, "ab`{", []uint32{1}},
		{"a folded byte that only looks like one", []Pattern{fold("\x00\x01\x02\x03")}, "\x20\x21\x22\x23", nil},
		{"bytes above 127", []Pattern{fold("\xc3\x84\xff\xfe")}, "\xc3\x84\xff\xfe", []uint32{0}},
		{"255 bytes", []Pattern{p(long)}, "x" + long, []uint32{0}},
		{"256 bytes are no pattern", []Pattern{p(long + "x"), p("")}, long + "x", nil},
		{"an offset that is met", []Pattern{{Bytes: []byte("MZ"), From: 2}}, "xxMZ", []uint32{0}},
		{"an offset that is not met", []Pattern{{Bytes: []byte("MZ"), From: 3}}, "xxMZ", nil},
		{"the second stands behind the offset", []Pattern{{Bytes: []byte("MZMZ"), From: 3}}, "MZMZMZMZ", []uint32{0}},
		{"a depth that is met", []Pattern{{Bytes: []byte("GET /"), To: 5}}, "GET /", []uint32{0}},
		{"a depth that is not met", []Pattern{{Bytes: []byte("GET /"), To: 5}}, " GET /", nil},
		{"a great depth", []Pattern{{Bytes: []byte("GET /"), To: 1000}}, strings.Repeat(" ", 995) + "GET /", []uint32{0}},
		{"a great depth that is not met", []Pattern{{Bytes: []byte("GET /"), To: 1000}}, strings.Repeat(" ", 996) + "GET /", nil},
		{"bounds that nothing can meet", []Pattern{{Bytes: []byte("GET /"), From: 3, To: 7}}, "GET /GET /", nil},
		{"at the end", []Pattern{{Bytes: []byte(".com"), AtEnd: true}}, "a.com.com", []uint32{0}},
		{"not at the end", []Pattern{{Bytes: []byte(".com"), AtEnd: true}}, "a.com.", nil},
		{"the whole buffer", []Pattern{{Bytes: []byte("x.com"), AtEnd: true, To: 5}}, "x.com", []uint32{0}},
		{"not the whole buffer", []Pattern{{Bytes: []byte("x.com"), AtEnd: true, To: 5}}, "x.comx.com", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h Hits
			Compile(c.patterns).Scan([]byte(c.buffer), &h)
			if got := sorted(h.IDs()); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestTheNilSetFindsNothing(t *testing.T) {
	var (
		s *Set
		h Hits
	)
	Compile([]Pattern{{Bytes: []byte("a")}}).Scan([]byte("a"), &h)
	if s.Scan([]byte("a"), &h); len(h.IDs()) > 0 || s.Size() != 0 {
		t.Errorf("got %v and size %d, want nothing", h.IDs(), s.Size())
	}
	if s.Continue([]byte("a"), 0, 7, &h); len(h.IDs()) > 0 {
		t.Errorf("got %v, want nothing", h.IDs())
	}
}

func TestHitsServeSetsOfAllSizes(t *testing.T) {
	many := make([]Pattern, 1000)
	for i := range many {
		many[i].Bytes = fmt.Appendf(nil, "p%04d", i)
	}
	large, small := Compile(many), Compile([]Pattern{{Bytes: []byte("p09")}})
	var h Hits
	for range 2 {
		small.Scan([]byte("p0999"), &h)
		if got, want := h.IDs(), []uint32{0}; !slices.Equal(got, want) {
			t.Errorf("small: got %v, want %v", got, want)
		}
		large.Scan([]byte("p0999"), &h)
		if got, want := h.IDs(), []uint32{999}; !slices.Equal(got, want) {
			t.Errorf("large: got %v, want %v", got, want)
		}
	}
}

func TestACrowdAtOneWindowIsFound(t *testing.T) {
	var patterns []Pattern
	for n := range 600 {
		patterns = append(patterns, Pattern{Bytes: []byte("crowd"), From: n})
	}
	check(t, patterns, []byte(strings.Repeat(" ", 595)+"crowd"), 5)
}

// TestRandomSetsFindWhatANaiveSearchFinds tries sets of all sizes, on buffers made of pieces of their patterns.
func TestRunsAndLonePatternsKeepToTheirBounds(t *testing.T) {
	run := func(b string, n int) []byte { return bytes.Repeat([]byte(b), n) }
	patterns := []Pattern{
		{Bytes: run("A", 8), From: 40, To: 60},
		{Bytes: append(run("A", 8), 'B'), Fold: true, To: 300},
		{Bytes: run("a", 12)},
		{Bytes: []byte("\x00\x00")},
		{Bytes: []byte("\x00\x00"), From: 2, To: 4},
		{Bytes: []byte("\x01x\x9c"), From: 4, To: 7},
		{Bytes: []byte("w"), To: 1},
	}
	for _, buffer := range [][]byte{run("A", 100), run("a", 100), append(run("a", 280), "bw"...), append(run("a", 320), 'b'),
		run("\x00", 2), run("\x00", 3), run("\x00", 4), []byte("w\x00a\x00\x01x\x9c\x00\x00"), []byte("wxyz\x01x\x9c")} {
		for cuts := range uint64(8) {
			check(t, patterns, buffer, cuts*0x1111)
		}
	}
}

func TestRandomSetsFindWhatANaiveSearchFinds(t *testing.T) {
	rounds := 400
	if testing.Short() {
		rounds = 50
	}
	for seed := range rounds {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		patterns := randomPatterns(r)
		check(t, patterns, randomBuffer(r, patterns), r.Uint64())
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}

// check scans a buffer as a whole and as a stream cut at random, beside the naive search.
func check(t *testing.T, patterns []Pattern, buffer []byte, cuts uint64) {
	t.Helper()
	checkSet(t, compile(patterns, false), patterns, buffer, cuts)
	if canShuffle() {
		checkSet(t, compile(patterns, true), patterns, buffer, cuts)
	}
}

func checkSet(t *testing.T, s *Set, patterns []Pattern, buffer []byte, cuts uint64) {
	t.Helper()
	var h Hits
	s.Scan(buffer, &h)
	if got, want := sorted(h.IDs()), naive(patterns, buffer, 0, 0, len(buffer)); !slices.Equal(got, want) {
		t.Errorf("whole %q: %s", buffer, difference(patterns, got, want))
	}
	r := rand.New(rand.NewPCG(cuts, 2))
	most := 1 + r.IntN(200)
	for a := 0; a < len(buffer); {
		b := min(a+r.IntN(most+1), len(buffer))
		known := max(a-r.IntN(2*MaxLength), 0) // of what was before, less may be known
		s.Continue(buffer[known:b], a-known, uint64(known), &h)
		if got, want := sorted(h.IDs()), naive(patterns, buffer, known, a, b); !slices.Equal(got, want) {
			t.Errorf("bytes %d to %d of %q: %s", a, b, buffer, difference(patterns, got, want))
		}
		a = b
	}
}

func difference(patterns []Pattern, got, want []uint32) string {
	var b strings.Builder
	for _, id := range got {
		if !slices.Contains(want, id) {
			fmt.Fprintf(&b, "found %+v, which is not there; ", patterns[id])
		}
	}
	for _, id := range want {
		if !slices.Contains(got, id) {
			fmt.Fprintf(&b, "missed %+v; ", patterns[id])
		}
	}
	return b.String() + fmt.Sprintf("got %v, want %v", got, want)
}

func randomPatterns(r *rand.Rand) []Pattern {
	patterns := make([]Pattern, 1+r.IntN(1<<r.IntN(9)))
	letters := []string{"ab", "aAbB", "abcdefgh@`\x00\xff -ABCDEFGH"}[r.IntN(3)]
	most := []int{3, 8, 20, 60, MaxLength}[r.IntN(5)]
	for i := range patterns {
		p := &patterns[i]
		p.Bytes = randomBytes(r, letters, 1+r.IntN(most))
		p.Fold = r.IntN(2) == 0
		switch r.IntN(6) {
		case 0:
			p.From = r.IntN(30)
		case 1:
			p.To = len(p.Bytes) + r.IntN(400)
		case 2:
			p.To = len(p.Bytes) + p.From
		}
		p.AtEnd = r.IntN(6) == 0
	}
	return patterns
}

func randomBuffer(r *rand.Rand, patterns []Pattern) (out []byte) {
	for range r.IntN(30) {
		p := patterns[r.IntN(len(patterns))].Bytes
		switch r.IntN(3) {
		case 0:
			out = append(out, p...)
		case 1:
			out = append(out, bytes.ToUpper(p[r.IntN(len(p)):])...)
		case 2:
			out = append(out, randomBytes(r, "abAB@\x00\xff ", r.IntN(50))...)
		}
	}
	return out
}

func randomBytes(r *rand.Rand, of string, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = of[r.IntN(len(of))]
	}
	return out
}

func sorted(ids []uint32) []uint32 {
	out := slices.Clone(ids)
	slices.Sort(out)
	return out
}

// FuzzScan makes patterns of the lines of a text: a first byte that tells of case and bounds, then the pattern.
func FuzzScan(f *testing.F) {
	f.Add("\x00GET /\n\x01user-agent\n\x02x", []byte("GET / HTTP/1.1\r\nUser-Agent: x"), uint64(1))
	f.Add("\x05aaaaaaaaaaaa\n\x09aaaa\n\x01aa\n\x00a", []byte("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAaaaa"), uint64(7))
	f.Add("\xf1\x00\x00\x00\x00\n\x03\xff\xff", []byte("\x00\x00\x00\x00\xff\xff\x20\x20\x20"), uint64(3))
	f.Fuzz(func(t *testing.T, text string, buffer []byte, cuts uint64) {
		if len(text) > 2000 || len(buffer) > 2000 {
			return
		}
		var patterns []Pattern
		for line := range strings.SplitSeq(text, "\n") {
			if line == "" {
				continue
			}
			how := line[0]
			p := Pattern{Bytes: []byte(line[1:]), Fold: how&1 != 0, AtEnd: how&2 != 0}
			if how&4 != 0 {
				p.From = int(how >> 4)
			}
			if how&8 != 0 {
				p.To = p.From + len(p.Bytes) + int(how>>4)
			}
			patterns = append(patterns, p)
		}
		check(t, patterns, buffer, cuts)
	})
}

func TestAScanAllocatesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	patterns := randomPatterns(r)
	buffer := randomBuffer(r, patterns)
	s := Compile(patterns)
	var h Hits
	s.Scan(buffer, &h)
	if n := testing.AllocsPerRun(100, func() { s.Scan(buffer, &h) }); n != 0 {
		t.Errorf("a scan allocates %v times, want 0", n)
	}
	if n := testing.AllocsPerRun(100, func() { s.Continue(buffer, len(buffer)/2, 5, &h) }); n != 0 {
		t.Errorf("a scan of a stream allocates %v times, want 0", n)
	}
}

func TestASetServesManyAtOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	patterns := randomPatterns(r)
	buffer := randomBuffer(r, patterns)
	want := naive(patterns, buffer, 0, 0, len(buffer))
	s := Compile(patterns)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			var h Hits
			for range 100 {
				s.Scan(buffer, &h)
				if got := sorted(h.IDs()); !slices.Equal(got, want) {
					t.Errorf("got %v, want %v", got, want)
				}
			}
		})
	}
	wg.Wait()
}
