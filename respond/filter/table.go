package filter

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// tableName is ours alone.
const tableName = "bulwark"

// priority is before the rules of others (filter is 0): what is stopped here is stopped, and what is not goes on to theirs.
const priority = -10

// errAbsent means that the kernel has no table of ours.
var errAbsent = errors.New("filter: there is no table")

// entry is one entry of one set.
type entry struct{ set, key string }

// wanted are the entries that are to be in force, and until when.
type wanted map[entry]time.Time

// put wants an entry of addresses; of two orders for the same the later end counts.
func (w wanted) put(set string, until time.Time, addrs ...netip.Addr) {
	var key []byte
	for _, a := range addrs {
		key = append(key, a.AsSlice()...)
	}
	w.add(entry{set + version(addrs[0]), string(key)}, until)
}

// putPort wants an entry of two addresses, a protocol and a port: each filled up to four bytes, as registers are.
func (w wanted) putPort(set string, until time.Time, a, b netip.Addr, proto uint8, port uint16) {
	key := append(a.AsSlice(), b.AsSlice()...)
	key = append(key, proto, 0, 0, 0)
	key = append(binary.BigEndian.AppendUint16(key, port), 0, 0)
	w.add(entry{set + version(a), string(key)}, until)
}

func (w wanted) add(e entry, until time.Time) {
	if until.After(w[e]) {
		w[e] = until
	}
}

func version(a netip.Addr) string {
	if a.Is4() {
		return "4"
	}
	return "6"
}

// table is what the kernel has.
type table struct {
	left  map[entry]time.Duration // what is left of each entry's time
	rules int
}

// has reports whether all entries are in force.
func (t *table) has(w wanted) bool {
	if t == nil || t.rules != allRules {
		return false
	}
	for e := range w {
		if t.left[e] <= 0 {
			return false
		}
	}
	return true
}

// slack is how far an entry's end may be from the one that is wanted: the kernel counts in ticks, and we look a little later.
const slack = 2 * time.Second

// is reports whether the table is what is wanted, and nothing else.
func (t *table) is(w wanted, now time.Time) bool {
	if !t.has(w) || len(t.left) != len(w) {
		return false
	}
	for e, until := range w {
		if (until.Sub(now) - t.left[e]).Abs() > slack {
			return false
		}
	}
	return true
}

// read asks the kernel.
func read(c *nftables.Conn, family nftables.TableFamily) (*table, error) {
	tables, err := c.ListTablesOfFamily(family)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(tables, func(t *nftables.Table) bool { return t.Name == tableName })
	if i < 0 {
		return nil, errAbsent
	}
	out := &table{left: map[entry]time.Duration{}}
	chains, err := c.ListChainsOfTableFamily(family)
	if err != nil {
		return nil, err
	}
	for _, ch := range chains {
		if ch.Table.Name != tableName {
			continue
		}
		rules, err := c.GetRules(tables[i], ch)
		if err != nil {
			return nil, err
		}
		out.rules += len(rules)
	}
	sets, err := c.GetSets(tables[i])
	if err != nil {
		return nil, err
	}
	for _, s := range sets {
		elements, err := c.GetSetElements(s)
		if err != nil {
			return nil, err
		}
		for _, e := range elements {
			out.left[entry{s.Name, string(e.Key)}] = e.Expires
		}
	}
	return out, nil
}

// atOnce is how many entries go into one message to the kernel.
const atOnce = 500

// replace puts a whole table in the place of the one that there is, in one transaction.
func replace(c *nftables.Conn, family nftables.TableFamily, w wanted, now time.Time) error {
	t := &nftables.Table{Name: tableName, Family: family}
	c.AddTable(t) // so that there is one to take away
	c.DelTable(t)
	c.AddTable(t)
	b := builder{c: c, t: t, sets: map[string]*nftables.Set{}}
	if err := b.build(); err != nil {
		return err
	}
	elements := map[string][]nftables.SetElement{}
	for e, until := range w {
		if left := until.Sub(now).Truncate(time.Millisecond); left > 0 {
			elements[e.set] = append(elements[e.set], nftables.SetElement{Key: []byte(e.key), Timeout: left})
		}
	}
	for name, all := range elements {
		for some := range slices.Chunk(all, atOnce) {
			if err := c.SetAddElements(b.sets[name], some); err != nil {
				return err
			}
		}
	}
	if err := c.Flush(); err != nil {
		return fmt.Errorf("changing the packet filter: %w", err)
	}
	return nil
}

// builder makes sets, chains and rules.
type builder struct {
	c    *nftables.Conn
	t    *nftables.Table
	sets map[string]*nftables.Set
}

// Registers of four bytes each (linux/netfilter/nf_tables.h: NFT_REG32_00 is 8; NFT_REG_1 is the same place as it).
const reg0 = 8

// family is where a version of IP has what.
type family struct {
	name       string
	ethernet   uint16 // IEEE 802 protocol
	addr       nftables.SetDatatype
	length     uint32 // of an address, in bytes
	src, dst   uint32 // where they are in the header
	notices    uint8  // the protocol of notices about packets (ICMP)
	tooBig     []byte // of them the one without which kept conversations stall: the beginning of its header
	neighbours bool   // notices find neighbours
}

var families = [...]family{
	{"4", 0x0800, nftables.TypeIPAddr, 4, 12, 16, syscall.IPPROTO_ICMP, []byte{3, 4}, false}, // RFC 1191 §4
	{"6", 0x86dd, nftables.TypeIP6Addr, 16, 8, 24, syscall.IPPROTO_ICMPV6, []byte{2}, true},  // RFC 8201 §4
}

// allRules is how many rules a table has; fewer or more were not left by us.
const allRules = 3 + 2*8 + 4 + 5 + 1

// build makes the chains: one at each hook, which leads to guard; guard stops what is banned or blocked and leads what is isolated to
// isolated, which lets pass what is kept.
func (b *builder) build() error {
	for _, f := range families {
		if err := b.makeSets(f); err != nil {
			return err
		}
	}
	guard := b.c.AddChain(&nftables.Chain{Name: "guard", Table: b.t})
	isolated := b.c.AddChain(&nftables.Chain{Name: "isolated", Table: b.t})
	for _, f := range families {
		b.guard(guard, f)
		b.isolated(isolated, f)
	}
	b.rule(isolated, drop()...)
	accept := nftables.ChainPolicyAccept
	for name, hook := range map[string]*nftables.ChainHook{"input": nftables.ChainHookInput, "forward": nftables.ChainHookForward, "output": nftables.ChainHookOutput} {
		base := b.c.AddChain(&nftables.Chain{Name: name, Table: b.t, Type: nftables.ChainTypeFilter, Hooknum: hook,
			Priority: nftables.ChainPriorityRef(priority), Policy: &accept})
		b.rule(base, &expr.Verdict{Kind: expr.VerdictJump, Chain: "guard"})
	}
	return nil
}

func (b *builder) makeSets(f family) error {
	pair, err := nftables.ConcatSetType(f.addr, f.addr)
	if err != nil {
		return err
	}
	port, err := nftables.ConcatSetType(f.addr, f.addr, nftables.TypeInetProto, nftables.TypeInetService)
	if err != nil {
		return err
	}
	for _, x := range [...]struct {
		name string
		key  nftables.SetDatatype
	}{{"ban", f.addr}, {"hold", f.addr}, {"pair", pair}, {"port", port}, {"keep", port}} {
		s := &nftables.Set{Table: b.t, Name: x.name + f.name, KeyType: x.key, HasTimeout: true, Concatenation: x.key.Bytes > f.addr.Bytes}
		if err := b.c.AddSet(s, nil); err != nil {
			return err
		}
		b.sets[s.Name] = s
	}
	return nil
}

func (b *builder) rule(c *nftables.Chain, e ...expr.Any) {
	b.c.AddRule(&nftables.Rule{Table: b.t, Chain: c, Exprs: e})
}

func drop() []expr.Any { return []expr.Any{&expr.Counter{}, &expr.Verdict{Kind: expr.VerdictDrop}} }

// guard has eight rules for each version of IP: both directions of what is banned, blocked and isolated.
func (b *builder) guard(c *nftables.Chain, f family) {
	for _, set := range []string{"ban", "hold"} {
		end := drop()
		if set == "hold" {
			end = []expr.Any{&expr.Verdict{Kind: expr.VerdictGoto, Chain: "isolated"}}
		}
		for _, offset := range []uint32{f.src, f.dst} {
			b.rule(c, slices.Concat(f.only(), []expr.Any{f.load(offset, 0)}, b.in(set+f.name), end)...)
		}
	}
	for _, way := range f.ways() {
		b.rule(c, slices.Concat(f.only(), way.addresses, b.in("pair"+f.name), drop())...)
		b.rule(c, slices.Concat(f.only(), way.addresses, way.port, b.in("port"+f.name), drop())...)
	}
}

// isolated lets pass, of what is isolated, what is kept; what tells of packets too big for a way; and what a device needs to keep
// its address (DHCP) and, of IPv6, to find its neighbours. It has four rules for each version of IP, one more for neighbours.
func (b *builder) isolated(c *nftables.Chain, f family) {
	accept := []expr.Any{&expr.Verdict{Kind: expr.VerdictAccept}}
	for _, way := range f.ways() {
		b.rule(c, slices.Concat(f.only(), way.addresses, way.port, b.in("keep"+f.name), accept)...)
	}
	b.rule(c, slices.Concat(f.only(), transport(f.notices), payload(0, uint32(len(f.tooBig))), []expr.Any{equal(f.tooBig)}, accept)...)
	from, to := uint16(67), uint16(68) // RFC 2131 §4.1
	if f.neighbours {
		from, to = 546, 547 // RFC 9915 §7.2
	}
	b.rule(c, slices.Concat(f.only(), transport(syscall.IPPROTO_UDP), payload(2, 2), between(port(from), port(to)), accept)...)
	if f.neighbours { // RFC 4861 §4
		b.rule(c, slices.Concat(f.only(), transport(f.notices), payload(0, 1), between([]byte{133}, []byte{136}), accept)...)
	}
}

func port(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }

// in looks the registers up in a set.
func (b *builder) in(set string) []expr.Any {
	return []expr.Any{&expr.Lookup{SourceRegister: reg0, SetName: set, SetID: b.sets[set].ID}}
}

// only lets only packets of this version of IP on.
func (f family) only() []expr.Any {
	return []expr.Any{&expr.Meta{Key: expr.MetaKeyPROTOCOL, Register: reg0}, equal(binary.BigEndian.AppendUint16(nil, f.ethernet))}
}

// load reads an address into registers from the n-th on.
func (f family) load(offset, n uint32) expr.Any {
	return &expr.Payload{DestRegister: reg0 + n, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: f.length}
}

// way is how a key of a set is read from a packet: as it goes, or as its answer does.
type way struct{ addresses, port []expr.Any }

func (f family) ways() [2]way {
	n := f.length / 4
	one := func(first, second, port uint32) way {
		return way{[]expr.Any{f.load(first, 0), f.load(second, n)}, []expr.Any{
			&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: reg0 + 2*n},
			&expr.Payload{DestRegister: reg0 + 2*n + 1, Base: expr.PayloadBaseTransportHeader, Offset: port, Len: 2}}}
	}
	return [2]way{one(f.src, f.dst, 2), one(f.dst, f.src, 0)}
}

// transport lets only packets of one protocol on.
func transport(proto uint8) []expr.Any {
	return []expr.Any{&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: reg0}, equal([]byte{proto})}
}

// payload reads bytes of the transport header.
func payload(offset, length uint32) []expr.Any {
	return []expr.Any{&expr.Payload{DestRegister: reg0, Base: expr.PayloadBaseTransportHeader, Offset: offset, Len: length}}
}

func equal(value []byte) expr.Any {
	return &expr.Cmp{Op: expr.CmpOpEq, Register: reg0, Data: value}
}

func between(from, to []byte) []expr.Any {
	return []expr.Any{&expr.Range{Op: expr.CmpOpEq, Register: reg0, FromData: from, ToData: to}}
}
