package child

import (
	"errors"
	"os"
	"time"

	"bulwark/observe/sensor/internal/link"
	"bulwark/observe/sensor/internal/ring"
	"bulwark/platform/vault"
)

// openRing begins to keep packets.
func (c *crew) openRing() {
	c.ring = ring.NewWriter(ring.Options{Settings: *c.start.Ring, Blocks: link.RingBlocks, Wait: c.start.Wait, Clock: c.clock,
		Report: func(r ring.Report) {
			out := &link.Ring{Done: r.Done, Flushed: r.Flushed, Lost: r.Lost}
			if r.Err != nil {
				out.Error = r.Err.Error()
			}
			c.pipe.report(link.Report{Ring: out})
		}})
}

// room takes a segment for the ring, or word that there is none.
func (c *crew) room(s *link.Segment, f *os.File) error {
	if s.None {
		c.ring.Full()
		return nil
	}
	if f == nil || len(s.Key) != len(vault.Key{}) {
		return errors.New("child: a segment without its file or its key")
	}
	c.ring.Give(ring.Segment{Number: s.Number, File: f, Key: vault.Key(s.Key), Size: s.Size})
	return nil
}

// noRoom says that no segment comes any more.
func (c *crew) noRoom() {
	if c.ring != nil {
		c.ring.NoMore()
	}
}

// recorder keeps the packets of a worker; nil where none are kept.
func (c *crew) recorder(worker int, name string) *ring.Recorder {
	if c.ring == nil {
		return nil
	}
	r, err := c.ring.Recorder(worker, name)
	if err != nil {
		return nil // the parent has compiled the filter before
	}
	return r
}

// closeRing puts down what was recorded.
func (c *crew) closeRing() {
	if c.ring != nil {
		c.ring.Close()
	}
}

// rest ends the recording of a worker that sees nothing for now.
func (w *watcher) rest() {
	if w.recorder != nil {
		w.recorder.Close()
	}
}

// between does what is due for the ring between packets.
func (w *watcher) between(now time.Time) {
	if w.recorder != nil {
		w.recorder.Between(now)
	}
}

// counts adds what happened to the packets of a recorder since the report before to others; nil where none are kept.
func counts(r *ring.Recorder, others *link.Ring) *link.Ring {
	if r == nil {
		return others
	}
	if others == nil {
		others = new(link.Ring)
	}
	n := r.Counts()
	others.Kept += n.Kept
	others.KeptBytes += n.KeptBytes
	others.Short += n.Short
	others.Cut += n.Cut
	others.CutBytes += n.CutBytes
	others.Lost += n.Lost
	return others
}
