package spnego

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"bulwark/wire/ber"
	"bulwark/wire/ntlm"
)

func el(t ber.Tag, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	return append([]byte{byte(t), 0x82, byte(len(body) >> 8), byte(len(body))}, body...)
}

func context(n int, parts ...[]byte) []byte { return el(ber.Context(n).Constructed(), parts...) }
func oid(s string) []byte                   { return el(ber.OID, []byte(s)) }

func initial(mechToken []byte, offered ...string) []byte {
	var list [][]byte
	for _, o := range offered {
		list = append(list, oid(o))
	}
	return el(tagGSS, oid(oidSPNEGO), context(0, el(ber.Sequence,
		context(0, el(ber.Sequence, list...)), context(2, el(ber.OctetString, mechToken)))))
}

func response(state byte, mech string, token []byte) []byte {
	return context(1, el(ber.Sequence, context(0, el(ber.Enumerated, []byte{state})),
		context(1, oid(mech)), context(2, el(ber.OctetString, token))))
}

func challenge() []byte {
	p := make([]byte, 48)
	copy(p, ntlm.Signature)
	p[8] = 2
	return p
}

func apReq() []byte {
	name := el(ber.Sequence, context(0, el(ber.Integer, []byte{2})), context(1, el(ber.Sequence, el(ber.GeneralString, []byte("cifs")), el(ber.GeneralString, []byte("files01")))))
	enc := el(ber.Sequence, context(0, el(ber.Integer, []byte{18})), context(2, el(ber.OctetString, []byte("x"))))
	ticket := el(ber.Application(1).Constructed(), el(ber.Sequence, context(0, el(ber.Integer, []byte{5})), context(1, el(ber.GeneralString, []byte("HOSP"))), context(2, name), context(3, enc)))
	return el(ber.Application(14).Constructed(), el(ber.Sequence, context(0, el(ber.Integer, []byte{5})), context(3, ticket), context(4, enc)))
}

func gss(mech string, id byte, p []byte) []byte { return el(tagGSS, oid(mech), []byte{id, 0}, p) }

func TestParse(t *testing.T) {
	var tok Token
	whole := initial(gss(oidKerberos, 1, apReq()), oidKerberos)
	for _, c := range []struct {
		says string
		in   []byte
		want string
		err  error
	}{
		{"a client offers Kerberos first and brings a ticket", initial(gss(oidKerberos, 1, apReq()), oidMSKerberos, oidKerberos, oidNegoEx, oidNTLM),
			"[Kerberos Kerberos NegoEx NTLM] none 0 Kerberos cifs/files01@HOSP", nil},
		{"a server chooses NTLM and challenges", response(1, oidNTLM, challenge()), "[] NTLM 2 NTLM challenge", nil},
		{"a server is content", response(0, oidKerberos, nil), "[] Kerberos 1 none", nil},
		{"Kerberos without SPNEGO", gss(oidKerberos, 1, apReq()), "[] Kerberos 0 Kerberos cifs/files01@HOSP", nil},
		{"a bare NTLMSSP message", challenge(), "[] none 0 NTLM challenge", nil},
		{"a bare AP-REQ", apReq(), "[] none 0 Kerberos cifs/files01@HOSP", nil},
		{"a mechanism not read here leaves the list", initial([]byte("NEGOEXTS...."), oidNegoEx), "[NegoEx] none 0 none", nil},
		{"a cut token gives what is there", whole[:len(whole)-30], "[Kerberos] none 0 Kerberos cifs/files01@HOSP", nil},
		{"no bytes", nil, "[] none 0 none", ErrToken},
		{"something else", []byte("Basic realm"), "[] none 0 none", ErrToken},
	} {
		err := Parse(c.in, &tok)
		got := fmt.Sprintf("%v %v %d %v", tok.Offered, tok.Chosen, tok.State, tok.Inner)
		switch tok.Inner {
		case NTLM:
			got += " " + tok.NTLM.Kind.String()
		case Kerberos:
			got += fmt.Sprintf(" %s@%s", tok.Kerberos.Server.Name, tok.Kerberos.Realm)
		}
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s:\n got %s %v\nwant %s %v", c.says, got, err, c.want, c.err)
		}
	}
}

func TestParseDoesNotAllocate(t *testing.T) {
	p := initial(gss(oidKerberos, 1, apReq()), oidMSKerberos, oidKerberos, oidNTLM)
	var tok Token
	if got := testing.AllocsPerRun(100, func() { _ = Parse(p, &tok) }); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(initial(gss(oidKerberos, 1, apReq()), oidMSKerberos, oidKerberos, oidNegoEx, oidNTLM))
	f.Add(response(1, oidNTLM, challenge()))
	f.Add(gss(oidKerberos, 1, apReq()))
	f.Add(challenge())
	var tok Token
	f.Fuzz(func(t *testing.T, p []byte) {
		_ = Parse(p, &tok)
		if len(tok.Offered) > MaxOffered {
			t.Errorf("got %d mechanisms, want at most %d", len(tok.Offered), MaxOffered)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	p := initial(gss(oidKerberos, 1, apReq()), oidMSKerberos, oidKerberos, oidNTLM)
	var tok Token
	b.ReportAllocs()
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		_ = Parse(p, &tok)
	}
}
