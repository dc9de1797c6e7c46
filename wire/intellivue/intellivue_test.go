package intellivue

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
)

// The datagrams are built after the structures of the Data Export Interface Programming Guide (chapters 5 and 6); no capture of
// a monitor may be kept here.

func u16(v ...int) (b []byte) {
	for _, n := range v {
		b = binary.BigEndian.AppendUint16(b, uint16(n))
	}
	return b
}

func cat(list ...[]byte) (b []byte) {
	for _, p := range list {
		b = append(b, p...)
	}
	return b
}

func octets(p []byte) []byte { return cat(u16(len(p)), p) }

func attribute(id int, value []byte) []byte { return cat(u16(id), octets(value)) }

func wide(s string, n int) []byte {
	b := make([]byte, n)
	for i, c := range utf16.Encode([]rune(s)) {
		binary.BigEndian.PutUint16(b[2*i:], c)
	}
	return b
}

func spec(kind int, text string) []byte { return cat(u16(kind, 8), octets([]byte(text))) }

func described(label []byte) []byte {
	production := cat(u16(4), octets(cat(spec(1, "DE1234567\x00\t"), spec(2, "M8007A\x00\x00"), spec(3, " B.00.05"), spec(4, "G.01.78 "))))
	list := cat(attribute(0x0986, u16(1, 0x114d)), attribute(0xF100, []byte{0, 9, 0xfb, 1, 2, 3, 10, 0, 0, 7, 255, 255, 255, 0}), label,
		attribute(0x092D, production), attribute(0x0928, cat(octets([]byte("Philips\x00")), octets([]byte("M8007A\x00")))))
	return cat(u16(5), octets(list))
}

// remote is an event report as a remote operation.
func remote(command, class, event int, info []byte) []byte {
	argument := cat(u16(class, 0, 0), u16(0xd6, 0xd400), u16(event), octets(info))
	return cat(u16(1), octets(cat(u16(0, command), octets(argument))))
}

func announcement() []byte {
	return cat([]byte{0, 0, 1, 0}, remote(0, 0x23, connectIndication, described(attribute(attrLabel, wide("ICU 7", 34)))))
}

func created() []byte {
	return cat([]byte{0xE1, 0, 0, 2}, remote(1, 0x21, mdsCreate, cat(u16(0x21, 0, 0), described(attribute(attrBedLabel, octets(wide("ICU 7", 12)))))))
}

func session(kind byte) []byte {
	body := "\x05\x08\x13\x01\x00\x16\x01\x02\x80\x00\x14\x02\x00\x02\xC1\x30\x31\x80\xA0\x80\x80\x01\x01\x00\x00\x06\x0C" + ieee1073 + "\x00\x00\x00\x01\x01"
	return append([]byte{kind, byte(len(body))}, body...)
}

func outline(m *Message) string {
	d := &m.Device
	return fmt.Sprintf("%v label=%s mac=%x ip=%v device=%s,%s,%s,%s,%s", m.Kind, m.Label, m.MAC, m.IP, d.Maker, d.Model, d.Serial, d.Hardware, d.Software)
}

func TestParse(t *testing.T) {
	const device = "label=ICU 7 mac=0009fb010203 ip=[10 0 0 7] device=Philips,M8007A,DE1234567,B.00.05,G.01.78"
	tests := []struct {
		name string
		p    []byte
		want string
	}{
		{"a monitor announces itself", announcement(), "Announce " + device},
		{"a monitor says what it is", created(), "Identify " + device},
		{"a collector asks for an association", session(0x0D), "Ask label= mac= ip=[0 0 0 0] device=,,,,"},
		{"a monitor accepts it", session(0x0E), "Accept label= mac= ip=[0 0 0 0] device=,,,,"},
		{"a monitor refuses it", session(0x0C), "Refuse label= mac= ip=[0 0 0 0] device=,,,,"},
		{"the answer to a poll is data", cat([]byte{0xE1, 0, 0, 2}, u16(2), octets(make([]byte, 40))), "Data label= mac= ip=[0 0 0 0] device=,,,,"},
	}
	var m Message
	for _, tt := range tests {
		if err := Parse(tt.p, &m); err != nil || !Looks(tt.p) {
			t.Errorf("%s: %v, recognised %v", tt.name, err, Looks(tt.p))
		} else if got := outline(&m); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestOtherDatagramsAreNone(t *testing.T) {
	var m Message
	for name, p := range map[string][]byte{
		"nothing": nil, "zeros": make([]byte, 100), "a session of another protocol": []byte("\x0D\x20" + strings.Repeat("x", 32)),
		"data of a wrong length": cat([]byte{0xE1, 0, 0, 2}, u16(2, 41), make([]byte, 40)), "an announcement that ends early": announcement()[:60],
	} {
		if err := Parse(p, &m); !errors.Is(err, ErrOther) {
			t.Errorf("%s: got %v, want %v", name, err, ErrOther)
		}
	}
}

func TestParsingDoesNotAllocate(t *testing.T) {
	a, b := announcement(), created()
	var m Message
	if got := testing.AllocsPerRun(100, func() { Parse(a, &m); Parse(b, &m) }); got != 0 {
		t.Errorf("a message costs %v allocations, want 0", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, p := range [][]byte{announcement(), created(), session(0x0D)} {
		f.Add(p)
	}
	var m Message
	f.Fuzz(func(t *testing.T, p []byte) {
		if err := Parse(p, &m); (err == nil) != Looks(p) || len(m.Label) > 100 {
			t.Errorf("error %v, recognised %v, label %q", err, Looks(p), m.Label)
		}
	})
}
