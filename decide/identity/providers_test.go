package identity

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/decide/identity/federation"
	"bulwark/internal/providertest"
	"bulwark/platform/conf"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/web"
)

// provided is a site whose people a provider can send; change changes how it is configured.
func provided(t *testing.T, d *db.DB, change func(c *federation.Config)) (*site, *providertest.Provider) {
	t.Helper()
	s := newSite(t, d)
	op, err := providertest.New(func() time.Time { return s.clock.Now() })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(op.Close)
	c := federation.Config{Name: "op", Label: "The Hospital", Issuer: op.URL, Client: providertest.Client, Secret: conf.NewSecret(providertest.Secret)}
	change(&c)
	p, err := federation.New(c, s.clock)
	if err != nil {
		t.Fatal(err)
	}
	s.config.Providers, s.providers = []federation.Config{c}, map[string]*federation.Provider{"op": p}
	return s, op
}

// through goes to the provider by a page of ours, and comes back.
func (b *browser) through(op *providertest.Provider, path string) answer {
	b.t.Helper()
	a := b.page(path)
	want(b.t, path, a, http.StatusSeeOther)
	back, err := op.Visit(a.to())
	if err != nil {
		b.t.Fatal(err)
	}
	return b.page(back.RequestURI())
}

func TestAProviderIsOneFactor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, op := provided(t, d, func(c *federation.Config) { c.Link = []string{"login"} })
		admin := s.administrator()
		s.invited(admin, "marie.durand", web.Analyst)
		b := s.browser()
		page := b.page("/sign-in?next=%2Ftraffic")
		if !strings.Contains(page.text, `href="/sign-in/with/op?next=%2Ftraffic"`) || !strings.Contains(page.text, "Sign in with The Hospital") {
			t.Fatalf("the sign-in page does not lead there: %s", page.text)
		}
		a := b.through(op, "/sign-in/with/op?next=%2Ftraffic")
		want(t, "back from the provider", a, http.StatusSeeOther)
		if a.to() != "/sign-in/second?next=%2Ftraffic" {
			t.Fatalf("led to %s, want the second step", a.to())
		}
		want(t, "the API before the second step", b.call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
		want(t, "the second step", b.form(a.to(), "code", s.code("marie.durand")), http.StatusSeeOther)
		var me struct{ Methods []string }
		want(t, "the API after it", b.call("GET", "/api/me", nil, &me), http.StatusOK)
		if !slices.Equal(me.Methods, []string{"fed", "otp", "mfa"}) {
			t.Errorf("methods = %q", me.Methods)
		}
		id := s.row("marie.durand").ID
		want(t, "suspending", admin.call("POST", "/api/people/"+id+"/disable", nil, nil), http.StatusNoContent)
		want(t, "the API after that", b.call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
		want(t, "coming again", s.browser().through(op, "/sign-in/with/op"), http.StatusForbidden)
	})
}

func TestAnAccountIsJoinedByItsPersonAlone(t *testing.T) {
	s, op := provided(t, dbtest.SQLite(t), func(*federation.Config) {})
	admin := s.administrator()
	marie, _ := s.invited(admin, "marie.durand", web.Analyst)
	want(t, "a stranger", s.browser().through(op, "/sign-in/with/op"), http.StatusForbidden)
	want(t, "joining", admin.through(op, "/factors/with/op"), http.StatusSeeOther)
	var mine struct{ Providers []providerAnswer }
	want(t, "one's accounts", admin.call("GET", "/api/me/providers", nil, &mine), http.StatusOK)
	if len(mine.Providers) != 1 || mine.Providers[0].Joined == nil {
		t.Errorf("%+v", mine)
	}
	want(t, "the same account for somebody else", marie.through(op, "/factors/with/op"), http.StatusUnprocessableEntity)
	op.Tell(providertest.Lie{Claims: map[string]any{"sub": "two"}, Userinfo: map[string]any{"sub": "two"}})
	want(t, "a second account of the same provider", admin.through(op, "/factors/with/op"), http.StatusUnprocessableEntity)
	op.Tell(providertest.Lie{})
	a := s.browser().through(op, "/sign-in/with/op")
	if a.to() != "/sign-in/second" {
		t.Fatalf("led to %q, want the second step", a.to())
	}
	s.clock.Add(FreshProof)
	if a := admin.page("/factors/with/op"); a.to() != "/prove?next=%2Ffactors%2Fwith%2Fop" {
		t.Errorf("an old proof led to %q", a.to())
	}
	want(t, "taking it away on an old proof", admin.call("DELETE", "/api/me/providers/op", nil, nil), http.StatusForbidden)
	want(t, "proving it", admin.call("POST", "/api/me/prove", map[string]string{"code": s.code("alix")}, nil), http.StatusNoContent)
	want(t, "taking it away", admin.call("DELETE", "/api/me/providers/op", nil, nil), http.StatusNoContent)
	want(t, "taking it away twice", admin.call("DELETE", "/api/me/providers/op", nil, nil), http.StatusNotFound)
	want(t, "a stranger again", s.browser().through(op, "/sign-in/with/op"), http.StatusForbidden)
}

func TestAProfessionalIsKnownByTheirNumber(t *testing.T) {
	s, op := provided(t, dbtest.SQLite(t), func(c *federation.Config) {
		c.Preset, c.Discovery = "pro-sante-connect-sandbox", c.Issuer+"/.well-known/openid-configuration"
	})
	admin := s.administrator()
	id, _ := s.invitation(admin, "m.durand", web.Reader)
	for _, number := range []string{"99700218895", "x", "1"} {
		want(t, "the number "+number, admin.call("POST", "/api/people/"+id+"/national", map[string]string{"national": number}, nil), http.StatusUnprocessableEntity)
	}
	want(t, "a right number", admin.call("POST", "/api/people/"+id+"/national", map[string]string{"national": "99700218896"}, nil), http.StatusNoContent)
	want(t, "somebody else's", admin.call("POST", "/api/people/"+s.row("alix").ID+"/national", map[string]string{"national": "899700218896"}, nil), http.StatusUnprocessableEntity)
	op.Tell(providertest.Lie{Claims: map[string]any{"acr": "eidas1"}, Userinfo: map[string]any{"SubjectNameID": "899700218896"}})
	b := s.browser()
	a := b.through(op, "/sign-in/with/op")
	if a.to() != "/" || a.cookie(sessionCookie) == nil {
		t.Fatalf("led to %q: what counts as two factors opens a session", a.to())
	}
	var me struct {
		Login   string
		Methods []string
	}
	want(t, "the API", b.call("GET", "/api/me", nil, &me), http.StatusOK)
	if me.Login != "m.durand" || !slices.Equal(me.Methods, []string{"fed", "mfa"}) {
		t.Errorf("%+v", me)
	}

	s.clock.Add(FreshProof)
	page := b.page("/prove?next=%2Fsettings")
	if !strings.Contains(page.text, `href="/prove/with/op?next=%2Fsettings"`) {
		t.Fatalf("who came that way proves it that way: %s", page.text)
	}
	asked := b.page("/prove/with/op")
	q := mustQuery(t, asked.to())
	if q.Get("prompt") != "login" || q.Get("max_age") != "0" {
		t.Errorf("asked %v, want the provider to ask again", q)
	}
	op.Tell(providertest.Lie{Claims: map[string]any{"acr": "eidas1", "auth_time": s.clock.Now().Add(-FreshProof).Unix()}, Userinfo: map[string]any{"SubjectNameID": "899700218896"}})
	want(t, "an old proof", b.through(op, "/prove/with/op"), http.StatusUnprocessableEntity)
	op.Tell(providertest.Lie{Claims: map[string]any{"acr": "eidas1", "sub": "another"}, Userinfo: map[string]any{"sub": "another"}})
	want(t, "another's proof", b.through(op, "/prove/with/op"), http.StatusUnprocessableEntity)
	op.Tell(providertest.Lie{Claims: map[string]any{"acr": "eidas1"}})
	a = b.through(op, "/prove/with/op?next=%2Fsettings")
	if a.to() != "/settings" || a.cookie(sessionCookie) == nil {
		t.Errorf("led to %q, want the session renewed", a.to())
	}
}

func mustQuery(t *testing.T, text string) url.Values {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func TestAnotherSessionDoesNotFinishWhatOneBegan(t *testing.T) {
	s, op := provided(t, dbtest.SQLite(t), func(*federation.Config) {})
	admin := s.administrator()
	a := admin.page("/factors/with/op")
	back, err := op.Visit(a.to())
	if err != nil {
		t.Fatal(err)
	}
	want(t, "signing out", admin.form("/sign-out"), http.StatusSeeOther)
	want(t, "coming back as nobody", admin.page(back.RequestURI()), http.StatusUnprocessableEntity)
	var mine struct{ Providers []providerAnswer }
	again := s.browser()
	want(t, "signing in", again.signIn("alix", good, ""), http.StatusSeeOther)
	want(t, "one's accounts", again.call("GET", "/api/me/providers", nil, &mine), http.StatusOK)
	if mine.Providers[0].Joined != nil {
		t.Error("the account is joined")
	}
}

func TestProvidersAreSeen(t *testing.T) {
	s, op := provided(t, dbtest.SQLite(t), func(*federation.Config) {})
	admin := s.administrator()
	var st federation.State
	want(t, "a test", admin.call("POST", "/api/providers/op/test", nil, &st), http.StatusOK)
	if st.Fault != "" || st.Read.IsZero() || st.Issuer != op.URL {
		t.Errorf("%+v", st)
	}
	want(t, "a test of none", admin.call("POST", "/api/providers/x/test", nil, nil), http.StatusNotFound)
	want(t, "going to none", s.browser().page("/sign-in/with/x"), http.StatusNotFound)
	op.Close()
	want(t, "a test of one that is gone", admin.call("POST", "/api/providers/op/test", nil, &st), http.StatusOK)
	if st.Fault == "" {
		t.Error("no fault is told")
	}
	s.clock.Add(2 * time.Hour)
	page := s.browser().page("/sign-in/with/op")
	if page.StatusCode == http.StatusInternalServerError {
		t.Errorf("%d %s", page.StatusCode, page.text)
	}
}

func TestAnEMailAddressOfAProviderJoinsNobody(t *testing.T) {
	s, op := provided(t, dbtest.SQLite(t), func(c *federation.Config) { c.Link = []string{"login"} })
	admin := s.administrator()
	s.invited(admin, "marie@hospital.example", web.Analyst)
	op.Tell(providertest.Lie{Claims: map[string]any{"preferred_username": ""}, Userinfo: map[string]any{"preferred_username": "", "email": "marie@hospital.example"}})
	want(t, "somebody who typed her address there", s.browser().through(op, "/sign-in/with/op"), http.StatusForbidden)
}
