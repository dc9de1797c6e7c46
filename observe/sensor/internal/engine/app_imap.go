package engine

import (
	"bytes"
	"errors"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/imap"
)

// imapApp is a session that reads mail by IMAP.
type imapApp struct {
	conv imap.Conversation
	user []byte
	mail [2]mailbag // by direction
	told int        // literals with messages since the last command that reads some
	at
}

// mailbag is a message on its way, or a part of one, in one literal or piece by piece.
type mailbag struct {
	letter  *letter
	under   bool   // it is under way
	head    bool   // of a part only the head has come, which stands before it
	about   uint64 // sequence number of the message
	part    []byte
	inside  bool   // within a literal
	at      uint64 // where in the part its next octets stand
	size    uint64 // octets so far
	mailbox []byte
	whole   bool // nothing is missing between them
	last    bool // nothing is missing behind them
}

func (a *imapApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	done, need, err := a.conv.Decode(dir, p, a)
	if errors.Is(err, imap.ErrTLS) {
		err = errAnother
	}
	return done, need, err
}
func (a *imapApp) furnish(w *Worker)             { a.conv.Exchanges = &w.imap }
func (a *imapApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *imapApp) close(w *Worker, f *flow) {
	a.w, a.f = w, f
	a.conv.Close(a)
	for d := range wire.Dir(2) {
		a.ended(d)
	}
}
func (a *imapApp) reset() {
	for i := range a.mail {
		b := &a.mail[i]
		if b.letter != nil {
			a.w.releaseLetter(b.letter)
		}
		*b = mailbag{part: b.part[:0], mailbox: b.mailbox[:0]}
	}
	a.conv.Reset()
	a.user, a.told, a.at = a.user[:0], 0, at{}
}

// Body takes octets of a message. Clients fetch large ones piece by piece: those that follow on each other are one.
// Heads alone, which are fetched by the hundred to show what is there, are counted by the command.
func (a *imapApp) Body(m *imap.Message, p []byte, lost int) {
	if bytes.HasPrefix(m.Section, []byte("HEADER")) {
		return
	}
	dir := wire.ToClient
	if m.Stored {
		dir = wire.ToServer
	}
	b := &a.mail[dir]
	switch {
	case b.follows(m):
	case m.Partial && m.Size == 0:
		return // behind the end
	default:
		a.ended(dir)
		a.begin(b, m, dir)
	}
	b.take(m, p, lost)
	if len(p) == 0 { // the literal has ended
		a.told++
		if a.filled(b, m) {
			a.ended(dir)
		}
	}
}

// follows reports whether octets of m go on where b has come to.
func (b *mailbag) follows(m *imap.Message) bool {
	return b.under && b.about == m.Sequence && bytes.Equal(b.part, m.Section) && b.size >= m.Origin && b.size <= m.Origin+m.Size
}

// partHead is behind the number of a part whose head is fetched (RFC 9051 §6.4.5).
var partHead = []byte(".MIME")

// begin begins a message, or a part of one whose head is known or comes now: what is in it can be read then.
func (a *imapApp) begin(b *mailbag, m *imap.Message, dir wire.Dir) {
	section, head := bytes.CutSuffix(m.Section, partHead)
	b.under, b.head, b.inside, b.about, b.size, b.whole, b.last = true, head, false, m.Sequence, 0, m.Origin == 0, !m.Partial
	b.part, b.mailbox = append(b.part[:0], m.Section...), append(b.mailbox[:0], m.Mailbox...)
	known := m.Part != nil && len(m.Part.Head) > 0
	if m.Origin != 0 || len(section) > 0 && !head && !known {
		return
	}
	b.letter = a.w.letter(a.f, dir, "imap", 0)
	if len(section) > 0 && !head {
		b.letter.take(m.Part.Head, 0)
	}
}

// take takes octets of a literal. Those that came before are passed over.
func (b *mailbag) take(m *imap.Message, p []byte, lost int) {
	if !b.inside {
		b.inside, b.at = true, m.Origin
	}
	n := uint64(len(p) + lost)
	before := min(b.size-min(b.size, b.at), n)
	b.at += n
	if len(p) == 0 { // its end
		b.whole, b.last, b.inside = b.whole && m.Whole, b.last || m.Last, false
	}
	if k := min(before, uint64(lost)); k > 0 {
		lost, before = lost-int(k), before-k
	}
	p = p[before:]
	b.letter.take(p, lost)
	b.size += uint64(len(p) + lost)
}

// filled reports whether all has come of what is under way. Behind the head of a part the part itself is waited for.
func (a *imapApp) filled(b *mailbag, m *imap.Message) bool {
	if section, head := bytes.CutSuffix(b.part, partHead); head && b.head && !m.Partial {
		b.part, b.size, b.last = section, 0, false
		return false
	}
	b.last = b.last || !m.Partial || m.Part != nil && m.Part.Size > 0 && b.size >= m.Part.Size
	return b.last
}

// ended tells the message that was under way.
func (a *imapApp) ended(dir wire.Dir) {
	b := &a.mail[dir]
	if !b.under {
		return
	}
	b.under = false
	w, e, l := a.w, &a.w.out.imap, b.letter
	b.letter = nil
	if b.head && b.size == 0 { // the head of a part that was not fetched
		w.releaseLetter(l)
		return
	}
	b.whole = b.whole && b.last
	l.end(b.whole)
	t := texts{buf: w.out.text[:0]}
	*e = event.IMAP{Command: "FETCH", Part: event.View(b.part), Size: b.size, Complete: b.whole, Mailbox: t.masked(w, b.mailbox),
		User: event.View(a.user), To: e.To[:0], Attachments: e.Attachments[:0], URLs: e.URLs[:0]}
	if dir == wire.ToServer {
		e.Command = "APPEND"
	}
	if l != nil {
		m := t.fetched(w, l, e.To, e.Attachments, e.URLs)
		e.From, e.To, e.Subject, e.MessageID, e.Date, e.Attachments, e.URLs = m.from, m.to, m.subject, m.id, m.date, m.files, m.urls
	}
	w.out.text = t.buf
	w.emit(a.f, e)
	w.releaseLetter(l)
}

// SignOn tells an attempt to sign on.
func (a *imapApp) SignOn(s *imap.SignOn) {
	e := &a.w.out.auth
	*e = event.Auth{User: event.View(s.User), Domain: event.View(s.Domain), Protocol: "IMAP " + string(s.Mechanism), Service: "imap",
		Cleartext: s.Clear, Outcome: "success"}
	if s.Granted {
		a.user = append(a.user[:0], s.User...)
	} else {
		e.Outcome, e.Reason = "failure", event.View(s.Text)
	}
	a.w.emit(a.f, e)
}

// Program tells which program an end runs.
func (a *imapApp) Program(dir wire.Dir, name, version []byte) {
	t := texts{buf: a.w.out.text[:0]}
	t.buf = append(append(append(t.buf, name...), ' '), version...)
	o := &a.w.out.asset
	*o = event.Asset{Software: event.View(bytes.TrimSpace(t.buf)), Source: "imap"}
	if dir == wire.ToClient {
		o.Role = "mail server"
	}
	a.w.tellAssetOf(a.f, dir, o)
}

// Exchange tells a command with what came of it, when it changes something, reads messages or fails.
func (a *imapApp) Exchange(x *imap.Exchange) {
	w, e := a.w, &a.w.out.imap
	if len(x.Tag) == 0 {
		if string(x.Status) == "OK" || string(x.Status) == "PREAUTH" {
			w.out.asset = event.Asset{Software: event.View(greeting(x.Text)), Role: "mail server", Source: "imap"}
			w.tellAssetOf(a.f, wire.ToClient, &w.out.asset)
		}
		return
	}
	reads := x.Messages > 0
	each := a.told >= x.Messages // all were told one by one
	if reads {
		a.told = 0
	}
	if string(x.Status) == "OK" && (harmless(x) || reads && each) {
		return
	}
	t := texts{buf: w.out.text[:0]}
	*e = event.IMAP{TxID: uint64(x.Number), Command: event.View(x.Command), Args: t.masked(w, x.Args), Status: event.View(x.Status),
		Reply: t.masked(w, x.Text), Mailbox: t.masked(w, x.Mailbox), User: event.View(a.user), Messages: uint64(x.Messages),
		TLS: string(x.Command) == "STARTTLS" && string(x.Status) == "OK", To: e.To[:0], Attachments: e.Attachments[:0], URLs: e.URLs[:0]}
	w.out.text = t.buf
	w.emit(a.f, e)
}

// greeting is what a server says of itself, without the list of what it can.
func greeting(text []byte) []byte {
	if len(text) > 0 && text[0] == '[' {
		if i := bytes.IndexByte(text, ']'); i >= 0 {
			text = text[i+1:]
		}
	}
	return bytes.TrimSpace(text)
}

// harmless reports whether a command only looks around.
func harmless(x *imap.Exchange) bool {
	switch string(x.Command) {
	case "CAPABILITY", "NOOP", "ID", "LIST", "LSUB", "XLIST", "STATUS", "NAMESPACE", "SELECT", "EXAMINE", "CLOSE", "UNSELECT", "IDLE", "LOGOUT",
		"SEARCH", "UID SEARCH", "SORT", "UID SORT", "THREAD", "UID THREAD", "CHECK", "ENABLE", "LOGIN", "AUTHENTICATE", "GETQUOTA", "GETQUOTAROOT",
		"GETMETADATA", "MYRIGHTS", "GETACL", "COMPRESS":
		return true
	case "FETCH", "UID FETCH":
		return x.Messages == 0
	}
	return false
}
