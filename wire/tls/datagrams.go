package tls

import (
	"slices"

	"bulwark/wire"
)

const (
	// maxDatagramMessage is how long a handshake message in several datagrams is put together, in bytes; longer ones are
	// passed over.
	maxDatagramMessage = 32 << 10
	// maxAhead is how far a piece may lie behind what is there of its message, in bytes: pieces that overtook others.
	maxAhead = 8 << 10
	// maxPieces is how many pieces with holes between them a message may have.
	maxPieces = 8
	// maxOpen is how many messages of a side are put together at a time.
	maxOpen = 2
)

// Datagrams follows one DTLS association (RFC 6347, RFC 9147) until it is encrypted. It differs from TLS in that records
// may be lost, repeated or overtake one another, and that a message of the handshake may be cut where the sender likes.
// Its zero value is ready.
type Datagrams struct {
	// Certificates remembers certificates from one conversation to the next; nil means that each is read anew.
	Certificates *Certificates

	// Space is where its buffers come from; it may be nil.
	Space *wire.Space

	conv   Conversation
	sides  [2]datagramSide // by role
	turned bool            // what was given as ToServer is the server's: in WebRTC either side may be
	placed bool            // it is known which side is the server
}

type datagramSide struct {
	seen uint64 // a bit for each of the first messages that was read
	open [maxOpen]pieces
	next int // of open, the one that is given up for another message
}

// pieces is a message of which some is missing.
type pieces struct {
	kind   byte
	seq    uint16
	length int // 0: of no message
	body   []byte
	spans  [maxPieces]span // of body, what is there, in order and apart
	n      int             // of spans
}

type span struct{ from, to int }

// Done tells whether nothing more will come of this association: each side is encrypted or has given up.
func (d *Datagrams) Done() bool { return d.conv.Done() }

// Reset makes d ready for another association.
func (d *Datagrams) Reset() {
	d.conv.Reset()
	for i := range d.sides {
		s := &d.sides[i]
		for j := range s.open {
			s.open[j] = pieces{body: reuse(s.open[j].body)}
		}
		s.seen, s.next = 0, 0
	}
	d.turned, d.placed = false, false
}

// Close hands over a session that was not.
func (d *Datagrams) Close(h Handler) { d.conv.Close(h) }

// Datagram reads the records in the datagram p. One that is not of DTLS is passed over: WebRTC sends STUN and media
// between the same ports (RFC 7983). An error tells of a hello that cannot be read.
func (d *Datagrams) Datagram(dir wire.Dir, p []byte, h Handler) error {
	d.conv.Certificates, d.conv.Space, d.conv.datagrams = d.Certificates, d.Space, true
	p = carried(p)
	for len(p) > 0 && !d.conv.Done() {
		if unified(p) {
			if d.conv.session.Version().is13() {
				d.sealed(dir, recordData, h)
			}
			return nil // RFC 9147 §4: its length may be missing
		}
		r, n := takeRecord(p)
		if n == 0 {
			return nil
		}
		if err := d.record(dir, &r, h); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// role is the direction of what was sent in dir, going by who is the server.
func (d *Datagrams) role(dir wire.Dir) wire.Dir {
	if d.turned {
		return dir.Other()
	}
	return dir
}

func (d *Datagrams) record(dir wire.Dir, r *dtlsRecord, h Handler) error {
	switch {
	case r.epoch > 0:
		d.sealed(dir, r.kind, h)
	case r.kind == recordHandshake:
		return d.handshake(dir, r.body, h)
	case r.kind == recordChangeCipherSpec:
		d.conv.changeCipherSpec(d.role(dir))
	case r.kind == recordAlert:
		d.conv.alerted(d.role(dir), r.body, h)
		d.conv.conclude(h)
	}
	return nil
}

// sealed notes an encrypted record: nothing more can be read of its side. What comes first is the Finished, or an alert.
// An association in DTLS 1.3 has but shown its hellos by then.
func (d *Datagrams) sealed(dir wire.Dir, kind byte, h Handler) {
	c := &d.conv
	role := d.role(dir)
	s := &c.sides[role]
	if role == wire.ToServer && c.session.Server == nil && c.session.Client != nil && c.client.EarlyData {
		return // RFC 9147 §5.1: data before the server has answered
	}
	s.seen = true
	if !s.ended {
		s.ended, s.data, s.finished = true, kind == recordData || kind == recordWithID, kind != recordAlert
	}
	c.conclude(h)
}

// handshake reads the messages, or pieces of them, in a record.
func (d *Datagrams) handshake(dir wire.Dir, b []byte, h Handler) error {
	for len(b) > 0 {
		f, ok := takeFragment(&b)
		if !ok {
			return nil
		}
		d.place(dir, f.kind)
		role := d.role(dir)
		s := &d.sides[role]
		d.conv.sides[role].seen = true
		if f.seq >= 64 || s.seen&(1<<f.seq) != 0 {
			continue // RFC 6347 §4.2.4: sent again
		}
		body, kept := f.body, (*pieces)(nil)
		if !f.whole() {
			if kept = s.piece(d.Space, &f); kept == nil {
				continue
			}
			body = kept.body
		}
		s.seen |= 1 << f.seq
		err := d.conv.message(role, f.kind, body, h)
		if kept != nil {
			kept.length = 0
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// place learns from the first message that only one side sends which side is the server.
func (d *Datagrams) place(dir wire.Dir, kind byte) {
	sender := dirOfHello(kind)
	if d.placed || sender == wire.Either {
		return
	}
	d.placed = true
	if sender != dir {
		d.turned = true
		d.sides[0], d.sides[1] = d.sides[1], d.sides[0]
		d.conv.sides[0], d.conv.sides[1] = d.conv.sides[1], d.conv.sides[0]
	}
}

// piece puts a piece to the others of its message, and returns them when that is whole.
func (s *datagramSide) piece(space *wire.Space, f *fragment) *pieces {
	if f.length > maxDatagramMessage {
		return nil
	}
	m := s.opened(f)
	end := f.offset + len(f.body)
	if end > len(m.body)+maxAhead || !m.cover(span{f.offset, end}) {
		return nil
	}
	if more := end - len(m.body); more > 0 {
		m.body = slices.Grow(space.Grow(m.body, more), more)[:end] // what is not covered is never shown
	}
	copy(m.body[f.offset:end], f.body)
	if m.n == 1 && m.spans[0] == (span{0, m.length}) {
		return m
	}
	return nil
}

// opened is the message that a piece is of, begun where it is not under way.
func (s *datagramSide) opened(f *fragment) *pieces {
	for i := range s.open {
		if m := &s.open[i]; m.length == f.length && m.seq == f.seq && m.kind == f.kind {
			return m
		}
	}
	at := s.next
	for i := range s.open {
		if s.open[i].length == 0 {
			at = i
		}
	}
	s.next = (at + 1) % maxOpen
	m := &s.open[at]
	*m = pieces{kind: f.kind, seq: f.seq, length: f.length, body: m.body[:0]}
	return m
}

// cover notes that x is there, and joins what touches. It reports false where there are too many holes.
func (m *pieces) cover(x span) bool {
	i := 0
	for i < m.n && m.spans[i].to < x.from {
		i++
	}
	j := i
	for j < m.n && m.spans[j].from <= x.to {
		x.from, x.to = min(x.from, m.spans[j].from), max(x.to, m.spans[j].to)
		j++
	}
	if i == j && m.n == maxPieces {
		return false
	}
	tail := m.spans
	n := copy(m.spans[i+1:], tail[j:m.n])
	m.spans[i] = x
	m.n = i + 1 + n
	return true
}
