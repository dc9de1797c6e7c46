package conformance

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/gopacket/gopacket/reassembly"
)

// dumpFields are the attributes of a stored object and where our events say the same.
var dumpFields = []struct{ tag, attribute string }{
	{"0008,0018", "dicom.instance_uid"}, {"0008,0060", "dicom.modality"}, {"0008,0070", "device.vendor_name"},
	{"0008,1090", "device.model"}, {"0018,1000", "device.serial_number"}, {"0018,1020", "device.software_version"},
	{"0008,1010", "dicom.station_name"}, {"0008,0080", "dicom.institution"}, {"0020,000d", "dicom.study_uid"},
	{"0020,000e", "dicom.series_uid"},
}

// runDcmdump takes the objects out of the captures by means that are not ours (gopacket puts the streams together, DCMTK's
// dcmdump reads the data sets) and compares what dcmdump reads with the events.
func runDcmdump(ctx context.Context, b *Bench) ([]Case, error) {
	dcmdump, err := exec.LookPath("dcmdump")
	if err != nil {
		return nil, &Skip{"dcmdump is not installed (Debian package dcmtk)"}
	}
	var cases []Case
	captures, err := filepath.Glob(b.file("generated-hospital", "dicom*.pcap"))
	if err != nil {
		return nil, err
	}
	for _, path := range captures {
		streams, err := streams(path)
		if err != nil {
			return nil, err
		}
		events, err := watchEvents(ctx, path)
		if err != nil {
			return nil, err
		}
		n := 0
		for _, s := range streams {
			for _, data := range dataSets(s) {
				fields, err := b.dump(ctx, dcmdump, data)
				if err != nil {
					return nil, err
				}
				if fields["0008,0018"] == "" {
					continue // a query, not an object
				}
				n++
				cases = append(cases, judgeDump(fmt.Sprintf("%s object %d", filepath.Base(path), n), fields, events)...)
			}
		}
	}
	return cases, nil
}

func judgeDump(name string, fields map[string]string, events []record) []Case {
	var cases []Case
	for _, f := range dumpFields {
		c := Case{Family: "dicom", Name: name + " (" + f.tag + ")"}
		found := false
		for _, e := range events {
			if e["kind"] != "dicom" || e["activity_name"] != "Store" || e["dicom.instance_uid"] != fields["0008,0018"] {
				continue
			}
			found = true
			if got := text(e, f.attribute); got != fields[f.tag] {
				c.Why = fmt.Sprintf("%s is %q, dcmdump reads %q", f.attribute, got, fields[f.tag])
			}
		}
		if !found {
			c.Why = "no event of this object"
		}
		cases = append(cases, c)
	}
	return cases
}

var dumpLine = regexp.MustCompile(`(?m)^\(([0-9a-f]{4},[0-9a-f]{4})\) .. \[(.*?)\]`)

// dump is what dcmdump reads in a data set, by tag.
func (b *Bench) dump(ctx context.Context, dcmdump string, data []byte) (map[string]string, error) {
	path := filepath.Join(b.Scratch, "object.dcm")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, dcmdump, "-q", "+L", "-Un", "-f", path).Output()
	if err != nil {
		return nil, fmt.Errorf("dcmdump: %w", err)
	}
	fields := map[string]string{}
	for _, m := range dumpLine.FindAllStringSubmatch(string(out), -1) {
		fields[m[1]] = strings.TrimSpace(m[2])
	}
	return fields, nil
}

// dataSets are the data sets in one direction of an association: the fragments of data of its P-DATA-TF, joined where a
// fragment is not the last of its message (PS3.8 §9.3.5, §E.2).
func dataSets(stream []byte) [][]byte {
	var sets [][]byte
	var open []byte
	for len(stream) >= 6 {
		kind, n := stream[0], int(binary.BigEndian.Uint32(stream[2:]))
		if n < 0 || 6+n > len(stream) {
			break
		}
		pdu := stream[6 : 6+n]
		stream = stream[6+n:]
		for kind == 4 && len(pdu) >= 6 {
			item := int(binary.BigEndian.Uint32(pdu))
			if item < 2 || 4+item > len(pdu) {
				break
			}
			control, fragment := pdu[5], pdu[6:4+item]
			pdu = pdu[4+item:]
			if control&1 != 0 {
				continue // of a command
			}
			open = append(open, fragment...)
			if control&2 != 0 {
				sets = append(sets, open)
				open = nil
			}
		}
	}
	return sets
}

// streams are the bytes of each direction of each TCP connection of a pcap file, put together by gopacket.
func streams(path string) ([][]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	connections, err := connections(f)
	var all [][]byte
	for _, s := range connections {
		all = append(all, s.bytes[0], s.bytes[1])
	}
	return slices.DeleteFunc(all, func(s []byte) bool { return len(s) == 0 }), err
}

// connections are the TCP connections of a pcap file, put together by gopacket.
func connections(f io.Reader) ([]*kept, error) {
	r, err := pcapgo.NewReader(f)
	if err != nil {
		return nil, err
	}
	keep := &keeper{}
	asm := reassembly.NewAssembler(reassembly.NewStreamPool(keep))
	for {
		p, _, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		packet := gopacket.NewPacket(p, r.LinkType(), gopacket.NoCopy)
		if tcp, ok := packet.TransportLayer().(*layers.TCP); ok && packet.NetworkLayer() != nil {
			asm.Assemble(packet.NetworkLayer().NetworkFlow(), tcp)
		}
	}
	asm.FlushAll()
	return keep.streams, nil
}

type keeper struct{ streams []*kept }

func (k *keeper) New(ends, _ gopacket.Flow, _ *layers.TCP, _ reassembly.AssemblerContext) reassembly.Stream {
	s := &kept{ends: [2]string{ends.Src().String(), ends.Dst().String()}}
	k.streams = append(k.streams, s)
	return s
}

// kept is what each end of a connection has sent. The first is the one that sent first.
type kept struct {
	ends  [2]string
	bytes [2][]byte
}

func (s *kept) Accept(_ *layers.TCP, _ gopacket.CaptureInfo, _ reassembly.TCPFlowDirection, _ reassembly.Sequence, start *bool, _ reassembly.AssemblerContext) bool {
	*start = true
	return true
}

func (s *kept) ReassembledSG(sg reassembly.ScatterGather, _ reassembly.AssemblerContext) {
	dir, _, _, _ := sg.Info()
	n, _ := sg.Lengths()
	at := 0
	if dir == reassembly.TCPDirServerToClient {
		at = 1
	}
	s.bytes[at] = append(s.bytes[at], sg.Fetch(n)...)
}

func (s *kept) ReassemblyComplete(reassembly.AssemblerContext) bool { return false }
