package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// errReused means that something that counts once came twice; what it had opened is closed in the transaction before.
var errReused = bad("invalid_grant", "used before")

// tokens answers a code or a refresh token with tokens (RFC 6749, 4.1.3 and 6).
func (p *Provider) tokens(w http.ResponseWriter, r *http.Request) {
	c, err := p.authenticate(r)
	if err != nil {
		p.oauthError(w, r, err)
		return
	}
	for name := range r.PostForm {
		if _, err := once(r.PostForm, name); err != nil {
			p.oauthError(w, r, err)
			return
		}
	}
	var out map[string]any
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		out, err = p.byCode(r.Context(), c, r.PostForm)
	case "refresh_token":
		out, err = p.byRefresh(r.Context(), c, r.PostForm)
	case "":
		err = bad("invalid_request", "grant_type is missing")
	default:
		err = bad("unsupported_grant_type", "authorization_code or refresh_token")
	}
	if err != nil {
		p.oauthError(w, r, err)
		return
	}
	w.Header().Set("Pragma", "no-cache")
	web.JSON(w, http.StatusOK, out)
}

// byCode answers a code.
func (p *Provider) byCode(ctx context.Context, c *clientRow, v url.Values) (map[string]any, error) {
	no := bad("invalid_grant", "the code is not good")
	now := db.Time(p.Clock.Now())
	g := &grantRow{}
	err := p.DB.Read().NewSelect().Model(g).Where("code = ? AND client = ?", hashOf(v.Get("code")), c.ID).Scan(ctx)
	if db.NotFound(err) {
		return nil, no
	}
	if err != nil {
		return nil, err
	}
	if g.Request.Redirect != v.Get("redirect_uri") || !proves(g.Request.Challenge, v.Get("code_verifier")) {
		return nil, no
	}
	living, _, err := p.alive(ctx, p.DB.Read(), g.ID)
	if err != nil {
		return nil, err
	}
	var access, refresh string
	reused := false
	err = p.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		u, err := tx.NewUpdate().Model((*grantRow)(nil)).Set("code_used = ?", now).Where("id = ? AND code_used IS NULL", g.ID).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := u.RowsAffected(); err != nil {
			return err
		} else if n == 0 { // RFC 6749, 4.1.2: whoever has it twice is not one
			reused = true
			return errors.Join(p.endGrant(ctx, tx, g.ID), p.note(ctx, tx, "application:"+c.ID, "code-reused", ledger.Person(g.Person), true, nil))
		}
		if living == nil || !now.Before(g.CodeEnds) {
			return no
		}
		access, refresh, err = p.issue(ctx, tx, g)
		return err
	})
	if err == nil && reused {
		err = errReused
	}
	if err != nil {
		return nil, err
	}
	return p.told(ctx, c, g, access, refresh)
}

// proves tells whether a verifier is that of a challenge (RFC 7636, 4.6). One without a challenge is refused too (RFC 9700, 2.1.1).
func proves(challenge, verifier string) bool {
	if challenge == "" || verifier == "" {
		return challenge == verifier
	}
	h := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(h[:])), []byte(challenge)) == 1
}

// byRefresh answers a refresh token, which counts once: one that comes again ends the whole family (RFC 9700, 4.14.2).
func (p *Provider) byRefresh(ctx context.Context, c *clientRow, v url.Values) (map[string]any, error) {
	no := bad("invalid_grant", "the refresh token is not good")
	t, g, _, err := p.token(ctx, v.Get("refresh_token"), "refresh")
	if err != nil {
		return nil, err
	}
	if g == nil || g.Client != c.ID {
		return nil, no
	}
	for _, s := range words(v.Get("scope")) {
		if !slices.Contains(words(g.Request.Scope), s) {
			return nil, bad("invalid_scope", "more than was granted")
		}
	}
	var access, refresh string
	reused := false
	err = p.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		u, err := tx.NewUpdate().Model((*tokenRow)(nil)).Set("used = ?", db.Time(p.Clock.Now())).Where("hash = ? AND used IS NULL", t.Hash).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := u.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			reused = true
			return errors.Join(p.endGrant(ctx, tx, g.ID), p.note(ctx, tx, "application:"+c.ID, "refresh-reused", ledger.Person(g.Person), true, nil))
		}
		access, refresh, err = p.issue(ctx, tx, g)
		return err
	})
	if err == nil && reused {
		err = errReused
	}
	if err != nil {
		return nil, err
	}
	return p.told(ctx, c, g, access, refresh)
}

// told is the answer with tokens.
func (p *Provider) told(ctx context.Context, c *clientRow, g *grantRow, access, refresh string) (map[string]any, error) {
	who, ok, err := p.People.Living(ctx, g.Session)
	if err != nil || !ok {
		return nil, errors.Join(err, bad("invalid_grant", "the session ended"))
	}
	now := p.Clock.Now()
	claims := about(g, who)
	h := sha256.Sum256([]byte(access))
	for k, v := range map[string]any{
		"iss": g.Issuer, "aud": c.ID, "azp": c.ID, "iat": now.Unix(), "exp": now.Add(idLife).Unix(), "auth_time": g.AuthTime.Unix(),
		"acr": g.ACR, "amr": c.methods(g.Methods), "sid": g.ID, "at_hash": base64.RawURLEncoding.EncodeToString(h[:16]),
	} {
		claims[k] = v
	}
	if g.Request.Nonce != "" {
		claims["nonce"] = g.Request.Nonce
	}
	id, err := p.sign(ctx, "", claims)
	if err != nil {
		return nil, err
	}
	return map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": int(accessLife.Seconds()),
		"refresh_token": refresh, "id_token": id, "scope": g.Request.Scope}, nil
}

// authenticate is the application that asks, by exactly one way: the one that it is registered for.
func (p *Provider) authenticate(r *http.Request) (*clientRow, error) {
	no := bad("invalid_client", "the application could not prove which it is")
	if err := r.ParseForm(); err != nil {
		return nil, bad("invalid_request", "the form cannot be read")
	}
	v := r.PostForm
	user, pass, basic := r.BasicAuth()
	id, method, secret := v.Get("client_id"), public, ""
	switch {
	case basic && (v.Has("client_secret") || v.Has("client_assertion")), v.Has("client_secret") && v.Has("client_assertion"):
		return nil, bad("invalid_request", "more than one way to say which application it is")
	case basic: // RFC 6749, 2.3.1: both are form-encoded first
		name, err1 := url.QueryUnescape(user)
		pass, err2 := url.QueryUnescape(pass)
		if err1 != nil || err2 != nil || id != "" && id != name {
			return nil, no
		}
		id, method, secret = name, secretBasic, pass
	case v.Has("client_secret"):
		method, secret = secretPost, v.Get("client_secret")
	case v.Has("client_assertion"):
		return p.byAssertion(r, no)
	}
	c, err := p.client(r.Context(), id)
	if errors.Is(err, ErrNoClient) {
		return nil, no
	}
	if err != nil {
		return nil, err
	}
	if !c.says(method) || method != public && subtle.ConstantTimeCompare([]byte(hashOf(secret)), []byte(c.Secret)) != 1 {
		return nil, no
	}
	return c, nil
}

// byAssertion is the application that signed an assertion (RFC 7523, 3). It counts once.
func (p *Provider) byAssertion(r *http.Request, no error) (*clientRow, error) {
	if r.PostForm.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		return nil, no
	}
	t, err := jose.ParseSignedCompact(r.PostForm.Get("client_assertion"), []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA})
	if err != nil {
		return nil, no
	}
	var claims struct {
		Iss, Sub, Jti string
		Aud           audience
		Exp           float64
	}
	if json.Unmarshal(t.UnsafePayloadWithoutVerification(), &claims) != nil || claims.Iss != claims.Sub {
		return nil, no
	}
	c, err := p.client(r.Context(), claims.Sub)
	if errors.Is(err, ErrNoClient) {
		return nil, no
	}
	if err != nil {
		return nil, err
	}
	if id := r.PostForm.Get("client_id"); id != "" && id != c.ID || !c.says(keyJWT) || !signedBy(t, c.Settings.Keys) {
		return nil, no
	}
	now, ends := p.Clock.Now(), time.Unix(int64(claims.Exp), 0)
	iss := p.issuer(r)
	aud := slices.Contains(claims.Aud, iss) || slices.Contains(claims.Aud, iss+"/token")
	if !aud || claims.Jti == "" || !now.Before(ends) || ends.Sub(now) > 10*time.Minute {
		return nil, no
	}
	err = p.DB.Write(r.Context(), func(ctx context.Context, tx bun.Tx) error {
		row := &assertionRow{Hash: hashOf(c.ID + "\x00" + claims.Jti), Ends: db.Time(ends)}
		seen, err := tx.NewSelect().Model((*assertionRow)(nil)).Where("hash = ?", row.Hash).Exists(ctx)
		if err != nil {
			return err
		}
		if seen {
			return no
		}
		_, err = tx.NewInsert().Model(row).Exec(ctx)
		return err
	})
	return c, err
}

// signedBy tells whether one of keys made the signature; a key serves the algorithm that it is for.
func signedBy(t *jose.JSONWebSignature, keys *jose.JSONWebKeySet) bool {
	h := t.Signatures[0].Header
	for _, k := range keys.Keys {
		if (k.Algorithm == "" || k.Algorithm == h.Algorithm) && (h.KeyID == "" || h.KeyID == k.KeyID) {
			if _, err := t.Verify(k.Key); err == nil {
				return true
			}
		}
	}
	return false
}

// audience is one or many (RFC 7519, 4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// oauthError answers an application with what is wrong (RFC 6749, 5.2).
func (p *Provider) oauthError(w http.ResponseWriter, r *http.Request, err error) {
	var f *fault
	if !errors.As(err, &f) {
		p.fail(w, r, err)
		return
	}
	status := http.StatusBadRequest
	switch f.code {
	case "invalid_client":
		status = http.StatusUnauthorized
		if strings.HasPrefix(r.Header.Get("Authorization"), "Basic ") {
			w.Header().Set("WWW-Authenticate", `Basic realm="oidc"`)
		}
	case "temporarily_unavailable":
		status = http.StatusServiceUnavailable
	}
	web.JSON(w, status, map[string]string{"error": f.code, "error_description": f.text})
}
