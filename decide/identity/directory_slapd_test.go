package identity

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bulwark/decide/identity/directory"
	"bulwark/internal/directorytest"
	"bulwark/platform/conf"
	"bulwark/platform/ldaps"
	"bulwark/platform/web"
)

const (
	tree     = "dc=hospital,dc=example"
	treeRoot = "cn=admin," + tree
)

// startSlapd starts OpenLDAP with an empty tree, until the test ends. It skips the test where there is none.
func startSlapd(t *testing.T) (server, authority string) {
	t.Helper()
	if testing.Short() {
		t.Skip("a real directory takes a while")
	}
	slapd, err := exec.LookPath("slapd")
	if err != nil {
		if slapd = "/usr/sbin/slapd"; !runs(slapd) {
			t.Skip("needs slapd (Debian: slapd)")
		}
	}
	dir := t.TempDir()
	authority = filepath.Join(dir, "cert.pem")
	directorytest.SelfSigned(t, authority, filepath.Join(dir, "key.pem"))
	text := fmt.Sprintf(`include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile %s
TLSCertificateKeyFile %[2]s/key.pem
pidfile %[2]s/slapd.pid
sizelimit 50
database mdb
directory %[2]s
suffix %[3]q
rootdn %[4]q
rootpw %[5]q
limits dn.exact=%[6]q size.pr=unlimited size.prtotal=unlimited
access to attrs=userPassword by anonymous auth by * none
access to * by * read
`, authority, dir, tree, treeRoot, directorytest.Password, "cn=bulwark,"+tree)
	name := filepath.Join(dir, "slapd.conf")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	at := directorytest.Address + ":6636"
	cmd := exec.Command(slapd, "-f", name, "-h", "ldaps://"+at, "-d", "0")
	if err := cmd.Start(); err != nil {
		t.Skipf("starting slapd: %v", err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for range 100 {
		if c, err := net.DialTimeout("tcp", at, time.Second); err == nil {
			c.Close()
			return "ldaps://" + at, authority
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Skip("slapd does not start here")
	return "", ""
}

func runs(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// TestPeopleOfOpenLDAP reads people and groups page by page, past what the server gives at once, and proves passwords.
func TestPeopleOfOpenLDAP(t *testing.T) {
	server, authority := startSlapd(t)
	c, end, err := ldaps.Dial(context.Background(), server, authority, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	if err := c.Bind(treeRoot, directorytest.Password); err != nil {
		t.Fatal(err)
	}
	d := &domain{Conn: c, t: t}
	d.add(tree, "objectClass", "dcObject", "objectClass", "organization", "o", "Hospital")
	d.add("ou=people,"+tree, "objectClass", "organizationalUnit")
	d.add("cn=bulwark,"+tree, "objectClass", "organizationalRole", "objectClass", "simpleSecurityObject", "userPassword", directorytest.Password)
	const many = 600
	var half []string
	for n := range many {
		dn := fmt.Sprintf("uid=p%03d,ou=people,%s", n, tree)
		d.add(dn, "objectClass", "inetOrgPerson", "cn", fmt.Sprintf("Prénom Nom-%d", n), "sn", "Nom", "userPassword", theirs, "departmentNumber", " Réanimation  Nord ")
		if n%2 == 0 {
			half = append(half, dn)
		}
	}
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	var called atomic.Bool
	go func() {
		if c, err := other.Accept(); err == nil {
			called.Store(true)
			c.Close()
		}
	}()
	d.add("ou=elsewhere,"+tree, "objectClass", "referral", "objectClass", "extensibleObject", "ref", "ldap://"+other.Addr().String()+"/ou=elsewhere,"+tree)
	d.add("cn=medecins,"+tree, append([]string{"objectClass", "groupOfNames"}, pairs("member", half)...)...)
	s := sqliteSite(t)
	admin := s.administrator()
	config := directory.Config{Name: "ad", Kind: "ldap", Servers: []string{server}, Authority: authority, Account: "cn=bulwark," + tree,
		Password: conf.NewSecret(directorytest.Password), Base: tree, Roles: []directory.Mapping{{From: "medecins", To: "doctor"}, {From: "medecins", To: "reader"}}, UnitAttribute: "departmentNumber"}
	if err := config.Check(); err != nil {
		t.Fatal(err)
	}
	s.sources = newSources([]directory.Config{config})
	if v := s.read(false); v.Joined != many || v.Referred != 1 {
		t.Fatalf("%+v", v)
	}
	if called.Load() {
		t.Error("the other server is asked")
	}
	doctor, nurse := s.row("p000"), s.row("p001")
	if strings.Join(doctor.Roles, ",") != "doctor" || words(doctor.Duties) != "reader" || len(nurse.Roles)+len(nurse.Duties) != 0 || strings.Join(nurse.Units, ",") != "réanimation nord" {
		t.Errorf("%+v, %+v", doctor, nurse)
	}
	b := s.browser()
	want(t, "an empty password", b.form("/sign-in", "login", "p000", "password", ""), http.StatusUnprocessableEntity)
	want(t, "another password", b.form("/sign-in", "login", "p000", "password", theirs+"x"), http.StatusUnprocessableEntity)
	if a := b.form("/sign-in", "login", "p000", "password", theirs); a.to() != "/factors" {
		t.Errorf("signing in: %d to %q", a.StatusCode, a.to())
	}
	mark, _, err := s.sources["ad"].Changed(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	d.set("uid=p001,ou=people,"+tree, "cn", "Somebody Else")
	if _, changed, err := s.sources["ad"].Changed(t.Context(), mark); err != nil || !changed {
		t.Errorf("the change is not seen: %v, %v", changed, err)
	}
	if s.read(false); s.row("p001").Name != "Somebody Else" {
		t.Error("the change is not taken over")
	}
	want(t, "duties that the directory gives", admin.call("POST", "/api/people/"+doctor.ID+"/duties", map[string]any{"duties": []web.Duty{web.Analyst}}, nil), http.StatusConflict)
}

// pairs are names and values, as add takes them.
func pairs(name string, values []string) []string {
	var all []string
	for _, v := range values {
		all = append(all, name, v)
	}
	return all
}
