package incident

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"bulwark/decide/incident/story"
	"bulwark/platform/clock"
	"bulwark/platform/ledger"
)

// What can be wrong with what a person asks.
var (
	ErrNoIncident = errors.New("incident: there is no such incident")
	ErrAsk        = errors.New("incident: that cannot be said of an incident")
)

// Bounds of what people say.
const (
	maxReason  = 500 // characters
	maxTitle   = 200
	mostMerged = 50
	mostJudged = 500 // findings at once
)

// Ask is what a person says of an incident: what is nil stays as it is.
type Ask struct {
	Status  *Status `json:"status"`
	Verdict string  `json:"verdict"`
	Owner   *string `json:"owner"`
	Title   *string `json:"title"`
	Reason  string  `json:"reason"`
}

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrAsk, fmt.Sprintf(format, args...))
}

// fitting refuses a text that is too long, or none.
func fitting(name, s string, most int) error {
	if utf8.RuneCountInString(s) > most || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return wrong("the %s is longer than %d characters, or no text", name, most)
	}
	return nil
}

func (a *Ask) check() error {
	a.Reason = strings.TrimSpace(a.Reason)
	if a.Status == nil && a.Owner == nil && a.Title == nil {
		return wrong("say a status, an owner or a title")
	}
	if a.Status != nil && !slices.Contains([]Status{Open, Contained, Closed}, *a.Status) {
		return wrong("status %q is none of open, contained, closed", *a.Status)
	}
	closing := a.Status != nil && *a.Status == Closed
	switch {
	case closing && !slices.Contains([]string{"true", "false", "benign"}, a.Verdict):
		return wrong("say what it was, to close it: verdict %q is none of true, false, benign", a.Verdict)
	case !closing && a.Verdict != "":
		return wrong("a verdict belongs to status closed, and to it alone")
	case closing && a.Verdict != "true" && a.Reason == "":
		return wrong("say why: its rules will count for less")
	}
	for _, t := range [...]struct {
		name string
		s    *string
	}{{"owner", a.Owner}, {"title", a.Title}} {
		if t.s != nil {
			*t.s = strings.TrimSpace(*t.s)
			if err := fitting(t.name, *t.s, maxTitle); err != nil {
				return err
			}
		}
	}
	return fitting("reason", a.Reason, maxReason)
}

// now is the time of what a person says.
func (i *Incidents) now() time.Time { return i.needs.Clock.Now().UTC().Truncate(time.Millisecond) }

// Say keeps what a person says of an incident. A verdict passes to its findings.
func (i *Incidents) Say(ctx context.Context, actor string, id uint64, a Ask) (Incident, error) {
	if err := a.check(); err != nil {
		return Incident{}, err
	}
	entry := ledger.Entry{Actor: actor, Act: "incident.say", Object: object(id), Outcome: ledger.Done, Detail: a.detail()}
	var v Incident
	var findings []uint64
	err := i.change(ctx, entry, []uint64{id}, func(all []*item) error {
		it := all[0]
		if it.Into != 0 {
			return wrong("incident %d was merged into %d", id, it.Into)
		}
		i.say(it, actor, &a)
		if a.Verdict != "" {
			findings = it.numbers()
		}
		v = i.view(it)
		return nil
	})
	if err != nil || i.needs.Judge == nil {
		return v, err
	}
	for some := range slices.Chunk(findings, mostJudged) {
		if err := i.needs.Judge.Judge(ctx, actor, some, a.Verdict, strings.TrimSpace(fmt.Sprintf("incident %d: %s", id, a.Reason))); err != nil {
			return v, fmt.Errorf("incident %d is closed; judging its findings: %w", id, err)
		}
	}
	return v, nil
}

func object(id uint64) string { return "incident/" + strconv.FormatUint(id, 10) }

// detail is what the ledger says of it.
func (a *Ask) detail() map[string]string {
	d := map[string]string{}
	put := func(key, value string) {
		if value != "" {
			d[key] = value
		}
	}
	if a.Status != nil {
		put("status", string(*a.Status))
	}
	if a.Owner != nil {
		d["owner"] = *a.Owner
	}
	if a.Title != nil {
		d["title"] = *a.Title
	}
	put("verdict", a.Verdict)
	put("reason", a.Reason)
	return d
}

// say puts a person's words upon an incident. The lock is held.
func (i *Incidents) say(it *item, actor string, a *Ask) {
	now, w := i.now(), &it.Word
	w.By, w.At, w.Reason = actor, now, a.Reason
	activity := "Update"
	if a.Status != nil {
		w.Status, w.Verdict = *a.Status, a.Verdict
		it.happen(line{now, "status", actor, strings.TrimSpace(string(w.Status) + " " + w.Verdict), a.Reason})
		if w.Status == Closed {
			activity = "Close"
			i.site(it.Story.Site).End(it.Story)
		}
	}
	if a.Owner != nil {
		w.Owner = *a.Owner
		it.happen(line{now, "owner", actor, w.Owner, a.Reason})
	}
	if a.Title != nil {
		w.Title = *a.Title
		it.happen(line{now, "title", actor, w.Title, a.Reason})
	}
	i.tell(it, activity, "said")
}

// numbers are those of the findings that are in it, context aside.
func (it *item) numbers() (all []uint64) {
	for n := range it.Story.Joins {
		j := &it.Story.Joins[n]
		if j.Why == story.Context {
			continue
		}
		for _, id := range j.Findings {
			if f, err := strconv.ParseUint(id, 10, 63); err == nil {
				all = append(all, f)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Merge puts what several incidents hold into the first of them.
func (i *Incidents) Merge(ctx context.Context, actor string, ids []uint64, reason string) (Incident, error) {
	reason = strings.TrimSpace(reason)
	if err := fitting("reason", reason, maxReason); err != nil {
		return Incident{}, err
	}
	for n, id := range ids {
		if slices.Contains(ids[:n], id) {
			return Incident{}, wrong("incident %d is named twice", id)
		}
	}
	if len(ids) < 2 || len(ids) > mostMerged {
		return Incident{}, wrong("name 2 to %d incidents, not %d", mostMerged, len(ids))
	}
	var words []string
	for _, id := range ids {
		words = append(words, strconv.FormatUint(id, 10))
	}
	entry := ledger.Entry{Actor: actor, Act: "incident.merge", Object: object(ids[0]), Outcome: ledger.Done, Detail: map[string]string{"ids": strings.Join(words, ","), "reason": reason}}
	var v Incident
	err := i.change(ctx, entry, ids, func(all []*item) error {
		into := all[0]
		for _, from := range all {
			switch {
			case from.Story.Site != into.Story.Site:
				return wrong("incident %d is of site %q, incident %d of %q", from.Story.ID, from.Story.Site, into.Story.ID, into.Story.Site)
			case from.Into != 0:
				return wrong("incident %d was merged into %d", from.Story.ID, from.Into)
			}
		}
		now := i.now()
		for n, from := range all[1:] {
			i.site(into.Story.Site).Merge(into.Story, from.Story)
			from.Into, from.Word.Status = into.Story.ID, Closed
			from.happen(line{now, "merged", actor, words[0], reason})
			into.happen(line{now, "merged", actor, words[n+1], reason})
			i.tell(from, "Close", "said")
		}
		i.tell(into, "Update", "said")
		v = i.view(into)
		return nil
	})
	return v, err
}

// Split takes bursts out of an incident into one of their own.
func (i *Incidents) Split(ctx context.Context, actor string, id uint64, bursts []uint64, reason string) (Incident, error) {
	reason = strings.TrimSpace(reason)
	if err := fitting("reason", reason, maxReason); err != nil {
		return Incident{}, err
	}
	entry := ledger.Entry{Actor: actor, Act: "incident.split", Object: object(id), Outcome: ledger.Done, Detail: map[string]string{"joins": strconv.Itoa(len(bursts)), "reason": reason}}
	var v Incident
	err := i.change(ctx, entry, []uint64{id}, func(all []*item) error {
		it, taken := all[0], 0
		for n := range it.Story.Joins {
			if slices.Contains(bursts, it.Story.Joins[n].Burst) {
				taken++
			}
		}
		if taken == 0 || taken == len(it.Story.Joins) {
			return wrong("%d of %d of what is in incident %d are named: some must go, and some stay", taken, len(it.Story.Joins), id)
		}
		i.forget()
		out := i.site(it.Story.Site).Split(it.Story, bursts)
		now := i.now()
		made := &item{Story: out, Word: word{Status: it.Word.Status, Verdict: it.Word.Verdict, By: actor, At: now, Reason: reason}}
		i.items[out.ID], i.changed[out.ID] = made, made
		made.happen(line{now, "split", actor, strconv.FormatUint(id, 10), reason})
		it.happen(line{now, "split", actor, strconv.FormatUint(out.ID, 10), reason})
		i.tell(it, "Update", "said")
		i.tell(made, "Create", "new")
		v = i.view(made)
		return nil
	})
	return v, err
}

// change does something to incidents and keeps it, with an entry of the ledger, in one transaction. Where that fails nothing has happened.
func (i *Incidents) change(ctx context.Context, entry ledger.Entry, ids []uint64, do func([]*item) error) error {
	if err := i.keep(ctx); err != nil { // what was found is not kept while the lock is held
		return err
	}
	i.saving.Lock()
	defer i.saving.Unlock()
	i.mu.Lock()
	defer i.mu.Unlock()
	var all []*item
	for _, id := range ids {
		it := i.items[id]
		if it == nil {
			return fmt.Errorf("%w: %d", ErrNoIncident, id)
		}
		all = append(all, it)
	}
	undo, err := i.remember(all)
	if err != nil {
		return err
	}
	untell := i.out.Begin()
	if err := do(all); err != nil {
		undo()
		untell()
		return err
	}
	for _, it := range all {
		i.changed[it.Story.ID] = it
	}
	p, err := i.collect()
	if err == nil {
		err = i.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			if !i.needs.Fleeting {
				if err := p.write(ctx, tx); err != nil {
					return err
				}
			}
			_, err := i.needs.Ledger.Append(ctx, tx, entry)
			return err
		})
	}
	if err != nil {
		undo()
		untell()
		if p != nil {
			i.again(p)
		}
		return err
	}
	i.kept(p)
	clock.Wake(i.dirty) // there may be something to tell
	clock.Wake(i.look)
	return nil
}

// remember keeps incidents as they are, to have them back. What was made since is forgotten.
func (i *Incidents) remember(all []*item) (undo func(), err error) {
	last := i.last
	var before [][]byte
	for _, it := range all {
		doc, err := json.Marshal(it)
		if err != nil {
			return nil, fmt.Errorf("incident %d: %w", it.Story.ID, err)
		}
		before = append(before, doc)
	}
	return func() {
		for id := last + 1; id <= i.last; id++ {
			if it := i.items[id]; it != nil {
				i.site(it.Story.Site).End(it.Story)
				delete(i.items, id)
				delete(i.changed, id)
			}
		}
		i.last = last
		for n, it := range all {
			old := &item{}
			if json.Unmarshal(before[n], old) != nil { // it was just written
				continue
			}
			in := it.Story
			*in = *old.Story // the site knows it by its place
			*it = *old
			it.Story = in
			i.site(in.Site).Adopt(in)
		}
	}, nil
}
