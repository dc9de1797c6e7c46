package directory

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"bulwark/platform/conf"
)

const (
	address  = "127.77.0.1" // of the domain controller: on this machine alone
	realm    = "AD.HOSPITAL.EXAMPLE"
	base     = "DC=ad,DC=hospital,DC=example"
	password = "Test-directory-2026"
)

// domain is a domain controller: Samba's.
type domain struct {
	t         *testing.T
	conf      string
	authority string
}

// newDomain makes an empty domain and starts its controller.
func newDomain(t *testing.T) *domain {
	t.Helper()
	if testing.Short() {
		t.Skip("making a domain takes half a minute")
	}
	if os.Geteuid() != 0 {
		t.Skip("a domain controller needs root for its ports")
	}
	for _, name := range []string{"samba", "samba-tool"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("a domain controller needs %s (Debian: samba-ad-dc)", name)
		}
	}
	dir := t.TempDir()
	d := &domain{t: t, conf: filepath.Join(dir, "etc", "smb.conf"), authority: filepath.Join(dir, "cert.pem")}
	if out, err := exec.Command("samba-tool", "domain", "provision", "--realm="+realm, "--domain=HOSPITAL", "--server-role=dc", "--dns-backend=NONE", "--adminpass="+password,
		"--targetdir="+dir, "--host-name=dc1", "--host-ip="+address, "--option=vfs objects=").CombinedOutput(); err != nil {
		t.Skipf("making a domain: %v: %.500s", err, out)
	}
	selfSigned(t, d.authority, filepath.Join(dir, "key.pem"))
	text, err := os.ReadFile(d.conf)
	if err != nil {
		t.Fatal(err)
	}
	own := fmt.Sprintf("[global]\n\tinterfaces = %s/8\n\tbind interfaces only = yes\n\ttls enabled = yes\n\ttls keyfile = %s/key.pem\n\ttls certfile = %s\n\ttls cafile =\n\tlog file = %s/log\n", address, dir, d.authority, dir)
	var rest []string
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "server services") {
			line = "\tserver services = ldap\n"
		}
		if !strings.HasPrefix(line, "[global]") && !strings.Contains(line, "log file") {
			rest = append(rest, line)
		}
	}
	if err := os.WriteFile(d.conf, []byte(own+strings.Join(rest, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	d.start()
	return d
}

// start starts the controller, and waits until it answers.
func (d *domain) start() {
	d.t.Helper()
	cmd := exec.Command("samba", "-i", "-M", "single", "-s", d.conf, "--debug-stdout")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		d.t.Skipf("starting samba: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	d.t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	for range 300 {
		c, err := net.DialTimeout("tcp", address+":636", time.Second)
		if err == nil {
			c.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			d.t.Skipf("samba ended: %v: %s", err, said.String())
		case <-time.After(100 * time.Millisecond):
		}
	}
	d.t.Fatalf("samba does not answer: %s", said.String())
}

// tool runs samba-tool.
func (d *domain) tool(args ...string) {
	d.t.Helper()
	if out, err := exec.Command("samba-tool", append(args, "-s", d.conf)...).CombinedOutput(); err != nil {
		d.t.Fatalf("samba-tool %v: %v: %s", args, err, out)
	}
}

// ask reads attributes of an account as an administrator.
func (d *domain) ask(name, attribute string) []string {
	d.t.Helper()
	dir := d.point(Config{Account: "administrator@" + strings.ToLower(realm)})
	s, err := dir.open(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	defer s.close()
	got, err := s.c.Search(ldap.NewSearchRequest(base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, "(sAMAccountName="+name+")", []string{attribute}, nil))
	if err != nil || len(got.Entries) != 1 {
		d.t.Fatalf("asking for %s: %v, %v", name, got, err)
	}
	return got.Entries[0].GetAttributeValues(attribute)
}

// point is the enforcement point for this domain.
func (d *domain) point(c Config) *Directory {
	c.Servers, c.Authority, c.Password = []string{"ldaps://" + address}, d.authority, conf.NewSecret(password)
	if c.Account == "" {
		c.Account = "bulwark@" + strings.ToLower(realm)
	}
	return New(c, slog.New(slog.DiscardHandler))
}

func selfSigned(t *testing.T, cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "dc1"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.ParseIP(address)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// drive makes an order so, or puts it back, and reads it.
func (d *domain) drive(p *Directory, o Order, wanted bool) (held bool, err error) {
	d.t.Helper()
	want, undo := []Order{o}, []Order(nil)
	if !wanted {
		want, undo = undo, want
	}
	refused, err := p.Drive(d.t.Context(), want, undo)
	if err != nil || refused[o.ID] != nil {
		return false, errors.Join(err, refused[o.ID])
	}
	all, unknown, err := p.Read(d.t.Context(), []Order{o})
	return all[o.ID], errors.Join(err, unknown[o.ID])
}

// TestActiveDirectory runs the acts on a real domain controller.
func TestActiveDirectory(t *testing.T) {
	d := newDomain(t)
	d.tool("user", "create", "bulwark", password)
	d.tool("group", "addmembers", "Domain Admins", "bulwark")
	d.tool("user", "create", "jdurand", password)
	d.tool("user", "create", "urgence", password)
	d.tool("group", "add", "Images")
	d.tool("group", "addmembers", "Images", "jdurand")
	d.tool("ou", "create", "OU=Partis,"+base)
	p := d.point(Config{Never: []string{"Urgence"}})

	t.Run("each act is so after it was done, and as before after it was undone", func(t *testing.T) {
		for _, tt := range []struct {
			o                 Order
			object, attribute string
			planned, set      string
		}{
			{Order{ID: 1, Act: DisableAccount, User: "jdurand"}, "jdurand", "userAccountControl", "512 becomes 514", "514"},
			{Order{ID: 2, Act: RevokeSessions, User: `HOSPITAL\jdurand`}, "jdurand", "logonHours", "now every hour", strings.Repeat("\x00", hours)},
			{Order{ID: 3, Act: RemoveGroup, User: "jdurand@ad.hospital.example", Group: "Images"}, "Images", "member", "member loses CN=jdurand", ""},
		} {
			before := strings.Join(d.ask(tt.object, tt.attribute), "|")
			plan, err := p.Try(t.Context(), tt.o)
			if err != nil || !strings.Contains(plan[0], tt.planned) || len(plan) != 2 {
				t.Fatalf("%s: the plan is %q, %v; want %q", tt.o.Act, plan, err, tt.planned)
			}
			if got := strings.Join(d.ask(tt.object, tt.attribute), "|"); got != before {
				t.Fatalf("%s: planning made %s %q of %q", tt.o.Act, tt.attribute, got, before)
			}
			if tt.o.Memo, err = p.Prepare(t.Context(), tt.o); err != nil {
				t.Fatal(err)
			}
			for range 2 { // doing it again changes nothing
				if held, err := d.drive(p, tt.o, true); err != nil || !held {
					t.Fatalf("%s: held %v, %v; want it in force", tt.o.Act, held, err)
				}
			}
			if got := strings.Join(d.ask(tt.object, tt.attribute), "|"); got != tt.set {
				t.Errorf("%s: %s is %q, want %q", tt.o.Act, tt.attribute, got, tt.set)
			}
			if _, err := p.Try(t.Context(), tt.o); !errors.Is(err, ErrSo) {
				t.Errorf("%s again: error %v, want %v", tt.o.Act, err, ErrSo)
			}
			p = d.point(Config{Never: []string{"Urgence"}}) // as after a restart: the memo is all there is
			for range 2 {
				if held, err := d.drive(p, tt.o, false); err != nil || held {
					t.Fatalf("%s undone: held %v, %v; want it gone", tt.o.Act, held, err)
				}
			}
			if got := strings.Join(d.ask(tt.object, tt.attribute), "|"); got != before {
				t.Errorf("%s undone: %s is %q, want %q", tt.o.Act, tt.attribute, got, before)
			}
		}
	})

	t.Run("accounts that are never touched", func(t *testing.T) {
		for _, name := range []string{"krbtgt", "Administrator", "administrator@ad.hospital.example", "Guest", "bulwark", "URGENCE", "DC1$"} {
			o := Order{ID: 9, Act: DisableAccount, User: name}
			if _, err := p.Try(t.Context(), o); !errors.Is(err, ErrNever) {
				t.Errorf("%s: error %v, want %v", name, err, ErrNever)
			}
			if _, err := p.Prepare(t.Context(), o); !errors.Is(err, ErrNever) {
				t.Errorf("preparing %s: error %v, want %v", name, err, ErrNever)
			}
		}
	})

	t.Run("names that are nobody's, or a filter", func(t *testing.T) {
		for _, name := range []string{"nobody", "*", "jdurand)(cn=*", "jdurand@elsewhere.example", ""} {
			if _, err := p.Try(t.Context(), Order{ID: 9, Act: DisableAccount, User: name}); !errors.Is(err, ErrAbsent) {
				t.Errorf("%q: error %v, want %v", name, err, ErrAbsent)
			}
		}
	})

	t.Run("other bits that a person sets meanwhile stay", func(t *testing.T) {
		o := Order{ID: 4, Act: DisableAccount, User: "jdurand"}
		o.Memo, _ = p.Prepare(t.Context(), o)
		if held, err := d.drive(p, o, true); !held || err != nil {
			t.Fatal(held, err)
		}
		d.tool("user", "setexpiry", "--noexpiry", "jdurand") // DONT_EXPIRE_PASSWORD
		if held, err := d.drive(p, o, false); held || err != nil {
			t.Fatal(held, err)
		}
		if got := d.ask("jdurand", "userAccountControl")[0]; got != "66048" {
			t.Errorf("userAccountControl is %s, want 66048", got)
		}
	})

	t.Run("hours that a person sets meanwhile stay", func(t *testing.T) {
		o := Order{ID: 5, Act: RevokeSessions, User: "jdurand"}
		o.Memo, _ = p.Prepare(t.Context(), o)
		if held, err := d.drive(p, o, true); !held || err != nil {
			t.Fatal(held, err)
		}
		theirs := bytes.Repeat([]byte{0xf0}, hours)
		s, err := p.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		if err := s.apply("CN=jdurand,CN=Users,"+base, "logonHours", make([]byte, hours), theirs); err != nil {
			t.Fatal(err)
		}
		if err := s.apply("CN=jdurand,CN=Users,"+base, "logonHours", make([]byte, hours), nil); err == nil {
			t.Error("a value that is another's was taken away")
		}
		if held, err := d.drive(p, o, false); held || err != nil {
			t.Fatal(held, err)
		}
		if got := d.ask("jdurand", "logonHours"); len(got) != 1 || got[0] != string(theirs) {
			t.Errorf("logonHours are %x, want %x", got, theirs)
		}
	})

	t.Run("an account that a person moved is theirs", func(t *testing.T) {
		o := Order{ID: 6, Act: DisableAccount, User: "jdurand"}
		o.Memo, _ = p.Prepare(t.Context(), o)
		if held, err := d.drive(p, o, true); !held || err != nil {
			t.Fatal(held, err)
		}
		d.tool("user", "move", "jdurand", "OU=Partis,"+base)
		if _, err := d.drive(p, o, true); !errors.Is(err, ErrTaken) {
			t.Errorf("holding it: error %v, want %v", err, ErrTaken)
		}
		if held, err := d.drive(p, o, false); held || err != nil {
			t.Fatal(held, err)
		}
		if got := d.ask("jdurand", "userAccountControl")[0]; got != "66050" {
			t.Errorf("userAccountControl is %s, want 66050: it stays disabled", got)
		}
		d.tool("user", "delete", "jdurand")
		if _, err := d.drive(p, o, true); !errors.Is(err, ErrGone) {
			t.Errorf("holding what is gone: error %v, want %v", err, ErrGone)
		}
		if held, err := d.drive(p, o, false); held || err != nil {
			t.Error(held, err)
		}
	})

	t.Run("a server that does not prove its name, a wrong password", func(t *testing.T) {
		c := p.config
		c.Authority = ""
		if _, err := New(c, p.log).Try(t.Context(), Order{Act: DisableAccount, User: "urgence"}); err == nil || !strings.Contains(err.Error(), "x509") {
			t.Errorf("error %v, want one about its certificate", err)
		}
		c = p.config
		c.Password = conf.NewSecret("wrong")
		if _, err := New(c, p.log).Drive(t.Context(), nil, nil); !ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials) {
			t.Errorf("error %v, want invalid credentials", err)
		}
	})
}
