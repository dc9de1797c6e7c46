package logrule

import (
	"slices"
	"strings"

	"bulwark/detect/logrule/internal/sigma"
	"bulwark/event"
)

// pairs are fields in the order in which they came.
type pairs struct {
	names  []string
	values []sigma.Value
	text   []byte // of values that had to be copied
}

func (p *pairs) add(name, value string) {
	p.names, p.values = append(p.names, name), append(p.values, sigma.Value{Text: value})
}

// take adds an attribute. Its texts hold during the call alone.
func (p *pairs) take(name string, v event.Value) {
	if v.Type != event.List {
		from := len(p.text)
		p.text = v.AppendText(p.text)
		p.add(name, event.View(p.text[from:]))
		return
	}
	for _, s := range v.List {
		from := len(p.text)
		p.text = append(p.text, s...)
		p.add(name, event.View(p.text[from:]))
	}
}

// Values are those of a field; none where it is missing.
func (p *pairs) Values(name string) []sigma.Value {
	from := slices.Index(p.names, name)
	if from < 0 {
		return nil
	}
	to := from + 1
	for to < len(p.names) && p.names[to] == name {
		to++
	}
	all := p.values[from:to:to]
	for k := to; k < len(p.names); k++ {
		if p.names[k] == name {
			all = append(all, p.values[k])
		}
	}
	return all
}

// Every are all values.
func (p *pairs) Every() []sigma.Value { return p.values }

// Len is how many values there are.
func (p *pairs) Len() int { return len(p.values) }

// Name is the field of a value.
func (p *pairs) Name(k int) string { return p.names[k] }

// Raw is a value as it stands in the log.
func (p *pairs) Raw(k int) (string, sigma.Form) {
	if p.values[k].Null {
		return "", sigma.Nothing
	}
	return p.values[k].Text, sigma.Plain
}

// Whole is no text: there is none.
func (p *pairs) Whole() (string, bool) { return "", false }

// Value is one of [pairs.Every].
func (p *pairs) Value(k int) sigma.Value { return p.values[k] }

// Fields are the names of the fields, each once.
func (p *pairs) Fields() (all []string) {
	for _, name := range p.names {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// Text is what a field says; several values with a comma between.
func (p *pairs) Text(name string) string {
	all := p.Values(name)
	switch len(all) {
	case 0:
		return ""
	case 1:
		return all[0].Text
	}
	var texts []string
	for _, v := range all {
		texts = append(texts, v.Text)
	}
	return strings.Join(texts, ", ")
}
