package finding

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"bulwark/decide/finding/internal/signal"
	"bulwark/platform/clock"
	"bulwark/platform/ledger"
)

// Scope is how far what a person said reaches.
type Scope string

// The scopes.
const (
	Same     Scope = "same"   // the rule between these ends
	ByEntity Scope = "entity" // the rule wherever this entity is in it
	ByRule   Scope = "rule"   // the rule at all
)

// What can be wrong with what a person asks.
var (
	ErrNoFinding     = errors.New("finding: there is no such finding")
	ErrNoSuppression = errors.New("finding: there is no such suppression")
	ErrVerdict       = errors.New("finding: that cannot be said of a finding")
)

// Bounds of what people say.
const (
	mostJudged       = 500 // findings at once
	maxReason        = 500 // characters
	mostSuppressions = 10_000
	mostOfRule       = 500 // suppressions of one rule
)

// Ask is what a person says of some findings.
type Ask struct {
	IDs     []uint64  `json:"ids"`
	Verdict Verdict   `json:"verdict"`
	Reason  string    `json:"reason"`
	Until   time.Time `json:"until,omitzero"`
	Scope   Scope     `json:"scope"`
	Entity  string    `json:"entity"` // kind:value, of ByEntity
}

// suppression is what is counted and not shown, because a person said so.
type suppression struct {
	ID      uint64    `json:"-"`
	Scope   Scope     `json:"scope"`
	Rule    string    `json:"rule"`
	Title   string    `json:"title"`
	Verdict Verdict   `json:"verdict"`
	Source  end       `json:"source"` // of Same
	Target  end       `json:"target"`
	Entity  named     `json:"entity"` // of ByEntity
	Reason  string    `json:"reason"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Until   time.Time `json:"until,omitzero"`
	Finding uint64    `json:"finding,omitempty"`
	Hits    uint64    `json:"hits"`
	Last    time.Time `json:"last,omitzero"`

	dirty bool
}

// named is an entity by which findings are chosen.
type named struct {
	Kind   string     `json:"kind,omitempty"` // device, address, or of what rules name
	Value  string     `json:"value,omitempty"`
	Device uint64     `json:"device,omitempty"`
	Addr   netip.Addr `json:"addr,omitzero"`
}

// parseNamed reads kind:value.
func parseNamed(text string) (n named, err error) {
	kind, value, ok := strings.Cut(text, ":")
	if !ok || value == "" {
		return n, fmt.Errorf("%q is no entity: kind:value, as device:12 or address:10.0.0.7", text)
	}
	n = named{Kind: kind, Value: value}
	switch kind {
	case "device":
		if n.Device, err = strconv.ParseUint(value, 10, 63); err != nil || n.Device == 0 {
			return n, fmt.Errorf("%q is no number of a device", value)
		}
	case "address":
		if n.Addr, err = netip.ParseAddr(value); err != nil {
			return n, fmt.Errorf("%q is no address", value)
		}
		n.Addr = n.Addr.Unmap()
	}
	return n, nil
}

// in reports whether an entity is one of those that are given.
func (n *named) in(src, dst *end, others []signal.Entity) bool {
	switch n.Kind {
	case "device":
		return src.Device == n.Device || dst.Device == n.Device
	case "address":
		return src.has(n.Addr) || dst.has(n.Addr)
	case "host":
		return src.Host == n.Value || dst.Host == n.Value
	}
	return slices.Contains(others, signal.Entity{Kind: n.Kind, Value: n.Value})
}

func (e *end) has(a netip.Addr) bool { return !e.Many && e.Addr == a || slices.Contains(e.Some, a) }

// covers reports whether a suppression is of findings of its rule between these ends.
func (s *suppression) covers(src, dst *end, others []signal.Entity) bool {
	switch s.Scope {
	case ByRule:
		return true
	case ByEntity:
		return s.Entity.in(src, dst, others)
	}
	return (s.Source.Many || s.Source.compatible(src)) && (s.Target.Many || s.Target.compatible(dst))
}

func (s *suppression) over(now time.Time) bool { return !s.Until.IsZero() && !now.Before(s.Until) }

// suppressing is what a person said of a rule between two ends, which holds now; nil: nothing.
func (f *Findings) suppressing(rule string, src, dst *end, others []signal.Entity) *suppression {
	all := f.judged[rule]
	if len(all) == 0 {
		return nil
	}
	now := f.needs.Clock.Now()
	for _, s := range all {
		if !s.over(now) && s.covers(src, dst, others) {
			return s
		}
	}
	return nil
}

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrVerdict, fmt.Sprintf(format, args...))
}

// check refuses what cannot be said, and completes what was left out.
func (a *Ask) check(now time.Time) error {
	a.Reason = strings.TrimSpace(a.Reason)
	remembered := a.Verdict == False || a.Verdict == Benign || a.Verdict == Suppress
	slices.Sort(a.IDs)
	a.IDs = slices.Compact(a.IDs)
	switch {
	case len(a.IDs) == 0 || len(a.IDs) > mostJudged:
		return wrong("name 1 to %d findings, not %d", mostJudged, len(a.IDs))
	case !slices.Contains([]Verdict{True, False, Benign, Suppress, Snooze, Reopen}, a.Verdict):
		return wrong("verdict %q is none of true, false, benign, suppress, snooze, reopen", a.Verdict)
	case utf8.RuneCountInString(a.Reason) > maxReason || !utf8.ValidString(a.Reason) || strings.ContainsRune(a.Reason, 0):
		return wrong("the reason is longer than %d characters, or no text", maxReason)
	case remembered && a.Reason == "":
		return wrong("say why: what is not shown any more needs a reason")
	case a.Verdict == Snooze && a.Until.IsZero():
		return wrong("say until when it is to be snoozed")
	case a.Verdict != Snooze && a.Verdict != Suppress && !a.Until.IsZero():
		return wrong("%s has no end: leave until out", a.Verdict)
	case !a.Until.IsZero() && !a.Until.After(now):
		return wrong("until %s is not in the future", a.Until.UTC().Format(time.RFC3339))
	}
	if a.Scope == "" {
		a.Scope = Same
	}
	if !slices.Contains([]Scope{Same, ByEntity, ByRule}, a.Scope) || a.Scope != Same && !remembered {
		return wrong("scope %q is none of same, entity, rule, or not one of %s", a.Scope, a.Verdict)
	}
	if a.Entity != "" != (a.Scope == ByEntity) {
		return wrong("an entity belongs to the scope entity, and to it alone")
	}
	if !a.Until.IsZero() {
		a.Until = a.Until.UTC().Truncate(time.Millisecond)
	}
	return nil
}

// Judge keeps what a person says of findings: all of it, or nothing.
func (f *Findings) Judge(ctx context.Context, actor string, a Ask) ([]Finding, []Suppression, error) {
	now := f.needs.Clock.Now().UTC().Truncate(time.Millisecond)
	if err := a.check(now); err != nil {
		return nil, nil, err
	}
	j := judgement{Ask: a, actor: actor, now: now}
	entry := ledger.Entry{Actor: actor, Act: "finding." + string(a.Verdict), Object: "findings", Outcome: ledger.Done, Detail: a.detail()}
	if len(a.IDs) == 1 {
		entry.Object = fmt.Sprintf("finding/%d", a.IDs[0])
	}
	if err := f.change(ctx, entry, func() error { return f.judge(&j) }, func() { f.undo(&j) }); err != nil {
		return nil, nil, err
	}
	defer clock.Wake(f.look)
	return f.viewAll(j.items), f.viewSuppressions(j.made), nil
}

// detail is what the ledger says of it.
func (a *Ask) detail() map[string]string {
	ids := make([]string, len(a.IDs))
	for i, id := range a.IDs {
		ids[i] = strconv.FormatUint(id, 10)
	}
	d := map[string]string{"ids": strings.Join(ids, ","), "scope": string(a.Scope)}
	if a.Reason != "" {
		d["reason"] = a.Reason
	}
	if a.Entity != "" {
		d["entity"] = a.Entity
	}
	if !a.Until.IsZero() {
		d["until"] = a.Until.Format(time.RFC3339)
	}
	return d
}

// change does something and keeps it, with an entry of the ledger, in one transaction; undo undoes it where that fails.
func (f *Findings) change(ctx context.Context, entry ledger.Entry, do func() error, undo func()) error {
	if err := f.keep(ctx); err != nil { // what detectors found is not kept while the lock is held
		return err
	}
	f.saving.Lock()
	defer f.saving.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	untell := f.out.Begin()
	if err := do(); err != nil {
		return err
	}
	p := f.collect()
	err := f.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if !f.needs.Fleeting {
			if err := p.write(ctx, tx); err != nil {
				return err
			}
		}
		_, err := f.needs.Ledger.Append(ctx, tx, entry)
		return err
	})
	if err != nil {
		f.settle(p.items, false)
		undo()
		untell()
		return err
	}
	f.kept(p)
	f.settle(p.items, true)
	clock.Wake(f.dirty) // there may be something to tell
	return nil
}

// judgement is what a person says, and what it changes.
type judgement struct {
	Ask
	actor  string
	now    time.Time
	entity named
	items  []*item
	before [][2]word // what was said of them, and what was said before that
	made   []*suppression
	lifted []*suppression
}

// judge does what a person says. The lock is held. Nothing has happened where it returns an error.
func (f *Findings) judge(j *judgement) (err error) {
	if j.Scope == ByEntity {
		if j.entity, err = parseNamed(j.Entity); err != nil {
			return wrong("%v", err)
		}
	}
	for _, id := range j.IDs {
		it := f.items[id]
		if it == nil {
			return fmt.Errorf("%w: %d", ErrNoFinding, id)
		}
		if j.Scope == ByEntity && !j.entity.in(&it.Source, &it.Target, it.Others) {
			return wrong("finding %d is not about %s", id, j.Entity)
		}
		j.items = append(j.items, it)
	}
	if err := f.remember(j); err != nil {
		return err
	}
	f.sweep(j)
	for _, it := range j.items {
		j.before = append(j.before, [2]word{it.Word, it.Before})
		f.say(it, j)
	}
	return nil
}

// remember makes and lifts the suppressions that a verdict means.
func (f *Findings) remember(j *judgement) error {
	switch j.Verdict {
	case False, Benign, Suppress:
	case Reopen:
		for _, it := range j.items {
			for _, s := range f.judged[it.Rule] {
				if s.Scope == Same && s.Source.compatible(&it.Source) && s.Target.compatible(&it.Target) {
					j.lifted = append(j.lifted, s)
				}
			}
		}
		for _, s := range j.lifted {
			f.lift(s)
		}
		return nil
	default:
		return nil
	}
	f.lapse(j)
	total, added := 0, map[string]int{}
	for _, all := range f.judged {
		total += len(all)
	}
	for _, it := range j.items {
		if j.Scope != Same && added[it.Rule] > 0 {
			continue
		}
		if added[it.Rule]++; total+1 > mostSuppressions || len(f.judged[it.Rule])+1 > mostOfRule {
			f.undo(j)
			return wrong("there are too many suppressions of rule %s: say it of the rule at all", it.Rule)
		}
		total++
		f.lastJudge++
		s := &suppression{ID: f.lastJudge, Scope: j.Scope, Rule: it.Rule, Title: it.rule.Title, Verdict: j.Verdict, Reason: j.Reason, By: j.actor, At: j.now,
			Until: j.Until, Finding: it.ID, Entity: j.entity, dirty: true}
		if j.Scope == Same {
			s.Source, s.Target = it.Source, it.Target
		}
		f.judged[it.Rule] = append([]*suppression{s}, f.judged[it.Rule]...)
		j.made = append(j.made, s)
	}
	return nil
}

// lapse takes away the suppressions of the rules in hand whose time is over, and those in whose place others come.
func (f *Findings) lapse(j *judgement) {
	for _, it := range j.items {
		for _, s := range slices.Clone(f.judged[it.Rule]) {
			replaced := s.Scope == j.Scope && (s.Scope == ByRule || s.Scope == ByEntity && s.Entity == j.entity ||
				s.Scope == Same && s.Source.compatible(&it.Source) && s.Target.compatible(&it.Target))
			if s.over(j.now) || replaced {
				f.lift(s)
				j.lifted = append(j.lifted, s)
			}
		}
	}
}

func (f *Findings) lift(s *suppression) {
	f.judged[s.Rule] = slices.DeleteFunc(slices.Clone(f.judged[s.Rule]), func(o *suppression) bool { return o == s })
	f.lifted = append(f.lifted, s.ID)
}

// sweep adds to the findings that are judged those that what is remembered covers too, and that are not closed.
func (f *Findings) sweep(j *judgement) {
	if j.Scope == Same {
		return
	}
	for _, it := range f.every {
		if _, asked := slices.BinarySearch(j.IDs, it.ID); asked || it.Word.Status == Closed {
			continue
		}
		if slices.ContainsFunc(j.made, func(s *suppression) bool {
			return s.Rule == it.Rule && s.covers(&it.Source, &it.Target, it.Others)
		}) {
			j.items = append(j.items, it)
		}
	}
}

// say puts a person's word upon a finding.
func (f *Findings) say(it *item, j *judgement) {
	w := word{Status: Closed, Verdict: j.Verdict, By: j.actor, Reason: j.Reason, At: j.now, Until: j.Until}
	what := "verdict"
	activity := "Close"
	delete(f.snoozed, it.ID)
	switch j.Verdict {
	case Snooze:
		w.Status, w.Verdict, what, activity = Snoozed, "", "snooze", "Update"
		f.snoozed[it.ID] = it
	case Reopen:
		w = word{Status: Open}
		what, activity = "reopen", "Update"
	case False, Benign, Suppress:
		w.Scope = j.Scope
	}
	if it.Word = w; j.Verdict != Snooze {
		it.Before = word{}
	}
	f.happen(it, happening{Time: j.now, By: j.actor, What: what, Verdict: w.Verdict, Reason: j.Reason, Until: j.Until, Scope: w.Scope})
	f.tell(it, rejudged, activity)
}

// undo takes back what could not be kept.
func (f *Findings) undo(j *judgement) {
	for n, w := range j.before {
		it := j.items[n]
		it.Word, it.Before = w[0], w[1]
		delete(f.snoozed, it.ID)
		if it.Word.Status == Snoozed {
			f.snoozed[it.ID] = it
		}
		if it.fresh != nil && len(it.fresh.history) > 0 {
			it.fresh.history = it.fresh.history[:len(it.fresh.history)-1]
		}
	}
	for _, s := range j.made {
		f.lift(s)
		f.lifted = f.lifted[:len(f.lifted)-1] // it was never kept
	}
	for _, s := range j.lifted {
		s.dirty = true
		f.judged[s.Rule] = append(f.judged[s.Rule], s)
		f.lifted = slices.DeleteFunc(f.lifted, func(id uint64) bool { return id == s.ID })
	}
}

// Unsuppress takes back what a person said: what it covered is shown again when it comes again.
func (f *Findings) Unsuppress(ctx context.Context, actor string, id uint64, reason string) error {
	reason = strings.TrimSpace(reason)
	if utf8.RuneCountInString(reason) > maxReason || !utf8.ValidString(reason) {
		return wrong("the reason is longer than %d characters, or no text", maxReason)
	}
	var gone *suppression
	entry := ledger.Entry{Actor: actor, Act: "finding.unsuppress", Object: fmt.Sprintf("suppression/%d", id), Outcome: ledger.Done, Detail: map[string]string{}}
	if reason != "" {
		entry.Detail["reason"] = reason
	}
	return f.change(ctx, entry, func() error {
		for _, all := range f.judged {
			for _, s := range all {
				if s.ID == id {
					gone = s
				}
			}
		}
		if gone == nil {
			return fmt.Errorf("%w: %d", ErrNoSuppression, id)
		}
		entry.Detail["rule"], entry.Detail["verdict"] = gone.Rule, string(gone.Verdict)
		f.lift(gone)
		return nil
	}, func() {
		f.judged[gone.Rule] = append(f.judged[gone.Rule], gone)
		f.lifted = slices.DeleteFunc(f.lifted, func(id uint64) bool { return id == gone.ID })
	})
}
