package rule

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// maxNesting is how deep groups and variables may lie in one another.
const maxNesting = 64

// maxSpans is of how many addresses or ranges a set may be built.
const maxSpans = 1 << 20

// resolver turns the address and port expressions of headers into sets, and remembers those it has seen: many rules
// name the same few.
type resolver struct {
	addresses resolving[netip.Addr]
	ports     resolving[uint16]
	seenA     map[string]Addresses
	seenP     map[string]Ports
}

// resolving is how expressions over one kind of member are read.
type resolving[T any] struct {
	order[T]
	what string // what a variable is looked for among
	vars map[string]string
	all  []pair[T]
	item func(string) (pair[T], string)
	open []string // variables being resolved
	size int
}

func newResolver(v *Vars) *resolver {
	return &resolver{
		addresses: resolving[netip.Addr]{order: addressOrder(), what: "address", vars: v.Addresses, all: allAddresses(), item: addressItem},
		ports:     resolving[uint16]{order: portOrder(), what: "port", vars: v.Ports, all: allPorts(), item: portItem},
		seenA:     map[string]Addresses{},
		seenP:     map[string]Ports{},
	}
}

// addressSet reads an expression such as [10.0.0.0/8,!$DNS_SERVERS].
func (r *resolver) addressSet(text string) (Addresses, error) {
	if a, ok := r.seenA[text]; ok {
		return a, nil
	}
	in, out, err := r.addresses.set(text)
	if err != nil {
		return Addresses{}, err
	}
	a := Addresses{ranges(in), ranges(out)}
	if len(r.seenA) < maxSeen {
		r.seenA[strings.Clone(text)] = a
	}
	return a, nil
}

// portSet reads an expression such as [80,8000:8100,!8080].
func (r *resolver) portSet(text string) (Ports, error) {
	if p, ok := r.seenP[text]; ok {
		return p, nil
	}
	in, out, err := r.ports.set(text)
	if err != nil {
		return Ports{}, err
	}
	p := Ports{portRanges(in), portRanges(out)}
	if len(r.seenP) < maxSeen {
		r.seenP[strings.Clone(text)] = p
	}
	return p, nil
}

// maxSeen is how many expressions of each kind are remembered.
const maxSeen = 4096

func ranges(p []pair[netip.Addr]) []Range {
	var out []Range
	for _, s := range p {
		out = append(out, Range(s))
	}
	return out
}

func portRanges(p []pair[uint16]) []PortRange {
	var out []PortRange
	for _, s := range p {
		out = append(out, PortRange(s))
	}
	return out
}

// exprError is what is wrong with an expression, and where in it.
type exprError struct {
	at     int
	reason string
}

func (e *exprError) Error() string { return e.reason }

func exprFault(at int, format string, args ...any) error {
	return &exprError{at, fmt.Sprintf(format, args...)}
}

// set reads a whole expression. What only takes away is given as out, everything else as in; neither is everything.
func (r *resolving[T]) set(text string) (in, out []pair[T], err error) {
	r.open, r.size = r.open[:0], 0
	if isList(text) {
		return r.group("["+text+"]", -1)
	}
	return r.parts(text, 0)
}

// isList reports whether text is a list without brackets around it, which Suricata takes for one.
func isList(text string) bool {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '[':
			depth++
		case ']':
			depth--
		case ',':
			if depth == 0 {
				return true
			}
		}
	}
	return false
}

// parts reads an expression into what it adds or, where it adds nothing, what it takes away. A variable that stands for
// a negation takes away where it is named, as Suricata has it.
func (r *resolving[T]) parts(text string, at int) (in, out []pair[T], err error) {
	trimmed := strings.TrimLeft(text, " \t")
	at += len(text) - len(trimmed)
	text = strings.TrimRight(trimmed, " \t")
	r.size++
	switch {
	case r.size > maxSpans:
		return nil, nil, exprFault(at, "more than %d members", maxSpans)
	case len(r.open) > maxNesting:
		return nil, nil, exprFault(at, "groups and variables lie deeper than %d in one another", maxNesting)
	case text == "":
		return nil, nil, exprFault(at, "nothing stands where %s should", r.article())
	case text[0] == '!':
		return r.negated(text[1:], at+1)
	case text[0] == '[':
		return r.group(text, at)
	case text[0] == '$':
		return r.variable(text[1:], at)
	case strings.EqualFold(text, "any"):
		return nil, nil, nil
	}
	s, reason := r.item(text)
	if reason != "" {
		return nil, nil, exprFault(at, "%q %s", text, reason)
	}
	return []pair[T]{s}, nil, nil
}

func (r *resolving[T]) article() string {
	if r.what == "address" {
		return "an address"
	}
	return "a port"
}

// negated reads what follows an exclamation mark.
func (r *resolving[T]) negated(text string, at int) (in, out []pair[T], err error) {
	r.open = append(r.open, "!")
	in, out, err = r.parts(text, at)
	r.open = r.open[:len(r.open)-1]
	switch {
	case err != nil:
		return nil, nil, err
	case in == nil && out == nil:
		return nil, nil, exprFault(at-1, "!%s is never true", text)
	case in == nil: // !!x
		return out, nil, nil
	}
	return nil, in, nil
}

// group reads a list in brackets.
func (r *resolving[T]) group(text string, at int) (in, out []pair[T], err error) {
	if text[len(text)-1] != ']' {
		return nil, nil, exprFault(at, "the bracket is not closed")
	}
	r.open = append(r.open, "[")
	defer func() { r.open = r.open[:len(r.open)-1] }()
	everything := false
	start, depth := 1, 0
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '[':
			depth++
		case c == ']' && depth > 0:
			depth--
		case c == ']' && i < len(text)-1:
			return nil, nil, exprFault(at+i, "a bracket is closed that was not opened")
		case c == ']' || c == ',' && depth == 0:
			a, b, err := r.parts(text[start:i], at+start)
			if err != nil {
				return nil, nil, err
			}
			everything = everything || a == nil && b == nil
			in, out = append(in, a...), append(out, b...)
			start = i + 1
		}
	}
	if depth != 0 {
		return nil, nil, exprFault(at, "a bracket is not closed")
	}
	if everything {
		in = append(in, r.all...)
	}
	return r.settled(in, out, text, at)
}

// settled takes what is taken away out of what is there, where something is.
func (r *resolving[T]) settled(in, out []pair[T], text string, at int) (_, _ []pair[T], err error) {
	in, out = r.merged(slices.Clone(in)), r.merged(slices.Clone(out))
	if len(in) == 0 {
		return nil, out, nil
	}
	in = r.without(in, out)
	if len(in) == 0 {
		return nil, nil, exprFault(at, "%s: what is taken away leaves nothing", text)
	}
	if len(r.without(r.all, in)) == 0 {
		return nil, nil, nil // any
	}
	return in, nil, nil
}

// variable reads what a variable stands for.
func (r *resolving[T]) variable(name string, at int) (in, out []pair[T], err error) {
	value, ok := r.vars[name]
	if !ok {
		return nil, nil, exprFault(at, "no %s variable is named %q", r.what, name)
	}
	if slices.Contains(r.open, "$"+name) {
		return nil, nil, exprFault(at, "variable %q is defined by itself", name)
	}
	r.open = append(r.open, "$"+name)
	in, out, err = r.parts(value, 0)
	r.open = r.open[:len(r.open)-1]
	if err != nil {
		return nil, nil, exprFault(at, "variable %q: %s", name, err)
	}
	return in, out, nil
}

// addressItem reads an address, a prefix (10.0.0.0/8, 10.0.0.0/255.0.0.0) or a range (10.0.0.1-10.0.0.9).
func addressItem(s string) (pair[netip.Addr], string) {
	if first, last, ok := strings.Cut(s, "-"); ok {
		return addressRange(strings.TrimSpace(first), strings.TrimSpace(last))
	}
	if _, mask, ok := strings.Cut(s, "/"); ok {
		return prefix(s, mask)
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return pair[netip.Addr]{}, "is no address"
	}
	return pair[netip.Addr]{a, a}, ""
}

func addressRange(first, last string) (pair[netip.Addr], string) {
	a, errA := netip.ParseAddr(first)
	b, errB := netip.ParseAddr(last)
	switch {
	case errA != nil || errB != nil || a.Is4() != b.Is4() || a.Zone()+b.Zone() != "":
		return pair[netip.Addr]{}, "is no range of addresses"
	case b.Less(a):
		return pair[netip.Addr]{}, "ends before it begins"
	}
	return pair[netip.Addr]{a, b}, ""
}

func prefix(s, mask string) (pair[netip.Addr], string) {
	bits, ok := netmask(mask)
	if ok {
		s = s[:len(s)-len(mask)] + strconv.Itoa(bits)
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return pair[netip.Addr]{}, "is no prefix of addresses"
	}
	p = p.Masked()
	return pair[netip.Addr]{p.Addr(), lastOf(p)}, ""
}

// netmask reads 255.255.0.0.
func netmask(s string) (bits int, ok bool) {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is4() {
		return 0, false
	}
	b := a.As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	for v&(1<<31) != 0 {
		v <<= 1
		bits++
	}
	return bits, v == 0
}

// lastOf is the last address of a prefix.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// portItem reads 80, 80:90, 1024: or :1023.
func portItem(s string) (pair[uint16], string) {
	first, last, isRange := strings.Cut(s, ":")
	if !isRange {
		last = first
	} else {
		first, last = strings.TrimSpace(first), strings.TrimSpace(last)
		if first == "" && last == "" {
			return pair[uint16]{}, "is no range of ports"
		}
		if first == "" {
			first = "0"
		}
		if last == "" {
			last = "65535"
		}
	}
	a, errA := strconv.ParseUint(first, 10, 16)
	b, errB := strconv.ParseUint(last, 10, 16)
	switch {
	case errA != nil || errB != nil:
		return pair[uint16]{}, "is no port (0 to 65535) and no range of ports"
	case b < a:
		return pair[uint16]{}, "ends before it begins"
	}
	return pair[uint16]{uint16(a), uint16(b)}, ""
}
