package identity

import (
	"context"
	"errors"
	"net/http"

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
	Person string     `json:"person"`
	Login  string     `json:"login"`
	Name   string     `json:"name"`
	Duties []web.Duty `json:"duties"`
	// Assurance is how sure it is who that is, 1 to 3 as NIST SP 800-63B-4 counts.
	Assurance int `json:"assurance"`
	// Held says why it can do nothing yet: "second-factor" or "password" is due.
	Held string `json:"held,omitempty"`
	// Device is the name of the one that the session is bound to; empty: to none.
	Device string `json:"device,omitempty"`
}

// sessionQuery chooses sessions. The zero value chooses all that are open.
type sessionQuery struct {
	Words  string // each stands in name, login, role, unit or address; without accents
	Person string
	How    string // "passkey", "code", "one" (one factor alone) or "held" (can do nothing yet)
}

// openSessions lists open sessions, the latest used first, and how many there are.
func (i *Identity) openSessions(ctx context.Context, p Person, q sessionQuery) (out []openSession, all int, err error) {
	var rows []*sessionRow
	now := db.Time(i.clock.Now())
	find := i.db.Read().NewSelect().Model(&rows).Relation("Who").Relation("From").Where("s.ends > ? AND s.seen > ?", now, now.Add(-i.config.idle())).Where("who.disabled IS NULL")
	if q.Person != "" {
		find = find.Where("s.person = ?", q.Person)
	}
	find = likeWords(find, q.Words, "who.folded", "s.address")
	key, code := `(CAST(s.methods AS TEXT) LIKE '%"hwk"%' OR CAST(s.methods AS TEXT) LIKE '%"swk"%')`, `CAST(s.methods AS TEXT) LIKE '%"otp"%'`
	switch held := "(s.enrol OR s.renew <> '')"; q.How {
	case "":
	case "passkey":
		find = find.Where(key)
	case "code":
		find = find.Where(code)
	case "one":
		find = find.Where("NOT " + key + " AND NOT " + code + ` AND CAST(s.methods AS TEXT) NOT LIKE '%"mfa"%'`)
	case "held":
		find = find.Where(held)
	default:
		return nil, 0, ErrQuery
	}
	n, err := find.OrderExpr("s.seen DESC, s.id DESC").Limit(mostSessions).ScanAndCount(ctx)
	out = []openSession{}
	for _, s := range rows {
		out = append(out, openSession{sessionAnswer{s.ID, s.ID == p.Session, s.Created, s.Seen, s.Ends, s.Methods, s.Address, s.Agent},
			s.Person, s.Who.Login, s.Who.Name, s.Who.Duties, s.asker().Assurance(), s.held(), s.From.asked().Name})
	}
	return out, int(n), err
}

// getEverySession lists the open sessions.
func (i *Identity) getEverySession(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	out, all, err := i.openSessions(r.Context(), me(r), sessionQuery{v.Get("q"), v.Get("person"), v.Get("how")})
	if err != nil {
		i.fail(w, r, err)
		return
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
