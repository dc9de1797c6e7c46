package lab

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"time"
)

// Load makes the traffic of the bench's clients until ctx ends. It must run in their namespace; ca is the path of the
// authority that signed the server's certificate.
//
// Each client does in a loop, with a pause between: one time in four it asks for a name, one in ten it sends an HL7
// message over a connection that it closes one time in twenty, one in ten it reads FHIR, else it loads a page, 23 to 32
// over HTTP and HTTPS; half of the clients speak HTTP/2. One load in ten is a POST. Idle connections are closed one time in eight.
func Load(ctx context.Context, ca string, seed uint64) error {
	pem, err := os.ReadFile(ca)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s: no certificate", ca)
	}
	var wait sync.WaitGroup
	failed := make(chan error, benchClients)
	for i := range benchClients {
		c := newLoader(i, roots, seed)
		wait.Go(func() {
			if err := c.run(ctx); err != nil && ctx.Err() == nil {
				failed <- fmt.Errorf("client %d: %w", i, err)
			}
		})
	}
	wait.Wait()
	close(failed)
	return <-failed
}

// pause is the mean time between two things that a client does.
const pause = 600 * time.Millisecond

// loader is one client of the bench.
type loader struct {
	random   *rand.Rand
	addr     netip.Addr
	web      http.Client
	idle     func()
	resolver net.Resolver
	hl7      *hl7Client
	sent     int
	agent    string
}

func newLoader(i int, roots *x509.CertPool, seed uint64) *loader {
	c := &loader{random: rand.New(rand.NewPCG(seed, uint64(i)+1)), addr: clientAddr(i)}
	c.agent = [...]string{"Mozilla/5.0 (X11; Linux x86_64) Ward/12.0", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Ward/12.1",
		"WardApp/3.1", "Imaging/7.2", "curl/7.88.1"}[i%5]
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(i%2 == 0)
	t := &http.Transport{
		DialContext: c.dial, TLSClientConfig: &tls.Config{RootCAs: roots}, Protocols: protocols,
		MaxIdleConnsPerHost: 2, DisableCompression: true, IdleConnTimeout: time.Minute,
	}
	c.web = http.Client{Transport: t, Timeout: 30 * time.Second}
	c.idle = t.CloseIdleConnections
	c.resolver = net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return c.dial(ctx, network, net.JoinHostPort(serveAddr, "53"))
	}}
	return c
}

// dial connects from the client's own address. Every name is the server's.
func (c *loader) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: c.addr.AsSlice()}}
	if network[:3] == "udp" {
		d.LocalAddr = &net.UDPAddr{IP: c.addr.AsSlice()}
	}
	return d.DialContext(ctx, network, net.JoinHostPort(serveAddr, port))
}

func (c *loader) run(ctx context.Context) error {
	defer c.close()
	for {
		wait := time.Duration(c.random.ExpFloat64() * float64(pause))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(min(wait, 8*pause)):
		}
		var err error
		switch n := c.random.IntN(100); {
		case n < 25:
			err = c.ask(ctx)
		case n < 35:
			err = c.message(ctx)
		case n < 45:
			err = c.readFHIR(ctx)
		case n < 68:
			err = c.page(ctx, "http")
		default:
			err = c.page(ctx, "https")
		}
		if err != nil {
			return err
		}
		if c.random.IntN(8) == 0 {
			c.idle()
		}
	}
}

func (c *loader) close() {
	c.idle()
	if c.hl7 != nil {
		c.hl7.c.Close()
	}
}

// ask looks up a name; one in ten is not there.
func (c *loader) ask(ctx context.Context) error {
	zone := ".h."
	if c.random.IntN(10) == 0 {
		zone = ".absent."
	}
	_, err := c.resolver.LookupNetIP(ctx, "ip4", "host"+strconv.Itoa(c.random.IntN(5000))+zone+benchDomain+".")
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return nil
	}
	return err
}

// message sends one of the lab's HL7 messages.
func (c *loader) message(ctx context.Context) error {
	if c.hl7 == nil {
		conn, err := c.dial(ctx, "tcp4", net.JoinHostPort(serveAddr, strconv.Itoa(ehrHL7)))
		if err != nil {
			return err
		}
		c.hl7 = &hl7Client{c: conn, r: bufio.NewReader(conn)}
	}
	p := Patients[c.random.IntN(len(Patients))]
	c.sent++
	control, now := fmt.Sprintf("%d-%d", c.addr.As4()[3], c.sent), time.Now()
	text := laboratory(p, control, 10+c.random.IntN(30), now)
	switch c.random.IntN(3) {
	case 0:
		text = admission(p, "A01", control, "10", "I", now)
	case 1:
		text = infusion(p, fmt.Sprintf("00:03:b1:00:00:%02x", c.addr.As4()[3]), control, c.random.IntN(100), now)
	}
	if _, err := c.hl7.send(text); err != nil {
		return err
	}
	if c.random.IntN(20) == 0 {
		err := c.hl7.c.Close()
		c.hl7 = nil
		return err
	}
	return nil
}

func (c *loader) readFHIR(ctx context.Context) error {
	p := Patients[c.random.IntN(len(Patients))]
	path := "/fhir/Patient/" + p.MRN
	if c.random.IntN(2) == 0 {
		path = "/fhir/Observation?patient=Patient/" + p.MRN
	}
	return c.do(ctx, http.MethodGet, "http://ehr."+benchDomain+path, nil)
}

// page loads one to three files of the corpus from one of the server's names, or posts something.
func (c *loader) page(ctx context.Context, scheme string) error {
	base := scheme + "://" + benchNames[c.random.IntN(len(benchNames))]
	if c.random.IntN(10) == 0 {
		return c.do(ctx, http.MethodPost, base+"/upload/"+strconv.Itoa(c.random.IntN(1000)), make([]byte, 200+c.random.IntN(20_000)))
	}
	for range 1 + c.random.IntN(3) {
		i := c.random.IntN(corpusFiles)
		if err := c.do(ctx, http.MethodGet, base+"/files/"+strconv.Itoa(i)+corpusType(i), nil); err != nil {
			return err
		}
	}
	return nil
}

func (c *loader) do(ctx context.Context, method, url string, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("User-Agent", c.agent)
	if body != nil {
		r.Header.Set("Content-Type", "application/octet-stream")
	}
	a, err := c.web.Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	_, err = io.Copy(io.Discard, a.Body)
	return err
}
