package identity

import (
	"context"
	"strings"
	"sync"
	"time"
)

// A refused sign-in says nothing of whose login it was: nobody's, one that is known here alone, or one of a directory. Each asks every directory and
// computes one hash, and is answered at a whole step of time, because a directory takes a little longer to refuse a password than to find nobody.

// refusalStep is between the moments at which sign-ins are refused where there are directories.
const refusalStep = 500 * time.Millisecond

// askOthers asks the directories that do not know the login for somebody who does not exist. wait waits for them, stop lets them be.
func (i *Identity) askOthers(ctx context.Context, hash, secret string) (wait, stop func()) {
	ctx, stop = context.WithCancel(ctx)
	var asked sync.WaitGroup
	own, _ := strings.CutPrefix(hash, inDirectory)
	for name, s := range i.sources {
		if hash != inDirectory+own || name != own {
			asked.Go(func() { _, _ = s.prove(ctx, s.nobody(), secret) })
		}
	}
	return asked.Wait, stop
}

// nobody is an id that a directory gives to no account.
func (s *source) nobody() string {
	if s.Config.Kind == "ldap" {
		return "00000000-0000-0000-0000-000000000000"
	}
	return strings.Repeat("0", 32)
}

// inStep waits for the end of the step since begun. Where there is no directory, all do the same work already.
func (i *Identity) inStep(ctx context.Context, begun time.Time) {
	if len(i.sources) == 0 {
		return
	}
	i.pause(ctx, refusalStep-i.clock.Now().Sub(begun)%refusalStep)
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
