package rule

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"sort"
)

// MaxLine is how long a rule may be, in bytes, its continuation lines joined.
const MaxLine = 64 << 10

// line is one logical line of a file: lines that end in a backslash are joined with those that follow.
type line struct {
	file  string
	text  string
	parts []part // where text comes from
	long  bool   // it was longer than MaxLine; text is its beginning
}

// part is where a physical line begins in a logical one.
type part struct{ offset, line int }

// pos is the place in the file of a byte of the logical line.
func (l *line) pos(offset int) Pos {
	i := sort.Search(len(l.parts), func(i int) bool { return l.parts[i].offset > offset }) - 1
	if i < 0 {
		return Pos{File: l.file, Line: 1, Column: 1}
	}
	return Pos{File: l.file, Line: l.parts[i].line, Column: offset - l.parts[i].offset + 1}
}

// lines cuts a file into logical lines. Its memory is bounded by MaxLine.
type lines struct {
	r    *bufio.Reader
	name string
	n    int // physical lines read
	buf  []byte
}

// byteOrderMark is what editors of Windows write before UTF-8.
const byteOrderMark = "\xef\xbb\xbf"

func newLines(r io.Reader, name string) *lines {
	in := bufio.NewReaderSize(r, MaxLine)
	if mark, _ := in.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		_, _ = in.Discard(len(mark)) // it is there
	}
	return &lines{r: in, name: name}
}

// next reads one logical line; io.EOF after the last one.
func (s *lines) next() (*line, error) {
	l := &line{file: s.name}
	s.buf = s.buf[:0]
	for {
		s.n++
		l.parts = append(l.parts, part{len(s.buf), s.n})
		more, err := s.physical(l)
		if err != nil && (!errors.Is(err, io.EOF) || len(s.buf) == 0) {
			return nil, err
		}
		if !more || err != nil {
			l.text = string(s.buf)
			return l, nil
		}
	}
}

// physical appends one line of the file and reports whether it is continued.
func (s *lines) physical(l *line) (continued bool, err error) {
	start := len(s.buf)
	last := byte(0)
	for {
		chunk, err := s.r.ReadSlice('\n')
		if room := MaxLine - len(s.buf); len(chunk) > room+2 { // the end of the line does not count
			l.long = true
			s.buf = append(s.buf, chunk[:room]...)
		} else {
			s.buf = append(s.buf, chunk...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		chunk = bytes.TrimRight(chunk, "\r\n")
		if len(chunk) > 0 {
			last = chunk[len(chunk)-1]
		}
		s.trim(start)
		if last == '\\' {
			if n := len(s.buf); n > start && s.buf[n-1] == '\\' {
				s.buf = s.buf[:n-1]
			}
			return true, err
		}
		return false, err
	}
}

// trim takes the line's end away.
func (s *lines) trim(start int) {
	n := len(s.buf)
	for n > start && (s.buf[n-1] == '\n' || s.buf[n-1] == '\r') {
		n--
	}
	s.buf = s.buf[:n]
}
