package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"bulwark/wire/pcap"
)

func TestSmallPacketsAreWhatTheySay(t *testing.T) {
	name := filepath.Join(t.TempDir(), "small.pcap")
	if err := writeSmall(name); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcap.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var p pcap.Packet
	var names, mails int
	for n := 0; ; n++ {
		if err := r.Next(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.Data) < 60 || len(p.Data) > 64 {
			t.Fatalf("packet %d has %d bytes, want 60 to 64", n, len(p.Data))
		}
		if n%97 != 0 { // the oracle is slow
			continue
		}
		d := gopacket.NewPacket(p.Data, layers.LayerTypeEthernet, gopacket.Default)
		if e := d.ErrorLayer(); e != nil {
			t.Fatalf("packet %d: %v", n, e.Error())
		}
		if l, ok := d.TransportLayer().(interface {
			SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
		}); !ok || l.SetNetworkLayerForChecksum(d.NetworkLayer()) != nil {
			t.Fatalf("packet %d has no transport", n)
		}
		if wrong, list := d.VerifyChecksums(); wrong != nil || len(list) > 0 {
			t.Fatalf("packet %d has wrong checksums: %v, %v", n, wrong, list)
		}
		if d.Layer(layers.LayerTypeDNS) != nil {
			names++
		}
		if d.Layer(layers.LayerTypeTCP) != nil {
			mails++
		}
	}
	if names == 0 || mails == 0 {
		t.Errorf("%d packets with names and %d of mail were seen, want some of each", names, mails)
	}
}
