package console

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"bulwark/event"
	"bulwark/platform/clock"
	"bulwark/platform/health"
)

const (
	maxClients = 64  // streams that are open at a time
	clientRoom = 64  // messages that wait for a client; further ones are dropped for it, and counted
	kept       = 128 // messages that a client which comes back can still be given
)

// Hub hands what happens to the pages that are open. Make it with [NewHub]; it is safe for concurrent use.
type Hub struct {
	clock clock.Clock
	epoch string // tells the ids of this run from those of another

	// mu guards what follows. Nothing waits while it is held.
	mu      sync.Mutex
	seq     uint64
	past    []message // the newest, at most kept
	clients map[*client]struct{}
	rates   rates
	sample  sample

	dropped atomic.Uint64
}

// message is one event of the stream.
type message struct {
	seq   uint64
	topic string
	data  []byte
}

// client is one open page.
type client struct {
	out     chan message
	dropped atomic.Uint64
}

// NewHub makes a hub without clients.
func NewHub(c clock.Clock) *Hub {
	return &Hub{clock: c, epoch: strconv.FormatInt(c.Now().UnixMilli(), 36), clients: map[*client]struct{}{}}
}

// Send gives v, as JSON, to every open page under the name topic. It never waits: a page that is too slow loses it.
func (h *Hub) Send(topic string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("console: encoding a live message: %v", err)) // our own type
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seq++
	m := message{h.seq, topic, data}
	h.past = append(h.past, m)
	if len(h.past) > kept {
		h.past = append(h.past[:0], h.past[len(h.past)-kept:]...)
	}
	for c := range h.clients {
		select {
		case c.out <- m:
		default:
			c.dropped.Add(1)
			h.dropped.Add(1)
		}
	}
}

// Batch takes a batch of events as it comes from the bus: counters are added up, and a sample of the other events is
// kept for the next second. It returns [event.ErrBatch] where the batch is malformed.
func (h *Hub) Batch(b []byte) error {
	var r event.Reader
	if err := r.Open(b); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.clients) == 0 {
		return nil
	}
	var e event.Event
	for r.Next(&e) {
		if s, ok := e.Payload.(*event.Stats); ok {
			h.rates.add(r.Sensor, s, h.clock.Now())
			continue
		}
		h.sample.add(&r, &e)
	}
	return r.Err()
}

// Run sends the rates and the sample once a second, and tells when a health warning begins or ends, until ctx ends.
func (h *Hub) Run(ctx context.Context, t *health.Tracker) error {
	changed, end := t.Subscribe()
	defer end()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			h.Send("health", struct {
				Standing int `json:"standing"`
			}{len(t.Warnings())})
		case <-tick.C:
			h.flush()
		}
	}
}

func (h *Hub) flush() {
	h.mu.Lock()
	stats, some := h.rates.take(h.clock.Now())
	events := h.sample.take()
	h.mu.Unlock()
	if some {
		h.Send("stats", stats)
	}
	if events.Seen > 0 {
		h.Send("events", events)
	}
}

// join opens a stream that goes on after the message with the id last. gap is true where messages since then are lost.
func (h *Hub) join(last string) (c *client, missed []message, gap, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.clients) >= maxClients {
		return nil, nil, false, false
	}
	if last != "" {
		missed, gap = h.since(last)
	}
	c = &client{out: make(chan message, clientRoom)}
	h.clients[c] = struct{}{}
	return c, missed, gap, true
}

func (h *Hub) since(last string) (missed []message, gap bool) {
	epoch, text, _ := strings.Cut(last, "-")
	seq, err := strconv.ParseUint(text, 36, 64)
	if err != nil || epoch != h.epoch || seq > h.seq {
		return nil, true
	}
	for i, m := range h.past {
		if m.seq > seq {
			return append([]message(nil), h.past[i:]...), m.seq > seq+1
		}
	}
	return nil, false
}

func (h *Hub) leave(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.clients, c)
}

func (h *Hub) id(m message) string { return h.epoch + "-" + strconv.FormatUint(m.seq, 36) }

// LiveLoad is how busy the hub is.
type LiveLoad struct {
	Clients int    `json:"clients"`
	Max     int    `json:"max"`
	Dropped uint64 `json:"dropped"` // messages that slow pages lost since the start
}

// Load is how busy the hub is.
func (h *Hub) Load() LiveLoad {
	h.mu.Lock()
	defer h.mu.Unlock()
	return LiveLoad{len(h.clients), maxClients, h.dropped.Load()}
}
