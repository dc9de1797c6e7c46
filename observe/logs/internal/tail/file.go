package tail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"bulwark/observe/logs/internal/intake"
)

// Place is how far a file is read.
type Place struct {
	Identity identity `json:"identity"`
	Offset   int64    `json:"offset"`
	Head     int64    `json:"head"` // bytes at its beginning that Sum is of
	Sum      string   `json:"sum"`  // SHA-256, in hexadecimal digits
}

// identity is what a file is on this machine, whatever its name.
type identity struct {
	Device uint64 `json:"device"`
	Inode  uint64 `json:"inode"`
}

// Sizes of what files are known by.
const (
	headSize  = 1024
	leastHead = 64 // by which alone a copy is known
)

func identify(path string) (id identity, size int64, ok bool) {
	st, err := os.Stat(path)
	if err != nil || !st.Mode().IsRegular() {
		return id, 0, false
	}
	sys := st.Sys().(*syscall.Stat_t)
	return identity{uint64(sys.Dev), sys.Ino}, st.Size(), true
}

// file is one that is read.
type file struct {
	*os.File
	path    string // where it was seen last
	stream  string // what its lines are counted under
	format  string
	place   Place
	gone    int // looks in which it was not seen
	skip    bool
	buf     []byte
	records []intake.Record
}

func open(path, format string) (*file, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = errors.New("it is no regular file")
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	sys := st.Sys().(*syscall.Stat_t)
	out := &file{File: f, path: path, stream: path, format: format, place: Place{Identity: identity{uint64(sys.Dev), sys.Ino}}}
	out.learnHead()
	return out, nil
}

// sum is the digest of the first n bytes; "" where there are fewer.
func (f *file) sum(n int64) string {
	head := make([]byte, n)
	if _, err := f.ReadAt(head, 0); err != nil {
		return ""
	}
	d := sha256.Sum256(head)
	return hex.EncodeToString(d[:])
}

// learnHead takes more of the beginning of a file that has grown.
func (f *file) learnHead() {
	st, err := f.Stat()
	if err != nil || f.place.Head >= headSize {
		return
	}
	if n := min(st.Size(), headSize); n > f.place.Head {
		f.place.Head, f.place.Sum = n, f.sum(n)
	}
}

// begins reports whether the file begins as the one of a place did.
func (f *file) begins(p Place) bool { return p.Head > 0 && f.sum(p.Head) == p.Sum }

// is reports whether the file is the one of a place.
func (f *file) is(p Place) bool {
	return f.place.Identity == p.Identity && f.begins(p) && f.size() >= p.Offset
}

// copied reports whether the file is a copy of the one of a place.
func (f *file) copied(p Place) bool {
	return f.place.Identity != p.Identity && p.Head >= leastHead && f.begins(p) && f.size() >= p.Offset
}

// rotated reports whether the file's name is what one at path is called when it is full: path.1, path-20261123.
func (f *file) rotated(path string) bool {
	rest, ok := strings.CutPrefix(f.path, path)
	return ok && rest != "" && (rest[0] == '.' || rest[0] == '-' || rest[0] == '_')
}

func (f *file) size() int64 {
	st, err := f.Stat()
	if err != nil {
		return 0
	}
	return st.Size()
}

// truncated begins anew where the file was truncated or written over; before is how far the one before was read.
func (f *file) truncated() (before Place, cut bool) {
	if f.place.Offset == 0 || f.size() >= f.place.Offset && f.begins(f.place) {
		f.learnHead()
		return Place{}, false
	}
	before = f.place
	f.place, f.skip = Place{Identity: before.Identity}, false
	f.learnHead()
	return before, true
}

// fill reads the next lines, and says how many bytes of the file are done with them. The last line counts without its end where last.
func (f *file) fill(now time.Time, last bool) (n int, err error) {
	f.records = f.records[:0]
	if f.buf == nil {
		f.buf = make([]byte, blockSize)
	}
	for {
		k, err := f.ReadAt(f.buf, f.place.Offset)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if n = f.cut(f.buf[:k], now, last && k < len(f.buf)); n > 0 || k < len(f.buf) || len(f.buf) > maxLine {
			return n, nil
		}
		f.buf = make([]byte, 2*len(f.buf))
	}
}

// cut finds the lines in b, and says how many bytes are done with them.
func (f *file) cut(b []byte, now time.Time, last bool) (done int) {
	for done < len(b) {
		line, size := b[done:], 0
		switch end := bytes.IndexByte(line, '\n'); {
		case end >= 0:
			line, done = line[:end], done+end+1
		case len(line) > maxLine:
			size, done = len(line)+1, done+len(line)
		case last || f.skip:
			done = len(b)
		default:
			return done
		}
		if f.skip {
			f.skip = size > 0
			continue
		}
		f.skip = size > 0
		if line = bytes.TrimRight(line, "\r\x00"); len(line) > 0 {
			if len(line) > maxLine {
				size = max(size, len(line))
				line = line[:maxLine]
			}
			f.records = append(f.records, intake.Record{Intake: name, Stream: f.stream, Format: f.format, Received: now, Text: line, Size: size})
		}
	}
	return done
}

// taken notes that the next n bytes are safe.
func (f *file) taken(n int) { f.place.Offset += int64(n) }
