package packet_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"bulwark/content/demo"
	"bulwark/wire/internal/corpus"
	"bulwark/wire/packet"
	"bulwark/wire/pcap"
)

// verdicts counts in what gopacket and we agree.
type verdicts struct {
	frames, network, transport, fragments, vlans int
	differ                                       []string
}

// compare decodes every frame of a capture twice.
func (v *verdicts) compare(name string, capture []byte) {
	r, err := pcap.NewReader(bytes.NewReader(capture))
	if err != nil {
		return // no capture, or none that is read
	}
	var p pcap.Packet
	for n := 1; r.Next(&p) == nil; n++ {
		if p.Link > 255 {
			continue // gopacket numbers link types in a byte
		}
		v.frames++
		if why := v.frame(p.Link, p.Data); why != "" && len(v.differ) < 20 {
			v.differ = append(v.differ, fmt.Sprintf("%s, frame %d: %s", filepath.Base(name), n, why))
		}
	}
}

func (v *verdicts) frame(link pcap.LinkType, data []byte) string {
	var p packet.Packet
	fault := packet.Decode(link, data, &p)
	theirs := gopacket.NewPacket(data, layers.LinkType(link), gopacket.DecodeOptions{NoCopy: true})
	if why := v.tags(&p, theirs); why != "" {
		return why
	}
	net := theirs.NetworkLayer()
	if net == nil || net.LayerType() != layers.LayerTypeIPv4 && net.LayerType() != layers.LayerTypeIPv6 {
		if fault == packet.OK && theirs.ErrorLayer() == nil {
			return fmt.Sprintf("we see %v -> %v, gopacket no IP in %v", p.SrcAddr(), p.DstAddr(), theirs)
		}
		return ""
	}
	if fault == packet.BadLink {
		return "" // a link layer that we leave out
	}
	if fault != packet.OK {
		if theirs.ErrorLayer() == nil && theirs.TransportLayer() != nil && !theirs.Metadata().Truncated {
			return fmt.Sprintf("we see a %v, gopacket %v", fault, theirs)
		}
		return ""
	}
	src, dst := net.NetworkFlow().Endpoints()
	v.network++
	if src.String() != p.SrcAddr().String() || dst.String() != p.DstAddr().String() {
		return fmt.Sprintf("got %v -> %v, gopacket %v -> %v", p.SrcAddr(), p.DstAddr(), src, dst)
	}
	if p.Fragment {
		v.fragments++
		return fragment(&p, theirs)
	}
	return v.transports(&p, theirs)
}

func (v *verdicts) tags(p *packet.Packet, theirs gopacket.Packet) string {
	var ids []uint16
	for _, l := range theirs.Layers() {
		if tag, ok := l.(*layers.Dot1Q); ok && (tag.VLANIdentifier != 0 || len(ids) > 0) {
			ids = append(ids, tag.VLANIdentifier)
		} else if l.LayerType() == layers.LayerTypeIPv4 || l.LayerType() == layers.LayerTypeIPv6 {
			break
		}
	}
	if len(ids) == 0 {
		return ""
	}
	v.vlans++
	ids = append(ids, 0)
	if p.VLAN != ids[0] || p.Second != ids[1] {
		return fmt.Sprintf("got VLAN %d.%d, gopacket %v", p.VLAN, p.Second, ids)
	}
	return ""
}

func fragment(p *packet.Packet, theirs gopacket.Packet) string {
	if ip, ok := theirs.NetworkLayer().(*layers.IPv4); ok {
		if uint32(ip.FragOffset)*8 != p.FragOffset || uint32(ip.Id) != p.FragID || !bytes.Equal(ip.Payload, p.Network) {
			return fmt.Sprintf("got fragment %d at %d of %d bytes, gopacket %+v", p.FragID, p.FragOffset, len(p.Network), ip)
		}
		return ""
	}
	f, ok := theirs.Layer(layers.LayerTypeIPv6Fragment).(*layers.IPv6Fragment)
	if !ok || uint32(f.FragmentOffset)*8 != p.FragOffset || f.Identification != p.FragID || !bytes.Equal(f.Payload, p.Network) {
		return fmt.Sprintf("got fragment %d at %d of %d bytes, gopacket %+v", p.FragID, p.FragOffset, len(p.Network), f)
	}
	return ""
}

func (v *verdicts) transports(p *packet.Packet, theirs gopacket.Packet) string {
	switch l := theirs.TransportLayer().(type) {
	case *layers.TCP:
		if p.Proto != packet.TCP {
			return "" // within a tunnel, into which we do not look
		}
		v.transport++
		flags := l.Contents[13]
		if p.SrcPort != uint16(l.SrcPort) || p.DstPort != uint16(l.DstPort) || p.Seq != l.Seq || p.Ack != l.Ack ||
			p.Flags != flags || p.Window != l.Window || !bytes.Equal(p.Payload, l.Payload) {
			return fmt.Sprintf("got TCP %d %d seq %d flags %#x %d bytes, gopacket %+v of %d bytes", p.SrcPort, p.DstPort, p.Seq, p.Flags, len(p.Payload), l, len(l.Payload))
		}
	case *layers.UDP:
		if p.Proto != packet.UDP {
			return ""
		}
		v.transport++
		if p.SrcPort != uint16(l.SrcPort) || p.DstPort != uint16(l.DstPort) || !bytes.Equal(p.Payload, l.Payload) {
			return fmt.Sprintf("got UDP %d %d %d bytes, gopacket %+v of %d bytes", p.SrcPort, p.DstPort, len(p.Payload), l, len(l.Payload))
		}
	}
	return ""
}

func (v *verdicts) tell(t *testing.T, least verdicts) {
	t.Helper()
	t.Logf("%d frames: %d of IP, %d of TCP and UDP, %d fragments, %d tagged", v.frames, v.network, v.transport, v.fragments, v.vlans)
	for _, d := range v.differ {
		t.Error(d)
	}
	if v.network < least.network || v.transport < least.transport || v.fragments < least.fragments || v.vlans < least.vlans {
		t.Errorf("got fewer than %+v", least)
	}
}

func TestAgreementWithGopacketOnTheDemo(t *testing.T) {
	var v verdicts
	v.compare(demo.Name, demo.Capture())
	v.tell(t, verdicts{network: 15_000, transport: 15_000})
}

func TestAgreementWithGopacketOnRecordedCaptures(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	var v verdicts
	err := filepath.WalkDir(corpus.Data(t, "sensor"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if st, err := d.Info(); err != nil || st.Size() > 4<<20 || !strings.Contains(d.Name(), "cap") && !strings.HasSuffix(d.Name(), ".trace") {
			return err
		}
		text, err := os.ReadFile(path)
		v.compare(path, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	v.tell(t, verdicts{network: 50_000, transport: 50_000, fragments: 50, vlans: 100})
}
