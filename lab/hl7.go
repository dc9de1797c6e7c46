package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// The MLLP frame (HL7 Transport Specification: MLLP, release 1).
const (
	mllpStart = 0x0b
	mllpEnd   = 0x1c
	mllpCR    = 0x0d
	// mllpMax is the longest message the lab's receivers take, in bytes.
	mllpMax = 1 << 20
)

// ErrFraming means that the peer does not speak MLLP.
var ErrFraming = errors.New("lab: no MLLP frame")

// Ports of the HL7 receivers.
const (
	ehrHL7 = 2575
	lisHL7 = 2576
)

// mllpWrite frames a message.
func mllpWrite(w io.Writer, message string) error {
	_, err := io.WriteString(w, string(rune(mllpStart))+message+string([]byte{mllpEnd, mllpCR}))
	return err
}

// mllpRead reads one framed message.
func mllpRead(r *bufio.Reader) (string, error) {
	b, err := r.ReadByte()
	if err != nil {
		return "", err
	}
	if b != mllpStart {
		return "", fmt.Errorf("%w: begins with %#x", ErrFraming, b)
	}
	var m strings.Builder
	for m.Len() < mllpMax {
		b, err := r.ReadByte()
		if err != nil {
			return "", io.ErrUnexpectedEOF
		}
		if b == mllpEnd {
			_, err := r.ReadByte()
			return m.String(), err
		}
		m.WriteByte(b)
	}
	return "", fmt.Errorf("%w: longer than %d bytes", ErrFraming, mllpMax)
}

// hl7Field is field n (as HL7 counts, MSH-1 being the separator) of the first segment of that name.
func hl7Field(message, segment string, n int) string {
	for line := range strings.SplitSeq(message, "\r") {
		f := strings.Split(line, "|")
		if f[0] != segment {
			continue
		}
		if segment == "MSH" {
			n--
		}
		if n < len(f) {
			return f[n]
		}
	}
	return ""
}

// acknowledge answers a message: AA, or AE for a patient class the record does not know, or AR for a message type
// the receiver does not take (HL7 v2.5 §2.9.2).
func acknowledge(message, as string, now time.Time) string {
	code, errSegment := "AA", ""
	switch kind := hl7Field(message, "MSH", 9); {
	case strings.HasPrefix(kind, "BAR"):
		code, errSegment = "AR", "ERR||MSH^1^9|200^Unsupported message type^HL70357|E\r"
	case hl7Field(message, "PV1", 2) == "Z":
		code, errSegment = "AE", "ERR||PV1^1^2|103^Table value not found^HL70357|E\r"
	}
	trigger := ""
	if parts := strings.Split(hl7Field(message, "MSH", 9), "^"); len(parts) > 1 {
		trigger = "^" + parts[1]
	}
	return fmt.Sprintf("MSH|^~\\&|%s|%s|%s|%s|%s||ACK%s|A%s|P|%s\rMSA|%s|%s\r%s",
		as, "HOSP", hl7Field(message, "MSH", 3), hl7Field(message, "MSH", 4), now.Format("20060102150405"),
		trigger, hl7Field(message, "MSH", 10), hl7Field(message, "MSH", 12), code, hl7Field(message, "MSH", 10), errSegment)
}

// hl7Server answers HL7 messages on a port until it is closed.
type hl7Server struct {
	as       string
	listener net.Listener
	wait     sync.WaitGroup
	// mu guards open, which is nil when the server is closed.
	mu   sync.Mutex
	open map[net.Conn]bool
}

func serveHL7(l net.Listener, as string) *hl7Server {
	s := &hl7Server{as: as, listener: l, open: map[net.Conn]bool{}}
	s.wait.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.wait.Go(func() { s.talk(c) })
		}
	})
	return s
}

// close ends the conversations and waits for their goroutines.
func (s *hl7Server) close() error {
	err := s.listener.Close()
	s.mu.Lock()
	for c := range s.open {
		c.Close()
	}
	s.open = nil
	s.mu.Unlock()
	s.wait.Wait()
	return err
}

// enter notes a connection, and is false when the server is closed.
func (s *hl7Server) enter(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		return false
	}
	s.open[c] = true
	return true
}

func (s *hl7Server) leave(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

func (s *hl7Server) talk(c net.Conn) {
	defer c.Close()
	if !s.enter(c) {
		return
	}
	defer s.leave(c)
	for r := bufio.NewReader(c); ; {
		m, err := mllpRead(r)
		if err != nil || mllpWrite(c, acknowledge(m, s.as, time.Now())) != nil {
			return
		}
	}
}

// hl7Client keeps a connection to a receiver.
type hl7Client struct {
	c net.Conn
	r *bufio.Reader
}

// hl7Connect connects a host to the HL7 port of another.
func (h *Hospital) hl7Connect(ctx context.Context, from, to string, port int) (*hl7Client, error) {
	c, err := h.Host(from).Dial(ctx, "tcp4", fmt.Sprintf("%s:%d", addrOf(to), port))
	if err != nil {
		return nil, err
	}
	if t, ok := ctx.Deadline(); ok {
		err = c.SetDeadline(t)
	}
	return &hl7Client{c: c, r: bufio.NewReader(c)}, err
}

// send sends a message and returns the code of its acknowledgement (MSA-1).
func (c *hl7Client) send(message string) (string, error) {
	if err := mllpWrite(c.c, message); err != nil {
		return "", err
	}
	ack, err := mllpRead(c.r)
	return hl7Field(ack, "MSA", 1), err
}

// sendAll sends messages over one connection and checks the codes that come back.
func (h *Hospital) sendAll(ctx context.Context, from, to string, port int, messages []hl7Message) error {
	c, err := h.hl7Connect(ctx, from, to, port)
	if err != nil {
		return err
	}
	for _, m := range messages {
		got, err := c.send(m.text)
		if err == nil && got != m.want {
			err = fmt.Errorf("%s acknowledged with %q, want %q", hl7Field(m.text, "MSH", 9), got, m.want)
		}
		if err != nil {
			return errors.Join(err, c.c.Close())
		}
	}
	return c.c.Close()
}
