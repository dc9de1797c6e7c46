package signature

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// ID names a rule.
type ID struct {
	GID uint32 `json:"g"`
	SID uint32 `json:"s"`
}

// String is gid:sid.
func (i ID) String() string { return fmt.Sprintf("%d:%d", i.GID, i.SID) }

// Short is sid, where that is enough.
func (i ID) Short() string {
	if i.GID == 1 {
		return fmt.Sprint(i.SID)
	}
	return i.String()
}

// ErrID means that a word does not name a rule.
var ErrID = errors.New("signature: no id of a rule")

// ParseID reads gid:sid, or a sid alone, which is of gid 1.
func ParseID(text string) (ID, error) {
	gid, sid, both := strings.Cut(text, ":")
	if !both {
		gid, sid = "1", text
	}
	g, err := strconv.ParseUint(gid, 10, 32)
	if err != nil {
		return ID{}, fmt.Errorf("%w: %q is no gid:sid", ErrID, text)
	}
	s, err := strconv.ParseUint(sid, 10, 32)
	if err != nil || s == 0 {
		return ID{}, fmt.Errorf("%w: %q is no gid:sid", ErrID, text)
	}
	return ID{uint32(g), uint32(s)}, nil
}

// compareIDs sorts by gid, then sid.
func compareIDs(a, b ID) int {
	if a.GID != b.GID {
		return int(int64(a.GID) - int64(b.GID))
	}
	return int(int64(a.SID) - int64(b.SID))
}

// Case is a capture with what rules must say of it, and what they must not.
type Case struct {
	Name      string
	Place     string // file:line
	Capture   string
	Fires     []Firing
	Silent    []ID
	AllOthers bool              // no rule but those of Fires may fire
	Rules     []string          // files and directories; empty: those that whoever runs the case has
	Vars      map[string]string // variables of the rules
}

// Firing is a rule that must fire.
type Firing struct {
	ID
	Times int // how often exactly; 0: once or more
}

// ErrCase means that a file of cases cannot be read; what it wraps says where and why.
var ErrCase = errors.New("signature: bad case")

// maxCases is how large a file of cases may be, in bytes.
const maxCases = 16 << 20

// written is a case as it stands in its file.
type written struct {
	Name      string            `yaml:"name"`
	Capture   string            `yaml:"capture"`
	Fires     []string          `yaml:"fires"`
	Silent    []string          `yaml:"silent"`
	AllOthers bool              `yaml:"all-others"`
	Rules     []string          `yaml:"rules"`
	Vars      map[string]string `yaml:"vars"`
}

// LoadCases reads a file of cases. What they name is relative to its folder.
func LoadCases(path string) ([]Case, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if st.Size() > maxCases {
		return nil, fmt.Errorf("%w: %s is larger than %d bytes", ErrCase, path, maxCases)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	cases, err := ReadCases(text, path)
	if err != nil {
		return nil, err
	}
	beside := func(name string) string {
		if filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(filepath.Dir(path), name)
	}
	for i := range cases {
		cases[i].Capture = beside(cases[i].Capture)
		for j := range cases[i].Rules {
			cases[i].Rules[j] = beside(cases[i].Rules[j])
		}
	}
	return cases, nil
}

// ReadCases reads cases: a YAML list, each with name, capture, fires, silent, all-others, rules, vars. name is that of the
// file, for errors.
func ReadCases(text []byte, name string) ([]Case, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %s", ErrCase, name, yaml.FormatError(err, false, false))
	}
	var cases []Case
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		list, ok := doc.Body.(*ast.SequenceNode)
		if !ok {
			return nil, fmt.Errorf("%w: %s:%d: a file of cases is a list: each begins with a hyphen", ErrCase, name, lineOf(doc.Body))
		}
		for _, node := range list.Values {
			c, err := readCase(node)
			place := fmt.Sprintf("%s:%d", name, lineOf(node))
			if err != nil {
				return nil, fmt.Errorf("%w: %s: %w", ErrCase, place, err)
			}
			c.Place = place
			cases = append(cases, c)
		}
	}
	return cases, nil
}

func lineOf(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 1
}

func readCase(node ast.Node) (Case, error) {
	var w written
	if err := yaml.NodeToValue(node, &w, yaml.Strict()); err != nil {
		return Case{}, errors.New(yaml.FormatError(err, false, false))
	}
	c := Case{Name: w.Name, Capture: w.Capture, AllOthers: w.AllOthers, Rules: w.Rules, Vars: w.Vars}
	if c.Name == "" {
		c.Name = w.Capture
	}
	for _, word := range w.Fires {
		f, err := parseFiring(word)
		if err != nil {
			return c, fmt.Errorf("fires: %w", err)
		}
		c.Fires = append(c.Fires, f)
	}
	for _, word := range w.Silent {
		id, err := ParseID(strings.TrimSpace(word))
		if err != nil {
			return c, fmt.Errorf("silent: %w", err)
		}
		c.Silent = append(c.Silent, id)
	}
	switch {
	case c.Capture == "":
		return c, errors.New("no capture is named")
	case len(c.Fires)+len(c.Silent) == 0 && !c.AllOthers:
		return c, errors.New("it asks for nothing: name rules by fires or silent, or say all-others: true")
	}
	for _, f := range c.Fires {
		if slices.Contains(c.Silent, f.ID) {
			return c, fmt.Errorf("rule %s must fire and must not", f.ID.Short())
		}
	}
	return c, nil
}

// parseFiring reads [gid:]sid, and how often: 9000001 x3.
func parseFiring(word string) (Firing, error) {
	word = strings.TrimSpace(word)
	id, times, counted := strings.Cut(word, "x")
	f := Firing{}
	var err error
	if f.ID, err = ParseID(strings.TrimSpace(id)); err != nil || !counted {
		return f, err
	}
	if f.Times, err = strconv.Atoi(strings.TrimSpace(times)); err != nil || f.Times < 1 {
		return f, fmt.Errorf("%w: %q: behind the x stands how often", ErrID, word)
	}
	return f, nil
}

// Fault is what is wrong with the outcome of a case.
type Fault struct {
	ID   ID
	Text string // a sentence without the rule's number
}

// judge says what is wrong with what fired. known says what is known of a rule that a case names.
func (c *Case) judge(fired map[ID]int, known map[ID]State) []Fault {
	var faults []Fault
	fault := func(id ID, format string, a ...any) {
		faults = append(faults, Fault{id, fmt.Sprintf(format, a...)})
	}
	usable := func(id ID) bool {
		s, ok := known[id]
		switch {
		case !ok:
			fault(id, "is not among the rules")
		case s.Reason != "":
			fault(id, "is not usable: %s: %s", s.Place, s.Reason)
		}
		return ok && s.Reason == ""
	}
	due := map[ID]bool{}
	for _, f := range c.Fires {
		due[f.ID] = true
		switch n := fired[f.ID]; {
		case n == 0 && !usable(f.ID):
		case n == 0:
			fault(f.ID, "did not fire")
		case f.Times != 0 && n != f.Times:
			fault(f.ID, "fired %s, not %s", times(n), times(f.Times))
		}
	}
	for _, id := range c.Silent {
		if n := fired[id]; n > 0 {
			fault(id, "fired %s and must not", times(n))
		} else {
			usable(id)
		}
		due[id] = true
	}
	if c.AllOthers {
		for _, id := range slices.SortedFunc(maps.Keys(fired), compareIDs) {
			if !due[id] {
				fault(id, "fired %s and must not", times(fired[id]))
			}
		}
	}
	return faults
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
