package breach

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/FastFilter/xorfilter"
)

const (
	// perShard is how many keys a shard holds: below, a filter takes more for each; above, making it takes more memory.
	perShard = 1 << 20
	// mostPlain is how many passwords in clear are taken at once: they are sorted in memory.
	mostPlain = 20_000_000
	// longestLine is the longest line that is read.
	longestLine = 1 << 16
)

// ErrList means that a list to be read is not one. The error names the line.
var ErrList = errors.New("breach: not a list")

// Report is what was read.
type Report struct {
	Lines   uint64 // lines that were read
	Entries uint64 // different passwords
	Seldom  uint64 // lines left aside because they were seen too seldom
	Hashed  bool   // lines were hashes
}

// Options say how a list is read. The zero value takes all of it.
type Options struct {
	// Seen is how often a password must have been seen, where the list says so. What was seen once in a thousand million is no guess.
	Seen uint64
	// Progress is told now and then how many lines were read. It may be nil.
	Progress func(lines uint64)
	// Created is when the list was made. The zero value means now.
	Created time.Time
}

// Make reads a list of stolen passwords and writes the filter of it to the file name, which is there whole or not at all. The list has one entry in
// a line: the SHA-1 of a password in hexadecimal, in order, with ":COUNT" behind it or without; or passwords in clear, in any order.
func Make(ctx context.Context, list io.Reader, name string, o Options) (Report, error) {
	if o.Created.IsZero() {
		o.Created = time.Now()
	}
	w, err := newWriter(filepath.Dir(name), o.Created)
	if err != nil {
		return Report{}, err
	}
	defer w.remove()
	r := reader{ctx: ctx, options: o, lines: bufio.NewScanner(list), add: w.add}
	r.lines.Buffer(make([]byte, 0, longestLine), longestLine)
	if err := r.read(); err != nil {
		return r.report, err
	}
	r.report.Entries = w.entries
	if w.entries == 0 {
		return r.report, fmt.Errorf("%w: it is empty", ErrList)
	}
	return r.report, w.finish(name)
}

// reader reads a list.
type reader struct {
	ctx     context.Context
	options Options
	lines   *bufio.Scanner
	add     func(key uint64) error
	report  Report
}

func (r *reader) read() error {
	var plain []uint64
	var last uint64
	for r.lines.Scan() {
		line := strings.TrimSuffix(r.lines.Text(), "\r")
		if err := r.count(); err != nil {
			return err
		}
		key, seen, hashed := hashOf(line)
		if r.report.Lines == 1 {
			r.report.Hashed = hashed
		}
		switch {
		case r.report.Hashed && !hashed:
			return fmt.Errorf("%w: line %d is no SHA-1, as those before are", ErrList, r.report.Lines)
		case r.report.Hashed && key < last:
			return fmt.Errorf("%w: line %d is not in order; sort the list first", ErrList, r.report.Lines)
		case r.report.Hashed && seen < r.options.Seen:
			r.report.Seldom++
		case r.report.Hashed:
			last = key
			if err := r.add(key); err != nil {
				return err
			}
		case len(plain) == mostPlain:
			return fmt.Errorf("%w: more than %d passwords in clear; make it of hashes", ErrList, mostPlain)
		case line != "":
			plain = append(plain, Key(line))
		}
	}
	if err := r.lines.Err(); err != nil {
		return fmt.Errorf("reading line %d: %w", r.report.Lines+1, err)
	}
	slices.Sort(plain)
	for _, key := range plain {
		if err := r.add(key); err != nil {
			return err
		}
	}
	return nil
}

// count counts a line, tells of progress and looks whether to go on.
func (r *reader) count() error {
	if r.report.Lines++; r.report.Lines%(1<<20) != 0 {
		return nil
	}
	if r.options.Progress != nil {
		r.options.Progress(r.report.Lines)
	}
	return r.ctx.Err()
}

// hashOf reads a line of SHA-1 and how often it was seen (1 where the line does not say).
func hashOf(line string) (key, seen uint64, ok bool) {
	const size = 40
	if len(line) < size {
		return 0, 0, false
	}
	sum, err := hex.DecodeString(line[:size])
	if err != nil {
		return 0, 0, false
	}
	seen = 1
	if rest := line[size:]; rest != "" {
		if n, err := fmt.Sscanf(rest, ":%d", &seen); n != 1 || err != nil {
			return 0, 0, false
		}
	}
	return binary.BigEndian.Uint64(sum), seen, true
}

// writer writes a filter of keys that come in order. The fingerprints go to one file while their descriptions are collected; the head is put before
// them at the end.
type writer struct {
	created time.Time
	prints  *os.File
	buffer  *bufio.Writer
	offset  uint64
	keys    []uint64 // not written yet
	builder xorfilter.BinaryFuseBuilder
	shards  []byte
	entries uint64
}

func newWriter(dir string, created time.Time) (*writer, error) {
	f, err := os.CreateTemp(dir, ".breach-*")
	if err != nil {
		return nil, err
	}
	return &writer{created: created, prints: f, buffer: bufio.NewWriterSize(f, 1<<20)}, nil
}

// remove removes what was written for a while.
func (w *writer) remove() {
	w.prints.Close()
	os.Remove(w.prints.Name())
}

func (w *writer) add(key uint64) error {
	if n := len(w.keys); n > 0 && w.keys[n-1] == key {
		return nil
	}
	w.entries++
	if w.keys = append(w.keys, key); len(w.keys) < 2*perShard {
		return nil
	}
	if err := w.shard(w.keys[:perShard]); err != nil {
		return err
	}
	w.keys = append(w.keys[:0], w.keys[perShard:]...)
	return nil
}

// shard writes the filter of keys.
func (w *writer) shard(keys []uint64) error {
	first := keys[0]
	f, err := xorfilter.BuildBinaryFuse[uint8](&w.builder, slices.Clone(keys)) // it may change them
	if err != nil {
		return fmt.Errorf("making a filter of %d keys: %w", len(keys), err)
	}
	b := binary.BigEndian
	w.shards = b.AppendUint64(w.shards, first)
	w.shards = b.AppendUint64(w.shards, f.Seed)
	w.shards = b.AppendUint64(w.shards, w.offset)
	w.shards = b.AppendUint64(w.shards, uint64(len(f.Fingerprints)))
	w.shards = b.AppendUint32(w.shards, f.SegmentLength)
	w.shards = b.AppendUint32(w.shards, f.SegmentCount)
	w.offset += uint64(len(f.Fingerprints))
	if len(w.shards)/shardSize > mostShards {
		return fmt.Errorf("%w: too long", ErrList)
	}
	_, err = w.buffer.Write(f.Fingerprints)
	return err
}

// finish writes the file name: all of it, or nothing.
func (w *writer) finish(name string) error {
	if err := w.shard(w.keys); err != nil {
		return err
	}
	if err := w.buffer.Flush(); err != nil {
		return err
	}
	if _, err := w.prints.Seek(0, io.SeekStart); err != nil {
		return err
	}
	out, err := os.CreateTemp(filepath.Dir(name), ".breach-*")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	if err := w.write(out); err != nil {
		return err
	}
	if err := errors.Join(out.Chmod(0o644), out.Sync(), out.Close()); err != nil {
		return err
	}
	return os.Rename(out.Name(), name)
}

func (w *writer) write(out io.Writer) error {
	head := append([]byte(magic), make([]byte, 0, headerSize)...)
	head = binary.BigEndian.AppendUint64(head, uint64(w.created.Unix()))
	head = binary.BigEndian.AppendUint64(head, w.entries)
	head = binary.BigEndian.AppendUint64(head, uint64(len(w.shards)/shardSize))
	head = append(head, w.shards...)
	sum := sha256.Sum256(head)
	if _, err := out.Write(append(head, sum[:]...)); err != nil {
		return err
	}
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(out, h), w.prints); err != nil {
		return err
	}
	_, err := out.Write(h.Sum(nil))
	return err
}
