package kerberos

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

// log writes exchanges down, one line each, in EVE's words.
type log struct{ lines []string }

func (l *log) Exchange(x Exchange) { l.lines = append(l.lines, eve(x)) }

// eve says what EVE's krb5 object would.
func eve(x Exchange) string {
	m := x.Reply
	if m == nil {
		m = x.Request
	}
	var s strings.Builder
	fmt.Fprintf(&s, "%s", m.Type)
	if m.Type == Error {
		failed := "UNKNOWN"
		if x.Request != nil {
			failed = x.Request.Type.String()
		}
		fmt.Fprintf(&s, " failed=%s error=%s", failed, m.Error)
	}
	realm := m.ClientRealm
	if len(realm) == 0 {
		realm = m.Realm
	}
	fmt.Fprintf(&s, " cname=%s realm=%s sname=%s", m.Client.Name, realm, m.Server.Name)
	if m.Type == ASRep || m.Type == TGSRep {
		fmt.Fprintf(&s, " enc=%s ticket=%s", m.Etype, m.Ticket.Etype)
	}
	if m.Etype.Weak() {
		s.WriteString(" weak")
	}
	if m.Ticket.Etype.Weak() {
		s.WriteString(" ticket-weak")
	}
	if x.Request != nil {
		fmt.Fprintf(&s, " offered=%v options=%v preauth=%v", x.Request.Etypes, x.Request.Options.AppendNames(nil), x.Request.PreAuth)
	}
	return s.String()
}

// run gives a flow to a conversation, and says what broke it off.
func run(t testing.TB, f *corpus.Flow, h Handler) error {
	t.Helper()
	var c Conversation
	if f.TCP {
		feed := wiretest.Feed[Handler]{T: t, Conversation: &c, Handler: h, Scribble: true}
		return feed.Play(f.Chunks)
	}
	for _, p := range f.Chunks {
		if err := c.Datagram(p.Bytes, h); err != nil {
			return err
		}
	}
	c.Close(h)
	return nil
}

// isKerberos says whether a flow begins with a message of Kerberos.
func isKerberos(f *corpus.Flow) bool {
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

func lines(t testing.TB, capture []byte) []string {
	t.Helper()
	var l log
	for _, f := range corpus.Flows(t, capture, 88) {
		if isKerberos(f) {
			if err := run(t, f, &l); err != nil {
				t.Error(err)
			}
		}
	}
	return l.lines
}

func TestCaptures(t *testing.T) {
	files := corpus.Archive(t, "suricata-verify.tar.zst", "suricata-verify/tests/krb5", "suricata-verify/tests/bug-8278")
	for _, c := range []struct {
		says, file string
		want       []string
	}{
		{"two requests in one segment are two, answered or not",
			"suricata-verify/tests/bug-8278-krb5-01/evasion.1.flow.1.segment.pcap", []string{
				"KRB_AS_REQ cname=testuser realm=DEMO.LOCAL sname=krbtgt/DEMO.LOCAL",
				"KRB_TGS_REQ cname=testuser realm=DEMO.LOCAL sname=krbtgt/DEMO.LOCAL",
			}},
		{"an error names the request that failed",
			"suricata-verify/tests/krb5-probing/krb.pcap", []string{
				"KRB_ERROR failed=KRB_AS_REQ error=KDC_ERR_PREAUTH_REQUIRED cname= realm=AD.NWRA.COM sname=krbtgt/AD.NWRA.COM",
			}},
		{"a sign-on and the tickets that follow, one of them to be cracked",
			"suricata-verify/tests/krb5-krb5_msg_type/input.pcap", []string{
				"KRB_ERROR failed=KRB_AS_REQ error=KDC_ERR_PREAUTH_REQUIRED cname= realm=CYLERA.LAB sname=krbtgt/CYLERA.LAB",
				"KRB_AS_REP cname=robin realm=CYLERA.LAB sname=krbtgt/CYLERA.LAB enc=aes256-cts-hmac-sha1-96 ticket=aes256-cts-hmac-sha1-96",
				"KRB_TGS_REP cname=robin realm=CYLERA.LAB sname=ldap/dc01 enc=aes256-cts-hmac-sha1-96 ticket=aes256-cts-hmac-sha1-96",
				"KRB_TGS_REP cname=robin realm=CYLERA.LAB sname=krbtgt/CYLERA.LAB enc=aes256-cts-hmac-sha1-96 ticket=aes256-cts-hmac-sha1-96",
				"KRB_TGS_REP cname=robin realm=CYLERA.LAB sname=http/1027814774sa enc=aes256-cts-hmac-sha1-96 ticket=rc4-hmac ticket-weak",
			}},
	} {
		got := lines(t, files[c.file])
		ok := slices.EqualFunc(got, c.want, strings.HasPrefix)
		if !ok {
			t.Errorf("%s (%s):\n got %s\nwant %s", c.says, c.file, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
	}
}

// flows are all Kerberos flows of the captures at hand.
func flows(t testing.TB) (all []*corpus.Flow) {
	t.Helper()
	files := corpus.Archive(t, "suricata-verify.tar.zst", "suricata-verify/tests/krb5", "suricata-verify/tests/bug-8278")
	for _, folder := range []string{"zeek-traces/krb", "zeek-traces/ldap", "zeek-traces/dce-rpc", "attack-sbousseaden", "attack-otrf"} {
		for name, capture := range corpus.Files(t, folder) {
			files[name] = capture
		}
	}
	for _, capture := range files {
		for _, f := range corpus.Flows(t, capture, 88) {
			if isKerberos(f) {
				all = append(all, f)
			}
		}
	}
	return all
}

func TestAnySplitGivesTheSame(t *testing.T) {
	n := 0
	for _, f := range flows(t) {
		if f.TCP {
			n++
			wiretest.Splits(t, f.Chunks, fresh)
		}
	}
	t.Logf("%d flows", n)
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	l := new(log)
	return new(Conversation), l, func() string { return strings.Join(l.lines, "\n") }
}

func TestDamagedCapturesGiveTheSameHoweverTheyAreSplit(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, f := range flows(t) {
		if f.TCP {
			wiretest.Splits(t, corpus.Damage(random, f.Chunks), fresh)
		}
	}
}

// types counts what one capture holds.
type types struct{ count map[MessageType]int }

func (c *types) Exchange(x Exchange) {
	for _, m := range []*Message{x.Request, x.Reply} {
		if m != nil {
			c.count[m.Type]++
		}
	}
}

func TestAgreesWithTshark(t *testing.T) {
	if testing.Short() {
		t.Skip("running tshark on every capture takes a while")
	}
	files := corpus.Files(t, "")
	for name, capture := range corpus.Archive(t, "suricata-verify.tar.zst", "suricata-verify/tests/krb5") {
		files[name] = capture
	}
	compared := 0
	for name, capture := range files {
		got := types{map[MessageType]int{}}
		for _, f := range corpus.Flows(t, capture, 88) {
			if f.Port != 88 || !isKerberos(f) {
				continue
			}
			if err := run(t, f, &got); err != nil {
				t.Error(err)
			}
		}
		if len(got.count) == 0 {
			continue
		}
		want := map[MessageType]int{}
		for _, row := range corpus.Tshark(t, capture, "(tcp.port == 88 || udp.port == 88) && kerberos", "kerberos.msg_type") {
			first, _, _ := strings.Cut(row[0], ",") // the AP-REQ within a TGS-REQ comes behind it
			n, err := strconv.Atoi(first)
			if err != nil {
				t.Fatal(err)
			}
			want[MessageType(n)]++
		}
		compared++
		if !maps.Equal(got.count, want) {
			t.Errorf("%s: got %v, tshark %v", name, got.count, want)
		}
	}
	t.Logf("%d captures compared", compared)
}
