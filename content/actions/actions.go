// Package actions holds what other makers' devices are told over HTTP, one file each: the requests that do it, read it back and undo
// it. They are content, written from the makers' public documents: a hospital adds its own, or writes over one by the same id. Whether
// an act may be done is not theirs to say: the clinical interlock weighs each.
package actions

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"bulwark/platform/conf"
)

//go:embed *.yaml
var shipped embed.FS

// Version is the form of the files that this program reads.
const Version = 1

// Action is how one kind of device does one act.
type Action struct {
	// Form is that of the file: 1.
	Form int `conf:"form"`
	// ID is a short word, which a file of the hospital's own writes over.
	ID string `conf:"id"`
	// Title is what it does, for people.
	Title Text `conf:"title"`
	// Source is the public document that it was written from.
	Source string `conf:"source"`
	// License is under what terms.
	License string `conf:"license"`
	// Act is ban, quarantine or cut: what the clinical interlock weighs.
	Act string `conf:"act"`
	// Of is whom the requests name: address (one round for each) or name.
	Of string `conf:"of"`
	// Settings are words that a site gives for its device; they stand in the requests as {word}.
	Settings []string `conf:"settings"`
	// Header is the one that carries the secret: "Authorization: Bearer {secret}"; or {token}, where the secret is changed for one.
	Header string `conf:"header"`
	// Every is for how long what was read to be in force is not read again. 0 means each time.
	Every time.Duration `conf:"every"`
	// Token changes the secret for a token, as OAuth 2.0 does for programs (RFC 6749 section 4.4); empty: the secret itself is shown.
	Token Request `conf:"token"`
	// Find finds what the other requests name as {found}; empty: nothing is to be found.
	Find Request `conf:"find"`
	// Do does it.
	Do Request `conf:"do"`
	// Verify reads back: it is in force where Held holds, and unknown where Expect does not.
	Verify Request `conf:"verify"`
	// Undo takes it away.
	Undo Request `conf:"undo"`

	sum string
}

// Text is in both languages.
type Text struct {
	// EN is English.
	EN string `conf:"en"`
	// FR is French.
	FR string `conf:"fr"`
}

// Request is one request, and the answer that is expected.
type Request struct {
	// Method is GET, POST, PUT, PATCH or DELETE.
	Method string `conf:"method"`
	// URL is where, of token, if that is not the device: https://login.example/{tenant}/token. Words in braces are put in.
	URL string `conf:"url"`
	// Path is on the device: /api/v2/monitor. Words in braces are put in.
	Path string `conf:"path"`
	// Query are its parameters, each as name=value.
	Query []string `conf:"query"`
	// Type is the content type of the body.
	Type string `conf:"type"`
	// Body is what is sent.
	Body string `conf:"body"`
	// Format is how the answer is read: json or xml. Empty: it is not.
	Format string `conf:"format"`
	// Status are the codes of a good answer.
	Status []int `conf:"status"`
	// Expect is what a good answer says; all must hold.
	Expect []Says `conf:"expect"`
	// Held is what it says where the act is in force, of verify; all must hold.
	Held []Says `conf:"held"`
	// Each is where the list stands, of find: Expect and Pick are looked for in each of it. Of verify: see Newest.
	Each string `conf:"each"`
	// Newest is where, in each of a list of verify, the time stands (RFC 3339) by which the last of it is known: Expect and Held are
	// looked for in that one alone. Of an empty list nothing is held.
	Newest string `conf:"newest"`
	// Pick is where what is found stands in the one of which Expect holds, of find; of token, where the token does.
	Pick string `conf:"pick"`
	// Lasts is where, of token, it stands for how many seconds it is good. Empty: a token is asked for each time.
	Lasts string `conf:"lasts"`
}

// Says is that a value stands somewhere in an answer.
type Says struct {
	// At is where: names from the top with points between them; each element of a list is looked at. In XML @name is an attribute.
	At string `conf:"at"`
	// Is is the value. Words in braces are put in.
	Is string `conf:"is"`
}

// Bounds of an action.
const (
	mostFiles = 200
	longText  = 4000
	mostList  = 32
)

var (
	word  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	brace = regexp.MustCompile(`\{([a-z]+)\}`)
)

// Sum is a mark by which the file is known again: who confirmed it, confirmed this.
func (a *Action) Sum() string { return a.sum }

// Words are those that can stand in braces.
func (a *Action) words() []string {
	all := append([]string{"address", "name", "seconds", "lease"}, a.Settings...)
	if a.Find.Method != "" {
		all = append(all, "found")
	}
	return all
}

// Check refuses an action that cannot be done.
func (a *Action) Check() error {
	switch {
	case a.Form != Version:
		return conf.At("form", fmt.Errorf("%d is not %d, the form that this program reads", a.Form, Version))
	case !word.MatchString(a.ID):
		return conf.At("id", fmt.Errorf("%q is not a word of small letters, digits and hyphens", a.ID))
	case a.Title.EN == "" || a.Title.FR == "" || len(a.Title.EN+a.Title.FR) > longText:
		return conf.At("title", errors.New("it is not there in both languages, or too long"))
	case a.Source == "":
		return conf.At("source", errors.New("it does not say from which document"))
	case strings.Count(a.Header, a.shown()) != 1 || len(brace.FindAllString(a.Header, -1)) != 1 || !strings.Contains(a.Header, ": "):
		return conf.At("header", fmt.Errorf("%q is not like Authorization: Bearer %s", a.Header, a.shown()))
	case a.Every < 0 || a.Every > 10*time.Minute:
		return conf.At("every", fmt.Errorf("%v is not between 0 and 10m", a.Every))
	}
	if err := conf.OneOf(a.Act, "ban", "quarantine", "cut"); err != nil {
		return conf.At("act", err)
	}
	if err := conf.OneOf(a.Of, "address", "name"); err != nil {
		return conf.At("of", err)
	}
	for n, s := range a.Settings {
		if len(a.Settings) > mostList || brace.FindString("{"+s+"}") == "" || slices.Contains([]string{"address", "name", "seconds", "lease", "found", "secret", "token"}, s) {
			return conf.At(fmt.Sprintf("settings[%d]", n), fmt.Errorf("%q is no word of its own of small letters", s))
		}
	}
	if err := a.checkToken(); err != nil {
		return conf.At("token", err)
	}
	return a.checkRequests()
}

// shown is what the header carries.
func (a *Action) shown() string {
	if a.Token.Method != "" {
		return "{token}"
	}
	return "{secret}"
}

// checkToken refuses a request for a token that would show the secret where it must not be.
func (a *Action) checkToken() error {
	t := a.Token
	switch {
	case t.Method == "":
		return nil
	case t.Method != http.MethodPost || t.Format != "json" || t.Pick == "" || len(t.Held) > 0 || t.Each != "" || t.Newest != "":
		return errors.New("it is not a POST that picks a token out of JSON")
	case strings.Count(t.Body, "{secret}") != 1 || t.Type != Form && t.Type != "application/json":
		return fmt.Errorf("type: its body has the secret once, as %s or application/json", Form)
	case strings.Contains(t.URL+t.Path+strings.Join(t.Query, ""), "{secret}"):
		return errors.New("body: the secret stands in it alone")
	case t.URL != "" && t.Path != "":
		return errors.New("url: it has a path already")
	case t.URL != "":
		u, err := url.Parse(brace.ReplaceAllString(t.URL, "x"))
		host, _, _ := strings.Cut(strings.TrimPrefix(t.URL, "https://"), "/")
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(host, "{}") {
			return fmt.Errorf("url: %q is not like https://login.example/{tenant}/token", t.URL)
		}
		t.Path = "/" + strings.Join(brace.FindAllString(t.URL, -1), "/") // its words are checked as those of a path
	}
	return t.check(append(a.Settings[:len(a.Settings):len(a.Settings)], "secret"))
}

// Form is the content type of forms.
const Form = "application/x-www-form-urlencoded"

func (a *Action) checkRequests() error {
	for name, r := range map[string]*Request{"find": &a.Find, "do": &a.Do, "verify": &a.Verify, "undo": &a.Undo} {
		if name == "find" && r.Method == "" {
			continue
		}
		if err := r.check(a.words()); err != nil {
			return conf.At(name, err)
		}
		switch {
		case (len(r.Held) > 0) != (name == "verify"):
			return conf.At(name+".held", errors.New("verify alone has it, and must"))
		case (r.Pick != "") != (name == "find") || (r.Each != "") != (name == "find" || r.Newest != ""):
			return conf.At(name+".pick", errors.New("find alone has it and each, and must"))
		case r.Newest != "" && name != "verify" || r.URL != "" || r.Lasts != "":
			return conf.At(name, errors.New("newest is of verify, url and lasts are of token"))
		case (name == "verify" || name == "find") && r.Method != http.MethodGet && r.Method != http.MethodPost:
			return conf.At(name+".method", fmt.Errorf("%s only asks", name))
		}
	}
	return nil
}

func (r *Request) check(words []string) error {
	if err := conf.OneOf(r.Method, "GET", "POST", "PUT", "PATCH", "DELETE"); err != nil {
		return fmt.Errorf("method: %w", err)
	}
	if !strings.HasPrefix(r.Path, "/") || strings.ContainsAny(r.Path, "?#") || strings.Contains(r.Path, "..") || len(r.Path+r.Body) > longText {
		return fmt.Errorf("path: %q is not like /api/v2/monitor", r.Path)
	}
	if len(r.Status) == 0 || len(r.Query)+len(r.Expect)+len(r.Held)+len(r.Status) > mostList {
		return errors.New("status: it has no code of a good answer, or there is too much of all")
	}
	if reads := len(r.Expect)+len(r.Held) > 0 || r.Pick != ""; reads && r.Format != "json" && r.Format != "xml" {
		return fmt.Errorf("format: %q is none of json, xml", r.Format)
	}
	texts := append([]string{r.Path, r.Body}, r.Query...)
	for _, s := range slices.Concat(r.Expect, r.Held) {
		if s.At == "" || s.Is == "" {
			return errors.New("expect: it does not say where, or what")
		}
		texts = append(texts, s.Is)
	}
	for _, q := range r.Query {
		if name, _, ok := strings.Cut(q, "="); !ok || name == "" {
			return fmt.Errorf("query: %q is not like name=value", q)
		}
	}
	for _, t := range texts {
		for _, m := range brace.FindAllStringSubmatch(t, -1) {
			if !slices.Contains(words, m[1]) {
				return fmt.Errorf("{%s} is none of %s", m[1], strings.Join(words, ", "))
			}
		}
	}
	return nil
}

// Fill puts values in for the words in braces. Values are checked before: none holds what has a meaning in a request.
func Fill(text string, values map[string]string) string {
	return brace.ReplaceAllStringFunc(text, func(m string) string {
		if v, ok := values[m[1:len(m)-1]]; ok {
			return v
		}
		return m
	})
}

// Read reads an action; name is what people know the file by. Its errors name line and key.
func Read(text []byte, name string) (*Action, error) {
	a := &Action{}
	if err := conf.Load(bytes.NewReader(text), name, a); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	a.sum = hex.EncodeToString(sum[:])
	return a, nil
}

// Load reads the shipped actions, and those of own, which write over those of the same id. Nil: there are none. One file that cannot be
// read is an error of all: nobody should find out when it is needed.
func Load(own fs.FS) (map[string]*Action, error) {
	all := map[string]*Action{}
	for _, dir := range []fs.FS{shipped, own} {
		if dir == nil {
			continue
		}
		names, err := fs.Glob(dir, "*.yaml")
		if err != nil || len(names) > mostFiles {
			return nil, fmt.Errorf("more than %d actions, or a folder that cannot be read: %w", mostFiles, err)
		}
		for _, name := range names {
			text, err := fs.ReadFile(dir, name)
			if err != nil {
				return nil, err
			}
			a, err := Read(text, path.Base(name))
			if err != nil {
				return nil, err
			}
			all[a.ID] = a
		}
	}
	return all, nil
}
