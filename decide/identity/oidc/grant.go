package oidc

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"bulwark/decide/identity"
	"bulwark/platform/db"
)

const (
	// grantLife is how long the tokens of one sign-in can be renewed, as long as the session lives.
	grantLife = 24 * time.Hour
	// accessLife and idLife are how long an access token and an ID token are good.
	accessLife, idLife = 10 * time.Minute, 10 * time.Minute
	// manyGrants is how many sign-ins to one application a session can have, manyPushed how many requests of one may wait.
	manyGrants, manyPushed = 20, 1000
	// manyRenewals is how often the tokens of one sign-in can be renewed: four times as often as is needed, as each is kept until the end.
	manyRenewals = 600
)

type grantRow struct {
	bun.BaseModel `bun:"table:identity_oidc_grant,alias:g"`
	ID            string    `bun:"id,pk"`
	Client        string    `bun:"client"`
	Person        string    `bun:"person"`
	Session       string    `bun:"session"`
	Issuer        string    `bun:"issuer"`
	Address       string    `bun:"address"` // of the browser; an application asks from elsewhere
	Request       request   `bun:"request,type:jsonb"`
	Methods       []string  `bun:"methods,type:jsonb"`
	ACR           string    `bun:"acr"`
	AuthTime      time.Time `bun:"auth_time"`
	Code          string    `bun:"code"`
	CodeEnds      time.Time `bun:"code_ends"`
	CodeUsed      time.Time `bun:"code_used,nullzero"`
	Created       time.Time `bun:"created"`
	Ends          time.Time `bun:"ends"`
	Ended         time.Time `bun:"ended,nullzero"`
	Told          int       `bun:"told"` // how often the application was told that the session ended
}

type tokenRow struct {
	bun.BaseModel `bun:"table:identity_oidc_token,alias:t"`
	Hash          string    `bun:"hash,pk"`
	Kind          string    `bun:"kind"`
	Family        string    `bun:"family"`
	Ends          time.Time `bun:"ends"`
	Used          time.Time `bun:"used,nullzero"`
}

type pushedRow struct {
	bun.BaseModel `bun:"table:identity_oidc_pushed,alias:u"`
	Hash          string    `bun:"hash,pk"`
	Client        string    `bun:"client"`
	Request       request   `bun:"request,type:jsonb"`
	Ends          time.Time `bun:"ends"`
}

type assertionRow struct {
	bun.BaseModel `bun:"table:identity_oidc_assertion,alias:a"`
	Hash          string    `bun:"hash,pk"`
	Ends          time.Time `bun:"ends"`
}

// endGrant ends a family of tokens.
func (p *Provider) endGrant(ctx context.Context, tx bun.Tx, id string) error {
	_, err := tx.NewUpdate().Model((*grantRow)(nil)).Set("ended = ?", db.Time(p.Clock.Now())).Where("id = ? AND ended IS NULL", id).Exec(ctx)
	return err
}

// alive is a grant with its person, if it holds now; nil when not: its session ended, or they may not use the application any more.
func (p *Provider) alive(ctx context.Context, tx bun.IDB, id string) (*grantRow, identity.Person, error) {
	g := &grantRow{}
	err := tx.NewSelect().Model(g).Where("id = ? AND ended IS NULL AND ends > ?", id, db.Time(p.Clock.Now())).Scan(ctx)
	if db.NotFound(err) {
		return nil, identity.Person{}, nil
	}
	if err != nil {
		return nil, identity.Person{}, err
	}
	who, ok, err := p.People.Living(ctx, g.Session)
	if err != nil || !ok || who.ID != g.Person {
		return nil, identity.Person{}, err
	}
	c, err := p.client(ctx, g.Client)
	if errors.Is(err, ErrNoClient) {
		return nil, identity.Person{}, nil
	}
	if err != nil || !c.lets(who) || !c.counts(g.AuthTime, p.Clock.Now()) {
		return nil, identity.Person{}, err
	}
	if p.judged(ctx, Visit{Who: who, Address: g.Address, Application: c.ID}).Code != "" {
		return nil, identity.Person{}, nil
	}
	return g, who, nil
}

// token is what a token opens; nil grant when it opens nothing.
func (p *Provider) token(ctx context.Context, text, kind string) (*tokenRow, *grantRow, identity.Person, error) {
	t := &tokenRow{}
	err := p.DB.Read().NewSelect().Model(t).Where("hash = ? AND kind = ? AND ends > ?", hashOf(text), kind, db.Time(p.Clock.Now())).Scan(ctx)
	if db.NotFound(err) {
		return nil, nil, identity.Person{}, nil
	}
	if err != nil {
		return nil, nil, identity.Person{}, err
	}
	g, who, err := p.alive(ctx, p.DB.Read(), t.Family)
	return t, g, who, err
}

// issue makes the tokens of a grant.
func (p *Provider) issue(ctx context.Context, tx bun.Tx, g *grantRow) (access, refresh string, err error) {
	now := db.Time(p.Clock.Now())
	n, err := tx.NewSelect().Model((*tokenRow)(nil)).Where("family = ? AND kind = ?", g.ID, "refresh").Count(ctx)
	if err != nil {
		return "", "", err
	}
	if n > manyRenewals {
		return "", "", bad("invalid_grant", "renewed too often: sign in again")
	}
	access, refresh = "bwa_"+newSecret(), "bwr_"+newSecret()
	_, one := tx.NewInsert().Model(&tokenRow{Hash: hashOf(access), Kind: "access", Family: g.ID, Ends: now.Add(accessLife)}).Exec(ctx)
	_, two := tx.NewInsert().Model(&tokenRow{Hash: hashOf(refresh), Kind: "refresh", Family: g.ID, Ends: g.Ends}).Exec(ctx)
	return access, refresh, errors.Join(one, two)
}
