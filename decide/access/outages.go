package access

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// Outage is a time in which something was lost that decisions rest on. Somebody looks at what was decided meanwhile.
type Outage struct {
	ID    string    `json:"id"`
	What  string    `json:"what"`           // database or directory
	Name  string    `json:"name,omitempty"` // of the directory
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	// SignIns is how many signed in meanwhile, Decisions how often was decided, Refused how often with a no; Dropped how many acts found
	// no room to wait for the ledger.
	SignIns   int        `json:"sign_ins"`
	Decisions uint64     `json:"decisions"`
	Refused   uint64     `json:"refused"`
	Dropped   int        `json:"dropped"`
	Due       time.Time  `json:"due"`
	Review    *GlassWord `json:"review,omitempty"` // by which it was looked at
}

// How outages are kept.
const (
	outageReview = 72 * time.Hour
	mostOutages  = 500
)

// PutOutage puts a time that is over into the queue of what is looked at, with how much was decided in it: without a directory nothing may
// have been, and there is nothing to look at.
func (a *Access) PutOutage(ctx context.Context, o Outage) error {
	a.tell(a.needs.Clock.Now()) // what was decided until now counts
	a.mu.Lock()
	defer a.mu.Unlock()
	o.ID, o.Due = uuid.Must(uuid.NewV7()).String(), o.Until.Add(outageReview)
	o.Decisions, o.Refused = a.degraded.decisions, a.degraded.refused
	if o.Decisions == 0 && o.What != "database" {
		return nil
	}
	if len(a.outages) >= mostOutages {
		oldest := slices.MinFunc(a.outageList(), func(x, y *Outage) int { return strings.Compare(x.ID, y.ID) })
		delete(a.outages, oldest.ID)
		a.unkept[itemKey{"outage", oldest.ID}] = nil
		a.count.forgotten.Inc()
	}
	e := ledger.Entry{Actor: ledger.Program("access"), Act: "access.outage", Object: "outage:" + o.ID, Outcome: ledger.Done, Detail: map[string]string{
		"what": strings.TrimSpace(o.What + " " + o.Name), "from": o.From.UTC().Format(time.RFC3339), "until": o.Until.UTC().Format(time.RFC3339),
		"sign_ins": fmt.Sprint(o.SignIns), "decisions": fmt.Sprint(o.Decisions), "refused": fmt.Sprint(o.Refused), "dropped": fmt.Sprint(o.Dropped)}}
	if err := a.write(ctx, map[itemKey]any{{"outage", o.ID}: &o}, e); err != nil {
		return err
	}
	a.outages[o.ID] = &o
	a.degraded = tally{}
	a.show("outage")
	return nil
}

// tally counts what was decided while something was lost.
type tally struct{ decisions, refused uint64 }

func (t *tally) add(n uint64, allow bool) {
	t.decisions += n
	if !allow {
		t.refused += n
	}
}

func (a *Access) outageList() (all []*Outage) {
	for _, o := range a.outages {
		all = append(all, o)
	}
	return all
}

// Outages are all, those that wait to be looked at first, then the newest.
func (a *Access) Outages() []Outage {
	a.mu.RLock()
	defer a.mu.RUnlock()
	all := []Outage{}
	for _, o := range a.outageList() {
		all = append(all, *o)
	}
	slices.SortFunc(all, func(x, y Outage) int {
		waits := func(o Outage) int { return map[bool]int{true: 1}[o.Review != nil] }
		return cmp.Or(waits(x)-waits(y), strings.Compare(y.ID, x.ID))
	})
	return all
}

// ReviewOutage notes that somebody looked at what was decided meanwhile, and what they found.
func (a *Access) ReviewOutage(ctx context.Context, actor, id, text string) (*Outage, error) {
	text = strings.TrimSpace(text)
	if text == "" || utf8.RuneCountInString(text) > longText {
		return nil, fmt.Errorf("%w: say what you found, in at most %d characters", ErrAsk, longText)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	was := a.outages[id]
	if was == nil {
		return nil, ErrNone
	}
	o := *was
	o.Review = &GlassWord{actor, a.needs.Clock.Now().UTC().Truncate(time.Millisecond), "reviewed", text}
	err := a.write(ctx, map[itemKey]any{{"outage", id}: &o}, ledger.Entry{Actor: actor, Act: "access.review-outage", Object: "outage:" + id, Outcome: ledger.Done, Detail: map[string]string{"text": text}})
	if err != nil {
		return nil, err
	}
	a.outages[id] = &o
	a.show("outage")
	c := o
	return &c, nil
}

func (d *Doors) listOutages(w http.ResponseWriter, _ *http.Request) {
	web.JSON(w, http.StatusOK, map[string]any{"items": d.a.Outages()})
}

func (d *Doors) reviewOutage(w http.ResponseWriter, r *http.Request) {
	var b struct{ Text string }
	actor, ok := d.asked(w, r, &b)
	if !ok {
		return
	}
	o, err := d.a.ReviewOutage(r.Context(), actor, r.PathValue("id"), b.Text)
	d.answer(w, r, o, err)
}
