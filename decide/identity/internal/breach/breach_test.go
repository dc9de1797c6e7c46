package breach

import (
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// hashes is a list of n passwords as they are published, in order.
func hashes(n int) string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf("%X:%d", sha1.Sum(fmt.Appendf(nil, "stolen %d", i)), i%7+1)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\r\n") + "\r\n"
}

func made(t *testing.T, list string, o Options) (*Filter, Report) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "list")
	report, err := Make(context.Background(), strings.NewReader(list), name, o)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := f.Verify(); err != nil {
		t.Fatal(err)
	}
	return f, report
}

func has(t *testing.T, f *Filter, password string) bool {
	t.Helper()
	found, err := f.Has(password)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestEveryStolenPasswordIsFound(t *testing.T) {
	for _, n := range []int{1, 2, 3, 10, 1000, 99_999, 2*perShard + 12} {
		f, report := made(t, hashes(n), Options{})
		if report.Entries != uint64(n) || f.Entries() != uint64(n) {
			t.Errorf("of %d: %+v, %d", n, report, f.Entries())
		}
		if bits := 8 * float64(f.Size()) / float64(n); n > perShard && bits > 9.1 {
			t.Errorf("of %d: %.2f bits each", n, bits)
		}
		for i := 0; i < n; i += 1 + n/100_000 {
			if p := fmt.Sprintf("stolen %d", i); !has(t, f, p) {
				t.Fatalf("of %d: %q is not found", n, p)
			}
		}
		wrong := 0
		for i := range 20_000 {
			if has(t, f, fmt.Sprintf("own %d", i)) {
				wrong++
			}
		}
		if wrong > 20_000*8/1000 { // twice what is expected
			t.Errorf("of %d: %d of 20000 others are found too", n, wrong)
		}
	}
}

func TestPasswordsInClear(t *testing.T) {
	f, report := made(t, "correct horse\nAzerty123456789\n\ncorrect horse\nété à l’hôpital\n", Options{})
	if report.Entries != 3 || report.Hashed {
		t.Errorf("%+v", report)
	}
	for _, p := range []string{"correct horse", "Azerty123456789", "été à l’hôpital"} {
		if !has(t, f, p) {
			t.Errorf("%q is not found", p)
		}
	}
}

func TestSeldomSeenIsLeftAside(t *testing.T) {
	_, report := made(t, hashes(700), Options{Seen: 7})
	if report.Entries != 100 || report.Seldom != 600 {
		t.Errorf("%+v", report)
	}
}

func TestBadLists(t *testing.T) {
	two := strings.Split(strings.TrimSpace(hashes(2)), "\r\n")
	for want, list := range map[string]string{
		"line 2 is not in order": two[1] + "\n" + two[0],
		"line 2 is no SHA-1":     two[0] + "\nazerty",
		"empty":                  "",
		"line 1":                 strings.Repeat("x", longestLine+1),
	} {
		name := filepath.Join(t.TempDir(), "list")
		_, err := Make(context.Background(), strings.NewReader(list), name, Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
		if left, _ := os.ReadDir(filepath.Dir(name)); len(left) > 0 {
			t.Errorf("%q leaves %v behind", want, left)
		}
	}
}

func TestDamagedFiles(t *testing.T) {
	f, _ := made(t, hashes(5000), Options{})
	whole := bytes.Clone(f.data)
	dir := t.TempDir()
	open := func(b []byte) (*Filter, error) {
		name := filepath.Join(dir, "damaged")
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return Open(name)
	}
	for _, cut := range []int{0, 1, headerSize, headerSize + shardSize + 31, len(whole) / 2, len(whole) - 33} {
		if _, err := open(whole[:cut]); !errors.Is(err, ErrFile) {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
	head := bytes.Clone(whole)
	head[headerSize+20] ^= 1
	if _, err := open(head); !errors.Is(err, ErrFile) {
		t.Errorf("a damaged head: %v", err)
	}
	body := bytes.Clone(whole)
	body[len(body)-100] ^= 1
	g, err := open(body)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if err := g.Verify(); !errors.Is(err, ErrFile) {
		t.Errorf("a damaged body: %v", err)
	}
}

func TestCutWhileOpen(t *testing.T) {
	name := filepath.Join(t.TempDir(), "list")
	if _, err := Make(context.Background(), strings.NewReader(hashes(200_000)), name, Options{}); err != nil {
		t.Fatal(err)
	}
	f, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.Truncate(name, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Has("stolen 1"); !errors.Is(err, ErrFile) {
		t.Errorf("%v", err)
	}
}

func FuzzOpen(f *testing.F) {
	name := filepath.Join(f.TempDir(), "list")
	if _, err := Make(context.Background(), strings.NewReader(hashes(300)), name, Options{}); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Fuzz(func(t *testing.T, b []byte) {
		g := &Filter{data: b}
		if len(b) < headerSize+64 || g.read() != nil {
			return
		}
		_, _ = g.Has("azerty")
		_ = g.Verify()
	})
}

func BenchmarkHas(b *testing.B) {
	name := filepath.Join(b.TempDir(), "list")
	if _, err := Make(context.Background(), strings.NewReader(hashes(3_000_000)), name, Options{}); err != nil {
		b.Fatal(err)
	}
	f, err := Open(name)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	for i := 0; b.Loop(); i++ {
		_, _ = f.Has("Hopital de la Mer 2026")
	}
}
