package console

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"bulwark/platform/web"
)

// PacketQuery says which packets are asked for, and why. Empty fields do not matter.
type PacketQuery struct {
	Flow     uint64       // the number of their flow
	Hosts    []netip.Addr // all of them ends of their flow
	Filter   string       // as tcpdump writes it
	From, To time.Time    // both inclusive
	Bytes    uint64       // end after so many
	Reason   string
}

// MaxPackets is how many bytes of packets one download has at most; what is cut says so in the file.
const MaxPackets = 2 << 30

// packets streams packets that were kept as pcapng.
func (c *Console) packets(w http.ResponseWriter, r *http.Request) {
	q, err := readPackets(r)
	if err == nil && c.Packets == nil {
		err = missing("no-ring")
	}
	if err != nil {
		refuse(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/x-pcapng")
	h.Set("Content-Disposition", `attachment; filename="`+q.name(c.Clock.Now())+`"`)
	begun := &begun{to: web.NewPatient(w)}
	out := bufio.NewWriterSize(begun, 64<<10)
	n, err := c.Packets(r, q, out)
	if err == nil && n == 0 {
		err = missing("no-packets")
	}
	if err == nil {
		err = out.Flush()
	}
	switch {
	case err == nil:
	case begun.yes:
		panic(http.ErrAbortHandler) // the browser must see that the file is not whole
	default:
		h.Del("Content-Disposition")
		refuse(w, r, err)
	}
}

// begun remembers whether anything was answered yet.
type begun struct {
	to  io.Writer
	yes bool
}

func (b *begun) Write(p []byte) (int, error) {
	b.yes = true
	return b.to.Write(p)
}

func readPackets(r *http.Request) (q PacketQuery, err error) {
	p := r.URL.Query()
	q = PacketQuery{Filter: p.Get("filter"), Reason: strings.TrimSpace(p.Get("reason")), Bytes: MaxPackets}
	if text := p.Get("flow"); text != "" {
		if q.Flow, err = strconv.ParseUint(text, 10, 64); err != nil {
			return q, asked("bad-number")
		}
	}
	for _, h := range p["host"] {
		a, err := netip.ParseAddr(h)
		if err != nil {
			return q, asked("bad-packets")
		}
		q.Hosts = append(q.Hosts, a)
	}
	if q.From, err = instant(p.Get("from"), time.Time{}); err != nil {
		return q, err
	}
	if q.To, err = instant(p.Get("to"), time.Time{}); err != nil {
		return q, err
	}
	switch {
	case q.Flow == 0 && len(q.Hosts) == 0 && q.Filter == "":
		return q, asked("bad-packets")
	case q.Reason == "" || len(q.Reason) > 500:
		return q, asked("no-reason")
	}
	return q, nil
}

// name is what the file is called.
func (q *PacketQuery) name(now time.Time) string {
	what := "packets"
	switch {
	case q.Flow != 0:
		what = "flow-" + strconv.FormatUint(q.Flow, 10)
	case len(q.Hosts) > 0:
		what = strings.NewReplacer(":", "-", "%", "-").Replace(q.Hosts[0].String())
	}
	return "bulwark-" + what + "-" + now.UTC().Format("20060102T150405Z") + ".pcapng"
}

// ErrFilter means that the filter of a [PacketQuery] is none.
var ErrFilter = errors.New("console: bad filter")

// errMissing means that there is nothing to answer with; its text is a key of words.
var errMissing = errors.New("console: nothing there")

func missing(key string) error { return errors.Join(errMissing, wordKey(key)) }
