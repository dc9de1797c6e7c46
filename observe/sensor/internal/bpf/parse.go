package bpf

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// node is an expression: and, or, not, or a test.
type node interface{}

type (
	and struct{ a, b node }
	or  struct{ a, b node }
	not struct{ a node }
)

// maxDepth bounds parentheses and negations.
const maxDepth = 200

// parser reads one expression by recursive descent.
type parser struct {
	frame  Frame
	text   string
	tokens []token
	at     int
	depth  int
	last   *qualifiers // those of the test before, for a value alone
}

// qualifiers are the words before a value.
type qualifiers struct {
	proto string // "", ip, ip6, arp, rarp, tcp, udp, sctp
	dir   string // "", src, dst, both
	kind  string // host, net, port, portrange
}

func parse(text string, frame Frame) (node, error) {
	p := &parser{frame: frame, text: text, tokens: lex(text)}
	if p.peek() == "" {
		return nil, nil
	}
	n, err := p.expression()
	if err == nil && p.peek() != "" {
		err = p.fail("%q is not expected here", p.peek())
	}
	if err != nil {
		return nil, err
	}
	return n, nil
}

func (p *parser) peek() string { return p.tokens[p.at].text }

func (p *parser) next() string {
	t := p.tokens[p.at].text
	if t != "" {
		p.at++
	}
	return t
}

// accept takes the next word when it is one of these.
func (p *parser) accept(words ...string) string {
	for _, w := range words {
		if p.peek() == w {
			return p.next()
		}
	}
	return ""
}

// fail is an error at the next word.
func (p *parser) fail(format string, args ...any) error {
	return &Error{Pos: p.tokens[p.at].pos, Text: fmt.Sprintf(format, args...), Expression: p.text}
}

// failBefore is an error at the word just taken.
func (p *parser) failBefore(format string, args ...any) error {
	p.at--
	return p.fail(format, args...)
}

func (p *parser) expression() (node, error) {
	a, err := p.primitive()
	for err == nil {
		op := p.accept("and", "&&", "or", "||")
		if op == "" {
			return a, nil
		}
		var b node
		if b, err = p.primitive(); op == "and" || op == "&&" {
			a = and{a, b}
		} else {
			a = or{a, b}
		}
	}
	return nil, err
}

func (p *parser) primitive() (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail("nested too deeply")
	}
	defer func() { p.depth-- }()
	switch {
	case p.accept("not", "!") != "":
		n, err := p.primitive()
		return not{n}, err
	case p.accept("(") != "":
		n, err := p.expression()
		if err == nil && p.accept(")") == "" {
			err = p.fail("a closing parenthesis is missing")
		}
		return n, err
	}
	return p.test()
}

// test reads one test.
func (p *parser) test() (node, error) {
	switch p.peek() {
	case "":
		return nil, p.fail("a test is missing")
	case "vlan":
		return p.vlan()
	case "ether":
		return p.ether()
	case "broadcast", "multicast":
		return p.cast(p.next())
	case "less", "greater":
		return p.length(p.next())
	case "proto":
		p.next()
		n, err := p.number(0, 255)
		return transport(n), err
	}
	return p.qualified()
}

// qualified reads protocol, direction, kind and value, of which some may be missing.
func (p *parser) qualified() (node, error) {
	var q qualifiers
	start := p.at
	q.proto = p.accept("ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6", "igmp", "esp", "gre")
	if q.proto != "" && p.peek() == "proto" && (q.proto == "ip" || q.proto == "ip6") {
		p.next()
		n, err := p.number(0, 255)
		return and{protocol(q.proto), transport(n)}, err
	}
	q.dir = p.direction()
	q.kind = p.accept("host", "net", "port", "portrange")
	if q.kind == "" {
		switch {
		case q.proto != "" && q.dir == "":
			return protocol(q.proto), nil
		case p.at != start: // "src 10.0.0.1" means a host
			q.kind = "host"
		case p.last == nil || !startsValue(p.peek()):
			return nil, p.fail("%q is not a test", p.peek())
		default:
			q = *p.last
		}
	}
	p.last = &q
	return p.value(q)
}

func (p *parser) direction() string {
	first := p.accept("src", "dst")
	if first == "" {
		return ""
	}
	other := map[string]string{"src": "dst", "dst": "src"}[first]
	if p.peek() != "or" && p.peek() != "and" || p.tokens[p.at+1].text != other {
		return first
	}
	op := p.next()
	// "src or dst port 80" goes on with a kind; "src 1.2.3.4" or a test by itself would not begin with the other word
	// followed by one.
	p.next()
	if op == "and" {
		return "both"
	}
	return ""
}

// startsValue tells whether a word can only be a value.
func startsValue(word string) bool {
	return word != "" && (word[0] >= '0' && word[0] <= '9' || strings.Contains(word, ":"))
}

func (p *parser) value(q qualifiers) (node, error) {
	word := p.next()
	if word == "" {
		return nil, p.fail("%s needs a value", q.kind)
	}
	switch q.kind {
	case "port":
		n, err := strconv.ParseUint(word, 10, 16)
		if err != nil {
			return nil, p.failBefore("%q is no port between 0 and 65535; names are not looked up", word)
		}
		return p.ports(q, uint32(n), uint32(n))
	case "portrange":
		from, to, ok := strings.Cut(word, "-")
		a, err1 := strconv.ParseUint(from, 10, 16)
		b, err2 := strconv.ParseUint(to, 10, 16)
		if !ok || err1 != nil || err2 != nil || a > b {
			return nil, p.failBefore("%q is no range of ports such as 8000-8099", word)
		}
		return p.ports(q, uint32(a), uint32(b))
	}
	prefix, err := p.prefix(q.kind, word)
	if err != nil {
		return nil, err
	}
	return p.hosts(q, prefix)
}

// prefix reads an address or a network.
func (p *parser) prefix(kind, word string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(word); err == nil && a.Zone() == "" {
		if kind == "net" && p.accept("mask") != "" {
			return p.mask(a)
		}
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
	}
	if kind == "host" {
		return netip.Prefix{}, p.failBefore("%q is no address; names are not looked up", word)
	}
	if n, err := netip.ParsePrefix(word); err == nil {
		if n != n.Masked() {
			return netip.Prefix{}, p.failBefore("%s has bits behind its mask; the network is %s", n, n.Masked())
		}
		return n, nil
	}
	if n, ok := shortNet(word); ok {
		return n, nil
	}
	return netip.Prefix{}, p.failBefore("%q is no network such as 10.0.0.0/8", word)
}

// mask reads the mask behind "net ADDRESS mask".
func (p *parser) mask(a netip.Addr) (netip.Prefix, error) {
	word := p.next()
	m, err := netip.ParseAddr(word)
	if err != nil || !m.Is4() || !a.Is4() {
		return netip.Prefix{}, p.failBefore("%q is no IPv4 mask", word)
	}
	b := m.As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	ones := 0
	for v&(1<<31) != 0 {
		v <<= 1
		ones++
	}
	if v != 0 {
		return netip.Prefix{}, p.failBefore("%q is no mask of leading ones", word)
	}
	return netip.PrefixFrom(a, ones).Masked(), nil
}

// shortNet reads the old short forms: 10, 172.16, 192.168.1.
func shortNet(word string) (netip.Prefix, bool) {
	n := strings.Count(word, ".") + 1
	if n > 3 || strings.Contains(word, "/") {
		return netip.Prefix{}, false
	}
	a, err := netip.ParseAddr(word + strings.Repeat(".0", 4-n))
	return netip.PrefixFrom(a, 8*n), err == nil
}

func (p *parser) number(low, high uint64) (uint32, error) {
	word := p.next()
	if word == "" {
		return 0, p.fail("a number is missing")
	}
	n, err := strconv.ParseUint(word, 0, 32)
	if err != nil || n < low || n > high {
		return 0, p.failBefore("%q is no number between %d and %d", word, low, high)
	}
	return uint32(n), nil
}

func (p *parser) vlan() (node, error) {
	p.next()
	if p.frame == RawIP {
		return nil, p.failBefore("frames without a link header have no VLAN")
	}
	if !startsValue(p.peek()) {
		return not{eq(memory(slotVLAN), noVLAN)}, nil
	}
	id, err := p.number(0, 4095)
	return or{eq(memory(slotVLAN), id), eq(memory(slotInner), id)}, err
}

func (p *parser) ether() (node, error) {
	p.next()
	if p.frame == RawIP {
		return nil, p.failBefore("frames without a link header have no MAC address")
	}
	if p.accept("proto") != "" {
		n, err := p.number(0, 65535)
		return eq(memory(slotType), n), err
	}
	if w := p.accept("broadcast", "multicast"); w != "" {
		return p.cast(w)
	}
	dir := p.direction()
	p.accept("host")
	word := p.next()
	mac, ok := parseMAC(word)
	if !ok {
		if word == "" {
			return nil, p.fail("a MAC address is missing")
		}
		return nil, p.failBefore("%q is no MAC address such as 00:1a:2b:3c:4d:5e", word)
	}
	return sides(dir, macAt(6, mac), macAt(0, mac)), nil
}

func parseMAC(word string) (mac [6]byte, ok bool) {
	parts := strings.FieldsFunc(word, func(r rune) bool { return r == ':' || r == '-' })
	if len(parts) != 6 {
		return mac, false
	}
	for i, s := range parts {
		b, err := strconv.ParseUint(s, 16, 8)
		if err != nil {
			return mac, false
		}
		mac[i] = byte(b)
	}
	return mac, true
}

func (p *parser) cast(word string) (node, error) {
	if p.frame == RawIP {
		return nil, p.failBefore("frames without a link header have no MAC address")
	}
	if word == "broadcast" {
		return macAt(0, [6]byte{255, 255, 255, 255, 255, 255}), nil
	}
	return bits(load(0, 1), 1), nil
}

func (p *parser) length(word string) (node, error) {
	n, err := p.number(0, 1<<31)
	if word == "less" { // at most n
		return not{above(length(), n)}, err
	}
	return atLeast(length(), n), err
}
