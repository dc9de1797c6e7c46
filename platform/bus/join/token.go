package join

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// tokenPrefix marks a token and its version, so that it is recognised where it is pasted or leaked.
const tokenPrefix = "bw1."

// ErrToken means that a text is no token, or that the node above does not take it (any more).
var ErrToken = errors.New("join: token not accepted")

// token is what a node needs to know to join.
type token struct {
	Address string `json:"a"` // host:port of the node above, for enrolment
	CA      []byte `json:"f"` // SHA-256 of the certificate of its authority
	Secret  []byte `json:"s"` // 32 random bytes
}

func (t token) String() string {
	b, err := json.Marshal(t)
	if err != nil {
		panic(err) // a string and bytes always can be
	}
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(b)
}

func parseToken(s string) (token, error) {
	var t token
	text, ok := strings.CutPrefix(strings.TrimSpace(s), tokenPrefix)
	if !ok || len(text) > 4096 {
		return t, fmt.Errorf("%w: it does not begin with %s", ErrToken, tokenPrefix)
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return t, fmt.Errorf("%w: it is cut or mistyped", ErrToken)
	}
	if json.Unmarshal(b, &t) != nil || len(t.CA) != sha256.Size || len(t.Secret) != secretSize || t.Address == "" {
		return t, fmt.Errorf("%w: it is cut or mistyped", ErrToken)
	}
	return t, nil
}

const secretSize = 32

// hashSecret is what is kept of a secret. A plain hash suffices: the secret is 256 random bits, not a password.
func hashSecret(secret []byte) string {
	sum := sha256.Sum256(secret)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
