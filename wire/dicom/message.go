package dicom

import "bulwark/wire"

// message acts on a command set.
func (c *Conversation) message(dir wire.Dir, s *side, h Handler) {
	m := &c.set
	s.present, s.walking, s.object = nil, false, false
	switch {
	case c.ended:
	case m.field == cancelRQ:
		if cmd := c.find(dir, m.respondedTo); cmd != nil {
			cmd.Cancelled = true
		}
	case m.field&isResponse == 0:
		if old := c.find(dir, m.messageID); old != nil {
			c.report(old, h) // PS3.7 §9.1: an id is used again only when its operation is over
		}
		c.request(dir, s)
	default:
		c.response(dir, s, h)
	}
	for len(c.open) > maxOpen {
		c.association.Cut = true
		c.report(c.open[0], h)
	}
}

func (c *Conversation) find(dir wire.Dir, id uint16) *Command {
	for _, cmd := range c.open {
		if cmd.Dir == dir && cmd.MessageID == id {
			return cmd
		}
	}
	return nil
}

// request opens an operation and prepares for its data set.
func (c *Conversation) request(dir wire.Dir, s *side) {
	m := &c.set
	cmd := c.take(dir, s, m.messageID)
	c.association.Operations[cmd.Operation].Requests++
	if m.dataSet == noDataSet {
		return
	}
	s.present, s.answer, s.walking = cmd, false, true
	s.object = c.Objects != nil && cmd.Operation == CStore
	s.inflater.packed = s.inflater.packed[:0]
	s.walk.start(encodingOf(cmd.TransferSyntax), cmd.Operation == CFind, cmd.arena, cmd.keys)
}

// take opens an operation from the present command set.
func (c *Conversation) take(dir wire.Dir, s *side, id uint16) *Command {
	m, cmd := &c.set, (*Command)(nil)
	if n := len(c.free); n > 0 {
		cmd, c.free = c.free[n-1], c.free[:n-1]
	} else {
		cmd = &Command{}
	}
	*cmd = Command{
		Association: &c.association, Dir: dir, Operation: operation(m.field), MessageID: id, Context: s.context,
		OriginatorID: m.originatorID, Type: m.kind, arena: cmd.arena[:0], keys: cmd.keys[:0],
		SOPInstance: cmd.SOPInstance[:0], Destination: cmd.Destination[:0], Originator: cmd.Originator[:0],
	}
	if pc := c.association.find(s.context); pc != nil {
		if cmd.TransferSyntax = pc.TransferSyntax; !pc.Answered && len(pc.Proposed) == 1 {
			cmd.TransferSyntax = pc.Proposed[0]
		}
		if pc.AbstractSyntax == string(trim(m.class)) {
			cmd.SOPClass = pc.AbstractSyntax
		}
	}
	if cmd.SOPClass == "" {
		cmd.SOPClass = c.names.of(m.class)
	}
	cmd.SOPInstance = appendBounded(cmd.SOPInstance, trim(m.object))
	cmd.Destination = appendBounded(cmd.Destination, m.destination)
	cmd.Originator = appendBounded(cmd.Originator, m.originator)
	c.open = append(c.open, cmd)
	return cmd
}

func appendBounded(dst, v []byte) []byte { return append(dst, v[:min(len(v), maxUID)]...) }

// response joins a response to its request by the message id (PS3.7 §9.3), and closes the operation unless more follow.
func (c *Conversation) response(dir wire.Dir, s *side, h Handler) {
	m := &c.set
	cmd := c.find(dir.Other(), m.respondedTo)
	if cmd == nil {
		cmd = c.take(dir.Other(), s, m.respondedTo)
	}
	cmd.Status = Status(m.status)
	if cmd.Operation == CGet || cmd.Operation == CMove {
		cmd.Remaining, cmd.Completed, cmd.Failed, cmd.Warning = m.remaining, m.completed, m.failed, m.warning
	}
	if len(cmd.SOPInstance) == 0 { // N-CREATE may leave the naming to the other side
		cmd.SOPInstance = appendBounded(cmd.SOPInstance, trim(m.object))
	}
	if cmd.Status.Pending() {
		cmd.Pending++
	} else {
		cmd.Answered, cmd.final = true, true
	}
	if m.dataSet != noDataSet {
		s.present, s.answer = cmd, true
		return
	}
	if cmd.final {
		c.report(cmd, h)
	}
}

// countData counts the bytes of a fragment for the operation they belong to.
func (c *Conversation) countData(s *side) {
	switch {
	case s.present == nil:
	case s.answer:
		s.present.ResponseBytes += uint64(s.fragment)
	default:
		s.present.RequestBytes += uint64(s.fragment)
	}
}

// feed walks data of a request.
func (c *Conversation) feed(s *side, p []byte) {
	if !s.walk.deflated {
		s.walk.feed(p)
	} else if s.inflater.feed(p) {
		s.inflater.walk(&s.walk, false)
	}
	if s.walk.over {
		c.keepData(s, true)
	}
}

// keepData hands what the walk kept to the operation.
func (c *Conversation) keepData(s *side, ended bool) {
	s.walking = false
	s.walk.elements(&s.present.Data, ended)
	s.present.arena, s.present.keys = s.walk.arena, s.walk.keys
	s.walk.arena, s.walk.keys = nil, nil
}

// endData acts on the end of a data set.
func (c *Conversation) endData(s *side, h Handler) {
	if s.walking {
		if s.walk.deflated {
			s.inflater.walk(&s.walk, true)
		}
		c.keepData(s, true)
	}
	cmd := s.present
	if s.object {
		c.Objects.Object(cmd, nil, true)
	}
	s.present, s.object = nil, false
	if cmd != nil && s.answer && cmd.final {
		c.report(cmd, h)
	}
}

// report closes an operation and shows it to the handler.
func (c *Conversation) report(cmd *Command, h Handler) {
	for i := range c.sides {
		s := &c.sides[i]
		if s.present != cmd {
			continue
		}
		if s.walking {
			s.walk.stop(true)
			c.keepData(s, false)
		}
		s.present, s.object = nil, false
	}
	c.count(cmd)
	h.Command(cmd)
	for i := range c.open {
		if c.open[i] == cmd {
			c.open = append(c.open[:i], c.open[i+1:]...)
			break
		}
	}
	c.free = append(c.free, cmd)
}

// count adds an operation to what the association tells.
func (c *Conversation) count(cmd *Command) {
	a := &c.association
	n := &a.Operations[cmd.Operation]
	class := cmd.Status.Class()
	switch {
	case !cmd.Answered:
		n.Unanswered++
	case class == "failure":
		n.Failed++
	}
	switch cmd.Operation {
	case CFind:
		a.Matches += uint64(cmd.Pending)
	case CGet, CMove:
		a.SubOperations += uint64(cmd.Completed)
	case CStore:
		if cmd.Answered && (class == "success" || class == "warning") {
			a.Stored++
		}
		a.More = !c.studies.add(cmd.Data.StudyInstanceUID) || !c.series.add(cmd.Data.SeriesInstanceUID) || a.More
		a.Studies, a.Series = c.studies.n, c.series.n
	}
}
