package incident

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// sheet is a PDF in the making, on A4. Its letters are those of Windows-1252, which has all of French and English: another is a point.
type sheet struct {
	pdf *fpdf.Fpdf
	in  func(string) string // as the fonts have it
}

// Measures of a sheet, in millimetres.
const (
	margin = 18.0
	inside = 210 - 2*margin
	lineOf = 4.6 // of text
	foot   = 15.0
)

// mostRows is how many rows of a table are printed.
const mostRows = 2000

// newSheet begins a sheet; below stands below each page, with its number.
func newSheet(title, below string, french bool, at time.Time) *sheet {
	s := &sheet{pdf: fpdf.New("P", "mm", "A4", "")}
	p := s.pdf
	s.in = p.UnicodeTranslatorFromDescriptor("")
	p.SetTitle(title, true)
	p.SetProducer("Bulwark", true)
	p.SetCreationDate(at)
	p.SetModificationDate(at)
	p.SetCatalogSort(true)
	p.SetLang(map[bool]string{true: "fr", false: "en"}[french])
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(true, foot+margin/2)
	p.AliasNbPages("")
	p.SetFooterFunc(func() {
		p.SetY(-foot)
		p.SetFont("Helvetica", "", 8)
		p.CellFormat(0, 5, s.in(below)+"   "+strconv.Itoa(p.PageNo())+" / {nb}", "", 0, "C", false, 0, "")
	})
	p.AddPage()
	return s
}

// head is a heading: 1 is the title, 2 a part, which the reader finds in the list of them, and 3 a part of one.
func (s *sheet) head(level int, text string) {
	if level > 1 {
		s.pdf.Ln(3)
		s.room(4)
	}
	if level < 3 {
		s.pdf.Bookmark(text, level-1, -1)
	}
	s.pdf.SetFont("Helvetica", "B", []float64{17, 13, 10.5}[level-1])
	s.pdf.MultiCell(0, []float64{8, 6.5, 5.5}[level-1], s.in(text), "", "L", false)
	s.pdf.Ln(1)
}

// say is a paragraph; quiet ones are smaller, loud ones bold.
func (s *sheet) say(style, text string) {
	size := 10.0
	if style == "quiet" {
		s.pdf.SetTextColor(80, 80, 80)
		size, style = 8.5, ""
	}
	s.pdf.SetFont("Helvetica", style, size)
	s.pdf.MultiCell(0, lineOf, s.in(text), "", "L", false)
	s.pdf.SetTextColor(0, 0, 0)
	s.pdf.Ln(1.5)
}

// room begins a page where fewer lines than that have room.
func (s *sheet) room(lines int) {
	if s.left() < lines {
		s.pdf.AddPage()
	}
}

// left is how many lines have room on the page.
func (s *sheet) left() int {
	return int((297 - foot - margin/2 - s.pdf.GetY()) / lineOf)
}

// table is a heading row, and rows; wide are the shares of the columns.
func (s *sheet) table(wide []float64, head []string, rows [][]string, more string) {
	s.pdf.SetFont("Helvetica", "B", 9)
	s.pdf.SetFillColor(235, 235, 235)
	s.pdf.SetDrawColor(170, 170, 170)
	if head != nil {
		s.room(3)
		s.row(wide, head, true)
	}
	s.pdf.SetFont("Helvetica", "", 9)
	for _, r := range rows[:min(len(rows), mostRows)] {
		s.row(wide, r, false)
	}
	if len(rows) > mostRows {
		s.say("quiet", more+strconv.Itoa(len(rows)-mostRows))
	}
	s.pdf.Ln(1.5)
}

// row writes a row, on as many pages as it takes.
func (s *sheet) row(wide []float64, cells []string, fill bool) {
	var lines [][]string
	tall := 1
	for n, text := range cells {
		var all []string
		for _, b := range s.pdf.SplitLines([]byte(s.in(text)), wide[n]*inside) {
			all = append(all, string(b))
		}
		lines, tall = append(lines, all), max(tall, len(all))
	}
	for from := 0; from < tall; {
		s.room(min(tall-from, 3))
		to := min(tall, from+max(1, s.left()))
		s.lines(wide, lines, from, to, fill)
		from = to
	}
}

// lines writes some lines of a row.
func (s *sheet) lines(wide []float64, cells [][]string, from, to int, fill bool) {
	x, y := margin, s.pdf.GetY()
	style := "D"
	if fill {
		style = "FD"
	}
	for n, c := range cells {
		s.pdf.Rect(x, y, wide[n]*inside, float64(to-from)*lineOf, style)
		for k, text := range c[min(from, len(c)):min(to, len(c))] {
			s.pdf.SetXY(x, y+float64(k)*lineOf)
			s.pdf.CellFormat(wide[n]*inside, lineOf, text, "", 0, "L", false, 0, "")
		}
		x += wide[n] * inside
	}
	s.pdf.SetXY(margin, y+float64(to-from)*lineOf)
}

func (s *sheet) write(w io.Writer) error { return s.pdf.Output(w) }

// pdf writes the report of a case as a PDF: what the page for printing shows.
func (p *paper) pdf(w io.Writer) error {
	title := p.Say("Case ", "Dossier ") + fmt.Sprint(p.Case.ID) + " : " + p.Case.Title
	s := newSheet(title, p.Say("Case ", "Dossier ")+fmt.Sprint(p.Case.ID)+", "+p.Stamp(p.Printed), p.FR, p.Printed)
	s.head(1, title)
	under := p.Say("Printed ", "Imprimé le ") + p.Stamp(p.Printed) + " · " + p.Say("revision ", "révision ") + fmt.Sprint(p.Case.Rev) + " · " + p.Say("opened ", "ouvert le ") + p.Stamp(p.Case.Opened)
	if p.Case.Owner != "" {
		under += " · " + p.Say("owner ", "responsable ") + p.Case.Owner
	}
	s.say("quiet", under)
	for k := range p.Incidents {
		p.incident(s, &p.Incidents[k])
	}
	p.clocks(s)
	p.work(s)
	p.exhibits(s)
	return s.write(w)
}

func (p *paper) more() string { return p.Say("Further rows: ", "Autres lignes : ") }

func (p *paper) say(t Text) string { return p.Say(t.EN, t.FR) }

func (p *paper) incident(s *sheet, d *Detail) {
	s.head(2, "Incident "+fmt.Sprint(d.ID)+" : "+p.say(d.Title))
	s.say("", p.Say("Risk ", "Risque ")+fmt.Sprintf("%.1f", d.Risk)+" · "+p.Stamp(d.First)+" – "+p.Stamp(d.Last))
	s.say("B", p.say(d.Clinical.Text))
	var story, joins [][]string
	for _, x := range d.Story {
		story = append(story, []string{p.Stamp(x.At), p.say(x.Text)})
	}
	for _, j := range d.Joins {
		joins = append(joins, []string{j.Title, j.Entity, p.say(j.Because)})
	}
	s.head(3, p.Say("What happened", "Ce qui s’est passé"))
	s.table([]float64{.24, .76}, []string{p.Say("When", "Quand"), p.Say("What", "Quoi")}, story, p.more())
	s.head(3, p.Say("Why each is part of it", "Pourquoi chaque constat en fait partie"))
	s.table([]float64{.36, .22, .42}, []string{p.Say("Finding", "Constat"), p.Say("Of", "De"), p.Say("Why", "Pourquoi")}, joins, p.more())
}

func (p *paper) clocks(s *sheet) {
	var rows [][]string
	for _, c := range p.Case.Clocks {
		declared := "–"
		if !c.Declared.IsZero() {
			declared = p.Stamp(c.Declared)
		}
		rows = append(rows, []string{p.Say(c.Name.EN, c.Name.FR), p.yes(c.Applies) + " : " + p.Say(c.Why.EN, c.Why.FR), p.Stamp(c.Due), declared, c.Source})
	}
	s.head(2, p.Say("Declarations", "Déclarations"))
	s.table([]float64{.2, .29, .17, .17, .17}, []string{p.Say("To whom", "À qui"), p.Say("Applies", "S’applique"), p.Say("Due", "Échéance"), p.Say("Declared", "Déclaré"), "Source"}, rows, p.more())
}

func (p *paper) yes(is bool) string {
	if is {
		return p.Say("yes", "oui")
	}
	return p.Say("no", "non")
}

func (p *paper) work(s *sheet) {
	if len(p.Case.Tasks) > 0 {
		var rows [][]string
		for _, t := range p.Case.Tasks {
			rows = append(rows, []string{t.Text, t.Owner, p.yes(t.Done)})
		}
		s.head(2, p.Say("Tasks", "Tâches"))
		s.table([]float64{.6, .28, .12}, []string{p.Say("Task", "Tâche"), p.Say("Owner", "Responsable"), p.Say("Done", "Fait")}, rows, p.more())
	}
	if len(p.Case.Notes) > 0 {
		s.head(2, "Notes")
	}
	for _, n := range p.Case.Notes {
		s.say("quiet", p.Stamp(n.At)+" · "+n.By)
		s.say("", n.Text)
	}
}

func (p *paper) exhibits(s *sheet) {
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
	s.head(2, p.Say("Evidence and chain of custody", "Preuves et chaîne de conservation"))
	s.table([]float64{.05, .25, .34, .36}, []string{"N", p.Say("What", "Quoi"), "SHA-256", p.Say("Custody", "Conservation")}, rows, p.more())
}

// draft writes a draft of a declaration as a PDF.
func (p *paper) draft(w io.Writer) error {
	d := p.Declaration
	name := p.Say(d.Name.EN, d.Name.FR)
	s := newSheet(name, name+", "+p.Stamp(p.Printed), p.FR, p.Printed)
	s.head(1, name)
	s.say("quiet", p.Say("Draft of case ", "Projet, dossier ")+fmt.Sprint(d.Case)+" · "+d.Source+" · "+p.Say("due ", "échéance ")+p.Stamp(d.Due))
	s.say("", p.Say("Read it over before it is sent: it was filled in by a program, and where there is only “…” something is missing.",
		"À relire avant envoi : rempli par un programme ; là où il n’y a que « … », il manque quelque chose."))
	var rows [][]string
	for _, f := range d.Fields {
		value := p.Say(f.Value.EN, f.Value.FR)
		if f.Missing {
			value = "…"
		}
		rows = append(rows, []string{p.Say(f.Name.EN, f.Name.FR), value})
	}
	s.table([]float64{.32, .68}, nil, rows, p.more())
	return s.write(w)
}
