package node

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	incidents "bulwark/decide/incident"
)

// A case is listed, shown, printed and handed on with its evidence, whose custody says so.
func TestACaseIsHandedOn(t *testing.T) {
	n := start(t, made{config: settings(), dir: t.TempDir(), roles: roles{"site"}})
	admin := n.administrator()
	var c incidents.Case
	if status := admin.call(http.MethodPost, "/api/cases", map[string]any{"title": "Passerelle attaquée", "incidents": []uint64{}}, &c); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	if status, text := admin.ask(http.MethodPost, "/api/cases/1/evidence?kind=file&name=dump.pcap", "application/octet-stream", strings.NewReader("packets")); status != http.StatusOK {
		t.Fatalf("status %d %s", status, text)
	}
	out := t.TempDir()
	page, folder := filepath.Join(out, "case.pdf"), filepath.Join(out, "case-1")
	for _, x := range []struct {
		what string
		args []string
		want string
	}{
		{"listed", []string{"cases", "list"}, "Passerelle attaquée"},
		{"shown", []string{"cases", "show", "1"}, "dump.pcap"},
		{"printed as a page", []string{"cases", "report", "1", "--format", "html", "--lang", "en"}, "chain of custody"},
		{"printed as a PDF", []string{"cases", "report", "1", "--output", page}, ""},
		{"handed on", []string{"cases", "export", "1", folder}, "4 files"},
	} {
		if code, out, errs := typed(t, append(x.args, "--data", n.dir)...); code != ExitOK || !strings.Contains(out, x.want) {
			t.Errorf("%s: %d %q %q", x.what, code, out, errs)
		}
	}
	if pdf, err := os.ReadFile(page); err != nil || !strings.HasPrefix(string(pdf), "%PDF-") {
		t.Errorf("the PDF: %.10q %v", pdf, err)
	}
	cmd := exec.CommandContext(t.Context(), "sha256sum", "-c", "SHA256SUMS")
	cmd.Dir = folder
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the sums: %v %s", err, text)
	}
	if text, err := os.ReadFile(filepath.Join(folder, "case.json")); err != nil || !strings.Contains(string(text), `"what": "read"`) {
		t.Errorf("the custody: %s %v", text, err)
	}
	if code, _, _ := typed(t, "cases", "export", "1", folder, "--data", n.dir); code == ExitOK {
		t.Error("an export writes over another")
	}
}
