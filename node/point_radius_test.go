package node

import (
	"bytes"
	"crypto/md5"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/platform/clock"
	"bulwark/platform/conf"
	"bulwark/platform/store"
	"bulwark/platform/web"
	"bulwark/respond/containment"
	"bulwark/respond/radius"
)

func TestWhereADeviceSignedOn(t *testing.T) {
	s, err := store.Open(store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	now := time.Now().Truncate(time.Second).UTC()
	var b event.Batch
	b.Reset("sensor", "site", 1)
	add := func(ago time.Duration, from string, e *event.RADIUS) {
		b.Add(&event.Header{Time: now.Add(-ago).UnixNano(), Proto: 17, Src: netip.MustParseAddr(from), Dst: netip.MustParseAddr("10.0.0.2"), Ports: event.Ports{Src: 5000, Dst: 1812}}, e)
	}
	const mac = "00:11:22:aa:bb:cc"
	add(3*time.Hour, "10.9.0.1", &event.RADIUS{Activity: "access_request", MAC: mac, NAS: "10.9.0.1"})
	add(2*time.Hour, "10.9.0.7", &event.RADIUS{Activity: "access_request", MAC: mac, NAS: "192.168.1.1"})
	add(time.Hour, "10.9.0.7", &event.RADIUS{Activity: "accounting_request", Status: "interim", MAC: mac, NAS: "192.168.1.1"})
	add(time.Minute, "10.9.0.9", &event.RADIUS{Activity: "access_request", MAC: "00:11:22:aa:bb:cd", NAS: "10.9.0.9"})
	if err := s.Add(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	s.Flush()
	sessions := radiusSessions{&Node{store: s, clock: clock.NewManual(now), log: slog.New(slog.DiscardHandler)}}
	got, ok := sessions.Session(t.Context(), mac)
	if !ok || len(got.NAS) != 2 || got.NAS[0] != netip.MustParseAddr("192.168.1.1") || got.NAS[1] != netip.MustParseAddr("10.9.0.7") || !got.At.Equal(now.Add(-2*time.Hour)) {
		t.Fatalf("it signed on at %v at %v (%v)", got.NAS, got.At, ok)
	}
	if _, ok := sessions.Session(t.Context(), "00:11:22:aa:bb:00"); ok {
		t.Fatal("a device that nobody saw signed on")
	}
}

// obedient is a switch that does what it is told, and says so signed with the secret.
func obedient(t *testing.T, secret string) (at netip.AddrPort, heard chan byte) {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	heard = make(chan byte, 100)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buf := make([]byte, 4096)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			heard <- buf[0]
			p := append([]byte{buf[0] + 1, buf[1], 0, 20}, buf[4:20]...) // the code of a yes is one more
			sum := md5.Sum(append(bytes.Clone(p), secret...))
			copy(p[4:], sum[:])
			if _, err := c.WriteTo(p, from); err != nil || n < 20 {
				return
			}
		}
	}()
	t.Cleanup(func() { c.Close(); <-ended })
	return netip.MustParseAddrPort(c.LocalAddr().String()), heard
}

// A device that nobody confirmed goes into quarantine at its switch once one of the security team and one who answers for medical
// devices said yes; the lease says before what would be sent, and at its end the device is thrown off to sign on again.
func TestADeviceGoesIntoQuarantine(t *testing.T) {
	at, heard := obedient(t, "s3cret")
	c := settings()
	nas := radius.NAS{Name: "ward", Port: at.Port(), Secret: conf.NewSecret("s3cret"), VLAN: "999"}
	if err := nas.Address.UnmarshalText([]byte("127.0.0.0/8")); err != nil { // a network: where the device is must be known
		t.Fatal(err)
	}
	c.RADIUS.NAS = []radius.NAS{nas}
	n := start(t, made{config: c, dir: t.TempDir(), roles: roles{"site"}})
	admin := n.administrator()
	n.talk()
	var assets, signs event.Batch
	h := event.Header{Time: time.Now().UnixNano(), Flow: 77, Src: netip.MustParseAddr("10.20.3.7")}
	assets.Reset("probe", n.config.Site, uint64(h.Time)+9)
	assets.Add(&h, &event.Asset{MAC: "00:11:22:aa:bb:cc", Source: "arp"})
	h.Src = at.Addr()
	signs.Reset("probe", n.config.Site, uint64(h.Time)+10)
	signs.Add(&h, &event.RADIUS{Activity: "access_request", MAC: "00:11:22:aa:bb:cc", NAS: at.Addr().String()})
	for kind, batch := range map[event.Kind][]byte{event.KindAsset: assets.Bytes(), event.KindRADIUS: signs.Bytes()} {
		if err := n.publisher.Publish(t.Context(), kind.Subject(), batch, nil); err != nil {
			t.Fatal(err)
		}
	}
	ask := map[string]any{"act": "quarantine", "target": "address:10.20.3.7", "minutes": 30, "reason": "ransomware"}
	var l containment.Lease
	await(t, "the device and its switch are known", func() bool {
		return admin.call(http.MethodPost, "/api/containments", ask, &l) == http.StatusOK
	})
	if l.Point != "radius" || l.Effect != "E4" || l.State != containment.Proposed || len(l.Verdict.Missing) != 2 || len(l.Plan) != 2 ||
		!strings.HasPrefix(l.Plan[0], "CoA-Request to ward ("+at.String()+"): Calling-Station-Id=00-11-22-AA-BB-CC") || len(heard) > 0 {
		t.Fatalf("asked for: %+v, and %d requests were sent", l, len(heard))
	}
	for _, duty := range []web.Duty{web.Analyst, web.BiomedicalEngineer} {
		b := n.browser()
		url, err := url.Parse(b.url)
		if err != nil {
			t.Fatal(err)
		}
		b.client.Jar.SetCookies(url, n.invited(admin, duty))
		if status, text := b.ask(http.MethodPost, "/api/containments/1/approve", "application/json", strings.NewReader(`{"reason":"seen"}`)); status != http.StatusOK {
			t.Fatalf("%s: approve = %d %s", duty, status, text)
		}
	}
	await(t, "the switch said yes", func() bool { l := n.lease(1); return l.State == containment.InForce && l.Enforced })
	if got := <-heard; got != 43 {
		t.Errorf("the switch was sent %d, want a CoA-Request (43)", got)
	}
	if code, out, errs := typed(t, "containments", "lift", "1", "--reason", "cleaned", "--data", n.dir); code != ExitOK {
		t.Fatalf("lift = %d %q %q", code, out, errs)
	}
	await(t, "it is over", func() bool { return n.lease(1).State == containment.Reverted })
	if got := <-heard; got != 40 {
		t.Errorf("the switch was sent %d at the end, want a Disconnect-Request (40)", got)
	}
	if code, out, errs := typed(t, "containments", "points", "--data", n.dir); code != ExitOK || !strings.Contains(out, "radius") || !strings.Contains(out, "quarantine") {
		t.Errorf("points = %d %q %q", code, out, errs)
	}
}
