package incident

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"bulwark/decide/incident/story"
	"bulwark/platform/db"
	"bulwark/platform/outbox"
)

type itemRow struct {
	bun.BaseModel `bun:"table:incident_item,alias:i"`
	ID            int64           `bun:"id,pk"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

type memoryRow struct {
	bun.BaseModel `bun:"table:incident_memory,alias:m"`
	Site          string          `bun:"site,pk"`
	Kind          string          `bun:"kind,pk"`
	Key           string          `bun:"key,pk"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

type stateRow struct {
	bun.BaseModel `bun:"table:incident_state,alias:t"`
	Name          string `bun:"name,pk"`
	Value         int64  `bun:"value"`
}

// ofSaid is the kind of a piece of memory that is what a person said of a finding.
const ofSaid = "said"

// pending is what is to be kept, as it stood at one moment.
type pending struct {
	items       []itemRow
	memory      []memoryRow
	unlearnt    []memoryRow
	gone        []uint64
	out, risks  outbox.Post
	state       []stateRow
	seq         uint64
	ofChanged   []uint64
	ofSaid      map[*site][]string
	wasKeptUpTo uint64
}

func (p *pending) empty() bool {
	return len(p.items)+len(p.memory)+len(p.unlearnt)+len(p.gone) == 0 && p.out.Empty() && p.risks.Empty() && p.seq == p.wasKeptUpTo
}

// keep keeps what changed since it was last kept, and how far the bus was read, in one transaction.
func (i *Incidents) keep(ctx context.Context) error {
	i.saving.Lock()
	defer i.saving.Unlock()
	i.mu.Lock()
	p, err := i.collect()
	i.mu.Unlock()
	if err != nil || p.empty() {
		return err
	}
	if !i.needs.Fleeting {
		err = i.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return p.write(ctx, tx) })
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if err != nil {
		i.again(p)
		return err
	}
	i.kept(p)
	return nil
}

// collect takes what is to be kept. The lock is held.
func (i *Incidents) collect() (*pending, error) {
	p := &pending{gone: slices.Clone(i.gone), out: i.out.Pack(), risks: i.risks.Pack(), seq: i.upTo.Seq, wasKeptUpTo: i.keptSeq, ofSaid: map[*site][]string{}}
	for id, it := range i.changed {
		doc, err := json.Marshal(it)
		if err != nil {
			return nil, fmt.Errorf("incident %d: %w", id, err)
		}
		p.items = append(p.items, itemRow{ID: int64(id), Doc: doc})
		p.ofChanged = append(p.ofChanged, id)
	}
	for _, s := range i.sites {
		if err := p.learn(s); err != nil {
			return nil, fmt.Errorf("site %q: %w", s.name, err)
		}
	}
	clear(i.changed)
	p.state = []stateRow{{Name: "seq", Value: int64(i.upTo.Seq)}, {Name: "incident", Value: int64(i.last)}, {Name: "told", Value: int64(p.out.Last)},
		{Name: "risks", Value: int64(p.risks.Last)}, {Name: "born", Value: i.upTo.Born}}
	return p, nil
}

// learn takes what is new of what was learnt of a site.
func (p *pending) learn(s *site) error {
	pieces, err := s.Changed()
	if err != nil {
		return err
	}
	put := func(k story.Kept) {
		row := memoryRow{Site: s.name, Kind: k.Kind, Key: k.Key, Doc: k.Doc}
		if k.Doc == nil {
			p.unlearnt = append(p.unlearnt, row)
		} else {
			p.memory = append(p.memory, row)
		}
	}
	for _, k := range pieces {
		put(k)
	}
	for uid := range s.newSaid {
		k := story.Kept{Kind: ofSaid, Key: uid}
		if v, ok := s.said[uid]; ok {
			if k.Doc, err = json.Marshal(v); err != nil {
				return err
			}
		}
		put(k)
		p.ofSaid[s] = append(p.ofSaid[s], uid)
	}
	clear(s.newSaid)
	return nil
}

// again has kept what could not be, when it is next kept. The lock is held.
func (i *Incidents) again(p *pending) {
	for _, id := range p.ofChanged {
		if it := i.items[id]; it != nil {
			i.changed[id] = it
		}
	}
	for s, all := range p.ofSaid {
		for _, uid := range all {
			s.newSaid[uid] = true
		}
	}
	for _, rows := range [...][]memoryRow{p.memory, p.unlearnt} {
		for _, r := range rows {
			if r.Kind != ofSaid {
				i.site(r.Site).Again(story.Kept{Kind: r.Kind, Key: r.Key})
			}
		}
	}
}

// kept forgets what needs not be kept any more. The lock is held.
func (i *Incidents) kept(p *pending) {
	i.out.Kept(p.out)
	i.risks.Kept(p.risks)
	i.gone, i.keptSeq = slices.Clone(i.gone[len(p.gone):]), p.seq
}

func (p *pending) write(ctx context.Context, tx bun.Tx) error {
	if err := db.Drop(ctx, tx, (*itemRow)(nil), p.gone, "id", func(id uint64) []any { return []any{int64(id)} }); err != nil {
		return err
	}
	if err := db.Put(ctx, tx, p.items, "id", "doc"); err != nil {
		return err
	}
	if err := db.Drop(ctx, tx, (*memoryRow)(nil), p.unlearnt, "site, kind, key", func(r memoryRow) []any { return []any{r.Site, r.Kind, r.Key} }); err != nil {
		return err
	}
	if err := db.Put(ctx, tx, p.memory, "site, kind, key", "doc"); err != nil {
		return err
	}
	if err := p.out.Write(ctx, tx); err != nil {
		return err
	}
	if err := p.risks.Write(ctx, tx); err != nil {
		return err
	}
	return db.Put(ctx, tx, p.state, "name", "value")
}

// load takes up what was kept.
func (i *Incidents) load(ctx context.Context) error {
	return i.needs.DB.Snapshot(ctx, func(ctx context.Context, tx bun.Tx) error {
		var states []stateRow
		if err := tx.NewSelect().Model(&states).Scan(ctx); err != nil {
			return err
		}
		state := map[string]uint64{}
		for _, s := range states {
			state[s.Name] = uint64(s.Value)
		}
		i.upTo.Seq, i.keptSeq, i.last, i.upTo.Born = state["seq"], state["seq"], state["incident"], int64(state["born"])
		if err := i.loadMemory(ctx, tx); err != nil {
			return err
		}
		if err := i.loadItems(ctx, tx); err != nil {
			return err
		}
		if err := i.loadCases(ctx, tx); err != nil {
			return err
		}
		if err := i.out.Load(ctx, tx, state["told"]); err != nil {
			return err
		}
		return i.risks.Load(ctx, tx, state["risks"])
	})
}

// loadMemory takes up what was learnt, some rows at a time.
func (i *Incidents) loadMemory(ctx context.Context, tx bun.IDB) error {
	var rows []memoryRow
	if err := tx.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return err
	}
	for _, r := range rows {
		s := i.site(r.Site)
		if r.Kind != ofSaid {
			if err := s.Restore(story.Kept{Kind: r.Kind, Key: r.Key, Doc: r.Doc}); err != nil {
				return fmt.Errorf("site %q: %w", r.Site, err)
			}
			continue
		}
		var v said
		if err := json.Unmarshal(r.Doc, &v); err != nil {
			return fmt.Errorf("site %q: finding %q: %w", r.Site, r.Key, err)
		}
		s.said[r.Key] = v
		s.count(v, 1)
	}
	return nil
}

func (i *Incidents) loadItems(ctx context.Context, tx bun.IDB) error {
	var rows []itemRow
	if err := tx.NewSelect().Model(&rows).Order("id").Scan(ctx); err != nil {
		return err
	}
	open := map[*site][]*story.Incident{}
	for _, row := range rows {
		it := &item{}
		if err := json.Unmarshal(row.Doc, it); err != nil {
			return fmt.Errorf("incident %d: %w", row.ID, err)
		}
		if it.Story == nil {
			return fmt.Errorf("incident %d: it has no story", row.ID)
		}
		i.items[it.Story.ID] = it
		if s := i.site(it.Story.Site); !it.Story.Ended {
			open[s] = append(open[s], it.Story)
		}
	}
	for _, s := range i.sites {
		s.Resume(open[s])
		for _, e := range s.Weighing() {
			if is := band(s.Risk(e, i.moment(s)), i.set); is != "none" {
				i.watched[watch{s.name, e}] = standing{is, i.needs.Clock.Now()}
			}
		}
	}
	return nil
}
