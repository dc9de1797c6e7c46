package match

import (
	"fmt"
	"math/bits"

	"bulwark/detect/signature/internal/rule"
)

// compiler makes the programs of one rule.
type compiler struct {
	slots map[string]int // variables
	last  *decode        // the decode that the next base64_data belongs to
	p     *Program       // being made
	prev  *bool          // "again" of the content or expression that the next relative test counts from
	reach reach

	behindExpr bool // prev is an expression's
	moved      bool // something else than contents has moved on: later places of them may lead back

	inside bool // a base64_data is being compiled
}

// program compiles one buffer.
func (c *compiler) program(l *rule.Looked) (*Program, error) {
	chain, err := CompileChain(l.Transforms)
	if err != nil {
		return nil, err
	}
	p := &Program{chain: chain}
	if chain != nil && chain.wholly {
		p.waits = true
	}
	return p, c.fill(p, l.Tests)
}

// fill compiles tests into p.
func (c *compiler) fill(p *Program, tests []rule.Test) error {
	if len(tests) >= stepLimit {
		return fmt.Errorf("%w: %d tests of one buffer", ErrTooMany, len(tests))
	}
	// Room for all beforehand: pointers into the lists are kept until the end.
	p.contents = make([]content, 0, count[*rule.Content](tests))
	p.exprs = make([]expr, 0, count[*rule.PCRE](tests))
	c.p, c.prev, c.behindExpr, c.moved, c.reach = p, nil, false, false, reach{}
	for i, t := range tests {
		if a, ok := t.(*rule.Absent); ok && i == 0 {
			p.absent = mustBeAbsent
			if a.Or {
				p.absent = mayBeAbsent
			}
			continue
		}
		if err := c.test(t); err != nil {
			return err
		}
	}
	sortCandidates(p.fast)
	p.steps = ordered(p, tests)
	return nil
}

func count[T rule.Test](tests []rule.Test) int {
	n := 0
	for _, t := range tests {
		if _, ok := t.(T); ok {
			n++
		}
	}
	return n
}

func (c *compiler) test(t rule.Test) error {
	switch t := t.(type) {
	case *rule.Content:
		return c.content(t)
	case *rule.PCRE:
		return c.expr(t)
	case *rule.DataAt:
		return c.dataAt(t)
	case *rule.ByteTest:
		return c.byteTest(t)
	case *rule.ByteJump:
		return c.byteJump(t)
	case *rule.ByteExtract:
		return c.byteExtract(t)
	case *rule.ByteMath:
		return c.byteMath(t)
	case *rule.Size:
		c.waits(true)
		c.p.sizes = append(c.p.sizes, t.Number)
		c.step(stepSize, len(c.p.sizes)-1)
		return nil
	case *rule.Dataset:
		c.waits(true)
		c.p.datasets = append(c.p.datasets, t)
		c.step(stepDataset, len(c.p.datasets)-1)
		return nil
	}
	return c.special(t)
}

// special compiles tests that few rules have.
func (c *compiler) special(t rule.Test) error {
	switch t := t.(type) {
	case *rule.Base64Decode:
		return c.base64(t)
	case *rule.ASN1:
		c.p.asn1s = append(c.p.asn1s, t)
		c.step(stepASN1, len(c.p.asn1s)-1)
		return nil
	case *rule.Entropy:
		c.waits(true)
		c.p.entropy = append(c.p.entropy, t)
		c.step(stepEntropy, len(c.p.entropy)-1)
		return nil
	}
	return fmt.Errorf("%w: %T", ErrUnsupported, t)
}

func (c *compiler) base64(t *rule.Base64Decode) error {
	if c.inside {
		return fmt.Errorf("%w: base64_decode of base64_data", ErrUnsupported)
	}
	d := &decode{count: min(t.Count, maxBase64), offset: t.Offset, relative: t.Relative}
	if t.Count == 0 {
		d.count = maxBase64
	}
	c.last = d
	c.waits(true)
	c.p.base64s = append(c.p.base64s, d)
	c.step(stepBase64, len(c.p.base64s)-1)
	return nil
}

// decoded compiles the tests of base64_data into the decode before it.
func (c *compiler) decoded(l *rule.Looked) error {
	if c.last == nil {
		return ErrBase64
	}
	c.inside = true
	defer func() { c.inside = false }()
	p, err := c.program(l)
	if err != nil {
		return fmt.Errorf("base64_data: %w", err)
	}
	if before := c.last.data; before != nil {
		return fmt.Errorf("%w: base64_data twice for one base64_decode", ErrUnsupported)
	}
	c.last.data = p
	return nil
}

func (c *compiler) step(k stepKind, at int) {
	c.p.steps = append(c.p.steps, step{kind: k, at: uint16(at)})
}

func (c *compiler) waits(is bool) { c.p.waits = c.p.waits || is }

// again says that what stands before is worth another look when this relative test fails.
func (c *compiler) again() {
	if c.prev != nil {
		*c.prev = true
	}
}

func (c *compiler) amount(a rule.Amount) (amount, error) {
	if a.Name == "" {
		return amount{n: int32(min(max(a.N, -farAway), farAway)), slot: -1}, nil
	}
	slot, ok := c.slots[a.Name]
	if !ok {
		return amount{}, fmt.Errorf("%w: %s", ErrVariable, a.Name)
	}
	return amount{slot: int32(slot)}, nil
}

// slot is the place of a variable that is set.
func (c *compiler) slot(name string) (int, error) {
	slot, ok := c.slots[name]
	if !ok {
		slot = len(c.slots)
		c.slots[name] = slot
	}
	if slot >= maxSlots {
		return 0, ErrTooMany
	}
	return slot, nil
}

func (c *compiler) content(t *rule.Content) error {
	out := content{needle: newNeedle(t.Bytes, t.Fold), not: t.Not, atEnd: t.AtEnd,
		relative: t.Distance.Set || t.Within.Set, near: t.Within.Set, bounded: t.Depth.Set || t.StartsWith}
	var errs [4]error
	out.offset, errs[0] = c.amount(t.Offset)
	out.depth, errs[1] = c.amount(t.Depth)
	out.distance, errs[2] = c.amount(t.Distance)
	out.within, errs[3] = c.amount(t.Within)
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	if t.StartsWith {
		out.offset, out.depth = amount{slot: -1}, amount{n: int32(len(t.Bytes)), slot: -1}
	}
	// A later place of what stands before helps where this one must be near it, or must not be there; to stand anywhere
	// behind it no place is better than the first.
	if t.Within.Set || t.Distance.Set && (t.Not || c.behindExpr) {
		c.again()
	}
	c.propose(t, &out)
	c.waits(t.Not || t.AtEnd)
	c.p.contents = append(c.p.contents, out)
	kept := &c.p.contents[len(c.p.contents)-1]
	kept.single = !out.relative && !out.bounded && !t.Offset.Set
	c.prev, c.behindExpr = &kept.again, false
	c.step(stepContent, len(c.p.contents)-1)
	return nil
}

func (c *compiler) expr(t *rule.PCRE) error {
	e, err := newExpr(t)
	if err != nil {
		return err
	}
	if t.Relative {
		c.again()
	}
	if !t.Not {
		c.reach = reach{lost: true}
	}
	c.waits(grows(t))
	e.final = t.Relative && !t.Not && !c.moved && unbound(t)
	c.moved = c.moved || !t.Not
	c.p.exprs = append(c.p.exprs, e)
	c.prev, c.behindExpr = &c.p.exprs[len(c.p.exprs)-1].again, true
	c.step(stepExpr, len(c.p.exprs)-1)
	return nil
}

func (c *compiler) dataAt(t *rule.DataAt) error {
	at, err := c.amount(t.At)
	if err != nil {
		return err
	}
	if t.Relative {
		c.again()
	}
	c.waits(t.Not)
	c.number(stepAt, number{offset: at, relative: t.Relative, not: t.Not})
	return nil
}

func (c *compiler) number(k stepKind, n number) {
	c.p.numbers = append(c.p.numbers, n)
	c.step(k, len(c.p.numbers)-1)
}

// bytes compiles how a number is read.
func (c *compiler) bytes(b *rule.Bytes) (number, error) {
	n := number{relative: b.Relative, little: b.Little, dce: b.DCE, text: b.Text, base: b.Base, from: -1,
		multiplier: max(b.Multiplier, 1), post: amount{slot: -1}}
	if b.HasMask {
		n.mask = b.BitMask
	}
	if n.mask != 0 {
		n.shift = bits.TrailingZeros64(n.mask)
	}
	var err error
	if n.count, err = c.amount(b.Count); err != nil {
		return n, err
	}
	if n.offset, err = c.amount(b.Offset); err != nil {
		return n, err
	}
	if b.Relative {
		c.again()
	}
	return n, nil
}

// value compiles an operand.
func (c *compiler) value(n *number, a rule.Amount, wide uint64) error {
	n.value = uint64(a.N)
	if wide != 0 {
		n.value = wide
	}
	if a.Name == "" {
		return nil
	}
	v, err := c.amount(a)
	n.from = int(v.slot)
	return err
}

func (c *compiler) byteTest(t *rule.ByteTest) error {
	n, err := c.bytes(&t.Bytes)
	if err != nil {
		return err
	}
	n.not, n.op = t.Not, t.Op
	if err := c.value(&n, t.Value, t.Wide); err != nil {
		return err
	}
	c.number(stepTest, n)
	return nil
}

func (c *compiler) byteJump(t *rule.ByteJump) error {
	n, err := c.bytes(&t.Bytes)
	if err != nil {
		return err
	}
	if t.Align {
		n.align = 4
	}
	n.fromBegin, n.fromEnd = t.FromBeginning, t.FromEnd
	if n.post, err = c.amount(t.PostOffset); err != nil {
		return err
	}
	c.waits(t.FromEnd)
	c.leap()
	c.number(stepJump, n)
	return nil
}

// leap notes that a test moves on to a place which the bytes say.
func (c *compiler) leap() { c.reach, c.moved = reach{lost: true}, true }

func (c *compiler) byteExtract(t *rule.ByteExtract) error {
	n, err := c.bytes(&t.Bytes)
	if err != nil {
		return err
	}
	n.align = uint64(max(t.Align, 0))
	if n.result, err = c.slot(t.Name); err != nil {
		return err
	}
	c.leap()
	c.number(stepExtract, n)
	return nil
}

func (c *compiler) byteMath(t *rule.ByteMath) error {
	n, err := c.bytes(&t.Bytes)
	if err != nil {
		return err
	}
	if err := c.value(&n, t.Value, 0); err != nil {
		return err
	}
	switch t.Operator {
	case "+", "-", "*", "/", "<<", ">>":
		n.operator = t.Operator[0]
	default:
		return fmt.Errorf("%w: byte_math with operator %q", ErrUnsupported, t.Operator)
	}
	if n.result, err = c.slot(t.Result); err != nil {
		return err
	}
	c.leap()
	c.number(stepMath, n)
	return nil
}
