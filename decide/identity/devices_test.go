package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/web"
)

// asking has the site ask for certificates, as the console does.
func (s *site) asking() {
	s.t.Helper()
	server := httptest.NewUnstartedServer(s.server.Config.Handler)
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	s.t.Cleanup(server.Close)
	s.server = server
}

// with is a copy of the browser, with its cookies, on a device that has that certificate; nil: on one that has none.
func (b *browser) with(c *tls.Certificate) *browser {
	t := b.site.server.Client().Transport.(*http.Transport).Clone()
	if c != nil {
		t.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c, nil }
	}
	client := *b.client
	client.Transport = t
	return &browser{b.t, b.site, &client}
}

// keyRequest is a new key and what asks for a certificate of it.
func keyRequest(t *testing.T) (*ecdsa.PrivateKey, string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, k)
	if err != nil {
		t.Fatal(err)
	}
	return k, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

func pairOf(t *testing.T, k *ecdsa.PrivateKey, text string) *tls.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatalf("no certificate: %.100s", text)
	}
	return &tls.Certificate{Certificate: [][]byte{block.Bytes}, PrivateKey: k}
}

// device enrols a device.
func (s *site) device(admin *browser, name, kind, unit string) (c *tls.Certificate, id string) {
	s.t.Helper()
	t := s.t.(*testing.T)
	var made struct{ Code string }
	want(t, "a code", admin.call("POST", "/api/trusted/codes", map[string]any{"name": name, "kind": kind, "unit": unit, "inventory": "12"}, &made), http.StatusCreated)
	k, request := keyRequest(t)
	var got certificate
	want(t, "enrolling", s.browser().call("POST", "/api/trusted/enrol", map[string]string{"code": strings.ToLower(made.Code), "request": request}, &got), http.StatusCreated)
	want(t, "enrolling twice", s.browser().call("POST", "/api/trusted/enrol", map[string]string{"code": made.Code, "request": request}, nil), http.StatusUnprocessableEntity)
	var all struct{ Devices []deviceAnswer }
	want(t, "the list", admin.call("GET", "/api/trusted", nil, &all), http.StatusOK)
	for _, d := range all.Devices {
		if d.Name == name {
			id = d.ID
		}
	}
	return pairOf(t, k, got.Certificate), id
}

func TestASessionStaysOnItsDevice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.asking()
		admin := s.administrator()
		if s.DeviceAuthority() != nil {
			t.Error("certificates are asked for before a device is enrolled")
		}
		ward, id := s.device(admin, "WARD-3", shared, "Urgences")
		other, _ := s.device(admin, "WARD-4", workstation, "")
		s.invited(admin, "nina", web.Reader)
		nina := s.browser().with(ward)
		want(t, "signing in", nina.signIn("nina", good, ""), http.StatusSeeOther)
		want(t, "the API there", nina.call("GET", "/api/me", nil, nil), http.StatusOK)
		want(t, "a page there", nina.page("/"), http.StatusOK)
		var all struct{ Devices []deviceAnswer }
		want(t, "the list", admin.call("GET", "/api/trusted", nil, &all), http.StatusOK)
		if len(all.Devices) != 2 || all.Devices[0].Sessions != 1 || all.Devices[0].Unit != "urgences" || len(all.Devices[0].Lacks) != 0 {
			t.Errorf("%+v", all.Devices)
		}
		want(t, "the API from another device", nina.with(other).call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
		want(t, "the API there, after its cookie was seen elsewhere", nina.call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
		want(t, "signing in again", nina.signIn("nina", good, ""), http.StatusSeeOther)
		want(t, "the API without a device", nina.with(nil).call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
		want(t, "and again", nina.signIn("nina", good, ""), http.StatusSeeOther)
		want(t, "revoking", admin.call("DELETE", "/api/trusted/"+id, nil, nil), http.StatusNoContent)
		want(t, "the API after that", nina.call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
		want(t, "revoking twice", admin.call("DELETE", "/api/trusted/"+id, nil, nil), http.StatusNotFound)
		s.device(admin, "WARD-3", shared, "") // the name is free again
		acts := strings.Join(s.acts(), "\n")
		for _, want := range []string{"device-code done", "device-enrol done", "session-strayed refused", "device-revoke done"} {
			if !strings.Contains(acts, want) {
				t.Errorf("the ledger has no %q", want)
			}
		}
	})
}

func TestCertificatesOfOthersAreNone(t *testing.T) {
	s := sqliteSite(t)
	s.asking()
	admin := s.administrator()
	s.device(admin, "WARD-3", workstation, "")
	k, _ := keyRequest(t)
	tpl := &x509.Certificate{SerialNumber: serialOf(t, s), NotBefore: s.clock.Now().Add(-time.Hour), NotAfter: s.clock.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	own := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k}
	b := s.browser().with(own)
	want(t, "a page with a foreign certificate", b.page("/sign-in"), http.StatusOK)
	want(t, "a report by it", b.call("POST", "/api/trusted/report", Report{}, nil), http.StatusNotFound)
	want(t, "a report without one", s.browser().call("POST", "/api/trusted/report", Report{}, nil), http.StatusNotFound)
}

// serialOf is the serial number of a device, which somebody puts into a certificate of their own.
func serialOf(t *testing.T, s *site) (n *big.Int) {
	t.Helper()
	d := &deviceRow{}
	if err := s.db.Read().NewSelect().Model(d).Limit(1).Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	n, _ = new(big.Int).SetString(d.Serial, 16)
	return n
}

func TestCodesOfDevices(t *testing.T) {
	s := sqliteSite(t)
	s.asking()
	admin := s.administrator()
	for name, in := range map[string]map[string]any{
		"no name": {"kind": workstation}, "a name with spaces": {"name": "a b", "kind": workstation}, "no kind": {"name": "x"}, "another kind": {"name": "x", "kind": "y"},
		"no number": {"name": "x", "kind": service, "inventory": "x"},
	} {
		want(t, name, admin.call("POST", "/api/trusted/codes", in, nil), http.StatusUnprocessableEntity)
	}
	var made struct{ Code string }
	want(t, "a code", admin.call("POST", "/api/trusted/codes", map[string]any{"name": "x", "kind": service}, &made), http.StatusCreated)
	_, request := keyRequest(t)
	want(t, "a request that is none", s.browser().call("POST", "/api/trusted/enrol", map[string]string{"code": made.Code, "request": "x"}, nil), http.StatusUnprocessableEntity)
	s.clock.Add(codeLife)
	want(t, "too late", s.browser().call("POST", "/api/trusted/enrol", map[string]string{"code": made.Code, "request": request}, nil), http.StatusUnprocessableEntity)
	want(t, "a code on an old proof", admin.call("POST", "/api/trusted/codes", map[string]any{"name": "y", "kind": service}, nil), http.StatusUnauthorized) // idle, too
	guess := s.browser()
	var last answer
	for range 30 {
		last = guess.call("POST", "/api/trusted/enrol", map[string]string{"code": "AAAA-AAAA-AAAA-AAAA", "request": request}, nil)
	}
	want(t, "guessing", last, http.StatusTooManyRequests)
}

func TestADeviceReportsAndRenews(t *testing.T) {
	s := sqliteSite(t)
	s.asking()
	s.config.Posture = Posture{Require: []string{"disk-encryption", "firewall"}}
	admin := s.administrator()
	c, _ := s.device(admin, "WARD-3", workstation, "")
	b := s.browser().with(c)
	want(t, "signing in", b.signIn("alix", good, ""), http.StatusSeeOther)
	sound := func() bool {
		r := httptest.NewRequest("GET", s.server.URL, nil)
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf(t, c)}}
		return s.deviceOf(r).Sound
	}
	if sound() {
		t.Error("a device that reported nothing is sound")
	}
	var said reportAnswer
	want(t, "a report", b.call("POST", "/api/trusted/report", Report{System: "Debian", Checks: map[string]string{"disk-encryption": "good", "firewall": "unknown"}}, &said), http.StatusOK)
	if strings.Join(said.Lacks, ",") != "firewall" || sound() || said.Renew {
		t.Errorf("%+v", said)
	}
	want(t, "a better one", b.call("POST", "/api/trusted/report", Report{Checks: map[string]string{"disk-encryption": "good", "firewall": "good"}}, &said), http.StatusOK)
	if len(said.Lacks) != 0 || !sound() {
		t.Errorf("%+v", said)
	}
	want(t, "one that is none", b.call("POST", "/api/trusted/report", Report{Checks: map[string]string{"firewall": "perhaps"}}, nil), http.StatusUnprocessableEntity)
	s.clock.Add(4 * 24 * time.Hour)
	if sound() {
		t.Error("an old report is taken")
	}
	s.clock.Add(100 * 24 * time.Hour)
	want(t, "a late report", b.call("POST", "/api/trusted/report", Report{}, &said), http.StatusOK)
	if !said.Renew {
		t.Error("it is not told to renew")
	}
	k, request := keyRequest(t)
	var got certificate
	want(t, "renewing", b.call("POST", "/api/trusted/renew", map[string]string{"request": request}, &got), http.StatusOK)
	next := s.browser().with(pairOf(t, k, got.Certificate))
	want(t, "a report with the new one", next.call("POST", "/api/trusted/report", Report{}, nil), http.StatusOK)
	s.clock.Add(100 * 24 * time.Hour)
	want(t, "one with the old one, which ended", b.call("POST", "/api/trusted/report", Report{}, nil), http.StatusNotFound)
	want(t, "one with the new one", next.call("POST", "/api/trusted/report", Report{}, nil), http.StatusOK)
}

func TestADeviceCannotFillTheLedger(t *testing.T) {
	s := sqliteSite(t)
	s.asking()
	c, _ := s.device(s.administrator(), "WARD-3", service, "")
	b := s.browser().with(c)
	_, request := keyRequest(t)
	renewed, reported := 0, 0
	for range 30 {
		if b.call("POST", "/api/trusted/renew", map[string]string{"request": request}, nil).StatusCode == http.StatusOK {
			renewed++
		}
		if b.call("POST", "/api/trusted/report", Report{}, nil).StatusCode == http.StatusOK {
			reported++
		}
	}
	if renewed != 10 || reported != 20 {
		t.Errorf("30 times at once: renewed %d times, reported %d times; want 10 and 20", renewed, reported)
	}
	s.clock.Add(time.Hour)
	want(t, "an hour later", b.call("POST", "/api/trusted/renew", map[string]string{"request": request}, nil), http.StatusOK)
}

func TestAnAuthorityOfAnotherProcessIsKnown(t *testing.T) {
	s := sqliteSite(t)
	s.asking()
	admin := s.administrator()
	if err := s.knowAuthority(t.Context()); err != nil || s.DeviceAuthority() != nil {
		t.Fatalf("an authority before there is one: %v", err)
	}
	c, _ := s.device(admin, "WARD-3", workstation, "")
	s.authority.Store(nil) // as in a process that was started before
	if err := s.knowAuthority(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "a report", s.browser().with(c).call("POST", "/api/trusted/report", Report{}, nil), http.StatusOK)
}

func FuzzReport(f *testing.F) {
	f.Add([]byte(`{"system":"Debian","checks":{"disk-encryption":"good","firewall":"bad"}}`))
	f.Add([]byte(`{"checks":{"updates":"perhaps"}}`))
	all := Posture{Require: postureChecks()}
	f.Fuzz(func(t *testing.T, text []byte) {
		var said Report
		if json.Unmarshal(text, &said) != nil {
			return
		}
		kept, err := said.kept()
		if err != nil {
			return
		}
		if len(kept.Checks) != len(postureChecks()) || len(kept.System) > 100 {
			t.Errorf("kept %+v", kept)
		}
		now := time.Unix(1e9, 0)
		for _, lacks := range all.faults(kept, now, now) {
			if kept.Checks[lacks] == "good" {
				t.Errorf("lacks %s, which is good", lacks)
			}
		}
	})
}

func leaf(t *testing.T, c *tls.Certificate) *x509.Certificate {
	t.Helper()
	x, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return x
}
