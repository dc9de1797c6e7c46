package match

import (
	"bytes"

	"bulwark/detect/signature/internal/pcre"
	"bulwark/detect/signature/internal/rule"
)

const (
	maxSlots  = 64   // variables of one rule
	stepLimit = 3000 // tests of one buffer, Suricata's detect.inspection-recursion-limit
)

// Machine is what one worker needs to evaluate rules: it is not shared. Its zero value is ready.
type Machine struct {
	// Dataset answers for dataset and datarep: whether the test d holds of a value. nil: none holds.
	Dataset func(d *rule.Dataset, value []byte) bool
	// Entropy is told what the keyword entropy has measured, whether it holds or not. nil: nobody is.
	Entropy func(t *rule.Entropy, bits float64)
	// Exhausted counts what was given up at its limit: evaluations of 3000 steps, and searches of expressions.
	Exhausted uint64

	values [maxSlots]uint64
	top    int // values[top:] are zero

	expr     pcre.Machine
	groups   []int // offsets of the groups of an expression
	captured []captured
	text     []byte // what captured holds

	work      [2][]byte // what transforms make
	inside    [2][]byte // what those of base64_data make
	decoded   []byte    // what base64_decode makes
	packed    bytes.Reader
	unpackers [2]unpacker
}

// Begin is called before the buffers of a rule are looked at: it forgets the variables of the rule before.
func (m *Machine) Begin() {
	clear(m.values[:m.top])
	m.top = 0
	m.captured, m.text = m.captured[:0], m.text[:0]
}

func (m *Machine) set(slot int, v uint64) {
	m.values[slot] = v
	m.top = max(m.top, slot+1)
}

// verdict is what came of a test and of all that follow it.
type verdict uint8

const (
	no    verdict = iota // does not hold here: another place of a content before it may do
	yes                  // holds
	never                // no other place of what stands before can mend it
)

// run is one evaluation.
type run struct {
	m     *Machine
	view  View
	steps int
	again bool // something was looked for again
	spent int  // bytes looked at since
}

// What looking again may cost, in bytes that are looked at. An expression's cost more.
const (
	workLimit = 16 << 20
	exprCost  = 16
)

// spend counts bytes that are about to be looked at, and reports whether they are too many.
func (r *run) spend(bytes int) bool {
	if r.again {
		r.spent += bytes
	}
	if r.spent < workLimit {
		return false
	}
	r.steps = stepLimit
	return true
}
