package signature

import (
	"bytes"

	"bulwark/detect/signature/internal/rule"
)

// Reading is what came of reading one rule.
type Reading struct {
	Place   string // file:line:column, of the fault where there is one
	SID     uint32 // 0: it could not be read that far
	Enabled bool   // false: it is commented out
	Skipped bool   // it asks by `requires` for what this program does not have
	Reason  string // why it cannot be used; "": it can
}

// Read reads the rules without making anything of them, and hands over what came of each. absolute allows datasets to be
// saved outside of the folder of the rules.
func (r *Rules) Read(absolute bool, each func(Reading)) error {
	p := rule.NewParser(rule.Options{Vars: rule.DefaultVars().With(r.Vars.Addresses, r.Vars.Ports), AbsolutePaths: absolute})
	for _, f := range r.Files {
		if k := kindOf(f.Name); f.Data || k != ruleFile && k != noFile { // a file of another name is read as rules
			continue
		}
		err := p.Each(bytes.NewReader(f.Text), f.Name, func(x *rule.Rule, e *rule.Error) {
			if e != nil {
				each(Reading{e.Pos.String(), e.SID, e.Enabled, e.Skipped, e.Reason})
				return
			}
			each(Reading{x.Pos.String(), x.SID, x.Enabled, false, ""})
		})
		if err != nil {
			return err
		}
	}
	return nil
}
