package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// Step-up: whoever is signed in proves once more that it is them, on a page of its own or in a dialog of the console. The session gets
// another id and a fresh proof. A session that a passkey opened is proved with a passkey only: a code would be less than it was.

// provePasskey is the page on which a passkey is asked for, and nothing less.
const provePasskey = "/prove?need=passkey"

// waysToProve are the kinds of factors with which p can prove it once more.
func (i *Identity) waysToProve(ctx context.Context, p Person) ([]factorKind, error) {
	kinds, err := secondFactors(ctx, i.db.Read(), p.ID)
	switch {
	case err != nil:
		return nil, err
	case len(kinds) == 0 && slices.Contains(p.Methods, byProvider): // it was they who asked for two
		return []factorKind{providerFactor}, nil
	case len(kinds) == 0:
		return []factorKind{passwordFactor}, nil
	case p.Resistant():
		return []factorKind{passkeyFactor}, nil
	}
	return append(kinds, recoveryFactor), nil
}

// proveByCode renews the session of somebody who shows a code.
func (i *Identity) proveByCode(ctx context.Context, p Person, typed string, from visitor) (opened, error) {
	if p.Resistant() {
		return opened{}, ErrCode
	}
	var o opened
	err := i.withCode(ctx, p.ID, typed, from, func(ctx context.Context, tx bun.Tx, _ *personRow, kind factorKind) (err error) {
		if kind == passFactor {
			return ErrCode // it adds factors, and proves nothing else
		}
		o, err = i.renewed(ctx, tx, p, string(kind), "otp", "mfa")
		return err
	})
	return o, err
}

// proveByPassword renews the session of somebody who has no second factor.
func (i *Identity) proveByPassword(ctx context.Context, p Person, secret string) (opened, error) {
	ways, err := i.waysToProve(ctx, p)
	if err != nil {
		return opened{}, err
	}
	if !slices.Contains(ways, passwordFactor) {
		return opened{}, ErrSignIn
	}
	if err := i.provePassword(ctx, p, secret); err != nil {
		return opened{}, err
	}
	var o opened
	err = i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		o, err = i.renewed(ctx, tx, p, "pwd")
		return err
	})
	return o, err
}

// renewed renews a session and notes by what.
func (i *Identity) renewed(ctx context.Context, tx bun.Tx, p Person, by string, methods ...string) (opened, error) {
	o, err := i.renew(ctx, tx, p, methods...)
	if err != nil {
		return opened{}, err
	}
	return o, i.note(ctx, tx, act{by: p.Actor(), name: "prove", on: "session:" + p.Session, detail: map[string]string{"method": by}})
}

// askProof asks the browser of somebody who is signed in for one of their passkeys.
func (i *Identity) askProof(r *http.Request, p Person) (question, error) {
	w, name, err := i.party(r)
	if err != nil {
		return question{}, err
	}
	h, err := i.holder(r.Context(), p.ID, name)
	if err != nil {
		return question{}, err
	}
	if len(h.keys) == 0 {
		return question{}, errNoPasskey
	}
	options, session, err := w.BeginLogin(h, webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return question{}, err
	}
	sealed, err := i.ceremonies.seal("prove/"+p.ID, session)
	return question{sealed, options.Response}, err
}

// proveByPasskey renews the session of somebody who shows a passkey of theirs.
func (i *Identity) proveByPasskey(r *http.Request, p Person, sealed string, answer []byte) (opened, error) {
	w, name, err := i.party(r)
	if err != nil {
		return opened{}, err
	}
	session, err := i.ceremonies.open(sealed, "prove/"+p.ID)
	if err != nil {
		return opened{}, err
	}
	h, err := i.holder(r.Context(), p.ID, name)
	if err != nil {
		return opened{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return opened{}, fmt.Errorf("%w: %w", ErrPasskey, err)
	}
	key, err := w.ValidateLogin(h, *session, parsed)
	if err != nil {
		i.refusals.addStep(h.row, i.visitorOf(r))
		return opened{}, fmt.Errorf("%w: %w", ErrPasskey, err)
	}
	if !i.ceremonies.spend(session.Challenge) {
		return opened{}, ErrPasskey
	}
	var o opened
	err = i.db.Write(r.Context(), func(ctx context.Context, tx bun.Tx) error {
		good, err := i.useKey(ctx, tx, p.ID, key, i.visitorOf(r))
		if err != nil || !good {
			return err
		}
		methods := methodsOf(key)
		o, err = i.renewed(ctx, tx, p, strings.Join(methods, " "), methods...)
		return err
	})
	if err == nil && o.token == "" {
		err = ErrPasskey
	}
	return o, err
}

// useKey notes that a passkey of somebody was used. One that seems to exist twice (WebAuthn, 6.1.1) is no good any more, and the ledger says so.
func (i *Identity) useKey(ctx context.Context, tx bun.Tx, person string, key *webauthn.Credential, from visitor) (good bool, err error) {
	rows, keys, err := i.passkeys(ctx, tx, person)
	if err != nil {
		return false, err
	}
	for n, k := range keys {
		if !bytes.Equal(k.Credential.ID, key.ID) {
			continue
		}
		copied := key.Authenticator.CloneWarning || k.Credential.Authenticator.CloneWarning
		k.Credential = *key
		k.Credential.Authenticator.CloneWarning = copied
		text, err := json.Marshal(k)
		if err != nil {
			return false, err
		}
		_, err = tx.NewUpdate().Model(rows[n]).Set("secret = ?", string(text)).Set("used = ?", db.Time(i.clock.Now())).WherePK().Exec(ctx)
		if err != nil || !copied {
			return err == nil, err
		}
		return false, i.note(ctx, tx, act{by: ledger.Person(person), name: "passkey-copied", refused: true, on: "passkey:" + rows[n].ID, detail: map[string]string{"address": from.address}})
	}
	return false, ErrPasskey // it was taken away meanwhile
}

// proveForm draws how p can prove it once more.
func (i *Identity) proveForm(r *http.Request, g *page, p Person) error {
	ways, err := i.waysToProve(r.Context(), p)
	g.Title, g.Lead, g.Button = g.T.Prove, g.T.ProveLead, g.T.Confirm
	g.Passkey, g.Proof = slices.Contains(ways, passkeyFactor), true
	g.Providers, err = i.provingWays(r.Context(), p, g, err)
	switch {
	case r.URL.Query().Get("need") == "passkey":
		g.Lead, g.Button = g.T.ProvePasskey, ""
		if !g.Passkey {
			g.Lead = g.T.ProveNoPasskey
		}
	case slices.Contains(ways, providerFactor):
	case slices.Contains(ways, passwordFactor):
		login := g.login(p.Login, "")
		login.Readonly = true
		g.Form = []*field{login, g.password()}
	case !p.Resistant():
		g.Form = []*field{g.code(g.T.CodeHint)}
	}
	return err
}

func (i *Identity) showProve(w http.ResponseWriter, r *http.Request) {
	g, p := i.pages.begin(w, r), me(r)
	if p.enrol {
		http.Redirect(w, r, withNext("/factors", g.Next), http.StatusSeeOther)
		return
	}
	i.answerStep(w, r, g, i.proveForm(r, g, p))
}

func (i *Identity) doProve(w http.ResponseWriter, r *http.Request) {
	g, p := i.pages.begin(w, r), me(r)
	if err := i.proveForm(r, g, p); err != nil || p.enrol {
		i.answerStep(w, r, g, errors.Join(err, ErrStep))
		return
	}
	var o opened
	var err error
	if r.PostForm.Has("password") {
		o, err = i.proveByPassword(r.Context(), p, r.PostFormValue("password"))
	} else {
		o, err = i.proveByCode(r.Context(), p, r.PostFormValue("code"), i.visitorOf(r))
	}
	if err != nil {
		i.answerStep(w, r, g, err)
		return
	}
	setSession(w, o.token)
	http.Redirect(w, r, web.LocalPath(g.Next, "/"), http.StatusSeeOther)
}

// postProve is the same for the console: what can be shown is asked with nothing, and proved with one of the rest.
func (i *Identity) postProve(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Code, Password, Ceremony string
		Passkey                  bool
		Answer                   json.RawMessage
	}
	p := me(r)
	if err := web.ReadJSON(r, &in); err != nil {
		i.fail(w, r, err)
		return
	}
	var o opened
	var err error
	switch {
	case p.enrol:
		err = ErrStep
	case in.Ceremony != "":
		o, err = i.proveByPasskey(r, p, in.Ceremony, in.Answer)
	case in.Code != "":
		o, err = i.proveByCode(r.Context(), p, in.Code, i.visitorOf(r))
	case in.Password != "":
		o, err = i.proveByPassword(r.Context(), p, in.Password)
	case in.Passkey:
		i.tellQuestion(w, r)
		return
	default:
		i.tellWays(w, r)
		return
	}
	if err == nil {
		setSession(w, o.token)
	}
	i.done(w, r, err)
}

func (i *Identity) tellQuestion(w http.ResponseWriter, r *http.Request) {
	q, err := i.askProof(r, me(r))
	if err != nil {
		i.fail(w, r, err)
		return
	}
	web.JSON(w, http.StatusOK, q)
}

func (i *Identity) tellWays(w http.ResponseWriter, r *http.Request) {
	ways, err := i.waysToProve(r.Context(), me(r))
	if err != nil {
		i.fail(w, r, err)
		return
	}
	web.JSON(w, http.StatusOK, map[string]any{"ways": ways})
}
