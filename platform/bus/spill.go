package bus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// spill is a bounded queue of batches in a file. A nil spill takes nothing and holds nothing.
//
// A record is its length and its CRC-32 (IEEE) in 4 bytes each, little-endian, then the subject and the id with a
// length of 2 bytes each, the number of events in 4 bytes, and the compressed batch. The file begins anew whenever it
// has been read to its end; what was read and not yet acknowledged when the program died is read again, and the bus
// recognises it by its id.
type spill struct {
	f     *os.File
	limit int64
	from  int64 // where the next record to read begins
	to    int64 // where the next record is written
	done  []func(error)
}

var errSpillFull = errors.New("the spill file is full")

func openSpill(path string, limit int64) (*spill, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	s := &spill{f: f, limit: limit}
	for { // up to the first record that is not whole
		it, err := s.read(s.to)
		if err != nil {
			break
		}
		s.to += recordSize(it)
		s.done = append(s.done, nil)
	}
	return s, nil
}

func recordSize(it *item) int64 {
	return int64(8 + 2 + len(it.subject) + 2 + len(it.id) + 4 + len(it.data))
}

func (s *spill) waiting() bool { return s != nil && s.from < s.to }

func (s *spill) size() int64 {
	if s == nil {
		return 0
	}
	return s.to - s.from
}

func (s *spill) put(it *item) error {
	if s == nil {
		return errors.New("memory is full and there is no spill file")
	}
	if s.to+recordSize(it) > s.limit {
		return errSpillFull
	}
	rec := make([]byte, 8, recordSize(it))
	rec = binary.LittleEndian.AppendUint16(rec, uint16(len(it.subject)))
	rec = append(rec, it.subject...)
	rec = binary.LittleEndian.AppendUint16(rec, uint16(len(it.id)))
	rec = append(rec, it.id...)
	rec = binary.LittleEndian.AppendUint32(rec, uint32(it.events))
	rec = append(rec, it.data...)
	binary.LittleEndian.PutUint32(rec, uint32(len(rec)-8))
	binary.LittleEndian.PutUint32(rec[4:], crc32.ChecksumIEEE(rec[8:]))
	if _, err := s.f.WriteAt(rec, s.to); err != nil {
		return err
	}
	s.to += int64(len(rec))
	s.done = append(s.done, it.done)
	return nil
}

// take removes the oldest record.
func (s *spill) take() (*item, error) {
	it, err := s.read(s.from)
	if err != nil {
		s.reset()
		return nil, err
	}
	it.done = s.done[0]
	s.done = s.done[1:]
	if s.from += recordSize(it); s.from == s.to {
		s.reset()
	}
	return it, nil
}

func (s *spill) reset() {
	s.from, s.to, s.done = 0, 0, nil
	_ = s.f.Truncate(0)
}

func (s *spill) read(at int64) (*item, error) {
	var head [8]byte
	if _, err := s.f.ReadAt(head[:], at); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n > maxPayload+1<<16 {
		return nil, fmt.Errorf("record of %d bytes at byte %d", n, at)
	}
	rec := make([]byte, n)
	if _, err := s.f.ReadAt(rec, at+8); err != nil {
		return nil, err
	}
	if crc32.ChecksumIEEE(rec) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, fmt.Errorf("record with a wrong checksum at byte %d", at)
	}
	return parseRecord(rec)
}

func parseRecord(rec []byte) (*item, error) {
	it := &item{}
	for _, s := range []*string{&it.subject, &it.id} {
		if len(rec) < 2 {
			return nil, io.ErrUnexpectedEOF
		}
		n := int(binary.LittleEndian.Uint16(rec))
		if len(rec) < 2+n {
			return nil, io.ErrUnexpectedEOF
		}
		*s, rec = string(rec[2:2+n]), rec[2+n:]
	}
	if len(rec) < 4 {
		return nil, io.ErrUnexpectedEOF
	}
	it.events, it.data = int(binary.LittleEndian.Uint32(rec)), rec[4:]
	return it, nil
}

func (s *spill) close() {
	if s != nil {
		_ = s.f.Close()
	}
}
