package gss

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/asn1tools"
	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/chksumtype"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

const realm = "CHU.EXAMPLE"

// kdc makes tickets as a domain does.
type kdc struct{ table *keytab.Keytab }

func newKDC(t testing.TB) kdc {
	t.Helper()
	k := kdc{keytab.New()}
	for _, name := range []string{"HTTP/siem.chu.example", "HTTP/other.chu.example"} {
		for _, kind := range []int32{etypeID.AES256_CTS_HMAC_SHA1_96, etypeID.AES128_CTS_HMAC_SHA256_128, etypeID.RC4_HMAC} {
			if err := k.table.AddEntry(name, realm, "password of "+name, time.Now(), 2, kind); err != nil {
				t.Fatal(err)
			}
		}
	}
	return k
}

// keys are those of HTTP/siem.chu.example alone.
func (k kdc) keys(t testing.TB) *Keys {
	t.Helper()
	own := keytab.New()
	own.Entries = k.table.Entries[:3]
	raw, err := own.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := ReadKeys(base64.StdEncoding.EncodeToString(raw))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// wish is what a machine shows.
type wish struct {
	name    string
	service string
	kind    int32
	ends    time.Duration
	clock   time.Duration
	flags   uint32
}

func good() wish {
	return wish{"WARD3$", "HTTP/siem.chu.example", etypeID.AES256_CTS_HMAC_SHA1_96, time.Hour, 0, 0x3e}
}

const number = 4711

// token is what a machine begins with, and the key of its ticket.
func (k kdc) token(t testing.TB, w wish) ([]byte, types.EncryptionKey) {
	t.Helper()
	now := time.Now().UTC()
	name := types.NewPrincipalName(1, w.name)
	ticket, key, err := messages.NewTicket(name, realm, types.NewPrincipalName(2, w.service), realm, types.NewKrbFlags(), k.table, w.kind, 2,
		now.Add(-2*time.Hour), now.Add(-2*time.Hour), now.Add(w.ends), now.Add(w.ends))
	if err != nil {
		t.Fatal(err)
	}
	a, err := types.NewAuthenticator(realm, name)
	if err != nil {
		t.Fatal(err)
	}
	a.CTime, a.SeqNumber = a.CTime.Add(w.clock), number
	sum := append([]byte{16, 0, 0, 0}, make([]byte, 16)...)
	a.Cksum = types.Checksum{CksumType: chksumtype.GSSAPI, Checksum: binary.LittleEndian.AppendUint32(sum, w.flags)}
	q, err := messages.NewAPReq(ticket, key, a)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := q.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	frame, err := asn1.Marshal(mechanism)
	if err != nil {
		t.Fatal(err)
	}
	return asn1tools.AddASNAppTag(append(append(frame, 1, 0), raw...), 0), key
}

func TestWhoIsLetIn(t *testing.T) {
	k := newKDC(t)
	keys := k.keys(t)
	for _, c := range []struct {
		does   string
		change func(*wish)
		want   error
	}{
		{"a machine of the domain", func(*wish) {}, nil},
		{"one with keys of RFC 8009", func(w *wish) { w.kind = etypeID.AES128_CTS_HMAC_SHA256_128 }, nil},
		{"one whose clock is four minutes off", func(w *wish) { w.clock = 4 * time.Minute }, nil},
		{"a person", func(w *wish) { w.name = "m.durand" }, ErrMachine},
		{"a ticket that ended", func(w *wish) { w.ends = -time.Hour }, ErrTicket},
		{"a ticket for another service", func(w *wish) { w.service = "HTTP/other.chu.example" }, ErrTicket},
		{"a clock that is an hour behind", func(w *wish) { w.clock = -time.Hour }, ErrTicket},
		{"a clock that is an hour ahead", func(w *wish) { w.clock = time.Hour }, ErrTicket},
		{"a key of RC4", func(w *wish) { w.kind = etypeID.RC4_HMAC }, ErrWeak},
		{"one that does not ask who we are", func(w *wish) { w.flags = 0x3c }, ErrOneWay},
		{"one that wants a third message", func(w *wish) { w.flags |= wantsDCE }, ErrOneWay},
	} {
		w := good()
		c.change(&w)
		token, _ := k.token(t, w)
		got, _, err := keys.Accept(token)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: got %v, want %v", c.does, err, c.want)
		}
		if c.want == nil && (got == nil || got.Identity != "ward3.chu.example") {
			t.Errorf("%s: got %+v", c.does, got)
		}
	}
}

// agree lets a machine in; the machine's side of the context seals as an initiator.
func agree(t testing.TB) (ours *Context, key types.EncryptionKey) {
	t.Helper()
	k := newKDC(t)
	token, session := k.token(t, good())
	ours, answer, err := k.keys(t).Accept(token)
	if err != nil {
		t.Fatal(err)
	}
	var oid asn1.ObjectIdentifier
	rest, err := asn1.UnmarshalWithParams(answer, &oid, "application,explicit,tag:0")
	if err != nil || string(rest[:2]) != kindReply {
		t.Fatalf("got % x, %v", answer, err)
	}
	var reply messages.APRep
	if err := reply.Unmarshal(rest[2:]); err != nil {
		t.Fatal(err)
	}
	plain, err := crypto.DecryptEncPart(reply.EncPart, session, keyusage.AP_REP_ENCPART)
	if err != nil {
		t.Fatal(err)
	}
	var part messages.EncAPRepPart
	if err := part.Unmarshal(plain); err != nil {
		t.Fatal(err)
	}
	return ours, part.Subkey
}

// sealed is a message of a machine, with filler, rotated so far, and with a number.
func sealed(t testing.TB, key types.EncryptionKey, flags byte, extra, rotated uint16, turn int, number uint64, text string) []byte {
	t.Helper()
	kind, err := crypto.GetEtype(key.KeyType)
	if err != nil {
		t.Fatal(err)
	}
	plain := slices.Concat([]byte(text), make([]byte, extra), header(flags, extra, 0, number))
	_, cipher, err := kind.EncryptMessage(key.KeyValue, plain, keyusage.GSSAPI_INITIATOR_SEAL)
	if err != nil {
		t.Fatal(err)
	}
	at := len(cipher) - turn%len(cipher)
	return slices.Concat(header(flags, extra, rotated, number), cipher[at:], cipher[:at])
}

func TestSealsAreOpenedInTurn(t *testing.T) {
	const flags = isSealed | acceptorKey
	c, key := agree(t)
	for n, m := range []struct {
		does           string
		extra, rotated uint16
		turn           int
	}{{"as it is", 0, 0, 0}, {"as SSPI rotates it", 0, 28, 28}, {"with filler", 16, 28, 28}, {"rotated by the filler as well", 16, 12, 28}} {
		token := sealed(t, key, flags, m.extra, m.rotated, m.turn, number+uint64(n), m.does)
		if got, err := c.Open(token); err != nil || string(got) != m.does {
			t.Fatalf("%s: got %q, %v", m.does, got, err)
		}
		if _, err := c.Open(token); !errors.Is(err, ErrSeal) {
			t.Errorf("%s, again: got %v", m.does, err)
		}
	}
	next := uint64(number + 4)
	whole := sealed(t, key, flags, 0, 28, 28, next, "text")
	for n := range whole {
		bent := bytes.Clone(whole)
		bent[n] ^= 1
		if _, err := c.Open(bent); !errors.Is(err, ErrSeal) {
			t.Fatalf("byte %d changed: got %v", n, err)
		}
		if _, err := c.Open(whole[:n]); !errors.Is(err, ErrSeal) {
			t.Fatalf("%d bytes: got %v", n, err)
		}
	}
	for does, token := range map[string][]byte{
		"one in our name":           sealed(t, key, flags|fromAcceptor, 0, 0, 0, next, "text"),
		"one that is only signed":   sealed(t, key, acceptorKey, 0, 0, 0, next, "text"),
		"one that left another out": sealed(t, key, flags, 0, 0, 0, next+1, "text"),
	} {
		if _, err := c.Open(token); !errors.Is(err, ErrSeal) {
			t.Errorf("%s: got %v", does, err)
		}
	}
	if got, err := c.Open(whole); err != nil || string(got) != "text" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAnEarlierConnectionIsNotPlayedAgain(t *testing.T) {
	k := newKDC(t)
	keys := k.keys(t)
	token, _ := k.token(t, good())
	first, _, err := keys.Accept(token)
	if err != nil {
		t.Fatal(err)
	}
	message := sealed(t, first.key, isSealed|acceptorKey, 0, 0, 0, number, "text")
	if _, err := first.Open(message); err != nil {
		t.Fatal(err)
	}
	second, _, err := keys.Accept(token)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.Open(message); !errors.Is(err, ErrSeal) {
		t.Errorf("what was recorded is taken again: %v", err)
	}
}

func TestKeytabsThatAreNone(t *testing.T) {
	for _, text := range []string{"", "no", base64.StdEncoding.EncodeToString([]byte("no keytab")), base64.StdEncoding.EncodeToString([]byte{5, 2})} {
		if _, err := ReadKeys(text); err == nil {
			t.Errorf("%q: got no error", text)
		}
	}
}

func FuzzAccept(f *testing.F) {
	k := newKDC(f)
	keys := k.keys(f)
	token, _ := k.token(f, good())
	f.Add(token)
	f.Add([]byte{0x60, 0x03, 0x06, 0x01, 0x2a})
	f.Fuzz(func(t *testing.T, token []byte) {
		if c, _, err := keys.Accept(token); err == nil && c.Identity != "ward3.chu.example" {
			t.Errorf("%q was let in", c.Identity)
		}
	})
}

func FuzzOpen(f *testing.F) {
	c, key := agree(f)
	f.Add(sealed(f, key, isSealed|acceptorKey, 0, 28, 28, number, "text")[:40])
	f.Fuzz(func(t *testing.T, token []byte) {
		if got, err := c.Open(token); err == nil {
			t.Errorf("%q was opened", got)
		}
	})
}
