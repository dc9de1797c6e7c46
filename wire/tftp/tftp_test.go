package tftp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire/internal/corpus"
)

func describe(m *Message) string {
	s := fmt.Sprintf("%d %q %q block %d data %d error %q %q size %d", m.Op, m.File, m.Mode, m.Block, len(m.Data), m.ErrorName(), m.Text, m.Size())
	for _, o := range m.Options {
		s += fmt.Sprintf(" %s=%s", o.Name, o.Value)
	}
	return s
}

func TestMessages(t *testing.T) {
	for _, c := range []struct {
		does, p, want string
		looks         bool
		err           error
	}{
		{"a device asks for its firmware", "\x00\x01firmware.bin\x00octet\x00", `1 "firmware.bin" "octet" block 0 data 0 error "" "" size 0`, true, nil},
		{"with options", "\x00\x02log.txt\x00OCTET\x00blksize\x001428\x00tsize\x0070000\x00", `2 "log.txt" "OCTET" block 0 data 0 error "" "" size 70000 blksize=1428 tsize=70000`, true, nil},
		{"a server accepts options", "\x00\x06blksize\x001428\x00", `6 "" "" block 0 data 0 error "" "" size 0 blksize=1428`, false, nil},
		{"a block", "\x00\x03\x00\x07abc", `3 "" "" block 7 data 3`, false, nil},
		{"an acknowledgement", "\x00\x04\x00\x07", `4 "" "" block 7`, false, nil},
		{"an error", "\x00\x05\x00\x01no such file\x00", `5 "" "" block 0 data 0 error "file not found" "no such file"`, false, nil},
		{"another mode is none", "\x00\x01a\x00binary\x00", `1 "a" "binary"`, false, nil},
		{"a name that does not print is none", "\x00\x01\x01\x02\x00octet\x00", `1 "\x01\x02" "octet"`, false, nil},
		{"half an option is none", "\x00\x01a\x00octet\x00blksize\x00", `1 "a" "octet" block 0 data 0 error "" "" size 0`, false, nil},
		{"a request without its mode", "\x00\x01a\x00octet", `1 "a"`, false, ErrShort},
		{"an operation that is none", "\x00\x09a", `9 ""`, false, ErrOp},
		{"half an acknowledgement", "\x00\x04\x00", `4 ""`, false, ErrShort},
	} {
		t.Run(c.does, func(t *testing.T) {
			var m Message
			if err := Parse([]byte(c.p), &m); !errors.Is(err, c.err) {
				t.Errorf("error: got %v, want %v", err, c.err)
			}
			if got := describe(&m); !strings.HasPrefix(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if Looks([]byte(c.p)) != c.looks {
				t.Errorf("looks: got %v, want %v", Looks([]byte(c.p)), c.looks)
			}
		})
	}
}

func block(n int, size int) *Message {
	p := binary.BigEndian.AppendUint16([]byte{0, 3}, uint16(n))
	var m Message
	_ = Parse(append(p, make([]byte, size)...), &m)
	return &m
}

func TestATransferIsFollowed(t *testing.T) {
	for _, c := range []struct {
		does   string
		agreed string // size of blocks
		blocks [][2]int
		want   string // lost, fresh and last of each
	}{
		{"blocks in order, the last one short", "", [][2]int{{1, 512}, {2, 512}, {3, 7}}, "0 true false, 0 true false, 0 true true"},
		{"a block that comes twice counts once", "", [][2]int{{1, 512}, {1, 512}, {2, 7}}, "0 true false, 0 false false, 0 true true"},
		{"a block that was not seen is lost", "", [][2]int{{1, 512}, {3, 512}}, "0 true false, 512 true false"},
		{"a file of whole blocks ends with an empty one", "", [][2]int{{1, 512}, {2, 0}}, "0 true false, 0 true true"},
		{"nothing follows the last", "", [][2]int{{1, 7}, {2, 512}}, "0 true true, 0 false false"},
		{"blocks of the size agreed on", "1428", [][2]int{{1, 1428}, {2, 512}}, "0 true false, 0 true true"},
		{"a size that is none changes nothing", "3", [][2]int{{1, 512}}, "0 true false"},
	} {
		t.Run(c.does, func(t *testing.T) {
			var x Transfer
			var m Message
			if c.agreed != "" {
				_ = Parse([]byte("\x00\x06blksize\x00"+c.agreed+"\x00"), &m)
				x.Agree(&m)
			}
			var got []string
			for _, b := range c.blocks {
				lost, fresh, last := x.Take(block(b[0], b[1]))
				got = append(got, fmt.Sprint(lost, fresh, last))
			}
			if s := strings.Join(got, ", "); s != c.want {
				t.Errorf("got  %s\nwant %s", s, c.want)
			}
		})
	}
}

func TestBlocksAreCountedOnBehind65535(t *testing.T) {
	var x Transfer
	for n := 1; n <= 70000; n++ {
		if lost, fresh, last := x.Take(block(n, 512)); lost != 0 || !fresh || last {
			t.Fatalf("block %d: got %d, %v, %v", n, lost, fresh, last)
		}
	}
}

// TestCaptures sees that nothing is taken for a request but what goes to port 69 or is one.
func TestCaptures(t *testing.T) {
	read, all, wrong, others := 0, 0, 0, 0
	for _, folder := range []string{"ndpi.tar.zst", "zeek-traces", "arkime", "suricata-verify.tar.zst", "attack-chrissanders", "behaviour-slips"} {
		for _, c := range corpus.Captures(corpus.Folder(t, "sensor", folder)) {
			for _, u := range c.Datagrams {
				if u.Dst.Port() == 69 {
					if all++; Looks(u.Payload) {
						read++
					} else {
						t.Logf("%s: %v > %v: %x", c.Name, u.Src, u.Dst, u.Payload[:min(len(u.Payload), 48)])
					}
				} else if others++; Looks(u.Payload) {
					wrong++
					t.Logf("%s: %v > %v taken: %x", c.Name, u.Src, u.Dst, u.Payload)
				}
			}
		}
	}
	t.Logf("RESULT tftp_requests %d/%d share", read, all)
	t.Logf("RESULT tftp_other_ports %d/%d share", wrong, others)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("\x00\x02log.txt\x00octet\x00blksize\x001428\x00tsize\x0070000\x00"))
	f.Add([]byte("\x00\x03\x00\x07abc"))
	f.Add([]byte("\x00\x05\x00\x01no\x00"))
	f.Fuzz(func(t *testing.T, p []byte) {
		var m Message
		var x Transfer
		_ = Parse(p, &m)
		if len(m.Options) > maxOptions || len(m.File) > maxName {
			t.Error("more is kept than allowed")
		}
		x.Agree(&m)
		if lost, _, _ := x.Take(&m); lost < 0 || lost > maxAhead*65464 {
			t.Errorf("%d bytes are lost", lost)
		}
		_, _ = Looks(p), describe(&m)
	})
}
