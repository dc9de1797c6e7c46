package kerberos

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/wire"
	"bulwark/wire/ber"
	"bulwark/wire/wiretest"
)

// el encodes one element.
func el(t ber.Tag, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	out := []byte{byte(t)}
	switch n := len(body); {
	case n < 0x80:
		out = append(out, byte(n))
	default:
		out = append(out, 0x82, byte(n>>8), byte(n))
	}
	return append(out, body...)
}

func field(n int, parts ...[]byte) []byte { return el(ber.Context(n).Constructed(), parts...) }
func num(n int) []byte {
	if n < -128 || n > 127 {
		return el(ber.Integer, binary.BigEndian.AppendUint32(nil, uint32(n)))
	}
	return el(ber.Integer, []byte{byte(n)})
}
func text(s string) []byte  { return el(ber.GeneralString, []byte(s)) }
func stamp(s string) []byte { return el(ber.GeneralizedTime, []byte(s)) }
func seq(parts ...[]byte) []byte {
	return el(ber.Sequence, parts...)
}
func octets(parts ...[]byte) []byte { return el(ber.OctetString, parts...) }
func app(t MessageType, parts ...[]byte) []byte {
	return el(ber.Application(int(t)).Constructed(), seq(parts...))
}

func principal(kind int, names ...string) []byte {
	var parts [][]byte
	for _, n := range names {
		parts = append(parts, text(n))
	}
	return seq(field(0, num(kind)), field(1, seq(parts...)))
}

func sealed(etype int) []byte {
	return seq(field(0, num(etype)), field(1, num(2)), field(2, octets([]byte("secret"))))
}

func ticket(etype int, realm string, server ...string) []byte {
	return el(ber.Application(1).Constructed(), seq(field(0, num(5)), field(1, text(realm)), field(2, principal(2, server...)), field(3, sealed(etype))))
}

func padata(t int, value []byte) []byte { return seq(field(1, num(t)), field(2, octets(value))) }

func etypes(list ...int) []byte {
	var parts [][]byte
	for _, e := range list {
		parts = append(parts, num(e))
	}
	return seq(parts...)
}

func asReq(nonce int, pa ...[]byte) []byte {
	return app(ASReq, field(1, num(5)), field(2, num(10)), field(3, seq(pa...)), field(4, seq(
		field(0, el(ber.BitString, []byte{0, 0x40, 0x81, 0, 0x10})),
		field(1, principal(1, "nurse7")), field(2, text("HOSP.EXAMPLE")), field(3, principal(2, "krbtgt", "HOSP.EXAMPLE")),
		field(5, stamp("20370913024805Z")), field(6, stamp("20370913024805Z")), field(7, num(nonce)), field(8, etypes(18, 23, -133)))))
}

func tgsReq(nonce int, pa ...[]byte) []byte {
	ap := app(APReq, field(0, num(5)), field(1, num(14)), field(2, el(ber.BitString, []byte{0, 0, 0, 0, 0})),
		field(3, ticket(18, "HOSP.EXAMPLE", "krbtgt", "HOSP.EXAMPLE")), field(4, sealed(18)))
	return app(TGSReq, field(1, num(5)), field(2, num(12)), field(3, seq(append([][]byte{padata(1, ap)}, pa...)...)), field(4, seq(
		field(0, el(ber.BitString, []byte{0, 0x40, 0x83, 0, 0})),
		field(2, text("HOSP.EXAMPLE")), field(3, principal(2, "cifs", "files01")),
		field(5, stamp("20370913024805Z")), field(7, num(nonce)), field(8, etypes(23)),
		field(11, seq(ticket(23, "HOSP.EXAMPLE", "web", "portal"))))))
}

func apReq(server ...string) []byte {
	return app(APReq, field(0, num(5)), field(1, num(14)), field(2, el(ber.BitString, []byte{0, 0, 0, 0, 0})),
		field(3, ticket(18, "HOSP.EXAMPLE", server...)), field(4, sealed(18)))
}

// cert is the least that a certificate may be.
func cert(serial int) []byte {
	return seq(seq(field(0, num(2)), num(serial)))
}

// signed is ContentInfo of SignedData, signed by the certificate of a number.
func signed(serial int, certificates ...[]byte) []byte {
	return seq(el(ber.OID, []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02")), field(0, seq(num(3), el(ber.Set), seq(), field(0, certificates...),
		el(ber.Set, seq(num(1), seq(seq(), num(serial)))))))
}

func password(version int, ap, priv []byte) []byte {
	out := binary.BigEndian.AppendUint16(nil, uint16(passwordHeader+len(ap)+len(priv)))
	out = binary.BigEndian.AppendUint16(out, uint16(version))
	out = binary.BigEndian.AppendUint16(out, uint16(len(ap)))
	return slices.Concat(out, ap, priv)
}

func rep(t MessageType, etype int, server ...string) []byte {
	return app(t, field(0, num(5)), field(1, num(int(t))), field(3, text("HOSP.EXAMPLE")), field(4, principal(1, "nurse7")),
		field(5, ticket(etype, "HOSP.EXAMPLE", server...)), field(6, sealed(18)))
}

func krbError(code int, data []byte) []byte {
	return app(Error, field(0, num(5)), field(1, num(30)), field(4, stamp("20261122040000Z")), field(5, num(7)), field(6, num(code)),
		field(9, text("HOSP.EXAMPLE")), field(10, principal(2, "krbtgt", "HOSP.EXAMPLE")), field(11, text("no")), field(12, octets(data)))
}

func describe(m *Message) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s %s@%s for %s@%s", m.Type, m.Client.Name, m.ClientRealm, m.Server.Name, m.Realm)
	if m.Till != 0 {
		fmt.Fprintf(&s, " till %s", time.Unix(m.Till, 0).UTC().Format(time.DateOnly))
	}
	fmt.Fprintf(&s, " %v %v %v", m.Options.AppendNames(nil), m.Etypes, m.PreAuth)
	for _, e := range []struct {
		name string
		e    Etype
	}{{"proof", m.ProofEtype}, {"enc", m.Etype}, {"ticket", m.Ticket.Etype}, {"evidence", m.Evidence.Etype}} {
		if e.e != 0 {
			fmt.Fprintf(&s, " %s=%s", e.name, e.e)
		}
	}
	if self, proxy := m.S4U(); self || proxy {
		fmt.Fprintf(&s, " s4u=%v,%v user=%s@%s", self, proxy, m.ForUser.Name, m.ForUserRealm)
	}
	if m.Type == ASReq && m.Proof() != Unproven {
		fmt.Fprintf(&s, " by %s", m.Proof())
	}
	for _, e := range []struct {
		name string
		v    []byte
	}{{"salt", m.Salt}, {"host", m.Host}, {"armour", m.Armor.Server.Name}} {
		if len(e.v) > 0 {
			fmt.Fprintf(&s, " %s=%s", e.name, e.v)
		}
	}
	for _, e := range []struct {
		name string
		v    bool
	}{{"without PAC", m.NoPAC}, {"armoured", m.Armored}, {"with authorization data", m.Authorization}} {
		if e.v {
			fmt.Fprintf(&s, " %s", e.name)
		}
	}
	if len(m.Certificate) > 0 {
		fmt.Fprintf(&s, " certificate=%x", m.Certificate)
	}
	if m.PACOptions != 0 {
		fmt.Fprintf(&s, " %v", m.PACOptions.AppendNames(nil))
	}
	if m.Password != 0 {
		fmt.Fprintf(&s, " password=%#x", m.Password)
	}
	if m.Type == Error {
		fmt.Fprintf(&s, " %s %q nt=%#x at %d", m.Error, m.ErrorText, m.NTStatus, m.ServerTime)
	}
	return s.String()
}

func TestParse(t *testing.T) {
	var m Message
	for _, c := range []struct {
		says string
		in   []byte
		want string
	}{
		{"a sign-on that proves itself by a time stamp", asReq(7, padata(2, sealed(18)), padata(128, seq(field(0, []byte{1, 1, 255})))),
			"KRB_AS_REQ nurse7@ for krbtgt/HOSP.EXAMPLE@HOSP.EXAMPLE till 2037-09-13 [forwardable renewable canonicalize renewable-ok] [aes256-cts-hmac-sha1-96 rc4-hmac rc4-hmac-old] [PA-ENC-TIMESTAMP PA-PAC-REQUEST] proof=aes256-cts-hmac-sha1-96 by password"},
		{"a service that asks in a user's name, with evidence", tgsReq(7, padata(129, seq(field(0, principal(10, "boss")), field(1, text("HOSP"))))),
			"KRB_TGS_REQ @ for cifs/files01@HOSP.EXAMPLE till 2037-09-13 [forwardable renewable cname-in-addl-tkt canonicalize] [rc4-hmac] [PA-TGS-REQ PA-FOR-USER] enc=aes256-cts-hmac-sha1-96 ticket=aes256-cts-hmac-sha1-96 evidence=rc4-hmac s4u=true,true user=boss@HOSP"},
		{"the same said in the newer way", tgsReq(7, padata(130, seq(field(0, seq(field(0, num(1)), field(1, principal(10, "boss")), field(2, text("HOSP"))))))),
			"KRB_TGS_REQ @ for cifs/files01@HOSP.EXAMPLE till 2037-09-13 [forwardable renewable cname-in-addl-tkt canonicalize] [rc4-hmac] [PA-TGS-REQ PA-S4U-X509-USER] enc=aes256-cts-hmac-sha1-96 ticket=aes256-cts-hmac-sha1-96 evidence=rc4-hmac s4u=true,true user=boss@HOSP"},
		{"a ticket that can be cracked", rep(TGSRep, 23, "MSSQLSvc", "db01:1433"),
			"KRB_TGS_REP nurse7@HOSP.EXAMPLE for MSSQLSvc/db01:1433@HOSP.EXAMPLE [] [] [] enc=aes256-cts-hmac-sha1-96 ticket=rc4-hmac"},
		{"an error that says what the KDC would take", krbError(25, seq(padata(19, seq(seq(field(0, num(18)), field(1, text("salt"))), seq(field(0, num(23))))), padata(2, nil))),
			`KRB_ERROR @ for krbtgt/HOSP.EXAMPLE@HOSP.EXAMPLE [] [aes256-cts-hmac-sha1-96 rc4-hmac] [PA-ETYPE-INFO2 PA-ENC-TIMESTAMP] salt=salt KDC_ERR_PREAUTH_REQUIRED "no" nt=0x0 at 1795320000`},
		{"an error with what Windows says beside it", krbError(18, seq(field(1, num(3)), field(2, octets([]byte{0x34, 2, 0, 0xc0, 0, 0, 0, 0, 1, 0, 0, 0})))),
			`KRB_ERROR @ for krbtgt/HOSP.EXAMPLE@HOSP.EXAMPLE [] [] [] KDC_ERR_CLIENT_REVOKED "no" nt=0xc0000234 at 1795320000`},
		{"an error without a name", krbError(1000, nil),
			`KRB_ERROR @ for krbtgt/HOSP.EXAMPLE@HOSP.EXAMPLE [] [] [] KRB_ERR_1000 "no" nt=0x0 at 1795320000`},
		{"a sign-on without a PAC from a workstation that says its name", app(ASReq, field(1, num(5)), field(2, num(10)),
			field(3, seq(padata(128, seq(field(0, []byte{1, 1, 0}))), padata(167, seq(field(0, el(ber.BitString, []byte{0, 0x50, 0, 0, 0})))))),
			field(4, seq(field(1, principal(1, "wks1$")), field(9, seq(seq(field(0, num(2)), field(1, octets([]byte{10, 0, 0, 7}))),
				seq(field(0, num(20)), field(1, octets([]byte("WKS1            ")))))))),
		), "KRB_AS_REQ wks1$@ for @ [] [] [PA-PAC-REQUEST PA-PAC-OPTIONS] host=WKS1 without PAC [branch-aware resource-based-constrained-delegation]"},
		{"a sign-on in the armour of a machine", asReq(7, padata(136, field(0, seq(field(0, seq(field(0, num(1)), field(1, octets(apReq("krbtgt", "HOSP.EXAMPLE"))))),
			field(1, seq(field(0, num(7)), field(1, octets(nil)))), field(2, sealed(18)))))),
			"KRB_AS_REQ nurse7@ for krbtgt/HOSP.EXAMPLE@HOSP.EXAMPLE till 2037-09-13 [forwardable renewable canonicalize renewable-ok] [aes256-cts-hmac-sha1-96 rc4-hmac rc4-hmac-old] [PA-FX-FAST] by FAST armour=krbtgt/HOSP.EXAMPLE armoured"},
		{"a sign-on by a certificate: the one that signs, of several", asReq(7, padata(16, seq(el(ber.Context(0), signed(9, cert(4), cert(9)))))),
			"KRB_AS_REQ nurse7@ for krbtgt/HOSP.EXAMPLE@HOSP.EXAMPLE till 2037-09-13 [forwardable renewable canonicalize renewable-ok] [aes256-cts-hmac-sha1-96 rc4-hmac rc4-hmac-old] [PA-PK-AS-REQ] by certificate certificate=300a3008a003020102020109"},
		{"the KDC's certificate, in an agreement of keys", app(ASRep, field(0, num(5)), field(2, seq(padata(17, field(0, seq(el(ber.Context(0), signed(1, cert(4)))))), padata(3, []byte("saltnurse7"))))),
			"KRB_AS_REP @ for @ [] [] [PA-PK-AS-REP PA-PW-SALT] salt=saltnurse7 certificate=300a3008a003020102020104"},
		{"a ticket with rights of one's own", app(TGSReq, field(1, num(5)), field(4, seq(field(10, sealed(23))))), "KRB_TGS_REQ @ for @ [] [] [] with authorization data"},
		{"an error with the old list and what Windows says beside it", krbError(18, seq(padata(11, seq(seq(field(0, num(23)), field(1, octets([]byte("s")))))), padata(3, []byte{0x72, 0, 0, 0xc0, 0, 0, 0, 0, 1, 0, 0, 0}))),
			`KRB_ERROR @ for krbtgt/HOSP.EXAMPLE@HOSP.EXAMPLE [] [rc4-hmac] [PA-ETYPE-INFO PA-PW-SALT] salt=s KDC_ERR_CLIENT_REVOKED "no" nt=0xc0000072 at 1795320000`},
		{"a password is changed", password(0xff80, apReq("kadmin", "changepw"), []byte("KRB-PRIV")),
			"KRB_AP_REQ @ for kadmin/changepw@HOSP.EXAMPLE [] [] [] enc=aes256-cts-hmac-sha1-96 ticket=aes256-cts-hmac-sha1-96 password=0xff80"},
		{"a change of a password is refused", append([]byte{0, 0x6c, 0, 1, 0, 0}, krbError(60, []byte{0, 3})...),
			`KRB_ERROR @ for krbtgt/HOSP.EXAMPLE@HOSP.EXAMPLE [] [] [] password=0x1 KRB_ERR_GENERIC "no" nt=0x0 at 1795320000`},
		{"a service's reply", app(APRep, field(0, num(5)), field(1, num(15)), field(2, sealed(18))),
			"KRB_AP_REP @ for @ [] [] [] enc=aes256-cts-hmac-sha1-96"},
	} {
		if err := Parse(c.in, &m); err != nil {
			t.Errorf("%s: got %v, want no error", c.says, err)
		}
		if got := describe(&m); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.says, got, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		says string
		in   []byte
		want error
	}{
		{"nothing", nil, ErrType},
		{"LDAP", []byte{0x30, 0x0c, 2, 1, 1}, ErrType},
		{"a ticket alone", ticket(18, "R", "s"), ErrType},
		{"half a message", asReq(7)[:60], ber.ErrShort},
		{"version 4", app(ASRep, field(0, num(4))), ErrVersion},
		{"a message without its sequence", el(ber.Application(10).Constructed(), num(5)), ber.ErrTag},
	} {
		if err := Parse(c.in, new(Message)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.says, err, c.want)
		}
	}
}

func TestParseCutKeepsWhatIsThere(t *testing.T) {
	p := rep(ASRep, 23, "krbtgt", "HOSP.EXAMPLE")
	var m Message
	if err := ParseCut(p[:len(p)-12], &m); err != nil || m.Ticket.Etype != RC4 || m.Etype != AES256 {
		t.Errorf("got %v, ticket %s, enc %s, want both types", err, m.Ticket.Etype, m.Etype)
	}
}

func TestProof(t *testing.T) {
	for _, c := range []struct {
		says string
		in   []byte
		want Proof
	}{
		{"a time stamp is a proof", asReq(1, padata(2, sealed(18))), ByPassword},
		{"a certificate is a better one", asReq(1, padata(2, sealed(18)), padata(16, seq())), ByCertificate},
		{"what a token shows is one", asReq(1, padata(142, seq())), ByOther},
		{"a wish for a PAC is none", asReq(1, padata(128, nil)), Unproven},
		{"nothing is none", asReq(1), Unproven},
	} {
		var m Message
		if err := Parse(c.in, &m); err != nil || m.Proof() != c.want {
			t.Errorf("%s: got %s %v, want %s", c.says, m.Proof(), err, c.want)
		}
	}
}

func TestATicketIsKnownAgain(t *testing.T) {
	var issued, shown, other Message
	for _, err := range []error{Parse(rep(ASRep, 18, "krbtgt", "HOSP.EXAMPLE"), &issued), Parse(tgsReq(1), &shown),
		Parse(bytes.Replace(rep(ASRep, 18, "krbtgt", "HOSP.EXAMPLE"), []byte("secret"), []byte("forged"), 1), &other)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if issued.Ticket.Sum != shown.Ticket.Sum || issued.Ticket.Sum == other.Ticket.Sum {
		t.Errorf("got %x issued, %x shown and %x of another, want the first two alike", issued.Ticket.Sum, shown.Ticket.Sum, other.Ticket.Sum)
	}
	p := rep(ASRep, 18, "krbtgt", "HOSP.EXAMPLE")
	cut := bytes.Index(p, []byte("secret")) + 3
	if err := ParseCut(p[:cut], &issued); err != nil || issued.Ticket.Sum != [32]byte{} {
		t.Errorf("got %x %v of half a ticket, want nothing", issued.Ticket.Sum, err)
	}
}

func TestWeak(t *testing.T) {
	for e, want := range map[Etype]bool{0: false, 3: true, 16: true, 17: false, 18: false, 20: false, 23: true, -133: true, 26: false} {
		if got := e.Weak(); got != want {
			t.Errorf("%s: got weak %v, want %v", e, got, want)
		}
	}
}

func record(p []byte) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(p))), p...) }

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		says  string
		in    []byte
		match wire.Match
		dir   wire.Dir
	}{
		{"a request is from the client", record(asReq(1)), wire.Yes, wire.ToServer},
		{"a change of a password is from the client", record(password(1, apReq("kadmin", "changepw"), []byte("priv"))), wire.Yes, wire.ToServer},
		{"its first bytes may be one", record(password(1, apReq("kadmin", "changepw"), nil))[:9], wire.Unsure, wire.Either},
		{"one of another version is none", record(password(2, apReq("kadmin", "changepw"), nil)), wire.No, wire.Either},
		{"a reply is from the server", record(rep(ASRep, 18, "s")), wire.Yes, wire.ToClient},
		{"an error is from the server", record(krbError(1, nil)), wire.Yes, wire.ToClient},
		{"its first bytes may be one", record(asReq(1))[:9], wire.Unsure, wire.ToServer},
		{"three bytes may be one", record(asReq(1))[:3], wire.Unsure, wire.Either},
		{"nothing may be one", nil, wire.Unsure, wire.Either},
		{"HTTP is none", []byte("GET / HTTP/1.1\r\n"), wire.No, wire.Either},
		{"SMB is none", []byte("\x00\x00\x00\x45\xffSMBr\x00\x00\x00\x00"), wire.No, wire.Either},
		{"LDAP is none", []byte("\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"), wire.No, wire.Either},
		{"a length that contradicts itself is none", append([]byte{0, 0, 9, 9}, asReq(1)...), wire.No, wire.Either},
	} {
		match, dir := Probe(c.in)
		if match != c.match || match == wire.Yes && dir != c.dir {
			t.Errorf("%s: got %d %s, want %d %s", c.says, match, dir, c.match, c.dir)
		}
	}
}

func up(p []byte) wiretest.Chunk   { return wiretest.Chunk{Dir: wire.ToServer, Bytes: p} }
func down(p []byte) wiretest.Chunk { return wiretest.Chunk{Dir: wire.ToClient, Bytes: p} }

func TestConversation(t *testing.T) {
	big := rep(TGSRep, 18, "s")
	huge := append(slices.Clone(asReq(9)), make([]byte, 100_000)...)
	for _, c := range []struct {
		says   string
		pieces []wiretest.Chunk
		want   []string
	}{
		{"a request and its reply are one exchange", []wiretest.Chunk{up(record(asReq(1))), down(record(rep(ASRep, 18, "s")))},
			[]string{"KRB_AS_REP+req"}},
		{"a reply alone is reported", []wiretest.Chunk{down(record(rep(ASRep, 18, "s")))}, []string{"KRB_AS_REP"}},
		{"an error answers the oldest request", []wiretest.Chunk{up(record(tgsReq(1))), down(record(krbError(7, nil)))},
			[]string{"KRB_ERROR+req failed=KRB_TGS_REQ"}},
		{"a reply finds its request among others", []wiretest.Chunk{up(slices.Concat(record(asReq(1)), record(tgsReq(2)))), down(record(big)), down(record(rep(ASRep, 18, "s")))},
			[]string{"KRB_TGS_REP+req", "KRB_AS_REP+req"}},
		{"a repeated request is one", []wiretest.Chunk{up(record(asReq(1))), up(record(asReq(1)))}, []string{"KRB_AS_REQ"}},
		{"a message is found again behind a gap", []wiretest.Chunk{up(record(asReq(1))[:50]), {Dir: wire.ToServer, Lost: 999, Bytes: append([]byte("tail of something"), record(tgsReq(2))...)}},
			[]string{"KRB_TGS_REQ"}},
		{"a message too long to keep is read as far as it can be", []wiretest.Chunk{up(append(record(huge), record(tgsReq(2))...))},
			[]string{"KRB_AS_REQ", "KRB_TGS_REQ"}},
		{"a change of a password is one exchange", []wiretest.Chunk{up(record(password(1, apReq("kadmin", "changepw"), []byte("priv")))), down(record(password(1, app(APRep, field(0, num(5)), field(2, sealed(18))), nil)))},
			[]string{"KRB_AP_REP+req"}},
		{"what is no message ends it", []wiretest.Chunk{up([]byte("\x00\x00\x00\x10abcdefghijklmnop"))},
			[]string{errRecord.Error()}},
	} {
		if got := feed(t, c.pieces); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.says, got, c.want)
		}
		wiretest.Splits(t, c.pieces, fresh)
	}
}

type short struct{ lines []string }

func (s *short) Exchange(x Exchange) {
	switch {
	case x.Reply == nil:
		s.lines = append(s.lines, x.Request.Type.String())
	case x.Request == nil:
		s.lines = append(s.lines, x.Reply.Type.String())
	case x.Reply.Type == Error:
		s.lines = append(s.lines, x.Reply.Type.String()+"+req failed="+x.Request.Type.String())
	default:
		s.lines = append(s.lines, x.Reply.Type.String()+"+req")
	}
}

func feed(t testing.TB, pieces []wiretest.Chunk) []string {
	t.Helper()
	var s short
	f := wiretest.Feed[Handler]{T: t, Conversation: new(Conversation), Handler: &s}
	if err := f.Play(pieces); err != nil {
		s.lines = append(s.lines, err.Error())
	}
	return s.lines
}

func TestWaitingRequestsAreBounded(t *testing.T) {
	var c Conversation
	var s short
	for n := range 100 {
		if err := c.Datagram(asReq(n+1), &s); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.waiting) > MaxWaiting || len(s.lines) != 100-MaxWaiting {
		t.Errorf("got %d waiting and %d reported, want %d and %d", len(c.waiting), len(s.lines), MaxWaiting, 100-MaxWaiting)
	}
}

// nobody is a handler that does nothing.
type nobody struct{}

func (nobody) Exchange(Exchange) {}

func TestConversationDoesNotAllocate(t *testing.T) {
	in := slices.Concat(record(asReq(1)), record(tgsReq(2)))
	out := slices.Concat(record(rep(ASRep, 18, "s")), record(krbError(7, nil)))
	var c Conversation
	if got := testing.AllocsPerRun(100, func() {
		_, _, _ = c.Decode(wire.ToServer, in, nobody{})
		_, _, _ = c.Decode(wire.ToClient, out, nobody{})
		c.Reset()
	}); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func seeds(f *testing.F, wrap func([]byte) []byte) {
	for _, p := range [][]byte{
		asReq(7, padata(2, sealed(18))), tgsReq(7, padata(129, seq(field(0, principal(10, "boss")), field(1, text("HOSP"))))),
		rep(ASRep, 23, "krbtgt", "R"), rep(TGSRep, 18, "cifs", "h"), krbError(25, seq(padata(19, seq(seq(field(0, num(18))))))),
		krbError(18, seq(field(1, num(3)), field(2, octets([]byte{0x34, 2, 0, 0xc0})))),
		asReq(7, padata(16, seq(el(ber.Context(0), signed(9, cert(4), cert(9)))))), password(1, apReq("kadmin", "changepw"), []byte("priv")),
		asReq(7, padata(136, field(0, seq(field(0, seq(field(0, num(1)), field(1, octets(apReq("krbtgt", "R"))))), field(2, sealed(18)))))),
		app(APReq, field(0, num(5)), field(1, num(14)), field(3, ticket(18, "R", "cifs", "h")), field(4, sealed(18))),
	} {
		f.Add(wrap(p))
	}
}

func FuzzParse(f *testing.F) {
	seeds(f, func(p []byte) []byte { return p })
	var m Message
	f.Fuzz(func(t *testing.T, p []byte) {
		_ = Parse(p, &m)
		_ = ParseCut(p, &m)
		describe(&m)
		if len(m.text) > maxText || len(m.der) > MaxCertificate+4 || len(m.Etypes) > MaxTypes || len(m.PreAuth) > MaxTypes {
			t.Errorf("got %d bytes of text, %d and %d types, want them bounded", len(m.text), len(m.Etypes), len(m.PreAuth))
		}
	})
}

func FuzzConversation(f *testing.F) {
	seeds(f, record)
	f.Fuzz(func(t *testing.T, p []byte) {
		half := len(p) / 2
		wiretest.Splits(t, []wiretest.Chunk{up(p[:half]), down(p[half:]), {Dir: wire.ToServer, Lost: 3, Bytes: p}}, fresh)
	})
}

func BenchmarkParse(b *testing.B) {
	p := tgsReq(7)
	var m Message
	b.ReportAllocs()
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		_ = Parse(p, &m)
	}
}

func BenchmarkConversation(b *testing.B) {
	in, out := record(asReq(1, padata(2, sealed(18)))), record(rep(ASRep, 18, "krbtgt", "HOSP.EXAMPLE"))
	var c Conversation
	b.ReportAllocs()
	b.SetBytes(int64(len(in) + len(out)))
	for b.Loop() {
		_, _, _ = c.Decode(wire.ToServer, in, nobody{})
		_, _, _ = c.Decode(wire.ToClient, out, nobody{})
	}
}
