package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Matches are told in each form, and a file that is none stops no other.
func TestMatchesInFilesAreTold(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"rules/copies.yml": deletesCopies + "level: high\n",
		"logs/a.evtx":      "this is none",
		"logs/b.jsonl": `{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Computer":"PC1","CommandLine":"=delete shadows","UtcTime":"2026-01-02 03:04:05"}` + "\n" +
			`{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"CommandLine":"dir"}` + "\n",
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		what, flag string
		want       []string
	}{
		{"for people", "--level=high", []string{"2026-01-02 03:04:05  high", "Operational  1      1       CommandLine==delete shadows", "2 events, 1 rules, 1 matches"}},
		{"as CSV", "--csv", []string{"time,level,rule,id,tags,computer,channel,event,record,file,what", "copies", "PC1"}},
		{"as JSON", "--json", []string{`"matched":{"CommandLine":"=delete shadows"}`}},
		{"within a time", "--from=2026-01-02T03:04:05Z", []string{"1 matches"}},
		{"before it", "--to=2026-01-02 03:04:05", []string{"0 matches"}},
		{"after it", "--from=2026-01-03", []string{"0 matches"}},
		{"of a level that no rule has", "--level=critical", []string{"0 matches"}},
	} {
		code, out, errs := typed(t, "evtx", filepath.Join(dir, "logs"), "--rules", filepath.Join(dir, "rules"), c.flag)
		for _, want := range c.want {
			if code != ExitPartial || !strings.Contains(out, want) || !strings.Contains(errs, "a.evtx") {
				t.Errorf("%s: %d %q %q, want %q", c.what, code, out, errs, want)
			}
		}
	}
	if plainCell("=cmd()") != "'=cmd()" || plainCell("cmd") != "cmd" {
		t.Error("a spreadsheet would take a cell for a formula")
	}
}
