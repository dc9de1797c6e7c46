package identity

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/uptrace/bun"

	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

var (
	// ErrPasskey means that what a browser answered proves nothing: it is too late, comes again, or is of a passkey that is not known.
	ErrPasskey = errors.New("identity: not a passkey that is known here")
	// ErrPasskeyName means that the console is reached by an address: browsers keep passkeys for names alone (WebAuthn, 5.1.2).
	ErrPasskeyName = errors.New("identity: passkeys need a name, not an address")
	// ErrManyPasskeys means that a person has as many as there can be.
	ErrManyPasskeys = errors.New("identity: too many passkeys")
	// ErrLabel means that a label is empty, longer than 60 characters, or not printable.
	ErrLabel = errors.New("identity: not a label")
	// errNoPasskey means that a person has no passkey of that id.
	errNoPasskey = errors.New("identity: no such passkey")
	// errProve means that it is too long ago that a person proved who they are.
	errProve = errors.New("identity: the password is needed once more")
)

const (
	passkeyFactor factorKind = "passkey"
	// manyPasskeys is how many one person can have.
	manyPasskeys = 10
	// ceremonyLife is how long somebody may look for their key.
	ceremonyLife = 5 * time.Minute
	// FreshProof is how long after a proof one's factors can be changed, or done what policies ask a step-up for, without another.
	FreshProof = 10 * time.Minute
)

// passkey is what is kept of a passkey as a factor's secret. None of it is secret.
type passkey struct {
	Name       string              `json:"name"` // of the console that it was made for
	Credential webauthn.Credential `json:"credential"`
}

// holder is a person as the library asks for them. The handle is the person's id, which says nothing of them (WebAuthn, 14.6.1).
type holder struct {
	row  *personRow
	keys []webauthn.Credential
}

func (h *holder) WebAuthnID() []byte                         { return []byte(h.row.ID) }
func (h *holder) WebAuthnName() string                       { return h.row.Login }
func (h *holder) WebAuthnDisplayName() string                { return h.row.Name }
func (h *holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

// party is the console under the name that r came by, which the server has checked.
func (i *Identity) party(r *http.Request) (*webauthn.WebAuthn, string, error) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	host = strings.ToLower(host)
	if net.ParseIP(strings.Trim(host, "[]")) != nil {
		return nil, "", ErrPasskeyName
	}
	name := "Bulwark"
	if i.config.Hospital != "" {
		name += " " + i.config.Hospital
	}
	w, err := webauthn.New(&webauthn.Config{RPID: host, RPDisplayName: name, RPOrigins: []string{"https://" + r.Host},
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired}})
	return w, host, err
}

// ceremonies signs what the server must remember of a question until it is answered, so that nobody fills its memory with questions. An
// answer counts once.
type ceremonies struct {
	key   [32]byte
	clock clock.Clock

	mu    sync.Mutex           // guards what follows
	used  map[string]time.Time // challenges that were answered rightly, until they are too old
	swept time.Time
}

// ceremony is one question: made to add a passkey, or to sign in.
type ceremony struct {
	For     string               `json:"for"` // the person who adds one; "" to sign in
	Ends    time.Time            `json:"ends"`
	Session webauthn.SessionData `json:"session"`
}

func (c *ceremonies) sign(text string) string {
	m := hmac.New(sha256.New, c.key[:])
	m.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func (c *ceremonies) seal(person string, s *webauthn.SessionData) (string, error) {
	p, err := json.Marshal(ceremony{person, c.clock.Now().Add(ceremonyLife), *s})
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(p)
	return text + "." + c.sign(text), nil
}

// open is the question that was sealed, or [ErrPasskey].
func (c *ceremonies) open(sealed, person string) (*webauthn.SessionData, error) {
	text, mac, _ := strings.Cut(sealed, ".")
	p, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || !hmac.Equal([]byte(mac), []byte(c.sign(text))) {
		return nil, ErrPasskey
	}
	var q ceremony
	if err := json.Unmarshal(p, &q); err != nil || q.For != person || !c.clock.Now().Before(q.Ends) {
		return nil, ErrPasskey
	}
	return &q.Session, nil
}

// manySpent bounds the questions that are remembered: more are not answered in their life, as sign-ins of all together are counted.
const manySpent = 50_000

// spend notes that a question was answered. It tells whether this is the first time; where too many are remembered it says no.
func (c *ceremonies) spend(challenge string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Now()
	if now.Sub(c.swept).Abs() >= time.Second {
		c.swept = now
		maps.DeleteFunc(c.used, func(_ string, end time.Time) bool { return now.After(end) })
	}
	_, again := c.used[challenge]
	if again || len(c.used) >= manySpent {
		return false
	}
	c.used[challenge] = now.Add(ceremonyLife)
	return true
}

// passkeys are those of a person, with their rows.
func (i *Identity) passkeys(ctx context.Context, tx bun.IDB, person string) (rows []*factorRow, keys []passkey, err error) {
	err = tx.NewSelect().Model(&rows).Where("person = ? AND kind = ?", person, passkeyFactor).OrderExpr("id").Scan(ctx)
	for _, row := range rows {
		var k passkey
		if err := json.Unmarshal([]byte(row.Secret), &k); err != nil {
			return nil, nil, fmt.Errorf("reading passkey %s: %w", row.ID, err)
		}
		keys = append(keys, k)
	}
	return rows, keys, err
}

// holder is a person with the passkeys that they made for the console of that name.
func (i *Identity) holder(ctx context.Context, id, name string) (*holder, error) {
	if h, lost, err := i.keyHolder(id, name); lost {
		return h, err
	}
	p, err := person(ctx, i.db.Read(), id)
	if i.lose(ctx, err) {
		h, _, err := i.keyHolder(id, name)
		return h, err
	}
	if err != nil {
		return nil, err
	}
	if !p.Disabled.IsZero() {
		return nil, ErrNoPerson
	}
	_, keys, err := i.passkeys(ctx, i.db.Read(), id)
	h := &holder{row: p}
	for _, k := range keys {
		if k.Name == name {
			h.keys = append(h.keys, k.Credential)
		}
	}
	return h, err
}

// proved refuses to change factors in a session whose person proved long ago who they are.
func (i *Identity) proved(p Person) error {
	if i.clock.Now().Sub(p.Proved) < FreshProof {
		return nil
	}
	return errProve
}

// question is what a browser is asked, and what it must bring back with its answer.
type question struct {
	Ceremony string `json:"ceremony"`
	Options  any    `json:"options"`
}

// askNew asks the browser of a person for a new passkey.
func (i *Identity) askNew(r *http.Request, p Person) (question, error) {
	w, name, err := i.party(r)
	if err != nil {
		return question{}, err
	}
	if err := i.proved(p); err != nil && !p.enrol {
		return question{}, err
	}
	h, err := i.holder(r.Context(), p.ID, name)
	if err != nil {
		return question{}, err
	}
	var have []protocol.CredentialDescriptor
	for n := range h.keys {
		have = append(have, h.keys[n].Descriptor())
	}
	options, session, err := w.BeginRegistration(h, webauthn.WithExclusions(have), webauthn.WithConveyancePreference(conveyance(i.rulesFor(h.row.Duties, h.row.Roles))))
	if err != nil {
		return question{}, err
	}
	sealed, err := i.ceremonies.seal(p.ID, session)
	return question{sealed, options.Response}, err
}

// addPasskey keeps the passkey that a browser made. Where the password alone opened the session, it is worth the passkey now.
func (i *Identity) addPasskey(r *http.Request, p Person, sealed, label string, answer []byte) (opened, error) {
	label = strings.TrimSpace(label)
	if label == "" || utf8.RuneCountInString(label) > 60 || strings.ContainsFunc(label, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return opened{}, ErrLabel
	}
	made, text, err := i.madePasskey(r, p, sealed, answer)
	if err != nil {
		return opened{}, err
	}
	var o opened
	err = i.change(r.Context(), p.ID, act{by: p.Actor(), name: "passkey", detail: map[string]string{"aaguid": fmt.Sprintf("%x", made.Authenticator.AAGUID)}},
		func(ctx context.Context, tx bun.Tx, _ *personRow) error {
			rows, keys, err := i.passkeys(ctx, tx, p.ID)
			if err != nil {
				return err
			}
			if o, err = i.enrolled(ctx, tx, p, methodsOf(made)...); err != nil {
				return err
			}
			if len(rows) >= manyPasskeys {
				return ErrManyPasskeys
			}
			for n := range keys {
				if bytes.Equal(keys[n].Credential.ID, made.ID) {
					return ErrPasskey
				}
			}
			_, err = tx.NewInsert().Model(&factorRow{ID: newID(), Person: p.ID, Kind: passkeyFactor, Label: label, Secret: text, Created: db.Time(i.clock.Now())}).Exec(ctx)
			return err
		})
	return o, err
}

// madePasskey is the passkey that a browser made when it was asked, and how it is kept.
func (i *Identity) madePasskey(r *http.Request, p Person, sealed string, answer []byte) (*webauthn.Credential, string, error) {
	w, name, err := i.party(r)
	if err != nil {
		return nil, "", err
	}
	session, err := i.ceremonies.open(sealed, p.ID)
	if err != nil {
		return nil, "", err
	}
	h, err := i.holder(r.Context(), p.ID, name)
	if err != nil {
		return nil, "", err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrPasskey, err)
	}
	made, err := w.CreateCredential(h, *session, parsed)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrPasskey, err)
	}
	if !i.ceremonies.spend(session.Challenge) {
		return nil, "", ErrPasskey
	}
	why, err := i.models.outside(i.rulesFor(h.row.Duties, h.row.Roles), made, i.clock.Now())
	if err != nil {
		i.log.ErrorContext(r.Context(), "a passkey cannot be judged by the rules", "error", err)
	}
	if why != "" {
		return nil, "", fmt.Errorf("%w: %s", ErrModel, why)
	}
	text, err := json.Marshal(passkey{name, *made})
	return made, string(text), err
}

// dropPasskey takes a passkey of one's own away.
func (i *Identity) dropPasskey(ctx context.Context, p Person, id string) error {
	if err := i.proved(p); err != nil {
		return err
	}
	return i.change(ctx, p.ID, act{by: p.Actor(), name: "drop-passkey", detail: map[string]string{"passkey": id}}, func(ctx context.Context, tx bun.Tx, row *personRow) error {
		r, err := tx.NewDelete().Model((*factorRow)(nil)).Where("id = ? AND person = ? AND kind = ?", id, p.ID, passkeyFactor).Exec(ctx)
		if err := changedOne(r, err, errNoPasskey); err != nil {
			return err
		}
		return i.stillSafe(ctx, tx, row)
	})
}

// askWho asks whoever stands before a browser for any passkey. Nobody has to say first who they are, so that it tells nothing about logins.
func (i *Identity) askWho(r *http.Request) (question, error) {
	w, _, err := i.party(r)
	if err != nil {
		return question{}, err
	}
	options, session, err := w.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return question{}, err
	}
	sealed, err := i.ceremonies.seal("", session)
	return question{sealed, options.Response}, err
}

// signInByPasskey opens a session for whoever holds a passkey. How often others failed before does not matter: a key cannot be guessed, so
// nobody who has one is ever made to wait.
func (i *Identity) signInByPasskey(r *http.Request, sealed string, answer []byte) (opened, error) {
	ctx, from := r.Context(), i.visitorOf(r)
	w, name, err := i.party(r)
	if err != nil {
		return opened{}, err
	}
	session, err := i.ceremonies.open(sealed, "")
	if err != nil {
		return opened{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return opened{}, fmt.Errorf("%w: %w", ErrPasskey, err)
	}
	var who *holder
	_, key, err := w.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		h, err := i.holder(ctx, string(handle), name)
		who = h
		return h, err
	}, *session, parsed)
	if err != nil {
		if who != nil {
			i.refusals.add(who.row, from)
		} else {
			i.refusals.add(nil, from)
		}
		return opened{}, fmt.Errorf("%w: %w", ErrPasskey, err)
	}
	if !i.ceremonies.spend(session.Challenge) {
		return opened{}, ErrPasskey
	}
	var o opened
	if !i.memory.isLost() {
		err = i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			o, err = i.welcomeKey(ctx, tx, who.row.ID, key, from)
			return err
		})
		i.lose(ctx, err)
	}
	if i.memory.isLost() {
		o, err = i.welcomeLost(who.row, key, from)
	}
	if err == nil {
		i.refusals.finish(who.row.ID, from)
	}
	return o, err
}

// welcomeKey opens the session of whoever proved to hold a passkey, unless the passkey seems to exist twice (WebAuthn, 6.1.1): then it opens
// nothing any more, and the ledger says so.
func (i *Identity) welcomeKey(ctx context.Context, tx bun.Tx, id string, key *webauthn.Credential, from visitor) (opened, error) {
	p, err := person(ctx, tx, id)
	if err != nil || !p.Disabled.IsZero() {
		return opened{}, errors.Join(err, ErrPasskey)
	}
	good, err := i.useKey(ctx, tx, id, key, from)
	if err != nil || !good {
		return opened{}, err
	}
	methods := methodsOf(key)
	o, err := i.open(ctx, tx, id, methods, from)
	if err != nil {
		return opened{}, err
	}
	return o, i.note(ctx, tx, act{by: ledger.Person(id), name: "sign-in", detail: map[string]string{"address": from.address, "method": strings.Join(methods, " ")}})
}

// methodsOf says what a passkey proved (RFC 8176): a key in hardware, or one that is synchronised; that its holder was there, and two factors.
func methodsOf(key *webauthn.Credential) []string {
	kind := "hwk"
	if key.Flags.BackupEligible {
		kind = "swk"
	}
	return []string{kind, "user", "mfa"}
}
