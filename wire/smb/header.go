package smb

import "encoding/binary"

// headerSize is the length of an SMB 2 header ([MS-SMB2] 2.2.1), and where a command's body begins.
const headerSize = 64

// The first four bytes of messages, as they read little-endian.
const (
	magicSMB1       = 0x424d53ff
	magicSMB2       = 0x424d53fe
	magicEncrypted  = 0x424d53fd // [MS-SMB2] 2.2.41
	magicCompressed = 0x424d53fc // [MS-SMB2] 2.2.42
)

func isMagic(v uint32) bool { return v >= magicCompressed && v <= magicSMB1 }

// The flags of a header ([MS-SMB2] 2.2.1.2).
const (
	flagResponse = 0x1
	flagAsync    = 0x2
	flagRelated  = 0x4
)

func le16(p []byte, at int) uint16 {
	if len(p) < at+2 {
		return 0
	}
	return binary.LittleEndian.Uint16(p[at:])
}

func le32(p []byte, at int) uint32 {
	if len(p) < at+4 {
		return 0
	}
	return binary.LittleEndian.Uint32(p[at:])
}

func le64(p []byte, at int) uint64 {
	if len(p) < at+8 {
		return 0
	}
	return binary.LittleEndian.Uint64(p[at:])
}

func fileID(p []byte, at int) (id FileID) {
	if len(p) >= at+16 {
		copy(id[:], p[at:])
	}
	return id
}

// part is length bytes of p from offset, as far as they are there.
func part(p []byte, offset, length int) []byte {
	offset = min(offset, len(p))
	return p[offset:min(offset+length, len(p))]
}

// unixNano turns a FILETIME ([MS-DTYP] 2.3.3), 100 ns since 1601, into Unix nanoseconds; 0 stays 0.
func unixNano(t uint64) int64 {
	const epoch = 116444736000000000
	if t < epoch || t > epoch+1<<63/100 {
		return 0
	}
	return int64(t-epoch) * 100
}

// header is what is used of a header.
type header struct {
	command  Command
	flags    uint32
	status   Status
	next     int
	message  uint64
	tree     uint32
	session  uint64
	response bool

	smb1    bool // of SMB 1: its code, and the process that asks
	code    Code
	process uint32
}

func parseHeader(p []byte) header {
	flags := le32(p, 16)
	h := header{
		command: Command(le16(p, 12)), flags: flags, response: flags&flagResponse != 0,
		status: Status(le32(p, 8)), next: int(le32(p, 20)), message: le64(p, 24), session: le64(p, 40),
	}
	if flags&flagAsync == 0 { // else an AsyncId stands there
		h.tree = le32(p, 36)
	}
	return h
}

// wanted is how many bytes of a command must be there to read it: what is behind is skipped. A list or a file's
// content is not looked at.
func (h *header) wanted() int {
	if h.response {
		return h.wantedResponse()
	}
	switch h.command {
	case Negotiate, TreeConnect, Create, SetInfo:
		return 4096
	case SessionSetup:
		return maxToken
	case QueryDirectory:
		return headerSize + 32 + 256
	case Read, Write:
		return headerSize + 48
	case IOControl:
		return headerSize + 56
	case QueryInfo:
		return headerSize + 40
	}
	return headerSize + 24
}

// maxToken is how much of a SESSION_SETUP is read: a Kerberos ticket with a large PAC goes on behind it.
const maxToken = 32 << 10

func (h *header) wantedResponse() int {
	switch h.command {
	case Negotiate:
		return 4096
	case SessionSetup:
		return maxToken
	case Create:
		return headerSize + 88
	case Close:
		return headerSize + 60
	case IOControl:
		return headerSize + 48
	}
	return headerSize + 16
}
