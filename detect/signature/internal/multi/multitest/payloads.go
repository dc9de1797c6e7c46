package multitest

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"bulwark/wire/packet"
	"bulwark/wire/pcap"
)

// Payloads are what the packets of all captures at a path carry in TCP and UDP, up to limit bytes: of one file, or of a
// folder's, loose or in a .tar.zst, in the order of their names.
func Payloads(path string, limit int) ([][]byte, error) {
	l := &loader{limit: limit}
	err := filepath.WalkDir(path, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || l.limit <= 0 {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		if strings.HasSuffix(path, ".tar.zst") {
			return l.archive(f)
		}
		l.capture(f)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading captures: %w", err)
	}
	return l.payloads, nil
}

type loader struct {
	limit    int // bytes still wanted
	payloads [][]byte
}

func (l *loader) archive(r io.Reader) error {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer z.Close()
	for t := tar.NewReader(z); l.limit > 0; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag == tar.TypeReg {
			l.capture(t)
		}
	}
	return nil
}

// capture reads one capture; what is none, or is damaged, gives what can be read of it.
func (l *loader) capture(r io.Reader) {
	c, err := pcap.NewReader(r)
	if err != nil {
		return
	}
	var (
		frame pcap.Packet
		p     packet.Packet
	)
	for l.limit > 0 && c.Next(&frame) == nil {
		fault := packet.Decode(frame.Link, frame.Data, &p)
		if fault != packet.OK || p.Proto != packet.TCP && p.Proto != packet.UDP || len(p.Payload) == 0 {
			continue
		}
		l.payloads = append(l.payloads, bytes.Clone(p.Payload))
		l.limit -= len(p.Payload)
	}
}
