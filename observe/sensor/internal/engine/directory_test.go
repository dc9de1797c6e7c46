package engine

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

// der is an element of BER.
func der(tag byte, parts ...string) string {
	body := strings.Join(parts, "")
	if len(body) < 0x80 {
		return string([]byte{tag, byte(len(body))}) + body
	}
	return string([]byte{tag, 0x82, byte(len(body) >> 8), byte(len(body))}) + body
}

func derText(s string) string       { return der(0x04, s) }
func derName(s string) string       { return der(0x1b, s) }
func derNumber(n byte) string       { return der(0x02, string([]byte{n})) }
func derSeq(p ...string) string     { return der(0x30, p...) }
func derIn(n byte, s string) string { return der(0xa0|n, s) }

// principalOf is a name of Kerberos of two components at most.
func principalOf(names ...string) string {
	var all string
	for _, n := range names {
		all += derName(n)
	}
	return derSeq(derIn(0, derNumber(2)), derIn(1, derSeq(all)))
}

func ticketOf(etype byte, cipher string, service ...string) string {
	return der(0x61, derSeq(derIn(0, derNumber(5)), derIn(1, derName("HOSP.EXAMPLE")), derIn(2, principalOf(service...)),
		derIn(3, derSeq(derIn(0, derNumber(etype)), derIn(1, derNumber(2)), derIn(2, derText(cipher))))))
}

func apRequest(ticket string) string {
	return der(0x6e, derSeq(derIn(0, derNumber(5)), derIn(1, derNumber(14)), derIn(2, der(0x03, "\x00\x00\x00\x00\x00")), derIn(3, ticket),
		derIn(4, derSeq(derIn(0, derNumber(18)), derIn(2, derText("authenticator"))))))
}

// overTCP puts the length before a message of Kerberos.
func overTCP(p string) string { return string([]byte{0, 0, byte(len(p) >> 8), byte(len(p))}) + p }

func TestATicketIsKnownWhereItIsIssuedAndWhereItIsShown(t *testing.T) {
	sum := sha256.Sum256([]byte("for the mailbox"))
	digest := hex.EncodeToString(sum[:])
	ask := der(0x6a, derSeq(derIn(1, derNumber(5)), derIn(2, derNumber(10)), derIn(4, derSeq(derIn(1, principalOf("wks7$")),
		derIn(2, derName("HOSP.EXAMPLE")), derIn(3, principalOf("krbtgt", "HOSP.EXAMPLE")), derIn(7, derNumber(9))))))
	reply := der(0x6b, derSeq(derIn(0, derNumber(5)), derIn(1, derNumber(11)), derIn(3, derName("HOSP.EXAMPLE")), derIn(4, principalOf("wks7$")),
		derIn(5, ticketOf(23, "for the mailbox", "krbtgt", "HOSP.EXAMPLE")), derIn(6, derSeq(derIn(0, derNumber(23)), derIn(2, derText("secret"))))))
	tells(t, played(t, up(overTCP(ask)), down(overTCP(reply))), []string{`"krb5.msg_type":"KRB_AS_REP"`, `"krb5.proof":"none"`, `"krb5.ticket_hash":"` + digest + `"`,
		`"krb5.ticket_key_version":2`, `"krb5.ticket_weak_encryption":true`, `"device.role":"kerberos kdc"`}, []string{"secret", `"kind":"auth"`})

	bind := derSeq(derNumber(1), der(0x60, derNumber(3), derText(""), der(0xa3, derText("GSSAPI"), derText(apRequest(ticketOf(23, "for the mailbox", "ldap", "dc1"))))))
	goOn := derSeq(derNumber(1), der(0x61, der(0x0a, "\x0e"), derText(""), derText("")))
	again := derSeq(derNumber(2), der(0x60, derNumber(3), derText(""), der(0xa3, derText("GSSAPI"), derText(""))))
	done := derSeq(derNumber(2), der(0x61, der(0x0a, "\x00"), derText(""), derText("")))
	tells(t, played(t, up(bind), down(goOn), up(again), down(done)), []string{`"krb5.msg_type":"KRB_AP_REQ"`, `"krb5.carrier":"ldap"`,
		`"krb5.presented.service":"ldap/dc1"`, `"krb5.presented.encryption":"rc4-hmac","krb5.presented.is_weak_encryption":true,"krb5.presented.key_version":2,"krb5.presented.ticket_hash":"` + digest + `"`,
		`"auth_protocol":"LDAP GSSAPI","status":"success","service.name":"ldap/dc1"`}, nil)

	web := "GET / HTTP/1.1\r\nHost: intranet\r\nAuthorization: Negotiate " + base64.StdEncoding.EncodeToString([]byte(apRequest(ticketOf(18, "for the mailbox", "http", "intranet")))) + "\r\n\r\n"
	tells(t, played(t, up(web), down("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")), []string{`"krb5.carrier":"http"`, `"krb5.presented.ticket_hash":"` + digest + `"`,
		`"auth_protocol":"Kerberos","status":"success","service.name":"http/intranet"`}, nil)
}

func TestASignOnByNTLMWithinHTTPIsTold(t *testing.T) {
	// [MS-NLMP] 2.2.1.3: domain, user and workstation in an OEM character set
	message := "NTLMSSP\x00\x03\x00\x00\x00" + strings.Repeat("\x00\x00\x00\x00\x40\x00\x00\x00", 2) +
		"\x04\x00\x04\x00\x40\x00\x00\x00" + "\x06\x00\x06\x00\x44\x00\x00\x00" + "\x04\x00\x04\x00\x4a\x00\x00\x00" + "\x00\x00\x00\x00\x4e\x00\x00\x00" +
		"\x02\x02\x00\x00" + "HOSP" + "nurse7" + "WKS1"
	web := "GET / HTTP/1.1\r\nHost: intranet\r\nAuthorization: NTLM " + base64.StdEncoding.EncodeToString([]byte(message)) + "\r\n\r\n"
	tells(t, played(t, up(web), down("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")), []string{`"kind":"auth"`, `"user.name":"nurse7","user.domain":"HOSP"`,
		`"auth_protocol":"NTLM","status":"failure"`, `"src_endpoint.hostname":"WKS1"`}, nil)
}

func TestAChangeOfRightsInADirectoryIsToldWithoutPasswords(t *testing.T) {
	change := func(kind, attribute, value string) string {
		return derSeq(der(0x0a, kind), derSeq(derText(attribute), der(0x31, derText(value))))
	}
	modify := derSeq(derNumber(7), der(0x66, derText("CN=WKS1,DC=hosp"), derSeq(
		change("\x00", "msDS-KeyCredentialLink", "B:4:0002:CN=WKS1,DC=hosp"), change("\x02", "unicodePwd", "hunter2"), change("\x00", "description", "of Mrs Smith"))))
	done := derSeq(derNumber(7), der(0x67, der(0x0a, "\x00"), derText(""), derText("")))
	tells(t, played(t, up(modify), down(done)), []string{`"ldap.dn":"CN=WKS1,DC=hosp"`, `"is_cleartext":true`, `"status_detail":"success"`,
		`"ldap.changes":["add msDS-KeyCredentialLink: B:4:0002:CN=WKS1,DC=hosp","replace unicodePwd","add description"]`}, []string{"hunter2", "Smith"})
	sync := derSeq(derNumber(8), der(0x63, derText("DC=hosp"), der(0x0a, "\x02"), der(0x0a, "\x00"), derNumber(0), derNumber(0), der(0x01, "\x00"),
		der(0x87, "objectClass"), derSeq()), der(0xa0, derSeq(derText("1.2.840.113556.1.4.841"), der(0x01, "\xff"), derText("")), derSeq(derText("1.2.3"))))
	tells(t, played(t, up(sync)), []string{`"ldap.controls":["DirSync","1.2.3"]`}, nil)
	move := derSeq(derNumber(9), der(0x6c, derText(`CN=A\, B,OU=Old,DC=hosp`), derText("CN=C"), der(0x01, "\xff")))
	tells(t, played(t, up(move)), []string{`"ldap.new_dn":"CN=C,OU=Old,DC=hosp"`}, nil)
}

func TestADomainControllerIsTold(t *testing.T) {
	netlogon := "\x17\x00\x00\x00\x29\x01\x00\x00" + strings.Repeat("\x01", 16) + "\x04hosp\x07example\x00\xc0\x18\x03dc1\xc0\x18\x04HOSP\x00\x03DC1\x00\x00\x04Main\x00\x04Ward\x00"
	ask := derSeq(derNumber(1), der(0x63, derText(""), der(0x0a, "\x00"), der(0x0a, "\x00"), derNumber(0), derNumber(0), der(0x01, "\x00"),
		der(0xa0, der(0xa3, derText("DnsDomain"), derText("hosp.example")), der(0xa3, derText("Host"), derText("WKS1"))), derSeq(derText("Netlogon"))))
	reply := derSeq(derNumber(1), der(0x64, derText(""), derSeq(derSeq(derText("netlogon"), der(0x31, derText(netlogon)))))) +
		derSeq(derNumber(1), der(0x65, der(0x0a, "\x00"), derText(""), derText("")))
	tells(t, played(t, up(ask), down(reply)), []string{`"ldap.netlogon.domain":"hosp.example"`, `"ldap.netlogon.host":"dc1.hosp.example"`, `"ldap.netlogon.site":"Main"`,
		`"ldap.netlogon.client_site":"Ward"`, `"ldap.netlogon.flags":["pdc","ldap","kdc","writable"]`, `"device.hostname":"dc1.hosp.example","device.role":"domain controller"`,
		`"device.hostname":"WKS1","device.role":"domain member"`}, nil)
}
