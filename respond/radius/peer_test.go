package radius

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/binary"
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

	"bulwark/platform/clock"
	"bulwark/platform/conf"
	wire "bulwark/wire/radius"
)

// somewhere knows where devices signed on.
type somewhere map[string]Session

func (s somewhere) Session(_ context.Context, mac string) (Session, bool) {
	x, ok := s[mac]
	return x, ok
}

const ward = "00:11:22:aa:bb:cc"

// nas is one at an address of this machine.
func nas(t *testing.T, name string, at netip.AddrPort, secret string) NAS {
	t.Helper()
	n := NAS{Name: name, Port: at.Port(), Secret: conf.NewSecret(secret), VLAN: "999", Filter: "Quarantine"}
	if err := n.Address.UnmarshalText([]byte(at.Addr().String())); err != nil {
		t.Fatal(err)
	}
	return n
}

// freePort is a port of UDP on loopback that nobody had a moment ago.
func freePort(t *testing.T) netip.AddrPort {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return netip.MustParseAddrPort(c.LocalAddr().String())
}

// The switch in the test: it keeps what it was told in files, knows one device, and refuses VLANs that it does not have.
const serverConfig = `
prefix = /usr
exec_prefix = /usr
sysconfdir = /etc
localstatedir = %[1]s
sbindir = /usr/sbin
logdir = %[1]s
raddbdir = %[1]s
radacctdir = %[1]s
name = freeradius
confdir = %[1]s
modconfdir = %[1]s
certdir = %[1]s
cadir = %[1]s
run_dir = %[1]s
db_dir = %[1]s
libdir = /usr/lib/freeradius
pidfile = %[1]s/pid
max_request_time = 30
cleanup_delay = 0
hostname_lookups = no
log {
	destination = files
	file = %[1]s/log
}
security {
	allow_core_dumps = no
	status_server = no
}
client switch {
	ipaddr = 127.0.0.1
	secret = secret-of-the-switch
}
modules {
	always ok {
		rcode = ok
	}
	always reject {
		rcode = reject
	}
	linelog told {
		filename = %[1]s/told
		format = "%%{Packet-Type} %%{Calling-Station-Id} %%{Tunnel-Private-Group-Id:0} %%{Filter-Id} %%{Event-Timestamp} signed=%%{Message-Authenticator}"
	}
}
server coa {
	listen {
		type = coa
		ipaddr = 127.0.0.1
		port = %[2]d
		virtual_server = coa
	}
	recv-coa {
		if (&Calling-Station-Id != "00-11-22-AA-BB-CC") {
			update reply {
				Error-Cause := Session-Context-Not-Found
			}
			reject
		}
		elsif (&Tunnel-Private-Group-Id && &Tunnel-Private-Group-Id:0 != "999") {
			update reply {
				Error-Cause := Invalid-Attribute-Value
			}
			reject
		}
		else {
			told
			ok
		}
	}
	send-coa {
		ok
	}
}
`

// freeRADIUS is a real server that takes the orders of a switch; the test is skipped where it is not installed. What it was told it
// writes to the file that is returned.
func freeRADIUS(t *testing.T) (at netip.AddrPort, told string) {
	t.Helper()
	program, err := exec.LookPath("freeradius")
	if err != nil {
		t.Skip("freeradius is not installed: lab/install.sh installs it")
	}
	dir := t.TempDir()
	at = freePort(t)
	text := fmt.Sprintf(serverConfig, dir, at.Port())
	if words, err := os.ReadFile("/etc/freeradius/3.0/dictionary"); err == nil {
		if err := os.WriteFile(filepath.Join(dir, "dictionary"), words, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "radiusd.conf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.Command(program, "-f", "-d", dir, "-l", filepath.Join(dir, "log"))
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Logf("freeradius: %s%s", out.String(), log)
		}
	})
	deadline := time.Now().Add(20 * time.Second)
	for {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		if strings.Contains(string(log), "Ready to process requests") {
			return at, filepath.Join(dir, "told")
		}
		if time.Now().After(deadline) {
			t.Fatal("freeradius does not start")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestFreeRADIUS(t *testing.T) {
	at, told := freeRADIUS(t)
	r := New(Config{NAS: []NAS{nas(t, "switch", at, "secret-of-the-switch")}}, somewhere{}, clock.System{})
	heard := func() string {
		text, _ := os.ReadFile(told)
		return string(text)
	}
	o := Order{ID: 1, Act: Quarantine, MACs: []string{ward}}
	if refused, _ := r.Drive(t.Context(), []Order{o}, nil); len(refused) > 0 || !r.Read(t.Context(), []Order{o})[1] {
		t.Fatalf("quarantine is refused (%v), or does not stand", refused[1])
	}
	if got := heard(); !strings.Contains(got, "CoA-Request 00-11-22-AA-BB-CC 999 Quarantine") || !strings.Contains(got, "signed=0x") {
		t.Fatalf("it was told %q", got)
	}
	if refused, _ := r.Drive(t.Context(), nil, []Order{o}); len(refused) > 0 || r.Read(t.Context(), []Order{o})[1] {
		t.Fatalf("the end is refused (%v), or it still stands", refused[1])
	}
	if got := heard(); !strings.Contains(got, "Disconnect-Request 00-11-22-AA-BB-CC") {
		t.Fatalf("at the end it was told %q", got)
	}
	for _, tt := range []struct {
		it   string
		nas  func(*NAS)
		mac  string
		want string
	}{
		{"a device that the switch does not know is nowhere", func(*NAS) {}, "00:11:22:aa:bb:cd", ErrAway.Error()},
		{"a VLAN that the switch does not have is refused", func(n *NAS) { n.VLAN = "12" }, ward, "407, invalid attribute value"},
	} {
		n := nas(t, "switch", at, "secret-of-the-switch")
		tt.nas(&n)
		r := New(Config{NAS: []NAS{n}}, somewhere{}, clock.System{})
		o := Order{ID: 2, Act: Quarantine, MACs: []string{tt.mac}}
		refused, _ := r.Drive(t.Context(), []Order{o}, nil)
		if err := refused[2]; err == nil || !strings.Contains(err.Error(), tt.want) || r.Read(t.Context(), []Order{o})[2] {
			t.Errorf("%s: got %v, want %q", tt.it, err, tt.want)
		}
	}
}

// fake is a NAS that answers as it is told to.
func fake(t *testing.T, answer func(asked []byte, n int) []byte) (at netip.AddrPort, heard chan []byte) {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	heard = make(chan []byte, 64)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buf := make([]byte, 4096)
		for n := 0; ; n++ {
			got, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			asked := bytes.Clone(buf[:got])
			heard <- asked
			if p := answer(asked, n); p != nil {
				c.WriteTo(p, from)
			}
		}
	}()
	t.Cleanup(func() { c.Close(); <-ended })
	return netip.MustParseAddrPort(c.LocalAddr().String()), heard
}

// reply is a signed answer with a cause; 0: none.
func reply(asked []byte, code wire.Code, cause uint32, secret string, signed bool) []byte {
	p := append([]byte{byte(code), asked[1], 0, 0}, asked[4:20]...)
	if cause != 0 {
		p = binary.BigEndian.AppendUint32(append(p, 101, 6), cause)
	}
	if signed {
		p = append(append(p, 80, 18), make([]byte, 16)...)
	}
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	if signed {
		copy(p[len(p)-16:], sign(p, secret))
	}
	h := md5.Sum(append(bytes.Clone(p), secret...))
	copy(p[4:], h[:])
	return p
}

func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		it     string
		answer func(asked []byte, n int) []byte
		nas    func(*NAS)
		want   string // empty: it stands
	}{
		{"a signed yes stands", func(a []byte, _ int) []byte { return reply(a, wire.CoAACK, 0, "s", true) }, nil, ""},
		{"a yes without a signature stands where none is asked for", func(a []byte, _ int) []byte { return reply(a, wire.CoAACK, 0, "s", false) }, nil, ""},
		{"a yes that comes when it is asked again stands", func(a []byte, n int) []byte {
			if n == 0 {
				return nil
			}
			return reply(a, wire.CoAACK, 0, "s", true)
		}, nil, ""},
		{"a yes with another secret is nobody's", func(a []byte, _ int) []byte { return reply(a, wire.CoAACK, 0, "x", true) }, nil, errForged.Error()},
		{"a yes to something else is none", func(a []byte, _ int) []byte { return reply(a, wire.DisconnectACK, 0, "s", true) }, nil, "another kind"},
		{"a yes whose signature is wrong is nobody's", func(a []byte, _ int) []byte {
			p := reply(a, wire.CoAACK, 0, "s", true)
			p[len(p)-1] ^= 1
			copy(p[4:20], a[4:20])
			copy(p[4:20], digest(p, "s"))
			return p
		}, nil, errForged.Error()},
		{"a yes without a signature is refused where one is asked for", func(a []byte, _ int) []byte { return reply(a, wire.CoAACK, 0, "s", false) },
			func(n *NAS) { n.Signed = true }, errUnsigned.Error()},
		{"a no is told with its cause", func(a []byte, _ int) []byte { return reply(a, wire.CoANAK, 501, "s", true) }, nil, "501, administratively prohibited"},
		{"rubbish is no answer", func([]byte, int) []byte { return []byte("no") }, nil, "ends early"},
	} {
		t.Run(tt.it, func(t *testing.T) {
			t.Parallel()
			at, heard := fake(t, tt.answer)
			n := nas(t, "switch", at, "s")
			if tt.nas != nil {
				tt.nas(&n)
			}
			r := New(Config{NAS: []NAS{n}}, somewhere{}, clock.System{})
			o := Order{ID: 1, Act: Quarantine, MACs: []string{ward}}
			refused, _ := r.Drive(t.Context(), []Order{o}, nil)
			err := refused[1]
			switch {
			case tt.want == "" && (err != nil || !r.Read(t.Context(), []Order{o})[1]):
				t.Fatalf("got %v, want it to stand", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || r.Read(t.Context(), []Order{o})[1]):
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			first := <-heard
			for len(heard) > 0 {
				if again := <-heard; !bytes.Equal(first, again) {
					t.Errorf("it was sent again as %x, and first as %x", again, first)
				}
			}
		})
	}
}

func TestWhereADeviceIs(t *testing.T) {
	yes := func(a []byte, _ int) []byte { return reply(a, wire.Code(a[0])+1, 0, "s", true) }
	no := func(a []byte, _ int) []byte { return reply(a, wire.Code(a[0])+2, notFound, "s", true) }
	a, heardA := fake(t, no)
	b, heardB := fake(t, yes)
	now := clock.NewManual(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	known := somewhere{}
	r := New(Config{NAS: []NAS{nas(t, "a", a, "s"), nas(t, "b", b, "s")}}, known, now)
	o := Order{ID: 1, Act: Quarantine, MACs: []string{ward}}
	plan, err := r.Try(t.Context(), o)
	if err != nil || len(plan) != 5 || !strings.Contains(plan[0], "not known") || !strings.HasPrefix(plan[4], "at the end: Disconnect-Request to b") {
		t.Fatalf("the plan is %q (%v)", plan, err)
	}
	if refused, _ := r.Drive(t.Context(), []Order{o}, nil); len(refused) > 0 || len(heardA) != 1 || len(heardB) != 1 {
		t.Fatalf("where nobody knows both are asked: got %v, %d, %d", refused, len(heardA), len(heardB))
	}
	r.Drive(t.Context(), []Order{o}, nil)
	if len(heardA)+len(heardB) != 2 {
		t.Fatal("what was confirmed just now was asked for again")
	}
	now.Add(2 * time.Minute)
	r.Drive(t.Context(), []Order{o}, nil)
	if len(heardA)+len(heardB) != 4 {
		t.Fatal("what was confirmed a while ago was not asked for again")
	}
	now.Add(time.Second)
	known[ward] = Session{At: now.Now()}
	if r.Read(t.Context(), []Order{o})[1] {
		t.Fatal("the device has signed on again, and is said to be in quarantine")
	}
	r.Drive(t.Context(), []Order{o}, nil)
	if len(heardA)+len(heardB) != 6 || !r.Read(t.Context(), []Order{o})[1] {
		t.Fatal("a device that signed on again was not put in quarantine again")
	}
}

func TestReconnectOnce(t *testing.T) {
	at, heard := fake(t, func(a []byte, _ int) []byte { return reply(a, wire.DisconnectACK, 0, "s", true) })
	n := nas(t, "switch", at, "s")
	n.VLAN, n.Filter = "", ""
	c := Config{NAS: []NAS{n}}
	r := New(c, somewhere{}, clock.System{})
	o := Order{ID: 1, Act: Reconnect, MACs: []string{ward}}
	for range 3 {
		if refused, _ := r.Drive(t.Context(), []Order{o}, nil); len(refused) > 0 || !r.Read(t.Context(), []Order{o})[1] {
			t.Fatal(refused)
		}
		o.Held = true
		r = New(c, somewhere{}, clock.System{}) // as after a restart
	}
	if r.Drive(t.Context(), nil, []Order{o}); len(heard) != 1 {
		t.Fatalf("it was thrown off %d times, want once", len(heard))
	}
	o.Act = Quarantine
	if _, err := r.Try(t.Context(), o); !errors.Is(err, ErrOrder) {
		t.Fatalf("a switch without a VLAN of quarantine takes one: %v", err)
	}
}
