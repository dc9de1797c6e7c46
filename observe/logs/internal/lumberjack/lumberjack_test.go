package lumberjack

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bulwark/observe/logs/internal/audit"
	"bulwark/observe/logs/internal/document"
	"bulwark/observe/logs/internal/intake"
	"bulwark/observe/logs/internal/intake/intaketest"
	"bulwark/platform/pseudonym"
)

func patients() *pseudonym.Pseudonyms { return pseudonym.New([32]byte{1}) }

func window(n int) []byte { return binary.BigEndian.AppendUint32([]byte("2W"), uint32(n)) }

func event(seq int, doc string) []byte {
	b := binary.BigEndian.AppendUint32([]byte("2J"), uint32(seq))
	return append(binary.BigEndian.AppendUint32(b, uint32(len(doc))), doc...)
}

func packed(p []byte) []byte {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	_, _ = w.Write(p)
	_ = w.Close()
	return append(binary.BigEndian.AppendUint32([]byte("2C"), uint32(z.Len())), z.Bytes()...)
}

// speak sends bytes to an intake, and returns what it answers and what it refused.
func speak(t *testing.T, to intake.Sink, p []byte) (answers []byte, refused map[string]uint64) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	i, err := New(Options{Listen: "127.0.0.1:0", Patients: patients})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- i.Run(ctx, to) }()
	c, err := net.Dial("tcp", i.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(p); err != nil {
		t.Fatal(err)
	}
	_ = c.(*net.TCPConn).CloseWrite()
	answers, _ = io.ReadAll(c)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	return answers, i.Refused()
}

func TestWindows(t *testing.T) {
	doc := `{"message":"x","@metadata":{"beat":"filebeat"}}`
	for _, c := range []struct {
		does    string
		sent    []byte
		answers string
		taken   int
		refused string
	}{
		{"plain events", bytes.Join([][]byte{window(2), event(1, doc), event(2, doc)}, nil), "2A\x00\x00\x00\x02", 2, "map[]"},
		{"packed events, and a second window", bytes.Join([][]byte{window(2), packed(append(event(1, doc), event(2, doc)...)), window(1), event(1, doc)}, nil),
			"2A\x00\x00\x00\x022A\x00\x00\x00\x01", 3, "map[]"},
		{"several packed frames in a window", bytes.Join([][]byte{window(2), packed(event(1, doc)), packed(event(2, doc))}, nil), "2A\x00\x00\x00\x02", 2, "map[]"},
		{"what is no object is answered, lest it come again for ever", bytes.Join([][]byte{window(2), event(1, "x"), event(2, doc)}, nil),
			"2A\x00\x00\x00\x02", 1, "map[not an object of JSON:1]"},
		{"an event that is too long is passed over", bytes.Join([][]byte{window(2), event(1, `{"a":"`+strings.Repeat("x", 2<<20)+`"}`), event(2, doc)}, nil),
			"2A\x00\x00\x00\x02", 1, "map[longer than 1 MiB:1]"},
		{"an end within a window: nothing is answered", bytes.Join([][]byte{window(2), event(1, doc)}, nil), "", 0, "map[connection ended within a window:1]"},
		{"another protocol", []byte("GET / HTTP/1.1\r\n\r\n"), "", 0, "map[not a frame of version 2:1]"},
		{"a packed frame in a packed one", bytes.Join([][]byte{window(1), packed(packed(event(1, doc)))}, nil), "", 0, "map[not a frame of version 2:1]"},
	} {
		t.Run(c.does, func(t *testing.T) {
			sink := &intaketest.Sink{}
			answers, refused := speak(t, sink, c.sent)
			if string(answers) != c.answers || len(sink.Records()) != c.taken || fmt.Sprint(refused) != c.refused {
				t.Errorf("got %q, %d records, %v; want %q, %d, %s", answers, len(sink.Records()), refused, c.answers, c.taken, c.refused)
			}
		})
	}
}

func TestNothingIsAnsweredThatIsNotSafe(t *testing.T) {
	var sent []byte
	sent = append(sent, window(batchLen+10)...)
	for n := range batchLen + 10 {
		sent = append(sent, event(n+1, `{"message":"x"}`)...)
	}
	answers, _ := speak(t, &intaketest.Sink{Room: batchLen}, sent)
	if want := string(appendAnswer(nil, batchLen)); string(answers) != want {
		t.Errorf("got %q, want %q", answers, want)
	}
}

// slow is a sink that waits.
type slow struct{}

func (slow) Take(ctx context.Context, _ []intake.Record) error {
	time.Sleep(4 * alive)
	return nil
}

func TestASenderHearsThatItIsWorkedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		s := &sender{Intake: &Intake{}, conn: a, to: slow{}, last: 7, reader: document.New(audit.New(patients()))}
		go func() { _ = s.hand(t.Context()); _ = a.Close() }()
		answers, _ := io.ReadAll(b)
		if got := strings.Count(string(answers), "2A\x00\x00\x00\x00"); got < 3 || !strings.HasSuffix(string(answers), "\x07") {
			t.Errorf("got %q", answers)
		}
	})
}

func FuzzFrames(f *testing.F) {
	f.Add(bytes.Join([][]byte{window(2), packed(event(1, `{}`)), event(2, `{"a":1}`)}, nil))
	f.Fuzz(func(t *testing.T, p []byte) {
		r := frames{in: bufio.NewReader(bytes.NewReader(p))}
		for {
			n, err := r.window()
			if err != nil {
				return
			}
			for range n {
				text, _, _, err := r.event(nil)
				if len(text) > maxEvent {
					t.Fatalf("got %d bytes", len(text))
				}
				if err != nil {
					if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
						t.Fatalf("an end within a window is no end: %v", err)
					}
					return
				}
			}
		}
	})
}
