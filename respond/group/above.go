package group

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"bulwark/platform/clock"
	"bulwark/platform/ledger"
)

// SiteView is a site that has joined.
type SiteView struct {
	Name      string    `json:"name"`
	Joined    time.Time `json:"joined"`
	Connected bool      `json:"connected"`
	Behind    uint64    `json:"behind"` // batches of events that it still has for us
}

// Sites are those that have joined, and the way to them.
type Sites interface {
	// Sites are those that are not revoked.
	Sites() []SiteView
	// Ask sends a question to one, and returns its answer.
	Ask(ctx context.Context, site string, question []byte) ([]byte, error)
	// Sign signs a text as the centre.
	Sign(text []byte) ([]byte, error)
}

// AboveNeeds is what the side of a centre is made of.
type AboveNeeds struct {
	Ledger *ledger.Ledger
	Clock  clock.Clock
	Log    *slog.Logger
	Sites  Sites
}

// Above is the side of a centre. Make it with [NewAbove]; it is safe for concurrent use.
type Above struct{ needs AboveNeeds }

// NewAbove makes the side of a centre.
func NewAbove(n AboveNeeds) *Above { return &Above{n} }

// toAnswer is how long a site may take: it looks at what would stop before it answers.
const toAnswer = 20 * time.Second

// Send sends an order to a site. That it is sent stands in the ledger before it is, and what became of it after.
func (a *Above) Send(ctx context.Context, actor string, o Order) (Answer, error) {
	o.ID, o.At = rand.Text(), a.needs.Clock.Now().UTC()
	if err := o.check(); err != nil {
		return Answer{}, err
	}
	if !slices.ContainsFunc(a.needs.Sites.Sites(), func(s SiteView) bool { return s.Name == o.Node }) {
		return Answer{}, fmt.Errorf("%w: %q", ErrNoSite, o.Node)
	}
	if o.Do == Look {
		return a.ask(ctx, &o)
	}
	if err := a.note(ctx, actor, "group.order", ledger.Done, &o, ""); err != nil {
		return Answer{}, err
	}
	got, err := a.ask(ctx, &o)
	outcome, why := ledger.Done, ""
	if err != nil {
		outcome, why = ledger.Failed, err.Error()
	}
	if e := a.note(context.WithoutCancel(ctx), actor, "group.answer", outcome, &o, why); e != nil && err == nil {
		err = e
	}
	return got, err
}

func (a *Above) ask(ctx context.Context, o *Order) (got Answer, err error) {
	text, err := json.Marshal(o)
	if err != nil {
		return got, err
	}
	s := signed{Order: text}
	if s.Signature, err = a.needs.Sites.Sign(text); err != nil {
		return got, err
	}
	question, err := json.Marshal(s)
	if err != nil {
		return got, err
	}
	ctx, cancel := context.WithTimeout(ctx, toAnswer)
	defer cancel()
	answer, err := a.needs.Sites.Ask(ctx, o.Node, question)
	if err != nil {
		return got, fmt.Errorf("%w: %w", ErrAway, err)
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		return got, fmt.Errorf("%w: %w", ErrAway, err)
	}
	if got.Error != "" {
		return got, fmt.Errorf("%w: %s", ErrRefused, clip(got.Error))
	}
	return got, nil
}

func (a *Above) note(ctx context.Context, actor, act string, outcome ledger.Outcome, o *Order, problem string) error {
	_, err := a.needs.Ledger.Record(ctx, ledger.Entry{Actor: actor, Act: act, Object: "node:" + o.Node, Outcome: outcome, Detail: o.detail(problem)})
	return err
}

// detail is what the ledger keeps of an order.
func (o *Order) detail(problem string) map[string]string {
	d := map[string]string{}
	for key, value := range map[string]string{"do": clip(string(o.Do)), "order": o.ID, "reason": clip(o.Reason), "act": o.Act, "target": o.Target, "scope": o.Scope, "problem": clip(problem)} {
		if value != "" {
			d[key] = value
		}
	}
	if o.Lease != 0 {
		d["lease"] = strconv.FormatUint(o.Lease, 10)
	}
	if o.Minutes != 0 {
		d["minutes"] = strconv.Itoa(o.Minutes)
	}
	return d
}

// clip keeps a text short, and valid.
func clip(s string) string {
	if !utf8.ValidString(s) {
		return "no text"
	}
	if r := []rune(s); len(r) > maxReason {
		return string(r[:maxReason])
	}
	return s
}
