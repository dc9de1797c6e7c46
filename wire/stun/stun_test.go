package stun

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// message is a message of STUN with one attribute.
func message(kind, attribute uint16, value []byte) []byte {
	padded := append(bytes.Clone(value), make([]byte, -len(value)&3)...)
	b := binary.BigEndian.AppendUint16(nil, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(4+len(padded)))
	b = binary.BigEndian.AppendUint32(b, cookie)
	b = append(b, make([]byte, 12)...)
	b = binary.BigEndian.AppendUint16(b, attribute)
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	return append(b, padded...)
}

func TestWhatIsRecognisedAndCarried(t *testing.T) {
	request := message(1, 0x8022, []byte("agent"))
	for _, c := range []struct {
		does    string
		p       []byte
		looks   bool
		carried string
	}{
		{"a Binding request", request, true, ""},
		{"one that was cut", request[:len(request)-1], false, ""},
		{"one with more behind it", append(bytes.Clone(request), 0, 0, 0, 0), false, ""},
		{"the older form has no cookie", make([]byte, 20), false, ""},
		{"a Send indication carries a datagram", message(typeSend, attrData, []byte("hello")), true, "hello"},
		{"a Data indication too", message(typeData, attrData, []byte("hello!!!")), true, "hello!!!"},
		{"one without data carries none", message(typeData, 0x12, []byte("hello")), true, ""},
		{"ChannelData", []byte("\x40\x01\x00\x05hello"), false, "hello"},
		{"ChannelData that is padded", []byte("\x4f\xff\x00\x05hello\x00\x00\x00"), false, "hello"},
		{"ChannelData that was cut", []byte("\x40\x01\x00\x09hello"), false, ""},
		{"media", []byte("\x80\x60\x00\x05hello"), false, ""},
		{"nothing", nil, false, ""},
	} {
		if got := Looks(c.p); got != c.looks {
			t.Errorf("%s: Looks is %v, want %v", c.does, got, c.looks)
		}
		if got := string(Carried(c.p)); got != c.carried {
			t.Errorf("%s: carries %q, want %q", c.does, got, c.carried)
		}
	}
}

func FuzzCarried(f *testing.F) {
	f.Add(message(typeSend, attrData, []byte("hello")))
	f.Add([]byte("\x40\x01\x00\x05hello"))
	f.Fuzz(func(t *testing.T, p []byte) {
		Looks(p)
		if got := Carried(p); !bytes.Contains(p, got) {
			t.Errorf("%x is not in %x", got, p)
		}
	})
}
