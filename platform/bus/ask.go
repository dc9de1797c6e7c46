package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
)

// ErrAway means that a joined node did not answer: its link is cut, or it takes no questions.
var ErrAway = errors.New("bus: the node does not answer")

// MaxQuestion is how long a question or an answer may be, in bytes.
const MaxQuestion = 256 << 10

// waitingQuestions is how many questions wait for an answer; the server drops what is beyond, and who asked hears nothing.
const waitingQuestions = 64

// question is where a joined node is asked something by the one above.
func question(node string) string { return "bulwark." + node + ".question" }

// Ask asks a node below something, and returns what it answers, until ctx ends.
func (b *Bus) Ask(ctx context.Context, node string, q []byte) ([]byte, error) {
	if b.server == nil {
		return nil, fmt.Errorf("%w: no node joins a cluster elsewhere", ErrAway)
	}
	nc, err := nats.Connect("", nats.InProcessServer(b.server), nats.Name("question to "+node), nats.CustomInboxPrefix(inbox(node)))
	if err != nil {
		return nil, fmt.Errorf("bus: asking %s: %w", node, err)
	}
	defer nc.Close()
	m, err := nc.RequestWithContext(ctx, question(node), q)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrAway, node, err)
	}
	return m.Data, nil
}

// Answer answers what the node above asks, one after the other, until ctx ends. Who may ask is not known here: whoever reaches the
// subject does.
func (b *Bus) Answer(ctx context.Context, fn func(ctx context.Context, q []byte) []byte) error {
	s, err := b.nc.Subscribe(question(b.opts.Domain), func(m *nats.Msg) {
		if len(m.Data) > MaxQuestion {
			return
		}
		if a := fn(ctx, m.Data); len(a) <= MaxQuestion {
			_ = m.Respond(a) // who asked has gone away
		}
	})
	if err == nil {
		err = s.SetPendingLimits(waitingQuestions, waitingQuestions*MaxQuestion)
	}
	if err != nil {
		return fmt.Errorf("bus: %w", err)
	}
	<-ctx.Done()
	return s.Unsubscribe()
}
