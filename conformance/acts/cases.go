package acts

import "slices"

// Act is something that happens.
type Act func(*Scene)

// Case is a shipped rule with what it must find and what looks like it and is none.
type Case struct {
	SID    uint32
	Family string // of the rule: the name of its file
	What   string // the act in which it must fire, as a sentence
	Fires  Act
	Not    string // the look-alike, as a sentence
	Silent Act
	Also   []uint32          // rules that rightly fire in the act, too
	Tool   string            // real program that does so in the lab, or whose traffic the act follows
	Known  bool              // the rule asks for a list of names that are learnt: those of [Names]
	Vars   map[string]string // variables that the hospital sets, where the rule is of use only then
}

// Cases are all of them, in the order of their rules.
func Cases() []Case {
	all := slices.Concat(dicomCases(), hl7Cases(), fhirCases(), webCases(), deviceCases(), portCases(), listCases(), guessCases(), ticketCases(),
		callCases(), copyCases(), extortionCases(), outwardCases(), controlCases(), nameCases(), knownCases())
	slices.SortFunc(all, func(a, b Case) int { return int(a.SID) - int(b.SID) })
	return all
}

// times does something n times.
func times(n int, do func(i int)) {
	for i := range n {
		do(i)
	}
}
