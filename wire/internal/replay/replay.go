// Package replay gives tests the conversations of a capture, and feeds them to a decoder as a caller of the wire
// contract does, cut into pieces of any size.
//
// Only tests import it. Its reassembly is plain: it keeps everything, delivers in order, and tells a gap where a
// segment never came.
package replay

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"bulwark/wire"
	"bulwark/wire/pcap"
)

// Piece is bytes of one direction, or a gap.
type Piece struct {
	Dir    wire.Dir
	Data   []byte
	Gap    int // bytes lost before Data
	Packet int // number of the packet, from 1
}

// Flow is one conversation.
type Flow struct {
	TCP    bool
	Client string // address and port
	Server string
	Port   int // of the server
	Pieces []Piece
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
	for n := 1; ; n++ {
		if r.Next(&p) != nil {
			return b.end()
		}
		b.packet(n, p.Link, p.Data)
	}
}

// Decoder is a conversation of the wire contract whose handler is an H.
type Decoder[H any] interface {
	Decode(dir wire.Dir, p []byte, h H) (done, need int, err error)
	Gap(dir wire.Dir, n int) error
	Close(h H)
}

// side is what a caller keeps for one direction.
type side struct {
	pending    []byte
	need, skip int
}

// Feed gives pieces to d as a caller does and then closes it. cut says how many bytes of n to give next; nil gives
// all. After each call the bytes given are overwritten, so that a decoder that kept some is found out. It returns the
// first error of d, and one of its own where d breaks the contract.
func Feed[H any](d Decoder[H], pieces []Piece, h H, cut func(n int) int) error {
	var sides [2]side
	for _, piece := range pieces {
		s := &sides[piece.Dir]
		if piece.Gap > 0 {
			if err := s.gap(piece.Gap, func(n int) error { return d.Gap(piece.Dir, n) }); err != nil {
				return err
			}
		}
		for data := piece.Data; len(data) > 0; {
			n := len(data)
			if cut != nil {
				n = max(1, min(n, cut(n)))
			}
			if err := give(d, piece.Dir, s, data[:n], h); err != nil {
				return err
			}
			data = data[n:]
		}
	}
	d.Close(h)
	return nil
}

// gap takes lost bytes from those to be skipped; what is left is told, with the bytes before it that wait.
func (s *side) gap(n int, tell func(int) error) error {
	skipped := min(n, s.skip)
	s.skip -= skipped
	if n -= skipped; n == 0 {
		return nil
	}
	n += len(s.pending)
	s.pending, s.need = nil, 0
	return tell(n)
}

func give[H any](d Decoder[H], dir wire.Dir, s *side, data []byte, h H) error {
	skipped := min(len(data), s.skip)
	s.skip -= skipped
	data = data[skipped:]
	if len(data) == 0 {
		return nil
	}
	s.pending = append(s.pending, data...)
	if len(s.pending) < s.need {
		return nil
	}
	shown := bytes.Clone(s.pending)
	done, need, err := d.Decode(dir, shown, h)
	for i := range shown {
		shown[i] = 0xaa
	}
	if err != nil {
		return err
	}
	if done < 0 || need < 0 || need > wire.MaxPending {
		return fmt.Errorf("replay: contract broken: done %d, need %d", done, need)
	}
	s.need = need
	if done >= len(s.pending) {
		s.skip = done - len(s.pending)
		s.pending = s.pending[:0]
		return nil
	}
	s.pending = append([]byte(nil), s.pending[done:]...)
	if len(s.pending) > wire.MaxPending || need != 0 && need <= len(s.pending) {
		return fmt.Errorf("replay: contract broken: %d bytes wait, need %d", len(s.pending), need)
	}
	return nil
}
