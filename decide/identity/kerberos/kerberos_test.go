package kerberos

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/asn1tools"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"bulwark/internal/spnego"
)

var (
	mechSPNEGO   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 2}
	mechKerberos = asn1.ObjectIdentifier{1, 2, 840, 113554, 1, 2, 2}
	mechWindows  = asn1.ObjectIdentifier{1, 2, 840, 48018, 1, 2, 2}
)

const realmOf, service = "AD.HOSPITAL.EXAMPLE", "HTTP/bulwark.hospital.example"

// desk is a domain controller that makes tickets, and an acceptor with the keys of its service.
type desk struct {
	*Acceptor
	t    testing.TB
	keys *keytab.Keytab
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	keys := keytab.New()
	for _, e := range []int32{etypeID.AES256_CTS_HMAC_SHA1_96, etypeID.RC4_HMAC} {
		for _, p := range []string{service, "cifs/files.hospital.example"} {
			if err := keys.AddEntry(p, realmOf, "a password", time.Now(), 1, e); err != nil {
				t.Fatal(err)
			}
		}
	}
	text, err := keys.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "keytab")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return &desk{New(Config{Realm: realmOf, Keytab: path}, false), t, keys}
}

// ticket is what is asked for; its zero value is what an honest workstation shows.
type ticket struct {
	name, realm, service string
	etype                int32
	from, until          time.Duration // from now; 0 means an hour before and after
	clock                time.Duration // by which that of the workstation is ahead
	shower               string        // who shows it; empty: whose it is
	asked                string        // how the service was written; empty: as its keys are
	flags                []int
	options              []int
	keys                 *keytab.Keytab
}

// shown is an Authorization header with such a ticket.
func (d *desk) shown(k ticket) string {
	d.t.Helper()
	or := func(v *string, other string) {
		if *v == "" {
			*v = other
		}
	}
	or(&k.name, "ana")
	or(&k.realm, realmOf)
	or(&k.service, service)
	or(&k.shower, k.name)
	if k.etype == 0 {
		k.etype = etypeID.AES256_CTS_HMAC_SHA1_96
	}
	if k.from == 0 {
		k.from = -time.Hour
	}
	if k.until == 0 {
		k.until = time.Hour
	}
	if k.keys == nil {
		k.keys = d.keys
	}
	now := time.Now().UTC()
	who := types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, k.name)
	all := types.NewKrbFlags()
	types.SetFlags(&all, k.flags)
	t, key, err := messages.NewTicket(who, k.realm, types.NewPrincipalName(nametype.KRB_NT_SRV_INST, k.service), realmOf, all, k.keys, k.etype, 1, now.Add(k.from), now.Add(k.from), now.Add(k.until), now)
	if err != nil {
		d.t.Fatal(err)
	}
	if k.asked != "" {
		t.SName = types.NewPrincipalName(nametype.KRB_NT_SRV_INST, k.asked)
	}
	a, err := types.NewAuthenticator(k.realm, types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, k.shower))
	if err != nil {
		d.t.Fatal(err)
	}
	a.CTime = a.CTime.Add(k.clock)
	r, err := messages.NewAPReq(t, key, a)
	if err != nil {
		d.t.Fatal(err)
	}
	types.SetFlags(&r.APOptions, k.options)
	text, err := r.Marshal()
	if err != nil {
		d.t.Fatal(err)
	}
	return header(negotiation(mechanism(text, 1, 0), oids(mechWindows, mechKerberos, []int{1, 3, 6, 1, 4, 1, 311, 2, 2, 10})))
}

func oids(all ...[]int) (list []asn1.ObjectIdentifier) {
	for _, o := range all {
		list = append(list, asn1.ObjectIdentifier(o))
	}
	return list
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func mechanism(inner []byte, kind ...byte) []byte {
	b := must(asn1.Marshal(asn1.ObjectIdentifier(mechKerberos)))
	return asn1tools.AddASNAppTag(append(append(b, kind...), inner...), 0)
}

func negotiation(token []byte, mechs []asn1.ObjectIdentifier) []byte {
	init := must(asn1.Marshal(struct {
		Mechs []asn1.ObjectIdentifier `asn1:"explicit,tag:0"`
		Token []byte                  `asn1:"explicit,omitempty,tag:2"`
	}{mechs, token}))
	choice := must(asn1.Marshal(asn1.RawValue{Class: 2, IsCompound: true, Bytes: init}))
	return asn1tools.AddASNAppTag(append(must(asn1.Marshal(asn1.ObjectIdentifier(mechSPNEGO))), choice...), 0)
}

func header(token []byte) string { return "Negotiate " + base64.StdEncoding.EncodeToString(token) }

func TestATicketSaysWhoShowsIt(t *testing.T) {
	d := newDesk(t)
	for _, c := range []struct {
		name string
		t    ticket
		want error
	}{
		{"as it should be", ticket{}, nil},
		{"a clock that is a little ahead", ticket{clock: 4 * time.Minute}, nil},
		{"another realm", ticket{realm: "EVIL.EXAMPLE"}, ErrTicket},
		{"a service in capitals", ticket{asked: "HTTP/Bulwark.Hospital.Example"}, nil},
		{"another service", ticket{service: "cifs/files.hospital.example"}, ErrTicket},
		{"a broken cipher", ticket{etype: etypeID.RC4_HMAC}, ErrTicket},
		{"expired", ticket{from: -3 * time.Hour, until: -10 * time.Minute}, ErrTicket},
		{"of tomorrow", ticket{from: 24 * time.Hour, until: 25 * time.Hour}, ErrTicket},
		{"marked as invalid", ticket{flags: []int{flags.Invalid}}, ErrTicket},
		{"a clock that is far ahead", ticket{clock: 6 * time.Minute}, ErrTicket},
		{"a clock that is far behind", ticket{clock: -6 * time.Minute}, ErrTicket},
		{"somebody else shows it", ticket{shower: "eve"}, ErrTicket},
		{"for a person", ticket{options: []int{flags.APOptionUseSessionKey}}, ErrTicket},
		{"of a computer", ticket{name: "WARD1$"}, ErrTicket},
		{"of a service", ticket{name: "host/ward1"}, ErrTicket},
		{"of nobody", ticket{name: "-"}, nil}, // that there is none of that name, others know
	} {
		got, err := d.Accept(d.shown(c.t))
		if !errors.Is(err, c.want) || c.want == nil && (err != nil || got.Name == "") {
			t.Errorf("%s: got %v, %v", c.name, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "ana") {
			t.Errorf("%s: the error names who shows it: %v", c.name, err)
		}
	}
}

func TestATicketIsTakenOnce(t *testing.T) {
	d := newDesk(t)
	h := d.shown(ticket{})
	if _, err := d.Accept(h); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Accept(h); !errors.Is(err, ErrTicket) {
		t.Errorf("the second time: %v", err)
	}
	for n := range mostSeen { // all that can be remembered
		d.seen[[32]byte{byte(n), byte(n >> 8), byte(n >> 16), 1}] = time.Now()
	}
	if _, err := d.Accept(d.shown(ticket{})); !errors.Is(err, ErrTicket) {
		t.Errorf("one more than can be remembered: %v", err)
	}
	d.swept = time.Time{}
	for k := range d.seen {
		d.seen[k] = time.Now().Add(-12 * time.Minute)
	}
	if _, err := d.Accept(d.shown(ticket{})); err != nil || len(d.seen) != 1 {
		t.Errorf("a while later: %v, %d are remembered", err, len(d.seen))
	}
}

func TestKeysOfAnotherServiceOpenNothing(t *testing.T) {
	d := newDesk(t)
	other := keytab.New()
	if err := other.AddEntry(service, realmOf, "another password", time.Now(), 1, etypeID.AES256_CTS_HMAC_SHA1_96); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Accept(d.shown(ticket{keys: other})); !errors.Is(err, ErrTicket) {
		t.Errorf("got %v", err)
	}
}

func TestWithoutTheSignatureOfADomainControllerATicketNamesNobody(t *testing.T) {
	d := newDesk(t)
	d.signed = true
	if _, err := d.Accept(d.shown(ticket{})); !errors.Is(err, ErrTicket) {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsNoTicketIsRefused(t *testing.T) {
	d := newDesk(t)
	good, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(d.shown(ticket{}), "Negotiate "))
	ntlm := []byte("NTLMSSP\x00\x01\x00\x00\x00\x97\x82\x08\xe2")
	for name, c := range map[string]struct {
		header string
		want   error
	}{
		"nothing":                    {"", spnego.ErrToken},
		"another scheme":             {"Basic " + base64.StdEncoding.EncodeToString([]byte("ana:secret")), spnego.ErrToken},
		"no base64":                  {"Negotiate !!!", spnego.ErrToken},
		"NTLM":                       {header(ntlm), spnego.ErrNTLM},
		"NTLM within a negotiation":  {header(negotiation(ntlm, oids([]int{1, 3, 6, 1, 4, 1, 311, 2, 2, 10}))), spnego.ErrNTLM},
		"NTLM where a ticket is due": {header(negotiation(ntlm, oids(mechKerberos))), spnego.ErrToken},
		"an answer instead":          {header(mechanism(nil, 2, 0)), spnego.ErrToken},
		"longer than any":            {header(make([]byte, spnego.MostToken+1)), spnego.ErrToken},
		"something behind it":        {header(append(good[:len(good):len(good)], 0)), spnego.ErrToken},
	} {
		if got, err := d.Accept(c.header); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	for n := range good {
		if got, err := d.Accept(header(good[:n])); err == nil {
			t.Fatalf("the first %d bytes are taken for %v", n, got)
		}
	}
}

func TestAKeytabIsItsOwnersAlone(t *testing.T) {
	d := newDesk(t)
	path := d.config.Keytab
	for _, c := range []struct {
		name string
		do   func() error
		want string
	}{
		{"as it should be", func() error { return nil }, ""},
		{"readable by all", func() error { return os.Chmod(path, 0o644) }, "chmod 600"},
		{"something else", func() error {
			return errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, []byte("\x05\x02\x00\x00\xff\xff"), 0o600))
		}, "no keytab"},
		{"empty", func() error { return os.WriteFile(path, nil, 0o600) }, "no keytab"},
		{"gone", func() error { return os.Remove(path) }, "no such file"},
	} {
		if err := c.do(); err != nil {
			t.Fatal(err)
		}
		d.changed = time.Time{}
		err := d.Test()
		if (err == nil) != (c.want == "") || err != nil && (!errors.Is(err, ErrKeytab) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

func TestTicketsAreTakenWhereWorkstationsAre(t *testing.T) {
	var c Config
	if c.Serves("10.0.0.1") {
		t.Error("without a realm")
	}
	c.Realm = realmOf
	if !c.Serves("10.0.0.1") {
		t.Error("everywhere")
	}
	if c.Check() == nil {
		t.Error("a realm without keys")
	}
	c.Keytab = "keytab"
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	if c.Realm = "ad.hospital.example"; c.Check() == nil {
		t.Error("a realm in small letters")
	}
}

func FuzzAccept(f *testing.F) {
	d := newDesk(f)
	for _, k := range []ticket{{}, {etype: etypeID.RC4_HMAC}, {shower: "eve"}} {
		text, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(d.shown(k), "Negotiate "))
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, token []byte) {
		if c, err := d.Accept(header(token)); err == nil && c.Name != "ana" {
			t.Errorf("took it for %+v", c)
		}
	})
}
