package corpus

import (
	"bytes"
	"path"
	"strings"
	"testing"

	"bulwark/wire/pcap"
	"bulwark/wire/wiretest"
)

// Flow is one conversation.
type Flow struct {
	TCP    bool
	Client string // address and port
	Server string
	Port   int // of the server
	// Chunks are what the sides sent, a packet each.
	Chunks []wiretest.Chunk
}

// Files are the captures under a folder of the sensor's data, by their path below those.
func Files(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for name, b := range read(t, func(name string) bool {
		return strings.Contains(path.Base(name), ".pcap") || strings.Contains(path.Base(name), ".cap")
	}, "sensor", folder) {
		files[path.Join(folder, name)] = b
	}
	return files
}

// Archive are the captures of an archive (X.tar.zst) of the sensor's data whose path begins with one of prefixes.
func Archive(t testing.TB, name string, prefixes ...string) map[string][]byte {
	t.Helper()
	return read(t, func(name string) bool { return strings.Contains(name, ".pcap") && hasPrefix(name, prefixes) }, "sensor", name)
}

func hasPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return len(prefixes) == 0
}

// Flows are the conversations over TCP and UDP of a capture, by their first packet. What is not a capture has none.
// The server is who was asked to connect; where that was not seen, who has one of ports, or else the second to speak.
func Flows(t testing.TB, capture []byte, ports ...int) []*Flow {
	t.Helper()
	r, err := pcap.NewReader(bytes.NewReader(capture))
	if err != nil {
		return nil
	}
	b := newBuilder(ports)
	var p pcap.Packet
	for r.Next(&p) == nil {
		b.packet(p.Link, p.Data)
	}
	return b.end()
}
