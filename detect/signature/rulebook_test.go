package signature

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/platform/clock"
)

// opened is a rulebook of one file.
func opened(t *testing.T, text string, more func(*Needs)) *Rulebook {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ward.rules")
	write(t, path, text)
	n := Needs{Config: Config{Paths: []string{path}}, Dir: t.TempDir(), Clock: clock.System{}, Log: slog.New(slog.DiscardHandler)}
	if more != nil {
		more(&n)
	}
	b, err := Open(n)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const wardRules = `alert dicom any any -> any any (msg:"Plain"; dicom.command; content:"Find"; metadata:mitre_technique_id T1046; classtype:attempted-recon; sid:1;)
alert dicom any any -> any any (msg:"Wrong"; dicom.comand; content:"Find"; sid:2;)
#alert dicom any any -> any any (msg:"Commented out"; dicom.command; content:"Get"; sid:3;)
alert tcp any any -> any any (msg:"Waits in vain"; flowbits:isset,nobody.sets; content:"x"; sid:4;)
alert tcp any any -> any any (msg:"Sets"; content:"y"; flowbits:set,somebody.sets; flowbits:noalert; sid:5;)
alert tcp any any -> any any (msg:"Waits"; flowbits:isset,somebody.sets; content:"x"; sid:6;)
alert mqtt any any -> any any (msg:"Of what is not there"; content:"x"; sid:7;)
alert dicom any any -> any any (msg:"Plain again"; dicom.command; content:"Find"; sid:1;)
`

func states(t *testing.T, b *Rulebook) map[uint32]string {
	t.Helper()
	p, err := b.List(t.Context(), url.Values{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[uint32]string{}
	for _, i := range p.Items {
		if i.ID != "" {
			got[i.SID] = i.State
			if i.State != Loaded && (i.Reason == nil || i.Reason.EN == "" || i.Reason.FR == "") {
				t.Errorf("rule %d is %s without a reason", i.SID, i.State)
			}
		}
	}
	return got
}

func TestEachRuleHasItsState(t *testing.T) {
	now := time.Now()
	b := opened(t, wardRules, func(n *Needs) {
		n.Seen = func(context.Context) (Sights, error) {
			return Sights{Apps: map[string]time.Time{"dicom": now}, From: now.Add(-48 * time.Hour)}, nil
		}
	})
	b.see(t.Context())
	want := map[uint32]string{1: Loaded, 2: Rejected, 3: Disabled, 4: Blind, 5: Loaded, 6: Loaded, 7: Blind}
	if got := states(t, b); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	a, z := netip.MustParseAddr("10.0.0.7"), netip.MustParseAddr("10.0.0.9")
	for range 100 {
		alerted(b, &event.Header{Time: now.UnixNano(), Src: a, Dst: z}, &event.Alert{GID: 1, SID: 1})
	}
	if got := states(t, b)[1]; got != Noisy {
		t.Errorf("got %s after 100 alerts of which nothing else speaks, want noisy", got)
	}
	p, err := b.List(t.Context(), url.Values{"state": {Rejected}})
	if err != nil || p.Total != 2 || p.Facets.State[Blind] != 2 {
		t.Fatalf("got %d rejected, %v, %v, want the wrong one and the one whose number another has", p.Total, p.Facets.State, err)
	}
	for _, i := range p.Items {
		if i.SID == 2 && !strings.HasSuffix(i.Place, "ward.rules:2:46") {
			t.Errorf("got %s, want the place of the word that is not known", i.Place)
		}
	}
}

func TestAListIsNarrowedSortedAndCutIntoPages(t *testing.T) {
	b := opened(t, wardRules, nil)
	for q, want := range map[string]string{
		"q=waits vain": "4", "q=dicom&state=loaded": "1", "technique=T1046": "1", "technique=TA0007": "1", "technique=T9999": "",
		"class=attempted-recon": "1", "limit=2": "1 2", "limit=2&after=2": "3 4", "source=bulwark": "", "source=paths&limit=1": "1",
	} {
		v, err := url.ParseQuery(q)
		if err != nil {
			t.Fatal(err)
		}
		p, err := b.List(t.Context(), v)
		var got []string
		for _, i := range p.Items {
			got = append(got, fmt.Sprint(i.SID))
		}
		if s := strings.Join(got, " "); err != nil || s != want {
			t.Errorf("%s: got %q, %v, want %q", q, s, err, want)
		}
	}
	for _, q := range []url.Values{{"limit": {"100000"}}, {"after": {"9223372036854775807"}}} {
		if _, err := b.List(t.Context(), q); !errors.Is(err, ErrQuery) {
			t.Errorf("%v: got %v, want a refusal of so many", q, err)
		}
	}
}

func TestWhatPeopleDecideHoldsAndIsNoted(t *testing.T) {
	var noted []string
	b := opened(t, wardRules, func(n *Needs) {
		n.Record = func(_ context.Context, actor, act, object string, detail map[string]string) error {
			noted = append(noted, strings.Join([]string{actor, act, object, detail["reason"]}, " "))
			return nil
		}
	})
	decide := func(rules string, on bool) error {
		_, err := b.Decide(t.Context(), Decision{Rules: rules, Enabled: on, Who: "person:7", Reason: "because"})
		return err
	}
	for _, err := range []error{decide("1:1", false), decide("3", true), decide("regex:Waits$", false), decide(`regex:"Sets"`, false)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := map[uint32]string{1: Disabled, 2: Rejected, 3: Loaded, 4: Blind, 5: Disabled, 6: Blind, 7: Loaded}
	if got := states(t, b); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	again, err := Open(b.Needs)
	if err != nil || fmt.Sprint(states(t, again)) != fmt.Sprint(want) {
		t.Errorf("got %v, %v after a restart, want %v", states(t, again), err, want)
	}
	rules, _ := again.Rules()
	var bundle bytes.Buffer
	if err := rules.Bundle(&bundle); err != nil {
		t.Fatal(err)
	}
	taken, err := unbundle(&bundle)
	if err != nil || !slices.Equal(taken.Off, []ID{{1, 1}, {1, 5}}) || !slices.Equal(taken.On, []ID{{1, 3}}) {
		t.Errorf("got on %v and off %v, %v, want what was decided to travel with the rules", taken.On, taken.Off, err)
	}
	if len(noted) != 4 || noted[0] != "person:7 rule.disable rule:1:1 because" {
		t.Errorf("got %q in the ledger, want four acts", noted)
	}
	for _, d := range []Decision{{Rules: "1:1"}, {Rules: "colour:red", Reason: "x"}, {Rules: "regex:(", Reason: "x"}, {Rules: "1:1", Reason: strings.Repeat("x", 501)}} {
		if _, err := b.Decide(t.Context(), d); !errors.Is(err, ErrDecision) {
			t.Errorf("%+v: got %v, want a refusal", d, err)
		}
	}
}

func TestASetThatFailsLeavesTheOneBeforeInForce(t *testing.T) {
	b := opened(t, wardRules, nil)
	path := b.Config.Paths[0]
	write(t, path, "alert tcp any any -> any any (msg:\"x\"; nonsense; sid:1;)\n")
	if _, err := b.Reload(); !errors.Is(err, ErrNothing) {
		t.Errorf("got %v, want a refusal", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Reload(); err == nil {
		t.Error("got no error of a file that is gone")
	}
	if got := states(t, b)[1]; got != Loaded {
		t.Errorf("got %q, want the rules of before", got)
	}
}

func TestBadRuleFilesGetAClearVerdict(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"an unknown keyword", "\nalert tcp any any -> any any (msg:\"x\"; colour:red; sid:1;)\n", `ward.rules:2:40: unknown keyword "colour"`},
		{"a file that includes itself", "include ward.rules\nalert tcp any any -> any any (content:\"x\"; sid:1;)\n", `ward.rules:1:1: `},
		{"no number", "alert tcp any any -> any any (msg:\"x\";)\n", "ward.rules:1:1: "},
		{"a variable that nobody set", "alert tcp $NOBODY any -> any any (sid:1;)\n", "ward.rules:1:11: "},
		{"a number that is there twice", "alert tcp any any -> any any (content:\"x\"; sid:1; rev:2;)\nalert tcp any any -> any any (content:\"y\"; sid:1; rev:1;)\n", "ward.rules:2:1: left out: "},
		{"a line without an end", "alert tcp any any -> any any (msg:\"" + strings.Repeat("x", 100_000) + "\"; sid:1;)\n", "ward.rules:1:1: "},
		{"bytes that are no text", "alert tcp \x00\xff any -> any any (sid:1;)\n", "ward.rules:1:11: "},
	} {
		b := opened(t, c.text, nil)
		var got []string
		for _, e := range b.edition().items {
			if e.state == Rejected {
				got = append(got, filepath.Base(e.place)+": "+e.reason.EN)
			}
		}
		if len(got) == 0 || !strings.HasPrefix(got[0], c.want) {
			t.Errorf("%s: got %.300q, want %s", c.name, got, c.want)
		}
	}
}

func TestAFileThatIsTooLargeIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "huge.rules")
	write(t, path, "")
	if err := os.Truncate(path, maxUnpacked+1); err != nil {
		t.Fatal(err)
	}
	_, err := (&Config{Paths: []string{path}}).Load("", time.Now())
	if !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), "huge.rules has 134217729 bytes, more than 134217728") {
		t.Errorf("got %v, want a refusal that names the file and its size", err)
	}
	_, err = (&Config{Paths: []string{filepath.Dir(path)}}).Load("", time.Now())
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v, want a refusal in a folder too", err)
	}
}

// asker serves the doors for one person.
func asker(t *testing.T, b *Rulebook) *httptest.Server {
	mux := http.NewServeMux()
	for _, r := range b.Doors(func(*http.Request) (string, error) { return "person:7", nil }).Routes() {
		mux.Handle(r.Method+" "+r.Pattern, http.MaxBytesHandler(r.Handler, max(r.Body, 64<<10)))
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// ask asks the doors and reads the answer into v.
func ask(t *testing.T, method, address, kind, body string, v any) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && v != nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return resp.StatusCode
}

func TestTheDoors(t *testing.T) {
	b := opened(t, wardRules, nil)
	s := asker(t, b)
	const kind = "application/json"
	var d Detail
	if code := ask(t, "GET", s.URL+"/api/rules/1:6", kind, "", &d); code != 200 || len(d.Bits) != 1 || !slices.Equal(d.Bits[0].SetBy, []string{"1:5"}) {
		t.Errorf("got %d, %+v, want rule 6 with the rule that sets its mark", code, d.Bits)
	}
	if len(d.Explain.EN) == 0 || len(d.Explain.EN) != len(d.Explain.FR) || !strings.Contains(strings.Join(d.Explain.EN, " "), `The mark "somebody.sets" must stand, which is set by rule 1:5.`) {
		t.Errorf("got %q, want it in plain words", d.Explain.EN)
	}
	if code := ask(t, "PUT", s.URL+"/api/rules/1:6", kind, `{"enabled":false,"reason":"too many"}`, &d); code != 200 || d.State != Disabled || d.Decided == nil || d.Decided.Who != "person:7" {
		t.Errorf("got %d, %+v, want it out of force", code, d.Item)
	}
	var c Coverage
	if ask(t, "GET", s.URL+"/api/rules/coverage", kind, "", &c); len(c.Tactics) < 10 || c.Without != 3 {
		t.Errorf("got %d tactics and %d rules without, want all tactics and 3", len(c.Tactics), c.Without)
	}
	for _, x := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/api/rules/1:99", "", 404}, {"GET", "/api/rules/nonsense", "", 404}, {"GET", "/api/rules?sort=colour", "", 400},
		{"PUT", "/api/rules/1:6", `{"enabled":true}`, 422}, {"PUT", "/api/rules/1:6", `{"reason":"x"}`, 400}, {"PUT", "/api/rules/1:99", `{"enabled":true,"reason":"x"}`, 404},
		{"POST", "/api/rules/update", `{"source":"nobody"}`, 404}, {"POST", "/api/rules/decide", `{"rules":"x:y","enabled":true,"reason":"x"}`, 422},
	} {
		if code := ask(t, x.method, s.URL+x.path, kind, x.body, nil); code != x.want {
			t.Errorf("%s %s %s: got %d, want %d", x.method, x.path, x.body, code, x.want)
		}
	}
}

// form is what a browser sends of a form with files.
func form(t *testing.T, parts map[string]string) (kind, body string) {
	t.Helper()
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	for name, text := range parts {
		create := w.CreateFormField
		if name == "capture" {
			create = func(name string) (io.Writer, error) { return w.CreateFormFile(name, "../../x.pcap.gz") }
		}
		p, err := create(name)
		if err == nil {
			_, err = io.WriteString(p, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), out.String()
}

func TestRulesAreTried(t *testing.T) {
	b := opened(t, wardRules, func(n *Needs) {
		n.Play = func(_ context.Context, capture string, rules *Rules, fn func(*event.Header, *event.Alert)) (Played, error) {
			if !strings.HasSuffix(capture, ".pcap.gz") || filepath.Dir(capture) != filepath.Join(n.Dir, "try") {
				t.Errorf("got %s, want a file of our own", capture)
			}
			for range 30 {
				fn(&event.Header{Src: netip.MustParseAddr("10.0.0.7"), Ports: event.Ports{Src: 1, Dst: 2}, Proto: 6}, &event.Alert{Title: "A", GID: 1, SID: 11})
			}
			return Played{Packets: 5, Bytes: 500, Events: 40}, nil
		}
	})
	s := asker(t, b)
	rules := ruleText(11, "") + ruleText(12, "") + "alert tcp any any -> any any (colour:red; sid:13;)\n"
	var got Trial
	kind, body := form(t, map[string]string{"rules": rules, "capture": "packets"})
	if code := ask(t, "POST", s.URL+"/api/rules/try", kind, body, &got); code != 200 {
		t.Fatalf("got %d, want 200", code)
	}
	if got.Rules != 2 || len(got.Rejected) != 1 || got.Rejected[0].Line != 3 || got.Rejected[0].Column != 31 {
		t.Errorf("got %d usable, rejected %+v, want 2, and one at line 3, column 31", got.Rules, got.Rejected)
	}
	if len(got.Fires) != 1 || got.Fires[0].Count != 30 || len(got.Fires[0].First) != maxPlaces || !slices.Equal(got.Silent, []string{"1:12"}) {
		t.Errorf("got %+v, silent %v, want rule 11 fired 30 times and rule 12 silent", got.Fires, got.Silent)
	}
	if left, err := os.ReadDir(filepath.Join(b.Dir, "try")); err != nil || len(left) > 0 {
		t.Errorf("got %v, %v, want no capture left", left, err)
	}
	kind, body = form(t, map[string]string{"rules": rules})
	if code := ask(t, "POST", s.URL+"/api/rules/try", kind, body, &got); code != 200 {
		t.Errorf("got %d without a capture, want 200", code)
	}
	for what, parts := range map[string]map[string]string{
		"a stretch where none are kept": {"rules": rules, "query": `{"reason":"x"}`},
		"a part that nobody knows":      {"rules": rules, "colour": "red"},
		"too many rules":                {"rules": strings.Repeat("#\n", maxTrialRules)},
		"no rule that can be used":      {"rules": "alert", "capture": "packets"},
	} {
		kind, body = form(t, parts)
		if code := ask(t, "POST", s.URL+"/api/rules/try", kind, body, nil); code != 422 {
			t.Errorf("%s: got %d, want 422", what, code)
		}
	}
}

// timed is an answer that notes until when it may take.
type timed struct {
	*httptest.ResponseRecorder
	read, write time.Time
}

func (w *timed) SetReadDeadline(t time.Time) error  { w.read = t; return nil }
func (w *timed) SetWriteDeadline(t time.Time) error { w.write = t; return nil }

// The server gives a request half a minute: a trial takes a minute by itself.
func TestWhatTakesLongIsGivenTime(t *testing.T) {
	b := opened(t, wardRules, nil)
	doors := b.Doors(func(*http.Request) (string, error) { return "person:1", nil })
	for name, c := range map[string]struct {
		do   http.HandlerFunc
		long time.Duration
	}{"an update": {doors.update, fetchTime}, "a trial": {doors.try, uploadTime + trialTime}} {
		w := &timed{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		least := time.Now().Add(c.long)
		c.do(w, r)
		if w.read.Before(least) || w.write.Before(least) {
			t.Errorf("%s: it may be read until %v and written until %v, want %v at least", name, w.read, w.write, least)
		}
	}
}

func TestListsAreReadWithinBounds(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside.lst")
	write(t, outside, "10.0.0.1\n")
	large := filepath.Join(t.TempDir(), "large.lst")
	write(t, large, "")
	if err := os.Truncate(large, maxUnpacked+1); err != nil {
		t.Fatal(err)
	}
	text := func(list string) string {
		return fmt.Sprintf("alert ip any any -> any any (msg:\"x\"; ip.src; dataset:isset,a,type ip,load %s; sid:1;)\n", list)
	}
	for _, c := range []struct {
		does, file, text string
		want             int // files that are read
	}{
		{"a file of rules names a list anywhere", "a.rules", text(outside), 2},
		{"one that is too large is not read", "a.rules", text(large), 1},
		{"a folder is none", "a.rules", text(filepath.Dir(outside)), 1},
		{"an archive names nothing outside of it", "a.tar.gz", string(archive(t, entryOf{name: "a.rules", text: text(outside)})), 1},
	} {
		path := filepath.Join(t.TempDir(), c.file)
		write(t, path, c.text)
		r, err := (&Config{Paths: []string{path}}).Load("", time.Now())
		if err != nil || len(r.Files) != c.want {
			t.Errorf("%s: got %d files, %v, want %d", c.does, len(r.Files), err, c.want)
		}
	}
}

func TestAPackedFileOfRulesKeepsItsName(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := io.WriteString(z, ruleText(5, "")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ward.rules.gz")
	write(t, path, packed.String())
	b, err := Open(Needs{Config: Config{Paths: []string{path}}, Dir: t.TempDir(), Clock: clock.System{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if d, err := b.Show(t.Context(), ID{1, 5}); err != nil || d.Place != path+":1:1" {
		t.Errorf("got %s, %v, want %s:1:1", d.Place, err, path)
	}
}

func TestWhatFiredIsKept(t *testing.T) {
	b := opened(t, wardRules, nil)
	b.alert(&event.Header{Time: time.Now().UnixNano()}, &event.Alert{GID: 1, SID: 1})
	if err := b.keepFired(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(b.Needs)
	if err != nil {
		t.Fatal(err)
	}
	d, err := again.Show(t.Context(), ID{1, 1})
	if err != nil || d.Fired != 1 || d.Last.IsZero() {
		t.Errorf("got %d, last %v, %v, want what fired before the restart", d.Fired, d.Last, err)
	}
}

func TestCostsAreRead(t *testing.T) {
	if _, err := ReadCosts(make([]byte, 41)); !errors.Is(err, ErrCosts) {
		t.Errorf("got %v, want a refusal", err)
	}
	b := opened(t, wardRules, nil)
	text := make([]byte, 80)
	text[0], text[4], text[8], text[24], text[32] = 1, 1, 10, 2, 100 // rule 1:1: 10 checked, 2 timed in 100 ns
	text[40], text[44] = 9, 9                                        // a rule that there is not
	b.Costs(text)
	b.Costs(text)
	d, err := b.Show(t.Context(), ID{1, 1})
	if err != nil || d.Checked != 20 || d.Cost != 50 || d.Share != 1 {
		t.Errorf("got %d checked, %d ns, share %v, %v, want 20, 50 and all", d.Checked, d.Cost, d.Share, err)
	}
}
