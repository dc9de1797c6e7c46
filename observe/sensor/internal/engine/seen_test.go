package engine

import "testing"

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
