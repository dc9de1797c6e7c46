package engine

import (
	"bulwark/wire/mime"
)

// carrier is what EVE's record of a file says of the message that carries it, as far as it has come; nil where no EVE
// is written.
func (l *letter) carrier() []byte {
	w := l.w
	if !w.opt.EVE || l.env == nil {
		return nil
	}
	t := texts{}
	j := jsonText{buf: w.letters.json[:0], fresh: true}
	j.begin("smtp")
	if len(l.helo) > 0 {
		j.text("helo", l.helo)
	}
	if len(l.env.From) > 0 {
		j.str("mail_from", t.masked(w, l.env.From))
	}
	if len(l.env.To) > 0 {
		j.list("rcpt_to")
		for _, to := range l.env.To {
			j.element(t.masked(w, to))
		}
		j.endList()
	}
	j.finish()
	j.begin("email")
	j.str("status", "BODY_STARTED")
	if from := l.Fields[mime.From]; from != nil {
		j.str("from", t.words(w, from))
	}
	j.addresses(&t, w, "to", l.Fields[mime.To])
	j.addresses(&t, w, "cc", l.Fields[mime.Cc])
	j.list("attachment")
	for i := range l.Attachments {
		if name := l.Attachments[i].Name; len(name) > 0 {
			j.element(t.masked(w, name))
		}
	}
	j.endList()
	j.finish()
	w.letters.json = j.buf
	if len(j.buf) > maxCarrier {
		return nil
	}
	return j.buf
}

// maxCarrier is how many bytes of what carries a file are told with it.
const maxCarrier = 32 << 10

// addresses writes a list of addresses, if there is one.
func (j *jsonText) addresses(t *texts, w *Worker, name string, v []byte) {
	if v == nil {
		return
	}
	j.list(name)
	for one := range mime.Addresses(v) {
		j.element(t.words(w, one))
	}
	j.endList()
}
