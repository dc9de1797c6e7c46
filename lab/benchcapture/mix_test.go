package main

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"bulwark/wire/pcap"
)

// capture is a pcap of n TCP frames that are step nanoseconds apart.
func capture(n int, step int64) []byte {
	var b bytes.Buffer
	w, err := pcap.NewWriter(&b, pcap.LinkEthernet)
	for i := range n {
		if err == nil {
			f := packet4([4]byte{10, 0, byte(i), 1}, [4]byte{10, 9, byte(i), 2}, protoTCP, transportOf(20+i), 16)
			err = w.Write(&pcap.Packet{Time: 1e18 + int64(i)*step, Data: f, Orig: len(f), Link: pcap.LinkEthernet})
		}
	}
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}

// publicFolder holds one loose capture, one of an hour inside an archive, and files that are no captures.
func publicFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.pcap", capture(5, 1e9))
	write("README", []byte("no capture"))
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for name, body := range map[string][]byte{"x/hour.pcap": capture(7, 600e9), "x/note.txt": []byte("no capture")} {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o600, Size: int64(len(body))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	write("x.tar.zst", b.Bytes())
	return dir
}

func TestMix(t *testing.T) {
	o := options{data: publicFolder(t), seed: 1, copies: 40, out: filepath.Join(t.TempDir(), "out", "bench.pcap")}
	o.lab = filepath.Join(t.TempDir(), "lab.pcap")
	if err := os.WriteFile(o.lab, capture(11, 20e9), 0o600); err != nil {
		t.Fatal(err)
	}
	var report strings.Builder
	if err := run(o, &report); err != nil {
		t.Fatal(err)
	}
	first := read(t, o.out)
	r, err := pcap.NewReader(bytes.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	var p pcap.Packet
	packets, last := 0, windowStart
	for err = r.Next(&p); err == nil; err = r.Next(&p) {
		if p.Time < last || p.Time >= windowStart+int64(window) {
			t.Fatalf("packet %d: got time %d, want from %d and inside the window", packets, p.Time, last)
		}
		if ip, l4 := right4(p.Data); !ip || !l4 {
			t.Fatalf("packet %d: got checksums right %v %v", packets, ip, l4)
		}
		packets, last = packets+1, p.Time
	}
	if want := 40*(5+7) + 11; err != io.EOF || packets != want {
		t.Errorf("got %d packets and %v, want %d and the end of the file", packets, err, want)
	}
	if !strings.Contains(report.String(), "packets    491\n") {
		t.Errorf("got report\n%s", &report)
	}
	if err := run(o, io.Discard); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, read(t, o.out)) {
		t.Error("got another file from the same seed")
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryCopyOfACaptureHasItsOwnNetwork(t *testing.T) {
	seen := map[byte]bool{}
	for n := range 256 {
		seen[network("some.pcap", n)] = true
	}
	if len(seen) != 256 {
		t.Errorf("got %d networks for 256 copies, want 256", len(seen))
	}
}
