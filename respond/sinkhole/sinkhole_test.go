package sinkhole

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"bulwark/platform/clock"
	"bulwark/platform/conf"
)

const (
	unbound = "127.0.0.1:5399"  // the resolver
	ours    = "127.77.1.3:5300" // our zone
	world   = "127.77.1.4:5300" // who answers for all names
	theKey  = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
)

func newSinkhole(c Config) *Sinkhole {
	c.Zone = Defaults().Zone
	return New(c, clock.System{}, slog.New(slog.DiscardHandler))
}

// run runs the room until the test ends, and waits until it listens.
func run(t *testing.T, s *Sinkhole) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	listens(t, s.config.Listen)
}

func listens(t *testing.T, address string) {
	t.Helper()
	for range 100 {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			c.Close()
			return
		}
		clock.Pause(t.Context(), 50*time.Millisecond)
	}
	t.Fatalf("nobody listens at %s", address)
}

// startWorld answers 192.0.2.66 for every name.
func startWorld(t *testing.T) {
	t.Helper()
	p, err := net.ListenPacket("udp", world)
	if err != nil {
		t.Skipf("listening: %v", err)
	}
	server := &dns.Server{PacketConn: p, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(r)
		m.RecursionAvailable = true
		if r.Question[0].Qtype == dns.TypeA {
			m.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: r.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 5}, A: net.IPv4(192, 0, 2, 66)}}
		}
		_ = w.WriteMsg(m)
	})}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.ActivateAndServe() }()
	t.Cleanup(func() { p.Close(); <-ended })
}

// startUnbound starts the resolver, which takes the zone from us.
func startUnbound(t *testing.T) (stop func()) {
	t.Helper()
	if _, err := exec.LookPath("unbound"); err != nil {
		t.Skip("a resolver needs unbound (Debian: unbound)")
	}
	a, b, w := netip.MustParseAddrPort(unbound), netip.MustParseAddrPort(ours), netip.MustParseAddrPort(world)
	dir := t.TempDir()
	file := filepath.Join(dir, "unbound.conf")
	text := fmt.Sprintf(`server:
	directory: %[1]q
	chroot: ""
	username: ""
	pidfile: ""
	use-syslog: no
	do-daemonize: no
	interface: %[2]s@%[3]d
	access-control: 127.0.0.0/8 allow
	do-not-query-localhost: no
	module-config: "respip iterator"
	num-threads: 1
rpz:
	name: rpz.bulwark.
	primary: %[4]s@%[5]d
	zonefile: %[1]s/rpz.zone
forward-zone:
	name: "."
	forward-addr: %[6]s@%[7]d
remote-control:
	control-enable: no
`, dir, a.Addr(), a.Port(), b.Addr(), b.Port(), w.Addr(), w.Port())
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("unbound", "-d", "-c", file)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Skipf("starting unbound: %v", err)
	}
	stop = func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		if t.Failed() {
			t.Log(said.String())
		}
	}
	t.Cleanup(stop)
	listens(t, unbound)
	return stop
}

// dig asks the resolver as people's devices do, by another program where there is one.
func dig(t *testing.T, n string) string {
	t.Helper()
	a := netip.MustParseAddrPort(unbound)
	out, err := exec.Command("dig", "@"+a.Addr().String(), "-p", fmt.Sprint(a.Port()), "+tries=1", "+time=2", n, "A").CombinedOutput()
	if err != nil {
		t.Skipf("asking needs dig (Debian: bind9-dnsutils): %v", err)
	}
	for line := range strings.Lines(string(out)) {
		if _, rest, ok := strings.Cut(line, "status: "); ok && !strings.HasPrefix(rest, "NOERROR") {
			return strings.SplitN(rest, ",", 2)[0]
		}
		if f := strings.Fields(line); len(f) == 5 && f[3] == "A" && !strings.HasPrefix(line, ";") {
			return f[4]
		}
	}
	return strings.TrimSpace(string(out))
}

func drive(t *testing.T, s *Sinkhole, want []Order, undo ...Order) (map[uint64]bool, map[uint64]error) {
	t.Helper()
	refused, err := s.Drive(t.Context(), want)
	if err != nil || len(refused) > 0 {
		t.Fatal(refused, err)
	}
	held, unknown, err := s.Read(t.Context(), slices.Concat(want, undo))
	if err != nil {
		t.Fatal(err)
	}
	return held, unknown
}

// TestUnbound stops names at a real resolver, which fetches the zone from us.
func TestUnbound(t *testing.T) {
	for _, tt := range []struct {
		name, answer, want string
	}{{"the name does not exist", "", "NXDOMAIN"}, {"the name is ours", "10.0.0.99", "10.0.0.99"}} {
		t.Run(tt.name, func(t *testing.T) {
			startWorld(t)
			s := newSinkhole(Config{Resolvers: []string{unbound}, Listen: ours, Answer: tt.answer})
			run(t, s)
			stop := startUnbound(t)
			evil, bad := Order{1, "evil.example"}, Order{2, "Bad.example."}
			if got := dig(t, "evil.example"); got != "192.0.2.66" {
				t.Fatalf("before, evil.example is %s", got)
			}
			for _, step := range []struct {
				want, undo []Order
				answers    map[string]string
			}{
				{[]Order{evil}, nil, map[string]string{"evil.example": tt.want, "c2.evil.example": tt.want, "bad.example": "192.0.2.66", "notevil.example": "192.0.2.66"}},
				{[]Order{evil, bad}, nil, map[string]string{"evil.example": tt.want, "bad.example": tt.want, "good.example": "192.0.2.66"}},
				{[]Order{bad}, []Order{evil}, map[string]string{"evil.example": "192.0.2.66", "bad.example": tt.want}},
				{nil, []Order{evil, bad}, map[string]string{"evil.example": "192.0.2.66", "bad.example": "192.0.2.66"}},
			} {
				held, unknown := drive(t, s, step.want, step.undo...)
				if len(unknown) > 0 {
					t.Fatalf("%v: unknown %v", step.want, unknown)
				}
				for _, o := range step.want {
					if !held[o.ID] {
						t.Errorf("%s is not held", o.Name)
					}
				}
				for _, o := range step.undo {
					if held[o.ID] {
						t.Errorf("%s is held still", o.Name)
					}
				}
				for n, want := range step.answers {
					if got := dig(t, n); got != want {
						t.Errorf("with %v: %s is %s, want %s", step.want, n, got, want)
					}
				}
			}
			drive(t, s, []Order{evil})
			stop()
			if held, unknown := drive(t, s, []Order{evil}, bad); held[1] || held[2] || unknown[1] == nil || unknown[2] == nil {
				t.Errorf("with the resolver away: held %v, unknown %v; want all of it unknown", held, unknown)
			}
		})
	}
}

// A resolver that knows nothing of our zone is not believed, whatever it answers for the name.
func TestAResolverWithoutTheZone(t *testing.T) {
	startWorld(t)
	s := newSinkhole(Config{Resolvers: []string{world}, Listen: ours, Answer: "192.0.2.66"})
	run(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := s.Drive(ctx, []Order{{1, "evil.example"}}); err != nil {
		t.Fatal(err)
	}
	held, unknown, err := s.Read(ctx, []Order{{1, "evil.example"}})
	if err != nil || held[1] || !errors.Is(unknown[1], errStale) {
		t.Errorf("held %v, unknown %v, %v; want it unknown, as the zone is not loaded", held, unknown, err)
	}
}

func TestWhoMayFetchTheZone(t *testing.T) {
	fetch := func(from, question string, keys map[string]string) ([]dns.RR, error) {
		local, err := net.ResolveTCPAddr("tcp", from+":0")
		if err != nil {
			t.Fatal(err)
		}
		c, err := (&net.Dialer{LocalAddr: local}).DialContext(t.Context(), "tcp", ours)
		if err != nil {
			t.Skipf("dialling: %v", err)
		}
		defer c.Close()
		m := new(dns.Msg)
		m.SetAxfr(question)
		if keys != nil {
			m.SetTsig(keyName, dns.HmacSHA256, 300, time.Now().Unix())
		}
		x := &dns.Transfer{Conn: &dns.Conn{Conn: c}, TsigSecret: keys}
		parts, err := x.In(m, ours)
		if err != nil {
			return nil, err
		}
		var all []dns.RR
		for p := range parts {
			if p.Error != nil {
				return nil, p.Error
			}
			all = append(all, p.RR...)
		}
		return all, nil
	}
	key, other := map[string]string{keyName: theKey}, map[string]string{keyName: "BBBB" + theKey[4:]}
	for _, tt := range []struct {
		name, from, zone, key string
		with                  map[string]string
		want                  bool
	}{
		{"a resolver of ours", "127.0.0.1", "rpz.bulwark.", "", nil, true},
		{"its capitals", "127.0.0.1", "RPZ.Bulwark.", "", nil, true},
		{"another machine", "127.77.1.9", "rpz.bulwark.", "", nil, false},
		{"another zone", "127.0.0.1", "example.", "", nil, false},
		{"a resolver with the key", "127.0.0.1", "rpz.bulwark.", theKey, key, true},
		{"one without", "127.0.0.1", "rpz.bulwark.", theKey, nil, false},
		{"one with another", "127.0.0.1", "rpz.bulwark.", theKey, other, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := Config{Resolvers: []string{unbound}, Listen: ours}
			if tt.key != "" {
				c.Key = conf.NewSecret(tt.key)
			}
			s := newSinkhole(c)
			run(t, s)
			if _, err := fetch(tt.from, tt.zone, tt.with); err == nil {
				t.Error("a zone was handed out before it was known what is wanted")
			}
			var want []Order
			for i := range 300 {
				want = append(want, Order{uint64(i), fmt.Sprintf("n%03d.evil.example", i)})
			}
			if _, err := s.Drive(t.Context(), want); err != nil {
				t.Fatal(err)
			}
			all, err := fetch(tt.from, tt.zone, tt.with)
			if got := err == nil && len(all) == 2*300+4; got != tt.want {
				t.Errorf("fetched %d records, %v; want it to be so: %v", len(all), err, tt.want)
			}
		})
	}
}

func TestNamesThatAreNeverStopped(t *testing.T) {
	s := newSinkhole(Config{Resolvers: []string{unbound}, Listen: ours, Never: []string{"hospital.example"}})
	for _, n := range []string{"", ".", "com", "co.uk", "github.io", "hospital.example", "PACS.hospital.example.", "example", "10.in-addr.arpa", "localhost", "a..example",
		"*.evil.example", "évil.example", "evil.example;", "a b.example", "zone.bulwark.example", "x.rpz.bulwark", strings.Repeat("a.", 120) + "example"} {
		if plan, err := s.Try(Order{1, n}); !errors.Is(err, ErrName) {
			t.Errorf("%q: planned %q, error %v; want %v", n, plan, err, ErrName)
		}
	}
	plan, err := s.Try(Order{1, "C2.Evil.example."})
	want := []string{"response policy zone: c2.evil.example.rpz.bulwark. 15 IN CNAME .", "response policy zone: *.c2.evil.example.rpz.bulwark. 15 IN CNAME .", "transferred to " + unbound}
	if err != nil || !slices.Equal(plan, want) {
		t.Errorf("the plan is %q, %v; want %q", plan, err, want)
	}
}

func TestFileAndSerials(t *testing.T) {
	c := clock.NewManual(time.Unix(1_800_000_000, 0))
	file := filepath.Join(t.TempDir(), "rpz.zone")
	s := New(Config{Resolvers: []string{"127.77.1.9"}, File: file}, c, slog.New(slog.DiscardHandler))
	serial := func(want uint32, names int) {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var got uint32
		n := 0
		for p := dns.NewZoneParser(bytes.NewReader(text), "", ""); ; n++ {
			rr, ok := p.Next()
			if !ok {
				if p.Err() != nil {
					t.Fatal(p.Err())
				}
				break
			}
			if soa, ok := rr.(*dns.SOA); ok {
				got = soa.Serial
			}
		}
		if got != want || n != 3+2*names {
			t.Errorf("the file has serial %d and %d records, want %d and %d", got, n, want, 3+2*names)
		}
	}
	for _, step := range []struct {
		want   []Order
		serial uint32
	}{{nil, 1_800_000_000}, {[]Order{{1, "a.example"}}, 1_800_000_001}, {[]Order{{7, "A.example."}}, 1_800_000_001}, {[]Order{{1, "a.example"}, {2, "b.example"}}, 1_800_000_002}} {
		if _, err := s.Drive(t.Context(), step.want); err != nil {
			t.Fatal(err)
		}
		serial(step.serial, len(step.want))
	}
	_ = os.Remove(file)
	if _, err := s.Drive(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	serial(1_800_000_003, 0)
}
