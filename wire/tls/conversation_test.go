package tls

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// tape records what crosses a connection, in the order in which it is read or written at one end.
type tape struct {
	net.Conn
	mu     sync.Mutex
	chunks []wiretest.Chunk
}

func (t *tape) add(dir wire.Dir, p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.chunks = append(t.chunks, wiretest.Chunk{Dir: dir, Bytes: bytes.Clone(p)})
}

func (t *tape) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	if n > 0 {
		t.add(wire.ToClient, p[:n])
	}
	return n, err
}

func (t *tape) Write(p []byte) (int, error) {
	t.add(wire.ToServer, p)
	return t.Conn.Write(p)
}

// certificate makes a key and a certificate that it signs itself.
func certificate(t testing.TB, key any) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x8a07e0),
		Subject: pkix.Name{
			Country: []string{"FR"}, Organization: []string{"Hôpital, Test"}, CommonName: "pacs.hospital.example",
		},
		NotBefore: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		NotAfter:  time.Date(2051, 1, 2, 3, 4, 5, 0, time.UTC),
		DNSNames:  []string{"pacs.hospital.example", "*.hospital.example"},
		IPAddresses: []net.IP{
			net.IPv4(192, 0, 2, 7).To4(), net.ParseIP("2001:db8::7"),
		},
		EmailAddresses:        []string{"admin@hospital.example"},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	var public any
	switch k := key.(type) {
	case *ecdsa.PrivateKey:
		public = k.Public()
	case *rsa.PrivateKey:
		public = k.Public()
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func ecdsaKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// ends are the two ends of a connection over the loopback: unlike a net.Pipe it lets both write at once, as
// TLS 1.3 does.
func ends(t testing.TB) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if near, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if far, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return near, far
}

// handshake runs one between two real ends, exchanges some data, and returns what crossed and the client's view.
func handshake(t testing.TB, client, server *tls.Config) ([]wiretest.Chunk, tls.ConnectionState) {
	t.Helper()
	near, far := ends(t)
	rec := &tape{Conn: near}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s := tls.Server(far, server)
		if s.Handshake() == nil {
			buf := make([]byte, 100)
			n, _ := s.Read(buf)
			_, _ = s.Write(buf[:n])
			_, _ = s.Read(buf) // until the client closes
		}
		_ = far.Close()
	}()
	c := tls.Client(rec, client)
	if err := c.Handshake(); err == nil {
		_, _ = c.Write([]byte("hello"))
		_, _ = c.Read(make([]byte, 100))
	}
	state := c.ConnectionState()
	_ = c.Close()
	<-ended
	return rec.chunks, state
}

func configs(t testing.TB, version uint16) (client, server *tls.Config) {
	t.Helper()
	cert := certificate(t, ecdsaKey(t))
	pool := x509.NewCertPool()
	pool.AddCert(cert.Leaf)
	client = &tls.Config{ServerName: "pacs.hospital.example", RootCAs: pool, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS10, MaxVersion: version}
	server = &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS10, MaxVersion: version}
	return client, server
}

// told collects what a conversation reports.
type told struct {
	lines    []string
	sessions int
	last     Session
	sni      string
	chain    int
}

func (h *told) Step(dir wire.Dir, step Step, s *Session) {
	h.lines = append(h.lines, fmt.Sprint(dir, " ", step))
	if step == CertificateSeen {
		h.chain = 0
		for der := range s.Chain() {
			h.chain++
			h.lines = append(h.lines, fmt.Sprint("certificate of ", len(der)))
		}
	}
}

func (h *told) Session(s *Session) {
	h.sessions++
	h.last = *s
	line := fmt.Sprintf("session: version %v ja3 %s ja4 %s ja3s %s resumed %v retried %v established %v ssl2 %v",
		s.Version(), s.JA3, s.JA4, s.JA3S, s.Resumed, s.Retried, s.Established, s.SSL2)
	if s.Client != nil {
		h.sni = string(s.Client.ServerName)
		line += fmt.Sprintf(" sni %s suites %x", s.Client.ServerName, []byte(s.Client.CipherSuites))
	}
	if s.Server != nil {
		line += fmt.Sprintf(" cipher %v alpn %s", s.Server.CipherSuite, s.Server.Protocol)
	}
	if s.Alert != nil {
		line += fmt.Sprintf(" alert %v %v", s.Alert.Dir, s.Alert.Description)
	}
	for _, c := range []*Certificate{s.ServerCertificate, s.ClientCertificate} {
		if c != nil {
			line += fmt.Sprintf(" certificate %s %s", c.SHA1, c.Subject)
		}
	}
	h.lines = append(h.lines, line)
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	h := &told{}
	return &Conversation{}, h, func() string { return strings.Join(h.lines, "\n") }
}

// listen plays chunks whole and checks that it comes out the same however they are cut.
func listen(t testing.TB, chunks []wiretest.Chunk) (*told, *Conversation) {
	t.Helper()
	h, c := &told{}, &Conversation{}
	f := wiretest.Feed[Handler]{T: t, Conversation: c, Handler: h, Scribble: true}
	if err := f.Play(chunks); err != nil {
		t.Fatalf("decoding: %v", err)
	}
	if h.sessions != 1 {
		t.Errorf("sessions: got %d, want 1", h.sessions)
	}
	wiretest.Splits(t, chunks, fresh)
	return h, c
}

func TestHandshakeIsReadAsTheEndsMadeIt(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			client, server := configs(t, version)
			chunks, state := handshake(t, client, server)
			h, c := listen(t, chunks)
			s := &h.last
			if uint16(s.Version()) != state.Version || uint16(s.Server.CipherSuite) != state.CipherSuite {
				t.Errorf("chosen: got %v %v, want %x %x", s.Version(), s.Server.CipherSuite, state.Version, state.CipherSuite)
			}
			if got, want := s.Server.CipherSuite.String(), tls.CipherSuiteName(state.CipherSuite); got != want {
				t.Errorf("cipher suite: got %s, want %s", got, want)
			}
			if h.sni != client.ServerName || !s.Established || s.Resumed || !c.Done() {
				t.Errorf("got sni %q, established %v, resumed %v, done %v", h.sni, s.Established, s.Resumed, c.Done())
			}
			var offered []string
			for name := range s.Client.Protocols.All() {
				offered = append(offered, string(name))
			}
			if got := strings.Join(offered, " "); got != "h2 http/1.1" {
				t.Errorf("ALPN: got %q", got)
			}
			if version == tls.VersionTLS13 {
				if s.ServerCertificate != nil || s.Client.Best() != VersionTLS13 {
					t.Errorf("got certificate %v, best %v; want none, TLS 1.3", s.ServerCertificate, s.Client.Best())
				}
				return
			}
			if string(s.Server.Protocol) != state.NegotiatedProtocol || h.chain != 1 {
				t.Errorf("got protocol %q, chain of %d", s.Server.Protocol, h.chain)
			}
			compareCertificate(t, s.ServerCertificate, state.PeerCertificates[0])
		})
	}
}

func TestResumption(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			client, server := configs(t, version)
			client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			handshake(t, client, server)
			chunks, state := handshake(t, client, server)
			if h, _ := listen(t, chunks); !state.DidResume || !h.last.Resumed || !h.last.Established {
				t.Errorf("resumed: got %v, established %v, the client says %v", h.last.Resumed, h.last.Established, state.DidResume)
			}
		})
	}
}

func TestHelloRetryRequest(t *testing.T) {
	client, server := configs(t, tls.VersionTLS13)
	client.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP521}
	server.CurvePreferences = []tls.CurveID{tls.CurveP521}
	chunks, _ := handshake(t, client, server)
	if h, c := listen(t, chunks); !h.last.Retried || !h.last.Established || h.last.Server.Retry || !c.Done() {
		t.Errorf("got retried %v, established %v, done %v", h.last.Retried, h.last.Established, c.Done())
	}
}

func TestClientCertificate(t *testing.T) {
	client, server := configs(t, tls.VersionTLS12)
	client.Certificates = []tls.Certificate{certificate(t, ecdsaKey(t))}
	server.ClientAuth = tls.RequireAnyClientCert
	chunks, _ := handshake(t, client, server)
	h, _ := listen(t, chunks)
	compareCertificate(t, h.last.ClientCertificate, client.Certificates[0].Leaf)
	compareCertificate(t, h.last.ServerCertificate, server.Certificates[0].Leaf)
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		does    string
		version uint16
		change  func(client, server *tls.Config)
		alert   string // empty: it is encrypted
	}{
		{"a client that does not trust the certificate says so in the clear up to TLS 1.2", tls.VersionTLS12,
			func(client, _ *tls.Config) { client.RootCAs = x509.NewCertPool() }, "bad_certificate"},
		{"in TLS 1.3 it says so encrypted, and nothing is established", tls.VersionTLS13,
			func(client, _ *tls.Config) { client.RootCAs = x509.NewCertPool() }, ""},
		{"a server that shares no version says so", tls.VersionTLS12,
			func(_, server *tls.Config) { server.MinVersion, server.MaxVersion = tls.VersionTLS13, 0 }, "protocol_version"},
	} {
		t.Run(c.does, func(t *testing.T) {
			client, server := configs(t, c.version)
			c.change(client, server)
			chunks, _ := handshake(t, client, server)
			h, conversation := listen(t, chunks)
			got := ""
			if h.last.Alert != nil {
				got = h.last.Alert.Description.String()
			}
			if got != c.alert || h.last.Established || !conversation.Done() {
				t.Errorf("got alert %q, established %v, done %v; want %q", got, h.last.Established, conversation.Done(), c.alert)
			}
		})
	}
}

func TestOneSideAlone(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, dir := range []wire.Dir{wire.ToServer, wire.ToClient} {
			t.Run(fmt.Sprint(tls.VersionName(version), " ", dir), func(t *testing.T) {
				client, server := configs(t, version)
				all, _ := handshake(t, client, server)
				var chunks []wiretest.Chunk
				for _, c := range all {
					if c.Dir == dir {
						chunks = append(chunks, c)
					}
				}
				h, _ := listen(t, chunks)
				if (h.last.Client != nil) != (dir == wire.ToServer) || (h.last.Server != nil) != (dir == wire.ToClient) {
					t.Errorf("got client %v, server %v", h.last.Client, h.last.Server)
				}
			})
		}
	}
}

// refragment puts each byte of the handshake into a record of its own, as evasion does.
func refragment(chunks []wiretest.Chunk, size int) []wiretest.Chunk {
	var out []wiretest.Chunk
	for _, c := range chunks {
		var b []byte
		for p := c.Bytes; len(p) >= 5; {
			n := int(p[3])<<8 | int(p[4])
			if len(p) < 5+n {
				return append(out, c) // the tape cut a record: not here
			}
			body := p[5 : 5+n]
			for p[0] == 22 && len(body) > size {
				b = append(append(b, p[0], p[1], p[2], byte(size>>8), byte(size)), body[:size]...)
				body = body[size:]
			}
			b = append(append(b, p[0], p[1], p[2], byte(len(body)>>8), byte(len(body))), body...)
			p = p[5+n:]
		}
		out = append(out, wiretest.Chunk{Dir: c.Dir, Bytes: b})
	}
	return out
}

// joined makes one chunk of each run of one direction, for the tape cuts where it likes.
func joined(chunks []wiretest.Chunk) []wiretest.Chunk {
	var out []wiretest.Chunk
	for _, c := range chunks {
		if n := len(out) - 1; n >= 0 && out[n].Dir == c.Dir {
			out[n].Bytes = append(out[n].Bytes, c.Bytes...)
			continue
		}
		out = append(out, wiretest.Chunk{Dir: c.Dir, Bytes: bytes.Clone(c.Bytes)})
	}
	return out
}

func TestMessagesOverManyRecords(t *testing.T) {
	client, server := configs(t, tls.VersionTLS12)
	chunks, state := handshake(t, client, server)
	want, _ := listen(t, chunks)
	for _, size := range []int{1, 3, 100} {
		pieces := joined(chunks)
		hello, rest := refragment(pieces[:2], size), pieces[2:] // the Finished cannot be cut: it is encrypted
		h, _ := listen(t, append(hello, rest...))
		if h.last.JA4 != want.last.JA4 || h.last.JA3S != want.last.JA3S {
			t.Errorf("records of %d bytes: got %s %s, want %s %s", size, h.last.JA4, h.last.JA3S, want.last.JA4, want.last.JA3S)
		}
		compareCertificate(t, h.last.ServerCertificate, state.PeerCertificates[0])
	}
}

func TestGaps(t *testing.T) {
	client, server := configs(t, tls.VersionTLS12)
	chunks, _ := handshake(t, client, server)
	pieces := joined(chunks)
	for at := 0; at < len(pieces[1].Bytes); at += 7 {
		b := pieces[1].Bytes
		end := min(at+200, len(b))
		broken := append([]wiretest.Chunk{pieces[0], {Dir: wire.ToClient, Bytes: b[:at]}, {Dir: wire.ToClient, Lost: end - at, Bytes: b[end:]}}, pieces[2:]...)
		h := &told{}
		f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: h}
		if err := f.Play(broken); err != nil {
			t.Fatalf("gap at %d: %v", at, err)
		}
		if h.sni != client.ServerName || h.last.Resumed {
			t.Errorf("gap at %d: got sni %q, resumed %v; want %q, false", at, h.sni, h.last.Resumed, client.ServerName)
		}
	}
}

func TestSSL2(t *testing.T) {
	hello := func(version string) []byte {
		b, _ := hex.DecodeString("802e0100021234"[:6] + version + "0015" + "0000" + "0010" +
			"0700c0" + "00002f" + "000035" + "00000a" + "010080" + "030080" + "000005" + "000102030405060708090a0b0c0d0e0f")
		return b
	}
	old, _ := hex.DecodeString("8013" + "04" + "00" + "01" + "0002" + "0000" + "0000" + "0008" + "0011223344556677")
	h, c := listen(t, []wiretest.Chunk{{Dir: wire.ToServer, Bytes: hello("0002")}, {Dir: wire.ToClient, Bytes: old}})
	if s := &h.last; !s.SSL2 || s.Version() != VersionSSL20 || !c.Done() || s.Client.CipherSuites.Len() != 4 {
		t.Errorf("SSL 2.0: got %+v, done %v", s, c.Done())
	}
	if m, d := Probe(hello("0301")); m != wire.Yes || d != wire.ToServer {
		t.Errorf("probe: got %v %v", m, d)
	}
	h, _ = listen(t, []wiretest.Chunk{{Dir: wire.ToServer, Bytes: hello("0301")}})
	if s := &h.last; !s.SSL2 || s.Client.Version != VersionTLS10 {
		t.Errorf("TLS 1.0 in the old form: got %+v", s.Client)
	}
}

func TestNoTLSEndsTheConversation(t *testing.T) {
	var c Conversation
	if _, _, err := c.Decode(wire.ToServer, []byte("GET / HTTP/1.1\r\n"), &told{}); !errors.Is(err, ErrRecord) {
		t.Errorf("got %v, want %v", err, ErrRecord)
	}
}

func TestProbe(t *testing.T) {
	client, server := configs(t, tls.VersionTLS12)
	chunks, _ := handshake(t, client, server)
	for _, c := range []struct {
		does  string
		p     []byte
		match wire.Match
		dir   wire.Dir
	}{
		{"a ClientHello is the client's", chunks[0].Bytes, wire.Yes, wire.ToServer},
		{"a ServerHello is the server's", joined(chunks)[1].Bytes, wire.Yes, wire.ToClient},
		{"nine bytes are enough", chunks[0].Bytes[:9], wire.Yes, wire.ToServer},
		{"eight are not", chunks[0].Bytes[:8], wire.Unsure, wire.ToServer},
		{"one may become one", chunks[0].Bytes[:1], wire.Unsure, wire.Either},
		{"data, where the beginning was not seen", append([]byte{23, 3, 3, 0, 20}, make([]byte, 20)...), wire.Yes, wire.Either},
		{"data, and another record", append(append([]byte{23, 3, 3, 0, 20}, make([]byte, 20)...), 23, 3, 3, 4, 0), wire.Yes, wire.Either},
		{"data, and something else", append(append([]byte{23, 3, 3, 0, 20}, make([]byte, 20)...), 1, 2, 3, 4, 5), wire.No, wire.Either},
		{"data too short to be encrypted", []byte{23, 3, 3, 0, 4, 1, 2, 3, 4}, wire.No, wire.Either},
		{"a refusal is the server's", []byte{21, 3, 1, 0, 2, 2, 40}, wire.Yes, wire.ToClient},
		{"HTTP is none", []byte("GET / HTTP/1.1\r\n"), wire.No, wire.Either},
		{"a record of SSL 4 is none", []byte{22, 4, 0, 0, 100, 1, 0, 0, 90}, wire.No, wire.Either},
		{"DNS is none", []byte{0x80, 0x1d, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, wire.No, wire.ToServer},
	} {
		t.Run(c.does, func(t *testing.T) {
			if m, d := Probe(c.p); m != c.match || (m != wire.No && d != c.dir) {
				t.Errorf("got %v %v, want %v %v", m, d, c.match, c.dir)
			}
		})
	}
}

// silent is a handler that costs nothing.
type silent struct{ n int }

func (h *silent) Step(wire.Dir, Step, *Session) { h.n++ }
func (h *silent) Session(*Session)              { h.n++ }

func TestNoAllocation(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		client, server := configs(t, version)
		chunks, _ := handshake(t, client, server)
		pieces := joined(chunks)
		c := Conversation{Certificates: &Certificates{}}
		h := &silent{}
		if n := testing.AllocsPerRun(100, func() {
			c.Reset()
			for _, p := range pieces {
				_, _, _ = c.Decode(p.Dir, p.Bytes, h)
			}
			c.Close(h)
		}); n != 0 || !c.Done() {
			t.Errorf("%s: got %v allocations, done %v; want 0", tls.VersionName(version), n, c.Done())
		}
	}
}

func BenchmarkHandshake(b *testing.B) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		b.Run(tls.VersionName(version), func(b *testing.B) {
			client, server := configs(b, version)
			chunks, _ := handshake(b, client, server)
			pieces := joined(chunks)
			size := 0
			for _, p := range pieces {
				size += len(p.Bytes)
			}
			c := Conversation{Certificates: &Certificates{}}
			h := &silent{}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				c.Reset()
				for _, p := range pieces {
					_, _, _ = c.Decode(p.Dir, p.Bytes, h)
				}
				c.Close(h)
			}
		})
	}
}

func BenchmarkClientHello(b *testing.B) {
	body := chromeHello()
	var h ClientHello
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if h.Parse(body) != nil {
			b.Fatal("not read")
		}
		h.JA3()
		h.JA4(OverTCP)
	}
}

func FuzzConversation(f *testing.F) {
	client, server := configs(f, tls.VersionTLS12)
	chunks, _ := handshake(f, client, server)
	pieces := joined(chunks)
	f.Add(pieces[0].Bytes, pieces[1].Bytes, uint16(100), uint16(50))
	client, server = configs(f, tls.VersionTLS13)
	chunks, _ = handshake(f, client, server)
	pieces = joined(chunks)
	f.Add(pieces[0].Bytes, pieces[1].Bytes, uint16(10), uint16(50))
	f.Fuzz(func(t *testing.T, up, down []byte, at, lost uint16) {
		wiretest.Splits(t, []wiretest.Chunk{{Dir: wire.ToServer, Bytes: up}, {Dir: wire.ToClient, Bytes: down}}, fresh)
		from := min(int(at), len(down))
		to := min(from+int(lost), len(down))
		c, h, _ := fresh()
		feed := wiretest.Feed[Handler]{T: t, Conversation: c, Handler: h}
		_ = feed.Play([]wiretest.Chunk{
			{Dir: wire.ToServer, Bytes: up}, {Dir: wire.ToClient, Bytes: down[:from]}, {Dir: wire.ToClient, Lost: to - from, Bytes: down[to:]},
		})
		Probe(up)
	})
}
