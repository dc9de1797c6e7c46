package identity

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// Whoever an account belongs to is told when how one signs in to it was changed (NIST SP 800-63B-4 asks for notice of
// every authenticator that is bound): a passkey that somebody else added is seen by nobody else. What was done stands in the ledger; of each person it is kept up to when they have read it.

// changing are the acts that people are told of.
var changing = []string{"passkey", "totp", "recovery-codes", "join-account", "message-factor", "drop-passkey", "drop-totp", "drop-account", "password", "renewal",
	"reset-link", "vouch", "accept", "renew-pin", "national"}

const (
	// settingUp is how long after somebody came what they add themselves is no news to them.
	settingUp = 24 * time.Hour
	// mostChanges are told at once: the newest.
	mostChanges = 20
	// changesFor is how far back one is told.
	changesFor = 90 * 24 * time.Hour
)

// changeAnswer is one change.
type changeAnswer struct {
	At   time.Time `json:"at"`
	What string    `json:"what"` // one of [changing]
	Own  bool      `json:"own"`  // it was done in the name of the person
}

// changesOf are those that somebody has not read: what others did, and what was done in their name before this session, which may have been somebody else.
func (i *Identity) changesOf(ctx context.Context, p Person) ([]changeAnswer, error) {
	row, err := person(ctx, i.db.Read(), p.ID)
	if err != nil {
		return nil, err
	}
	s := &sessionRow{}
	if err := i.db.Read().NewSelect().Model(s).Where("id = ?", p.Session).Scan(ctx); err != nil {
		return nil, err
	}
	since := i.clock.Now().Add(-changesFor)
	if row.Told.After(since) {
		since = row.Told
	}
	page, err := i.ledger.List(ctx, ledger.Query{Object: ledger.Person(p.ID), Act: "identity.", Outcome: ledger.Done, Since: since, Limit: 200})
	if err != nil {
		return nil, err
	}
	all := []changeAnswer{}
	for _, e := range page.Entries {
		what := e.Act[len("identity."):]
		own := e.Actor == ledger.Person(p.ID)
		switch {
		case !slices.Contains(changing, what), !e.Time.After(row.Told), len(all) == mostChanges:
		case own && (!e.Time.Before(s.Created) || e.Time.Before(row.Created.Add(settingUp))):
		case what == "accept" && e.Detail["link"] != string(resetLink):
		default:
			all = append(all, changeAnswer{e.Time, what, own})
		}
	}
	return all, nil
}

func (i *Identity) getChanges(w http.ResponseWriter, r *http.Request) {
	all, err := i.changesOf(r.Context(), me(r))
	if err != nil {
		i.fail(w, r, err)
		return
	}
	web.JSON(w, http.StatusOK, map[string]any{"changes": all})
}

// readChanges takes that somebody has read those up to a time.
func (i *Identity) readChanges(w http.ResponseWriter, r *http.Request) {
	var in struct{ Until time.Time }
	if err := web.ReadJSON(r, &in); err != nil {
		i.fail(w, r, err)
		return
	}
	until := in.Until
	if now := i.clock.Now(); until.After(now) {
		until = now
	}
	i.done(w, r, i.db.Write(r.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*personRow)(nil)).Set("told = ?", db.Time(until)).Where("id = ? AND (told IS NULL OR told < ?)", me(r).ID, db.Time(until)).Exec(ctx)
		return err
	}))
}
