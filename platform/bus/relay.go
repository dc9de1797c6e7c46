package bus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"bulwark/platform/clock"
)

// Link is how far this bus has come with the events of a node below.
type Link struct {
	Node      string
	Connected bool      // its stream is being read
	Behind    uint64    // batches that it still has for us, as of the last that came; the link resynchronises while there are many
	Seq       uint64    // last sequence of the node's stream that is safe here
	Since     time.Time // when Connected last changed
}

// links are the states of the relays, by node.
type links struct {
	mu sync.Mutex
	by map[string]Link
}

func (l *links) change(node string, fn func(*Link)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by == nil {
		l.by = map[string]Link{}
	}
	k := l.by[node]
	k.Node = node
	fn(&k)
	l.by[node] = k
}

// Links are the links to the nodes below whose Relay runs, in no order.
func (b *Bus) Links() []Link {
	b.links.mu.Lock()
	defer b.links.mu.Unlock()
	all := make([]Link, 0, len(b.links.by))
	for _, l := range b.links.by {
		all = append(all, l)
	}
	return all
}

// Relay copies the stream of a node below onto this bus until ctx ends: each batch once, in order, on the same
// subject, marked with the node. It goes on where it was after a restart of either, or when the link is back.
//
// The server can do this itself (a stream with a source), but resumes only half a minute after the link is back
// (docs/decisions/0012-relay.md).
func (b *Bus) Relay(ctx context.Context, node string) error {
	nc, err := nats.Connect("", nats.InProcessServer(b.server), nats.Name("relay "+node), nats.MaxReconnects(-1),
		nats.CustomInboxPrefix(inbox(node)), nats.ReconnectWait(100*time.Millisecond))
	if err != nil {
		return fmt.Errorf("bus: relay of %s: %w", node, err)
	}
	defer nc.Close()
	js, err := jetstream.NewWithDomain(nc, node, jetstream.WithDefaultTimeout(2*time.Second))
	if err != nil {
		return fmt.Errorf("bus: relay of %s: %w", node, err)
	}
	r := &relay{b: b, node: node, nc: nc, js: js}
	defer b.links.change(node, func(l *Link) { l.Connected = false })
	for ctx.Err() == nil {
		err := r.run(ctx)
		b.links.change(node, func(l *Link) {
			if l.Connected {
				l.Connected, l.Since = false, time.Now()
			}
		})
		if ctx.Err() != nil || b.nc.IsClosed() {
			break
		}
		b.log.DebugContext(ctx, "a node's events wait for its link", "node", node, "error", err)
		wait := relayRetry
		if errors.Is(err, ErrFull) {
			wait = retryMax
		}
		clock.Pause(ctx, wait)
	}
	if ctx.Err() == nil {
		return ErrClosed
	}
	return nil
}

const (
	relayRetry  = 250 * time.Millisecond
	relayFlight = 128 // batches that are being written here at a time
	relaySilent = 3 * time.Second
)

// relay is the copying of one node's stream.
type relay struct {
	b    *Bus
	node string
	nc   *nats.Conn // its inbox is the only place the node may answer to
	js   jetstream.JetStream

	mark      relayMark
	have      map[uint64]bool // sequences beyond the mark that are here already
	saved     relayMark
	savedAt   time.Time
	confirmed uint64
}

// relayMark is what is kept of a relay: all of the node's sequences up to seq are here, the last as own.
type relayMark struct {
	born     int64 // of the node's stream, unix nanoseconds
	seq, own uint64
}

func (m relayMark) bytes() []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(m.born))
	b = binary.LittleEndian.AppendUint64(b, m.seq)
	return binary.LittleEndian.AppendUint64(b, m.own)
}

// run reads the node's stream until something fails.
func (r *relay) run(ctx context.Context) error {
	ctx, restart := context.WithCancel(ctx)
	defer restart()
	defer r.b.gate.watch(r.node, restart)() // a new link means that the old one is dead, heard of or not
	quick, cancel := context.WithTimeout(ctx, relaySilent)
	defer cancel()
	st, err := r.js.Stream(quick, stream)
	if err != nil {
		return err
	}
	if err := r.resume(ctx, st.CachedInfo()); err != nil {
		return err
	}
	p, err := newPull(quick, r.nc, st, domainAPI(r.node), pullOptions{from: r.mark.seq + 1, silence: relaySilent})
	if err != nil {
		return err
	}
	defer p.close()
	r.b.links.change(r.node, func(l *Link) { l.Connected, l.Since, l.Seq = true, time.Now(), r.mark.seq })
	return r.copy(ctx, p)
}

// resume finds where to go on: behind the kept mark, without what came here after it was kept.
func (r *relay) resume(ctx context.Context, info *jetstream.StreamInfo) error {
	r.have = map[uint64]bool{}
	r.mark = relayMark{born: info.Created.UnixNano()}
	e, err := r.b.kv.Get(ctx, "from."+r.node)
	if err != nil && !errors.Is(err, jetstream.ErrKeyNotFound) {
		return err
	}
	if err == nil && len(e.Value()) == 24 {
		v := e.Value()
		kept := relayMark{int64(binary.LittleEndian.Uint64(v)), binary.LittleEndian.Uint64(v[8:]), binary.LittleEndian.Uint64(v[16:])}
		if kept.born == r.mark.born {
			r.mark = kept
		}
	}
	r.saved, r.confirmed = r.mark, 0
	if first := info.State.FirstSeq; r.mark.seq+1 < first {
		r.b.m.missed.WithLabelValues("relay " + r.node).Add(float64(first - r.mark.seq - 1))
		r.b.log.WarnContext(ctx, "a node removed events before they could be fetched", "node", r.node, "batches", first-r.mark.seq-1)
		r.mark.seq = first - 1
	}
	return r.lookBack(ctx)
}

// lookBack fills have with what came here from the node after the mark was kept.
func (r *relay) lookBack(ctx context.Context) error {
	first, last, _, err := r.b.Extent(ctx)
	if err != nil {
		return err
	}
	from := max(first, r.mark.own+1)
	if from > last {
		return nil
	}
	p, err := newPull(ctx, r.b.nc, r.b.stream, localAPI, pullOptions{from: from, headersOnly: true})
	if err != nil {
		return err
	}
	defer p.close()
	for {
		m, err := p.next(ctx, nil)
		if err != nil {
			return err
		}
		md, err := m.Metadata()
		if err != nil {
			return err
		}
		if node, _, _ := strings.Cut(m.Header.Get(nodeHeader), "/"); node == r.node {
			if seq, err := strconv.ParseUint(m.Header.Get(seqHeader), 10, 64); err == nil && seq > r.mark.seq {
				r.have[seq] = true
			}
		}
		if md.Sequence.Stream >= last {
			return nil
		}
	}
}

// landing is a batch that is being written here.
type landing struct {
	seq uint64
	ack jetstream.PubAckFuture // nil for one that is here already or is no batch
}

// copy writes what comes, several at a time, and moves the mark over those that are safe, in order.
func (r *relay) copy(ctx context.Context, p *pull) error {
	var out []landing
	// What is in flight when this ends is awaited, so that the next run finds it here.
	defer func() {
		for _, l := range out {
			if l.ack != nil {
				select {
				case <-l.ack.Ok():
				case <-l.ack.Err():
				}
			}
		}
		r.save(context.WithoutCancel(ctx))
	}()
	for {
		for len(out) > 0 {
			wait := len(out) >= relayFlight || len(p.in) == 0
			done, err := r.land(ctx, out[0], wait)
			if err != nil {
				return err
			}
			if !done {
				break
			}
			out = out[1:]
		}
		r.saveNow(ctx)
		m, err := p.next(ctx, r.saveNow)
		if err != nil {
			return err
		}
		l, err := r.write(m)
		if err != nil {
			return err
		}
		out = append(out, l)
	}
}

// write begins to write a batch of the node here.
func (r *relay) write(m *nats.Msg) (landing, error) {
	md, err := m.Metadata()
	if err != nil {
		return landing{}, err
	}
	l := landing{seq: md.Sequence.Stream}
	r.b.links.change(r.node, func(k *Link) { k.Behind = md.NumPending })
	if r.have[l.seq] || !strings.HasPrefix(m.Subject, "ev.") {
		delete(r.have, l.seq)
		return l, nil
	}
	node := r.node
	if below := m.Header.Get(nodeHeader); below != "" {
		node += "/" + below
	}
	// The id names the node, lest one node could keep away the batches of another by using their ids.
	out := &nats.Msg{Subject: m.Subject, Data: m.Data, Header: nats.Header{nodeHeader: {node},
		seqHeader:             {strconv.FormatUint(l.seq, 10)},
		jetstream.MsgIDHeader: {r.node + "/" + strconv.FormatInt(r.mark.born, 36) + "/" + strconv.FormatUint(l.seq, 36)}}}
	if r.b.disk.full() {
		return landing{}, ErrFull
	}
	l.ack, err = r.b.js.PublishMsgAsync(out, jetstream.WithRetryAttempts(0), jetstream.WithStallWait(5*time.Second))
	return l, err
}

// land moves the mark over a batch that is safe; done is false when it is not yet and wait is false.
func (r *relay) land(ctx context.Context, l landing, wait bool) (done bool, err error) {
	if l.ack == nil {
		r.mark.seq = l.seq
		return true, nil
	}
	if !wait && len(l.ack.Ok()) == 0 && len(l.ack.Err()) == 0 {
		return false, nil
	}
	select {
	case a := <-l.ack.Ok():
		r.mark.seq, r.mark.own = l.seq, max(r.mark.own, a.Sequence)
		return true, nil
	case err := <-l.ack.Err():
		return false, asError(err)
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func (r *relay) saveNow(ctx context.Context) {
	if now := time.Now(); now.Sub(r.savedAt) >= saveEvery {
		r.savedAt = now
		r.save(ctx)
	}
}

// save keeps the mark, and tells the node once it is kept.
func (r *relay) save(ctx context.Context) {
	if r.mark != r.saved {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		if _, err := r.b.kv.Put(ctx, "from."+r.node, r.mark.bytes()); err != nil {
			r.b.log.WarnContext(ctx, "keeping how far a node's events have come", "node", r.node, "error", err)
			return
		}
		r.saved = r.mark
		r.b.links.change(r.node, func(l *Link) { l.Seq = r.mark.seq })
	}
	if r.confirmed != r.mark.seq {
		r.confirmed = r.mark.seq
		v := binary.LittleEndian.AppendUint64(nil, r.mark.seq)
		_ = r.nc.Publish(confirmation(r.node), binary.LittleEndian.AppendUint64(v, uint64(r.mark.born))) // lost with the link, and said again
	}
}
