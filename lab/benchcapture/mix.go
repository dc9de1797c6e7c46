package main

import (
	"container/heap"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"bulwark/wire/pcap"
)

// The window that the copies are spread over, and when it begins: a fixed day, so that the same seed gives the same file.
const (
	window      = 300 * time.Second
	windowStart = int64(1_790_000_000) * int64(time.Second)
	// longest is the part of the window that a capture may fill; a longer one is compressed in time.
	longest = window * 9 / 10
)

// cursor walks one stream of frames that are ordered by time.
type cursor interface {
	// time is the present frame's, in nanoseconds from the start of the window.
	time() int64
	// frame is valid until advance. It may be written into.
	frame() []byte
	// advance moves to the next frame and is false behind the last.
	advance() (bool, error)
}

// copyOf walks a source with its addresses moved.
type copyOf struct {
	src   *source
	start int64
	scale float64
	x     byte
	at    int
	buf   []byte
}

// newCopy places copy number n of source number file in the window.
func newCopy(src *source, file, n int, seed uint64) *copyOf {
	r := rand.New(rand.NewPCG(seed, uint64(file)<<16|uint64(n)))
	c := &copyOf{src: src, scale: 1, x: network(src.name, n)}
	if span := src.span(); span > int64(longest) {
		c.scale = float64(longest) / float64(span)
	}
	c.start = r.Int64N(int64(window) - int64(float64(src.span())*c.scale))
	return c
}

// network chooses the value that moves the addresses of copy n: another one for every copy of a capture, up to 256,
// and not the same ones for every capture.
func network(name string, n int) byte {
	h := fnv.New32a()
	io.WriteString(h, name)
	return byte(h.Sum32() + uint32(n)*37)
}

func (c *copyOf) time() int64 {
	return c.start + int64(float64(c.src.frames[c.at].at)*c.scale)
}

func (c *copyOf) frame() []byte {
	c.buf = append(c.buf[:0], c.src.frames[c.at].data...)
	rewrite(c.buf, c.x)
	return c.buf
}

func (c *copyOf) advance() (bool, error) {
	c.at++
	if c.at == len(c.src.frames) {
		c.buf = nil
		return false, nil
	}
	return true, nil
}

// recorded walks the recorded half: one capture file, read as a stream, its time stretched to fill the window.
type recorded struct {
	file  *os.File
	r     *pcap.Reader
	p     pcap.Packet
	first int64
	scale float64
	at    int64
	buf   []byte
}

// openRecorded reads the file once for its span and goes back to its begin.
func openRecorded(path string) (*recorded, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	c := &recorded{file: f, scale: 1}
	span, err := c.measure()
	if err == nil {
		c.scale = float64(window-1) / float64(max(span, 1))
		err = c.rewind()
	}
	if err == nil {
		_, err = c.advance()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return c, nil
}

// measure finds the first packet's time and the span to the last.
func (c *recorded) measure() (span int64, err error) {
	if err := c.rewind(); err != nil {
		return 0, err
	}
	last := int64(0)
	for err = c.r.Next(&c.p); err == nil; err = c.r.Next(&c.p) {
		if last == 0 {
			c.first = c.p.Time
		}
		last = max(last, c.p.Time)
	}
	if !errors.Is(err, io.EOF) {
		return 0, err
	}
	return last - c.first, nil
}

func (c *recorded) rewind() error {
	if _, err := c.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r, err := pcap.NewReader(c.file)
	c.r = r
	return err
}

func (c *recorded) time() int64 { return c.at }

func (c *recorded) frame() []byte {
	c.buf = append(c.buf[:0], c.p.Data...)
	return c.buf
}

// advance keeps time from going backwards where two cores stamped their packets out of order.
func (c *recorded) advance() (bool, error) {
	for {
		err := c.r.Next(&c.p)
		if errors.Is(err, io.EOF) {
			return false, c.file.Close()
		}
		if err != nil {
			return false, errors.Join(err, c.file.Close())
		}
		if n := len(c.p.Data); c.p.Link == pcap.LinkEthernet && n >= minFrame && n <= maxFrame {
			c.at = max(c.at, int64(float64(c.p.Time-c.first)*c.scale))
			return true, nil
		}
	}
}

// merge hands the frames of all cursors to emit, by time; cursors of equal time in the order they were given.
func merge(cursors []cursor, emit func(t int64, frame []byte) error) error {
	q := make(queue, 0, len(cursors))
	for i, c := range cursors {
		q = append(q, turn{c.time(), i, c})
	}
	heap.Init(&q)
	for len(q) > 0 {
		c := q[0].c
		if err := emit(q[0].at, c.frame()); err != nil {
			return err
		}
		more, err := c.advance()
		if err != nil {
			return err
		}
		if !more {
			heap.Pop(&q)
			continue
		}
		q[0].at = c.time()
		heap.Fix(&q, 0)
	}
	return nil
}

type turn struct {
	at int64
	i  int
	c  cursor
}

// queue is a heap of cursors, the earliest first.
type queue []turn

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].i < q[j].i
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(turn)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
