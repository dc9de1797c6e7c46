package lab

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"bulwark/wire/pcap"
)

// RecordStory plays the story as fast as it goes, and writes what the mirror saw, with the times of the story, to a
// zstd-compressed pcap. progress is told each scenario.
func (h *Hospital) RecordStory(ctx context.Context, out string, progress io.Writer) error {
	acts := story()
	raw := out + ".raw"
	defer os.Remove(raw)
	var scenarios []Scenario
	for _, a := range acts {
		scenarios = append(scenarios, a.Scenario)
	}
	var stretch timeline
	err := h.Capture(ctx, raw, scenarios, func(name string, begin, end time.Time) {
		say(progress, name, end.Sub(begin))
		stretch.add(begin, end, acts[len(stretch.parts)].at)
	})
	if err != nil {
		return err
	}
	return rewriteTimes(raw, out, &stretch)
}

// inOrder sorts acts by their begin.
func inOrder(acts []act) []act {
	slices.SortStableFunc(acts, func(a, b act) int { return int(a.at - b.at) })
	return acts
}

// timeline turns the time at which a packet was recorded into the story's. Within an act time passes as it did; the
// pauses between acts are what is stretched.
type timeline struct {
	parts []part
}

// part is an act: from begin to end as recorded, and where it begins in the story; nanoseconds since 1970.
type part struct{ begin, end, story int64 }

// add appends an act that is to begin at, counted from the story's begin, or when the act before it has ended.
func (t *timeline) add(begin, end time.Time, at time.Duration) {
	p := part{begin: begin.UnixNano(), end: end.UnixNano()}
	if len(t.parts) == 0 {
		p.story = begin.Truncate(time.Minute).UnixNano() + int64(at)
		t.parts = append(t.parts, p)
		return
	}
	first, last := t.parts[0], t.parts[len(t.parts)-1]
	origin := time.Unix(0, first.begin).Truncate(time.Minute).UnixNano()
	p.story = max(origin+int64(at), last.story+(p.begin-last.begin))
	t.parts = append(t.parts, p)
}

// at is the story's time of a packet recorded at t. It never goes backwards when t does not.
func (t *timeline) at(when int64) int64 {
	i, found := slices.BinarySearchFunc(t.parts, when, func(p part, w int64) int {
		switch {
		case p.begin < w:
			return -1
		case p.begin > w:
			return 1
		}
		return 0
	})
	if !found {
		i--
	}
	if i < 0 {
		return t.parts[0].story + when - t.parts[0].begin
	}
	p := t.parts[i]
	if when <= p.end || i+1 == len(t.parts) {
		return p.story + when - p.begin
	}
	next := t.parts[i+1]
	ended := p.story + p.end - p.begin
	return ended + int64(float64(when-p.end)/float64(next.begin-p.end)*float64(next.story-ended))
}

// rewriteTimes copies a capture with the story's times, compressed as small as it goes.
func rewriteTimes(in, out string, t *timeline) (err error) {
	src, err := os.Open(in)
	if err != nil {
		return err
	}
	defer src.Close()
	r, err := pcap.NewReader(bufio.NewReader(src))
	if err != nil {
		return err
	}
	dst, err := os.Create(out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	z, err := zstd.NewWriter(dst, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(8<<20))
	if err != nil {
		return err
	}
	b := bufio.NewWriter(z)
	w, err := pcap.NewWriter(b, pcap.LinkEthernet)
	if err != nil {
		return err
	}
	var p pcap.Packet
	last := int64(0)
	for err = r.Next(&p); err == nil; err = r.Next(&p) {
		last = max(last, t.at(p.Time)) // two cores may stamp neighbours out of order
		p.Time = last
		if err := w.Write(&p); err != nil {
			return err
		}
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	return errors.Join(b.Flush(), z.Close())
}
