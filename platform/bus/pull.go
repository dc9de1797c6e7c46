package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	pullBatches = 128     // batches asked for at a time
	pullBytes   = 8 << 20 // the server holds 64 MiB a connection at most: more asked for at a time stalls it
	pullExpires = 10 * time.Second
	// sessionEnds is how long the server keeps a consumer that asks for nothing, as while its handler is busy.
	sessionEnds = 5 * time.Minute
)

var (
	errMissed = errors.New("bus: a batch was missed on the way")
	errEnded  = errors.New("bus: the server ended the consumer")
)

// pull is a consumer that asks for batches ahead of its reader. The client library's own would drop messages whenever
// a status message meets its buffer full, since that has room for just what was asked for.
type pull struct {
	nc      *nats.Conn
	subject string // where to ask
	sub     *nats.Subscription
	in      chan *nats.Msg
	silence time.Duration
	owed    int    // messages asked for that have not come
	seq     uint64 // of the consumer, of the last message
}

// pullOptions say what a consumer reads.
type pullOptions struct {
	from        uint64 // first sequence
	subjects    []string
	headersOnly bool
	silence     time.Duration // after which the server is taken for gone; 0 means 10 seconds
}

// newPull makes a consumer of the stream. api is the subject prefix of the JetStream that holds it.
func newPull(ctx context.Context, nc *nats.Conn, st jetstream.Stream, api string, o pullOptions) (*pull, error) {
	if o.silence == 0 {
		o.silence = 10 * time.Second
	}
	c, err := st.CreateConsumer(ctx, jetstream.ConsumerConfig{FilterSubjects: o.subjects, HeadersOnly: o.headersOnly,
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: o.from, AckPolicy: jetstream.AckNonePolicy,
		MemoryStorage: true, Replicas: 1, InactiveThreshold: sessionEnds})
	if err != nil {
		return nil, err
	}
	p := &pull{nc: nc, silence: o.silence, in: make(chan *nats.Msg, 4*pullBatches)} // two requests, and status messages
	p.subject = api + ".CONSUMER.MSG.NEXT." + stream + "." + c.CachedInfo().Name
	if p.sub, err = nc.ChanSubscribe(nc.NewInbox(), p.in); err != nil {
		return nil, err
	}
	return p, p.ask()
}

// close leaves the consumer to the server, which removes it when nobody listens any more.
func (p *pull) close() { _ = p.sub.Unsubscribe() }

func (p *pull) ask() error {
	req, err := json.Marshal(map[string]int64{"batch": pullBatches, "max_bytes": pullBytes, "expires": int64(pullExpires),
		"idle_heartbeat": int64(p.silence) / 4})
	if err != nil {
		return err
	}
	p.owed += pullBatches
	return p.nc.PublishRequest(p.subject, p.sub.Subject, req)
}

// next waits for a message; while none comes, idle is called.
func (p *pull) next(ctx context.Context, idle func(context.Context)) (*nats.Msg, error) {
	silent := time.NewTimer(p.silence)
	defer silent.Stop()
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		if ctx.Err() != nil { // nothing more once it has ended, whatever else is ready
			return nil, ctx.Err()
		}
		select {
		case <-ctx.Done():
		case <-silent.C:
			if len(p.in) > 0 {
				silent.Reset(p.silence)
				continue
			}
			return nil, fmt.Errorf("%w: nothing was heard from it for %v", errEnded, p.silence)
		case <-tick.C:
			if idle != nil {
				idle(ctx)
			}
		case m, ok := <-p.in:
			if !ok {
				return nil, ErrClosed
			}
			silent.Reset(p.silence)
			if data, err := p.accept(m); data || err != nil {
				return m, err
			}
		}
	}
}

// accept takes a message of the server: data, or a status (ADR-13 of the NATS architecture).
func (p *pull) accept(m *nats.Msg) (data bool, err error) {
	if status := m.Header.Get("Status"); status != "" && len(m.Data) == 0 {
		return false, p.status(status, m.Header)
	}
	md, err := m.Metadata()
	if err != nil {
		return false, err
	}
	if md.Sequence.Consumer != p.seq+1 {
		return false, errMissed
	}
	p.seq++
	if p.owed--; p.owed < pullBatches/2 {
		return true, p.ask()
	}
	return true, nil
}

// status minds what ends a request: then what it still owed will not come.
func (p *pull) status(code string, h nats.Header) error {
	switch what := h.Get("Description"); {
	case code == "100": // heartbeat
		return nil
	case code == "408", what == "Batch Completed", what == "Message Size Exceeds MaxBytes":
		left, err := strconv.Atoi(h.Get("Nats-Pending-Messages"))
		if err != nil {
			left = 0
		}
		if p.owed -= left; p.owed < pullBatches/2 {
			return p.ask()
		}
		return nil
	default:
		return fmt.Errorf("%w: %s %s", errEnded, code, what)
	}
}
