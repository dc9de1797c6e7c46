package finding

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"bulwark/decide/finding/internal/signal"
)

// load takes up what was kept.
func (f *Findings) load(ctx context.Context) error {
	return f.needs.DB.Snapshot(ctx, func(ctx context.Context, tx bun.Tx) error {
		var states []stateRow
		if err := tx.NewSelect().Model(&states).Scan(ctx); err != nil {
			return err
		}
		state := map[string]uint64{}
		for _, s := range states {
			state[s.Name] = uint64(s.Value)
		}
		f.upTo.Seq, f.keptSeq, f.last, f.lastWord, f.lastJudge = state["seq"], state["seq"], state["finding"], state["line"], state["suppression"]
		f.upTo.Born = int64(state["born"])
		if err := f.loadRules(ctx, tx); err != nil {
			return err
		}
		if err := f.loadItems(ctx, tx); err != nil {
			return err
		}
		if err := f.loadSuppressions(ctx, tx); err != nil {
			return err
		}
		return f.out.Load(ctx, tx, state["told"])
	})
}

func (f *Findings) loadRules(ctx context.Context, tx bun.IDB) error {
	var rows []ruleRow
	if err := tx.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return err
	}
	for _, row := range rows {
		s := &signal.Rule{}
		if err := json.Unmarshal(row.Doc, s); err != nil {
			return fmt.Errorf("rule %s: %w", row.ID, err)
		}
		ru := f.makeRule(s)
		f.rules[row.ID] = ru
		if n, ok := signal.Number(row.ID); ok {
			f.numbered[n] = ru
		}
	}
	return nil
}

func (f *Findings) loadItems(ctx context.Context, tx bun.IDB) error {
	var rows []itemRow
	if err := tx.NewSelect().Model(&rows).Order("id").Scan(ctx); err != nil {
		return err
	}
	for _, row := range rows {
		it := &item{ID: uint64(row.ID)}
		if err := json.Unmarshal(row.Doc, it); err != nil {
			return fmt.Errorf("finding %d: %w", row.ID, err)
		}
		it.Site = f.named(it.Site)
		it.Rule, it.App = f.named(it.Rule), f.named(it.App)
		if it.rule = f.rules[it.Rule]; it.rule == nil {
			it.rule = f.makeRule(&signal.Rule{ID: it.Rule, Title: it.Rule, Severity: it.Severity})
		}
		f.index(it)
	}
	return nil
}

func (f *Findings) loadSuppressions(ctx context.Context, tx bun.IDB) error {
	var rows []suppressionRow
	if err := tx.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return err
	}
	for _, row := range rows {
		s := &suppression{ID: uint64(row.ID)}
		if err := json.Unmarshal(row.Doc, s); err != nil {
			return fmt.Errorf("suppression %d: %w", row.ID, err)
		}
		f.judged[s.Rule] = append(f.judged[s.Rule], s)
	}
	for _, all := range f.judged {
		slices.SortFunc(all, func(a, b *suppression) int { return cmp.Compare(b.ID, a.ID) })
	}
	return nil
}

// memory is the evidence and the history of a finding: as they are kept, and what is newer.
func (f *Findings) memory(ctx context.Context, id uint64) (all [slots]witness, history []happening, err error) {
	f.mu.RLock()
	var news fresh
	if it := f.items[id]; it != nil && it.fresh != nil {
		news = *it.fresh
		news.history = slices.Clone(news.history)
		for n := range news.evidence {
			w := &news.evidence[n]
			w.batch, w.uid = slices.Clone(w.batch), slices.Clone(w.uid)
		}
	}
	f.mu.RUnlock()
	if !f.needs.Fleeting {
		if all, history, err = f.recall(ctx, id); err != nil {
			return all, nil, err
		}
	}
	for n, w := range news.evidence {
		if w.place > all[n].place {
			all[n] = w
		}
	}
	for _, h := range news.history {
		if !slices.ContainsFunc(history, func(o happening) bool { return o.id == h.id }) {
			history = append(history, h)
		}
	}
	slices.SortFunc(history, func(a, b happening) int { return cmp.Compare(b.id, a.id) })
	return all, history[:min(len(history), mostHistory)], nil
}

// recall reads the evidence and the history of a finding as they are kept.
func (f *Findings) recall(ctx context.Context, id uint64) (all [slots]witness, history []happening, err error) {
	var rows []evidenceRow
	if err := f.needs.DB.Read().NewSelect().Model(&rows).Where("finding = ?", int64(id)).Scan(ctx); err != nil {
		return all, nil, err
	}
	for _, r := range rows {
		if r.Slot >= 0 && r.Slot < slots {
			all[r.Slot] = witness{uid: []byte(r.UID), place: uint64(r.Place), batch: r.Batch}
		}
	}
	var lines []historyRow
	if err := f.needs.DB.Read().NewSelect().Model(&lines).Where("finding = ?", int64(id)).Order("id DESC").Limit(mostHistory).Scan(ctx); err != nil {
		return all, nil, err
	}
	for _, l := range lines {
		h := happening{id: uint64(l.ID)}
		if err := json.Unmarshal(l.Doc, &h); err != nil {
			return all, nil, fmt.Errorf("history of finding %d: %w", id, err)
		}
		history = append(history, h)
	}
	return all, history, nil
}
