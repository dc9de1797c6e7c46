package node

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"bulwark/platform/ledger"
)

// storedIn finds the digest of a copy in an answer.
var storedIn = regexp.MustCompile(`file\.stored_uid"[^0-9a-f]+([0-9a-f]{64})`)

func TestCopiesOfFilesAreHandedOut(t *testing.T) {
	needCage(t)
	dir := t.TempDir()
	c := settings()
	c.Sensor.Ring.Off = true
	c.Sensor.Files.Extract.Types, c.Sensor.Files.Extract.Free = []string{"dicom", "text"}, 1<<20
	n := start(t, made{config: c, dir: dir, capture: demoFile(t)})
	admin := n.administrator()
	q := url.Values{"q": {`kind:fileinfo app_name:dicom`}, "from": {"2020-01-01T00:00:00Z"}, "to": {"2100-01-01T00:00:00Z"}}
	var sum string
	await(t, "a DICOM object is told with the name of its copy", func() bool {
		_, text := admin.get("/api/search?" + q.Encode())
		if m := storedIn.FindStringSubmatch(text); m != nil {
			sum = m[1]
		}
		return sum != ""
	})
	await(t, "the copy is written", func() bool { _, err := n.files.Find(sum); return err == nil })
	ask := "/api/files/" + sum + "?" + url.Values{"reason": {"incident 12"}}.Encode()

	admin.duties("administrator", "reader")
	if status, text := admin.get(ask); status != http.StatusForbidden {
		t.Errorf("without the duty = %d %.100q, want %d", status, text, http.StatusForbidden)
	}
	admin.duties("administrator", "analyst")
	status, text := admin.get(ask)
	z, err := zip.NewReader(strings.NewReader(text), int64(len(text)))
	if status != http.StatusOK || err != nil || len(z.File) != 1 || z.File[0].Name != sum || z.File[0].Flags&1 == 0 {
		t.Fatalf("a copy = %d, %v, %.100q; want an archive with a password", status, err, text)
	}
	if strings.Contains(text, "1.2.840.10008") {
		t.Error("the archive shows what is in it")
	}
	for _, c := range []struct {
		name, path string
		status     int
	}{
		{"no reason", "/api/files/" + sum, http.StatusBadRequest},
		{"no such copy", "/api/files/" + strings.Repeat("0", 64) + "?reason=x", http.StatusNotFound},
		{"no digest", "/api/files/..%2f..%2fledger.db?reason=x", http.StatusBadRequest},
	} {
		if status, text := admin.get(c.path); status != c.status {
			t.Errorf("%s: got %d %.200q, want %d", c.name, status, text, c.status)
		}
	}
	entries, err := n.ledger.List(t.Context(), ledger.Query{Act: "file."})
	if err != nil || len(entries.Entries) != 2 {
		t.Fatalf("ledger: got %+v, %v, want the opening and what was handed out", entries.Entries, err)
	}
	if e := entries.Entries[1]; e.Act != "file.open" || !strings.HasPrefix(e.Actor, "person:") || e.Object != "file:"+sum || e.Detail["reason"] != "incident 12" {
		t.Errorf("the opening: got %+v", e)
	}
	if e := entries.Entries[0]; e.Act != "file.handed-out" || e.Outcome != ledger.Done || e.Detail["bytes"] == "0" {
		t.Errorf("what was handed out: got %+v", e)
	}
	t.Run("on the command line", func(t *testing.T) { checkFiles(t, dir, sum) })
	t.Run("on disk they are sealed", func(t *testing.T) { checkSealedFiles(t, filepath.Join(dir, captureDir, filesDir)) })
}

func checkFiles(t *testing.T, dir, sum string) {
	await(t, "the control socket answers", func() bool { _, err := os.Stat(controlPath(dir)); return err == nil })
	code, out, errs := typed(t, "files", "list", "--data", dir)
	if code != ExitOK || !strings.Contains(out, sum+"  dicom") {
		t.Fatalf("files list = %d %q %q", code, out, errs)
	}
	name := filepath.Join(t.TempDir(), "object.dcm")
	code, out, errs = typed(t, "files", "get", sum[:10], "--data", dir, "--reason", "incident 12", "--plain", "-o", name)
	b, err := os.ReadFile(name)
	got := sha256.Sum256(b)
	if code != ExitOK || out != "" || err != nil || hex.EncodeToString(got[:]) != sum {
		t.Fatalf("files get = %d %q %q, %d bytes, %v", code, out, errs, len(b), err)
	}
	code, out, errs = typed(t, "files", "get", sum, "--data", dir, "--reason", "incident 12", "-o", "-")
	if code != ExitOK || !strings.HasPrefix(out, "PK\x03\x04") {
		t.Errorf("in an archive = %d %.20q %q", code, out, errs)
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no such copy", []string{strings.Repeat("0", 64), "--reason", "x", "-o", "-"}, ExitFailure, "no such copy"},
		{"too few letters", []string{sum[:4], "--reason", "x", "-o", "-"}, ExitFailure, "no such copy"},
		{"no reason", []string{sum, "-o", "-"}, ExitUsage, "for a reason"},
		{"nowhere to", []string{sum, "--reason", "x"}, ExitUsage, "--output"},
	} {
		code, _, errs := typed(t, append([]string{"files", "get", "--data", dir}, c.args...)...)
		if code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("%s: got %d %q, want %d and %q", c.name, code, errs, c.code, c.want)
		}
	}
}

// checkSealedFiles looks for what is said in the demo's files on the disk.
func checkSealedFiles(t *testing.T, dir string) {
	found := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		found++
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte("1.2.840.10008")) || bytes.Contains(b, []byte("dicom")) {
			t.Errorf("%s is readable", path)
		}
		return err
	})
	if err != nil || found == 0 {
		t.Errorf("got %d files, %v", found, err)
	}
}

func TestANodeThatKeepsNoCopies(t *testing.T) {
	n := &Node{}
	if err := n.checkFile(&fileAsked{SHA256: "x", Reason: "y"}); err == nil || n.handsOutFiles() != nil {
		t.Errorf("got %v, want that none are kept", err)
	}
}
