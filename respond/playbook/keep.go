package playbook

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"bulwark/content/playbooks"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

type switchRow struct {
	bun.BaseModel `bun:"table:playbook_switch,alias:s"`
	ID            string          `bun:"id,pk"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

type runRow struct {
	bun.BaseModel `bun:"table:playbook_run,alias:r"`
	ID            int64           `bun:"id,pk"`
	Playbook      string          `bun:"playbook"`
	Incident      string          `bun:"incident"`
	State         string          `bun:"state"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

// switched is what a person said of a playbook.
type switched struct {
	Off    bool      `json:"off"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// switchedOff is what persons said of playbooks, by id.
func (n *Playbooks) switchedOff(ctx context.Context) (map[string]switched, error) {
	var rows []switchRow
	if err := n.needs.DB.Read().NewSelect().Model(&rows).Scan(ctx); err != nil {
		return nil, err
	}
	all := map[string]switched{}
	for _, row := range rows {
		var s switched
		if err := json.Unmarshal(row.Doc, &s); err != nil {
			return nil, fmt.Errorf("reading the switch of playbook %s: %w", row.ID, err)
		}
		all[row.ID] = s
	}
	return all, nil
}

// query chooses runs. What is empty chooses nothing.
type query struct {
	incident, playbook string
	live               bool
	below              int64
	most               int
}

// ran is how often a playbook ran, and when last.
func (n *Playbooks) ran(ctx context.Context, playbook string) (count int, last time.Time, err error) {
	tx := n.needs.DB.Read()
	all, err := tx.NewSelect().Model((*runRow)(nil)).Where("playbook = ?", playbook).Count(ctx)
	if err != nil {
		return 0, last, err
	}
	newest, err := n.runs(ctx, tx, query{playbook: playbook, most: 1})
	if len(newest) > 0 {
		last = newest[0].Began
	}
	return int(all), last, err
}

// runs are those that a query chooses, the newest first.
func (n *Playbooks) runs(ctx context.Context, tx bun.IDB, q query) ([]*Run, error) {
	var rows []runRow
	s := tx.NewSelect().Model(&rows).Order("id DESC")
	if q.incident != "" {
		s = s.Where("incident = ?", q.incident)
	}
	if q.playbook != "" {
		s = s.Where("playbook = ?", q.playbook)
	}
	if q.live {
		s = s.Where("state IN (?)", bun.List([]string{string(Running), string(Lifting)}))
	}
	if q.below > 0 {
		s = s.Where("id < ?", q.below)
	}
	if q.most > 0 {
		s = s.Limit(int64(q.most))
	}
	if err := s.Scan(ctx); err != nil {
		return nil, err
	}
	all := make([]*Run, 0, len(rows))
	for _, row := range rows {
		r := &Run{}
		if err := json.Unmarshal(row.Doc, r); err != nil {
			return nil, fmt.Errorf("reading run %d: %w", row.ID, err)
		}
		all = append(all, r)
	}
	return all, nil
}

// run is the one of that number.
func (n *Playbooks) run(ctx context.Context, id int64) (*Run, error) {
	var row runRow
	err := n.needs.DB.Read().NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	if db.NotFound(err) {
		return nil, ErrNoRun
	}
	if err != nil {
		return nil, err
	}
	r := &Run{}
	return r, json.Unmarshal(row.Doc, r)
}

// start keeps a new run with its entry in the ledger; one that there is, or was, for the incident stays as it is.
func (n *Playbooks) start(ctx context.Context, p *playbooks.File, i *Incident, by string) error {
	return n.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if there, err := tx.NewSelect().Model((*runRow)(nil)).Where("playbook = ?", p.ID).Where("incident = ?", i.UID).Exists(ctx); err != nil || there {
			return err
		}
		r := begin(p, i, by, n.needs.Clock.Now())
		if err := tx.NewSelect().Model((*runRow)(nil)).ColumnExpr("COALESCE(MAX(id), 0) + 1").Scan(ctx, &r.ID); err != nil {
			return err
		}
		if err := put(ctx, tx, r); err != nil {
			return err
		}
		if err := n.forget(ctx, tx, r.ID); err != nil {
			return err
		}
		return n.record(ctx, tx, ledger.Entry{Actor: by, Act: "playbook.run", Object: "incident:" + i.UID, Detail: map[string]string{"playbook": p.ID}})
	})
}

// mostRuns is how many runs are kept; the oldest that are over go.
const mostRuns = 20_000

func (n *Playbooks) forget(ctx context.Context, tx bun.Tx, last int64) error {
	if last <= mostRuns {
		return nil
	}
	_, err := tx.NewDelete().Model((*runRow)(nil)).Where("id < ?", last-mostRuns).Where("state IN (?)", bun.List([]string{string(Over), string(Cancelled)})).Exec(ctx)
	return err
}

func (n *Playbooks) record(ctx context.Context, tx bun.Tx, e ledger.Entry) error {
	e.Outcome = ledger.Done
	_, err := n.needs.Ledger.Append(ctx, tx, e)
	return err
}

// keep keeps a run as it is now.
func (n *Playbooks) keep(ctx context.Context, r *Run) error {
	return n.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return put(ctx, tx, r) })
}

func put(ctx context.Context, tx bun.Tx, r *Run) error {
	return db.Put(ctx, tx, []runRow{{ID: r.ID, Playbook: r.Playbook.ID, Incident: r.Incident, State: string(r.State), Doc: json.RawMessage(asText(r))}}, "id", "state", "doc")
}

// asText is a run as it is kept.
func asText(r *Run) string {
	text, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("playbook: encoding a run: %v", err)) // a type that cannot be encoded is our own fault
	}
	return string(text)
}
