package arp

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

func raw(s string) []byte {
	b, _ := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	return b
}

func TestMessages(t *testing.T) {
	const ethernet = "0001 0800 06 04 "
	for _, c := range []struct {
		does, p, want string
		err           error
	}{
		{"a host asks for another", ethernet + "0001 02005e010203 c0000207 000000000000 c0000201", "request 192.0.2.7 02005e010203 192.0.2.1 000000000000 gratuitous false probe false claims true", nil},
		{"the other answers", ethernet + "0002 02005e0a0b0c c0000201 02005e010203 c0000207", "reply 192.0.2.1 02005e0a0b0c 192.0.2.7 02005e010203 gratuitous false probe false claims true", nil},
		{"a host tells its own address", ethernet + "0001 02005e010203 c0000207 ffffffffffff c0000207", "request 192.0.2.7 02005e010203 192.0.2.7 ffffffffffff gratuitous true probe false claims true", nil},
		{"a host asks whether an address is free", ethernet + "0001 02005e010203 00000000 000000000000 c0000207", "request 0.0.0.0 02005e010203 192.0.2.7 000000000000 gratuitous false probe true claims false", nil},
		{"who am I", ethernet + "0003 02005e010203 00000000 02005e010203 00000000", "request_reverse 0.0.0.0 02005e010203 0.0.0.0 02005e010203 gratuitous false probe false claims false", nil},
		{"a group cannot have an address", ethernet + "0002 01005e010203 c0000207 02005e010203 c0000201", "reply 192.0.2.7 01005e010203 192.0.2.1 02005e010203 gratuitous false probe false claims false", nil},
		{"an operation without a name", ethernet + "0008 02005e010203 c0000207 000000000000 c0000201", "unknown 192.0.2.7 02005e010203 192.0.2.1 000000000000 gratuitous false probe false claims false", nil},
		{"padding is passed over", ethernet + "0001 02005e010203 c0000207 000000000000 c0000201 000000000000", "request 192.0.2.7 02005e010203 192.0.2.1 000000000000 gratuitous false probe false claims true", nil},
		{"other addresses", "0001 0800 20 04 0001" + strings.Repeat("00", 80), "", ErrOther},
		{"a message that is cut", ethernet + "0001 02005e010203", "", ErrShort},
		{"hardly a message", "0001", "", ErrShort},
	} {
		t.Run(c.does, func(t *testing.T) {
			m, err := Parse(raw(c.p))
			if !errors.Is(err, c.err) {
				t.Fatalf("error: got %v, want %v", err, c.err)
			}
			if err != nil {
				return
			}
			got := fmt.Sprintf("%v %v %x %v %x gratuitous %v probe %v claims %v", m.Operation, m.Sender, m.SenderMAC, m.Target, m.TargetMAC, m.Gratuitous(), m.Probe(), m.Claims())
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(raw("0001 0800 06 04 0001 02005e010203 c0000207 000000000000 c0000201"))
	f.Fuzz(func(t *testing.T, p []byte) {
		m, err := Parse(p)
		if err != nil {
			return
		}
		var oracle layers.ARP
		if oracle.DecodeFromBytes(p, gopacket.NilDecodeFeedback) != nil {
			t.Fatalf("read, but not by the oracle: %x", p)
		}
		sender, _ := netip.AddrFromSlice(oracle.SourceProtAddress)
		if sender != m.Sender || uint16(m.Operation) != oracle.Operation || string(oracle.DstHwAddress) != string(m.TargetMAC[:]) {
			t.Errorf("got %+v, the oracle %+v", m, oracle)
		}
	})
}
