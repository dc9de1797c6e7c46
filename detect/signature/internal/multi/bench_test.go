package multi_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"bulwark/detect/signature/internal/multi"
	"bulwark/detect/signature/internal/multi/multitest"
)

// BenchmarkField scans what public captures carry for the fast patterns of the rules of 2019: what make bench-prefilter
// races, without its peer.
func BenchmarkField(b *testing.B) {
	data := os.Getenv("BULWARK_DATA")
	if data == "" {
		b.Skip("BULWARK_DATA is not set: it names the folder that holds sensor/")
	}
	patterns, err := multitest.Patterns(filepath.Join(data, multitest.Rules), 1)
	if err != nil {
		b.Fatal(err)
	}
	buffers, err := multitest.Payloads(filepath.Join(data, "sensor"), 16<<20)
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{len(patterns), 1000, 100, 10, 1} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { scanAll(b, patterns[:n], buffers) })
	}
}

// BenchmarkSynthetic scans words, random bytes and zeros, in buffers of several lengths.
func BenchmarkSynthetic(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	patterns := make([]multi.Pattern, 5000)
	for i := range patterns {
		patterns[i] = multi.Pattern{Bytes: words(r, 5+r.IntN(30)), Fold: r.IntN(2) == 0}
	}
	noise := make([]byte, 1<<20)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"words", words(r, 1<<20)},
		{"noise", noise},
		{"zeros", make([]byte, 1<<20)},
	} {
		for _, length := range []int{40, 1400, 1 << 20} {
			var buffers [][]byte
			for rest := c.data; len(rest) >= length; rest = rest[length:] {
				buffers = append(buffers, rest[:length])
			}
			b.Run(fmt.Sprintf("%s/%d", c.name, length), func(b *testing.B) { scanAll(b, patterns, buffers) })
		}
	}
}

func scanAll(b *testing.B, patterns []multi.Pattern, buffers [][]byte) {
	s := multi.Compile(patterns)
	var (
		h     multi.Hits
		found int
	)
	b.SetBytes(int64(len(bytes.Join(buffers, nil))))
	for b.Loop() {
		found = 0
		for _, p := range buffers {
			s.Scan(p, &h)
			found += len(h.IDs())
		}
	}
	b.ReportMetric(float64(found), "hits")
	b.ReportMetric(float64(s.Size()), "B/set")
}

// words is n bytes of made-up words.
func words(r *rand.Rand, n int) (out []byte) {
	parts := []string{"con", "tent", "ser", "ver", "get", "post", "user", "a", "e", "in", "on", "re", "ad", "ex", "x", "1", "20"}
	for len(out) < n {
		out = append(out, parts[r.IntN(len(parts))]...)
		if r.IntN(4) == 0 {
			out = append(out, " /.-=&:\r\n"[r.IntN(9)])
		}
	}
	return out[:n]
}

func BenchmarkCompile(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{10, 10000} {
		patterns := make([]multi.Pattern, n)
		for i := range patterns {
			patterns[i] = multi.Pattern{Bytes: words(r, 5+r.IntN(30))}
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				multi.Compile(patterns)
			}
		})
	}
}
