package engine

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"bulwark/detect/signature/internal/rule"
	"bulwark/wire"
	"bulwark/wire/packet"
)

// setHolder holds the rules in force.
type setHolder = atomic.Pointer[Set]

// bit is one of flowbits, xbits or hostbits of a rule.
type bit struct {
	*rule.Bit
	ids []uint32
}

// counter is a flowint of a flow.
type counter struct {
	name uint32
	n    uint64
}

// compileState prepares what a rule remembers and asks for. Rules that set come before those that ask.
func (s *Set) compileState(c *compiled) error {
	sets, asks, unsets := false, false, false
	for i := range c.Bits {
		b := bit{Bit: &c.Bits[i]}
		for _, name := range b.Names {
			b.ids = append(b.ids, id(s.bits, name))
		}
		switch b.Do {
		case "unset":
			unsets = true
		case "set", "toggle":
			sets = true
		case "isset", "isnotset":
			asks = true
		default:
			return unsupported("flowbits:" + b.Do)
		}
		c.bits = append(c.bits, b)
	}
	for i := range c.Ints {
		id(s.ints, c.Ints[i].Name)
		switch c.Ints[i].Do {
		case "+", "-", "=":
			sets = true
		default:
			asks = true
		}
	}
	switch {
	case unsets && !sets && !asks:
		c.rank = 0
	case sets && !asks:
		c.rank = 1
	case sets || unsets:
		c.rank = 2
	case asks:
		c.rank = 3
	default:
		c.rank = 4
	}
	c.rank |= s.actionRank(c.Action) << 3
	c.rank = c.rank<<8 | int(priority(c))
	for _, m := range c.Metadata {
		c.metadata = append(c.metadata, m.Key+" "+m.Value)
	}
	for _, r := range c.References {
		c.references = append(c.references, r.Key+","+r.Value)
	}
	return nil
}

// actionRank is the place of an action in the order of all; those that are not named come last.
func (s *Set) actionRank(a rule.Action) int {
	if i := slices.Index(s.order, a); i >= 0 {
		return i
	}
	return len(s.order)
}

func priority(c *compiled) uint8 {
	if c.Priority != 0 {
		return c.Priority
	}
	if c.class.Priority != 0 {
		return c.class.Priority
	}
	return 3
}

func id(m map[string]uint32, name string) uint32 {
	n, ok := m[name]
	if !ok {
		n = uint32(len(m) + 1)
		m[name] = n
	}
	return n
}

const (
	maxBits = 256 // bits and numbers that are kept of a flow
	maxInts = 64
)

// bitsAsked reports whether the bits that a rule asks for stand.
func (w *Watcher) bitsAsked(c *compiled) bool {
	for i := range c.bits {
		b := &c.bits[i]
		switch b.Do {
		case "isset":
			if !slices.ContainsFunc(b.ids, func(n uint32) bool { return w.hasBit(b, n) }) {
				return false
			}
		case "isnotset":
			if slices.ContainsFunc(b.ids, func(n uint32) bool { return w.hasBit(b, n) }) {
				return false
			}
		}
	}
	return true
}

func (w *Watcher) hasBit(b *bit, n uint32) bool {
	if b.Of == "flow" || b.Of == "tx" || b.Of == "" {
		return w.view.st != nil && slices.Contains(w.view.st.bits, n)
	}
	return w.view.f != nil && w.shared.memory.has(w.bitKey(b, n), w.view.f.Time)
}

// bitKey names a bit of an address or a pair of them.
func (w *Watcher) bitKey(b *bit, n uint32) memoryKey {
	f := w.view.f
	src, dst := packet.Addr(&f.Src, f.V6), packet.Addr(&f.Dst, f.V6)
	if w.view.dir == wire.ToClient {
		src, dst = dst, src
	}
	k := memoryKey{kind: 'b', id: n}
	switch b.Of {
	case "host_src", "ip_src":
		k.a = src
	case "host_dst", "ip_dst":
		k.a = dst
	default:
		if k.a, k.b = src, dst; dst.Less(src) {
			k.a, k.b = dst, src
		}
	}
	return k
}

// defaultExpire is how long a bit of an address stands, in seconds (Suricata: xbits).
const defaultExpire = 30

// setBits does what a rule that holds asks for.
func (w *Watcher) setBits(c *compiled) {
	st := w.view.st
	for i := range c.bits {
		b := &c.bits[i]
		if b.Do == "isset" || b.Do == "isnotset" {
			continue
		}
		for _, n := range b.ids {
			ofFlow := b.Of == "flow" || b.Of == "tx" || b.Of == ""
			is := w.hasBit(b, n)
			on := b.Do == "set" || b.Do == "toggle" && !is
			switch {
			case !ofFlow && w.view.f != nil:
				expire := b.Expire
				if expire == 0 {
					expire = defaultExpire
				}
				w.shared.memory.set(w.bitKey(b, n), on, w.view.f.Time+int64(expire)*1e9)
			case st == nil:
			case on && !is && len(st.bits) < maxBits:
				st.bits = append(st.bits, n)
			case !on && is:
				st.bits = slices.DeleteFunc(st.bits, func(x uint32) bool { return x == n })
			}
		}
	}
}

func (st *state) intOf(n uint32) *counter {
	for i := range st.ints {
		if st.ints[i].name == n {
			return &st.ints[i]
		}
	}
	return nil
}

// operand is the number that a flowint is about.
func (w *Watcher) operand(x *rule.Int) uint64 {
	if x.Var == "" {
		return x.N
	}
	if c := w.view.st.intOf(w.set.ints[x.Var]); c != nil {
		return c.n
	}
	return 0
}

// intsAsked reports whether the numbers of the flow are as a rule asks.
func (w *Watcher) intsAsked(c *compiled) bool {
	for i := range c.Ints {
		x := &c.Ints[i]
		if w.view.st == nil {
			return false
		}
		have := w.view.st.intOf(w.set.ints[x.Name])
		holds := true
		switch x.Do {
		case "isset":
			holds = have != nil
		case "notset", "isnotset":
			holds = have == nil
		case "+", "-", "=":
		default:
			holds = have != nil && compare(x.Do, have.n, w.operand(x))
		}
		if !holds {
			return false
		}
	}
	return true
}

func compare(op string, a, b uint64) bool {
	switch op {
	case "==":
		return a == b
	case "!=":
		return a != b
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	case ">=":
		return a >= b
	}
	return false
}

func (w *Watcher) setInts(c *compiled) {
	for i := range c.Ints {
		x := &c.Ints[i]
		st := w.view.st
		if st == nil || x.Do != "+" && x.Do != "-" && x.Do != "=" {
			continue
		}
		n := w.set.ints[x.Name]
		have := st.intOf(n)
		if have == nil {
			if len(st.ints) >= maxInts {
				continue
			}
			st.ints = append(st.ints, counter{name: n})
			have = &st.ints[len(st.ints)-1]
		}
		switch v := w.operand(x); x.Do {
		case "+":
			have.n += v
		case "-":
			have.n -= min(v, have.n)
		default:
			have.n = v
		}
	}
}

// due reports whether an alert of rule n is to be told by its threshold.
func (w *Watcher) due(n int32, c *compiled) bool {
	if c.Threshold == nil && c.Detection == nil || w.view.f == nil {
		return true
	}
	if d := c.Detection; d != nil {
		if w.shared.memory.count(w.thresholdKey(c, d, 'd'), w.view.f.Time, d.Seconds) <= d.Count {
			return false
		}
	}
	t := c.Threshold
	if t == nil {
		return true
	}
	seconds := t.Seconds
	if t.Backoff {
		seconds = 1 << 31 // it goes on as long as the flow
	}
	got := w.shared.memory.count(w.thresholdKey(c, t, 't'), w.view.f.Time, seconds)
	switch {
	case t.Backoff:
		for at := t.Count; ; at *= max(t.Multiplier, 2) {
			if got <= at {
				return got == at
			}
		}
	case t.Limit && t.Threshold: // both: once, when there are enough
		return got == t.Count
	case t.Limit:
		return got <= t.Count
	}
	return t.Count > 0 && got%t.Count == 0
}

func (w *Watcher) thresholdKey(c *compiled, t *rule.Threshold, kind byte) memoryKey {
	f := w.view.f
	src, dst := packet.Addr(&f.Src, f.V6), packet.Addr(&f.Dst, f.V6)
	if w.view.dir == wire.ToClient {
		src, dst = dst, src
	}
	k := memoryKey{kind: kind, id: c.SID, gid: c.GID}
	switch t.Track {
	case "by_src":
		k.a = src
	case "by_dst":
		k.a = dst
	case "by_both":
		k.a, k.b = src, dst
	case "by_flow":
		k.flow = f.ID
	}
	return k
}

// memory is what rules remember of addresses, for all watchers. It is bounded: what was not used for longest goes first,
// roughly.
type memory struct {
	mu      sync.Mutex
	facts   map[memoryKey]fact
	dropped uint64
}

// maxMemory is how many facts are remembered.
const maxMemory = 1 << 18

type memoryKey struct {
	kind    byte
	id, gid uint32
	a, b    netip.Addr
	flow    uint64
}

// fact is a bit until a time, or a count since one; in unix nanoseconds.
type fact struct {
	until int64
	n     uint32
}

func newMemory() *memory { return &memory{facts: map[memoryKey]fact{}} }

func (m *memory) has(k memoryKey, now int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, ok := m.facts[k]
	return ok && now < f.until
}

func (m *memory) set(k memoryKey, on bool, until int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !on {
		delete(m.facts, k)
		return
	}
	m.room()
	m.facts[k] = fact{until: until}
}

// count counts once more, and is how often it was since the window began.
func (m *memory) count(k memoryKey, now int64, seconds uint32) uint32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, ok := m.facts[k]
	if !ok || now >= f.until {
		m.room()
		f = fact{until: now + int64(max(seconds, 1))*1e9}
	}
	f.n++
	m.facts[k] = f
	return f.n
}

// room makes room for one more: of a few at random the one that ends first goes.
func (m *memory) room() {
	if len(m.facts) < maxMemory {
		return
	}
	var first memoryKey
	var until int64
	n := 0
	for k, f := range m.facts { // in an order that is random
		if n == 0 || f.until < until {
			first, until = k, f.until
		}
		if n++; n == 16 {
			break
		}
	}
	delete(m.facts, first)
	m.dropped++
}
