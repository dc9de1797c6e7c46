package node

import (
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"bulwark/platform/ledger"
	"bulwark/platform/store"
)

// A token lets a sender in until it is removed, and a line that nobody understood is opened, by commands.
func TestTokensAndSealedLinesByCommand(t *testing.T) {
	c := settings()
	c.Logs.HTTP, c.Logs.Syslog.TCP = free(t, "127.0.0.1"), free(t, "127.0.0.1")
	n := start(t, made{config: c, dir: t.TempDir(), roles: roles{"site"}})
	await(t, "the control socket answers", func() bool { _, err := os.Stat(controlPath(n.dir)); return err == nil })
	do := func(want int, args ...string) string {
		t.Helper()
		code, out, errs := typed(t, append(append([]string{"logs"}, args...), "--data", n.dir)...)
		if code != want {
			t.Fatalf("logs %v = %d %q %q", args, code, out, errs)
		}
		return strings.TrimSuffix(out, "\n")
	}
	token := do(ExitOK, "token", "ehr")
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // its certificate is of its own making
	deliver := func() int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+c.Logs.HTTP+"/_bulk", strings.NewReader(`{"create":{"_index":"logs"}}`+"\n"+`{"message":"one"}`+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/x-ndjson")
		got, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = got.Body.Close()
		return got.StatusCode
	}
	if got := deliver(); got != http.StatusOK {
		t.Errorf("with its token: got %d", got)
	}
	do(ExitOK, "token", "ehr", "--remove")
	if got := deliver(); got != http.StatusUnauthorized {
		t.Errorf("with a token that was removed: got %d", got)
	}
	do(ExitFailure, "token", "ehr", "--remove")

	const line = "\x01\xff nobody knows this of Patient/4711"
	to, err := net.Dial("tcp", c.Logs.Syslog.TCP)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	if _, err := to.Write([]byte(line + "\n")); err != nil {
		t.Fatal(err)
	}
	const sealed = "kind:log log.intake:syslog"
	await(t, "the line is kept", func() bool { return n.found(sealed) == 1 })
	rows, err := n.store.Latest(t.Context(), store.Query{Text: sealed}, 1)
	if err != nil || len(rows) != 1 {
		t.Fatalf("got %d rows, %v", len(rows), err)
	}
	id := rows[0].ID
	if got := do(ExitOK, "open", id); got != line {
		t.Errorf("event %s: got %q, want %q", id, got, line)
	}
	do(ExitFailure, "open", "no-such-event")
	told := strings.Join(n.acts(ledger.Query{}), "\n")
	for _, act := range []string{"logs.token ", "logs.untoken ", "logs.open "} {
		if strings.Count(told, act) != 1 {
			t.Errorf("the ledger has not one %s: %s", act, told)
		}
	}
}
