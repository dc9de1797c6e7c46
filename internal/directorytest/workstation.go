package directorytest

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

// Workstation is a computer of the domain, with Debian's own kinit and curl.
type Workstation struct {
	t   *testing.T
	dir string
}

// Workstation is one where nobody is signed on yet. It skips the test where there is no kinit.
func (d *Domain) Workstation(t *testing.T) *Workstation {
	t.Helper()
	for _, name := range []string{"kinit", "kvno", "curl"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("a workstation needs %s (Debian: krb5-user, curl)", name)
		}
	}
	w := &Workstation{t, t.TempDir()}
	text := fmt.Sprintf("[libdefaults]\ndefault_realm = %[1]s\ndns_lookup_kdc = false\ndns_lookup_realm = false\nrdns = false\ndns_canonicalize_hostname = false\nudp_preference_limit = 1\nallow_weak_crypto = true\n[realms]\n%[1]s = {\n kdc = %[2]s\n}\n[domain_realm]\n.hospital.example = %[1]s\n", Realm, Address)
	if err := os.WriteFile(filepath.Join(w.dir, "krb5.conf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

// Service makes an account that serves names over HTTP, with keys of these kinds ("24": AES, "4": RC4; MS-KILE, 2.2.7), and takes the keys of all
// of them into a keytab.
func (d *Domain) Service(keytab, account, kinds string, names ...string) {
	d.t.Helper()
	d.Tool("user", "create", account, "--random-password")
	d.set("CN="+account+",CN=Users,"+Base, "msDS-SupportedEncryptionTypes", kinds)
	for _, n := range names {
		d.Tool("spn", "add", "HTTP/"+n, account)
		d.Tool("domain", "exportkeytab", keytab, "--principal=HTTP/"+n)
	}
	if err := os.Chmod(keytab, 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// set sets an attribute of an entry.
func (d *Domain) set(dn, name, value string) {
	d.t.Helper()
	text, err := os.ReadFile(d.Authority)
	if err != nil {
		d.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	c, err := ldap.DialURL("ldaps://"+Address, ldap.DialWithTLSConfig(&tls.Config{RootCAs: roots}))
	if err != nil {
		d.t.Fatal(err)
	}
	defer c.Close()
	if err := c.Bind("administrator@"+strings.ToLower(Realm), Password); err != nil {
		d.t.Fatal(err)
	}
	r := ldap.NewModifyRequest(dn, nil)
	r.Replace(name, []string{value})
	if err := c.Modify(r); err != nil {
		d.t.Fatalf("setting %s of %s: %v", name, dn, err)
	}
}

// Run runs a program with the tickets of who is signed on.
func (w *Workstation) Run(in, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "KRB5_CONFIG="+filepath.Join(w.dir, "krb5.conf"), "KRB5CCNAME=FILE:"+filepath.Join(w.dir, "tickets"))
	cmd.Stdin = strings.NewReader(in)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// SignOn has somebody sign on.
func (w *Workstation) SignOn(login, password string) {
	w.t.Helper()
	if out, err := w.Run(password+"\n", "kinit", login); err != nil {
		w.t.Fatalf("kinit %s: %v: %s", login, err, out)
	}
}

// Visit has the browser ask for a page, and tells the status and where it leads. Each of hosts is this machine.
func (w *Workstation) Visit(url string, hosts []string, more ...string) (status int, to, text string) {
	w.t.Helper()
	args := []string{"-skS", "-i"}
	for _, h := range hosts {
		args = append(args, "--connect-to", h+"::127.0.0.1:")
	}
	out, err := w.Run("", "curl", append(append(args, more...), url)...)
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

// Negotiate has curl show tickets.
var Negotiate = []string{"--negotiate", "-u", ":"}

// Ticket is the Authorization header that the browser would show to a host, which has not seen it yet.
func (w *Workstation) Ticket(host string) (header string) {
	w.t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if header = r.Header.Get("Authorization"); header == "" {
			rw.Header().Set("WWW-Authenticate", "Negotiate")
			rw.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer s.Close()
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		w.t.Fatal(err)
	}
	w.Visit("http://"+host+":"+port, []string{host}, Negotiate...)
	if header == "" {
		w.t.Fatalf("no ticket for %s", host)
	}
	return header
}
