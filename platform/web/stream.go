package web

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// patience is how long a stream waits for a browser that does not take what it is sent.
const patience = 15 * time.Second

// ErrEvent means that the name or id of an event holds a line break.
var ErrEvent = errors.New("web: an event's name or id holds a line break")

// Stream sends events to one browser as they happen (server-sent events, WHATWG HTML §9.2).
type Stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	done    chan struct{}
	buffer  bytes.Buffer
}

// OpenStream starts the answer to r as a stream, free from the server's time limits.
func OpenStream(w http.ResponseWriter, r *http.Request) (*Stream, error) {
	s := &Stream{w: w, control: http.NewResponseController(w), done: make(chan struct{})}
	if err := s.control.SetReadDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("opening a stream: %w", err)
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	closing, _ := r.Context().Value(closingKey).(<-chan struct{})
	go func() {
		defer close(s.done)
		select {
		case <-r.Context().Done():
		case <-closing:
		}
	}()
	return s, s.flush()
}

// Done is closed when the stream must end: the browser left, the session ended or the server stops. The handler
// then returns.
func (s *Stream) Done() <-chan struct{} { return s.done }

// Send sends one event. name and id may be empty; data may have several lines.
func (s *Stream) Send(name, id string, data []byte) error {
	if strings.ContainsAny(name+id, "\r\n\x00") {
		return ErrEvent
	}
	s.buffer.Reset()
	if name != "" {
		fmt.Fprintf(&s.buffer, "event: %s\n", name)
	}
	if id != "" {
		fmt.Fprintf(&s.buffer, "id: %s\n", id)
	}
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		fmt.Fprintf(&s.buffer, "data: %s\n", bytes.ReplaceAll(line, []byte("\r"), nil))
	}
	s.buffer.WriteByte('\n')
	return s.write()
}

func (s *Stream) write() error {
	if err := s.control.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := s.w.Write(s.buffer.Bytes()); err != nil {
		return err
	}
	return s.flush()
}

// flush sends what was written and then waits without limit for the next event.
func (s *Stream) flush() error {
	if err := s.control.Flush(); err != nil {
		return err
	}
	return s.control.SetWriteDeadline(time.Time{})
}

// slowClient is how long a client of a download may take nothing.
const slowClient = 30 * time.Second

// Patient is the body of an answer that may take long: every write has its own time, and a client that takes nothing for 30 s is
// given up.
type Patient struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// NewPatient is a body of w.
func NewPatient(w http.ResponseWriter) *Patient {
	return &Patient{w, http.NewResponseController(w)}
}

func (p *Patient) Write(b []byte) (int, error) {
	_ = p.control.SetWriteDeadline(time.Now().Add(slowClient)) // a test's recorder has no deadlines
	return p.w.Write(b)
}
