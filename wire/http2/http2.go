// Package http2 follows conversations of HTTP/2 in the clear (RFC 9113), and hands over what crosses as the
// transactions of package http: whoever understands the one understands the other.
//
// Behind a preface of the client the connection is a row of frames, each of one stream:
//
//	+--------+------+-------+---------------------+---------
//	| length | type | flags | stream (31 bits)    | payload
//	+--------+------+-------+---------------------+---------
//	  3 bytes   1      1       4 bytes              length bytes
//
// A stream is a request with its response: HEADERS, goes on in CONTINUATION where the fields are many, then DATA, then
// perhaps HEADERS again, the trailers. Streams take turns as they like. The fields are packed with HPACK (RFC 7541): an
// index into a table that both ends build up, or text, or text in a Huffman code. Who misses a header block no longer
// knows the table: behind a gap, fields that refer to what was lost are left out.
//
// HTTP/2 comes with prior knowledge, or by Upgrade from HTTP/1 ([Conversation.Upgraded]); within TLS it is not seen.
package http2

import (
	"fmt"
	"strconv"

	"bulwark/wire"
)

// ErrPreface means that a client does not begin as RFC 9113 §3.4 has it.
var ErrPreface = fmt.Errorf("http2: no preface: %w", wire.ErrMalformed)

// FrameType is the type of a frame (RFC 9113 §6).
type FrameType uint8

// The types of frames.
const (
	Data FrameType = iota
	Headers
	Priority
	ResetStream
	Settings
	PushPromise
	Ping
	GoAway
	WindowUpdate
	Continuation
)

// The flags of frames.
const (
	flagEndStream  = 0x01 // of DATA and HEADERS
	flagAck        = 0x01 // of SETTINGS and PING
	flagEndHeaders = 0x04
	flagPadded     = 0x08
	flagPriority   = 0x20
)

const (
	preface     = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	frameHeader = 9
	// maxStreams is how many streams are followed at a time, and maxKept how many bytes their heads may take; beyond
	// that the oldest is given up.
	maxStreams = 128
	maxKept    = 256 << 10
	// maxFrame is the longest frame that is read as a whole, in bytes. DATA may be longer.
	maxFrame = wire.MaxPending - frameHeader
	// maxBlock is how long a header block is put together, in bytes.
	maxBlock = 64 << 10
	// keepBuffer is how much memory a conversation keeps for the next one, in bytes.
	keepBuffer = 8 << 10
)

// ErrorCode is why a stream or the connection ends (RFC 9113 §7).
type ErrorCode uint32

func (e ErrorCode) String() string {
	names := [...]string{"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
		"STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR",
		"ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"}
	if int(e) < len(names) {
		return names[e]
	}
	return strconv.FormatUint(uint64(e), 10)
}

// Setting is the number of a setting (RFC 9113 §6.5.2).
type Setting uint16

func (s Setting) String() string {
	names := [...]string{1: "HEADER_TABLE_SIZE", "ENABLE_PUSH", "MAX_CONCURRENT_STREAMS", "INITIAL_WINDOW_SIZE",
		"MAX_FRAME_SIZE", "MAX_HEADER_LIST_SIZE", 8: "ENABLE_CONNECT_PROTOCOL", 9: "NO_RFC7540_PRIORITIES"}
	if int(s) < len(names) && names[s] != "" {
		return names[s]
	}
	return strconv.FormatUint(uint64(s), 10)
}

const settingTableSize Setting = 1

// Oddity is what is wrong with a frame. Zero is nothing.
type Oddity uint8

// The oddities.
const (
	InvalidFrameHeader Oddity = iota + 1 // a frame of no known type, or behind lost bytes
	InvalidFrameData                     // padding longer than the frame, settings cut short
	InvalidFrameLength                   // a length that the type does not have
	InvalidHeader                        // a header block that cannot be read (RFC 7541)
	IntegerOverflow                      // a number in it that is too large
	LongFrame                            // a frame longer than is read as a whole
	LongBlock                            // a header block longer than is put together
	DataOfNoStream                       // DATA of stream 0
	StreamReused                         // a stream that is over goes on
	TooManyStreams                       // the oldest was given up
	HostMismatch                         // the fields :authority and host differ
	UserInURI                            // a user in the authority
)
