package logs

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"bulwark/content/demo"
	"bulwark/observe/logs/internal/wef/weftest"
	"bulwark/platform/clock"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
)

// sent is how many lines each sender of lines sends.
const sent = 2000

// site is a room that listens everywhere, with the certificates that senders need.
type site struct {
	t     *testing.T
	l     *Logs
	s     *shelf
	dir   string
	token string
	ca    *weftest.Authority
	lines string // the file that a sender reads
}

func newSite(t *testing.T) *site {
	t.Helper()
	at := &site{t: t, s: &shelf{}, dir: t.TempDir(), ca: weftest.NewAuthority(t, "CHU CA")}
	own := at.ca.Issue(t, "localhost", x509.ExtKeyUsageServerAuth, time.Now().Add(time.Hour))
	ca := at.ca.File(t, at.path("ca.pem"))
	at.write("client", at.ca.Issue(t, "ehr.chu.example", x509.ExtKeyUsageClientAuth, time.Now().Add(time.Hour)))
	at.write("late", at.ca.Issue(t, "ehr.chu.example", x509.ExtKeyUsageClientAuth, time.Now().Add(-time.Minute)))
	at.write("stranger", weftest.NewAuthority(t, "Another").Issue(t, "ehr.chu.example", x509.ExtKeyUsageClientAuth, time.Now().Add(time.Hour)))
	d := dbtest.SQLite(t)
	book, err := ledger.Open(t.Context(), ledger.Needs{DB: d, Clock: clock.System{}, Origin: "test", Key: ed25519.NewKeyFromSeed(make([]byte, 32))})
	if err != nil {
		t.Fatal(err)
	}
	at.l, err = New(t.Context(), Needs{Name: "node", Site: "site", Publisher: at.s, DB: d, Ledger: book, Health: health.NewTracker(clock.System{}),
		Clock: clock.System{}, Log: slog.New(slog.DiscardHandler),
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &own, nil },
		Config: Config{HTTP: "127.0.0.1:0", Flows: "127.0.0.1:0", Lumberjack: Listener{Listen: "127.0.0.1:0", ClientCA: ca},
			Syslog: Syslog{UDP: "127.0.0.1:0", TCP: "127.0.0.1:0", TLS: "127.0.0.1:0", ClientCA: ca}}})
	if err != nil {
		t.Fatal(err)
	}
	if at.token, err = at.l.tokens.make(t.Context(), "test", "ehr"); err != nil {
		t.Fatal(err)
	}
	running(t, at.l)
	var text strings.Builder
	for n := range sent {
		fmt.Fprintf(&text, "line %d of the ward, “é”\n", n)
	}
	at.lines = at.path("app.log")
	at.file("app.log", text.String())
	return at
}

func (at *site) path(name string) string { return filepath.Join(at.dir, name) }

func (at *site) file(name, text string) {
	at.t.Helper()
	if err := os.WriteFile(at.path(name), []byte(text), 0o600); err != nil {
		at.t.Fatal(err)
	}
}

// write keeps a certificate and its key as NAME.pem and NAME.key.
func (at *site) write(name string, c tls.Certificate) {
	at.t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		at.t.Fatal(err)
	}
	at.file(name+".pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})))
	at.file(name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
}

// port is where an intake listens.
func (at *site) port(intake, way string) string {
	for _, e := range at.l.Intakes() {
		for _, d := range e.Listens {
			if e.Name == intake && d.Way == way {
				return d.Address[strings.LastIndexByte(d.Address, ':')+1:]
			}
		}
	}
	at.t.Fatalf("%s does not listen by %s", intake, way)
	return ""
}

// fill puts what a sender needs to know into its configuration.
func (at *site) fill(text string) string {
	return strings.NewReplacer("DIR", at.dir, "LINES", at.lines, "TOKEN", at.token, "TLSPORT", at.port("syslog", "tls"), "TCPPORT", at.port("syslog", "tcp"),
		"UDPPORT", at.port("syslog", "udp"), "HTTPPORT", at.port("http", "https"), "FLOWPORT", at.port("flows", "udp")).Replace(text)
}

// start runs a sender until the test ends; what it said is told when the test fails.
func (at *site) start(name string, args ...string) {
	at.t.Helper()
	cmd := exec.CommandContext(at.t.Context(), program(at.t, name), args...)
	cmd.Dir = at.dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &out, time.Second
	if err := cmd.Start(); err != nil {
		at.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	at.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		err := <-ended
		if at.t.Failed() {
			at.t.Logf("%s: %v\n%s", name, err, out.Bytes())
		}
	})
}

// rsyslogAt is where peers.sh unpacks rsyslog, which Debian does not install beside syslog-ng.
func rsyslogAt() string { return cmp.Or(os.Getenv("BULWARK_RSYSLOG"), "/var/tmp/bulwark/rsyslog") }

func program(t *testing.T, name string) string {
	t.Helper()
	beside := filepath.Join(rsyslogAt(), "usr/sbin", name)
	if _, err := os.Stat(beside); err == nil {
		return beside
	}
	for _, dir := range []string{"", "/usr/sbin/"} {
		if at, err := exec.LookPath(dir + name); err == nil {
			return at
		}
	}
	t.Skipf("%s is not here: observe/logs/peers.sh installs it", name)
	return ""
}

// arrived waits until all lines came, each once.
func (at *site) arrived() {
	at.t.Helper()
	next, seen := 0, map[string]bool{}
	at.wait(func() (string, bool) {
		for ; next < len(at.s.logs); next++ {
			m := at.s.logs[next].Message
			var n int
			if _, err := fmt.Sscanf(m[max(strings.Index(m, "line "), 0):], "line %d of the ward, “é”", &n); err != nil || seen[m] {
				at.t.Fatalf("event %d is %q: not a line, or again", next, m)
			}
			seen[m] = true
		}
		return fmt.Sprintf("%d of %d lines", next, sent), next == sent
	})
	if e := at.s.logs[0]; e.Sender == "" || e.Source == "" {
		at.t.Errorf("nobody sent %+v", e)
	}
}

// wait asks, with the shelf held, until it is so.
func (at *site) wait(ask func() (string, bool)) {
	at.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		at.s.mu.Lock()
		what, ok := ask()
		at.s.mu.Unlock()
		if ok {
			return
		}
		if time.Now().After(end) {
			at.t.Fatalf("%s came; refused: %v", what, at.l.Intakes())
		}
	}
}

const rsyslog = `
global(workDirectory="DIR")
module(load="imfile")
input(type="imfile" File="LINES" Tag="ehr:")
template(name="doc" type="list" option.jsonf="on") {
	property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
	property(outname="host" name="hostname" format="jsonf")
	property(outname="message" name="msg" format="jsonf")
}
`

const syslogNG = `@version: 3.38
@include "scl.conf"
options { keep-hostname(yes); };
source s { file("LINES" follow-freq(0.1) flags(no-parse) program-override("ehr")); };
destination d { %s };
log { source(s); destination(d); };
`

// senders are real programs that send the lines of a file, each as its makers document it.
var senders = []struct{ name, program, config string }{
	{"rsyslog by TLS, RFC 5425", "rsyslogd", rsyslog + `action(type="omfwd" target="localhost" port="TLSPORT" protocol="tcp" TCP_Framing="octet-counted"
	template="RSYSLOG_SyslogProtocol23Format" StreamDriver="ossl" StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="localhost"
	StreamDriver.CAFile="DIR/ca.pem" StreamDriver.CertFile="DIR/client.pem" StreamDriver.KeyFile="DIR/client.key")`},
	{"rsyslog by TCP, RFC 3164", "rsyslogd", rsyslog + `action(type="omfwd" target="127.0.0.1" port="TCPPORT" protocol="tcp" template="RSYSLOG_TraditionalForwardFormat")`},
	{"rsyslog by TCP, as it comes", "rsyslogd", rsyslog + `action(type="omfwd" target="127.0.0.1" port="TCPPORT" protocol="tcp")`},
	{"rsyslog as if to Elasticsearch", "rsyslogd", rsyslog + `module(load="omelasticsearch")
action(type="omelasticsearch" server="https://localhost:HTTPPORT" uid="ehr" pwd="TOKEN" tls.cacert="DIR/ca.pem" template="doc" bulkmode="on" searchIndex="logs" searchType=""
	errorFile="DIR/errors")`},
	{"syslog-ng by TLS, RFC 5425", "syslog-ng", fmt.Sprintf(syslogNG, `syslog("localhost" port(TLSPORT) transport("tls")
	tls(ca-file("DIR/ca.pem") cert-file("DIR/client.pem") key-file("DIR/client.key") peer-verify(required-trusted)));`)},
	{"syslog-ng by TLS, RFC 3164", "syslog-ng", fmt.Sprintf(syslogNG, `network("localhost" port(TLSPORT) transport("tls")
	tls(ca-file("DIR/ca.pem") cert-file("DIR/client.pem") key-file("DIR/client.key") peer-verify(required-trusted)));`)},
	{"syslog-ng as if to Elasticsearch", "syslog-ng", fmt.Sprintf(syslogNG, `elasticsearch-http(url("https://localhost:HTTPPORT/_bulk") index("logs") type("")
	user("ehr") password("TOKEN") batch-lines(100) batch-timeout(100) tls(ca-file("DIR/ca.pem")));`)},
}

func (at *site) send(program, config string) {
	at.t.Helper()
	at.file("sender.conf", at.fill(config))
	if program == "rsyslogd" {
		at.start(program, "-n", "-f", at.path("sender.conf"), "-i", at.path("pid"), "-M", filepath.Join(rsyslogAt(), "usr/lib/x86_64-linux-gnu/rsyslog")+":/usr/lib/x86_64-linux-gnu/rsyslog")
		return
	}
	at.start(program, "-F", "-e", "--no-caps", "-f", at.path("sender.conf"), "-R", at.path("persist"), "-p", at.path("pid"), "-c", at.path("ctl"))
}

// TestRealSendersAreUnderstood is intake_peers: programs of others, as their makers document them, and what they send.
func TestRealSendersAreUnderstood(t *testing.T) {
	passed, skipped, total := 0, 0, 0
	peer := func(name string, does func(t *testing.T, at *site)) {
		total++
		t.Run(name, func(t *testing.T) {
			t.Cleanup(func() {
				switch {
				case t.Skipped():
					skipped++
				case !t.Failed():
					passed++
				}
			})
			does(t, newSite(t))
		})
	}
	for _, s := range senders {
		peer(s.name, func(_ *testing.T, at *site) {
			at.send(s.program, s.config)
			at.arrived()
		})
	}
	for _, c := range []struct{ name, certificate, reason string }{
		{"a certificate that has ended is refused", "late", ""},
		{"a certificate of another authority is refused", "stranger", ""},
	} {
		peer(c.name, func(t *testing.T, at *site) {
			at.send("syslog-ng", strings.ReplaceAll(senders[4].config, "client.", c.certificate+"."))
			at.wait(func() (string, bool) {
				n := uint64(0)
				for _, e := range at.l.Intakes() {
					if e.Name == "syslog" {
						for _, m := range e.Refused {
							n += m
						}
					}
				}
				return "no refusal", n > 0
			})
			if len(at.s.logs) != 0 {
				t.Errorf("%d lines were taken", len(at.s.logs))
			}
		})
	}
	for _, c := range []struct {
		name string
		args []string
	}{
		{"logger by UDP", []string{"--udp", "--port", "UDPPORT"}},
		{"logger by TCP, RFC 5424", []string{"--tcp", "--rfc5424", "--port", "TCPPORT"}},
		{"logger by TCP, octets counted", []string{"--tcp", "--octet-count", "--port", "TCPPORT"}},
	} {
		peer(c.name, func(t *testing.T, at *site) {
			words := at.fill("--server 127.0.0.1 --tag sudo " + strings.Join(c.args, " "))
			at.start("logger", append(strings.Fields(words), "pam_unix(sudo:auth): authentication failure; logname=ana")...)
			at.wait(func() (string, bool) { return "nothing", len(at.s.logs) > 0 })
			if l := at.s.logs[0]; !strings.Contains(l.Message, "authentication failure") || l.App != "sudo" {
				t.Errorf("got %+v", l)
			}
		})
	}
	for _, version := range []string{"5", "9", "10"} {
		peer("softflowd, NetFlow "+version, func(t *testing.T, at *site) {
			at.start("softflowd", "-d", "-r", at.capture(), "-v", version, "-n", at.fill("127.0.0.1:FLOWPORT"))
			at.flowing(t)
		})
	}
	peer("pmacct, sFlow", func(t *testing.T, at *site) {
		at.file("pmacct.conf", at.fill("daemonize: false\npcap_savefile: "+at.capture()+"\nplugins: sfprobe[out]\nsfprobe_receiver[out]: 127.0.0.1:FLOWPORT\nsampling_rate: 1\n"))
		at.start("pmacctd", "-f", at.path("pmacct.conf"))
		at.flowing(t)
	})
	peer("Samba's audit of files, by the machine's syslog", audited)
	if skipped > 0 {
		fmt.Printf("SKIP intake_peers %d of %d senders are not here: observe/logs/peers.sh installs them\n", skipped, total)
		return
	}
	fmt.Printf("RESULT intake_peers %d/%d share\n", passed, total)
}

// audited has a file server of Samba write down what is done with files, as the setup of its format says, and syslog-ng send it on.
func audited(t *testing.T, at *site) {
	if _, err := os.Stat("/dev/log"); err == nil {
		t.Skip("another program has this machine's /dev/log")
	}
	at.send("syslog-ng", fmt.Sprintf(strings.Replace(syslogNG, "file(\"LINES\" follow-freq(0.1) flags(no-parse) program-override(\"ehr\"))", "unix-dgram(\"/dev/log\")", 1),
		`syslog("localhost" port(TLSPORT) transport("tls") tls(ca-file("DIR/ca.pem") cert-file("DIR/client.pem") key-file("DIR/client.key") peer-verify(required-trusted)));`))
	t.Cleanup(func() { _ = os.Remove("/dev/log") })
	for range 100 {
		if _, err := os.Stat("/dev/log"); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	for _, name := range []string{"private", "lock", "imagerie"} {
		if err := os.Mkdir(at.path(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"", "..", "../..", "imagerie"} { // whoever is a guest reads through all of them
		if err := os.Chmod(filepath.Join(at.dir, name), 0o777); err != nil && name == "imagerie" {
			t.Fatal(err)
		}
	}
	at.file("smb.conf", strings.ReplaceAll(`[global]
server role = standalone server
private dir = DIR/private
lock directory = DIR/lock
state directory = DIR/lock
cache directory = DIR/lock
ncalrpc dir = DIR/lock/rpc
pid directory = DIR
log file = DIR/samba.log
interfaces = 127.0.0.1/8
bind interfaces only = yes
smb ports = 10445
disable netbios = yes
map to guest = Bad User
guest account = root
load printers = no
printcap name = /dev/null
vfs objects = full_audit
full_audit:prefix = %u|%I|%m|%S
full_audit:success = openat unlinkat renameat mkdirat
full_audit:failure = connect openat
full_audit:facility = local5
[imagerie]
path = DIR/imagerie
read only = no
guest ok = yes
`, "DIR", at.dir))
	at.start("smbd", "-F", "--no-process-group", "-s", at.path("smb.conf"))
	var said []byte
	var err error
	for range 50 {
		cmd := exec.Command(program(t, "smbclient"), "//127.0.0.1/imagerie", "-p", "10445", "-N", "-c", "put smb.conf a.dcm; rename a.dcm b.dcm; del b.dcm; mkdir c")
		cmd.Dir = at.dir
		if said, err = cmd.CombinedOutput(); err == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil {
		t.Fatalf("smbclient: %v: %s", err, said)
	}
	want := map[string]bool{"unlinkat": true, "renameat": true, "mkdirat": true, "openat": true}
	at.wait(func() (string, bool) {
		for _, l := range at.s.logs {
			if l.Format == "samba-audit" && l.Outcome == "success" && l.User == "root" {
				delete(want, l.Action)
			}
		}
		return fmt.Sprintf("all but %v", want), len(want) == 0
	})
}

// flowing waits for conversations, and looks for one that is known of the demo's capture.
func (at *site) flowing(t *testing.T) {
	t.Helper()
	at.wait(func() (string, bool) { return fmt.Sprintf("%d conversations", len(at.s.flows)), len(at.s.flows) > 100 })
	if f := at.s.flows[0]; f.Exporter != "127.0.0.1" || f.BytesOut+f.BytesIn == 0 {
		t.Errorf("got %+v", f)
	}
}

// capture is the bundled capture of a hospital, unpacked.
func (at *site) capture() string {
	at.t.Helper()
	r, err := zstd.NewReader(bytes.NewReader(demo.Capture()))
	if err != nil {
		at.t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		at.t.Fatal(err)
	}
	at.file("hospital.pcap", string(text))
	return at.path("hospital.pcap")
}
