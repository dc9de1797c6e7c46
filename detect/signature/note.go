package signature

import (
	"context"
	"slices"
	"time"
)

// What is done to rules is kept in a file that says, too, that it is not in the ledger yet; then it is noted there, and the file
// says no more so. Whoever is interrupted between, or had no ledger (a command while the program does not run), leaves it to the
// program, which notes it as soon as it can. So nothing is done that is not noted, and nothing is noted that is not done.

// note is something that was done, and is not in the ledger yet.
type note struct {
	Time   time.Time         `json:"time"`
	Actor  string            `json:"actor"`
	Act    string            `json:"act"`
	Object string            `json:"object"`
	Detail map[string]string `json:"detail"`
}

// maxUnnoted is how many acts of one source wait for the ledger; of more the oldest are not noted.
const maxUnnoted = 100

func (k *kept) unnoted(actor, act, object string, detail map[string]string) {
	for name, v := range detail {
		if v == "" {
			delete(detail, name)
		}
	}
	k.Unnoted = append(k.Unnoted, note{k.Checked, actor, act, object, detail})
	k.Unnoted = k.Unnoted[max(0, len(k.Unnoted)-maxUnnoted):]
}

// late is from how long after it was done on it is said when that was.
const late = time.Minute

func (b *Rulebook) noteAt(ctx context.Context, n note) error {
	if b.Clock.Now().Sub(n.Time) > late {
		n.Detail["at"] = n.Time.Format(time.RFC3339)
	}
	return b.Record(ctx, n.Actor, n.Act, n.Object, n.Detail)
}

func (b *Rulebook) noteDecision(ctx context.Context, d *Decision) error {
	act := "rule.disable"
	if d.Enabled {
		act = "rule.enable"
	}
	if err := b.noteAt(ctx, note{d.When, d.Who, act, "rule:" + d.Rules, map[string]string{"reason": d.Reason}}); err != nil {
		return err
	}
	d.Unnoted = false
	return nil
}

// noteSource notes what came of bringing a source up to date.
func (b *Rulebook) noteSource(ctx context.Context, name string) {
	if b.Record == nil {
		return
	}
	k, err := loadKept(b.Dir, name)
	if err != nil || len(k.Unnoted) == 0 {
		return
	}
	for err == nil && len(k.Unnoted) > 0 {
		if err = b.noteAt(ctx, k.Unnoted[0]); err == nil {
			k.Unnoted = k.Unnoted[1:]
		}
	}
	if serr := k.save(b.Dir, name); err == nil {
		err = serr
	}
	if err != nil {
		b.Log.ErrorContext(ctx, "noting an update of rules", "source", name, "error", err)
	}
}

// noteLate notes what was done while there was no ledger to write to.
func (b *Rulebook) noteLate(ctx context.Context) {
	if b.Record == nil {
		return
	}
	if b.fetch.TryLock() {
		for i := range b.Config.Sources {
			b.noteSource(ctx, b.Config.Sources[i].Name)
		}
		b.fetch.Unlock()
	}
	b.change.Lock()
	defer b.change.Unlock()
	b.mu.RLock()
	all := slices.Clone(b.decisions)
	b.mu.RUnlock()
	if !slices.ContainsFunc(all, func(d Decision) bool { return d.Unnoted }) {
		return
	}
	var err error
	for n := range all {
		if d := &all[n]; d.Unnoted && err == nil {
			err = b.noteDecision(ctx, d)
		}
	}
	if kerr := b.keepDecisions(all); err == nil {
		err = kerr
	}
	if err != nil {
		b.Log.ErrorContext(ctx, "noting what people decided about rules", "error", err)
	}
	b.mu.Lock()
	b.decisions = all
	b.mu.Unlock()
}
