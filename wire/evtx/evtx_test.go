package evtx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
	"unicode/utf16"
)

// logFile makes a log of one chunk, as Windows does: the template is defined in the first record, the others refer to it.
type logFile struct {
	b        []byte
	template int // where it is defined; 0: not yet
	records  uint64
}

func newLog() *logFile {
	f := &logFile{b: make([]byte, chunkHeader)}
	copy(f.b, chunkMagic)
	return f
}

func (f *logFile) u8(v ...byte)  { f.b = append(f.b, v...) }
func (f *logFile) u16(v int)     { f.b = binary.LittleEndian.AppendUint16(f.b, uint16(v)) }
func (f *logFile) u32(v int)     { f.b = binary.LittleEndian.AppendUint32(f.b, uint32(v)) }
func (f *logFile) u64(v uint64)  { f.b = binary.LittleEndian.AppendUint64(f.b, v) }
func (f *logFile) text(s string) { f.b = append(f.b, wide(s)...) }

func wide(s string) (out []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

// name writes where a name stands: here.
func (f *logFile) name(s string) {
	f.u32(len(f.b) + 4)
	f.u32(0) // where the next one stands
	f.u16(0) // its hash
	f.u16(len(s))
	f.text(s)
	f.u16(0)
}

// open writes the begin of an element; attribute is the value of its Name, if it has one.
func (f *logFile) open(name, attribute string) {
	token := byte(tokenOpen)
	if attribute != "" {
		token |= more
	}
	f.u8(token)
	f.u16(0xffff)
	f.u32(0)
	f.name(name)
	if attribute != "" {
		f.u32(0)
		f.u8(tokenAttribute)
		f.name("Name")
		f.u8(tokenValue, byte(String))
		f.u16(len(attribute))
		f.text(attribute)
	}
	f.u8(tokenCloseStart)
}

func (f *logFile) put(name, attribute string, index int) {
	f.open(name, attribute)
	f.u8(tokenOptional)
	f.u16(index)
	f.u8(byte(String))
	f.u8(tokenEndElement)
}

// define writes the template of an event with a number, a channel, and two values.
func (f *logFile) define() {
	f.template = len(f.b)
	f.u32(0)
	f.b = append(f.b, make([]byte, 16)...)
	size := len(f.b)
	f.u32(0)
	from := len(f.b)
	f.u8(tokenFragment, 1, 1, 0)
	f.open("Event", "")
	f.open("System", "")
	f.put("EventID", "", 0)
	f.put("Channel", "", 1)
	f.u8(tokenEndElement)
	f.open("EventData", "")
	f.put("Data", "User", 2)
	f.put("Data", "Groups", 3)
	f.u8(tokenEndElement, tokenEndElement, tokenEnd)
	binary.LittleEndian.PutUint32(f.b[size:], uint32(len(f.b)-from))
}

type filled struct {
	t Type
	b []byte
}

func (f *logFile) record(values ...filled) {
	from := len(f.b)
	f.records++
	f.b = append(f.b, recordMagic...)
	f.u32(0)
	f.u64(f.records)
	f.u64(132_000_000_000_000_000)
	f.u8(tokenFragment, 1, 1, 0, tokenTemplate, 1)
	f.u32(0)
	if f.template == 0 {
		f.u32(len(f.b) + 4)
		f.define()
	} else {
		f.u32(f.template)
	}
	f.u32(len(values))
	for _, v := range values {
		f.u16(len(v.b))
		f.u8(byte(v.t), 0)
	}
	for _, v := range values {
		f.b = append(f.b, v.b...)
	}
	f.u8(tokenEnd)
	size := len(f.b) - from + 4
	f.u32(size)
	binary.LittleEndian.PutUint32(f.b[from+4:], uint32(size))
}

// file is the log as it lies on a disk.
func (f *logFile) file() []byte {
	binary.LittleEndian.PutUint32(f.b[48:], uint32(len(f.b)))
	head := make([]byte, fileHeader)
	copy(head, fileMagic)
	return append(head, append(slices.Clone(f.b), make([]byte, chunkSize-len(f.b))...)...)
}

func example() *logFile {
	f := newLog()
	for _, user := range []string{"anne", "bob", "zoé"} {
		f.record(filled{UInt16, []byte{0x10, 0x12}}, filled{String, wide("Security")}, filled{String, wide(user)},
			filled{String | isArray, append(append(wide("a"), 0, 0), wide("bc")...)})
	}
	return f
}

// told is a record in short.
func told(r *Record) string {
	out := ""
	for _, part := range r.Root.Children {
		for _, c := range part.Children {
			name := c.Name
			if len(c.Attributes) > 0 {
				name = c.Attributes[0].Value.Text
			}
			for _, v := range c.Values {
				out += name + "=" + v.Text + " "
			}
		}
	}
	return fmt.Sprintf("%d %s", r.ID, out)
}

func all(b []byte) (got []string, p Report, err error) {
	p, err = Read(bytes.NewReader(b), func(r *Record) error { got = append(got, told(r)); return nil })
	return got, p, err
}

func TestRead(t *testing.T) {
	whole := []string{"1 EventID=4624 Channel=Security User=anne Groups=a,bc ", "2 EventID=4624 Channel=Security User=bob Groups=a,bc ",
		"3 EventID=4624 Channel=Security User=zoé Groups=a,bc "}
	second := func(b []byte) int {
		return fileHeader + chunkHeader + int(binary.LittleEndian.Uint32(b[fileHeader+chunkHeader+4:]))
	}
	tests := []struct {
		name   string
		change func([]byte) []byte
		want   []string
		report Report
	}{
		{"a whole file", func(b []byte) []byte { return b }, whole, Report{Chunks: 1, Records: 3}},
		{"one whose header is lost", func(b []byte) []byte { return b[fileHeader:] }, whole, Report{Chunks: 1, Records: 3}},
		{"one whose chunk begins wrongly", func(b []byte) []byte { b[fileHeader] = 0; return b }, whole, Report{Chunks: 1, BadChunks: 1, Records: 3}},
		{"one of whose records the length is wrong", func(b []byte) []byte { b[second(b)+4]++; return b }, []string{whole[0], whole[2]},
			Report{Chunks: 1, Records: 2, BadRecords: 1}},
		{"one that is cut within the second record", func(b []byte) []byte { return b[:second(b)+30] }, whole[:1], Report{Chunks: 1, Records: 1, BadRecords: 1}},
		{"an empty log", func(b []byte) []byte { return b[:fileHeader] }, nil, Report{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, p, err := all(tt.change(example().file()))
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
			if p.FirstProblem = nil; p != tt.report {
				t.Errorf("report %+v, want %+v", p, tt.report)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	for _, text := range []string{"", "PK\x03\x04", "ElfFil"} {
		if _, _, err := all([]byte(text)); !errors.Is(err, ErrFormat) {
			t.Errorf("Read(%q) = %v, want %v", text, err, ErrFormat)
		}
	}
}

func TestValues(t *testing.T) {
	tests := []struct {
		name string
		t    Type
		in   []byte
		want string
	}{
		{"a number below nothing", Int32, []byte{0xfe, 0xff, 0xff, 0xff}, "-2"},
		{"a large number", UInt64, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "18446744073709551615"},
		{"true", Bool, []byte{1, 0, 0, 0}, "true"},
		{"a hexadecimal number", HexInt64, []byte{0, 0, 0, 0, 0, 0, 0, 0x80}, "0x8000000000000000"},
		{"the local system", SID, []byte{1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0}, "S-1-5-18"},
		{"a GUID", GUID, []byte{0xd9, 0x8f, 0x70, 0x57, 0x2a, 0xc2, 0xe0, 0x43, 0xbf, 0x4c, 6, 0xf5, 0x69, 0x8f, 0xfb, 0xd9}, "57708FD9-C22A-43E0-BF4C-06F5698FFBD9"},
		{"a point in time", SysTime, []byte{0xea, 7, 11, 0, 0, 0, 22, 0, 1, 0, 2, 0, 3, 0, 4, 0}, "2026-11-22T01:02:03.004000Z"},
		{"nothing", HexInt32, nil, ""},
		{"bytes", Binary, []byte{0xca, 0xfe}, "CAFE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if v, err := valueOf(tt.t, tt.in); err != nil || v.Text != tt.want {
				t.Errorf("got %q, %v; want %q", v.Text, err, tt.want)
			}
		})
	}
	if got, want := filetime(132_000_000_000_000_000), time.Date(2019, 4, 17, 18, 40, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("filetime = %v, want %v", got, want)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(example().file()[fileHeader:][:2048])
	f.Fuzz(func(t *testing.T, b []byte) {
		_, p, _ := all(b)
		if p.Records > len(b)/leastRecord {
			t.Errorf("%d records in %d bytes", p.Records, len(b))
		}
	})
}
