package logrule

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"bulwark/content/logrules"
	"bulwark/detect/logrule/internal/sigma"
	"bulwark/event"
	"bulwark/platform/bus"
	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Hosts know where machines are that logs name.
type Hosts interface {
	// Called is the address of the one machine that calls itself so; the zero address: it is not known.
	Called(name string) netip.Addr
	// Wearing is the address of the one machine that has a hardware address; the zero address: it is not known.
	Wearing(mac string) netip.Addr
}

// Publisher takes alerts.
type Publisher interface {
	// Publish takes over responsibility for a batch of the kind: one of the same sensor and number is taken once. It may wait.
	Publish(ctx context.Context, kind event.Kind, batch []byte) error
}

// Needs is what the room is made of.
type Needs struct {
	// Rules are the files of rules as they are now.
	Rules func() ([]File, error)
	// Dir is the folder of rules that people write in the console; "": there is none.
	Dir string
	// Hosts may be nil.
	Hosts     Hosts
	Publisher Publisher
	DB        *db.DB
	Ledger    *ledger.Ledger
	// Stored are asked in trials; nil: no events are kept.
	Stored Stored
	// Verdicts are what people said of what rules found, by the rule; nil: nothing is known.
	Verdicts func() map[string]Verdicts
	// Fleeting says that nothing is to be kept: a capture is shown instead of the network.
	Fleeting bool
	Clock    clock.Clock
	Log      *slog.Logger
	Registry prometheus.Registerer
}

// Room asks rules about events as they come. Make it with [Open]; it is safe for concurrent use.
type Room struct {
	needs   Needs
	count   counters
	tactics map[string]string // ids, by the names that tags have for them
	french  map[string]string // titles, by the rule
	writing sync.Mutex        // of rules of one's own

	// mu guards what follows.
	mu          sync.Mutex
	set         *Set
	correlator  *Correlator
	again       context.CancelFunc // has the bus be followed anew, for the kinds that rules ask about now; nil: it is not followed
	files       []File
	since       time.Time     // when the rules were read
	took        time.Duration // how long that took
	decisions   map[string]Decision
	fired       map[string]*Fired
	heard       map[string]time.Time             // log sources, product/category/service, and when they were heard last
	from        map[string]map[sigma.Source]bool // logs as Sigma has them, by the log source that sends them
	run         *run                             // of events as they come
	events      uint64                           // that rules were asked about since they were read
	faults      map[string]uint64                // by the rule, since they were read
	live        Live
	whereabouts whereabouts
	batch       event.Batch

	// taking is held while a batch is asked about and told of, before mu. It guards what follows.
	taking  sync.Mutex
	asked   uint64 // the batch of this number on the bus was asked about, and is not told of yet; 0: there is none
	alerts  []byte // of it
	windows windows
	safe    bus.Mark // the windows as they stood there are kept
}

// Fired is how often a rule matched.
type Fired struct {
	Count uint64    `json:"count"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

type counters struct{ events, matches, failed, dropped, unkept, faults prometheus.Counter }

// Open makes the room, and reads the rules.
func Open(ctx context.Context, n Needs) (*Room, error) {
	own, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, n.DB, "logrule", own); err != nil {
		return nil, err
	}
	c := func(name, help string) prometheus.Counter {
		return promauto.With(n.Registry).NewCounter(prometheus.CounterOpts{Name: "bulwark_logrule_" + name, Help: help})
	}
	r := &Room{needs: n, tactics: tacticsByTag(), french: logrules.French(), decisions: map[string]Decision{}, fired: map[string]*Fired{}, heard: map[string]time.Time{},
		from: map[string]map[sigma.Source]bool{}, count: counters{
			events:  c("events_total", "Events that rules were asked about."),
			matches: c("matches_total", "Matches of rules that were told."),
			failed:  c("malformed_total", "Batches on the bus that could not be read."),
			dropped: c("dropped_total", "Events and groups for which correlations had no room."),
			unkept:  c("unkept_total", "Events and groups in the windows of correlations that were too many to be kept over a restart."),
			faults:  c("faults_total", "How often the program failed on a rule and an event, and went on.")}}
	if !n.Fleeting {
		if err := r.load(ctx); err != nil {
			return nil, fmt.Errorf("logrule: reading what is kept: %w", err)
		}
	}
	return r, r.Reload()
}

// Offline is a room of the rules as they stand, where no program runs: what people decided of them, and what they matched, is not known,
// and nothing can be decided. DB, Ledger, Publisher and Registry are not needed.
func Offline(n Needs) (*Room, error) {
	n.Fleeting = true
	r := &Room{needs: n, tactics: tacticsByTag(), french: logrules.French(), decisions: map[string]Decision{}, fired: map[string]*Fired{},
		heard: map[string]time.Time{}, from: map[string]map[sigma.Source]bool{}}
	return r, r.Reload()
}

// Reload reads the rules anew. Those that were in force stay so where they cannot be read. Correlations that are written as before go on.
func (r *Room) Reload() error {
	files, err := r.needs.Rules()
	if err == nil {
		var own []File
		own, err = r.ownFiles()
		files = append(slices.Clip(files), own...)
	}
	if err != nil {
		return fmt.Errorf("logrule: %w", err)
	}
	begun := r.needs.Clock.Now()
	set, err := LoadFiles(files)
	if err != nil {
		return err
	}
	set.Faulty = r.faulty
	r.mu.Lock()
	defer r.mu.Unlock()
	for rule, d := range r.decisions {
		if !d.Enabled {
			set.Leave(rule)
		}
	}
	var before []event.Kind
	if r.set != nil {
		before = r.set.kindsAsked()
		r.hear() // the classes of the set before know it
	}
	correlator := set.Correlator()
	if r.correlator == nil {
		correlator.restore(r.windows.All)
		r.windows.All = nil
	} else {
		correlator.adopt(r.correlator)
	}
	r.set, r.correlator, r.files, r.since = set, correlator, files, r.needs.Clock.Now()
	r.took = r.since.Sub(begun)
	r.run, r.events, r.faults = set.measured(), 0, map[string]uint64{}
	if r.again != nil && !slices.Equal(before, set.kindsAsked()) {
		r.again()
	}
	return nil
}

// Len is how many rules and correlations are asked.
func (r *Room) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.set.Len()
}

// Rejected are the documents that are not asked.
func (r *Room) Rejected() []Rejected {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.set.Rejected
}

// Holder is the name under which the room keeps its position on the bus.
const Holder = "logrule"

// Run asks rules about what comes over the bus until ctx ends.
func (r *Room) Run(ctx context.Context, b *bus.Bus) error {
	if err := r.catchUp(ctx, b); err != nil {
		return err
	}
	var keeping sync.WaitGroup
	defer r.keepNow(ctx)
	defer keeping.Wait()
	keeping.Go(func() { r.keepOften(ctx) })
	for {
		some, stop := context.WithCancel(ctx)
		r.mu.Lock()
		kinds := r.set.kindsAsked()
		r.again = stop
		r.mu.Unlock()
		err := b.Subscribe(some, Holder, event.Subjects(kinds), bus.FromNew, func(ctx context.Context, m *bus.Message) error {
			return r.take(ctx, m)
		})
		stop()
		if err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// keepEvery is how often what matched is written down.
const keepEvery = 10 * time.Second

func (r *Room) keepOften(ctx context.Context) {
	for r.keepNow(ctx); clock.Pause(ctx, keepEvery); {
		r.keepNow(ctx)
	}
}

// keepNow writes down what is to be kept, even when ctx has ended.
func (r *Room) keepNow(ctx context.Context) {
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := r.keep(end); err != nil {
		r.needs.Log.WarnContext(ctx, "keeping what rules matched", "error", err)
	}
}

// take asks rules about a batch, and tells what matches. It returns when that is safe: where it could not be told, the batch comes again,
// and is not asked about again.
func (r *Room) take(ctx context.Context, m *bus.Message) error {
	r.taking.Lock()
	defer r.taking.Unlock()
	if r.asked != m.Seq {
		alerts, err := r.ask(m.Batch)
		if err != nil { // one that is malformed will never be better
			r.count.failed.Inc()
			r.needs.Log.WarnContext(ctx, "a batch on the bus is malformed", "error", err)
		}
		r.asked, r.alerts = m.Seq, alerts
	}
	if r.alerts != nil {
		if err := r.needs.Publisher.Publish(ctx, event.KindAlert, r.alerts); err != nil {
			return err
		}
	}
	r.windows.At.Seq, r.asked, r.alerts = m.Seq, 0, nil
	return nil
}

// suffix makes a sensor's name that of what rules say of its events.
const suffix = ".rules"

// ask asks rules about a batch. It returns a batch of alerts, which has the number of the one it was made of, so that none is told
// twice; nil: nothing matches.
func (r *Room) ask(batch []byte) ([]byte, error) {
	var in event.Reader
	if err := in.Open(batch); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var e event.Event
	any := false
	for in.Next(&e) {
		r.count.events.Inc()
		for _, a := range r.match(&in, &e) {
			if !any {
				any = true
				r.batch.Reset(in.Sensor+suffix, in.Site, in.ID+uint64(in.First()))
			}
			r.count.matches.Inc()
			h := r.ends(&r.live.event, &e)
			r.batch.Add(&h, a)
		}
	}
	if !any {
		return nil, in.Err()
	}
	return append([]byte(nil), r.batch.Bytes()...), in.Err()
}

// timedOf is of how many events one is that the time is taken of which rules need.
const timedOf = 31 // a prime, so that what comes by turns has its turn

// match is what rules and correlations say of an event. What this program gets wrong about it is noted, and the next one has its turn.
func (r *Room) match(in *event.Reader, e *event.Event) (all []*event.Alert) {
	defer func() {
		if why := recover(); why != nil {
			r.faulty(faultOf(why))
		}
	}()
	x := r.live.Read(e)
	r.run.engine.Now = nil
	if r.events++; r.events%timedOf == 0 {
		r.run.engine.Now = r.needs.Clock.Now
	}
	matches, of := r.set.ask(x, r.run)
	if l, ok := e.Payload.(*event.Log); ok && l.Source != "" {
		r.hearFrom(l.Source, of)
	}
	if len(matches) == 0 {
		return nil
	}
	id := string(in.EventID(nil))
	for _, m := range matches {
		if !m.Silent && m.Rule.Level != quiet {
			all = append(all, r.alert(m.Rule, nil, x, e, id))
		}
	}
	before := r.correlator.Dropped()
	for _, c := range r.correlator.Feed(x, matches) {
		all = append(all, r.alert(c.Rule, &c, x, e, id))
	}
	r.count.dropped.Add(float64(r.correlator.Dropped() - before))
	return all
}

// faulty notes a fault. Of a rule the first one is told.
func (r *Room) faulty(f Fault) {
	r.count.faults.Inc()
	key, place := "", ""
	if f.Rule != nil {
		key, place = f.Rule.key(), f.Rule.File
	}
	if r.faults[key]++; r.faults[key] == 1 {
		r.needs.Log.Error("a rule about logs failed on an event: this is a mistake in Bulwark, please report it", "rule", key, "place", place, "error", f.Why, "stack", f.At)
	}
}

// alert is what is told of a rule that matched, or of a correlation that is met by this event.
func (r *Room) alert(rule *Rule, c *Correlated, x *Event, e *event.Event, id string) *event.Alert {
	f := r.fired[rule.key()]
	if f == nil {
		f = &Fired{First: x.Time}
		r.fired[rule.key()] = f
	}
	f.Count, f.Last = f.Count+1, x.Time
	a := &event.Alert{Title: rule.Title, Rule: rule.key(), Action: "allowed", Category: rule.source(), Severity: rule.priority(), Metadata: rule.metadata(r.tactics),
		Host: x.Host, User: userOf(c, x, e), App: e.Payload.Kind().String(), Evidence: []string{id}, Record: recordOf(x, c)}
	for _, u := range rule.References {
		a.References = append(a.References, "url,"+u)
	}
	if l, ok := e.Payload.(*event.Log); ok {
		a.App = l.Format
		if l.Intake == "syslog" && l.Identity == "" { // anybody can send such a line in anybody's name
			a.Metadata = append(a.Metadata, "confidence low")
		}
	}
	return a
}

// Bounds of what is told of an event that a rule matched.
const (
	mostBytes = 8 << 10
	mostValue = 1 << 10
)

// recordOf is the event as an object of JSON: as many of its fields as find room; and of a correlation what was counted.
func recordOf(x *Event, c *Correlated) string {
	fields := map[string]string{}
	room := mostBytes
	for _, name := range x.Fields() {
		v := x.Text(name)
		v = v[:min(len(v), mostValue)]
		if room -= len(name) + len(v) + 8; room < 0 {
			break
		}
		fields[name] = v
	}
	all := map[string]any{"log": fields}
	if c != nil {
		all["correlation"] = map[string]any{"group": c.Group, "events": c.Events, "value": c.Value, "first": c.First, "last": c.Last}
	}
	text, err := json.Marshal(all)
	if err != nil {
		return ""
	}
	return string(text)
}
