package inventory

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"bulwark/observe/inventory/internal/register"
	"bulwark/platform/ledger"
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

// Row is a line of a table that is to be imported, with what it would do.
type Row struct {
	Line    int               `json:"line"`
	Device  uint64            `json:"device"`            // that it is about; 0: none was found
	Name    string            `json:"name,omitempty"`    // of that device
	By      string            `json:"by,omitempty"`      // column by which it was found
	Changes map[string]string `json:"changes,omitempty"` // column: "before -> after"
	Problem string            `json:"problem,omitempty"` // why it is left out, in English
	Code    string            `json:"code,omitempty"`    // the same as a code: same-device, several, no-device, tier or word
	Values  []string          `json:"values,omitempty"`  // that the code is about: a line; column, value and count; -; value; -

	word Word
}

// leaveOut says why a row is left out.
func (r *Row) leaveOut(code, problem string, values ...string) {
	r.Code, r.Problem, r.Values = code, problem, values
}

// Preview is what an import would do.
type Preview struct {
	Columns   []string `json:"columns"` // headings that are understood
	Ignored   []string `json:"ignored"` // headings that are not
	Rows      []Row    `json:"rows"`
	Matched   int      `json:"matched"`
	Changing  int      `json:"changing"`
	Unmatched int      `json:"unmatched"`
}

// Bounds of a table.
const (
	maxRows    = 50_000
	MaxImport  = 16 << 20 // bytes
	maxColumns = 200
)

// Import reads a CSV table of equipment, and finds the devices that its lines are about, by serial number, link address,
// host name or address. With apply it keeps what the table says of them: all of it, or where anything is wrong nothing.
func (i *Inventory) Import(ctx context.Context, actor string, table []byte, apply bool) (Preview, error) {
	rows, p, err := readTable(table)
	if err != nil {
		return Preview{}, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	find := i.finder()
	taken := map[uint64]int{}
	for n := range rows {
		r := i.plan(&rows[n], find)
		if r.Device != 0 && r.Problem == "" {
			if first, twice := taken[r.Device]; twice {
				r.leaveOut("same-device", fmt.Sprintf("line %d is about the same device", first), strconv.Itoa(first))
			} else {
				taken[r.Device] = r.Line
			}
		}
		switch {
		case r.Problem != "":
			p.Unmatched++
		case len(r.Changes) > 0:
			p.Matched++
			p.Changing++
		default:
			p.Matched++
		}
		p.Rows = append(p.Rows, r)
	}
	if apply {
		err = i.apply(ctx, actor, p)
	}
	return p, err
}

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
		return nil, p, fmt.Errorf("%w: it is not UTF-8: save it as \"CSV UTF-8\"", ErrImport)
	}
	r := csv.NewReader(bytes.NewReader(table))
	r.Comma = separator(table)
	heads, err := r.Read()
	if err != nil {
		return nil, p, tableError(err)
	}
	if len(heads) > maxColumns {
		return nil, p, fmt.Errorf("%w: line 1: more than %d columns", ErrImport, maxColumns)
	}
	names, match := make([]string, len(heads)), false
	for c, h := range heads {
		for _, x := range columns {
			if f := folded(h); f == x.name || slices.Contains(x.also, f) {
				if slices.Contains(names, x.name) {
					return nil, p, fmt.Errorf("%w: line 1, column %d: %q is a second column for %s", ErrImport, c+1, h, x.name)
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
		return nil, p, fmt.Errorf("%w: line 1: no column tells which device is meant: serial, mac, hostname, address or device", ErrImport)
	}
	var all []line
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all, p, nil
		}
		if err != nil {
			return nil, p, tableError(err)
		}
		at, _ := r.FieldPos(0)
		if len(all) == maxRows {
			return nil, p, fmt.Errorf("%w: line %d: more than %d lines", ErrImport, at, maxRows)
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

func tableError(err error) error {
	var p *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it is empty", ErrImport)
	case errors.As(err, &p):
		return fmt.Errorf("%w: line %d, column %d: %w", ErrImport, p.Line, p.Column, p.Err)
	}
	return fmt.Errorf("%w: %w", ErrImport, err)
}

// finder finds devices by a column and its value.
type finder map[string]map[string][]uint64

func (i *Inventory) finder() finder {
	f := finder{"serial": {}, "mac": {}, "hostname": {}, "address": {}, "device": {}}
	for _, d := range i.book.register.All() {
		v := i.show(d.ID, d.Traces).device
		put := func(column string, values ...string) {
			for _, x := range values {
				if x != "" && !slices.Contains(f[column][x], v.ID) {
					f[column][x] = append(f[column][x], v.ID)
				}
			}
		}
		put("device", strconv.FormatUint(v.ID, 10))
		put("serial", strings.ToLower(v.Serial))
		put("mac", v.MACs...)
		put("hostname", v.Hostnames...)
		for _, a := range v.Addresses {
			if a.Now {
				put("address", a.Addr.String())
			}
		}
	}
	return f
}

// plan says what a line would do.
func (i *Inventory) plan(l *line, find finder) Row {
	r := Row{Line: l.number}
	for _, c := range [...]string{"device", "serial", "mac", "hostname", "address"} {
		v, ok := l.values[c]
		if !ok {
			continue
		}
		switch found := find[c][normal(c, v)]; len(found) {
		case 0:
			continue
		case 1:
			r.Device, r.By = found[0], c
		default:
			r.leaveOut("several", fmt.Sprintf("%s %s is that of %d devices", c, v, len(found)), c, v, strconv.Itoa(len(found)))
			return r
		}
		break
	}
	if r.Device == 0 {
		r.leaveOut("no-device", "no device is known by what the line tells")
		return r
	}
	d := register.DeviceID(r.Device)
	r.Name = i.device(d).Name
	old := i.words[d]
	w := old
	if old.Rev == 0 {
		w.Tier = NotKnown
	}
	for c, into := range map[string]*string{"name": &w.Name, "class": &w.Class, "ward": &w.Ward, "owner": &w.Owner, "reference": &w.Reference, "note": &w.Note} {
		if v, ok := l.values[c]; ok {
			*into = v
		}
	}
	if c := i.classIn(w.Class); c != "" {
		w.Class = c
	}
	if v, ok := l.values["tier"]; ok {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > 3 {
			r.leaveOut("tier", fmt.Sprintf("tier %q is none of 0 to 3", v), v)
			return r
		}
		w.Tier = Tier(n)
	}
	if err := i.checkWord(&w); err != nil {
		r.leaveOut("word", strings.TrimPrefix(err.Error(), ErrWord.Error()+": "))
		return r
	}
	w.Rev++
	r.word, r.Changes = w, differences(&old, &w)
	return r
}

// classIn is the class of that name in English or French, whatever its case; empty when there is none.
func (i *Inventory) classIn(name string) string {
	for j := range i.classes {
		if c := &i.classes[j]; strings.EqualFold(name, c.Name) || strings.EqualFold(name, c.French) {
			return c.Name
		}
	}
	return ""
}

// normal is a value as devices have it.
func normal(column, v string) string {
	v = strings.ToLower(v)
	switch column {
	case "mac":
		var digits []byte
		for i := range len(v) {
			if c := v[i]; '0' <= c && c <= '9' || 'a' <= c && c <= 'f' {
				digits = append(digits, c)
			}
		}
		if len(digits) != 12 {
			return v
		}
		var b strings.Builder
		for i := 0; i < 12; i += 2 {
			if i > 0 {
				b.WriteByte(':')
			}
			b.Write(digits[i : i+2])
		}
		return b.String()
	case "hostname":
		v, _, _ = strings.Cut(v, ".")
	}
	return v
}

// apply keeps what the rows say, and writes it to the ledger. The lock is held.
func (i *Inventory) apply(ctx context.Context, actor string, p Preview) error {
	now := i.clock.Now()
	said := map[register.DeviceID]Word{}
	for n := range p.Rows {
		r := &p.Rows[n]
		if r.Problem != "" || len(r.Changes) == 0 {
			continue
		}
		w := r.word
		w.By = actor
		if _, ok := r.Changes["tier"]; ok {
			w.Confirmed = now
		}
		said[register.DeviceID(r.Device)] = w
	}
	err := i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if !i.fleeting {
			for d, w := range said {
				if err := putWord(ctx, tx, d, w); err != nil {
					return err
				}
			}
		}
		_, err := i.ledger.Append(ctx, tx, ledger.Entry{Actor: actor, Act: "inventory.import", Outcome: ledger.Done,
			Detail: map[string]string{"devices": strconv.Itoa(len(said)), "left out": strconv.Itoa(p.Unmatched)}})
		return err
	})
	if err != nil {
		return err
	}
	maps.Copy(i.words, said)
	return nil
}

// WriteCSV writes the devices as a table that can be imported again: what people said in the first columns, what they are
// known by in the next, what they seem to be after those.
func WriteCSV(out io.Writer, all []Device) error {
	w := csv.NewWriter(out)
	var heads []string
	for _, c := range columns {
		heads = append(heads, c.name)
	}
	heads = append(heads, "known_as", "seems", "sure", "maker", "model", "os", "software", "ae_titles", "serves", "first_seen", "last_seen")
	if err := w.Write(heads); err != nil {
		return err
	}
	for n := range all {
		d := &all[n]
		tier := ""
		if d.Tier.Tier != NotKnown {
			tier = strconv.Itoa(int(d.Tier.Tier))
		}
		address := ""
		if len(d.Addresses) > 0 {
			address = d.Addresses[0].Addr.String()
		}
		row := []string{strconv.FormatUint(d.ID, 10), d.Word.Name, d.Word.Class, tier, d.Word.Ward, d.Word.Owner, d.Word.Reference, d.Word.Note, d.Serial,
			first(d.MACs), first(d.Hostnames), address, d.Name, d.Class.Name, d.Class.Sure, d.Vendor, d.Model, d.OS, strings.Join(d.Software, " | "), strings.Join(d.AETitles, " "),
			strings.Join(d.Serves, " "), d.First.Format(time.RFC3339), d.Last.Format(time.RFC3339)}
		for c := range row {
			row[c] = harmless(row[c])
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func first(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

// harmless keeps a spreadsheet from taking what a device says of itself for a formula (CWE-1236).
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
