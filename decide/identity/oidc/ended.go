package oidc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
)

// Applications that ask for it are told when a session ends (OpenID Connect Back-Channel Logout 1.0); tokens of an ended session open nothing in any
// case.

const (
	// tellEvery is how soon after the end of a session applications are told.
	tellEvery = time.Second
	// toldAtOnce bounds how many are told in one round, patience how long one may take, tries how often one is told that does not listen.
	toldAtOnce = 50
	patience   = 5 * time.Second
	tries      = 5
	// logoutEvent is what a logout token is about (2.4).
	logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
)

// tellEnded tells applications of the sessions that ended.
func (p *Provider) tellEnded(ctx context.Context) error {
	clients := map[string]*clientRow{}
	var all []*clientRow
	if err := p.DB.Read().NewSelect().Model(&all).Scan(ctx); err != nil {
		return err
	}
	var ids []string
	for _, c := range all {
		if c.Settings.Backchannel != "" {
			clients[c.ID] = c
			ids = append(ids, c.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var over []*grantRow
	err := p.DB.Read().NewSelect().Model(&over).Where("g.client IN (?) AND g.ended IS NULL AND g.code_used IS NOT NULL AND g.told < ? AND g.ends > ?", bun.List(ids), tries, db.Time(p.Clock.Now())).
		Where("NOT EXISTS (SELECT 1 FROM identity_session AS s JOIN identity_person AS w ON w.id = s.person WHERE s.id = g.session AND s.ends > ? AND w.disabled IS NULL)", db.Time(p.Clock.Now())).
		OrderExpr("g.id").Limit(toldAtOnce).Scan(ctx)
	if err != nil {
		return err
	}
	for _, g := range over {
		err = errors.Join(err, p.tell(ctx, clients[g.Client], g))
	}
	return err
}

// tell tells one application that one session ended.
func (p *Provider) tell(ctx context.Context, c *clientRow, g *grantRow) error {
	now := p.Clock.Now()
	token, err := p.sign(ctx, "logout+jwt", map[string]any{"iss": g.Issuer, "aud": c.ID, "sub": g.Person, "sid": g.ID, "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(),
		"jti": newID(), "events": map[string]any{logoutEvent: struct{}{}}})
	if err != nil {
		return err
	}
	said := p.post(ctx, c.Settings.Backchannel, url.Values{"logout_token": {token}})
	err = p.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		q := tx.NewUpdate().Model((*grantRow)(nil)).Set("told = told + 1").Where("id = ?", g.ID)
		if said == nil {
			q = q.Set("ended = ?", db.Time(now))
		}
		_, err := q.Exec(ctx)
		return err
	})
	if said != nil {
		p.Log.WarnContext(ctx, "an application was not told that a session ended", "application", c.ID, "error", said)
	}
	return err
}

func (p *Provider) post(ctx context.Context, to string, form url.Values) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader([]byte(form.Encode())))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := *http.DefaultClient
	if p.Client != nil {
		client = *p.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	got, err := client.Do(r)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	_, _ = io.CopyN(io.Discard, got.Body, 4096)
	if got.StatusCode/100 != 2 {
		return fmt.Errorf("oidc: the application answers %d", got.StatusCode)
	}
	return nil
}
