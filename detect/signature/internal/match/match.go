// Package match says whether what a traffic rule asks of one buffer holds: contents with their places, expressions,
// numbers read out of the bytes, sizes. It follows Suricata 8 (User Guide, "Payload Keywords"; the order and the limits
// are those of its content inspection): tests hold in the order of the rule, each relative test counts from where the
// test before it ended, and where a relative test fails the contents before it are looked for again, further on.
package match

import (
	"errors"

	"bulwark/detect/signature/internal/rule"
)

// What a rule can ask for and this package refuses.
var (
	ErrVariable    = errors.New("match: unknown variable")
	ErrTooMany     = errors.New("match: too many variables or tests")
	ErrUnsupported = errors.New("match: unsupported test")
	ErrBase64      = errors.New("match: base64_data without base64_decode")
	ErrTransform   = errors.New("match: unsupported transform")
)

// Program is the compiled tests of one buffer. It never changes: workers share it.
type Program struct {
	chain    *Chain
	steps    []step
	contents []content
	exprs    []expr
	numbers  []number
	sizes    []rule.Number
	datasets []*rule.Dataset
	asn1s    []*rule.ASN1
	entropy  []*rule.Entropy
	base64s  []*decode
	fast     []candidate
	need     uint64 // bytes that the contents take at the least
	absent   absence
	waits    bool
}

// View is the buffer that a program is asked about.
type View struct {
	Data    []byte
	Offset  uint64 // where Data begins in its stream or body
	Whole   bool   // Data ends where the buffer ends
	Absent  bool   // there is no such buffer; Data is empty
	Little  bool   // the DCE/RPC header says that numbers are little-endian
	Changed bool   // Data has been through the program's [Program.Chain] already
}

// absence is what a program says of a buffer that is not there.
type absence uint8

const (
	mustBeThere absence = iota
	mustBeAbsent
	mayBeAbsent
)

// Compile makes the program of a buffer that stands alone. See [CompileAll].
func Compile(l *rule.Looked) (*Program, error) {
	ps, err := CompileAll([]rule.Looked{*l})
	if err != nil {
		return nil, err
	}
	return ps[0], nil
}

// CompileAll makes the programs of a rule's buffers, which share their variables; they must be asked in this order. The
// program of a base64_data is nil: its tests are part of the program that decodes.
func CompileAll(ls []rule.Looked) ([]*Program, error) {
	c := compiler{slots: map[string]int{}}
	out := make([]*Program, len(ls))
	for i := range ls {
		l := &ls[i]
		if l.Field != nil && l.Field.Name == "base64_data" {
			if err := c.decoded(l); err != nil {
				return nil, err
			}
			continue
		}
		p, err := c.program(l)
		if err != nil {
			return nil, err
		}
		out[i] = p
	}
	return out, nil
}

// Match reports whether all tests hold of v. What byte_extract, byte_math and expressions take out of v stays in m for
// the buffers that follow.
func (p *Program) Match(m *Machine, v View) bool {
	if v.Absent {
		return p.absent != mustBeThere
	}
	if p.absent == mustBeAbsent {
		return false
	}
	if p.chain != nil && !v.Changed {
		v.Data = p.chain.Apply(m, v.Data)
	}
	if v.Offset+uint64(len(v.Data)) < p.need {
		return false
	}
	r := run{m: m, view: v}
	held := r.from(p, 0, 0) == yes
	if r.steps >= stepLimit {
		m.Exhausted++
	}
	return held
}

// Chain is what changes the buffer before it is looked at; nil: nothing.
func (p *Program) Chain() *Chain { return p.chain }

// Waits reports whether more bytes of a stream may turn the program's answer from yes to no: such a program is only
// asked about a whole buffer, or the answer stands for what has been seen.
func (p *Program) Waits() bool { return p.waits }

// WhenAbsent reports whether the program may hold of a buffer that is not there.
func (p *Program) WhenAbsent() bool { return p.absent != mustBeThere }
