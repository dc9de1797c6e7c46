package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"bulwark/decide/identity/internal/onetime"
	"bulwark/platform/conf"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// Codes by text message or mail, where a hospital decides so: off by default, and weak. Numbers are taken over, networks and mailboxes are read by others;
// NIST SP 800-63B-4 restricts the one (3.1.3.3) and forbids the other (3.1.3.1). So a session that such a code opened counts as one factor, whoever has a better second factor is
// not asked for it, administrators never have it, and it proves nothing once more.

const messageFactor factorKind = "message"

// byMessage is how a session is opened with a code that was sent (RFC 8176 has a word for text messages alone).
const byMessage = "sms"

// Messages say who may show a code that was sent to them. Their zero value says nobody.
type Messages struct {
	// Channel is that of notify.channels by which codes go, of type sms or mail. Empty means that none do.
	Channel string `conf:"channel"`
	// For are the duties and roles whose people may show a code that was sent to them where they have neither passkey nor app. Weak: the console warns of it.
	For []string `conf:"for"`
}

// Check refuses what would weaken administrators.
func (c *Messages) Check() error {
	switch {
	case (c.Channel == "") != (len(c.For) == 0):
		return conf.At("for", errors.New("channel and for are given together"))
	case slices.Contains(c.For, string(web.Administrator)):
		return conf.At("for", errors.New("administrators need a passkey or an app"))
	}
	return nil
}

// on tells whether somebody may show a code that was sent to them: each of their duties, or where they have none a role, is listed.
func (c *Messages) on(p *personRow) bool {
	if c.Channel == "" || slices.Contains(p.Duties, web.Administrator) {
		return false
	}
	for _, d := range p.Duties {
		if !slices.Contains(c.For, string(d)) {
			return false
		}
	}
	return len(p.Duties) > 0 || slices.ContainsFunc(p.Roles, func(r string) bool { return slices.Contains(c.For, r) })
}

// Say sends a text to an address or a number by a channel, at once.
type Say func(ctx context.Context, channel, to, title, text string) error

var (
	// ErrNumber means that it is no number (E.164) or address of mail, or that the person may not have one.
	ErrNumber = errors.New("identity: not a number or an address")
	// errUnsent means that a code could not be sent.
	errUnsent = errors.New("identity: the code was not sent")
	number    = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
)

const (
	// messageDigits are those of a code: guessing one in a hundred million, slowed down, within messageLife.
	messageDigits = 8
	messageLife   = 5 * time.Minute
	sayLimit      = 20 * time.Second
	// mostSaid are codes on their way at once: a gateway that hangs holds no more requests than these.
	mostSaid = 16
)

// sentCode is a code that was sent, in the sealed step of the browser that asked for it.
type sentCode struct {
	Nonce string    `json:"nonce"`
	Sum   string    `json:"sum"` // keyed: the cookie does not tell the code
	Ends  time.Time `json:"ends"`
}

// sumOf is of a code for one number or address: to whichever somebody has afterwards, it was not sent.
func (i *Identity) sumOf(f *factorRow, nonce, code string) string {
	m := hmac.New(sha256.New, i.paper[:])
	m.Write([]byte("message." + f.Person + "." + f.ID + "." + nonce + "." + code))
	return hex.EncodeToString(m.Sum(nil))
}

// reach is where codes for somebody go; nil: nowhere, as for whoever has a better second factor by now.
func (i *Identity) reach(ctx context.Context, tx bun.IDB, p *personRow) (*factorRow, error) {
	if !i.config.Messages.on(p) {
		return nil, nil
	}
	if better, err := secondFactors(ctx, tx, p.ID); err != nil || len(better) > 0 {
		return nil, err
	}
	f := &factorRow{}
	err := tx.NewSelect().Model(f).Where("person = ? AND kind = ?", p.ID, messageFactor).Scan(ctx)
	if db.NotFound(err) {
		return nil, nil
	}
	return f, err
}

// setReach has codes for somebody go to a number or an address; "" to nowhere. An administrator says which: whoever only knows a password must not.
func (i *Identity) setReach(ctx context.Context, by Person, id, to string) error {
	to = strings.TrimSpace(to)
	plain := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" .-\u00a0", r) {
			return -1
		}
		return r
	}, to)
	switch a, err := mail.ParseAddress(to); {
	case to == "":
	case number.MatchString(plain):
		to = plain
	case err != nil || a.Address != to || len(to) > 254:
		return ErrNumber
	}
	return i.change(ctx, id, act{by: by.Actor(), name: "message-factor", detail: map[string]string{"to": wayOf(to)}}, func(ctx context.Context, tx bun.Tx, p *personRow) error {
		if to != "" && !i.config.Messages.on(p) {
			return ErrNumber
		}
		if err := dropKind(ctx, tx, id, messageFactor); err != nil || to == "" {
			return err
		}
		_, err := tx.NewInsert().Model(&factorRow{ID: newID(), Person: id, Kind: messageFactor, Label: masked(to), Secret: i.kept.seal("message/"+id, []byte(to)), Created: db.Time(i.clock.Now())}).Exec(ctx)
		return err
	})
}

// wayOf is what the ledger, which keeps for good, has of a number or an address: which of them it was.
func wayOf(to string) string {
	switch {
	case to == "":
		return "nowhere"
	case strings.HasPrefix(to, "+"):
		return "number"
	}
	return "mail"
}

// reachOf is where codes for somebody go, whether or not they are sent now; "": nowhere.
func (i *Identity) reachOf(ctx context.Context, id string) (string, error) {
	f := &factorRow{}
	err := i.db.Read().NewSelect().Model(f).Where("person = ? AND kind = ?", id, messageFactor).Scan(ctx)
	if db.NotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	to, err := i.kept.open("message/"+id, f.Secret)
	return string(to), err
}

// masked shows enough of a number or an address for whoever has it.
func masked(to string) string {
	if name, domain, ok := strings.Cut(to, "@"); ok {
		_, first := utf8.DecodeRuneInString(name)
		return name[:first] + "…@" + domain
	}
	if len(to) < 6 {
		return ""
	}
	return to[:3] + " … " + to[len(to)-2:]
}

// sendCode sends a code to whoever awaits the second step, and returns the step with it.
func (i *Identity) sendCode(r *http.Request, s step) (step, error) {
	ctx := r.Context()
	p, err := ablePerson(ctx, i.db.Read(), s.Person)
	if err != nil {
		return s, err
	}
	f, err := i.reach(ctx, i.db.Read(), p)
	switch {
	case err != nil:
		return s, err
	case f == nil || i.say == nil:
		return s, ErrStep
	}
	if wait := i.messages.Begin(p.ID); wait > 0 {
		return s, &WaitError{wait}
	}
	to, err := i.kept.open("message/"+p.ID, f.Secret)
	if err != nil {
		return s, err
	}
	code := onetime.NewCode(messageDigits)
	s.Sent = &sentCode{Nonce: newToken(), Ends: i.clock.Now().Add(messageLife)}
	s.Sent.Sum = i.sumOf(f, s.Sent.Nonce, code)
	from, t := i.visitorOf(r), english()
	if language(r) == fr {
		t = french()
	}
	text := fmt.Sprintf(t.MessageText, strings.TrimSpace("Bulwark "+i.config.Hospital), code[:4]+" "+code[4:], from.address)
	if err := i.sayNow(ctx, string(to), t.MessageTitle, text); err != nil {
		i.messages.TakeBack(p.ID)
		i.log.ErrorContext(ctx, "a code could not be sent", "channel", i.config.Messages.Channel, "request_id", web.RequestID(ctx), "error", err)
		return s, errUnsent
	}
	return s, i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		return i.note(ctx, tx, act{by: ledger.Program("identity"), name: "code-sent", on: ledger.Person(p.ID), detail: map[string]string{"to": wayOf(string(to)), "address": from.address}})
	})
}

// sayNow sends a text, unless as many are on their way as may be.
func (i *Identity) sayNow(ctx context.Context, to, title, text string) error {
	select {
	case i.saying <- struct{}{}:
		defer func() { <-i.saying }()
	default:
		return fmt.Errorf("%d codes are on their way already", mostSaid)
	}
	limit, cancel := context.WithTimeout(ctx, sayLimit)
	defer cancel()
	return i.say(limit, i.config.Messages.Channel, to, title, text)
}

// useMessage uses up a code that was sent, or returns [ErrCode].
func (i *Identity) useMessage(ctx context.Context, tx bun.Tx, s step, typed string) (factorKind, error) {
	code := onetime.Digits(typed)
	if s.Sent == nil || len(code) != messageDigits {
		return "", ErrCode
	}
	p, err := person(ctx, tx, s.Person)
	if err != nil {
		return "", err
	}
	f, err := i.reach(ctx, tx, p) // it may have been taken away meanwhile
	if err != nil || f == nil {
		return "", errors.Join(err, ErrStep)
	}
	if !i.clock.Now().Before(s.Sent.Ends) || !hmac.Equal([]byte(s.Sent.Sum), []byte(i.sumOf(f, s.Sent.Nonce, code))) || !i.ceremonies.spend("message/"+s.Sent.Nonce) {
		return "", ErrCode
	}
	_, err = tx.NewUpdate().Model(f).Set("used = ?", db.Time(i.clock.Now())).WherePK().Exec(ctx)
	return messageFactor, err
}

// messageForm asks whether a code is to be sent, or for the one that was.
func (g *page) messageForm(to string, s step, again bool) {
	g.Title = g.T.Second
	if s.Sent == nil || again {
		g.Lead, g.Button, g.Action = fmt.Sprintf(g.T.MessageLead, to), g.T.MessageSend, "/sign-in/second/send"
		return
	}
	g.Lead, g.Button, g.Action = fmt.Sprintf(g.T.MessageSent, to), g.T.Confirm, "/sign-in/second"
	g.Form = []*field{g.code("")}
	g.Ways = []way{{withNext("/sign-in/second?again=1", g.Next), g.T.MessageAgain}}
}

func (i *Identity) doSend(w http.ResponseWriter, r *http.Request) {
	g := i.pages.begin(w, r)
	s, err := i.stepOf(r)
	if err == nil && s.Message {
		err = i.secondPage(r, g, s)
	} else if err == nil {
		err = ErrStep
	}
	if err == nil {
		s, err = i.sendCode(r, s)
	}
	if err == nil {
		err = i.lendStep(w, s)
	}
	if err != nil {
		i.answerStep(w, r, g, err)
		return
	}
	http.Redirect(w, r, withNext("/sign-in/second", g.Next), http.StatusSeeOther)
}

func (i *Identity) postReach(w http.ResponseWriter, r *http.Request) {
	var in struct{ To string }
	if err := web.ReadJSON(r, &in); err != nil {
		i.fail(w, r, err)
		return
	}
	i.done(w, r, i.setReach(r.Context(), me(r), r.PathValue("id"), in.To))
}
