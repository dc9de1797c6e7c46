package ldap

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/ber"
	"bulwark/wire/wiretest"
)

// el encodes one element with the four bytes of length that Windows uses.
func el(t ber.Tag, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	n := len(body)
	return append([]byte{byte(t), 0x84, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}

func str(s string) []byte { return el(ber.OctetString, []byte(s)) }
func num(n byte) []byte   { return el(ber.Integer, []byte{n}) }
func enum(n byte) []byte  { return el(ber.Enumerated, []byte{n}) }
func truth(b bool) []byte { return el(ber.Boolean, map[bool][]byte{true: {0xff}, false: {0}}[b]) }
func short(n byte) []byte { return []byte{2, 1, n} }
func op(o Op) ber.Tag     { return ber.Application(int(o)).Constructed() }
func ctx(n int) ber.Tag   { return ber.Context(n) }
func set(v ...string) []byte {
	var parts [][]byte
	for _, s := range v {
		parts = append(parts, str(s))
	}
	return el(ber.Set, parts...)
}

func message(id byte, body []byte, controls ...[]byte) []byte {
	if len(controls) > 0 {
		body = append(body, el(ctx(0).Constructed(), controls...)...)
	}
	return el(ber.Sequence, short(id), body)
}

func control(oid string) []byte { return el(ber.Sequence, str(oid), truth(true), str("v")) }

func simpleBind(id byte, name, password string) []byte {
	return message(id, el(op(BindRequest), num(3), str(name), el(ctx(0), []byte(password))))
}

func saslBind(id byte, mechanism, credentials string) []byte {
	return message(id, el(op(BindRequest), num(3), str(""), el(ctx(3).Constructed(), str(mechanism), str(credentials))))
}

func searchAsk(id byte, base string, filter []byte, attributes ...string) []byte {
	var list [][]byte
	for _, a := range attributes {
		list = append(list, str(a))
	}
	return message(id, el(op(SearchRequest), str(base), enum(2), enum(0), num(0), num(10), truth(false), filter, el(ber.Sequence, list...)),
		control("1.2.840.113556.1.4.319"))
}

func present(a string) []byte { return el(ctx(filterPresent), []byte(a)) }
func item(kind int, a, v string) []byte {
	return el(ctx(kind).Constructed(), str(a), str(v))
}

func entry(id byte, name string, size int) []byte {
	return message(id, el(op(SearchEntry), str(name), el(ber.Sequence, el(ber.Sequence, str("cn"), set("a", strings.Repeat("x", size))))))
}

func result(id byte, o Op, code Code, more ...[]byte) []byte {
	return message(id, el(op(o), slices.Concat(enum(byte(code)), str(""), str("said so")), slices.Concat(more...)))
}

func TestFilters(t *testing.T) {
	and, or, not := ctx(filterAnd).Constructed(), ctx(filterOr).Constructed(), ctx(filterNot).Constructed()
	substrings := func(parts ...[]byte) []byte {
		return el(ctx(filterSubstrings).Constructed(), str("cn"), el(ber.Sequence, parts...))
	}
	deep := present("a")
	for range 100 {
		deep = el(not, deep)
	}
	for _, c := range []struct {
		says string
		in   []byte
		want string
	}{
		{"presence", present("objectClass"), "(objectClass=*)"},
		{"equality", item(filterEqual, "cn", "Babs Jensen"), "(cn=Babs Jensen)"},
		{"order", el(and, item(filterGreater, "a", "1"), item(filterLess, "b", "2"), item(filterApprox, "c", "3")), "(&(a>=1)(b<=2)(c~=3))"},
		{"either and not", el(or, present("a"), el(not, present("b"))), "(|(a=*)(!(b=*)))"},
		{"a beginning", substrings(el(ctx(0), []byte("ab"))), "(cn=ab*)"},
		{"a middle", substrings(el(ctx(1), []byte("ab"))), "(cn=*ab*)"},
		{"an end", substrings(el(ctx(2), []byte("ab"))), "(cn=*ab)"},
		{"all of them", substrings(el(ctx(0), []byte("a")), el(ctx(1), []byte("b")), el(ctx(1), []byte("c")), el(ctx(2), []byte("d"))), "(cn=a*b*c*d)"},
		{"a matching rule", el(ctx(filterExtensible).Constructed(), el(ctx(1), []byte("1.2.840.113556.1.4.803")), el(ctx(2), []byte("userAccountControl")), el(ctx(3), []byte("2"))),
			"(userAccountControl:1.2.840.113556.1.4.803:=2)"},
		{"a rule over the name", el(ctx(filterExtensible).Constructed(), el(ctx(2), []byte("o")), el(ctx(3), []byte("Ace")), el(ctx(4), []byte{255})), "(o:dn:=Ace)"},
		{"what means something is escaped", item(filterEqual, "o", "Parens R Us (for all your * \\ needs)\x00"), `(o=Parens R Us \28for all your \2a \5c needs\29\00)`},
		{"letters with marks are not", item(filterEqual, "sn", "Lučić"), "(sn=Lučić)"},
		{"what is no text is", item(filterEqual, "guid", "\x04\xa0\xffz"), `(guid=\04\a0\ffz)`},
		{"too deep is cut off", deep, strings.Repeat("(!", 45)},
	} {
		var m Message
		if _, err := Parse(searchAsk(1, "", c.in), &m); err != nil {
			t.Errorf("%s: %v", c.says, err)
		}
		if got := string(m.Filter); got != c.want && !(c.says == "too deep is cut off" && strings.HasPrefix(got, c.want)) {
			t.Errorf("%s: got %s, want %s", c.says, got, c.want)
		}
	}
}

func TestParse(t *testing.T) {
	var m Message
	rest, err := Parse(slices.Concat(message(7, el(op(ModifyRequest), str("cn=x"), el(ber.Sequence,
		el(ber.Sequence, enum(2), el(ber.Sequence, str("member"), set("cn=a", "cn=b"))),
		el(ber.Sequence, enum(1), el(ber.Sequence, str("info"), set()))))), []byte("rest")), &m)
	if err != nil || string(rest) != "rest" || m.ID != 7 || m.Op != ModifyRequest || string(m.Name) != "cn=x" || len(m.Attributes) != 2 {
		t.Fatalf("got %d %s %q with %d attributes, rest %q, %v", m.ID, m.Op, m.Name, len(m.Attributes), rest, err)
	}
	if a := m.Attributes[0]; string(a.Type) != "member" || len(a.Values) != 2 || string(a.Values[1]) != "cn=b" || a.Change.String() != "replace" {
		t.Errorf("got %s %q %s, want member, two values, replace", a.Type, a.Values, a.Change)
	}
	if a := m.Attributes[1]; string(a.Type) != "info" || len(a.Values) != 0 || a.Change.String() != "delete" {
		t.Errorf("got %s %q %s, want info, no values, delete", a.Type, a.Values, a.Change)
	}
	for _, c := range []struct {
		says string
		in   []byte
		want error
	}{
		{"nothing", nil, ErrMessage},
		{"SNMP", []byte("\x30\x26\x02\x01\x00\x04\x06public\xa0\x19"), ErrMessage},
		{"a negative number", el(ber.Sequence, []byte{2, 1, 0xff}, el(op(SearchDone), enum(0))), ErrMessage},
		{"a search without a filter", message(1, el(op(SearchRequest), str(""))), ErrForm},
		{"a bind of no kind", message(1, el(op(BindRequest), num(3), str(""), el(ctx(5), nil))), ErrForm},
	} {
		if _, err := Parse(c.in, &m); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.says, err, c.want)
		}
	}
}

func TestPasswordsAreNotHandedOn(t *testing.T) {
	for _, in := range [][]byte{simpleBind(1, "cn=a", "hunter2"), saslBind(1, "PLAIN", "\x00joe\x00hunter2"), saslBind(1, "LOGIN", "hunter2")} {
		var m Message
		if _, err := Parse(in, &m); err != nil || !m.Password {
			t.Errorf("got %v, password seen %v, want it noticed", err, m.Password)
		}
		if all := fmt.Sprintf("%s", [][]byte{m.Name, m.User, m.Credentials, m.Value, m.Mechanism, m.text}); strings.Contains(all, "hunter2") {
			t.Errorf("got %s, want no password", all)
		}
	}
	var m Message
	if _, err := Parse(simpleBind(1, "", ""), &m); err != nil || m.Password {
		t.Errorf("got %v, password seen %v, want none in an anonymous bind", err, m.Password)
	}
}

func up(p ...[]byte) wiretest.Chunk {
	return wiretest.Chunk{Dir: wire.ToServer, Bytes: slices.Concat(p...)}
}

func down(p ...[]byte) wiretest.Chunk {
	return wiretest.Chunk{Dir: wire.ToClient, Bytes: slices.Concat(p...)}
}

// wrap puts messages in a SASL buffer.
func wrap(token []byte, messages ...[]byte) []byte {
	p := append(slices.Clone(token), slices.Concat(messages...)...)
	n := len(p)
	return append([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, p...)
}

func TestConversation(t *testing.T) {
	// RFC 4121 §4.2.6.2, with a checksum of 12 bytes in front, behind, and encrypted
	front := append([]byte{5, 4, 4, 0xff, 0, 12, 0, 12}, make([]byte, 20)...)
	behind := append([]byte{5, 4, 4, 0xff, 0, 12, 0, 0}, make([]byte, 8)...)
	secret := append([]byte{5, 4, 6, 0xff, 0, 0, 0, 28}, make([]byte, 400)...)
	ntlmSigned := append([]byte{1, 0, 0, 0}, make([]byte, 12)...)
	rc4 := append(append([]byte("\x60\x2b\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"), 2, 1, 0x11, 0, 0xff, 0xff, 0xff, 0xff), make([]byte, 24)...)
	star := searchAsk(2, "dc=h", present("cn"), "cn", "mail")
	found := []byte("2 search_request \"dc=h\" whole_subtree (cn=*) cn mail control=1.2.840.113556.1.4.319 -> search_result_done success \"said so\"")
	signed := strings.Replace(string(found), " control", " signed control", 1)
	done := result(2, SearchDone, Success)
	for _, c := range []struct {
		says   string
		chunks []wiretest.Chunk
		want   []string
	}{
		{"a bind with a password", []wiretest.Chunk{up(simpleBind(1, "cn=admin", "x")), down(result(1, BindResponse, InvalidCredentials))},
			[]string{`1 bind_request "cn=admin" mechanism=simple password -> bind_response invalid_credentials "said so"`}},
		{"a search counts its entries", []wiretest.Chunk{up(star), down(entry(2, "cn=a", 10), entry(2, "cn=b", 100_000), done)},
			[]string{string(found) + " entries=2 references=0 bytes=100179"}},
		{"searches that overlap are told apart", []wiretest.Chunk{
			up(searchAsk(3, "a", present("x")), searchAsk(4, "b", present("y"))), down(entry(4, "e", 1), result(4, SearchDone, 3), result(3, SearchDone, Success)),
		}, []string{
			`4 search_request "b" whole_subtree (y=*) control=1.2.840.113556.1.4.319 -> search_result_done time_limit_exceeded "said so" entries=1 references=0 bytes=103`,
			`3 search_request "a" whole_subtree (x=*) control=1.2.840.113556.1.4.319 -> search_result_done success "said so"`,
		}},
		{"all that changes the directory", []wiretest.Chunk{
			up(message(1, el(op(AddRequest), str("cn=n"), el(ber.Sequence, el(ber.Sequence, str("objectClass"), set("user"))))),
				message(2, el(op(ModifyRequest), str("cn=n"), el(ber.Sequence, el(ber.Sequence, enum(0), el(ber.Sequence, str("member"), set("cn=x")))))),
				message(3, el(op(ModifyDNRequest), str("cn=n"), str("cn=m"), truth(true), el(ctx(0), []byte("ou=o")))),
				message(4, el(ber.Application(10), []byte("cn=m"))),
				message(5, el(op(CompareRequest), str("cn=m"), el(ber.Sequence, str("sn"), str("v"))))),
			down(result(1, AddResponse, Success), result(2, ModifyResponse, InsufficientAccess), result(3, ModifyDNResponse, Success), result(4, DelResponse, Success), result(5, CompareResponse, 6)),
		}, []string{
			`1 add_request "cn=n" objectClass=user -> add_response success "said so"`,
			`2 modify_request "cn=n" member(add)=cn=x -> modify_response insufficient_access_rights "said so"`,
			`3 mod_dn_request "cn=n" new=cn=m under=ou=o -> mod_dn_response success "said so"`,
			`4 del_request "cn=m" -> del_response success "said so"`,
			`5 compare_request "cn=m" sn -> compare_response compare_true "said so"`,
		}},
		{"of a change the values on which rights hang, and no password", []wiretest.Chunk{
			up(message(1, el(op(ModifyRequest), str("cn=n"), el(ber.Sequence,
				el(ber.Sequence, enum(2), el(ber.Sequence, str("userAccountControl"), set("4194816"))),
				el(ber.Sequence, enum(0), el(ber.Sequence, str("description"), set("of Mrs Smith"))),
				el(ber.Sequence, enum(2), el(ber.Sequence, str("unicodePwd"), set("hunter2"))))))), down(result(1, ModifyResponse, Success))},
			[]string{`1 modify_request "cn=n" password userAccountControl(replace)=4194816 description(add) unicodePwd(replace) -> modify_response success "said so"`}},
		{"whose password is changed", []wiretest.Chunk{
			up(message(1, el(op(ExtendedRequest), el(ctx(0), []byte("1.3.6.1.4.1.4203.1.11.1")), el(ctx(1), el(ber.Sequence, el(ctx(0), []byte("cn=n")), el(ctx(2), []byte("hunter2"))))))),
			down(result(1, ExtendedResponse, Success, el(ctx(11), []byte("hunter3"))))},
			[]string{`1 extended_request "cn=n" password oid=1.3.6.1.4.1.4203.1.11.1 -> extended_response success "said so"`}},
		{"a request taken back", []wiretest.Chunk{up(star, message(3, el(ber.Application(16), []byte{2})), message(4, []byte{0x42, 0}))},
			[]string{`3 abandon_request "" abandons=2 ->`, `2 search_request "dc=h" whole_subtree (cn=*) cn mail control=1.2.840.113556.1.4.319 -> abandoned`, `4 unbind_request "" ->`}},
		{"a server that closes", []wiretest.Chunk{down(result(0, ExtendedResponse, 52, el(ctx(10), []byte(OIDDisconnection))))},
			[]string{` -> extended_response unavailable "said so" oid=` + OIDDisconnection}},
		{"StartTLS ends what can be read", []wiretest.Chunk{
			up(message(1, el(op(ExtendedRequest), el(ctx(0), []byte(OIDStartTLS))))), down(result(1, ExtendedResponse, Success)), up([]byte("\x16\x03\x01\x00\x05hello")),
		}, []string{"1 extended_request \"\" oid=" + OIDStartTLS + ` -> extended_response success "said so"`, "sealed by TLS", ErrTLS.Error()}},
		{"StartTLS that is refused does not", []wiretest.Chunk{
			up(message(1, el(op(ExtendedRequest), el(ctx(0), []byte(OIDStartTLS))))), down(result(1, ExtendedResponse, 2)), up(star), down(done),
		}, []string{"1 extended_request \"\" oid=" + OIDStartTLS + ` -> extended_response protocol_error "said so"`, string(found)}},
		{"signed by Kerberos, as Windows does", []wiretest.Chunk{up(wrap(front, star)), down(wrap(front, entry(2, "cn=a", 10), done))}, []string{signed + " entries=1 references=0 bytes=115"}},
		{"signed by Kerberos, as others do", []wiretest.Chunk{up(wrap(behind, star, make([]byte, 12)), wrap(behind, star, make([]byte, 12))), down(wrap(behind, done, make([]byte, 12)))},
			[]string{`2 search_request "dc=h" whole_subtree (cn=*) cn mail signed control=1.2.840.113556.1.4.319 ->`, signed}},
		{"signed by NTLM", []wiretest.Chunk{up(wrap(ntlmSigned, star)), down(wrap(ntlmSigned, done))}, []string{signed}},
		{"signed by RC4", []wiretest.Chunk{up(wrap(rc4, star)), down(wrap(rc4, done))}, []string{signed}},
		{"signed by DIGEST-MD5", []wiretest.Chunk{up(wrap(nil, star, make([]byte, 16))), down(wrap(nil, done, make([]byte, 16)))}, []string{signed}},
		{"encrypted messages are opaque, and that is told once", []wiretest.Chunk{up(wrap(secret), wrap(secret)), down(wrap(secret))}, []string{"sealed by SASL"}},
		{"a long signed answer is skipped", []wiretest.Chunk{up(wrap(front, star)), down(wrap(front, entry(2, "cn=a", 300_000), done))}, []string{signed + " entries=1 references=0 bytes=300105"}},
		{"a gap within a signed answer leads to the next", []wiretest.Chunk{up(wrap(front, star)), down(wrap(front, entry(2, "cn=a", 300))[:100]),
			{Dir: wire.ToClient, Lost: 100, Bytes: slices.Concat(wrap(front, entry(2, "cn=a", 300))[200:], wrap(front, done))}}, []string{signed + " entries=1 references=0 bytes=405"}},
		{"a gap leads to the next message that is found", []wiretest.Chunk{up(star), {Dir: wire.ToClient, Lost: 5000, Bytes: slices.Concat([]byte("end of some 0 entry\x30\x05\x02"), done)}}, []string{string(found)}},
		{"rubbish is passed over", []wiretest.Chunk{up([]byte("HELO"), star), down(done)}, []string{string(found)}},
	} {
		var l log
		f := wiretest.Feed[Handler]{T: t, Conversation: new(Conversation), Handler: &l}
		if err := f.Play(c.chunks); err != nil {
			l.lines = append(l.lines, err.Error())
		}
		if !slices.Equal(l.lines, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", c.says, strings.Join(l.lines, "\n     "), strings.Join(c.want, "\n     "))
		}
		wiretest.Splits(t, c.chunks, fresh)
	}
}

// root is a handler that wants what servers say of themselves.
type root struct{ log }

func (r *root) Entry(request, entry *Message) {
	s := fmt.Sprintf("%d asks, %d is told", request.ID, entry.ID)
	for _, a := range entry.Attributes {
		s += fmt.Sprintf(" %s=%d bytes", a.Type, len(a.Values[0]))
	}
	r.lines = append(r.lines, s)
}

func TestEntriesOfTheRootAreHandedOn(t *testing.T) {
	base := func(id byte, name string) []byte {
		return message(id, el(op(SearchRequest), str(name), enum(0), enum(0), num(0), num(10), truth(false), present("objectClass"), el(ber.Sequence)))
	}
	chunks := []wiretest.Chunk{up(base(1, ""), base(2, "dc=h")), down(entry(2, "dc=h", 20_000), entry(1, "", 20_000), result(1, SearchDone, Success))}
	var r root
	f := wiretest.Feed[Handler]{T: t, Conversation: new(Conversation), Handler: &r}
	if err := f.Play(chunks); err != nil {
		t.Fatal(err)
	}
	want := []string{"1 asks, 1 is told cn=1 bytes", `1 search_request "" base_object (objectClass=*) -> search_result_done success "said so" entries=1 references=0 bytes=20101`,
		`2 search_request "dc=h" base_object (objectClass=*) -> entries=1 references=0 bytes=20064`}
	if !slices.Equal(r.lines, want) {
		t.Errorf("got %q, want %q", r.lines, want)
	}
	wiretest.Splits(t, chunks, func() (wiretest.Conversation[Handler], Handler, func() string) {
		r := new(root)
		return new(Conversation), r, func() string { return strings.Join(r.lines, "\n") }
	})
}

func TestNetlogon(t *testing.T) {
	guid := make([]byte, 16)
	utf := func(s string) (p []byte) {
		for _, c := range s + "\x00" {
			p = append(p, byte(c), 0)
		}
		return p
	}
	extended := slices.Concat([]byte{23, 0, 0, 0, 0x29, 1, 0, 0x20}, guid, []byte("\x04hosp\x07example\x00\xc0\x18\x03dc1\xc0\x18\x04HOSP\x00\x03DC1\x00\x06nurse7\x00\x04Main\x00\xc0\x41"),
		[]byte{5, 0, 0, 0, 255, 255, 255, 255})
	plain := slices.Concat([]byte{19, 0}, utf(`\\DC1`), utf(""), utf("HOSP"), guid, guid, []byte("\x04hosp\x07example\x00\xc0\x3a\x03dc1\xc0\x3a"), []byte{10, 9, 0, 1, 0x29, 1, 0, 0})
	for _, c := range []struct {
		says, want string
		in         []byte
		err        error
	}{
		{"all that a controller says", "hosp.example/hosp.example dc1.hosp.example HOSP DC1 nurse7 Main/Main [pdc ldap kdc writable dns-controller]", extended, nil},
		{"what one of Windows 2000 says", "hosp.example/hosp.example dc1.hosp.example HOSP DC1  / [pdc ldap kdc writable]", plain, nil},
		{"what one of Windows NT says", "/  HOSP DC1  / []", plain[:2+12+2+10], nil},
		{"a controller that knows no such user", "/     / []", []byte{25, 0, 0, 0}, ErrNetlogon},
		{"a name that runs in a circle", "/     / [pdc ldap kdc writable dns-controller]", slices.Concat(extended[:24], []byte{0xc0, 24}), ErrNetlogon},
		{"another operation", "/     / []", []byte{7, 0, 0, 0}, ErrNetlogon},
		{"nothing", "/     / []", nil, ErrNetlogon},
	} {
		var n Netlogon
		if err := ParseNetlogon(c.in, &n); !errors.Is(err, c.err) {
			t.Errorf("%s: got %v, want %v", c.says, err, c.err)
		}
		got := fmt.Sprintf("%s/%s %s %s %s %s %s/%s %v", n.Forest, n.Domain, n.Host, n.NetBIOSDomain, n.NetBIOSComputer, n.User, n.Site, n.ClientSite, n.Flags.AppendNames([]string{}))
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.says, got, c.want)
		}
	}
}

func TestSecurityIdentifiers(t *testing.T) {
	sid := []byte{1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0}
	entries := slices.Concat(
		[]byte{0, 0, 24, 0, 0xff, 1, 15, 0}, sid, // allowed
		[]byte{1, 0, 24, 0, 0xff, 1, 15, 0}, sid, // denied
		[]byte{5, 0, 44, 0, 0, 1, 0, 0, 1, 0, 0, 0}, make([]byte, 16), sid[:16]) // allowed of an object
	list := slices.Concat([]byte{2, 0, byte(8 + len(entries)), 0, 3, 0, 0, 0}, entries)
	descriptor := slices.Concat([]byte{1, 0, 4, 0x80}, make([]byte, 12), []byte{20, 0, 0, 0}, list)
	for _, c := range []struct{ says, got, want string }{
		{"administrators", string(AppendSID(nil, sid)), "S-1-5-32-544"},
		{"half of one is none", string(AppendSID(nil, sid[:12])), ""},
		{"those who are allowed something", string(AppendAllowed(nil, descriptor)), "S-1-5-32-544,S-1-5-32-544"},
		{"half a list gives those that are there", string(AppendAllowed(nil, descriptor[:len(descriptor)-60])), "S-1-5-32-544"},
		{"no list gives none", string(AppendAllowed(nil, descriptor[:20])), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.says, c.got, c.want)
		}
	}
}

func TestSecrets(t *testing.T) {
	for name, want := range map[string]bool{"unicodePwd": true, "userPassword;x-hash": true, "ms-Mcs-AdmPwd": true, "cn": false, "": false} {
		if got := IsSecret([]byte(name)); got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
}

func FuzzValues(f *testing.F) {
	f.Add([]byte("\x17\x00\x00\x00\xfd\x03\x00\x00................\x04hosp\x00\xc0\x18\xc0\x18\xc0\x18\xc0\x18\x00\x00\x00"))
	f.Add([]byte("\x13\x00D\x00C\x00\x00\x00\x00\x00H\x00\x00\x00"))
	f.Add([]byte("\x01\x00\x04\x80\x14\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x14\x00\x00\x00\x02\x00\x20\x00\x01\x00\x00\x00\x00\x00\x18\x00\xff\x01\x0f\x00"))
	var n Netlogon
	f.Fuzz(func(t *testing.T, p []byte) {
		_ = ParseNetlogon(p, &n)
		if len(n.text) > 3*maxNetlogonText {
			t.Errorf("got %d bytes of names, want them bounded", len(n.text))
		}
		_ = AppendAllowed(nil, p)
	})
}

func TestDatagrams(t *testing.T) {
	var c Conversation
	var l log
	ask := searchAsk(9, "", present("x"), "Netlogon")
	for _, d := range []wiretest.Chunk{up(ask), up(ask), down(entry(9, "", 1), result(9, SearchDone, Success))} {
		if err := c.Datagram(d.Dir, d.Bytes, &l); err != nil {
			t.Fatal(err)
		}
	}
	c.Close(&l)
	want := []string{`9 search_request "" whole_subtree (x=*) Netlogon control=1.2.840.113556.1.4.319 -> search_result_done success "said so" entries=1 references=0 bytes=102`}
	if !slices.Equal(l.lines, want) {
		t.Errorf("got %q, want %q", l.lines, want)
	}
}

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		says  string
		in    []byte
		match wire.Match
		dir   wire.Dir
	}{
		{"a request", simpleBind(1, "", ""), wire.Yes, wire.ToServer},
		{"an answer", result(1, BindResponse, Success), wire.Yes, wire.ToClient},
		{"an unbind", message(3, []byte{0x42, 0}), wire.Yes, wire.ToServer},
		{"a signed request", []byte("\x00\x00\x00\x50\x05\x04\x04\xff"), wire.Yes, wire.ToServer},
		{"an encrypted answer", []byte("\x00\x00\x00\x50\x05\x04\x07\xff"), wire.Yes, wire.ToClient},
		{"half a message may be one", simpleBind(1, "", "")[:8], wire.Unsure, wire.Either},
		{"nothing may be one", nil, wire.Unsure, wire.Either},
		{"SNMP is none", []byte("\x30\x26\x02\x01\x00\x04\x06public\xa0\x19"), wire.No, wire.Either},
		{"SMB is none", []byte("\x00\x00\x00\x45\xffSMBr"), wire.No, wire.Either},
		{"a certificate is none", []byte("\x30\x82\x03\x00\x30\x82\x02\x00"), wire.No, wire.Either},
		{"a number in a digit is none", []byte("0123456789"), wire.No, wire.Either},
	} {
		match, dir := Probe(c.in)
		if match != c.match || match == wire.Yes && dir != c.dir {
			t.Errorf("%s: got %d %s, want %d %s", c.says, match, dir, c.match, c.dir)
		}
	}
}

// nobody is a handler that does nothing.
type nobody struct{}

func (nobody) Exchange(*Exchange) {}
func (nobody) Sealed(Layer)       {}

func TestWaitingRequestsAreBounded(t *testing.T) {
	var c Conversation
	var l log
	for n := range 200 {
		p := searchAsk(byte(n%100), "", present("x"))
		if _, _, err := c.Decode(wire.ToServer, p, &l); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.waiting) != MaxWaiting || len(l.lines) != 200-MaxWaiting {
		t.Errorf("got %d waiting and %d reported, want %d and %d", len(c.waiting), len(l.lines), MaxWaiting, 200-MaxWaiting)
	}
}

func work() (in, out []byte) {
	in = slices.Concat(saslBind(1, "NTLM", "NTLMSSP\x00\x01\x00\x00\x00"+strings.Repeat("\x00", 30)),
		searchAsk(2, "dc=hosp,dc=example", el(ctx(filterAnd).Constructed(), item(filterEqual, "objectClass", "user"), present("mail")), "cn", "mail"))
	out = slices.Concat(result(1, BindResponse, SASLBindInProgress))
	for range 10 {
		out = append(out, entry(2, "cn=somebody,dc=hosp,dc=example", 400)...)
	}
	return in, append(out, result(2, SearchDone, Success)...)
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	in, out := work()
	var c Conversation
	if got := testing.AllocsPerRun(100, func() {
		_, _, _ = c.Decode(wire.ToServer, in, nobody{})
		_, _, _ = c.Decode(wire.ToClient, out, nobody{})
		c.Reset()
	}); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(searchAsk(1, "dc=x", el(ctx(filterAnd).Constructed(), present("a"), item(filterEqual, "b", "c")), "cn"))
	f.Add(simpleBind(1, "cn=a", "b"))
	f.Add(saslBind(1, "GSS-SPNEGO", "NTLMSSP\x00\x01\x00\x00\x00"))
	f.Add(entry(1, "cn=a", 3))
	f.Add(result(1, ExtendedResponse, 52, el(ctx(10), []byte(OIDDisconnection))))
	f.Add(message(7, el(op(ModifyRequest), str("cn=x"), el(ber.Sequence, el(ber.Sequence, enum(2), el(ber.Sequence, str("member"), set("cn=a")))))))
	var m, k Message
	f.Fuzz(func(t *testing.T, p []byte) {
		_, _ = Parse(p, &m)
		k.keep(&m)
		if len(m.filter) > 2*MaxFilter || len(m.Attributes) > MaxAttributes || len(m.values) > MaxValues || len(k.text) > maxKeptText {
			t.Errorf("got filter %d, attributes %d, values %d, kept %d, want them bounded", len(m.filter), len(m.Attributes), len(m.values), len(k.text))
		}
	})
}

func FuzzConversation(f *testing.F) {
	in, out := work()
	f.Add(in, out)
	front := append([]byte{5, 4, 4, 0xff, 0, 12, 0, 12}, make([]byte, 20)...)
	f.Add(wrap(front, searchAsk(2, "dc=h", present("cn"))), wrap(front, entry(2, "cn=a", 10), result(2, SearchDone, Success)))
	f.Add(message(1, el(op(ExtendedRequest), el(ctx(0), []byte(OIDStartTLS)))), result(1, ExtendedResponse, Success))
	f.Fuzz(func(t *testing.T, in, out []byte) {
		half := len(in) / 2
		wiretest.Splits(t, []wiretest.Chunk{up(in), down(out), {Dir: wire.ToServer, Lost: half, Bytes: in[half:]}, up(in), down(out)}, fresh)
	})
}

func BenchmarkSearch(b *testing.B) {
	in, out := work()
	var c Conversation
	b.ReportAllocs()
	b.SetBytes(int64(len(in) + len(out)))
	for b.Loop() {
		_, _, _ = c.Decode(wire.ToServer, in, nobody{})
		_, _, _ = c.Decode(wire.ToClient, out, nobody{})
	}
}

// everything is a handler that wants each message.
type everything struct{ nobody }

func (everything) Message(wire.Dir, *Message) {}

func BenchmarkSearchWithMessages(b *testing.B) {
	in, out := work()
	var c Conversation
	b.ReportAllocs()
	b.SetBytes(int64(len(in) + len(out)))
	for b.Loop() {
		_, _, _ = c.Decode(wire.ToServer, in, everything{})
		_, _, _ = c.Decode(wire.ToClient, out, everything{})
	}
}
