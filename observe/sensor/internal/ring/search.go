package ring

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"bulwark/observe/sensor/internal/bpf"
	"bulwark/platform/vault"
	"bulwark/wire/pcap"
)

// Query says which packets are asked for: those that meet all of it.
type Query struct {
	// Flow is the id of their flow. 0 means any.
	Flow uint64
	// Hosts are addresses that are ends of their flow, or of the tunnel around it. Empty means any.
	Hosts []netip.Addr
	// Filter is what they are like, as tcpdump writes it.
	Filter string
	// Since and Until bound their times, both inclusive. Zero means no bound.
	Since, Until time.Time
	// Bytes is after how many bytes of packets the search ends. 0 means never.
	Bytes uint64
}

// Found is what a search found.
type Found struct {
	Packets, Bytes uint64
	Short          uint64    // of the packets: of which the settings left the rest out
	First, Last    time.Time // of the packets; zero where there are none
	Lost           uint64    // packets that were not kept while those were, for want of room
	Read, Blocks   int       // blocks that were read, of how many there are
	More           bool      // there are more than Query.Bytes
	Faults         []error   // what of the ring could not be read
}

// matcher is a query, made ready.
type matcher struct {
	flow         uint64
	hosts        [][16]byte
	v6           []bool
	since, until int64
	all          bool // there is no filter
	ethernet     bpf.Matcher
	raw          bpf.Matcher
}

func newMatcher(q *Query) (*matcher, error) {
	m := &matcher{flow: q.Flow, since: math.MinInt64, until: math.MaxInt64, all: q.Filter == ""}
	if !q.Since.IsZero() {
		m.since = q.Since.UnixNano()
	}
	if !q.Until.IsZero() {
		m.until = q.Until.UnixNano()
	}
	for _, h := range q.Hosts {
		h = h.Unmap()
		var a [16]byte
		copy(a[:], h.AsSlice()) // IPv4 stands in the first four bytes, as in flows
		m.hosts, m.v6 = append(m.hosts, a), append(m.v6, h.Is6())
	}
	var err error
	if m.ethernet, err = bpf.NewMatcher(q.Filter, bpf.Ethernet); err != nil {
		return nil, err
	}
	m.raw, err = bpf.NewMatcher(q.Filter, bpf.RawIP)
	if err != nil {
		m.raw, err = bpf.NewMatcher("less 0", bpf.RawIP) // what asks for Ethernet finds nothing there
	}
	return m, err
}

// place tells whether a block may hold what is asked for.
func (m *matcher) place(p *place) bool {
	if p.last < m.since || p.first > m.until || m.flow != 0 && !p.bloom.has(flowKey(m.flow)) {
		return false
	}
	for i := range m.hosts {
		if !p.bloom.has(addressKey(&m.hosts[i])) {
			return false
		}
	}
	return true
}

// byFlow tells whether it matters which flow a packet belongs to.
func (m *matcher) byFlow() bool { return m.flow != 0 || len(m.hosts) > 0 }

// flows appends which entries of a block's table are asked for, where that matters.
func (m *matcher) flows(match []bool, table []byte) []bool {
	if !m.byFlow() {
		return match
	}
	var of flow // the flow that is asked for: fragments of it are told by its ends
	for t := table; len(t) > 0 && m.flow != 0; t = t[flowSize:] {
		if f := readFlow(t); f.id == m.flow {
			of = f
		}
	}
	for ; len(table) > 0; table = table[flowSize:] {
		f := readFlow(table)
		yes := m.isFlow(&f, &of) && m.isHost(&f)
		if !yes && f.outer > 0 && int(f.outer) <= len(match) {
			yes = match[f.outer-1]
		}
		match = append(match, yes)
	}
	return match
}

func (m *matcher) isFlow(f, of *flow) bool {
	if m.flow == 0 || f.id == m.flow {
		return true
	}
	return f.id == 0 && of.id != 0 && f.proto == of.proto && f.v6 == of.v6 && f.lo == of.lo && f.hi == of.hi
}

func (m *matcher) isHost(f *flow) bool {
	for i := range m.hosts {
		if f.v6 != m.v6[i] || f.lo != m.hosts[i] && f.hi != m.hosts[i] {
			return false
		}
	}
	return true
}

// frame tells whether the filter takes a frame.
func (m *matcher) frame(link uint16, data []byte) bool {
	switch {
	case m.all:
		return true
	case pcap.LinkType(link) == pcap.LinkEthernet:
		return m.ethernet.Match(data)
	case pcap.LinkType(link) == pcap.LinkRaw:
		return m.raw.Match(data)
	}
	return false
}

// Search looks through segments and writes the packets that are asked for to out, as pcapng in the order of their time.
// What of the ring cannot be read is in Found.Faults and does not end the search.
func Search(ctx context.Context, files []string, key vault.Key, q Query, out io.Writer) (Found, error) {
	var f Found
	want, err := newMatcher(&q)
	if err != nil {
		return f, err
	}
	w, err := pcap.NewNGWriter(out, "Bulwark")
	if err != nil {
		return f, err
	}
	s := &search{ctx: ctx, key: key, want: want, found: &f, out: w, limit: q.Bytes}
	s.plan(files)
	defer s.close()
	if err := s.run(); err != nil {
		return f, err
	}
	return f, s.note()
}

// note says in the capture itself what is missing from it.
func (s *search) note() error {
	var text []string
	if s.found.More {
		text = append(text, "there are more packets than were asked for")
	}
	if s.found.Lost > 0 {
		text = append(text, fmt.Sprintf("%d packets of that time were not kept, for want of room", s.found.Lost))
	}
	if s.found.Short > 0 {
		text = append(text, fmt.Sprintf("of %d packets the rest was left out by the settings (sensor.ring)", s.found.Short))
	}
	if n := len(s.found.Faults); n > 0 {
		text = append(text, fmt.Sprintf("%d places of the packet ring were not readable", n))
	}
	if len(text) == 0 {
		return nil
	}
	return s.out.Note("Not whole: " + strings.Join(text, "; ") + ".")
}

// search is one that is under way.
type search struct {
	ctx     context.Context
	key     vault.Key
	want    *matcher
	found   *Found
	out     *pcap.NGWriter
	limit   uint64
	cursors []*cursor // that stand at a packet
}

// maxFaults is how many faults are told.
const maxFaults = 16

func (s *search) fault(err error) {
	if len(s.found.Faults) < maxFaults && !gone(err) {
		s.found.Faults = append(s.found.Faults, err)
	}
}

// plan finds the blocks that may hold what is asked for, by worker.
func (s *search) plan(files []string) {
	workers := map[uint32][]place{}
	for _, name := range files {
		if s.ctx.Err() != nil {
			return
		}
		all, err := s.index(name)
		if err != nil {
			s.fault(err)
		}
		s.found.Blocks += len(all)
		for i := range all {
			p := &all[i]
			if s.want.place(p) {
				s.found.Lost += p.lost
				workers[p.worker] = append(workers[p.worker], *p)
			}
		}
	}
	for _, places := range workers {
		slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(a.first, b.first) })
		s.found.Read += len(places)
		s.cursors = append(s.cursors, &cursor{key: s.key, places: places, want: s.want})
	}
	slices.SortFunc(s.cursors, func(a, b *cursor) int { return cmp.Compare(a.places[0].worker, b.places[0].worker) })
}

func (s *search) index(name string) ([]place, error) {
	v, err := vault.Open(name, s.key)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	if v.Kind() != Kind {
		return nil, fmt.Errorf("%s: %w: it holds %q", name, ErrFormat, v.Kind())
	}
	return index(name, v)
}

// run merges what the cursors find by time.
func (s *search) run() error {
	all := s.cursors
	s.cursors = s.cursors[:0:0]
	for _, c := range all {
		if s.step(c) {
			s.cursors = append(s.cursors, c)
		} else {
			c.close()
		}
	}
	for len(s.cursors) > 0 {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		i := 0
		for n, c := range s.cursors[1:] {
			if c.at.time < s.cursors[i].at.time {
				i = n + 1
			}
		}
		c := s.cursors[i]
		if s.limit > 0 && s.found.Bytes+uint64(len(c.data)) > s.limit {
			s.found.More = true
			return nil
		}
		if err := s.write(c); err != nil {
			return err
		}
		if !s.step(c) {
			c.close()
			s.cursors = slices.Delete(s.cursors, i, i+1)
		}
	}
	return nil
}

// step moves a cursor on; false is its end.
func (s *search) step(c *cursor) bool {
	for s.ctx.Err() == nil {
		err := c.next()
		if err == nil {
			return true
		}
		if errors.Is(err, io.EOF) {
			return false
		}
		s.fault(err)
	}
	return false
}

func (s *search) write(c *cursor) error {
	f := s.found
	p := pcap.Packet{Time: c.at.time, Data: c.data, Orig: c.at.size, Link: pcap.LinkType(c.at.link)}
	dir := pcap.DirectionUnknown
	if c.at.flags&flagOutgoing != 0 {
		dir = pcap.Outbound
	}
	if err := s.out.Write(c.name, &p, dir); err != nil {
		return err
	}
	at := time.Unix(0, p.Time)
	if f.Packets == 0 || at.Before(f.First) {
		f.First = at
	}
	if at.After(f.Last) {
		f.Last = at
	}
	f.Packets++
	if len(p.Data) < p.Orig {
		f.Short++
	}
	f.Bytes += uint64(len(p.Data))
	return nil
}

func (s *search) close() {
	for _, c := range s.cursors {
		c.close()
	}
}
