package engine

import (
	"testing"

	"bulwark/platform/pseudonym"
	"bulwark/wire/pcap"
)

func TestWhatOfAFlowIsWorthKeeping(t *testing.T) {
	for _, c := range []struct {
		name                string
		f                   flow
		encrypted, clinical bool
	}{
		{"TLS", flow{app: TLS}, true, false},
		{"QUIC", flow{app: QUIC}, true, false},
		{"DTLS", flow{app: DTLS}, true, false},
		{"WireGuard", flow{app: WireGuard}, true, false},
		{"SSH", flow{app: SSH}, true, false},
		{"ESP", flow{key: key{proto: esp}}, true, false},
		{"ESP behind a translator", flow{app: IKE, key: key{ports: portFloated | 33<<16}}, true, false},
		{"IKE itself", flow{app: IKE, key: key{ports: 500 | 500<<16}}, false, false},
		{"HTTP", flow{app: HTTP}, false, false},
		{"DICOM, which is bulk", flow{app: DICOM}, false, false},
		{"HL7", flow{app: HL7}, false, true},
		{"a monitor", flow{app: IntelliVue}, false, true},
	} {
		if got := c.f.encrypted(); got != c.encrypted {
			t.Errorf("%s: encrypted is %v, want %v", c.name, got, c.encrypted)
		}
		if got := c.f.clinical(); got != c.clinical {
			t.Errorf("%s: clinical is %v, want %v", c.name, got, c.clinical)
		}
	}
}

func TestOfWhatIsEncryptedNothingIsKeptBehindTheHandshake(t *testing.T) {
	data := dtlsRecord(23, 1, make([]byte, 100))
	guarded := append([]byte{4, 0, 0, 0, 9, 8, 7, 6, 1, 0, 0, 0, 0, 0, 0, 0}, []byte("sixteen bytes-16")...)
	sealed := append([]byte{0, 0, 0, 9}, make([]byte, 60)...)
	ike := append([]byte{0, 0, 0, 0}, ikeMessage(35, 8, 9, 46, "sealed")...)
	for _, c := range []struct {
		does    string
		ports   [2]string
		packets [][]byte // of both ends in turn
		want    bool
	}{
		{"DTLS that goes on", [2]string{":5000", ":443"}, [][]byte{data, data, data}, true},
		{"WireGuard", [2]string{":5000", ":51820"}, [][]byte{guarded, guarded, guarded, guarded, guarded}, true},
		{"IPsec behind a translator", [2]string{":4500", ":4500"}, [][]byte{ike, ike, sealed}, true},
		{"a message of IKE there", [2]string{":4500", ":4500"}, [][]byte{ike, sealed, ike}, false},
	} {
		w := New(Options{Sink: silent{}, Seed: 7, FirstFlow: 1, FlowStep: 1, Patients: pseudonym.New([32]byte{1})})
		for i, payload := range c.packets {
			ends := [2]string{"10.0.0.1" + c.ports[0], "10.0.0.2" + c.ports[1]}
			p := udpFrom(ends[i&1], ends[1-i&1], payload)
			w.Packet(1_700_000_000_000_000_000+int64(i)*1e6, pcap.LinkRaw, len(p), 0, p)
		}
		seen := w.Seen(nil)
		if got := len(seen) == 1 && seen[0].Encrypted && seen[0].Over; got != c.want {
			t.Errorf("%s: over is %v, want %v: %+v", c.does, got, c.want, seen)
		}
	}
}
