package signature

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"bulwark/detect/signature/internal/engine"
	"bulwark/wire/inspect"
)

// Eye looks for what rules describe, in the process that reads packets. It is an [inspect.Eye].
type Eye struct{ shared *engine.Shared }

// NewEye looks for nothing yet.
func NewEye() *Eye { return &Eye{engine.NewShared()} }

// Inspector looks into the traffic of one worker.
func (e *Eye) Inspector(t inspect.Teller) inspect.Inspector { return e.shared.Inspector(t) }

// costSize is how long the cost of a rule is as it travels, in bytes.
const costSize = 40

// Costs is what rules took since it was asked for last, for [ReadCosts].
func (e *Eye) Costs() []byte {
	var out []byte
	for _, c := range e.shared.Costs() {
		out = binary.LittleEndian.AppendUint32(out, c.GID)
		out = binary.LittleEndian.AppendUint32(out, c.SID)
		for _, n := range [...]uint64{c.Checked, c.Matched, c.Sampled, c.Nanos} {
			out = binary.LittleEndian.AppendUint64(out, n)
		}
	}
	return out
}

// ErrCosts means that what should be costs of rules is none.
var ErrCosts = errors.New("signature: no costs of rules")

// ReadCosts reads what an Eye says of costs. It trusts no byte of it.
func ReadCosts(text []byte) (map[ID]Cost, error) {
	if len(text)%costSize != 0 {
		return nil, fmt.Errorf("%w: %d bytes", ErrCosts, len(text))
	}
	all := make(map[ID]Cost, len(text)/costSize)
	for ; len(text) > 0; text = text[costSize:] {
		id := ID{binary.LittleEndian.Uint32(text), binary.LittleEndian.Uint32(text[4:])}
		at := func(i int) uint64 { return min(binary.LittleEndian.Uint64(text[8+8*i:]), 1<<50) }
		all[id] = Cost{at(0), at(1), at(2), at(3)}
	}
	return all, nil
}

// Look takes rules over in the form that [Rules.Bundle] writes. Rules that cannot be used are left out: who wrote the
// bundle knows of them.
func (e *Eye) Look(r io.Reader) error {
	rules, err := unbundle(r)
	if err != nil {
		return err
	}
	set, _, err := rules.compile()
	if err != nil {
		return err
	}
	set.Settle()
	e.shared.Use(set)
	return nil
}

// Rules are rule files with what they are read with.
type Rules struct {
	Vars  Vars
	Files []File
	// Logs are files of rules about events of logs, in Sigma's language, that stand among them. They are kept for whoever asks those.
	Logs []File
	// On and Off are rules that a person has put in force or out of it, whatever their files say.
	On, Off []ID
	// AlertMax is how many alerts of a packet are told; 0 means 15. Order is which actions come first, as rules name them;
	// empty: pass, drop, reject, alert.
	AlertMax int
	Order    []string
	// Timed asks that each evaluation is timed, not one of many.
	Timed bool
	// Plain asks that each rule is evaluated on each buffer, whether its bytes are there or not: slow, to compare with.
	Plain bool

	// Waits are files whose rules are off until something is learnt, unless a person puts them in force.
	Waits map[string]Text

	decide decider // makes On and Off; nil: they are made
}

// Vars are the variables of rules: their values as rules write them, by name.
type Vars struct {
	Addresses map[string]string `json:"addresses"`
	Ports     map[string]string `json:"ports"`
}

// VarsOf sorts variables: those whose names end in PORTS are ports.
func VarsOf(all map[string]string) Vars {
	v := Vars{Addresses: map[string]string{}, Ports: map[string]string{}}
	for name, value := range all {
		name = strings.TrimPrefix(name, "$")
		if strings.HasSuffix(name, "PORTS") {
			v.Ports[name] = value
		} else {
			v.Addresses[name] = value
		}
	}
	return v
}

// File is a file of rules, or a classification.config.
type File struct {
	Name   string
	Text   []byte
	Source string // name of the source that it is of; "": nobody asked
	Data   bool   // no rules, but values that rules name: a list of a dataset
}

// bundled is the first line of a bundle; behind it stand the files.
type bundled struct {
	Version int       `json:"version"`
	Vars    Vars      `json:"vars"`
	On      []ID      `json:"on,omitempty"`
	Off     []ID      `json:"off,omitempty"`
	Timed   bool      `json:"timed,omitempty"`
	Files   []content `json:"files"`
}

type content struct {
	Name string `json:"name"`
	Size int    `json:"size"`
	Data bool   `json:"data,omitempty"`
}

const (
	bundleVersion = 1
	maxBundle     = 512 << 20 // bytes of all files
	maxHead       = 8 << 20   // bytes of the first line
)

// ErrBundle means that what should be a bundle of rules is none.
var ErrBundle = errors.New("signature: no bundle of rules")

// Bundle writes the rules in one stream.
func (r *Rules) Bundle(w io.Writer) error {
	head := bundled{Version: bundleVersion, Vars: r.Vars, On: r.On, Off: r.Off, Timed: r.Timed}
	for _, f := range r.Files {
		head.Files = append(head.Files, content{f.Name, len(f.Text), f.Data})
	}
	if err := json.NewEncoder(w).Encode(head); err != nil {
		return err
	}
	for _, f := range r.Files {
		if _, err := w.Write(f.Text); err != nil {
			return err
		}
	}
	return nil
}

func unbundle(r io.Reader) (*Rules, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	line, err := firstLine(in)
	if err != nil {
		return nil, err
	}
	var head bundled
	if err := json.Unmarshal(line, &head); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBundle, err)
	}
	if head.Version != bundleVersion {
		return nil, fmt.Errorf("%w: version %d", ErrBundle, head.Version)
	}
	rules := &Rules{Vars: head.Vars, On: head.On, Off: head.Off, Timed: head.Timed}
	room := maxBundle
	for _, c := range head.Files {
		if c.Size < 0 || c.Size > room {
			return nil, fmt.Errorf("%w: %s has %d bytes", ErrBundle, c.Name, c.Size)
		}
		room -= c.Size
		f := File{Name: c.Name, Text: make([]byte, c.Size), Data: c.Data}
		if _, err := io.ReadFull(in, f.Text); err != nil {
			return nil, fmt.Errorf("%w: %s is cut: %w", ErrBundle, c.Name, err)
		}
		rules.Files = append(rules.Files, f)
	}
	return rules, nil
}

func firstLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("%w: %w", ErrBundle, err)
		case len(line) > maxHead:
			return nil, fmt.Errorf("%w: its first line is too long", ErrBundle)
		}
	}
}

// State is what became of a rule.
type State struct {
	Place  string // file:line
	GID    uint32
	SID    uint32 // 0: it could not be read that far
	Reason string // why it is rejected; "": it is loaded
}

// Check reads and compiles the rules, and says how many are loaded and which are rejected.
func (r *Rules) Check() (loaded int, rejected []State, err error) {
	set, rejected, err := r.compile()
	if err != nil {
		return 0, nil, err
	}
	return set.Len(), rejected, nil
}

// Eye looks for what the rules describe; rejected are those that it cannot use.
func (r *Rules) Eye() (e *Eye, rejected []State, err error) {
	set, rejected, err := r.compile()
	if err != nil {
		return nil, nil, err
	}
	e = NewEye()
	e.shared.Use(set)
	return e, rejected, nil
}
