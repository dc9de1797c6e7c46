package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/klauspost/compress/zstd"

	"bulwark/wire/pcap"
)

// Frames outside these lengths, in bytes, are left out, and so is what a file holds beyond maxSource bytes.
const (
	minFrame  = 14
	maxFrame  = 9000
	maxSource = 60 << 20
)

// source is one public capture: its Ethernet frames, ordered by time.
type source struct {
	name   string
	frames []frame
	bytes  int
}

type frame struct {
	// at is nanoseconds since the first frame of the capture.
	at   int64
	data []byte
}

// span is the time from the first frame to the last, in nanoseconds.
func (s *source) span() int64 { return s.frames[len(s.frames)-1].at }

// readSources reads every capture below dir, loose, gzipped or inside a .tar.zst, in the order of their names.
func readSources(dir string) ([]*source, error) {
	var all []*source
	add := func(name string, r io.Reader) {
		if s := readSource(name, r); s != nil {
			all = append(all, s)
		}
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		if strings.HasSuffix(name, ".tar.zst") {
			return eachInArchive(name, f, add)
		}
		add(filepath.ToSlash(name), f)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading captures: %w", err)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].name < all[j].name })
	return all, nil
}

func eachInArchive(name string, r io.Reader, add func(string, io.Reader)) error {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer z.Close()
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if h.Typeflag == tar.TypeReg {
			add(h.Name, t)
		}
	}
}

// readSource reads one capture. What is no capture, or holds no Ethernet or raw-IP frame, gives nil. A damaged
// capture gives what was readable of it.
func readSource(name string, r io.Reader) *source {
	c, err := pcap.NewReader(r)
	if err != nil {
		return nil
	}
	s := &source{name: name}
	var p pcap.Packet
	for s.bytes < maxSource && c.Next(&p) == nil {
		if data := ethernet(&p); len(data) >= minFrame && len(data) <= maxFrame {
			s.frames = append(s.frames, frame{at: p.Time, data: data})
			s.bytes += len(data)
		}
	}
	if len(s.frames) == 0 {
		return nil
	}
	s.order()
	return s
}

// Link types of raw IP that old BSDs wrote.
const (
	linkRawBSD  pcap.LinkType = 12
	linkRawBSD2 pcap.LinkType = 14
)

// ethernet is a copy of the frame as Ethernet, or nil when its link type is neither Ethernet nor raw IP.
func ethernet(p *pcap.Packet) []byte {
	switch p.Link {
	case pcap.LinkEthernet:
		return bytes.Clone(p.Data)
	case pcap.LinkRaw, pcap.LinkIPv4, pcap.LinkIPv6, linkRawBSD, linkRawBSD2:
	default:
		return nil
	}
	if len(p.Data) == 0 {
		return nil
	}
	// Locally administered addresses; the two ends of a raw-IP packet are not known.
	head := []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00}
	switch p.Data[0] >> 4 {
	case 4:
	case 6:
		head[12], head[13] = 0x86, 0xdd
	default:
		return nil
	}
	return append(head, p.Data...)
}

// order sorts the frames by time, keeping the file's order among equals, and counts time from the first.
func (s *source) order() {
	slices.SortStableFunc(s.frames, func(a, b frame) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	first := s.frames[0].at
	for i := range s.frames {
		s.frames[i].at -= first
	}
}
