package dicom

import (
	"slices"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

func FuzzConversation(f *testing.F) {
	open := opening(explicitLE)
	f.Add(open[0].Bytes, open[1].Bytes, uint16(0))
	for _, syntax := range []string{implicitLE, explicitLE, explicitBE, deflatedLE} {
		f.Add(message(1, 300, store(1, 7), object(syntax, 7, 100)), message(1, 300, stored(1, 7, 0), nil), uint16(300))
	}
	f.Add(pdu(associateRQ, fixed("A", "B"), user(item(userIdentity, []byte{2, 0}), item(roleSelection, []byte{0, 1, 'x', 1, 1}))), pdu(abort, make([]byte, 4)), uint16(0))
	f.Add(pdu(releaseRQ, make([]byte, 4)), pdu(releaseRP, make([]byte, 4)), uint16(9))
	f.Fuzz(func(t *testing.T, a, b []byte, lost uint16) {
		wiretest.Splits(t, []wiretest.Chunk{
			{Dir: up, Bytes: a}, {Dir: down, Bytes: b}, {Dir: up, Lost: int(lost), Bytes: slices.Concat(b, a)}, {Dir: down, Bytes: a},
		}, fresh)
		wiretest.Splits(t, chunks(open, []wiretest.Chunk{{Dir: up, Bytes: a}, {Dir: down, Bytes: b}}), fresh)
		stored := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{Objects: &keeper{}}, Handler: ignore{}}
		_ = stored.Play(chunks(open, []wiretest.Chunk{{Dir: up, Bytes: a}, {Dir: up, Lost: int(lost), Bytes: b}}))
	})
}

// FuzzDataSet walks a data set in one piece and in pieces, which must tell the same.
func FuzzDataSet(f *testing.F) {
	for i, syntax := range []string{implicitLE, explicitLE, explicitBE, deflatedLE, ""} {
		f.Add(byte(i), byte(7), object(syntax, 7, 20))
	}
	syntaxes := []string{implicitLE, explicitLE, explicitBE, deflatedLE, ""}
	f.Fuzz(func(t *testing.T, syntax, step byte, data []byte) {
		s := syntaxes[int(syntax)%len(syntaxes)]
		whole, pieces := outline(walked(data, s, len(data)+1)), outline(walked(data, s, int(step)+1))
		if whole != pieces {
			t.Errorf("in one piece\n%s\nin pieces\n%s", whole, pieces)
		}
	})
}

func outline(e *Elements) string {
	r := &recorder{}
	r.Command(&Command{Data: *e})
	return r.String()
}

func FuzzProbe(f *testing.F) {
	f.Add(pdu(associateRQ, fixed("A", "B"), user()))
	f.Add(message(1, 300, store(1, 7), nil))
	f.Fuzz(func(t *testing.T, p []byte) {
		got, _ := Probe(p)
		for i := range p {
			if before, _ := Probe(p[:i]); before == wire.No && got == wire.Yes {
				t.Errorf("the first %d bytes are refused, all %d are not", i, len(p))
			}
		}
	})
}

type ignore struct{}

func (ignore) Association(*Association) {}
func (ignore) Command(*Command)         {}

// storer stores one CT image of 512 KiB again and again, as the sensor sees it: in segments of 1,460 bytes, of which
// those that nobody reads are skipped.
type storer struct {
	c        Conversation
	h        Handler
	segments [][]byte
	answer   []byte
}

func newStorer() *storer {
	s := &storer{h: ignore{}, answer: message(1, 100, stored(1, 7, 0), nil)}
	for _, chunk := range opening(explicitLE) {
		s.c.Decode(chunk.Dir, chunk.Bytes, s.h)
	}
	s.segments = slices.Collect(slices.Chunk(message(1, 16372, store(1, 7), object(explicitLE, 7, 512<<10)), 1460))
	return s
}

func (s *storer) store() {
	skip := 0
	var pending []byte
	for _, p := range s.segments {
		if skip >= len(p) {
			skip -= len(p)
			continue
		}
		p, skip = p[skip:], 0
		if len(pending) > 0 {
			p = append(pending, p...)
		}
		done, _, err := s.c.Decode(wire.ToServer, p, s.h)
		if err != nil {
			panic(err)
		}
		if pending = pending[:0]; done < len(p) {
			pending = append(pending, p[done:]...)
		} else {
			skip = done - len(p)
		}
	}
	s.c.Decode(wire.ToClient, s.answer, s.h)
}

// BenchmarkDICOMStore decodes a C-STORE of a CT image of 512 KiB and its response.
func BenchmarkDICOMStore(b *testing.B) {
	s := newStorer()
	s.store()
	size := len(s.answer)
	for _, p := range s.segments {
		size += len(p)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		s.store()
	}
	if s.c.association.Stored < b.N {
		b.Fatalf("%d of %d images were stored", s.c.association.Stored, b.N)
	}
}

// BenchmarkDICOMFind decodes a C-FIND with 100 matches.
func BenchmarkDICOMFind(b *testing.B) {
	s := newStorer()
	query := message(3, 500, command(affectedClass, studyFind, commandFieldTag, 0x20, messageID, 2, dataSetType, 1),
		slices.Concat(element(encoding{}, QueryRetrieveLevel, "", "STUDY"), element(encoding{}, PatientName, "", "TEST*")))
	match := message(3, 500, command(affectedClass, studyFind, commandFieldTag, 0x8020, respondedTo, 2, dataSetType, 1, statusTag, 0xFF00), []byte(strings.Repeat("x", 400)))
	matches := slices.Repeat(match, 100)
	matches = append(matches, message(3, 500, command(commandFieldTag, 0x8020, respondedTo, 2, dataSetType, noDataSet, statusTag, 0), nil)...)
	find := func() {
		s.c.Decode(wire.ToServer, query, s.h)
		for p := matches; len(p) > 0; {
			done, _, _ := s.c.Decode(wire.ToClient, p[:min(len(p), 1<<15)], s.h)
			p = p[done:]
		}
	}
	find()
	b.SetBytes(int64(len(query) + len(matches)))
	b.ReportAllocs()
	for b.Loop() {
		find()
	}
}

func TestCommandsDoNotAllocate(t *testing.T) {
	s := newStorer()
	if got := testing.AllocsPerRun(50, s.store); got != 0 {
		t.Errorf("a store costs %v allocations, want 0", got)
	}
}
