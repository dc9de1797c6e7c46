// Package keys holds the site's master secret and everything that is derived from it, and the certificates that the
// console shows.
//
// The master secret is 32 random bytes, made at the first start and kept in the data directory for its owner alone.
// It is never shown. Each use gets a key of its own by HKDF (RFC 5869), so that one key tells nothing of another.
// Whoever loses it loses the pseudonyms, the passwords and the ledger's signatures: it belongs in the backup, apart
// from the database.
package keys

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

const (
	masterFile   = "master.key"
	masterHeader = "BULWARK-MASTER-KEY-1"
	masterSize   = 32
)

var (
	// ErrMaster means that the file of the master secret is there but is not whole. Nothing replaces it but a backup.
	ErrMaster = errors.New("keys: the master secret is damaged; restore it from a backup")
	// ErrReadable means that others than its owner can read a secret file.
	ErrReadable = errors.New("keys: a secret file can be read by others; run chmod 600 on it")
)

// Keys derives the site's keys. Make it with [Open]; it prints as a redaction.
type Keys struct {
	master [masterSize]byte
}

// Open reads the master secret of dir (dir/master.key), or makes it, and dir, where there is none.
func Open(dir string) (*Keys, error) {
	path := filepath.Join(dir, masterFile)
	k, err := read(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data directory: %w", err)
	}
	var secret [masterSize]byte
	_, _ = rand.Read(secret[:]) // never fails (crypto/rand)
	err = writeNew(path, encode(secret))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("keeping the master secret: %w", err)
	}
	return read(path) // what is on the disk, even when another process was faster
}

// Derive is the key for one purpose, the same at every start. Purposes are short fixed names: "pseudonym".
func (k *Keys) Derive(purpose string) [32]byte {
	key, err := hkdf.Key(sha256.New, k.master[:], nil, "bulwark/1/"+purpose, 32)
	if err != nil {
		panic("keys: " + err.Error()) // only for more than 255 hashes of output (RFC 5869 §2.3), or a short key in FIPS mode
	}
	return [32]byte(key)
}

// Signing is the Ed25519 key for one purpose, the same at every start.
func (k *Keys) Signing(purpose string) ed25519.PrivateKey {
	seed := k.Derive("ed25519/" + purpose)
	return ed25519.NewKeyFromSeed(seed[:])
}

// Site is the name of this installation: 16 hexadecimal digits that tell it apart from others and reveal nothing.
func (k *Keys) Site() string {
	id := k.Derive("site")
	return hex.EncodeToString(id[:8])
}

// String, GoString, Format and LogValue keep the secret out of every print.
func (k *Keys) String() string { return "[redacted]" }

// GoString is [Keys.String].
func (k *Keys) GoString() string { return k.String() }

// Format is [Keys.String], whatever the verb.
func (k *Keys) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(k.String())) }

// LogValue is [Keys.String].
func (k *Keys) LogValue() slog.Value { return slog.StringValue(k.String()) }

// encode writes the secret with a check, so that a damaged file is not taken for another secret.
func encode(secret [masterSize]byte) []byte {
	sum := sha256.Sum256(secret[:])
	return fmt.Appendf(nil, "%s %s %s\n", masterHeader,
		base64.StdEncoding.EncodeToString(secret[:]), hex.EncodeToString(sum[:4]))
}

func decode(text []byte) (*Keys, error) {
	f := strings.Fields(string(text))
	if len(f) != 3 || f[0] != masterHeader {
		return nil, ErrMaster
	}
	secret, err := base64.StdEncoding.DecodeString(f[1])
	if err != nil || len(secret) != masterSize {
		return nil, ErrMaster
	}
	k := &Keys{master: [masterSize]byte(secret)}
	if string(encode(k.master)) != string(text) {
		return nil, ErrMaster
	}
	return k, nil
}

func read(path string) (*Keys, error) {
	text, err := readSecret(path)
	if err != nil {
		return nil, err
	}
	k, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return k, nil
}
