package ike

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire/internal/corpus"
)

// message is a message of the version with payloads; each is its kind and its body.
func message(version, exchange, flags uint8, responder uint64, payloads ...any) []byte {
	b := binary.BigEndian.AppendUint64(nil, 0xe47a591fd057587f)
	b = binary.BigEndian.AppendUint64(b, responder)
	b = append(b, 0, version, exchange, flags, 0, 0, 0, 7, 0, 0, 0, 0)
	next := 16
	for i := 0; i < len(payloads); i += 2 {
		b[next] = byte(payloads[i].(int))
		next = len(b)
		body := payloads[i+1].(string)
		b = append(b, 0, 0, byte((len(body)+4)>>8), byte(len(body)+4))
		b = append(b, body...)
	}
	binary.BigEndian.PutUint32(b[24:], uint32(len(b)))
	return b
}

// element is an element of a chain within a payload.
func element(more byte, body string) string {
	return string([]byte{more, 0, byte((len(body) + 4) >> 8), byte(len(body) + 4)}) + body
}

const suite1 = "\x80\x01\x00\x07\x80\x0e\x00\x80\x80\x02\x00\x02\x80\x04\x00\x02\x80\x03\x00\x01\x80\x0b\x00\x01\x00\x0c\x00\x04\x00\x01\x51\x80"

// offer1 is the first message of Main Mode.
func offer1() []byte {
	sa := "\x00\x00\x00\x01\x00\x00\x00\x01" + element(0, "\x01\x01\x00\x01"+element(0, "\x01\x01\x00\x00"+suite1))
	return message(0x10, 2, 0, 0, 1, sa, 13, "\x4a\x13\x1c\x81\x07\x03\x58\x45\x5c\x57\x28\xf2\x0e\x95\x45\x2f", 13, "CISCO-DELETE")
}

// offer2 is the first message of version 2.
func offer2(integrity string) []byte {
	sa := element(0, "\x01\x01\x00\x04"+element(3, "\x01\x00\x00\x0c\x80\x0e\x01\x00")+element(3, "\x02\x00\x00\x05")+element(3, "\x03\x00\x00"+integrity)+element(0, "\x04\x00\x00\x02"))
	return message(0x20, 34, 8, 0, 33, sa, 34, "\x00\x02\x00\x00KEY", 40, "NONCE", 41, "\x00\x00\x40\x04hash")
}

func describe(m *Message) string {
	s := fmt.Sprintf("%016x %016x v%d.%d %s id %d encrypted %v doi %d key %s group %d nonce %s identity %d %q notify", m.Initiator, m.Responder, m.Major, m.Minor,
		Exchange(m.Major, m.Exchange), m.ID, m.Encrypted, m.DOI, m.Key, m.Group, m.Nonce, m.IDKind, m.Identity)
	for _, n := range m.Notifies {
		s += " " + NotifyName(m.Major, n)
	}
	for _, v := range m.Vendors {
		name, maker := Vendor(v)
		s += fmt.Sprintf(" vendor %q %v %v", name, maker, Readable(v))
	}
	for _, p := range m.Payloads {
		s += " " + PayloadName(m.Major, p.Kind)
	}
	for _, p := range m.Proposals {
		s += fmt.Sprintf(" proposal %d of %d:", p.Number, p.Protocol)
		for _, t := range m.Transforms[p.From:p.To] {
			if m.Major == 2 {
				s += " " + TransformName(t.Kind, t.ID)
			}
			for a := range t.Attributes.All {
				n, _ := a.Number()
				s += fmt.Sprintf(" %s=%s/%d", AttributeName(a.Kind), ValueName(a.Kind, a.Value), n)
			}
		}
	}
	return s + fmt.Sprintf(" weak %08b", m.Weaknesses())
}

func TestMessages(t *testing.T) {
	for _, c := range []struct {
		does string
		p    []byte
		want string
		err  error
	}{
		{"version 1 begins", offer1(), `e47a591fd057587f 0000000000000000 v1.0 Identity Protection id 7 encrypted false doi 1 key  group 0 nonce  identity 0 "" notify vendor "NAT traversal" false false vendor "" false true SecurityAssociation VendorID VendorID proposal 1 of 1: alg_enc=EncAesCbc/7 sa_key_length=Unknown/128 alg_hash=HashSha/2 alg_dh=GroupAlternate1024BitModpGroup/2 alg_auth=AuthPreSharedKey/1 sa_life_type=LifeTypeSeconds/1 sa_life_duration=Unknown/86400 weak 00001010`, nil},
		{"keys of version 1", message(0x10, 2, 0, 5, 4, "KEY", 10, "NONCE", 20, "natd"), `e47a591fd057587f 0000000000000005 v1.0 Identity Protection id 7 encrypted false doi 0 key KEY group 0 nonce NONCE identity 0 "" notify KeyExchange Nonce NatDiscovery`, nil},
		{"Aggressive Mode tells who asks", message(0x10, 4, 0, 0, 5, "\x02\x11\x01\xf4ward-vpn"), `e47a591fd057587f 0000000000000000 v1.0 Aggressive id 7 encrypted false doi 0 key  group 0 nonce  identity 2 "ward-vpn"`, nil},
		{"version 1 encrypted", message(0x10, 32, 1, 5, 8, "sealed"), `e47a591fd057587f 0000000000000005 v1.0 Quick Mode id 7 encrypted true`, nil},
		{"version 1 refuses", message(0x10, 5, 0, 5, 11, "\x00\x00\x00\x01\x01\x00\x00\x0e"), `e47a591fd057587f 0000000000000005 v1.0 Informational id 7 encrypted false doi 0 key  group 0 nonce  identity 0 "" notify NO-PROPOSAL-CHOSEN`, nil},
		{"version 2 begins", offer2("\x0c"), `e47a591fd057587f 0000000000000000 v2.0 IKE_SA_INIT id 7 encrypted false doi 0 key KEY group 2 nonce NONCE identity 0 "" notify NAT_DETECTION_SOURCE_IP SecurityAssociation KeyExchange Nonce Notify proposal 1 of 1: ENCR_AES_CBC sa_key_length=Unknown/256 PRF_HMAC_SHA2_256 AUTH_HMAC_SHA2_256_128 Modp1024 weak 00001000`, nil},
		{"a proposal without integrity", offer2("\x00"), `e47a591fd057587f 0000000000000000 v2.0 IKE_SA_INIT id 7 encrypted false doi 0 key KEY group 2 nonce NONCE identity 0 "" notify NAT_DETECTION_SOURCE_IP SecurityAssociation KeyExchange Nonce Notify proposal 1 of 1: ENCR_AES_CBC sa_key_length=Unknown/256 PRF_HMAC_SHA2_256 NONE Modp1024 weak 00101000`, nil},
		{"version 2 encrypted", message(0x20, 35, 8, 5, 46, "sealed"), `e47a591fd057587f 0000000000000005 v2.0 IKE_AUTH id 7 encrypted true doi 0 key  group 0 nonce  identity 0 "" notify EncryptedAndAuthenticated`, nil},
		{"version 2 refuses", message(0x20, 34, 0x20, 5, 41, "\x00\x00\x00\x0e"), `e47a591fd057587f 0000000000000005 v2.0 IKE_SA_INIT id 7 encrypted false doi 0 key  group 0 nonce  identity 0 "" notify NO_PROPOSAL_CHOSEN`, nil},
		{"with the marker of port 4500", append(make([]byte, 4), offer2("\x0c")...), `e47a591fd057587f 0000000000000000 v2.0 IKE_SA_INIT`, nil},
		{"a payload that is cut keeps those before it", offer1()[:len(offer1())-3], `e47a591fd057587f 0000000000000000 v1.0 Identity Protection id 7 encrypted false doi 1 key  group 0 nonce  identity 0 "" notify vendor "NAT traversal"`, ErrShort},
		{"a header that is cut", offer1()[:20], "0000", ErrShort},
		{"another version", message(0x30, 2, 0, 0), "e47a", ErrVersion},
	} {
		t.Run(c.does, func(t *testing.T) {
			var m Message
			if err := Parse(c.p, &m); !errors.Is(err, c.err) {
				t.Errorf("error: got %v, want %v", err, c.err)
			}
			if got := describe(&m); !strings.HasPrefix(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if c.err == nil && !LooksAtPort(c.p) || c.err == nil && m.Exchange != 32 && !Looks(c.p) {
				t.Errorf("it looks like one at its port %v, elsewhere %v", LooksAtPort(c.p), Looks(c.p))
			}
		})
	}
}

func TestParsingAllocatesNothing(t *testing.T) {
	one, two := offer1(), offer2("\x0c")
	var m Message
	_, _ = Parse(one, &m), Parse(two, &m)
	if n := testing.AllocsPerRun(100, func() { _, _ = Parse(one, &m), Parse(two, &m); _ = m.Weaknesses() }); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

// TestCaptures reads what captures hold at the port of IKE, and sees that nothing elsewhere is taken for it.
func TestCaptures(t *testing.T) {
	read, all, wrong, others := 0, 0, 0, 0
	var m Message
	for _, folder := range []string{"ndpi.tar.zst", "zeek-traces", "arkime", "suricata-verify.tar.zst", "attack-chrissanders", "behaviour-slips"} {
		for _, c := range corpus.Captures(corpus.Folder(t, "sensor", folder)) {
			for _, u := range c.Datagrams {
				p := u.Payload
				if at := func(port uint16) bool { return u.Dst.Port() == port || u.Src.Port() == port }; at(500) {
					if all++; LooksAtPort(p) && Parse(p, &m) == nil {
						read++
					} else {
						t.Logf("%s: %v > %v: %x", c.Name, u.Src, u.Dst, p[:min(len(p), 48)])
					}
				} else if !at(4500) {
					if others++; Looks(p) {
						wrong++
						t.Logf("%s: %v > %v taken: %x", c.Name, u.Src, u.Dst, p[:min(len(p), 48)])
					}
				}
			}
		}
	}
	corpus.Result(t, "ike_read", read, all, 90)
	t.Logf("RESULT ike_other_ports %d/%d share", wrong, others)
}

func FuzzParse(f *testing.F) {
	f.Add(offer1())
	f.Add(offer2("\x0c"))
	f.Add(message(0x10, 5, 0, 5, 11, "\x00\x00\x00\x01\x01\x00\x00\x0e"))
	f.Fuzz(func(t *testing.T, p []byte) {
		var m Message
		_ = Parse(p, &m)
		if len(m.Payloads) > maxPayloads || len(m.Transforms) > maxTransforms || len(m.Vendors) > maxVendors || len(m.Notifies) > maxNotifies {
			t.Error("more is kept than allowed")
		}
		_ = describe(&m)
		if Looks(p) && !LooksAtPort(p) {
			t.Error("it looks like one elsewhere, but not at its port")
		}
	})
}

func TestLaterNotifyName(t *testing.T) {
	for n, want := range map[uint16]string{16395: "", 16396: "MOBIKE_SUPPORTED", 16404: "MULTIPLE_AUTH_SUPPORTED", 16406: "REDIRECT_SUPPORTED",
		16418: "CHILDLESS_IKEV2_SUPPORTED", 16430: "IKEV2_FRAGMENTATION_SUPPORTED", 16431: "SIGNATURE_HASH_ALGORITHMS", 16438: "INTERMEDIATE_EXCHANGE_SUPPORTED", 16439: ""} {
		if got := LaterNotifyName(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}
