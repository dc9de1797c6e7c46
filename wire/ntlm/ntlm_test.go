package ntlm

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"unicode/utf16"
)

func utf16le(s string) (p []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		p = binary.LittleEndian.AppendUint16(p, u)
	}
	return p
}

// message lays out fixed parts and fields: field i's length and offset go to at[i].
func message(fixed []byte, at []int, fields ...[]byte) []byte {
	p := append([]byte(nil), fixed...)
	for i, f := range fields {
		binary.LittleEndian.PutUint16(p[at[i]:], uint16(len(f)))
		binary.LittleEndian.PutUint16(p[at[i]+2:], uint16(len(f)))
		binary.LittleEndian.PutUint32(p[at[i]+4:], uint32(len(p)))
		p = append(p, f...)
	}
	return p
}

func head(kind byte, length int) []byte {
	p := make([]byte, length)
	copy(p, Signature)
	p[8] = kind
	return p
}

func pairs(kv ...any) (p []byte) {
	for i := 0; i < len(kv); i += 2 {
		v, ok := kv[i+1].([]byte)
		if !ok {
			v = utf16le(kv[i+1].(string))
		}
		p = binary.LittleEndian.AppendUint16(p, uint16(kv[i].(int)))
		p = binary.LittleEndian.AppendUint16(p, uint16(len(v)))
		p = append(p, v...)
	}
	return append(p, 0, 0, 0, 0)
}

func negotiateMessage() []byte {
	p := head(1, 40)
	binary.LittleEndian.PutUint32(p[12:], uint32(Unicode|HasVersion))
	copy(p[32:], []byte{10, 0, 0x5a, 0x29, 0, 0, 0, 15})
	return message(p, []int{16, 24}, []byte("WARD"), []byte("XRAY01"))
}

func challengeMessage() []byte {
	p := head(2, 56)
	binary.LittleEndian.PutUint32(p[20:], uint32(Unicode|HasVersion|TargetInfo|DomainTarget))
	copy(p[48:], []byte{6, 1, 0xb1, 0x1d, 0, 0, 0, 15})
	return message(p, []int{12, 40}, utf16le("HOSP"),
		pairs(2, "HOSP", 1, "FILES01", 4, "hosp.example", 3, "files01.hosp.example", 5, "example", 7, make([]byte, 8)))
}

func authenticateMessage(lm, nt []byte) []byte {
	p := head(3, 88)
	binary.LittleEndian.PutUint32(p[60:], uint32(Unicode|HasVersion))
	copy(p[64:], []byte{10, 0, 0x5a, 0x29, 0, 0, 0, 15})
	return message(p, []int{28, 36, 44, 12, 20}, utf16le("HOSP"), utf16le("Zoë"), utf16le("XRAY01"), lm, nt)
}

func v2Response() []byte {
	return append(make([]byte, 44), pairs(1, "FILES01", 6, []byte{2, 0, 0, 0}, 9, "cifs/files01")...)
}

func TestParse(t *testing.T) {
	var m Message
	for _, c := range []struct {
		says string
		in   []byte
		want string
	}{
		{"a client says what it can, and who it is in OEM text", negotiateMessage(),
			"negotiate 10.0 build 10586 rev 15 domain=WARD workstation=XRAY01"},
		{"a server says who it is", challengeMessage(),
			"challenge 6.1 build 7601 rev 15 target=HOSP computer=FILES01 netbios=HOSP host=files01.hosp.example dns=hosp.example forest=example"},
		{"a client proves itself by NTLMv2, and says which service it means", authenticateMessage(make([]byte, 24), v2Response()),
			"authenticate 10.0 build 10586 rev 15 domain=HOSP user=Zoë workstation=XRAY01 computer=FILES01 spn=cifs/files01 NTLMv2 mic"},
		{"24 bytes are NTLMv1", authenticateMessage([]byte(strings.Repeat("x", 24)), make([]byte, 24)),
			"authenticate 10.0 build 10586 rev 15 domain=HOSP user=Zoë workstation=XRAY01 NTLMv1"},
		{"a client challenge in the LM proof is session security", authenticateMessage(append([]byte("12345678"), make([]byte, 16)...), make([]byte, 24)),
			"authenticate 10.0 build 10586 rev 15 domain=HOSP user=Zoë workstation=XRAY01 NTLMv1 with session security"},
		{"no NT proof is LM", authenticateMessage(make([]byte, 24), nil),
			"authenticate 10.0 build 10586 rev 15 domain=HOSP user=Zoë workstation=XRAY01 LM"},
		{"no proof is anonymous", authenticateMessage([]byte{0}, nil),
			"authenticate 10.0 build 10586 rev 15 domain=HOSP user=Zoë workstation=XRAY01 anonymous"},
	} {
		if err := Parse(c.in, &m); err != nil {
			t.Errorf("%s: got %v, want no error", c.says, err)
		}
		if got := describe(&m); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.says, got, c.want)
		}
	}
}

func describe(m *Message) string {
	s := m.Kind.String() + " " + m.Version.String()
	for _, f := range []struct {
		name  string
		value []byte
	}{
		{"domain", m.Domain}, {"user", m.User}, {"workstation", m.Workstation}, {"target", m.Target},
		{"computer", m.Server.NetBIOSComputer}, {"netbios", m.Server.NetBIOSDomain}, {"host", m.Server.DNSComputer},
		{"dns", m.Server.DNSDomain}, {"forest", m.Server.DNSForest}, {"spn", m.SPN},
	} {
		if len(f.value) > 0 {
			s += " " + f.name + "=" + string(f.value)
		}
	}
	if m.Kind == Authenticate {
		s += " " + m.Scheme.String()
	}
	if m.MIC {
		s += " mic"
	}
	return s
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		says string
		in   []byte
		want error
	}{
		{"nothing", nil, ErrSignature},
		{"another signature", []byte("NTLMSSQ\x00\x01\x00\x00\x00"), ErrSignature},
		{"a fourth message", head(4, 40), ErrKind},
		{"a signature alone", []byte(Signature), ErrShort},
		{"half of a challenge", challengeMessage()[:30], ErrShort},
		{"half of an authenticate", authenticateMessage(nil, nil)[:50], ErrShort},
	} {
		if err := Parse(c.in, new(Message)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.says, err, c.want)
		}
	}
}

func TestFieldsOutsideTheMessageAreEmpty(t *testing.T) {
	p := authenticateMessage(nil, v2Response())
	binary.LittleEndian.PutUint32(p[40:], 0xfffffff0)
	var m Message
	if err := Parse(p, &m); err != nil || len(m.User) != 0 || string(m.Domain) != "HOSP" {
		t.Errorf("got user %q domain %q %v, want no user, domain HOSP", m.User, m.Domain, err)
	}
}

func TestAppendUTF16(t *testing.T) {
	for _, c := range []struct {
		says string
		in   string
		want string
	}{
		{"ASCII", "41004200", "AB"},
		{"a letter with a mark", "e900", "é"},
		{"a pair of surrogates", "3dd83ade", "\U0001f63a"},
		{"half a pair", "3dd84100", "\ufffdA"},
		{"half a pair at the end", "3dd8", "\ufffd"},
		{"an odd byte", "410042", "A"},
		{"NULs", "410000004200", "AB"},
	} {
		in, _ := hex.DecodeString(c.in)
		if got := string(AppendUTF16(nil, in)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.says, got, c.want)
		}
	}
}

func TestParseDoesNotAllocate(t *testing.T) {
	in := [][]byte{negotiateMessage(), challengeMessage(), authenticateMessage(make([]byte, 24), v2Response())}
	var m Message
	if got := testing.AllocsPerRun(100, func() {
		for _, p := range in {
			_ = Parse(p, &m)
		}
	}); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(negotiateMessage())
	f.Add(challengeMessage())
	f.Add(authenticateMessage(make([]byte, 24), v2Response()))
	var m Message
	f.Fuzz(func(t *testing.T, p []byte) {
		_ = Parse(p, &m)
		if len(m.text) > 10*MaxName*2 {
			t.Errorf("got %d bytes of text, want them bounded", len(m.text))
		}
		_ = Find(p)
	})
}

func BenchmarkParse(b *testing.B) {
	p := authenticateMessage(make([]byte, 24), v2Response())
	var m Message
	b.ReportAllocs()
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		_ = Parse(p, &m)
	}
}
