package engine

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// dtlsRecord is a record of DTLS 1.2.
func dtlsRecord(kind byte, epoch uint16, body []byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{kind, 0xfe, 0xfd}, epoch)
	b = append(b, 0, 0, 0, 0, 0, 1)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(body))), body...)
}

// dtlsMessage is a message of its handshake.
func dtlsMessage(kind byte, seq uint16, body []byte) []byte {
	n := []byte{byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}
	head := binary.BigEndian.AppendUint16(append([]byte{kind}, n...), seq)
	return dtlsRecord(22, 0, slices.Concat(head, []byte{0, 0, 0}, n, body))
}

// dtlsHello is the hello of TLS with a cookie, of DTLS 1.2.
func dtlsHello(t *testing.T, name string) []byte {
	body := slices.Clone(clientHello(t, name)[9:])
	body[0], body[1] = 0xfe, 0xfd
	cookie := 35 + int(body[34])
	return dtlsMessage(1, 0, slices.Insert(body, cookie, 0))
}

func stunMessage(kind uint16, attribute uint16, value []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(4+len(value)+(-len(value)&3)))
	b = append(b, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
	b = binary.BigEndian.AppendUint16(b, attribute)
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(value))), value...)
	return append(b, make([]byte, -len(value)&3)...)
}

func TestDTLSIsToldAsTLS(t *testing.T) {
	const asks, answers = "10.0.0.1:5000", "10.0.0.2:443"
	hello := dtlsHello(t, "vpn.hospital.example")
	server := dtlsMessage(2, 0, append(append([]byte{0xfe, 0xfd}, make([]byte, 33)...), 0xc0, 0x2b, 0, 0, 0))
	changed := append(dtlsRecord(20, 0, []byte{1}), dtlsRecord(22, 1, make([]byte, 40))...)
	up := func(p []byte) []byte { return udpFrom(asks, answers, p) }
	down := func(p []byte) []byte { return udpFrom(answers, asks, p) }
	var met [][]byte // ends that look for a way to each other: the one that is asked first is the client later
	for range 10 {
		met = append(met, down(stunMessage(1, 0x8022, []byte("ice"))), up(stunMessage(0x101, 0x8022, []byte("ice"))))
	}
	channel := func(p []byte) []byte {
		return append(binary.BigEndian.AppendUint16([]byte{0x40, 1}, uint16(len(p))), p...)
	}
	for _, c := range []struct {
		does    string
		packets [][]byte
		want    []string
	}{
		{"between its ends", [][]byte{up(hello), down(server), down(changed), up(changed)}, []string{`"tls.is_established":true`}},
		{"in a connection that STUN has found", append(slices.Clone(met), up(hello), down(server), down(changed), up(changed)),
			[]string{`"tls.is_established":true`, `"stun"`}},
		{"by way of a relay, in channels", append(slices.Clone(met), up(channel(hello)), down(channel(server)), down(channel(changed)), up(channel(changed))),
			[]string{`"tls.is_established":true`, `"stun"`}},
		{"by way of a relay, in indications", append(slices.Clone(met), up(stunMessage(0x16, 0x13, hello)), down(stunMessage(0x17, 0x13, server))), []string{`"stun"`}},
		{"from an access point", [][]byte{up(append([]byte{1, 0, 0, 0}, hello...)), down(append([]byte{1, 0, 0, 0}, server...))}, nil},
	} {
		t.Run(c.does, func(t *testing.T) {
			got := tellOf(c.packets...)
			wantAll(t, got, append(c.want, `"kind":"tls"`, `"tls.sni":"vpn.hospital.example"`, `"tls.version":"DTLS 1.2"`, `"tls.ja4.value":"d`, `"dtls"`,
				`"src_endpoint.ip":"10.0.0.1"`)...)
			if n := strings.Count(got, `"kind":"tls"`); n != 1 {
				t.Errorf("told %d times, want once:\n%s", n, got)
			}
		})
	}
}

func TestDTLSOfAKnownFlowAllocatesNothing(t *testing.T) {
	data := dtlsRecord(23, 1, make([]byte, 100))
	if n := allocations(udpFrom("10.0.0.1:5000", "10.0.0.2:443", data), udpFrom("10.0.0.2:443", "10.0.0.1:5000", data)); n != 0 {
		t.Errorf("a packet allocates %v times, want 0", n)
	}
}
