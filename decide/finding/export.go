package finding

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulwark/event/eve"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// Formats are the forms in which findings leave: csv; json, ocsf (Detection Finding, class 2004), ecs (Elastic Common Schema),
// sigma (named as Sigma names fields) and eve (the alerts of their evidence, as Suricata writes them), a line each.
func Formats() []string { return []string{"csv", "json", "ocsf", "ecs", "sigma", "eve"} }

// MostExported is how many findings one export has at most.
const MostExported = 100_000

// export streams the findings that a query selects, the last seen first.
func (d *Doors) export(w http.ResponseWriter, r *http.Request) {
	format := r.URL.Query().Get("format")
	if !slices.Contains(Formats(), format) {
		web.RefuseFields(w, r, http.StatusBadRequest, "finding.format", map[string]string{"why": fmt.Sprintf("format %q is none of %s", format, strings.Join(Formats(), ", "))})
		return
	}
	actor, err := d.actor(r)
	if err != nil {
		web.Refuse(w, r, http.StatusForbidden, "finding.nobody")
		return
	}
	q, err := readQuery(r.URL.Query())
	if err != nil {
		d.answer(w, r, nil, err)
		return
	}
	if _, err := d.f.needs.Ledger.Record(r.Context(), ledger.Entry{Actor: actor, Act: "finding.export", Outcome: ledger.Done, Detail: map[string]string{"format": format}}); err != nil {
		d.answer(w, r, nil, err)
		return
	}
	now := d.f.needs.Clock.Now()
	name, kind := "findings-"+now.UTC().Format("20060102-1504")+"."+format+".ndjson", "application/x-ndjson"
	if format == "csv" {
		name, kind = strings.TrimSuffix(name, ".csv.ndjson")+".csv", "text/csv; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	out := bufio.NewWriterSize(web.NewPatient(w), 64<<10)
	err = d.f.write(r.Context(), out, format, q)
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		d.f.needs.Log.WarnContext(r.Context(), "an export of findings was cut short", "error", err)
		panic(http.ErrAbortHandler) // the browser must see that the file is not whole
	}
}

// write writes the findings of a query, page by page.
func (f *Findings) write(ctx context.Context, out io.Writer, format string, q *query) error {
	q.limit, q.after = mostListed, nil
	form, err := newForm(f, out, format)
	if err != nil {
		return err
	}
	for n := 0; n < MostExported; {
		if err := ctx.Err(); err != nil {
			return err
		}
		p := f.list(q)
		for k := range p.Items {
			if err := form.finding(ctx, &p.Items[k]); err != nil {
				return err
			}
		}
		n += len(p.Items)
		if p.Next == "" {
			break
		}
		last := p.Items[len(p.Items)-1]
		q.after = &cursor{value: valueOf(p.Next), id: last.ID}
	}
	return form.end()
}

func valueOf(next string) int64 {
	value, _, _ := strings.Cut(next, ".")
	v, _ := strconv.ParseInt(value, 10, 64) // our own text
	return v
}

// form writes findings into a file.
type form interface {
	finding(context.Context, *Finding) error
	end() error
}

func newForm(f *Findings, out io.Writer, format string) (form, error) {
	switch format {
	case "csv":
		return newTable(out), nil
	case "json":
		return lines{json.NewEncoder(out), func(v *Finding) any { return v }}, nil
	case "ocsf":
		return lines{json.NewEncoder(out), func(v *Finding) any { return f.ocsf(v) }}, nil
	case "ecs":
		return lines{json.NewEncoder(out), func(v *Finding) any { return ecs(v) }}, nil
	case "sigma":
		return lines{json.NewEncoder(out), func(v *Finding) any { return sigma(v) }}, nil
	case "eve":
		return &eveLines{f: f, out: out}, nil
	}
	return nil, fmt.Errorf("finding: %q is none of %v", format, Formats())
}

// lines writes one JSON object a line.
type lines struct {
	out  *json.Encoder
	form func(*Finding) any
}

func (l lines) finding(_ context.Context, v *Finding) error { return l.out.Encode(l.form(v)) }
func (l lines) end() error                                  { return nil }

// eveLines writes the alerts of the evidence.
type eveLines struct {
	f   *Findings
	out io.Writer
	w   eve.Writer
	buf []byte
}

func (l *eveLines) finding(ctx context.Context, v *Finding) error {
	all, _, err := l.f.memory(ctx, v.ID)
	if err != nil {
		return err
	}
	for n := range all {
		if all[n].place == 0 {
			continue
		}
		x, _, err := unpack(all[n].batch)
		if err != nil {
			return err
		}
		l.buf = append(l.w.Append(l.buf[:0], &x), '\n')
		if _, err := l.out.Write(l.buf); err != nil {
			return err
		}
	}
	return nil
}

func (l *eveLines) end() error { return nil }

// table writes a line of CSV for each (RFC 4180).
type table struct{ w *csv.Writer }

func newTable(out io.Writer) *table {
	t := &table{csv.NewWriter(out)}
	_ = t.w.Write([]string{"id", "severity", "status", "verdict", "title", "rule", "source", "source_device", "target", "target_device", "others", "techniques",
		"app", "port", "first", "last", "count", "confidence", "category", "reason", "by", "site", "why"}) // Flush tells
	return t
}

func (t *table) finding(_ context.Context, v *Finding) error {
	src, dst := role(v.Entities, "source"), role(v.Entities, "target")
	var others, techniques []string
	for _, e := range v.Entities {
		if e.Role == "other" {
			others = append(others, e.Kind+":"+e.Value)
		}
	}
	for _, x := range v.Techniques {
		techniques = append(techniques, x.ID)
	}
	cells := []string{strconv.FormatUint(v.ID, 10), v.Severity, string(v.Status), string(v.Verdict), v.Title, v.Rule, src.Value, src.Name, dst.Value, dst.Name,
		strings.Join(others, " "), strings.Join(techniques, " "), v.App, strconv.Itoa(int(v.Port)), v.First.Format(time.RFC3339Nano), v.Last.Format(time.RFC3339Nano),
		strconv.FormatUint(v.Count, 10), v.Confidence, v.Category, v.Reason, v.By, v.Site, v.Why.EN}
	for n := range cells {
		cells[n] = inert(cells[n])
	}
	return t.w.Write(cells)
}

func (t *table) end() error {
	t.w.Flush()
	return t.w.Error()
}

// role is who has that role; of many, all.
func role(all []Entity, role string) Entity {
	var e Entity
	var values []string
	for n := range all {
		if all[n].Role == role {
			if e.Role == "" {
				e = all[n]
			}
			if all[n].Value != "" {
				values = append(values, all[n].Value)
			}
		}
	}
	e.Value = strings.Join(values, " ")
	return e
}

// inert keeps a spreadsheet from running a cell that came from the wire as a formula (OWASP, "CSV injection").
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// object is a JSON object.
type object = map[string]any

// put sets a member that has a value.
func (v *Finding) put(o object, key, value string) {
	if value != "" {
		o[key] = value
	}
}
