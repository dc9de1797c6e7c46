package node

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bulwark/decide/identity/identitytest"
	"bulwark/platform/conf"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/web"
)

// named is a browser that calls the console by a name, as passkeys need.
func (r *running) named() *browser {
	b := r.browser()
	b.url = strings.Replace(b.url, "127.0.0.1", "localhost", 1)
	return b
}

// withPasskey is somebody with a duty, who has a passkey, with the browser in which they are signed in.
func (r *running) withPasskey(admin *browser, login string, duty web.Duty) (*browser, *identitytest.Passkey, string) {
	r.t.Helper()
	var out struct {
		Person struct{ ID string }
		Link   struct{ URL string }
	}
	if status := admin.call(http.MethodPost, "/api/people", map[string]any{"login": login, "name": "Dr " + login, "duties": []web.Duty{duty}}, &out); status != http.StatusCreated {
		r.t.Fatalf("inviting %s = %d", login, status)
	}
	b := r.named()
	_, path, _ := strings.Cut(strings.TrimPrefix(out.Link.URL, "https://"), "/")
	if status, text := b.form("/"+path, "password", password, "again", password); status != http.StatusSeeOther {
		r.t.Fatalf("accepting = %d %.200s", status, text)
	}
	key, err := identitytest.AddPasskey(identitytest.Through(b.client), b.url, "localhost")
	if err != nil {
		r.t.Fatal(err)
	}
	return b, key, out.Person.ID
}

// signs signs the holder of a passkey in, in a browser of its own.
func (r *running) signs(key *identitytest.Passkey) (*browser, error) {
	b := r.named()
	return b, key.SignIn(identitytest.Through(b.client), b.url, "localhost")
}

// TestWhileTheDatabaseIsLostSessionsGoOnAndPasskeysOpenOthers stops the database server under the running program, and starts it again.
func TestWhileTheDatabaseIsLostSessionsGoOnAndPasskeysOpenOthers(t *testing.T) {
	server := dbtest.StartServer(t)
	c := settings()
	c.State.URL = conf.NewSecret(server.URL)
	dir := t.TempDir()
	n := start(t, made{config: c, dir: dir, roles: roles{"site"}})
	admin := n.administrator()
	open, key, ana := n.withPasskey(admin, "ana", web.Reader)
	if status := admin.call(http.MethodPost, "/api/people/"+ana+"/roles", map[string]any{"roles": []string{"clinician"}}, nil); status != http.StatusNoContent {
		t.Fatalf("giving a role = %d", status)
	}
	_, gone, id := n.withPasskey(admin, "left", web.Reader)
	if status := admin.call(http.MethodPost, "/api/people/"+id+"/disable", nil, nil); status != http.StatusNoContent {
		t.Fatalf("disabling = %d", status)
	}
	file := filepath.Join(dir, "people.snapshot")
	await(t, "the snapshot knows", func() bool {
		text, err := os.ReadFile(file)
		return err == nil && strings.Contains(string(text), `"disabled":true`) && strings.Count(string(text), `"credential"`) == 2
	})
	server.Stop()
	stopped := true
	t.Cleanup(func() {
		if stopped {
			server.Start()
		}
	})
	if status, text := open.get("/api/incidents"); status != http.StatusOK {
		t.Errorf("an open session = %d %.200s", status, text)
	}
	if !n.warned("identity.database-lost") {
		t.Error("nobody is told that the database is lost")
	}
	meanwhile, err := n.signs(key)
	if err != nil {
		t.Fatalf("with a passkey: %v", err)
	}
	if status, text := meanwhile.get("/api/incidents"); status != http.StatusOK {
		t.Errorf("a session of the snapshot = %d %.200s", status, text)
	}
	var glass struct{ ID, State string }
	await(t, "the glass breaks: a role that was given in the last second is known a second later", func() bool {
		status := meanwhile.call(http.MethodPost, "/api/access/glasses", map[string]string{"identifier": "IPP1", "reason": "emergency"}, &glass)
		return status == http.StatusOK && glass.State == "open"
	})
	if status, _ := meanwhile.get("/api/people"); status != http.StatusForbidden {
		t.Errorf("what the duty does not open = %d", status)
	}
	if _, err := n.signs(gone); err == nil {
		t.Error("somebody disabled came in")
	}
	key.Counter = 1 // as a copy of it would show
	if _, err := n.signs(key); err == nil {
		t.Error("a copied passkey came in")
	}
	if _, err := os.Stat(filepath.Join(dir, "people.spool")); err != nil {
		t.Errorf("what was done does not wait in a file: %v", err)
	}
	server.Start()
	stopped = false
	await(t, "the database is back", func() bool { return !n.warned("identity.database-lost") })
	if status, text := meanwhile.get("/api/incidents"); status != http.StatusOK {
		t.Errorf("the session of meanwhile, afterwards = %d %.200s", status, text)
	}
	_, text := admin.get("/api/ledger?limit=50")
	for _, act := range []string{"identity.database-lost", "identity.database-back", "identity.passkey-copied", `"degraded":"database"`} {
		if !strings.Contains(text, act) {
			t.Errorf("the ledger lacks %s", act)
		}
	}
	var glasses struct{ Items []struct{ ID string } }
	if admin.call(http.MethodGet, "/api/access/glasses", nil, &glasses); len(glasses.Items) != 1 || glasses.Items[0].ID != glass.ID {
		t.Errorf("the glasses are %v, not %s", glasses, glass.ID)
	}
	if !strings.Contains(text, `"access.break-glass"`) {
		t.Error("the ledger lacks the break-glass")
	}
	var outages struct{ Items []map[string]any }
	await(t, "what was decided meanwhile waits for a look", func() bool {
		admin.call(http.MethodGet, "/api/access/outages", nil, &outages)
		return len(outages.Items) == 1
	})
	if o := outages.Items[0]; o["sign_ins"] != 1.0 || o["decisions"].(float64) < 2 || o["refused"].(float64) < 0 {
		t.Errorf("the review has %v", o)
	}
	if status := admin.call(http.MethodPost, fmt.Sprint("/api/access/outages/", outages.Items[0]["id"]), map[string]string{"text": "as it should be"}, nil); status != http.StatusOK {
		t.Errorf("reviewing = %d", status)
	}
	await(t, "degraded decisions are events", func() bool {
		_, text := admin.get("/api/access/decisions?q=access.is_degraded:true")
		return strings.Contains(text, "GET /api/incidents")
	})
	var whole struct{ Whole bool }
	if admin.call(http.MethodGet, "/api/ledger/verify", nil, &whole); !whole.Whole {
		t.Error("the ledger is not whole")
	}
}

// TestASnapshotThatIsChangedOpensNothing changes it while the database is there, and loses that.
func TestASnapshotThatIsChangedOpensNothing(t *testing.T) {
	server := dbtest.StartServer(t)
	c := settings()
	c.State.URL = conf.NewSecret(server.URL)
	dir := t.TempDir()
	n := start(t, made{config: c, dir: dir, roles: roles{"site"}})
	admin := n.administrator()
	open, key, _ := n.withPasskey(admin, "ana", web.Reader)
	file := filepath.Join(dir, "people.snapshot")
	await(t, "the snapshot knows", func() bool {
		text, err := os.ReadFile(file)
		return err == nil && strings.Count(string(text), `"credential"`) == 1
	})
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, []byte(strings.Replace(string(text), `"reader"`, `"administrator"`, 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	server.Stop()
	t.Cleanup(server.Start) // which the end of the test stops
	if status, _ := open.get("/api/incidents"); status != http.StatusOK {
		t.Errorf("an open session = %d", status)
	}
	if _, err := n.signs(key); err == nil {
		t.Error("a changed snapshot opened a session")
	}
}
