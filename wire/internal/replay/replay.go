// Package replay gives tests the conversations of captures, over TCP and UDP, out of files of any format and out of
// archives, and the opinion of tshark on them.
//
// Only tests import it. Its reassembly is plain: it keeps everything, delivers in order, and tells a gap where a
// segment never came.
package replay

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"bulwark/wire/pcap"
	"bulwark/wire/wiretest"
)

// Flow is one conversation.
type Flow struct {
	TCP    bool
	Client string // address and port
	Server string
	Port   int // of the server
	// Chunks are what the sides sent, a packet each.
	Chunks []wiretest.Chunk
}

// Root is the folder of captures, $BULWARK_DATA/sensor; without it the test is skipped.
func Root(t testing.TB) string {
	t.Helper()
	root := os.Getenv("BULWARK_DATA")
	if root == "" {
		t.Skip("BULWARK_DATA is unset: it names the folder of test captures, which are not part of the repository")
	}
	return filepath.Join(root, "sensor")
}

// Files are the captures under folder of [Root], by their path below it.
func Files(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	root := Root(t)
	files := map[string][]byte{}
	err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(d.Name(), ".pcap") && !strings.Contains(d.Name(), ".cap") {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		files[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Archive are the captures of an archive (X.tar.zst) in [Root] whose path begins with one of prefixes.
func Archive(t testing.TB, name string, prefixes ...string) map[string][]byte {
	t.Helper()
	f, err := os.Open(filepath.Join(Root(t), name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	files := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(h.Name, ".pcap") || !hasPrefix(h.Name, prefixes) {
			continue
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

func hasPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return len(prefixes) == 0
}

// Flows are the conversations over TCP and UDP of a capture, by their first packet. What is not a capture has none.
// The server is who was asked to connect; where that was not seen, who has one of ports, or else the second to speak.
func Flows(t testing.TB, capture []byte, ports ...int) []*Flow {
	t.Helper()
	r, err := pcap.NewReader(bytes.NewReader(capture))
	if err != nil {
		return nil
	}
	b := newBuilder(ports)
	var p pcap.Packet
	for r.Next(&p) == nil {
		b.packet(p.Link, p.Data)
	}
	return b.end()
}
