package console

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"bulwark/event"
	"bulwark/platform/store"
	"bulwark/platform/web"
)

// MaxExport is how many events one export has at most.
const MaxExport = 100_000

// exportPatience bounds one export.
const exportPatience = 10 * time.Minute

// writer writes events into a file.
type writer interface {
	event(*store.Row) error
	// end says at the end of the file whether something is missing: why is empty when nothing is.
	end(why string) error
}

// export streams what a search selects, the newest first, as CSV or as JSON lines. A file that is not whole says so
// in its last line.
func (c *Console) export(w http.ResponseWriter, r *http.Request) {
	q, err := c.read(r, 0, 0)
	format := r.URL.Query().Get("format")
	if err == nil && format != "csv" && format != "json" {
		err = asked("bad-format")
	}
	if err != nil {
		refuse(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), exportPatience)
	defer cancel()
	names, err := c.Store.Names(ctx, q.Query)
	if err == nil {
		err = c.Record(r, "console.export", map[string]string{"format": format, "search": shortened(r.URL.Query().Get("q")),
			"from": q.From.UTC().Format(time.RFC3339), "to": q.To.UTC().Format(time.RFC3339)})
	}
	if err != nil {
		refuse(w, r, err)
		return
	}
	name := "bulwark-" + q.From.UTC().Format("20060102T150405Z") + "-" + q.To.UTC().Format("20060102T150405Z") + "." + format
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	out := bufio.NewWriterSize(web.NewPatient(w), 64<<10)
	var to writer
	if format == "csv" {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		to = newCSV(out, names)
	} else {
		w.Header().Set("Content-Type", "application/x-ndjson")
		to = &jsonLines{json.NewEncoder(out)}
	}
	if c.writeAll(ctx, q.Query, to) != nil || out.Flush() != nil {
		panic(http.ErrAbortHandler) // the browser must see that the file is not whole
	}
}

// writeAll writes at most [MaxExport] events.
func (c *Console) writeAll(ctx context.Context, q store.Query, to writer) error {
	n := 0
	err := c.Store.Each(ctx, q, MaxExport+1, func(r store.Row) error {
		if n++; n > MaxExport {
			return nil
		}
		return to.event(&r)
	})
	if err != nil {
		return err
	}
	if n > MaxExport {
		return to.end(fmt.Sprintf("not whole: the %d newest events; narrow the time range for the others", MaxExport))
	}
	return to.end("")
}

// shortened keeps a search within what an entry of the ledger can hold.
func shortened(text string) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "?")
	if r := []rune(text); len(r) > 500 {
		return string(r[:500]) + " ..."
	}
	return text
}

// csvFile writes one column for each attribute (RFC 4180).
type csvFile struct {
	w     *csv.Writer
	names []string
	cells []string
}

func newCSV(out io.Writer, names []string) *csvFile {
	f := &csvFile{w: csv.NewWriter(out)}
	for _, n := range names {
		if n != event.AttrKind && n != event.AttrID {
			f.names = append(f.names, n)
		}
	}
	_ = f.w.Write(append([]string{event.AttrTime, event.AttrKind, event.AttrID}, f.names...)) // Flush tells
	return f
}

func (f *csvFile) event(r *store.Row) error {
	f.cells = append(f.cells[:0], r.Time.UTC().Format(time.RFC3339Nano), r.Kind, r.ID)
	for _, n := range f.names {
		f.cells = append(f.cells, inert(r.Value(n)))
	}
	return f.w.Write(f.cells)
}

func (f *csvFile) end(why string) error {
	if why != "" {
		_ = f.w.Write([]string{"# " + why})
	}
	f.w.Flush()
	return f.w.Error()
}

// inert keeps a spreadsheet from running a cell that came from the wire as a formula: those that begin like one get
// an apostrophe, which a spreadsheet does not show (OWASP, "CSV injection").
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		if _, err := strconv.ParseFloat(cell, 64); err != nil {
			return "'" + cell
		}
	}
	return cell
}

// jsonLines writes one JSON object a line, with the event's attributes by their names.
type jsonLines struct{ out *json.Encoder }

func (f *jsonLines) event(r *store.Row) error {
	all := make(map[string]any, len(r.Fields)+3)
	for _, x := range r.Fields {
		all[x.Name] = value(x.Value)
	}
	all[event.AttrTime], all[event.AttrKind], all[event.AttrID] = r.Time.UTC(), r.Kind, r.ID
	return f.out.Encode(all)
}

func (f *jsonLines) end(why string) error {
	if why == "" {
		return nil
	}
	return f.out.Encode(map[string]string{"note": why})
}
