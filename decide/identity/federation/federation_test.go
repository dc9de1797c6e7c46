package federation

import (
	"encoding/json"
	"strings"
	"testing"

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
	if err := good.check("https://a.example"); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(e *endpoints){
		"another issuer":    func(e *endpoints) { e.Issuer = "https://a.example/" },
		"a token in clear":  func(e *endpoints) { e.Token = "http://a.example/t" },
		"no keys":           func(e *endpoints) { e.Keys = "" },
		"a script":          func(e *endpoints) { e.Authorization = "javascript:alert(1)" },
		"userinfo in clear": func(e *endpoints) { e.Userinfo = "http://10.0.0.1/" },
	} {
		e := good
		change(&e)
		if e.check("https://a.example") == nil {
			t.Errorf("%s is taken", name)
		}
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
