package logs

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"bulwark/platform/web"
)

// ErrNoSource means that there is no log source of that id.
var ErrNoSource = errors.New("logs: no such source")

// ErrWords means that what a person says of a source cannot be.
var ErrWords = errors.New("logs: this cannot be said of a source")

// Source is a log source as it is shown.
type Source struct {
	ID string `json:"id"`
	key
	Words
	Said    bool     `json:"said"` // name and format come from a person, not from the configuration
	Read    string   `json:"read"` // parser that its lines are read by, by whoever said so; "": the one that knows them
	First   string   `json:"first"`
	Last    string   `json:"last"`
	Rate    float64  `json:"rate"`    // lines a minute, of the last five
	Minutes []uint32 `json:"minutes"` // lines in each of the last sixty minutes, the oldest first
	Usual   float64  `json:"usual"`   // silence after which somebody is warned, as it was learnt, seconds; 0: not known yet
	Allowed float64  `json:"allowed"` // silence after which somebody is warned, seconds; 0: nobody is
	Silent  bool     `json:"silent"`
	Offset  *float64 `json:"offset,omitempty"` // by how many seconds the times of its last lines are after those of their receipt; nil: it says none
	Counts  Counts   `json:"counts"`
}

// show is a source as it stands. Callers hold mu.
func (t *Sources) show(s *source, now time.Time) Source {
	v := Source{ID: s.ID, key: s.key, Words: s.words, Said: s.said, Read: s.setting().format, Minutes: s.minutes.list(now),
		Usual: s.rhythm.usual(now.Sub(s.first)).Seconds(), Allowed: s.allowed(now).Seconds(), Silent: s.silent, Counts: s.counts}
	v.Counts.Faults, v.Counts.Formats = maps.Clone(s.counts.Faults), maps.Clone(s.counts.Formats)
	if off, ok := s.offsets.usual(); ok {
		seconds := off.Seconds()
		v.Offset = &seconds
	}
	for _, n := range v.Minutes[55:] {
		v.Rate += float64(n) / 5
	}
	if !s.first.IsZero() {
		v.First, v.Last = s.first.UTC().Format(time.RFC3339), s.last.UTC().Format(time.RFC3339)
	}
	return v
}

// List is all sources, the last heard first.
func (t *Sources) List() []Source {
	now := t.clock.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]Source, 0, len(t.byID))
	for _, s := range t.byID {
		all = append(all, t.show(s, now))
	}
	slices.SortFunc(all, func(a, b Source) int { return cmp.Or(cmp.Compare(b.Last, a.Last), cmp.Compare(a.ID, b.ID)) })
	return all
}

// Entrance is an intake as it is shown.
type Entrance struct {
	Name    string            `json:"name"`
	Listens []Door            `json:"listens"`
	Refused map[string]uint64 `json:"refused"` // records, connections and requests, by reason
}

// Door is where an intake listens.
type Door struct {
	Way     string `json:"way"` // udp, tcp, tls, https...
	Address string `json:"address"`
}

// Intakes are the ways by which logs come in now.
func (l *Logs) Intakes() []Entrance {
	all := make([]Entrance, 0, len(l.intakes))
	for _, i := range l.intakes {
		all = append(all, Entrance{Name: i.Name(), Listens: i.doors, Refused: refused(i.Intake)})
	}
	return all
}

// Doors are the ways in: those of the console, and of commands on this machine. actor says who asks.
type Doors struct {
	l     *Logs
	actor func(*http.Request) (string, error)
}

// Doors makes the routes for askers that actor names.
func (l *Logs) Doors(actor func(*http.Request) (string, error)) *Doors { return &Doors{l, actor} }

// Routes are the doors, each with the duties that open it.
func (d *Doors) Routes() []web.Route {
	all := web.Watchers()
	change := []web.Duty{web.Analyst, web.Administrator}
	admin := []web.Duty{web.Administrator}
	route := func(method, pattern string, duties []web.Duty, h http.HandlerFunc) web.Route {
		return web.Route{Method: method, Pattern: pattern, Duties: duties, Handler: h}
	}
	items := func(list func() any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			web.JSON(w, http.StatusOK, map[string]any{"items": list()})
		}
	}
	return []web.Route{
		route("GET", "/api/logs/sources", all, items(func() any { return d.l.sink.sources.List() })),
		route("POST", "/api/logs/sources/{id}", change, d.say),
		route("GET", "/api/logs/formats", all, items(func() any { return d.l.Formats() })),
		route("GET", "/api/logs/intakes", all, items(func() any { return d.l.Intakes() })),
		route("GET", "/api/logs/setup", all, d.setup),
		route("POST", "/api/logs/lines/{id}", []web.Duty{web.Analyst}, d.line),
		route("GET", "/api/logs/tokens", admin, items(func() any { return d.l.tokens.list() })),
		route("POST", "/api/logs/tokens/{name}", admin, d.token),
		route("DELETE", "/api/logs/tokens/{name}", admin, d.untoken),
	}
}

// said is what somebody says of a source.
type said struct {
	Name     string  `json:"name"`
	Format   string  `json:"format"`
	Muted    bool    `json:"muted"`
	Expected float64 `json:"expected"` // seconds
}

// Bounds of what people say.
const (
	maxName     = 120
	mostAllowed = 366 * 24 * time.Hour
)

func (d *Doors) say(w http.ResponseWriter, r *http.Request) {
	var in said
	actor, err := d.actor(r)
	if err == nil {
		err = web.ReadJSON(r, &in)
	}
	words := Words{Name: in.Name, Format: in.Format, Muted: in.Muted, Expected: time.Duration(in.Expected * float64(time.Second))}
	if err == nil {
		err = d.l.checkWords(words)
	}
	if err == nil {
		err = d.l.sink.sources.say(r.Context(), actor, r.PathValue("id"), words)
	}
	d.answer(w, r, err, func() any { return words })
}

// checkWords refuses what cannot be said.
func (l *Logs) checkWords(w Words) error {
	switch {
	case len(w.Name) > maxName:
		return fmt.Errorf("%w: the name is longer than %d bytes", ErrWords, maxName)
	case w.Expected < 0 || w.Expected > mostAllowed:
		return fmt.Errorf("%w: a silence of %v", ErrWords, w.Expected)
	case w.Format != "" && !knows(l.parsers, w.Format):
		return fmt.Errorf("%w: there is no format %q", ErrWords, w.Format)
	}
	return nil
}

func (d *Doors) token(w http.ResponseWriter, r *http.Request) {
	actor, err := d.actor(r)
	var token string
	if err == nil {
		token, err = d.l.tokens.make(r.Context(), actor, r.PathValue("name"))
	}
	d.answer(w, r, err, func() any { return map[string]string{"name": r.PathValue("name"), "token": token} })
}

func (d *Doors) untoken(w http.ResponseWriter, r *http.Request) {
	actor, err := d.actor(r)
	if err == nil {
		err = d.l.tokens.remove(r.Context(), actor, r.PathValue("name"))
	}
	d.answer(w, r, err, func() any { return map[string]string{"name": r.PathValue("name")} })
}

func (d *Doors) answer(w http.ResponseWriter, r *http.Request, err error, what func() any) {
	if err == nil {
		web.JSON(w, http.StatusOK, what())
		return
	}
	if web.RefuseFault(w, r, err, web.Fault{Err: web.ErrBody, Status: http.StatusBadRequest, Code: "bad-request"},
		web.Fault{Err: ErrWords, Status: http.StatusBadRequest, Code: "bad-words"},
		web.Fault{Err: ErrToken, Status: http.StatusBadRequest, Code: "bad-token"},
		web.Fault{Err: ErrReason, Status: http.StatusBadRequest, Code: "bad-reason"},
		web.Fault{Err: ErrNoLine, Status: http.StatusNotFound, Code: "no-such-line"},
		web.Fault{Err: ErrNoSource, Status: http.StatusNotFound, Code: "no-such-source"},
		web.Fault{Err: ErrNoToken, Status: http.StatusNotFound, Code: "no-such-token"}) {
		return
	}
	d.l.needs.Log.ErrorContext(r.Context(), "answering about logs", "error", err)
	web.Refuse(w, r, http.StatusInternalServerError, "internal")
}
