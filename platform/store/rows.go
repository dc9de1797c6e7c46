package store

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
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

// layout is the order of the fields of a kind's rows: the library sorts the fields of each row by name, which costs
// little where they are in order.
type layout struct {
	stream string   // the stream of the kind, as the library writes it
	names  []string // in the order in which they are rendered
	rank   []uint8  // place by name, for each of names
	sorted []string // names by rank
}

// common are the names that rows of all kinds may have, in the order in which they are rendered.
func common() []string {
	return []string{event.AttrKind, event.AttrSensor, event.AttrSite, event.AttrID, attrSeq, attrOriginal, event.AttrFlow,
		event.AttrProto, event.AttrSrcIP, event.AttrSrcPort, event.AttrDstIP, event.AttrDstPort, event.AttrVLAN,
		event.AttrInner, event.AttrPacket}
}

func newLayout(k event.Kind) *layout {
	l := &layout{names: common()}
	for _, a := range event.Attributes(k) {
		l.names = append(l.names, a.Path)
	}
	l.names = append(l.names, attrTruncated)
	l.sorted = slices.Sorted(slices.Values(l.names))
	for _, n := range l.names {
		at, _ := slices.BinarySearch(l.sorted, n)
		l.rank = append(l.rank, uint8(at))
	}
	st := logstorage.GetStreamTags()
	defer logstorage.PutStreamTags(st)
	st.Add(event.AttrKind, k.String())
	l.stream = string(st.MarshalCanonical(nil))
	return l
}

// maxFields is above the number of fields of any row: the sets of them are two words.
const maxFields = 128

// renderer turns events into rows. It keeps its memory and is not safe for concurrent use.
type renderer struct {
	p       event.Printer
	layouts [256]*layout
	row     logstorage.InsertRow
	buf     []byte // the texts of the fields of one event
	l       *layout
	at      int               // place in l.names of the name rendered last
	ends    [maxFields][2]int // of the texts in buf, by rank
	set     [maxFields / 64]uint64
	cut     bool
	free    []free // fields of a log, whose names nobody lists
	each    func(string, event.Value)
}

// free is a field of a name of its own: where its name and its value stand in the buffer.
type free struct{ name, value [2]int }

func newRenderer() *renderer {
	w := &renderer{}
	for _, k := range event.Kinds() {
		w.layouts[k] = newLayout(k)
	}
	w.each = w.add
	return w
}

// render is the row of the event that r read last. It holds until the next call. at is the time under which it is
// stored.
func (w *renderer) render(r *event.Reader, e *event.Event, seq uint64, at int64) *logstorage.InsertRow {
	w.l = w.layouts[e.Payload.Kind()]
	w.buf, w.free, w.at, w.cut, w.set = w.buf[:0], w.free[:0], -1, false, [maxFields / 64]uint64{}
	w.text(event.AttrKind, e.Payload.Kind().String())
	w.text(event.AttrSensor, r.Sensor)
	w.text(event.AttrSite, r.Site)
	from := len(w.buf)
	w.buf = r.EventID(w.buf)
	w.name(event.AttrID, from)
	from = len(w.buf)
	w.buf = strconv.AppendUint(w.buf, seq, 10)
	w.name(attrSeq, from)
	if at != e.Time {
		from = len(w.buf)
		w.buf = strconv.AppendInt(w.buf, e.Time, 10)
		w.name(attrOriginal, from)
	}
	w.p.Each(e, w.each)
	if w.cut {
		w.text(attrTruncated, "true")
	}
	w.row.StreamTagsCanonical, w.row.Timestamp = w.l.stream, at
	w.row.Fields = w.fields(w.row.Fields[:0])
	return &w.row
}

// fields are the fields that were rendered, by name. They are made at the end, as the buffer moves while it grows.
func (w *renderer) fields(dst []logstorage.Field) []logstorage.Field {
	for i, set := range w.set {
		for ; set != 0; set &= set - 1 {
			rank := i*64 + bits.TrailingZeros64(set)
			at := w.ends[rank]
			dst = append(dst, logstorage.Field{Name: w.l.sorted[rank], Value: event.View(w.buf[at[0]:at[1]])})
		}
	}
	return w.freed(dst)
}

// freed adds the fields whose names nobody lists. The storage wants all in the order of their names, each once: of a field with
// several values it is one text.
func (w *renderer) freed(dst []logstorage.Field) []logstorage.Field {
	if len(w.free) == 0 {
		return dst
	}
	for _, f := range w.free {
		dst = append(dst, logstorage.Field{Name: event.View(w.buf[f.name[0]:f.name[1]]), Value: event.View(w.buf[f.value[0]:f.value[1]])})
	}
	slices.SortStableFunc(dst, func(a, b logstorage.Field) int { return strings.Compare(a.Name, b.Name) })
	out := dst[:1]
	for _, f := range dst[1:] {
		if last := &out[len(out)-1]; last.Name == f.Name {
			last.Value += ", " + f.Value
		} else {
			out = append(out, f)
		}
	}
	return out
}

func (w *renderer) text(name, value string) {
	from := len(w.buf)
	w.buf = append(w.buf, value...)
	w.name(name, from)
}

func (w *renderer) add(name string, v event.Value) {
	from := len(w.buf)
	if v.Type == event.Text && len(v.Str) > maxValue {
		v.Str = v.Str[:min(len(v.Str), maxValue+utf8.UTFMax)] // no use in copying the rest
	}
	w.buf = v.AppendText(w.buf)
	if end := max(from, min(from+maxValue, maxRow)); len(w.buf) > end {
		w.buf = w.buf[:end-partial(w.buf[from:end])]
		w.cut = true
	}
	if strings.HasPrefix(name, event.FieldPrefix) {
		at := len(w.buf)
		w.buf = append(w.buf, name...)
		w.free = append(w.free, free{[2]int{at, len(w.buf)}, [2]int{from, at}})
		return
	}
	w.name(name, from)
}

// partial is how many bytes at the end of b are the beginning of a character.
func partial(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if last := b[len(b)-n:]; utf8.RuneStart(last[0]) {
			if utf8.FullRune(last) {
				return 0
			}
			return n
		}
	}
	return 0
}

// name says that the text from there to the end of the buffer is the value of that name. Names come in the order of
// the layout.
func (w *renderer) name(n string, from int) {
	for w.at++; w.at < len(w.l.names); w.at++ {
		if w.l.names[w.at] != n {
			continue
		}
		rank := w.l.rank[w.at]
		w.ends[rank] = [2]int{from, len(w.buf)}
		w.set[rank/64] |= 1 << (rank % 64)
		return
	}
	panic("store: " + n + " is not where the events list it")
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
	row := w.w.render(&w.r, &w.e, src.seq, at)
	if erased(src.erasures, src.seq, at, row.Fields) {
		w.s.m.erased.Inc()
		return
	}
	w.rows[i].MustAddInsertRow(row)
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
		w.s.added.Add(uint64(n))
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

// Added is how many events were stored since the store was opened.
func (s *Store) Added() uint64 { return s.added.Load() }

// Flush makes what was added visible to queries at once.
func (s *Store) Flush() {
	for _, sh := range s.shelves {
		sh.db.DebugFlush()
	}
}
