package engine

import (
	"archive/tar"
	"bytes"
	"errors"
	"hash/fnv"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"bulwark/event"
	"bulwark/platform/pseudonym"
	"bulwark/wire/pcap"
)

// captures calls fn with every capture of the test data, those inside archives too.
func captures(t *testing.T, fn func(name string, data []byte)) {
	t.Helper()
	root := os.Getenv("BULWARK_DATA")
	if root == "" {
		t.Skip("BULWARK_DATA is not set: the outside captures are not there")
	}
	err := filepath.WalkDir(filepath.Join(root, "sensor"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.HasSuffix(path, ".tar.zst") {
			return inArchive(path, fn)
		}
		if isCapture(path) {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fn(path, data)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func isCapture(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".pcap", ".pcapng", ".cap", ".trace":
		return true
	}
	return false
}

func inArchive(path string, fn func(name string, data []byte)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		return err
	}
	defer z.Close()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if isCapture(h.Name) {
			data, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			fn(h.Name, data)
		}
	}
}

// play runs data through a worker as far as it is readable, and reports whether nothing is left behind.
func play(t *testing.T, name string, data []byte) bool {
	e := &encoder{kinds: map[event.Kind]int{}}
	w := New(Options{Sink: e, Seed: 1, FirstFlow: 1, FlowStep: 1, Patients: pseudonym.New([32]byte{1}),
		Limits: Limits{Flows: 20_000, Conversations: 5_000, Reassembly: 32 << 20}})
	if r, err := pcap.NewReader(bytes.NewReader(data)); err == nil {
		var p pcap.Packet
		for r.Next(&p) == nil {
			w.Packet(p.Time, p.Link, p.Orig, 0, p.Data)
		}
	}
	w.Close()
	if w.pool.held != 0 || w.table.used != 0 {
		t.Errorf("%s: %d bytes and %d flows are held after the end", name, w.pool.held, w.table.used)
		return false
	}
	return true
}

// TestNoCaptureHurts plays every capture of the test data whole, cut and with flipped bits: no crash, no hang, memory
// within its bounds, nothing left behind.
func TestNoCaptureHurts(t *testing.T) {
	files, plays, good := 0, 0, 0
	captures(t, func(name string, data []byte) {
		files++
		h := fnv.New64a()
		_, _ = h.Write([]byte(name)) // never fails
		rnd := rand.New(rand.NewPCG(h.Sum64(), 1))
		clean := play(t, name, data)
		plays++
		for range 3 {
			clean = play(t, name+" cut", data[:rnd.IntN(len(data)+1)]) && clean
			flipped := bytes.Clone(data)
			for range 1 + len(flipped)/500 {
				if len(flipped) > 24 {
					flipped[24+rnd.IntN(len(flipped)-24)] ^= 1 << rnd.IntN(8)
				}
			}
			clean = play(t, name+" flipped", flipped) && clean
			plays += 2
		}
		if clean {
			good++
		}
	})
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.Sys > 2<<30 {
		t.Errorf("%d MiB of memory, want less than 2048", m.Sys>>20)
	}
	t.Logf("%d captures, %d MiB", files, m.Sys>>20)
	t.Logf("RESULT hostile_captures %d/%d share", good, files)
}
