package engine

import (
	"bytes"
	"encoding/hex"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/mime"
	"bulwark/wire/smtp"
)

// letter is a message of mail on its way through a flow, of whatever protocol. What it carries is told as files.
type letter struct {
	mime.Parser
	number int // of its transaction
	file   carried

	w    *Worker
	f    *flow
	dir  wire.Dir
	app  string
	env  *smtp.Transaction // its envelope; nil where it has none
	helo []byte            // who hands it in
}

// maxLetters is how many messages a worker reads at a time. Each keeps at most some 100 KiB, most of them two.
const maxLetters = 4096

// letters are a worker's: those in use are counted, the others wait.
type letters struct {
	free []*letter
	used int
	made wire.Stock[letter]
	json []byte // scratch
}

// letter begins a message whose bytes go in dir; nil when too many are under way.
func (w *Worker) letter(f *flow, dir wire.Dir, app string, number int) *letter {
	s := &w.letters
	if s.used >= maxLetters {
		w.count.dropped++
		return nil
	}
	s.used++
	var l *letter
	if n := len(s.free); n > 0 {
		l = s.free[n-1]
		s.free = s.free[:n-1]
	} else {
		l = s.made.Fresh()
		l.Furnish(&w.space)
	}
	l.w, l.f, l.dir, l.app, l.number = w, f, dir, app, number
	return l
}

// release takes a message back. A file that is open in it is forgotten.
func (w *Worker) releaseLetter(l *letter) {
	if l == nil {
		return
	}
	l.file.reset()
	l.Reset()
	l.f, l.env, l.helo = nil, nil, nil
	w.letters.used--
	w.letters.free = append(w.letters.free, l)
}

// take takes the next bytes of the message; lost ones before them were never seen.
func (l *letter) take(p []byte, lost int) {
	if l == nil {
		return
	}
	if lost > 0 {
		l.Gap(lost, l)
	}
	l.Write(p, l)
}

// end takes the end of the message, and tells what is odd about it.
func (l *letter) end(whole bool) {
	if l == nil || l.Closed {
		return
	}
	l.Close(whole, l)
	for i, name := range mimeOddities {
		if l.Oddities>>i&1 != 0 && name != "" {
			l.w.appAnomaly(l.f, name)
		}
	}
}

// mimeOddities are Suricata's names, in the order of the bits of [mime.Oddities].
var mimeOddities = [...]string{"MIME_INVALID_BASE64", "MIME_INVALID_QP", "MIME_LONG_LINE", "MIME_LONG_ENC_LINE",
	"MIME_LONG_HEADER_NAME", "MIME_LONG_HEADER_VALUE", "MIME_LONG_BOUNDARY", "MIME_LONG_FILENAME", "MIME_MALFORMED_MSG"}

// Open begins a file that the message carries.
func (l *letter) Open(a *mime.Attachment) bool {
	l.file.open(l.w, l.f, l.dir, fileFacts{App: l.app, Name: a.Name, Type: a.Type, TxID: uint64(l.number), Carrier: l.carrier()})
	return l.file.isOpen()
}

// Data takes bytes of the file.
func (l *letter) Data(p []byte, lost int) {
	l.file.gap(lost)
	l.file.write(p)
}

// End ends the file.
func (l *letter) End(whole bool) { l.file.close(whole) }

// mail fills the part of e that is about the message. Words in other character sets are decoded; where EVE is written
// they stand as sent, as Suricata has them, unless a patient is in them.
func (t *texts) mail(w *Worker, l *letter, e *event.SMTP) {
	e.Status = "HEADER_STARTED"
	switch {
	case l.Closed:
		e.Status = "PARSE_DONE"
	case l.HasBody:
		e.Status = "BODY_STARTED"
	}
	m := &l.Message
	raw := func(f mime.Field) string { return event.View(m.Fields[f]) }
	e.From, e.ReplyTo = t.words(w, m.Fields[mime.From]), t.words(w, m.Fields[mime.ReplyTo])
	e.To, e.Cc = t.addresses(w, e.To, m.Fields[mime.To]), t.addresses(w, e.Cc, m.Fields[mime.Cc])
	e.Bcc, e.Subject = t.addresses(w, e.Bcc, m.Fields[mime.Bcc]), t.words(w, m.Fields[mime.Subject])
	e.MessageID, e.InReplyTo, e.References = raw(mime.MessageID), raw(mime.InReplyTo), raw(mime.References)
	e.Date, e.XMailer, e.UserAgent, e.XOriginatingIP = raw(mime.Date), raw(mime.XMailer), raw(mime.UserAgent), raw(mime.XOriginatingIP)
	e.Importance, e.Priority, e.Sensitivity = raw(mime.Importance), raw(mime.Priority), raw(mime.Sensitivity)
	e.Organization, e.ContentMD5 = t.words(w, m.Fields[mime.Organization]), raw(mime.ContentMD5)
	for _, hop := range m.Received {
		e.Received = append(e.Received, t.masked(w, hop))
	}
	for i := range m.Attachments {
		e.Attachments = append(e.Attachments, t.masked(w, m.Attachments[i].Name))
		e.Types = append(e.Types, event.View(m.Attachments[i].Type))
	}
	for _, url := range m.URLs {
		e.URLs = append(e.URLs, t.masked(w, url))
	}
	t.digests(m, e)
}

func (t *texts) digests(m *mime.Message, e *event.SMTP) {
	if m.Body > 0 {
		e.BodyMD5 = t.hexed(m.BodyMD5[:])
	}
	if m.Fields[mime.Subject] != nil {
		sum := m.SubjectMD5()
		e.SubjectMD5 = t.hexed(sum[:])
	}
}

// hexed is b in hexadecimal.
func (t *texts) hexed(b []byte) string {
	at := len(t.buf)
	t.buf = hex.AppendEncode(t.buf, b)
	return t.from(at)
}

// words is the value of a field with its encoded words decoded and the patients in it replaced.
func (t *texts) words(w *Worker, v []byte) string {
	if !bytes.Contains(v, []byte("=?")) {
		return t.masked(w, v)
	}
	at := len(t.buf)
	t.buf = mime.AppendWords(t.buf, v)
	decoded := t.from(at)
	masked := t.masked(w, []byte(decoded))
	if w.opt.EVE && masked == decoded {
		return event.View(v)
	}
	return masked
}

func (t *texts) addresses(w *Worker, list []string, v []byte) []string {
	for one := range mime.Addresses(v) {
		list = append(list, t.words(w, one))
	}
	return list
}
