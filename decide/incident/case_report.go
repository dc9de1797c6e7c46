package incident

import (
	"context"
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"bulwark/decide/incident/law"
)

//go:embed templates/*.html
var templates embed.FS

// Declaration is what is to be declared, as far as it can be filled in.
type Declaration struct {
	law.Step
	Case     uint64      `json:"case"`
	Name     law.Text    `json:"name"`
	Source   string      `json:"source"`
	Due      time.Time   `json:"due"`
	Declared time.Time   `json:"declared,omitzero"`
	Fields   []law.Field `json:"fields"`
}

// Declaration fills in a declaration from a case and its incidents.
func (i *Incidents) Declaration(ctx context.Context, id uint64, s law.Step) (Declaration, error) {
	if !law.Known(s) {
		return Declaration{}, wrongCase("nothing is declared to %q at stage %q", s.To, s.Stage)
	}
	c, err := i.Case(ctx, id)
	if err != nil {
		return Declaration{}, err
	}
	n := slices.IndexFunc(c.Clocks, func(k law.Clock) bool { return k.Step == s })
	k := c.Clocks[n]
	return Declaration{Step: s, Case: id, Name: k.Name, Source: k.Source, Due: k.Due, Declared: k.Declared, Fields: law.Draft(s, i.values(&c, i.details(&c)))}, nil
}

// details are the incidents of a case that are still kept.
func (i *Incidents) details(c *Case) (all []Detail) {
	for _, id := range c.Incidents {
		if d, err := i.Show(id); err == nil {
			all = append(all, d)
		}
	}
	return all
}

// values are what is known for declarations: what people filled in, and what the incidents show.
func (i *Incidents) values(c *Case, all []Detail) map[string]law.Text {
	v := map[string]law.Text{}
	stamp := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
	same := func(s string) law.Text { return law.Text{EN: s, FR: s} }
	add := func(name string, t Text) {
		old := v[name]
		if old.EN != "" {
			old.EN, old.FR = old.EN+"\n", old.FR+"\n"
		}
		v[name] = law.Text{EN: old.EN + t.EN, FR: old.FR + t.FR}
	}
	v["aware"] = same(stamp(c.Facts.Aware))
	var began time.Time
	for _, d := range all {
		if began.IsZero() || d.First.Before(began) {
			began = d.First
		}
		for _, s := range d.Story {
			add("description", s.Text)
		}
		add("care", d.Clinical.Text)
		add("severity", severityText[d.Severity])
		for _, e := range d.Entities {
			switch e.Kind {
			case "device":
				add("devices", both(strings.TrimSpace(e.Name+" "+e.Class+" ("+e.ID+")")))
			case "domain", "hash", "url", "address":
				add("indicators", both(e.ID))
			}
		}
	}
	if !began.IsZero() {
		v["began"] = same(stamp(began))
	}
	for name, value := range c.Fields {
		v[name] = same(value)
	}
	return v
}

var severityText = map[string]Text{"informational": {"informational", "information"}, "low": {"low", "faible"}, "medium": {"medium", "moyenne"},
	"high": {"high", "élevée"}, "critical": {"critical", "critique"}}

// paper is what a page for printing shows.
type paper struct {
	FR          bool
	Printed     time.Time
	Case        Case
	Incidents   []Detail
	Declaration *Declaration
}

// In is a text in the language of the page.
func (p *paper) In(t any) (string, error) {
	switch t := t.(type) {
	case Text:
		return p.Say(t.EN, t.FR), nil
	case law.Text:
		return p.Say(t.EN, t.FR), nil
	}
	return "", fmt.Errorf("%T is no text", t)
}

// Say is one of two texts.
func (p *paper) Say(en, fr string) string {
	if p.FR {
		return fr
	}
	return en
}

// Stamp is a time as it is printed.
func (p *paper) Stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// print writes a page.
func (p *paper) print(w io.Writer, name string) error {
	t, err := template.ParseFS(templates, "templates/*.html")
	if err != nil {
		return err
	}
	return t.ExecuteTemplate(w, name, p)
}

// Report writes the report of a case, made to be printed: as a page, or as a PDF.
func (i *Incidents) Report(ctx context.Context, w io.Writer, id uint64, french, pdf bool) error {
	c, err := i.Case(ctx, id)
	if err != nil {
		return err
	}
	p := &paper{FR: french, Printed: i.now(), Case: c, Incidents: i.details(&c)}
	if pdf {
		return p.pdf(w)
	}
	return p.print(w, "report.html")
}
