package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/gopacket/gopacket/reassembly"
)

// gopacketLoop is the usual Go program: gopacket's DecodingLayerParser with its reassembly, and nothing done with what
// it yields.
func gopacketLoop(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := pcapgo.NewReader(bufio.NewReaderSize(f, 1<<20))
	if err != nil {
		return err
	}
	var (
		eth     layers.Ethernet
		vlan    layers.Dot1Q
		ip4     layers.IPv4
		ip6     layers.IPv6
		tcp     layers.TCP
		udp     layers.UDP
		decoded []gopacket.LayerType
		packets int
	)
	parser := gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet, &eth, &vlan, &ip4, &ip6, &tcp, &udp)
	parser.IgnoreUnsupported = true
	asm := reassembly.NewAssembler(reassembly.NewStreamPool(factory{}))
	asm.MaxBufferedPagesPerConnection = 64
	asm.MaxBufferedPagesTotal = 100_000
	var swept time.Time
	for {
		data, ci, err := r.ZeroCopyReadPacketData()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		packets++
		_ = parser.DecodeLayers(data, &decoded) // what it cannot decode it does not count
		var network gopacket.Flow
		for _, t := range decoded {
			switch t {
			case layers.LayerTypeIPv4:
				network = ip4.NetworkFlow()
			case layers.LayerTypeIPv6:
				network = ip6.NetworkFlow()
			case layers.LayerTypeTCP:
				asm.AssembleWithContext(network, &tcp, &capture{ci})
			}
		}
		if ci.Timestamp.Sub(swept) > 10*time.Second {
			asm.FlushCloseOlderThan(ci.Timestamp.Add(-2 * time.Minute))
			swept = ci.Timestamp
		}
	}
	asm.FlushAll()
	fmt.Println(packets, "packets")
	return nil
}

type capture struct{ info gopacket.CaptureInfo }

func (c *capture) GetCaptureInfo() gopacket.CaptureInfo { return c.info }

type factory struct{}

func (factory) New(_, _ gopacket.Flow, _ *layers.TCP, _ reassembly.AssemblerContext) reassembly.Stream {
	return stream{}
}

type stream struct{}

func (stream) Accept(_ *layers.TCP, _ gopacket.CaptureInfo, _ reassembly.TCPFlowDirection, _ reassembly.Sequence, start *bool, _ reassembly.AssemblerContext) bool {
	*start = true
	return true
}
func (stream) ReassembledSG(reassembly.ScatterGather, reassembly.AssemblerContext) {}
func (stream) ReassemblyComplete(reassembly.AssemblerContext) bool                 { return true }
