package dnp3

import (
	"encoding/binary"
	"math"
	"strings"
)

// Kind is the kind of a field's value.
type Kind uint8

// The kinds.
const (
	Unsigned Kind = iota
	Signed
	Float
	Text
	Bytes
)

// Field is one value of a point.
type Field struct {
	Name  string
	Kind  Kind
	Int   int64
	Float float64
	Data  []byte // of a Text or Bytes
}

// Secret reports whether the field lets its reader in.
func (f *Field) Secret() bool { return f.Name == "password" || f.Name == "authentication_key" }

// Fields yields the values of a point in the order sent: range p.Fields.
func (p *Point) Fields(yield func(Field) bool) {
	if name, ok := strings.CutPrefix(p.form, "packed:"); ok {
		yield(Field{Name: name, Int: int64(p.bits)})
		return
	}
	w := walk{rest: p.data, form: p.form}
	for w.next() {
		if set, ok := strings.CutPrefix(w.field, "%"); ok {
			if !w.flags(set, yield) {
				return
			}
			continue
		}
		if !yield(w.value()) {
			return
		}
	}
}

// length is how many bytes the point at the beginning of data takes; -1 when they are not all there, or when only a
// size in front of it would tell.
func (p *Point) length() int {
	w := walk{rest: p.data, form: p.form, whole: true}
	for w.next() {
	}
	if w.short {
		return -1
	}
	return len(p.data) - len(w.rest)
}

// walk goes over the fields of a form and the bytes of a point side by side.
type walk struct {
	form  string
	rest  []byte
	field string // in hand
	data  []byte // its bytes
	short bool   // the bytes end early
	whole bool   // a length that only a size would tell is an error

	sizes [4]struct { // numbers that later fields are as long as
		name string
		n    int
	}
	count int
}

// next takes the next field and its bytes.
func (w *walk) next() bool {
	if w.form == "" || w.short {
		return false
	}
	w.field, w.form, _ = strings.Cut(w.form, " ")
	n := w.size()
	if n < 0 || n > len(w.rest) {
		w.short = true
		return false
	}
	w.data, w.rest = w.rest[:n], w.rest[n:]
	w.remember()
	return true
}

// size is how many bytes the field in hand takes; -1 when that is not known.
func (w *walk) size() int {
	switch w.field[0] {
	case '%', '1':
		return 1
	case '2':
		return 2
	case '3':
		return 3
	case '4', 'f', 'v':
		return 4
	case '-':
		return int(w.field[1] - '0')
	case 't':
		return 6
	case 'd':
		return 8
	}
	_, of, ok := strings.Cut(w.field, ",")
	if !ok {
		if w.whole {
			return -1
		}
		return len(w.rest)
	}
	for i := range w.count {
		if w.sizes[i].name == of {
			return w.sizes[i].n
		}
	}
	return -1
}

// remember keeps a number that tells how long a later field is.
func (w *walk) remember() {
	if _, name, _ := strings.Cut(w.field, ":"); len(w.data) == 2 && w.count < len(w.sizes) &&
		(strings.HasSuffix(name, "_size") || strings.HasSuffix(name, "_len") || name == "length") {
		w.sizes[w.count].name, w.sizes[w.count].n = name, int(little(w.data))
		w.count++
	}
}

// flags yields the bits of a byte of flags.
func (w *walk) flags(set string, yield func(Field) bool) bool {
	at := 0
	for _, name := range flags(set) {
		width := 1
		if name[0] <= '9' {
			width, name = int(name[0]-'0'), name[1:]
		}
		if !yield(Field{Name: name, Int: int64(w.data[0]>>at) & (1<<width - 1)}) {
			return false
		}
		at += width
	}
	return true
}

// value is the field in hand.
func (w *walk) value() (f Field) {
	_, f.Name, _ = strings.Cut(w.field, ":")
	f.Name, _, _ = strings.Cut(f.Name, ",")
	b := w.data
	switch w.field[0] {
	case 's', 'v':
		f.Kind, f.Data = Text, b
	case 'b':
		f.Kind, f.Data = Bytes, b
	case 'f':
		f.Kind, f.Float = Float, float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case 'd':
		f.Kind, f.Float = Float, math.Float64frombits(binary.LittleEndian.Uint64(b))
	case '-':
		f.Kind, f.Int = Signed, int64(int16(little(b)))
		if len(b) == 4 {
			f.Int = int64(int32(little(b)))
		}
	case 't':
		f.Int = int64(little(b[:4])) | int64(little(b[4:]))<<32
	default:
		f.Int = int64(little(b))
	}
	return f
}
