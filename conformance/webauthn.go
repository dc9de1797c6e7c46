package conformance

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bulwark/decide/identity/identitytest"
)

// runWebAuthn holds passkeys against our own doors: the vectors of the specification (WebAuthn level 3, 16), as the library carries
// them, and an authenticator of ours that lies in every way that the steps of 7.1 and 7.2 are there to notice.
func runWebAuthn(ctx context.Context, b *Bench) ([]Case, error) {
	d, err := openDesk(ctx, b.Scratch)
	if err != nil {
		return nil, err
	}
	vectors, err := d.vectors(ctx)
	return append(vectors, d.lies()...), errors.Join(err, d.db.Close())
}

// lie is one answer of a browser, right but for one thing.
type lie struct {
	name string
	at   string
	// tell changes what authenticator and browser say.
	tell func(a *identitytest.Authenticator, c *identitytest.Client)
	// bend changes how it is sent.
	bend func(d *desk, a *identitytest.Authenticator, q question, answer json.RawMessage) bool
	// party is the name that the authenticator signs for; empty: ours.
	party string
	taken bool
}

func (d *desk) lies() []Case {
	var cases []Case
	for _, l := range append(liesAnywhere(), liesOfItsOwn()...) {
		for _, at := range []string{atNew, atSignIn, atProof} {
			if l.at != "" && l.at != at {
				continue
			}
			c := Case{Family: map[string]string{atNew: "made", atSignIn: "signs in", atProof: "proves"}[at], Name: l.name + " at " + at}
			if taken, err := d.hear(l, at); err != nil {
				c.Why = err.Error()
			} else if taken != l.taken {
				c.Why = fmt.Sprintf("taken: %v", taken)
			}
			cases = append(cases, c)
		}
	}
	return cases
}

// hear has l told at a door, and answers whether it was believed.
func (d *desk) hear(l lie, at string) (taken bool, err error) {
	a, err := d.key(at != atNew)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, d.forget()) }()
	q, err := d.question(at)
	if err != nil {
		return false, err
	}
	a.Counter++
	c := identitytest.Client{Type: "webauthn.get", Challenge: q.Options.Challenge, Origin: partyFrom}
	say := a.Show
	if at == atNew {
		c.Type, say = "webauthn.create", a.Make
	}
	if l.tell != nil {
		l.tell(a, &c)
	}
	party := partyID
	if l.party != "" {
		party = l.party
	}
	answer, err := say(party, c)
	if err != nil {
		return false, err
	}
	if l.bend != nil {
		return l.bend(d, a, q, answer), nil
	}
	return d.answer(at, q.Ceremony, answer), nil
}

// key is an authenticator, whose passkey is the person's where it is to be known.
func (d *desk) key(known bool) (*identitytest.Authenticator, error) {
	d.signInAgain()
	a, err := identitytest.NewAuthenticator()
	if err != nil || !known {
		return a, err
	}
	a.Handle, a.Counter = []byte(d.person), 10
	q, err := d.question(atNew)
	if err != nil {
		return nil, err
	}
	answer, err := a.Make(partyID, identitytest.Client{Type: "webauthn.create", Challenge: q.Options.Challenge, Origin: partyFrom})
	if err != nil {
		return nil, err
	}
	if !d.answer(atNew, q.Ceremony, answer) {
		return nil, errors.New("a right passkey is not taken")
	}
	return a, nil
}

// liesAnywhere are told where a passkey is made, and where it is shown.
func liesAnywhere() []lie {
	type key = identitytest.Authenticator
	type client = identitytest.Client
	origin := func(from string) func(*key, *client) { return func(_ *key, c *client) { c.Origin = from } }
	flags := func(f byte) func(*key, *client) { return func(a *key, _ *client) { a.Flags = f } }
	return []lie{
		{name: "the truth", taken: true},
		{name: "another origin", tell: origin("https://evil.example")},
		{name: "a name below ours", tell: origin("https://evil.example.org")},
		{name: "a name that ends like ours", tell: origin("https://notexample.org")},
		{name: "our name without TLS", tell: origin("http://example.org")},
		{name: "our name at another port", tell: origin("https://example.org:8443")},
		{name: "no origin", tell: origin("")},
		{name: "a page in a frame of another site", tell: func(_ *key, c *client) { c.CrossOrigin = true }},
		{name: "a key of another name", party: "evil.example"},
		{name: "a key of a name below ours", party: "login.example.org"},
		{name: "nobody was there", tell: flags(identitytest.Recognised)},
		{name: "nobody was recognised", tell: flags(identitytest.Present)},
		{name: "backed up, though it cannot be", tell: flags(identitytest.Present | identitytest.Recognised | identitytest.BackedUp)},
		{name: "another challenge", tell: func(_ *key, c *client) { c.Challenge = base64.RawURLEncoding.EncodeToString(make([]byte, 32)) }},
		{name: "no challenge", tell: func(_ *key, c *client) { c.Challenge = "" }},
		{name: "the answer to the other kind of question", tell: func(_ *key, c *client) {
			c.Type = map[string]string{"webauthn.get": "webauthn.create", "webauthn.create": "webauthn.get"}[c.Type]
		}},
		{name: "an answer of no kind", tell: func(_ *key, c *client) { c.Type = "payment.get" }},
	}
}

// liesOfItsOwn are told at one door, or by how an answer is sent.
func liesOfItsOwn() []lie {
	type key = identitytest.Authenticator
	send := func(at, ceremony string) func(*desk, *key, question, json.RawMessage) bool {
		return func(d *desk, _ *key, q question, answer json.RawMessage) bool { return d.answer(at, ceremony, answer) }
	}
	twice := func(at string) func(*desk, *key, question, json.RawMessage) bool {
		return func(d *desk, _ *key, q question, answer json.RawMessage) bool {
			return !d.answer(at, q.Ceremony, answer) || d.answer(at, q.Ceremony, answer)
		}
	}
	late := func(at string) func(*desk, *key, question, json.RawMessage) bool {
		return func(d *desk, _ *key, q question, answer json.RawMessage) bool {
			d.clock.Add(5 * time.Minute)
			return d.answer(at, q.Ceremony, answer)
		}
	}
	elsewhere := func(to, asked string) func(*desk, *key, question, json.RawMessage) bool {
		return func(d *desk, a *key, q question, _ json.RawMessage) bool {
			other, err := d.question(asked)
			if err != nil {
				return true
			}
			answer, err := a.Show(partyID, identitytest.Client{Type: "webauthn.get", Challenge: other.Options.Challenge, Origin: partyFrom})
			return err != nil || d.answer(to, other.Ceremony, answer)
		}
	}
	var all []lie
	for _, at := range []string{atNew, atSignIn, atProof} {
		all = append(all,
			lie{name: "an answer sent again", at: at, bend: twice(at)},
			lie{name: "an answer after five minutes", at: at, bend: late(at)},
			lie{name: "a question of nobody's", at: at, bend: send(at, "e30.AAAA")},
			lie{name: "nothing", at: at, bend: func(d *desk, _ *key, q question, _ json.RawMessage) bool {
				return d.answer(at, q.Ceremony, json.RawMessage(`{}`))
			}},
			lie{name: "an answer that breaks off", at: at, bend: func(d *desk, _ *key, q question, answer json.RawMessage) bool {
				var m map[string]any
				if json.Unmarshal(answer, &m) != nil {
					return true
				}
				r := m["response"].(map[string]any)
				for _, part := range []string{"attestationObject", "authenticatorData"} {
					if s, ok := r[part].(string); ok {
						r[part] = s[:len(s)/2/4*4]
					}
				}
				short, err := json.Marshal(m)
				return err != nil || d.answer(at, q.Ceremony, short)
			}})
	}
	for _, at := range []string{atSignIn, atProof} {
		all = append(all,
			lie{name: "a signature of another key", at: at, bend: impostor(at)},
			lie{name: "a signature over something else", at: at, bend: changed(at)},
			lie{name: "a passkey that is not known", at: at, tell: func(a *key, _ *identitytest.Client) { a.ID = make([]byte, 32) }},
			lie{name: "a passkey that was removed", at: at, bend: func(d *desk, _ *key, q question, answer json.RawMessage) bool {
				return d.forget() != nil || d.answer(at, q.Ceremony, answer)
			}},
			lie{name: "a copy whose counter is behind", at: at, tell: func(a *key, _ *identitytest.Client) { a.Counter = 3 }},
			lie{name: "a copy whose counter stands still", at: at, tell: func(a *key, _ *identitytest.Client) { a.Counter = 10 }},
			lie{name: "the original after its copy was seen", at: at, bend: original(at)},
			lie{name: "a key that may leave its device now", at: at, tell: func(a *key, _ *identitytest.Client) { a.Flags |= identitytest.Eligible }})
	}
	return append(all,
		lie{name: "the handle of somebody else", at: atSignIn, tell: func(a *key, _ *identitytest.Client) { a.Handle = []byte("somebody") }},
		lie{name: "no handle", at: atSignIn, tell: func(a *key, _ *identitytest.Client) { a.Handle = nil }},
		lie{name: "the answer to a question that proves", at: atSignIn, bend: elsewhere(atSignIn, atProof)},
		lie{name: "the answer to a question that signs in", at: atProof, bend: elsewhere(atProof, atSignIn)},
		lie{name: "a passkey that is known already", at: atNew, bend: func(d *desk, a *key, q question, answer json.RawMessage) bool {
			if !d.answer(atNew, q.Ceremony, answer) {
				return true
			}
			again, err := d.question(atNew)
			if err != nil {
				return true
			}
			answer, err = a.Make(partyID, identitytest.Client{Type: "webauthn.create", Challenge: again.Options.Challenge, Origin: partyFrom})
			return err != nil || d.answer(atNew, again.Ceremony, answer)
		}})
}

// impostor signs with another key in the name of the one that is known.
func impostor(at string) func(*desk, *identitytest.Authenticator, question, json.RawMessage) bool {
	return func(d *desk, a *identitytest.Authenticator, q question, _ json.RawMessage) bool {
		other, err := identitytest.NewAuthenticator()
		if err != nil {
			return true
		}
		other.ID, other.Handle, other.Counter = a.ID, a.Handle, a.Counter
		answer, err := other.Show(partyID, identitytest.Client{Type: "webauthn.get", Challenge: q.Options.Challenge, Origin: partyFrom})
		return err != nil || d.answer(at, q.Ceremony, answer)
	}
}

// changed sends a right signature with a higher counter than was signed.
func changed(at string) func(*desk, *identitytest.Authenticator, question, json.RawMessage) bool {
	return func(d *desk, _ *identitytest.Authenticator, q question, answer json.RawMessage) bool {
		var m map[string]any
		if json.Unmarshal(answer, &m) != nil {
			return true
		}
		r := m["response"].(map[string]any)
		data, err := base64.RawURLEncoding.DecodeString(r["authenticatorData"].(string))
		if err != nil {
			return true
		}
		data[len(data)-1]++
		r["authenticatorData"] = base64.RawURLEncoding.EncodeToString(data)
		bent, err := json.Marshal(m)
		return err != nil || d.answer(at, q.Ceremony, bent)
	}
}

// original shows the true key after a copy with a lower counter was seen.
func original(at string) func(*desk, *identitytest.Authenticator, question, json.RawMessage) bool {
	return func(d *desk, a *identitytest.Authenticator, q question, _ json.RawMessage) bool {
		show := func(q question, counter uint32) bool {
			a.Counter = counter
			answer, err := a.Show(partyID, identitytest.Client{Type: "webauthn.get", Challenge: q.Options.Challenge, Origin: partyFrom})
			return err != nil || d.answer(at, q.Ceremony, answer)
		}
		if show(q, 3) {
			return true
		}
		again, err := d.question(at)
		return err != nil || show(again, 60)
	}
}
