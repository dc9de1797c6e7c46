package identity

import (
	"crypto/tls"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/web"
)

var sealedIn = regexp.MustCompile(`name="sealed" value="([^"]+)"`)

// ward is a site with a shared workstation, and two nurses who have badges.
func ward(t *testing.T, d *db.DB) (s *site, desk *browser, admin *browser, station *tls.Certificate) {
	t.Helper()
	s = newSite(t, d)
	s.asking()
	admin = s.administrator()
	station, _ = s.device(admin, "WARD-3", shared, "urgences")
	for login, badge := range map[string]string{"nina": "04:A2:24:5B:6C:7D:80", "omar": "04A2245B6C7D81"} {
		b, _ := s.invited(admin, login, web.Reader)
		want(t, "a badge", b.call("POST", "/api/me/badge", map[string]string{"number": badge}, nil), http.StatusNoContent)
	}
	return s, s.browser().with(station), admin, station
}

func (b *browser) tap(badge string) answer { return b.form("/station", "badge", badge) }

func (b *browser) who() string {
	var me struct{ Login string }
	if a := b.call("GET", "/api/me", nil, &me); a.StatusCode != http.StatusOK {
		return ""
	}
	return me.Login
}

func TestNursesShareAWorkstationAndNoSession(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, desk, _, _ := ward(t, d)
		if a := desk.page("/sign-in"); a.to() != "/station" {
			t.Fatalf("the sign-in page leads to %q", a.to())
		}
		want(t, "the station", desk.page("/station"), http.StatusOK)
		unknown, first := desk.tap("FFFFFFFFFF"), desk.tap("04a2245b6c7d80")
		if strip(unknown.text) != strip(first.text) || desk.who() != "" {
			t.Error("an unknown badge is told from one whose shift is not begun")
		}
		want(t, "the first sign-in of the shift", desk.signIn("nina", good, ""), http.StatusSeeOther)
		cookie := func(b *browser) string {
			for _, c := range b.client.Jar.Cookies(b.request("GET", "/", nil).URL) {
				if c.Name == sessionCookie {
					return c.Value
				}
			}
			return ""
		}
		ninas := cookie(desk)
		a := desk.tap("04A2245B6C7D80")
		if a.to() != "/station" || desk.who() != "" || !strings.Contains(a.Header.Get("Clear-Site-Data"), "storage") {
			t.Errorf("a second tap led to %q, %q is signed in", a.to(), desk.who())
		}
		s.clock.Add(2 * time.Minute)
		if a := desk.tap("04A2245B6C7D80"); a.to() != "/" || desk.who() != "nina" {
			t.Errorf("a third tap led to %q, %q is signed in", a.to(), desk.who())
		}
		if now := cookie(desk); now == ninas || now == "" {
			t.Error("the session kept its id")
		}
		ninas = cookie(desk)
		if a := desk.tap("04A2245B6C7D81"); a.StatusCode != http.StatusOK || desk.who() != "" {
			t.Errorf("a colleague who did not begin a shift = %d, %q is signed in", a.StatusCode, desk.who())
		}
		want(t, "the colleague signs in", desk.signIn("omar", good, ""), http.StatusSeeOther)
		if desk.who() != "omar" {
			t.Errorf("%q is signed in", desk.who())
		}
		if a := desk.tap("04A2245B6C7D80"); a.to() != "/" || desk.who() != "nina" || cookie(desk) == ninas {
			t.Errorf("changing over led to %q, %q is signed in", a.to(), desk.who())
		}
		other := s.browser()
		r := other.request("GET", "/api/me", nil)
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: ninas})
		want(t, "a cookie from before", other.do(r), http.StatusUnauthorized)
	})
}

// strip leaves out what is new on each page.
func strip(page string) string { return sealedIn.ReplaceAllString(page, "") }

func TestATapIsWorthWhatBeganTheShift(t *testing.T) {
	s, desk, _, station := ward(t, dbtest.SQLite(t))
	want(t, "the first sign-in of the shift", desk.signIn("nina", good, ""), http.StatusSeeOther)
	var me meAnswer
	desk.call("GET", "/api/me", nil, &me)
	proved := me.Proved
	if me.Lock != 180 {
		t.Errorf("locks after %d s", me.Lock)
	}
	want(t, "locking", desk.form("/station/lock"), http.StatusSeeOther)
	s.clock.Add(40 * time.Minute) // the session ends by itself; the shift does not
	next := s.browser().with(station)
	if a := next.tap("04A2245B6C7D80"); a.to() != "/" {
		t.Fatalf("a tap led to %q", a.to())
	}
	next.call("GET", "/api/me", nil, &me)
	if !me.Proved.Equal(proved) || strings.Join(me.Methods, " ") != "pwd otp mfa" {
		t.Errorf("%+v, want what the shift was begun with", me)
	}
	want(t, "locking", next.form("/station/lock"), http.StatusSeeOther)
	elsewhere, _ := s.device(admin2(s), "BLOC-1", shared, "bloc")
	if a := s.browser().with(elsewhere).tap("04A2245B6C7D80"); a.StatusCode != http.StatusOK {
		t.Errorf("a tap in another unit = %d", a.StatusCode)
	}
	want(t, "a tap without a certificate", s.browser().tap("04A2245B6C7D80"), http.StatusForbidden)
	s.clock.Add(5 * time.Hour) // longer than between two taps
	if a := next.tap("04A2245B6C7D80"); a.StatusCode != http.StatusOK || next.who() != "" {
		t.Errorf("a tap after five hours = %d", a.StatusCode)
	}
	want(t, "beginning again", next.signIn("nina", good, ""), http.StatusSeeOther)
	id := s.row("nina").ID
	want(t, "a lost badge", admin2(s).call("DELETE", "/api/people/"+id+"/badge", nil, nil), http.StatusNoContent)
	next.form("/station/lock")
	if a := next.tap("04A2245B6C7D80"); a.StatusCode != http.StatusOK || next.who() != "" {
		t.Errorf("a tap of a lost badge = %d", a.StatusCode)
	}
}

// admin2 is the administrator, signed in a moment ago.
func admin2(s *site) *browser {
	b := s.browser()
	want(s.t, "the administrator", b.signIn("alix", good, ""), http.StatusSeeOther)
	return b
}

func TestABadgeAndAPINWhereTheyCount(t *testing.T) {
	s, desk, _, _ := ward(t, dbtest.SQLite(t))
	nina := s.browser()
	want(t, "signing in", nina.signIn("nina", good, ""), http.StatusSeeOther)
	want(t, "a PIN where it does not count", nina.call("POST", "/api/me/pin", map[string]string{"pin": "482915"}, nil), http.StatusUnprocessableEntity)
	s.config.Station.PIN = true
	for _, pin := range []string{"", "12345", "123456", "987654", "111111", "121212", "123123", "240587", "19870524", "abcdef", "1234567890123"} {
		want(t, "the PIN "+pin, nina.call("POST", "/api/me/pin", map[string]string{"pin": pin}, nil), http.StatusUnprocessableEntity)
	}
	want(t, "a PIN", nina.call("POST", "/api/me/pin", map[string]string{"pin": "482915"}, nil), http.StatusNoContent)
	ask := func(badge, pin string) answer {
		t.Helper()
		m := sealedIn.FindStringSubmatch(desk.tap(badge).text)
		if m == nil {
			t.Fatal("no PIN is asked for")
		}
		return desk.form("/station/pin", "sealed", m[1], "code", pin)
	}
	wrong, unknown, none := ask("04A2245B6C7D80", "482916"), ask("FFFFFFFFFF", "482915"), ask("04A2245B6C7D81", "482915")
	for _, a := range []answer{wrong, unknown, none} {
		if a.StatusCode != http.StatusUnprocessableEntity || strip(a.text) != strip(wrong.text) {
			t.Errorf("%d, or another text", a.StatusCode)
		}
	}
	if a := ask("04A2245B6C7D80", "482915"); a.to() != "/" || desk.who() != "nina" {
		t.Fatalf("badge and PIN led to %q", a.to())
	}
	want(t, "a PIN as a code of the second step", s.browser().form("/station/pin", "code", "482915"), http.StatusSeeOther)
	desk.form("/station/lock")
	want(t, "disabling", admin2(s).call("POST", "/api/people/"+s.row("nina").ID+"/disable", nil, nil), http.StatusNoContent)
	if a := ask("04A2245B6C7D80", "482915"); a.StatusCode != http.StatusUnprocessableEntity || desk.who() != "" {
		t.Errorf("who was suspended = %d", a.StatusCode)
	}
	for range 8 {
		wrong = ask("04A2245B6C7D81", "000000")
	}
	want(t, "guessing", wrong, http.StatusTooManyRequests)
}

func TestABadgeIsOnePersons(t *testing.T) {
	s, _, admin, _ := ward(t, dbtest.SQLite(t))
	for name, number := range map[string]string{"somebody else's": "04-A2-24-5B-6C-7D-80", "too short": "12", "none": "", "signs": "04A2;DROP", "too long": strings.Repeat("1", 50)} {
		want(t, name, admin.call("POST", "/api/me/badge", map[string]string{"number": number}, nil), http.StatusUnprocessableEntity)
	}
	s.clock.Add(FreshProof)
	want(t, "a badge on an old proof", admin.call("POST", "/api/me/badge", map[string]string{"number": "1234567"}, nil), http.StatusForbidden)
}

func TestACopiedBadgeChangesNothing(t *testing.T) {
	s, desk, _, _ := ward(t, dbtest.SQLite(t))
	want(t, "the first sign-in of the shift", desk.signIn("nina", good, ""), http.StatusSeeOther)
	s.clock.Add(FreshProof)
	pin := map[string]string{"number": "04A2245B6C7DFF"}
	want(t, "an old proof", desk.call("POST", "/api/me/badge", pin, nil), http.StatusForbidden)
	want(t, "proving it", desk.call("POST", "/api/me/prove", map[string]string{"code": s.apps["nina"].Code(s.clock.Now())}, nil), http.StatusNoContent)
	want(t, "locking", desk.form("/station/lock"), http.StatusSeeOther)
	if a := desk.tap("04A2245B6C7D80"); a.to() != "/" {
		t.Fatalf("a tap led to %q", a.to())
	}
	want(t, "what was proved before it was locked", desk.call("POST", "/api/me/badge", pin, nil), http.StatusForbidden)
}

func TestWhoeverGoesIsNotKeptWaiting(t *testing.T) {
	s, desk, _, station := ward(t, dbtest.SQLite(t))
	want(t, "the first sign-in of the shift", desk.signIn("nina", good, ""), http.StatusSeeOther)
	var a answer
	flood := s.browser().with(station)
	for range 40 {
		a = flood.tap("FFFFFFFFFF")
	}
	want(t, "a flood of taps", a, http.StatusTooManyRequests)
	desk.tap("04A2245B6C7D80")
	if desk.who() != "" {
		t.Error("a tap in the flood left the session open")
	}
}

func TestWhoeverComesBackComesBackToTheirPage(t *testing.T) {
	s, desk, _, _ := ward(t, dbtest.SQLite(t))
	const ninas, omars = "04A2245B6C7D80", "04A2245B6C7D81"
	want(t, "the first sign-in of the shift", desk.signIn("nina", good, ""), http.StatusSeeOther)
	leave := func(page string) {
		t.Helper()
		want(t, "locking", desk.form("/station/lock", "at", page), http.StatusSeeOther)
	}
	back := func(name, badge, to string) {
		t.Helper()
		if a := desk.tap(badge); a.to() != to {
			t.Errorf("%s leads to %q, want %q", name, a.to(), to)
		}
	}
	leave("/devices/12?view=week")
	back("her tap", ninas, "/devices/12?view=week")
	leave("")
	back("a tap after no page", ninas, "/")
	leave("/people/7")
	want(t, "the colleague signs in", desk.signIn("omar", good, ""), http.StatusSeeOther)
	desk.form("/station", "badge", ninas, "at", "/incidents") // omar was there
	if desk.who() != "nina" {
		t.Fatalf("%q is signed in", desk.who())
	}
	back("the colleague's tap", omars, "/incidents")
	leave("/findings")
	s.clock.Add(pageLife)
	want(t, "the colleague signs in", s.browser().signIn("omar", good, ""), http.StatusSeeOther)
	back("a tap an hour later", omars, "/")
}

func TestOnlyPagesOfTheConsoleAreComeBackTo(t *testing.T) {
	for page, want := range map[string]string{
		"/":                              "/",
		"/devices/12?view=week&q=a%20b":  "/devices/12?view=week&q=a%20b",
		"":                               "",
		"devices":                        "",
		"//evil.example/":                "",
		"/\\evil.example":                "",
		"/%5cevil.example":               "",
		"/%2f/evil.example":              "",
		"/a/../../evil":                  "",
		"https://evil.example/":          "",
		"javascript:alert(1)":            "",
		"/a\r\nSet-Cookie: x=1":          "",
		"/api/me":                        "",
		"/station":                       "",
		"/sign-in?here=1":                "",
		"/a#b":                           "",
		"/" + strings.Repeat("a", 10000): "",
	} {
		if got := ownPage(page); got != want {
			t.Errorf("%.40q is %q, want %q", page, got, want)
		}
	}
}

func TestAnAdministratorLooksAfterBadgeAndPIN(t *testing.T) {
	s, desk, admin, _ := ward(t, dbtest.SQLite(t))
	s.config.Station.PIN = true
	nina := s.browser()
	want(t, "signing in", nina.signIn("nina", good, ""), http.StatusSeeOther)
	want(t, "a PIN", nina.call("POST", "/api/me/pin", map[string]string{"pin": "482915"}, nil), http.StatusNoContent)
	at := "/api/people/" + s.row("nina").ID
	stands := func() badgeAnswer {
		t.Helper()
		var v struct{ Badge badgeAnswer }
		want(t, "the person", admin.call("GET", at, nil, &v), http.StatusOK)
		return v.Badge
	}
	try := func(pin string) answer {
		t.Helper()
		return desk.form("/station/pin", "sealed", sealedIn.FindStringSubmatch(desk.tap("04A2245B6C7D80").text)[1], "code", pin)
	}
	if b := stands(); b.Badge == nil || b.PIN == nil || b.PINRenew || b.PINWait != 0 || !b.Stations || !b.PINCounts {
		t.Errorf("at first: %+v", b)
	}
	var a answer
	for range 8 {
		a = try("111222")
	}
	want(t, "guessing", a, http.StatusTooManyRequests)
	if stands().PINWait == 0 {
		t.Error("the lock is not shown")
	}
	want(t, "the right PIN while locked", try("482915"), http.StatusTooManyRequests)
	want(t, "unlocking", admin.call("POST", at+"/pin/unlock", nil, nil), http.StatusNoContent)
	if a := try("482915"); a.to() != "/" || stands().PINWait != 0 {
		t.Errorf("the right PIN after unlocking led to %q", a.to())
	}
	desk.form("/station/lock")
	want(t, "asking for another PIN", admin.call("POST", at+"/pin/renew", nil, nil), http.StatusNoContent)
	if a := try("482915"); a.StatusCode != http.StatusUnprocessableEntity || !stands().PINRenew {
		t.Errorf("a PIN that is to be renewed = %d", a.StatusCode)
	}
	want(t, "another PIN", nina.call("POST", "/api/me/pin", map[string]string{"pin": "739158"}, nil), http.StatusNoContent)
	if a := try("739158"); a.to() != "/" || stands().PINRenew {
		t.Errorf("another PIN led to %q", a.to())
	}
	want(t, "by somebody else", nina.call("POST", at+"/pin/unlock", nil, nil), http.StatusForbidden)
	s.clock.Add(FreshProof)
	want(t, "on an old proof", admin.call("POST", at+"/pin/unlock", nil, nil), http.StatusForbidden)
}

func TestBrowsersAreAskedForACertificateOnlyWhileOneIsGood(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	admin := s.administrator()
	asked := func(when string, want bool) {
		t.Helper()
		if got := s.DeviceAuthority() != nil; got != want {
			t.Errorf("%s: asked %t, want %t", when, got, want)
		}
	}
	asked("at first", false)
	s.device(admin, "WARD-3", shared, "urgences")
	asked("with a device", true)
	var d deviceRow
	if err := s.db.Read().NewSelect().Model(&d).Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.RevokeDevice(t.Context(), "host", d.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.knowAsking(t.Context()); err != nil {
		t.Fatal(err)
	}
	asked("after the last was revoked", false)
}
