package node

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"bulwark/platform/ledger"
	"bulwark/platform/web"
	"bulwark/respond/containment"
)

// siteOf starts a centre, and a site that joins it with a token as people would.
func siteOf(t *testing.T) (centre, site *running) {
	t.Helper()
	c := settings()
	c.Site = "group"
	c.Join = Join{Listen: free(t, "127.0.0.1"), Leaf: free(t, "127.0.0.1"), Name: "127.0.0.1"}
	centre = start(t, made{config: c, roles: roles{"centre"}, dir: t.TempDir()})
	var words []string
	await(t, "the centre makes a token", func() bool {
		_, out, _ := typed(t, "nodes", "token", "north", "--role", "site", "--data", centre.dir)
		words = regexp.MustCompile(`bulwark join (\S+)`).FindStringSubmatch(out)
		return words != nil
	})
	dir := t.TempDir()
	await(t, "the centre admits the site", func() bool {
		code, _, _ := typed(t, "join", words[1], "--data", dir)
		return code == ExitOK
	})
	s := settings()
	s.Site, s.Filter.On = "north", true
	s.Join = Join{Listen: free(t, "127.0.0.1"), Leaf: free(t, "127.0.0.1"), Name: "127.0.0.1"}
	return centre, start(t, made{config: s, roles: roles{"site"}, dir: dir})
}

// acts are the acts in a ledger that a query finds, the oldest first, with who did them.
func (r *running) acts(q ledger.Query) (all []string) {
	r.t.Helper()
	q.Limit = 100
	page, err := r.ledger.List(r.t.Context(), q)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range page.Entries {
		all = append([]string{e.Act + " " + e.Actor + " " + string(e.Outcome)}, all...)
	}
	return all
}

// What a centre proposes waits for a person of the site; what it tightens is done; what would loosen is refused; each side keeps it.
func TestACentreProposesAndTightens(t *testing.T) {
	if os.Getenv(inside) == "" {
		t.Skip("stopping traffic needs a network namespace of the tests' own: root")
	}
	centre, site := siteOf(t)
	n := func(args ...string) (int, string, string) { return typed(t, append(args, "--data", centre.dir)...) }
	await(t, "the site answers its centre", func() bool {
		code, out, _ := n("sites", "containments", "north")
		return code == ExitOK && strings.Contains(out, "CONTAINMENT")
	})
	await(t, "its events come", func() bool {
		code, out, _ := n("sites", "list")
		return code == ExitOK && regexp.MustCompile(`north .* yes `).MatchString(out)
	})
	if code, out, errs := n("sites", "propose", "north", "ban", "address:192.0.2.66", "--reason", "seen at south"); code != ExitOK || !strings.Contains(out, "waits for the yes of: soc") {
		t.Fatalf("propose = %d %q %q", code, out, errs)
	}
	l := site.lease(1)
	if l.State != containment.Proposed || !l.Centre || l.By != "centre:host" {
		t.Errorf("at the site it is %s, of the centre %v, by %s", l.State, l.Centre, l.By)
	}
	analyst := site.browser()
	at, err := url.Parse(analyst.url)
	if err != nil {
		t.Fatal(err)
	}
	analyst.client.Jar.SetCookies(at, site.invited(site.administrator(), web.Analyst))
	if status, text := analyst.ask(http.MethodPost, "/api/containments/1/approve", "application/json", strings.NewReader(`{"reason":"seen here, too"}`)); status != http.StatusOK {
		t.Fatalf("approve = %d %s", status, text)
	}
	await(t, "it is in force", func() bool { l := site.lease(1); return l.State == containment.InForce && l.Enforced })
	until := site.lease(1).Until
	if code, _, errs := n("sites", "shorten", "north", "1", "--minutes", "600", "--reason", "longer"); code != ExitFailure || !strings.Contains(errs, "not sooner") {
		t.Errorf("a centre makes it last longer: %d %q", code, errs)
	}
	if code, _, errs := n("sites", "shorten", "north", "1", "--minutes", "5", "--reason", "enough"); code != ExitOK || !site.lease(1).Until.Before(until) {
		t.Errorf("shorten = %d %q, it ends at %v", code, errs, site.lease(1).Until)
	}
	if code, _, errs := n("sites", "lift", "north", "1", "--reason", "a mistake"); code != ExitOK {
		t.Errorf("lift = %d %q", code, errs)
	}
	await(t, "it is gone", func() bool { return site.lease(1).State == containment.Reverted })
	if code, _, errs := n("sites", "freeze", "north", "--reason", "an attack on the group"); code != ExitOK {
		t.Errorf("freeze = %d %q", code, errs)
	}
	if f := site.safety.Frozen(); len(f) != 1 || f[0].Cause != "centre" || f[0].By != "centre:host" {
		t.Errorf("the site is frozen by %+v", f)
	}
	if code, _, errs := n("sites", "shadow", "north", "--reason", "look first"); code != ExitOK || !site.safety.Show().Shadow {
		t.Errorf("shadow = %d %q", code, errs)
	}
	loosens(t, centre, site)
	if code, _, errs := n("sites", "freeze", "south", "--reason", "x"); code != ExitFailure || !strings.Contains(errs, "no such site") {
		t.Errorf("a site that is none = %d %q", code, errs)
	}
	want := "containment.propose centre:host done, containment.shorten centre:host done, containment.lift centre:host done, safety.freeze centre:host done, safety.mode centre:host done"
	var got []string
	for _, a := range site.acts(ledger.Query{Actor: "centre:host"}) {
		if !strings.HasPrefix(a, "group.order") {
			got = append(got, a)
		}
	}
	if strings.Join(got, ", ") != want {
		t.Errorf("the site's ledger has %q, want %q", got, want)
	}
	if refused := site.acts(ledger.Query{Act: "group.order"}); len(refused) != 2 || !strings.HasSuffix(refused[0], "refused") {
		t.Errorf("refused at the site: %q", refused)
	}
	if got := centre.acts(ledger.Query{Object: "node:north", Act: "group."}); len(got) != 12 || got[0] != "group.order host done" || got[1] != "group.answer host done" || got[3] != "group.answer host failed" {
		t.Errorf("the centre's ledger has %q", got)
	}
	site.stop()
	if code, _, errs := n("sites", "freeze", "north", "--reason", "x"); code != ExitFailure || !strings.Contains(errs, "does not answer") {
		t.Errorf("a site that is away = %d %q", code, errs)
	}
}

// loosens tries what a centre may not, by its own key: orders that loosen, orders of others, and one twice.
func loosens(t *testing.T, centre, site *running) {
	t.Helper()
	type text struct {
		Order     []byte `json:"order"`
		Signature []byte `json:"signature"`
	}
	send := func(order string, forged bool) string {
		t.Helper()
		s := text{Order: []byte(order)}
		var err error
		if s.Signature, err = centre.authority.Sign(s.Order); err != nil {
			t.Fatal(err)
		}
		if forged {
			if s.Signature, err = site.authority.Sign(s.Order); err != nil {
				t.Fatal(err)
			}
		}
		q, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		a, err := centre.bus.Ask(t.Context(), "north", q)
		if err != nil {
			t.Fatal(err)
		}
		return string(a)
	}
	now := centre.clock.Now().UTC().Format("2006-01-02T15:04:05Z")
	order := func(id, node, at, do string) string {
		return `{"id":"` + id + `","node":"` + node + `","at":"` + at + `","by":"host","do":"` + do + `","lease":1,"minutes":5,"reason":"x"}`
	}
	for _, c := range []struct {
		what, order string
		forged      bool
		want        string
	}{
		{"it is signed by another", order("0000000000000001", "north", now, "freeze"), true, "not signed"},
		{"it is for another site", order("0000000000000002", "south", now, "freeze"), false, "it is for"},
		{"it is old", order("0000000000000003", "north", "2026-01-01T00:00:00Z", "freeze"), false, "old"},
		{"it loosens", order("0000000000000004", "north", now, "thaw"), false, "none of propose"},
		{"it was taken before", order("0000000000000004", "north", now, "thaw"), false, "taken before"},
	} {
		if got := send(c.order, c.forged); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %q", c.what, got, c.want)
		}
	}
	if len(site.safety.Frozen()) != 1 {
		t.Errorf("frozen: %+v", site.safety.Frozen())
	}
}
