package inventory

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"bulwark/platform/web"
)

// asking asks an inventory's routes, in the name of the person that a header tells.
type asking struct {
	t *testing.T
	h http.Handler
}

// unguarded is open to everybody: who may do what is the node's to test.
type unguarded struct{}

func (unguarded) Require(_ []web.Duty, h http.Handler) http.Handler { return h }

func ask(t *testing.T, i *Inventory) *asking {
	t.Helper()
	h, err := web.NewMux(i.Doors(func(r *http.Request) (string, error) { return "person:" + r.Header.Get("Who"), nil }).Routes(), unguarded{})
	if err != nil {
		t.Fatal(err)
	}
	return &asking{t, h}
}

// send asks and reads the answer into v.
func (a *asking) send(who, method, path, kind, body string, v any) (status int) {
	a.t.Helper()
	r := httptest.NewRequestWithContext(a.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Who", who)
	r.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	a.h.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
		a.t.Fatalf("%s %s: %d %q: %v", method, path, w.Code, w.Body, err)
	}
	return w.Code
}

// refusal is what stands in an answer that refuses.
type refusal struct {
	Error  string            `json:"error"`
	Fields map[string]string `json:"fields"`
}

// words are what people have said of all devices, as the routes tell them.
func (a *asking) words() map[string]Word {
	a.t.Helper()
	var page struct {
		Devices []Device `json:"devices"`
	}
	if status := a.send("ana", "GET", "/api/devices", "", "", &page); status != http.StatusOK {
		a.t.Fatalf("the list: %d", status)
	}
	all := map[string]Word{}
	for _, d := range page.Devices {
		all[d.Name] = d.Word
	}
	return all
}

// Of a table that is broken anywhere nothing is imported, and the answer says where it is.
func TestABrokenTableIsNotImported(t *testing.T) {
	i := told(t, ward())
	a := ask(t, i)
	for _, c := range []struct{ sentence, table, fault, line, column string }{
		{"a line with a field too many", "serial,ward\n11026,Hall\n2,B,C\n", "fields", "3", "3"},
		{"a quotation mark within a field", "hostname,ward\nward3-pc,Hall\n11026,\"B\"C\n", "quote", "3", "9"},
		{"two columns that say the same", "serial,sn\n11026,2\n", "twice", "1", "2"},
		{"no column that tells a device", "ward,owner\nHall,me\n", "no-device", "1", ""},
		{"another encoding", "serial,ward\n11026,M\xe9decine\n", "encoding", "", ""},
		{"nothing at all", "", "empty", "", ""},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			for _, path := range []string{"/api/devices/import", "/api/devices/import?apply=yes"} {
				var no refusal
				status := a.send("ana", "POST", path, "text/csv", c.table, &no)
				if status != http.StatusUnprocessableEntity || no.Fields["fault"] != c.fault || no.Fields["line"] != c.line || no.Fields["column"] != c.column {
					t.Errorf("%s: %d %+v, want %s at line %s, column %s", path, status, no, c.fault, c.line, c.column)
				}
			}
			for name, w := range a.words() {
				if w.Rev != 0 {
					t.Errorf("%s was changed: %+v", name, w)
				}
			}
		})
	}
}

// A table is looked at, a line of several devices is decided, and what was looked at is done; not what is another meanwhile.
func TestATableIsLookedAtAndImported(t *testing.T) {
	i := told(t, ward())
	a := ask(t, i)
	pc, ct := find(t, i, "10.0.0.20"), find(t, i, "10.0.0.40")
	const table = "serial,hostname,ward,tier\n11026,,Imaging,1\n11026,ward3-pc,Ward 3,2\nnobody,,Attic,0\n"
	var p Preview
	if status := a.send("ana", "POST", "/api/devices/import", "text/csv", table, &p); status != http.StatusOK || p.Matched != 1 || p.Changing != 1 || p.Unmatched != 2 {
		t.Fatalf("the preview: %d %+v", status, p)
	}
	if r := p.Rows[1]; r.Code != "differ" || r.Line != 3 || len(r.Choices) != 2 {
		t.Errorf("the line of two devices: %+v", r)
	}
	if w := a.words()[ct.Name]; w.Rev != 0 {
		t.Errorf("a preview has changed %+v", w)
	}
	var no refusal
	stranger := "/api/devices/import?choose=3:" + fmt.Sprint(find(t, i, "10.0.0.2").ID)
	if status := a.send("ana", "POST", stranger, "text/csv", table, &no); status != http.StatusUnprocessableEntity || no.Fields["fault"] != "choice" || no.Fields["line"] != "3" {
		t.Errorf("a device that the line cannot mean: %d %+v", status, no)
	}
	chosen := fmt.Sprintf("/api/devices/import?choose=3:%d", pc.ID)
	if status := a.send("ana", "POST", chosen, "text/csv", table, &p); status != http.StatusOK || p.Changing != 2 || p.Rows[1].Device != pc.ID {
		t.Fatalf("with the choice: %d %+v", status, p)
	}
	if status := a.send("ana", "POST", chosen+"&apply=yes&plan="+p.Plan, "text/csv", table, &p); status != http.StatusOK {
		t.Fatalf("done: %d %+v", status, p)
	}
	all := a.words()
	if w := all[ct.Name]; w.Ward != "Imaging" || w.Tier != ClinicalEssential || w.By != "person:ana" || w.Rev != 1 {
		t.Errorf("the scanner: %+v", w)
	}
	if w := all[pc.Name]; w.Ward != "Ward 3" || w.Tier != ClinicalSupport || w.Rev != 1 {
		t.Errorf("the workstation: %+v", w)
	}
	if status := a.send("bob", "POST", chosen+"&apply=yes&plan="+p.Plan, "text/csv", table, &no); status != http.StatusConflict {
		t.Errorf("what was looked at is no more, and yet: %d %+v", status, no)
	}
}

// Of two people who edit a device at once the second is told so, finds what changed, and may write on from there.
func TestTwoEditAtOnce(t *testing.T) {
	i := told(t, ward())
	a := ask(t, i)
	path := fmt.Sprintf("/api/devices/%d", find(t, i, "10.0.0.40").ID)
	var seen Device
	if status := a.send("bob", "GET", path, "", "", &seen); status != http.StatusOK || seen.Word.Rev != 0 {
		t.Fatalf("before: %d %+v", status, seen.Word)
	}
	const kind = "application/json"
	var w Word
	if status := a.send("ana", "PUT", path, kind, `{"ward":"Imaging","tier":1,"rev":0}`, &w); status != http.StatusOK || w.Rev != 1 {
		t.Fatalf("the first: %d %+v", status, w)
	}
	var no refusal
	if status := a.send("bob", "PUT", path, kind, `{"ward":"Attic","owner":"bob","tier":-1,"rev":0}`, &no); status != http.StatusConflict || no.Error != "inventory.edited" {
		t.Errorf("the second: %d %+v, want a conflict", status, no)
	}
	if status := a.send("bob", "GET", path, "", "", &seen); status != http.StatusOK || seen.Word.Ward != "Imaging" || seen.Word.Owner != "" ||
		seen.Word.Tier != ClinicalEssential || seen.Word.By != "person:ana" || seen.Word.Rev != 1 {
		t.Errorf("what changed: %d %+v", status, seen.Word)
	}
	if status := a.send("bob", "PUT", path, kind, `{"ward":"Imaging","owner":"bob","tier":1,"rev":1}`, &w); status != http.StatusOK || w.Rev != 2 || w.Ward != "Imaging" || w.Owner != "bob" {
		t.Errorf("from there: %d %+v", status, w)
	}
	// Many at once: one of them is first, and each of the others is told.
	status := make(chan int)
	for n := range 8 {
		go func() {
			r := httptest.NewRequest("PUT", path, strings.NewReader(fmt.Sprintf(`{"ward":"Ward %d","tier":1,"rev":2}`, n)))
			r.Header.Set("Content-Type", kind)
			w := httptest.NewRecorder()
			a.h.ServeHTTP(w, r)
			status <- w.Code
		}()
	}
	got := map[int]int{}
	for range 8 {
		got[<-status]++
	}
	if got[http.StatusOK] != 1 || got[http.StatusConflict] != 7 {
		t.Errorf("of eight at once: %v, want one kept and seven told", got)
	}
}
