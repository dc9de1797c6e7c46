package node

import (
	"bytes"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bulwark/decide/access"
	"bulwark/decide/identity"
	"bulwark/platform/web"
)

// holding are the files under a folder in which a word stands. Those of the bus and of the store hold events, which have no names of staff either.
func holding(t *testing.T, dir string, word string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil // what ended meanwhile
		}
		text, err := os.ReadFile(path)
		if err == nil && bytes.Contains(text, []byte(word)) {
			files = append(files, strings.TrimPrefix(path, dir))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestNothingOfTheWholeProgramTellsWhoAnErasedPersonWas(t *testing.T) {
	dir := t.TempDir()
	n := start(t, made{config: settings(), dir: dir, roles: roles{"site"}})
	admin := n.administrator()
	zelie, _, id := n.withPasskey(admin, "zelie.quintard", web.Reader)
	at := "/api/people/" + id
	for path, body := range map[string]any{"/roles": map[string]any{"roles": []string{"clinician"}, "units": []string{"icu"}}, "/national": map[string]any{"national": "810987654321"}} {
		if status := admin.call(http.MethodPost, at+path, body, nil); status >= 300 && path == "/roles" {
			t.Fatalf("%s = %d", path, status)
		}
	}
	var g access.Glass
	await(t, "a clinician breaks the glass", func() bool {
		return zelie.call(http.MethodPost, "/api/access/glasses", map[string]any{"identifier": "42", "reason": "other", "text": "zelie.quintard was called to the lift"}, &g) < 300
	})
	if status := zelie.call(http.MethodPost, "/api/access/glasses/"+g.ID+"/end", nil, nil); status >= 300 {
		t.Fatalf("ending it = %d", status)
	}
	var own identity.Data
	if status := zelie.call(http.MethodPost, "/api/me/data", nil, &own); status != http.StatusOK || own.Person.Login != "zelie.quintard" || own.Elsewhere["access"] == nil {
		t.Fatalf("one's own data = %d %+v", status, own)
	}
	if status := admin.call(http.MethodPost, at+"/disable", nil, nil); status != http.StatusNoContent {
		t.Fatalf("suspending = %d", status)
	}
	var refused web.Problem
	if status := admin.call(http.MethodPost, at+"/erase", nil, &refused); status != http.StatusConflict || refused.Fields["by"] != "break-glass-review" {
		t.Fatalf("while the review waits: %d %+v", status, refused)
	}
	if status := admin.call(http.MethodPost, "/api/access/glasses/"+g.ID+"/review", map[string]any{"verdict": "justified", "text": ""}, nil); status >= 300 {
		t.Fatalf("the review = %d", status)
	}
	await(t, "the snapshot knows them", func() bool { return len(holding(t, dir, "zelie.quintard")) > 0 })
	await(t, "the list of who saw the record tells them", func() bool {
		list := filepath.Join(t.TempDir(), "seen.csv")
		code, out, errs := typed(t, "access", "seen", "42", "--reason", "investigation", "--reference", "2026-4", "--names", "--format", "csv", "--lang", "en", "--to", list, "--data", dir)
		if code != 0 || !strings.Contains(out, "are in") {
			t.Fatalf("access seen = %d %s %s", code, out, errs)
		}
		text, err := os.ReadFile(list)
		return err == nil && strings.Contains(string(text), "Dr zelie.quintard")
	})
	data := filepath.Join(t.TempDir(), "data.json")
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{0, "", []string{"people", "export", "zelie.quintard", "--to", data}},
		{0, "", []string{"people", "hold", "zelie.quintard", "asked", "by", "a", "judge"}},
		{ExitFailure, "", []string{"people", "erase", "zelie.quintard"}},
		{0, "", []string{"people", "release", "zelie.quintard", "the judge has decided"}},
		{0, "Erased.", []string{"people", "erase", "zelie.quintard"}},
	} {
		if code, out, errs := typed(t, append(c.args, "--data", dir)...); code != c.code || !strings.Contains(out, c.says) || strings.Contains(out, "still stands") {
			t.Fatalf("%v = %d %s %s", c.args, code, out, errs)
		}
	}
	if text, err := os.ReadFile(data); err != nil || !strings.Contains(string(text), "zelie.quintard") {
		t.Errorf("the data handed out: %s, %v", text, err)
	}
	for _, word := range []string{"zelie.quintard", "Dr zelie"} {
		if held, err := n.db.Holding(t.Context(), []string{word}); err != nil || len(held) > 0 {
			t.Errorf("the database holds %q in %v, %v", word, held, err)
		}
		await(t, "no file holds "+word, func() bool { return n.db.Settle(t.Context()) == nil && len(holding(t, dir, word)) == 0 })
	}
	for _, path := range []string{"/api/people", "/api/people/names", "/api/ledger?limit=1000", "/api/access/glasses", "/api/access/decisions", "/api/sessions/everybody"} {
		if status, text := admin.get(path); status != http.StatusOK || strings.Contains(text, "zelie") {
			t.Errorf("%s = %d, and tells them", path, status)
		}
	}
	if r, err := n.ledger.Verify(t.Context()); err != nil || !r.Whole() {
		t.Errorf("the ledger is not whole: %+v, %v", r, err)
	}
}
