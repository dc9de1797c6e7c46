package incident

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"bulwark/decide/incident/law"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

// What can be wrong with what a person asks of a case.
var (
	ErrNoCase  = errors.New("case: there is no such case")
	ErrCaseAsk = errors.New("case: that cannot be said of a case")
	ErrEdited  = errors.New("case: somebody else has changed it meanwhile")
)

// Bounds of cases.
const (
	mostCases    = 10_000
	mostTasks    = 200
	mostNotes    = 1000
	mostEvidence = 200
	mostOfCase   = 100  // incidents
	mostMoments  = 1000 // lines of a history, and of custody; the oldest but the first goes
	maxNote      = 10_000
)

// Case is what people do about incidents. It is kept as it is shown, but for its clocks.
type Case struct {
	ID        uint64            `json:"id"`
	Rev       uint64            `json:"rev"` // rises with each change
	Title     string            `json:"title"`
	Status    Status            `json:"status"` // open or closed
	Owner     string            `json:"owner,omitempty"`
	Incidents []uint64          `json:"incidents"`
	Opened    time.Time         `json:"opened"`
	By        string            `json:"by"`
	Changed   time.Time         `json:"changed"`
	Facts     law.Facts         `json:"facts"`
	Fields    map[string]string `json:"fields"` // what people fill in for declarations
	Tasks     []Task            `json:"tasks"`
	Notes     []Note            `json:"notes"`
	Evidence  []Evidence        `json:"evidence"`
	Declared  []Declared        `json:"declared"`
	History   []Act             `json:"history"`
	Clocks    []law.Clock       `json:"clocks,omitempty"`
}

// Task is something to be done.
type Task struct {
	ID    uint64    `json:"id"`
	Text  string    `json:"text"`
	Owner string    `json:"owner"`
	Done  bool      `json:"done"`
	Due   time.Time `json:"due,omitzero"`
}

// Note is what somebody wrote down.
type Note struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	Text string    `json:"text"`
}

// Evidence is something that shows what happened, and through whose hands it went.
type Evidence struct {
	ID      uint64 `json:"id"`
	Kind    string `json:"kind"` // finding, incident, file, reference
	Name    string `json:"name"`
	SHA256  string `json:"sha256"`
	Bytes   int    `json:"bytes,omitempty"`
	Kept    bool   `json:"kept"` // its bytes are here
	Note    string `json:"note,omitempty"`
	Custody []Act  `json:"custody"`
}

// Declared is a declaration that was made.
type Declared struct {
	law.Step
	At        time.Time `json:"at"`
	By        string    `json:"by"`
	Reference string    `json:"reference,omitempty"`
}

// Act is what somebody did.
type Act struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	What string    `json:"what"`
}

type caseRow struct {
	bun.BaseModel `bun:"table:incident_case,alias:c"`
	ID            int64           `bun:"id,pk"`
	Status        string          `bun:"status"`
	Owner         string          `bun:"owner"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

// act adds to a list of acts within its bound.
func act(all []Act, a Act) []Act {
	if len(all) >= mostMoments {
		all = slices.Delete(all, 1, 2)
	}
	return append(all, a)
}

func wrongCase(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCaseAsk, fmt.Sprintf(format, args...))
}

// shown is a case with its clocks.
func (c *Case) shown() Case {
	v := *c
	declared := map[law.Step]time.Time{}
	for _, d := range c.Declared {
		declared[d.Step] = d.At
	}
	v.Clocks = law.Clocks(c.Facts, declared)
	return v
}

// readCase reads a case.
func readCase(ctx context.Context, from bun.IDB, id uint64) (*Case, error) {
	var row caseRow
	err := from.NewSelect().Model(&row).Where("id = ?", int64(id)).Scan(ctx)
	if db.NotFound(err) {
		return nil, fmt.Errorf("%w: %d", ErrNoCase, id)
	}
	if err != nil {
		return nil, err
	}
	return row.open()
}

func (r *caseRow) open() (*Case, error) {
	c := &Case{}
	if err := json.Unmarshal(r.Doc, c); err != nil {
		return nil, fmt.Errorf("case %d: %w", r.ID, err)
	}
	return c, nil
}

// writeCase writes a case with what was done to it.
func (i *Incidents) writeCase(ctx context.Context, tx bun.Tx, c *Case, actor, what string, detail map[string]string) error {
	now := i.now()
	c.Rev, c.Changed = c.Rev+1, now
	c.History = act(c.History, Act{now, actor, what})
	c.Clocks = nil
	doc, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("case %d: %w", c.ID, err)
	}
	if err := db.Put(ctx, tx, []caseRow{{ID: int64(c.ID), Status: string(c.Status), Owner: c.Owner, Doc: doc}}, "id", "status", "owner", "doc"); err != nil {
		return err
	}
	_, err = i.needs.Ledger.Append(ctx, tx, ledger.Entry{Actor: actor, Act: "case." + what, Object: "case/" + strconv.FormatUint(c.ID, 10), Outcome: ledger.Done, Detail: detail})
	return err
}

// Case is a case.
func (i *Incidents) Case(ctx context.Context, id uint64) (Case, error) {
	c, err := readCase(ctx, i.needs.DB.Read(), id)
	if err != nil {
		return Case{}, err
	}
	return c.shown(), nil
}

// OpenCase opens a case of some incidents.
func (i *Incidents) OpenCase(ctx context.Context, actor, title string, incidents []uint64) (Case, error) {
	if err := fitting("title", title, maxTitle); err != nil || title == "" {
		return Case{}, wrongCase("give it a title of at most %d characters", maxTitle)
	}
	if err := i.allKnown(incidents); err != nil {
		return Case{}, err
	}
	now := i.now()
	c := &Case{Title: title, Status: Open, Incidents: append([]uint64{}, incidents...), Opened: now, By: actor, Facts: law.Facts{Aware: now}, Fields: map[string]string{},
		Tasks: []Task{}, Notes: []Note{}, Evidence: []Evidence{}, Declared: []Declared{}}
	err := i.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		n, err := tx.NewSelect().Model((*caseRow)(nil)).Count(ctx)
		if err != nil {
			return err
		}
		if n >= mostCases {
			return wrongCase("there are %d cases already", n)
		}
		var last int64
		if err := tx.NewSelect().Model((*caseRow)(nil)).ColumnExpr("COALESCE(MAX(id), 0)").Scan(ctx, &last); err != nil {
			return err
		}
		c.ID = uint64(last) + 1
		return i.writeCase(ctx, tx, c, actor, "opened", map[string]string{"incidents": numbers(incidents)})
	})
	if err != nil {
		return Case{}, err
	}
	i.file(c)
	return c.shown(), nil
}

// allKnown refuses incidents that are not.
func (i *Incidents) allKnown(ids []uint64) error {
	if len(ids) > mostOfCase {
		return wrongCase("%d incidents are more than %d", len(ids), mostOfCase)
	}
	i.mu.RLock()
	defer i.mu.RUnlock()
	for _, id := range ids {
		if i.items[id] == nil {
			return wrongCase("there is no incident %d", id)
		}
	}
	return nil
}

func numbers(ids []uint64) (out string) {
	for n, id := range ids {
		if n > 0 {
			out += ","
		}
		out += strconv.FormatUint(id, 10)
	}
	return out
}

// file notes of which case incidents are, and what lists show of it.
func (i *Incidents) file(c *Case) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.listed[c.ID].rev > c.Rev {
		return // somebody else came later, and was quicker
	}
	for in, of := range i.cases {
		if of == c.ID {
			delete(i.cases, in)
		}
	}
	i.hold(c)
}

func (i *Incidents) hold(c *Case) {
	i.listed[c.ID] = c.item()
	for _, in := range c.Incidents {
		i.cases[in] = c.ID
	}
}

// loadCases notes of which cases incidents are, and what lists show of them.
func (i *Incidents) loadCases(ctx context.Context, tx bun.IDB) error {
	var rows []caseRow
	if err := tx.NewSelect().Model(&rows).Order("id").Scan(ctx); err != nil {
		return err
	}
	for n := range rows {
		c, err := rows[n].open()
		if err != nil {
			return err
		}
		i.hold(c)
	}
	return nil
}
