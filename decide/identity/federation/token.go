package federation

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha256" // thumbprints
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"
)

const sha256ID = crypto.SHA256

// keysAgain is how soon the keys of a provider are read again because one is not among them.
const keysAgain = 10 * time.Second

// keys are those by which a provider signs. They are read when one is missing or they are old, by one at a time and not too often.
type keys struct {
	p       *Provider
	reading sync.Mutex // held while they are read, before mu

	mu    sync.Mutex // guards what follows
	set   jose.JSONWebKeySet
	read  time.Time
	tried time.Time // to read them; zero: never
	fault error     // of the last try
}

// fetch reads the keys. It may take longer than whoever asked waits: others ask as well.
func (k *keys) fetch(ctx context.Context) (jose.JSONWebKeySet, error) {
	k.reading.Lock()
	defer k.reading.Unlock()
	return k.fetchHeld(ctx)
}

func (k *keys) fetchHeld(ctx context.Context) (jose.JSONWebKeySet, error) {
	ctx = context.WithoutCancel(ctx)
	var set jose.JSONWebKeySet
	e, err := k.p.endpoints(ctx, foundLife)
	if err == nil {
		err = k.p.get(ctx, e.Keys, &set)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tried, k.fault = k.p.clock.Now(), err
	if err == nil {
		k.set, k.read = set, k.tried
	}
	return k.set, err
}

// again are the keys, read anew unless that was tried a moment ago.
func (k *keys) again(ctx context.Context) (jose.JSONWebKeySet, error) {
	k.reading.Lock()
	defer k.reading.Unlock()
	k.mu.Lock()
	set, tried, fault := k.set, k.tried, k.fault
	k.mu.Unlock()
	if !tried.IsZero() && k.p.clock.Now().Sub(tried) < keysAgain {
		return set, fault
	}
	return k.fetchHeld(ctx)
}

// VerifySignature is what of a JWT the provider signed, with the algorithm that was agreed on.
func (k *keys) VerifySignature(ctx context.Context, text string) ([]byte, error) {
	t, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(k.p.Config.Algorithm)})
	if err != nil {
		return nil, errors.New("not a JWT that is signed with " + k.p.Config.Algorithm)
	}
	k.mu.Lock()
	set, read := k.set, k.read
	k.mu.Unlock()
	if plain := fits(t, set); plain != nil && k.p.clock.Now().Sub(read) < foundLife {
		return plain, nil
	}
	// One that the provider took back is good no longer than this; while it is away, those that were read go on.
	set, err = k.again(ctx)
	if plain := fits(t, set); plain != nil {
		return plain, nil
	}
	if err != nil {
		return nil, err
	}
	return nil, errors.New("signed with a key that the provider has not")
}

// fits tries the key that a JWT names, or each where it names none. nil: none fits.
func fits(t *jose.JSONWebSignature, set jose.JSONWebKeySet) []byte {
	h := t.Signatures[0].Header
	for _, key := range set.Keys {
		if h.KeyID != "" && key.KeyID != h.KeyID || key.Use == "enc" || key.Algorithm != "" && key.Algorithm != h.Algorithm || !asymmetric(key.Key) {
			continue
		}
		if plain, err := t.Verify(key.Key); err == nil {
			return plain
		}
	}
	return nil
}

// asymmetric keeps a key that everybody may read from being taken for a shared secret.
func asymmetric(key any) bool {
	switch key.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	}
	return false
}

// opened is the signed token inside an encrypted one, or text itself where it is not encrypted.
func (p *Provider) opened(text string) (string, error) {
	if strings.Count(text, ".") != 4 {
		return text, nil
	}
	if p.opens == nil {
		return "", errors.New("encrypted, and there is no decryption_key")
	}
	t, err := jose.ParseEncryptedCompact(text, []jose.KeyAlgorithm{jose.RSA_OAEP, jose.RSA_OAEP_256}, []jose.ContentEncryption{jose.A128GCM, jose.A192GCM, jose.A256GCM, jose.A128CBC_HS256, jose.A192CBC_HS384, jose.A256CBC_HS512})
	if err != nil {
		return "", errors.New("encrypted in a way that is not taken")
	}
	if id := t.Header.KeyID; id != "" && id != p.opensID {
		return "", fmt.Errorf("encrypted for the key %q; ours is %q", printable(id), p.opensID)
	}
	plain, err := t.Decrypt(p.opens)
	if err != nil {
		return "", errors.New("encrypted for another key")
	}
	return string(plain), nil
}

// assertionSigner signs who we are with the key in a file.
func assertionSigner(name string) (jose.Signer, error) {
	key, err := privateKey(name)
	if err != nil {
		return nil, err
	}
	var alg jose.SignatureAlgorithm
	var public any
	switch k := key.(type) {
	case *rsa.PrivateKey:
		alg, public = jose.RS256, &k.PublicKey
	case *ecdsa.PrivateKey:
		alg, public = map[int]jose.SignatureAlgorithm{256: jose.ES256, 384: jose.ES384, 521: jose.ES512}[k.Curve.Params().BitSize], &k.PublicKey
	case ed25519.PrivateKey:
		alg, public = jose.EdDSA, k.Public()
	}
	if alg == "" {
		return nil, fmt.Errorf("%s is of a kind that signs nothing here", name)
	}
	id, err := thumbprint(public)
	if err != nil {
		return nil, err
	}
	return jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", id))
}

// believe checks the ID token (OpenID Connect Core 3.1.3.7).
func (p *Provider) believe(ctx context.Context, token *oauth2.Token, b Begun) (*Arrival, error) {
	raw, _ := token.Extra("id_token").(string)
	no := func(format string, a ...any) error {
		return fmt.Errorf("%w: ID token: %s", ErrRefused, fmt.Sprintf(format, a...))
	}
	if raw == "" {
		return nil, no("there is none")
	}
	text, err := p.opened(raw)
	if err != nil {
		return nil, no("%v", err)
	}
	t, err := p.verifier.Verify(ctx, text)
	if errors.Is(err, ErrAway) {
		return nil, err
	}
	if err != nil {
		return nil, no("%v", err)
	}
	var c struct {
		Party   string   `json:"azp"`
		Class   string   `json:"acr"`
		Methods []string `json:"amr"`
		Session string   `json:"sid"`
		Proved  int64    `json:"auth_time"`
	}
	var all map[string]any
	if errors.Join(t.Claims(&c), t.Claims(&all)) != nil {
		return nil, no("its claims are not what the standard says")
	}
	now := p.clock.Now()
	switch {
	case t.Subject == "" || len(t.Subject) > 255:
		return nil, no("sub")
	case t.IssuedAt.IsZero(), t.IssuedAt.After(now.Add(skew)), t.IssuedAt.Before(now.Add(-oldest)):
		return nil, no("iat")
	case t.Nonce != b.Nonce || b.Nonce == "" && !b.pushed:
		return nil, no("nonce")
	case len(t.Audience) > 1 && c.Party == "", c.Party != "" && c.Party != p.Config.Client:
		return nil, no("azp")
	case !b.Since.IsZero() && time.Unix(c.Proved, 0).Before(b.Since.Add(-skew)):
		return nil, no("auth_time")
	case len(p.Config.Classes) > 0 && !slices.Contains(p.Config.Classes, c.Class):
		return nil, no("acr %q is none of %s", printable(c.Class), strings.Join(p.Config.Classes, ", "))
	}
	if t.AccessTokenHash != "" {
		if err := t.VerifyAccessToken(token.AccessToken); err != nil {
			return nil, no("at_hash")
		}
	}
	return &Arrival{Issuer: t.Issuer, Subject: t.Subject, Session: c.Session, Class: c.Class, Methods: c.Methods, Token: raw, claims: all}, nil
}

// Ended is who a provider says has signed out there: a session of its own, or all of somebody.
type Ended struct{ Issuer, Session, Subject, token string }

// Unheard has a logout token count once more: what it says could not be done.
func (p *Provider) Unheard(e Ended) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.used, e.token)
}

// Hear reads a logout token (OpenID Connect Back-Channel Logout 1.0, 2.6). The same counts once.
func (p *Provider) Hear(ctx context.Context, text string) (Ended, error) {
	text, err := p.opened(text)
	if err != nil {
		return Ended{}, fmt.Errorf("%w: logout token: %w", ErrRefused, err)
	}
	t, err := p.verifier.VerifyLogout(ctx, text)
	now := p.clock.Now()
	switch {
	case errors.Is(err, ErrAway):
		return Ended{}, err
	case err != nil:
		return Ended{}, fmt.Errorf("%w: logout token: %w", ErrRefused, err)
	case t.IssuedAt.IsZero() || t.IssuedAt.After(now.Add(skew)) || t.IssuedAt.Before(now.Add(-oldest)):
		return Ended{}, fmt.Errorf("%w: logout token: iat", ErrRefused)
	case !p.first(t.TokenID):
		return Ended{}, fmt.Errorf("%w: logout token: it was heard before", ErrRefused)
	}
	return Ended{t.Issuer, t.SessionID, t.Subject, t.TokenID}, nil
}

// manyHeard bounds the logout tokens that are remembered; a signature of the provider is needed to add one.
const manyHeard = 10000

// first notes the id of a logout token, and tells whether it is new.
func (p *Provider) first(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	if len(p.used) >= manyHeard {
		for k, at := range p.used {
			if now.Sub(at) > oldest+skew {
				delete(p.used, k)
			}
		}
	}
	if _, again := p.used[id]; again || len(p.used) >= manyHeard {
		return false
	}
	p.used[id] = now
	return true
}
