package ledger

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"
	"golang.org/x/mod/sumdb/tlog"

	"bulwark/platform/db"
)

// Fault is one thing that is not as the ledger left it.
type Fault struct {
	// First and Last are the entries concerned, -1 when it is the head itself.
	First int64 `json:"first"`
	Last  int64 `json:"last"`
	// Kind is one of the kinds below.
	Kind Kind   `json:"kind"`
	Text string `json:"text"`
}

// Kind is what kind of fault was found.
type Kind string

const (
	// Changed means that an entry's record is not the one that was hashed.
	Changed Kind = "changed"
	// Removed means that an entry is not there any more.
	Removed Kind = "removed"
	// Moved means that an entry stands in the place of another.
	Moved Kind = "moved"
	// Added means that an entry was put there by somebody else than the ledger.
	Added Kind = "added"
	// Columns means that the columns to search an entry by do not say what its record says.
	Columns Kind = "columns"
	// Tree means that a hash of the tree over the entries is not what they give.
	Tree Kind = "tree"
	// Head means that a signed checkpoint does not agree with the entries, or is not signed by the ledger.
	Head Kind = "head"
)

// maxFaults bounds a report; the counting goes on.
const maxFaults = 100

// Report is what a verification found.
type Report struct {
	Size       int64         `json:"size"`
	Faults     []Fault       `json:"faults"`
	More       int           `json:"more"` // faults beyond those listed
	Checkpoint string        `json:"checkpoint"`
	Took       time.Duration `json:"took"` // in nanoseconds
}

// Whole tells that nothing was found.
func (r Report) Whole() bool { return len(r.Faults) == 0 }

func (r *Report) fault(first, last int64, kind Kind, format string, args ...any) {
	if len(r.Faults) >= maxFaults {
		r.More++
		return
	}
	r.Faults = append(r.Faults, Fault{first, last, kind, fmt.Sprintf(format, args...)})
}

// Verify computes every hash of the ledger again, from the records, and compares: each entry with its stored hash
// and its columns, each node of the tree with its children, each kept checkpoint with the tree of its size. the
// checkpoints of the keeper, and those of known, must be of this ledger too. It reads one snapshot while others write,
// a thousand entries at a time. The error is about reading, never about what was found.
func (l *Ledger) Verify(ctx context.Context, known ...string) (Report, error) {
	start := l.clock.Now()
	r := Report{Faults: []Fault{}}
	if l.keeper != nil {
		kept, err := l.keeper.Kept(ctx)
		if err != nil {
			return r, err
		}
		known = append(kept, known...)
	}
	err := l.db.Snapshot(ctx, func(ctx context.Context, tx bun.Tx) error {
		h, err := head(ctx, tx)
		if err != nil {
			return err
		}
		r.Size, r.Checkpoint = h.Size, h.Checkpoint
		v := &verification{tx: tx, report: &r, size: h.Size, signed: map[int64][]signed{}, kept: map[int64]bool{}}
		if err := v.checkpoints(ctx, l, h, known); err != nil {
			return err
		}
		return v.run(ctx)
	})
	r.Took = l.clock.Now().Sub(start)
	return r, err
}

// signed is what one checkpoint says of the tree of its size.
type signed struct {
	root tlog.Hash
	from string // where the checkpoint was found, for the report
}

// verification walks the entries in order.
type verification struct {
	tx     bun.Tx
	report *Report
	size   int64
	signed map[int64][]signed
	kept   map[int64]bool // the sizes of the kept checkpoints
	edge   []node         // the right edge of the tree over the entries so far, the largest part first
}

// node is a hash of the tree that covers 1<<level entries.
type node struct {
	level int
	hash  tlog.Hash
}

// checkpoints reads the head, the kept checkpoints and the known ones.
func (v *verification) checkpoints(ctx context.Context, l *Ledger, h headRow, known []string) error {
	if h.Checkpoint != "" {
		v.expect(l, h.Checkpoint, h.Size, "the head")
	}
	var kept []checkpointRow
	if err := v.tx.NewSelect().Model(&kept).OrderExpr("size").Scan(ctx); err != nil {
		return fmt.Errorf("reading the checkpoints: %w", err)
	}
	for _, c := range kept {
		v.kept[c.Size] = true
		v.expect(l, c.Checkpoint, c.Size, fmt.Sprintf("the kept checkpoint of %d entries", c.Size))
	}
	for _, text := range known {
		v.expect(l, text, -1, "a checkpoint kept elsewhere")
	}
	return nil
}

// expect notes what a checkpoint says. size is that of its row, or -1 when it has none.
func (v *verification) expect(l *Ledger, text string, size int64, from string) {
	n, root, err := ReadCheckpoint(l.signer.verifier, text)
	switch {
	case err != nil:
		v.report.fault(-1, -1, Head, "%s: %v", from, err)
	case size >= 0 && n != size:
		v.report.fault(-1, -1, Head, "%s signs %d entries, its row says %d", from, n, size)
	case n > v.size:
		v.report.fault(v.size, n-1, Removed, "%s signs %d entries, the ledger has %d", from, n, v.size)
	default:
		v.signed[n] = append(v.signed[n], signed{root, from})
	}
}

// batch is how many entries are read at a time.
const batch = 1000

func (v *verification) run(ctx context.Context) error {
	for next := int64(0); next < v.size; next += batch {
		end := min(next+batch, v.size)
		var rows []row
		if err := v.tx.NewSelect().Model(&rows).Where("seq >= ? AND seq < ?", next, end).OrderExpr("seq").Scan(ctx); err != nil {
			return fmt.Errorf("reading entries from %d: %w", next, err)
		}
		if len(rows) == 0 {
			v.report.fault(next, v.size-1, Removed, "entry %d and those behind it were removed; the rest cannot be checked", next)
			break
		}
		var stored []hashRow
		err := v.tx.NewSelect().Model(&stored).OrderExpr("i").
			Where("i >= ? AND i < ?", tlog.StoredHashIndex(0, next), tlog.StoredHashIndex(0, end)).Scan(ctx)
		if err != nil {
			return fmt.Errorf("reading hashes from entry %d: %w", next, err)
		}
		v.walk(next, end, rows, byIndex(stored))
	}
	return v.added(ctx)
}

// added finds entries where the ledger put none.
func (v *verification) added(ctx context.Context) error {
	var seqs []int64
	err := v.tx.NewSelect().Model((*row)(nil)).Column("seq").Where("seq < 0 OR seq >= ?", v.size).
		OrderExpr("seq").Limit(maxFaults).Scan(ctx, &seqs)
	for _, s := range seqs {
		v.report.fault(s, s, Added, "entry %d is not one of the %d that the ledger appended", s, v.size)
	}
	return err
}

func byIndex(rows []hashRow) map[int64]tlog.Hash {
	m := make(map[int64]tlog.Hash, len(rows))
	for _, r := range rows {
		if len(r.H) == tlog.HashSize {
			m[r.I] = tlog.Hash(r.H)
		}
	}
	return m
}

// walk checks the entries from first up to end.
func (v *verification) walk(first, end int64, rows []row, stored map[int64]tlog.Hash) {
	for seq := first; seq < end; seq++ {
		var r *row
		if len(rows) > 0 && rows[0].Seq == seq {
			r, rows = &rows[0], rows[1:]
		}
		v.push(seq, v.leaf(seq, r, stored), stored)
		v.compare(seq + 1)
	}
}

// leaf checks one entry against its stored hash. The walk goes on with the stored hash where there is one, so that a
// changed entry is named once and does not darken everything behind it.
func (v *verification) leaf(seq int64, r *row, stored map[int64]tlog.Hash) tlog.Hash {
	want, ok := stored[tlog.StoredHashIndex(0, seq)]
	if r == nil {
		v.report.fault(seq, seq, Removed, "entry %d was removed", seq)
		return want
	}
	got := tlog.RecordHash([]byte(r.Record))
	if !ok {
		v.report.fault(seq, seq, Tree, "the hash of entry %d was removed", seq)
		want = got
	}
	e, err := decode([]byte(r.Record))
	switch {
	case err != nil:
		v.report.fault(seq, seq, Changed, "entry %d was changed: %v", seq, err)
	case e.Seq != seq:
		v.report.fault(seq, seq, Moved, "entry %d was moved to the place of entry %d", e.Seq, seq)
	case got != want:
		v.report.fault(seq, seq, Changed, "entry %d was changed", seq)
	case !r.agrees(e):
		v.report.fault(seq, seq, Columns, "the columns of entry %d do not say what its record says", seq)
	}
	return want
}

// agrees tells whether the columns to search by are those of e.
func (r *row) agrees(e Entry) bool {
	return r.Actor == e.Actor && r.Act == e.Act && r.Object == e.Object && r.Outcome == string(e.Outcome) &&
		db.Time(r.At).Equal(e.Time)
}

// push adds a leaf to the right edge and checks every node that it completes.
func (v *verification) push(seq int64, leaf tlog.Hash, stored map[int64]tlog.Hash) {
	n := node{0, leaf}
	for len(v.edge) > 0 && v.edge[len(v.edge)-1].level == n.level {
		left := v.edge[len(v.edge)-1]
		v.edge = v.edge[:len(v.edge)-1]
		n = node{n.level + 1, tlog.NodeHash(left.hash, n.hash)}
		first := seq + 1 - 1<<n.level
		want, ok := stored[tlog.StoredHashIndex(n.level, first>>n.level)]
		if !ok || !bytes.Equal(want[:], n.hash[:]) {
			v.report.fault(first, seq, Tree, "a hash over the entries %d to %d is not what they give", first, seq)
		}
		if ok {
			n.hash = want
		}
	}
	v.edge = append(v.edge, n)
}

// compare holds the tree of size entries against the checkpoints of that size.
func (v *verification) compare(size int64) {
	if size%keepEvery == 0 && !v.kept[size] {
		v.report.fault(-1, -1, Head, "the kept checkpoint of %d entries was removed", size)
	}
	expected := v.signed[size]
	if len(expected) == 0 {
		return
	}
	root := v.edge[len(v.edge)-1].hash
	for i := len(v.edge) - 2; i >= 0; i-- {
		root = tlog.NodeHash(v.edge[i].hash, root)
	}
	for _, s := range expected {
		if s.root != root {
			v.report.fault(0, size-1, Head, "the first %d entries are not those that %s signed", size, s.from)
		}
	}
}
