// Package engine evaluates traffic rules: a [Set] is rules compiled once and shared by all workers; each worker has a
// [Watcher], which is shown the traffic and tells of the rules that match.
//
// Each rule that has bytes which must be there is found by them: the best of its contents stands in a multi-pattern
// matcher of the buffer it belongs to. Only rules whose bytes are there are evaluated, header first, the tests of buffers
// last. Rules without such bytes are asked at each packet, message or record that they could be about.
package engine

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"bulwark/detect/signature/internal/match"
	"bulwark/detect/signature/internal/multi"
	"bulwark/detect/signature/internal/rule"
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/inspect"
)

// ErrUnsupported means that a rule asks for what the engine cannot tell; what it wraps says what.
var ErrUnsupported = errors.New("not supported")

// Set is rules, compiled. It never changes.
type Set struct {
	rules     []compiled
	addresses addresses
	once      []int32 // rules about addresses alone: asked once per flow and direction
	linked    []int32 // rules about packets of no flow: ether, arp
	protocol  []int32 // rules about the protocol of a flow alone

	packets [2][2]groups              // packets of TCP, of all others, by direction: the payload as it came
	flagged []*flagSet                // by rule: those found by no bytes, that ask for flags of TCP
	bare    [2]flagSet                // by direction: the flags that some rule asks for
	streams [2]groups                 // bytes of TCP in their order, by direction
	fields  map[fieldKey]*group       // buffers of HTTP and files
	list    [2][2][]*group            // the same by direction and stage
	windows [2][2]group               // rules about HTTP that are found by bytes of the stream, by direction and stage
	stages  [2][2][]int32             // rules about HTTP without bytes that must be there, by direction and stage
	records map[event.Kind]*recordSet // rules about records
	digests inspect.Digests           // of files, that rules ask for
	frames  map[string]*recordSet     // rules about frames, by their names
	events  map[string][]int32        // rules about anomalies, by kind and name

	bits       map[string]uint32
	ints       map[string]uint32
	bitNames   []string // by number, from 1
	intNames   []string
	entropies  map[*rule.Entropy]string // the buffers that they are of
	order      []rule.Action            // which actions come first
	most       int                      // alerts of a packet
	reputation *rule.Reputation
	failed     int  // rules that are not in the set: at fault
	skipped    int  // not meant for this program
	unfound    bool // rules look at streams without bytes that must be there
	follows    bool // rules ask for packets that follow, or note something of packets
	classes    map[string]rule.Class
	needs      needs
	passes     bool   // rules let traffic pass
	sample     uint32 // bits that are 0 in the number of an evaluation that is timed

	data      map[string][]byte // while it is made
	datasets  map[string]*dataset
	dataTests map[*rule.Dataset]*dataTest
}

// fieldKey names a buffer of an application as rules look at it.
type fieldKey struct {
	name  string
	chain string
	dir   wire.Dir
}

// group is rules that are found by bytes in one buffer.
type group struct {
	set    *multi.Set
	rules  [][]int32 // by pattern
	beside [][]int32 // of a stream, by pattern: rules about its packets
	src    *source
	chain  *match.Chain

	patterns []multi.Pattern // while it is made
	known    map[patternKey]int
}

// patternKey is a pattern as it can be compared.
type patternKey struct {
	bytes       string
	from, to    int
	fold, atEnd bool
}

// add lets a pattern find rule n.
func (g *group) add(p multi.Pattern, n int32) { insert(&g.rules[g.pattern(p)], n) }

// addBeside lets a pattern find rule n, which looks at the packet that carries the bytes of a stream.
func (g *group) addBeside(p multi.Pattern, n int32) { insert(&g.beside[g.pattern(p)], n) }

func insert(l *[]int32, n int32) {
	if k := len(*l); k == 0 || (*l)[k-1] != n {
		*l = append(*l, n)
	}
}

// pattern is the number of p in the group.
func (g *group) pattern(p multi.Pattern) int {
	key := patternKey{string(p.Bytes), p.From, p.To, p.Fold, p.AtEnd}
	i, ok := g.known[key]
	if !ok {
		if g.known == nil {
			g.known = map[patternKey]int{}
		}
		i = len(g.patterns)
		g.known[key] = i
		g.patterns = append(g.patterns, p)
		g.rules, g.beside = append(g.rules, nil), append(g.beside, nil)
	}
	return i
}

// Refused is a rule that cannot be evaluated.
type Refused struct {
	Rule *rule.Rule
	Err  error
}

// Options are what rules are compiled with.
type Options struct {
	Classes   map[string]rule.Class // of classtype; nil: none is known
	Data      map[string][]byte     // files that rules name, by their paths
	Overrides []rule.Override       // of threshold.config
	// Failed and Skipped are how many rules could not be read, or ask for another program: they are counted.
	Failed, Skipped int
	// Reputation is what lists say of addresses, for iprep; nil: nothing is known.
	Reputation *rule.Reputation
	// Alerts is how many alerts of a packet are told; 0 means 15.
	Alerts int
	// Order is which actions come first; empty: pass, drop, reject, alert.
	Order []rule.Action
	// Plain asks each rule about each buffer, whether its bytes are there or not, which is slow: what is quick must say the
	// same.
	Plain bool
	// Full reports that there is no room for more; it is asked now and then. nil: there always is.
	Full func() bool
	// SampleEvery is of how many evaluations one is timed; a power of two. 0 means 1,024.
	SampleEvery uint32
}

// Compile compiles rules. Those that cannot be evaluated are refused; the others make the set, which is nil where there is
// no room for it.
func Compile(rules []*rule.Rule, o Options) (*Set, []Refused) {
	s := &Set{fields: map[fieldKey]*group{}, records: map[event.Kind]*recordSet{}, frames: map[string]*recordSet{}, events: map[string][]int32{},
		bits: map[string]uint32{}, ints: map[string]uint32{}, classes: o.Classes, sample: cmp.Or(o.SampleEvery, sampleEvery) - 1,
		data: o.Data, datasets: map[string]*dataset{}, dataTests: map[*rule.Dataset]*dataTest{}, entropies: map[*rule.Entropy]string{},
		order: o.Order, most: cmp.Or(o.Alerts, maxAlerts), skipped: o.Skipped, reputation: o.Reputation}
	if len(s.order) == 0 {
		s.order = []rule.Action{rule.Pass, rule.Drop, rule.Reject}
	}
	over := newOverrides(o.Overrides)
	full := o.Full
	if full == nil {
		full = func() bool { return false }
	}
	var refused []Refused
	for i, r := range rules {
		if i%betweenLooks == 0 && full() {
			return nil, refused
		}
		if !r.Enabled {
			continue
		}
		c, err := s.compile(r, &over)
		if err != nil {
			refused = append(refused, Refused{r, err})
			continue
		}
		s.rules = append(s.rules, c)
		s.passes = s.passes || c.Action == rule.Pass
		s.follows = s.follows || len(c.Tags) > 0
	}
	slices.SortStableFunc(s.rules, func(a, b compiled) int { return cmp.Compare(a.rank, b.rank) })
	for i := range s.rules {
		s.place(int32(i))
	}
	s.data, s.failed = nil, o.Failed+len(refused)
	s.bitNames, s.intNames = names(s.bits), names(s.ints)
	s.addresses.build()
	s.flag()
	s.need()
	if !s.finish(o.Plain, full) {
		return nil, refused
	}
	return s, refused
}

// betweenLooks is how many rules are compiled between two looks at the room.
const betweenLooks = 256

// Len is how many rules are in the set.
func (s *Set) Len() int { return len(s.rules) }

// finish makes the matchers. It reports whether there was room for them.
func (s *Set) finish(plain bool, full func() bool) bool {
	over := false
	make := func(g *group) {
		if over = over || full(); over {
			return
		}
		if g.set = multi.Compile(g.patterns); plain {
			g.set = multi.Everything(len(g.patterns))
		}
		g.patterns, g.known = nil, nil
	}
	for i := range s.packets {
		for dir := range s.packets[i] {
			s.packets[i][dir].each(func(p *portGroup) { make(&p.group); make(&p.near); p.list(len(s.addresses.sets)) })
		}
	}
	for dir := range s.streams {
		s.streams[dir].each(func(p *portGroup) { make(&p.group) })
	}
	for _, g := range s.fields {
		make(g)
	}
	for dir := range s.windows {
		for stage := range s.windows[dir] {
			make(&s.windows[dir][stage])
		}
	}
	for _, sets := range []iter.Seq[*recordSet]{maps.Values(s.records), maps.Values(s.frames)} {
		for r := range sets {
			for _, g := range r.groups {
				make(g)
			}
		}
	}
	return !over
}

// place puts rule n where it will be found.
func (s *Set) place(n int32) {
	c := &s.rules[n]
	for _, e := range c.Events {
		if !e.Not {
			s.events[eventKey(e.Kind, e.Name)] = append(s.events[eventKey(e.Kind, e.Name)], n)
		}
	}
	if name := c.Proto.Name; (name == "arp" || name == "ether") && c.about != aboutEvent {
		s.linked = append(s.linked, n)
		if name == "arp" {
			return
		}
	}
	switch c.about {
	case aboutEvent:
	case aboutAddresses:
		s.once = append(s.once, n)
	case aboutProtocol:
		s.protocol = append(s.protocol, n)
	case aboutPackets:
		s.placePackets(n, c)
	case aboutHTTP:
		s.placeHTTP(n, c)
	case aboutRecord:
		s.placeRecord(n, c)
	case aboutFrame:
		s.placeFrame(n, c)
	}
}

func (s *Set) placeHTTP(n int32, c *compiled) {
	for dir := range wire.Dir(2) {
		if c.dirs>>dir&1 == 0 {
			continue
		}
		if c.fast < 0 {
			s.stages[dir][c.stage] = append(s.stages[dir][c.stage], n)
			continue
		}
		l := &c.looks[c.fast]
		if l.src == nil { // where in the stream what is kept of it begins, nobody knows
			s.windows[dir][c.stage].add(multi.Pattern{Bytes: c.pattern.Bytes, Fold: c.pattern.Fold}, n)
			continue
		}
		groupOf(s.fields, &s.list[dir][l.src.stage], l, dir).add(c.pattern, n)
	}
}

// groupOf is the group of a buffer as a look sees it, made where there is none yet.
func groupOf(known map[fieldKey]*group, list *[]*group, l *look, dir wire.Dir) *group {
	key, src := fieldKey{name: l.field.Name, dir: dir}, l.src
	if key.name == "http.response_body" { // it is gathered as a file
		src = httpSources["file.data"]
		key.name = src.name
	}
	chain := l.program.Chain()
	if chain != nil {
		key.chain = chain.Key()
	}
	g := known[key]
	if g == nil {
		g = &group{src: src, chain: chain}
		known[key] = g
		*list = append(*list, g)
	}
	return g
}

// recordSet is the rules about records of one kind.
type recordSet struct {
	groups map[fieldKey]*group
	list   []*group
	always []int32
}

func (s *Set) placeRecord(n int32, c *compiled) {
	s.placeKind(n, c, c.kind)
	if c.kind == event.KindTLS && c.alsoQUIC() {
		s.placeKind(n, c, event.KindQUIC)
	}
}

func (s *Set) placeKind(n int32, c *compiled, kind event.Kind) {
	for i := range c.looks {
		if f := c.looks[i].field; f != nil {
			s.digests |= digests[f.Name]
		}
	}
	r := s.records[kind]
	if r == nil {
		r = &recordSet{groups: map[fieldKey]*group{}}
		s.records[kind] = r
	}
	if c.fast < 0 {
		r.always = append(r.always, n)
		return
	}
	groupOf(r.groups, &r.list, &c.looks[c.fast], 0).add(c.pattern, n)
}

func (s *Set) placeFrame(n int32, c *compiled) {
	r := s.frames[c.frame]
	if r == nil {
		r = &recordSet{groups: map[fieldKey]*group{}}
		s.frames[c.frame] = r
	}
	if c.fast < 0 {
		r.always = append(r.always, n)
		return
	}
	groupOf(r.groups, &r.list, &c.looks[c.fast], 0).add(c.pattern, n)
}

func unsupported(what string) error { return fmt.Errorf("%w: %s", ErrUnsupported, what) }
