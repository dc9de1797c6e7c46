package wef

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"bulwark/observe/logs/internal/intake"
	"bulwark/observe/logs/internal/wef/gss"
	"bulwark/wire/sldc"
	"bulwark/wire/wsman"
)

// Why requests and events are refused, beside the faults of WS-Management.
const (
	reasonLarge  = "request larger than 4 MiB, or 16 MiB unpacked"
	reasonBroken = "request ended early"
	reasonEvent  = "not an event of Windows" // such are kept as text
	reasonMark   = "bookmark not kept"
)

const (
	retryAfter = "10" // seconds
	maxHost    = 255  // bytes of a name
)

// call is one request of a machine that has proved who it is.
type call struct {
	*Intake
	to       intake.Sink
	identity string
	sender   netip.Addr
	base     string   // address that the machine knows us by
	issuers  []string // thumbprints of who vouches for the machine
	w        http.ResponseWriter
	charset  wsman.Charset
	request  wsman.Request
	sealed   *gss.Context // nil: TLS seals
	protocol string       // of sealed messages
}

// Handler answers everything that comes, and hands to the sink what is in it.
func (i *Intake) Handler(to intake.Sink) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
			i.Add(reasonNone, 1)
			w.WriteHeader(http.StatusForbidden)
			return
		}
		chain := r.TLS.PeerCertificates
		c := &call{Intake: i, to: to, identity: nameOf(chain[0]), sender: sender(r), base: "https://" + r.Host, issuers: i.authorities.issuers(chain), w: w}
		c.serve(r)
	})
}

// sender is the address of who asks.
func sender(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}

func (c *call) serve(r *http.Request) {
	if c.connections.Load() > manyConnections {
		c.w.Header().Set("Connection", "close")
	}
	if r.Method != http.MethodPost {
		c.w.Header().Set("Allow", http.MethodPost)
		c.w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	wait, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	select {
	case c.places <- struct{}{}:
		defer func() { <-c.places }()
	case <-wait.Done():
		c.fault(wsman.FaultBusy)
		return
	}
	p := c.pages.Get().(*page)
	defer func() {
		p.trim()
		c.pages.Put(p)
	}()
	if c.read(r, p) {
		c.answer(r, p)
	}
}

// read reads a request into a page, and answers where there is nothing to read in it.
func (c *call) read(r *http.Request, p *page) bool {
	var err error
	p.packed, err = readAll(p.packed[:0], http.MaxBytesReader(c.w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		c.Add(reasonLarge, 1)
		c.fault(wsman.FaultLarge)
		return false
	case err != nil:
		c.Add(reasonBroken, 1)
		c.fault(wsman.FaultFormat)
		return false
	case len(p.packed) == 0: // a machine that only shows who it is
		c.w.WriteHeader(http.StatusOK)
		return false
	}
	plain := p.packed
	if c.sealed != nil {
		var ok bool
		if plain, ok = c.unseal(r, p.packed); !ok {
			return false
		}
	}
	if strings.EqualFold(r.Header.Get("Content-Encoding"), "SLDC") {
		p.plain, err = sldc.Append(p.plain[:0], plain, maxUnpacked)
		switch {
		case errors.Is(err, sldc.ErrLong):
			c.Add(reasonLarge, 1)
			c.fault(wsman.FaultLarge)
			return false
		case err == nil: // machines say so of messages that are not packed, too (End)
			plain = p.plain
		}
	}
	p.text, c.charset = wsman.Text(p.text[:0], plain)
	switch err := wsman.Parse(p.text, &c.request); {
	case errors.Is(err, wsman.ErrVersion):
		c.fault(wsman.FaultVersion)
		return false
	case err != nil:
		c.fault(wsman.FaultFormat)
		return false
	}
	return true
}

// readAll is [io.ReadAll] into memory that is there.
func readAll(dst []byte, r io.Reader) ([]byte, error) {
	for {
		if len(dst) == cap(dst) {
			dst = append(dst, 0)[:len(dst)]
		}
		n, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if errors.Is(err, io.EOF) {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
	}
}

// answer does what a request asks for.
func (c *call) answer(r *http.Request, p *page) {
	q := &c.request
	switch {
	case q.Strange != "":
		c.fault(wsman.FaultUnderstand)
	case q.Action == "" && q.Body == "Identify":
		c.say(http.StatusOK, wsman.Identified("Bulwark", c.opt.Version))
	case q.MessageID == "":
		c.fault(wsman.FaultHeader)
	case q.Action == wsman.ActionEnumerate:
		c.enumerate(r.Context())
	case q.Action == wsman.ActionEvents, q.Action == wsman.ActionHeartbeat:
		c.events(r, p)
	case q.Action == wsman.ActionSubscriptionEnd:
		c.say(http.StatusOK, wsman.Ack(q, newGUID()))
	case q.Action == wsman.ActionEnd:
		c.w.WriteHeader(http.StatusNoContent)
	default:
		c.fault(wsman.FaultAction)
	}
}

func (c *call) enumerate(ctx context.Context) {
	bookmarks, err := c.book.of(ctx, c.identity)
	if err != nil {
		c.warn("reading bookmarks", err)
		c.fault(wsman.FaultBusy)
		return
	}
	text := wsman.Enumerated(&c.request, c.offers.to(c.base, c.issuers, bookmarks), newGUID)
	if c.request.Largest > 0 && 2*len(text) > c.request.Largest {
		c.fault(wsman.FaultLarge)
		return
	}
	c.say(http.StatusOK, text)
}

// events takes a delivery, or a heartbeat, which is one without events. It is acknowledged when the sink has it and the bookmark is kept:
// a machine that hears nothing sends it again, and the sink knows what it was handed before.
func (c *call) events(r *http.Request, p *page) {
	q := &c.request
	id := strings.ToUpper(strings.TrimPrefix(first(q.Identifier, r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]), "uuid:"))
	name, ok := c.offers.known(id)
	if !ok {
		c.fault(wsman.FaultResource)
		return
	}
	now := time.Now()
	if len(q.Events) > 0 {
		bad := p.read(q.Events, intake.Record{Intake: c.Name(), Sender: c.sender, Identity: c.identity, Stream: name, Received: now})
		if err := c.hand(r.Context(), p.records); err != nil {
			c.fault(wsman.FaultBusy)
			return
		}
		if bad > 0 {
			c.Add(reasonEvent, bad)
		}
	}
	m := &Machine{Identity: c.identity, Subscription: id, Host: cut(q.MachineID, maxHost), Address: c.sender.String(), Seen: now.UnixMilli()}
	if len(q.Events) > 0 {
		m.Bookmark = string(q.Bookmark)
	}
	if err := c.book.save(m); err != nil {
		c.Add(reasonMark, 1)
		c.warn("keeping a bookmark", err)
		c.fault(wsman.FaultBusy)
		return
	}
	c.say(http.StatusOK, wsman.Ack(q, newGUID()))
}

// hand hands records over, and waits for room. A machine that hangs up meanwhile does not stop it: machines do so whenever they read
// their policies anew.
func (c *call) hand(ctx context.Context, records []intake.Record) error {
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return c.to.Take(limit, records)
}

func (c *call) warn(what string, err error) {
	if c.opt.Log != nil {
		c.opt.Log.Warn("wef: "+what, "machine", c.identity, "error", err)
	}
}

// fault refuses a request, and counts why.
func (c *call) fault(f wsman.Fault) {
	c.Add(f.String(), 1)
	if f == wsman.FaultBusy {
		c.w.Header().Set("Retry-After", retryAfter)
	}
	if c.request.ReplyTo == "" {
		c.request.ReplyTo = wsman.Anonymous
	}
	c.say(f.Status(), f.Text(&c.request, newGUID()))
}

// say answers in the charset of the request.
func (c *call) say(status int, text []byte) {
	form, body := "application/soap+xml;charset="+c.charset.String(), c.charset.Append(nil, text)
	if c.sealed != nil {
		var err error
		if form, body, err = c.seal(body); err != nil {
			c.warn("sealing an answer", err)
			c.w.WriteHeader(http.StatusInternalServerError)
			return
		}
	}
	c.w.Header().Set("Content-Type", form)
	c.w.WriteHeader(status)
	_, _ = c.w.Write(body)
}
