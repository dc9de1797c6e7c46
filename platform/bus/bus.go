// Package bus carries events between the rooms of the program and between machines, durably.
//
// It is an embedded NATS JetStream server, or a connection to a NATS cluster that is already there. What travels is
// not single events but batches of them ([event.Batch]), compressed with zstd, in one stream, on the subject of their
// kind (ev.dns). A batch that Publish has acknowledged is on the disk: it survives a crash of the program and of the
// machine, and every subscriber sees it at least once, in order.
package bus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"bulwark/event"
	"bulwark/platform/clock"
)

// Options say where the bus is and how much it keeps. Dir or URL must be set; each other zero value has a default.
type Options struct {
	Dir      string      // folder of the embedded server
	URL      string      // comma-separated addresses of a NATS cluster (nats://host:4222); then nothing is embedded
	TLS      *tls.Config // to the cluster of URL; nil means its defaults when the URL says tls://
	Creds    string      // file of NATS credentials for the cluster of URL; "" means none
	Replicas int         // copies of the stream in the cluster of URL; 0 means 1

	Name   string // of the server; "" means bulwark
	Domain string // JetStream domain, unique among joined nodes: the node's name, once it has joined another; "" until then

	SyncEvery time.Duration // 0 writes every batch through to the disk before it is acknowledged; otherwise how often
	MaxBytes  int64         // bytes of the stream on disk; 0 means 16 GiB
	MaxAge    time.Duration // how long events stay for replay; 0 means 24 hours
	MinFree   int64         // bytes of the disk that stay free: below, nothing is accepted; 0 means 512 MiB
	Hold      []string      // subscribers without whose having seen it no event is removed; full, the bus refuses new ones

	Listen   *Listen   // let other nodes join below this one; nil means none may
	Upstream *Upstream // join the node above; nil means this one stands alone

	Registry prometheus.Registerer // counters go here; nil means nowhere
	Log      *slog.Logger          // nil means silence
}

const (
	stream     = "EVENTS"
	positions  = "POSITIONS" // key-value bucket: how far each subscriber has come
	subjects   = "ev.>"
	maxPayload = event.MaxBatch + 64<<10 // a batch that does not compress, and its headers

	// window is how long the bus recognises a batch that it already has. A publisher's retries must end sooner.
	window = 30 * time.Minute
)

var (
	// ErrFull means that the bus holds as much as it may, or that its disk is full; the batch was not accepted.
	ErrFull = errors.New("bus: full")
	// ErrClosed means that the bus or the publisher is closed.
	ErrClosed = errors.New("bus: closed")
	// ErrKnown means that a batch was taken before under the same name: it is safe, and is not told again.
	ErrKnown = errors.New("bus: known")
	// ErrDropped means that a batch was given up because neither the bus nor the buffers before it had room.
	ErrDropped = errors.New("bus: dropped")
)

// Bus is an open bus. Its methods may be called by several goroutines at a time.
type Bus struct {
	opts   Options
	log    *slog.Logger
	server *server.Server // nil when the bus is a cluster elsewhere
	nc     *nats.Conn
	js     jetstream.JetStream
	stream jetstream.Stream
	born   time.Time // when the stream was made
	kv     jetstream.KeyValue
	m      *metrics
	enc    *zstd.Encoder

	lock  *os.File // of the folder; nil when the bus is a cluster elsewhere
	gate  *gate    // nil when nobody may join
	links links    // to the nodes below
	stop  context.CancelFunc
	wg    sync.WaitGroup
	disk  *disk
}

// Open starts the embedded server, or connects to the cluster, and makes the stream where it is not there.
func Open(ctx context.Context, o Options) (*Bus, error) {
	o = o.withDefaults()
	b := &Bus{opts: o, log: o.Log, m: newMetrics(o.Registry)}
	var err error
	if b.enc, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false)); err != nil {
		return nil, fmt.Errorf("bus: %w", err)
	}
	if err := b.connect(); err != nil {
		b.Close()
		return nil, err
	}
	if err := b.prepare(ctx); err != nil {
		b.Close()
		return nil, err
	}
	run, stop := context.WithCancel(context.Background())
	b.stop = stop
	b.wg.Go(func() { b.keep(run) })
	if o.Upstream != nil {
		if err := b.heed(run); err != nil {
			b.Close()
			return nil, err
		}
	}
	return b, nil
}

func (o Options) withDefaults() Options {
	if o.Name == "" {
		o.Name = "bulwark"
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 16 << 30
	}
	if o.MaxAge == 0 {
		o.MaxAge = 24 * time.Hour
	}
	if o.MinFree == 0 {
		o.MinFree = 512 << 20
	}
	if o.Replicas == 0 {
		o.Replicas = 1
	}
	if o.Domain == "" && o.Listen != nil {
		o.Domain = "TOP" // no node's name: those are in small letters
	}
	if o.Upstream != nil {
		o.Hold = append(o.Hold[:len(o.Hold):len(o.Hold)], upstream)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	return o
}

// connect reaches the embedded server, which it starts, or the cluster.
func (b *Bus) connect() (err error) {
	opts := []nats.Option{nats.Name(b.opts.Name), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectBufSize(-1), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			b.log.Warn("bus connection", "error", err)
		})}
	url := b.opts.URL
	if url == "" {
		if b.opts.Dir == "" {
			return errors.New("bus: neither a folder nor an address")
		}
		if b.lock, err = lock(b.opts.Dir); err != nil {
			return err
		}
		if o := b.opts.Listen; o != nil {
			b.gate = &gate{node: o.Node, log: b.log, links: map[uint64]string{}, joins: map[string]func(){}}
		}
		if b.server, err = startServer(b.opts, b.gate); err != nil {
			return err
		}
		opts = append(opts, nats.InProcessServer(b.server))
	} else {
		if b.opts.TLS != nil {
			opts = append(opts, nats.Secure(b.opts.TLS))
		}
		if b.opts.Creds != "" {
			opts = append(opts, nats.UserCredentials(b.opts.Creds))
		}
	}
	if b.nc, err = nats.Connect(url, opts...); err != nil {
		return fmt.Errorf("bus: connecting: %w", err)
	}
	// 200 ms is the library's patience with a slow disk; ours is longer, since the publisher bounds itself.
	b.js, err = jetstream.New(b.nc, jetstream.WithPublishAsyncMaxPending(4096), jetstream.WithPublishAsyncTimeout(5*time.Second))
	if err != nil {
		return fmt.Errorf("bus: %w", err)
	}
	return nil
}

// prepare makes or updates the stream and the bucket of positions. A cluster may need a while to have a leader.
func (b *Bus) prepare(ctx context.Context) error {
	for {
		err := b.prepareOnce(ctx)
		if err == nil || b.server != nil || ctx.Err() != nil {
			return err
		}
		b.log.WarnContext(ctx, "bus is not ready yet", "error", err)
		if !clock.Pause(ctx, time.Second) {
			return err
		}
	}
}

func (b *Bus) prepareOnce(ctx context.Context) (err error) {
	cfg := jetstream.StreamConfig{Name: stream, Subjects: []string{subjects}, Storage: jetstream.FileStorage,
		MaxBytes: b.opts.MaxBytes, Discard: jetstream.DiscardNew, Duplicates: window, Replicas: b.opts.Replicas}
	if old, err := b.js.Stream(ctx, stream); err == nil {
		cfg.Sources = old.CachedInfo().Config.Sources // joined nodes stay joined
	}
	if b.stream, err = b.js.CreateOrUpdateStream(ctx, cfg); err != nil {
		return fmt.Errorf("bus: making the stream: %w", err)
	}
	b.born = b.stream.CachedInfo().Created
	b.kv, err = b.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: positions, History: 1,
		Storage: jetstream.FileStorage, Replicas: b.opts.Replicas})
	if err != nil {
		return fmt.Errorf("bus: making the bucket of positions: %w", err)
	}
	if b.server != nil {
		b.disk = &disk{dir: b.opts.Dir, min: b.opts.MinFree}
	}
	return nil
}

// Conn is the connection below, for questions and answers between nodes. It is closed with the bus.
func (b *Bus) Conn() *nats.Conn { return b.nc }

// Close waits until what was accepted is on the disk, and closes the bus. Publishers and subscribers end with errors.
func (b *Bus) Close() {
	if b.stop != nil {
		b.stop()
		b.wg.Wait()
	}
	if b.nc != nil {
		b.nc.Close()
	}
	if b.server != nil {
		b.server.Shutdown()
		b.server.WaitForShutdown()
	}
	if b.enc != nil {
		_ = b.enc.Close()
	}
	if b.lock != nil {
		_ = b.lock.Close()
	}
}
