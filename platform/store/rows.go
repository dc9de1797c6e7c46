package store

import (
	"strconv"

	"github.com/VictoriaMetrics/VictoriaLogs/lib/logstorage"

	"bulwark/event"
)

// renderer turns events into the fields of rows. It keeps its memory and is not safe for concurrent use.
type renderer struct {
	p      event.Printer
	fields []logstorage.Field
	buf    []byte // the texts of the fields of one event
	ends   []int
}

// render is the row of the event that r read last: its kind first, which is the stream field, then what every row has.
// The fields hold until the next call.
func (w *renderer) render(r *event.Reader, e *event.Event, seq uint64) []logstorage.Field {
	w.fields = append(w.fields[:0], logstorage.Field{Name: event.AttrKind, Value: e.Payload.Kind().String()},
		logstorage.Field{Name: event.AttrSensor, Value: r.Sensor}, logstorage.Field{Name: event.AttrSite, Value: r.Site})
	w.buf, w.ends = w.buf[:0], w.ends[:0]
	w.buf = r.EventID(w.buf)
	w.name(event.AttrID)
	w.buf = strconv.AppendUint(w.buf, seq, 10)
	w.name("seq")
	w.p.Each(e, func(name string, v event.Value) {
		w.buf = v.AppendText(w.buf)
		w.name(name)
	})
	from := 0
	for i, end := range w.ends { // only now, as the buffer moves while it grows
		w.fields[3+i].Value = event.View(w.buf[from:end])
		from = end
	}
	return w.fields
}

func (w *renderer) name(n string) {
	w.fields = append(w.fields, logstorage.Field{Name: n})
	w.ends = append(w.ends, len(w.buf))
}

// Add puts the events of a batch into the store; they are found within a second. seq is the batch's sequence on the
// bus. It returns [event.ErrBatch] where the batch is malformed, with what was readable of it stored.
func (s *Store) Add(batch []byte, seq uint64) error {
	var r event.Reader
	if err := r.Open(batch); err != nil {
		return err
	}
	rows := make([]*logstorage.LogRows, len(s.shelves))
	for i := range rows {
		rows[i] = logstorage.GetLogRows(nil, nil, nil, nil, "")
		defer logstorage.PutLogRows(rows[i])
	}
	var w renderer
	var e event.Event
	for r.Next(&e) {
		i := s.shelf(e.Payload.Kind())
		rows[i].MustAdd(logstorage.TenantID{}, e.Time, w.render(&r, &e, seq), 1)
		if rows[i].NeedFlush() {
			s.shelves[i].db.MustAddRows(rows[i])
			rows[i].ResetKeepSettings()
		}
	}
	for i := range rows {
		if rows[i].RowsCount() > 0 {
			s.shelves[i].db.MustAddRows(rows[i])
		}
	}
	return r.Err()
}

// shelf is the index of the part that keeps the kind: the last, unless another one claims it.
func (s *Store) shelf(k event.Kind) int {
	for i := range s.shelves {
		for _, own := range s.shelves[i].kinds {
			if own == k {
				return i
			}
		}
	}
	return len(s.shelves) - 1
}
