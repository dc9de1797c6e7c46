package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/uptrace/bun"

	"bulwark/decide/identity"
	"bulwark/platform/db"
	"bulwark/platform/web"
)

const (
	// manyClients is how many applications there can be.
	manyClients = 500
	// manyAddresses is how many addresses of each kind an application can have, longAddress how long each may be.
	manyAddresses, longAddress = 20, 400
)

// How a client says who it is (OpenID Connect Core, 9).
const (
	secretBasic = "client_secret_basic"
	secretPost  = "client_secret_post"
	keyJWT      = "private_key_jwt"
	public      = "none"
)

var (
	// ErrClient means that what is said of an application cannot be.
	ErrClient = errors.New("oidc: not an application")
	// ErrNoClient means that there is no application of that id.
	ErrNoClient = errors.New("oidc: no such application")
)

// Settings is what an administrator says of an application.
type Settings struct {
	// Redirects are the addresses to which people come back: compared byte by byte.
	Redirects []string `json:"redirect_uris"`
	// LogoutRedirects are those after a logout.
	LogoutRedirects []string `json:"post_logout_redirect_uris,omitempty"`
	// Auth is client_secret_basic, client_secret_post, private_key_jwt or none: a program without a secret. Empty means either of the first two:
	// clients differ in which they take by themselves.
	Auth string `json:"token_endpoint_auth_method,omitempty"`
	// Keys are those of private_key_jwt.
	Keys *jose.JSONWebKeySet `json:"jwks,omitempty"`
	// WithoutPKCE lets a client with a secret come without PKCE, for old ones.
	WithoutPKCE bool `json:"without_pkce,omitempty"`
	// OnlyPushed refuses requests that were not pushed (RFC 9126).
	OnlyPushed bool `json:"require_pushed_authorization_requests,omitempty"`
	// Roles are those of which one is needed to enter, duties of the console among them; empty: everybody who can sign in.
	Roles []string `json:"roles,omitempty"`
	// Backchannel is an address of the application that is told when a session ends (OpenID Connect Back-Channel Logout 1.0).
	Backchannel string `json:"backchannel_logout_uri,omitempty"`
	// Levels names more values of acr, with the assurance that each asks for: 1 to 3, 4 for a phishing-resistant second factor and 5
	// for one in hardware. Pro Santé Connect gives a local provider of identity such names.
	Levels map[string]int `json:"levels,omitempty"`
	// Least is the level that is asked for where the application asks for none.
	Least int `json:"least_level,omitempty"`
	// Methods renames values of amr (RFC 8176) for this application; where there are some, others are left out.
	Methods map[string]string `json:"amr,omitempty"`
	// Pairing is for how many hours a sign-in to it counts; 0: as long as the session.
	Pairing int `json:"pairing_hours,omitempty"`
}

// Client is an application.
type Client struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Settings  Settings  `json:"settings"`
	Created   time.Time `json:"created"`
	CreatedBy string    `json:"created_by"`
}

type clientRow struct {
	bun.BaseModel `bun:"table:identity_oidc_client,alias:c"`
	ID            string    `bun:"id,pk"`
	Name          string    `bun:"name"`
	Secret        string    `bun:"secret"`
	Settings      Settings  `bun:"settings,type:jsonb"`
	Created       time.Time `bun:"created"`
	CreatedBy     string    `bun:"created_by"`
}

func (c *clientRow) client() Client {
	return Client{c.ID, c.Name, c.Settings, c.Created, c.CreatedBy}
}

// says tells whether the client may say who it is in that way.
func (c *clientRow) says(method string) bool {
	if c.Settings.Auth == "" {
		return method == secretBasic || method == secretPost
	}
	return c.Settings.Auth == method
}

// lets tells whether the settings let somebody in.
func (c *clientRow) lets(p identity.Person) bool {
	return len(c.Settings.Roles) == 0 || slices.ContainsFunc(c.Settings.Roles, func(r string) bool { return p.Has(web.Duty(r)) || slices.Contains(p.Roles, r) })
}

// counts tells whether a proof of that time is still good for the application.
func (c *clientRow) counts(proved, now time.Time) bool {
	h := time.Duration(c.Settings.Pairing) * time.Hour
	return h == 0 || now.Sub(proved) <= h
}

func (s *Settings) check() error {
	if len(s.Redirects) == 0 {
		return fmt.Errorf("%w: redirect_uris: there is none", ErrClient)
	}
	if len(s.Redirects) > manyAddresses || len(s.Roles) > manyAddresses || len(s.LogoutRedirects) > manyAddresses {
		return fmt.Errorf("%w: more than %d addresses or roles", ErrClient, manyAddresses)
	}
	all := slices.Concat(s.Redirects, s.LogoutRedirects)
	if s.Backchannel != "" {
		all = append(all, s.Backchannel)
	}
	for _, u := range all {
		if err := checkAddress(u); err != nil {
			return err
		}
	}
	for _, r := range s.Roles {
		if !regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`).MatchString(r) {
			return fmt.Errorf("%w: roles: not a word of small letters, digits and hyphens: %.100q", ErrClient, r)
		}
	}
	for name, n := range s.Levels {
		if n < 1 || n > topLevel || len(name) > 100 {
			return fmt.Errorf("%w: levels.%.100s: not 1 to %d", ErrClient, name, topLevel)
		}
	}
	if s.Least < 0 || s.Least > topLevel || s.Pairing < 0 || s.Pairing > 24*366 || len(s.Levels) > 20 || len(s.Methods) > 20 {
		return fmt.Errorf("%w: least_level, pairing_hours, levels or amr: out of bounds", ErrClient)
	}
	if err := s.checkMethods(); err != nil {
		return err
	}
	return s.checkAuth()
}

// checkMethods refuses what would leave a way to sign in out of every token without a word: a name of amr that nothing here has, or that becomes nothing.
func (s *Settings) checkMethods() error {
	for m, name := range s.Methods {
		if !slices.Contains(knownMethods(), m) {
			return fmt.Errorf("%w: amr.%.100s: none of %s", ErrClient, m, strings.Join(knownMethods(), " "))
		}
		if !regexp.MustCompile(`^[!-~]{1,100}$`).MatchString(name) {
			return fmt.Errorf("%w: amr.%s: not a word of at most 100 letters", ErrClient, m)
		}
	}
	return nil
}

func (s *Settings) checkAuth() error {
	switch s.Auth {
	case "", secretBasic, secretPost:
		return nil
	case public:
		if s.WithoutPKCE {
			return fmt.Errorf("%w: without_pkce: who has no secret needs PKCE", ErrClient)
		}
		return nil
	case keyJWT:
		if s.Keys == nil || len(s.Keys.Keys) == 0 || len(s.Keys.Keys) > 10 {
			return fmt.Errorf("%w: jwks: needs one to ten keys", ErrClient)
		}
		for _, k := range s.Keys.Keys {
			if !k.Valid() || !k.IsPublic() {
				return fmt.Errorf("%w: jwks: not a public key", ErrClient)
			}
		}
		return nil
	}
	return fmt.Errorf("%w: token_endpoint_auth_method: none of %s, %s, %s, %s", ErrClient, secretBasic, secretPost, keyJWT, public)
}

// checkAddress refuses what is no whole address of a web page: it would be read differently by somebody.
func checkAddress(text string) error {
	bad := fmt.Errorf("%w: not a whole https address: %.100q", ErrClient, text)
	if len(text) > longAddress || strings.ContainsFunc(text, func(r rune) bool { return r <= 0x20 || r >= 0x7f || strings.ContainsRune("\\*#", r) }) {
		return bad
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil {
		return bad
	}
	ip := net.ParseIP(u.Hostname())
	loopback := ip != nil && ip.IsLoopback() || u.Hostname() == "localhost" // RFC 8252, 8.3
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback) {
		return bad
	}
	return nil
}

// Register keeps a new application. The secret is told once; "" where it needs none.
func (p *Provider) Register(ctx context.Context, actor, id, name string, s Settings) (Client, string, error) {
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,62}$`).MatchString(id) {
		return Client{}, "", fmt.Errorf("%w: id: not 2 to 63 of a-z, 0-9 and . _ -", ErrClient)
	}
	if name = strings.TrimSpace(name); name == "" || len(name) > 200 {
		return Client{}, "", fmt.Errorf("%w: name: empty or too long", ErrClient)
	}
	if err := s.check(); err != nil {
		return Client{}, "", err
	}
	row := &clientRow{ID: id, Name: name, Settings: s, Created: db.Time(p.Clock.Now()), CreatedBy: actor}
	secret := ""
	if row.says(secretBasic) || row.says(secretPost) {
		secret = newSecret()
		row.Secret = hashOf(secret)
	}
	err := p.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		n, err := tx.NewSelect().Model((*clientRow)(nil)).Count(ctx)
		if err != nil {
			return err
		}
		taken, err := tx.NewSelect().Model((*clientRow)(nil)).Where("id = ?", id).Exists(ctx)
		if err != nil {
			return err
		}
		if taken || n >= manyClients {
			return fmt.Errorf("%w: id: taken, or there are %d already", ErrClient, manyClients)
		}
		if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
			return err
		}
		text, err := json.Marshal(s.Redirects)
		return errors.Join(err, p.note(ctx, tx, actor, "application", "application:"+id, false, map[string]string{"redirects": string(text)}))
	})
	return row.client(), secret, err
}

// Remove takes an application away, with all that it was given.
func (p *Provider) Remove(ctx context.Context, actor, id string) error {
	return p.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		r, err := tx.NewDelete().Model((*clientRow)(nil)).Where("id = ?", id).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrNoClient)
		}
		_, err = tx.NewUpdate().Model((*grantRow)(nil)).Set("ended = ?", db.Time(p.Clock.Now())).Where("client = ? AND ended IS NULL", id).Exec(ctx)
		return errors.Join(err, p.note(ctx, tx, actor, "drop-application", "application:"+id, false, nil))
	})
}

// Clients are all applications.
func (p *Provider) Clients(ctx context.Context) ([]Client, error) {
	var rows []*clientRow
	err := p.DB.Read().NewSelect().Model(&rows).OrderExpr("id").Scan(ctx)
	all := make([]Client, len(rows))
	for n, c := range rows {
		all[n] = c.client()
	}
	return all, err
}

// client is the application of that id, or [ErrNoClient].
func (p *Provider) client(ctx context.Context, id string) (*clientRow, error) {
	c := &clientRow{}
	err := p.DB.Read().NewSelect().Model(c).Where("id = ?", id).Scan(ctx)
	if db.NotFound(err) {
		return nil, ErrNoClient
	}
	return c, err
}
