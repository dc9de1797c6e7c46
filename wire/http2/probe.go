package http2

import "bulwark/wire"

// Probe tells whether p begins a conversation of HTTP/2: the preface of a client, or the SETTINGS of a server.
func Probe(p []byte) (wire.Match, wire.Dir) {
	if len(p) == 0 {
		return wire.Unsure, wire.Either
	}
	if n := min(len(p), len(preface)); string(p[:n]) == preface[:n] {
		if n < 16 {
			return wire.Unsure, wire.ToServer
		}
		return wire.Yes, wire.ToServer
	}
	// RFC 9113 §3.4: the preface of a server is a SETTINGS frame, which may be empty.
	if len(p) < frameHeader {
		if p[0] != 0 || len(p) > 3 && p[3] != byte(Settings) {
			return wire.No, wire.ToClient
		}
		return wire.Unsure, wire.ToClient
	}
	f := parseFrame(p)
	if f.kind != Settings || f.flags != 0 || f.stream != 0 || p[5]&0x80 != 0 || f.length%6 != 0 || f.length > 20*6 {
		return wire.No, wire.ToClient
	}
	body := p[frameHeader:]
	if len(body) > f.length && !plausible(body) {
		return wire.No, wire.ToClient
	}
	for n := min(len(body), f.length); n >= 6; n -= 6 {
		if id := uint16(body[0])<<8 | uint16(body[1]); id == 0 || id > 16 {
			return wire.No, wire.ToClient
		}
		body = body[6:]
	}
	if f.length == 0 && len(p) == frameHeader {
		return wire.Unsure, wire.ToClient // nine bytes, eight of them zero: the other side tells
	}
	return wire.Yes, wire.ToClient
}

// frame is the header of a frame.
type frame struct {
	length int
	kind   FrameType
	flags  uint8
	stream uint32
}

// parseFrame reads the header that p begins with.
func parseFrame(p []byte) frame {
	_ = p[8]
	return frame{int(p[0])<<16 | int(p[1])<<8 | int(p[2]), FrameType(p[3]), p[4],
		uint32(p[5]&0x7f)<<24 | uint32(p[6])<<16 | uint32(p[7])<<8 | uint32(p[8])}
}

// plausible tells whether p may begin with the header of a frame, as far as it is there.
func plausible(p []byte) bool {
	if len(p) < frameHeader {
		return len(p) < 4 || p[3] <= byte(Continuation)
	}
	f := parseFrame(p)
	if p[5]&0x80 != 0 || f.length > maxFrame {
		return false
	}
	switch f.kind {
	case Data, Headers, PushPromise, Continuation:
		return f.stream != 0
	case Priority:
		return f.length == 5 && f.stream != 0
	case ResetStream:
		return f.length == 4 && f.stream != 0
	case Settings:
		return f.length%6 == 0 && f.stream == 0 && f.flags&^flagAck == 0
	case Ping:
		return f.length == 8 && f.stream == 0 && f.flags&^flagAck == 0
	case GoAway:
		return f.length >= 8 && f.stream == 0
	case WindowUpdate:
		return f.length == 4
	}
	return false
}
