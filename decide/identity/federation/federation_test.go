package federation

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"bulwark/platform/clock"
	"bulwark/platform/conf"
)

func TestTheNumberOfAProfessional(t *testing.T) {
	for text, want := range map[string]string{
		"99700218896": "99700218896", "899700218896": "99700218896", "10003456786": "10003456786",
		"99700218895": "", "9970021889": "", "999700218896": "", "9970021889a": "", "": "", "８９９": "",
	} {
		if got := National(text); got != want {
			t.Errorf("National(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestProvidersThatCannotBeUsedSafely(t *testing.T) {
	good := Config{Name: "op", Issuer: "https://login.hospital.example", Client: "bulwark", Secret: conf.NewSecret("x")}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	psc := Config{Name: "psc", Preset: "pro-sante-connect", Client: "bulwark", Secret: conf.NewSecret("x")}
	if err := psc.Check(); err != nil {
		t.Fatal(err)
	}
	for at, change := range map[string]func(c *Config){
		"name":           func(c *Config) { c.Name = "../x" },
		"preset":         func(c *Config) { c.Preset = "x" },
		"issuer":         func(c *Config) { c.Issuer = "http://login.hospital.example" },
		"discovery":      func(c *Config) { c.Discovery = "https://a@b/" },
		"client":         func(c *Config) { c.Client = "" },
		"secret":         func(c *Config) { c.Key = "x.pem" },
		"algorithm":      func(c *Config) { c.Algorithm = "HS256" },
		"two_factors[0]": func(c *Config) { c.TwoFactors = []string{"mfa"} },
		"resistant[0]":   func(c *Config) { c.Resistant = []string{"hwk:x"} },
		"parameters[0]":  func(c *Config) { c.Parameters = []string{"nonce=1"} },
		"link[0]":        func(c *Config) { c.Link = []string{"email"} },
		"national_claim": func(c *Config) { c.Link = []string{"national"} },
	} {
		c := good
		change(&c)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), at) {
			t.Errorf("%s: %v", at, err)
		}
	}
}

func TestWhatDiscoveryMayNotSay(t *testing.T) {
	good := endpoints{Issuer: "https://a.example", Authorization: "https://b.example/auth", Token: "https://a.example/t", Keys: "https://a.example/k"}
	if err := good.check("https://a.example", "https://a.example/d"); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(e *endpoints){
		"another issuer":            func(e *endpoints) { e.Issuer = "https://a.example/" },
		"a token in clear":          func(e *endpoints) { e.Token = "http://a.example/t" },
		"no keys":                   func(e *endpoints) { e.Keys = "" },
		"a script":                  func(e *endpoints) { e.Authorization = "javascript:alert(1)" },
		"a service of this machine": func(e *endpoints) { e.Token = "http://127.0.0.1:8080/admin" },
		"userinfo in clear":         func(e *endpoints) { e.Userinfo = "http://10.0.0.1/" },
	} {
		e := good
		change(&e)
		if e.check("https://a.example", "https://a.example/d") == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestAProviderThatIsAwayIsOneQuestion(t *testing.T) {
	var asked atomic.Int64
	down := atomic.Bool{}
	down.Store(true)
	var at string
	op := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if down.Load() {
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		if r.URL.Path == "/keys" {
			_, _ = w.Write([]byte(`{"keys":[]}`))
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": at, "authorization_endpoint": at + "/a", "token_endpoint": at + "/t", "jwks_uri": at + "/keys"})
	}))
	defer op.Close()
	at = op.URL
	c := clock.NewManual(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC))
	p, err := New(Config{Name: "op", Issuer: at, Client: "bulwark", Secret: conf.NewSecret("x")}, c)
	if err != nil {
		t.Fatal(err)
	}
	many := func(do func(ctx context.Context)) int64 {
		asked.Store(0)
		var all sync.WaitGroup
		for n := range 50 {
			all.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				if n%2 == 0 {
					cancel() // who goes away takes nobody along
				}
				defer cancel()
				do(ctx)
			})
		}
		all.Wait()
		return asked.Load()
	}
	begin := func(ctx context.Context) { _, _, _ = p.Begin(ctx, "https://b/back", false) }
	if n := many(begin); n != 1 {
		t.Errorf("while it is away it is asked %d times", n)
	}
	c.Add(awayLife)
	down.Store(false)
	if n := many(begin); n != 1 {
		t.Errorf("when it is back it is asked %d times", n)
	}
	forged := "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.e30.AAAA"
	hear := func(ctx context.Context) { _, _ = p.keys.VerifySignature(ctx, forged) }
	if n := many(hear); n != 1 {
		t.Errorf("for forged tokens its keys are read %d times", n)
	}
	down.Store(true)
	c.Add(keysAgain)
	if n := many(hear); n != 1 {
		t.Errorf("for forged tokens its keys are asked for %d times while it is away", n)
	}
}

func TestAKeyThatAProviderTookBackIsGoodNoLonger(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	set, away := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "RS256", Use: "sig"}}}, false
	var at string
	op := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case away:
			http.Error(w, "not now", http.StatusServiceUnavailable)
		case r.URL.Path == "/keys":
			_ = json.NewEncoder(w).Encode(set)
		default:
			_ = json.NewEncoder(w).Encode(map[string]string{"issuer": at, "authorization_endpoint": at + "/a", "token_endpoint": at + "/t", "jwks_uri": at + "/keys"})
		}
	}))
	defer op.Close()
	at = op.URL
	c := clock.NewManual(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC))
	p, err := New(Config{Name: "op", Issuer: at, Client: "bulwark", Secret: conf.NewSecret("x")}, c)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", "1"))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	good := func() bool { _, err := p.keys.VerifySignature(t.Context(), text); return err == nil }
	if !good() {
		t.Fatal("it is good for nothing")
	}
	away = true
	c.Add(foundLife)
	if !good() {
		t.Error("while the provider is away nobody is let in")
	}
	away, set.Keys = false, nil
	c.Add(keysAgain)
	if good() {
		t.Error("it is good for ever")
	}
}

func TestALogoutThatCouldNotBeDoneIsHeardAgain(t *testing.T) {
	p := &Provider{clock: clock.NewManual(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)), used: map[string]time.Time{}}
	if !p.first("a") || p.first("a") {
		t.Fatal("a token counts once")
	}
	p.Unheard(Ended{token: "a"})
	if !p.first("a") {
		t.Error("it does not count again")
	}
}

func TestAnEMailAddressIsNoLogin(t *testing.T) {
	p := &Provider{Config: Config{LoginClaim: "preferred_username"}}
	a := &Arrival{Subject: "s", claims: map[string]any{"email": "alix@hospital.example"}}
	p.settle(a)
	if a.Called != "" || a.Login != "alix@hospital.example" {
		t.Errorf("%+v", a)
	}
}

// FuzzUserinfo reads what a provider says of somebody: whatever it is, it is about the same person or refused.
func FuzzUserinfo(f *testing.F) {
	f.Add([]byte(`{"sub":"a","SubjectNameID":"899700218896","SubjectRefPro":{"exercices":[{"codeProfession":"10","activities":[{"raisonSocialeSite":"CH"}]}]}}`))
	f.Add([]byte(`{"sub":"a","name":1,"SubjectRefPro":{"exercices":[null,[],{"activities":{}}]}}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p := &Provider{Config: psc(Config{}, "psc.example")}
		a := &Arrival{Subject: "a", claims: map[string]any{}}
		if a.add(text) != nil {
			return
		}
		p.settle(a)
		if a.Subject != "a" || len(a.Activities) > manyActivities || a.National != "" && National(a.National) == "" {
			t.Errorf("%+v", a)
		}
		if _, err := json.Marshal(a.Activities); err != nil {
			t.Error(err)
		}
	})
}
