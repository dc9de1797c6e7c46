package oidc

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

const (
	// keyLife is for how long a key signs; the next is shown to applications keyAhead before, and the last stays shown keyAfter.
	keyLife, keyAhead, keyAfter = 90 * 24 * time.Hour, 24 * time.Hour, 24 * time.Hour
	keyBits                     = 2048
)

// errSealed means that a sealed text is not ours, was changed or is for something else.
var errSealed = errors.New("oidc: not a sealed text of this site")

// sealer makes what is secret unreadable, and what a browser carries for us unchangeable.
type sealer struct{ aead cipher.AEAD }

func newSealer(key [32]byte) (sealer, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return sealer{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return sealer{aead}, err
}

func (s sealer) close(purpose string, plain []byte) string {
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, plain, []byte(purpose)))
}

func (s sealer) open(purpose, text string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errSealed
	}
	plain, err := s.aead.Open(nil, nil, b, []byte(purpose))
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

type keyRow struct {
	bun.BaseModel `bun:"table:identity_oidc_key,alias:k"`
	ID            string    `bun:"id,pk"`
	Secret        string    `bun:"secret"`
	Created       time.Time `bun:"created"`
}

type signingKey struct {
	id      string
	created time.Time
	key     *rsa.PrivateKey
}

// fresh are the keys that are good now, oldest first. There is always one; a new one is made before the last grows old.
func (p *Provider) fresh(ctx context.Context) ([]*signingKey, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Clock.Now()
	if n := len(p.keys); n > 0 && now.Sub(p.keys[n-1].created) < keyLife-keyAhead && now.Sub(p.keys[0].created) < keyLife+keyAfter {
		return p.keys, nil
	}
	var made *keyRow
	var keys []*signingKey
	err := p.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		var rows []*keyRow
		if err := tx.NewSelect().Model(&rows).Where("created > ?", db.Time(now.Add(-keyLife-keyAfter))).OrderExpr("created, id").Scan(ctx); err != nil {
			return err
		}
		if n := len(rows); n == 0 || now.Sub(rows[n-1].Created) >= keyLife-keyAhead {
			var err error
			if made, err = p.newKey(now); err != nil {
				return err
			}
			if _, err := tx.NewInsert().Model(made).Exec(ctx); err != nil {
				return err
			}
			if _, err := tx.NewDelete().Model((*keyRow)(nil)).Where("created <= ?", db.Time(now.Add(-keyLife-keyAfter))).Exec(ctx); err != nil {
				return err
			}
			rows = append(rows, made)
			if err := p.note(ctx, tx, ledger.Program("identity"), "oidc-key", "key:"+made.ID, false, nil); err != nil {
				return err
			}
		}
		keys = make([]*signingKey, len(rows))
		for n, row := range rows {
			var err error
			if keys[n], err = p.opened(row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	p.keys = keys // only now: a key that was not kept must sign nothing
	return keys, nil
}

func (p *Provider) newKey(now time.Time) (*keyRow, error) {
	k, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return nil, err
	}
	id := newID()
	return &keyRow{ID: id, Secret: p.seal.close("key/"+id, der), Created: db.Time(now)}, nil
}

func (p *Provider) opened(row *keyRow) (*signingKey, error) {
	der, err := p.seal.open("key/"+row.ID, row.Secret)
	if err != nil {
		return nil, fmt.Errorf("reading signing key %s: %w", row.ID, err)
	}
	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("reading signing key %s: %w", row.ID, err)
	}
	r, ok := k.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("reading signing key %s: not RSA", row.ID)
	}
	return &signingKey{row.ID, row.Created, r}, nil
}

// signs is the key that signs now: the newest that applications have had time to read, or the only one.
func signs(keys []*signingKey, now time.Time) *signingKey {
	for n := len(keys) - 1; n >= 0; n-- {
		if n == 0 || now.Sub(keys[n].created) >= keyAhead {
			return keys[n]
		}
	}
	return nil
}

// sign makes a JWT of that type ("" for an ID token).
func (p *Provider) sign(ctx context.Context, kind string, claims any) (string, error) {
	keys, err := p.fresh(ctx)
	if err != nil {
		return "", err
	}
	k := signs(keys, p.Clock.Now())
	o := (&jose.SignerOptions{}).WithHeader("kid", k.id)
	if kind != "" {
		o = o.WithType(jose.ContentType(kind))
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: k.key}, o)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed, err := s.Sign(text)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// published are the public halves.
func (p *Provider) published(ctx context.Context) (jose.JSONWebKeySet, error) {
	keys, err := p.fresh(ctx)
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, k := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.key.Public(), KeyID: k.id, Algorithm: "RS256", Use: "sig"})
	}
	return set, err
}

// verified are the claims of a token that we signed, whatever its age.
func (p *Provider) verified(ctx context.Context, text string) (map[string]any, error) {
	t, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, err
	}
	keys, err := p.fresh(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if k.id != t.Signatures[0].Header.KeyID {
			continue
		}
		plain, err := t.Verify(k.key.Public())
		if err != nil {
			return nil, err
		}
		var claims map[string]any
		return claims, json.Unmarshal(plain, &claims)
	}
	return nil, errors.New("oidc: no such key")
}
