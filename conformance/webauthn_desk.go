package conformance

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"bulwark/decide/identity"
	"bulwark/decide/identity/identitytest"
	"bulwark/decide/identity/oidc"
	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/keys"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// The name of the console in the vectors of the specification.
const (
	partyID   = "example.org"
	partyFrom = "https://example.org"
)

// desk is a console with one person, and the browser in which they are signed in.
type desk struct {
	handler http.Handler
	clock   *clock.Manual
	keys    *keys.Keys
	db      *db.DB
	cookies map[string]string
	app     *identitytest.App
	person  string
}

const deskPassword = "tournevis-girafe-lundi-bocal"

// openDesk sets a console up in a folder, and its first person, with an app beside the passkeys that come.
func openDesk(ctx context.Context, dir string, change ...func(*identity.Config)) (d *desk, err error) {
	d = &desk{clock: clock.NewManual(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)), cookies: map[string]string{}}
	// Every suite gets a desk of its own: a second one would find the first one's administrator.
	if dir, err = os.MkdirTemp(dir, "desk-"); err != nil {
		return nil, err
	}
	if d.keys, err = keys.Open(filepath.Join(dir, "keys")); err != nil {
		return nil, err
	}
	if d.db, err = db.Open(ctx, "sqlite:"+filepath.Join(dir, "webauthn.db")); err != nil {
		return nil, err
	}
	l, err := ledger.Open(ctx, ledger.Needs{DB: d.db, Clock: d.clock, Origin: "conformance", Key: d.keys.Signing("ledger")})
	if err != nil {
		return nil, err
	}
	config := identity.Config{}
	for _, c := range change {
		c(&config)
	}
	room, err := identity.New(ctx, identity.Needs{Config: config, DB: d.db, Ledger: l, Clock: d.clock, Log: slog.New(slog.DiscardHandler), Derive: d.keys.Derive})
	if err != nil {
		return nil, err
	}
	provider, err := oidc.New(ctx, oidc.Needs{DB: d.db, Ledger: l, Clock: d.clock, Log: slog.New(slog.DiscardHandler), People: room, Derive: d.keys.Derive})
	if err != nil {
		return nil, err
	}
	if d.handler, err = web.NewMux(append(room.Routes(), provider.Routes()...), room); err != nil {
		return nil, err
	}
	link, err := room.SetupLink(ctx)
	if err != nil {
		return nil, err
	}
	form := url.Values{"name": {"Alix Martin"}, "login": {"alix"}, "password": {deskPassword}, "again": {deskPassword}}
	if status, page := d.ask(http.MethodPost, link.Path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode())); status != http.StatusSeeOther {
		return nil, fmt.Errorf("setting up: %d %.200s", status, page)
	}
	do := func(r *http.Request) (int, string, error) { status, page := d.send(r); return status, page, nil }
	if d.app, err = identitytest.Enrol(do, partyFrom, d.clock.Now()); err != nil {
		return nil, err
	}
	var me struct{ ID string }
	if status := d.call(http.MethodGet, "/api/me", nil, &me); status != http.StatusOK {
		return nil, fmt.Errorf("asking who is signed in: %d", status)
	}
	d.person = me.ID
	return d, nil
}

// send sends a request with what cookies the browser has.
func (d *desk) send(r *http.Request) (int, string) {
	r.Host, r.RemoteAddr = partyID, "192.0.2.1:1"
	for name, value := range d.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(d.cookies, c.Name)
		} else {
			d.cookies[c.Name] = c.Value
		}
	}
	return w.Code, w.Body.String()
}

func (d *desk) ask(method, path, kind string, body io.Reader) (int, string) {
	r := httptest.NewRequest(method, path, body)
	r.Header.Set("Content-Type", kind)
	return d.send(r)
}

// call asks the API; out may be nil.
func (d *desk) call(method, path string, in, out any) int {
	text, err := json.Marshal(in)
	if err != nil {
		return 0
	}
	status, answer := d.ask(method, path, "application/json", bytes.NewReader(text))
	if out != nil && json.Unmarshal([]byte(answer), out) != nil {
		return 0
	}
	return status
}

// question is what the console asks a browser, and its challenge.
type question struct {
	Ceremony string
	Options  struct{ Challenge string }
}

// The three places where a passkey is asked for.
const (
	atNew    = "/api/me/passkeys"
	atSignIn = "/sign-in/passkey"
	atProof  = "/api/me/prove"
)

func (d *desk) question(at string) (q question, err error) {
	var in map[string]any
	if at == atProof {
		in = map[string]any{"passkey": true}
	} else {
		in = map[string]any{}
	}
	if status := d.call(http.MethodPost, at, in, &q); status != http.StatusOK || q.Ceremony == "" {
		return q, fmt.Errorf("%s: %d, no question", at, status)
	}
	return q, nil
}

// forge is a question with a challenge of the specification: what the browser carries is signed with a key that we hand in.
func (d *desk) forge(at string, challenge []byte, recognised protocol.UserVerificationRequirement) (string, error) {
	s := webauthn.SessionData{Challenge: base64.RawURLEncoding.EncodeToString(challenge), RelyingPartyID: partyID, UserVerification: recognised}
	who := ""
	if at == atNew {
		who, s.UserID, s.CredParams = d.person, []byte(d.person), webauthn.CredentialParametersDefault()
	}
	text, err := json.Marshal(map[string]any{"for": who, "ends": d.clock.Now().Add(time.Minute), "session": s})
	if err != nil {
		return "", err
	}
	carried := base64.RawURLEncoding.EncodeToString(text)
	key := d.keys.Derive("identity/passkey")
	m := hmac.New(sha256.New, key[:])
	m.Write([]byte(carried))
	return carried + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil)), nil
}

// answer sends what a browser answered, and tells whether it was taken. Signing in does not change who is signed in here.
func (d *desk) answer(at, ceremony string, answer json.RawMessage) bool {
	kept := map[string]string{}
	for name, value := range d.cookies {
		kept[name] = value
	}
	in := map[string]any{"ceremony": ceremony, "answer": answer}
	if at == atNew {
		in["label"] = "key"
	}
	status := d.call(http.MethodPost, at, in, nil)
	if at == atSignIn {
		opened := d.cookies["__Host-bulwark"] != kept["__Host-bulwark"]
		d.signInAgain()
		return status == http.StatusOK && opened
	}
	return status == http.StatusNoContent
}

// signInAgain comes back with password and code, as signing in ended the session before.
func (d *desk) signInAgain() {
	d.clock.Add(time.Minute) // for another code
	form := url.Values{"login": {"alix"}, "password": {deskPassword}}
	d.ask(http.MethodPost, "/sign-in", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	form = url.Values{"code": {d.app.Code(d.clock.Now())}}
	d.ask(http.MethodPost, "/sign-in/second", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

// forget takes all passkeys away: there is room for ten.
func (d *desk) forget() error {
	var all struct{ Passkeys []struct{ ID string } }
	if status := d.call(http.MethodGet, atNew, nil, &all); status != http.StatusOK {
		return fmt.Errorf("listing passkeys: %d", status)
	}
	var errs []error
	for _, k := range all.Passkeys {
		if status := d.call(http.MethodDelete, atNew+"/"+k.ID, nil, nil); status != http.StatusNoContent {
			errs = append(errs, fmt.Errorf("removing a passkey: %d", status))
		}
	}
	return errors.Join(errs...)
}
