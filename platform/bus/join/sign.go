package join

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"errors"
)

// ErrSignature means that a text is not signed by the node above.
var ErrSignature = errors.New("join: not signed by the node above")

// signContext keeps what is signed apart from certificates, which the same key signs.
const signContext = "bulwark order v1\x00"

func digest(text []byte) []byte {
	sum := sha256.Sum256(append([]byte(signContext), text...))
	return sum[:]
}

// Sign signs a text as the node above, for those that joined it.
func (a *Authority) Sign(text []byte) ([]byte, error) {
	return ecdsa.SignASN1(rand.Reader, a.key, digest(text))
}

// Verify checks that the node above signed a text. It returns [ErrSignature] where it did not.
func (id *Identity) Verify(text, signature []byte) error {
	key, ok := id.ca.PublicKey.(*ecdsa.PublicKey)
	if !ok || !ecdsa.VerifyASN1(key, digest(text), signature) {
		return ErrSignature
	}
	return nil
}
