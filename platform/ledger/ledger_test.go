package ledger

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uptrace/bun"
	"golang.org/x/mod/sumdb/note"

	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/health"
)

const origin = "bulwark/test/ledger"

func seed(c byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(c)), ed25519.SeedSize)))
}

func opened(t testing.TB, d *db.DB) *Ledger {
	t.Helper()
	c := clock.NewManual(time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC))
	l, err := Open(t.Context(), Needs{DB: d, Clock: c, Origin: origin, Key: seed('k'), Health: health.NewTracker(c)})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func entry(i int) Entry {
	return Entry{
		Actor: Person(fmt.Sprint("p", i%3)), Act: []string{"identity.invite", "identity.sign-in", "containment.isolate"}[i%3],
		Object: fmt.Sprint("device:", i), Outcome: Done, Detail: map[string]string{"why": "é <&> " + fmt.Sprint(i), "for": "1h"},
	}
}

func fill(t testing.TB, l *Ledger, n int) {
	t.Helper()
	err := l.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		for i := range n {
			if _, err := l.Append(ctx, tx, entry(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func verified(t testing.TB, l *Ledger, known ...string) Report {
	t.Helper()
	r, err := l.Verify(t.Context(), known...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestBothEngines(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := opened(t, d)
		t.Run("an empty ledger is whole", func(t *testing.T) {
			if r := verified(t, l); !r.Whole() || r.Size != 0 {
				t.Errorf("report = %+v, want whole and empty", r)
			}
		})
		t.Run("entries stand with the rest of their transaction", func(t *testing.T) { atomic(t, l) })
		fill(t, l, 1100)
		t.Run("appended entries are whole and read back", func(t *testing.T) { readBack(t, l) })
		t.Run("pages meet without a gap", func(t *testing.T) { pages(t, l) })
		t.Run("writers take turns", func(t *testing.T) { turns(t, l) })
		t.Run("an entry is proved with the public key alone", func(t *testing.T) { proofs(t, l) })
		t.Run("tampering is found and named", func(t *testing.T) { tampering(t, l) })
	})
}

func atomic(t *testing.T, l *Ledger) {
	stop := errors.New("stop")
	err := l.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		if _, err := l.Append(ctx, tx, entry(0)); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatalf("Write = %v, want %v", err, stop)
	}
	if r := verified(t, l); !r.Whole() || r.Size != 0 {
		t.Errorf("report = %+v, want nothing appended", r)
	}
}

func readBack(t *testing.T, l *Ledger) {
	if r := verified(t, l); !r.Whole() || r.Size != 1100 {
		t.Errorf("report = %+v, want 1100 entries and no fault", r)
	}
	p, err := l.List(t.Context(), Query{Limit: 1})
	if err != nil || len(p.Entries) != 1 {
		t.Fatalf("List = %+v, %v; want one entry", p, err)
	}
	got, want := p.Entries[0], entry(1099)
	want.Seq, want.Time = 1099, time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	if a, b := fmt.Sprint(got), fmt.Sprint(want); a != b {
		t.Errorf("newest = %s, want %s", a, b)
	}
}

func pages(t *testing.T, l *Ledger) {
	day := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		name string
		q    Query
		want int
	}{
		{"everything", Query{}, 1100},
		{"of one actor", Query{Actor: Person("p1")}, 367},
		{"of one act", Query{Act: "identity.invite"}, 367},
		{"of one room", Query{Act: "identity."}, 734},
		{"of one object", Query{Object: "device:7"}, 1},
		{"of one outcome", Query{Outcome: Refused}, 0},
		{"of one day", Query{Since: day, Until: day.AddDate(0, 0, 1)}, 1100},
		{"before that day", Query{Until: day}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, last := 0, int64(1<<62)
			for q := tt.q; ; {
				q.Limit = 170
				p, err := l.List(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range p.Entries {
					if e.Seq >= last {
						t.Fatalf("entry %d after %d", e.Seq, last)
					}
					got, last = got+1, e.Seq
				}
				if p.Next == nil {
					break
				}
				q.Before = p.Next
			}
			if got != tt.want {
				t.Errorf("entries = %d, want %d", got, tt.want)
			}
		})
	}
}

func turns(t *testing.T, l *Ledger) {
	other := opened(t, l.db) // as a second process would
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for range 10 {
				if _, err := []*Ledger{l, other}[i%2].Record(t.Context(), entry(i)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	if r := verified(t, l); !r.Whole() || r.Size != 1180 {
		t.Errorf("report = %+v, want 1180 entries and no fault", r)
	}
}

func proofs(t *testing.T, l *Ledger) {
	for _, seq := range []int64{0, 1, 255, 256, 1023, 1024, 1179} {
		p, err := l.Prove(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var back Proof
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if e, err := CheckRecord(l.VerifierKey(), back); err != nil || e.Seq != seq {
			t.Errorf("CheckRecord(%d) = %+v, %v; want the entry", seq, e, err)
		}
		back.Record = strings.Replace(back.Record, "done", "refused", 1)
		if _, err := CheckRecord(l.VerifierKey(), back); !errors.Is(err, ErrProof) {
			t.Errorf("CheckRecord of a changed record = %v, want %v", err, ErrProof)
		}
	}
	for _, seq := range []int64{-1, 1180} {
		if _, err := l.Prove(t.Context(), seq); !errors.Is(err, ErrNoEntry) {
			t.Errorf("Prove(%d) = %v, want %v", seq, err, ErrNoEntry)
		}
	}
	before, err := l.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fill(t, l, 20)
	proof, now, err := l.ProveGrowth(t.Context(), 1180)
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckGrowth(l.VerifierKey(), before, now, proof); err != nil {
		t.Errorf("CheckGrowth = %v, want nil", err)
	}
	if err := CheckGrowth(l.VerifierKey(), before, now, proof[1:]); !errors.Is(err, ErrProof) {
		t.Errorf("CheckGrowth of a cut proof = %v, want %v", err, ErrProof)
	}
}

// tampering does to the database what somebody with its password could, verifies, and puts everything back.
func tampering(t *testing.T, l *Ledger) {
	later, err := l.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		do    []string
		known []string
		want  []Fault // without their texts; the first of them must lead the report
	}{
		{"a changed record", []string{`UPDATE ledger_entry SET record = replace(record, 'done', 'refused') WHERE seq = 5`},
			nil, []Fault{{First: 5, Last: 5, Kind: Changed}}},
		{"a record that is not one", []string{`UPDATE ledger_entry SET record = 'x' WHERE seq = 5`},
			nil, []Fault{{First: 5, Last: 5, Kind: Changed}}},
		{"one removed entry", []string{`DELETE FROM ledger_entry WHERE seq = 1000`},
			nil, []Fault{{First: 1000, Last: 1000, Kind: Removed}}},
		{"the removed tail", []string{`DELETE FROM ledger_entry WHERE seq >= 1000`},
			nil, []Fault{{First: 1000, Last: 1199, Kind: Removed}}},
		{"everything removed", []string{`DELETE FROM ledger_entry`},
			nil, []Fault{{First: 0, Last: 1199, Kind: Removed}}},
		{"two swapped entries", []string{`UPDATE ledger_entry SET seq = -1 WHERE seq = 7`, `UPDATE ledger_entry SET seq = 7 WHERE seq = 8`,
			`UPDATE ledger_entry SET seq = 8 WHERE seq = -1`},
			nil, []Fault{{First: 7, Last: 7, Kind: Moved}, {First: 8, Last: 8, Kind: Moved}}},
		{"an entry slipped in at the end", []string{`INSERT INTO ledger_entry SELECT 1200, at, actor, act, object, outcome, record FROM ledger_entry WHERE seq = 1`},
			nil, []Fault{{First: 1200, Last: 1200, Kind: Added}}},
		{"a column that hides an entry from a search", []string{`UPDATE ledger_entry SET actor = 'person:other' WHERE seq = 9`},
			nil, []Fault{{First: 9, Last: 9, Kind: Columns}}},
		{"a removed hash", []string{`DELETE FROM ledger_hash WHERE i = 0`}, nil, []Fault{{First: 0, Last: 0, Kind: Tree}}},
		{"a changed hash of a pair", []string{`UPDATE ledger_hash SET h = (SELECT h FROM ledger_hash WHERE i = 0) WHERE i = 2`},
			nil, []Fault{{First: 0, Last: 1, Kind: Tree}, {First: 0, Last: 3, Kind: Tree}}},
		{"a removed kept checkpoint", []string{`DELETE FROM ledger_checkpoint WHERE size = 512`}, nil, []Fault{{First: -1, Last: -1, Kind: Head}}},
		{"a shortened head", []string{`UPDATE ledger_head SET size = 1100`}, nil, []Fault{{First: -1, Last: -1, Kind: Head}}},
		{"a head pushed far ahead", []string{`UPDATE ledger_head SET size = 4611686018427387904`}, nil, []Fault{{First: -1, Last: -1, Kind: Head}}},
		{"a ledger set back to an older checkpoint, which only another holder can tell", []string{
			`UPDATE ledger_head SET size = 1024, checkpoint = (SELECT checkpoint FROM ledger_checkpoint WHERE size = 1024)`,
			`DELETE FROM ledger_entry WHERE seq >= 1024`, `DELETE FROM ledger_hash WHERE i >= 2047`},
			[]string{later}, []Fault{{First: 1024, Last: 1199, Kind: Removed}}},
		{"a checkpoint of another key", nil, []string{foreign(t)}, []Fault{{First: -1, Last: -1, Kind: Head}}},
		{"nothing at all", nil, []string{later}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			restore := saved(t, l.db)
			err := l.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
				for _, s := range tt.do {
					if _, err := tx.ExecContext(ctx, s); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			r := verified(t, l, tt.known...)
			restore()
			if len(tt.want) == 0 && !r.Whole() || len(r.Faults) < len(tt.want) {
				t.Fatalf("faults = %+v, want %+v", r.Faults, tt.want)
			}
			for i, w := range tt.want {
				if got := r.Faults[i]; got.First != w.First || got.Last != w.Last || got.Kind != w.Kind {
					t.Errorf("fault %d = %+v, want %+v", i, got, w)
				}
			}
		})
	}
	t.Run("a consistent rewrite of the past", func(t *testing.T) { rewritten(t, l) })
}

// rewritten changes an entry and computes every hash again, as somebody without the signing key could.
func rewritten(t *testing.T, l *Ledger) {
	defer saved(t, l.db)()
	forger, err := Open(t.Context(), Needs{DB: l.db, Clock: l.clock, Origin: origin, Key: seed('f')})
	if err != nil {
		t.Fatal(err)
	}
	err = l.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		var rows []row
		if err := tx.NewSelect().Model(&rows).OrderExpr("seq").Scan(ctx); err != nil {
			return err
		}
		for _, table := range tables() {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table); err != nil {
				return err
			}
		}
		for _, r := range rows {
			e, err := decode([]byte(r.Record))
			if err != nil {
				return err
			}
			if e.Seq == 300 {
				e.Actor = Person("somebody-else")
			}
			if _, err := forger.Append(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := verified(t, l); len(r.Faults) == 0 || r.Faults[0].Kind != Head {
		t.Errorf("faults = %+v, want the heads refused", r.Faults)
	}
}

func tables() []string {
	return []string{"ledger_entry", "ledger_hash", "ledger_head", "ledger_checkpoint"}
}

// saved keeps the ledger's tables and gives back what restores them.
func saved(t *testing.T, d *db.DB) (restore func()) {
	t.Helper()
	each := func(statements ...string) {
		t.Helper()
		err := d.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			for _, table := range tables() {
				for _, s := range statements {
					if _, err := tx.ExecContext(ctx, strings.ReplaceAll(s, "TABLE_", table)); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	each("CREATE TABLE saved_TABLE_ AS SELECT * FROM TABLE_")
	return func() {
		t.Helper()
		each("DELETE FROM TABLE_", "INSERT INTO TABLE_ SELECT * FROM saved_TABLE_", "DROP TABLE saved_TABLE_")
	}
}

// foreign is a well-made checkpoint that another key signed under the same origin.
func foreign(t *testing.T) string {
	t.Helper()
	s, err := newSigner(origin, seed('f'))
	if err != nil {
		t.Fatal(err)
	}
	text, err := checkpoint(s, 3, [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAppendRefuses(t *testing.T) {
	l := opened(t, dbtest.SQLite(t))
	tests := []struct {
		name  string
		spoil func(*Entry)
	}{
		{"no actor", func(e *Entry) { e.Actor = "" }},
		{"no act", func(e *Entry) { e.Act = "" }},
		{"no outcome", func(e *Entry) { e.Outcome = "" }},
		{"a long object", func(e *Entry) { e.Object = strings.Repeat("x", 201) }},
		{"a huge detail", func(e *Entry) { e.Detail = map[string]string{"x": strings.Repeat("x", 9000)} }},
		{"bytes that are not text", func(e *Entry) { e.Detail = map[string]string{"x": "\xff"} }},
		{"a NUL", func(e *Entry) { e.Object = "a\x00b" }},
		{"a year that JSON cannot write", func(e *Entry) { e.Time = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := entry(0)
			tt.spoil(&e)
			if _, err := l.Record(t.Context(), e); !errors.Is(err, ErrEntry) {
				t.Errorf("Record = %v, want %v", err, ErrEntry)
			}
		})
	}
	if r := verified(t, l); r.Size != 0 {
		t.Errorf("size = %d, want 0", r.Size)
	}
}

func TestOpenRefusesAnOriginThatNoCheckpointCanCarry(t *testing.T) {
	for _, name := range []string{"", "a b", "a+b"} {
		if _, err := Open(t.Context(), Needs{DB: dbtest.SQLite(t), Clock: clock.System{}, Origin: name, Key: seed('k')}); err == nil {
			t.Errorf("Open with origin %q succeeded, want an error", name)
		}
	}
}

// collector is a keeper that is sometimes away.
type collector struct {
	away bool
	kept []string
}

func (c *collector) Keep(_ context.Context, checkpoint string) error {
	if c.away {
		return errors.New("collector away")
	}
	c.kept = append(c.kept, checkpoint)
	return nil
}

func (c *collector) Kept(context.Context) ([]string, error) { return c.kept, nil }

func TestRunKeepsTheHeadsElsewhereAndWarns(t *testing.T) {
	l := opened(t, dbtest.SQLite(t))
	k := &collector{away: true}
	l.keeper = k
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		after := func(what string, d time.Duration, kept int, warnings string) {
			t.Helper()
			time.Sleep(d) // virtual: the bubble's clock
			synctest.Wait()
			var ids []string
			for _, w := range l.warn.Warnings() {
				ids = append(ids, w.ID)
			}
			if got := strings.Join(ids, " "); got != warnings || len(k.kept) != kept {
				t.Errorf("%s: kept %d, warnings %q; want %d, %q", what, len(k.kept), got, kept, warnings)
			}
		}
		after("an empty ledger", 90*time.Second, 0, "")
		fill(t, l, 3)
		after("a collector that is away", time.Minute, 0, "ledger.not-kept")
		k.away = false
		after("a collector that is back", time.Minute, 1, "")
		after("nothing new", time.Hour, 1, "")
		err := l.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.ExecContext(ctx, "DELETE FROM ledger_entry WHERE seq = 1")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		after("an entry removed the day before", 24*time.Hour, 1, "ledger.not-whole")
		if got := l.warn.Warnings()[0].Text.EN; !strings.Contains(got, "entry 1 was removed") {
			t.Errorf("warning = %q, want the entry named", got)
		}
		fill(t, l, 1)
		stop()
		if err := <-done; err != nil || len(k.kept) != 2 {
			t.Errorf("Run = %v, kept %d; want nil and the last head kept", err, len(k.kept))
		}
	})
}

func TestAFileKeepsTheNewestHead(t *testing.T) {
	d := dbtest.SQLite(t)
	f := File(filepath.Join(t.TempDir(), "ledger.checkpoint"))
	l := opened(t, d)
	l.keeper = f
	if r := verified(t, l); !r.Whole() {
		t.Errorf("faults before anything was kept = %+v", r.Faults)
	}
	kept := ""
	for range 2 {
		fill(t, l, 300)
		l.handOut(t.Context(), &kept)
	}
	if r := verified(t, l); !r.Whole() {
		t.Errorf("faults = %+v, want none", r.Faults)
	}
	err := d.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error { // back to the kept checkpoint of 256 entries
		for _, s := range []string{
			"UPDATE ledger_head SET size = 256, checkpoint = (SELECT checkpoint FROM ledger_checkpoint WHERE size = 256)",
			"DELETE FROM ledger_entry WHERE seq >= 256", "DELETE FROM ledger_hash WHERE i >= 511", "DELETE FROM ledger_checkpoint WHERE size > 256",
		} {
			if _, err := tx.ExecContext(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := verified(t, l); len(r.Faults) != 1 || r.Faults[0].Kind != Removed || r.Faults[0].First != 256 || r.Faults[0].Last != 599 {
		t.Errorf("faults = %+v, want the entries 256 to 599 missed", r.Faults)
	}
}

func TestWarnablesAreComplete(t *testing.T) {
	for _, w := range Warnables() {
		if err := w.Check(); err != nil {
			t.Error(err)
		}
	}
}

func FuzzReadCheckpoint(f *testing.F) {
	s, err := newSigner(origin, seed('k'))
	if err != nil {
		f.Fatal(err)
	}
	good, err := checkpoint(s, 3, [32]byte{1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	for _, text := range []string{"\n", origin + "\n03\n\n", origin + "\n-1\nAAAA\n", origin + "\n3\nAAAA\nmore\n"} {
		signed, err := note.Sign(&note.Note{Text: text}, s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(signed))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if size, _, err := ReadCheckpoint(s.verifier, text); err == nil && size < 0 {
			t.Errorf("size = %d", size)
		}
	})
}

func FuzzDecode(f *testing.F) {
	text, err := encode(entry(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Fuzz(func(t *testing.T, text string) {
		e, err := decode([]byte(text))
		if err != nil {
			return
		}
		if again, err := encode(e); err == nil {
			if back, err := decode(again); err != nil || fmt.Sprint(back) != fmt.Sprint(e) {
				t.Errorf("%q became %q (%v)", text, again, err)
			}
		}
	})
}

func BenchmarkAppendDurably(b *testing.B) {
	l := opened(b, dbtest.SQLite(b))
	for i := 0; b.Loop(); i++ {
		if _, err := l.Record(b.Context(), entry(i)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
}

func BenchmarkAppendInOneTransaction(b *testing.B) {
	l := opened(b, dbtest.SQLite(b))
	err := l.db.Write(b.Context(), func(ctx context.Context, tx bun.Tx) error {
		for i := 0; b.Loop(); i++ {
			if _, err := l.Append(ctx, tx, entry(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
}

func BenchmarkVerify(b *testing.B) {
	l := opened(b, dbtest.SQLite(b))
	fill(b, l, 5000)
	for b.Loop() {
		if r := verified(b, l); !r.Whole() {
			b.Fatal(r.Faults)
		}
	}
	b.ReportMetric(5000*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
