package link

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"bulwark/event"
)

func frame(kind byte, of event.Kind, payload string) []byte {
	return append(AppendHead(nil, kind, of, len(payload)), payload...)
}

func TestFramesAreReadAsTheyWereWritten(t *testing.T) {
	all := bytes.Join([][]byte{
		frame(FrameBatch, event.KindDNS, "a batch"),
		frame(FrameReport, 0, `{"source":"eth1","packets":7}`),
		frame(FrameBatch, event.KindNone, ""),
		frame(FrameReport, 0, strings.Repeat("x", MaxReport)),
	}, nil)
	for name, in := range map[string]io.Reader{"at once": bytes.NewReader(all), "byte by byte": iotest.OneByteReader(bytes.NewReader(all))} {
		r := NewReader(in)
		for i, want := range []struct {
			kind byte
			of   event.Kind
			n    int
		}{{FrameBatch, event.KindDNS, 7}, {FrameReport, 0, 29}, {FrameBatch, 0, 0}, {FrameReport, 0, MaxReport}} {
			kind, of, payload, err := r.Next()
			if err != nil || kind != want.kind || of != want.of || len(payload) != want.n {
				t.Errorf("%s, frame %d: got %q of %v, %d bytes, %v; want %+v", name, i, kind, of, len(payload), err, want)
			}
		}
		if _, _, _, err := r.Next(); err != io.EOF {
			t.Errorf("%s: got %v at the end, want %v", name, err, io.EOF)
		}
	}
}

func TestWhatIsNoFrameIsRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []byte
	}{
		{"a head that is cut", frame(FrameBatch, 0, "x")[:3]},
		{"a head alone", frame(FrameBatch, 0, "x")[:HeadSize]},
		{"a payload that is cut", frame(FrameReport, 0, "{}")[:HeadSize+1]},
		{"a batch that is too long", AppendHead(nil, FrameBatch, 0, event.MaxBatch+1)},
		{"a report that is too long", frame(FrameReport, 0, strings.Repeat(" ", MaxReport+1))},
		{"a length of four gigabytes", AppendHead(nil, FrameBatch, 0, 1<<32-1)},
		{"a kind that is none", frame('X', 0, "anything")},
		{"zeros", make([]byte, 100)},
	} {
		r := NewReader(bytes.NewReader(c.in))
		if _, _, _, err := r.Next(); !errors.Is(err, ErrFrame) || errors.Is(err, io.EOF) {
			t.Errorf("%s: got %v, want %v, and no end", c.name, err, ErrFrame)
		}
	}
}

func TestAnErrorOfThePipeIsToldAsItIs(t *testing.T) {
	broken := errors.New("broken pipe")
	for name, in := range map[string]io.Reader{
		"between frames": iotest.ErrReader(broken),
		"in a head":      io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken)),
		"in a payload":   io.MultiReader(bytes.NewReader(AppendHead(nil, FrameBatch, 0, 10)), iotest.ErrReader(broken)),
	} {
		if _, _, _, err := NewReader(in).Next(); !errors.Is(err, broken) {
			t.Errorf("%s: got %v, want %v", name, err, broken)
		}
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       Report
		bad        bool
	}{
		{"a report", `{"source":"eth1","packets":7,"drops":2,"gone":true,"error":"link down"}`, Report{Source: "eth1", Packets: 7, Drops: 2, Gone: true, Error: "link down"}, false},
		{"what a newer child says more is passed over", `{"source":"eth1","mood":"fine"}`, Report{Source: "eth1"}, false},
		{"no JSON", `source=eth1`, Report{}, true},
		{"a count below zero", `{"packets":-1}`, Report{}, true},
		{"nothing", ``, Report{}, true},
	} {
		got, err := Parse([]byte(c.text))
		if c.bad != errors.Is(err, ErrFrame) || !c.bad && got != c.want {
			t.Errorf("%s: got %+v, %v", c.name, got, err)
		}
	}
}

// FuzzNext reads what a child that was taken over may write. Each frame that is let through is within its bounds, and
// all of them together are the beginning of what was written.
func FuzzNext(f *testing.F) {
	f.Add(frame(FrameBatch, event.KindDNS, "a batch"))
	f.Add(append(frame(FrameReport, 0, `{"ready":true}`), frame(FrameBatch, 0, "")...))
	f.Add(AppendHead(nil, FrameBatch, 0, 1<<32-1))
	f.Add(frame('X', 0, ""))
	f.Add(AppendPart(nil, FilePart{Step: FileBytes, ID: 7, Data: []byte("x")}))
	f.Fuzz(func(t *testing.T, in []byte) {
		r := NewReader(bytes.NewReader(in))
		var again []byte
		for {
			kind, of, payload, err := r.Next()
			if err != nil {
				if err != io.EOF && !errors.Is(err, ErrFrame) {
					t.Errorf("got %v, want the end or %v", err, ErrFrame)
				}
				if err == io.EOF && len(again) != len(in) {
					t.Errorf("the end after %d of %d bytes", len(again), len(in))
				}
				break
			}
			limit := map[byte]int{FrameBatch: event.MaxBatch, FrameReport: MaxReport, FrameFile: MaxPart + partHead}[kind]
			if limit == 0 || len(payload) > limit {
				t.Fatalf("kind %q of %d bytes was let through", kind, len(payload))
			}
			if kind == FrameReport {
				_, _ = Parse(payload) // it must not panic
			}
			if kind == FrameFile {
				_, _ = ParsePart(payload)
			}
			again = append(AppendHead(again, kind, of, len(payload)), payload...)
		}
		if !bytes.HasPrefix(in, again) {
			t.Error("the frames are not what was written")
		}
	})
}

func TestPartsOfFiles(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []byte
		want FilePart
		bad  bool
	}{
		{"what it is", AppendPart(nil, FilePart{FileBegin, 7, []byte("{}")}), FilePart{FileBegin, 7, []byte("{}")}, false},
		{"as many bytes as there may be", AppendPart(nil, FilePart{FileBytes, 1 << 60, make([]byte, MaxPart)}), FilePart{FileBytes, 1 << 60, make([]byte, MaxPart)}, false},
		{"its end", AppendPart(nil, FilePart{FileEnd, 0, nil}), FilePart{FileEnd, 0, nil}, false},
		{"more bytes than there may be", AppendPart(nil, FilePart{FileBytes, 1, make([]byte, MaxPart+1)}), FilePart{}, true},
		{"a step that is none", AppendPart(nil, FilePart{'?', 1, nil}), FilePart{}, true},
		{"no id", frame(FrameFile, 0, "d123"), FilePart{}, true},
	} {
		_, _, payload, err := NewReader(bytes.NewReader(c.in)).Next()
		var got FilePart
		if err == nil {
			got, err = ParsePart(payload)
		}
		if c.bad != errors.Is(err, ErrFrame) || !c.bad && (got.Step != c.want.Step || got.ID != c.want.ID || !bytes.Equal(got.Data, c.want.Data)) {
			t.Errorf("%s: got %q of %d, %d bytes, %v", c.name, got.Step, got.ID, len(got.Data), err)
		}
	}
}
