package identity

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/uptrace/bun"

	"bulwark/decide/identity/internal/breach"
	"bulwark/decide/identity/internal/password"
	"bulwark/platform/db"
)

var (
	// ErrStolen means that a new password is in the list of those that were stolen somewhere and published.
	ErrStolen = errors.New("identity: the password was stolen somewhere")
	// ErrFormer means that a new password was the person's own before.
	ErrFormer = errors.New("identity: the password was used before")
)

const (
	// formers is how many former passwords are remembered, as hashes: each costs a new password the time of a sign-in.
	formers = 4
	// mostNames bounds the names of people that passwords are compared with.
	mostNames = 5000
)

type formerRow struct {
	bun.BaseModel `bun:"table:identity_former,alias:w"`
	ID            string `bun:"id,pk"`
	Person        string `bun:"person"`
	Secret        string `bun:"secret"`
}

// TryPassword says whether a new password would be accepted from anybody, with the list of stolen passwords in a file.
func TryPassword(secret, stolenFile string, c Config, names []string) error {
	policy, err := password.NewPolicy(c.context(names)...)
	if err != nil {
		return err
	}
	if err := policy.Check(secret); err != nil {
		return err
	}
	list, err := breach.Open(stolenFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer list.Close()
	found, err := list.Has(secret)
	if found {
		err = ErrStolen
	}
	return err
}

// acceptable refuses a new password that others would guess, that was stolen, or that the person had before. about is the person; their id is
// empty while they are none yet.
func (i *Identity) acceptable(ctx context.Context, secret string, about Person) error {
	names, err := i.everyName(ctx)
	if err != nil {
		return err
	}
	if err := i.policy.Check(secret, append(names, about.Login, about.Name)...); err != nil {
		return err
	}
	if i.stolen.has(ctx, secret) {
		return ErrStolen
	}
	if about.ID == "" {
		return nil
	}
	return i.unused(ctx, secret, about.ID)
}

// everyName are the names of those who work here: passwords are made of colleagues too.
func (i *Identity) everyName(ctx context.Context) ([]string, error) {
	var names []string
	err := i.db.Read().NewSelect().Model((*personRow)(nil)).Column("name").OrderExpr("id DESC").Limit(mostNames).Scan(ctx, &names)
	if err != nil {
		return nil, fmt.Errorf("reading names: %w", err)
	}
	return names, nil
}

// unused refuses the password that a person has, and those they had last.
func (i *Identity) unused(ctx context.Context, secret, person string) error {
	var hashes []string
	err := i.db.Read().NewSelect().Model((*factorRow)(nil)).Column("secret").Where("person = ? AND kind = ?", person, passwordFactor).Scan(ctx, &hashes)
	if err != nil {
		return fmt.Errorf("reading a password: %w", err)
	}
	var before []string
	err = i.db.Read().NewSelect().Model((*formerRow)(nil)).Column("secret").Where("person = ?", person).Scan(ctx, &before)
	if err != nil {
		return fmt.Errorf("reading former passwords: %w", err)
	}
	for _, hash := range append(hashes, before...) {
		same, err := i.hasher.Verify(ctx, hash, secret)
		if err != nil {
			return err
		}
		if same {
			return ErrFormer
		}
	}
	return nil
}

// remember puts the password that a person has to the former ones, and forgets the oldest.
func (i *Identity) remember(ctx context.Context, tx bun.Tx, person string) error {
	var had []string
	err := tx.NewSelect().Model((*factorRow)(nil)).Column("secret").Where("person = ? AND kind = ?", person, passwordFactor).Scan(ctx, &had)
	if err != nil && !db.NotFound(err) {
		return err
	}
	for _, hash := range had {
		if _, err := tx.NewInsert().Model(&formerRow{ID: newID(), Person: person, Secret: hash}).Exec(ctx); err != nil {
			return err
		}
	}
	keep := tx.NewSelect().Model((*formerRow)(nil)).Column("id").Where("person = ?", person).OrderExpr("id DESC").Limit(formers)
	_, err = tx.NewDelete().Model((*formerRow)(nil)).Where("person = ? AND id NOT IN (?)", person, keep).Exec(ctx)
	return err
}
