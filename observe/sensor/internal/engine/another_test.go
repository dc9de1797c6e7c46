package engine

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"

	"bulwark/platform/pseudonym"
	"bulwark/wire"
	"bulwark/wire/packet"
	"bulwark/wire/pcap"
)

// clientHello is what a TLS client sends first.
func clientHello(t *testing.T, name string) []byte {
	t.Helper()
	here, there := net.Pipe()
	go func() {
		_ = tls.Client(here, &tls.Config{ServerName: name}).Handshake() // ends when the pipe closes
		here.Close()
	}()
	defer there.Close()
	head := make([]byte, 5)
	if _, err := io.ReadFull(there, head); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, int(head[3])<<8|int(head[4]))
	if _, err := io.ReadFull(there, body); err != nil {
		t.Fatal(err)
	}
	return append(head, body...)
}

func TestATunnelThroughAProxyIsReadOn(t *testing.T) {
	c := &collector{}
	w := New(Options{Sink: c, Seed: 7, FirstFlow: 1, FlowStep: 1, Patients: pseudonym.New([32]byte{1})})
	f := &feeder{w: w}
	f.handshake(100, 200)
	ask := []byte("CONNECT portal.hospital.example:443 HTTP/1.1\r\nHost: portal.hospital.example:443\r\n\r\n")
	yes := []byte("HTTP/1.1 200 Connection established\r\n\r\n")
	hello := clientHello(t, "portal.hospital.example")
	f.send(wire.ToServer, 101, 201, packet.ACK, ask)
	f.send(wire.ToClient, 201, 101+uint32(len(ask)), packet.ACK, yes)
	at := 101 + uint32(len(ask))
	f.send(wire.ToServer, at, 201+uint32(len(yes)), packet.ACK, hello[:100])
	f.send(wire.ToServer, at+100, 201+uint32(len(yes)), packet.ACK, hello[100:])
	w.Close()
	all := strings.Join(c.lines, "\n")
	for _, want := range []string{`"kind":"http"`, `"CONNECT"`, `"kind":"tls"`, `"tls.sni":"portal.hospital.example"`} {
		if !strings.Contains(all, want) {
			t.Errorf("got no %s in\n%s", want, all)
		}
	}
	if w.pool.held != 0 {
		t.Errorf("%d bytes held after the end", w.pool.held)
	}
}

func TestDICOMInsideTLSIsSaidToBeThere(t *testing.T) {
	c := &collector{}
	w := New(Options{Sink: c, Seed: 7, FirstFlow: 1, FlowStep: 1, Patients: pseudonym.New([32]byte{1})})
	hello := clientHello(t, "pacs.hospital.example")
	send := func(seq uint32, flags byte, data []byte) {
		b := wireTCP(wire.ToServer, seq, 1, flags, data)
		binary.BigEndian.PutUint16(b[22:], dicomTLS)
		w.Packet(1_700_000_000_000_000_000, pcap.LinkRaw, len(b), 0, b)
	}
	send(100, packet.SYN, nil)
	send(101, packet.ACK, hello)
	w.Close()
	if all := strings.Join(c.lines, "\n"); !strings.Contains(all, `"kind":"dicom"`) || !strings.Contains(all, `"Secure Transport"`) || !strings.Contains(all, `"confidence":"very likely"`) {
		t.Errorf("got no word of DICOM in\n%s", all)
	}
}

func TestWhatASideSaidFirstIsKeptUntilTheOtherTells(t *testing.T) {
	ask := "OPTIONS* HTTP/1.\nHost: portal\n\n" // nothing of this tells HTTP by itself
	answer := "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
	pieces := func() (all []word) {
		for i := range len(ask) {
			all = append(all, up(ask[i:i+1]))
		}
		return append(all, down(answer))
	}
	whole, split := played(t, up(ask), down(answer)), played(t, pieces()...)
	if a, b := strings.Count(whole, `"kind":"http"`), strings.Count(split, `"kind":"http"`); a != b {
		t.Errorf("as a whole there are %d events of HTTP, in pieces %d:\n%s\n%s", a, b, whole, split)
	}
}

func TestAProgramThatIsSaidToBeAPictureIsFoundInPieces(t *testing.T) {
	program := "MZ" + strings.Repeat("\x00", 80)
	words := []word{up("GET /cat.png HTTP/1.1\r\nHost: h\r\n\r\n"), down("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 82\r\n\r\n")}
	for i := range len(program) {
		words = append(words, down(program[i:i+1]))
	}
	tells(t, played(t, words...), []string{`"file.category":"executable"`, `"file.sha256":"` + sha(program)}, nil)
}

func TestWhatAProxyOfSOCKSCarriesIsRead(t *testing.T) {
	got := played(t, up("\x05\x02\x00\x02"), down("\x05\x02"), up("\x01\x03bob\x02pw"), down("\x01\x00"),
		up("\x05\x01\x00\x03\x04host\x00\x50"), down("\x05\x00\x00\x01\x0a\x00\x00\x01\x04\x00"),
		up("GET /portal HTTP/1.1\r\nHost: host\r\n\r\n"), down("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
	tells(t, got, []string{`"kind":"auth"`, `"auth_protocol":"SOCKS5"`, `"user.name":"bob"`, `"service.name":"host:80"`, `"is_cleartext":true`,
		`"http_request.url.path":"/portal"`, `"app_name_before":"socks"`}, []string{`"pw"`})
}
