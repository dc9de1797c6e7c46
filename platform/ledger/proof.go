package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"bulwark/platform/db"
)

var (
	// ErrNoEntry means that the ledger has no entry of that number.
	ErrNoEntry = errors.New("ledger: no such entry")
	// ErrProof means that a proof does not hold.
	ErrProof = errors.New("ledger: the proof does not hold")
)

// Proof shows to somebody who has nothing but the ledger's public key that one entry is in the ledger.
type Proof struct {
	Index      int64            `json:"index"`
	Record     string           `json:"record"`
	Path       tlog.RecordProof `json:"path"`
	Checkpoint string           `json:"checkpoint"`
}

// Prove makes the proof of the entry seq against the head of now.
func (l *Ledger) Prove(ctx context.Context, seq int64) (Proof, error) {
	p := Proof{Index: seq}
	err := l.db.Snapshot(ctx, func(ctx context.Context, tx bun.Tx) error {
		h, err := head(ctx, tx)
		if err != nil {
			return err
		}
		var r row
		err = tx.NewSelect().Model(&r).Where("seq = ?", seq).Scan(ctx)
		if db.NotFound(err) || err == nil && seq >= h.Size {
			return fmt.Errorf("%w: %d", ErrNoEntry, seq)
		}
		if err != nil {
			return err
		}
		p.Record, p.Checkpoint = r.Record, h.Checkpoint
		p.Path, err = tlog.ProveRecord(h.Size, seq, hashes(ctx, tx))
		return err
	})
	return p, err
}

// CheckRecord checks a proof with the ledger's public key ([Ledger.VerifierKey]) and returns the entry it proves.
func CheckRecord(verifierKey string, p Proof) (Entry, error) {
	v, err := note.NewVerifier(verifierKey)
	if err != nil {
		return Entry{}, fmt.Errorf("reading the ledger's public key: %w", err)
	}
	size, root, err := ReadCheckpoint(v, p.Checkpoint)
	if err != nil {
		return Entry{}, err
	}
	if p.Index < 0 || p.Index >= size {
		return Entry{}, fmt.Errorf("%w: entry %d of %d", ErrProof, p.Index, size)
	}
	if err := tlog.CheckRecord(p.Path, size, root, p.Index, tlog.RecordHash([]byte(p.Record))); err != nil {
		return Entry{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	e, err := decode([]byte(p.Record))
	if err == nil && e.Seq != p.Index {
		err = fmt.Errorf("%w: the record is numbered %d", ErrProof, e.Seq)
	}
	return e, err
}

// ProveGrowth shows to a witness who holds the checkpoint of size entries that the ledger has only grown since. It
// returns the proof and the checkpoint it leads to; the witness uses [CheckGrowth] before it signs that one too.
func (l *Ledger) ProveGrowth(ctx context.Context, size int64) (proof tlog.TreeProof, checkpoint string, err error) {
	err = l.db.Snapshot(ctx, func(ctx context.Context, tx bun.Tx) error {
		h, err := head(ctx, tx)
		if err != nil {
			return err
		}
		if size < 1 || size > h.Size {
			return fmt.Errorf("%w: %d", ErrNoEntry, size)
		}
		checkpoint = h.Checkpoint
		proof, err = tlog.ProveTree(h.Size, size, hashes(ctx, tx))
		return err
	})
	return proof, checkpoint, err
}

// CheckGrowth checks that the ledger of checkpoint now holds everything that the ledger of checkpoint before held.
func CheckGrowth(verifierKey, before, now string, proof tlog.TreeProof) error {
	v, err := note.NewVerifier(verifierKey)
	if err != nil {
		return fmt.Errorf("reading the ledger's public key: %w", err)
	}
	oldSize, oldRoot, err := ReadCheckpoint(v, before)
	if err != nil {
		return err
	}
	size, root, err := ReadCheckpoint(v, now)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, size, root, oldSize, oldRoot); err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	return nil
}
