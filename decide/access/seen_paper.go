package access

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"time"

	"bulwark/decide/access/policy"
	"bulwark/platform/sheet"
)

// seenPaper writes a report for whoever asked for it.
type seenPaper struct {
	r    *SeenReport
	fr   bool
	zone *time.Location
	now  time.Time
}

func (p *seenPaper) say(en, fr string) string {
	if p.fr {
		return fr
	}
	return en
}

func (p *seenPaper) in(t policy.Text) string { return p.say(t.EN, t.FR) }

func (p *seenPaper) stamp(t time.Time) string {
	return t.In(p.zone).Format(p.say("2006-01-02 15:04 MST", "02/01/2006 15:04 MST"))
}

// who is somebody: by name, or by a number that means something in this report alone.
func (p *seenPaper) who(l *SeenLine) string {
	w := &l.Who
	text := w.Name
	if text == "" && w.Number > 0 {
		text = p.say("Person ", "Personne ") + fmt.Sprint(w.Number)
	}
	return joined("\n", text, joined(", ", p.in(w.Function), strings.Join(w.Units, ", ")))
}

func joined(by string, parts ...string) string {
	var all []string
	for _, s := range parts {
		if s != "" {
			all = append(all, s)
		}
	}
	return strings.Join(all, by)
}

func (p *seenPaper) when(l *SeenLine) string {
	text := p.stamp(l.At)
	if l.Last.Sub(l.At) >= time.Minute {
		text += p.say(" to ", " à ") + l.Last.In(p.zone).Format(p.say("01-02 15:04", "02/01 15:04"))
	}
	if l.Count > 1 {
		text += fmt.Sprintf(p.say(" (%d times)", " (%d fois)"), l.Count)
	}
	return text
}

// why is why it was allowed.
func (p *seenPaper) why(l *SeenLine) string {
	var all []string
	for _, t := range l.Why {
		all = append(all, p.in(t)+".")
	}
	if g := l.Glass; g != nil {
		all = append(all, joined(" : ", p.say("Reason given: ", "Motif indiqué : ")+p.in(glassWords(g.Reason)), g.Text)+".")
	}
	return strings.Join(append(all, p.in(l.Said)), " ")
}

func (p *seenPaper) mark(m string) string {
	switch m {
	case "explained":
		return p.say("Explained", "Expliqué")
	case "review":
		return p.say("Under review", "En cours de relecture")
	case "unjustified":
		return p.say("Not justified", "Injustifié")
	case "refused":
		return p.say("Refused", "Refusé")
	}
	return p.say("Decided elsewhere", "Décidé ailleurs")
}

// glassWords is the reason of a break-glass.
func glassWords(reason string) policy.Text {
	switch reason {
	case "emergency":
		return pair("emergency", "urgence")
	case "transfer":
		return pair("transfer of the patient", "transfert du patient")
	case "on-call":
		return pair("on call", "astreinte")
	case "consultation":
		return pair("advice to a colleague", "avis demandé par un collègue")
	case "administrative":
		return pair("administrative", "administratif")
	}
	return pair("other", "autre")
}

// title is above the report.
func (p *seenPaper) title() string { return p.say("Who saw the record", "Qui a vu le dossier") }

// pdf writes it to be printed, or handed to the patient.
func (p *seenPaper) pdf(w io.Writer) error {
	s := sheet.New(p.title(), p.title()+", "+p.r.Ref, p.fr, p.now)
	s.Head(1, p.title())
	s.Say("quiet", joined(" · ", p.say("Reference ", "Référence ")+p.r.Ref, p.in(seenWhy(p.r.Reason)), p.say("made ", "établi le ")+p.stamp(p.r.At)))
	s.Say("", p.say("Accesses to the record of one patient, from ", "Accès au dossier d’un patient, du ")+p.stamp(p.r.From)+p.say(" to ", " au ")+p.stamp(p.r.Until)+".")
	if !p.r.Names {
		s.Say("", p.say("Staff is told by function and unit, not by name. A number tells people apart in this list and means nothing outside of it.",
			"Les personnes sont désignées par leur fonction et leur unité, sans leur nom. Le numéro les distingue dans cette liste et n’a pas de sens ailleurs."))
	}
	p.marks(s)
	wide := []float64{.19, .21, .24, .36}
	head := []string{p.say("When", "Quand"), p.say("Who", "Qui"), p.say("What, and from where", "Quoi, et d’où"), p.say("Why", "Pourquoi")}
	for _, part := range []struct{ source, head string }{
		{"decision", p.say("People, through Bulwark", "Personnes, par Bulwark")},
		{"system", p.say("People, as other systems told", "Personnes, selon d’autres systèmes")},
		{"network", p.say("Systems that exchanged something about the patient", "Systèmes ayant échangé des données du patient")},
	} {
		s.Head(2, part.head)
		if rows := p.rows(part.source); len(rows) > 0 {
			s.Table(wide, head, rows, p.say("Further lines, which the CSV has: ", "Autres lignes, que le CSV contient : "))
		} else {
			s.Say("", p.say("Nothing is known.", "Rien n’est connu."))
		}
	}
	s.Head(2, p.say("What this list cannot see", "Ce que cette liste ne voit pas"))
	for _, text := range p.r.limits(p.say, p.stamp) {
		s.Say("", text)
	}
	return s.Write(w)
}

// marks says how many lines have which mark.
func (p *seenPaper) marks(s *sheet.Sheet) {
	var rows [][]string
	for _, m := range []string{"explained", "review", "unjustified", "refused", "elsewhere"} {
		if n := p.r.Marks[m]; n > 0 {
			rows = append(rows, []string{p.mark(m), fmt.Sprint(n)})
		}
	}
	if len(rows) > 0 {
		s.Table([]float64{.4, .15}, nil, rows, "")
	}
}

func (p *seenPaper) rows(source string) (rows [][]string) {
	for n := range p.r.Lines {
		l := &p.r.Lines[n]
		if l.Source != source {
			continue
		}
		rows = append(rows, []string{p.when(l), p.who(l), joined("\n", p.in(l.What), p.in(l.Where), p.in(l.Through)), p.mark(l.Mark) + ". " + p.why(l)})
	}
	return rows
}

// csv writes it for a table (RFC 4180).
func (p *seenPaper) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	rows := [][]string{{p.say("from", "du"), p.say("to", "au"), p.say("times", "fois"), p.say("source", "source"), p.say("who", "qui"), p.say("function", "fonction"), p.say("units", "unités"),
		p.say("what", "quoi"), p.say("where", "où"), p.say("through", "par"), p.say("state", "état"), p.say("why", "pourquoi"), p.say("policies", "règles")}}
	for n := range p.r.Lines {
		l := &p.r.Lines[n]
		who := l.Who.Name
		if who == "" && l.Who.Number > 0 {
			who = p.say("Person ", "Personne ") + fmt.Sprint(l.Who.Number)
		}
		rows = append(rows, []string{l.At.Format(time.RFC3339), l.Last.Format(time.RFC3339), fmt.Sprint(l.Count), l.Source, who, p.in(l.Who.Function), strings.Join(l.Who.Units, ", "),
			p.in(l.What), p.in(l.Where), p.in(l.Through), p.mark(l.Mark), p.why(l), strings.Join(l.Policies, ", ")})
	}
	for _, text := range p.r.limits(p.say, p.stamp) {
		rows = append(rows, []string{"# " + text})
	}
	for _, r := range rows {
		for n := range r {
			r[n] = inert(r[n])
		}
		_ = out.Write(r) // Error tells
	}
	out.Flush()
	return out.Error()
}

// inert keeps a spreadsheet from running a cell as a formula (OWASP, "CSV injection").
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
