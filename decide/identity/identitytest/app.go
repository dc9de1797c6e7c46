// Package identitytest adds and shows second factors as a person does, for tests and the lab: they come in by the same pages.
package identitytest

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"bulwark/decide/identity/internal/onetime"
)

// App is the app of one person that shows codes.
type App struct {
	secret []byte
	last   int64
	// Paper are the codes on paper that were shown when it was added, that are not used yet.
	Paper []string
}

var (
	typed  = regexp.MustCompile(`<code id="typed">([A-Z2-7 ]+)</code>`)
	sealed = regexp.MustCompile(`name="sealed" value="([^"]+)"`)
	paper  = regexp.MustCompile(`<li><code>([\d ]+)</code></li>`)
)

// Do sends a request of a browser whose session the password alone has opened, and answers with the page.
type Do func(r *http.Request) (status int, page string, err error)

// Enrol adds an app, at the console of that address, at that time.
func Enrol(do Do, console string, now time.Time) (*App, error) {
	r, err := http.NewRequest(http.MethodGet, console+"/factors/app", nil)
	if err != nil {
		return nil, err
	}
	status, page, err := do(r)
	if err != nil {
		return nil, err
	}
	shown, carried := typed.FindStringSubmatch(page), sealed.FindStringSubmatch(page)
	if shown == nil || carried == nil {
		return nil, fmt.Errorf("adding an app: %d %.200q shows no key", status, page)
	}
	a := &App{}
	if a.secret, err = onetime.ReadTyped(shown[1]); err != nil {
		return nil, err
	}
	form := url.Values{"sealed": {html.UnescapeString(carried[1])}, "code": {a.first(now)}}
	if r, err = http.NewRequest(http.MethodPost, console+"/factors/app", strings.NewReader(form.Encode())); err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if status, page, err = do(r); err != nil {
		return nil, err
	}
	for _, c := range paper.FindAllStringSubmatch(page, -1) {
		a.Paper = append(a.Paper, c[1])
	}
	if len(a.Paper) == 0 && status != http.StatusSeeOther {
		return nil, fmt.Errorf("adding an app: %d %.300q", status, page)
	}
	return a, nil
}

// Through is a [Do] of a client that keeps cookies.
func Through(c *http.Client) Do {
	return func(r *http.Request) (int, string, error) {
		got, err := c.Do(r)
		if err != nil {
			return 0, "", err
		}
		text, err := io.ReadAll(got.Body)
		return got.StatusCode, string(text), errors.Join(err, got.Body.Close())
	}
}

// first is the code before the one of now, so that two more can be shown at once.
func (a *App) first(now time.Time) string {
	a.last = onetime.Step(now) - 2
	return a.Code(now)
}

// Code is a code that was not shown before. Of one app, three are good within half a minute.
func (a *App) Code(now time.Time) string {
	a.last = max(a.last+1, onetime.Step(now)-1)
	code, err := onetime.Code(a.secret, a.last)
	if err != nil {
		panic(fmt.Sprintf("identitytest: %v", err)) // now is before 1970
	}
	return code
}

// Shown is the code that it shows at now, whether or not it was shown before.
func (a *App) Shown(now time.Time) string {
	a.last = onetime.Step(now) - 1
	return a.Code(now)
}
