package access

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"bulwark/event"
	"bulwark/platform/conf"
	"bulwark/platform/ledger"
	"bulwark/platform/store"
)

// Who saw a record: a patient may ask it, a complaint or an investigation may need it. A report is made of the decisions and of what systems
// and the network told, as far as they are kept. It is kept in memory for an hour and nowhere else; that it was asked for is in the ledger, and
// an event that the next report shows.

// Seen is how reports of who saw a record are made.
type Seen struct {
	// Names are the reasons for which a report may name staff: patient, complaint, investigation, nobody. For the others it says what they do and
	// where they work. Empty means investigation alone.
	Names []string `conf:"names"`
	// Authorities are those who give numbers to patients, as messages call them (the issuer in DICOM, the assigning authority in HL7, the system in
	// FHIR). A patient is looked for under each of them, and under none.
	Authorities []string `conf:"authorities"`
	// Longest is how long a span a report can be about. 0 means 3 years.
	Longest time.Duration `conf:"longest"`
}

// Check refuses reasons that there are not, and spans that nobody could wait for.
func (s *Seen) Check() error {
	for n, x := range s.Names {
		if err := conf.OneOf(x, append(SeenReasons(), "nobody")...); err != nil {
			return conf.At(fmt.Sprintf("names[%d]", n), err)
		}
	}
	if l := s.longest(); l < 24*time.Hour || l > 20*365*24*time.Hour {
		return conf.At("longest", errors.New("is neither 0 nor between 1 day and 20 years"))
	}
	return nil
}

func (s *Seen) longest() time.Duration { return cmp.Or(s.Longest, 3*365*24*time.Hour) }

// mayName reports whether a report of a reason may name staff.
func (s *Seen) mayName(reason string) bool {
	if len(s.Names) == 0 {
		return reason == "investigation"
	}
	return slices.Contains(s.Names, reason)
}

// SeenReasons are why a report is made, to choose from.
func SeenReasons() []string { return []string{"patient", "complaint", "investigation"} }

// Events is what was seen and decided.
type Events interface {
	// Each hands over the events of a query, the newest first.
	Each(ctx context.Context, q store.Query, limit int, fn func(store.Row) error) error
	// Stats says how far back they go.
	Stats() store.Stats
}

// Staff is what people and machines are called.
type Staff interface {
	// Names are the names of people, by id.
	Names(ctx context.Context) (map[string]string, error)
	// Machine is what the inventory calls a device, by its number or its address; empty: nothing.
	Machine(is string) string
}

// SeenAsk asks who saw the record of a patient.
type SeenAsk struct {
	Identifier string    `json:"identifier,omitempty"` // as the hospital writes it; it is replaced by its pseudonyms at once
	Authority  string    `json:"authority,omitempty"`  // who gave it; empty: any of those that are known
	Patient    string    `json:"patient,omitempty"`    // or a pseudonym
	From       time.Time `json:"from"`
	Until      time.Time `json:"until"`
	Reason     string    `json:"reason"`    // one of SeenReasons
	Reference  string    `json:"reference"` // of the file that asks for it
	Names      bool      `json:"names"`     // staff by name
}

// SeenReport is who saw a record, as far as is known.
type SeenReport struct {
	ID       string    `json:"id"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Patients []string  `json:"patients"` // the pseudonyms that were looked for
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	Reason   string    `json:"reason"`
	Ref      string    `json:"reference"`
	Names    bool      `json:"names"`
	// State is waiting, running, done or failed; Reached is how far back it has come, Progress the same in percent.
	State    string    `json:"state"`
	Reached  time.Time `json:"reached"`
	Progress int       `json:"progress"`
	Events   int       `json:"events"` // that it was made of
	// Cut is from when on there were more than it holds: what is older is not in it. Oldest is the oldest event that is kept at all.
	Cut     time.Time      `json:"cut,omitzero"`
	Oldest  time.Time      `json:"oldest,omitzero"`
	Marks   map[string]int `json:"marks"` // lines by mark
	Lines   []SeenLine     `json:"lines"`
	Total   int            `json:"total"` // of the lines, of which a page shows some
	stop    context.CancelFunc
	ended   time.Time
	numbers map[string]int // of people who are not named
}

// What a report, and all of them, hold at most.
const (
	mostSeen      = 12
	mostSeenLines = 10_000
	mostSeenRows  = 500_000
	seenKept      = time.Hour
	seenStep      = 7 * 24 * time.Hour // of the span at a time
	longReference = 100                // characters
)

// seen are the reports.
type seen struct {
	mu    sync.Mutex
	all   []*SeenReport
	queue chan *SeenReport
}

// AskSeen begins a report. It is in the ledger before anything is looked for.
func (a *Access) AskSeen(ctx context.Context, actor string, ask SeenAsk) (*SeenReport, error) {
	now := a.needs.Clock.Now().UTC().Truncate(time.Millisecond)
	r, err := a.seenOf(actor, ask, now)
	if err != nil {
		return nil, err
	}
	a.tell(now) // what was just decided belongs to it
	if err := a.noteSeen(ctx, r, "report", ""); err != nil {
		return nil, err
	}
	a.seen.mu.Lock()
	defer a.seen.mu.Unlock()
	a.forgetSeen(now)
	if len(a.seen.all) >= mostSeen {
		return nil, fmt.Errorf("%w: %d reports are being made; wait for one of them", ErrAsk, mostSeen)
	}
	select {
	case a.seen.queue <- r:
		a.seen.all = append(a.seen.all, r)
		return r.page(0, 0), nil
	default: // full of those that were dropped before they were made
		return nil, fmt.Errorf("%w: too many reports were asked for; wait a moment", ErrAsk)
	}
}

// seenOf is a report that was not begun yet.
func (a *Access) seenOf(actor string, ask SeenAsk, now time.Time) (*SeenReport, error) {
	c := &a.needs.Config.Seen
	ask.Reference = strings.Join(strings.Fields(ask.Reference), " ")
	switch n := utf8.RuneCountInString(ask.Reference); {
	case a.needs.Events == nil:
		return nil, fmt.Errorf("%w: no events are kept here", ErrAsk)
	case !slices.Contains(SeenReasons(), ask.Reason):
		return nil, fmt.Errorf("%w: the reason is one of %s", ErrAsk, strings.Join(SeenReasons(), ", "))
	case n < 3 || n > longReference:
		return nil, fmt.Errorf("%w: give the reference of the file that asks for it, in 3 to %d characters", ErrAsk, longReference)
	case ask.Names && !c.mayName(ask.Reason):
		return nil, fmt.Errorf("%w: a report for this reason does not name staff", ErrRefuse)
	}
	if ask.Until.IsZero() || ask.Until.After(now) {
		ask.Until = now
	}
	if !ask.From.Before(ask.Until) || ask.Until.Sub(ask.From) > c.longest() {
		return nil, fmt.Errorf("%w: the span ends after it begins, and is no longer than %d days", ErrAsk, int(c.longest().Hours()/24))
	}
	patients := a.patientsOf(ask)
	if len(patients) == 0 {
		return nil, fmt.Errorf("%w: give the number of the patient", ErrAsk)
	}
	return &SeenReport{ID: uuid.Must(uuid.NewV7()).String(), By: actor, At: now, Patients: patients, From: ask.From.UTC(), Until: ask.Until.UTC(), Reason: ask.Reason,
		Ref: ask.Reference, Names: ask.Names, State: "waiting", Reached: ask.Until.UTC(), Marks: map[string]int{}, Lines: []SeenLine{}, numbers: map[string]int{}}, nil
}

// patientsOf are the pseudonyms under which events may name a patient.
func (a *Access) patientsOf(ask SeenAsk) (all []string) {
	add := func(p string) {
		if pseudonym(p) && !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	add(ask.Patient)
	if strings.TrimSpace(ask.Identifier) == "" || a.needs.PseudonymBy == nil {
		return all
	}
	for _, authority := range append([]string{"", ask.Authority}, a.needs.Config.Seen.Authorities...) {
		add(a.needs.PseudonymBy(authority, ask.Identifier))
	}
	return all
}

// noteSeen writes to the ledger that a report was asked for, or taken away as a file, and tells it as an event.
func (a *Access) noteSeen(ctx context.Context, r *SeenReport, act, format string) error {
	detail := map[string]string{"report": r.ID, "reason": r.Reason, "from": r.From.Format(time.RFC3339), "until": r.Until.Format(time.RFC3339), "names": fmt.Sprint(r.Names)}
	if format != "" {
		detail["format"] = format
	}
	now := a.needs.Clock.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.write(ctx, nil, ledger.Entry{Actor: r.By, Act: "access.seen-" + act, Object: "patient:" + r.Patients[0], Outcome: ledger.Done, Detail: detail})
	if err != nil || format != "" {
		return err
	}
	for _, p := range r.Patients {
		a.happened(&event.Access{Principal: entityOf(r.By), Action: seenAction, Resource: "Record:" + p, Patient: p, Reason: seenWhy(r.Reason).EN + ofFile + r.Ref, Count: 1}, now)
	}
	return nil
}

// ofFile stands in the event of a report between why it was asked for and the reference of the file. The ledger, which keeps for good, has no such text.
const ofFile = ": "

// seenAction is what the event of a report calls it.
const seenAction = "whoSaw"

// forgetSeen forgets what was made long enough ago; where there is no room, the oldest that is made. The lock is held.
func (a *Access) forgetSeen(now time.Time) {
	s := &a.seen
	s.all = slices.DeleteFunc(s.all, func(r *SeenReport) bool { return !r.ended.IsZero() && now.Sub(r.ended).Abs() > seenKept })
	if len(s.all) < mostSeen {
		return
	}
	if n := slices.IndexFunc(s.all, func(r *SeenReport) bool { return !r.ended.IsZero() }); n >= 0 {
		s.all = slices.Delete(s.all, n, n+1)
	}
}

// SeenOf lists the reports that somebody asked for, the newest first, without their lines.
func (a *Access) SeenOf(actor string) []*SeenReport {
	a.seen.mu.Lock()
	defer a.seen.mu.Unlock()
	a.forgetSeen(a.needs.Clock.Now())
	all := []*SeenReport{}
	for _, r := range slices.Backward(a.seen.all) {
		if r.By == actor {
			all = append(all, r.page(0, 0))
		}
	}
	return all
}

// SeenPage is a page of somebody's own report.
func (a *Access) SeenPage(actor, id string, from, limit int) (*SeenReport, error) {
	a.seen.mu.Lock()
	defer a.seen.mu.Unlock()
	r, err := a.ownSeen(actor, id)
	if err != nil {
		return nil, err
	}
	return r.page(from, limit), nil
}

// ownSeen is somebody's own report. The lock is held.
func (a *Access) ownSeen(actor, id string) (*SeenReport, error) {
	for _, r := range a.seen.all {
		if r.ID == id && r.By == actor {
			return r, nil
		}
	}
	return nil, ErrNone
}

// page is the report with some of its lines.
func (r *SeenReport) page(from, limit int) *SeenReport {
	p := *r
	from = min(max(from, 0), len(r.Lines))
	p.Total, p.Lines, p.Marks = len(r.Lines), slices.Clone(r.Lines[from:min(len(r.Lines), from+max(limit, 0))]), map[string]int{}
	for _, l := range r.Lines {
		p.Marks[l.Mark]++
	}
	return &p
}

// DropSeen stops a report and forgets it.
func (a *Access) DropSeen(actor, id string) error {
	a.seen.mu.Lock()
	defer a.seen.mu.Unlock()
	r, err := a.ownSeen(actor, id)
	if err != nil {
		return err
	}
	if r.stop != nil {
		r.stop()
	}
	r.State = "failed"
	a.seen.all = slices.DeleteFunc(a.seen.all, func(x *SeenReport) bool { return x == r })
	return nil
}

// makeReports makes one report after the other until ctx ends.
func (a *Access) makeReports(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-a.seen.queue:
			if err := a.makeSeen(ctx, r); err != nil && !errors.Is(err, context.Canceled) {
				a.needs.Log.ErrorContext(ctx, "a report of who saw a record could not be made", "report", r.ID, "error", err)
			}
		}
	}
}

// errFull ends a report that has no room for more.
var errFull = errors.New("access: the report is full")

// makeSeen makes a report, from its end back.
func (a *Access) makeSeen(ctx context.Context, r *SeenReport) (err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	oldest := a.needs.Events.Stats().Oldest
	a.seen.mu.Lock()
	gone := r.State == "failed"
	r.stop, r.State, r.Oldest = stop, "running", oldest
	a.seen.mu.Unlock()
	if gone {
		return nil
	}
	defer func() {
		a.seen.mu.Lock()
		defer a.seen.mu.Unlock()
		r.State, r.ended, r.Progress = "done", a.needs.Clock.Now(), 100
		if err != nil {
			r.State = "failed"
		}
	}()
	m, err := a.seenMaker(ctx, r)
	if err != nil {
		return err
	}
	begin := r.From
	if oldest.After(begin) {
		begin = oldest
	}
	for end := r.Until; end.After(begin) && err == nil; end = end.Add(-seenStep) {
		from := end.Add(-seenStep)
		if from.Before(begin) {
			from = begin
		}
		// Decisions are told seconds after they were given.
		err = a.needs.Events.Each(ctx, store.Query{Text: m.query, From: from.Add(seenLate), To: end.Add(seenLate)}, 0, m.row)
		a.seen.mu.Lock()
		r.Reached, r.Progress = from, int(100*r.Until.Sub(from)/max(r.Until.Sub(begin), 1))
		a.seen.mu.Unlock()
	}
	if err == nil {
		err = a.needs.Events.Each(ctx, store.Query{Text: m.query, From: begin, To: begin.Add(seenLate)}, 0, m.row)
	}
	if errors.Is(err, errFull) {
		err = nil
	}
	return err
}

// seenLate is how long after a decision it may be told at most, and then some.
const seenLate = time.Minute
