package playbook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"bulwark/content/playbooks"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

// TestState is how far a back-test is.
type TestState string

// The states of a back-test.
const (
	Testing  TestState = "running"
	Done     TestState = "done"
	Stopped  TestState = "cancelled"
	TestFell TestState = "failed"
)

// BackTest is what a playbook would have done in the past.
type BackTest struct {
	ID        int64          `json:"id"`
	Playbook  string         `json:"playbook"`
	Version   string         `json:"version"`
	Days      int            `json:"days"`
	From      time.Time      `json:"from"`
	To        time.Time      `json:"to"`
	By        string         `json:"by"`
	Began     time.Time      `json:"began"`
	Ended     time.Time      `json:"ended,omitzero"`
	State     TestState      `json:"state"`
	Problem   string         `json:"problem,omitempty"`
	Incidents int            `json:"incidents"`
	Looked    int            `json:"looked"`
	FlowsFrom time.Time      `json:"flows_from,omitzero"` // events are kept since then; zero: for all of the time
	Runs      int            `json:"runs"`
	Wrong     int            `json:"wrong"`  // runs for what a person said was none
	Unsaid    int            `json:"unsaid"` // runs for what nobody spoke of yet
	Done      int            `json:"done"`
	Asked     int            `json:"asked"`
	Refused   int            `json:"refused"`
	Blind     int            `json:"blind"` // acts of which it is not known what they would have stopped
	Acts      []ActCount     `json:"acts"`
	Text      playbooks.Text `json:"text"`
	Items     []Item         `json:"items,omitempty"`
	More      int            `json:"more"`
}

// ActCount is what became of the acts of a kind.
type ActCount struct {
	Act             string `json:"act"`
	Done            int    `json:"done"`
	Asked           int    `json:"asked"`
	Refused         int    `json:"refused"`
	Devices         int    `json:"devices"` // different ones at which those were aimed that would have been done; of a ban: addresses
	ClinicalDevices int    `json:"clinical_devices"`
	Clinical        uint64 `json:"clinical"` // conversations by which care is given
	Unconfirmed     int    `json:"unconfirmed"`
	Wards           int    `json:"wards"`
}

// Item is an act that would have been asked for.
type Item struct {
	At            time.Time      `json:"at"`
	Incident      string         `json:"incident"`
	Title         playbooks.Text `json:"title"`
	Verdict       string         `json:"verdict,omitempty"`
	Step          string         `json:"step"`
	Act           string         `json:"act"`
	Target        string         `json:"target"`
	Name          string         `json:"name,omitempty"`
	Outcome       string         `json:"outcome"` // allow, ask, wait, refuse, impossible
	Needs         string         `json:"needs,omitempty"`
	Why           []Reason       `json:"why"`
	Cut           bool           `json:"cut"`
	Tier          int            `json:"tier"` // of whom it is aimed at; -1: not known
	Confirmed     bool           `json:"confirmed"`
	Ward          string         `json:"ward,omitempty"`
	Class         string         `json:"class,omitempty"`
	Conversations uint64         `json:"conversations"`
	Clinical      uint64         `json:"clinical"`
	Seen          bool           `json:"seen"`
	Delay         int            `json:"delay_s,omitempty"` // it waited for another act to be watched, in seconds

	minutes int
	approve string
}

// take takes over what the interlock would have said.
func (x *Item) take(got *Rehearsed, at, since time.Time) {
	x.Outcome, x.Needs, x.Why, x.Cut, x.Name = got.Outcome, got.Needs, got.Why, got.Cut, got.Name
	x.Conversations, x.Clinical, x.Tier = got.Conversations, got.Clinical, -1
	x.Seen = got.Seen && !at.Before(since)
	x.Delay = int(at.Sub(x.At) / time.Second)
	for _, d := range got.Touched {
		if d.Aimed {
			x.Tier, x.Confirmed, x.Ward, x.Class = d.Tier, d.Confirmed, d.Ward, d.Class
			return
		}
	}
}

// Bounds of back-tests.
const (
	mostDays  = 90
	longTest  = 30 * time.Minute
	keptTests = 10 // of a playbook
	tellEvery = time.Second
)

// Errors of who asks for a back-test.
var (
	ErrNoTest = errors.New("playbook: no such back-test")
	ErrBusy   = errors.New("playbook: a back-test runs already")
)

// StartTest has a playbook played over the last days. One is played at a time.
func (n *Playbooks) StartTest(ctx context.Context, actor, id string, days int) (*BackTest, error) {
	f, err := n.file(id)
	if err != nil {
		return nil, err
	}
	if days < 1 || days > mostDays {
		return nil, refuse("%d days are not between 1 and %d", days, mostDays)
	}
	if n.needs.History == nil {
		return nil, refuse("no past is kept here")
	}
	n.testing.Lock()
	defer n.testing.Unlock()
	if n.test != nil {
		return nil, fmt.Errorf("%w: of %s", ErrBusy, n.test.Playbook)
	}
	now := db.Time(n.needs.Clock.Now())
	t := &BackTest{Playbook: id, Version: version(f), Days: days, From: now.AddDate(0, 0, -days), To: now, By: actor, Began: now, State: Testing, Acts: []ActCount{}}
	err = n.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := tx.NewSelect().Model((*testRow)(nil)).ColumnExpr("COALESCE(MAX(id), 0) + 1").Scan(ctx, &t.ID); err != nil {
			return err
		}
		if err := putTest(ctx, tx, t); err != nil {
			return err
		}
		return n.record(ctx, tx, ledger.Entry{Actor: actor, Act: "playbook.backtest", Object: "playbook:" + id, Detail: map[string]string{"version": t.Version, "days": fmt.Sprint(days)}})
	})
	if err != nil {
		return nil, err
	}
	n.test = t
	shown := *t
	n.asked <- job{f.Playbook, &shown} // it has room: one at a time
	return t.brief(), nil
}

// job is a back-test that is to be run.
type job struct {
	of   *playbooks.Playbook
	test *BackTest
}

// testOften runs the back-tests that are asked for.
func (n *Playbooks) testOften(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case j := <-n.asked:
			n.runTest(ctx, j)
		}
	}
}

// runTest runs a back-test to its end, however it ends.
func (n *Playbooks) runTest(ctx context.Context, j job) {
	limit, stop := context.WithTimeout(ctx, longTest)
	defer stop()
	n.testing.Lock()
	cancelled := n.test == nil || n.test.State != Testing
	n.stop = stop
	n.testing.Unlock()
	t := j.test
	var err error
	if !cancelled {
		err = n.playOver(limit, j)
	}
	t.Ended, t.State = db.Time(n.needs.Clock.Now()), Done
	n.testing.Lock()
	cancelled = n.test == nil || n.test.State != Testing
	n.testing.Unlock()
	switch {
	case cancelled:
		t.State = Stopped
	case ctx.Err() != nil:
		t.State, t.Problem = TestFell, "the program ended"
	case errors.Is(err, context.DeadlineExceeded):
		t.State, t.Problem = TestFell, fmt.Sprintf("it took longer than %v: choose fewer days", longTest)
	case err != nil:
		t.State, t.Problem = TestFell, reason(err)
	}
	t.Text = t.sentence()
	kept, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer done()
	if err := n.keepTest(kept, t); err != nil {
		n.needs.Log.Error("a back-test could not be kept", "error", err)
	}
	n.testing.Lock()
	n.test, n.stop = nil, nil
	n.testing.Unlock()
	n.show(t)
}

// playOver plays the playbook over the past.
func (n *Playbooks) playOver(ctx context.Context, j job) error {
	t := j.test
	past, err := n.needs.History.Past(ctx, t.From, t.To)
	if err != nil {
		return err
	}
	t.Incidents = len(past)
	if n.needs.Since != nil {
		if since := n.needs.Since(); since.After(t.From) {
			t.FlowsFrom = since
		}
	}
	told := n.needs.Clock.Now()
	p := rehearsal{of: j.of, from: n.needs.History, to: t.To, since: t.FlowsFrom, test: t}
	return p.play(ctx, past, t.From, func() {
		if now := n.needs.Clock.Now(); now.Sub(told) >= tellEvery {
			told = now
			n.progress(t)
		}
	})
}

// progress lets people see how far a back-test is.
func (n *Playbooks) progress(t *BackTest) {
	n.testing.Lock()
	if n.test != nil && n.test.State == Testing {
		n.test = t.brief()
	}
	n.testing.Unlock()
	n.show(t)
}

func (n *Playbooks) show(t *BackTest) {
	if n.needs.Live != nil {
		n.needs.Live("playbook", map[string]any{"backtest": t.brief()})
	}
}

// brief is a back-test without its acts.
func (t *BackTest) brief() *BackTest {
	b := *t
	b.Items, b.Acts = nil, slices.Clone(t.Acts)
	return &b
}

// StopTest ends a back-test before it is done.
func (n *Playbooks) StopTest(ctx context.Context, id int64) (*BackTest, error) {
	n.testing.Lock()
	if n.test != nil && n.test.ID == id && n.test.State == Testing {
		n.test.State = Stopped
		if n.stop != nil {
			n.stop()
		}
		defer n.testing.Unlock()
		return n.test.brief(), nil
	}
	n.testing.Unlock()
	t, err := n.Test(ctx, id)
	if err != nil {
		return nil, err
	}
	return nil, refuse("the back-test is %s", t.State)
}

// running is the back-test of that number as far as it is; nil: it does not run.
func (n *Playbooks) running(id int64) *BackTest {
	n.testing.Lock()
	defer n.testing.Unlock()
	if n.test != nil && n.test.ID == id {
		return n.test.brief()
	}
	return nil
}

type testRow struct {
	bun.BaseModel `bun:"table:playbook_backtest,alias:b"`
	ID            int64           `bun:"id,pk"`
	Playbook      string          `bun:"playbook"`
	State         string          `bun:"state"`
	Doc           json.RawMessage `bun:"doc,type:jsonb"`
}

func putTest(ctx context.Context, tx bun.Tx, t *BackTest) error {
	doc, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return db.Put(ctx, tx, []testRow{{ID: t.ID, Playbook: t.Playbook, State: string(t.State), Doc: doc}}, "id", "state", "doc")
}

// keepTest keeps a back-test; the oldest of its playbook go.
func (n *Playbooks) keepTest(ctx context.Context, t *BackTest) error {
	return n.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := putTest(ctx, tx, t); err != nil {
			return err
		}
		var ids []int64
		if err := tx.NewSelect().Model((*testRow)(nil)).Column("id").Where("playbook = ?", t.Playbook).Order("id DESC").Scan(ctx, &ids); err != nil {
			return err
		}
		return db.Drop(ctx, tx, (*testRow)(nil), ids[min(len(ids), keptTests):], "id", func(id int64) []any { return []any{id} })
	})
}

// tests are the back-tests of a playbook without their acts, the newest first; of all where none is named.
func (n *Playbooks) tests(ctx context.Context, id string) ([]*BackTest, error) {
	var rows []testRow
	s := n.needs.DB.Read().NewSelect().Model(&rows).Order("id DESC")
	if id != "" {
		s = s.Where("playbook = ?", id)
	}
	if err := s.Scan(ctx); err != nil {
		return nil, err
	}
	all := []*BackTest{}
	for _, row := range rows {
		t, err := n.readTest(&row)
		if err != nil {
			return nil, err
		}
		all = append(all, t.brief())
	}
	return all, nil
}

func (n *Playbooks) readTest(row *testRow) (*BackTest, error) {
	if t := n.running(row.ID); t != nil {
		return t, nil
	}
	t := &BackTest{}
	if err := json.Unmarshal(row.Doc, t); err != nil {
		return nil, fmt.Errorf("reading back-test %d: %w", row.ID, err)
	}
	return t, nil
}

// Test is the back-test of that number.
func (n *Playbooks) Test(ctx context.Context, id int64) (*BackTest, error) {
	var row testRow
	err := n.needs.DB.Read().NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	if db.NotFound(err) {
		return nil, ErrNoTest
	}
	if err != nil {
		return nil, err
	}
	return n.readTest(&row)
}

// endTests ends the back-tests that ran when the program was killed.
func (n *Playbooks) endTests(ctx context.Context) error {
	var rows []testRow
	if err := n.needs.DB.Read().NewSelect().Model(&rows).Where("state = ?", string(Testing)).Scan(ctx); err != nil {
		return err
	}
	for k := range rows {
		t, err := n.readTest(&rows[k])
		if err != nil {
			return err
		}
		t.State, t.Problem, t.Ended = TestFell, "the program ended", db.Time(n.needs.Clock.Now())
		if err := n.keepTest(ctx, t); err != nil {
			return err
		}
	}
	return nil
}
