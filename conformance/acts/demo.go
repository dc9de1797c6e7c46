package acts

// Demo are the rules that rightly fire in the bundled demo capture, all of them of the machine at [Intruder]: the others
// in it do their work.
func Demo() []uint32 {
	return []uint32{9000003, 9000004, 9000401, 9000402, 9000501, 9000502, 9000805}
}

// Intruder is where the demo's attacker sits.
const Intruder = intruder
