package signature

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"bulwark/content/attack"
	"bulwark/content/rules"
	"bulwark/platform/bus"
	"bulwark/platform/clock"
)

// Needs is what a rulebook is made of.
type Needs struct {
	Config Config
	Dir    string // folder in which it keeps what people decided, what fired, and what was fetched; it is made where there is none
	Clock  clock.Clock
	Log    *slog.Logger
	// Fleeting says that what fires is not to be kept: a capture is shown instead of the network.
	Fleeting bool
	// Apply puts rules in force; nil: nobody looks for them here.
	Apply func(Put) error
	// SoundLogs refuses files of rules about events of logs none of which can be used; nil: nobody asks them here.
	SoundLogs func(files []File) error
	// Poll asks the process that looks for rules what they cost; [Rulebook.Costs] takes the answer. Nil: nobody knows.
	Poll func() error
	// Record notes in the ledger what somebody did; nil: nowhere.
	Record func(ctx context.Context, actor, act, object string, detail map[string]string) error
	// Verdicts are what people said of what a rule found; nil: nothing is known.
	Verdicts func(ctx context.Context, ids []ID) (map[ID]Verdicts, error)
	// Seen is what is seen of the network; nil: nothing is known.
	Seen func(ctx context.Context) (Sights, error)
	// Names are those by which programs of the hospital call themselves, as far as they are known; nil: nothing is learnt of them.
	Names func() []Name
	// Play runs a capture past rules; nil: no trial can be made.
	Play Player
	// Roots are the authorities that servers of rules must have their certificates from; nil: those of the machine.
	Roots *tls.Config
	// Packets writes a stretch of the packets that are kept, as a capture, in the name of who asks; nil: none are kept.
	Packets func(r *http.Request, s Stretch, out io.Writer) error
}

// Verdicts are how often people judged what a rule found.
type Verdicts struct {
	True         int             `json:"true"`
	False        int             `json:"false"`
	Benign       int             `json:"benign"`
	Suppressions int             `json:"suppressions"`
	List         []VerdictOnRule `json:"-"` // the newest; asked for with a single rule
}

// VerdictOnRule is one of them.
type VerdictOnRule struct {
	Verdict string    `json:"verdict"`
	Reason  string    `json:"reason"`
	Who     string    `json:"who"`
	When    time.Time `json:"when"`
	Finding uint64    `json:"finding,omitempty"`
	Scope   string    `json:"scope,omitempty"`
}

// Stretch says which of the packets that are kept are meant, and why they are opened.
type Stretch struct {
	Reason string      `json:"reason"`
	From   time.Time   `json:"from"`
	To     time.Time   `json:"to"`
	Flow   json.Number `json:"flow"` // a number, or a text that is one
	Hosts  []string    `json:"hosts"`
	Filter string      `json:"filter"`
}

// Rulebook holds the rules that are looked for, with what became of each. Make it with [Open]; it is safe for concurrent use.
type Rulebook struct {
	Needs
	attack *attack.Attack
	french map[uint32]string // titles of rules that come with the program, by which they are found, too
	trying chan struct{}     // holds one while a trial runs
	fetch  sync.Mutex        // held while sources are brought up to date

	change sync.Mutex // held while other rules are put in force, before mu

	// mu guards what follows.
	mu        sync.RWMutex
	now       *edition
	decisions []Decision
	fired     map[ID]*firing
	pairs     pairs
	known     map[string]inForce // lists; learn has it to itself
	unkept    bool               // something fired that is not on disk yet
	upTo      bus.Mark           // how far the bus was read
	seen      Sights
	counts    map[ID]Cost
}

// Open takes up what is kept in the folder, and reads the rules. Where they cannot be read, the rulebook is empty and the
// error says why; it can be used nevertheless.
func Open(n Needs) (*Rulebook, error) {
	b := &Rulebook{Needs: n, attack: attack.Load(), french: rules.French(), trying: make(chan struct{}, 1), now: &edition{byID: map[ID]int{}}, fired: map[ID]*firing{},
		counts: map[ID]Cost{}, pairs: newPairs(), known: map[string]inForce{}}
	var err error
	if b.decisions, err = loadDecisions(b.path(decisionsFile)); err != nil {
		return nil, err
	}
	b.cleanTrials()
	if err := b.loadFired(); err != nil {
		b.Log.Warn("what fired before is not known", "error", err)
		b.fired = map[ID]*firing{}
	}
	_, err = b.Reload()
	if known, kerr := loadKnown(b.Dir); kerr == nil {
		b.note(known, b.Clock.Now())
	}
	return b, err
}

func (b *Rulebook) path(name string) string { return filepath.Join(b.Dir, name) }

// Put is what came of putting rules in force.
type Put struct {
	Loaded   int     `json:"loaded"`
	Rejected int     `json:"rejected"`
	First    State   `json:"-"` // the first that was rejected
	Rules    *Rules  `json:"-"`
	took     float64 // ms
}

// ErrNothing means that none of the rules can be used: those that are in force stay.
var ErrNothing = errors.New("signature: none of the rules can be used: those that are in force stay")

// Reload reads the rules anew and puts them in force. On an error those that are in force stay.
func (b *Rulebook) Reload() (Put, error) {
	b.change.Lock()
	defer b.change.Unlock()
	b.mu.RLock()
	decisions, before := b.decisions, b.now
	b.mu.RUnlock()
	next, missing := b.read(decisions)
	if next == nil || missing != nil && before.put.Rules != nil {
		return Put{}, missing
	}
	if next.put.Loaded == 0 && before.put.Loaded > 0 && len(next.items) > 0 && next.put.Rejected > 0 {
		return Put{}, ErrNothing
	}
	if b.Apply != nil {
		if err := b.Apply(next.put); err != nil {
			return Put{}, fmt.Errorf("handing the rules over: %w", err)
		}
	}
	b.mu.Lock()
	b.turn(next)
	b.mu.Unlock()
	return next.put, missing
}

// turn makes next the edition that is shown. What rules cost that are still there is known on. The lock is held.
func (b *Rulebook) turn(next *edition) {
	b.now = next
	maps.DeleteFunc(b.counts, func(id ID, _ Cost) bool { _, ok := next.byID[id]; return !ok })
}

// Rules are those that are in force, as they are handed over.
func (b *Rulebook) Rules() (*Rules, Put) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.now.put.Rules == nil {
		return &Rules{}, Put{}
	}
	return b.now.put.Rules, b.now.put
}

// read reads the rules as they are on disk, and what people decided about them. With an error there may be an edition of what
// could be read.
func (b *Rulebook) read(decisions []Decision) (*edition, error) {
	begun := b.Clock.Now()
	rules, missing := b.Config.Load(b.Dir, begun)
	judge, err := newJudge(decisions)
	if err != nil {
		return nil, err
	}
	rules.decide = judge
	e, err := b.edit(rules)
	if err != nil {
		return nil, err
	}
	e.since = b.Clock.Now()
	e.put.took = float64(e.since.Sub(begun).Microseconds()) / 1000
	return e, missing
}
