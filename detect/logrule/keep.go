package logrule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

type decisionRow struct {
	bun.BaseModel `bun:"table:logrule_decision,alias:d"`
	Rule          string          `bun:"rule,pk"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

type stateRow struct {
	bun.BaseModel `bun:"table:logrule_state,alias:s"`
	Name          string          `bun:"name,pk"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

// Decision is what a person decided of a rule.
type Decision struct {
	Enabled bool      `json:"enabled"`
	Reason  string    `json:"reason"`
	Who     string    `json:"who"`
	When    time.Time `json:"when"`
}

// Faults of deciding.
var (
	ErrNoRule = errors.New("logrule: there is no such rule")
	ErrReason = errors.New("logrule: a decision needs a reason of 1 to 500 bytes")
	// ErrOffline means a room of [Offline].
	ErrOffline = errors.New("logrule: nothing can be decided where no program runs")
)

// load reads what is kept.
func (r *Room) load(ctx context.Context) error {
	var decisions []decisionRow
	if err := r.needs.DB.Read().NewSelect().Model(&decisions).Scan(ctx); err != nil {
		return err
	}
	for _, row := range decisions {
		var d Decision
		if err := json.Unmarshal(row.Doc, &d); err != nil {
			return fmt.Errorf("decision on %s: %w", row.Rule, err)
		}
		r.decisions[row.Rule] = d
	}
	var states []stateRow
	if err := r.needs.DB.Read().NewSelect().Model(&states).Scan(ctx); err != nil {
		return err
	}
	var from map[string][]string
	for _, row := range states {
		var to any
		switch row.Name {
		case "fired":
			to = &r.fired
		case "heard":
			to = &r.heard
		case "from":
			to = &from
		case "windows":
			to = &r.windows
		default:
			continue
		}
		if err := json.Unmarshal(row.Doc, to); err != nil {
			return fmt.Errorf("%s: %w", row.Name, err)
		}
	}
	r.loadFrom(from)
	return nil
}

// keep writes down what matched, what was heard, and the windows of correlations.
func (r *Room) keep(ctx context.Context) error {
	if r.needs.Fleeting {
		return nil
	}
	open := r.keptWindows()
	r.mu.Lock()
	r.hear()
	fired, err := json.Marshal(r.fired)
	heard, err2 := json.Marshal(r.heard)
	from, err3 := json.Marshal(r.keptFrom())
	r.mu.Unlock()
	if err := errors.Join(err, err2, err3); err != nil {
		return err
	}
	rows := []stateRow{{Name: "fired", Doc: fired}, {Name: "heard", Doc: heard}, {Name: "from", Doc: from}}
	if open != nil {
		text, err := json.Marshal(open)
		if err != nil {
			return err
		}
		rows = append(rows, stateRow{Name: "windows", Doc: text})
	}
	err = r.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return db.Put(ctx, tx, rows, "name", "doc") })
	if err == nil && open != nil {
		r.taking.Lock()
		r.safe = open.At
		r.taking.Unlock()
	}
	return err
}

// Decide puts a rule in force or out of it, and notes who did so and why.
func (r *Room) Decide(ctx context.Context, actor, rule string, enabled bool, reason string) error {
	if reason == "" || len(reason) > 500 {
		return ErrReason
	}
	if r.needs.DB == nil {
		return ErrOffline
	}
	if _, err := r.Show(rule); err != nil {
		return err
	}
	d := Decision{enabled, reason, actor, db.Time(r.needs.Clock.Now())}
	doc, err := json.Marshal(d)
	if err != nil {
		return err
	}
	act := "logrule.disable"
	if enabled {
		act = "logrule.enable"
	}
	err = r.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := db.Put(ctx, tx, []decisionRow{{Rule: rule, Doc: doc}}, "rule", "doc"); err != nil {
			return err
		}
		_, err := r.needs.Ledger.Append(ctx, tx, ledger.Entry{Actor: actor, Act: act, Object: "logrule:" + rule, Outcome: ledger.Done,
			Detail: map[string]string{"reason": reason}})
		return err
	})
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.decisions[rule] = d
	r.mu.Unlock()
	return r.Reload()
}
