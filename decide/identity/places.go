package identity

import (
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"bulwark/platform/clock"
)

// Who locks a shared workstation comes back to the page that they were on. It is kept in memory alone, for a while, for that person on that workstation.

const (
	pageLife    = time.Hour
	mostPages   = 10000
	longestPage = 500 // bytes
)

// left are the pages that people left. The zero value is not ready: it needs a clock.
type left struct {
	clock clock.Clock
	mu    sync.Mutex // guards pages
	pages map[[2]string]leftPage
}

// leftPage is the page that somebody left, and until when it is known.
type leftPage struct {
	path string
	ends time.Time
}

// put notes the page that a person left on a device; what is no page of the console is noted as none.
func (l *left) put(person, device, page string) {
	page = ownPage(page)
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.pages, [2]string{person, device})
	if page == "" {
		return
	}
	now := l.clock.Now()
	if len(l.pages) >= mostPages {
		for k, p := range l.pages {
			if !now.Before(p.ends) {
				delete(l.pages, k)
			}
		}
	}
	if len(l.pages) >= mostPages { // they come back to the first page
		return
	}
	if l.pages == nil {
		l.pages = map[[2]string]leftPage{}
	}
	l.pages[[2]string{person, device}] = leftPage{page, now.Add(pageLife)}
}

// take is the page that a person left on a device, once; "/" where none is known.
func (l *left) take(person, device string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := [2]string{person, device}
	p, ok := l.pages[k]
	delete(l.pages, k)
	if !ok || !l.clock.Now().Before(p.ends) {
		return "/"
	}
	return p.path
}

// notPages are paths that are no page to come back to: doors, and pages about signing in.
var notPages = []string{"/answer", "/api", "/assets", "/auth", "/factors", "/invite", "/oidc", "/prove", "/release", "/renew", "/setup", "/sign-in", "/signed-out", "/station", "/vouch"}

// ownPage is a page of this console, path and query; "" is none. It never leads to another host.
func ownPage(text string) string {
	if len(text) > longestPage || !strings.HasPrefix(text, "/") || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }) {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Fragment != "" || strings.Contains(u.RawPath, "%") || path.Clean(u.Path) != u.Path {
		return ""
	}
	for _, p := range notPages {
		if u.Path == p || strings.HasPrefix(u.Path, p+"/") {
			return ""
		}
	}
	return u.RequestURI()
}
