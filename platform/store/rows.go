package store

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/VictoriaMetrics/VictoriaLogs/lib/logstorage"

	"bulwark/event"
)

const (
	attrSeq       = "seq"                    // sequence of the batch on the bus
	attrTruncated = "metadata.is_truncated"  // a value was too long to be kept whole
	attrOriginal  = "metadata.original_time" // the event's own time, where it lay in the future; unix nanoseconds

	// The library drops rows above 2 MiB without a word, so values and rows are cut before.
	maxValue = 64 << 10
	maxRow   = 1 << 20

	futureRetention = 48 * time.Hour // rows further ahead would be dropped
)

// settle is the time under which an event is stored: its own, unless that lies more than a day after the bus took it,
// as from a clock that jumped; then it is the bus's.
func settle(at, taken int64) int64 {
	if at > taken+int64(futureRetention)/2 {
		return taken
	}
	return at
}

// renderer turns events into the fields of rows. It keeps its memory and is not safe for concurrent use.
type renderer struct {
	p      event.Printer
	fields []logstorage.Field
	buf    []byte // the texts of the fields of one event
	ends   []int
	cut    bool
	each   func(string, event.Value)
}

func newRenderer() *renderer {
	w := &renderer{}
	w.each = w.add
	return w
}

// render is the row of the event that r read last: its kind first, which is the stream field, then what every row
// has. The fields hold until the next call. at is the time under which it is stored.
func (w *renderer) render(r *event.Reader, e *event.Event, seq uint64, at int64) []logstorage.Field {
	w.fields = append(w.fields[:0], logstorage.Field{Name: event.AttrKind, Value: e.Payload.Kind().String()},
		logstorage.Field{Name: event.AttrSensor, Value: r.Sensor}, logstorage.Field{Name: event.AttrSite, Value: r.Site})
	w.buf, w.ends, w.cut = w.buf[:0], w.ends[:0], false
	w.buf = r.EventID(w.buf)
	w.name(event.AttrID)
	w.buf = strconv.AppendUint(w.buf, seq, 10)
	w.name(attrSeq)
	if at != e.Time {
		w.buf = strconv.AppendInt(w.buf, e.Time, 10)
		w.name(attrOriginal)
	}
	w.p.Each(e, w.each)
	if w.cut {
		w.buf = append(w.buf, "true"...)
		w.name(attrTruncated)
	}
	from := 0
	for i, end := range w.ends { // only now, as the buffer moves while it grows
		w.fields[3+i].Value = event.View(w.buf[from:end])
		from = end
	}
	return w.fields
}

func (w *renderer) add(name string, v event.Value) {
	from := len(w.buf)
	if v.Type == event.Text && len(v.Str) > maxValue {
		v.Str = v.Str[:maxValue]
		w.cut = true
	}
	w.buf = v.AppendText(w.buf)
	if len(w.buf)-from > maxValue || len(w.buf) > maxRow {
		w.buf = w.buf[:max(from, min(from+maxValue, maxRow))]
		w.cut = true
	}
	if w.cut { // not in the middle of a character
		for len(w.buf) > from && !utf8.Valid(w.buf[max(from, len(w.buf)-4):]) && !utf8.RuneStart(w.buf[len(w.buf)-1]) {
			w.buf = w.buf[:len(w.buf)-1]
		}
	}
	w.name(name)
}

func (w *renderer) name(n string) {
	w.fields = append(w.fields, logstorage.Field{Name: n})
	w.ends = append(w.ends, len(w.buf))
}

// writer puts batches into the storages. It is not safe for concurrent use.
type writer struct {
	s    *Store
	w    *renderer
	r    event.Reader
	e    event.Event
	rows []*logstorage.LogRows // one a shelf
}

func (s *Store) newWriter() *writer {
	w := &writer{s: s, w: newRenderer(), rows: make([]*logstorage.LogRows, len(s.shelves))}
	for i := range w.rows {
		w.rows[i] = logstorage.GetLogRows(nil, nil, nil, nil, "")
	}
	return w
}

func (w *writer) close() {
	for _, lr := range w.rows {
		logstorage.PutLogRows(lr)
	}
}

// source is what a batch inherits from the message that carried it.
type source struct {
	seq      uint64 // sequence on the bus; 0 for what never was on it
	taken    int64  // when the bus took it, unix nanoseconds
	erasures []erasure
}

// batch adds the events of a batch, except those for which have is true; flush hands them on. A malformed batch
// returns [event.ErrBatch]; what was readable of it is added.
func (w *writer) batch(src source, batch []byte, have func(index int) bool) error {
	if err := w.r.Open(batch); err != nil {
		return err
	}
	now := time.Now().UnixNano()
	for w.r.Next(&w.e) {
		if have == nil || !have(w.r.Index()) {
			w.event(&src, now)
		}
	}
	return w.r.Err()
}

func (w *writer) event(src *source, now int64) {
	i := w.s.shelfOf[w.e.Payload.Kind()]
	sh := &w.s.shelves[i]
	at := settle(w.e.Time, src.taken)
	if at < now-int64(sh.keep) {
		w.s.m.expired.Inc()
		return
	}
	fields := w.w.render(&w.r, &w.e, src.seq, at)
	if erased(src.erasures, src.seq, at, fields) {
		w.s.m.erased.Inc()
		return
	}
	w.rows[i].MustAdd(logstorage.TenantID{}, at, fields, 1)
	if w.rows[i].NeedFlush() {
		w.flushShelf(int(i))
	}
}

func (w *writer) flush() {
	for i := range w.rows {
		w.flushShelf(i)
	}
}

func (w *writer) flushShelf(i int) {
	if n := w.rows[i].RowsCount(); n > 0 {
		w.s.shelves[i].db.MustAddRows(w.rows[i])
		w.s.m.rows.Add(float64(n))
		w.rows[i].ResetKeepSettings()
	}
}

// Add puts the events of a batch into the store past the bus, for a capture that is read once: they are found within
// a second and durable a few seconds later. It returns [event.ErrBatch] where the batch is malformed.
func (s *Store) Add(batch []byte) error {
	w := s.newWriter()
	defer w.close()
	defer w.flush()
	if err := w.batch(source{taken: time.Now().UnixNano()}, batch, nil); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// Flush makes what was added visible to queries at once.
func (s *Store) Flush() {
	for _, sh := range s.shelves {
		sh.db.DebugFlush()
	}
}
