package capfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
)

// pcapng builds a file of one section: one interface of link type link and one enhanced packet block.
func pcapng(order binary.AppendByteOrder, link uint16, resol byte, stamp uint64, data []byte) []byte {
	var b []byte
	b = append(b, 0x0a, 0x0d, 0x0d, 0x0a)
	b = order.AppendUint32(b, 28)
	b = order.AppendUint32(b, 0x1a2b3c4d)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, 0)
	b = order.AppendUint64(b, ^uint64(0))
	b = order.AppendUint32(b, 28)

	b = order.AppendUint32(b, blockInterface)
	b = order.AppendUint32(b, 28)
	b = order.AppendUint16(b, link)
	b = order.AppendUint16(b, 0)
	b = order.AppendUint32(b, 65535)
	b = order.AppendUint16(b, 9)
	b = order.AppendUint16(b, 1)
	b = append(b, resol, 0, 0, 0)
	b = order.AppendUint32(b, 28)

	padded := (len(data) + 3) &^ 3
	n := uint32(32 + padded)
	b = order.AppendUint32(b, blockEnhanced)
	b = order.AppendUint32(b, n)
	b = order.AppendUint32(b, 0)
	b = order.AppendUint32(b, uint32(stamp>>32))
	b = order.AppendUint32(b, uint32(stamp))
	b = order.AppendUint32(b, uint32(len(data)))
	b = order.AppendUint32(b, uint32(len(data)))
	b = append(b, data...)
	b = append(b, make([]byte, padded-len(data))...)
	return order.AppendUint32(b, n)
}

func pcap(t int64, data []byte) []byte {
	var b bytes.Buffer
	w, err := NewWriter(&b)
	if err == nil {
		err = w.Write(t, data)
	}
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}

func TestReader(t *testing.T) {
	frame := []byte("a frame of an odd length.")
	const sec = int64(1_800_000_000)
	tests := []struct {
		says string
		file []byte
		link int
		time int64
		err  error // of the call after the packet
	}{
		{"a pcap gives its packet and ends", pcap(sec*1e9+7000, frame), 1, sec*1e9 + 7000, io.EOF},
		{"a pcapng of microseconds", pcapng(binary.LittleEndian, 101, 6, uint64(sec*1e6+5), frame), 101, sec*1e9 + 5000, io.EOF},
		{"a big-endian pcapng of nanoseconds", pcapng(binary.BigEndian, 1, 9, uint64(sec*1e9+5), frame), 1, sec*1e9 + 5, io.EOF},
		{"a packet cut off after a whole one", append(pcap(sec*1e9, frame), 1, 2, 3), 1, sec * 1e9, ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			r, err := NewReader(bytes.NewReader(tt.file))
			if err != nil {
				t.Fatal(err)
			}
			var p Packet
			if err := r.Next(&p); err != nil {
				t.Fatal(err)
			}
			if p.Link != tt.link || p.Time != tt.time || !bytes.Equal(p.Data, frame) {
				t.Errorf("got link %d time %d data %q, want %d %d %q", p.Link, p.Time, p.Data, tt.link, tt.time, frame)
			}
			if err := r.Next(&p); !errors.Is(err, tt.err) {
				t.Errorf("after the packet got %v, want %v", err, tt.err)
			}
		})
	}
}

func TestReaderRefusesWhatIsNoCapture(t *testing.T) {
	for _, in := range []string{"", "abc", "GIF89a and more"} {
		if _, err := NewReader(bytes.NewReader([]byte(in))); !errors.Is(err, ErrMagic) {
			t.Errorf("%q: got %v, want %v", in, err, ErrMagic)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(pcap(1e18, []byte("frame")))
	f.Add(pcapng(binary.LittleEndian, 1, 6, 1, []byte("frame")))
	f.Add(pcapng(binary.BigEndian, 228, 0x8a, 1, []byte("frame")))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := NewReader(bytes.NewReader(in))
		if err != nil {
			return
		}
		var p Packet
		for total := 0; r.Next(&p) == nil; {
			if total += len(p.Data); total > len(in) {
				t.Fatalf("got %d bytes of packets out of %d", total, len(in))
			}
			if len(p.Data) == 0 && total == 0 && len(in) > 1<<20 {
				return
			}
		}
	})
}
