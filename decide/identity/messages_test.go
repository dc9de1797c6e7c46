package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/platform/web"
)

// gateway takes what is sent.
type gateway struct {
	to, text string
	n        int
	err      error
}

func (g *gateway) say(_ context.Context, _, to, _, text string) error {
	g.to, g.text, g.n = to, text, g.n+1
	return g.err
}

var inText = regexp.MustCompile(`\d{4} \d{4}`)

func (g *gateway) code() string { return inText.FindString(g.text) }

// messaged is a site where readers may show codes that are sent to them, and one who does.
func messaged(t *testing.T) (s *site, g *gateway, admin *browser, id string) {
	t.Helper()
	s, g = sqliteSite(t), &gateway{}
	s.config.Messages, s.say = Messages{Channel: "sms", For: []string{"reader"}}, g.say
	admin = s.administrator()
	id, path := s.invitation(admin, "ana", web.Reader)
	want(t, "where codes go", admin.call("POST", "/api/people/"+id+"/message", map[string]string{"to": "+33 6 12.34-56 78"}, nil), http.StatusNoContent)
	want(t, "accepting", s.browser().form(path, "password", good, "again", good), http.StatusSeeOther)
	return s, g, admin, id
}

const secondPath, sendPath = "/sign-in/second", "/sign-in/second/send"

func TestACodeThatWasSentOpensASessionOfOneFactorOnce(t *testing.T) {
	s, g, _, _ := messaged(t)
	b, to := s.password("ana")
	if to != secondPath {
		t.Fatalf("after the password: %q", to)
	}
	a := b.page(to)
	if !strings.Contains(a.text, sendPath) || !strings.Contains(a.text, "33 … 78") || strings.Contains(a.text, "345678") || g.n != 0 {
		t.Errorf("the page shows %s; %d were sent", a.text, g.n)
	}
	want(t, "asking for a code", b.form(sendPath), http.StatusSeeOther)
	if g.to != "+33612345678" || g.code() == "" || !strings.Contains(g.text, "Nobody will ever ask") {
		t.Fatalf("sent %q to %q", g.text, g.to)
	}
	other, _ := s.password("ana")
	want(t, "in another browser", other.form(secondPath, "code", g.code()), http.StatusUnprocessableEntity)
	want(t, "a wrong one", b.form(secondPath, "code", "00000000"), http.StatusUnprocessableEntity)
	at, err := url.Parse(s.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	step := b.client.Jar.Cookies(at)
	want(t, "the right one", b.form(secondPath, "code", g.code()), http.StatusSeeOther)
	var me struct {
		Methods   []string
		Assurance int
	}
	want(t, "the API", b.call("GET", "/api/me", nil, &me), http.StatusOK)
	if !slices.Equal(me.Methods, []string{"pwd", "sms"}) || (Person{Methods: me.Methods}).Assurance() != 1 {
		t.Errorf("the session is of %v", me.Methods)
	}
	again := s.browser()
	again.client.Jar.SetCookies(at, step)
	want(t, "the same code once more", again.form(secondPath, "code", g.code()), http.StatusUnprocessableEntity)
	if acts := strings.Join(s.acts(), "\n"); !strings.Contains(acts, "code-sent done") || strings.Contains(acts, g.code()) {
		t.Errorf("the ledger has %s", acts)
	}
}

func TestACodeThatWasSentEndsAndIsNotSentOften(t *testing.T) {
	s, g, _, _ := messaged(t)
	b, _ := s.password("ana")
	want(t, "asking for a code", b.form(sendPath), http.StatusSeeOther)
	s.clock.Add(messageLife)
	want(t, "five minutes later", b.form(secondPath, "code", g.code()), http.StatusUnprocessableEntity)
	status := http.StatusSeeOther
	for range 10 {
		if status = b.form(sendPath).StatusCode; status != http.StatusSeeOther {
			break
		}
	}
	if status != http.StatusTooManyRequests || g.n > 5 {
		t.Errorf("%d codes were sent, then %d", g.n, status)
	}
	g.err = errors.New("the gateway is away")
	s.clock.Add(time.Hour)
	b, _ = s.password("ana")
	if a := b.form(sendPath); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.text, "could not be sent") {
		t.Errorf("a gateway that is away: %d", a.StatusCode)
	}
}

func TestWhoeverSignsInAllDayWaitsForNoCode(t *testing.T) {
	s, g, _, _ := messaged(t)
	for n := range 12 {
		b, _ := s.password("ana")
		want(t, fmt.Sprintf("asking for code %d", n+1), b.form(sendPath), http.StatusSeeOther)
		want(t, "showing it", b.form(secondPath, "code", g.code()), http.StatusSeeOther)
		s.clock.Add(time.Minute)
	}
}

func TestAnAppMakesASessionOfACodeWorthMoreAndEndsCodes(t *testing.T) {
	s, g, _, _ := messaged(t)
	waiting, _ := s.password("ana")
	want(t, "asking for a code", waiting.form(sendPath), http.StatusSeeOther)
	of := g.code()
	b, _ := s.password("ana")
	want(t, "asking for a code", b.form(sendPath), http.StatusSeeOther)
	want(t, "showing it", b.form(secondPath, "code", g.code()), http.StatusSeeOther)
	b.enrol("ana")
	var me struct{ Methods []string }
	want(t, "the API", b.call("GET", "/api/me", nil, &me), http.StatusOK)
	if a := (Person{Methods: me.Methods}).Assurance(); a != 2 {
		t.Errorf("the session is of %v, assurance %d", me.Methods, a)
	}
	if a := waiting.form(secondPath, "code", of); a.to() != "/sign-in" {
		t.Errorf("a code that was sent before there was an app: %d to %q", a.StatusCode, a.to())
	}
}

func TestAGatewayThatHangsHoldsFewRequests(t *testing.T) {
	s, g, _, _ := messaged(t)
	for range mostSaid {
		s.saying <- struct{}{}
	}
	b, _ := s.password("ana")
	if a := b.form(sendPath); a.StatusCode != http.StatusUnprocessableEntity || g.n != 0 {
		t.Errorf("got %d, and %d were sent", a.StatusCode, g.n)
	}
	<-s.saying
	want(t, "when one is done", b.form(sendPath), http.StatusSeeOther)
}

func TestNumbersAndAddressesAreMasked(t *testing.T) {
	for to, want := range map[string]string{"+33612345678": "+33 … 78", "ana@x.example": "a…@x.example", "élan@x.example": "é…@x.example", "+33": ""} {
		if got := masked(to); got != want {
			t.Errorf("%s: got %q, want %q", to, got, want)
		}
	}
}

func TestCodesAreSentToNobodyWhoHasBetterOrMayNot(t *testing.T) {
	s, g, admin, id := messaged(t)
	t.Run("no longer one of those who may", func(t *testing.T) {
		b, _ := s.password("ana")
		want(t, "asking", b.form(sendPath), http.StatusSeeOther)
		want(t, "another duty", admin.call("POST", "/api/people/"+id+"/duties", map[string]any{"duties": []web.Duty{web.Analyst}}, nil), http.StatusNoContent)
		if a := b.form(secondPath, "code", g.code()); a.to() != "/sign-in" {
			t.Errorf("the code of before: %d to %q", a.StatusCode, a.to())
		}
		if a := s.browser().form("/sign-in", "login", "ana", "password", good); a.to() != "/factors" {
			t.Errorf("after the password: %q", a.to())
		}
		want(t, "the duty of before", admin.call("POST", "/api/people/"+id+"/duties", map[string]any{"duties": []web.Duty{web.Reader}}, nil), http.StatusNoContent)
	})
	t.Run("an administrator", func(t *testing.T) {
		me := s.row("alix").ID
		if a := admin.call("POST", "/api/people/"+me+"/message", map[string]string{"to": "+33612345678"}, nil); a.code() != "message-number" {
			t.Errorf("got %d %s", a.StatusCode, a.text)
		}
		if c := (Messages{Channel: "sms", For: []string{"administrator"}}); c.Check() == nil {
			t.Error("the configuration lets administrators")
		}
	})
	t.Run("what is no number", func(t *testing.T) {
		for _, to := range []string{"0612345678", "+0612345678", "ana", "Ana <ana@x.example>", "a@b@c", "+33612345678\r\nBcc: x@y.example", strings.Repeat("a", 300) + "@x.example"} {
			if a := admin.call("POST", "/api/people/"+id+"/message", map[string]string{"to": to}, nil); a.code() != "message-number" {
				t.Errorf("%.40q: got %d %s", to, a.StatusCode, a.text)
			}
		}
	})
	t.Run("who has an app", func(t *testing.T) {
		b, path := s.browser(), ""
		_, path = s.invitation(admin, "bob", web.Reader)
		want(t, "accepting", b.form(path, "password", good, "again", good), http.StatusSeeOther)
		b.enrol("bob")
		want(t, "where codes go", admin.call("POST", "/api/people/"+s.row("bob").ID+"/message", map[string]string{"to": "bob@hospital.example"}, nil), http.StatusNoContent)
		c, to := s.password("bob")
		n := g.n
		if a := c.page(to); strings.Contains(a.text, sendPath) {
			t.Error("it is offered")
		}
		if a := c.form(sendPath); a.to() != "/sign-in" || g.n != n {
			t.Errorf("asking all the same: %d to %q, %d were sent", a.StatusCode, a.to(), g.n-n)
		}
	})
	t.Run("who may no longer", func(t *testing.T) {
		want(t, "taken away", admin.call("POST", "/api/people/"+id+"/message", map[string]string{"to": ""}, nil), http.StatusNoContent)
		if a := s.browser().form("/sign-in", "login", "ana", "password", good); a.to() != "/factors" {
			t.Errorf("after the password: %q", a.to())
		}
	})
	t.Run("off", func(t *testing.T) {
		s.config.Messages = Messages{}
		if a := admin.call("POST", "/api/people/"+id+"/message", map[string]string{"to": "+33612345678"}, nil); a.code() != "message-number" {
			t.Errorf("got %d", a.StatusCode)
		}
	})
}

func TestACodeThatWentToANumberOfBeforeOpensNothing(t *testing.T) {
	s, g, admin, id := messaged(t)
	b, _ := s.password("ana")
	want(t, "asking for a code", b.form(sendPath), http.StatusSeeOther)
	stolen := g.code()
	want(t, "the phone is stolen", admin.call("POST", "/api/people/"+id+"/message", map[string]string{"to": "+33611111111"}, nil), http.StatusNoContent)
	want(t, "the code that it got", b.form(secondPath, "code", stolen), http.StatusUnprocessableEntity)
	want(t, "asking for another", b.form(sendPath), http.StatusSeeOther)
	if g.to != "+33611111111" {
		t.Errorf("it went to %s", g.to)
	}
	want(t, "the code of the new number", b.form(secondPath, "code", g.code()), http.StatusSeeOther)
}
