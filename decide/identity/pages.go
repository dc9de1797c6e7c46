package identity

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"math"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"bulwark/decide/identity/directory"
	"bulwark/decide/identity/internal/password"
	"bulwark/platform/web"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed static/auth.css static/auth.js static/report.css
var static embed.FS

// pages draws the pages that are there before anybody is signed in. They need no script.
type pages struct {
	frame    *template.Template
	hospital string
	version  string // of the static files: they may be kept for ever under it
}

func newPages(hospital string) (*pages, error) {
	frame, err := template.ParseFS(templates, "templates/*.html")
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	err = fs.WalkDir(static, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := static.ReadFile(name)
		sum.Write(text)
		return err
	})
	return &pages{frame, hospital, hex.EncodeToString(sum.Sum(nil)[:6])}, err
}

// page is one page. What is empty is not shown.
type page struct {
	T        texts
	Language string
	Other    string       // the other language
	Switch   template.URL // asks for it
	Hospital string
	Version  string
	Title    string
	Lead     string
	After    string
	Faults   []fault
	Form     []*field
	Action   string
	Next     string
	Button   string
	Passkey  bool // it can be done with a passkey, too
	Proof    bool // by whoever is signed in
	// NewPasskey asks for one to be made.
	NewPasskey bool
	Picture    *picture
	Typed      string   // what the picture says
	Sealed     string   // comes back with the form
	Codes      []string // on paper
	Login      string   // whose they are
	Send       bool     // the form is sent by itself, where there is script
	Alone      bool     // it is shown once: another language cannot be asked for
	Ways       []way
	Providers  []way
	Choices    []choice
	GoTo       template.URL // where the page goes on to by itself
}

// way is where one can go from a page.
type way struct{ Href, Text string }

// fault is what is wrong, and in which field; "" where it is in none.
type fault struct{ Field, Text string }

// field is one input.
type field struct {
	ID, Label, Hint, Type, Value, Autocomplete string
	Most                                       int // characters
	Readonly, Focus, Number                    bool
	Fault, Describedby, Show, Hide             string
}

// begin is a page in the language of r; it remembers a language that was asked for.
func (p *pages) begin(w http.ResponseWriter, r *http.Request) *page {
	l := language(r)
	g := &page{T: english(), Language: l, Other: fr, Hospital: p.hospital, Version: p.version, Action: r.URL.Path}
	if l == fr {
		g.T, g.Other = french(), en
	}
	q := url.Values{"lang": {g.Other}}
	if g.Next = web.LocalPath(r.FormValue("next"), ""); g.Next != "" {
		q.Set("next", g.Next)
	}
	g.Switch = template.URL("?" + q.Encode()) // nothing in it but what Encode wrote
	if r.URL.Query().Has("lang") {
		http.SetCookie(w, &http.Cookie{Name: languageCookie, Value: l, Path: "/", Secure: true, SameSite: http.SameSiteLaxMode, MaxAge: 365 * 24 * 3600})
	}
	return g
}

// refuse notes what is wrong in a field.
func (g *page) refuse(field, text string) { g.Faults = append(g.Faults, fault{field, text}) }

// show answers status with g.
func (p *pages) show(w http.ResponseWriter, status int, g *page) {
	g.tie()
	var out bytes.Buffer
	if err := p.frame.ExecuteTemplate(&out, "frame", g); err != nil {
		panic(fmt.Sprintf("identity: drawing a page: %v", err)) // a template that does not fit its data is our own fault
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", g.Language)
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

// tie joins each field with its hint and its fault, for those who hear the page; and puts the cursor in the first
// field that needs it, unless the faults are to be read first.
func (g *page) tie() {
	focused := len(g.Faults) > 0
	for _, f := range g.Form {
		f.Show, f.Hide = g.T.Show, g.T.Hide
		var by []string
		if f.Hint != "" {
			by = append(by, f.ID+"-hint")
		}
		for _, x := range g.Faults {
			if x.Field == f.ID && f.Fault == "" {
				f.Fault = x.Text
				by = append(by, f.ID+"-fault")
			}
		}
		f.Describedby = strings.Join(by, " ")
		if !focused && !f.Readonly && f.Value == "" {
			f.Focus, focused = true, true
		}
	}
}

// The fields are declared once: a password manager and a screen reader find the same ones on every page.

func (g *page) name(value string) *field {
	return &field{ID: "name", Label: g.T.Name, Type: "text", Value: value, Autocomplete: "name", Most: 100}
}

func (g *page) login(value, hint string) *field {
	return &field{ID: "login", Label: g.T.Login, Hint: hint, Type: "text", Value: value, Autocomplete: "username", Most: 64}
}

func (g *page) password() *field {
	return &field{ID: "password", Label: g.T.Password, Type: "password", Autocomplete: "current-password", Most: 4 * password.Longest}
}

// code is one of an app or on paper: both are digits, for the keys of a phone.
func (g *page) code(hint string) *field {
	return &field{ID: "code", Label: g.T.Code, Hint: hint, Type: "text", Autocomplete: "one-time-code", Most: 30, Number: true}
}

// newPassword is a password and the same once more.
func (g *page) newPassword() []*field {
	return []*field{
		{ID: "password", Label: g.T.Password, Hint: g.T.PasswordHint, Type: "password", Autocomplete: "new-password", Most: 4 * password.Longest},
		{ID: "again", Label: g.T.Again, Type: "password", Autocomplete: "new-password", Most: 4 * password.Longest},
	}
}

// explain puts what is wrong in words. It tells whether all of err is a person's to mend.
func (g *page) explain(err error) bool {
	known := false
	for _, x := range []struct {
		err         error
		field, text string
	}{
		{ErrName, "name", g.T.BadName}, {ErrLogin, "login", g.T.BadLogin}, {ErrLoginTaken, "login", g.T.LoginTaken},
		{password.ErrShort, "password", g.T.Short}, {password.ErrLong, "password", g.T.Long}, {password.ErrText, "password", g.T.NotText},
		{password.ErrCommon, "password", g.T.Common}, {password.ErrContext, "password", g.T.Local}, {password.ErrPattern, "password", g.T.Pattern},
		{ErrStolen, "password", g.T.Stolen}, {ErrFormer, "password", g.T.Former},
		{ErrCode, "code", g.T.BadCode},
		{ErrNoPerson, "login", g.T.VouchNobody}, {ErrSelf, "login", g.T.VouchSelf}, {ErrVouched, "login", g.T.VouchTwice},
		{ErrAdministratorNeeded, "login", g.T.VouchAdministrator}, {ErrAssurance, "", g.T.VouchAssurance},
		{errUnsent, "", g.T.MessageFailed}, {ErrSignIn, "", g.T.BadSignIn}, {password.ErrBusy, "", g.T.Busy}, {ErrAway, "", g.T.Away}, {directory.ErrExpired, "", g.T.Expired},
	} {
		if errors.Is(err, x.err) {
			g.refuse(x.field, x.text)
			known = true
		}
	}
	var wait *WaitError
	if errors.As(err, &wait) {
		g.refuse("", fmt.Sprintf(g.T.Wait, seconds(wait)))
		known = true
	}
	return known
}

// seconds is how long to wait, rounded up.
func seconds(w *WaitError) string { return strconv.Itoa(int(math.Ceil(w.Wait.Seconds()))) }

// file answers with a static file, to be kept for ever under its version.
func (p *pages) file(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	text, err := static.ReadFile(path.Join("static", path.Base(name)))
	if err != nil {
		web.Refuse(w, r, http.StatusNotFound, "no-such-file")
		return
	}
	kind := "text/css; charset=utf-8"
	if path.Ext(name) == ".js" {
		kind = "text/javascript; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	if r.URL.Query().Get("v") == p.version {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	_, _ = w.Write(text)
}
