package conformance

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// runRedirects asks the sign-in page to lead elsewhere, with what others collected for that (oauth2-proxy's corpus): signed in, where it leads on at
// once, with the text as it is and put into the address without a change; and signed out, where the page keeps it for later. A few places here must
// be led to, or nothing would be shown by it.
func runRedirects(ctx context.Context, b *Bench) ([]Case, error) {
	payloads, err := linesOf(filepath.Join(b.Data, "access", "open-redirect", "openredirects.txt"))
	if err != nil {
		return nil, err
	}
	d, err := openDesk(ctx, b.Scratch)
	if err != nil {
		return nil, err
	}
	var cases []Case
	for n, p := range payloads {
		name := fmt.Sprintf("%d %.60q", n+1, p)
		cases = append(cases, d.leads("as a value", name, "next="+url.QueryEscape(p), "/"), d.leads("in the address", name, "next="+p, "/"), d.keeps("kept", name, p))
	}
	for _, p := range []string{"/now", "/traffic?q=kind:dns", "/incidents/12"} {
		cases = append(cases, d.leads("of ours", p, "next="+url.QueryEscape(p), p))
	}
	return cases, d.db.Close()
}

func linesOf(name string) (all []string, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		all = append(all, lines.Text())
	}
	if len(all) == 0 {
		err = errors.New("conformance: " + name + " is empty")
	}
	return all, errors.Join(err, lines.Err())
}

// signInPage asks for the sign-in page with a query as it stands.
func (d *desk) signInPage(query string, signedIn bool) *http.Response {
	r := httptest.NewRequest(http.MethodGet, partyFrom+"/sign-in", nil)
	r.URL.RawQuery, r.RemoteAddr = query, "192.0.2.1:1"
	if signedIn {
		for name, value := range d.cookies {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w.Result()
}

// leads is the case that somebody who is signed in is led to a place, and nowhere else.
func (d *desk) leads(family, name, query, to string) Case {
	c := Case{Family: family, Name: name}
	if got := d.signInPage(query, true); got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != to {
		c.Why = fmt.Sprintf("%d, led to %q", got.StatusCode, got.Header.Get("Location"))
	}
	return c
}

// keeps is the case that the page keeps nothing of a text for after the sign-in.
func (d *desk) keeps(family, name, text string) Case {
	c := Case{Family: family, Name: name}
	got := d.signInPage("next="+url.QueryEscape(text), false)
	var page strings.Builder
	if _, err := bufio.NewReader(got.Body).WriteTo(&page); err != nil {
		c.Why = err.Error()
	} else if got.StatusCode != http.StatusOK || strings.Contains(page.String(), `name="next"`) || !strings.Contains(page.String(), `data-next=""`) {
		c.Why = fmt.Sprintf("%d, the page keeps it", got.StatusCode)
	}
	return c
}
