package notify

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"bulwark/platform/web"
)

//go:embed templates/*.html
var templates embed.FS

// pages are what opens from a message: on a phone, without script and without signing in. Looking changes nothing, so that what
// opens links before people do answers for nobody.
type pages struct {
	n     *Notify
	frame *template.Template
	limit *web.Limiter
}

// How often links that are not good may be tried, from one address.
const (
	tries      = 20
	tryAgain   = 30 * time.Second
	mostTriers = 10_000
)

func newPages(n *Notify) *pages {
	return &pages{n, template.Must(template.ParseFS(templates, "templates/*.html")), web.NewLimiter(n.needs.Clock, tries, tryAgain, mostTriers)}
}

// answerPage is what the template draws. What is empty is not shown.
type answerPage struct {
	W                                 pageWords
	Language, OtherLanguage, Hospital string
	Title, What, Text, Said, Button   string
	Link                              string
}

// pageWords are the words of the template itself.
type pageWords struct{ Lead, Console, Other string }

func (p *pages) begin(language string) *answerPage {
	w := words(language)
	other := "en"
	if language != "fr" {
		language, other = "en", "fr"
	}
	return &answerPage{W: pageWords{w.lead, w.console, w.other}, Language: language, OtherLanguage: other, Hospital: p.n.needs.Hospital}
}

// asked is the notice of a ticket with who was sent it, and in which language.
func (p *pages) asked(r *http.Request) (x *Notice, c *Contact, language string, err error) {
	message, ok := p.n.ticketed(r.PathValue("ticket"))
	language = r.URL.Query().Get("lang")
	if !ok && language == "" && strings.HasPrefix(r.Header.Get("Accept-Language"), "fr") {
		language = "fr"
	}
	if !ok {
		return nil, nil, language, ErrNoNotice
	}
	x, c, err = p.n.sentTo(r.Context(), message)
	if c != nil && language == "" {
		language = c.Language
	}
	return x, c, language, err
}

// sentTo is what a message was about and to whom it was sent; the contact may be gone.
func (n *Notify) sentTo(ctx context.Context, message int64) (*Notice, *Contact, error) {
	var row messageRow
	if err := n.needs.DB.Read().NewSelect().Model(&row).Where("id = ?", message).Scan(ctx); err != nil {
		return nil, nil, ErrNoNotice
	}
	x, err := notice(ctx, n.needs.DB.Read(), row.Notice)
	if err != nil {
		return nil, nil, err
	}
	b, err := readBook(ctx, n.needs.DB.Read())
	return x, b.contacts[row.Contact], err
}

func (p *pages) show(w http.ResponseWriter, r *http.Request) {
	x, _, language, err := p.asked(r)
	if err != nil {
		p.gone(w, r, language, err)
		return
	}
	p.draw(w, http.StatusOK, p.page(x, language, false))
}

func (p *pages) take(w http.ResponseWriter, r *http.Request) {
	x, c, language, err := p.asked(r)
	if err == nil && c == nil {
		err = ErrNoContact // who is no longer to be reached answers for nobody
	}
	if err != nil {
		p.gone(w, r, language, err)
		return
	}
	was := x.State
	by := "contact:" + c.ID
	if c.Person != "" {
		by = "person:" + c.Person
	}
	if x, err = p.n.Answer(r.Context(), x.ID, by, c.Name); err != nil {
		p.gone(w, r, language, err)
		return
	}
	p.draw(w, http.StatusOK, p.page(x, language, was != Answered && x.State == Answered))
}

// page says how a notice stands; mine, that whoever looks has just answered.
func (p *pages) page(x *Notice, language string, mine bool) *answerPage {
	w, g := words(language), p.begin(language)
	g.Title, g.What, g.Text = w.titlePage, x.Title.in(g.Language), x.Text.in(g.Language)
	switch {
	case mine:
		g.Title, g.Said = w.thanks, w.thanks
	case x.State == Answered:
		g.Title = w.taken + " " + x.By
		g.Said = g.Title
	case x.State == Over:
		g.Title, g.Said = w.overText, w.overText
	default:
		g.Button = w.button
	}
	if x.Path != "" {
		g.Link = x.Path
	}
	return g
}

// gone answers for a link that is not good. Whoever tries many is told to wait.
func (p *pages) gone(w http.ResponseWriter, r *http.Request, language string, err error) {
	if !errors.Is(err, ErrNoNotice) && !errors.Is(err, ErrNoContact) {
		p.n.needs.Log.ErrorContext(r.Context(), "a page of a notice failed", "error", err)
		web.Refuse(w, r, http.StatusInternalServerError, "notify.failed")
		return
	}
	if ok, wait := p.limit.Allow(web.Peer(r)); !ok {
		w.Header().Set("Retry-After", fmt.Sprint(int(wait.Seconds())+1))
		web.Refuse(w, r, http.StatusTooManyRequests, "notify.wait")
		return
	}
	g, words := p.begin(language), words(language)
	g.Title, g.Text, g.Link = words.gone, words.goneText, "/"
	p.draw(w, http.StatusNotFound, g)
}

func (p *pages) draw(w http.ResponseWriter, status int, g *answerPage) {
	var out bytes.Buffer
	if err := p.frame.ExecuteTemplate(&out, "answer", g); err != nil {
		panic(fmt.Sprintf("notify: drawing a page: %v", err)) // a template that does not fit its data is our own fault
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", g.Language)
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}
