package engine

import (
	"slices"

	"bulwark/detect/signature/internal/match"
	"bulwark/detect/signature/internal/multi"
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/http"
	"bulwark/wire/inspect"
	"bulwark/wire/packet"
)

// Limits of what a watcher holds.
const (
	maxAlerts  = 15        // alerts of a packet that are told (Suricata's packet-alert-max)
	maxWindow  = 4 << 10   // bytes of a stream behind those that have just come, that rules can look back at
	maxStream  = 1 << 20   // bytes of each direction that are looked at (Suricata's stream.reassembly.depth)
	maxBody    = 100 << 10 // bytes of a body or file that are looked at (Suricata's request-body-limit, response-body-limit)
	maxStates  = 250_000   // flows of which something is kept
	stateBlock = 128       // of them that are made at a time
	maxAwait   = 64        // rules of a stream that wait for more of it
	maxFlowTx  = 32        // requests of a flow that are under way
	maxAllBody = 256 << 20 // bytes of windows and bodies of all flows
)

// Shared is what the watchers of a process have in common: the rules, and what rules remember beyond a flow.
type Shared struct {
	now    setHolder
	memory *memory
	costs  *costs
	tagged tagged
}

// Watcher evaluates rules on the traffic of one worker.
type Watcher struct {
	shared *Shared
	set    *Set
	tally  []tally // of the rules of set
	age    uint32  // of set: how many there were before it
	sample uint32  // evaluations, to time one of many
	tell   inspect.Teller

	states  []*[stateBlock]state
	made    uint32 // of them, states that were given out
	free    []uint32
	held    int // bytes of windows and bodies
	pool    pool
	machine match.Machine
	hits    multi.Hits
	found   []int32 // rules whose bytes are there
	all     []int32 // rules to be asked
	beside  []int32 // rules about packets whose bytes are in what was walked over
	walked  walked
	numbers []uint64 // of the field in hand
	context []byte   // what datasets say of values, of the rule in hand
	missed  bool     // the rule that was asked last asks for bytes that were not there
	scratch scratch
	cache   map[*source]cached
	view    view
	out     event.Alert
	count   inspect.Count
	serial  uint64 // of the packet in hand
	noted   bool   // a rule has noted something of it
	spoken  [2]spoken
}

// spoken is how many alerts were told of a packet: of itself, or of what it brings.
type spoken struct {
	serial uint64
	n      int
}

// cached is a buffer of the message in hand.
type cached struct {
	data  []byte
	known bool
}

// view is what a rule is asked about.
type view struct {
	f      *inspect.Flow
	st     *state
	dir    wire.Dir // orientation: who sent what is looked at
	p      *packet.Packet
	stream *side  // where the payload is a stream's
	since  uint64 // place in the stream before which nothing is looked at
	t      *http.Transaction
	tx     *transaction
	file   *gathered
	record event.Payload
	frame  *inspect.Frame
	more   *inspect.More // what was read of the message besides
	number uint64        // of the transaction, from 1
	turn   bool          // of a rule over both directions, the fields of dir alone are looked at
}

// NewShared holds no rules.
func NewShared() *Shared {
	s := &Shared{memory: newMemory(), costs: newCosts()}
	s.now.Store(&Set{})
	return s
}

// Use makes s the rules of all watchers, from their next packet on.
func (s *Shared) Use(set *Set) {
	before := s.now.Load()
	for name, d := range set.datasets {
		d.inherit(before.datasets[name])
	}
	s.now.Store(set)
}

// Inspector makes the watcher of a worker.
func (s *Shared) Inspector(t inspect.Teller) inspect.Inspector {
	w := &Watcher{shared: s, tell: t, cache: map[*source]cached{}}
	w.machine.Dataset, w.machine.Entropy = w.inSet, w.measure
	w.use(s.now.Load())
	return w
}

// Count is what the watcher did since it was asked last.
func (w *Watcher) Count() inspect.Count {
	n := w.count
	n.Stopped = w.machine.Exhausted
	n.Loaded, n.Failed, n.Skipped = uint64(len(w.set.rules)), uint64(w.set.failed), uint64(w.set.skipped)
	w.report()
	w.count, w.machine.Exhausted = inspect.Count{}, 0
	return n
}

// keep appends p to b as far as limit and the room for all allow.
func (w *Watcher) keep(b, p []byte, limit int) []byte {
	p = p[:min(len(p), max(limit-len(b), 0))]
	if w.held+len(p) > maxAllBody {
		w.count.Refused++
		return b
	}
	if n := len(b) + len(p); n > cap(b) {
		grown := append(w.pool.get(n), b...)
		w.release(b)
		w.held += cap(grown)
		b = grown
	}
	return append(b, p...)
}

// release takes back what keep returned.
func (w *Watcher) release(b []byte) {
	w.held -= cap(b)
	w.pool.put(b)
}

// Packet shows a packet.
func (w *Watcher) Packet(f *inspect.Flow, p *packet.Packet) {
	w.packet(f, p)
	if w.set.follows {
		w.follow(f)
	}
	w.next()
}

// next is for the packet in hand to be over: what its stream told before was of the same packet.
func (w *Watcher) next() {
	w.walked, w.noted = walked{}, false
	w.serial++
}

func (w *Watcher) packet(f *inspect.Flow, p *packet.Packet) {
	if f == nil {
		w.loose(p)
		return
	}
	st := w.state(f)
	if st == nil || st.passed {
		return
	}
	w.catchUp(f, st)
	w.view = view{f: f, st: st, dir: f.Dir, p: p}
	if !st.asked[f.Dir] {
		st.asked[f.Dir] = true
		for _, n := range w.set.once {
			w.ask(n)
		}
	}
	if f.App != "" && (f.App != st.known || f.AppOf[f.Dir] != st.knownOf[f.Dir]) {
		w.protocol(f, st)
	}
	x := &st.sifted[f.Dir]
	if !x.done || x.sport != p.SrcPort || x.dport != p.DstPort || x.proto != p.Proto || x.app != f.App {
		w.sift(x, p)
	}
	all := w.all[:0]
	early := w.set.passes || x.asks || f.Loose // what lets packets pass, and what sets what others ask for, stands before others
	for _, n := range x.always {
		if only := w.set.flagged[n]; only != nil && !only.has(p.Flags) {
			continue
		}
		if early {
			all = append(all, n)
		} else {
			w.ask(n)
		}
	}
	payload := payloadOf(p)
	if f.Loose {
		all = w.unstreamed(payload, all)
	}
	if len(payload) == 0 || f.Sealed {
		w.askAll(all)
		w.rest(f, x)
		return
	}
	seen := w.walked.was(st, f.Dir, f.App, payload)
	if seen {
		all = append(all, w.beside...)
	}
	for _, g := range x.groups {
		if g != nil {
			all = g.near.find(payload[:min(len(payload), nearby)], &w.hits, all)
			if !seen {
				all = g.group.find(payload, &w.hits, all)
			}
		}
	}
	w.askAll(all)
}

// unstreamed appends the rules about streams whose bytes are in the payload of a packet that is no part of a stream: they are
// asked of it alone.
func (w *Watcher) unstreamed(payload []byte, all []int32) []int32 {
	p, from := w.view.p, len(all)
	for _, g := range w.set.streams[w.view.dir].of(p.SrcPort, p.DstPort, w.view.f.App) {
		if g != nil && len(payload) > 0 {
			all = g.group.find(payload, &w.hits, all)
		}
	}
	kept := all[:from]
	for _, n := range all[from:] {
		if c := &w.set.rules[n]; !c.Proto.Streams && !c.Flow.OnlyStream {
			kept = append(kept, n)
		}
	}
	return kept
}

// askAll asks rules in their order, each once.
func (w *Watcher) askAll(all []int32) {
	w.all = ordered(all)
	for _, n := range w.all {
		w.ask(n)
	}
}

// walked is the piece of a stream that was walked over last: rules about packets were looked for in it, too.
type walked struct {
	st    *state
	dir   wire.Dir
	app   string // of the flow as it was then
	piece []byte
}

// was reports whether the payload of a packet is what was walked over.
func (x *walked) was(st *state, dir wire.Dir, app string, payload []byte) bool {
	return x.st == st && x.dir == dir && x.app == app && len(x.piece) == len(payload) && &x.piece[0] == &payload[0]
}

// find appends the rules whose bytes are in p.
func (g *group) find(p []byte, h *multi.Hits, all []int32) []int32 {
	if len(g.rules) == 0 {
		return all
	}
	g.set.Scan(p, h)
	for _, id := range h.IDs() {
		all = append(all, g.rules[id]...)
	}
	return all
}

// Stream shows bytes of a stream.
func (w *Watcher) Stream(f *inspect.Flow, p []byte, lost int) {
	st := w.state(f)
	if st == nil || st.passed {
		return
	}
	s := st.side(f.Dir)
	w.flush(f, st, f.Dir.Other())
	if lost > 0 {
		s.window = s.window[:0]
		s.total += uint64(lost)
	}
	if len(p) == 0 || s.total >= maxStream {
		return
	}
	w.start(f, s)
	if s.idle && f.App != "" && len(s.waiting) == 0 {
		s.total += uint64(len(p))
		w.release(s.window)
		s.window = nil
		return
	}
	if room := maxWindow; len(s.window)+len(p) > 2*room && len(s.window) > room {
		s.window = s.window[:copy(s.window, s.window[len(s.window)-room:])]
	}
	seen := len(s.window)
	s.window = w.keep(s.window, p, 1<<30)
	s.total += uint64(len(p))
	piece := s.window
	if len(piece) == seen { // there was no room for it
		s.window, piece, seen = s.window[:0], p, 0
	}
	w.view = view{f: f, st: st, dir: f.Dir, stream: s}
	w.found, w.beside = w.found[:0], w.beside[:0]
	for _, g := range s.groups {
		if g != nil && len(g.rules) > 0 {
			g.set.Continue(piece, seen, s.total-uint64(len(piece)), &w.hits)
			for _, id := range w.hits.IDs() {
				w.found, w.beside = append(w.found, g.rules[id]...), append(w.beside, g.beside[id]...)
			}
		}
	}
	w.walked = walked{st, f.Dir, f.App, p}
	w.found = ordered(w.found)
	for _, n := range w.found {
		w.askStream(s, n)
	}
	if w.set.unfound {
		w.unfound(s)
	}
	w.again(s)
}

// start looks up the rules of a direction by its ports.
func (w *Watcher) start(f *inspect.Flow, s *side) {
	if s.began && s.app == f.App {
		return
	}
	s.began, s.app = true, f.App
	g := &w.set.streams[f.Dir]
	src, dst := f.SrcPort, f.DstPort
	if f.Dir == wire.ToClient {
		src, dst = dst, src
	}
	s.groups = g.of(src, dst, f.App)
	s.idle = !w.set.needs.windows && !slices.ContainsFunc(s.groups[:], func(g *portGroup) bool { return g != nil && len(g.rules)+len(g.always) > 0 })
}

// askStream asks a rule whose bytes have just come. Where it does not hold yet, more may come.
func (w *Watcher) askStream(s *side, n int32) {
	c := &w.set.rules[n]
	early := len(c.app) > 0 && w.view.f.App == "" // its protocol may become known
	if !early && !c.waits && (w.ask(n) || !w.missed) {
		return
	}
	if len(s.waiting) < maxAwait && !slices.Contains(s.waiting, n) && (early || w.could(c)) {
		s.waiting = append(s.waiting, n)
	}
}

// again asks the rules that wait for more, when it has come.
func (w *Watcher) again(s *side) {
	left := s.waiting[:0]
	for _, n := range s.waiting {
		if c := &w.set.rules[n]; c.waits || !w.ask(n) {
			left = append(left, n)
		}
	}
	s.waiting = left
	if len(s.waiting) > 0 && len(s.window) > maxWindow {
		w.settle(s)
	}
}

// settle asks for the last time: the window will move on.
func (w *Watcher) settle(s *side) {
	for _, n := range s.waiting {
		w.ask(n)
	}
	s.waiting = s.waiting[:0]
}

// flush asks what waits in a direction: the other side speaks, or nothing more comes.
func (w *Watcher) flush(f *inspect.Flow, st *state, dir wire.Dir) {
	if st.sides == nil || len(st.sides[dir].waiting) == 0 {
		return
	}
	s := &st.sides[dir]
	was := f.Dir
	f.Dir = dir
	w.view = view{f: f, st: st, dir: dir, stream: s}
	w.settle(s)
	f.Dir = was
}
