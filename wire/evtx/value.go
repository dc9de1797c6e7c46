package evtx

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// Type is that of a value (MS-EVEN6 §2.2.13).
type Type uint8

// The types.
const (
	Null Type = iota
	String
	AnsiString
	Int8
	UInt8
	Int16
	UInt16
	Int32
	UInt32
	Int64
	UInt64
	Real32
	Real64
	Bool
	Binary
	GUID
	SizeT
	FileTime
	SysTime
	SID
	HexInt32
	HexInt64

	handle  Type = 0x20
	binXML  Type = 0x21
	isArray Type = 0x80
)

// Value is one of an event, as text.
type Value struct {
	Type Type     // of an array, that of its elements
	Text string   // empty for Null
	List []string // of an array; Text is its elements with a comma between
}

// Array reports whether it is one.
func (v Value) Array() bool { return v.List != nil }

// Number reports whether it is written as a decimal number.
func (v Value) Number() bool { return v.Type >= Int8 && v.Type <= Real64 && !v.Array() }

// sizes are those of one element of a type; 0: it ends with a NUL.
var sizes = map[Type]int{String: 0, AnsiString: 0, Int8: 1, UInt8: 1, Int16: 2, UInt16: 2, Int32: 4, UInt32: 4, Int64: 8, UInt64: 8, Real32: 4, Real64: 8,
	Bool: 4, GUID: 16, FileTime: 8, SysTime: 16, HexInt32: 4, HexInt64: 8}

// valueOf reads a value. What is shorter than its type says is an error.
func valueOf(t Type, b []byte) (Value, error) {
	if t&isArray != 0 {
		return arrayOf(t&^isArray, b)
	}
	if t == Null || t != String && t != AnsiString && t != Binary && len(b) == 0 {
		return Value{}, nil
	}
	text, err := one(t, b)
	return Value{Type: t, Text: text}, err
}

func arrayOf(t Type, b []byte) (Value, error) {
	v := Value{Type: t, List: []string{}}
	size, ok := sizes[t]
	if !ok {
		return v, fmt.Errorf("an array of type %#x", uint8(t))
	}
	for len(b) > 0 {
		n, skip := size, 0
		if size == 0 {
			n, skip = terminated(t, b)
		}
		if n > len(b) {
			return v, errCut
		}
		text, err := one(t, b[:n])
		if err != nil {
			return v, err
		}
		v.List = append(v.List, text)
		b = b[min(n+skip, len(b)):]
	}
	v.Text = strings.Join(v.List, ",")
	return v, nil
}

// terminated is the length of the text that b begins with, and that of the NUL behind it.
func terminated(t Type, b []byte) (n, skip int) {
	if t == AnsiString {
		if n = strings.IndexByte(string(b), 0); n < 0 {
			return len(b), 0
		}
		return n, 1
	}
	for n = 0; n+1 < len(b); n += 2 {
		if b[n] == 0 && b[n+1] == 0 {
			return n, 2
		}
	}
	return len(b), 0
}

func one(t Type, b []byte) (string, error) {
	if size := sizes[t]; len(b) < size {
		return "", errCut
	}
	le := binary.LittleEndian
	switch t {
	case String:
		return utf16Text(b), nil
	case AnsiString:
		return ansi(b), nil
	case Int8:
		return strconv.Itoa(int(int8(b[0]))), nil
	case UInt8:
		return strconv.Itoa(int(b[0])), nil
	case Int16:
		return strconv.Itoa(int(int16(le.Uint16(b)))), nil
	case UInt16:
		return strconv.Itoa(int(le.Uint16(b))), nil
	case Int32:
		return strconv.Itoa(int(int32(le.Uint32(b)))), nil
	case UInt32:
		return strconv.FormatUint(uint64(le.Uint32(b)), 10), nil
	case Int64:
		return strconv.FormatInt(int64(le.Uint64(b)), 10), nil
	case UInt64:
		return strconv.FormatUint(le.Uint64(b), 10), nil
	case Real32:
		return strconv.FormatFloat(float64(math.Float32frombits(le.Uint32(b))), 'g', -1, 32), nil
	case Real64:
		return strconv.FormatFloat(math.Float64frombits(le.Uint64(b)), 'g', -1, 64), nil
	case Bool:
		return strconv.FormatBool(le.Uint32(b) != 0), nil
	case Binary:
		return strings.ToUpper(hex.EncodeToString(b)), nil
	case GUID:
		return guid(b), nil
	case FileTime:
		return filetime(le.Uint64(b)).Format(timeForm), nil
	case SysTime:
		return systemTime(b), nil
	case SID:
		return sid(b)
	case HexInt32:
		return fmt.Sprintf("0x%x", le.Uint32(b)), nil
	case HexInt64:
		return fmt.Sprintf("0x%x", le.Uint64(b)), nil
	case SizeT, handle:
		return sizeT(b)
	}
	return base64.StdEncoding.EncodeToString(b), nil
}

const timeForm = "2006-01-02T15:04:05.000000Z"

func sizeT(b []byte) (string, error) {
	switch len(b) {
	case 4:
		return fmt.Sprintf("0x%x", binary.LittleEndian.Uint32(b)), nil
	case 8:
		return fmt.Sprintf("0x%x", binary.LittleEndian.Uint64(b)), nil
	}
	return "", errCut
}

// utf16Text is a text in UTF-16LE; NULs at its end are no part of it.
func utf16Text(b []byte) string {
	u := make([]uint16, len(b)/2)
	for k := range u {
		u[k] = binary.LittleEndian.Uint16(b[2*k:])
	}
	for len(u) > 0 && u[len(u)-1] == 0 {
		u = u[:len(u)-1]
	}
	return string(utf16.Decode(u))
}

// ansi is a text in the code page of the machine, of which the file does not tell: Latin-1 is what most have in common.
func ansi(b []byte) string {
	var out strings.Builder
	for _, c := range b {
		if c != 0 {
			out.WriteRune(rune(c))
		}
	}
	return out.String()
}

func guid(b []byte) string {
	le := binary.LittleEndian
	return fmt.Sprintf("%08X-%04X-%04X-%X-%X", le.Uint32(b), le.Uint16(b[4:]), le.Uint16(b[6:]), b[8:10], b[10:16])
}

// systemTime reads a SYSTEMTIME: year, month, day of the week, day, hour, minute, second, milliseconds.
func systemTime(b []byte) string {
	at := func(k int) int { return int(binary.LittleEndian.Uint16(b[2*k:])) }
	return time.Date(at(0), time.Month(at(1)), at(3), at(4), at(5), at(6), at(7)*int(time.Millisecond), time.UTC).Format(timeForm)
}

// sid reads a security identifier (MS-DTYP §2.4.2).
func sid(b []byte) (string, error) {
	if len(b) < 8 || len(b) < 8+4*int(b[1]) {
		return "", errCut
	}
	var authority uint64
	for _, c := range b[2:8] {
		authority = authority<<8 | uint64(c)
	}
	out := fmt.Sprintf("S-%d-%d", b[0], authority)
	for k := range int(b[1]) {
		out += "-" + strconv.FormatUint(uint64(binary.LittleEndian.Uint32(b[8+4*k:])), 10)
	}
	return out, nil
}
