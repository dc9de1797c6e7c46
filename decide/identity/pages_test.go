package identity

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"bulwark/platform/ledger"
)

func ledgerAll() ledger.Query { return ledger.Query{Limit: 1000} }

func TestEveryTextIsThereInEveryLanguage(t *testing.T) {
	for name, x := range map[string]texts{"French": french(), "English": english()} {
		v := reflect.ValueOf(x)
		for i := range v.NumField() {
			if v.Field(i).String() == "" {
				t.Errorf("%s of %s is missing", v.Type().Field(i).Name, name)
			}
		}
	}
	f, e := reflect.ValueOf(french()), reflect.ValueOf(english())
	for i := range f.NumField() {
		if strings.Count(f.Field(i).String(), "%s") != strings.Count(e.Field(i).String(), "%s") {
			t.Errorf("%s takes other values in French than in English", f.Type().Field(i).Name)
		}
	}
}

func TestLanguage(t *testing.T) {
	tests := []struct{ name, accept, cookie, query, want string }{
		{"a browser that says nothing", "", "", "", en},
		{"a French browser", "fr-FR,fr;q=0.9,en-US;q=0.8", "", "", fr},
		{"a Breton who reads French", "br, fr;q=0.5, en;q=0.4", "", "", fr},
		{"a German", "de-DE,de;q=0.9", "", "", en},
		{"not French", "fr;q=0, en;q=0.1", "", "", en},
		{"nonsense", ";;q=x,,fr;q=", "", "", en},
		{"what was chosen before", "fr", en, "", en},
		{"what is asked for now", "fr", fr, en, en},
		{"an unknown choice", "fr", "xx", "yy", fr},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/sign-in?lang="+tt.query, nil)
			r.Header.Set("Accept-Language", tt.accept)
			r.AddCookie(&http.Cookie{Name: languageCookie, Value: tt.cookie})
			if got := language(r); got != tt.want {
				t.Errorf("language = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWhoeverComesBeforeTheSetUpIsToldWhatToDo(t *testing.T) {
	s := sqliteSite(t)
	page := s.browser().page("/sign-in")
	if !strings.Contains(page.text, "not set up yet") || strings.Contains(page.text, "<form") {
		t.Errorf("page = %s, want the way to the set-up and no form", page.text)
	}
}

func TestTheLanguageIsSwitchedAndKept(t *testing.T) {
	s := sqliteSite(t)
	s.administrator()
	b := s.browser()
	page := b.page("/sign-in?next=/traffic")
	link := regexp.MustCompile(`href="(\?[^"]*)" lang="fr"`).FindStringSubmatch(page.text)
	if link == nil {
		t.Fatalf("no way to French in %s", page.text)
	}
	page = b.page("/sign-in" + strings.ReplaceAll(link[1], "&amp;", "&"))
	if !strings.Contains(page.text, `<html lang="fr">`) || !strings.Contains(page.text, "Mot de passe") || !strings.Contains(page.text, `value="/traffic"`) {
		t.Errorf("the French page = %s", page.text)
	}
	if page := b.page("/sign-in"); !strings.Contains(page.text, "Se connecter") {
		t.Error("the choice was not kept")
	}
}

func TestFaultsAreTiedToTheirFields(t *testing.T) {
	s := sqliteSite(t)
	l, err := s.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	a := b.form(l.Path, "name", "", "login", "A B", "password", "court", "again", "court")
	want(t, "a bad set-up", a, http.StatusUnprocessableEntity)
	for _, part := range []string{
		`role="alert"`, `<a href="#name">`, `<a href="#login">`, `<a href="#password">`, `value="A B"`,
		`aria-describedby="login-hint login-fault" aria-invalid="true"`, `aria-describedby="password-hint password-fault" aria-invalid="true"`,
		`id="password-fault"`, `autocomplete="new-password"`, `autocomplete="username"`, `autocomplete="name"`,
	} {
		if !strings.Contains(a.text, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
	if strings.Contains(a.text, "court") {
		t.Error("the page gives the password back")
	}
	a = b.form(l.Path, "name", "Alix", "login", "alix", "password", good, "again", good+"x")
	want(t, "two passwords", a, http.StatusUnprocessableEntity)
	if !strings.Contains(a.text, `id="again-fault"`) {
		t.Error("the fault is not at the second password")
	}
	for pass, text := range map[string]string{"passwordpassword": "common words", "alixalixalixalix": "your name", "22112026221126": "too short", "2211202622112026": "sequences"} {
		a := b.form(l.Path, "name", "Alix", "login", "alix", "password", pass, "again", pass)
		if !strings.Contains(a.text, text) {
			t.Errorf("%q: the page does not say %q", pass, text)
		}
	}
	want(t, "the link is still good", b.form(l.Path, "name", "Alix", "login", "alix", "password", good, "again", good), http.StatusSeeOther)
}

func TestPagesEscapeWhatPeopleType(t *testing.T) {
	s := sqliteSite(t)
	a := s.browser().form("/sign-in", "login", `"><script>alert(1)</script>`, "password", "x")
	if strings.Contains(a.text, "<script>alert") {
		t.Errorf("the page runs what was typed: %s", a.text)
	}
}

// TestPagesHaveNoInlineParts: the content policy would stop them.
func TestPagesHaveNoInlineParts(t *testing.T) {
	s := sqliteSite(t)
	s.administrator()
	page := s.browser().page("/sign-in")
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|javascript:|<script(?:\s[^>]*)?>[^<]`)
	if found := inline.FindString(page.text); found != "" {
		t.Errorf("inline part: %q", found)
	}
	for _, file := range regexp.MustCompile(`(?:href|src)="(/auth/static/[^"]+)"`).FindAllStringSubmatch(page.text, -1) {
		a := s.browser().page(file[1])
		want(t, file[1], a, http.StatusOK)
		if got := a.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("%s: Cache-Control = %q, want it kept", file[1], got)
		}
	}
	for _, file := range []string{"nothing.css", "..%2fauth.css", "%2e%2e%2fpages.go"} {
		if a := s.browser().page("/auth/static/" + file); a.StatusCode == 200 && !strings.Contains(a.text, ":root") {
			t.Errorf("%s = %.40q", file, a.text)
		}
	}
}

// TestColours computes the contrast of the text colours in both appearances (WCAG 2.2, 1.4.3 and 1.4.11).
func TestColours(t *testing.T) {
	text, err := static.ReadFile("static/auth.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, _ := strings.Cut(string(text), "prefers-color-scheme: dark")
	for name, css := range map[string]string{"light": light, "dark": dark} {
		colours := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{3,6});`).FindAllStringSubmatch(css, -1) {
			if _, ok := colours[m[1]]; !ok {
				colours[m[1]] = m[2]
			}
		}
		for _, pair := range []struct {
			front, back string
			least       float64
		}{
			{"ink", "ground", 4.5}, {"ink", "surface", 4.5}, {"quiet", "surface", 4.5}, {"quiet", "ground", 4.5}, {"accent", "ground", 4.5},
			{"accent", "surface", 4.5}, {"on-accent", "accent", 4.5}, {"fault", "surface", 4.5}, {"fault", "fault-ground", 4.5}, {"line", "surface", 3},
		} {
			if got := contrast(t, colours[pair.front], colours[pair.back]); got < pair.least {
				t.Errorf("%s: %s on %s has a contrast of %.2f, want %.1f", name, pair.front, pair.back, got, pair.least)
			}
		}
	}
}

func TestConfigCheck(t *testing.T) {
	for _, c := range []Config{{}, {Idle: 5 * 60e9, Longest: 3600e9}} {
		if err := c.Check(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for _, c := range []Config{{Idle: 1}, {Idle: 25 * 3600e9}, {Longest: 60e9}, {Longest: 8 * 24 * 3600e9}, {Idle: -1}} {
		if err := c.Check(); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}

func TestWhereInvitationsLead(t *testing.T) {
	tests := []struct {
		name, host string
		names      []string
		want       string
	}{
		{"by the name that the administrator uses", "bulwark.example:8443", []string{"other.example"}, "https://bulwark.example:8443/invite/x"},
		{"by the configured name from the machine itself", "localhost:8443", []string{"bulwark.example"}, "https://bulwark.example:8443/invite/x"},
		{"by the configured address", "[::1]:8443", []string{"fd00::1"}, "https://[fd00::1]:8443/invite/x"},
		{"here, where there is no name", "127.0.0.1:8443", nil, "https://127.0.0.1:8443/invite/x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/api/people", nil)
			r.Host = tt.host
			if got := (&Identity{names: tt.names}).urlOf(r, Link{Path: "/invite/x"}).URL; got != tt.want {
				t.Errorf("url = %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzPreferred(f *testing.F) {
	f.Add("fr-FR,fr;q=0.9,en-US;q=0.8")
	f.Fuzz(func(t *testing.T, header string) {
		if l := preferred(header); l != fr && l != en {
			t.Errorf("language = %q", l)
		}
	})
}

func FuzzLoginOf(f *testing.F) {
	f.Add(" Rose ")
	f.Add("ＲＯＳＥ")
	f.Fuzz(func(t *testing.T, login string) {
		l, err := loginOf(login)
		if err != nil {
			return
		}
		if again, err := loginOf(l); err != nil || again != l {
			t.Errorf("%q became %q, then %q (%v)", login, l, again, err)
		}
	})
}
