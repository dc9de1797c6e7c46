// Package sheet prints: headings, paragraphs and tables, on A4, as a PDF.
package sheet

import (
	"io"
	"strconv"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// Sheet is a PDF in the making, on A4. Its letters are those of Windows-1252, which has all of French and English: another is a point.
type Sheet struct {
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

// MostRows is how many rows of a table are printed.
const MostRows = 2000

// New begins a sheet; below stands below each page, with its number.
func New(title, below string, french bool, at time.Time) *Sheet {
	s := &Sheet{pdf: fpdf.New("P", "mm", "A4", "")}
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

// Head is a heading: 1 is the title, 2 a part, which the reader finds in the list of them, and 3 a part of one.
func (s *Sheet) Head(level int, text string) {
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

// Say is a paragraph; quiet ones are smaller, loud ones bold.
func (s *Sheet) Say(style, text string) {
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
func (s *Sheet) room(lines int) {
	if s.left() < lines {
		s.pdf.AddPage()
	}
}

// left is how many lines have room on the page.
func (s *Sheet) left() int {
	return int((297 - foot - margin/2 - s.pdf.GetY()) / lineOf)
}

// Table is a heading row, and rows; wide are the shares of the columns.
func (s *Sheet) Table(wide []float64, head []string, rows [][]string, more string) {
	s.pdf.SetFont("Helvetica", "B", 9)
	s.pdf.SetFillColor(235, 235, 235)
	s.pdf.SetDrawColor(170, 170, 170)
	if head != nil {
		s.room(3)
		s.row(wide, head, true)
	}
	s.pdf.SetFont("Helvetica", "", 9)
	for _, r := range rows[:min(len(rows), MostRows)] {
		s.row(wide, r, false)
	}
	if len(rows) > MostRows {
		s.Say("quiet", more+strconv.Itoa(len(rows)-MostRows))
	}
	s.pdf.Ln(1.5)
}

// row writes a row, on as many pages as it takes.
func (s *Sheet) row(wide []float64, cells []string, fill bool) {
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
func (s *Sheet) lines(wide []float64, cells [][]string, from, to int, fill bool) {
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

// Write gives it out.
func (s *Sheet) Write(w io.Writer) error { return s.pdf.Output(w) }
