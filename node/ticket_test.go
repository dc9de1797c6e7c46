package node

import (
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bulwark/decide/identity/directory"
	"bulwark/decide/identity/kerberos"
	"bulwark/internal/directorytest"
	"bulwark/platform/conf"
	"bulwark/platform/ledger"
)

// Somebody signs on to a workstation of the domain, and is known to the running program by the ticket of a real domain controller.
func TestSomebodyOfTheDomainComesByTheTicketOfTheirWorkstation(t *testing.T) {
	const name, secret = "bulwark.hospital.example", "Soleil-vert-de-Rennes-7"
	domain := directorytest.New(t)
	w := domain.Workstation(t)
	dir := t.TempDir()
	keys, jar := filepath.Join(dir, "keytab"), filepath.Join(dir, "cookies")
	domain.Service(keys, "svc-bulwark", "24", name)
	domain.Tool("user", "create", "ana", secret)
	c := settings()
	c.Console.Names = []string{name}
	c.Identity.Directories = []directory.Config{{Name: "ad", Servers: []string{"ldaps://" + directorytest.Address}, Authority: domain.Authority, Base: directorytest.Base,
		Account: "administrator@" + strings.ToLower(directorytest.Realm), Password: conf.NewSecret(directorytest.Password), Kerberos: kerberos.Config{Realm: directorytest.Realm, Keytab: keys}}}
	var log strings.Builder
	n := start(t, made{config: c, dir: t.TempDir(), roles: roles{"site"}, log: slog.New(slog.NewTextHandler(&log, nil))})
	await(t, "the directory is read", func() bool { return n.identity.Directories()[0].Joined > 0 })

	_, port, _ := strings.Cut(strings.TrimPrefix(n.server.URL(), "https://"), ":")
	visit := func(path string, more ...string) (int, string) {
		status, to, _ := w.Visit("https://"+name+":"+port+path, []string{name}, append(more, "-b", jar, "-c", jar)...)
		return status, to
	}
	const page = "/sign-in/ticket/ad"
	if status, _ := visit(page); status != http.StatusUnauthorized {
		t.Errorf("nobody is signed on: %d", status)
	}
	w.SignOn("ana", secret)
	header := w.Ticket(name)
	if status, to := visit(page, "-H", "Authorization: "+header); status != http.StatusSeeOther || !strings.HasPrefix(to, "/factors") {
		t.Fatalf("with a ticket: %d to %q", status, to)
	}
	if status, _ := visit("/factors"); status != http.StatusOK {
		t.Errorf("being in: %d", status)
	}
	if status, _ := visit(page, "-H", "Authorization: "+header); status != http.StatusForbidden {
		t.Errorf("the ticket again: %d", status)
	}
	if status, _ := visit(page, "-H", "Authorization: Negotiate "+strings.Repeat("A", 60_000), "--http1.1"); status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a header longer than any: %d", status)
	}
	if acts := n.acts(ledger.Query{}); !slices.ContainsFunc(acts, func(a string) bool {
		return strings.HasPrefix(a, "identity.sign-in person:") && strings.HasSuffix(a, " done")
	}) {
		t.Errorf("the ledger has %q", acts)
	}
	n.stop()
	if got := log.String(); strings.Contains(got, header[20:60]) || !strings.Contains(got, "it was shown before") {
		t.Errorf("the log is to say why, and not what was shown: %.2000s", got)
	}
}
