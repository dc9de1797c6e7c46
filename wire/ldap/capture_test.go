package ldap

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/internal/corpus"
	"bulwark/wire/wiretest"
)

// log writes exchanges down, one line each.
type log struct{ lines []string }

func (l *log) Exchange(x *Exchange) { l.lines = append(l.lines, line(x)) }
func (l *log) Sealed(by Layer)      { l.lines = append(l.lines, "sealed by "+by.String()) }

// line says an exchange in words.
func line(x *Exchange) string {
	var b strings.Builder
	if m := x.Request; m != nil {
		fmt.Fprintf(&b, "%d %s %q", m.ID, m.Op, m.Name)
		put := func(name string, v []byte) {
			if len(v) > 0 {
				fmt.Fprintf(&b, " %s=%s", name, v)
			}
		}
		put("mechanism", m.Mechanism)
		put("user", m.User)
		put("domain", m.Domain)
		put("service", m.Service)
		if m.Password {
			b.WriteString(" password")
		}
		if m.Op == SearchRequest {
			fmt.Fprintf(&b, " %s %s", m.Scope, m.Filter)
		}
		for _, a := range m.Attributes {
			fmt.Fprintf(&b, " %s", a.Type)
			if m.Op == ModifyRequest {
				fmt.Fprintf(&b, "(%s)", a.Change)
			}
			for _, v := range a.Values {
				fmt.Fprintf(&b, "=%s", v)
			}
		}
		put("new", m.NewRDN)
		put("under", m.NewSuperior)
		put("oid", m.OID)
		if m.Signed {
			b.WriteString(" signed")
		}
		for _, c := range m.Controls {
			fmt.Fprintf(&b, " control=%s", c.Type)
		}
		if m.Op == AbandonRequest {
			fmt.Fprintf(&b, " abandons=%d", m.Abandoned)
		}
	}
	b.WriteString(" ->")
	if x.Abandoned {
		b.WriteString(" abandoned")
	}
	if m := x.Reply; m != nil {
		fmt.Fprintf(&b, " %s %s", m.Op, m.Code)
		if len(m.Diagnostic) > 0 {
			fmt.Fprintf(&b, " %q", m.Diagnostic)
		}
		if len(m.OID) > 0 {
			fmt.Fprintf(&b, " oid=%s", m.OID)
		}
	}
	if x.Entries+x.References > 0 {
		fmt.Fprintf(&b, " entries=%d references=%d bytes=%d", x.Entries, x.References, x.Bytes)
	}
	return b.String()
}

func isLDAP(f *corpus.Flow) bool {
	if len(f.Chunks) == 0 {
		return false
	}
	probe := ProbeDatagram
	if f.TCP {
		probe = Probe
	}
	match, dir := probe(f.Chunks[0].Bytes)
	return match == wire.Yes && dir == f.Chunks[0].Dir
}

func run(t testing.TB, f *corpus.Flow, h Handler) error {
	t.Helper()
	var c Conversation
	if f.TCP {
		feed := wiretest.Feed[Handler]{T: t, Conversation: &c, Handler: h, Scribble: true}
		return feed.Play(f.Chunks)
	}
	for _, p := range f.Chunks {
		if err := c.Datagram(p.Dir, p.Bytes, h); err != nil {
			return err
		}
	}
	c.Close(h)
	return nil
}

// captures are all that may hold LDAP.
func captures(t testing.TB) map[string][]byte {
	t.Helper()
	files := corpus.Archive(t, "suricata-verify.tar.zst")
	for _, folder := range []string{"zeek-traces", "attack-sbousseaden", "attack-otrf", "arkime"} {
		for name, capture := range corpus.Files(t, folder) {
			files[name] = capture
		}
	}
	return files
}

// eve writes what EVE's ldap object has of one exchange.
type eve struct {
	log
	responses []string
	objects   []string
}

func (e *eve) Message(_ wire.Dir, m *Message) {
	if m.Op.IsRequest() {
		return
	}
	s := m.Op.String()
	switch {
	case m.Op == SearchEntry:
		s += fmt.Sprintf(" base=%q", m.Name)
		for _, a := range m.Attributes {
			s += fmt.Sprintf(" %s", a.Type)
		}
	case m.Op.ends():
		s += fmt.Sprintf(" %s matched=%q message=%q", m.Code, m.MatchedDN, m.Diagnostic)
		if len(m.OID) > 0 {
			s += " name=" + string(m.OID)
		}
	}
	e.responses = append(e.responses, s)
}

func (e *eve) Exchange(x *Exchange) {
	s := ""
	if m := x.Request; m != nil {
		s = fmt.Sprintf("%d %s %q", m.ID, m.Op, m.Name)
		if m.Op == SearchRequest {
			s += fmt.Sprintf(" scope=%d deref=%d size=%d time=%d types=%v", m.Scope, m.Deref, m.SizeLimit, m.TimeLimit, m.TypesOnly)
		}
		for _, a := range m.Attributes {
			s += " " + string(a.Type)
		}
		if len(m.OID) > 0 {
			s += " name=" + string(m.OID)
		}
	} else {
		s = fmt.Sprint(x.Reply.ID)
	}
	for _, r := range e.responses {
		s += " | " + r
	}
	e.responses = e.responses[:0]
	e.objects = append(e.objects, s)
}

// TestSuricataVerify holds the checks of suricata-verify.
func TestSuricataVerify(t *testing.T) {
	const dir = "suricata-verify/tests/"
	files := corpus.Archive(t, "suricata-verify.tar.zst", dir+"ldap")
	for _, c := range []struct{ file, want string }{
		{"ldap-add/ldap.pcap", `2 add_request "dc=example,dc=com" objectClass dc | add_response success matched="" message=""`},
		{"ldap-bind/ldap.pcap", `1 bind_request "" | bind_response sasl_bind_in_progress matched="" message=""`},
		{"ldap-compare/ldap.pcap", `2 compare_request "uid=jdoe,ou=People,dc=example,dc=com" employeeType | compare_response compare_true matched="" message=""`},
		{"ldap-starttls/input.pcap", `1 extended_request "" name=1.3.6.1.4.1.1466.20037 | extended_response success matched="" message=""`},
		{"ldap-udp/cldap.pcap", `1 search_request "" scope=0 deref=0 size=0 time=0 types=false Netlogon | search_result_entry base="" netlogon | search_result_done success matched="" message=""`},
		{"ldap-unbind/ldap.pcap", `3 unbind_request ""`},
		{"ldap-unsolicited/ldap.pcap", `0 | extended_response unavailable matched="" message="The Directory Server is shutting down" name=1.3.6.1.4.1.1466.20036`},
		{"ldap-search/ldap.pcap", `2 search_request "dc=example,dc=com" scope=2 deref=0 size=1000 time=30 types=false * + | search_result_entry base="dc=example,dc=com" objectClass dc | search_result_done success matched="" message=""`},
	} {
		var e eve
		for _, f := range corpus.Flows(t, files[dir+c.file], 389) {
			if isLDAP(f) {
				_ = run(t, f, &e)
			}
		}
		if len(e.objects) != 1 || e.objects[0] != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.file, e.objects, c.want)
		}
	}
}

func TestCaptures(t *testing.T) {
	files := corpus.Files(t, "zeek-traces/ldap")
	for _, c := range []struct{ says, file, want string }{
		{"signed messages are read", "zeek-traces/ldap/missing_krbtgt_ldap_request.pcapng",
			`8 search_request "DC=matrix,DC=local" whole_subtree (samaccountname=krbtgt) signed control=1.2.840.113556.1.4.319 -> search_result_done success entries=1 references=3 bytes=1831`},
		{"a guess of a password is a bind refused", "zeek-traces/ldap/ldap_invalid_credentials.pcap",
			`246 bind_request "" mechanism=GSS-SPNEGO user=agent.smith service=ldap/DC01-Zion.matrix.local -> bind_response invalid_credentials "8009030C: LdapErr: DSID-0C090569, comment: AcceptSecurityContext error, data 52e, v4563"`},
		{"a value in a filter is escaped", "zeek-traces/ldap/ldap_escaping_test.pcapng",
			`2 search_request "" whole_subtree (&(name=Test\28with_a_\2a\29)(mail=*@example.com)(|(dept=accounting)(dept=operations))) -> search_result_done no_such_object`},
		{"a matching rule is shown", "zeek-traces/ldap/aduser1.pcap",
			`1319382063 search_request "dc=ADHACKING,dc=LOCAL" whole_subtree (&(sAMAccountName=*)(mail=*)(!(UserAccountControl:1.2.840.113556.1.4.803:=2))) sAMAccountName pwdLastSet mail lastLogon control=1.2.840.113556.1.4.319 -> search_result_done success entries=3 references=3 bytes=1016`},
	} {
		var l log
		for _, f := range corpus.Flows(t, files[c.file], 389) {
			if isLDAP(f) {
				_ = run(t, f, &l)
			}
		}
		if !slices.Contains(l.lines, c.want) {
			t.Errorf("%s (%s):\nwant %s\n got %s", c.says, c.file, c.want, strings.Join(l.lines, "\n     "))
		}
	}
}

func TestAnySplitOfCapturesGivesTheSame(t *testing.T) {
	flows := 0
	for _, capture := range captures(t) {
		for _, f := range corpus.Flows(t, capture, 389, 3268) {
			if isLDAP(f) && f.TCP {
				flows++
				wiretest.Splits(t, f.Chunks, fresh)
			}
		}
	}
	t.Logf("%d flows", flows)
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	l := new(log)
	return new(Conversation), l, func() string { return strings.Join(l.lines, "\n") }
}

func TestDamagedCapturesGiveTheSameHoweverTheyAreSplit(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, capture := range captures(t) {
		for _, f := range corpus.Flows(t, capture, 389, 3268) {
			if f.TCP && isLDAP(f) {
				wiretest.Splits(t, corpus.Damage(random, f.Chunks), fresh)
			}
		}
	}
}

// ops counts the operations of one capture.
type ops struct {
	log
	count map[Op]int
}

func (o *ops) Message(_ wire.Dir, m *Message) { o.count[m.Op]++ }

func TestAgreesWithTshark(t *testing.T) {
	if testing.Short() {
		t.Skip("running tshark on every capture takes a while")
	}
	compared, messages := 0, 0
	for name, capture := range captures(t) {
		if strings.Contains(name, "missing_ldap_logs") || strings.Contains(name, "DCShadow") {
			continue // tshark 4.0 does not look into messages that are signed
		}
		got := ops{count: map[Op]int{}}
		for _, f := range corpus.Flows(t, capture, 389, 3268) {
			if (f.Port == 389 || f.Port == 3268) && isLDAP(f) {
				_ = run(t, f, &got)
			}
		}
		if len(got.count) == 0 {
			continue
		}
		want := map[Op]int{}
		for _, row := range corpus.Tshark(t, capture, "(ldap || cldap) && (tcp.port in {389, 3268} || udp.port == 389)", "ldap.protocolOp") {
			for _, op := range strings.Split(row[0], ",") {
				n, err := strconv.Atoi(op)
				if err != nil {
					continue
				}
				want[Op(n)]++
				messages++
			}
		}
		compared++
		if !maps.Equal(got.count, want) {
			t.Errorf("%s: got %v, tshark %v", name, got.count, want)
		}
	}
	t.Logf("%d captures, %d messages compared", compared, messages)
}
