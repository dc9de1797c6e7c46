package password

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost is what one guess costs whoever stole the hashes.
type Cost struct {
	Memory  uint32 // KiB
	Time    uint32 // passes
	Threads uint8
}

// Recommended is 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet): some 30 ms. With the second recommended option of RFC 9106,
// a flood of sign-ins kept a machine of two cores so busy that three people a second came in; whoever steals hashes needs the pepper first.
func Recommended() Cost { return Cost{Memory: 19 << 10, Time: 2, Threads: 1} }

const (
	saltSize = 16
	hashSize = 32
	// atOnce is how many hashes are computed at the same time: with the recommended cost, 38 MiB.
	atOnce = 2
	// waiting is how many more may wait for their turn.
	waiting = 16
)

var (
	// ErrBusy means that too many passwords are being checked; trying again in a moment is fine.
	ErrBusy = errors.New("password: too many are being checked")
	// ErrHash means that a stored hash is not one.
	ErrHash = errors.New("password: bad hash")
)

// Hasher computes argon2id hashes (RFC 9106), a few at a time, so that a flood of sign-ins cannot take the memory.
// Make it with [NewHasher].
type Hasher struct {
	pepper [32]byte
	cost   Cost
	turns  chan struct{}
	queue  chan struct{}
	decoy  string
}

// NewHasher takes the pepper: a key that is not kept with the hashes, without which they cannot be guessed
// (SP 800-63B-4 §3.1.1.2, the additional keyed hashing).
func NewHasher(pepper [32]byte, cost Cost) *Hasher {
	h := &Hasher{pepper: pepper, cost: cost, turns: make(chan struct{}, atOnce), queue: make(chan struct{}, atOnce+waiting)}
	h.decoy = h.format(make([]byte, saltSize), make([]byte, hashSize), cost)
	return h
}

// Hash makes the hash of a password that the policy accepted.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	n, err := Normal(password)
	if err != nil {
		return "", err
	}
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails
	sum, err := h.compute(ctx, n, salt, h.cost)
	if err != nil {
		return "", err
	}
	return h.format(salt, sum, h.cost), nil
}

// Verify tells whether password is the one that was hashed. An empty hash stands for somebody who does not exist:
// the answer is no, and takes as long.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (bool, error) {
	exists := hash != ""
	if !exists {
		hash = h.decoy
	}
	salt, want, cost, err := parse(hash)
	if err != nil {
		return false, err
	}
	n, err := Normal(password)
	if err != nil {
		exists, n = false, "" // what is not text is nobody's password, after the same time
	}
	got, err := h.compute(ctx, n, salt, cost)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && exists, nil
}

// Outdated tells whether hash was made at another cost than new ones are.
func (h *Hasher) Outdated(hash string) bool {
	_, _, cost, err := parse(hash)
	return err != nil || cost != h.cost
}

// compute waits for its turn, or returns [ErrBusy] when too many already wait.
func (h *Hasher) compute(ctx context.Context, password string, salt []byte, cost Cost) ([]byte, error) {
	select {
	case h.queue <- struct{}{}:
		defer func() { <-h.queue }()
	default:
		return nil, ErrBusy
	}
	select {
	case h.turns <- struct{}{}:
		defer func() { <-h.turns }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	m := hmac.New(sha256.New, h.pepper[:])
	m.Write([]byte(password))
	return argon2.IDKey(m.Sum(nil), salt, cost.Time, cost.Memory, cost.Threads, hashSize), nil
}

// format writes a hash in the PHC string form; the "k" says that the password was keyed first.
func (h *Hasher) format(salt, sum []byte, c Cost) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d,k=1$%s$%s", argon2.Version, c.Memory, c.Time, c.Threads,
		b.EncodeToString(salt), b.EncodeToString(sum))
}

func parse(hash string) (salt, sum []byte, c Cost, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return nil, nil, c, ErrHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d,k=1", &c.Memory, &c.Time, &c.Threads); err != nil {
		return nil, nil, c, ErrHash
	}
	// A hash from a tampered database must not take all the memory, nor make argon2 panic.
	if c.Memory < 8 || c.Memory > 1<<20 || c.Time < 1 || c.Time > 16 || c.Threads < 1 {
		return nil, nil, c, ErrHash
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	sum, sumErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || sumErr != nil || len(salt) != saltSize || len(sum) != hashSize {
		return nil, nil, c, ErrHash
	}
	return salt, sum, c, nil
}
