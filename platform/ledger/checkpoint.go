package ledger

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ErrCheckpoint means that a checkpoint is not one of this ledger, or not one at all.
var ErrCheckpoint = errors.New("ledger: not a checkpoint of this ledger")

// signer signs notes with an Ed25519 key that is already in memory; package note only takes it as text.
type signer struct {
	name     string
	key      ed25519.PrivateKey
	public   string
	verifier note.Verifier
}

func newSigner(name string, key ed25519.PrivateKey) (*signer, error) {
	public, err := note.NewEd25519VerifierKey(name, key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, fmt.Errorf("making the ledger's public key: %w", err)
	}
	v, err := note.NewVerifier(public)
	if err != nil {
		return nil, fmt.Errorf("naming the ledger %q: %w", name, err)
	}
	return &signer{name, key, public, v}, nil
}

func (s *signer) Name() string                     { return s.name }
func (s *signer) KeyHash() uint32                  { return s.verifier.KeyHash() }
func (s *signer) Sign(text []byte) ([]byte, error) { return ed25519.Sign(s.key, text), nil }

// checkpoint is the signed head of a tree (c2sp.org/tlog-checkpoint): origin, size, root, an empty line, signatures.
// tlog.FormatTree cannot serve: its origin is that of Go's own checksum database.
func checkpoint(s note.Signer, size int64, root tlog.Hash) (string, error) {
	text := fmt.Sprintf("%s\n%d\n%s\n", s.Name(), size, base64.StdEncoding.EncodeToString(root[:]))
	signed, err := note.Sign(&note.Note{Text: text}, s)
	return string(signed), err
}

// ReadCheckpoint checks the signature of a checkpoint and tells the size and root of its tree.
func ReadCheckpoint(v note.Verifier, text string) (size int64, root tlog.Hash, err error) {
	n, err := note.Open([]byte(text), note.VerifierList(v))
	if err != nil {
		return 0, root, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] != v.Name() {
		return 0, root, fmt.Errorf("%w: its origin is %q", ErrCheckpoint, lines[0])
	}
	size, err = strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return 0, root, fmt.Errorf("%w: its size is %q", ErrCheckpoint, lines[1])
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(raw) != tlog.HashSize {
		return 0, root, fmt.Errorf("%w: its root is %q", ErrCheckpoint, lines[2])
	}
	return size, tlog.Hash(raw), nil
}

// Checkpoint is the signed head of now, "" while the ledger is empty.
func (l *Ledger) Checkpoint(ctx context.Context) (string, error) {
	h, err := head(ctx, l.db.Read())
	return h.Checkpoint, err
}
