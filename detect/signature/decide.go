package signature

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"bulwark/detect/signature/internal/rule"
)

// decisionsFile is where it is kept what people decided about rules.
const decisionsFile = "decisions.json"

// Decision is what a person said of rules: they are looked for, or they are not.
type Decision struct {
	// Rules are a rule by gid:sid, or those of a file by file:NAME, of a class by class:NAME, of a source by source:NAME, or
	// those whose text an expression (RE2) matches by regex:EXPRESSION.
	Rules   string    `json:"rules"`
	Enabled bool      `json:"enabled"`
	Who     string    `json:"who"`
	When    time.Time `json:"when"`
	Reason  string    `json:"reason"`
	// Unnoted says that it is not in the ledger yet: it was said where none could be written to.
	Unnoted bool `json:"unnoted,omitempty"`
}

// Limits of decisions.
const (
	maxDecisions = 10_000
	maxReason    = 500 // bytes
	maxExpr      = 1000
)

// Faults of decisions.
var (
	ErrNoRule   = errors.New("signature: no such rule")
	ErrDecision = errors.New("signature: bad decision")
)

func loadDecisions(name string) ([]Decision, error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Decision
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return all, nil
}

// check says what is wrong with d.
func (d *Decision) check() error {
	d.Reason = strings.TrimSpace(strings.ToValidUTF8(d.Reason, "?"))
	switch {
	case d.Reason == "":
		return fmt.Errorf("%w: say why", ErrDecision)
	case len(d.Reason) > maxReason:
		return fmt.Errorf("%w: the reason is longer than %d bytes", ErrDecision, maxReason)
	}
	_, err := compileSelector(d.Rules)
	return err
}

// Decide notes what a person says of rules, and puts it in force. Where that fails what was stays.
func (b *Rulebook) Decide(ctx context.Context, d Decision) (Put, error) {
	if err := d.check(); err != nil {
		return Put{}, err
	}
	d.When, d.Unnoted = b.Clock.Now().UTC(), true
	b.change.Lock()
	defer b.change.Unlock()
	b.mu.RLock()
	before := b.decisions
	b.mu.RUnlock()
	after := slices.DeleteFunc(slices.Clone(before), func(o Decision) bool { return o.Rules == d.Rules })
	if len(after) >= maxDecisions {
		return Put{}, fmt.Errorf("%w: there are %d decisions already, which is the limit", ErrDecision, maxDecisions)
	}
	after = append(after, d)
	next, err := b.read(after)
	if err != nil && (next == nil || b.now.put.Rules != nil) {
		return Put{}, err
	}
	if b.Apply != nil {
		if err := b.Apply(next.put); err != nil {
			return Put{}, err
		}
	}
	err = b.keepDecisions(after)
	if err == nil && b.Record != nil {
		if err = b.noteDecision(ctx, &after[len(after)-1]); err != nil {
			err = errors.Join(err, b.keepDecisions(before))
		}
	}
	if err != nil {
		if old := b.edition().put; b.Apply != nil && old.Rules != nil {
			err = errors.Join(err, b.Apply(old)) // what is not kept does not hold
		}
		return Put{}, err
	}
	b.mu.Lock()
	b.decisions = after
	b.turn(next)
	b.mu.Unlock()
	if b.Record != nil {
		if err := b.keepDecisions(after); err != nil { // it will be noted twice
			b.Log.WarnContext(ctx, "keeping that a decision is noted", "error", err)
		}
	}
	return next.put, nil
}

func (b *Rulebook) keepDecisions(all []Decision) error {
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(b.path(decisionsFile), text)
}

// decider says whether a rule is looked for; why is of those that a person has taken out. ok is false where nobody said
// anything.
type decider func(r *rule.Rule, source string) (d *Decision, ok bool)

// newJudge makes the decider: what is said of a rule itself stands above what is said of many, and the newer above the older.
func newJudge(all []Decision) (decider, error) {
	single := map[ID]*Decision{}
	type many struct {
		fits selector
		d    *Decision
	}
	var others []many
	for i := range all {
		d := &all[i]
		if id, err := ParseID(d.Rules); err == nil {
			single[id] = d
			continue
		}
		fits, err := compileSelector(d.Rules)
		if err != nil {
			return nil, err
		}
		others = append(others, many{fits, d})
	}
	slices.Reverse(others)
	return func(r *rule.Rule, source string) (*Decision, bool) {
		if d, ok := single[ID{r.GID, r.SID}]; ok {
			return d, true
		}
		for _, m := range others {
			if m.fits(r, source) {
				return m.d, true
			}
		}
		return nil, false
	}, nil
}

// selector says whether a rule is meant.
type selector func(r *rule.Rule, source string) bool

func compileSelector(text string) (selector, error) {
	if id, err := ParseID(text); err == nil {
		return func(r *rule.Rule, _ string) bool { return r.GID == id.GID && r.SID == id.SID }, nil
	}
	kind, word, _ := strings.Cut(text, ":")
	if word == "" || len(word) > maxExpr {
		return nil, fmt.Errorf("%w: %q is none of gid:sid, file:NAME, class:NAME, source:NAME, regex:EXPRESSION", ErrDecision, text)
	}
	switch kind {
	case "file":
		if _, err := path.Match(word, ""); err != nil {
			return nil, fmt.Errorf("%w: %q: %w", ErrDecision, text, err)
		}
		return func(r *rule.Rule, _ string) bool {
			ok, _ := path.Match(word, filepath.Base(r.Pos.File)) // it is sound: see above
			return ok || r.Pos.File == word
		}, nil
	case "class":
		return func(r *rule.Rule, _ string) bool { return strings.EqualFold(r.Class, word) }, nil
	case "source":
		return func(_ *rule.Rule, source string) bool { return source == word }, nil
	case "regex":
		x, err := regexp.Compile(word)
		if err != nil {
			return nil, fmt.Errorf("%w: %q: %w", ErrDecision, text, err)
		}
		return func(r *rule.Rule, _ string) bool { return x.MatchString(r.Text) }, nil
	}
	return nil, fmt.Errorf("%w: %q is none of gid:sid, file:NAME, class:NAME, source:NAME, regex:EXPRESSION", ErrDecision, text)
}

// replaceFile makes or replaces a file; after a crash it is the old or the new.
func replaceFile(name string, text []byte) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(name)+".*.part")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(dir)
}

func makeDir(name string) error { return os.MkdirAll(name, 0o700) }

func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
