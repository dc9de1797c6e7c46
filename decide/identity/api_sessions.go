package identity

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// mostSessions bounds the sessions that one answer lists.
const mostSessions = 200

// openSession is a session of anybody, for those who run the console.
type openSession struct {
	sessionAnswer
	Person string `json:"person"`
	Login  string `json:"login"`
	Name   string `json:"name"`
	// Assurance is how sure it is who that is, 1 to 3 as NIST SP 800-63B-4 counts.
	Assurance int `json:"assurance"`
	// Held says why it can do nothing yet: "second-factor" or "password" is due.
	Held string `json:"held,omitempty"`
}

// getEverySession lists the open sessions, the latest used first; q are words of name, login or address.
func (i *Identity) getEverySession(w http.ResponseWriter, r *http.Request) {
	p := me(r)
	var rows []*sessionRow
	now := db.Time(i.clock.Now())
	err := i.db.Read().NewSelect().Model(&rows).Relation("Who").Where("s.ends > ? AND s.seen > ?", now, now.Add(-i.config.idle())).OrderExpr("s.seen DESC, s.id DESC").Scan(r.Context())
	if err != nil {
		i.fail(w, r, err)
		return
	}
	out, all := []openSession{}, 0
	for _, s := range rows {
		if !i.holds(s) || !speaksOf(s, r.URL.Query().Get("q")) {
			continue
		}
		if all++; len(out) < mostSessions {
			out = append(out, openSession{sessionAnswer{s.ID, s.ID == p.Session, s.Created, s.Seen, s.Ends, s.Methods, s.Address, s.Agent},
				s.Person, s.Who.Login, s.Who.Name, s.asker().Assurance(), s.held()})
		}
	}
	web.JSON(w, http.StatusOK, map[string]any{"sessions": out, "all": all})
}

func (s *sessionRow) held() string {
	switch {
	case s.Enrol:
		return "second-factor"
	case s.Renew != "":
		return "password"
	}
	return ""
}

// speaksOf tells whether each word stands in what is shown of a session.
func speaksOf(s *sessionRow, words string) bool {
	text := strings.ToLower(s.Who.Name + " " + s.Who.Login + " " + s.Address)
	for _, w := range strings.Fields(strings.ToLower(words)) {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// deleteAnySession ends a session of anybody.
func (i *Identity) deleteAnySession(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	i.done(w, r, i.db.Write(r.Context(), func(ctx context.Context, tx bun.Tx) error {
		s := &sessionRow{}
		err := tx.NewSelect().Model(s).Where("id = ?", id).Scan(ctx)
		if db.NotFound(err) {
			return errNoSession
		}
		if err != nil {
			return err
		}
		_, err = tx.NewDelete().Model(s).WherePK().Exec(ctx)
		return errors.Join(err, i.note(ctx, tx, act{by: me(r).Actor(), name: "end-session", on: "session:" + id, detail: map[string]string{"of": ledger.Person(s.Person)}}))
	}))
}
