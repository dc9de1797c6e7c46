package finding

import (
	"context"
	"slices"
	"strconv"

	"github.com/uptrace/bun"

	"bulwark/decide/finding/internal/signal"
	"bulwark/platform/db"
)

// joined is the activity of an event of kind device by which two devices became one.
const joined = "Joined"

// merger is that a finding became part of another one, whose events stand before its own.
type merger struct{ from, to, before uint64 }

// join takes it over that a device is another one.
func (f *Findings) join(gone, stays uint64) {
	clear(f.ends)
	is := func(device uint64) uint64 {
		if device == gone {
			return stays
		}
		return device
	}
	for _, all := range f.judged {
		for _, s := range all {
			if s.Source.Device == gone || s.Target.Device == gone || s.Entity.Device == gone {
				s.Source.Device, s.Target.Device, s.Entity.Device = is(s.Source.Device), is(s.Target.Device), is(s.Entity.Device)
				if s.Entity.Kind == "device" {
					s.Entity.Value = strconv.FormatUint(s.Entity.Device, 10)
				}
				s.dirty = true
			}
		}
	}
	for _, it := range slices.Clone(f.every) {
		if it.Source.Device == gone || it.Target.Device == gone {
			f.mark(f.rename(it, is(it.Source.Device), is(it.Target.Device)), counted)
		}
	}
}

// merge makes one finding of two that are between the same: the older one, which has what was seen of both. It is open where the
// other one was. The other is not to be found by its ends any more.
func (f *Findings) merge(one, other *item) *item {
	it, gone := one, other
	if gone.ID < it.ID {
		it, gone = gone, it
	}
	f.touch(it)
	f.unlocate(it)
	f.merged = append(f.merged, merger{from: gone.ID, to: it.ID, before: it.Count})
	it.inherit(gone)
	now, was := f.needs.Clock.Now(), gone.Word
	gone.Word = word{Status: Closed, By: self, At: now}
	f.tell(gone, rejudged, "Close")
	f.remove(gone)
	f.locate(it)
	if it.Word.Status != Open && was.Status == Open {
		f.open(it, "returned", now)
	}
	f.happen(it, happening{Time: now, By: self, What: "merged", Reason: strconv.FormatUint(gone.ID, 10)})
	return it
}

// inherit takes over what was seen of another finding.
func (it *item) inherit(o *item) {
	if o.Last > it.Last {
		it.Site, it.Port, it.Proto, it.Flow, it.App, it.Answer = o.Site, o.Port, o.Proto, o.Flow, o.App, o.Answer
		it.rule, it.Severity = o.rule, o.Severity
	}
	for n, w := range o.news() {
		if w.place == 0 {
			continue
		}
		w.place += it.Count
		if into := &it.fresh.evidence[slot(w.place)]; into.place < w.place {
			*into, o.fresh.evidence[n] = w, witness{}
		}
	}
	it.First, it.Last, it.Count = min(it.First, o.First), max(it.Last, o.Last), it.Count+o.Count
	for _, x := range o.Others {
		it.Others = signal.Add(it.Others, x)
	}
}

// news is the evidence of a finding that is not kept yet.
func (it *item) news() (all [slots]witness) {
	if it.fresh != nil {
		all = it.fresh.evidence
	}
	return all
}

// move takes over where the devices are between whom a finding is.
func (f *Findings) move(it *item, src, dst *end) {
	if it.Source.where() == src.where() && it.Target.where() == dst.where() {
		return
	}
	f.unlocate(it)
	f.widen(it, -1)
	it.Source.move(src)
	it.Target.move(dst)
	f.widen(it, 1)
	f.locate(it)
}

func (e *end) move(to *end) {
	if e.Many || to.Many || e.Addr == to.Addr {
		return
	}
	e.name(e.Addr)
	e.Addr = to.Addr
}

// writeMerged moves what is kept of findings that became part of others.
func (p *pending) writeMerged(ctx context.Context, tx bun.Tx) error {
	for _, m := range p.merged {
		if _, err := tx.NewUpdate().Model((*historyRow)(nil)).Set("finding = ?", int64(m.to)).Where("finding = ?", int64(m.from)).Exec(ctx); err != nil {
			return err
		}
		var rows []evidenceRow
		if err := tx.NewSelect().Model(&rows).Where("finding = ?", int64(m.from)).Order("place").Scan(ctx); err != nil {
			return err
		}
		var moved [slots]evidenceRow
		for _, r := range rows {
			r.Finding, r.Place = int64(m.to), r.Place+int64(m.before)
			r.Slot = int64(slot(uint64(r.Place)))
			moved[r.Slot] = r
		}
		left := slices.DeleteFunc(moved[:], func(r evidenceRow) bool { return r.Place == 0 })
		if err := db.Put(ctx, tx, left, "finding, slot", "uid", "place", "batch"); err != nil {
			return err
		}
	}
	return nil
}
