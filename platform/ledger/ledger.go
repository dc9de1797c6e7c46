// Package ledger is the append-only, tamper-evident log of what people and the program did. Entries are the leaves
// of a Merkle tree (RFC 6962, in the layout of golang.org/x/mod/sumdb/tlog), kept in the state database and appended
// in the same transaction as the change that they tell of: there is no change without its entry and no entry without
// its change. Every append signs the new head in the C2SP checkpoint form.
//
// [Ledger.Verify] finds and names an entry that was changed, removed, moved or added behind the program's back.
// What it cannot see alone is a database set back as a whole to an older state: for that, somebody else must hold a
// later checkpoint: a [Keeper].
package ledger

import (
	"context"
	"crypto/ed25519"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/uptrace/bun"
	"golang.org/x/mod/sumdb/tlog"

	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/health"
)

//go:embed migrations/*.sql
var migrations embed.FS

// keepEvery is after how many entries a checkpoint is kept for good: how precisely a rewritten past is located.
const keepEvery = 256

// Needs is what a ledger is made of.
type Needs struct {
	DB    *db.DB
	Clock clock.Clock
	// Origin names this ledger in its checkpoints, without spaces or plus signs: "bulwark/0123456789abcdef/ledger".
	Origin string
	// Key signs the heads ([keys.Keys.Signing]).
	Key ed25519.PrivateKey
	// Keeper holds the heads elsewhere. Nil: nobody does.
	Keeper Keeper
	// Health is told what [Ledger.Run] finds.
	Health *health.Tracker
}

// Ledger appends and answers. Make it with [Open]; it is safe for concurrent use.
type Ledger struct {
	db     *db.DB
	clock  clock.Clock
	keeper Keeper
	warn   *health.Tracker
	signer *signer
}

// Open prepares the tables.
func Open(ctx context.Context, n Needs) (*Ledger, error) {
	s, err := newSigner(n.Origin, n.Key)
	if err != nil {
		return nil, err
	}
	own, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, n.DB, "ledger", own); err != nil {
		return nil, err
	}
	return &Ledger{db: n.DB, clock: n.Clock, keeper: n.Keeper, warn: n.Health, signer: s}, nil
}

// VerifierKey is the public key of the heads in the form of golang.org/x/mod/sumdb/note; whoever checks a proof or a
// checkpoint elsewhere needs it.
func (l *Ledger) VerifierKey() string { return l.signer.public }

// row is an entry in the database.
type row struct {
	bun.BaseModel `bun:"table:ledger_entry,alias:e"`
	Seq           int64     `bun:"seq,pk"`
	At            time.Time `bun:"at"`
	Actor         string    `bun:"actor"`
	Act           string    `bun:"act"`
	Object        string    `bun:"object"`
	Outcome       string    `bun:"outcome"`
	Record        string    `bun:"record"`
}

type hashRow struct {
	bun.BaseModel `bun:"table:ledger_hash"`
	I             int64  `bun:"i,pk"`
	H             []byte `bun:"h"`
}

type headRow struct {
	bun.BaseModel `bun:"table:ledger_head"`
	ID            int64  `bun:"id,pk"`
	Size          int64  `bun:"size"`
	Checkpoint    string `bun:"checkpoint"`
}

type checkpointRow struct {
	bun.BaseModel `bun:"table:ledger_checkpoint"`
	Size          int64  `bun:"size,pk"`
	Checkpoint    string `bun:"checkpoint"`
}

// Record appends e in a transaction of its own and returns its place.
func (l *Ledger) Record(ctx context.Context, e Entry) (seq int64, err error) {
	err = l.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		seq, err = l.Append(ctx, tx, e)
		return err
	})
	return seq, err
}

// Append appends e within tx, which [db.DB.Write] gave: the entry stands if and only if the rest of tx does. It
// returns the entry's place.
func (l *Ledger) Append(ctx context.Context, tx bun.Tx, e Entry) (int64, error) {
	h, err := head(ctx, tx)
	if err != nil {
		return 0, err
	}
	if e.Time.IsZero() {
		e.Time = l.clock.Now()
	}
	e.Seq, e.Time = h.Size, db.Time(e.Time)
	text, err := encode(e)
	if err != nil {
		return 0, err
	}
	if err := l.insert(ctx, tx, e, text); err != nil {
		return 0, fmt.Errorf("appending to the ledger: %w", err)
	}
	if err := l.sign(ctx, tx, h.Size+1); err != nil {
		return 0, fmt.Errorf("signing the ledger: %w", err)
	}
	return e.Seq, nil
}

// insert writes the entry and the hashes that it completes.
func (l *Ledger) insert(ctx context.Context, tx bun.Tx, e Entry, text []byte) error {
	hashes, err := tlog.StoredHashes(e.Seq, text, hashes(ctx, tx))
	if err != nil {
		return err
	}
	_, err = tx.NewInsert().Model(&row{Seq: e.Seq, At: e.Time, Actor: e.Actor, Act: e.Act,
		Object: e.Object, Outcome: string(e.Outcome), Record: string(text)}).Exec(ctx)
	if err != nil {
		return err
	}
	rows := make([]hashRow, len(hashes))
	for i, h := range hashes {
		rows[i] = hashRow{I: tlog.StoredHashIndex(0, e.Seq) + int64(i), H: h[:]}
	}
	_, err = tx.NewInsert().Model(&rows).Exec(ctx)
	return err
}

// sign makes the head of size entries.
func (l *Ledger) sign(ctx context.Context, tx bun.Tx, size int64) error {
	root, err := tlog.TreeHash(size, hashes(ctx, tx))
	if err != nil {
		return err
	}
	text, err := checkpoint(l.signer, size, root)
	if err != nil {
		return err
	}
	_, err = tx.NewInsert().Model(&headRow{ID: 1, Size: size, Checkpoint: text}).
		On("CONFLICT (id) DO UPDATE").Set("size = EXCLUDED.size").Set("checkpoint = EXCLUDED.checkpoint").Exec(ctx)
	if err != nil || size%keepEvery != 0 {
		return err
	}
	_, err = tx.NewInsert().Model(&checkpointRow{Size: size, Checkpoint: text}).Exec(ctx)
	return err
}

// head is the head of an empty ledger where there is none.
func head(ctx context.Context, tx bun.IDB) (headRow, error) {
	var h headRow
	err := tx.NewSelect().Model(&h).Where("id = 1").Scan(ctx)
	if err != nil && !db.NotFound(err) {
		return headRow{}, fmt.Errorf("reading the head of the ledger: %w", err)
	}
	return h, nil
}

// errHash means that a hash of the tree is not where it should be.
var errHash = errors.New("ledger: a hash of the tree is missing")

// hashes reads stored hashes for package tlog.
func hashes(ctx context.Context, tx bun.IDB) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		if len(indexes) == 0 {
			return nil, nil
		}
		var rows []hashRow
		if err := tx.NewSelect().Model(&rows).Where("i IN (?)", bun.List(indexes)).Scan(ctx); err != nil {
			return nil, err
		}
		found := make(map[int64]tlog.Hash, len(rows))
		for _, r := range rows {
			if len(r.H) == tlog.HashSize {
				found[r.I] = tlog.Hash(r.H)
			}
		}
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			h, ok := found[index]
			if !ok {
				return nil, fmt.Errorf("%w: %d", errHash, index)
			}
			out[i] = h
		}
		return out, nil
	})
}
