// Package pcap reads capture files, the two formats in which the world keeps packets, and writes the older one.
//
//   - pcap (draft-ietf-opsawg-pcap): a file header of 24 bytes, then records of 16 bytes and a frame each. The magic
//     tells the byte order of the machine that wrote it and whether it counted microseconds or nanoseconds. The
//     "modified" files of old Red Hat kernels (A. Kuznetzov) carry 8 more bytes a record.
//   - pcapng (draft-ietf-opsawg-pcapng): a chain of typed blocks in sections. A section states its byte order and
//     its interfaces, each with a link type and a clock of its own; a packet names its interface.
//
// Either may be compressed with gzip or zstd. What a file is, its first bytes decide, never its name:
//
//	r, err := pcap.NewReader(file) // or pcap.FromBytes(mapped)
//	var p pcap.Packet
//	for err == nil {
//		if err = r.Next(&p); err == nil {
//			use(p.Link, p.Data)
//		}
//	}
//	// err is io.EOF at the end of a whole file, or a *pcap.Error that names the place and what is wrong there
//
// [FromBytes] walks a mapped file without copying: Data points into it. [NewReader] reads a stream through one
// buffer that holds the largest record met so far, at most [MaxPacket] and its header. Nothing that a file claims
// is believed before the bytes are there: memory grows with what was read, not with what a length says.
//
// A hospital's captures are cut, since a disk fills or a tool is killed. All whole packets are delivered first;
// then comes the [Error], and it stays.
package pcap

import "fmt"

const (
	// MaxPacket is the longest frame that is read, in bytes: the limit of libpcap for all but a few buses.
	MaxPacket = 256 << 10
	// MaxWindow is the furthest a zstd file may reach back, in bytes: what the zstd tool accepts by itself.
	MaxWindow = 128 << 20
	// MaxInterfaces is how many interfaces one pcapng section may describe.
	MaxInterfaces = 1 << 16
)

// Packet is one captured frame.
type Packet struct {
	// Time is when it was captured, in Unix nanoseconds; 0 where the file does not say (simple packet blocks).
	Time int64
	// Data is what was kept of the frame. It is valid until the next call of Next and must not be written to.
	Data []byte
	// Orig is how many bytes the frame had on the wire. It is below len(Data) only in files that contradict themselves.
	Orig int
	// Link is what the frame begins with.
	Link LinkType
	// Interface is the number of the capturing interface within its section; 0 in pcap files.
	Interface int
}

// Interface is what a pcapng section says of a capturing interface.
type Interface struct {
	// Name is the system's name for it, such as eth0; empty where not told. At most 256 bytes are kept.
	Name string
	// Link is what its frames begin with.
	Link LinkType
	// SnapLen is how many bytes of a frame were kept at most. 0 means all.
	SnapLen uint32

	clock clock
}

// Error says where a capture stops being readable, and why. Everything before was delivered.
type Error struct {
	// Offset is where the unreadable unit (header, record or block) begins, in bytes from the start of the capture,
	// counted after decompression.
	Offset int64
	// Reason is what is wrong there, in words.
	Reason string
	// Packed is the compression around the capture, gzip or zstd; empty where there is none.
	Packed string
	// Err is the cause: io.ErrUnexpectedEOF for a cut file, the reader's error for one that could not be read,
	// [ErrFormat] for what is no capture; nil where the bytes themselves are wrong.
	Err error
}

func (e *Error) Error() string {
	where := ""
	if e.Packed != "" {
		where = " of the " + e.Packed + " content"
	}
	return fmt.Sprintf("pcap: offset %d%s: %s", e.Offset, where, e.Reason)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
