package dns

import "bulwark/wire"

// Handler takes the messages of a conversation.
type Handler interface {
	// Message is called for each message; it is valid during the call. After an error m holds what could be read.
	Message(dir wire.Dir, m *Message, err error)
}

// Conversation is DNS over TCP (RFC 1035 §4.2.2, RFC 7766): messages with their length before them. Its zero value is
// ready.
type Conversation struct {
	message Message
	sides   [2]side
}

type side struct {
	want int  // length of the message whose prefix was read; 0: a prefix comes next
	skip int  // bytes that a gap left of a message
	sync bool // what comes next may be the middle of a message
}

// prefixLen is the length before each message.
const prefixLen = 2

// Decode reads the messages of one direction. A message may be as long as the caller keeps bytes, so its prefix is
// consumed alone.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	s := &c.sides[dir]
	done, s.skip = s.skip, 0
	if done >= len(p) {
		return done, 0, nil
	}
	if s.sync {
		switch m, _ := Probe(p[done:]); m {
		case wire.No:
			return len(p), 0, nil // a segment that begins in the middle of a message
		case wire.Unsure:
			return done, 0, nil
		}
		s.sync = false
	}
	for {
		if s.want == 0 {
			if len(p)-done < prefixLen {
				return done, prefixLen, nil
			}
			s.want = int(u16(p, done))
			done += prefixLen
			continue
		}
		if len(p)-done < s.want {
			return done, s.want, nil
		}
		msg := p[done : done+s.want]
		done += s.want
		s.want = 0
		h.Message(dir, &c.message, c.message.Parse(msg))
	}
}

// Gap goes on behind the message that the lost bytes belong to; what follows must look like the beginning of a
// message, or is passed over until a segment does.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	s := &c.sides[dir]
	*s = side{skip: max(s.want+s.skip-n, 0), sync: true}
	return nil
}

// Close has nothing to report: a message is whole or it is none.
func (c *Conversation) Close(Handler) {}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() { c.sides = [2]side{} }
