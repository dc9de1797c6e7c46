package oidc

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/uptrace/bun"

	"bulwark/decide/identity"
	"bulwark/platform/db"
)

// logout ends the session of whoever an ID token of ours tells of, and leads to an address that its application registered (OpenID
// Connect RP-Initiated Logout 1.0). Without such a token nothing happens: a link of anybody's must sign nobody out.
func (p *Provider) logout(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	claims, err := p.verified(r.Context(), v.Get("id_token_hint"))
	sub, _ := claims["sub"].(string)
	aud, _ := claims["aud"].(string)
	if err != nil || sub == "" {
		p.fail(w, r, bad("invalid_request", "id_token_hint is none of ours"))
		return
	}
	c, err := p.client(r.Context(), aud)
	to := v.Get("post_logout_redirect_uri")
	if err == nil && to != "" && !slices.Contains(c.Settings.LogoutRedirects, to) {
		err = bad("invalid_request", "post_logout_redirect_uri is not registered")
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	who, in, err := p.People.Asked(r)
	if err == nil && in && who.ID == sub && p.ofSession(r.Context(), claims, who) {
		err = p.People.Leave(w, r)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if to == "" {
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
		return
	}
	u, err := url.Parse(to)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if s := v.Get("state"); s != "" {
		q := url.Values{"state": {s}}.Encode()
		if u.RawQuery != "" {
			q = u.RawQuery + "&" + q
		}
		u.RawQuery = q
	}
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
}

// mostPosted is how long a logout that was posted may be, as part of an address.
const mostPosted = 16 << 10

// logoutPosted has the browser ask again by GET. It changes nothing.
func logoutPosted(w http.ResponseWriter, r *http.Request) {
	v := url.Values{}
	if err := r.ParseForm(); err == nil {
		for _, name := range []string{"id_token_hint", "post_logout_redirect_uri", "state"} {
			if x := r.PostForm.Get(name); x != "" {
				v.Set(name, x)
			}
		}
	}
	to := "/oidc/logout?" + v.Encode()
	if len(to) > mostPosted {
		http.Error(w, http.StatusText(http.StatusRequestEntityTooLarge), http.StatusRequestEntityTooLarge)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// ofSession tells whether an ID token was given to this session: another of the same person's goes on. Of a sign-in that was forgotten since, the
// person is enough.
func (p *Provider) ofSession(ctx context.Context, claims map[string]any, who identity.Person) bool {
	sid, _ := claims["sid"].(string)
	g := &grantRow{}
	err := p.DB.Read().NewSelect().Model(g).Where("id = ?", sid).Scan(ctx)
	return err != nil || g.Session == who.Session
}

// revoke ends the family of a token that an application hands back (RFC 7009). It never says whether there was one.
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) {
	c, err := p.authenticate(r)
	if err == nil { // whatever it opens now: who may not use it today may again tomorrow
		err = p.DB.Write(r.Context(), func(ctx context.Context, tx bun.Tx) error {
			family := tx.NewSelect().Model((*tokenRow)(nil)).Column("family").Where("hash = ?", hashOf(r.PostForm.Get("token")))
			_, err := tx.NewUpdate().Model((*grantRow)(nil)).Set("ended = ?", db.Time(p.Clock.Now())).Where("id IN (?) AND client = ? AND ended IS NULL", family, c.ID).Exec(ctx)
			return err
		})
	}
	if err != nil {
		p.oauthError(w, r, err)
	}
}
