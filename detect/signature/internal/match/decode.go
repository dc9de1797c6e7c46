package match

import (
	"compress/gzip"
	"compress/zlib"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// badValue is the error of a transform that cannot be read.
func badValue(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrTransform, fmt.Sprintf(format, args...))
}

// xor is the transform of that name: a key of the rule, or bytes of the buffer itself.
type xor struct {
	key  []byte
	from int // where the key stands in the buffer, unless it is the rule's
	size int // its length; 0: it is the rule's
	skip int // bytes before what is changed
}

// newXor reads HEX, or "extract SIZE FROM"; either may follow "offset SKIP,".
func newXor(value string) (transform, error) {
	x := xor{}
	value = strings.TrimSpace(value)
	if rest, ok := strings.CutPrefix(value, "offset "); ok {
		skip, key, _ := strings.Cut(rest, ",")
		n, err := strconv.ParseUint(strings.TrimSpace(skip), 10, 31)
		if err != nil {
			return nil, badValue("%q is no offset", skip)
		}
		x.skip, value = int(n), strings.TrimSpace(key)
	}
	if rest, ok := strings.CutPrefix(value, "extract "); ok {
		if n, err := fmt.Sscanf(rest, "%d %d", &x.size, &x.from); n != 2 || err != nil || x.size < 1 || x.size > 255 || x.from < 0 {
			return nil, badValue("%q is no size and place of a key", rest)
		}
		return x.apply, nil
	}
	key, err := hex.DecodeString(strings.Trim(value, `"`))
	if err != nil || len(key) == 0 || len(key) > 255 {
		return nil, badValue("%q is no key of 1 to 255 bytes in hexadecimal digits", value)
	}
	x.key = key
	return x.apply, nil
}

func (x xor) apply(_ *Machine, out, in []byte) []byte {
	out = append(out, in...)
	key := x.key
	if x.size > 0 {
		if x.from+x.size > len(in) {
			return out
		}
		key = in[x.from : x.from+x.size]
	}
	for i := x.skip; i < len(out); i++ {
		out[i] ^= key[(i-x.skip)%len(key)]
	}
	return out
}

// fromBase64 is the transform from_base64.
type fromBase64 struct {
	mode          base64Mode
	count, offset int
}

func newFromBase64(value string) (transform, error) {
	f := fromBase64{mode: rfc4648}
	for part := range strings.SplitSeq(value, ",") {
		words := strings.Fields(part)
		if len(words) == 0 && value == part {
			break
		}
		if len(words) != 2 {
			return nil, badValue("%q is not a name and a value", part)
		}
		n, err := strconv.ParseUint(words[1], 10, 16)
		switch {
		case words[0] == "mode":
			f.mode, err = newBase64Mode(words[1])
		case words[0] == "bytes":
			f.count = int(n)
		case words[0] == "offset":
			f.offset = int(n)
		default:
			return nil, badValue("there is no %q", words[0])
		}
		if err != nil {
			return nil, badValue("%s %q", words[0], words[1])
		}
	}
	return f.apply, nil
}

// apply leaves a buffer as it is that is too short, and nothing of one that cannot be decoded.
func (f fromBase64) apply(_ *Machine, out, in []byte) []byte {
	part := in
	if f.offset > 0 {
		if f.offset >= len(part) {
			return append(out, in...)
		}
		part = part[f.offset:]
	}
	if f.count > 0 {
		if f.count >= len(part) {
			return append(out, in...)
		}
		part = part[:f.count]
	}
	return appendBase64(out, part, f.mode)
}

// subslice is a part of the buffer; negative numbers count from its end.
type subslice struct {
	offset, count  int
	all, truncated bool // all: to the end; truncated: what reaches beyond the buffer is cut rather than refused
}

// newSubslice reads OFFSET[, COUNT][, truncate].
func newSubslice(value string) (transform, error) {
	s := subslice{all: true}
	parts := strings.Split(value, ",")
	if last := len(parts) - 1; last > 0 && strings.EqualFold(strings.TrimSpace(parts[last]), "truncate") {
		s.truncated, parts = true, parts[:last]
	}
	numbers := [2]*int{&s.offset, &s.count}
	if len(parts) > len(numbers) {
		return nil, badValue("%q is not an offset and a count", value)
	}
	for i, p := range parts {
		n, err := strconv.ParseInt(strings.TrimSpace(p), 10, 32)
		if err != nil || i == 1 && n == 0 {
			return nil, badValue("%q is no such number", p)
		}
		*numbers[i], s.all = int(n), i == 0
	}
	return s.apply, nil
}

func (s subslice) apply(_ *Machine, out, in []byte) []byte {
	size := len(in)
	start, end := s.offset, size
	if start < 0 {
		start += size
	}
	switch {
	case s.all:
	case s.count < 0:
		end = size + s.count
	default:
		end = min(max(start, 0), size) + s.count
	}
	if !s.truncated && (start < 0 || start > size || end < 0 || end > size) {
		return out
	}
	start, end = min(max(start, 0), size), min(max(end, 0), size)
	return append(out, in[min(start, end):max(start, end)]...)
}

// Bounds of what is unpacked, in bytes.
const (
	usualUnpacked = 1 << 10 // Suricata's default
	mostUnpacked  = 16 << 20
)

// unpacker is a reader that can be used again.
type unpacker interface {
	io.Reader
	again(in io.Reader) error
}

type gzipReader struct{ gzip.Reader }

func (r *gzipReader) again(in io.Reader) error { return r.Reset(in) }

type zlibReader struct{ io.ReadCloser }

func (r *zlibReader) again(in io.Reader) error {
	if r.ReadCloser == nil {
		made, err := zlib.NewReader(in)
		if err == nil {
			r.ReadCloser = made
		}
		return err
	}
	return r.ReadCloser.(zlib.Resetter).Reset(in, nil)
}

// packing says which of a machine's unpackers is meant.
type packing uint8

const (
	gzipped packing = iota
	zlibbed
)

// inflate is gunzip and zlib_deflate.
type inflate struct {
	kind packing
	most int
}

// newInflate reads "max-size SIZE", also with an equals sign; SIZE may end with KiB or MiB.
func newInflate(value string, kind packing) (transform, error) {
	f := inflate{kind: kind, most: usualUnpacked}
	if strings.TrimSpace(value) == "" {
		return f.apply, nil
	}
	words := strings.Fields(strings.Replace(value, "=", " ", 1))
	if len(words) != 2 || words[0] != "max-size" {
		return nil, badValue("%q is no max-size", value)
	}
	digits := strings.TrimRight(words[1], "KMGkmgiIbB")
	n, err := strconv.ParseUint(digits, 10, 31)
	switch strings.ToLower(words[1][len(digits):]) {
	case "", "b":
	case "k", "kb", "kib":
		n <<= 10
	case "m", "mb", "mib":
		n <<= 20
	default:
		err = strconv.ErrSyntax
	}
	if err != nil || n == 0 || n > mostUnpacked {
		return nil, badValue("max-size %q is not from 1 byte to 16 MiB", words[1])
	}
	f.most = int(n)
	return f.apply, nil
}

func (f inflate) apply(m *Machine, out, in []byte) []byte {
	m.packed.Reset(in)
	if m.unpackers[f.kind] == nil {
		m.unpackers[f.kind] = newUnpacker(f.kind)
	}
	r := m.unpackers[f.kind]
	if r.again(&m.packed) != nil {
		return out
	}
	for len(out) < f.most {
		if len(out) == cap(out) {
			out = append(out, 0)[:len(out)]
		}
		n, err := r.Read(out[len(out):min(cap(out), f.most)])
		out = out[:len(out)+n]
		if err != nil {
			break
		}
	}
	m.packed.Reset(nil)
	return out
}

func newUnpacker(kind packing) unpacker {
	if kind == gzipped {
		return &gzipReader{}
	}
	return &zlibReader{}
}
