package sensor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"

	"bulwark/observe/sensor/internal/bpf"
	"bulwark/observe/sensor/internal/link"
	"bulwark/observe/sensor/internal/ring"
	"bulwark/platform/clock"
	"bulwark/platform/conf"
	"bulwark/platform/health"
	"bulwark/platform/vault"
)

// RingConfig is which packets are kept on disk, and for how long.
type RingConfig struct {
	// Off keeps no packets.
	Off bool `conf:"off"`
	// Size is how much of the disk they may take; the oldest go first. 0 means a tenth of what is free, at most 16 GiB,
	// and none where that is less than 1 GiB.
	Size conf.Size `conf:"size"`
	// Age is how long they are kept where there is room. 0 means as long as there is.
	Age time.Duration `conf:"age"`
	// Free is how many bytes of the disk must stay free for others.
	Free conf.Size `conf:"free"`
	// Snaplen is how many bytes of a packet are kept. 0 means all.
	Snaplen int `conf:"snaplen"`
	// Filter is which packets are kept, in the language of tcpdump: "not port 873". Empty means all that are watched.
	Filter string `conf:"filter"`
	// Encrypted is after how many bytes of a conversation that is encrypted (TLS, DTLS, QUIC, SSH, IPsec, WireGuard) only
	// the headers of its packets are kept, where its handshake is not over before: what follows cannot be read. 0 means
	// never, also not then.
	Encrypted conf.Size `conf:"encrypted"`
	// Bulk is after how many bytes that one end sends without an answer, an image or a file, only the headers of its packets
	// are kept until the other end says something. 15 KB a second are taken off, so that waveforms, voice and logs are kept
	// whole, as are HL7, ASTM, POCT1-A, IEEE 11073 and the protocols of monitors and ventilators. 0 means never.
	Bulk conf.Size `conf:"bulk"`
	// Flow is after how many bytes of any conversation only the headers of its packets are kept. 0 means never.
	Flow conf.Size `conf:"flow"`
}

// Bounds of the size that is chosen where none is configured.
const (
	ownRingShare = 10 // of what is free
	leastOwnRing = 1 << 30
	mostOwnRing  = 16 << 30
)

func defaultRing() RingConfig {
	return RingConfig{Age: 7 * 24 * time.Hour, Free: 2 << 30, Encrypted: 16 << 10, Bulk: 32 << 10}
}

// Check refuses settings that cannot work.
func (c *RingConfig) Check() error {
	var errs []error
	if c.Size != 0 && c.Size < ring.LeastRing {
		errs = append(errs, conf.At("size", fmt.Errorf("%v is less than %v", c.Size, conf.Size(ring.LeastRing))))
	}
	if c.Snaplen < 0 || c.Snaplen > 0 && c.Snaplen < 64 {
		errs = append(errs, conf.At("snaplen", fmt.Errorf("%d is not 0, and less than 64", c.Snaplen)))
	}
	for key, n := range map[string]int64{"age": int64(c.Age), "free": int64(c.Free), "encrypted": int64(c.Encrypted),
		"bulk": int64(c.Bulk), "flow": int64(c.Flow)} {
		if n < 0 {
			errs = append(errs, conf.At(key, errors.New("it is less than 0")))
		}
	}
	if _, err := bpf.Compile(c.Filter, bpf.Ethernet, 0); err != nil {
		errs = append(errs, conf.At("filter", err))
	}
	return errors.Join(errs...)
}

// Room is how many bytes the ring takes on the disk of dir, which need not be there, but a folder above it. 0 means
// that no packets are kept; why says in words what led to it.
func (c *RingConfig) Room(dir string) (size int64, why string, err error) {
	switch {
	case c.Off:
		return 0, "sensor.ring.off is set", nil
	case c.Size > 0:
		return int64(c.Size), "sensor.ring.size", nil
	}
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, "", fmt.Errorf("asking for free room: %w", err)
	}
	size = (int64(st.Bavail)*st.Bsize + taken(dir)) / ownRingShare
	if size < leastOwnRing {
		return 0, fmt.Sprintf("a tenth of the free disk is less than %v; sensor.ring.size keeps them all the same", conf.Size(leastOwnRing)), nil
	}
	return min(size, mostOwnRing), "a tenth of the free disk, at most " + conf.Size(mostOwnRing).String(), nil
}

// taken is what the files of a folder take.
func taken(dir string) (n int64) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	for _, e := range entries {
		if st, err := e.Info(); err == nil && st.Mode().IsRegular() {
			n += st.Size()
		}
	}
	return n
}

// RingNeeds are what a ring is made from. All are required.
type RingNeeds struct {
	Config RingConfig
	Dir    string // of its own
	Size   int64  // as [RingConfig.Room] says
	Key    vault.Key
	Clock  clock.Clock
	Health *health.Tracker
	Log    *slog.Logger
}

// Ring keeps packets on disk and finds them again.
type Ring struct {
	RingNeeds
	segments *ring.Segments

	// mu guards what follows.
	mu     sync.Mutex
	state  RingState
	feed   *feed // of the child that runs; nil where none does
	flush  uint64
	losing time.Time // when packets were last lost
}

// RingState is what the ring knows of itself. Counts are since the start.
type RingState struct {
	Size      int64     `json:"size"`   // bytes that it may take
	Taken     int64     `json:"taken"`  // bytes that it takes
	Frozen    int64     `json:"frozen"` // bytes that are held for a time whatever the ring needs; some of them the ring has too
	Oldest    time.Time `json:"oldest"` // about when the oldest packets are of; zero where there are none
	Kept      uint64    `json:"kept"`   // packets
	KeptBytes uint64    `json:"kept_bytes"`
	Short     uint64    `json:"short"`     // packets of those of which the settings left the rest out
	Cut       uint64    `json:"cut"`       // packets that the settings left out
	CutBytes  uint64    `json:"cut_bytes"` // that the settings left out, of both
	Lost      uint64    `json:"lost"`      // packets that found no room: the disk is slower than the traffic, or full
	Full      bool      `json:"full"`      // the disk has no room for more
}

// PacketQuery says which packets are asked for.
type PacketQuery = ring.Query

// PacketsFound is what of them was found.
type PacketsFound = ring.Found

// OpenRing opens the ring in its folder.
func OpenRing(n RingNeeds) (*Ring, error) {
	s, err := ring.OpenSegments(n.Dir, n.Key, vault.Bounds{Bytes: n.Size, Age: n.Config.Age, Free: int64(n.Config.Free)}, n.Clock)
	if err != nil {
		return nil, fmt.Errorf("opening the packet ring: %w", err)
	}
	return &Ring{RingNeeds: n, segments: s}, nil
}

// State is what the ring knows of itself.
func (r *Ring) State() RingState {
	k, frozen := r.segments.Kept(), r.segments.FrozenBytes()
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.state
	s.Size, s.Taken, s.Oldest, s.Frozen = r.Size, k.Bytes, k.Oldest, frozen
	return s
}

// flushPatience is how long a search waits for the packets that are not on the disk yet.
const flushPatience = 2 * time.Second

// Packets writes the packets that are asked for to out, as pcapng. What of the ring cannot be read is told in
// PacketsFound.Faults; it does not end the search.
func (r *Ring) Packets(ctx context.Context, q PacketQuery, out io.Writer) (PacketsFound, error) {
	r.flushed(ctx)
	return ring.Search(ctx, r.segments.Files(), r.Key, q, out)
}

// CheckQuery refuses a filter that is none.
func CheckQuery(q *PacketQuery) error {
	_, err := bpf.Compile(q.Filter, bpf.Ethernet, 0)
	return err
}

// flushed has the child put down what it holds, and waits for it within bounds.
func (r *Ring) flushed(ctx context.Context) {
	r.mu.Lock()
	f := r.feed
	r.flush++
	n := r.flush
	var done chan struct{}
	if f != nil {
		done = make(chan struct{})
		f.waiting[n] = done
	}
	r.mu.Unlock()
	if f == nil || send(f.child, link.Order{Flush: n}, nil) != nil {
		return
	}
	limit := time.NewTimer(flushPatience)
	defer limit.Stop()
	select {
	case <-done:
	case <-limit.C:
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(f.waiting, n)
}

func (r *Ring) settings() *ring.Settings {
	c := &r.Config
	return &ring.Settings{Snap: c.Snaplen, Filter: c.Filter, Encrypted: uint64(c.Encrypted), Bulk: uint64(c.Bulk), Flow: uint64(c.Flow)}
}

// feed gives one child the segments that it fills.
type feed struct {
	ring    *Ring
	child   Child
	wake    chan struct{}
	waiting map[uint64]chan struct{} // for a flush; guarded by ring.mu
}

// ahead is how many segments a child has: the one that it fills, and the next.
const ahead = 2

// Pauses of a feed.
const (
	roomPause  = 5 * time.Second // before it looks for room again
	sweepPause = time.Minute
)

// serve feeds a child until ctx ends. The child must have ended by then.
func (r *Ring) serve(ctx context.Context, f *feed) {
	r.mu.Lock()
	r.feed = f
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		r.feed = nil
		r.mu.Unlock()
		if err := r.segments.Abandon(); err != nil {
			r.Log.Error("packet ring", "error", err)
		}
	}()
	sweep := time.NewTicker(sweepPause)
	defer sweep.Stop()
	for {
		pause := time.NewTimer(roomPause)
		if f.fill(ctx) {
			pause.Stop()
		}
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-f.wake:
		case <-pause.C:
		case <-sweep.C:
			if err := r.segments.Sweep(); err != nil {
				r.Log.ErrorContext(ctx, "packet ring", "error", err)
			}
		}
		pause.Stop()
	}
}

// fill hands over segments until the child has enough. It tells whether that succeeded.
func (f *feed) fill(ctx context.Context) bool {
	r := f.ring
	for r.segments.Given() < ahead {
		s, err := r.segments.New()
		if err != nil {
			f.full(ctx, err)
			return false
		}
		err = send(f.child, link.Order{Segment: &link.Segment{Number: s.Number, Key: s.Key[:], Size: s.Size}}, s.File)
		s.File.Close() // the child has its own
		if err != nil {
			return true // it has ended
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.state.Full {
		r.state.Full = false
		r.Health.Clear(&ringFull, "")
	}
	return true
}

// full says that there is no room for a segment.
func (f *feed) full(ctx context.Context, err error) {
	r := f.ring
	r.mu.Lock()
	before := r.state.Full
	r.state.Full = true
	r.mu.Unlock()
	if !before {
		r.Log.WarnContext(ctx, "packets are not kept", "error", err)
		_ = send(f.child, link.Order{Segment: &link.Segment{None: true}}, nil) // one that ended needs no word
	}
	r.Health.Set(&ringFull, health.Args{"reason": err.Error()})
}

// heard takes what the child says of the ring. It is hostile: numbers that were not given out mean nothing.
func (f *feed) heard(r *link.Ring) {
	g := f.ring
	if r.Done != 0 {
		if err := g.segments.Done(r.Done); err != nil {
			g.Log.Error("packet ring", "error", err)
		}
		select {
		case f.wake <- struct{}{}:
		default:
		}
	}
	if r.Error != "" {
		g.Log.Error("the disk did not take packets", "error", r.Error)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	s := &g.state
	s.Kept += r.Kept
	s.KeptBytes += r.KeptBytes
	s.Short += r.Short
	s.Cut += r.Cut
	s.CutBytes += r.CutBytes
	s.Lost += r.Lost
	if done := f.waiting[r.Flushed]; done != nil {
		close(done)
		delete(f.waiting, r.Flushed)
	}
	now := g.Clock.Now()
	if r.Lost > 0 {
		g.losing = now
		g.Health.Set(&ringLosing, nil)
	} else if !g.losing.IsZero() && now.Sub(g.losing) > time.Minute {
		g.losing = time.Time{}
		g.Health.Clear(&ringLosing, "")
	}
}

// keep feeds a child that begins until the returned function is called, which must be after its end. It returns nil
// where no packets are kept.
func (s *Sensor) keep(ctx context.Context, c Child) (end func()) {
	if s.opt.Ring == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &feed{ring: s.opt.Ring, child: c, wake: make(chan struct{}, 1), waiting: map[uint64]chan struct{}{}}
	s.mu.Lock()
	s.feed = f
	s.mu.Unlock()
	var wait sync.WaitGroup
	wait.Go(func() { s.opt.Ring.serve(ctx, f) })
	return func() {
		cancel()
		wait.Wait()
	}
}

// ringHeard passes on what the child says of the ring, where it says something.
func (s *Sensor) ringHeard(r *link.Ring) {
	s.mu.Lock()
	f := s.feed
	s.mu.Unlock()
	if r != nil && f != nil {
		f.heard(r)
	}
}
