// Package safety holds the matrix by which it is decided what may be done to whom: how much care depends on a device against how
// deep an act cuts. It is content: a hospital edits it. What no edit loosens is in decide/safety.
package safety

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bulwark/platform/conf"
)

//go:embed matrix.yaml
var shipped []byte

// Version is the form of the file that this program reads.
const Version = 1

// Tier is how much care depends on a device.
type Tier uint8

// The tiers. A device of which no person has confirmed one is Unknown.
const (
	LifeCritical Tier = iota
	ClinicalEssential
	ClinicalSupport
	Office
	Unknown
	Tiers = int(Unknown) + 1
)

func (t Tier) String() string {
	return [...]string{"life-critical", "clinical-essential", "clinical-support", "office", "unknown"}[min(t, Unknown)]
}

// Effect is how deep an act cuts.
type Effect uint8

// The effects.
const (
	Evidence   Effect = iota // E0: packets are kept, a page is sent; nothing stops
	Friction                 // E1: somebody signs in again
	Narrow                   // E2: an address outside, or one peer and port
	Micro                    // E3: all but the learnt clinical conversations
	Quarantine               // E4: another network
	Isolation                // E5: all of it; a port or an account
	Effects    = int(Isolation) + 1
)

// String is the effect as the matrix names it: "E3".
func (e Effect) String() string { return fmt.Sprintf("E%d", uint8(e)) }

// ParseEffect reads what String writes.
func ParseEffect(s string) (Effect, error) {
	for e := range Effect(Effects) {
		if s == e.String() {
			return e, nil
		}
	}
	return 0, fmt.Errorf("%q is none of E0 to E5", s)
}

// Needs is who must say yes. Its zero value is nobody can.
type Needs uint8

// The needs, from none to never.
const (
	Never Needs = iota
	Auto
	SOC
	Clinical
	Both
)

var needs = [...]string{"never", "auto", "soc", "clinical", "soc+clinical"}

// String is the word of the matrix; what is none refuses.
func (n Needs) String() string {
	if int(n) >= len(needs) {
		return needs[Never]
	}
	return needs[n]
}

// ParseNeeds reads what String writes.
func ParseNeeds(s string) (Needs, error) {
	if n := slices.Index(needs[:], s); n >= 0 {
		return Needs(n), nil
	}
	return Never, fmt.Errorf("%q is none of %s", s, strings.Join(needs[:], ", "))
}

// Stricter is who must say yes where both are needed.
func Stricter(a, b Needs) Needs {
	switch {
	case a == Never || b == Never || a > Both || b > Both:
		return Never
	case a == b || b == Auto:
		return a
	case a == Auto:
		return b
	}
	return Both // soc and clinical, or both of them and one
}

// Case is what of a device would stop.
type Case uint8

// The cases, each worse than the one before.
const (
	Outside     Case = iota // traffic with the outside
	Inside                  // traffic with another device of the hospital
	ClinicalUse             // a conversation by which care is given
	cases       = int(ClinicalUse) + 1
)

var caseWords = [cases]string{"outside", "inside", "clinical"}

func (c Case) String() string { return caseWords[min(int(c), cases-1)] }

// Cell says what an act needs, by case.
type Cell [cases]Needs

// Needs is what a case needs; what is no case needs what cannot be had.
func (c Cell) Needs(of Case) Needs {
	if int(of) >= cases {
		return Never
	}
	return c[of]
}

// UnmarshalText reads "auto", or "outside auto, inside soc".
func (c *Cell) UnmarshalText(text []byte) error {
	words := strings.Split(string(text), ",")
	if len(words) == 1 && !strings.Contains(strings.TrimSpace(words[0]), " ") {
		n, err := ParseNeeds(strings.TrimSpace(words[0]))
		*c = Cell{n, n, n}
		return err
	}
	next := 0
	var last Needs
	for _, w := range words {
		of, what, _ := strings.Cut(strings.TrimSpace(w), " ")
		k := slices.Index(caseWords[:], of)
		if k < next || next == 0 && k != 0 {
			return fmt.Errorf("%q: cases are outside, inside, clinical, in this order and from the first on", strings.TrimSpace(w))
		}
		n, err := ParseNeeds(strings.TrimSpace(what))
		if err != nil {
			return err
		}
		for ; next < k; next++ {
			c[next] = last
		}
		c[k], last, next = n, n, k+1
	}
	for ; next < cases; next++ {
		c[next] = last
	}
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (c Cell) MarshalText() ([]byte, error) {
	if c[0] == c[1] && c[1] == c[2] {
		return []byte(c[0].String()), nil
	}
	return fmt.Appendf(nil, "outside %s, inside %s, clinical %s", c[0], c[1], c[2]), nil
}

// Row is what the effects need on devices of one tier.
type Row struct {
	// E0 is evidence.
	E0 Cell `conf:"E0"`
	// E1 is friction.
	E1 Cell `conf:"E1"`
	// E2 is a narrow block.
	E2 Cell `conf:"E2"`
	// E3 is micro-containment.
	E3 Cell `conf:"E3"`
	// E4 is quarantine.
	E4 Cell `conf:"E4"`
	// E5 is isolation.
	E5 Cell `conf:"E5"`
}

// Rows are the tiers.
type Rows struct {
	// LifeCritical is tier 0.
	LifeCritical Row `conf:"life-critical"`
	// ClinicalEssential is tier 1.
	ClinicalEssential Row `conf:"clinical-essential"`
	// ClinicalSupport is tier 2.
	ClinicalSupport Row `conf:"clinical-support"`
	// Office is tier 3.
	Office Row `conf:"office"`
	// Unknown is of what no person has confirmed a tier of.
	Unknown Row `conf:"unknown"`
}

// Budgets are what may be cut automatically within [Window].
type Budgets struct {
	// Devices is how many devices.
	Devices int `conf:"devices" json:"devices"`
	// Ward is how many percent of the devices of one ward; one is always allowed.
	Ward int `conf:"ward" json:"ward_percent"`
	// Class is how many percent of the devices of one class; one is always allowed.
	Class int `conf:"class" json:"class_percent"`
}

// Window is the time for which budgets are.
const Window = 10 * time.Minute

// Ceilings of budgets and bounds of the canary, which no edit passes.
const (
	MostDevices = 50
	MostShare   = 50 // percent
	LeastCanary = 10 * time.Second
	MostCanary  = time.Hour
)

// Matrix is the file.
type Matrix struct {
	// Version is the form of the file: 1.
	Version int `conf:"version"`
	// Tiers say what is needed.
	Tiers Rows `conf:"tiers"`
	// Budgets bound what is done automatically.
	Budgets Budgets `conf:"budgets"`
	// Canary is how long the first of several acts is watched.
	Canary time.Duration `conf:"canary"`
	// Clinical are further protocols by which care is given, as events name them.
	Clinical []string `conf:"clinical"`
}

// Cell is what an effect needs on a tier. What is none of either needs what cannot be had.
func (m *Matrix) Cell(t Tier, e Effect) Cell {
	if t > Unknown || e > Isolation {
		return Cell{}
	}
	r := [Tiers]*Row{&m.Tiers.LifeCritical, &m.Tiers.ClinicalEssential, &m.Tiers.ClinicalSupport, &m.Tiers.Office, &m.Tiers.Unknown}[t]
	return [Effects]Cell{r.E0, r.E1, r.E2, r.E3, r.E4, r.E5}[e]
}

// ErrVersion means a file for a newer program.
var ErrVersion = errors.New("safety: the file is for a newer version of the program")

// Check refuses what cannot be meant.
func (m *Matrix) Check() error {
	var bad []error
	if m.Version > Version {
		return conf.At("version", fmt.Errorf("%w: %d, this one reads %d", ErrVersion, m.Version, Version))
	}
	if m.Version != Version {
		bad = append(bad, conf.At("version", fmt.Errorf("%d is not %d", m.Version, Version)))
	}
	for _, x := range [...]struct {
		key         string
		value, most int
	}{{"devices", m.Budgets.Devices, MostDevices}, {"ward", m.Budgets.Ward, MostShare}, {"class", m.Budgets.Class, MostShare}} {
		if x.value < 0 || x.value > x.most {
			bad = append(bad, conf.At("budgets."+x.key, fmt.Errorf("%d is not between 0 and %d", x.value, x.most)))
		}
	}
	if m.Canary < LeastCanary || m.Canary > MostCanary {
		bad = append(bad, conf.At("canary", fmt.Errorf("%v is not between %v and %v", m.Canary, LeastCanary, MostCanary)))
	}
	return errors.Join(bad...)
}

// unsaid is a cell before a file speaks of it.
const unsaid = Needs(0xff)

// blank is a matrix of which every cell is unsaid.
func blank() *Matrix {
	c := Cell{unsaid, unsaid, unsaid}
	r := Row{c, c, c, c, c, c}
	return &Matrix{Tiers: Rows{r, r, r, r, r}, Budgets: Budgets{Devices: -1, Ward: -1, Class: -1}}
}

// Parse reads a matrix; name stands in errors, with the line.
func Parse(text []byte, name string) (*Matrix, error) {
	m := blank()
	if err := conf.Load(bytes.NewReader(text), name, m); err != nil {
		return nil, err
	}
	for t := range Tier(Tiers) {
		for e := range Effect(Effects) {
			if m.Cell(t, e)[0] == unsaid {
				return nil, fmt.Errorf("%s: tiers.%s.%s is missing: say auto, soc, clinical, soc+clinical or never", name, t, e)
			}
		}
	}
	return m, nil
}

// Shipped is the matrix that comes with the program, and its text.
func Shipped() (*Matrix, []byte) {
	m, err := Parse(shipped, "matrix.yaml")
	if err != nil {
		panic(err) // its test reads it
	}
	return m, bytes.Clone(shipped)
}
