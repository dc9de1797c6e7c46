package identity

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/ledger"
)

// manyRefusals bounds how many refused sign-ins wait to be noted one by one.
const manyRefusals = 200

// refusals are the refused sign-ins that are not in the ledger yet. They are noted a moment later, so that an answer
// takes as long for somebody who exists as for somebody who does not.
type refusals struct {
	mu        sync.Mutex // guards what follows
	people    []refusal
	strangers int64                 // concern nobody who exists, or were not even heard
	begun     map[refusal]time.Time // right passwords after which the second step is awaited
}

// refusal is a wrong password of somebody who exists.
type refusal struct{ person, address, step string }

// add remembers a refused sign-in. Strangers are only counted: what they typed for a login may be a password, and
// they must not be able to fill the ledger.
func (r *refusals) add(p *personRow, from visitor) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p == nil || len(r.people) >= manyRefusals {
		r.strangers++
		return
	}
	r.people = append(r.people, refusal{p.ID, from.address, "password"})
}

// addStep remembers a wrong code of somebody whose password was right.
func (r *refusals) addStep(p *personRow, from visitor) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.people) >= manyRefusals {
		r.strangers++
		return
	}
	r.people = append(r.people, refusal{p.ID, from.address, "code"})
}

// begin remembers a right password until the second step: where none comes, somebody may know a password who should not.
func (r *refusals) begin(person string, from visitor, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.begun == nil {
		r.begun = map[refusal]time.Time{}
	}
	if k := (refusal{person, from.address, "none after the password"}); len(r.begun) < manyRefusals || !r.begun[k].IsZero() {
		r.begun[k] = now
	} else {
		r.strangers++
	}
}

// finish forgets what somebody began there: the second step came.
func (r *refusals) finish(person string, from visitor) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.begun, refusal{person, from.address, "none after the password"})
}

// take gives what is remembered, and forgets it; strangers only when asked to.
func (r *refusals) take(strangers bool, now time.Time) (people []refusal, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, at := range r.begun {
		if now.Sub(at) >= stepLife {
			delete(r.begun, k)
			r.people = append(r.people, k)
		}
	}
	people, r.people = r.people, nil
	if strangers {
		n, r.strangers = r.strangers, 0
	}
	return people, n
}

// tellRefusals writes the refused sign-ins to the ledger: those of people one by one, strangers as one number.
func (i *Identity) tellRefusals(ctx context.Context, strangers bool) error {
	if i.memory.isLost() {
		return nil // they wait
	}
	people, n := i.refusals.take(strangers, i.clock.Now())
	if len(people) == 0 && n == 0 {
		return nil
	}
	refused := act{by: ledger.Program("identity"), name: "sign-in", refused: true}
	return i.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		for _, r := range people {
			a := refused
			a.on, a.detail = ledger.Person(r.person), map[string]string{"address": r.address, "step": r.step}
			if err := i.note(ctx, tx, a); err != nil {
				return err
			}
		}
		if n == 0 {
			return nil
		}
		a := refused
		a.detail = map[string]string{"unknown_or_unheard": strconv.FormatInt(n, 10)}
		return i.note(ctx, tx, a)
	})
}
