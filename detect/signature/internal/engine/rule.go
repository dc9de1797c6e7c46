package engine

import (
	"math"
	"slices"
	"strings"

	"bulwark/detect/signature/internal/field"
	"bulwark/detect/signature/internal/match"
	"bulwark/detect/signature/internal/multi"
	"bulwark/detect/signature/internal/rule"
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/inspect"
)

// about is when a rule is asked.
type about uint8

const (
	aboutPackets   about = iota
	aboutAddresses       // once per flow and direction
	aboutHTTP            // HTTP and the files that protocols carry
	aboutRecord          // what is told of a conversation
	aboutEvent           // anomalies
	aboutFrame           // parts of what a protocol sends
	aboutProtocol        // once per flow, when its protocol is known
)

// compiled is a rule as it is evaluated.
type compiled struct {
	*rule.Rule
	Threshold, Detection *rule.Threshold // with what threshold.config says
	suppress             []suppression
	rates                []*rule.Override
	raises               []*rule.Override // that tell of what the rule lets pass

	rank  int // rules that set what others ask for come first
	about about
	kind  event.Kind // of aboutRecord
	frame string     // of aboutFrame
	stage inspect.Stage
	dirs  uint8 // bit of each direction in which it is asked

	src, dst       int // sets of addresses; -1: any
	sports, dports portSet
	transport      uint8
	app            []string // names of the protocol; nil: any

	looks   []look
	fast    int           // look whose bytes find the rule; -1: none
	pattern multi.Pattern // those bytes

	inPackets, inStreams bool
	streams              bool // it looks at streams alone
	headers              bool // it looks at headers of packets
	waits                bool // more bytes of a stream may turn its answer to no

	tests                []packetTest
	bits                 []bit
	vars                 []*rule.PacketTest // flowvar and pktvar
	class                rule.Class
	metadata, references []string // as an alert has them
}

// look is a buffer with what must hold of it.
type look struct {
	field   *field.Field // nil: the payload
	frame   string       // of the field frame: which one
	dir     wire.Dir     // in which it is looked at; Either: both
	src     *source      // nil: the payload
	program *match.Program
	numbers [][]rule.Number     // of an integer: of each one must hold
	pick    *rule.Pick          // of an integer with several values: which; nil: any
	own     []func([]byte) bool // tests with a syntax of their own
}

func (s *Set) compile(r *rule.Rule, o *overrides) (compiled, error) {
	c := compiled{Rule: r, fast: -1, src: s.addresses.intern(&r.Source), dst: s.addresses.intern(&r.Dest),
		sports: portsOf(&r.SourcePorts), dports: portsOf(&r.DestPorts), transport: r.Proto.Transport, app: appNames(r.Proto.App)}
	c.class = s.classes[r.Class]
	s.override(&c, o)
	switch {
	case r.Action == rule.Accept:
		return c, unsupported("accept")
	}
	if err := c.compileLooks(s); err != nil {
		return c, err
	}
	for i := range r.Tests {
		if name := r.Tests[i].Name; name == "flowvar" || name == "pktvar" {
			c.vars = append(c.vars, &r.Tests[i])
			continue
		}
		t, err := compileTest(&r.Tests[i], s.reputation)
		if err != nil {
			return c, err
		}
		c.tests = append(c.tests, t)
	}
	if err := s.compileState(&c); err != nil {
		return c, err
	}
	if err := c.settle(); err != nil {
		return c, err
	}
	c.choose()
	return c, nil
}

// appNames are the names under which the sensor knows a protocol of rules.
func appNames(app string) []string {
	switch app {
	case "":
		return nil
	case "http":
		return []string{"http", "http2", "doh2"}
	case "http2":
		return []string{"http2", "doh2"}
	case "http1":
		return []string{"http"}
	case "tls", "ssl":
		return []string{"tls"}
	case "dns":
		return []string{"dns", "doh2"}
	case "dcerpc": // in pipes of SMB, too
		return []string{"dcerpc", "smb"}
	}
	return []string{app}
}

func (c *compiled) compileLooks(s *Set) error {
	var looked []rule.Looked
	for i := range c.Buffers {
		b := &c.Buffers[i]
		l := look{field: b.Field, dir: wire.Either}
		if b.Frame != "" {
			switch name := frameName(c.Proto.App, b.Frame); {
			case name == "":
				return unsupported("frame " + b.Frame)
			case strings.HasSuffix(name, ".stream"): // all that a side sends
				l.field, c.streams = nil, true
			default:
				l.frame = name
			}
		}
		if b.Field != nil {
			l.dir = b.Dir
		}
		if b.Field != nil && b.Field.Name != "base64_data" && !isFrame(b.Field) {
			if l.src = sourceOf(b.Field); l.src == nil {
				return unsupported(b.Field.Name)
			}
		}
		if b.Field != nil && b.Field.Kind == field.Integer {
			for _, t := range b.Tests {
				switch n := t.(type) {
				case *rule.Number:
					l.numbers = append(l.numbers, []rule.Number{*n})
				case *rule.Own:
					numbers := n.Numbers
					if slices.Contains(n.Words, "weak") {
						numbers = append(slices.Clone(numbers), weakCiphers()...)
					}
					if len(numbers) == 0 || n.Not {
						return unsupported(n.Name)
					}
					l.numbers = append(l.numbers, numbers)
				default:
					return unsupported(b.Field.Name + " with more than numbers")
				}
			}
			l.pick = b.Pick
			c.looks = append(c.looks, l)
			continue
		}
		for _, t := range b.Tests {
			switch t := t.(type) {
			case *rule.Dataset:
				if err := s.compileData(c.Rule, t); err != nil {
					return err
				}
			case *rule.Entropy:
				s.entropies[t] = entropyName(&l)
			case *rule.PCRE:
				s.follows = s.follows || len(t.Captures) > 0
			case *rule.Lua:
				return unsupported("lua")
			case *rule.Own:
				hold, err := compileOwn(b.Field, t)
				if err != nil {
					return err
				}
				l.own = append(l.own, hold)
			}
		}
		looked = append(looked, withoutOwn(*b, len(l.own)))
		c.looks = append(c.looks, l)
	}
	programs, err := match.CompileAll(looked)
	if err != nil {
		return err
	}
	kept := c.looks[:0]
	for _, l := range c.looks {
		if l.numbers == nil && (l.field == nil || l.field.Kind != field.Integer) {
			l.program, programs = programs[0], programs[1:]
			if l.program == nil && l.own == nil {
				continue // it is a part of another
			}
		}
		kept = append(kept, l)
	}
	c.looks = kept
	return nil
}

// settle decides when the rule is asked, and in which directions.
func (c *compiled) settle() error {
	if c.Exchange {
		return c.settleExchange()
	}
	framed := slices.ContainsFunc(c.looks, func(l look) bool { return l.frame != "" })
	c.dirs = 1<<wire.ToServer | 1<<wire.ToClient
	switch {
	case c.Flow.ToServer && !c.Flow.ToClient:
		c.dirs = 1 << wire.ToServer
	case c.Flow.ToClient && !c.Flow.ToServer:
		c.dirs = 1 << wire.ToClient
	}
	if err := c.settleHook(); err != nil {
		return err
	}
	switch c.FileDir {
	case "to_server":
		c.dirs &= 1 << wire.ToServer
	case "to_client":
		c.dirs &= 1 << wire.ToClient
	}
	if framed {
		return c.settleFrames()
	}
	app, record, payload := false, event.KindNone, false
	mixed := c.mixesBodies()
	for i := range c.looks {
		src := c.looks[i].src
		if src == nil {
			payload = true
			continue
		}
		for _, d := range [2]wire.Dir{src.dir, c.looks[i].dir} {
			if d != wire.Either {
				c.dirs &= 1 << d
			}
		}
		if src.packet != nil {
			c.headers = true
			continue
		}
		if mixed && ofBodies(src) {
			c.stage = inspect.Whole
			continue
		}
		if src.record != event.KindNone {
			if record != event.KindNone && record != src.record {
				return unsupported("fields of several protocols together")
			}
			record = src.record
			continue
		}
		app = true
		c.stage = max(c.stage, src.stage)
	}
	switch {
	case app && record != event.KindNone:
		return unsupported("fields of several protocols together")
	case c.dirs == 0:
		return unsupported("buffers of both directions together")
	case len(c.Events) > 0:
		c.about = aboutEvent
	case app:
		c.about = aboutHTTP
	case record != event.KindNone:
		c.about, c.kind = aboutRecord, record
	case !payload && len(c.tests) == 0 && !c.headers && len(c.app) > 0:
		c.settleApp()
	case !payload && !c.headers && c.protocolTests():
		c.about = aboutProtocol
	case !payload && !c.headers && c.addressTests() && len(c.vars) == 0 && len(c.bits) == 0 && len(c.Ints) == 0 && c.Flow == (rule.Flow{}) && c.Threshold == nil && c.Detection == nil:
		c.about = aboutAddresses
	default:
		c.settlePayload()
	}
	return nil
}

// settleApp is for a rule about a protocol that looks at no buffer: it is asked at each packet once the protocol is known.
func (c *compiled) settleApp() {
	if c.Proto.Hook != "" {
		c.settleState()
		return
	}
	if c.Store != nil { // each file once
		c.about, c.kind = aboutRecord, event.KindFile
		return
	}
	c.settlePayload()
}

// settlePayload decides whether packets or the stream are looked at: those of TCP as a stream, unless the rule speaks of
// packets; and of both where it says where in a packet its bytes stand.
func (c *compiled) settlePayload() {
	c.about = aboutPackets
	payload := false
	for i := range c.looks {
		if p := c.looks[i].program; c.looks[i].src == nil && p != nil {
			payload = true
			c.waits = c.waits || p.Waits()
		}
	}
	tcp := c.transport == 0 || c.transport == 6
	packetTests := c.headers || len(c.tests) > 0 && !c.streamTests()
	c.inStreams = payload && tcp && !c.Proto.PktOnly && !packetTests && !c.Flow.NoStream
	c.inPackets = !c.inStreams || pinned(c.Buffers) || c.transport == 0
	if c.streams || c.Proto.Streams || c.Flow.OnlyStream {
		c.inPackets = false
	}
}

// protocolTests reports whether the rule asks of nothing but which protocol a flow is.
func (c *compiled) protocolTests() bool {
	for i := range c.tests {
		t := &c.tests[i]
		if t.Name != "app-layer-protocol" || slices.ContainsFunc(t.Words, func(w string) bool { return w == "unknown" || w == "failed" }) {
			return false
		}
	}
	return len(c.tests) > 0
}

// streamTests reports whether all tests of the packet are of the flow rather.
func (c *compiled) streamTests() bool {
	for i := range c.tests {
		if !c.tests[i].ofFlow {
			return false
		}
	}
	return true
}

// pinned reports whether a content says where in the payload it stands.
func pinned(buffers []rule.Looked) bool {
	for i := range buffers {
		if buffers[i].Field != nil {
			continue
		}
		for _, t := range buffers[i].Tests {
			if x, ok := t.(*rule.Content); ok && (x.Offset.Set || x.Depth.Set || x.StartsWith) {
				return true
			}
		}
	}
	return false
}

// choose chooses the bytes that find the rule: those that it names, else the rarest.
func (c *compiled) choose() {
	best := -1
	for i := range c.looks {
		l := &c.looks[i]
		if l.src != nil && c.about == aboutHTTP && ofBodies(l.src) || c.Exchange && (l.dir == wire.ToServer || c.about == aboutRecord) { // what is asked when the response is there is found by it
			continue
		}
		if l.program == nil || l.src != nil && l.src.packet != nil || l.program.WhenAbsent() || c.about == aboutRecord && l.src == nil {
			continue
		}
		fast := l.program.Fast()
		if len(fast) == 0 {
			continue
		}
		worth := l.program.FastWorth()
		if c.about == aboutHTTP && l.src == nil {
			if l.field != nil || l.program.Chain() != nil {
				continue
			}
			worth = min(worth, 512)/4 + 2 // more bytes are looked through than those of a field
		}
		if l.field != nil {
			worth += 80
			switch name := l.field.Name; {
			case name == "http.method" || name == "http.stat_code" || name == "http.protocol":
				worth = 1
			case strings.HasPrefix(name, "http.header"):
				worth -= 24
			}
		}
		if worth > best {
			best, c.fast, c.pattern = worth, i, fast[0]
		}
	}
}

// packetPattern is the bytes that find the rule in a packet. Such as it says stand near the packet's begin are taken where
// they are no worse than those that find it anywhere: the head of a request of DNS finds all that ask for a name. near
// says that looking at the packet's begin alone is cheaper than to look for them in all of it.
func (c *compiled) packetPattern() (best multi.Pattern, near bool) {
	if c.fast < 0 {
		return best, false
	}
	best, most := c.pattern, 0
	if n := c.largest(); n <= nearby && n >= len(best.Bytes) && (best.To == 0 || best.To > n) { // such a packet is near as a whole
		best.To, near = n, true
	}
	if len(best.Bytes) > 3 {
		most = c.looks[c.fast].program.FastWorth()
	}
	for i := range c.looks {
		l := &c.looks[i]
		if l.src != nil || l.program == nil || l.program.WhenAbsent() || l.program.Chain() != nil {
			continue
		}
		p, worth, found := l.program.FastWithin(nearby)
		if !found || worth < most || len(p.Bytes) < 3 && !begins(&p) {
			continue
		}
		best, most, near = p, worth, begins(&p) || !telling(&p, tellingPacket)
	}
	return best, near
}

// largest is how many bytes of payload a packet has at most that the rule is about.
func (c *compiled) largest() int {
	least := math.MaxInt
	for i := range c.tests {
		if t := &c.tests[i]; t.Name == "dsize" && !t.Not && len(t.Numbers) > 0 {
			most := 0
			for k := range t.Numbers {
				most = max(most, upTo(&t.Numbers[k]))
			}
			least = min(least, most)
		}
	}
	return least
}

// upTo is the greatest number for which n holds, or more.
func upTo(n *rule.Number) int {
	most := uint64(math.MaxInt)
	switch {
	case n.Not || n.Var != "":
	case n.Op == rule.Equal || n.Op == rule.Less || n.Op == rule.LessEqual:
		most = n.A
	case n.Op == rule.Between || n.Op == rule.Within:
		most = n.B
	}
	return int(min(most, math.MaxInt))
}

// begins reports whether p stands at the begin.
func begins(p *multi.Pattern) bool { return p.From == 0 && p.To == len(p.Bytes) }
