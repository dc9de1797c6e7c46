package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Bench says how much traffic to record for the bench capture.
type Bench struct {
	// Bytes ends the recording when the file has them.
	Bytes int64
	// Limit ends it in any case.
	Limit time.Duration
	// Load is the command that makes the clients' traffic, such as this program with its verb; arguments of [Load]
	// are appended.
	Load []string
	Seed uint64
}

// The two ends of the bench: one interface with many clients, one with the servers.
const (
	loadNS       = Prefix + "load"
	serveName    = "serve"
	serveAddr    = "10.31.255.1"
	benchMask    = 16
	benchClients = 200
	benchDomain  = "bench.example"
	uploadPort   = 8081
)

// benchNames are what the bench's web server is called.
var benchNames = []string{"intranet." + benchDomain, "ehr." + benchDomain, "portal." + benchDomain, "cdn." + benchDomain,
	"images." + benchDomain, "mail." + benchDomain, "wiki." + benchDomain, "api." + benchDomain}

// clientAddr is the address of client i, spread over a few networks as wards are.
func clientAddr(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 31, byte(1 + i/50), byte(10 + i%50)})
}

// RecordBench records traffic of 200 clients with servers over a veth without offloads: the half of the bench capture
// that is our own. It says what it did to report.
func RecordBench(ctx context.Context, out string, b Bench, report io.Writer) (err error) {
	n, err := NewNetwork(ctx)
	if err != nil {
		return err
	}
	h := &Hospital{Network: n, feeds: map[string]*hl7Client{}}
	defer func() { err = errors.Join(err, h.Close()) }()
	if err := h.buildBench(ctx, b.Seed); err != nil {
		return err
	}
	r, err := h.recordIn(ctx, Prefix+serveName, "eth0", out, "-B", "262144")
	if err != nil {
		return err
	}
	begin := time.Now()
	err = h.load(ctx, out, b)
	if err := errors.Join(err, r.stop()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(report, "recorded %d clients for %v\n", benchClients, time.Since(begin).Round(time.Second))
	return err
}

// buildBench makes both namespaces and starts the servers.
func (h *Hospital) buildBench(ctx context.Context, seed uint64) error {
	ns := Prefix + serveName
	for _, name := range []string{loadNS, ns} {
		if err := addNamespace(name); err != nil {
			return err
		}
	}
	lines := []string{
		"-n " + loadNS + " link add eth0 type veth peer name eth0 netns " + ns,
		"-n " + loadNS + " link set lo up", "-n " + ns + " link set lo up",
		"-n " + loadNS + " link set eth0 up", "-n " + ns + " link set eth0 up",
		fmt.Sprintf("-n %s addr add %s/%d dev eth0", ns, serveAddr, benchMask),
	}
	for i := range benchClients {
		lines = append(lines, fmt.Sprintf("-n %s addr add %s/%d dev eth0", loadNS, clientAddr(i), benchMask))
	}
	if err := batch(lines...); err != nil {
		return err
	}
	for _, name := range []string{loadNS, ns} {
		if err := offloadsOff(name, "eth0"); err != nil {
			return err
		}
	}
	host, err := h.newHost(serveName, netip.MustParseAddr(serveAddr))
	if err != nil {
		return err
	}
	h.hosts[serveName] = host
	return h.serveBench(ctx, host, seed)
}

func (h *Hospital) serveBench(ctx context.Context, host *Host, seed uint64) error {
	if err := h.certify(map[string][]string{serveName: benchNames}); err != nil {
		return err
	}
	if err := copyCorpus(filepath.Join(host.dir, "www", "files"), seed); err != nil {
		return fmt.Errorf("corpus: %w", err)
	}
	conf, err := host.write("dnsmasq.conf", fmt.Sprintf("user=root\nno-resolv\nno-hosts\npid-file=\nlocal=/%[1]s/\nlocal=/absent.%[1]s/\naddress=/h.%[1]s/%[2]s\n", benchDomain, serveAddr))
	if err != nil {
		return err
	}
	if err := host.Start(ctx, []int{53}, "dnsmasq", "--keep-in-foreground", "--conf-file="+conf); err != nil {
		return err
	}
	proxies := fmt.Sprintf("location /fhir { proxy_pass http://127.0.0.1:%d; }\nlocation /upload { proxy_pass http://127.0.0.1:%d; }\n", fhirPort, uploadPort)
	if err := host.nginx(ctx, h, benchNames, proxies); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(host.dir, "in"), 0o755); err != nil {
		return err
	}
	if err := host.Start(ctx, []int{archivePort}, "storescp", "--fork", "--ignore", "-aet", "PACS", "-od", "in", strconv.Itoa(archivePort)); err != nil {
		return err
	}
	l, err := host.Listen(ehrHL7)
	if err != nil {
		return err
	}
	h.clinical.hl7 = append(h.clinical.hl7, serveHL7(l, "EHR"))
	return errors.Join(h.serveHTTP(host, fhirPort, newFHIR()), h.serveHTTP(host, uploadPort, http.HandlerFunc(swallow)))
}

// swallow takes whatever is posted.
func swallow(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, "{\"stored\":%d}\n", n)
}

// Files of the corpus: how many, and how long in bytes at most.
const (
	corpusFiles = 600
	corpusMax   = 600_000
)

// copyCorpus copies real files, sources of Go and libraries of the system, into dir as 0.txt, 1.txt and so on: three
// quarters are sources.
func copyCorpus(dir string, seed uint64) error {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env GOROOT: %w", err)
	}
	sources, err := filesIn(filepath.Join(strings.TrimSpace(string(out)), "src"), ".go")
	if err != nil {
		return err
	}
	libraries, err := filesIn("/usr/lib/"+debianTriplet(), ".so")
	if err != nil {
		return err
	}
	if len(sources) == 0 || len(libraries) == 0 {
		return errors.New("lab: no files to serve")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range corpusFiles {
		from := sources
		if i%4 == 3 {
			from = libraries
		}
		b, err := os.ReadFile(from[r.IntN(len(from))])
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(i)+corpusType(i)), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// corpusType is the ending of file i: what the web server says it is.
func corpusType(i int) string {
	return [...]string{".html", ".js", ".css", ".bin"}[i%4]
}

func debianTriplet() string {
	out, err := exec.Command("gcc", "-print-multiarch").Output()
	if err != nil || len(out) < 2 {
		return "x86_64-linux-gnu"
	}
	return strings.TrimSpace(string(out))
}

// filesIn lists the files below dir whose names contain the ending and that are not too long, in order.
func filesIn(dir, ending string) ([]string, error) {
	var all []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !strings.Contains(d.Name(), ending) {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Size() > 200 && info.Size() <= corpusMax {
			all = append(all, path)
		}
		return err
	})
	return all, err
}

// load runs the clients, and DICOM stores beside them, until the file has its size.
func (h *Hospital) load(ctx context.Context, file string, b Bench) error {
	ctx, cancel := context.WithTimeout(ctx, b.Limit)
	defer cancel()
	args := append([]string{"netns", "exec", loadNS}, b.Load...)
	c := exec.CommandContext(ctx, "ip", append(args, "-seed", strconv.FormatUint(b.Seed, 10), "-ca", h.ca)...)
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 20 * time.Second
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	if err := c.Start(); err != nil {
		return err
	}
	stores := make(chan error, 1)
	go func() { stores <- h.storeMany(ctx) }()
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-ended: // before its time
			cancel()
			return errors.Join(fmt.Errorf("the clients ended: %w", err), <-stores)
		case <-tick.C:
			if s, err := os.Stat(file); err == nil && s.Size() < b.Bytes && ctx.Err() == nil {
				continue
			}
			cancel()
			<-ended // ended because we said so
			return <-stores
		}
	}
}

// storeMany sends studies with pictures of a real size, one after the other, until ctx ends.
func (h *Hospital) storeMany(ctx context.Context) error {
	dir := filepath.Join(h.Dir, "studies")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	ct := modalities[0]
	ct.edge = 512
	var files []string
	for image := range 4 {
		path := filepath.Join(dir, fmt.Sprintf("IM%d.dcm", image))
		if err := os.WriteFile(path, ct.object(Patients[0], 1, image), 0o644); err != nil {
			return err
		}
		files = append(files, path)
	}
	tick := time.NewTicker(3 * time.Second)
	defer tick.Stop()
	for {
		args := append([]string{"netns", "exec", loadNS, "storescu", "-aet", ct.ae, "-aec", "PACS", serveAddr, strconv.Itoa(archivePort)}, files...)
		if out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput(); err != nil && ctx.Err() == nil {
			return fmt.Errorf("storescu: %w: %s", err, out)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
