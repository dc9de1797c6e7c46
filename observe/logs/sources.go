package logs

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

// mostSources is how many log sources are told apart; what comes from others is counted under one of their intake.
const mostSources = 4096

// others is the host of the source under which an intake counts those for which there was no room.
const others = "other"

// key tells log sources apart.
type key struct {
	Intake string `json:"intake"`
	Sender string `json:"sender"` // name by which it proved who it is, else its address; "" for files of this machine
	Host   string `json:"host"`   // machine that wrote it, by its own word
	Stream string `json:"stream"`
}

// id is a short name of the key that stays the same.
func (k key) id() string {
	d := sha256.New()
	for _, s := range [...]string{k.Intake, k.Sender, k.Host, k.Stream} {
		digestText(d, s)
	}
	return hex.EncodeToString(d.Sum(nil)[:6])
}

// Words are what a person said of a source.
type Words struct {
	Name     string        `json:"name,omitempty"`
	Format   string        `json:"format,omitempty"`   // parser that its lines are for
	Muted    bool          `json:"muted,omitempty"`    // nobody is warned when it is silent
	Expected time.Duration `json:"expected,omitempty"` // silence after which somebody is warned, nanoseconds; 0: what is learnt
}

// Counts are how much came of a source.
type Counts struct {
	Lines      uint64            `json:"lines"`
	Bytes      uint64            `json:"bytes"`
	Understood uint64            `json:"understood"`
	Faults     map[string]uint64 `json:"faults,omitempty"`  // lines that something was wrong with, by what
	Formats    map[string]uint64 `json:"formats,omitempty"` // lines by the parser that understood them
}

// source is a log source.
type source struct {
	ID  string
	key key
	set atomic.Pointer[setting]

	// What follows is guarded by the mutex of the table.
	words   Words
	first   time.Time
	last    time.Time
	counts  Counts
	minutes minutes
	rhythm  rhythm
	offsets offsets
	silent  bool // a warning of it stands
	said    bool // its words come from a person, not from the configuration
	dirty   bool // what is kept of it is older
}

// setting is how lines of a source are read.
type setting struct {
	format string
	zone   *time.Location
}

var noSetting setting

func (s *source) setting() *setting {
	if s == nil || s.set.Load() == nil {
		return &noSetting
	}
	return s.set.Load()
}

// differs reports whether lines of s are read otherwise than those of o.
func (s *source) differs(o *source) bool { return *s.setting() != *o.setting() }

// Sources are the log sources. Make it with newSources; it is safe for concurrent use.
type Sources struct {
	config  *Config
	db      *db.DB
	ledger  *ledger.Ledger
	clock   clock.Clock
	started time.Time

	mu   sync.Mutex
	by   map[key]*source
	byID map[string]*source
}

func newSources(n *Needs) *Sources {
	return &Sources{config: &n.Config, db: n.DB, ledger: n.Ledger, clock: n.Clock, started: n.Clock.Now(),
		by: map[key]*source{}, byID: map[string]*source{}}
}

// of is the source of that key.
func (t *Sources) of(k key) *source {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s, ok := t.by[k]; ok {
		return s
	}
	if len(t.by) >= mostSources {
		k = key{Intake: k.Intake, Host: others}
		if s, ok := t.by[k]; ok {
			return s
		}
	}
	return t.add(k)
}

// add makes a source. Callers hold mu.
func (t *Sources) add(k key) *source {
	k = key{strings.Clone(k.Intake), strings.Clone(k.Sender), strings.Clone(k.Host), strings.Clone(k.Stream)}
	s := &source{ID: k.id(), key: k, dirty: true}
	t.by[k], t.byID[s.ID] = s, s
	t.settle(s)
	return s
}

// settle finds what the configuration and people say of a source. Callers hold mu.
func (t *Sources) settle(s *source) {
	var set setting
	if c := t.config.source(s.key.Sender, s.key.Host, s.key.Stream); c != nil {
		set = setting{c.Format, c.location}
		if !s.said {
			s.words.Name = c.Name
		}
	}
	set.format = cmp.Or(s.words.Format, set.format)
	if set.zone == nil && s.key.Intake == "syslog" {
		set.zone = t.config.Syslog.location
	}
	s.set.Store(&set)
}

// settings are how a record is read that is probably of a source; nil: nobody knows yet.
func (t *Sources) settings(r *Record, of *source) setting {
	var set setting
	if of != nil {
		set = *of.setting()
	} else {
		sender := r.Identity
		if sender == "" && r.Sender.IsValid() {
			sender = r.Sender.Unmap().String()
		}
		if c := t.config.source(sender, "", r.Stream); c != nil {
			set = setting{c.Format, c.location}
		}
		if set.zone == nil && r.Intake == "syslog" {
			set.zone = t.config.Syslog.location
		}
	}
	set.format = cmp.Or(set.format, r.Format)
	return set
}

// taken is a line that was taken.
type taken struct {
	at     time.Time
	bytes  uint64
	format string
	known  bool
	faults []string
	offset time.Duration // by how much its own time is after that of its receipt
	timed  bool          // it said its own time
}

// Bounds of what is counted by name for one source.
const (
	mostFormats = 32
	mostReasons = 32
)

func (t *Sources) took(s *source, l taken) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.dirty = true
	c := &s.counts
	c.Lines++
	c.Bytes += l.bytes
	if l.known {
		c.Understood++
	}
	if l.format != "" {
		tally(&c.Formats, l.format, 1, mostFormats)
	}
	for _, f := range l.faults {
		tally(&c.Faults, f, 1, mostReasons)
	}
	if s.first.IsZero() {
		s.first = l.at
	}
	if l.at.After(s.last) {
		s.rhythm.note(s.last, l.at)
		s.last = l.at
	}
	s.minutes.note(l.at)
	if l.timed {
		s.offsets.note(l.offset)
	}
}

// tally counts by name, up to so many names.
func tally(m *map[string]uint64, name string, n uint64, most int) {
	if *m == nil {
		*m = map[string]uint64{}
	}
	if _, ok := (*m)[name]; !ok {
		if len(*m) >= most {
			name = others
		}
		name = strings.Clone(name)
	}
	(*m)[name] += n
}
