package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"bulwark/decide/identity/directory"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

// Everywhere but in identity_person people are known by an id that was drawn at random and is given to nobody else: in events, in the ledger, in what
// others decided. That row is the one thing that says whose id it is. Erasing somebody destroys it, and with it what they proved themselves by: what is
// left speaks of nobody who could be found.

var (
	// ErrActive means that somebody is not suspended: only leavers are erased.
	ErrActive = errors.New("identity: not suspended")
	// ErrThere means that a directory has somebody still, and would bring them back.
	ErrThere = errors.New("identity: the directory has them still")
)

// ObligedError says what keeps somebody from being erased: legal-hold, break-glass-review, investigation, case, grant, on-call.
type ObligedError struct{ By []string }

func (e *ObligedError) Error() string { return "identity: kept because of " + strings.Join(e.By, ", ") }

// Erased is what came of erasing somebody.
type Erased struct {
	ID string `json:"id"`
	// Left is in how many rows of which tables their login, name or number still stands, as somebody wrote it or the network told it. It goes when those do.
	Left map[string]int `json:"left"`
}

// erase forgets somebody who left, and says where they can still be found.
func (i *Identity) erase(ctx context.Context, by, id string) (Erased, error) {
	words, err := i.eraseOne(ctx, by, id, "asked", readings{})
	if err != nil {
		return Erased{}, err
	}
	i.afterErasing(ctx)
	left, err := i.db.Holding(ctx, words)
	return Erased{id, left}, err
}

// afterErasing has what is kept beside the database forget, too: the signed snapshot, and what SQLite has not yet taken over into its file.
func (i *Identity) afterErasing(ctx context.Context) {
	if err := errors.Join(i.readMemory(ctx), i.db.Settle(ctx)); err != nil {
		i.log.WarnContext(ctx, "the snapshot of people, or a file of the database, is older than an erasure", "error", err)
	}
}

// eraseOne forgets somebody who left, and gives the words by which they could be found.
func (i *Identity) eraseOne(ctx context.Context, by, id, because string, read readings) (words []string, err error) {
	p, err := person(ctx, i.db.Read(), id)
	if err != nil {
		return nil, err
	}
	never := because == neverCame
	if p.Disabled.IsZero() && !never {
		return nil, ErrActive
	}
	if by == ledger.Person(id) {
		return nil, ErrSelf
	}
	stands, err := i.obligations(ctx, p)
	if err == nil && len(stands) > 0 {
		err = &ObligedError{stands}
	}
	if err == nil {
		err = i.gone(ctx, p, read)
	}
	if err != nil {
		return nil, err
	}
	reach, err := i.reachOf(ctx, id)
	if err != nil {
		return nil, err
	}
	words = wordsOf(p, reach)
	if i.forget != nil { // first: once the row is gone nobody could ask for it again
		if err := i.forget(ctx, by, id, words); err != nil {
			return nil, fmt.Errorf("forgetting what others know of somebody: %w", err)
		}
	}
	err = i.change(ctx, id, act{by: by, name: "erase", detail: map[string]string{"because": because}}, func(ctx context.Context, tx bun.Tx, p *personRow) error {
		if came, err := i.cameBack(ctx, tx, p, never); err != nil || came {
			return errors.Join(err, ErrActive)
		}
		return i.eraseRows(ctx, tx, id)
	})
	if err == nil {
		i.happened(by, "erase", ledger.Person(id), 1)
	}
	return words, err
}

// neverCame is why somebody is erased who was invited and never came.
const neverCame = "invited"

// readings are directories as they were read, by name: for several people they are read once.
type readings map[string]*directory.Reading

// cameBack reports whether somebody came, or came back, while it was looked what keeps them.
func (i *Identity) cameBack(ctx context.Context, tx bun.Tx, p *personRow, never bool) (bool, error) {
	if !never {
		return p.Disabled.IsZero(), nil
	}
	return tx.NewSelect().Model((*factorRow)(nil)).Where("person = ?", p.ID).Exists(ctx)
}

// wordsOf are the words by which somebody can be found.
func wordsOf(p *personRow, reach string) (all []string) {
	for _, w := range []string{p.Login, p.Name, p.National, p.External, reach} {
		if len(w) > 2 && !slices.Contains(all, w) {
			all = append(all, w)
		}
	}
	return all
}

// gone refuses those whom their directory would bring back.
func (i *Identity) gone(ctx context.Context, p *personRow, read readings) error {
	s := i.sources[p.Source]
	if s == nil || p.Ended {
		return nil
	}
	if read[p.Source] == nil {
		s.busy.Lock()
		defer s.busy.Unlock()
		all, err := s.Read(ctx, i.clock.Now())
		if err != nil {
			return err
		}
		read[p.Source] = all
	}
	if slices.ContainsFunc(read[p.Source].Accounts, func(a directory.Account) bool { return a.ID == p.External && !a.Disabled }) {
		return ErrThere
	}
	return nil
}

// eraseRows deletes all rows about somebody.
func (i *Identity) eraseRows(ctx context.Context, tx bun.Tx, id string) error {
	err := errors.Join(endSessions(ctx, tx, id, ""), dropFactors(ctx, tx, id), i.dropLinks(ctx, tx, id))
	for _, model := range []any{(*formerRow)(nil), (*arrivalRow)(nil), (*holdRow)(nil)} {
		_, e := tx.NewDelete().Model(model).Where("person = ?", id).Exec(ctx)
		err = errors.Join(err, e)
	}
	_, e := tx.NewDelete().Model((*vouchRow)(nil)).Where("person = ? OR voucher = ? OR seconder = ?", id, id, id).Exec(ctx)
	err = errors.Join(err, e)
	r, e := tx.NewDelete().Model((*personRow)(nil)).Where("id = ?", id).Exec(ctx)
	return errors.Join(err, changedOne(r, e, ErrNoPerson))
}

// idOf is the id of somebody by id or login.
func (i *Identity) idOf(ctx context.Context, is string) (string, error) {
	p := &personRow{}
	err := i.db.Read().NewSelect().Model(p).Column("id").Where("id = ? OR login = ?", is, strings.ToLower(is)).OrderExpr("id").Limit(1).Scan(ctx)
	if db.NotFound(err) {
		return "", ErrNoPerson
	}
	return p.ID, err
}
