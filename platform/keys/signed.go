package keys

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
)

// ErrSigned means that a file is not as this site wrote it.
var ErrSigned = errors.New("keys: the file is not signed by this site")

// mostSigned bounds a signed file, in bytes.
const mostSigned = 64 << 20

// Signed is a file that this site signs for one purpose: whoever may write to the folder cannot make one.
type Signed struct {
	path, purpose string
	key           ed25519.PrivateKey
}

// Signed is the file at path.
func (k *Keys) Signed(path, purpose string) *Signed {
	return &Signed{path, purpose, k.Signing("signed/" + purpose)}
}

// signs is what is signed: the purpose stands in it, so that no file can take the place of another.
func (s *Signed) signs(body []byte) []byte { return append([]byte(s.purpose+"\n"), body...) }

// Put makes or replaces the file, for its owner alone; after a crash it is the old or the new.
func (s *Signed) Put(body []byte) error {
	signature := base64.StdEncoding.EncodeToString(ed25519.Sign(s.key, s.signs(body)))
	return replace(s.path, append([]byte(signature+"\n"), body...))
}

// Get is what was put, or [ErrSigned].
func (s *Signed) Get() ([]byte, error) {
	f, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, mostSigned+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	line, body, _ := bytes.Cut(text, []byte("\n"))
	signature, err := base64.StdEncoding.DecodeString(string(line))
	if err != nil || len(text) > mostSigned || !ed25519.Verify(s.key.Public().(ed25519.PublicKey), s.signs(body), signature) {
		return nil, fmt.Errorf("%w: %s", ErrSigned, s.path)
	}
	return body, nil
}
