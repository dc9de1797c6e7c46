package engine

import (
	"errors"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/mime"
	"bulwark/wire/pop3"
)

// pop3App is a session that fetches mail by POP3.
type pop3App struct {
	conv pop3.Conversation
	mail *letter // that is fetched
	user []byte
	at
}

func (a *pop3App) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	done, need, err := a.conv.Decode(dir, p, a)
	if errors.Is(err, pop3.ErrTLS) {
		err = errAnother
	}
	return done, need, err
}
func (a *pop3App) furnish(w *Worker)             { a.conv.Space, a.conv.Exchanges = &w.space, &w.pop3 }
func (a *pop3App) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *pop3App) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *pop3App) reset() {
	if a.mail != nil {
		a.w.releaseLetter(a.mail)
	}
	a.conv.Reset()
	a.mail, a.user, a.at = nil, a.user[:0], at{}
}

// Body takes octets of a message.
func (a *pop3App) Body(x *pop3.Exchange, p []byte, lost int) {
	if a.mail == nil {
		a.mail = a.w.letter(a.f, wire.ToClient, "pop3", x.Number)
	}
	a.mail.take(p, lost)
}

// SignOn tells an attempt to sign on.
func (a *pop3App) SignOn(s *pop3.SignOn) {
	e, t := &a.w.out.auth, texts{buf: a.w.out.text[:0]}
	*e = event.Auth{User: event.View(s.User), Domain: event.View(s.Domain), Protocol: t.joined("POP3 ", s.Mechanism), Service: "pop3",
		Cleartext: s.Clear, Outcome: "success"}
	if s.Granted {
		a.user = append(a.user[:0], s.User...)
	} else {
		e.Outcome, e.Reason = "failure", event.View(s.Reply)
	}
	a.w.out.text = t.buf
	a.w.emit(a.f, e)
}

// Notice tells what should not be.
func (a *pop3App) Notice(n pop3.Notice) { a.w.appAnomaly(a.f, n.String()) }

// Exchange tells a command with its reply. What only asks is told where EVE is written.
func (a *pop3App) Exchange(x *pop3.Exchange) {
	w, e := a.w, &a.w.out.pop3
	l := a.mail
	a.mail = nil
	l.end(x.Whole)
	defer w.releaseLetter(l)
	if x.Number == 1 && len(x.Command) == 0 && x.Status == pop3.OK {
		w.out.asset = event.Asset{Software: event.View(x.Header), Role: "mail server", Source: "pop3"}
		w.tellAssetOf(a.f, wire.ToClient, &w.out.asset)
	}
	if !w.opt.EVE && l == nil && x.Status != pop3.Err && string(x.Command) != "STLS" && string(x.Command) != "DELE" {
		return
	}
	t := texts{buf: w.out.text[:0]}
	*e = event.POP3{TxID: uint64(x.Number), Command: event.View(x.Command), Args: e.Args[:0], Data: e.Data[:0], Reply: t.masked(w, x.Header),
		User: event.View(a.user), TLS: x.Status == pop3.OK && string(x.Command) == "STLS", Size: x.Size, To: e.To[:0],
		Attachments: e.Attachments[:0], URLs: e.URLs[:0]}
	switch x.Status {
	case pop3.OK, pop3.Continue:
		e.Status = "OK"
	case pop3.Err:
		e.Status = "ERR"
	}
	a.args(x, e)
	for _, line := range x.Data {
		e.Data = append(e.Data, event.View(line))
	}
	if l != nil {
		m := t.fetched(w, l, e.To, e.Attachments, e.URLs)
		e.From, e.To, e.Subject, e.MessageID, e.Date, e.Attachments, e.URLs = m.from, m.to, m.subject, m.id, m.date, m.files, m.urls
		e.Complete = l.Closed && l.Lost == 0
	}
	w.out.text = t.buf
	w.emit(a.f, e)
}

// args are what follows a command, without what lets its sender in.
func (a *pop3App) args(x *pop3.Exchange, e *event.POP3) {
	for i, arg := range x.Args {
		secret := string(x.Command) == "PASS" || i > 0 && (string(x.Command) == "AUTH" || string(x.Command) == "APOP")
		if secret && !a.w.opt.Records.Passwords {
			e.Args = append(e.Args, maskedSecret)
			return
		}
		e.Args = append(e.Args, event.View(arg))
	}
}

// mailFacts are what is told of a message that is fetched.
type mailFacts struct {
	from, subject, id, date string
	to, files, urls         []string
}

// fetched tells of a message that is read from its box; the lists are used again.
func (t *texts) fetched(w *Worker, l *letter, to, files, urls []string) mailFacts {
	m := &l.Message
	f := mailFacts{from: t.words(w, m.Fields[mime.From]), subject: t.words(w, m.Fields[mime.Subject]), id: event.View(m.Fields[mime.MessageID]),
		date: event.View(m.Fields[mime.Date]), to: t.addresses(w, to, m.Fields[mime.To]), files: files, urls: urls}
	for i := range m.Attachments {
		f.files = append(f.files, t.masked(w, m.Attachments[i].Name))
	}
	for _, url := range m.URLs {
		f.urls = append(f.urls, t.masked(w, url))
	}
	return f
}
