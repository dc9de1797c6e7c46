package snmp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bulwark/platform/conf"
)

// The tables of a bridge, which a program beside the real agent serves out of a file (snmpd.conf(5), pass_persist).
const bridgeProgram = `
$| = 1;
my $file = shift;
sub rows { open my $f, '<', $file or return (); my %r = map { chomp; my ($o, $t, $v) = split / /, $_, 3; $o => [$t, $v] } <$f>; return %r }
sub before { my @a = split /\./, $_[0]; my @b = split /\./, $_[1]; for my $i (0 .. $#a) { return 0 if $i > $#b; my $x = ($a[$i] || 0) <=> ($b[$i] || 0); return $x < 0 if $x } return @a < @b }
sub row { my ($o, %r) = @_; print $r{$o} ? "$o\n$r{$o}[0]\n$r{$o}[1]\n" : "NONE\n" }
while (my $what = <STDIN>) {
	chomp $what;
	next if $what eq ''; # one follows a value that is set
	if ($what eq 'PING') { print "PONG\n"; next }
	chomp(my $oid = <STDIN>);
	my %r = rows();
	if ($what eq 'get') { row($oid, %r) }
	elsif ($what eq 'getnext') { my $next = ''; for my $o (keys %r) { $next = $o if before($oid, $o) && (!$next || before($o, $next)) } row($next, %r) }
	elsif ($what eq 'set') {
		chomp(my $v = <STDIN>);
		my ($type, $value) = split / /, $v, 2;
		if (!$r{$oid} || -e "$file.locked") { print "not-writable\n"; next }
		if (!-e "$file.stubborn") { $r{$oid}[1] = $value }
		open my $f, '>', "$file.part"; print $f "$_ $r{$_}[0] $r{$_}[1]\n" for keys %r; close $f; rename "$file.part", $file;
		print "DONE\n";
	}
}
`

const agentConfig = `
agentAddress udp:%[1]s:161
createUser bulwark SHA-256 "to sign with it" AES "to encrypt with"
rwuser bulwark priv
rwcommunity word
pass_persist .1.3.6.1.2.1.17 /usr/bin/perl %[2]s/bridge.pl %[2]s/rows
`

// bench is a switch that is made of a namespace, of interfaces in it that stand for ports, and of a real agent.
type bench struct {
	t    *testing.T
	ns   string
	dir  string
	addr netip.Addr
	idx  map[string]int // number of an interface
}

func newBench(t *testing.T) *bench {
	t.Helper()
	program, err := exec.LookPath("snmpd")
	switch {
	case err != nil:
		t.Skip("snmpd is not installed: lab/install.sh installs it")
	case os.Geteuid() != 0:
		t.Skip("making network namespaces needs root")
	}
	b := &bench{t: t, ns: fmt.Sprintf("bwsnmp%d", os.Getpid()), dir: t.TempDir(), addr: netip.MustParseAddr("198.18.77.2"), idx: map[string]int{}}
	if out, err := exec.Command("ip", "netns", "add", b.ns).CombinedOutput(); err != nil {
		t.Skipf("making a network namespace: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", b.ns).Run() })
	b.ip("link add " + b.ns + " type veth peer name eth0 netns " + b.ns)
	b.ip("addr add 198.18.77.1/30 dev " + b.ns)
	b.ip("link set " + b.ns + " up")
	b.in("addr add 198.18.77.2/30 dev eth0")
	for _, dev := range []string{"lo", "eth0"} {
		b.in("link set " + dev + " up")
	}
	for _, dev := range []string{"port7", "port8"} {
		b.in("link add " + dev + " type veth peer name far" + dev)
		b.in("link set " + dev + " up")
	}
	out, err := exec.Command("ip", "-n", b.ns, "-j", "link", "show").Output()
	var links []struct {
		Index int    `json:"ifindex"`
		Name  string `json:"ifname"`
	}
	if err := errors.Join(err, json.Unmarshal(out, &links)); err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		b.idx[l.Name] = l.Index
	}
	b.write("bridge.pl", bridgeProgram)
	b.write("snmpd.conf", fmt.Sprintf(agentConfig, b.addr, b.dir))
	b.rows("00:11:22:aa:bb:cc 7", "00:11:22:aa:bb:08 8", "00:11:22:aa:bb:09 8")
	b.start(program)
	return b
}

func (b *bench) ip(args string) {
	b.t.Helper()
	if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
		b.t.Skipf("ip %s: %v: %s", args, err, out)
	}
}

func (b *bench) in(args string) { b.t.Helper(); b.ip("-n " + b.ns + " " + args) }

func (b *bench) write(name, text string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// rows makes the tables of the bridge: which address is at which port; ports 7 and 8 are in VLAN 10.
func (b *bench) rows(learnt ...string) {
	b.t.Helper()
	text := fmt.Sprintf("%[1]s.7 integer %[3]d\n%[1]s.8 integer %[4]d\n%[2]s.7 gauge 10\n%[2]s.8 gauge 10\n", dot1dBasePortIf, dot1qPvid, b.idx["port7"], b.idx["port8"])
	for _, l := range learnt {
		mac, port, _ := strings.Cut(l, " ")
		hw, err := net.ParseMAC(mac)
		if err != nil {
			b.t.Fatal(err)
		}
		text += fmt.Sprintf("%s.1.%d.%d.%d.%d.%d.%d integer %s\n", dot1qTpFdbPort, hw[0], hw[1], hw[2], hw[3], hw[4], hw[5], port)
	}
	b.write("rows", text)
}

// start starts the agent, and waits until it answers.
func (b *bench) start(program string) {
	b.t.Helper()
	var out bytes.Buffer
	cmd := exec.Command("ip", "netns", "exec", b.ns, program, "-f", "-Le", "-C", "-c", filepath.Join(b.dir, "snmpd.conf"), "-p", filepath.Join(b.dir, "pid"))
	cmd.Env = append(os.Environ(), "SNMP_PERSISTENT_DIR="+b.dir, "MIBS=")
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if b.t.Failed() {
			b.t.Log(out.String())
		}
	})
	w := b.agent("3")
	for deadline := time.Now().Add(30 * time.Second); ; {
		t, err := w.dial(b.t.Context())
		if err == nil {
			_, err = t.number(fmt.Sprintf("%s.7", dot1qPvid))
			t.close()
		}
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("snmpd does not answer: %v", err)
		}
	}
}

// agent is the switch as the configuration has it.
func (b *bench) agent(version string) *Switch {
	return &Switch{Name: "ward", Address: b.addr, Version: version, User: "bulwark", SignSecret: conf.NewSecret("to sign with it"),
		EncryptSecret: conf.NewSecret("to encrypt with"), Community: conf.NewSecret("word"), VLAN: 999}
}

// vlan is that of a port, by the file of the agent.
func (b *bench) vlan(port int) string {
	b.t.Helper()
	text, err := os.ReadFile(filepath.Join(b.dir, "rows"))
	if err != nil {
		b.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(line, fmt.Sprintf("%s.%d gauge ", dot1qPvid, port)); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// up reports whether an interface is, by the kernel.
func (b *bench) up(dev string) bool {
	b.t.Helper()
	out, err := exec.Command("ip", "-n", b.ns, "link", "show", dev).Output()
	if err != nil {
		b.t.Fatal(err)
	}
	return strings.Contains(string(out), ",UP")
}

func TestSnmpd(t *testing.T) {
	b := newBench(t)
	const mac = "00:11:22:aa:bb:cc"
	for _, tt := range []struct {
		it, version, act string
		there            func() bool
	}{
		{"a port is taken out of force by version 3", "3", Cut, func() bool { return !b.up("port7") }},
		{"a port is put in the VLAN of quarantine by version 3", "3", Quarantine, func() bool { return b.vlan(7) == "999" }},
		{"a port is put in the VLAN of quarantine by version 2c", "2c", Quarantine, func() bool { return b.vlan(7) == "999" }},
	} {
		t.Run(tt.it, func(t *testing.T) {
			s := New(Config{Switches: []Switch{*b.agent(tt.version)}})
			o := Order{ID: 1, Act: tt.act, MACs: []string{mac}}
			plan, err := s.Try(t.Context(), o)
			if err != nil || len(plan) != 2 || !strings.HasPrefix(plan[0], "set on ward, port port7: ") || tt.there() {
				t.Fatalf("the plan is %q (%v), and it is so already: %v", plan, err, tt.there())
			}
			if o.Memo, err = s.Prepare(t.Context(), o); err != nil || tt.there() {
				t.Fatal(err)
			}
			drive(t, s, []Order{o}, nil)
			if held, unknown, err := s.Read(t.Context(), []Order{o}); !held[1] || len(unknown) > 0 || err != nil || !tt.there() {
				t.Fatalf("got %v, %v, %v, want it in force", held, unknown, err)
			}
			if _, err := s.Prepare(t.Context(), Order{ID: 2, Act: tt.act, MACs: []string{mac}}); !errors.Is(err, ErrOrder) {
				t.Errorf("a second order takes for its own what the first did: %v", err)
			}
			s = New(Config{Switches: []Switch{*b.agent(tt.version)}}) // as after a restart
			drive(t, s, nil, []Order{o})
			if held, _, _ := s.Read(t.Context(), []Order{o}); held[1] || tt.there() {
				t.Fatal("it is there still")
			}
		})
	}
	t.Run("what else goes wrong", func(t *testing.T) { b.wrong(t, mac) })
}

func drive(t *testing.T, s *Snmp, want, undo []Order) {
	t.Helper()
	if refused, err := s.Drive(t.Context(), want, undo); err != nil || len(refused) > 0 {
		t.Fatal(refused, err)
	}
}

func (b *bench) wrong(t *testing.T, mac string) {
	s := New(Config{Switches: []Switch{*b.agent("3")}})
	for _, tt := range []struct{ it, mac, want string }{
		{"a port at which others are is left alone", "00:11:22:aa:bb:08", "with 1 others"},
		{"a device that no switch has seen is nowhere", "00:11:22:aa:bb:00", "none has seen it"},
	} {
		if _, err := s.Prepare(t.Context(), Order{ID: 1, Act: Cut, MACs: []string{tt.mac}}); !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.it, err, tt.want)
		}
	}
	o := Order{ID: 1, Act: Quarantine, MACs: []string{mac}}
	var err error
	if o.Memo, err = s.Prepare(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	b.write("rows.stubborn", "")
	refused, _ := s.Drive(t.Context(), []Order{o}, nil)
	if held, _, _ := s.Read(t.Context(), []Order{o}); !errors.Is(refused[1], errStays) || held[1] {
		t.Errorf("a switch that says yes and does nothing is believed: %v, %v", refused, held)
	}
	os.Remove(filepath.Join(b.dir, "rows.stubborn"))
	b.write("rows.locked", "")
	if refused, _ = s.Drive(t.Context(), []Order{o}, nil); refused[1] == nil || !strings.Contains(refused[1].Error(), "refuses") {
		t.Errorf("a switch that refuses: got %v", refused[1])
	}
	os.Remove(filepath.Join(b.dir, "rows.locked"))
	drive(t, s, []Order{o}, nil)
	b.rows(mac + " 7") // somebody puts the port in VLAN 10 by hand
	drive(t, s, nil, []Order{o})
	other := b.agent("3")
	other.SignSecret = conf.NewSecret("another secret")
	refused, _ = New(Config{Switches: []Switch{*other}}).Drive(t.Context(), nil, []Order{o})
	if refused[1] == nil {
		t.Error("the end of what a switch does not let be asked is taken for done")
	}
	if held, unknown, _ := New(Config{Switches: []Switch{*other}}).Read(t.Context(), []Order{o}); held[1] || unknown[1] == nil {
		t.Errorf("what cannot be read is taken for known: %v, %v", held, unknown)
	}
	forged := Order{ID: 1, Act: Cut, Memo: `[{"switch":"ward","port":"x","oid":".1.3.6.1.2.1.1.5.0","was":1,"want":2}]`}
	if refused, _ := s.Drive(t.Context(), []Order{forged}, nil); !errors.Is(refused[1], ErrOrder) {
		t.Errorf("an object that is none of ours is written: %v", refused[1])
	}
}
