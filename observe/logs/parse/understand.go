package parse

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"bulwark/event"
	"bulwark/wire/syslog"
)

// most bytes of a line in which words that tell its format are looked for, and of the text that is told.
const (
	mostSearched = 64 << 10
	mostMessage  = 1024
)

// hit is a way of which words were found.
type hit struct {
	way  int32
	bits uint32
}

// Understand reads a line: its envelope, and then its text by the format that knows it. It fills log and of h the time and the ends of the
// conversation, and reports whether a format understood the text; where none did, log says what the envelope does.
func (r *Reader) Understand(text []byte, hint Hint, h *event.Header, log *event.Log) bool {
	r.begin()
	r.effort = 0
	r.stream, r.received, r.zone = hint.Stream, hint.Received, cmp.Or(hint.Zone, time.UTC)
	if r.received.IsZero() {
		r.received = time.Unix(0, h.Time)
	}
	all := view(text)
	m := r.envelope(all, h, log)
	log.Message = clip(m)
	if f := r.set.byID[hint.Format]; f != nil && r.try(f, m, all, log) {
		r.finish(f, h, log)
		return true
	}
	if f := r.find(m, all, log); f != nil {
		r.finish(f, h, log)
		return true
	}
	return false
}

func (r *Reader) finish(f *format, h *event.Header, log *event.Log) {
	r.derive()
	r.fill(f, h, log)
}

// find is the first format that understands the text, and what says most of it is asked first.
func (r *Reader) find(text, all string, log *event.Log) *format {
	app := r.lower(log.App)
	if r.set.narrowed[app] {
		for _, h := range r.candidates(all) {
			if w := &r.set.ways[h.way]; slices.Contains(w.programs, app) && r.try(w.format, text, all, log) {
				return w.format
			}
		}
	}
	for _, f := range r.set.programs[app] {
		if r.try(f, text, all, log) {
			return f
		}
	}
	for _, h := range r.candidates(all) {
		if w := &r.set.ways[h.way]; w.programs == nil && r.try(w.format, text, all, log) {
			return w.format
		}
	}
	for i := range r.set.shapes {
		w := &r.set.shapes[i]
		if shaped(w.shape, text) && r.try(w.format, text, all, log) {
			return w.format
		}
	}
	return nil
}

// candidates are the ways of which all words stand in the text, the longest words first.
func (r *Reader) candidates(text string) []hit {
	hits := r.hits[:0]
	r.set.words.each(text[:min(len(text), mostSearched)], func(w int32) {
		for _, n := range r.set.byWord[w] {
			i := slices.IndexFunc(hits, func(h hit) bool { return h.way == n })
			if i < 0 {
				i = len(hits)
				hits = append(hits, hit{way: n})
			}
			bit, _ := slices.BinarySearch(r.set.ways[n].list, w)
			hits[i].bits |= 1 << bit
		}
	})
	whole := hits[:0]
	for _, h := range hits {
		if h.bits == 1<<len(r.set.ways[h.way].list)-1 {
			whole = append(whole, h)
		}
	}
	slices.SortFunc(whole, func(a, b hit) int {
		x, y := &r.set.ways[a.way], &r.set.ways[b.way]
		return cmp.Or(cmp.Compare(y.weight, x.weight), cmp.Compare(x.format.ID, y.format.ID))
	})
	r.hits = whole
	return whole
}

// shaped reports whether a text has a shape: an object of JSON, with a few letters before it, or names and values, of which all words are,
// or most where they are many.
func shaped(shape, text string) bool {
	if shape == "json" {
		text = strings.TrimSpace(text)
		from := strings.IndexByte(text[:min(len(text), mostBefore)], '{')
		return from >= 0 && len(text) > from+1 && text[len(text)-1] == '}'
	}
	if strings.Count(text, `="`) >= 4 || strings.Count(text, `='`) >= 4 { // with commas between them, perhaps
		return true
	}
	words, pairs := 0, 0
	quoted := false
	for w := range strings.FieldsSeq(text) {
		if !quoted {
			words++
			if i := strings.IndexByte(w, '='); i > 0 {
				pairs++
			}
		}
		if strings.Count(w, `"`)%2 == 1 {
			quoted = !quoted
		}
	}
	return pairs >= 3 && pairs == words || pairs >= 6 && 2*pairs >= words
}

// try reads a text as a format does.
func (r *Reader) try(f *format, text, all string, log *event.Log) bool {
	r.begin()
	r.format = f
	if f.whole {
		text = afterPriority(all)
	}
	text = strings.TrimSpace(text)
	m := &r.set.common
	r.message = 0
	r.entries = append(r.entries, entry{name: "message", value: text, sym: m.message, next: -1, used: true})
	r.link(&r.raws[m.message])
	if log.App != "" {
		r.raw("", "_syslog.app", log.App)
		r.raw("", "_syslog.pid", log.Process)
	}
	r.raw("", "_syslog.host", log.Host)
	return r.run(f.steps)
}

// afterPriority is a line without <number>.
func afterPriority(s string) string {
	if end := strings.IndexByte(s, '>'); end > 0 && end < 5 && s[0] == '<' {
		return s[end+1:]
	}
	return s
}

// envelope takes a text out of syslog (RFC 5424, RFC 3164, with or without its number) and tells what the header says.
func (r *Reader) envelope(all string, h *event.Header, log *event.Log) string {
	text := strings.TrimPrefix(all, "\xef\xbb\xbf")
	if text == "" {
		return text
	}
	line := text
	if line[0] != '<' {
		if !stamped(line) {
			return text
		}
		b := append(r.space.Grow(nil, len(line)+4), "<13>"...)
		line = view(append(b, line...))
	}
	var m syslog.Message
	if syslog.Parse(bytesOf(line), &m) != nil || text[0] != '<' && len(m.Host) > 0 && number.run(view(m.Host), false) == len(m.Host) { // no host is a number
		return text
	}
	log.Host, log.App, log.Process = view(m.Host), view(m.App), view(m.Process)
	if text[0] == '<' {
		log.Severity = levels[m.Severity]
	} else if len(m.Time) == 0 {
		return text
	}
	if t := r.moment(view(m.Time)); !t.IsZero() {
		h.Time = event.Nanos(t)
	}
	return view(m.Text)
}

// stamped reports whether a line begins as syslog writes to files: with a time and a host.
func stamped(s string) bool {
	if len(s) < 20 {
		return false
	}
	if s[3] == ' ' && s[6] == ' ' && s[9] == ':' && s[12] == ':' && s[15] == ' ' {
		return strings.Contains("JanFebMarAprMayJunJulAugSepOctNovDec", s[:3])
	}
	return s[4] == '-' && s[7] == '-' && s[10] == 'T' && s[13] == ':'
}

// levels are those of syslog in the words of events.
var levels = [8]string{"critical", "critical", "critical", "high", "medium", "low", "informational", "informational"}

// clip is the beginning of a text, cut between letters.
func clip(s string) string {
	if len(s) <= mostMessage {
		return s
	}
	n := mostMessage
	for n > mostMessage-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
