package identitytest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

// Passkey is an authenticator with one key (WebAuthn level 3, ES256), which can be copied.
type Passkey struct {
	key     *ecdsa.PrivateKey
	id      []byte
	handle  string // of its holder, as it was given
	Counter uint32
}

var b64 = base64.RawURLEncoding

// asked is a question of the console.
type asked struct {
	Ceremony string
	Options  struct {
		Challenge string
		User      struct{ ID string }
	}
}

// Model is what an authenticator says of itself (WebAuthn, 6.5). Its zero value says nothing.
type Model struct {
	AAGUID [16]byte
	Synced bool
	// Attest makes the statement about what the authenticator says and the hash of what the browser does; nil: there is none.
	Attest func(data, sum []byte, key *ecdsa.PrivateKey) (format string, statement map[string]any, err error)
}

// AddPasskey makes a passkey and adds it to the account of whoever is signed in. The console must be called by a name.
func AddPasskey(do Do, console, name string) (*Passkey, error) {
	return AddPasskeyOf(do, console, name, Model{})
}

// AddPasskeyOf is [AddPasskey] with an authenticator of a model.
func AddPasskeyOf(do Do, console, name string, m Model) (*Passkey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	p := &Passkey{key: key, id: make([]byte, 16), Counter: 1}
	_, _ = rand.Read(p.id)
	var q asked
	if err := p.call(do, console+"/api/me/passkeys", map[string]any{}, &q); err != nil {
		return nil, err
	}
	p.handle = q.Options.User.ID
	public, err := key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		return nil, err
	}
	cose := append([]byte{0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32}, public[1:33]...)
	cose = append(append(cose, 0x22, 0x58, 32), public[33:]...)
	flags := byte(0x45)
	if m.Synced {
		flags |= 0x18
	}
	data := append(p.data(name, flags), m.AAGUID[:]...)
	data = append(append(binary.BigEndian.AppendUint16(data, uint16(len(p.id))), p.id...), cose...)
	said, format, statement := client("webauthn.create", q.Options.Challenge, console), "none", map[string]any{}
	if m.Attest != nil {
		sum := sha256.Sum256(said)
		if format, statement, err = m.Attest(data, sum[:], key); err != nil {
			return nil, err
		}
	}
	object, err := webauthncbor.Marshal(map[string]any{"fmt": format, "attStmt": statement, "authData": data})
	if err != nil {
		return nil, err
	}
	answer := p.answer(map[string]string{"clientDataJSON": b64.EncodeToString(said), "attestationObject": b64.EncodeToString(object)})
	return p, p.call(do, console+"/api/me/passkeys", map[string]any{"ceremony": q.Ceremony, "label": "test", "answer": answer}, nil)
}

// SignIn signs its holder in.
func (p *Passkey) SignIn(do Do, console, name string) error {
	var q asked
	if err := p.call(do, console+"/sign-in/passkey", map[string]any{}, &q); err != nil {
		return err
	}
	p.Counter++
	data, said := p.data(name, 0x05), client("webauthn.get", q.Options.Challenge, console)
	sum := sha256.Sum256(said)
	digest := sha256.Sum256(append(bytes.Clone(data), sum[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, p.key, digest[:])
	if err != nil {
		return err
	}
	answer := p.answer(map[string]string{"clientDataJSON": b64.EncodeToString(said), "authenticatorData": b64.EncodeToString(data), "signature": b64.EncodeToString(signature), "userHandle": p.handle})
	return p.call(do, console+"/sign-in/passkey", map[string]any{"ceremony": q.Ceremony, "answer": answer}, nil)
}

// data is what the authenticator says of itself (6.1): user present and verified are bits 0 and 2 of flags, 6 that a key follows.
func (p *Passkey) data(name string, flags byte) []byte {
	sum := sha256.Sum256([]byte(name))
	return binary.BigEndian.AppendUint32(append(sum[:], flags), p.Counter)
}

func (p *Passkey) answer(response map[string]string) map[string]any {
	return map[string]any{"id": b64.EncodeToString(p.id), "rawId": b64.EncodeToString(p.id), "type": "public-key", "response": response}
}

func client(kind, challenge, origin string) []byte {
	text, err := json.Marshal(map[string]string{"type": kind, "challenge": challenge, "origin": origin})
	if err != nil {
		panic(err) // it is made of texts
	}
	return text
}

func (p *Passkey) call(do Do, url string, in, out any) error {
	text, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	status, page, err := do(r)
	if err != nil || status >= 300 {
		return fmt.Errorf("%s = %d %.300s %w", url, status, page, err)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal([]byte(page), out)
}
