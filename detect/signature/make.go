package signature

import (
	"bytes"
	"maps"
	"path/filepath"
	"strings"

	"bulwark/detect/signature/internal/engine"
	"bulwark/detect/signature/internal/rule"
)

// compile makes what looks for the rules, and says which cannot be used.
func (r *Rules) compile() (*engine.Set, []State, error) {
	m, err := r.make()
	if err != nil {
		return nil, nil, err
	}
	var rejected []State
	for _, x := range m.all.Errors {
		if x.Enabled {
			rejected = append(rejected, State{Place: x.Pos.String(), SID: x.SID, Reason: x.Reason})
		}
	}
	for _, x := range m.refused {
		rejected = append(rejected, State{Place: x.Rule.Pos.String(), GID: x.Rule.GID, SID: x.Rule.SID, Reason: x.Err.Error()})
	}
	return m.set, append(rejected, m.faults...), nil
}

func (r *Rules) parser() *rule.Parser {
	return rule.NewParser(rule.Options{Vars: rule.DefaultVars().With(r.Vars.Addresses, r.Vars.Ports)})
}

// make reads and compiles the rules.
func (r *Rules) make() (*made, error) {
	p := r.parser()
	full := crowded(Memory)
	m := &made{all: &rule.Set{}, classes: map[string]rule.Class{}, systems: map[string]string{}, decided: map[ID]Text{}}
	source, data := map[string]string{}, map[string][]byte{}
	for _, f := range r.Files {
		source[f.Name] = f.Source
		if f.Data {
			data[f.Name] = f.Text
			continue
		}
		if err := m.read(p, &f, full); err != nil {
			return nil, err
		}
	}
	r.choose(m, source)
	o := r.options(m)
	o.Data, o.Full = data, full
	if m.set, m.refused = engine.Compile(m.all.Rules, o); m.set == nil {
		return nil, errMemory()
	}
	return m, nil
}

// options are those of the engine but for data.
func (r *Rules) options(m *made) engine.Options {
	known := m.reputation // and not all of m with it
	o := engine.Options{Reputation: &known, Classes: m.classes, Overrides: m.overrides, Plain: r.Plain, Skipped: m.all.Skipped, Alerts: r.AlertMax}
	if r.Timed {
		o.SampleEvery = 1
	}
	for _, x := range m.all.Errors {
		if x.Enabled && !x.Skipped {
			o.Failed++
		}
	}
	for _, name := range r.Order {
		for _, a := range []rule.Action{rule.Alert, rule.Pass, rule.Drop, rule.Reject} {
			if a.String() == name {
				o.Order = append(o.Order, a)
			}
		}
	}
	return o
}

// read reads a file after what its name says that it is.
func (m *made) read(p *rule.Parser, f *File, full func() bool) error {
	text := &while{bytes.NewReader(f.Text), full}
	var errs []*rule.Error
	var err error
	switch kindOf(f.Name) {
	case classFile:
		var more map[string]rule.Class
		more, _, err = rule.Classes(text, f.Name) // a line that is no class is none: the rules of that class have no words
		maps.Copy(m.classes, more)
	case referenceFile:
		var more map[string]string
		more, _, err = rule.ReferenceSystems(text, f.Name)
		maps.Copy(m.systems, more)
	case overrideFile:
		var more []rule.Override
		more, errs, err = p.Overrides(text, f.Name)
		m.overrides = append(m.overrides, more...)
	case categoryFile:
		errs, err = m.reputation.Categories(text, f.Name)
	case reputationFile:
		errs, err = m.reputation.List(text, f.Name)
	case mapFile:
	default:
		err = m.all.Read(p, text, f.Name)
	}
	for _, x := range errs {
		m.faults = append(m.faults, State{Place: x.Pos.String(), Reason: x.Reason})
	}
	return err
}

// choose puts rules in force and out of it as people have said.
func (r *Rules) choose(m *made, source map[string]string) {
	on, off := map[ID]bool{}, map[ID]bool{}
	for _, id := range r.On {
		on[id] = true
	}
	for _, id := range r.Off {
		off[id] = true
	}
	for _, x := range m.all.Rules {
		id := ID{x.GID, x.SID}
		why, waits := r.Waits[x.Pos.File]
		if r.decide == nil {
			x.Enabled = (x.Enabled || on[id]) && !off[id] && (!waits || on[id])
			continue
		}
		d, ok := r.decide(x, source[x.Pos.File])
		switch {
		case !ok && waits:
			x.Enabled = false
			m.off = append(m.off, id)
			m.decided[id] = why
		case !ok || d.Enabled == x.Enabled:
		case d.Enabled:
			x.Enabled = true
			m.on = append(m.on, id)
		default:
			x.Enabled = false
			m.off = append(m.off, id)
			m.decided[id] = d.why()
		}
	}
}

// parsed notes what was decided, for whoever takes the rules over.
func (r *Rules) parsed(m *made) {
	if r.decide != nil {
		r.On, r.Off, r.decide = m.on, m.off, nil
	}
}

func (d *Decision) why() Text {
	day := d.When.Format("2006-01-02")
	return Text{"Taken out of force on " + day + ": " + d.Reason, "Mise hors vigueur le " + day + " : " + d.Reason}
}

// fileKind is what stands in a file that rules come with.
type fileKind uint8

const (
	ruleFile fileKind = iota
	classFile
	referenceFile
	overrideFile
	categoryFile   // categories of reputations
	reputationFile // addresses with them
	mapFile        // sid-msg.map: titles, which the rules have themselves
	dataFile       // a list of a dataset that rules name
	logFile        // rules about events of logs (Sigma)
	noFile
)

// kindOf is what stands in a file, by its name.
func kindOf(name string) fileKind {
	switch base := strings.ToLower(filepath.Base(name)); {
	case base == "classification.config":
		return classFile
	case base == "reference.config":
		return referenceFile
	case base == "threshold.config" || base == "suppress.config":
		return overrideFile
	case base == "categories.txt":
		return categoryFile
	case (strings.HasPrefix(base, "reputation") || strings.HasPrefix(base, "iprep")) && !strings.HasSuffix(base, ".rules"):
		return reputationFile
	case strings.HasSuffix(base, ".map"):
		return mapFile
	case strings.HasSuffix(base, ".rules"):
		return ruleFile
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".lst", ".list", ".csv", ".json", ".ndjson", ".dat":
		return dataFile
	case ".yml", ".yaml":
		return logFile
	}
	return noFile
}
