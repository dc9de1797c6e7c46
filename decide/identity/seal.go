package identity

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// errSealed means that a sealed text is not ours, was changed, is for something else, or is too old.
var errSealed = errors.New("identity: not a sealed text of this site")

// sealer keeps what is secret unreadable in the database, and what a browser carries for us unreadable and unchangeable there.
type sealer struct{ aead cipher.AEAD }

func newSealer(key [32]byte) (sealer, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return sealer{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return sealer{aead}, err
}

// seal closes plain, so that it opens for that purpose only.
func (s sealer) seal(purpose string, plain []byte) string {
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, plain, []byte(purpose)))
}

// open is what was sealed for that purpose, or an error.
func (s sealer) open(purpose, text string) ([]byte, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, errSealed
	}
	plain, err := s.aead.Open(nil, nil, b, []byte(purpose))
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

// lent is what a browser carries for us, until a moment.
type lent struct {
	Ends  time.Time       `json:"ends"`
	Value json.RawMessage `json:"value"`
}

// lend seals v for a browser, to be brought back until ends.
func (s sealer) lend(purpose string, v any, ends time.Time) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("sealing %s: %w", purpose, err)
	}
	if text, err = json.Marshal(lent{ends, text}); err != nil {
		return "", fmt.Errorf("sealing %s: %w", purpose, err)
	}
	return s.seal(purpose, text), nil
}

// takeBack reads what was lent into v, unless it is too late.
func (s sealer) takeBack(purpose, text string, now time.Time, v any) error {
	plain, err := s.open(purpose, text)
	if err != nil {
		return err
	}
	var l lent
	if err := json.Unmarshal(plain, &l); err != nil || !now.Before(l.Ends) {
		return errSealed
	}
	return json.Unmarshal(l.Value, v)
}
