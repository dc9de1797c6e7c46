package node

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bulwark/content/demo"
)

// runs is what a command line prints, and its exit code.
func runs(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	var text bytes.Buffer
	code = Main(t.Context(), args, Terminal{In: os.Stdin, Out: &text, Err: &text})
	return text.String(), code
}

// put writes files into a new folder.
func put(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRulesAreTestedByTheirCases(t *testing.T) {
	needCage(t)
	dir := put(t, map[string]string{
		demo.Name: string(demo.Capture()),
		"ward.rules": `alert dicom any any -> any any (msg:"Asked"; dicom.command; content:"Find"; sid:9100001;)
alert dicom any any -> any any (msg:"Nobody"; dicom.calling_ae; content:"NOBODY HAS IT"; sid:9100002;)
alert dns any any -> any any (msg:"Wrong"; dns.queri; content:"a"; sid:9100003;)
`,
		"good.yaml": "- name: as it is\n  capture: " + demo.Name + "\n  fires: [9100001]\n  silent: [9100002]\n  all-others: true\n  rules: [ward.rules]\n",
		"bad.yaml":  "- name: as it is not\n  capture: " + demo.Name + "\n  fires: [9100002, 9100003]\n  all-others: true\n  rules: [ward.rules]\n",
	})
	data := "--data=" + t.TempDir()
	out, code := runs(t, "rules", "test", data, filepath.Join(dir, "good.yaml"))
	if code != ExitOK || !strings.HasSuffix(out, "1 case, 1 passed, 0 failed\n") {
		t.Errorf("got exit code %d and:\n%swant 0", code, out)
	}
	out, code = runs(t, "rules", "test", data, filepath.Join(dir, "bad.yaml"))
	if code != ExitPartial {
		t.Errorf("got exit code %d, want %d", code, ExitPartial)
	}
	for _, want := range []string{"FAIL  as it is not", "bad.yaml:1\n", `rule 9100002 "Nobody" did not fire`,
		`rule 9100003 is not usable: ` + filepath.Join(dir, "ward.rules") + `:3:44: unknown keyword "dns.queri"`,
		`rule 9100001 "Asked" fired `, "1 case, 0 passed, 1 failed\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("got:\n%swant in it: %s", out, want)
		}
	}
}
