package node

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/decide/access"
	"bulwark/event"
	"bulwark/platform/web"
)

const asking = `@id("banner-people") @why("People are looked at with care") @why_fr("On consulte les personnes avec soin") @obligation("banner; record")
permit (principal in Role::"administrator", action == Action::"use", resource == Door::"GET /api/people");
@id("read-only-freeze") @why("Freezes are not set from here") @why_fr("Pas de gel depuis ici") @obligation("read-only")
permit (principal in Role::"administrator", action == Action::"use", resource == Door::"POST /api/safety/freeze");
@id("two-to-disable") @why("Two suspend somebody") @why_fr("On suspend à deux") @obligation("four-eyes")
permit (principal in Role::"administrator", action == Action::"use", resource == Door::"POST /api/people/{id}/disable");
@id("tells") @why("The ledger was looked at") @why_fr("Le registre a été consulté") @obligation("notify dpo,dim")
permit (principal in Role::"administrator", action == Action::"use", resource == Door::"GET /api/ledger");`

// obliging is a node whose own policies ask something, with an administrator.
func obliging(t *testing.T, own string) (*running, *browser) {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, policiesDir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, policiesDir, "own.cedar"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	n := start(t, made{config: settings(), dir: dir, roles: roles{"site"}})
	return n, n.administrator()
}

// shows asks for a page of the API and reads what the shell is to show.
func (b *browser) shows(path string) (int, []notice) {
	b.t.Helper()
	resp, err := b.client.Get(b.url + path)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	var all []notice
	text, err := url.QueryUnescape(resp.Header.Get(noticesHeader))
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &all)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, all
}

func TestWhatAPolicyAsksOfADoorIsDone(t *testing.T) {
	n, admin := obliging(t, asking)
	if _, all := admin.shows("/api/me"); len(all) != 0 {
		t.Errorf("before anything is asked: %+v", all)
	}
	if status, all := admin.shows("/api/people"); status != http.StatusOK || len(all) != 2 || all[0].Do != "banner" || all[0].FR != "On consulte les personnes avec soin" || all[1].Do != "record" {
		t.Errorf("the banner = %d %+v", status, all)
	}
	if _, all := admin.shows("/api/me"); len(all) != 2 {
		t.Errorf("on another page: %+v", all)
	}
	var p web.Problem
	if status := admin.call(http.MethodPost, "/api/safety/freeze", map[string]any{}, &p); status != http.StatusForbidden || p.Code != "read-only" || p.Fields["why"] != "Freezes are not set from here" {
		t.Errorf("changing = %d %+v", status, p)
	}
	if status, _ := admin.get("/api/safety"); status != http.StatusOK {
		t.Errorf("reading = %d", status)
	}
	admin.get("/api/ledger")
	admin.get("/api/ledger")
	all, err := n.notify.Notices(t.Context(), "", 0, 10)
	if err != nil || len(all) != 1 || !strings.HasPrefix(all[0].About, "access:tells:") || !strings.Contains(all[0].Title.EN, "dpo, dim") {
		t.Errorf("told of: %+v, %v", all, err)
	}
	await(t, "each request is an event", func() bool {
		_, text := admin.get("/api/access/decisions?q=" + url.QueryEscape("access.action:request"))
		return strings.Contains(text, "Door:GET /api/people")
	})
}

func TestASecondPersonSaysYesToOneActOnce(t *testing.T) {
	n, admin := obliging(t, asking)
	other := n.browser()
	var made struct {
		Person struct{ ID string }
		Link   struct{ URL string }
	}
	admin.call(http.MethodPost, "/api/people", map[string]any{"login": "second", "name": "Dr Second", "duties": []web.Duty{web.Approver}}, &made)
	if status, text := other.form(strings.TrimPrefix(made.Link.URL, other.url), "password", password, "again", password); status != http.StatusSeeOther {
		t.Fatalf("accepting = %d %.200s", status, text)
	}
	other.enrol()
	var victim struct{ Person struct{ ID string } }
	admin.call(http.MethodPost, "/api/people", map[string]any{"login": "third", "name": "Dr Third", "duties": []web.Duty{web.Reader}}, &victim)
	at := "/api/people/" + victim.Person.ID + "/disable"
	var p web.Problem
	if status := admin.call(http.MethodPost, at, map[string]any{}, &p); status != http.StatusForbidden || p.Code != "four-eyes" || p.Fields["act"] == "" {
		t.Fatalf("alone = %d %+v", status, p)
	}
	var g access.Grant
	if status := admin.call(http.MethodPost, "/api/access/grants", map[string]any{"kind": "act", "act": p.Fields["act"], "reason": "left"}, &g); status != http.StatusOK {
		t.Fatalf("asking = %d", status)
	}
	if status := admin.call(http.MethodPost, "/api/access/grants/"+g.ID, map[string]any{"yes": true}, &p); status != http.StatusForbidden {
		t.Errorf("one's own yes = %d", status)
	}
	if status := other.call(http.MethodPost, "/api/access/grants/"+g.ID, map[string]any{"yes": true}, nil); status != http.StatusOK {
		t.Fatalf("the other's yes = %d", status)
	}
	if status := admin.call(http.MethodPost, at, map[string]any{"x": 1}, &p); status != http.StatusForbidden || p.Code != "four-eyes" {
		t.Errorf("something else by the same yes = %d %+v", status, p)
	}
	if status := admin.call(http.MethodPost, at, map[string]any{}, nil); status != http.StatusNoContent {
		t.Errorf("with the yes = %d", status)
	}
	if status := admin.call(http.MethodPost, at, map[string]any{}, &p); status != http.StatusForbidden {
		t.Errorf("once more = %d", status)
	}
}

func TestALostRightIsReadByForATimeAndThenEnds(t *testing.T) {
	n, admin := obliging(t, `@id("gone") @why("Your right to this has ended") @why_fr("Vous n’y avez plus droit") @obligation("grace 15m")
forbid (principal, action == Action::"use", resource == Door::"GET /api/incidents") when { principal.risk >= 3 };
@id("gone-too") @why("x") @obligation("grace 15m")
forbid (principal, action == Action::"use", resource == Door::"POST /api/incidents/merge") when { principal.risk >= 3 };`)
	reader := n.browser()
	jar := n.invited(admin, web.Analyst)
	at, _ := url.Parse(reader.url)
	reader.client.Jar.SetCookies(at, jar)
	if status, all := reader.shows("/api/incidents"); status != http.StatusOK || len(all) != 0 {
		t.Fatalf("before = %d %+v", status, all)
	}
	var b event.Batch
	b.Reset("probe", n.config.Site, 1)
	b.Add(&event.Header{Time: time.Now().UnixNano()}, &event.Risk{Entity: "user:person-analystx", Score: 90, Band: "critical", Reason: "it was seen at night"})
	if err := n.publisher.Publish(t.Context(), event.KindRisk.Subject(), b.Bytes(), nil); err != nil {
		t.Fatal(err)
	}
	await(t, "the right is lost", func() bool { _, all := reader.shows("/api/incidents"); return len(all) == 1 })
	status, all := reader.shows("/api/incidents")
	if status != http.StatusOK || all[0].Do != "grace" || time.Until(all[0].Until) < 14*time.Minute || time.Until(all[0].Until) > 15*time.Minute {
		t.Errorf("in the time that is left = %d %+v", status, all)
	}
	var p web.Problem
	if status := reader.call(http.MethodPost, "/api/incidents/merge", map[string]any{}, &p); status != http.StatusForbidden || p.Code != "policy-refuses" {
		t.Errorf("what was not used before = %d %+v", status, p)
	}
	for _, s := range n.doors.open { // a quarter of an hour later
		s.mu.Lock()
		for d := range s.lost {
			s.lost[d] = time.Now().Add(-time.Second)
		}
		s.mu.Unlock()
	}
	if status := reader.call(http.MethodGet, "/api/incidents", nil, &p); status != http.StatusForbidden || p.Code != "policy-refuses" {
		t.Errorf("after it = %d %+v", status, p)
	}
}

func TestWhatChangesSomethingNeedsADeviceOfTheHospitalWhereItSaysSo(t *testing.T) {
	c := settings()
	c.Access.Managed = true
	n := start(t, made{dir: t.TempDir(), config: c, roles: roles{"site"}})
	admin := n.administrator()
	var p web.Problem
	if status := admin.call(http.MethodPost, "/api/incidents/merge", map[string]any{}, &p); status != http.StatusForbidden || p.Code != "managed-device" {
		t.Errorf("a change = %d %q", status, p.Code)
	}
	for _, path := range []string{"/api/access/glasses", "/api/trusted/codes", "/api/me/prove", "/api/safety/freeze", "/api/access/explain"} {
		p = web.Problem{}
		if status := admin.call(http.MethodPost, path, map[string]any{}, &p); p.Code == "managed-device" {
			t.Errorf("%s = %d %q", path, status, p.Code)
		}
	}
	if status := admin.call(http.MethodGet, "/api/incidents", nil, nil); status != http.StatusOK {
		t.Errorf("reading = %d", status)
	}
}

func TestDoorsThatStayOpenOnAnyDeviceAreThere(t *testing.T) {
	n := start(t, made{dir: t.TempDir(), config: settings(), roles: roles{"site"}})
	if n.config.Access.Managed {
		t.Error("it is asked for by default")
	}
	for _, p := range fromAnywhere {
		if !slices.ContainsFunc(n.routes, func(r web.Route) bool {
			return r.Method != http.MethodGet && (r.Pattern == p || strings.HasSuffix(p, "/") && strings.HasPrefix(r.Pattern, p))
		}) {
			t.Errorf("%s is no door", p)
		}
	}
}

func TestAMessageOfABrokenGlassNamesNobody(t *testing.T) {
	n, _ := obliging(t, asking)
	now := n.clock.Now()
	for _, patient := range []string{"p~secret1", "p~secret2"} { // one person within an hour
		g := &access.Glass{ID: patient, Person: "someone", Patient: patient, Text: "Mrs Martin fell", At: now, Due: now.Add(time.Hour), Notify: []string{"dpo", "dim"}}
		if err := n.tellBroken(t.Context(), g); err != nil {
			t.Fatal(err)
		}
	}
	all, err := n.notify.Notices(t.Context(), "", 0, 10)
	if err != nil || len(all) != 1 {
		t.Fatalf("told of %+v, %v", all, err)
	}
	said := all[0].Title.EN + all[0].Title.FR + all[0].Text.EN + all[0].Text.FR + all[0].Path
	for _, never := range []string{"secret", "someone", "Martin"} {
		if strings.Contains(said, never) {
			t.Errorf("%q is in %q", never, said)
		}
	}
	if all[0].Kind != "access" || !strings.Contains(all[0].Title.FR, "dpo, dim") {
		t.Errorf("got %+v", all[0])
	}
}
