package node

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/decide/safety"
	"bulwark/event"
	"bulwark/platform/web"
	"bulwark/respond/containment"
)

// talk publishes what a workstation said to an archive, over HTTP to a record, and to a share.
func (r *running) talk() {
	r.t.Helper()
	var flows, records, messages, people event.Batch
	now := time.Now().UnixNano()
	id := uint64(now)
	flows.Reset("probe", r.config.Site, id)
	pc := netip.MustParseAddr("10.20.3.7")
	for n, x := range []struct {
		server, app string
		port        uint16
	}{{"10.20.1.5", "dicom", 104}, {"10.20.1.6", "http", 80}, {"10.20.1.9", "smb", 445}, {"192.0.2.66", "tls", 443}} {
		h := event.Header{Time: now, Flow: id + uint64(n), Src: pc, Dst: netip.MustParseAddr(x.server), Ports: event.Ports{Src: 50000, Dst: x.port}, Proto: 6}
		flows.Add(&h, &event.Flow{Activity: "Close", App: x.app, Start: uint64(now), BytesOut: 4000, BytesIn: 9000, PacketsOut: 9, PacketsIn: 9, State: "closed"})
	}
	h := event.Header{Time: now, Flow: id + 1, Src: pc, Dst: netip.MustParseAddr("10.20.1.6"), Ports: event.Ports{Src: 50000, Dst: 80}, Proto: 6}
	records.Reset("probe", r.config.Site, id+1)
	records.Add(&h, &event.FHIR{})
	message := event.Header{Time: now, Flow: id + 9, Src: pc, Dst: netip.MustParseAddr("10.20.1.7"), Ports: event.Ports{Src: 50009, Dst: 2575}, Proto: 6}
	messages.Reset("probe", r.config.Site, id+3)
	messages.Add(&message, &event.HL7{}) // its conversation lasts, and is not told yet
	people.Reset("probe", r.config.Site, id+2)
	people.Add(&h, &event.Auth{User: "j.durand"})
	for _, x := range []struct {
		kind  event.Kind
		batch []byte
	}{{event.KindFlow, flows.Bytes()}, {event.KindFHIR, records.Bytes()}, {event.KindHL7, messages.Bytes()}, {event.KindAuth, people.Bytes()}} {
		if err := r.publisher.Publish(r.t.Context(), x.kind.Subject(), x.batch, nil); err != nil {
			r.t.Fatal(err)
		}
	}
}

// lease is a containment as commands on the machine show it; none while the program does not take them yet.
func (r *running) lease(id uint64) (l containment.Detail) {
	r.t.Helper()
	code, out, _ := typed(r.t, "containments", "show", fmt.Sprint(id), "--json", "--data", r.dir)
	if code == ExitOK {
		if err := json.Unmarshal([]byte(out), &l); err != nil {
			r.t.Fatal(err)
		}
	}
	return l
}

// A device of which nobody said anything is isolated by a person's yes, in the kernel; it keeps its images and records, stays
// isolated when the program is started anew, is lifted at the bedside without an account, and comes back.
func TestADeviceIsContained(t *testing.T) {
	if os.Getenv(inside) == "" {
		t.Skip("stopping traffic needs a network namespace of the tests' own: root")
	}
	c := settings()
	c.Filter.On = true
	m := made{config: c, dir: t.TempDir(), roles: roles{"site"}}
	n := start(t, m)
	admin := n.administrator()
	var v struct {
		Preview safety.Preview
		Verdict safety.VerdictView
	}
	preview := func() int {
		return admin.call(http.MethodPost, "/api/safety/preview", map[string]string{"act": "isolate", "target": "address:10.20.3.7"}, &v)
	}
	if status := preview(); status != http.StatusOK || v.Preview.Seen || !strings.Contains(v.Preview.Why, "no conversation of anybody") {
		t.Errorf("where nothing was kept the preview is %d %+v", status, v.Preview)
	}
	n.talk()
	await(t, "the preview knows what was said", func() bool {
		return preview() == http.StatusOK && len(v.Preview.Flows) == 5 && len(v.Preview.People) == 1 && slices.ContainsFunc(v.Preview.Flows, func(f safety.FlowView) bool { return f.App == "fhir" && f.Kept })
	})
	kept := 0
	for _, f := range v.Preview.Flows {
		if f.Kept != f.Clinical || f.Clinical != (f.App == "dicom" || f.App == "fhir" || f.App == "hl7") {
			t.Errorf("%s: clinical %v, kept %v", f.App, f.Clinical, f.Kept)
		}
		if f.Kept {
			kept++
		}
	}
	if kept != 3 || v.Verdict.Needs != "soc" || !v.Preview.Seen {
		t.Errorf("%d conversations go on, it needs %s: %+v", kept, v.Verdict.Needs, v)
	}
	if code, out, errs := typed(t, "contain", "isolate", "address:10.20.3.7", "--preview", "--data", n.dir); code != ExitOK || !strings.Contains(out, "fhir") {
		t.Errorf("preview = %d %q %q", code, out, errs)
	}
	code, out, errs := typed(t, "contain", "isolate", "address:10.20.3.7", "--reason", "ransomware", "--data", n.dir)
	if code != ExitOK || !strings.Contains(out, "waits for the yes of: soc") {
		t.Fatalf("contain = %d %q %q", code, out, errs)
	}
	analyst := n.browser()
	at, err := url.Parse(analyst.url)
	if err != nil {
		t.Fatal(err)
	}
	analyst.client.Jar.SetCookies(at, n.invited(admin, web.Analyst))
	var mine struct{ Items []containment.Lease }
	if status := analyst.call(http.MethodGet, "/api/approvals", nil, &mine); status != http.StatusOK || len(mine.Items) != 1 {
		t.Fatalf("approvals = %d %+v", status, mine)
	}
	if status, text := analyst.ask(http.MethodPost, "/api/containments/1/approve", "application/json", strings.NewReader(`{"reason":"seen"}`)); status != http.StatusOK {
		t.Fatalf("approve = %d %s", status, text)
	}
	inForce := func(n *running) func() bool {
		return func() bool { l := n.lease(1); return l.State == containment.InForce && l.Enforced }
	}
	await(t, "it is in force in the kernel", inForce(n))
	n.stop()

	again := start(t, m)
	await(t, "it is in force after a restart", inForce(again))
	code, out, errs = typed(t, "containments", "code", "1", "--data", again.dir)
	if code != ExitOK {
		t.Fatalf("code = %d %q %q", code, out, errs)
	}
	nobody := again.browser()
	if status, text := nobody.get("/release"); status != http.StatusOK || strings.Contains(text, "<script") {
		t.Errorf("the page = %d %.300s", status, text)
	}
	if status, text := nobody.form("/release", "code", "00000-00000"); status != http.StatusNotFound {
		t.Errorf("a wrong code = %d %.300s", status, text)
	}
	if status, text := nobody.form("/release", "code", strings.TrimSpace(out)); status != http.StatusOK {
		t.Fatalf("the code = %d %.300s", status, text)
	}
	await(t, "it is lifted", func() bool { l := again.lease(1); return l.State == containment.Released && !l.Enforced })
	if code, out, errs = typed(t, "containments", "lift", "1", "--reason", "over", "--data", again.dir); code != ExitOK {
		t.Fatalf("lift = %d %q %q", code, out, errs)
	}
	await(t, "it is gone", func() bool { return again.lease(1).State == containment.Reverted })
	await(t, "events of it can be searched", func() bool { return again.found("kind:containment") >= 8 })
	if report, err := again.ledger.Verify(t.Context()); err != nil || !report.Whole() {
		t.Errorf("verify = %+v, %v", report, err)
	}
}
