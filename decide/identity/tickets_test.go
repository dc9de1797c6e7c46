package identity

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"bulwark/decide/identity/directory"
	"bulwark/decide/identity/kerberos"
	"bulwark/internal/directorytest"
)

// The console, another service of the same machine, and one whose account has keys of RC4 alone.
const consoleName, elsewhereName, oldName = "bulwark.hospital.example", "elsewhere.hospital.example", "old.hospital.example"

// joined is a computer of the domain before the console.
type joined struct {
	*directorytest.Workstation
	url  string // of the console
	site *site
}

const ticketPage = "/sign-in/ticket/ad"

// ticketed has people of the domain show tickets to a console whose keys its controller made.
func (d *domain) ticketed(s *site) (*joined, directory.Config) {
	d.t.Helper()
	w := d.Workstation(d.t)
	dir := d.t.TempDir()
	keys := filepath.Join(dir, "keytab")
	d.Service(keys, "svc-bulwark", "24", consoleName)
	d.Service(filepath.Join(dir, "other"), "svc-elsewhere", "24", elsewhereName)
	d.Service(keys, "svc-old", "4", oldName)
	c := d.config()
	c.Kerberos = kerberos.Config{Realm: directorytest.Realm, Keytab: keys}
	if err := c.Check(); err != nil {
		d.t.Fatal(err)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(s.server.URL, "https://"), ":")
	return &joined{w, "https://" + consoleName + ":" + port, s}, c
}

// visit asks for a page of the console.
func (w *joined) visit(path string, more ...string) (status int, to, text string) {
	return w.Visit(w.url+path, []string{consoleName}, more...)
}

// shows has a browser show a header to the console.
func (w *joined) shows(b *browser, header string) answer {
	r := b.request("GET", ticketPage, nil)
	r.Header.Set("Authorization", header)
	return b.do(r)
}

// offered serves the site's people by tickets of the domain until the test ends.
func (s *site) offered(t *testing.T, c directory.Config) {
	t.Helper()
	old, log := s.sources, s.log
	s.config.Directories, s.sources = []directory.Config{c}, newSources([]directory.Config{c})
	t.Cleanup(func() { s.config.Directories, s.sources, s.log = nil, old, log })
}

// tickets has somebody of the domain come by the ticket of a workstation: p0000 has a second factor by now, p0001 has none.
func (d *domain) tickets(s *site) {
	t := d.t
	w, config := d.ticketed(s)
	s.offered(t, config)
	if err := s.sources["ad"].tickets.Test(); err != nil {
		out, _ := w.Run("", "klist", "-ket", config.Kerberos.Keytab)
		t.Fatalf("%v: %s", err, out)
	}
	if _, _, text := w.visit("/sign-in"); !strings.Contains(text, ticketPage) {
		t.Error("the sign-in page does not offer it")
	}
	if status, _, text := w.visit(ticketPage); status != http.StatusUnauthorized || !strings.Contains(text, "Www-Authenticate: Negotiate") || !strings.Contains(text, `action="/sign-in"`) || strings.Contains(text, ticketPage) {
		t.Errorf("a browser without Kerberos: %d %.300s", status, text)
	}
	w.SignOn("p0000", theirs)
	if status, to, text := w.visit(ticketPage+"?next=/incidents", directorytest.Negotiate...); status != http.StatusSeeOther || !strings.HasPrefix(to, "/sign-in/second?") || strings.Contains(text, sessionCookie+"=") && !strings.Contains(text, sessionCookie+"=;") {
		t.Errorf("with a ticket: %d to %q\n%.900s", status, to, text)
	}
	w.completes(t)
	d.refusesTickets(w)
	w.SignOn("p0001", theirs)
	if status, to, _ := w.visit(ticketPage, directorytest.Negotiate...); status != http.StatusSeeOther || !strings.HasPrefix(to, "/factors") {
		t.Errorf("who has no second factor: %d to %q", status, to)
	}
	row := s.newest("p0001")
	if strings.Join(row.Methods, " ") != byTicket || !row.Enrol {
		t.Errorf("the session is %+v", row)
	}
	d.refusesPeople(w)
	w.Ticket(consoleName) // good for hours
	d.set(dnOf(1), "sAMAccountName", "renamed")
	if status, to, _ := w.visit(ticketPage, directorytest.Negotiate...); status != http.StatusSeeOther || !strings.HasPrefix(to, "/factors") {
		t.Errorf("renamed since: %d to %q", status, to)
	}
	d.set(dnOf(1), "sAMAccountName", "p0001")
}

// completes has p0000 come by a ticket and the code of an app.
func (w *joined) completes(t *testing.T) {
	b := w.site.browser()
	a := w.shows(b, w.Ticket(consoleName))
	if a = b.form(a.to(), "code", w.site.code("p0000")); a.to() != "/" {
		t.Errorf("the second step: %d to %q", a.StatusCode, a.to())
	}
	want(t, "being in", b.call("GET", "/api/me", nil, nil), http.StatusOK)
	row := w.site.newest("p0000")
	if p := (Person{Methods: row.Methods, enrol: row.Enrol}); strings.Join(row.Methods, " ") != byTicket+" otp mfa" || p.Assurance() != 2 || p.Resistant() {
		t.Errorf("the session is of %v, assurance %d", row.Methods, p.Assurance())
	}
}

// refusesTickets shows what is no ticket for the console, though a real domain controller made it, in the name of somebody who may come in.
func (d *domain) refusesTickets(w *joined) {
	t, s := d.t, w.site
	var log bytes.Buffer
	s.log = slog.New(slog.NewTextHandler(&log, nil))
	good := w.Ticket(consoleName)
	if a := w.shows(s.browser(), good); a.StatusCode != http.StatusSeeOther {
		t.Errorf("what is good = %d", a.StatusCode)
	}
	fresh, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(w.Ticket(consoleName), "Negotiate "))
	changed := bytes.Clone(fresh)
	changed[len(changed)-1] ^= 1
	header := func(b []byte) string { return "Negotiate " + base64.StdEncoding.EncodeToString(b) }
	for name, c := range map[string]struct{ header, because string }{
		"shown before":        {good, "it was shown before"},
		"for another service": {w.Ticket(elsewhereName), "it is not for this service"},
		"of RC4":              {w.Ticket(oldName), "its cipher is not AES"},
		"cut":                 {header(fresh[:len(fresh)-40]), "cannot be read"},
		"changed":             {header(changed), "KRB_AP_ERR_BAD_INTEGRITY"},
		"longer than any":     {header(make([]byte, 60_000)), "longer than any"},
		"NTLM":                {header([]byte("NTLMSSP\x00\x01\x00\x00\x00\x97\x82\x08\xe2")), "it is NTLM"},
	} {
		log.Reset()
		b := s.browser()
		a := w.shows(b, c.header)
		if a.StatusCode != http.StatusForbidden || a.cookie(sessionCookie) != nil || a.Header.Get("WWW-Authenticate") != "" || !strings.Contains(a.text, `action="/sign-in"`) {
			t.Errorf("%s: %d %v", name, a.StatusCode, a.Header)
		}
		if got := log.String(); !strings.Contains(got, c.because) || strings.Contains(got, "p0000") || strings.Contains(got, strings.TrimPrefix(c.header, "Negotiate ")[:24]) {
			t.Errorf("%s: the log says %.300s, want %q and neither who it was nor the ticket", name, got, c.because)
		}
	}
	c := s.config.Directories[0]
	c.Kerberos.Networks = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	t.Run("from another network", func(t *testing.T) {
		s.offered(t, c)
		if status, _, _ := w.visit(ticketPage, directorytest.Negotiate...); status != http.StatusNotFound {
			t.Errorf("%d, want that there is no such page", status)
		}
		if _, _, text := w.visit("/sign-in"); strings.Contains(text, ticketPage) {
			t.Error("the sign-in page offers it")
		}
	})
}

// refusesPeople has those come who may not, by tickets that are good: one answer for all of them.
func (d *domain) refusesPeople(w *joined) {
	t := d.t
	refused := func(name string) (text string) {
		t.Helper()
		a := w.shows(w.site.browser(), w.Ticket(consoleName))
		if a.StatusCode != http.StatusForbidden || strings.Contains(a.text, "Personne 0001") {
			t.Errorf("%s: %d", name, a.StatusCode)
		}
		_, text, _ = strings.Cut(a.text, "<main")
		return text
	}
	d.set(dnOf(1), "userAccountControl", "514") // disabled a moment ago: the ticket is good for hours
	disabled := refused("disabled in the directory")
	d.set(dnOf(1), "userAccountControl", "512")
	d.set(dnOf(1), "accountExpires", "131000000000000000") // in 2016
	expired := refused("whose account has expired")
	d.set(dnOf(1), "accountExpires", "0")
	w.SignOn("administrator", directorytest.Password)
	unknown := refused("somebody of the domain whom nobody here knows") // not below the base
	w.SignOn("p0001", theirs)
	if disabled == "" || disabled != expired || disabled != unknown {
		t.Errorf("the answers differ:\n%s\n%s\n%s", disabled, expired, unknown)
	}
}

// newest is the session that somebody opened last.
func (s *site) newest(login string) *sessionRow {
	s.t.Helper()
	row := &sessionRow{}
	if err := s.db.Read().NewSelect().Model(row).Where("person = ?", s.row(login).ID).OrderExpr("id DESC").Limit(1).Scan(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return row
}
