// Package load makes events as a hospital's network would, for measurements: event number i is a pure function of i.
//
// The mix is that of the store's notes: flow 45 %, dns 25 %, tls 12 %, http 10 %, auth 5 %, file 3 %; a skewed choice
// among 6,000 hosts, 200,000 outside addresses, 50,000 domains of which a third of the questions get a random
// subdomain, 3,000 users, 200 user agents, 300 JA4; random URLs and 256-bit file hashes; and one URL in some 16,000
// that a hunter looks for.
package load

import (
	"encoding/hex"
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"
	"time"

	"bulwark/event"
)

const (
	hosts    = 6_000
	outside  = 200_000
	domains  = 50_000
	users    = 3_000
	agents   = 200
	ja4s     = 300
	evilRate = 16_384 // of HTTP requests, one asks for the planted URL
)

// Load makes events. It keeps its memory and is not safe for concurrent use.
type Load struct {
	start, step int64
	domain      []string
	user        []string
	agent       []string
	ja4         []string
	r           random

	flow event.Flow
	dns  event.DNS
	tls  event.TLS
	http event.HTTP
	auth event.Auth
	file event.File

	answers [2]string
	types   [2]string
	ttls    [2]string
	buf     []byte
}

// New makes events that begin at start, one every step.
func New(start time.Time, step time.Duration) *Load {
	l := &Load{start: start.UnixNano(), step: int64(step), types: [2]string{"A", "A"}}
	for i := range domains {
		l.domain = append(l.domain, Domain(i))
	}
	for i := range users {
		l.user = append(l.user, fmt.Sprintf("%s.%s%d", given[i%len(given)], family[i/7%len(family)], i))
	}
	for i := range agents {
		l.agent = append(l.agent, fmt.Sprintf("Mozilla/5.0 (%s) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.%d.%d Safari/537.36",
			systems[i%len(systems)], 90+i/4, 4000+i*7, i%97))
	}
	for i := range ja4s {
		r := random(i)
		l.ja4 = append(l.ja4, fmt.Sprintf("t13d%02d%02dh2_%012x_%012x", 10+i%9, 5+i%11, r.next()>>16, r.next()>>16))
	}
	return l
}

var (
	given   = []string{"anna", "bruno", "chloe", "david", "emma", "farid", "greta", "hugo", "ines", "jan", "katya"}
	family  = []string{"martin", "bernard", "schmidt", "rossi", "garcia", "novak", "dubois", "silva", "kowalski", "moreau"}
	systems = []string{"Windows NT 10.0; Win64; x64", "X11; Linux x86_64", "Macintosh; Intel Mac OS X 10_15_7", "Windows NT 6.1"}
	words   = []string{"pacs", "viewer", "portal", "lab", "result", "image", "study", "api", "static", "login", "ward", "order", "report"}
	tlds    = []string{"example", "test", "example.org", "example.net", "invalid"}
)

// Domain is the domain of that number; the lower, the more often it is asked for.
func Domain(i int) string {
	r := random(i + 1_000_000)
	return fmt.Sprintf("%s%x.%s", words[r.below(len(words))], r.next()>>44, tlds[r.below(len(tlds))])
}

// Host is the address of that host; the lower its number, the more often it speaks. Sites are /14, device kinds /19.
func Host(i int) netip.Addr {
	site, kind, n := i%4, i/4%10, i/40
	return netip.AddrFrom4([4]byte{10, byte(site*4 + 16), byte(kind*8 + n/250), byte(n%250 + 1)})
}

// Outside is an address that is not the hospital's.
func Outside(i int) netip.Addr {
	r := random(i + 77)
	return netip.AddrFrom4([4]byte{byte(20 + r.below(180)), byte(r.next()), byte(i >> 8), byte(i)})
}

// random is splitmix64.
type random uint64

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (r *random) below(n int) int {
	hi, _ := bits.Mul64(r.next(), uint64(n))
	return int(hi)
}

// skewed is a number below n of which the small ones come far more often: the product of two even choices.
func (r *random) skewed(n int) int {
	hi, _ := bits.Mul64(r.next(), uint64(r.below(n)+1))
	return int(hi)
}

// Kind is the kind of event number i.
func Kind(i int) event.Kind {
	r := random(i)
	switch n := r.below(100); {
	case n < 45:
		return event.KindFlow
	case n < 70:
		return event.KindDNS
	case n < 82:
		return event.KindTLS
	case n < 92:
		return event.KindHTTP
	case n < 97:
		return event.KindAuth
	}
	return event.KindFile
}

// Event is event number i. Its texts hold until the next call.
func (l *Load) Event(i int, h *event.Header) event.Payload {
	l.r = random(i)
	kind := Kind(i)
	l.r.next()
	r := &l.r
	*h = event.Header{Time: l.start + int64(i)*l.step + int64(r.below(1_000_000)), Flow: r.next() >> 1, Proto: 6,
		Src: Host(r.skewed(hosts))}
	h.Dst, h.Ports = Host(r.skewed(hosts)), event.Ports{Src: uint16(32768 + r.below(28000)), Dst: 443}
	if r.below(4) == 0 {
		h.VLAN = uint16(10 + r.below(12))
	}
	l.buf = l.buf[:0]
	switch kind {
	case event.KindFlow:
		return l.makeFlow(h)
	case event.KindDNS:
		return l.makeDNS(h)
	case event.KindTLS:
		return l.makeTLS(h)
	case event.KindHTTP:
		return l.makeHTTP(h)
	case event.KindAuth:
		return l.makeAuth(h)
	}
	return l.makeFile(h)
}

var (
	apps   = []string{"tls", "dns", "http", "smb", "dicom", "hl7", "krb5", "ldap", "ssh", ""}
	ports  = []uint16{443, 53, 80, 445, 104, 2575, 88, 389, 22, 8080}
	states = []string{"closed", "established", "new"}
	ends   = []string{"timeout", "forced", "shutdown"}
)

func (l *Load) makeFlow(h *event.Header) event.Payload {
	r := &l.r
	if r.below(3) > 0 {
		h.Dst = Outside(r.skewed(outside))
	}
	app := r.skewed(len(apps))
	h.Ports.Dst = ports[app]
	if app == 1 {
		h.Proto = 17
	}
	duration := uint64(r.skewed(1 << 36))
	l.flow = event.Flow{Activity: "Close", App: apps[app], Start: uint64(h.Time) - duration, Duration: duration,
		PacketsOut: uint64(1 + r.skewed(2000)), PacketsIn: uint64(1 + r.skewed(4000)),
		BytesOut: uint64(60 + r.skewed(1<<21)), BytesIn: uint64(60 + r.skewed(1<<24)),
		State: states[r.skewed(3)], Reason: ends[r.skewed(3)], FlagsOut: 0x1b, FlagsIn: 0x1b}
	return &l.flow
}

func (l *Load) makeDNS(h *event.Header) event.Payload {
	r := &l.r
	h.Dst, h.Proto, h.Ports.Dst = Host(r.below(4)), 17, 53
	name := l.domain[r.skewed(domains)]
	if r.below(3) == 0 {
		l.buf = strconv.AppendUint(l.buf, r.next()>>24, 36)
		l.buf = append(append(l.buf, '.'), name...)
		name = event.View(l.buf)
	}
	l.answers[0] = Outside(r.skewed(outside)).String()
	l.answers[1] = Outside(r.skewed(outside)).String()
	l.ttls = [2]string{"300", "300"}
	n := 1 + r.below(2)
	l.dns = event.DNS{Activity: "Response", Hostname: name, Type: "A", ID: uint64(r.below(1 << 16)), Rcode: "NOERROR",
		Answers: l.answers[:n], AnswerTypes: l.types[:n], TTLs: l.ttls[:n], Latency: uint64(r.skewed(50_000_000))}
	if r.below(12) == 0 {
		l.dns.Rcode, l.dns.Answers, l.dns.AnswerTypes, l.dns.TTLs = "NXDOMAIN", nil, nil, nil
	}
	return &l.dns
}

func (l *Load) makeTLS(h *event.Header) event.Payload {
	r := &l.r
	h.Dst = Outside(r.skewed(outside))
	l.tls = event.TLS{Version: "TLS 1.3", SNI: l.domain[r.skewed(domains)], ALPN: "h2", Cipher: "TLS_AES_128_GCM_SHA256",
		JA4: l.ja4[r.skewed(ja4s)], Established: true, Resumed: r.below(5) == 0}
	if r.below(3) == 0 {
		l.tls.Version, l.tls.Cipher, l.tls.ALPN = "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", ""
	}
	return &l.tls
}

var (
	methods = []string{"GET", "POST", "HEAD", "PUT"}
	codes   = []uint64{200, 304, 404, 302, 500}
	media   = []string{"text/html", "application/json", "image/png", "application/dicom", "text/css"}
)

func (l *Load) makeHTTP(h *event.Header) event.Payload {
	r := &l.r
	h.Ports.Dst = 80
	if r.below(evilRate) == 0 {
		l.buf = fmt.Appendf(l.buf, "/cgi-bin/evil-loader%d.php", r.below(100))
	} else {
		l.buf = append(append(l.buf, '/'), words[r.below(len(words))]...)
		l.buf = append(append(l.buf, '/'), words[r.below(len(words))]...)
		l.buf = append(l.buf, "/"...)
		l.buf = strconv.AppendUint(l.buf, r.next()>>28, 36)
		l.buf = append(l.buf, "?id="...)
		l.buf = strconv.AppendUint(l.buf, r.next()>>40, 10)
	}
	l.http = event.HTTP{Method: methods[r.skewed(4)], Host: l.domain[r.skewed(domains)], URL: event.View(l.buf), Version: "HTTP/1.1",
		UserAgent: l.agent[r.skewed(agents)], Status: codes[r.skewed(5)], ContentType: media[r.skewed(5)],
		Length: uint64(r.skewed(1 << 18)), Latency: uint64(r.skewed(400_000_000)), TxID: uint64(1 + r.skewed(8))}
	return &l.http
}

func (l *Load) makeAuth(h *event.Header) event.Payload {
	r := &l.r
	h.Ports.Dst = 88
	l.auth = event.Auth{User: l.user[r.skewed(users)], Domain: "HOSP.EXAMPLE", Protocol: "Kerberos", Outcome: "success",
		Service: "krbtgt/HOSP.EXAMPLE"}
	if r.below(9) == 0 {
		l.auth.Outcome, l.auth.Reason = "failure", "KDC_ERR_PREAUTH_FAILED"
	}
	return &l.auth
}

func (l *Load) makeFile(h *event.Header) event.Payload {
	r := &l.r
	h.Ports.Dst = 445
	var sum [32]byte
	for i := range 4 {
		v := r.next()
		for j := range 8 {
			sum[i*8+j] = byte(v >> (8 * j))
		}
	}
	l.buf = append(l.buf, `share\`...)
	l.buf = append(l.buf, words[r.below(len(words))]...)
	l.buf = append(l.buf, '\\')
	l.buf = hex.AppendEncode(l.buf, sum[:])
	l.buf = append(l.buf, ".dcm"...)
	l.file = event.File{Name: event.View(l.buf), App: "smb", Size: uint64(r.skewed(1 << 28)), Type: media[r.below(5)],
		Activity: "Read", Complete: r.below(10) > 0}
	return &l.file
}

// Batcher gathers events by kind into batches as a sensor does.
type Batcher struct {
	Sensor, Site string
	Size         int    // events of a batch
	ID           uint64 // of the last batch; rises by one
	Put          func(k event.Kind, id uint64, batch []byte, events int) error

	open [256]*event.Batch
}

// Add adds one event and hands its batch to Put when it is full.
func (b *Batcher) Add(h *event.Header, p event.Payload) error {
	k := p.Kind()
	if b.open[k] == nil {
		b.open[k] = &event.Batch{}
		b.begin(k)
	}
	b.open[k].Add(h, p)
	if b.open[k].Len() < b.Size {
		return nil
	}
	return b.flush(k)
}

func (b *Batcher) begin(k event.Kind) {
	b.ID++
	b.open[k].Reset(b.Sensor, b.Site, b.ID)
}

func (b *Batcher) flush(k event.Kind) error {
	batch := b.open[k]
	var r event.Reader
	if err := r.Open(batch.Bytes()); err != nil {
		return err
	}
	err := b.Put(k, r.ID, batch.Bytes(), batch.Len())
	b.begin(k)
	return err
}

// Flush hands over what is not full.
func (b *Batcher) Flush() error {
	for k := range b.open {
		if b.open[k] == nil || b.open[k].Len() == 0 {
			continue
		}
		if err := b.flush(event.Kind(k)); err != nil {
			return err
		}
	}
	return nil
}
