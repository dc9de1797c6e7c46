package identitytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// Flags of what an authenticator says (WebAuthn level 3, 6.1).
const (
	Present    = 1 << 0 // somebody was there
	Recognised = 1 << 2 // and was recognised
	Eligible   = 1 << 3 // the key may leave its device
	BackedUp   = 1 << 4 // and has
	attested   = 1 << 6
)

// Authenticator holds one passkey (ES256), and says what it is told to, true or not.
type Authenticator struct {
	ID      []byte
	Handle  []byte // of its person, when it shows itself
	Flags   byte
	Counter uint32
	key     *ecdsa.PrivateKey
}

// NewAuthenticator is one that does as it should.
func NewAuthenticator() (*Authenticator, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	a := &Authenticator{ID: make([]byte, 32), Flags: Present | Recognised, key: key}
	_, _ = rand.Read(a.ID) // never fails
	return a, nil
}

// Client is what the browser says of where it is (WebAuthn, 5.8.1).
type Client struct {
	Type        string `json:"type"` // "webauthn.create" or "webauthn.get"
	Challenge   string `json:"challenge"`
	Origin      string `json:"origin"`
	CrossOrigin bool   `json:"crossOrigin"`
}

func raw(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// data is what the authenticator signs beside what the browser says.
func (a *Authenticator) data(party string, flags byte) []byte {
	of := sha256.Sum256([]byte(party))
	return binary.BigEndian.AppendUint32(append(of[:], flags), a.Counter)
}

// public is the public key (RFC 9052, 7; RFC 9053, 7.1): EC2, ES256, P-256.
func (a *Authenticator) public() ([]byte, error) {
	point, err := a.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		return nil, err
	}
	cose := append([]byte{0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32}, point[1:33]...)
	return append(append(cose, 0x22, 0x58, 32), point[33:]...), nil
}

// Make is what a browser answers when it is asked for a new passkey.
func (a *Authenticator) Make(party string, c Client) (json.RawMessage, error) {
	public, err := a.public()
	if err != nil {
		return nil, err
	}
	data := append(a.data(party, a.Flags|attested), make([]byte, 16)...) // no model is named
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.ID)))
	data = append(append(data, a.ID...), public...)
	// CBOR: {"fmt": "none", "attStmt": {}, "authData": data}
	object := append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"), byte(len(data)>>8), byte(len(data)))
	client, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return Made(a.ID, append(object, data...), client)
}

// Made is how a browser wraps what an authenticator answers with a new passkey.
func Made(id, object, client []byte) (json.RawMessage, error) {
	return json.Marshal(map[string]any{"id": raw(id), "rawId": raw(id), "type": "public-key",
		"response": map[string]any{"clientDataJSON": raw(client), "attestationObject": raw(object), "transports": []string{"internal"}}})
}

// Show is what a browser answers when it is asked for a passkey.
func (a *Authenticator) Show(party string, c Client) (json.RawMessage, error) {
	client, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	data, of := a.data(party, a.Flags), sha256.Sum256(client)
	sum := sha256.Sum256(append(data[:len(data):len(data)], of[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, sum[:])
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return Shown(a.ID, data, client, signature, a.Handle)
}

// Shown is how a browser wraps what an authenticator answers with a passkey that is there.
func Shown(id, data, client, signature, handle []byte) (json.RawMessage, error) {
	return json.Marshal(map[string]any{"id": raw(id), "rawId": raw(id), "type": "public-key",
		"response": map[string]any{"clientDataJSON": raw(client), "authenticatorData": raw(data), "signature": raw(signature), "userHandle": raw(handle)}})
}
