package engine

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/mime"
	"bulwark/wire/smtp"
)

// smtpApp is a session that sends mail, and the messages in it.
type smtpApp struct {
	conv    smtp.Conversation
	letters []*letter // begun, and not told yet
	at
}

func (a *smtpApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	a.conv.Joined = f.marks&markMid != 0
	done, need, err := a.conv.Decode(dir, p, a)
	if errors.Is(err, smtp.ErrTLS) {
		err = errAnother
	}
	return done, need, err
}
func (a *smtpApp) furnish(w *Worker)             { a.conv.Space = &w.space }
func (a *smtpApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *smtpApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *smtpApp) reset() {
	for _, l := range a.letters {
		a.w.releaseLetter(l)
	}
	clear(a.letters)
	a.letters = a.letters[:0]
	a.conv.Reset()
	a.at = at{}
}

// Body takes octets of a message.
func (a *smtpApp) Body(t *smtp.Transaction, p []byte, lost int) {
	l := a.letter(t.Number)
	if l == nil {
		l = a.w.letter(a.f, wire.ToServer, "smtp", t.Number)
		if l == nil {
			return
		}
		l.env, l.helo = t, a.conv.Helo()
		a.letters = append(a.letters, l)
	}
	l.take(p, lost)
	if t.Whole {
		l.end(true)
		if a.w.look.on() {
			e, x := a.fill(t)
			x.mail(a.w, l, e)
			a.w.out.text = x.buf
			a.show(t, l, e)
		}
	}
}

func (a *smtpApp) letter(number int) *letter {
	for _, l := range a.letters {
		if l.number == number {
			return l
		}
	}
	return nil
}

// Transaction takes a message with its envelope, or a session that sent none.
func (a *smtpApp) Transaction(x *smtp.Transaction) {
	w := a.w
	e, t := a.fill(x)
	l := a.letter(x.Number)
	if l != nil {
		l.end(x.Whole)
		t.mail(w, l, e)
		a.asset(l)
	}
	w.out.text = t.buf
	if l != nil || len(x.From) > 0 || x.Number == 1 {
		a.show(x, l, e)
	}
	if l != nil {
		a.forget(l)
	}
	w.emit(a.f, e)
}

func (a *smtpApp) known() event.Payload {
	x := a.conv.Current()
	if x == nil {
		return nil
	}
	e, t := a.fill(x)
	if l := a.letter(x.Number); l != nil {
		t.mail(a.w, l, e)
	}
	a.w.out.text = t.buf
	return e
}

// fill is what is known of a transaction without its message.
func (a *smtpApp) fill(x *smtp.Transaction) (*event.SMTP, texts) {
	w, e := a.w, &a.w.out.smtp
	t := texts{buf: w.out.text[:0]}
	*e = event.SMTP{RcptTo: e.RcptTo[:0], To: e.To[:0], Cc: e.Cc[:0], Bcc: e.Bcc[:0], Received: e.Received[:0],
		Attachments: e.Attachments[:0], Types: e.Types[:0], URLs: e.URLs[:0],
		TxID: uint64(x.Number), Helo: event.View(a.conv.Helo()), Banner: event.View(a.conv.Banner()), MailFrom: t.masked(w, x.From),
		Refused: uint64(x.Refused), Code: uint64(x.Code), Reply: t.masked(w, x.Reply), Size: x.Size, TLS: a.conv.Secured()}
	for _, to := range x.To {
		e.RcptTo = append(e.RcptTo, t.masked(w, to))
	}
	return e, t
}

// show shows a message with its envelope, as far as it has come, to who looks into the traffic.
func (a *smtpApp) show(x *smtp.Transaction, l *letter, e *event.SMTP) {
	w := a.w
	if !w.look.on() {
		return
	}
	t := texts{buf: w.out.text}
	more := &w.look.more
	more.Tx = uint64(x.Number)
	more.Value("smtp.helo", a.conv.Helo())
	more.Value("smtp.mail_from", x.From)
	for _, to := range x.To {
		more.Value("smtp.rcpt_to", to)
	}
	if l != nil {
		for name, f := range emailFields {
			more.Value(name, l.Fields[f])
		}
		for _, hop := range l.Received {
			more.Value("email.received", hop)
		}
		for _, url := range l.URLs {
			if i := bytes.Index(url, []byte("://")); i >= 0 { // without the scheme, as it is told
				url = url[i+3:]
			}
			more.Value("email.url", url)
		}
		if l.Message.Body > 0 {
			at := len(t.buf)
			t.buf = hex.AppendEncode(t.buf, l.BodyMD5[:])
			more.Value("email.body_md5", t.buf[at:len(t.buf):len(t.buf)])
		}
	}
	w.out.text = t.buf
	w.showTurn(a.f, wire.ToServer, e)
}

// emailFields are the fields of a message that rules look at, by their names in rules.
var emailFields = map[string]mime.Field{
	"email.from": mime.From, "email.to": mime.To, "email.cc": mime.Cc, "email.subject": mime.Subject, "email.date": mime.Date,
	"email.message_id": mime.MessageID, "email.x_mailer": mime.XMailer,
}

func (a *smtpApp) forget(l *letter) {
	for i := range a.letters {
		if a.letters[i] == l {
			a.letters = append(a.letters[:i], a.letters[i+1:]...)
			break
		}
	}
	a.w.releaseLetter(l)
}

// asset tells which program writes mail on a device that hands it in itself.
func (a *smtpApp) asset(l *letter) {
	program := l.Fields[mime.XMailer]
	if program == nil {
		program = l.Fields[mime.UserAgent]
	}
	if program != nil && len(l.Received) == 0 {
		a.w.out.asset = event.Asset{Software: event.View(program), Source: "smtp"}
		a.w.tellAssetOf(a.f, wire.ToServer, &a.w.out.asset)
	}
}

// Notice takes what else happens.
func (a *smtpApp) Notice(n smtp.Notice, s *smtp.Session) {
	switch {
	case n.Odd():
		a.w.appAnomaly(a.f, n.String())
	case n == smtp.Greeted:
		a.w.tellMailServer(a.f, s.Banner, "smtp")
	case n == smtp.SignedOn:
		e, t := &a.w.out.auth, texts{buf: a.w.out.text[:0]}
		*e = event.Auth{User: event.View(s.Auth.User), Domain: event.View(s.Auth.Domain), Protocol: t.joined("SMTP ", s.Auth.Mechanism),
			Service: "smtp", Host: event.View(s.Helo), Cleartext: s.Auth.Clear, Outcome: "success"}
		if s.Code != 235 {
			e.Outcome, e.Reason = "failure", event.View(s.Text)
		}
		a.w.out.text = t.buf
		a.w.emit(a.f, e)
	}
}

// tellMailServer tells what a server's banner says of it: its name, and behind the protocol its program.
func (w *Worker) tellMailServer(f *flow, banner []byte, source string) {
	line, _, _ := bytes.Cut(banner, []byte{'\n'})
	host, program, _ := strings.Cut(event.View(line), " ")
	if !strings.Contains(host, ".") {
		host = ""
	}
	for _, word := range [...]string{"ESMTP", "SMTP", "LMTP"} {
		if _, rest, ok := strings.Cut(program, word); ok {
			program = strings.TrimSpace(rest)
			break
		}
	}
	if host == "" && program == "" {
		return
	}
	w.out.asset = event.Asset{Hostname: host, Software: program, Role: "mail server", Source: source}
	w.tellAssetOf(f, wire.ToClient, &w.out.asset)
}
