package corpus

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Tshark is the second opinion: a row of fields for each packet of capture that passes filter. Where tshark is not
// installed the test is skipped.
func Tshark(t testing.TB, capture []byte, filter string, fields ...string) (rows [][]string) {
	t.Helper()
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed: it is the second opinion here")
	}
	path := filepath.Join(t.TempDir(), "capture")
	if err := os.WriteFile(path, capture, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-n", "-r", path, "-Y", filter, "-T", "fields"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	out, err := exec.Command(tshark, args...).Output()
	if err != nil {
		t.Logf("tshark: %v", err) // a cut capture: what was readable is there
	}
	for line := range strings.Lines(string(out)) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return rows
}
