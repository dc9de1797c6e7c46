// Package link is what the sensor's two processes say to each other. The parent sends orders, some with an open file,
// over a socket; the caged child answers with frames over a pipe. The parent trusts no byte of a frame.
package link

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"bulwark/event"
	"bulwark/event/eve"
	"bulwark/observe/sensor/internal/ring"
)

// Order is one message of the parent to the child, as JSON. Exactly one field is set.
type Order struct {
	Start   *Start   `json:"start,omitempty"`
	Source  *Source  `json:"source,omitempty"`
	Segment *Segment `json:"segment,omitempty"`
	Look    bool     `json:"look,omitempty"`  // the file that follows says what is looked for in the traffic from now on
	Costs   bool     `json:"costs,omitempty"` // say what it cost to look for each thing, since that was said last
	Flush   uint64   `json:"flush,omitempty"` // put down all packets that wait for the ring; the number is told when it is done
	Whole   string   `json:"whole,omitempty"` // a growing source that grows no more
	End     bool     `json:"end,omitempty"`   // no more sources: finish and exit
}

// Start is the first order. It carries the one secret the child holds: the key that pseudonyms are made with.
type Start struct {
	Sensor      string      `json:"sensor"`
	Site        string      `json:"site"`
	Pseudonyms  []byte      `json:"pseudonyms"` // 32 bytes
	Flows       int         `json:"flows"`
	Reassembly  int         `json:"reassembly"`
	ReportNanos int64       `json:"report_ns"` // between flow events of a lasting flow; 0: one at the end
	StatsNanos  int64       `json:"stats_ns"`
	FirstFlow   uint64      `json:"first_flow"`
	Workers     int         `json:"workers"`
	Ordered     bool        `json:"ordered"` // one stream of events in order, not one a kind
	EVE         bool        `json:"eve"`     // records for EVE: one a transaction where our events tell the outcome
	Overlaps    []Overlap   `json:"overlaps"`
	Filter      string      `json:"filter,omitempty"` // of the packets of files only those that match it are read
	Records     eve.Records `json:"records"`          // what is written down for EVE
	Wait        bool        `json:"wait"`             // when the parent is behind: wait, do not drop
	Seed        uint64      `json:"seed"`
	MaxEvents   int         `json:"max_events"` // events of a batch
	Discard     bool        `json:"discard"`    // measure only: encode the events, send none
	Look        bool        `json:"look"`       // somebody looks into the traffic; an order says what for
	Costs       bool        `json:"costs"`      // say at the end what it cost to look for each thing

	Ring  *ring.Settings `json:"ring,omitempty"` // which packets are kept; nil: none
	Files Files          `json:"files"`
}

// Overlap says which networks put together what overlaps by a policy (see engine.Policy).
type Overlap struct {
	Policy   string         `json:"policy"`
	Networks []netip.Prefix `json:"networks"`
}

// Source is a capture to read: its file follows the order.
type Source struct {
	Name   string `json:"name"`
	Live   bool   `json:"live"`   // a capture socket, not a file
	Worker int    `json:"worker"` // which worker watches the socket
	Once   bool   `json:"once"`   // pass over outgoing packets: the interface shows them again coming in
	// Growing is a file that is being written: it is read on as it grows, until it is said to be whole.
	Growing bool   `json:"growing,omitempty"`
	Skip    uint64 `json:"skip,omitempty"` // packets of a growing file that were read before
}

// RingBlocks is how many blocks of packets, each of a quarter more than 1 MiB, may wait for the disk.
const RingBlocks = 14

// Segment is a file of the packet ring to fill: it follows the order. The child gets the key of this one file only.
type Segment struct {
	Number uint64 `json:"number"`
	Key    []byte `json:"key"`  // 32 bytes
	Size   int64  `json:"size"` // how long the file may become
	None   bool   `json:"none"` // there is no file: the disk has no room now
}

// Ring is what the child says of the packet ring, since the report before.
type Ring struct {
	Done      uint64 `json:"done,omitempty"`    // a segment that nothing more is written to
	Flushed   uint64 `json:"flushed,omitempty"` // an order to flush that is done
	Error     string `json:"error,omitempty"`   // of the disk
	Kept      uint64 `json:"kept,omitempty"`    // packets
	KeptBytes uint64 `json:"kept_bytes,omitempty"`
	Short     uint64 `json:"short,omitempty"`     // packets of those of which the settings left the rest out
	Cut       uint64 `json:"cut,omitempty"`       // packets that the settings left out
	CutBytes  uint64 `json:"cut_bytes,omitempty"` // that the settings left out, of both
	Lost      uint64 `json:"lost,omitempty"`      // packets that found no room
}

// The kinds of frames.
const (
	FrameBatch  = 'B' // one byte of event.Kind (0: mixed), then an event batch
	FrameReport = 'R' // a Report as JSON
	FrameFile   = 'F' // a FilePart of the copy of a file
	FrameCosts  = 'C' // what it cost to look for each thing, in the form of who looks
)

// Report is what the child says of itself and of its sources.
type Report struct {
	Source      string `json:"source,omitempty"` // a source that has come to its end
	Error       string `json:"error,omitempty"`  // what ended it early
	Gone        bool   `json:"gone,omitempty"`   // its interface went away
	Worker      uint   `json:"worker,omitempty"` // which worker watched it
	Packets     uint64 `json:"packets,omitempty"`
	Bytes       uint64 `json:"bytes,omitempty"`
	Drops       uint64 `json:"drops,omitempty"` // dropped by the kernel since the last report
	Lost        uint64 `json:"lost,omitempty"`  // events that found no room on their way out since the last report
	Events      uint64 `json:"events,omitempty"`
	Allocations uint64 `json:"allocations,omitempty"` // made while the source was read; told when measuring
	Ready       bool   `json:"ready,omitempty"`
	Ring        *Ring  `json:"ring,omitempty"`
	Read        uint64 `json:"read,omitempty"`  // packets of a growing file so far
	Ended       bool   `json:"ended,omitempty"` // a growing file has come to its end
	Looks       bool   `json:"looks,omitempty"` // what is looked for was replaced, or not: Error says why
}

// MaxCosts is how long what is said of costs may be, in bytes.
const MaxCosts = 16 << 20

// MaxReport is the longest report that is read, in bytes.
const MaxReport = 64 << 10

// ErrFrame means that the child sent something that is no frame.
var ErrFrame = errors.New("link: malformed frame")

// AppendHead appends the head of a frame of n payload bytes: length, kind, event kind.
func AppendHead(dst []byte, kind byte, of event.Kind, n int) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(n))
	return append(dst, kind, byte(of))
}

// HeadSize is the length of a frame's head in bytes.
const HeadSize = 6

// Reader reads frames.
type Reader struct {
	r   *bufio.Reader
	buf []byte
}

// NewReader reads frames from r.
func NewReader(r io.Reader) *Reader { return &Reader{r: bufio.NewReaderSize(r, 256<<10)} }

// Next is the next frame; its payload holds until the call after. io.EOF is the proper end.
func (r *Reader) Next() (kind byte, of event.Kind, payload []byte, err error) {
	var head [HeadSize]byte
	switch _, err := io.ReadFull(r.r, head[:]); {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return 0, 0, nil, fmt.Errorf("%w: cut: %w", ErrFrame, err)
	case err != nil:
		return 0, 0, nil, err
	}
	n := int(binary.LittleEndian.Uint32(head[:]))
	kind = head[4]
	limit, known := longest(kind)
	if !known {
		return 0, 0, nil, fmt.Errorf("%w: kind %q", ErrFrame, kind)
	}
	if n > limit {
		return 0, 0, nil, fmt.Errorf("%w: kind %q of %d bytes, at most %d", ErrFrame, kind, n, limit)
	}
	if cap(r.buf) < n {
		r.buf = make([]byte, n)
	}
	r.buf = r.buf[:n]
	if _, err := io.ReadFull(r.r, r.buf); err != nil {
		if err == io.EOF { // it is not the proper end
			err = io.ErrUnexpectedEOF
		}
		return 0, 0, nil, fmt.Errorf("%w: cut: %w", ErrFrame, err)
	}
	return kind, event.Kind(head[5]), r.buf, nil
}

// longest is how many bytes the payload of a frame of that kind may have.
func longest(kind byte) (limit int, known bool) {
	switch kind {
	case FrameBatch:
		return event.MaxBatch, true
	case FrameReport:
		return MaxReport, true
	case FrameCosts:
		return MaxCosts, true
	case FrameFile:
		return partHead + MaxPart, true
	}
	return 0, false
}

// Parse reads a report.
func Parse(p []byte) (Report, error) {
	var r Report
	if err := json.Unmarshal(p, &r); err != nil {
		return r, fmt.Errorf("%w: report: %w", ErrFrame, err)
	}
	return r, nil
}
