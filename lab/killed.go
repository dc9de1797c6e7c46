package lab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Kill ends the program as a power cut would, and waits for its end.
func (w *Watcher) Kill() error {
	if err := w.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	err := <-w.ended
	if w.cmd.ProcessState != nil {
		return nil
	}
	return err
}

// strike is how a lease is killed in the middle of something: what is done to it, and how long after that the program is killed.
type strike struct {
	what  string  // ask, lift, release, expire
	after float64 // in times of how long the answer takes; of expire in seconds
}

// strikes are spread over the time in which a lease goes from one state to the next.
var strikes = [...]strike{
	{"ask", 0.4}, {"ask", 0.7}, {"ask", 0.9}, {"ask", 1}, {"ask", 1.1}, {"ask", 1.3}, {"ask", 2}, {"ask", 5},
	{"lift", 0.4}, {"lift", 0.7}, {"lift", 0.9}, {"lift", 1.1}, {"lift", 1.5}, {"lift", 3},
	{"release", 1}, {"expire", -0.5}, {"expire", 0.3},
}

// struckAddr is whom the n-th strike is about: somebody outside.
func struckAddr(n int) string { return fmt.Sprintf("203.0.113.%d", 10+n) }

// killed kills the program in the middle of leases, and looks each time that after its start nothing is forgotten and nothing
// outlives its lease, while those of the attacks before run to their ends.
func (t *trial) killed(ctx context.Context) error {
	found := map[string]int{}
	asking, lifting, err := t.paces(ctx)
	if err != nil {
		return err
	}
	paces := map[string]time.Duration{"ask": asking, "lift": lifting, "release": lifting, "expire": time.Second}
	for n, s := range strikes { // a lease lasts a minute: those that are to end are asked for first
		if s.what != "expire" {
			continue
		}
		if err := t.w.ask(ctx, http.MethodPost, "/api/containments", banned(n), nil); err != nil {
			return err
		}
	}
	for n, s := range strikes {
		after := time.Duration(s.after * float64(paces[s.what]))
		before, err := t.strike(ctx, n, s.what, after)
		if err != nil {
			return fmt.Errorf("killed %v after %s: %w", after, s.what, err)
		}
		t.kills++
		if err := t.restart(ctx); err != nil {
			return err
		}
		state, err := t.sound(ctx, n, before)
		if err != nil {
			return fmt.Errorf("killed %v after %s: %w", after, s.what, err)
		}
		found[s.what+" -> "+state]++
	}
	var all []string
	for k, n := range found {
		all = append(all, fmt.Sprintf("%s (%d)", k, n))
	}
	slices.Sort(all)
	t.say("killed %d times; what the ledger held then: %s", t.kills, strings.Join(all, ", "))
	return nil
}

// paces measures how long the program takes to answer who asks for a containment, and who lifts one. Both are written in the ledger
// before the answer, and driven to the packet filter right behind it.
func (t *trial) paces(ctx context.Context) (asking, lifting time.Duration, err error) {
	begin := time.Now()
	if err := t.w.ask(ctx, http.MethodPost, "/api/containments", banned(len(strikes)), nil); err != nil {
		return 0, 0, err
	}
	asking = time.Since(begin)
	l, _, err := t.inForce(ctx, "ban", "address:"+struckAddr(len(strikes)))
	if err != nil {
		return 0, 0, err
	}
	begin = time.Now()
	err = t.w.ask(ctx, http.MethodPost, fmt.Sprint("/api/containments/", l.ID, "/lift"), map[string]string{"reason": "the lab looks how long it takes"}, nil)
	return asking, time.Since(begin), err
}

// banned is the wish to ban whom the n-th strike is about.
func banned(n int) map[string]any {
	return map[string]any{"act": "ban", "target": "address:" + struckAddr(n), "minutes": 1, "reason": "the lab kills the program"}
}

// strike does something to a lease and kills the program; before is the lease as it was answered, zero where there was no answer.
func (t *trial) strike(ctx context.Context, n int, what string, after time.Duration) (before lease, err error) {
	if what == "ask" {
		answered := make(chan lease, 1)
		go func() {
			var l lease
			_ = t.w.ask(ctx, http.MethodPost, "/api/containments", banned(n), &l) // who is killed may not answer
			answered <- l
		}()
		time.Sleep(after)
		err = t.w.Kill()
		return <-answered, err
	}
	if what != "expire" {
		if err := t.w.ask(ctx, http.MethodPost, "/api/containments", banned(n), nil); err != nil {
			return before, err
		}
	}
	if before, _, err = t.inForce(ctx, "ban", "address:"+struckAddr(n)); err != nil {
		return before, err
	}
	done, err := t.begin(ctx, what, before)
	if err != nil {
		return before, err
	}
	time.Sleep(after)
	err = t.w.Kill()
	<-done // whatever was answered: the ledger says what was done
	return before, err
}

// begin does something to a lease that is in force, without waiting for the answer; of one that is to expire it waits until it does.
func (t *trial) begin(ctx context.Context, what string, l lease) (done chan error, err error) {
	done = make(chan error, 1)
	path := fmt.Sprint("/api/containments/", l.ID)
	switch what {
	case "lift":
		go func() {
			done <- t.w.ask(ctx, http.MethodPost, path+"/lift", map[string]string{"reason": "the lab lifts it"}, nil)
		}()
	case "release":
		var code struct {
			Code string `json:"code"`
		}
		if err := t.w.ask(ctx, http.MethodPost, path+"/code", nil, &code); err != nil {
			return nil, err
		}
		go func() { done <- t.w.ask(ctx, http.MethodPost, "/api/release", code, nil) }()
	case "expire":
		time.Sleep(time.Until(l.Until))
		done <- nil
	}
	return done, nil
}

// restart starts the program again.
func (t *trial) restart(ctx context.Context) error {
	t.restarts = append(t.restarts, time.Now())
	if err := t.w.start(ctx); err != nil {
		return err
	}
	return t.w.watches(ctx)
}

// sound looks what became of a lease in whose middle the program was killed.
func (t *trial) sound(ctx context.Context, n int, before lease) (state string, err error) {
	state = "nothing"
	all, err := t.w.leases(ctx)
	if err != nil {
		return state, err
	}
	i := slices.IndexFunc(all, func(l lease) bool { return l.Target == "address:"+struckAddr(n) })
	if i < 0 {
		if before.ID != 0 {
			err = errors.New("a lease that was answered is forgotten")
		}
		return state, err
	}
	state = all[i].State
	err = await(ctx, "the filter follows the ledger", func() (bool, error) {
		all, err := t.w.leases(ctx)
		if err != nil {
			return false, err
		}
		now, err := filtered(ctx)
		if err != nil {
			return false, err
		}
		i := slices.IndexFunc(all, func(l lease) bool { return l.Target == "address:"+struckAddr(n) })
		stopped := now["ban "+struckAddr(n)]
		switch all[i].State {
		case "in_force":
			return stopped, nil
		case "reverted", "expired", "released":
			return !stopped, nil
		}
		return false, nil
	})
	return state, err
}

// ends waits until all leases are over, and what they stopped passes again.
func (t *trial) ends(ctx context.Context) error {
	all, err := t.w.leases(ctx)
	if err != nil {
		return err
	}
	for _, l := range all {
		if l.State == "released" { // what is lifted at the bedside is not stopped; its lease would be so for half an hour
			if err := t.w.ask(ctx, http.MethodPost, fmt.Sprint("/api/containments/", l.ID, "/lift"), map[string]string{"reason": "the lab ends"}, nil); err != nil {
				return err
			}
		}
	}
	for range 2 { // a lease lasts a minute, our patience for one thing as well
		err = await(ctx, "all leases are over", func() (bool, error) {
			return !slices.ContainsFunc(t.news.all(), func(l lease) bool { return l.stops() }), nil
		})
	}
	if err != nil {
		return err
	}
	err = await(ctx, "the filter is empty", func() (bool, error) { return len(t.f.stopped()) == 0, t.f.err })
	if err != nil {
		t.outlived = t.f.stopped()
		return err
	}
	for n := range 2 + samplePCs {
		t.judge(officeStation(n).name+" is back on the network", t.passes(ctx, officeStation(n).name, true))
	}
	t.reverts()
	return nil
}

// reverts measures how long each lease that ran to its end took to be gone, by the ledger and by the packet filter, after its time
// was over or after the start of the program, whichever was later.
func (t *trial) reverts() {
	for _, l := range t.news.all() {
		over, ok := t.news.when(l.ID, "expired")
		gone, stopped := t.f.left(l.entries())
		if !ok || !stopped {
			continue
		}
		if gone.Sub(l.Until) > outlives {
			t.outlived = append(t.outlived, l.String())
		}
		done := over
		if gone.After(over) {
			done = gone
		}
		due := l.Until
		for _, r := range t.restarts {
			if r.After(due) && r.Before(done) {
				due = r
			}
		}
		t.toRevert = append(t.toRevert, done.Sub(due))
	}
	reason := ""
	if len(t.outlived) > 0 {
		reason = strings.Join(t.outlived, "; ")
	}
	t.judge("nothing outlives its lease", reason)
}

// outlives is how long after its time a lease may be in the packet filter.
const outlives = 5 * time.Second
