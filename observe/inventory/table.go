package inventory

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrImport means a table that cannot be imported; its text names the line and the column.
var ErrImport = errors.New("inventory: the table cannot be imported")

// columns are the headings of a table, in the order of an export, with the words by which registers of equipment name them.
// Case, accents and what is not a letter do not count.
var columns = [...]struct {
	name  string
	also  []string
	match bool // a device is found by it
}{
	{name: "device", match: true},
	{name: "name", also: []string{"nom", "designation", "libelle", "description"}},
	{name: "class", also: []string{"classe", "categorie", "category", "type"}},
	{name: "tier", also: []string{"criticality", "criticite", "niveau"}},
	{name: "ward", also: []string{"service", "unite", "uf", "location", "localisation", "department"}},
	{name: "owner", also: []string{"responsable", "proprietaire", "contact"}},
	{name: "reference", also: []string{"inventorynumber", "numerodinventaire", "noinventaire", "ninventaire", "ndinventaire", "assettag", "immobilisation", "gmao", "cmms"}},
	{name: "note", also: []string{"remarque", "comment", "commentaire"}},
	{name: "serial", also: []string{"serialnumber", "numerodeserie", "noserie", "nserie", "ndeserie", "sn", "ns"}, match: true},
	{name: "mac", also: []string{"macaddress", "adressemac"}, match: true},
	{name: "hostname", also: []string{"host", "nomdhote", "nomreseau", "dns"}, match: true},
	{name: "address", also: []string{"ip", "ipaddress", "adresseip", "adresse"}, match: true},
}

// folded is a heading without case, accents and what is not a letter.
func folded(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch r {
		case 'é', 'è', 'ê', 'ë':
			r = 'e'
		case 'à', 'â':
			r = 'a'
		case 'ô':
			r = 'o'
		case 'î', 'ï':
			r = 'i'
		case 'û', 'ù':
			r = 'u'
		case 'ç':
			r = 'c'
		}
		if 'a' <= r && r <= 'z' {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Bounds of a table.
const (
	maxRows    = 50_000
	MaxImport  = 16 << 20 // bytes
	maxColumns = 200
)

// line is a line of the table, by the names of our columns.
type line struct {
	number int
	values map[string]string
}

// readTable reads all lines; headings stand in the first.
func readTable(table []byte) ([]line, Preview, error) {
	p := Preview{Columns: []string{}, Ignored: []string{}, Rows: []Row{}}
	table = bytes.TrimPrefix(table, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(table) {
		return nil, p, &TableError{Code: "encoding"}
	}
	r := csv.NewReader(bytes.NewReader(table))
	r.Comma = separator(table)
	heads, err := r.Read()
	if err != nil {
		return nil, p, tableError(err, 0, 0)
	}
	if len(heads) > maxColumns {
		return nil, p, &TableError{Code: "columns", Line: 1, Value: strconv.Itoa(maxColumns)}
	}
	names, match := make([]string, len(heads)), false
	for c, h := range heads {
		for _, x := range columns {
			if f := folded(h); f == x.name || slices.Contains(x.also, f) {
				if slices.Contains(names, x.name) {
					return nil, p, &TableError{Code: "twice", Line: 1, Column: c + 1, Value: h, Name: x.name}
				}
				names[c], match = x.name, match || x.match
			}
		}
		if names[c] == "" {
			p.Ignored = append(p.Ignored, h)
		} else {
			p.Columns = append(p.Columns, names[c])
		}
	}
	if !match {
		return nil, p, &TableError{Code: "no-device", Line: 1}
	}
	var all []line
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all, p, nil
		}
		if err != nil {
			return nil, p, tableError(err, len(row), len(heads))
		}
		at, _ := r.FieldPos(0)
		if len(all) == maxRows {
			return nil, p, &TableError{Code: "lines", Line: at, Value: strconv.Itoa(maxRows)}
		}
		l := line{at, map[string]string{}}
		for c, v := range row {
			if v = strings.TrimSpace(v); names[c] != "" && v != "" {
				l.values[names[c]] = v
			}
		}
		all = append(all, l)
	}
}

// separator is what stands between the columns: spreadsheets in French write semicolons.
func separator(table []byte) rune {
	first, _, _ := bytes.Cut(table, []byte("\n"))
	best := ','
	for _, c := range [...]rune{';', '\t'} {
		if bytes.Count(first, []byte(string(c))) > bytes.Count(first, []byte(string(best))) {
			best = c
		}
	}
	return best
}

func tableError(err error, fields, wanted int) error {
	var p *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return &TableError{Code: "empty"}
	case errors.Is(err, csv.ErrFieldCount) && errors.As(err, &p):
		return &TableError{Code: "fields", Line: p.Line, Column: min(fields, wanted) + 1, Value: strconv.Itoa(fields), Name: strconv.Itoa(wanted)}
	case errors.As(err, &p):
		return &TableError{Code: "quote", Line: p.Line, Column: p.Column}
	}
	return fmt.Errorf("%w: %w", ErrImport, err)
}

// TableError says what is wrong with a table, and where. It is an [ErrImport].
type TableError struct {
	Code   string // encoding, empty, columns, twice, no-device, lines, fields, quote or choice
	Line   int    // 0: the table as a whole
	Column int    // of the line's fields, or for a quote of its bytes; 0: the line as a whole
	Value  string // that is wrong, or a bound
	Name   string // that is meant: our name of a column, or how many fields there should be
}

// Unwrap says that it is an ErrImport.
func (e *TableError) Unwrap() error { return ErrImport }

// Error tells it in English.
func (e *TableError) Error() string {
	where := ErrImport.Error()
	if e.Line > 0 {
		where += fmt.Sprintf(": line %d", e.Line)
	}
	if e.Column > 0 {
		where += fmt.Sprintf(", column %d", e.Column)
	}
	return where + ": " + e.what()
}

func (e *TableError) what() string {
	switch e.Code {
	case "encoding":
		return `it is not UTF-8: save it as "CSV UTF-8"`
	case "empty":
		return "it is empty"
	case "columns":
		return "more than " + e.Value + " columns"
	case "twice":
		return fmt.Sprintf("%q is a second column for %s", e.Value, e.Name)
	case "no-device":
		return "no column tells which device is meant: serial, mac, hostname, address or device"
	case "lines":
		return "more than " + e.Value + " lines"
	case "fields":
		return e.Value + " fields, where the first line has " + e.Name
	case "quote":
		return "a quotation mark that does not belong there, or is never closed"
	case "choice":
		return "device " + e.Value + " is none of those that the line may mean"
	}
	return e.Code
}

// fields tell the same to who has words of their own for it.
func (e *TableError) fields() map[string]string {
	_, why, _ := strings.Cut(e.Error(), ": ") // without the package's name
	all := map[string]string{"why": why, "fault": e.Code, "value": e.Value, "name": e.Name}
	if e.Line > 0 {
		all["line"] = strconv.Itoa(e.Line)
	}
	if e.Column > 0 {
		all["column"] = strconv.Itoa(e.Column)
	}
	return all
}
