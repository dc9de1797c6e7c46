package quic

import "bulwark/wire/internal/octets"

// The frames of an Initial that are read (RFC 9000 §19), and those that stand beside them.
const (
	framePadding     = 0x00
	framePing        = 0x01
	frameACK         = 0x02
	frameACKECN      = 0x03
	frameCrypto      = 0x06
	frameClose       = 0x1c
	frameCloseByApp  = 0x1d
	frameGoogleHello = 0x08 // CRYPTO in Q050
)

// frames are what the frames of one packet said.
type frames struct {
	closed bool
	code   uint64 // of the error that closed the connection
	reason []byte
}

// read takes the frames of an Initial apart and puts the pieces of its hello where they belong.
func (f *frames) read(v Version, p []byte, s *stream) error {
	c := cursor{octets.Of(p)}
	for len(c.Rest) > 0 {
		switch kind := c.U8(); kind {
		case framePadding:
			c.padding()
		case framePing:
		case frameACK, frameACKECN:
			c.ack(kind == frameACKECN)
		case frameCrypto, frameGoogleHello:
			if kind == frameGoogleHello && !v.Google() {
				return ErrFrames
			}
			at := c.varint()
			data := c.Take(c.length())
			if c.Short {
				return ErrFrames
			}
			if err := s.add(at, data); err != nil {
				return err
			}
		case frameClose, frameCloseByApp:
			f.close(&c, kind)
		default:
			if v.Google() {
				return nil // Q050 has other frames: a hello stands before them
			}
			return ErrFrames
		}
		if c.Short {
			return ErrFrames
		}
	}
	return nil
}

// close reads why the connection ends (RFC 9000 §19.19).
func (f *frames) close(c *cursor, kind byte) {
	f.closed, f.code = true, c.varint()
	if kind == frameClose {
		c.varint() // the type of the frame that was at fault
	}
	f.reason = c.Take(c.length())
}

func (c *cursor) padding() {
	n := 0
	for n < len(c.Rest) && c.Rest[n] == 0 {
		n++
	}
	c.Rest = c.Rest[n:]
}

// ack passes an acknowledgment over (RFC 9000 §19.3).
func (c *cursor) ack(counts bool) {
	c.varint() // largest
	c.varint() // delay
	ranges := c.varint()
	c.varint() // the first range
	for range min(ranges, uint64(len(c.Rest))) {
		c.varint()
		c.varint()
	}
	if counts {
		c.varint()
		c.varint()
		c.varint()
	}
}
