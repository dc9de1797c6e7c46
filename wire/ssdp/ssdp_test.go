package ssdp

import (
	"errors"
	"testing"
)

const (
	renderer = "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: urn:schemas-upnp-org:device:MediaRenderer:1\r\nNTS: ssdp:alive\r\n" +
		"SERVER: Linux/4.4 UPnP/1.0 Player/1.2\r\nUSN: uuid:1::urn:schemas-upnp-org:device:MediaRenderer:1\r\n\r\n"
	chrome = "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: urn:dial-multiscreen-org:service:dial:1\r\n" +
		"USER-AGENT: Google Chrome/103.0.5060.53 Windows\r\n\r\n"
)

func TestParse(t *testing.T) {
	tests := []struct {
		does   string
		p      string
		want   Kind
		device string
		server string
		agent  string
	}{
		{"a player says that it is there", renderer, Alive, "MediaRenderer", "Linux/4.4 UPnP/1.0 Player/1.2", ""},
		{"a browser looks for a screen", chrome, Search, "dial", "", "Google Chrome/103.0.5060.53 Windows"},
		{"a gateway answers, in small letters and without carriage returns",
			"HTTP/1.1 200 OK\nst: urn:schemas-upnp-org:device:InternetGatewayDevice:2\nserver: X UPnP/1.1 MiniUPnPd/2.1\n\n", Answer, "InternetGatewayDevice", "X UPnP/1.1 MiniUPnPd/2.1", ""},
		{"a device goes", "NOTIFY * HTTP/1.1\r\nNTS: ssdp:byebye\r\nNT: upnp:rootdevice\r\n", Gone, "", "", ""},
		{"a service of UPnP is no device", "NOTIFY * HTTP/1.1\r\nNT: urn:schemas-upnp-org:service:ConnectionManager:1\r\n", Alive, "", "", ""},
		{"a maker's own target", "HTTP/1.1 200 OK\r\nST: roku:ecp\r\n", Answer, "roku:ecp", "", ""},
		{"the end is missing", "NOTIFY * HTTP/1.1\r\nNT: urn:schemas-upnp-org:device:Pri", Alive, "Pri", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.does, func(t *testing.T) {
			var m Message
			if err := Parse([]byte(tt.p), &m); err != nil {
				t.Fatal(err)
			}
			if m.Kind != tt.want || string(m.Device()) != tt.device || string(m.Server) != tt.server || string(m.Agent) != tt.agent {
				t.Errorf("kind %d, device %q, server %q, agent %q, want %d, %q, %q, %q", m.Kind, m.Device(), m.Server, m.Agent, tt.want, tt.device, tt.server, tt.agent)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, p := range []string{"", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\n", "NOTIFY * HTTP/1.1\r\n\r\n"} {
		var m Message
		if err := Parse([]byte(p), &m); !errors.Is(err, ErrOther) {
			t.Errorf("Parse(%q) = %v, want %v", p, err, ErrOther)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(renderer))
	f.Add([]byte(chrome))
	f.Fuzz(func(_ *testing.T, p []byte) {
		var m Message
		if Looks(p) && Parse(p, &m) == nil {
			m.Device()
		}
	})
}
