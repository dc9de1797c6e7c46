package logrule

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"bulwark/detect/logrule/internal/sigma"
)

// Bounds of a trial.
const (
	maxTrial    = 8 << 20 // bytes of its request
	mostTried   = 50_000  // events
	mostShown   = 20      // events that are shown of a rule
	trialMaxFor = 30 * time.Second
)

// ErrTrial means a trial that cannot be made.
var ErrTrial = errors.New("logrule: no trial")

// Trial is rules that are tried on events: on those that are handed in, or on those that are stored.
type Trial struct {
	Rules  string `json:"rules"`  // YAML of Sigma
	Events string `json:"events"` // objects of JSON, one a line
	Query  string `json:"query"`  // of stored events, in the language of the search
	From   string `json:"from"`   // RFC 3339
	To     string `json:"to"`
}

// Outcome is what came of a trial.
type Outcome struct {
	Rules    int        `json:"rules"` // that can be asked
	Rejected []Rejected `json:"rejected"`
	Explain  []Said     `json:"explain"` // what the first of them ask for
	Fires    []Firing   `json:"fires"`
	Silent   []string   `json:"silent"` // titles of rules that did not fire
	Events   int        `json:"events"`
	Stopped  string     `json:"stopped,omitempty"` // size or time: not all events were tried
	TookMS   int64      `json:"took_ms"`
}

// Said is what a rule asks for, in words.
type Said struct {
	Title string `json:"title"`
	Lines []Line `json:"lines"`
}

// mostExplained is of how many rules a trial says what they ask for.
const mostExplained = 10

// said is what the first rules of a set ask for.
func (s *Set) said() []Said {
	all := []Said{}
	for _, r := range s.rules {
		all = append(all, Said{r.Title, r.Words()})
	}
	for _, c := range s.correlations {
		all = append(all, Said{c.Title, c.Words()})
	}
	return all[:min(len(all), mostExplained)]
}

// Firing is a rule that fired.
type Firing struct {
	Title string  `json:"title"`
	Level string  `json:"level,omitempty"`
	Count int     `json:"count"`
	First []Where `json:"first"`
}

// Where is an event that a rule matched.
type Where struct {
	Time   time.Time         `json:"time,omitzero"`
	Host   string            `json:"host,omitempty"`
	ID     string            `json:"id,omitempty"` // of a stored event
	Fields map[string]string `json:"fields"`
}

// Stored are the events that are kept.
type Stored interface {
	// Each calls fn for the newest events that a query finds between two times, with their identifiers.
	Each(ctx context.Context, query string, from, to time.Time, most int, fn func(e *Event, id string)) error
}

// Progress is how far a trial is.
type Progress struct {
	Read  int `json:"read"`  // events that were found
	Asked int `json:"asked"` // of these, those that the rules were asked about
	Hits  int `json:"hits"`  // matches
}

// progressEvery is after how many events a trial tells how far it is.
const progressEvery = 1000

// trial is one that is under way.
type trial struct {
	tell    func(Progress)
	now     Progress
	set     *Set
	relate  *Correlator
	byTitle map[string]*Firing
	order   []string
	out     Outcome
}

// Try tries rules. tell hears how far it is; it may be nil.
func (r *Room) Try(ctx context.Context, t *Trial, tell func(Progress)) (Outcome, error) {
	begun := r.needs.Clock.Now()
	ctx, cancel := context.WithTimeout(ctx, trialMaxFor)
	defer cancel()
	set, err := LoadFiles([]File{{Name: "rules", Text: []byte(t.Rules)}})
	if err != nil {
		return Outcome{}, fmt.Errorf("%w: %w", ErrTrial, err)
	}
	x := &trial{tell: tell, set: set, relate: set.Correlator(), byTitle: map[string]*Firing{}}
	x.out = Outcome{Rules: set.Len(), Rejected: append([]Rejected{}, set.Rejected...), Fires: []Firing{}, Silent: []string{}, Explain: set.said()}
	switch {
	case t.Events != "":
		err = x.lines(ctx, []byte(t.Events))
	case t.Query != "" || t.From != "":
		err = x.stored(ctx, r.needs.Stored, t)
	}
	if err != nil {
		return Outcome{}, err
	}
	for _, title := range x.order {
		x.out.Fires = append(x.out.Fires, *x.byTitle[title])
	}
	for _, title := range set.titles() {
		if x.byTitle[title] == nil {
			x.out.Silent = append(x.out.Silent, title)
		}
	}
	x.out.TookMS = r.needs.Clock.Now().Sub(begun).Milliseconds()
	return x.out, nil
}

// lines asks the rules about events that are objects of JSON, one a line.
func (x *trial) lines(ctx context.Context, text []byte) error {
	var in JSON
	n := 0
	for line := range bytes.Lines(text) {
		if n++; len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		e, err := in.Read(bytes.TrimSpace(line))
		if err != nil {
			return fmt.Errorf("%w: line %d: %w", ErrTrial, n, err)
		}
		if !x.more(ctx) {
			return nil
		}
		x.ask(e, "")
	}
	return nil
}

// more reports whether another event may be tried, and says why not.
func (x *trial) more(ctx context.Context) bool {
	switch {
	case ctx.Err() != nil:
		x.out.Stopped = "time"
	case x.out.Events >= mostTried:
		x.out.Stopped = "size"
	}
	return x.out.Stopped == ""
}

// told tells how far the trial is, now and then.
func (x *trial) told(n int) {
	if x.tell != nil && n%progressEvery == 0 {
		x.tell(x.now)
	}
}

func (x *trial) ask(e *Event, id string) {
	x.out.Events++
	x.now.Asked++
	x.told(x.now.Asked)
	matches := x.set.Match(e)
	for _, m := range matches {
		x.fire(m.Rule, e, id)
	}
	for _, c := range x.relate.Feed(e, matches) {
		x.fire(c.Rule, e, id)
	}
}

func (x *trial) fire(rule *Rule, e *Event, id string) {
	f := x.byTitle[rule.Title]
	if f == nil {
		f = &Firing{Title: rule.Title, Level: rule.Level, First: []Where{}}
		x.byTitle[rule.Title] = f
		x.order = append(x.order, rule.Title)
	}
	x.now.Hits++
	if f.Count++; len(f.First) >= mostShown {
		return
	}
	w := Where{Time: e.Time, Host: strings.Clone(e.Host), ID: id, Fields: map[string]string{}}
	for _, name := range e.Fields() {
		w.Fields[strings.Clone(name)] = strings.Clone(e.Text(name))
	}
	f.First = append(f.First, w)
}

// titles are those of all rules of a set.
func (s *Set) titles() (all []string) {
	for _, r := range s.rules {
		all = append(all, r.told.Title)
	}
	for _, c := range s.correlations {
		all = append(all, c.Title)
	}
	return all
}

// logNames are the names that rules have for attributes of logs.
var logNames = map[string]string{"message": "message", "device.hostname": "host.name", "actor.user.name": "user.name", "metadata.event_code": "event.code",
	"activity_name": "event.action", "status": "event.outcome", "app_name": "process.name"}

// StoredEvent is an event of the store, as rules see it.
func StoredEvent(at time.Time, kind string, fields func(yield func(name, value string) bool)) *Event {
	b := &pairs{}
	e := &Event{Time: at, body: b}
	said := map[string]string{} // what the event says apart from its fields, by the names that rules have for it
	for name, value := range fields {
		switch name {
		case "log.product":
			e.Source.Product = value
		case "log.category":
			e.Source.Category = value
		case "log.service":
			e.Source.Service = value
		case "device.hostname":
			e.Host = value
		}
		if kind != "log" {
			b.add(name, value)
		} else if own, ok := strings.CutPrefix(name, "field."); ok {
			b.add(own, value)
		} else if as := logNames[name]; as != "" {
			said[as] = value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if !slices.Contains(b.names, name) {
			b.add(name, said[name])
		}
	}
	if kind != "log" {
		e.Source = sigma.Source{Product: Own, Service: kind}
	}
	return e
}

// stored asks the rules about stored events, the oldest first.
func (x *trial) stored(ctx context.Context, s Stored, t *Trial) error {
	if s == nil {
		return fmt.Errorf("%w: no events are kept here", ErrTrial)
	}
	from, err := time.Parse(time.RFC3339, t.From)
	to, err2 := time.Parse(time.RFC3339, t.To)
	if err := errors.Join(err, err2); err != nil {
		return fmt.Errorf("%w: from and to are times as 2026-11-23T02:00:00Z", ErrTrial)
	}
	type one struct {
		e  *Event
		id string
	}
	var all []one
	err = s.Each(ctx, t.Query, from, to, mostTried, func(e *Event, id string) {
		all = append(all, one{e, id})
		x.now.Read++
		x.told(x.now.Read)
	})
	switch {
	case ctx.Err() != nil:
		x.out.Stopped = "time"
	case err != nil:
		return fmt.Errorf("%w: %w", ErrTrial, err)
	case len(all) == mostTried:
		x.out.Stopped = "size"
	}
	slices.SortStableFunc(all, func(a, b one) int { return a.e.Time.Compare(b.e.Time) })
	for _, o := range all {
		if ctx.Err() != nil {
			x.out.Stopped = "time"
			break
		}
		x.ask(o.e, o.id)
	}
	return nil
}
