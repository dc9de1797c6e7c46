package corpus

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/gopacket/gopacket/reassembly"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// Connection is one TCP connection of a capture, put together by gopacket: an oracle that nobody here wrote.
type Connection struct {
	// Name is "client:port-server:port"; the client sent the first SYN, or the first packet seen.
	Name   string
	Chunks []wiretest.Chunk
}

// Data is the path of a file below the test data, and skips the test where they are not at hand.
func Data(t testing.TB, elem ...string) string {
	t.Helper()
	root := os.Getenv("BULWARK_DATA")
	if root == "" {
		t.Skip("BULWARK_DATA is not set: the captures this test reads are not at hand")
	}
	path := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the test data lack a file: %v", err)
	}
	return path
}

// Connections reads the TCP connections of a pcap or pcapng file, in the order of their first packets.
func Connections(t testing.TB, path string) []Connection {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := newReader(f)
	if err != nil {
		t.Fatalf("reading %s: %v", path, err)
	}
	factory := &connectionFactory{}
	asm := reassembly.NewAssembler(reassembly.NewStreamPool(factory))
	for {
		p, ci, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("reading %s: %v", path, err)
		}
		packet := gopacket.NewPacket(p, r.LinkType(), gopacket.NoCopy)
		tcp, ok := packet.TransportLayer().(*layers.TCP)
		if !ok || packet.NetworkLayer() == nil {
			continue
		}
		asm.AssembleWithContext(packet.NetworkLayer().NetworkFlow(), tcp, captureContext(ci))
		asm.FlushWithOptions(reassembly.FlushOptions{T: ci.Timestamp.Add(-time.Minute)})
	}
	asm.FlushAll()
	out := make([]Connection, len(factory.all))
	for i, s := range factory.all {
		out[i] = s.told
	}
	return out
}

type captureReader interface {
	gopacket.PacketDataSource
	LinkType() layers.LinkType
}

// newReader reads pcapng where the file begins with its magic, pcap otherwise.
func newReader(f *os.File) (captureReader, error) {
	var magic [4]byte
	if _, err := f.ReadAt(magic[:], 0); err != nil {
		return nil, err
	}
	if string(magic[:]) == "\x0a\x0d\x0d\x0a" {
		return pcapgo.NewNgReader(f, pcapgo.DefaultNgReaderOptions)
	}
	return pcapgo.NewReader(f)
}

type captureContext gopacket.CaptureInfo

func (c captureContext) GetCaptureInfo() gopacket.CaptureInfo { return gopacket.CaptureInfo(c) }

type connectionFactory struct{ all []*connection }

func (f *connectionFactory) New(net, tcp gopacket.Flow, _ *layers.TCP, _ reassembly.AssemblerContext) reassembly.Stream {
	s := &connection{told: Connection{Name: fmt.Sprintf("%v:%v-%v:%v", net.Src(), tcp.Src(), net.Dst(), tcp.Dst())}}
	f.all = append(f.all, s)
	return s
}

type connection struct{ told Connection }

func (s *connection) Accept(_ *layers.TCP, _ gopacket.CaptureInfo, _ reassembly.TCPFlowDirection, _ reassembly.Sequence, start *bool, _ reassembly.AssemblerContext) bool {
	*start = true // midstream is welcome
	return true
}

func (s *connection) ReassembledSG(sg reassembly.ScatterGather, _ reassembly.AssemblerContext) {
	flow, _, _, lost := sg.Info()
	dir := wire.ToServer
	if flow == reassembly.TCPDirServerToClient {
		dir = wire.ToClient
	}
	n, _ := sg.Lengths()
	if n == 0 {
		return
	}
	bytes := append([]byte(nil), sg.Fetch(n)...)
	last := len(s.told.Chunks) - 1
	if last >= 0 && s.told.Chunks[last].Dir == dir && lost <= 0 {
		s.told.Chunks[last].Bytes = append(s.told.Chunks[last].Bytes, bytes...)
		return
	}
	s.told.Chunks = append(s.told.Chunks, wiretest.Chunk{Dir: dir, Lost: max(lost, 0), Bytes: bytes})
}

func (s *connection) ReassemblyComplete(reassembly.AssemblerContext) bool { return false }
