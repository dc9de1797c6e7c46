package node

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"bulwark/decide/access"
	"bulwark/decide/access/policy"
	"bulwark/decide/identity"
	"bulwark/platform/web"
	"bulwark/respond/notify"
)

// What policies ask besides yes or no is done here for every route of the console: banners, reading only, a record of each request, a
// second person's yes, somebody who is told, and a refusal that takes effect later. Step-up is asked by [Node.judgeRoute].

// noticesHeader holds what the shell of the console shows above every page, as JSON that is escaped as in a query.
const noticesHeader = "Bulwark-Notices"

// obliged is a route with what its decision asks of it.
func (n *Node) obliged(route web.Route) http.Handler {
	safe := route.Method == http.MethodGet
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := identity.From(r.Context())
		if !ok {
			route.Handler.ServeHTTP(w, r)
			return
		}
		s, door := n.doorSession(r, p), policy.ID("Door", r.Pattern)
		d := s.handle.Peek(use, door)
		asks := func(do string) bool {
			return slices.ContainsFunc(d.Obligations, func(o policy.Obligation) bool { return o.Do == do })
		}
		now := n.clock.Now()
		if notices := s.noticesOf(d, door, now); len(notices) > 0 {
			w.Header().Set(noticesHeader, told(notices))
		}
		switch {
		case !safe && (asks("read-only") || !d.Allow): // without a yes it came here by grace
			refuseWhy(w, r, "read-only", d)
			return
		case !safe && asks("four-eyes"):
			act, err := actOf(r)
			if err == nil {
				ok, err = n.access.Spend(r.Context(), p.ID, act)
			}
			if err != nil {
				n.log.ErrorContext(r.Context(), "a second person's yes could not be looked for", "error", err)
				web.Refuse(w, r, http.StatusInternalServerError, "internal")
				return
			}
			if !ok {
				web.RefuseFields(w, r, http.StatusForbidden, "four-eyes", map[string]string{"why": whyOf(r, d, "four-eyes"), "act": act})
				return
			}
		}
		if asks("record") {
			s.handle.Record(r.Method + " " + r.URL.Path)
		}
		for _, by := range d.By {
			if who := toBeTold(by.Obligations); len(who) > 0 && s.tellsNow(by.ID, now) {
				n.tellAbout(r.Context(), by, who, route)
			}
		}
		route.Handler.ServeHTTP(w, r)
	})
}

// toBeTold are those whom a policy has told.
func toBeTold(all []policy.Obligation) []string {
	for _, o := range all {
		if o.Do == "notify" {
			return o.Who
		}
	}
	return nil
}

// tellAbout tells whoever is on call that somebody used a door of which a policy wants that they hear, of each
// policy once an hour. It stops nobody that they cannot be told.
func (n *Node) tellAbout(ctx context.Context, by *policy.Policy, who []string, route web.Route) {
	if n.notify == nil {
		return
	}
	to := strings.Join(who, ", ")
	now := n.clock.Now()
	h := notify.Happening{About: "access:" + by.ID + ":" + now.UTC().Format("2006010215"), Kind: "access", Severity: "medium", At: now, Path: "/access?view=decisions",
		Title: notify.Text{EN: "Access that " + to + " want to hear of: " + by.Why.EN, FR: "Accès dont " + to + " doivent être informés : " + by.Why.FR},
		Text:  notify.Text{EN: "Policy " + by.ID + ", " + route.Method + " " + route.Pattern + ".", FR: "Règle " + by.ID + ", " + route.Method + " " + route.Pattern + "."}}
	if err := n.notify.Raise(ctx, h); err != nil {
		n.log.WarnContext(ctx, "nobody could be told of an access", "policy", by.ID, "error", err)
	}
}

// tellBroken tells whoever is on call that somebody broke a glass of which a policy wants that others hear. A message goes outside: it names neither the
// patient nor who it was, which the console does. One person is told of once an hour: the others stand in the queue.
func (n *Node) tellBroken(ctx context.Context, g *access.Glass) error {
	if n.notify == nil {
		return nil
	}
	to := strings.Join(g.Notify, ", ")
	return n.notify.Raise(ctx, notify.Happening{About: "glass:" + g.Person + ":" + g.At.UTC().Format("2006010215"), Kind: "access", Severity: "medium", At: g.At, Path: "/access",
		Title: notify.Text{EN: "A glass was broken: " + to + " want to hear of it", FR: "Bris de glace : " + to + " doivent en être informés"},
		Text: notify.Text{EN: "Somebody opened a record in an emergency. Who, why and for whom stands under Access; look at it by " + g.Due.UTC().Format("2006-01-02 15:04 UTC") + ".",
			FR: "Quelqu’un a ouvert un dossier en urgence. Qui, pourquoi et pour qui : page Accès. À examiner avant le " + g.Due.UTC().Format("02/01/2006 15:04 UTC") + "."}})
}

// refuseWhy refuses with the reason of a decision, in the language of whoever asks.
func refuseWhy(w http.ResponseWriter, r *http.Request, code string, d *policy.Decision) {
	web.RefuseFields(w, r, http.StatusForbidden, code, map[string]string{"why": whyOf(r, d, code)})
}

// whyOf is the reason of the policy that asks something, in the language of whoever asks; of the decision where none does.
func whyOf(r *http.Request, d *policy.Decision, do string) string {
	t := d.Why()
	for _, p := range d.By {
		if slices.ContainsFunc(p.Obligations, func(o policy.Obligation) bool { return o.Do == do }) {
			t = p.Why
		}
	}
	if identity.French(r) {
		return t.FR
	}
	return t.EN
}

// actOf is what somebody is about to do, with a sum of what they send: the yes to one thing is none to another.
func actOf(r *http.Request) (string, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return "", err
	}
	if err := r.Body.Close(); err != nil {
		return "", err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	sum := sha256.Sum256([]byte(r.URL.RawQuery + "\n" + string(body)))
	return r.Method + " " + r.URL.Path + " " + hex.EncodeToString(sum[:8]), nil
}

// notice is something that whoever uses the console is told above every page.
type notice struct {
	Do    string    `json:"do"` // banner, read-only, record or grace
	EN    string    `json:"en"`
	FR    string    `json:"fr"`
	Until time.Time `json:"until,omitzero"` // of grace: when it ends
}

// noted is a notice with where it was asked for.
type noted struct {
	notice
	door policy.UID
}

// mostNotices bounds the header, longestNotice each of them.
const (
	mostNotices   = 6
	longestNotice = 300
)

// told writes notices for the header.
func told(all []notice) string {
	text, err := json.Marshal(all)
	if err != nil {
		panic(err) // it is made of texts
	}
	return url.QueryEscape(string(text))
}

// noticesOf are what whoever has the session is told, with what a decision about a door adds.
func (s *doorSession) noticesOf(d *policy.Decision, door policy.UID, now time.Time) []notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range d.By {
		for _, o := range p.Obligations {
			if o.Do == "banner" || o.Do == "read-only" || o.Do == "record" || o.Do == "grace" && !d.Allow {
				s.notes(p.ID, o.Do, noted{notice{o.Do, brief(p.Why.EN), brief(p.Why.FR), time.Time{}}, door})
			}
		}
	}
	var all []notice
	for k, x := range s.noted {
		is := d
		if x.door != door {
			is = s.handle.Peek(use, x.door)
		}
		id, _, _ := strings.Cut(k, " ")
		if !slices.Contains(is.IDs(), id) {
			delete(s.noted, k)
			continue
		}
		if x.Do == "grace" {
			x.Until = s.lost[x.door]
		}
		all = append(all, x.notice)
	}
	slices.SortFunc(all, func(a, b notice) int { return strings.Compare(a.Do+a.EN, b.Do+b.EN) })
	all = slices.CompactFunc(all, func(a, b notice) bool { return a.Do == b.Do && a.EN == b.EN }) // of several policies that say the same
	return all[:min(len(all), mostNotices)]
}

func (s *doorSession) notes(id, do string, x noted) {
	if s.noted == nil {
		s.noted = map[string]noted{}
	}
	if k := id + " " + do; len(s.noted) < 10*mostNotices || s.noted[k].Do != "" {
		s.noted[k] = x
	}
}

func brief(text string) string {
	if r := []rune(text); len(r) > longestNotice {
		return string(r[:longestNotice]) + "…"
	}
	return text
}

// tellEvery is how often at most it is told that a session does what a policy wants to hear of.
const tellEvery = time.Hour

// tellsNow reports whether it is told now, and notes that it was.
func (s *doorSession) tellsNow(id string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if was, ok := s.toldAt[id]; ok && now.Sub(was).Abs() < tellEvery {
		return false
	}
	if s.toldAt == nil {
		s.toldAt = map[string]time.Time{}
	}
	s.toldAt[id] = now
	return true
}

// allowed notes that a session used a door.
func (s *doorSession) allowed(door policy.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used == nil {
		s.used = map[policy.UID]bool{}
	}
	s.used[door] = true
	delete(s.lost, door)
}

// spared reports whether a refusal does not take effect yet: the session used the door before, and all that refuse it give time.
func (s *doorSession) spared(d *policy.Decision, door policy.UID, now time.Time) bool {
	if len(d.By) == 0 {
		return false // nothing allows it, and nothing gives time
	}
	for _, p := range d.By {
		if !slices.ContainsFunc(p.Obligations, func(o policy.Obligation) bool { return o.Do == "grace" }) {
			return false
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.used[door] {
		return false
	}
	ends, ok := s.lost[door]
	if !ok {
		n := slices.IndexFunc(d.Obligations, func(o policy.Obligation) bool { return o.Do == "grace" }) // the shortest
		ends = now.Add(d.Obligations[n].Within)
		if s.lost == nil {
			s.lost = map[policy.UID]time.Time{}
		}
		s.lost[door] = ends
	}
	return now.Before(ends)
}
