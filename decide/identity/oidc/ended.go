package oidc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
)

// Applications that ask for it are told when a session ends (OpenID Connect Back-Channel Logout 1.0); tokens of an ended session open nothing in any
// case.

const (
	// tellEvery is how soon after the end of a session applications are told.
	tellEvery = time.Second
	// toldAtOnce bounds how many are told in one round, patience how long one application may take in it, tries how often one is told that says no.
	toldAtOnce = 50
	patience   = 5 * time.Second
	tries      = 5
	// logoutEvent is what a logout token is about (2.4).
	logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
)

// deafness is until when an application that did not answer is not told anything.
type deafness struct {
	until time.Time
	wait  time.Duration
}

// longestWait is how long an application that does not answer waits at most to be told again.
const longestWait = 5 * time.Minute

// errDeaf means that an application did not answer, or is out of order: it is told later.
var errDeaf = errors.New("oidc: the application does not answer")

// tellEnded tells applications of the sessions that ended, all at the same time: one that does not answer holds up nobody else.
func (p *Provider) tellEnded(ctx context.Context) error {
	now := p.Clock.Now()
	clients, deaf := map[string]*clientRow{}, map[string]deafness{}
	var all []*clientRow
	if err := p.DB.Read().NewSelect().Model(&all).Scan(ctx); err != nil {
		return err
	}
	var ids []string
	for _, c := range all {
		if c.Settings.Backchannel == "" {
			continue
		}
		if d, ok := p.deaf[c.ID]; ok {
			deaf[c.ID] = d
		}
		if !now.Before(deaf[c.ID].until) {
			clients[c.ID] = c
			ids = append(ids, c.ID)
		}
	}
	p.deaf = deaf
	if len(ids) == 0 {
		return nil
	}
	var over []*grantRow
	err := p.DB.Read().NewSelect().Model(&over).Where("g.client IN (?) AND g.ended IS NULL AND g.code_used IS NOT NULL AND g.told < ? AND g.ends > ?", bun.List(ids), tries, db.Time(now)).
		Where("NOT EXISTS (SELECT 1 FROM identity_session AS s JOIN identity_person AS w ON w.id = s.person WHERE s.id = g.session AND s.ends > ? AND w.disabled IS NULL)", db.Time(now)).
		OrderExpr("g.id").Limit(toldAtOnce).Scan(ctx)
	if err != nil {
		return err
	}
	byClient := map[string][]*grantRow{}
	for _, g := range over {
		byClient[g.Client] = append(byClient[g.Client], g)
	}
	var asked sync.WaitGroup
	var mu sync.Mutex // guards err and deaf
	for id, grants := range byClient {
		asked.Go(func() {
			failed := p.tellAll(ctx, clients[id], grants)
			mu.Lock()
			defer mu.Unlock()
			if !errors.Is(failed, errDeaf) {
				delete(deaf, id)
				err = errors.Join(err, failed)
				return
			}
			wait := min(max(2*deaf[id].wait, time.Second), longestWait)
			deaf[id] = deafness{now.Add(wait), wait}
		})
	}
	asked.Wait()
	return err
}

// tellAll tells one application of its sessions that ended, until it does not answer; what is left is for the next round.
func (p *Provider) tellAll(ctx context.Context, c *clientRow, over []*grantRow) error {
	round, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, g := range over {
		if err := p.tell(ctx, round, c, g); err != nil || round.Err() != nil {
			return err
		}
	}
	return nil
}

// tell tells one application that one session ended, within round.
func (p *Provider) tell(ctx, round context.Context, c *clientRow, g *grantRow) error {
	now := p.Clock.Now()
	token, err := p.sign(ctx, "logout+jwt", map[string]any{"iss": g.Issuer, "aud": c.ID, "sub": g.Person, "sid": g.ID, "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(),
		"jti": newID(), "events": map[string]any{logoutEvent: struct{}{}}})
	if err != nil {
		return err
	}
	said := p.post(round, c.Settings.Backchannel, url.Values{"logout_token": {token}})
	if said != nil {
		p.Log.WarnContext(ctx, "an application was not told that a session ended", "application", c.ID, "error", said)
	}
	if errors.Is(said, errDeaf) {
		return said
	}
	return p.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		q := tx.NewUpdate().Model((*grantRow)(nil)).Set("told = told + 1").Where("id = ?", g.ID)
		if said == nil {
			q = q.Set("ended = ?", db.Time(now))
		}
		_, err := q.Exec(ctx)
		return err
	})
}

func (p *Provider) post(ctx context.Context, to string, form url.Values) error {
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
		return fmt.Errorf("%w: %w", errDeaf, err)
	}
	defer got.Body.Close()
	_, _ = io.CopyN(io.Discard, got.Body, 4096)
	switch {
	case got.StatusCode >= 500, got.StatusCode == http.StatusTooManyRequests:
		return fmt.Errorf("%w: it answers %d", errDeaf, got.StatusCode)
	case got.StatusCode/100 != 2:
		return fmt.Errorf("oidc: the application answers %d", got.StatusCode)
	}
	return nil
}
