package policy

import (
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	cedar "github.com/cedar-policy/cedar-go"
)

// Decision is an answer. It does not change.
type Decision struct {
	Allow bool
	// By are the policies that decided: those that forbid where one does, else those that permit; none: nothing speaks for it.
	By []*Policy
	// Obligations are what By asks, put together.
	Obligations []Obligation
	// Errors are policies that could not be worked out, each with the reason: they neither permit nor forbid.
	Errors []string
	// Until is from when the time can make a difference; zero: it cannot.
	Until time.Time
	// Asked counts how often it was given, for whoever tells of it.
	Asked atomic.Uint64

	// What it holds under.
	set   *Set
	until int64 // milliseconds
	epoch atomic.Uint64
	shape uint64
	lost  []UID // looked for, and not there: the answer may be another once they are
	read  []dependency
}

// Why is the reason in words.
func (d *Decision) Why() Text {
	if len(d.By) == 0 {
		return Text{"No policy allows it.", "Aucune règle ne l'autorise."}
	}
	return d.By[0].Why
}

// IDs are the policies that decided, by id.
func (d *Decision) IDs() []string {
	all := make([]string, len(d.By))
	for n, p := range d.By {
		all[n] = p.ID
	}
	return all
}

// holds reports whether nothing has changed that d was made from.
func (d *Decision) holds(set *Set, e *Entities, now int64) bool {
	if d.set != set || now >= d.until {
		return false
	}
	epoch := e.epoch.Load()
	if d.epoch.Load() == epoch {
		return true
	}
	if len(d.lost) > 0 && d.shape != e.shape.Load() && !e.absent(d.lost) {
		return false
	}
	for _, r := range d.read {
		if !r.holds() {
			return false
		}
	}
	d.epoch.Store(epoch)
	return true
}

// Facts are what is known of whoever asks besides who it is. They stay the same for a session.
type Facts struct {
	Principal UID
	// Context are the attributes of the context but for the time, which is added.
	Context Attrs
}

// Aside are attributes of the context that depend on what is asked about: a broken glass, a window. It is asked for each decision
// that is not remembered; what it tells may change only together with the principal ([Entities.Touch]).
type Aside func(principal, action, resource UID, now time.Time) Attrs

// Engine decides. Make it with [NewEngine]; it is safe for concurrent use.
type Engine struct {
	Entities *Entities
	set      atomic.Pointer[Set]
	zone     *time.Location
	clock    atomic.Pointer[clock]
	aside    Aside
	// due is when entities are to change next, in milliseconds, by change.
	due    atomic.Int64
	change atomic.Pointer[func(time.Time)]
}

// NewEngine decides by a set about entities. zone is that of the hospital's clock; aside may be nil.
func NewEngine(s *Set, e *Entities, zone *time.Location, aside Aside) *Engine {
	x := &Engine{Entities: e, zone: zone, aside: aside}
	if x.zone == nil {
		x.zone = time.UTC
	}
	x.due.Store(forever)
	x.Use(s)
	return x
}

// Set is what it decides by.
func (e *Engine) Set() *Set { return e.set.Load() }

// Use has it decide by another set, from the next question on.
func (e *Engine) Use(s *Set) {
	e.Entities.Put(s.Schema.actionEntities()...)
	e.set.Store(s)
}

// Expect has change called before the first decision at or after a time: entities change then.
func (e *Engine) Expect(at time.Time, change func(now time.Time)) {
	e.change.Store(&change)
	if at.IsZero() {
		e.due.Store(forever)
		return
	}
	e.due.Store(at.UnixMilli())
}

// catchUp has entities change whose time has come.
func (e *Engine) catchUp(now time.Time) {
	due := e.due.Load()
	if now.UnixMilli() < due || !e.due.CompareAndSwap(due, forever) {
		return
	}
	(*e.change.Load())(now)
}

// mostRemembered is how many decisions of one handle are remembered; of more, all are forgotten.
const mostRemembered = 2048

// Handle is somebody who asks, with what is known of them ready-made. Decisions are remembered in it.
type Handle struct {
	engine *Engine
	facts  atomic.Pointer[readyFacts]

	mu         sync.RWMutex
	remembered map[question]*Decision
}

// readyFacts are facts as the library takes them.
type readyFacts struct {
	principal UID
	context   cedar.RecordMap
	// ready is the context at some time not long ago. It is as good as that of now where no policy compares the time with a moment
	// between the two.
	ready atomic.Pointer[timedContext]
}

// timedContext is a context at a time.
type timedContext struct {
	at     int64 // milliseconds
	record cedar.Record
}

type question struct{ action, resource UID }

// Handle makes a handle.
func (e *Engine) Handle(f Facts) *Handle {
	h := &Handle{engine: e}
	h.Renew(f)
	return h
}

// Renew has other facts hold; what was decided is forgotten.
func (h *Handle) Renew(f Facts) {
	r := &readyFacts{principal: f.Principal, context: cedar.RecordMap{}}
	for k, v := range f.Context {
		r.context[cedar.String(k)] = value(v)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.facts.Store(r)
	h.remembered = map[question]*Decision{}
}

// Principal is who asks.
func (h *Handle) Principal() UID { return h.facts.Load().principal }

// clock is the hospital's clock in one minute.
type clock struct {
	minute int64
	record cedar.Record
}

// at is a context with the time, which is written into it.
func (e *Engine) at(context cedar.RecordMap, now time.Time) cedar.Record {
	ms := now.UnixMilli()
	c := e.clock.Load()
	if c == nil || c.minute != ms/minute {
		here := now.In(e.zone)
		weekday := int(here.Weekday())
		if weekday == 0 {
			weekday = 7
		}
		c = &clock{ms / minute, record(Attrs{"minute": here.Hour()*60 + here.Minute(), "weekday": weekday})}
		e.clock.Store(c)
	}
	context["now"], context["clock"] = cedar.NewDatetimeFromMillis(ms), c.record
	return cedar.NewRecord(context)
}

// Decide answers. What was asked before and has not changed since is remembered.
func (h *Handle) Decide(action, resource UID, now time.Time) *Decision {
	h.engine.catchUp(now)
	q := question{action, resource}
	h.mu.RLock()
	d := h.remembered[q]
	h.mu.RUnlock()
	if d != nil && d.holds(h.engine.set.Load(), h.engine.Entities, now.UnixMilli()) {
		return d
	}
	f := h.facts.Load()
	d = h.engine.decide(h.engine.set.Load(), f, q, now, nil)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.facts.Load() != f {
		return d // it was decided by former facts
	}
	if len(h.remembered) >= mostRemembered {
		clear(h.remembered)
	}
	h.remembered[q] = d
	return d
}

// Ask answers a question without remembering it, with some of the facts changed.
func (h *Handle) Ask(action, resource UID, now time.Time, other Attrs) *Decision {
	h.engine.catchUp(now)
	return h.engine.decide(h.engine.set.Load(), h.facts.Load(), question{action, resource}, now, other)
}

// work is what one decision needs, used again by the next.
type work struct {
	reading
	candidates []*Policy // whose scope can match
	left       []toAsk   // what is left to work out of them
	matched    []*Policy // of which nothing is left
	guards     []*guard
	actions    []key
	principal  []key
}

var works = sync.Pool{New: func() any { return &work{} }}

// decide works a decision out.
func (e *Engine) decide(set *Set, f *readyFacts, q question, now time.Time, other Attrs) *Decision {
	w := works.Get().(*work)
	defer works.Put(w)
	var aside Attrs
	if e.aside != nil {
		aside = e.aside(f.principal, q.action, q.resource, now)
	}
	d := &Decision{set: set, until: forever}
	e.Entities.mu.RLock()
	defer e.Entities.mu.RUnlock()
	w.reading = reading{from: e.Entities, read: w.read[:0], lost: w.lost[:0]}
	d.epoch.Store(e.Entities.epoch.Load())
	d.shape = e.Entities.shape.Load()

	x := set.index
	w.actions = x.keys(w.actions, q.action, set.groups[q.action])
	w.principal = w.keys(x, f.principal)
	w.candidates = x.candidates(w.candidates, w.actions, w.keys(x, q.resource), w.principal, len(set.groups[q.action]) > 0)
	r := cedar.Request{Principal: f.principal, Action: q.action, Resource: q.resource}
	if len(aside)+len(other) > 0 {
		r.Context = e.context(f, now, aside, other)
		d.until = w.look(now.UnixMilli(), &r)
	} else {
		d.until = e.ready(f, w, now, &r)
	}
	if d.until != forever {
		d.Until = time.UnixMilli(d.until)
	}
	_, why := cedar.Authorize(questions(w.left), &w.reading, r)
	d.take(set, why, w.matched)
	d.read, d.lost = slices.Clone(w.read), slices.Clone(w.lost)
	return d
}

// look leaves those candidates that can match r, whose context is that of a time, and says until when the answer stays.
func (w *work) look(at int64, r *cedar.Request) int64 {
	end, env := int64(forever), environment{at, &w.reading, r}
	for _, g := range w.guardsOf() {
		end = min(end, g.clocks.next(&env))
	}
	w.narrow(*r, w.principal)
	for _, p := range w.left {
		if p.policy.clocks.any() {
			end = min(end, p.policy.clocks.next(&env))
		}
	}
	return end
}

// ready gives r a context that is as good as that of now, and returns until when.
func (e *Engine) ready(f *readyFacts, w *work, now time.Time, r *cedar.Request) int64 {
	ms := now.UnixMilli()
	if was := f.ready.Load(); was != nil && was.at <= ms {
		r.Context = was.record
		if end := w.look(was.at, r); end > ms {
			return end
		}
	}
	made := &timedContext{ms, e.context(f, now)}
	f.ready.Store(made)
	r.Context = made.record
	return w.look(ms, r)
}

// context is what is known, at a time.
func (e *Engine) context(f *readyFacts, now time.Time, more ...Attrs) cedar.Record {
	m := make(cedar.RecordMap, len(f.context)+4)
	for k, v := range f.context {
		m[k] = v
	}
	for _, a := range more {
		for k, v := range a {
			m[cedar.String(k)] = value(v)
		}
	}
	return e.at(m, now)
}

// take notes what decided, in the order of their ids: what the library found, and what matched besides.
func (d *Decision) take(set *Set, why cedar.Diagnostic, matched []*Policy) {
	forbidden, allowed := false, false
	note := func(p *Policy) {
		switch {
		case p.Forbid && !forbidden:
			forbidden, d.By = true, d.By[:0]
		case !p.Forbid && forbidden:
			return
		}
		allowed = !p.Forbid
		d.By = append(d.By, p)
	}
	for _, r := range why.Reasons {
		note(set.byID[string(r.PolicyID)])
	}
	for _, p := range matched {
		note(p)
	}
	d.Allow = allowed && !forbidden
	slices.SortFunc(d.By, cmpID)
	var asked []Obligation
	for _, p := range d.By {
		asked = append(asked, p.Obligations...)
	}
	d.Obligations = merge(asked)
	for _, x := range why.Errors {
		d.Errors = append(d.Errors, string(x.PolicyID)+": "+x.Message)
	}
	slices.Sort(d.Errors)
}

// Walk answers as [Handle.Ask] does, by handing every policy to the library: what the index is compared with.
func (h *Handle) Walk(action, resource UID, now time.Time, other Attrs) *Decision {
	e, f := h.engine, h.facts.Load()
	var aside Attrs
	if e.aside != nil {
		aside = e.aside(f.principal, action, resource, now)
	}
	set := e.set.Load()
	d := &Decision{set: set}
	e.Entities.mu.RLock()
	defer e.Entities.mu.RUnlock()
	r := cedar.Request{Principal: f.principal, Action: action, Resource: resource, Context: e.context(f, now, aside, other)}
	verdict, why := cedar.Authorize(walk(set.Policies), &reading{from: e.Entities}, r)
	d.take(set, why, nil)
	d.Allow = verdict == cedar.Allow
	return d
}

// Matching are the policies that match a question, those that permit and those that forbid.
func (h *Handle) Matching(action, resource UID, now time.Time) (all []*Policy) {
	d := h.Ask(action, resource, now, nil)
	all = slices.Clone(d.By)
	if !slices.ContainsFunc(d.By, func(p *Policy) bool { return p.Forbid }) {
		return all
	}
	e, f := h.engine, h.facts.Load()
	e.Entities.mu.RLock()
	defer e.Entities.mu.RUnlock()
	r := cedar.Request{Principal: f.principal, Action: action, Resource: resource, Context: e.context(f, now)}
	var permits walk
	for _, p := range d.set.Policies {
		if !p.Forbid {
			permits = append(permits, p)
		}
	}
	_, why := cedar.Authorize(permits, &reading{from: e.Entities}, r)
	for _, x := range why.Reasons {
		all = append(all, d.set.byID[string(x.PolicyID)])
	}
	return all
}

// JSON is a question in the form of Cedar's own tools, with the context as it is now.
func (h *Handle) JSON(action, resource UID, now time.Time) ([]byte, error) {
	type uid struct {
		Type string `json:"type"`
		ID   string `json:"id"`
	}
	f := h.facts.Load()
	of := func(u UID) uid { return uid{string(u.Type), string(u.ID)} }
	return json.Marshal(struct {
		Principal uid          `json:"principal"`
		Action    uid          `json:"action"`
		Resource  uid          `json:"resource"`
		Context   cedar.Record `json:"context"`
	}{of(f.principal), of(action), of(resource), h.engine.context(f, now)})
}
