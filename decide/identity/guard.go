package identity

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/uptrace/bun"

	"bulwark/platform/web"
)

// Require lets a request through to next when whoever asks is signed in and has one of duties. Nobody is sent to the
// sign-in page, or refused with 401; somebody without the duty, or whom policies refuse, is refused with 403. The context that next gets holds
// the person ([From]), and ends when their session or their duties do.
func (i *Identity) Require(duties []web.Duty, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := i.asked(r)
		switch {
		case errors.Is(err, errNoSession):
			signInFirst(w, r)
			return
		case err != nil:
			i.broken(w, r, err)
			return
		case !hasOne(s.asker(), duties):
			web.Refuse(w, r, http.StatusForbidden, "duty-needed")
			return
		}
		enrolling := slices.Contains(duties, web.Enrolling)
		if s.Enrol && !enrolling {
			enrolFirst(w, r)
			return
		}
		if s.Renew != "" && !enrolling {
			renewFirst(w, r)
			return
		}
		if i.judge != nil && !enrolling { // no policy keeps anybody from proving who they are
			if refusal := i.judge(r, s.asker()); refusal != "" {
				refuse(w, r, refusal)
				return
			}
		}
		if err := i.touch(r.Context(), s); err != nil {
			i.broken(w, r, err)
			return
		}
		ctx, cancel := context.WithCancel(context.WithValue(r.Context(), personKey{}, s.asker()))
		defer cancel()
		asked, done := i.live.add(s, cancel)
		if i.judge != nil && !enrolling {
			asked.judge = func(p Person) string { return i.judge(r, p) }
		}
		defer done()
		next.ServeHTTP(w, r.WithContext(context.WithValue(ctx, requestKey{}, asked)))
	})
}

// asked is the session of a request.
func (i *Identity) asked(r *http.Request) (*sessionRow, error) {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil, errNoSession
	}
	s, err := i.session(r.Context(), c.Value)
	if err != nil || s.Device == "" {
		return s, err
	}
	switch d, err := i.deviceFrom(r); {
	case errors.Is(err, ErrDevice), err == nil && d.ID != s.Device:
		return nil, i.strayed(r, s)
	case err != nil: // that we cannot look says nothing of who asks
		return nil, err
	}
	return s, nil
}

// signInFirst sends a browser to the sign-in page, and from there back to where it was going.
func signInFirst(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && web.WantsPage(r) {
		http.Redirect(w, r, withNext("/sign-in", r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	web.Refuse(w, r, http.StatusUnauthorized, "signed-out")
}

// What a judge answers where a proof would do: the session's own once more, or a passkey.
const (
	ProveAgain    = "prove-again"
	PasskeyNeeded = "passkey-needed"
)

// refuse tells somebody that policies refuse; where a proof would do, it sends a browser to the page on which it is given.
func refuse(w http.ResponseWriter, r *http.Request, refusal string) {
	page := map[string]string{ProveAgain: "/prove", PasskeyNeeded: provePasskey}[refusal]
	if page != "" && r.Method == http.MethodGet && web.WantsPage(r) {
		http.Redirect(w, r, withNext(page, r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	web.Refuse(w, r, http.StatusForbidden, refusal)
}

// judged is h where policies let somebody add a factor to those they have: who took a code from them must not make a passkey of it where
// only a passkey opens. Whoever has none yet is not asked.
func (i *Identity) judged(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if p := me(r); i.judge != nil && !p.enrol {
			if refusal := i.judge(r, p); refusal != "" {
				refuse(w, r, refusal)
				return
			}
		}
		h(w, r)
	}
}

// enrolFirst sends a browser to where a second factor is added.
func enrolFirst(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && web.WantsPage(r) {
		http.Redirect(w, r, withNext("/factors", r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	web.Refuse(w, r, http.StatusForbidden, "second-factor-needed")
}

// withNext is path with where to go from there, if that is somewhere here but the first page.
func withNext(path, next string) string {
	if next = web.LocalPath(next, "/"); next != "/" {
		mark := "?"
		if strings.Contains(path, "?") {
			mark = "&"
		}
		path += mark + "next=" + url.QueryEscape(next)
	}
	return path
}

// broken answers 500 for what is our own fault, and logs it.
func (i *Identity) broken(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		i.log.ErrorContext(r.Context(), "identity cannot answer", "request_id", web.RequestID(r.Context()), "error", err)
	}
	web.Refuse(w, r, http.StatusInternalServerError, "internal")
}

// live are the requests that are being answered, by session: a stream lasts for hours after its session was checked.
type live struct {
	mu       *sync.Mutex
	requests map[*request]struct{}
}

// request is one request that is being answered.
type request struct {
	session string // hash
	duties  string // as they were when it was let through
	cancel  context.CancelFunc
	// judge says by what policies refuse it now; nil: none has a say.
	judge func(p Person) (refusal string)
}

func newLive() live { return live{&sync.Mutex{}, map[*request]struct{}{}} }

// add notes a request until done is called.
func (l live) add(s *sessionRow, cancel context.CancelFunc) (r *request, done func()) {
	r = &request{session: s.Hash, duties: words(s.Who.Duties), cancel: cancel}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests[r] = struct{}{}
	return r, func() { l.spare(r) }
}

// spare forgets a request: it is over, or gives its own session another id, which is no reason to cut it.
func (l live) spare(r *request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.requests, r)
}

// requestKey is where the context of a request that came through [Identity.Require] holds it.
type requestKey struct{}

// bySession lists the requests.
func (l live) bySession() map[string][]*request {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := map[string][]*request{}
	for r := range l.requests {
		m[r.session] = append(m[r.session], r)
	}
	return m
}

// refused reports whether policies refuse a request that they let through.
func (r *request) refused(p Person) bool { return r.judge != nil && r.judge(p) != "" }

// openOf are the sessions of some hashes, from memory where the database is lost.
func (i *Identity) openOf(ctx context.Context, hashes []string) (rows []*sessionRow, err error) {
	if !i.memory.isLost() {
		limit, cancel := context.WithTimeout(ctx, dbPatience)
		defer cancel()
		err = i.db.Read().NewSelect().Model(&rows).Relation("Who").Relation("From").Where("s.hash IN (?)", bun.List(hashes)).Scan(limit)
		if err == nil || !i.lose(ctx, err) {
			for _, s := range rows {
				s.degraded = i.isDegraded(s)
			}
			return rows, err
		}
	}
	rows = nil
	for _, h := range hashes {
		if s, _, err := i.remembered(h); err == nil && s != nil {
			rows = append(rows, s)
		}
	}
	return rows, nil
}

// endLive cuts the requests whose session ended, whose person has other duties now, or whom policies refuse now, whoever did it: another process
// on the same database may have, or an incident.
func (i *Identity) endLive(ctx context.Context) error {
	requests := i.live.bySession()
	if len(requests) == 0 {
		return nil
	}
	hashes := make([]string, 0, len(requests))
	for h := range requests {
		hashes = append(hashes, h)
	}
	rows, err := i.openOf(ctx, hashes)
	if err != nil {
		return err
	}
	good := map[string]*sessionRow{} // the sessions that hold
	for _, s := range rows {
		if i.holds(s) {
			i.judgeDevice(s.From)
			good[s.Hash] = s
		}
	}
	for hash, rs := range requests {
		for _, r := range rs {
			s := good[hash]
			if s == nil || words(s.Who.Duties) != r.duties || r.refused(s.asker()) {
				r.cancel()
			}
		}
	}
	return nil
}
