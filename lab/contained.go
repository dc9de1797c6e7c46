package lab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"
)

// soon is how long somebody waits for an answer that may never come.
const soon = 5 * time.Second

// contained plays the attack again, from another office PC: it is contained on the way, and what is clinical goes on.
func (t *trial) contained(ctx context.Context) error {
	pc := officeStation(1).name
	began := map[string]time.Time{}
	for _, s := range campaign {
		if _, _, ok := t.news.in("isolate", t.target(1), "in_force"); ok {
			break
		}
		began[s.answer] = time.Now()
		if err := s.play(ctx, t.Hospital, pc, outsideAddr(1)); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	l, at, err := t.inForce(ctx, "isolate", t.target(1))
	if err != nil {
		return err
	}
	took := at.Sub(began[l.Playbook])
	t.say("%s is contained by playbook %s, %.2f s after that stage began", pc, l.Playbook, took.Seconds())
	t.toForce = append(t.toForce, took)
	t.judge("the office PC is contained automatically", map[bool]string{false: "a person asked for it"}[l.Automatic])
	t.judge("what it does outside care is stopped", t.passes(ctx, pc, false))
	t.judge("what it reads in the record goes on", text(t.readsRecord(ctx, pc, Patients[1], patience)))
	t.judge("others are not stopped", t.passes(ctx, officeStation(0).name, true))
	return nil
}

// passes says why the file server is not, or is, within reach of a host; empty when it is as wanted.
func (t *trial) passes(ctx context.Context, from string, want bool) string {
	ctx, cancel := context.WithTimeout(ctx, map[bool]time.Duration{true: patience, false: soon}[want])
	defer cancel()
	c, err := t.Host(from).Dial(ctx, "tcp4", addrOf("files").String()+":445")
	if err == nil {
		err = c.Close()
	}
	if want == (err == nil) {
		return ""
	}
	return fmt.Sprintf("%s reaches the file server: %v, want %v (%v)", from, err == nil, want, err)
}

// inForce waits until a lease of a target is in force, and says when it was told.
func (t *trial) inForce(ctx context.Context, act, target string) (l lease, at time.Time, err error) {
	err = await(ctx, act+" of "+target+" is in force", func() (ok bool, err error) {
		l, at, ok = t.news.in(act, target, "in_force")
		return ok, nil
	})
	return l, at, err
}

// canary is how long the first of several acts is watched in this lab, as people of the hospital set it: the least that may be.
const canary = 10 * time.Second

// furtherAttacks are several more: a laptop whose tier nobody has confirmed, and which is therefore not isolated without a person's
// yes, reports to one address outside after the other, and office PCs begin to encrypt. They are those of which the time until each stands in
// an incident and is contained is measured. People have set wider budgets before: as it comes Bulwark cuts one device of a ward by
// itself, and asks for the next.
func (t *trial) furtherAttacks(ctx context.Context) error {
	if err := t.widen(ctx); err != nil {
		return err
	}
	cut := time.Time{} // when the last device was
	n := 2             // of the addresses outside; those before steered the stories
	for k := range samplePCs {
		pc := 2 + k
		for range sampleAddrs / samplePCs {
			if err := t.sample(ctx, "ban", "address:"+outsideAddr(n), func() error { return t.asksForOrders(ctx, laptop, outsideAddr(n)) }); err != nil {
				return err
			}
			n++
		}
		select { // the device before is watched for so long
		case <-time.After(time.Until(cut.Add(canary + time.Second))):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := t.sample(ctx, "isolate", t.target(pc), func() error { return encryptShare(ctx, t.Hospital, officeStation(pc).name, "") }); err != nil {
			return err
		}
		cut = time.Now()
	}
	return nil
}

// widen has a person allow more.
func (t *trial) widen(ctx context.Context) error {
	var s struct {
		Matrix struct {
			Text string `json:"text"`
		} `json:"matrix"`
	}
	if err := t.w.ask(ctx, http.MethodGet, "/api/safety", nil, &s); err != nil {
		return err
	}
	return t.w.ask(ctx, http.MethodPut, "/api/safety/matrix", map[string]string{"text": wider(s.Matrix.Text), "reason": "the lab plays many attacks in a minute"}, nil)
}

var (
	budgets = regexp.MustCompile(`(?m)^budgets:\n(  .*\n)+`)
	watched = regexp.MustCompile(`(?m)^canary: .*\n`)
)

// wider is a matrix that lets many devices be cut automatically.
func wider(matrix string) string {
	matrix = budgets.ReplaceAllString(matrix, "budgets:\n  devices: 50\n  ward: 50\n  class: 50\n")
	return watched.ReplaceAllString(matrix, "canary: "+canary.String()+"\n")
}

// sample has an attack happen, and measures when an incident tells of who did it and when that is contained.
func (t *trial) sample(ctx context.Context, act, target string, attack func() error) error {
	begin := time.Now()
	played := make(chan error, 1)
	go func() { played <- attack() }()
	var told time.Time
	err := await(ctx, target+" stands in an incident", func() (ok bool, err error) {
		told, ok = t.news.told(target)
		return ok, nil
	})
	if err != nil {
		return errors.Join(err, <-played)
	}
	_, at, err := t.inForce(ctx, act, target)
	if err != nil {
		return err
	}
	t.toIncident, t.toForce = append(t.toIncident, told.Sub(begin)), append(t.toForce, at.Sub(begin))
	return <-played
}
