package logs

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"bulwark/event"
	"bulwark/observe/logs/internal/document"
	"bulwark/observe/logs/parse"
	"bulwark/platform/pseudonym"
)

// Bounds of what is told of one line.
const (
	maxLine    = 1 << 20 // bytes of a line
	maxMessage = 1 << 10 // bytes of its text
	maxFields  = 512
	maxValue   = 64 << 10 // bytes of one field
	maxTold    = 768 << 10
)

// Faults of lines.
const (
	faultAhead  = "clock ahead"
	faultBehind = "clock behind"
	faultCut    = "cut"
	faultText   = "not utf-8"
)

// fileIntake is the intake of files of this machine, whose lines may be of any time.
const fileIntake = "file"

// How far the clock of a sender may be from ours.
const (
	mostAhead  = time.Hour
	mostBehind = 30 * 24 * time.Hour
)

// worker understands records. It is used by one sender at a time.
type worker struct {
	sink      *sink
	reader    *parse.Reader
	documents *document.Reader // of lines that tools write as JSON, and audit messages
	said      []Record         // by one line
	masks     *pseudonym.Pseudonyms
	seal      *seal
	guess     map[guessed]*source // source of the last line that came this way
	log       event.Log
	header    event.Header
	bytes     []byte // texts of one event
	secrets   []byte // scratch
	offset    time.Duration
	timed     bool // the line said its own time, which was offset after that of its receipt
	faults    []string
	fields    []string
}

// guessed is a way by which lines of one source usually come.
type guessed struct{ intake, identity, stream, sender string }

// mostGuessed is how many ways a worker remembers; it then begins anew.
const mostGuessed = 4096

// understand puts the events of records into parcels, and adds those but own to all.
func (w *worker) understand(records []Record, own *owned, all []*parcel) []*parcel {
	for i := range records {
		r := &records[i]
		if r.Log == nil && r.Event == nil {
			w.said = w.documents.Line(r.Text, *r, w.said[:0])
			for k := range w.said {
				all = w.put(&w.said[k], own, all)
			}
			w.documents.Reset()
			if len(w.said) > 0 {
				continue
			}
		}
		all = w.put(r, own, all)
	}
	return all
}

// put puts the event of a record into a parcel.
func (w *worker) put(r *Record, own *owned, all []*parcel) []*parcel {
	if r.Event != nil {
		if !r.Beside {
			w.counted(r)
		}
		if own.add(&r.Event.Header, r.Event.Payload) {
			return all
		}
		return joined(all, w.sink.gather.add(&r.Event.Header, r.Event.Payload))
	}
	w.one(r)
	if own.add(&w.header, &w.log) {
		return all
	}
	return joined(all, w.sink.gather.add(&w.header, &w.log))
}

// counted counts a record that is no log under its source, which has the kind of its event as its format.
func (w *worker) counted(r *Record) {
	from := r.Identity
	if from == "" && r.Sender.IsValid() {
		from = r.Sender.Unmap().String()
	}
	src := w.sink.sources.of(key{r.Intake, from, "", r.Stream})
	w.sink.count.line(r.Intake, true, r.Size)
	w.sink.sources.took(src, taken{at: r.Received, bytes: uint64(r.Size), format: r.Event.Payload.Kind().String(), known: true})
}

// joined adds a parcel to those of a sender; it is mostly the last one.
func joined(all []*parcel, p *parcel) []*parcel {
	if n := len(all); n > 0 && all[n-1] == p || slices.Contains(all, p) {
		return all
	}
	return append(all, p)
}

// one makes the event of a record in w.log and w.header.
func (w *worker) one(r *Record) {
	w.bytes, w.faults = w.bytes[:0], w.faults[:0]
	sender := ""
	if r.Sender.IsValid() {
		sender = w.text(r.Sender.Unmap().AppendTo(nil))
	}
	way := guessed{r.Intake, r.Identity, r.Stream, sender}
	guess := w.guess[way]
	known := w.read(r, guess)
	if r.Intake == fileIntake && w.log.Host == "" {
		w.log.Host = cmp.Or(w.sink.sources.config.hostOf(r.Stream), w.sink.host)
	}
	src := w.sink.sources.of(key{r.Intake, cmp.Or(r.Identity, sender), w.log.Host, r.Stream})
	if src != guess {
		if src.differs(guess) && r.Log == nil {
			known = w.read(r, src)
		}
		w.remember(way, src)
	}
	l := &w.log
	l.Intake, l.Source, l.Sender, l.Identity = r.Intake, src.ID, sender, r.Identity
	l.Received, l.Size = uint64(r.Received.UnixNano()), max(l.Size, uint64(max(len(r.Text), r.Size)))
	if r.Log == nil && r.Size > len(r.Text) || len(r.Text) > maxLine {
		w.faults = append(w.faults, faultCut)
	}
	w.clocks(r)
	if !known && len(r.Text) > 0 {
		l.Format = ""
		if l.Message == "" {
			l.Message = event.View(r.Text[:min(len(r.Text), maxLine)])
		}
		if !utf8.Valid(r.Text) {
			w.faults = append(w.faults, faultText)
		}
	}
	w.mask()
	if !known && len(r.Text) > 0 {
		w.sealLine(r.Text[:min(len(r.Text), maxLine)])
	}
	l.Faults = w.faults
	w.sink.count.line(r.Intake, known, int(l.Size))
	w.sink.sources.took(src, taken{at: r.Received, bytes: l.Size, format: l.Format, known: known, faults: w.faults, offset: w.offset, timed: w.timed})
}

// read understands the record, as a setting of the source says that it may be from.
func (w *worker) read(r *Record, of *source) bool {
	w.log, w.header = event.Log{Fields: w.fields[:0]}, event.Header{}
	if r.Log != nil {
		w.log, w.header.Time = *r.Log, 0
		if !r.Time.IsZero() {
			w.header.Time = event.Nanos(r.Time)
		}
		w.log.Fields = append(w.fields[:0], r.Log.Fields...) // it is changed below
		w.fields = w.log.Fields
		w.ends()
		return true
	}
	set := w.sink.sources.settings(r, of)
	known := w.reader.Understand(r.Text[:min(len(r.Text), maxLine)], parse.Hint{Format: set.format, Sender: r.Sender, Stream: r.Stream,
		Zone: cmp.Or(set.zone, time.Local), Received: r.Received}, &w.header, &w.log)
	if cap(w.log.Fields) > cap(w.fields) {
		w.fields = w.log.Fields
	}
	return known
}

// ends are those that the fields of an event tell, as ECS names them, or Windows: of a sign-on IpAddress is where the person came from.
func (w *worker) ends() {
	f := w.log.Fields
	for i := 0; i+1 < len(f); i += 2 {
		switch f[i] {
		case "source.ip":
			w.header.Src, _ = netip.ParseAddr(f[i+1])
		case "destination.ip":
			w.header.Dst, _ = netip.ParseAddr(f[i+1])
		case "source.port":
			w.header.Ports.Src = port(f[i+1])
		case "destination.port":
			w.header.Ports.Dst = port(f[i+1])
		}
	}
	if w.log.Product == "windows" && !w.header.Src.IsValid() {
		w.windowsEnds()
	}
}

func (w *worker) windowsEnds() {
	f, h := w.log.Fields, &w.header
	for i := 0; i+1 < len(f); i += 2 {
		switch f[i] {
		case "IpAddress", "SourceIp", "ClientAddress":
			h.Src = elsewhere(f[i+1])
		case "DestinationIp":
			h.Dst = elsewhere(f[i+1])
		case "IpPort", "SourcePort":
			h.Ports.Src = port(f[i+1])
		case "DestinationPort":
			h.Ports.Dst = port(f[i+1])
		}
	}
}

// elsewhere is an address that is not that of the machine itself: Windows writes -, ::1 or 127.0.0.1 for that.
func elsewhere(s string) netip.Addr {
	a, err := netip.ParseAddr(s)
	if a = a.Unmap(); err != nil || a.IsLoopback() || a.IsUnspecified() {
		return netip.Addr{}
	}
	return a
}

func port(s string) uint16 {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

func (w *worker) remember(way guessed, src *source) {
	if len(w.guess) >= mostGuessed {
		clear(w.guess)
	}
	way = guessed{strings.Clone(way.intake), strings.Clone(way.identity), strings.Clone(way.stream), strings.Clone(way.sender)}
	w.guess[way] = src
}

// clocks has live lines whose time cannot be stand under that of their receipt.
func (w *worker) clocks(r *Record) {
	at := r.Received.UnixNano()
	w.timed = false
	if w.header.Time == 0 && !r.Time.IsZero() {
		w.header.Time = event.Nanos(r.Time)
	}
	if w.header.Time == 0 {
		w.header.Time = at
		return
	}
	if r.Intake == "evtx" || r.Intake == fileIntake {
		return
	}
	off := w.header.When().Sub(r.Received)
	w.offset, w.timed = off, true
	switch {
	case off > mostAhead:
		w.faults = append(w.faults, faultAhead)
	case off < -mostBehind:
		w.faults = append(w.faults, faultBehind)
	default:
		return
	}
	own := time.Unix(0, w.header.Time).UTC().Format(time.RFC3339Nano)
	w.log.Fields = append(w.log.Fields, "event.created", own)
	w.header.Time = at
}

// text keeps bytes for as long as the event is at hand.
func (w *worker) text(p []byte) string {
	at := len(w.bytes)
	w.bytes = append(w.bytes, p...)
	return event.View(w.bytes[at:])
}

// sealLine keeps a line that nobody understood, whole, for those who may open it.
func (w *worker) sealLine(line []byte) {
	at := len(w.bytes)
	var ends []int
	var whole bool
	w.bytes, ends, whole = w.seal.pieces(w.bytes, line)
	for n, end := range ends {
		piece := event.View(w.bytes[at:end])
		at = end
		if n == 0 {
			w.log.Sealed = piece
		} else {
			w.log.Fields = append(w.log.Fields, sealedField+strconv.Itoa(n+1), piece)
		}
	}
	if !whole {
		w.faults = append(w.faults, faultCut)
	}
}
