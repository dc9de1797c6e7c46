package identity

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

// spool is a file of what is to be written to the database once it is back: it outlives the program. Whoever may write to the folder
// cannot add to it. The lock of [memory] is held.
type spool struct {
	path string
	key  [32]byte
	all  []record
	size int64
	id   string // of the records that are added, with their number
	last int
	// dropped counts what found no room; the ledger is told.
	dropped int
	// problem is why the file could not be written, as where the disk is full: what it lacks is kept in memory alone.
	problem error
	// torn: the file may end in half a line, of a program that was killed or a disk that was full. What is added begins a line of its own.
	torn bool
}

// How much waits at most.
const (
	mostSpooled  = 20_000
	mostSpoolLen = 16 << 20
)

// record is one thing that waits.
type record struct {
	// Spool and Number tell it from all others, so that it is written once.
	Spool   string      `json:"spool,omitempty"`
	Number  int         `json:"number,omitempty"`
	At      time.Time   `json:"at"`
	Act     *spooledAct `json:"act,omitempty"`
	Session *sessionRow `json:"session,omitempty"` // opened
	Ended   string      `json:"ended,omitempty"`   // hash of a session
	Shifts  string      `json:"shifts,omitempty"`  // whose shifts at shared workstations end with it
	Factor  string      `json:"factor,omitempty"`  // id of a passkey, with what is kept of it
	Secret  string      `json:"secret,omitempty"`
	// Entry is what another room did ([Identity.Wait]), Kept what it keeps of it.
	Entry *ledger.Entry   `json:"entry,omitempty"`
	Kept  json.RawMessage `json:"kept,omitempty"`
}

// spooledAct is an act for the ledger.
type spooledAct struct {
	By      string            `json:"by"`
	Name    string            `json:"name"`
	On      string            `json:"on,omitempty"`
	Refused bool              `json:"refused,omitempty"`
	Detail  map[string]string `json:"detail,omitempty"`
}

func (s *spool) sign(line []byte) string {
	m := hmac.New(sha256.New, s.key[:])
	m.Write(line)
	return hex.EncodeToString(m.Sum(nil))
}

// add keeps one more; false: there is no room.
func (s *spool) add(r record) bool {
	if r.Number == 0 {
		if s.id == "" {
			s.id = newID()
		}
		s.last++
		r.Spool, r.Number = s.id, s.last
	}
	line, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("identity: spooling: %v", err)) // it is made of texts and times
	}
	line = fmt.Appendf(nil, "%s %s\n", s.sign(line), line)
	if len(s.all) >= mostSpooled || s.size+int64(len(line)) > mostSpoolLen {
		s.dropped++
		return false
	}
	s.all, s.size = append(s.all, r), s.size+int64(len(line))
	if s.path != "" {
		s.problem = s.append(line)
	}
	return true
}

func (s *spool) append(line []byte) error {
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if s.torn {
		line = append([]byte("\n"), line...)
	}
	_, err = f.Write(line)
	s.torn = err != nil
	return errors.Join(err, f.Sync(), f.Close())
}

// load takes up what a program left that ended before the database was back. A line that we did not write, or only half, is counted as dropped.
func (s *spool) load() error {
	if s.path == "" {
		return nil
	}
	f, err := os.Open(s.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() && len(s.all) < mostSpooled {
		if len(lines.Bytes()) == 0 { // behind a line that was whole all the same
			continue
		}
		mac, line, _ := bytes.Cut(lines.Bytes(), []byte(" "))
		var r record
		if !hmac.Equal(mac, []byte(s.sign(line))) || json.Unmarshal(line, &r) != nil {
			s.dropped++
			continue
		}
		s.all, s.size = append(s.all, r), s.size+int64(len(lines.Bytes()))
	}
	s.torn = true // it may be whole, and an empty line harms nothing
	return errors.Join(lines.Err(), f.Close())
}

// clear forgets the first n, which the database has.
func (s *spool) clear(n int) error {
	s.all, s.dropped = s.all[n:], 0
	s.size = 0
	if s.path == "" {
		return nil
	}
	if err := os.Remove(s.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	left := s.all
	s.all, s.torn = nil, false
	for _, r := range left {
		s.add(r)
	}
	return s.problem
}

// spoolRow is how far the records of a spool are written.
type spoolRow struct {
	bun.BaseModel `bun:"table:identity_spool"`
	ID            string `bun:"id,pk"`
	Taken         int    `bun:"taken"`
}

// fresh are those of all that were not written before, and notes that they are written now.
func fresh(ctx context.Context, tx bun.Tx, all []record) (left []record, err error) {
	upto := map[string]int{}
	for _, r := range all {
		if r.Spool == "" { // of a program of before
			left = append(left, r)
			continue
		}
		if _, there := upto[r.Spool]; !there {
			row := &spoolRow{}
			if err := tx.NewSelect().Model(row).Where("id = ?", r.Spool).Scan(ctx); err != nil && !db.NotFound(err) {
				return nil, err
			}
			upto[r.Spool] = row.Taken
		}
		if r.Number > upto[r.Spool] {
			left, upto[r.Spool] = append(left, r), r.Number
		}
	}
	for id, n := range upto {
		_, err := tx.NewInsert().Model(&spoolRow{ID: id, Taken: n}).On("CONFLICT (id) DO UPDATE").Set("taken = excluded.taken").Exec(ctx)
		if err != nil {
			return nil, err
		}
	}
	return left, nil
}
