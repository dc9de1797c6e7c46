package dicom

import (
	"encoding/binary"
	"fmt"

	"bulwark/wire"
)

// Bounds of what a conversation holds.
const (
	maxContexts = 128     // presentation contexts (PS3.8 §9.3.2.2: odd numbers up to 255)
	maxSyntaxes = 1024    // transfer syntaxes proposed in all of them
	maxRoles    = 128     // role selections
	maxItem     = 1 << 10 // bytes of an item of an A-ASSOCIATE PDU that is read
	maxCommand  = 8 << 10 // bytes of a command set
	maxOpen     = 64      // operations under way
	maxDistinct = 4096    // studies, and series, told apart in one association
)

// Conversation decodes the two directions of one DICOM connection. The zero value is ready. It holds some 4 KiB for
// each operation under way, at most 64 of them, and up to 128 KiB that tell studies and series apart.
type Conversation struct {
	// Objects takes the data sets of objects that are stored; nil means that nobody wants them.
	Objects Objects

	association Association
	begun       bool // there is an association to tell of
	ended       bool // and its end was told
	leaving     bool // its release was asked for
	sides       [2]side
	open        []*Command // under way
	free        []*Command
	names       names
	studies     distinct
	series      distinct
	syntaxes    int
	set         set
}

type state uint8

const (
	atPDU     state = iota // at the beginning of a PDU
	atFixed                // behind the header of an A-ASSOCIATE
	atItem                 // at an item of an A-ASSOCIATE
	atPDV                  // at a PDV, or the end of the P-DATA-TF
	inPDV                  // inside a PDV
	lostPlace              // bytes were lost: at anything
)

// side is what is known of one direction.
type side struct {
	state     state
	placed    bool   // a PDU was met: the next one begins where it ends
	accepting bool   // the A-ASSOCIATE being read is an AC
	pdu       uint32 // bytes of the PDU still to come
	item      uint32 // bytes of the item that holds items still to come
	user      bool   // that item is the user information
	fragment  uint32 // bytes of the PDV still to come
	control   byte   // its control byte
	context   uint8  // its presentation context

	command  []byte // fragments of a command set
	broken   bool   // part of the command set was lost or was too long
	present  *Command
	answer   bool // the data set that follows belongs to a response of present
	walking  bool // its data set is being walked
	object   bool // its data set is an object that somebody wants
	walk     walk
	inflater inflater
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	c.free = append(c.free, c.open...)
	clear(c.open)
	for i := range c.sides {
		s := &c.sides[i]
		*s = side{command: s.command[:0], inflater: s.inflater}
	}
	c.open, c.begun, c.ended, c.leaving = c.open[:0], false, false, false
	c.clearAssociation()
}

func (c *Conversation) clearAssociation() {
	a := &c.association
	*a = Association{
		Contexts:  a.Contexts[:0],
		Requestor: User{Roles: a.Requestor.Roles[:0]},
		Acceptor:  User{Roles: a.Acceptor.Roles[:0]},
	}
	c.studies.clear()
	c.series.clear()
	c.syntaxes = 0
}

// Decode reads bytes of one side. It fails when they are no PDUs.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	s := &c.sides[dir]
	for done < len(p) {
		before, n := s.state, 0
		n, need, err = c.step(dir, s, p[done:], h)
		done += n
		if err != nil || need > 0 || n == 0 && s.state == before {
			return done, need, err
		}
	}
	return done, 0, nil
}

// step reads one unit: how many bytes it took, or how many it needs.
func (c *Conversation) step(dir wire.Dir, s *side, p []byte, h Handler) (done, need int, err error) {
	switch s.state {
	case atPDU:
		return c.readPDU(dir, s, p, h)
	case atFixed:
		done, need, err = c.readFixed(s, p)
		c.endAssociate(s, h)
		return done, need, err
	case atItem:
		done, need, err = c.readItem(s, p)
		c.endAssociate(s, h)
		return done, need, err
	case atPDV:
		return c.readPDV(dir, s, p, h)
	case inPDV:
		return c.readFragment(dir, s, p, h), 0, nil
	}
	return s.findPDU(p)
}

// readPDU reads the header of a PDU (PS3.8 §9.3.1), and the short PDUs whole. The length excludes the header's six bytes.
func (c *Conversation) readPDU(dir wire.Dir, s *side, p []byte, h Handler) (done, need int, err error) {
	if len(p) < pduHeader {
		return 0, pduHeader, nil
	}
	kind, n := p[0], binary.BigEndian.Uint32(p[2:])
	if !s.placed && (kind < associateRQ || kind > associateRJ || p[1] != 0) {
		s.state = lostPlace // picked up midstream, perhaps inside an image
		return 0, 0, nil
	}
	s.placed = true
	switch kind {
	case pData:
		if n < 6 || n > maxData {
			return 0, 0, malformed("P-DATA-TF of %d bytes (PS3.8 §9.3.5)", n)
		}
		c.beginMidstream()
		s.state, s.pdu = atPDV, n
		return pduHeader, 0, nil
	case associateRQ, associateAC:
		if n < 68 || n > maxAssociate {
			return 0, 0, malformed("A-ASSOCIATE of %d bytes (PS3.8 §9.3.2)", n)
		}
		s.accepting = kind == associateAC
		if !s.accepting {
			c.begin(h)
		}
		s.state, s.pdu, s.item = atFixed, n, 0
		return pduHeader, 0, nil
	case associateRJ, releaseRQ, releaseRP, abort:
		if n != 4 {
			return 0, 0, malformed("PDU type %d of %d bytes (PS3.8 §9.3.4)", kind, n)
		}
		if len(p) < pduHeader+4 {
			return 0, pduHeader + 4, nil
		}
		c.short(dir, kind, p[pduHeader:], h)
		return pduHeader + 4, 0, nil
	}
	return 0, 0, malformed("PDU type %d (PS3.8 §9.3.1)", kind)
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("dicom: %w: %s", wire.ErrMalformed, fmt.Sprintf(format, args...))
}

// short acts on A-ASSOCIATE-RJ, A-RELEASE and A-ABORT.
func (c *Conversation) short(dir wire.Dir, kind byte, p []byte, h Handler) {
	if c.ended || !c.begun && kind == releaseRP {
		return // nothing is open that it could end
	}
	if !c.begun {
		c.begin(h)
		c.association.Midstream = true
	}
	a := &c.association
	switch kind {
	case associateRJ: // PS3.8 §9.3.4
		a.Result, a.Source, a.Reason, a.Ender = p[1], p[2], p[3], dir
		c.end(Rejected, h)
	case releaseRQ:
		c.leaving, a.Ender = true, dir
	case releaseRP:
		c.end(Released, h)
	case abort: // PS3.8 §9.3.8
		a.Source, a.Reason, a.Ender = p[2], p[3], dir
		c.end(Aborted, h)
	}
}

// readPDV reads the header of a PDV (PS3.8 §9.3.5.1): a length that counts what follows it, the context, the control byte.
func (c *Conversation) readPDV(dir wire.Dir, s *side, p []byte, h Handler) (done, need int, err error) {
	if s.pdu == 0 {
		s.state = atPDU
		return 0, 0, nil
	}
	if s.pdu < pdvHeader {
		return 0, 0, malformed("%d bytes behind the last PDV (PS3.8 §9.3.5)", s.pdu)
	}
	if len(p) < pdvHeader {
		return 0, pdvHeader, nil
	}
	n := binary.BigEndian.Uint32(p)
	if n < 2 || n > s.pdu-4 {
		return 0, 0, malformed("PDV of %d bytes in a PDU with %d left (PS3.8 §9.3.5.1)", n, s.pdu)
	}
	s.pdu -= 4 + n
	s.context, s.control, s.fragment = p[4], p[5], n-2
	s.state = inPDV
	if s.control&1 == 0 {
		c.association.Bytes[dir] += uint64(s.fragment)
		c.countData(s)
	}
	if s.fragment == 0 {
		c.readFragment(dir, s, nil, h)
	}
	return pdvHeader, 0, nil
}

// readFragment takes what p holds of a PDV. Data that nobody walks are skipped, also those that are yet to come.
func (c *Conversation) readFragment(dir wire.Dir, s *side, p []byte, h Handler) int {
	done := 0
	if s.fragment > 0 {
		n := int(min(uint64(s.fragment), uint64(len(p))))
		switch {
		case s.control&1 == 1:
			s.gather(p[:n])
		case !s.walking && !s.object:
			n = int(s.fragment)
		default:
			c.data(s, p[:n])
		}
		s.fragment -= uint32(n)
		done = n
	}
	if s.fragment == 0 {
		s.state = atPDV
		if s.control&2 != 0 {
			c.endMessage(dir, s, h)
		}
	}
	return done
}

// data takes bytes of a data set.
func (c *Conversation) data(s *side, p []byte) {
	if s.object && c.Objects != nil {
		c.Objects.Object(s.present, p, false)
	}
	if s.walking {
		c.feed(s, p)
	}
}

// gather keeps a fragment of a command set.
func (s *side) gather(p []byte) {
	if len(s.command)+len(p) > maxCommand {
		s.broken = true
		return
	}
	s.command = append(s.command, p...)
}

// endMessage acts on the end of a command set or of a data set.
func (c *Conversation) endMessage(dir wire.Dir, s *side, h Handler) {
	if s.control&1 == 0 {
		c.endData(s, h)
		return
	}
	if !s.broken {
		c.set.parse(s.command)
		c.message(dir, s, h)
	} else {
		c.association.Cut = true
	}
	c.set = set{}
	s.command, s.broken = s.command[:0], false
}

// Gap tells that bytes of one side were lost. Inside the data of a PDV that costs what the data would have told;
// anywhere else reading goes on at the next thing that looks like a PDU.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	s := &c.sides[dir]
	inside := s.state == inPDV && uint64(n) < uint64(s.fragment)
	if s.object {
		s.present.Lost += uint64(n)
	}
	if inside {
		s.fragment -= uint32(n)
		if s.control&1 == 0 && !s.walking {
			return nil
		}
	}
	c.association.Cut = true
	s.broken = s.broken || len(s.command) > 0 || inside && s.control&1 == 1
	if s.walking {
		s.walk.stop(true)
	}
	if !inside {
		s.state = lostPlace
	}
	return nil
}

// findPDU looks for the next thing that looks like a P-DATA-TF, A-RELEASE or A-ABORT PDU.
func (s *side) findPDU(p []byte) (done, need int, err error) {
	for i := range p {
		if p[i] < pData || p[i] > abort || i+1 < len(p) && p[i+1] != 0 {
			continue
		}
		have := len(p) - i
		if isShort(p[i:]) || have >= 20 && isDataHeader(p[i:]) {
			s.state, s.placed = atPDU, true
			s.command, s.broken = s.command[:0], false
			return i, 0, nil
		}
		if have < 10 {
			return i, 10, nil
		}
		if have < 20 {
			return i, 20, nil
		}
	}
	return len(p), 0, nil
}

// isShort reports whether p begins with an A-RELEASE or A-ABORT PDU, whole.
func isShort(p []byte) bool {
	if len(p) < 10 || p[0] == pData || binary.BigEndian.Uint32(p[1:]) != 0 || p[5] != 4 || p[6] != 0 || p[7] != 0 {
		return false
	}
	return p[0] == abort && p[8] <= 2 && p[9] <= 6 || p[0] != abort && p[8] == 0 && p[9] == 0
}

// Close reports what is still open.
func (c *Conversation) Close(h Handler) {
	if !c.begun || c.ended {
		return
	}
	switch {
	case c.leaving:
		c.end(Released, h)
	case c.association.State == Accepted:
		c.end(Dropped, h)
	default:
		c.end(Requested, h)
	}
}
