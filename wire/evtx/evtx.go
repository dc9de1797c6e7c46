// Package evtx reads the event log files of Windows (MS-EVEN6 §2.2.12-2.2.17 for binary XML; the file around it after the public
// descriptions of the format). A file may be cut, torn or overwritten in part: what can be read is, and what cannot is counted.
package evtx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// Sizes of the format, bytes.
const (
	fileHeader  = 4096
	chunkSize   = 64 << 10
	chunkHeader = 512
	recordHead  = 24
	leastRecord = recordHead + 4 + 4
)

var (
	fileMagic   = []byte("ElfFile\x00")
	chunkMagic  = []byte("ElfChnk\x00")
	recordMagic = []byte{0x2a, 0x2a, 0, 0}
)

// Errors.
var (
	ErrFormat = errors.New("evtx: neither an event log nor a part of one")
	errCut    = errors.New("it is cut")
)

// Record is one event.
type Record struct {
	ID      uint64    // counts from 1 within a log
	Written time.Time // when the log took it
	Root    *Element  // Event
	Raw     []byte    // of the file, header and trailer with it; valid until the next one
}

// Element is an element of the event's XML.
type Element struct {
	Name       string
	Attributes []Attribute
	Children   []*Element
	Values     []Value // its text, in order

	size int // how many elements and values it is, with all below it
}

// Attribute is one of an element.
type Attribute struct {
	Name  string
	Value Value
}

// Report is how much of a file could be read.
type Report struct {
	Chunks       int   // that were looked at
	BadChunks    int   // that do not begin as one should
	Records      int   // that were read
	BadRecords   int   // that could not be
	FirstProblem error // why the first of them could not
}

func (p *Report) bad(chunk int, at int, err error) {
	if p.BadRecords++; p.FirstProblem == nil {
		p.FirstProblem = fmt.Errorf("chunk %d, byte %d: %w", chunk, at, err)
	}
}

// Read calls fn for each record of r, in the order of the file, and stops at its first error. Records of chunks that begin wrongly
// are looked for by their marks.
func Read(r io.Reader, fn func(*Record) error) (Report, error) {
	var report Report
	head := make([]byte, chunkSize)
	n, err := io.ReadFull(r, head[:fileHeader])
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return report, fmt.Errorf("%w: it is empty", ErrFormat)
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, fileMagic):
		head = head[:0]
	case bytes.HasPrefix(head, chunkMagic): // its header is lost
	default:
		return report, ErrFormat
	}
	for {
		chunk := make([]byte, chunkSize)
		n := copy(chunk, head)
		head = nil
		more, err := io.ReadFull(r, chunk[n:])
		if n += more; n == 0 {
			return report, nil
		}
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return report, fmt.Errorf("reading an event log: %w", err)
		}
		if err := readChunk(chunk[:n], &report, fn); err != nil {
			return report, err
		}
		if n < chunkSize {
			return report, nil
		}
	}
}

// readChunk reads the records of a chunk: those that its header tells of, and beyond them those whose marks are found.
func readChunk(b []byte, report *Report, fn func(*Record) error) error {
	if len(b) == 0 || bytes.Count(b, []byte{0}) == len(b) {
		return nil // never written to
	}
	report.Chunks++
	if !bytes.HasPrefix(b, chunkMagic) || len(b) < chunkHeader {
		report.BadChunks++
	}
	end := len(b)
	if len(b) >= chunkHeader && bytes.HasPrefix(b, chunkMagic) {
		if free := int(binary.LittleEndian.Uint32(b[48:])); free >= chunkHeader && free <= end {
			end = free
		}
	}
	c := newChunk(b)
	for at := chunkHeader; at+len(recordMagic) <= end; {
		if !bytes.HasPrefix(b[at:], recordMagic) {
			next := bytes.Index(b[at:end], recordMagic)
			if next < 0 {
				return nil
			}
			at += next
			continue
		}
		rec, err := c.record(at, end)
		if err != nil {
			report.bad(report.Chunks-1, at, err)
			at += 4
			if size := recordSize(b[at-4 : end]); size > 0 {
				at += size - 4
			}
			continue
		}
		report.Records++
		at += len(rec.Raw)
		if err := fn(rec); err != nil {
			return err
		}
	}
	return nil
}

// recordSize is the length of the record that begins with b; 0 where its two statements of it do not agree.
func recordSize(b []byte) int {
	if len(b) < leastRecord {
		return 0
	}
	size := int(binary.LittleEndian.Uint32(b[4:]))
	if size < leastRecord || size > len(b) || int(binary.LittleEndian.Uint32(b[size-4:])) != size {
		return 0
	}
	return size
}

func (c *chunk) record(at, end int) (*Record, error) {
	size := recordSize(c.b[at:end])
	if size == 0 {
		return nil, errors.New("its length is wrong")
	}
	rec := &Record{ID: binary.LittleEndian.Uint64(c.b[at+8:]), Written: filetime(binary.LittleEndian.Uint64(c.b[at+16:])), Raw: c.b[at : at+size]}
	p := &parser{c: c, at: at + recordHead, end: at + size - 4}
	root, err := p.fragment(0)
	if err != nil {
		return nil, err
	}
	if len(root) != 1 {
		return nil, fmt.Errorf("it has %d elements at its root", len(root))
	}
	rec.Root = root[0]
	return rec, nil
}

// filetime is a point in time in steps of 100 ns since 1601; the zero time for 0 and for what no calendar holds.
func filetime(n uint64) time.Time {
	const epoch = 11644473600 // seconds from 1601 to 1970
	if n == 0 || n > 1<<63-1 {
		return time.Time{}
	}
	return time.Unix(int64(n/1e7)-epoch, int64(n%1e7)*100).UTC()
}
