// Package corpus reads the captures of public projects below BULWARK_DATA for the tests of the decoders: datagrams,
// streams in order, and the checks of suricata-verify. Three assemblies stand beside each other on purpose, each with
// what its tests need: [Read] keeps the names of both ends and what came midstream, [Flows] goes by the ports that are
// asked for and keeps each packet apart, [Connections] is gopacket's, the oracle that nobody here wrote.
package corpus

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/klauspost/compress/zstd"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// Datagram is one UDP payload.
type Datagram struct {
	Src, Dst netip.AddrPort
	Payload  []byte
}

// Stream is one TCP connection, its bytes in order.
type Stream struct {
	Client, Server netip.AddrPort
	Midstream      bool // no SYN was seen
	Chunks         []wiretest.Chunk
}

// Bytes is all that one side sent.
func (s *Stream) Bytes(dir wire.Dir) []byte {
	var b []byte
	for _, c := range s.Chunks {
		if c.Dir == dir {
			b = append(b, c.Bytes...)
		}
	}
	return b
}

// Whole tells whether nothing of the stream was lost and it is short enough to be played again and again.
func (s *Stream) Whole() bool {
	size := 0
	for _, c := range s.Chunks {
		if c.Lost > 0 {
			return false
		}
		size += len(c.Bytes)
	}
	return size < 60_000
}

// Turn exchanges client and server, where the first packets did not tell and the bytes do.
func (s *Stream) Turn() {
	s.Client, s.Server = s.Server, s.Client
	for i := range s.Chunks {
		s.Chunks[i].Dir = s.Chunks[i].Dir.Other()
	}
}

// Capture is what a file holds.
type Capture struct {
	Name      string
	Datagrams []Datagram
	Streams   []*Stream
}

// Folder reads the files below a folder of BULWARK_DATA, by their path within it. A path that ends in .tar.zst is
// read as an archive.
func Folder(t testing.TB, elem ...string) map[string][]byte {
	t.Helper()
	return read(t, func(string) bool { return true }, elem...)
}

// read is [Folder] for those whose path keep wants.
func read(t testing.TB, keep func(string) bool, elem ...string) map[string][]byte {
	t.Helper()
	path := Data(t, elem...)
	files := map[string][]byte{}
	var err error
	if strings.HasSuffix(path, ".tar.zst") {
		err = readArchive(path, files, keep)
	} else {
		err = readFolder(path, files, keep)
	}
	if err != nil {
		t.Fatalf("reading %s: %v", path, err)
	}
	return files
}

func readArchive(path string, files map[string][]byte, keep func(string) bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
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
		if h.Typeflag != tar.TypeReg || !keep(h.Name) {
			continue
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			return err
		}
	}
}

func readFolder(root string, files map[string][]byte, keep func(string) bool) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil || !keep(name) {
			return err
		}
		files[name], err = os.ReadFile(path)
		return err
	})
}

// IsCapture tells whether a file begins as a pcap or pcapng file.
func IsCapture(b []byte) bool {
	if len(b) < 24 {
		return false
	}
	switch binary.LittleEndian.Uint32(b) {
	case 0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1, 0x0a0d0d0a:
		return true
	}
	return false
}

// Captures reads every capture among files, in the order of their names.
func Captures(files map[string][]byte) []*Capture {
	var all []*Capture
	for name, b := range files {
		if IsCapture(b) {
			all = append(all, Read(name, b))
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}

type packetSource interface {
	ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
	LinkType() layers.LinkType
}

// Read takes a capture apart. What cannot be decoded is left out.
func Read(name string, b []byte) *Capture {
	c := &Capture{Name: name}
	src, err := open(b)
	if err != nil {
		return c
	}
	flows := map[flowKey]*assembly{}
	for {
		data, _, err := src.ReadPacketData()
		if err != nil {
			break
		}
		c.packet(gopacket.NewPacket(data, src.LinkType(), gopacket.DecodeOptions{NoCopy: true}), flows)
	}
	for _, f := range flows {
		f.finish()
	}
	return c
}

func open(b []byte) (packetSource, error) {
	if binary.LittleEndian.Uint32(b) == 0x0a0d0d0a {
		return pcapgo.NewNgReader(bytes.NewReader(b), pcapgo.NgReaderOptions{WantMixedLinkType: false, SkipUnknownVersion: true})
	}
	return pcapgo.NewReader(bytes.NewReader(b))
}

func (c *Capture) packet(p gopacket.Packet, flows map[flowKey]*assembly) {
	var src, dst netip.Addr
	for _, l := range p.Layers() {
		switch l := l.(type) {
		case *layers.IPv4:
			src, dst = addr(l.SrcIP), addr(l.DstIP)
			if l.FragOffset > 0 {
				return
			}
		case *layers.IPv6:
			src, dst = addr(l.SrcIP), addr(l.DstIP)
		case *layers.UDP:
			c.Datagrams = append(c.Datagrams, Datagram{
				Src:     netip.AddrPortFrom(src, uint16(l.SrcPort)),
				Dst:     netip.AddrPortFrom(dst, uint16(l.DstPort)),
				Payload: l.Payload,
			})
		case *layers.TCP:
			c.segment(netip.AddrPortFrom(src, uint16(l.SrcPort)), netip.AddrPortFrom(dst, uint16(l.DstPort)), l, flows)
		}
	}
}

func addr(b []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(b)
	return a
}

type flowKey struct{ a, b netip.AddrPort }

func (c *Capture) segment(src, dst netip.AddrPort, l *layers.TCP, flows map[flowKey]*assembly) {
	key, dir := flowKey{src, dst}, wire.ToServer
	f := flows[key]
	if f == nil {
		if back := flows[flowKey{dst, src}]; back != nil {
			f, dir, key = back, wire.ToClient, flowKey{dst, src}
		}
	}
	restart := f != nil && l.SYN && !l.ACK && f.data && dir == wire.ToServer && l.Seq+1 != f.sides[dir].first
	if f == nil || restart {
		if f != nil {
			f.finish()
		}
		key, dir = flowKey{src, dst}, wire.ToServer
		midstream := !l.SYN
		if (l.SYN && l.ACK) || (midstream && src.Port() < dst.Port()) {
			key, dir = flowKey{dst, src}, wire.ToClient
		}
		f = &assembly{stream: &Stream{Client: key.a, Server: key.b, Midstream: midstream}}
		flows[key] = f
		c.Streams = append(c.Streams, f.stream)
	}
	f.add(dir, l)
}

// assembly puts segments in order. What is missing when the capture ends, or for longer than maxHeld segments, is a gap.
type assembly struct {
	stream *Stream
	data   bool
	sides  [2]struct {
		known bool
		first uint32
		next  uint32
		held  []segment
		lost  int
	}
}

type segment struct {
	seq  uint32
	data []byte
}

const maxHeld = 200

func (a *assembly) add(dir wire.Dir, l *layers.TCP) {
	s := &a.sides[dir]
	seq := l.Seq
	if l.SYN {
		seq++
		if !s.known || !a.data {
			s.known, s.next, s.first = true, seq, seq
		}
	}
	data := l.Payload
	if len(data) == 0 || l.RST {
		return
	}
	a.data = true
	if !s.known {
		s.known, s.next, s.first = true, seq, seq
	}
	s.held = append(s.held, segment{seq, data})
	a.drain(dir)
	if len(s.held) > maxHeld {
		a.jump(dir)
	}
}

// drain hands on what is in order.
func (a *assembly) drain(dir wire.Dir) {
	s := &a.sides[dir]
	for moved := true; moved; {
		moved = false
		for i, g := range s.held {
			ahead := int32(g.seq - s.next)
			if ahead > 0 {
				continue
			}
			if old := int(-ahead); old < len(g.data) {
				fresh := g.data[old:]
				a.stream.Chunks = append(a.stream.Chunks, wiretest.Chunk{Dir: dir, Bytes: fresh, Lost: s.lost})
				s.lost = 0
				s.next += uint32(len(fresh))
			}
			s.held = append(s.held[:i], s.held[i+1:]...)
			moved = true
			break
		}
	}
}

// jump gives up waiting for what is missing before the nearest segment held.
func (a *assembly) jump(dir wire.Dir) {
	s := &a.sides[dir]
	nearest := int32(-1)
	for _, g := range s.held {
		if d := int32(g.seq - s.next); nearest < 0 || d < nearest {
			nearest = d
		}
	}
	s.lost += int(nearest)
	s.next += uint32(nearest)
	a.drain(dir)
}

func (a *assembly) finish() {
	for dir := range a.sides {
		for len(a.sides[dir].held) > 0 {
			a.jump(wire.Dir(dir))
		}
	}
}

// String names the stream in a failure.
func (s *Stream) String() string { return fmt.Sprintf("%v > %v", s.Client, s.Server) }
