package identity

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"bulwark/decide/identity/directory"
	"bulwark/decide/identity/kerberos"
	"bulwark/internal/directorytest"
)

// joined is a computer of the domain, with Debian's own kinit and curl.
type joined struct {
	t   *testing.T
	dir string
	url string // of the console
}

const consoleName = "bulwark.hospital.example"

// ticketed has people of the domain show tickets to a console whose keys its controller made.
func (d *domain) ticketed(s *site) (*joined, directory.Config) {
	d.t.Helper()
	for _, name := range []string{"kinit", "curl"} {
		if _, err := exec.LookPath(name); err != nil {
			d.t.Skipf("needs %s (Debian: krb5-user, curl)", name)
		}
	}
	dir := d.t.TempDir()
	d.Tool("user", "create", "svc-bulwark", "--random-password")
	d.set("CN=svc-bulwark,CN=Users,"+directorytest.Base, "msDS-SupportedEncryptionTypes", "24") // AES
	d.Tool("spn", "add", "HTTP/"+consoleName, "svc-bulwark")
	d.Tool("spn", "add", "HTTP/elsewhere.hospital.example", "svc-bulwark")
	keys := filepath.Join(dir, "keytab")
	d.Tool("domain", "exportkeytab", keys, "--principal=HTTP/"+consoleName)
	if err := os.Chmod(keys, 0o600); err != nil {
		d.t.Fatal(err)
	}
	text := fmt.Sprintf("[libdefaults]\ndefault_realm = %[1]s\ndns_lookup_kdc = false\ndns_lookup_realm = false\nrdns = false\ndns_canonicalize_hostname = false\nudp_preference_limit = 1\n[realms]\n%[1]s = {\n kdc = %[2]s\n}\n[domain_realm]\n.hospital.example = %[1]s\n", directorytest.Realm, directorytest.Address)
	if err := os.WriteFile(filepath.Join(dir, "krb5.conf"), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	c := d.config()
	c.Kerberos = kerberos.Config{Realm: directorytest.Realm, Keytab: keys}
	if err := c.Check(); err != nil {
		d.t.Fatal(err)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(s.server.URL, "https://"), ":")
	return &joined{d.t, dir, "https://" + consoleName + ":" + port}, c
}

func (w *joined) run(in string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "KRB5_CONFIG="+filepath.Join(w.dir, "krb5.conf"), "KRB5CCNAME=FILE:"+filepath.Join(w.dir, "tickets"))
	cmd.Stdin = strings.NewReader(in)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// signOn has somebody sign in to the workstation.
func (w *joined) signOn(login string) {
	w.t.Helper()
	if out, err := w.run(theirs+"\n", "kinit", login); err != nil {
		w.t.Fatalf("kinit %s: %v: %s", login, err, out)
	}
}

// visit asks for a page with whatever ticket there is, and tells the status and where it leads.
func (w *joined) visit(path string, more ...string) (status int, to, text string) {
	w.t.Helper()
	_, port, _ := strings.Cut(strings.TrimPrefix(w.url, "https://"), ":")
	args := append([]string{"-sk", "-i", "--resolve", consoleName + ":" + port + ":127.0.0.1", "--resolve", "elsewhere.hospital.example:" + port + ":127.0.0.1"}, more...)
	out, err := w.run("", "curl", append(args, w.url+path)...)
	if err != nil {
		w.t.Fatalf("curl: %v: %.300s", err, out)
	}
	if n := strings.LastIndex(out, "HTTP/"); n > 0 { // curl is asked first, and answers then
		out = out[n:]
	}
	if _, err := fmt.Sscanf(out, "HTTP/%s %d", new(string), &status); err != nil {
		w.t.Fatalf("curl: %v: %.300s", err, out)
	}
	for line := range strings.Lines(out) {
		if name, value, _ := strings.Cut(strings.TrimSpace(line), ": "); strings.EqualFold(name, "location") {
			to = value
		}
	}
	return status, to, out
}

// tickets has somebody of the domain come by the ticket of a workstation: p0000 has a second factor by now, p0001 has none.
func (d *domain) tickets(s *site) {
	t := d.t
	w, config := d.ticketed(s)
	old := s.sources
	s.config.Directories, s.sources = []directory.Config{config}, newSources([]directory.Config{config})
	defer func() { s.config.Directories, s.sources = nil, old }()
	if err := s.sources["ad"].tickets.Test(); err != nil {
		out, _ := w.run("", "klist", "-ket", config.Kerberos.Keytab)
		t.Fatalf("%v: %s", err, out)
	}
	const page = "/sign-in/ticket/ad"
	if _, _, text := w.visit("/sign-in"); !strings.Contains(text, page) {
		t.Error("the sign-in page does not offer it")
	}
	if status, _, text := w.visit(page); status != http.StatusUnauthorized || !strings.Contains(text, "Www-Authenticate: Negotiate") || !strings.Contains(text, `action="/sign-in"`) || strings.Contains(text, page) {
		t.Errorf("a browser without Kerberos: %d %.300s", status, text)
	}
	negotiate := []string{"--negotiate", "-u", ":"}
	w.signOn("p0000")
	if status, to, text := w.visit(page+"?next=/incidents", negotiate...); status != http.StatusSeeOther || !strings.HasPrefix(to, "/sign-in/second?") || strings.Contains(text, sessionCookie+"=") && !strings.Contains(text, sessionCookie+"=;") {
		t.Errorf("with a ticket: %d to %q\n%.900s", status, to, text)
	}
	w.signOn("p0001")
	if status, to, _ := w.visit(page, negotiate...); status != http.StatusSeeOther || !strings.HasPrefix(to, "/factors") {
		t.Errorf("who has no second factor: %d to %q", status, to)
	}
	row, err := s.newest("p0001")
	if err != nil || strings.Join(row.Methods, " ") != byTicket || !row.Enrol {
		t.Errorf("the session is %+v, %v", row, err)
	}
	d.set(dnOf(1), "userAccountControl", "514") // disabled a moment ago: the ticket is good for hours
	if status, _, text := w.visit(page, negotiate...); status != http.StatusForbidden || strings.Contains(text, "Personne 0001") {
		t.Errorf("disabled in the directory: %d", status)
	}
	d.set(dnOf(1), "userAccountControl", "512")
	d.set(dnOf(1), "sAMAccountName", "renamed")
	if status, to, _ := w.visit(page, negotiate...); status != http.StatusSeeOther || !strings.HasPrefix(to, "/factors") {
		t.Errorf("renamed since: %d to %q", status, to)
	}
	d.set(dnOf(1), "sAMAccountName", "p0001")
	if out, err := w.run(directorytest.Password+"\n", "kinit", "administrator"); err != nil {
		t.Fatalf("kinit: %v: %s", err, out)
	}
	if status, _, _ := w.visit(page, negotiate...); status != http.StatusForbidden { // not below the base
		t.Errorf("somebody of the domain whom nobody here knows: %d", status)
	}
	w.signOn("p0000")
	w.url = strings.Replace(w.url, consoleName, "elsewhere.hospital.example", 1)
	if status, _, _ := w.visit(page, negotiate...); status != http.StatusForbidden {
		t.Errorf("a ticket for another service: %d", status)
	}
}

// newest is the session that somebody opened last.
func (s *site) newest(login string) (*sessionRow, error) {
	row := &sessionRow{}
	err := s.db.Read().NewSelect().Model(row).Where("person = ?", s.row(login).ID).OrderExpr("id DESC").Limit(1).Scan(s.t.Context())
	return row, err
}
