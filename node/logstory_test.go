package node

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	findings "bulwark/decide/finding"
	"bulwark/event"
	"bulwark/internal/directorytest"
	"bulwark/platform/conf"
	"bulwark/respond/containment"
	"bulwark/respond/playbook"
)

// shipper sends what a domain controller logs, as Winlogbeat does.
type shipper struct {
	t      *testing.T
	url    string
	token  string
	client http.Client
}

func (r *running) shipper(name string) *shipper {
	r.t.Helper()
	code, out, errs := typed(r.t, "logs", "token", name, "--data", r.dir)
	if code != ExitOK {
		r.t.Fatalf("a token = %d %q", code, errs)
	}
	return &shipper{r.t, "https://" + r.config.Logs.HTTP + "/_bulk", strings.TrimSpace(out),
		http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}} // its certificate is of its own making
}

// logon is an event of the channel Security about an account.
type logon struct {
	at       time.Time
	id       int // 4624: it succeeded; 4625: it failed
	who, via string
}

func (s *shipper) send(all ...logon) {
	s.t.Helper()
	var body bytes.Buffer
	for n, x := range all {
		doc := map[string]any{"@timestamp": x.at.UTC().Format(time.RFC3339Nano), "message": "An account tried to log on.", "winlog": map[string]any{"event_id": fmt.Sprint(x.id),
			"channel": "Security", "provider_name": "Microsoft-Windows-Security-Auditing", "computer_name": "dc1.hospital.example", "record_id": 1000 + n,
			"event_data": map[string]string{"TargetUserName": x.who, "TargetSid": "S-1-5-21-1-" + x.who, "TargetDomainName": "HOSPITAL", "LogonType": "3", "IpAddress": x.via, "IpPort": fmt.Sprint(50000 + n)}}}
		line, err := json.Marshal(doc)
		if err != nil {
			s.t.Fatal(err)
		}
		body.WriteString(`{"create":{"_index":"winlogbeat"}}` + "\n")
		body.Write(append(line, '\n'))
	}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url, &body)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Content-Type", "application/x-ndjson")
	got, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusOK {
		s.t.Fatalf("sending = %d", got.StatusCode)
	}
}

// guesses has somebody guess the password of an account until it is right.
func (s *shipper) guesses(who, via string, at time.Time) {
	var all []logon
	for n := range 25 {
		all = append(all, logon{at.Add(time.Duration(n-30) * time.Second), 4625, who, via})
	}
	s.send(append(all, logon{at, 4624, who, via})...)
}

// works publishes what a sensor sees of somebody at work at a machine.
func (r *running) works(who, at string, app string, payload event.Payload) {
	r.t.Helper()
	now := time.Now().UnixNano()
	h := event.Header{Time: now, Flow: uint64(now), Src: netip.MustParseAddr(at), Dst: netip.MustParseAddr("10.20.1.6"), Ports: event.Ports{Src: 50000, Dst: 80}, Proto: 6}
	for k, p := range []event.Payload{&event.Flow{Activity: "Close", App: app, Start: uint64(now), BytesOut: 4000, BytesIn: 9000, PacketsOut: 9, PacketsIn: 9, State: "closed"},
		&event.Auth{User: who, Outcome: "success"}, &event.DHCP{Message: "ack", MAC: macOf(at), Assigned: at, Lease: 86400, Hostname: "pc-" + who[:1]}, payload} {
		if p == nil {
			continue
		}
		var b event.Batch
		b.Reset("probe", r.config.Site, uint64(now)+uint64(k))
		b.Add(&h, p)
		if err := r.publisher.Publish(r.t.Context(), p.Kind().Subject(), b.Bytes(), nil); err != nil {
			r.t.Fatal(err)
		}
	}
}

// macOf is the hardware address of the machine that has an address.
func macOf(at string) string {
	a := netip.MustParseAddr(at).As4()
	return fmt.Sprintf("3c:d9:2b:20:%02x:%02x", a[2], a[3])
}

// device waits until the inventory knows an address, and gives its device a tier.
func (b *browser) device(at string, tier int) string {
	b.t.Helper()
	var page struct {
		Devices []struct {
			ID   uint64   `json:"id"`
			MACs []string `json:"macs"`
		} `json:"devices"`
	}
	var id uint64
	await(b.t, "the inventory knows "+at, func() bool {
		if status := b.call(http.MethodGet, "/api/devices?limit=100", nil, &page); status != http.StatusOK {
			b.t.Fatalf("devices = %d", status)
		}
		for _, d := range page.Devices {
			if slices.Contains(d.MACs, macOf(at)) {
				id = d.ID
			}
		}
		return id != 0
	})
	if status := b.call(http.MethodPut, fmt.Sprint("/api/devices/", id), map[string]any{"tier": tier, "ward": "Office"}, nil); status != http.StatusOK {
		b.t.Fatalf("the tier of %s = %d", at, status)
	}
	return fmt.Sprint("device:", id)
}

// run waits for what a playbook does about an account.
func (b *browser) run(id, who string, ready func(playbook.Run) bool) (r playbook.Run) {
	b.t.Helper()
	var page struct {
		Items []playbook.Run `json:"items"`
	}
	tick := 0
	await(b.t, id+" answers to what happens to "+who, func() bool {
		if tick++; tick%10 != 1 {
			return false
		}
		if status := b.call(http.MethodGet, "/api/playbooks/runs", nil, &page); status != http.StatusOK {
			b.t.Fatalf("runs = %d", status)
		}
		for _, r = range page.Items {
			if r.Playbook.ID == id && target(r, "disable-account", "user:"+who) != nil && ready(r) {
				return true
			}
		}
		return false
	})
	return r
}

// target is what became of one of those to whom a step is done; nil: it is done to none of that name.
func target(r playbook.Run, step, entity string) *playbook.Target {
	for k := range r.Steps {
		if s := &r.Steps[k]; s.Step == step {
			for i := range s.Targets {
				if s.Targets[i].Entity == entity {
					return &s.Targets[i]
				}
			}
		}
	}
	return nil
}

// An account whose password was guessed is seen by the log of the directory alone: a finding, an incident, and a playbook that only notes
// what it would do; once people let it act it disables the account of whoever works in an office, and of whoever gives care a person decides.
func TestAnAccountTakenOverIsSeenInLogsAndDisabled(t *testing.T) {
	domain := directorytest.New(t)
	c := settings()
	c.Logs.HTTP = free(t, "127.0.0.1")
	c.Directory.Servers, c.Directory.Authority, c.Directory.Password = []string{"ldaps://" + directorytest.Address}, domain.Authority, conf.NewSecret(directorytest.Password)
	c.Directory.Account = "bulwark@" + strings.ToLower(directorytest.Realm)
	domain.Tool("user", "create", "bulwark", directorytest.Password)
	domain.Tool("group", "addmembers", "Domain Admins", "bulwark")
	for _, who := range []string{"j.durand", "p.roux", "n.morel"} {
		domain.Tool("user", "create", who, directorytest.Password)
	}
	n := start(t, made{config: c, dir: t.TempDir(), roles: roles{"site"}})
	admin := n.administrator()
	const office, desk, ward = "10.20.6.7", "10.20.6.8", "10.20.3.7"
	n.works("j.durand", office, "tls", nil)
	n.works("p.roux", desk, "tls", nil)
	n.works("n.morel", ward, "http", &event.FHIR{})
	pc := admin.device(office, 3)
	admin.device(desk, 3)
	admin.device(ward, 1)
	dc := n.shipper("dc1")
	now := time.Now()
	dc.send(logon{now.Add(-49 * time.Hour), 4720, "temp1", "-"}, logon{now.Add(-49*time.Hour + time.Minute), 4726, "temp1", "-"}) // the site has been watched for two days
	await(t, "what happened before is found", func() bool { return n.found("kind:finding") == 1 })

	dc.guesses("j.durand", office, now)
	noted := admin.run("compromised-account", "j.durand", func(playbook.Run) bool { return true })
	var f findings.Page
	if status := admin.call(http.MethodGet, "/api/findings?sort=last", nil, &f); status != http.StatusOK {
		t.Fatalf("findings = %d", status)
	}
	if k := slices.IndexFunc(f.Items, func(v findings.Finding) bool { return strings.HasSuffix(v.Rule, "1105") }); k < 0 || f.Items[k].Severity != "high" || f.Items[k].Source != "log" {
		t.Errorf("found %+v", f.Items)
	}
	for step, entity := range map[string]string{"isolate-sources": pc, "disable-account": "user:j.durand"} {
		if x := target(noted, step, entity); x == nil || n.lease(x.Lease).State != containment.Shadow {
			t.Errorf("%s of %s is %+v, want it only noted", step, entity, x)
		}
	}
	if got := domain.Shown("j.durand", "userAccountControl"); got != "512" {
		t.Errorf("userAccountControl is %s, want 512: nobody let the program act", got)
	}

	admin.promote("compromised-account")
	dc.guesses("p.roux", desk, time.Now())
	dc.guesses("n.morel", ward, time.Now())
	settled := func(step, who string, want containment.State) func(playbook.Run) bool {
		return func(r playbook.Run) bool {
			x := target(r, step, who)
			return x != nil && n.lease(x.Lease).State == want
		}
	}
	admin.run("compromised-account", "p.roux", settled("disable-account", "user:p.roux", containment.InForce))
	admin.run("compromised-account", "n.morel", settled("disable-account", "user:n.morel", containment.Proposed))
	for who, want := range map[string]string{"p.roux": "514", "n.morel": "512", "j.durand": "512"} {
		if got := domain.Shown(who, "userAccountControl"); got != want {
			t.Errorf("userAccountControl of %s is %s, want %s", who, got, want)
		}
	}
}

// promote has a person try a playbook over what is kept, make it active, and let the program act.
func (b *browser) promote(id string) {
	b.t.Helper()
	var test playbook.BackTest
	if status := b.call(http.MethodPost, "/api/backtests", map[string]any{"playbook": id, "days": 1}, &test); status != http.StatusOK {
		b.t.Fatalf("the back-test = %d", status)
	}
	path := fmt.Sprint("/api/backtests/", test.ID)
	await(b.t, "the back-test is done", func() bool {
		test = playbook.BackTest{}
		return b.call(http.MethodGet, path, nil, &test) == http.StatusOK && test.State == playbook.Done
	})
	for path, in := range map[string]map[string]any{"/api/playbooks/" + id + "/mode": {"mode": "active", "reason": "tested"}, "/api/safety/mode": {"shadow": false, "reason": "tested"}} {
		if status := b.call(http.MethodPost, path, in, nil); status != http.StatusOK {
			b.t.Fatalf("%s = %d", path, status)
		}
	}
}
