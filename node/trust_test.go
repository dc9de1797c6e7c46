package node

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"bulwark/decide/identity"
	"bulwark/platform/keys"
	"bulwark/platform/web"
)

func TestCommandsTakeEveryAnswerThatIsAYes(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("unix", controlPath(dir))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/trusted/codes", func(w http.ResponseWriter, _ *http.Request) {
		web.JSON(w, http.StatusCreated, map[string]string{"code": "ABCD-EFGH-IJKL-MNOP", "ends": "2026-11-22T03:00:00Z"})
	})
	mux.HandleFunc("DELETE /api/trusted/there", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("DELETE /api/trusted/gone", func(w http.ResponseWriter, r *http.Request) { web.Refuse(w, r, http.StatusNotFound, "no-such-device") })
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	for _, c := range []struct {
		name, says string
		args       []string
		want       int
	}{
		{"a code that was made is shown", "ABCD-EFGH-IJKL-MNOP", []string{"trust", "code", "WARD-3"}, ExitOK},
		{"an answer without a word is a yes", "", []string{"trust", "revoke", "there"}, ExitOK},
		{"a refusal is told", "no-such-device", []string{"trust", "revoke", "gone"}, ExitFailure},
	} {
		var said bytes.Buffer
		if got := Main(t.Context(), append(c.args, "--data", dir), Terminal{Out: &said, Err: &said}); got != c.want || !strings.Contains(said.String(), c.says) {
			t.Errorf("%s: exit %d, %q", c.name, got, said.String())
		}
	}
}

func TestAPinIsOfTheConsoleAndNoOther(t *testing.T) {
	issue := func(name string, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		t.Helper()
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		tpl := &x509.Certificate{SerialNumber: keys.Serial(), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
		if parent == nil {
			tpl.IsCA, tpl.BasicConstraintsValid, tpl.KeyUsage, parent, by = true, true, x509.KeyUsageCertSign, tpl, key
		} else {
			tpl.DNSNames = []string{name}
		}
		c, err := keys.SignCertificate(tpl, parent, &key.PublicKey, by)
		if err != nil {
			t.Fatal(err)
		}
		return c, key
	}
	root, key := issue("hospital", nil, nil)
	console, _ := issue("bulwark.hospital.example", root, key)
	printer, _ := issue("printer.hospital.example", root, key)
	stranger, strange := issue("hospital", nil, nil)
	made, _ := issue("bulwark.hospital.example", stranger, strange)
	for _, c := range []struct {
		name  string
		pin   *x509.Certificate
		chain []*x509.Certificate
		good  bool
	}{
		{"the console's own certificate", console, []*x509.Certificate{console, root}, true},
		{"the one that signed it", root, []*x509.Certificate{console, root}, true},
		{"another certificate of the same authority, for another name", root, []*x509.Certificate{printer, root}, false},
		{"a certificate of the right name beside an authority that did not sign it", root, []*x509.Certificate{made, root}, false},
		{"another authority", root, []*x509.Certificate{made, stranger}, false},
	} {
		at := bulwarkAt{Server: "https://bulwark.hospital.example:8443", Pin: fmt.Sprintf("%x", sha256.Sum256(c.pin.Raw))}
		if err := at.pinned(c.chain); (err == nil) != c.good {
			t.Errorf("%s: %v, want good = %v", c.name, err, c.good)
		}
	}
}

func TestASessionTellsAccessOfItsDevice(t *testing.T) {
	at := netip.MustParseAddr("192.0.2.1")
	if d := sessionOf(identity.Person{ID: "p"}, at).Device; d.Managed || d.Bound || d.Compliant {
		t.Errorf("a device that proved nothing: %+v", d)
	}
	d := sessionOf(identity.Person{ID: "p", Device: identity.Device{ID: "x", Inventory: "12", Unit: "urgences", Shared: true, Sound: true}}, at).Device
	if d.ID != "12" || d.Unit != "urgences" || !d.Managed || !d.Bound || !d.Compliant || !d.Shared {
		t.Errorf("%+v", d)
	}
	if d := sessionOf(identity.Person{ID: "p", Device: identity.Device{ID: "x"}}, at).Device; d.Compliant || !d.Managed {
		t.Errorf("a device that lacks something: %+v", d)
	}
	a, b := sessionOf(identity.Person{ID: "p", Device: identity.Device{ID: "x", Sound: true}}, at), sessionOf(identity.Person{ID: "p", Device: identity.Device{ID: "x"}}, at)
	if sameFacts(&a, &b) {
		t.Error("another state of the device is not noticed")
	}
}
