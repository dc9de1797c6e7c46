package tls

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"bulwark/wire"
)

// keptSession keeps what was told of an association.
type keptSession struct {
	told                                   int
	ja3, ja4, ja3Text, name, subject, fail string
	version, client                        Version
	resumed, established, retried          bool
}

func (k *keptSession) Step(wire.Dir, Step, *Session) {}

func (k *keptSession) Session(s *Session) {
	k.told++
	k.version, k.resumed, k.established, k.retried = s.Version(), s.Resumed, s.Established, s.Retried
	if c := s.Client; c != nil && s.JA4[0] != 0 {
		k.client, k.name, k.ja3, k.ja4, k.ja3Text = c.Best(), string(c.ServerName), string(s.JA3[:]), string(s.JA4[:]), string(c.AppendJA3(nil))
	}
	if s.ServerCertificate != nil {
		k.subject = s.ServerCertificate.Subject
	}
	if s.Alert != nil {
		k.fail = s.Alert.Description.String()
	}
}

// dgram is a datagram on its way.
type dgram struct {
	dir wire.Dir
	p   []byte
}

func toServer(records ...[]byte) dgram { return dgram{wire.ToServer, slices.Concat(records...)} }
func toClient(records ...[]byte) dgram { return dgram{wire.ToClient, slices.Concat(records...)} }

// record12 is a record of DTLS 1.2.
func record12(kind byte, epoch uint16, body []byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{kind, 0xfe, 0xfd}, epoch)
	b = append(b, 0, 0, 0, 0, 0, 9)
	return vec16(b, body)
}

func put24(b []byte, n int) []byte { return append(b, byte(n>>16), byte(n>>8), byte(n)) }

// inPieces are the records of a handshake message in pieces of at most size bytes.
func inPieces(kind byte, seq uint16, body []byte, size int) (records [][]byte) {
	for at := 0; at < len(body) || at == 0; at += size {
		piece := body[at:min(at+size, len(body))]
		b := binary.BigEndian.AppendUint16(put24([]byte{kind}, len(body)), seq)
		b = put24(put24(b, at), len(piece))
		records = append(records, record12(recordHandshake, 0, append(b, piece...)))
	}
	return records
}

func whole(kind byte, seq uint16, body []byte) []byte { return inPieces(kind, seq, body, 1<<14)[0] }

// datagramHello is a ClientHello of DTLS.
func datagramHello(cookie string, extensions ...[]byte) []byte {
	body := hello(VersionDTLS12, []uint16{0xc02b, 0xc02f}, extensions...)
	return slices.Concat(body[:35], []byte{byte(len(cookie))}, []byte(cookie), body[35:])
}

func serverHello(version Version, extensions ...[]byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(version))
	b = append(b, make([]byte, 33)...)
	b = append(b, 0xc0, 0x2b, 0)
	return vec16(b, bytes.Join(extensions, nil))
}

func certificateMessage(der []byte) []byte {
	return append(put24(put24(nil, len(der)+3), len(der)), der...)
}

var (
	changed = record12(recordChangeCipherSpec, 0, []byte{1})
	sealed  = record12(recordHandshake, 1, make([]byte, 40))
)

// shake is a handshake of DTLS 1.2 with a cookie, the certificate in pieces.
func shake(der []byte) []dgram {
	pieces := inPieces(messageCertificate, 2, certificateMessage(der), 150)
	list := []dgram{
		toServer(whole(messageClientHello, 0, datagramHello("", sni("pacs")))),
		toClient(whole(messageHelloVerifyRequest, 0, []byte{0xfe, 0xfd, 2, 'c', 'k'})),
		toServer(whole(messageClientHello, 1, datagramHello("ck", sni("pacs")))),
		toClient(whole(messageServerHello, 1, serverHello(VersionDTLS12)), pieces[0]),
	}
	for _, p := range pieces[1:] {
		list = append(list, toClient(p))
	}
	return append(list,
		toClient(whole(messageServerKeyExchange, 3, make([]byte, 60)), whole(messageServerHelloDone, 4, nil)),
		toServer(whole(messageClientKeyExchange, 2, make([]byte, 60)), changed, sealed),
		toClient(changed, sealed))
}

func play(d *Datagrams, list []dgram) (k keptSession, err error) {
	for _, g := range list {
		if err == nil {
			err = d.Datagram(g.dir, g.p, &k)
		}
	}
	d.Close(&k)
	return k, err
}

func turnedAround(list []dgram) (turned []dgram) {
	for _, g := range list {
		turned = append(turned, dgram{g.dir.Other(), g.p})
	}
	return turned
}

func TestDatagrams(t *testing.T) {
	der := certificate(t, ecdsaKey(t)).Certificate[0]
	full := shake(der)
	late := slices.Clone(full)
	late[4], late[5] = late[5], late[4]
	var twice, carried []dgram
	for _, g := range full {
		twice = append(twice, g, g)
		carried = append(carried, dgram{g.dir, append([]byte{1, 0, 0, 0}, g.p...)})
	}
	offer := extension(extSupportedVersions, append([]byte{4}, numbers(uint16(VersionDTLS13), uint16(VersionDTLS12))...))
	chosen := extension(extSupportedVersions, numbers(uint16(VersionDTLS13)))
	short := bytes.Repeat([]byte{0x2e}, 60)
	shaken := keptSession{told: 1, name: "pacs", version: VersionDTLS12, client: VersionDTLS12, established: true, retried: true, subject: "pacs.hospital.example"}
	lost := shaken
	lost.subject = ""
	for _, c := range []struct {
		does string
		list []dgram
		want keptSession
		ja4  string
	}{
		{"a handshake with a cookie, its certificate in pieces", full, shaken, "dd2d020100_"},
		{"pieces that overtake one another", late, shaken, "dd2d020100_"},
		{"everything sent twice is told once", twice, shaken, "dd2d020100_"},
		{"a piece of the certificate is lost", slices.Concat(full[:4], full[5:]), lost, "dd2d020100_"},
		{"the side that spoke first is the server", turnedAround(full), shaken, "dd2d020100_"},
		{"within CAPWAP", carried, shaken, "dd2d020100_"},
		{"media between is passed over", slices.Concat(full[:3], []dgram{toServer([]byte{0x80, 0x60, 1, 2})}, full[3:]), shaken, "dd2d020100_"},
		{"a session that is resumed", []dgram{full[0], toClient(whole(messageServerHello, 0, serverHello(VersionDTLS12)), changed, sealed), toServer(changed, sealed)},
			keptSession{told: 1, name: "pacs", version: VersionDTLS12, client: VersionDTLS12, established: true, resumed: true}, "dd2d020100_"},
		{"DTLS 1.3 shows its hellos", []dgram{toServer(whole(messageClientHello, 0, datagramHello("", sni("pacs"), offer))),
			toClient(whole(messageServerHello, 0, serverHello(VersionDTLS12, chosen)), short), toServer(short)},
			keptSession{told: 1, name: "pacs", version: VersionDTLS13, client: VersionDTLS13, established: true}, "dd3d020200_"},
		{"a refusal", []dgram{full[0], toClient(record12(recordAlert, 0, []byte{2, 40}))},
			keptSession{told: 1, name: "pacs", client: VersionDTLS12, fail: "handshake_failure"}, "dd2d020100_"},
		{"a hello and no answer", full[:1], keptSession{told: 1, name: "pacs", client: VersionDTLS12}, "dd2d020100_"},
		{"data of an association in the middle", []dgram{toServer(sealed), toClient(sealed)}, keptSession{}, ""},
	} {
		var d Datagrams
		got, err := play(&d, c.list)
		if err != nil {
			t.Errorf("%s: %v", c.does, err)
		}
		if !strings.HasPrefix(got.ja4, c.ja4) {
			t.Errorf("%s: JA4 is %s, want %s...", c.does, got.ja4, c.ja4)
		}
		if strings.Contains(got.subject, c.want.subject) && c.want.subject != "" {
			got.subject = c.want.subject
		}
		got.ja3, got.ja4, got.ja3Text = "", "", ""
		if got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.does, got, c.want)
		}
	}
}

func TestLooksDTLS(t *testing.T) {
	hello := whole(messageClientHello, 0, datagramHello("", sni("pacs")))
	data := record12(recordData, 1, make([]byte, 50))
	old := bytes.Clone(hello)
	old[1], old[2] = 1, 0
	withID := record12(recordWithID, 1, nil)[:11]
	withID = vec16(append(withID, 1, 2, 3, 4), make([]byte, 40))
	for _, c := range []struct {
		does    string
		p       []byte
		looks   bool
		speaker wire.Dir
	}{
		{"a hello", hello, true, wire.ToServer},
		{"a server's hello", whole(messageServerHello, 0, serverHello(VersionDTLS12)), true, wire.ToClient},
		{"a piece of a certificate", inPieces(messageCertificate, 3, make([]byte, 900), 200)[2], true, wire.Either},
		{"a hello of AnyConnect", old, true, wire.ToServer},
		{"a hello within CAPWAP", append([]byte{1, 0, 0, 0}, hello...), true, wire.ToServer},
		{"data", data, true, wire.Either},
		{"data of a connection with an id", withID, true, wire.Either},
		{"an alert and data", append(record12(recordAlert, 1, make([]byte, 30)), data...), true, wire.Either},
		{"a change of keys, and what follows", append(bytes.Clone(changed), sealed...), true, wire.Either},
		{"data in the clear", record12(recordData, 0, make([]byte, 50)), false, wire.Either},
		{"data and something else", append(bytes.Clone(data), 1, 2, 3), false, wire.Either},
		{"a hello that was cut", hello[:len(hello)-1], false, wire.Either},
		{"a record of TLS", append([]byte{22, 3, 3}, hello[3:]...), false, wire.Either},
		{"nothing", nil, false, wire.Either},
	} {
		if got := LooksDTLS(c.p); got != c.looks {
			t.Errorf("%s: LooksDTLS is %v, want %v", c.does, got, c.looks)
		}
		if got := Speaker(c.p); got != c.speaker {
			t.Errorf("%s: Speaker is %v, want %v", c.does, got, c.speaker)
		}
	}
}

// TestDatagramsBound feeds pieces of messages that never become whole.
func TestDatagramsBound(t *testing.T) {
	var d Datagrams
	var k keptSession
	for seq := range uint16(200) {
		for at := 0; at < maxDatagramMessage; at += 3000 {
			b := binary.BigEndian.AppendUint16(put24([]byte{messageCertificate}, maxDatagramMessage), seq)
			b = put24(put24(b, at), 1000)
			_ = d.Datagram(wire.ToClient, record12(recordHandshake, 0, append(b, make([]byte, 1000)...)), &k)
		}
	}
	held := 0
	for _, s := range d.sides {
		for _, m := range s.open {
			held += cap(m.body)
		}
	}
	if most := 2 * maxOpen * 2 * maxDatagramMessage; held > most {
		t.Errorf("%d bytes are held, want at most %d", held, most)
	}
}

func TestDatagramsAllocateNothing(t *testing.T) {
	list := shake(certificate(t, ecdsaKey(t)).Certificate[0])
	d := Datagrams{Certificates: new(Certificates)}
	var k countSessions
	once := func() {
		for _, g := range list {
			_ = d.Datagram(g.dir, g.p, &k)
		}
		d.Close(&k)
		d.Reset()
	}
	once()
	if n := testing.AllocsPerRun(100, once); n != 0 {
		t.Errorf("a handshake allocates %v times, want 0", n)
	}
	if k != 102 {
		t.Errorf("%d sessions, want 102", k)
	}
}

type countSessions int

func (k *countSessions) Step(wire.Dir, Step, *Session) {}
func (k *countSessions) Session(*Session)              { *k++ }

func FuzzDatagrams(f *testing.F) {
	var all []byte
	for _, g := range shake(bytes.Repeat([]byte{0x30}, 400)) {
		f.Add(g.p)
		all = append(append(all, byte(g.dir), byte(len(g.p)>>8), byte(len(g.p))), g.p...)
	}
	f.Add(all)
	f.Fuzz(func(t *testing.T, p []byte) {
		LooksDTLS(p)
		Speaker(p)
		var d Datagrams
		var k keptSession
		for len(p) > 3 {
			n := min(3+int(binary.BigEndian.Uint16(p[1:])), len(p))
			_ = d.Datagram(wire.Dir(p[0]&1), p[3:n], &k)
			p = p[n:]
		}
		if d.Close(&k); k.told > 1 {
			t.Errorf("told %d times", k.told)
		}
	})
}
