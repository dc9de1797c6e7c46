package incident

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"bulwark/platform/sheet"
)

// pdf writes the report of a case as a PDF: what the page for printing shows.
func (p *paper) pdf(w io.Writer) error {
	title := p.Say("Case ", "Dossier ") + fmt.Sprint(p.Case.ID) + " : " + p.Case.Title
	s := sheet.New(title, p.Say("Case ", "Dossier ")+fmt.Sprint(p.Case.ID)+", "+p.Stamp(p.Printed), p.FR, p.Printed)
	s.Head(1, title)
	under := p.Say("Printed ", "Imprimé le ") + p.Stamp(p.Printed) + " · " + p.Say("revision ", "révision ") + fmt.Sprint(p.Case.Rev) + " · " + p.Say("opened ", "ouvert le ") + p.Stamp(p.Case.Opened)
	if p.Case.Owner != "" {
		under += " · " + p.Say("owner ", "responsable ") + p.Case.Owner
	}
	s.Say("quiet", under)
	for k := range p.Incidents {
		p.incident(s, &p.Incidents[k])
	}
	p.clocks(s)
	p.work(s)
	p.exhibits(s)
	return s.Write(w)
}

func (p *paper) more() string { return p.Say("Further rows: ", "Autres lignes : ") }

func (p *paper) say(t Text) string { return p.Say(t.EN, t.FR) }

func (p *paper) incident(s *sheet.Sheet, d *Detail) {
	s.Head(2, "Incident "+fmt.Sprint(d.ID)+" : "+p.say(d.Title))
	s.Say("", p.Say("Risk ", "Risque ")+fmt.Sprintf("%.1f", d.Risk)+" · "+p.Stamp(d.First)+" – "+p.Stamp(d.Last))
	s.Say("B", p.say(d.Clinical.Text))
	var story, joins [][]string
	for _, x := range d.Story {
		story = append(story, []string{p.Stamp(x.At), p.say(x.Text)})
	}
	for _, j := range d.Joins {
		joins = append(joins, []string{j.Title, j.Entity, p.say(j.Because)})
	}
	s.Head(3, p.Say("What happened", "Ce qui s’est passé"))
	s.Table([]float64{.24, .76}, []string{p.Say("When", "Quand"), p.Say("What", "Quoi")}, story, p.more())
	s.Head(3, p.Say("Why each is part of it", "Pourquoi chaque constat en fait partie"))
	s.Table([]float64{.36, .22, .42}, []string{p.Say("Finding", "Constat"), p.Say("Of", "De"), p.Say("Why", "Pourquoi")}, joins, p.more())
}

func (p *paper) clocks(s *sheet.Sheet) {
	var rows [][]string
	for _, c := range p.Case.Clocks {
		declared := "–"
		if !c.Declared.IsZero() {
			declared = p.Stamp(c.Declared)
		}
		rows = append(rows, []string{p.Say(c.Name.EN, c.Name.FR), p.yes(c.Applies) + " : " + p.Say(c.Why.EN, c.Why.FR), p.Stamp(c.Due), declared, c.Source})
	}
	s.Head(2, p.Say("Declarations", "Déclarations"))
	s.Table([]float64{.2, .29, .17, .17, .17}, []string{p.Say("To whom", "À qui"), p.Say("Applies", "S’applique"), p.Say("Due", "Échéance"), p.Say("Declared", "Déclaré"), "Source"}, rows, p.more())
}

func (p *paper) yes(is bool) string {
	if is {
		return p.Say("yes", "oui")
	}
	return p.Say("no", "non")
}

func (p *paper) work(s *sheet.Sheet) {
	if len(p.Case.Tasks) > 0 {
		var rows [][]string
		for _, t := range p.Case.Tasks {
			rows = append(rows, []string{t.Text, t.Owner, p.yes(t.Done)})
		}
		s.Head(2, p.Say("Tasks", "Tâches"))
		s.Table([]float64{.6, .28, .12}, []string{p.Say("Task", "Tâche"), p.Say("Owner", "Responsable"), p.Say("Done", "Fait")}, rows, p.more())
	}
	if len(p.Case.Notes) > 0 {
		s.Head(2, "Notes")
	}
	for _, n := range p.Case.Notes {
		s.Say("quiet", p.Stamp(n.At)+" · "+n.By)
		s.Say("", n.Text)
	}
}

func (p *paper) exhibits(s *sheet.Sheet) {
	if len(p.Case.Evidence) == 0 {
		return
	}
	var rows [][]string
	for _, e := range p.Case.Evidence {
		var custody []string
		for _, a := range e.Custody {
			custody = append(custody, p.Stamp(a.At)+" "+a.By+" "+a.What)
		}
		what := slices.DeleteFunc([]string{e.Name, e.Note}, func(t string) bool { return t == "" })
		rows = append(rows, []string{fmt.Sprint(e.ID), strings.Join(what, "\n"), e.SHA256, strings.Join(custody, "\n")})
	}
	s.Head(2, p.Say("Evidence and chain of custody", "Preuves et chaîne de conservation"))
	s.Table([]float64{.05, .25, .34, .36}, []string{"N", p.Say("What", "Quoi"), "SHA-256", p.Say("Custody", "Conservation")}, rows, p.more())
}

// draft writes a draft of a declaration as a PDF.
func (p *paper) draft(w io.Writer) error {
	d := p.Declaration
	name := p.Say(d.Name.EN, d.Name.FR)
	s := sheet.New(name, name+", "+p.Stamp(p.Printed), p.FR, p.Printed)
	s.Head(1, name)
	s.Say("quiet", p.Say("Draft of case ", "Projet, dossier ")+fmt.Sprint(d.Case)+" · "+d.Source+" · "+p.Say("due ", "échéance ")+p.Stamp(d.Due))
	s.Say("", p.Say("Read it over before it is sent: it was filled in by a program, and where there is only “…” something is missing.",
		"À relire avant envoi : rempli par un programme ; là où il n’y a que « … », il manque quelque chose."))
	var rows [][]string
	for _, f := range d.Fields {
		value := p.Say(f.Value.EN, f.Value.FR)
		if f.Missing {
			value = "…"
		}
		rows = append(rows, []string{p.Say(f.Name.EN, f.Name.FR), value})
	}
	s.Table([]float64{.32, .68}, nil, rows, p.more())
	return s.Write(w)
}
