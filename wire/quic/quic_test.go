package quic

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"bulwark/wire"
)

// told collects what a conversation reports.
type told struct{ lines []string }

func (h *told) add(format string, a ...any) { h.lines = append(h.lines, fmt.Sprintf(format, a...)) }
func (h *told) Turned()                     { h.add("turned") }
func (h *told) Packet(dir wire.Dir, p *Packet) {
	line := fmt.Sprint(dir, " ", p.Kind, " ", p.Version)
	switch {
	case p.Client != nil:
		line += " client hello"
	case p.Server != nil:
		line += " server hello"
	case p.Greeting != nil:
		line += " greeting"
	}
	if p.Err != nil {
		line += ": " + p.Err.Error()
	}
	h.lines = append(h.lines, line)
}
func (h *told) Session(s *Session) {
	line := "session " + s.Version.String()
	if s.Client != nil {
		line += fmt.Sprintf(" %s %s %s", s.Client.ServerName, s.Client.Protocols.First(), s.JA4[:])
	}
	if s.Server != nil {
		line += fmt.Sprintf(" %v %s", s.Server.CipherSuite, s.JA3S[:6])
	}
	if s.Greeting != nil {
		line += fmt.Sprintf(" %s %q %s", s.Greeting.ServerName, s.Greeting.UserAgent, s.Greeting.AppendCYU(nil))
	}
	if s.Retried {
		line += " retried"
	}
	for _, v := range s.Negotiated {
		line += " offers " + v.String()
	}
	if s.Closed {
		line += " " + ErrorName(s.Code) + " " + string(s.Reason)
	}
	h.lines = append(h.lines, line)
}

// sender builds the packets of one side.
type sender struct {
	v            Version
	keys         keys
	dest, source []byte
	number       uint32
	token        []byte
}

func newSender(v Version, id []byte, dir wire.Dir) *sender {
	return &sender{v: v, keys: initialKeys(v, id, senders[dir]), dest: id, source: []byte("src1")}
}

func appendVarint(b []byte, n uint64) []byte {
	switch {
	case n < 1<<6:
		return append(b, byte(n))
	case n < 1<<14:
		return binary.BigEndian.AppendUint16(b, uint16(n)|1<<14)
	}
	return binary.BigEndian.AppendUint32(b, uint32(n)|2<<30)
}

// long is a long header up to the connection ids. kind is that of version 1.
func (s *sender) long(kind byte) []byte {
	if s.v.second() {
		kind = (kind + 1) & 3
	}
	b := binary.BigEndian.AppendUint32([]byte{0xc0 | kind<<4 | 3}, uint32(s.v))
	b = append(append(b, byte(len(s.dest))), s.dest...)
	return append(append(b, byte(len(s.source))), s.source...)
}

// initial is an Initial with the frames given, of at least size bytes.
func (s *sender) initial(size int, frames ...[]byte) []byte {
	body := bytes.Join(frames, nil)
	b := s.long(0)
	b = append(appendVarint(b, uint64(len(s.token))), s.token...)
	for len(b)+2+4+len(body)+16 < size {
		body = append(body, framePadding)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(4+len(body)+16)|1<<14)
	at := len(b)
	b = binary.BigEndian.AppendUint32(b, s.number)
	nonce := s.keys.iv
	for i := range 4 {
		nonce[8+i] ^= b[at+i]
	}
	s.number++
	a, _ := cipher.NewGCM(s.keys.packet) // fails for other ciphers only
	b = a.Seal(b, nonce[:], body, b)
	var mask [16]byte
	copy(mask[:], b[at+4:at+20])
	encryptBlock(&s.keys.header, &mask)
	b[0] ^= mask[0] & 0x0f
	for i := range 4 {
		b[at+i] ^= mask[1+i]
	}
	return b
}

func cryptoFrame(at int, data []byte) []byte {
	b := appendVarint([]byte{frameCrypto}, uint64(at))
	return append(appendVarint(b, uint64(len(data))), data...)
}

func list8(b ...byte) []byte { return append([]byte{byte(len(b))}, b...) }
func list16(b []byte) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...) }
func extension(kind uint16, b []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, kind), list16(b)...)
}

func message(kind byte, body []byte) []byte {
	return append([]byte{kind, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
}

// clientHello names a server, and is as long as the padding in it.
func clientHello(name string, padding int) []byte {
	body := append([]byte{3, 3}, make([]byte, 33)...) // random, no session id
	body = append(body, list16([]byte{0x13, 1, 0x13, 2})...)
	body = append(body, list8(0)...)
	ext := slices.Concat(
		extension(0, list16(append([]byte{0}, list16([]byte(name))...))),
		extension(16, list16(append([]byte{2}, "h3"...))),
		extension(43, list8(3, 4)),
		extension(13, list16([]byte{4, 3})),
		extension(21, make([]byte, padding)))
	return message(1, append(body, list16(ext)...))
}

func serverHello() []byte {
	body := append([]byte{3, 3}, make([]byte, 33)...)
	body[2] = 1
	body = append(body, 0x13, 1, 0)
	return message(2, append(body, list16(extension(43, []byte{3, 4}))...))
}

func chlo() []byte {
	values := []byte("ehr.exampleChrome/9")
	entry := func(tag string, end int) []byte { return binary.LittleEndian.AppendUint32([]byte(tag), uint32(end)) }
	return slices.Concat([]byte("CHLO"), []byte{2, 0, 0, 0}, entry("SNI\x00", 11), entry("UAID", 19), values)
}

// public is a packet of Google's QUIC up to Q043 with a CHLO in it.
func public(version string) []byte {
	b := append([]byte{0x09}, "connid12"...)
	b = append(append(b, version...), 1)
	b = append(b, make([]byte, messageHash)...)
	b = append(b, 0xa0, 1)
	return append(append(b, list16(chlo())...), make([]byte, 40)...)
}

// sent is a datagram of one side.
type sent struct {
	dir wire.Dir
	p   []byte
}

const ja4Of = "q13d0205h3_62ed6f6ca7ad_c64efe6aefbd"

func TestConversation(t *testing.T) {
	id := []byte("\x83\x94\xc8\xf0\x3e\x51\x57\x08")
	up := func(v Version) *sender { return newSender(v, id, wire.ToServer) }
	down := func(v Version) *sender { return newSender(v, id, wire.ToClient) }
	hello := clientHello("ehr.example", 10)
	long := clientHello("ehr.example", 2000)
	const server, client = wire.ToServer, wire.ToClient
	pieces := func(s *sender, order ...int) (all []sent) {
		for _, i := range order {
			from, to := i*600, min((i+1)*600, len(long))
			all = append(all, sent{server, s.initial(1200, cryptoFrame(from, long[from:to]))})
		}
		return all
	}
	retry := append(up(Version1).long(3), "token and tag of sixteen bytes"...)
	offer := append(append(binary.BigEndian.AppendUint32([]byte{0xc0}, 0), list8([]byte("src1")...)...), list8(id...)...)
	offer = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(offer, 1), uint32(Version2))
	later := up(Version1)
	later.dest = []byte("another id of it")
	after := newSender(Version1, []byte("server's own id"), server)
	after.dest = []byte("server's own id")
	asked, told1 := "to_server initial 1 client hello", "session 1 ehr.example h3 "

	for _, c := range []struct {
		does string
		sent []sent
		want string
	}{
		{"two hellos are one session",
			[]sent{{server, up(1).initial(1200, cryptoFrame(0, hello))}, {client, down(1).initial(0, cryptoFrame(0, serverHello()))}},
			asked + "|to_client initial 1 server hello|" + told1 + "JA4 TLS_AES_128_GCM_SHA256"},
		{"version 2", []sent{{server, up(Version2).initial(1200, cryptoFrame(0, hello))}},
			"to_server initial 6b3343cf client hello|session 6b3343cf ehr.example h3 JA4"},
		{"draft 29", []sent{{server, up(0xff00001d).initial(1200, cryptoFrame(0, hello))}},
			"to_server initial ff00001d client hello|session ff00001d ehr.example h3 JA4"},
		{"a hello over four packets, out of order", pieces(up(1), 3, 1, 0, 2),
			"to_server initial 1|to_server initial 1|to_server initial 1|" + asked + "|session 1 ehr.example h3 LONG"},
		{"a hello that came twice", pieces(up(1), 0, 0, 1, 1, 2, 3, 3),
			strings.Repeat("to_server initial 1|", 5) + asked + "|session 1 ehr.example h3 LONG"},
		{"packets in one datagram", []sent{{server, append(up(1).initial(0, []byte{framePing}), later.initial(1200, cryptoFrame(0, hello))...)}},
			"to_server initial 1|" + asked + "|" + told1 + "JA4"},
		{"acknowledgments and pings between the pieces", []sent{{server, up(1).initial(1200, []byte{frameACK, 1, 0, 1, 0, 0, 0, framePing},
			cryptoFrame(20, hello[20:]), []byte{0, 0, frameACKECN, 1, 0, 0, 0, 1, 1, 1}, cryptoFrame(0, hello[:30]))}},
			asked + "|" + told1 + "JA4"},
		{"a Retry changes the keys", []sent{{server, up(1).initial(1200, cryptoFrame(0, hello))}, {client, retry}, {server, after.initial(1200, cryptoFrame(0, hello))}},
			asked + "|to_client retry 1|" + asked + "|" + told1 + "JA4 retried"},
		{"a Retry that nobody saw", []sent{{server, pieces(up(1), 0)[0].p}, {server, newSender(1, []byte("server's own id"), server).initial(1200, cryptoFrame(0, hello))}},
			"to_server initial 1|" + asked + "|" + told1 + "JA4"},
		{"a server that offers other versions", []sent{{server, up(0x1a2a3a4a).initial(1200, []byte{framePing})}, {client, offer}, {server, up(Version2).initial(1200, cryptoFrame(0, hello))}},
			"to_server initial 1a2a3a4a|to_client version_negotiation 0|to_server initial 6b3343cf client hello|session 6b3343cf ehr.example h3 JA4 offers 1 offers 6b3343cf"},
		{"a server that refuses", []sent{{server, up(1).initial(1200, cryptoFrame(0, hello))}, {client, down(1).initial(0, append([]byte{frameClose, 0x41, 0x28, 6, 4}, "none"...))}},
			asked + "|to_client initial 1|" + told1 + "JA4 crypto_error handshake_failure none"},
		{"a server that was heard first", []sent{{client, up(1).initial(1200, cryptoFrame(0, hello))}},
			"turned|" + asked + "|" + told1 + "JA4"},
		{"a client that goes on has heard the server", []sent{{server, up(1).initial(1200, cryptoFrame(0, hello))}, {server, []byte{0x40, 1, 2, 3}}},
			asked + "|" + told1 + "JA4"},
		{"padding behind the packets", []sent{{server, append(pieces(up(1), 0)[0].p, make([]byte, 90)...)}, {server, pieces(up(1), 1)[0].p}, {server, pieces(up(1), 2)[0].p}, {server, pieces(up(1), 3)[0].p}},
			strings.Repeat("to_server initial 1|", 3) + asked + "|session 1 ehr.example h3 LONG"},
		{"a packet that does not open", []sent{{client, down(1).initial(1200, cryptoFrame(0, serverHello()))}},
			"to_client initial 1: quic: packet does not decrypt: wire: malformed|session 1"},
		{"frames that break off", []sent{{server, up(1).initial(0, bytes.Repeat([]byte{framePing}, 20), []byte{frameCrypto, 0, 40, 1})}},
			"to_server initial 1: quic: malformed frames: wire: malformed|session 1"},
		{"a hello too long", []sent{{server, up(1).initial(0, cryptoFrame(maxHello, hello))}},
			"to_server initial 1: quic: hello too long: wire: malformed|session 1"},
		{"Google's hello", []sent{{server, public("Q043")}},
			`to_server initial Q043 greeting|session Q043 ehr.example "Chrome/9" 43,SNI-UAID`},
		{"Google's hello, encrypted", []sent{{server, up(0x51303530).initial(1200, append(appendVarint([]byte{frameGoogleHello, 0}, uint64(len(chlo()))), chlo()...))}},
			`to_server initial Q050 greeting|session Q050 ehr.example "Chrome/9" 50,SNI-UAID`},
	} {
		t.Run(c.does, func(t *testing.T) {
			var conv Conversation
			for range 2 { // and again, in the same memory
				h := &told{}
				for _, s := range c.sent {
					_ = conv.Datagram(s.dir, s.p, h)
				}
				conv.Close(h)
				got := strings.Join(h.lines, "|")
				got = strings.NewReplacer(ja4Of, "JA4", " cce84e", "").Replace(got)
				if c.want = strings.ReplaceAll(c.want, "LONG", "JA4"); got != c.want {
					t.Errorf("\n got %s\nwant %s", got, c.want)
				}
				conv.Reset()
			}
		})
	}
}

// TestInitialKeys holds the keys against those of RFC 9001 §A.1 and RFC 9369 §A.1, and the derivation against crypto/hkdf.
func TestInitialKeys(t *testing.T) {
	id, _ := hex.DecodeString("8394c8f03e515708")
	for _, c := range []struct {
		does            string
		v               Version
		sender          string
		key, iv, header string
	}{
		{"client of version 1", 1, "client in", "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2"},
		{"server of version 1", 1, "server in", "cf3a5331653c364c88f0f379b6067e37", "0ac1493ca1905853b0bba03e", "c206b8d9b9f0f37644430b490eeaa314"},
		{"client of version 2", Version2, "client in", "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f", "45b95e15235d6f45a6b19cbcb0294ba9"},
	} {
		t.Run(c.does, func(t *testing.T) {
			k := initialKeys(c.v, id, c.sender)
			if got := hex.EncodeToString(k.iv[:]); got != c.iv {
				t.Errorf("iv: got %s, want %s", got, c.iv)
			}
			var got, want [16]byte
			encryptBlock(&k.header, &got)
			b, _ := hex.DecodeString(c.header)
			block, _ := aes.NewCipher(b)
			block.Encrypt(want[:], want[:])
			if got != want {
				t.Errorf("header key: got %x, want %x", got, want)
			}
			b, _ = hex.DecodeString(c.key)
			block, _ = aes.NewCipher(b)
			k.packet.Encrypt(got[:], make([]byte, 16))
			if block.Encrypt(want[:], make([]byte, 16)); got != want {
				t.Errorf("packet key: got %x, want %x", got, want)
			}
		})
	}
	secret, _ := hkdf.Extract(sha256.New, id, []byte(Version1.salt()))
	got := mac(Version1.salt(), id)
	if !bytes.Equal(got[:], secret) {
		t.Errorf("extract: got %x, want %x", got, secret)
	}
}

func TestWholeNumber(t *testing.T) {
	for _, c := range []struct {
		does     string
		sent     uint64
		n        int
		expected uint64
		want     uint64
	}{
		{"the example of RFC 9000 §A.3", 0x9b32, 2, 0xa82f30eb, 0xa82f9b32},
		{"the first", 0, 1, 0, 0},
		{"one more than a byte holds", 0, 1, 255, 256},
		{"one that came late", 255, 1, 256, 255},
		{"all of it", 4787570, 4, 0, 4787570},
	} {
		if got := whole(c.sent, c.n, c.expected); got != c.want {
			t.Errorf("%s: got %x, want %x", c.does, got, c.want)
		}
	}
}

func TestStream(t *testing.T) {
	text := "0123456789abcdefghij"
	for _, c := range []struct {
		does   string
		pieces []piece
		want   string
	}{
		{"in order", []piece{{0, 5}, {5, 20}}, text},
		{"backwards", []piece{{15, 20}, {10, 15}, {0, 10}}, text},
		{"overlapping", []piece{{3, 9}, {0, 5}, {7, 20}}, text},
		{"one over all", []piece{{3, 5}, {9, 11}, {0, 20}}, text},
		{"a hole", []piece{{0, 5}, {6, 20}}, text[:5]},
		{"nothing at the front", []piece{{1, 20}}, ""},
	} {
		var s stream
		for i, p := range c.pieces {
			data := []byte(text[p.from:p.to])
			if err := s.add(uint64(p.from), data); err != nil {
				t.Fatal(err)
			}
			if i == 0 { // what is there already stays
				_ = s.add(uint64(p.from), bytes.Repeat([]byte("x"), len(data)))
			}
		}
		got := ""
		if len(s.pieces) > 0 && s.pieces[0].from == 0 {
			got = string(s.bytes[:s.pieces[0].to])
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.does, got, c.want)
		}
	}
	var s stream
	var err error
	for i := range maxPieces + 1 {
		err = s.add(uint64(2*i+1), []byte("x"))
	}
	if !errors.Is(err, ErrLong) {
		t.Errorf("%d pieces: got %v, want %v", maxPieces+1, err, ErrLong)
	}
}

func TestLooks(t *testing.T) {
	s := newSender(1, []byte("eight by"), wire.ToServer)
	hello := s.initial(1200, cryptoFrame(0, clientHello("a", 0)))
	grease := slices.Clone(hello)
	copy(grease[1:], "\x1a\x2a\x3a\x4a")
	for _, c := range []struct {
		does string
		p    []byte
		want bool
	}{
		{"an Initial", hello, true},
		{"an Initial of a reserved version", grease, true},
		{"Google's QUIC", public("Q043"), true},
		{"a version nobody knows", append([]byte{0xc3, 9, 9, 9, 9}, hello[5:]...), false},
		{"a length that lies", hello[:600], false},
		{"a short header", append([]byte{0x40}, hello[1:]...), false},
		{"DNS", []byte("\x80\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x00\x00\x01\x00\x01"), false},
		{"RTP", append([]byte{0x80, 0x60, 0, 1}, make([]byte, 100)...), false},
		{"DTLS", append([]byte{0x16, 0xfe, 0xfd}, make([]byte, 100)...), false},
		{"zeros", make([]byte, 1200), false},
		{"nothing", nil, false},
	} {
		if got := Looks(c.p); got != c.want {
			t.Errorf("%s: got %v, want %v", c.does, got, c.want)
		}
	}
}

// TestNoAllocation: what a connection costs are its ciphers.
func TestNoAllocation(t *testing.T) {
	s := newSender(1, []byte("eight by"), wire.ToServer)
	hello := clientHello("ehr.example", 2000)
	first, second := s.initial(1200, cryptoFrame(0, hello[:1000])), s.initial(1200, cryptoFrame(1000, hello[1000:1100]))
	var c Conversation
	h := silent{}
	_ = c.Datagram(wire.ToServer, first, h)
	if n := testing.AllocsPerRun(100, func() {
		c.packets = 0
		_ = c.Datagram(wire.ToServer, second, h)
	}); n != 0 || c.failed != 0 {
		t.Errorf("got %v allocations and %d failures a packet, want none", n, c.failed)
	}
}

type silent struct{}

func (silent) Turned()                  {}
func (silent) Packet(wire.Dir, *Packet) {}
func (silent) Session(*Session)         {}

func BenchmarkConnection(b *testing.B) {
	id := []byte("eight by")
	up := newSender(1, id, wire.ToServer).initial(1200, cryptoFrame(0, clientHello("ehr.example", 100)))
	down := newSender(1, id, wire.ToClient).initial(1200, cryptoFrame(0, serverHello()))
	var c Conversation
	b.ReportAllocs()
	for b.Loop() {
		_ = c.Datagram(wire.ToServer, up, silent{})
		_ = c.Datagram(wire.ToClient, down, silent{})
		c.Reset()
	}
}

func FuzzDatagram(f *testing.F) {
	s := newSender(1, []byte("eight by"), wire.ToServer)
	f.Add(s.initial(1200, cryptoFrame(0, clientHello("a", 0))), public("Q043"), []byte{})
	f.Add(public("Q025"), append([]byte{0xff, 'Q', '0', '4', '4', 0x50}, make([]byte, 60)...), []byte("\xc3Q046P12345678"))
	f.Add([]byte("\xc0\x00\x00\x00\x00\x04src1\x04dst1\x00\x00\x00\x01"), []byte("\x40short"), []byte{})
	f.Fuzz(func(t *testing.T, a, b, inner []byte) {
		var c Conversation
		h := &told{}
		for _, p := range [][]byte{a, b, newSender(1, []byte("eight by"), wire.ToServer).initial(0, inner, make([]byte, 4))} {
			Looks(p)
			_ = c.Datagram(wire.ToServer, p, h)
			_ = c.Datagram(wire.ToClient, p, h)
		}
		c.Close(h)
		if n := len(c.sides[0].hello.bytes) + len(c.sides[1].hello.bytes) + len(c.before.bytes); n > 3*maxHello {
			t.Errorf("holds %d bytes", n)
		}
	})
}
