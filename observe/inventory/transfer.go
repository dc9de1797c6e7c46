package inventory

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"bulwark/observe/inventory/internal/register"
	"bulwark/platform/ledger"
)

// Row is a line of a table that is to be imported, with what it would do.
type Row struct {
	Line    int               `json:"line"`
	Device  uint64            `json:"device"`            // that it is about; 0: none was found
	Name    string            `json:"name,omitempty"`    // of that device
	By      string            `json:"by,omitempty"`      // column by which it was found
	Changes map[string]string `json:"changes,omitempty"` // column: "before -> after"
	Problem string            `json:"problem,omitempty"` // why it is left out, in English
	Code    string            `json:"code,omitempty"`    // the same as a code: same-device, several, no-device, tier, word or differ
	Values  []string          `json:"values,omitempty"`  // that the code is about: a line; column, value and count; -; value; -; two columns
	Choices []Choice          `json:"choices,omitempty"` // devices that it may be about: one can be chosen

	word Word
}

// Choice is a device that a line of a table may be about.
type Choice struct {
	Device  uint64 `json:"device"`
	Name    string `json:"name"`
	Class   string `json:"class,omitempty"`
	Address string `json:"address,omitempty"`
}

// mostChoices are told of a line.
const mostChoices = 20

// leaveOut says why a row is left out.
func (r *Row) leaveOut(code, problem string, values ...string) {
	r.Code, r.Problem, r.Values = code, problem, values
}

// Preview is what an import would do.
type Preview struct {
	Columns   []string `json:"columns"` // headings that are understood
	Ignored   []string `json:"ignored"` // headings that are not
	Rows      []Row    `json:"rows"`
	Plan      string   `json:"plan"` // what it would do, in short: apply can be held to it
	Matched   int      `json:"matched"`
	Changing  int      `json:"changing"`
	Unmatched int      `json:"unmatched"`
}

// Terms are how a table is imported.
type Terms struct {
	Apply bool
	// Choose names the device that a line is about where it may be several.
	Choose map[int]uint64
	// Plan is of the preview that somebody has agreed to; when it would do something else by now, nothing is done. None agrees
	// to whatever it does.
	Plan string
}

// Import reads a CSV table of equipment, and finds the devices that its lines are about, by serial number, link address,
// host name or address. To apply it keeps what the table says of them: all of it, or where anything is wrong nothing.
func (i *Inventory) Import(ctx context.Context, actor string, table []byte, terms Terms) (Preview, error) {
	rows, p, err := readTable(table)
	if err != nil {
		return Preview{}, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	find := i.finder()
	taken := map[uint64]int{}
	for n := range rows {
		r, err := i.plan(&rows[n], find, terms.Choose[rows[n].number])
		if err != nil {
			return Preview{}, err
		}
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
	if p.Plan, err = planOf(p.Rows); err != nil || !terms.Apply {
		return p, err
	}
	if terms.Plan != "" && terms.Plan != p.Plan {
		return p, fmt.Errorf("%w: look at the table again", ErrEdited)
	}
	return p, i.apply(ctx, actor, p)
}

// planOf is what rows would do, in short.
func planOf(rows []Row) (string, error) {
	all, err := json.Marshal(rows)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(all)
	return hex.EncodeToString(sum[:12]), nil
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
		for _, t := range d.Traces {
			for n := range t.Facts {
				if x := &t.Facts[n]; x.Field == register.Hostname { // one that several share is theirs to choose from
					put("hostname", x.Value)
				}
			}
		}
		for _, a := range v.Addresses {
			if a.Now {
				put("address", a.Addr.String())
			}
		}
	}
	return f
}

// which finds the device that a line is about: by the first column that tells, and where that tells of several by those after
// it. Serial number, link address and host name that tell of different devices are for a person to judge, and so are several.
func (l *line) which(find finder, r *Row) (several []uint64) {
	var by string
	for _, c := range [...]string{"device", "serial", "mac", "hostname", "address"} {
		v, ok := l.values[c]
		found := find[c][normal(c, v)]
		if !ok || len(found) == 0 {
			continue
		}
		switch both := common(several, found); {
		case several == nil:
			several, by = found, c
		case len(both) > 0:
			several = both
		case by != "device" && c != "address":
			all := slices.Concat(several, found)
			r.leaveOut("differ", fmt.Sprintf("%s and %s are those of different devices", by, c), by, c)
			return all
		}
	}
	switch len(several) {
	case 0:
		r.leaveOut("no-device", "no device is known by what the line tells")
	case 1:
		r.Device, r.By = several[0], by
	default:
		v := l.values[by]
		r.leaveOut("several", fmt.Sprintf("%s %s is that of %d devices", by, v, len(several)), by, v, strconv.Itoa(len(several)))
	}
	return several
}

func common(a, b []uint64) []uint64 {
	return slices.DeleteFunc(slices.Clone(a), func(x uint64) bool { return !slices.Contains(b, x) })
}

// plan says what a line would do. chosen is the device that a person has chosen of several, 0 where none has.
func (i *Inventory) plan(l *line, find finder, chosen uint64) (Row, error) {
	r := Row{Line: l.number}
	several := l.which(find, &r)
	if r.Problem != "" && len(several) > 0 {
		for _, id := range several[:min(len(several), mostChoices)] {
			v := i.device(register.DeviceID(id))
			c := Choice{Device: id, Name: v.Name, Class: v.Class.Name}
			if len(v.Addresses) > 0 {
				c.Address = v.Addresses[0].Addr.String()
			}
			r.Choices = append(r.Choices, c)
		}
		if chosen != 0 && slices.Contains(several, chosen) {
			r.Device, r.By, r.Problem, r.Code, r.Values = chosen, "choice", "", "", nil
		}
	}
	if chosen != 0 && chosen != r.Device {
		return r, &TableError{Code: "choice", Line: l.number, Value: strconv.FormatUint(chosen, 10)}
	}
	if r.Device == 0 {
		return r, nil
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
			return r, nil
		}
		w.Tier = Tier(n)
	}
	if err := i.checkWord(&w); err != nil {
		r.leaveOut("word", strings.TrimPrefix(err.Error(), ErrWord.Error()+": "))
		return r, nil
	}
	w.Rev++
	r.word, r.Changes = w, differences(&old, &w)
	return r, nil
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
