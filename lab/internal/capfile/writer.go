package capfile

import (
	"encoding/binary"
	"io"
	"time"
)

// Writer writes one Ethernet pcap with microsecond time stamps. Give it a buffered writer.
type Writer struct {
	w    io.Writer
	head [16]byte
}

// NewWriter writes the file header.
func NewWriter(w io.Writer) (*Writer, error) {
	var h [24]byte
	le := binary.LittleEndian
	le.PutUint32(h[0:], 0xa1b2c3d4)
	le.PutUint16(h[4:], 2)
	le.PutUint16(h[6:], 4)
	le.PutUint32(h[16:], MaxPacket)
	le.PutUint32(h[20:], LinkEthernet)
	_, err := w.Write(h[:])
	return &Writer{w: w}, err
}

// Write writes one frame seen at t, nanoseconds since 1970.
func (w *Writer) Write(t int64, frame []byte) error {
	le := binary.LittleEndian
	le.PutUint32(w.head[0:], uint32(t/int64(time.Second)))
	le.PutUint32(w.head[4:], uint32(t%int64(time.Second)/1000))
	le.PutUint32(w.head[8:], uint32(len(frame)))
	le.PutUint32(w.head[12:], uint32(len(frame)))
	if _, err := w.w.Write(w.head[:]); err != nil {
		return err
	}
	_, err := w.w.Write(frame)
	return err
}
